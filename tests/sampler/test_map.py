"""The map's changes of coordinates are exact, and take out what they are meant to take out."""

from __future__ import annotations

import numpy as np
import pytest
from model_examples import built, every_form, ledger, plain, positions, represent, window

from bajas.model.bias import hindsight
from bajas.model.representation import Representation
from bajas.sampler.curvature import curvature, log_slopes
from bajas.sampler.map import Map, _inverse, field_mode, first_map, map_from_draws


@pytest.fixture(scope="module")
def small() -> Representation:
    return represent(ledger(*every_form()), plain(hindsight(), knot_days=14))


@pytest.fixture(scope="module", params=["at the mode", "from draws"])
def made(request: pytest.FixtureRequest, small: Representation) -> Map:
    if request.param == "at the mode":
        return first_map(small)
    start = first_map(small)
    whitened = np.random.default_rng(51).standard_normal((20, small.size))
    return map_from_draws(small, start.position(whitened)[0])


def numerical(made: Map, whitened: np.ndarray) -> np.ndarray:
    """Jacobian of the position, by complex steps: exact to rounding."""
    moved, _ = made.position(whitened + 1e-30j * np.eye(whitened.size))
    return np.asarray(moved.imag / 1e-30).T


def points(size: int, count: int = 4, spread: float = 1.0) -> np.ndarray:
    return spread * np.random.default_rng(52).standard_normal((count, size))


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_the_density_changes_by_the_exact_jacobian(
    small: Representation, made: Map, spread: float
) -> None:
    constant = np.linalg.slogdet(made.matrix)[1]
    for whitened in points(small.size, 3, spread):
        log_jacobian = np.linalg.slogdet(numerical(made, whitened))[1] - constant
        position, _ = made.position(whitened)
        exact = small.standard_log_density(position) + log_jacobian
        assert made.log_density(small, whitened) == pytest.approx(exact, rel=1e-9)


def test_a_dropped_jacobian_would_be_seen(small: Representation, made: Map) -> None:
    dropped = [made.position(whitened)[1] for whitened in points(small.size)]
    assert np.ptp(dropped) > 0.2  # against a tolerance of 1e-9 above


def test_the_jacobian_of_a_series_follows_its_scale_alone(small: Representation) -> None:
    (first, second) = first_map(small).series
    at = positions(small, 1, 1.0, seed=53)[0]
    other = at.copy()
    other[: small.field_size] += 1.0
    assert first.standard(at)[1] == first.standard(other)[1]
    other[first.scale_column] += 1.0
    assert first.standard(other)[1] < first.standard(at)[1]  # a wider walk is known better
    assert second.standard(other)[1] == second.standard(at)[1]


def test_the_scale_of_a_series_is_the_model_s(small: Representation) -> None:
    at = positions(small, 5, 1.0, seed=54)
    scales = small.unpack(at)[1]["path_scale"]
    for item, expected in zip(first_map(small).series, scales.T, strict=True):
        np.testing.assert_allclose(item.scale(at), expected, rtol=1e-12)


def test_the_map_has_an_inverse(small: Representation, made: Map) -> None:
    for whitened in points(small.size):
        position, _ = made.position(whitened)
        back = np.linalg.solve(made.matrix, _inverse(made.series, position) - made.centre)
        np.testing.assert_allclose(back, whitened, rtol=1e-8, atol=1e-8)


def test_positions_of_many_points_are_those_of_each(small: Representation, made: Map) -> None:
    whitened = points(small.size, 6).reshape(2, 3, -1)
    position, log_jacobian = made.position(whitened)
    for place in np.ndindex(2, 3):
        alone, extra = made.position(whitened[place])
        np.testing.assert_allclose(position[place], alone, rtol=1e-10, atol=1e-10)
        assert log_jacobian[place] == pytest.approx(extra, rel=1e-10)


def test_directions_are_orthogonal_and_know_no_less_than_nothing(made: Map) -> None:
    for item in made.series:
        identity = item.directions.T @ item.directions
        np.testing.assert_allclose(identity, np.eye(len(identity)), atol=1e-12)
        assert np.all(item.information >= 0)


# -- the reference point ----------------------------------------------------------------------


def test_the_field_s_mode_is_one_and_holds_the_scales(small: Representation) -> None:
    mode = field_mode(small)
    free = np.r_[np.ones(small.field_size, bool), log_slopes(small) == 0]
    here = curvature(small, mode)
    decrement = here.gradient[free] @ np.linalg.solve(
        here.precision[np.ix_(free, free)], here.gradient[free]
    )
    assert decrement < 0.01  # of a squared posterior sd
    assert not mode[~free].any()
    assert small.standard_log_density(mode) > small.standard_log_density(np.zeros(small.size)) + 10


def test_the_first_map_starts_at_the_mode(small: Representation) -> None:
    position, _ = first_map(small).position(np.zeros(small.size))
    np.testing.assert_allclose(position, field_mode(small), atol=1e-9)


def hessian(made: Map, representation: Representation, at: np.ndarray) -> np.ndarray:
    """Minus the second derivatives of the mapped log density, by differences."""
    step, size = 1e-3, at.size
    unit = step * np.eye(size)
    found = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            f = [
                made.log_density(representation, at + a * unit[i] + b * unit[j])
                for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            ]
            found[i, j] = found[j, i] = -(f[0] - f[1] - f[2] + f[3]) / (4 * step**2)
    return found


def gaussian_days() -> Representation:
    """Ten days with a figure each: Gaussian given the scales."""
    rng = np.random.default_rng(55)
    rows = [
        window(d, d, claim_id=f"c{d}", value=str(round(np.exp(6 + 0.15 * rng.standard_normal()))),
               kind="assessment", qualifier="about")
        for d in range(10)
    ]  # fmt: skip
    return built(*rows, knot_days=1, level_centre=6.0, noise={"degrees_of_freedom": float("inf")})


def test_whitened_coordinates_of_a_gaussian_have_unit_precision() -> None:
    small = gaussian_days()
    made = first_map(small)
    precision = hessian(made, small, np.zeros(small.size))
    # coordinates that move no scale: the conditional Gaussian must come out exactly
    field = [i for i in range(small.size) if not np.any(made.matrix[log_scales(small), i])]
    assert len(field) >= small.field_size
    np.testing.assert_allclose(precision[np.ix_(field, field)], np.eye(len(field)), atol=2e-5)
    values = np.linalg.eigvalsh(precision)
    assert 1 / 3 < values.min() <= values.max() < 3  # of the scales it is an approximation
    # rows and columns of some coordinates can't move more than twice as many eigenvalues
    assert np.sum(np.abs(values - 1) > 1e-4) <= 2 * log_scales(small).size


def log_scales(representation: Representation) -> np.ndarray:
    """Coordinates of the positive hyperparameters."""
    return representation.field_size + np.flatnonzero(log_slopes(representation))


def test_unwhitened_the_same_posterior_is_badly_scaled() -> None:
    small = gaussian_days()
    values = np.linalg.eigvalsh(curvature(small, field_mode(small)).precision)
    assert values.max() / values.min() > 100
