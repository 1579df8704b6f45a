"""The fused kernel against NumPy, in standardised and in whitened coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from model_examples import every_form, ledger, plain, positions, represent, with_half_normal_scales

import bajas
from bajas.model.bias import hindsight, symmetric
from bajas.model.representation import Representation
from bajas.sampler.curvature import curvature
from bajas.sampler.kernel import kernel_arrays, log_density
from bajas.sampler.map import Map, first_map
from bajas.sampler.mapped import map_arrays, mapped_log_density, to_position


def students() -> Representation:
    """Student-t errors and relation effects, log-normal path scales."""
    return represent(ledger(*every_form()), plain(hindsight(), knot_days=14))


def normals() -> Representation:
    """Normal errors and relation effects, half-normal path scales, counting noise."""
    noise = {"degrees_of_freedom": float("inf"), "counting": True}
    return with_half_normal_scales(
        represent(ledger(*every_form()), plain(symmetric(0.6), noise, knot_days=14))
    )


def shipped() -> Representation:
    """Both sides, forces, outcomes and equipment of the shipped claims."""
    evidence = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
    return bajas.Model(evidence).representation


MODELS: dict[str, Callable[[], Representation]] = {
    "students": students,
    "normals": normals,
    "shipped": shipped,
}


@pytest.fixture(scope="module", params=MODELS)
def representation(request: pytest.FixtureRequest) -> Representation:
    return MODELS[request.param]()


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0, 1.5])
def test_value_and_gradient_equal_numpy(representation: Representation, spread: float) -> None:
    kernel = kernel_arrays(representation)
    gradient = np.empty(representation.size)
    for at in positions(representation, 3, spread, seed=5):
        value = log_density(at, gradient, kernel)
        assert value == pytest.approx(representation.standard_log_density(at), rel=1e-10)
        expected = curvature(representation, at).gradient
        np.testing.assert_allclose(gradient, expected, rtol=1e-8, atol=1e-8 * abs(expected).max())


@pytest.fixture(scope="module")
def start(representation: Representation) -> Map:
    return first_map(representation)


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.5])
def test_on_the_map_value_gradient_and_position_are_those_of_the_map(
    representation: Representation, start: Map, spread: float
) -> None:
    kernel, arrays = kernel_arrays(representation), map_arrays(start)
    low_rank = arrays.basis @ (arrays.stretch[:, None] * arrays.basis.T)
    same = replace(start, matrix=np.eye(representation.size) + low_rank)
    rng = np.random.default_rng(3)
    gradient, position = np.empty(representation.size), np.empty(representation.size)
    for _ in range(3):
        at = spread * rng.standard_normal(representation.size)
        value = mapped_log_density(at, gradient, kernel, arrays)
        assert value == pytest.approx(same.log_density(representation, at), rel=1e-9)
        log_jacobian = to_position(at, position, arrays)
        expected, expected_jacobian = same.position(at)
        np.testing.assert_allclose(position, expected, rtol=1e-9, atol=1e-9)
        assert log_jacobian == pytest.approx(float(expected_jacobian), rel=1e-9, abs=1e-9)
        along = rng.standard_normal(representation.size)
        along /= np.linalg.norm(along)
        step = 1e-4
        ahead, behind = (
            same.log_density(representation, at + sign * step * along) for sign in (1, -1)
        )
        slope = (ahead - behind) / (2 * step)
        assert gradient @ along == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_the_symmetric_low_rank_form_whitens_like_the_map(start: Map) -> None:
    arrays = map_arrays(start)
    root = np.eye(start.centre.size) + arrays.basis @ (arrays.stretch[:, None] * arrays.basis.T)
    covariance = start.matrix @ start.matrix.T
    # what was left out differs from the prior by no more than the stated share
    ratio = np.linalg.eigvals(np.linalg.solve(covariance, root @ root)).real
    assert ratio.min() > 0.95
    assert ratio.max() < 1.05
    assert arrays.basis.shape[1] < start.centre.size


def test_an_impossible_point_gives_no_number_and_raises_nothing() -> None:
    representation = students()
    gradient = np.empty(representation.size)
    value = log_density(np.full(representation.size, 1e4), gradient, kernel_arrays(representation))
    assert not np.isfinite(value) or not np.isfinite(gradient).all()
