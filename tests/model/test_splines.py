"""The B-spline basis against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from bajas.model.splines import b_spline_basis


def by_recursion(t: float, knots: np.ndarray, index: int, order: int) -> float:
    """Cox and de Boor's recursion, order 1 being piecewise constant."""
    if order == 1:
        return float(knots[index] <= t < knots[index + 1])
    left = right = 0.0
    if knots[index] != knots[index + order - 1]:
        left = (t - knots[index]) / (knots[index + order - 1] - knots[index])
    if knots[index + 1] != knots[index + order]:
        right = 1 - (t - knots[index + 1]) / (knots[index + order] - knots[index + 1])
    return left * by_recursion(t, knots, index, order - 1) + right * by_recursion(
        t, knots, index + 1, order - 1
    )


def test_the_basis_of_a_year_is_that_of_the_recursion() -> None:
    days = np.arange(1, 366)
    knots = np.quantile(days, np.linspace(0, 1, 150))
    basis = b_spline_basis(days, knots)
    extended = np.pad(knots, 3, mode="edge")
    expected = np.array(
        [[by_recursion(day, extended, i, 4) for i in range(152)] for day in days[:-1]]
    )
    assert basis.shape == (365, 152)
    np.testing.assert_allclose(basis.todense()[:-1], expected, atol=1e-13)
    # the recursion leaves the last knot out; the last function is 1 there
    np.testing.assert_allclose(basis.todense()[-1], np.eye(152)[-1], atol=1e-13)
    np.testing.assert_allclose(basis.sum(axis=1), 1.0, rtol=1e-13)
    assert np.diff(basis.indptr).max() <= 4


def test_points_and_knots_that_make_no_spline_are_refused() -> None:
    with pytest.raises(ValueError, match="within the knots"):
        b_spline_basis(np.array([1.0, 9.0]), np.array([0.0, 5.0]))
    with pytest.raises(ValueError, match="increasing"):
        b_spline_basis(np.array([1.0]), np.array([0.0, 0.0, 5.0]))
