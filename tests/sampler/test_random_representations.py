"""One density in three forms, NumPy, compiled kernel and PyMC, on random representations."""

from __future__ import annotations

import numpy as np
import pytest
from dense_curvature import curvature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_representations import Block, make, representations

from bajas.model.representation import Representation
from bajas.sampler.kernel import kernel_arrays, log_density

#: How far draws of the prior are stretched: its centre, typical, and the tails.
STRETCHES = (0.0, 1.0, 3.5)


def prior_position(representation: Representation, seed: int, stretch: float) -> np.ndarray:
    """A draw of the prior in standardised coordinates, stretched."""
    field, hyper = representation.sample_prior(np.random.default_rng(seed), 1)
    return stretch * representation.pack(field, hyper)[0]


def by_kernel(representation: Representation, position: np.ndarray) -> tuple[float, np.ndarray]:
    gradient = np.empty(representation.size)
    value = log_density(position, gradient, kernel_arrays(representation))
    return value, gradient


def by_differences(representation: Representation, at: np.ndarray, step: float) -> np.ndarray:
    """Central differences of fourth order of the NumPy density."""
    ahead, behind, far_ahead, far_behind = (
        np.array([representation.standard_log_density(at + h * e) for e in np.eye(at.size)])
        for h in (step, -step, 2 * step, -2 * step)
    )
    return (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)


def amplified(representation: Representation, at: np.ndarray) -> float:
    """How much of its digits a run loses: it is a difference of running sums, as its gradient.

    So is the share that becomes known between two ages.
    """
    runs = representation.runs
    field, hyper = representation.unpack(at)
    intensity = np.exp(representation.log_intensity(field))
    running, (start, stop) = runs.running(intensity), runs.places
    whole = np.array([part.sum() for part in np.split(intensity, runs.edges)])
    whole = whole[np.searchsorted(runs.edges, runs.start, side="right")]
    with np.errstate(divide="ignore"):
        known = (representation.run_weights(hyper) / runs.weight).min()
        return float((whole / (running[stop] - running[start])).max() / known)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(representations(), st.integers(0, 2**32 - 1), st.sampled_from(STRETCHES))
def test_kernel_and_numpy_agree(representation: Representation, seed: int, stretch: float) -> None:
    at = prior_position(representation, seed, stretch)
    # far in the tails a mean or a sum may overflow: then both have no number
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        expected = representation.standard_log_density(at)
        slopes = curvature(representation, at).gradient
    value, gradient = by_kernel(representation, at)
    if not (np.isfinite(expected) and np.isfinite(slopes).all()):
        assert stretch > 1
        return
    lost = amplified(representation, at)
    if lost > 1e12:  # nothing is left of some run
        return
    error = 1e-8 + 1e-14 * lost
    assert value == pytest.approx(expected, rel=error, abs=error)
    size = max(1.0, np.abs(slopes).max())
    np.testing.assert_allclose(gradient, slopes, rtol=error, atol=error * size)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(representations(), st.integers(0, 2**32 - 1))
def test_gradient_is_that_of_differences(representation: Representation, seed: int) -> None:
    at = prior_position(representation, seed, 0.7)
    value, gradient = by_kernel(representation, at)
    differences = by_differences(representation, at, 1e-4)
    # rounding of the value, divided by the step, and the fifth derivative
    error = 1e-11 * abs(value) + 1e-8 * max(1.0, np.abs(gradient).max())
    np.testing.assert_allclose(gradient, differences, rtol=1e-7, atol=error)


EVERY_TERM = [
    Block(shape, structure, scaled, correlated)
    for shape, structure, correlated in (
        ((3,), "independent", False),
        ((2, 3), "random_walk", False),
        ((4, 2), "independent", True),
    )
    for scaled in (False, True)
]


ALL_FORMS = [0, 1, 2, 3, 4, 4, 0, 3]


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [4.0, float("inf")])
@pytest.mark.parametrize("positive", ["half_normal", "log_normal"])
def test_pymc_agrees(degrees: float, positive: str) -> None:
    representation = make(
        EVERY_TERM,
        forms=ALL_FORMS,
        families=["normal", "student_t", "half_normal", "log_normal"],
        positive=positive,
        degrees=degrees,
        noisy=True,
        effective=True,
        restarts=2,
        curves=2,
        seed=17,
    )
    assert_pymc_agrees(representation)


@pytest.mark.slow
def test_pymc_agrees_without_hyperparameters() -> None:
    representation = make(
        EVERY_TERM,
        forms=ALL_FORMS,
        families=[],
        positive="half_normal",
        degrees=4.0,
        noisy=True,
        effective=False,
        restarts=1,
        seed=18,
        bare=True,
    )
    assert representation.hyper_size == 0
    assert_pymc_agrees(representation)


def assert_pymc_agrees(representation: Representation) -> None:
    from bajas.model.graph import build_pymc_model

    model = build_pymc_model(representation)
    both = model.compile_fn([model.logp(), model.dlogp()], mode="FAST_COMPILE")
    shapes = {name: value.shape for name, value in model.initial_point().items()}
    blocks = [*representation.terms, *representation.hyperparameters]
    names = [variable.name for variable in model.value_vars]
    assert [n.removesuffix("_log__").removesuffix("_standard") for n in names] == [
        block.name for block in blocks
    ]
    for seed in range(10):
        for stretch in STRETCHES:
            at = prior_position(representation, seed, stretch)
            pieces = np.split(at, np.cumsum([block.size for block in blocks])[:-1])
            point = {n: p.reshape(shapes[n]) for n, p in zip(names, pieces, strict=True)}
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                expected, slopes = both(point)
            value, gradient = by_kernel(representation, at)
            if not (np.isfinite(expected) and np.isfinite(slopes).all()):
                assert stretch > 1
                assert not np.isfinite(value)
                continue
            # in the tails what becomes known between two ages may have lost most of its digits
            error = 1e-8 + (1e-14 * amplified(representation, at) if stretch > 1 else 0.0)
            assert value == pytest.approx(float(expected), rel=error)
            assert representation.standard_log_density(at) == pytest.approx(value, rel=error)
            size = max(1.0, np.abs(slopes).max())
            np.testing.assert_allclose(gradient, slopes, rtol=error, atol=error * size)
