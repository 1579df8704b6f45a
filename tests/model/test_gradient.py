"""The gradient against differences and against the reference PyMC model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from dense_curvature import curvature
from model_examples import (
    every_form,
    ledger,
    plain,
    positions,
    represent,
    with_half_normal_scales,
)

from bajas.model.bias import hindsight, symmetric
from bajas.model.representation import Representation

#: Spread of all standardised coordinates: near the centre, typical, and the tails. Further out the
#: running sums behind a window lose their digits: a window then holds < 1e-12 of all losses.
SPREADS = (0.1, 1.0, 2.0)


def students() -> Representation:
    """Student-t errors and relation effects, log-normal path scales."""
    return represent(ledger(*every_form()), plain(hindsight(), knot_days=14))


def normals() -> Representation:
    """Normal errors and relation effects, half-normal path scales, counting noise."""
    noise = {"degrees_of_freedom": float("inf"), "counting": True}
    made = represent(ledger(*every_form()), plain(symmetric(0.6), noise, knot_days=14))
    return with_half_normal_scales(made)


MODELS = {"students": students, "normals": normals}


@pytest.fixture(scope="module", params=MODELS)
def small(request: pytest.FixtureRequest) -> Representation:
    return MODELS[request.param]()


def test_the_examples_have_every_form_and_family(small: Representation) -> None:
    assert set(small.form) == {0, 1, 2}
    assert np.any(small.log_sd[small.points] > 0)
    assert {term.structure for term in small.terms} == {"independent", "random_walk"}
    walks = [term for term in small.terms if term.structure == "random_walk"]
    assert {term.scale_by for term in walks} == {None, "path_scale"}
    families = {h.family for h in small.hyperparameters}
    assert families in ({"student_t", "log_normal"}, {"normal", "half_normal", "log_normal"})


@pytest.mark.parametrize("spread", SPREADS)
def test_gradient_equals_central_differences(small: Representation, spread: float) -> None:
    step = 1e-3
    for at in positions(small, 3, spread, seed=11):
        ahead, behind, far_ahead, far_behind = (
            np.array([small.standard_log_density(at + h * e) for e in np.eye(small.size)])
            for h in (step, -step, 2 * step, -2 * step)
        )
        # fourth order with a wide step: sums of cells are differences of running sums, whose
        # rounding a narrow step would amplify
        differences = (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)
        gradient = curvature(small, at).gradient
        size = np.abs(gradient).max()
        np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-6 * size)


def test_gradient_at_draws_of_the_prior(small: Representation) -> None:
    draws = small.pack(*small.sample_prior(np.random.default_rng(12), 5))
    for at in draws:
        direction = np.random.default_rng(13).standard_normal(small.size)
        direction /= np.linalg.norm(direction)
        ahead, behind = (small.standard_log_density(at + h * direction) for h in (1e-5, -1e-5))
        slope = curvature(small, at).gradient @ direction
        assert slope == pytest.approx((ahead - behind) / 2e-5, rel=1e-6, abs=1e-6)


def test_information_is_the_expected_curvature_of_points() -> None:
    """For points J' F J is the mean over simulated figures of minus the second derivative."""
    rows = [row for row in every_form() if row["claim_id"] in ("t1", "t2", "t3", "r2", "e1")]
    made = represent(ledger(*rows), plain(knot_days=14))
    at = positions(made, 1, 0.5, seed=14)[0]
    field, hyper = made.unpack(at)
    rng = np.random.default_rng(15)
    scores = []
    for _ in range(1500):
        object.__setattr__(made, "log_value", np.log(made.simulate(rng, field, hyper)))
        scores.append(curvature(made, at).gradient)
    covariance = np.cov(scores, rowvar=False)  # of the score: the Fisher information
    information = curvature(made, at).information
    size = np.sqrt(np.outer(np.diag(information), np.diag(information))) + 1.0
    assert np.abs((covariance - information) / size).max() < 0.12


# -- the reference model ----------------------------------------------------------------------


Reference = Callable[[np.ndarray], tuple[float, np.ndarray]]


@pytest.fixture(scope="module")
def reference(small: Representation) -> Reference:
    """Log density and gradient of the PyMC model at standardised positions."""
    from bajas.model.graph import build_pymc_model

    model = build_pymc_model(small)
    both = model.compile_fn([model.logp(), model.dlogp()], mode="FAST_COMPILE")
    shapes = {name: value.shape for name, value in model.initial_point().items()}
    blocks = [*small.terms, *small.hyperparameters]
    values = [variable.name for variable in model.value_vars]
    assert [name.removesuffix("_log__") for name in values] == [
        f"{b.name}_standard" for b in blocks
    ]

    def call(at: np.ndarray) -> tuple[float, np.ndarray]:
        pieces = np.split(at, np.cumsum([block.size for block in blocks])[:-1])
        point = {n: p.reshape(shapes[n]) for n, p in zip(values, pieces, strict=True)}
        value, gradient = both(point)
        return float(value), np.asarray(gradient)

    return call


@pytest.mark.slow
@pytest.mark.parametrize("spread", SPREADS)
def test_the_pymc_model_has_the_same_density_and_gradient(
    small: Representation, reference: Reference, spread: float
) -> None:
    for at in positions(small, 8, spread, seed=16):
        value, gradient = reference(at)
        assert small.standard_log_density(at) == pytest.approx(value, rel=1e-8)
        size = max(1.0, np.abs(gradient).max())
        np.testing.assert_allclose(
            curvature(small, at).gradient, gradient, rtol=1e-8, atol=1e-9 * size
        )
