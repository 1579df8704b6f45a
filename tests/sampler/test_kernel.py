"""The fused kernel against NumPy, in standardised coordinates and with those of biases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from dense_curvature import curvature
from model_examples import every_form, ledger, plain, positions, represent, with_half_normal_scales
from sampler_checks import by_differences

import bajas
from bajas.model.bias import hindsight, symmetric
from bajas.model.representation import Representation
from bajas.sampler.bias_families import bias_arrays
from bajas.sampler.kernel import density_given_biases, kernel_arrays, log_density


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


def test_biases_change_nothing_but_their_coordinates(representation: Representation) -> None:
    """Where biases come from coordinates of their own, the density is that of what they become."""
    kernel, families = kernel_arrays(representation), bias_arrays(representation)
    assert families.column.size > 4
    gradient, standard = np.empty(representation.size), np.empty(representation.size)
    for at in positions(representation, 3, 1.0, seed=6):
        value = density_given_biases(at, gradient, standard, kernel, families)
        others = np.delete(np.arange(representation.size), families.column)
        assert np.array_equal(standard[others], at[others])

        def placed(u: np.ndarray, at: np.ndarray = at) -> np.ndarray:
            moved, found = at.copy(), np.empty_like(at)
            moved[families.column] = u
            density_given_biases(moved, np.empty_like(at), found, kernel, families)
            return found[families.column]

        jacobian = by_differences(placed, at[families.column])
        expected = log_density(standard, gradient, kernel) + np.linalg.slogdet(jacobian)[1]
        assert value == pytest.approx(expected, rel=1e-8, abs=1e-7)


def test_an_impossible_point_gives_no_number_and_raises_nothing() -> None:
    representation = students()
    gradient = np.empty(representation.size)
    value = log_density(np.full(representation.size, 1e4), gradient, kernel_arrays(representation))
    assert not np.isfinite(value) or not np.isfinite(gradient).all()
