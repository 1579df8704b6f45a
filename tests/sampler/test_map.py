"""The map's changes of coordinates are exact, and take out what they are meant to take out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import sampler_checks as checks
from dense_curvature import field_mode, scale_columns
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from model_examples import every_form, ledger, plain, represent, with_half_normal_scales
from random_representations import representations

import bajas
from bajas.model.bias import hindsight, symmetric
from bajas.model.representation import Representation
from bajas.sampler import affine
from bajas.sampler.affine import Affine, block_of
from bajas.sampler.kernel_arrays import kernel_arrays
from bajas.sampler.map import Map, first_map, map_from_draws


def points(size: int, count: int, spread: float, seed: int = 52) -> np.ndarray:
    return spread * np.random.default_rng(seed).standard_normal((count, size))


# -- of random representations ----------------------------------------------------------------


RANDOM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WALLS = st.booleans()


def smooth(representation: Representation, item: Map, at: np.ndarray) -> bool:
    """Whether differences tell a derivative: a mean of billions leaves them no digits."""
    value, gradient = checks.evaluated(kernel_arrays(representation), item.arrays(), at)
    return bool(np.isfinite(value) and abs(value) < 1e6 and np.abs(gradient).max() < 1e5)


@RANDOM
@given(representations(), WALLS, st.sampled_from([0.3, 1.0]))
def test_gradient_is_that_of_differences(
    representation: Representation, walls: bool, spread: float
) -> None:
    item = map_from_draws(representation, checks.prior_draws(representation, 8), walls)
    (at,) = points(representation.size, 1, spread)
    assume(smooth(representation, item, at))
    checks.check_gradient(representation, item, at)


@RANDOM
@given(representations(), WALLS)
def test_the_density_changes_by_the_exact_jacobian(
    representation: Representation, walls: bool
) -> None:
    assume(representation.size < 80)
    item = map_from_draws(representation, checks.prior_draws(representation, 8), walls)
    some = points(representation.size, 3, 0.7)
    assume(all(smooth(representation, item, at) for at in some))
    checks.check_jacobian(representation, item, some)


@RANDOM
@given(representations(), st.sampled_from([0.3, 1.0]))
def test_coordinates_of_series_are_the_inverse(
    representation: Representation, spread: float
) -> None:
    item = map_from_draws(representation, checks.prior_draws(representation, 8))
    for at in points(representation.size, 2, spread):
        checks.check_inverse(representation, item, at)


# -- of representations with every part ------------------------------------------------------


@pytest.fixture(scope="module", params=checks.EVERY_PART)
def whole(request: pytest.FixtureRequest) -> Representation:
    return checks.parts(*checks.EVERY_PART[request.param])


@pytest.fixture(scope="module")
def mapped(whole: Representation) -> Map:
    return checks.map_with_walls(whole, checks.prior_draws(whole, 8))


def test_the_examples_have_every_part() -> None:
    items = {
        name: checks.map_with_walls(made := checks.parts(*options), checks.prior_draws(made, 8))
        for name, options in checks.EVERY_PART.items()
    }
    for item in items.values():
        assert {series.partial_column >= 0 for series in item.series} == {True, False}
        assert any(series.row > 1 for series in item.series)
        assert any(series.noise_column.size for series in item.series) or item is items["counts"]
    sizes = np.concatenate([np.diff(item.biases.start) for item in items.values()])
    assert {1, 2, 3} < set(sizes)
    assert all((item.biases.wall >= 0).any() for item in items.values())
    assert {1, 2} <= set(items["counts"].biases.kind)  # negative binomials and Poissons


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
def test_every_part_has_its_gradient(whole: Representation, mapped: Map, spread: float) -> None:
    for at in points(whole.size, 3, spread):
        checks.check_gradient(whole, mapped, at)


def test_every_part_has_its_jacobian(whole: Representation, mapped: Map) -> None:
    checks.check_jacobian(whole, mapped, points(whole.size, 4, 1.0))


def test_every_part_has_its_inverse(whole: Representation, mapped: Map) -> None:
    for at in points(whole.size, 4, 1.0):
        checks.check_inverse(whole, mapped, at)


def test_a_refined_map_is_as_exact(whole: Representation, mapped: Map) -> None:
    kernel, arrays = kernel_arrays(whole), mapped.arrays()
    drawn = points(whole.size, 40, 1.0, seed=3)
    item = mapped.refined(
        drawn, np.array([checks.evaluated(kernel, arrays, at)[1] for at in drawn])
    )
    assert np.abs(item.affine.left).sum() != pytest.approx(np.abs(mapped.affine.left).sum())
    some = points(whole.size, 3, 0.5)
    checks.check_gradient(whole, item, some[0])
    checks.check_jacobian(whole, item, some)
    checks.check_inverse(whole, item, some[0])


def test_series_that_the_claims_hardly_inform_keep_few_directions() -> None:
    made = checks.parts(*checks.EVERY_PART["counts"][:2], [0, 0], 5)
    item = map_from_draws(made, checks.prior_draws(made, 8))
    ranks = [(s.information.size, s.part.stop - s.part.start) for s in item.series]
    assert any(rank < size for rank, size in ranks), ranks
    checks.check_gradient(made, item, points(made.size, 1, 1.0)[0])
    checks.check_jacobian(made, item, points(made.size, 3, 1.0))


def test_positions_of_many_points_are_those_of_each(whole: Representation, mapped: Map) -> None:
    kernel = kernel_arrays(whole)
    whitened = points(whole.size, 6, 1.0).reshape(2, 3, -1)
    found = mapped.position(whitened, kernel)
    for place in np.ndindex(2, 3):
        assert np.array_equal(found[place], mapped.position(whitened[place], kernel))


# -- of the library's models ------------------------------------------------------------------


def students() -> Representation:
    return represent(ledger(*every_form()), plain(hindsight(), knot_days=14))


def normals() -> Representation:
    noise = {"degrees_of_freedom": float("inf"), "counting": True}
    return with_half_normal_scales(
        represent(ledger(*every_form()), plain(symmetric(0.6), noise, knot_days=14))
    )


def shipped() -> Representation:
    return bajas.Model(bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")).representation


SMALL: dict[str, Callable[[], Representation]] = {"students": students, "normals": normals}


@pytest.mark.parametrize("name", SMALL)
def test_the_library_s_models_are_mapped_exactly(name: str) -> None:
    made = SMALL[name]()
    kernel = kernel_arrays(made)
    first = first_map(made, kernel)
    drawn = first.position(points(made.size, 20, 1.0), kernel)
    for item in (first, map_from_draws(made, drawn)):
        for at in points(made.size, 2, 1.0, seed=4):
            checks.check_gradient(made, item, at)
            checks.check_inverse(made, item, at)
        checks.check_jacobian(made, item, points(made.size, 3, 0.7))


def test_the_shipped_model_has_its_gradient_along_random_directions() -> None:
    made = shipped()
    kernel = kernel_arrays(made)
    first = first_map(made, kernel)
    item = map_from_draws(made, first.position(points(made.size, 12, 1.0), kernel))
    arrays, rng = item.arrays(), np.random.default_rng(6)
    for at in points(made.size, 3, 1.0, seed=7):
        _, gradient = checks.evaluated(kernel, arrays, at)
        for _ in range(4):
            along = rng.standard_normal(made.size)
            along /= np.linalg.norm(along)
            f = [
                checks.evaluated(kernel, arrays, at + h * along)[0]
                for h in (4e-3, -4e-3, 8e-3, -8e-3)
            ]
            slope = (8 * (f[0] - f[1]) - (f[2] - f[3])) / 48e-3
            assert gradient @ along == pytest.approx(slope, rel=1e-6, abs=1e-9 * abs(f[0]))


def test_the_first_map_starts_near_the_mode_of_the_field() -> None:
    made = students()
    kernel = kernel_arrays(made)
    start = first_map(made, kernel).position(np.zeros(made.size), kernel)
    mode = field_mode(made)
    held = made.field_size + scale_columns(made)
    np.testing.assert_allclose(start[held], mode[held], atol=1e-9)
    lost = made.standard_log_density(mode) - made.standard_log_density(start)
    assert lost < 2.0  # of log density, where the prior's centre loses many
    assert made.standard_log_density(np.zeros(made.size)) < made.standard_log_density(mode) - 10


# -- a posterior that is normal ---------------------------------------------------------------


@pytest.fixture
def everything() -> Iterator[None]:
    with checks.nothing_left_out():
        yield


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("from_draws", [False, True])
@pytest.mark.usefixtures("everything")
def test_a_normal_posterior_becomes_standard_normal(biased: bool, from_draws: bool) -> None:
    made = checks.normal_posterior(biased)
    kernel = kernel_arrays(made)
    item = first_map(made, kernel)
    if from_draws:
        item = map_from_draws(made, item.position(points(made.size, 200, 1.0), kernel))
    else:  # its centre is the mode
        _, gradient = checks.evaluated(kernel, item.arrays(), np.zeros(made.size))
        np.testing.assert_allclose(gradient, 0.0, atol=1e-3)
    if biased:
        assert item.biases.column.size > 4
    checks.check_whitened(made, item)


def test_without_a_map_the_same_posterior_is_badly_scaled() -> None:
    made = checks.normal_posterior(False)
    values = np.linalg.eigvalsh(
        checks.precision_at(made, checks.plain_map(made.size), np.zeros(made.size))
    )
    assert values.max() / values.min() > 10


@pytest.mark.parametrize("biased", [False, True])
def test_what_a_map_leaves_out_is_small(biased: bool) -> None:
    made = checks.normal_posterior(biased)
    item = first_map(made, kernel_arrays(made))
    values = np.linalg.eigvalsh(checks.precision_at(made, item, np.zeros(made.size)))
    # what is left: directions informed by 5 % of the prior, and scales 3 % off
    assert values.min() > 0.9
    assert values.max() < 1.1


# -- the refinement ---------------------------------------------------------------------------


def normal(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of a normal distribution whose scales span two orders."""
    rng = np.random.default_rng(seed)
    vectors = np.linalg.qr(rng.standard_normal((size, size)))[0]
    return rng.standard_normal(size), vectors @ np.diag(np.geomspace(0.1, 10, size)) @ vectors.T


def unit(size: int) -> Affine:
    return checks.plain_map(size).affine


def linear(item: Affine) -> np.ndarray:
    return np.array([item.times(row) for row in np.eye(item.centre.size)]).T


def test_draws_and_gradients_of_a_normal_give_its_covariance_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(affine, "_SHRINKAGE", 1e-9)
    monkeypatch.setattr(affine, "_NEAR_ONE", 0.0)
    mean, covariance = normal(12, 1)
    draws = np.random.default_rng(2).multivariate_normal(mean, covariance, size=14)
    gradients = -(draws - mean) @ np.linalg.inv(covariance)
    made = unit(12).refined(draws, gradients)
    np.testing.assert_allclose(made.centre, mean, atol=1e-6)
    np.testing.assert_allclose(linear(made) @ linear(made).T, covariance, rtol=1e-5, atol=1e-6)
    # draws alone would be far off
    assert np.abs(np.cov(draws, rowvar=False) - covariance).max() > 0.5


def test_refinements_one_after_another_come_close_and_stay() -> None:
    size = 12
    mean, covariance = normal(size, 3)
    precision = np.linalg.inv(covariance)
    rng, made, errors = np.random.default_rng(4), unit(size), []
    for _ in range(4):
        matrix = linear(made)
        draws = rng.multivariate_normal(mean, covariance, size=40)
        whitened = np.linalg.solve(matrix, (draws - made.centre).T).T
        made = made.refined(whitened, -(draws - mean) @ precision @ matrix)
        whole = np.linalg.solve(linear(made), covariance) @ np.linalg.inv(linear(made)).T
        errors.append(np.abs(np.log(np.linalg.eigvalsh(whole))).max())
    assert errors[0] < np.log(10)  # scales were off by a factor of ten in variance
    assert errors[-1] < 0.2
    assert errors[-1] < errors[0]


def test_a_map_that_is_right_is_left_alone() -> None:
    drawn = np.random.default_rng(5).standard_normal((30, 8))
    made = unit(8).refined(drawn, -drawn)
    np.testing.assert_allclose(linear(made), np.eye(8), atol=1e-9)
    np.testing.assert_allclose(made.centre, 0.0, atol=1e-9)


def test_compact_maps_and_clusters_are_the_same_matrix() -> None:
    rng = np.random.default_rng(6)
    rows = np.array([4, 1, 2])
    one, other = rng.standard_normal((2, 3, 2))
    left, right = rng.standard_normal((2, 6, 5))
    whole = np.eye(6)
    whole[np.ix_(rows, rows)] += one @ other.T
    made = Affine(np.zeros(6), rng.uniform(1, 2, 6), block_of([(rows, one, other)]), left, right)
    expected = made.scale[:, None] * (whole @ (np.eye(6) + left @ right.T))
    np.testing.assert_allclose(linear(made), expected, atol=1e-12)
    np.testing.assert_allclose(linear(made.compact()), expected, atol=1e-12)
    assert made.compact().left.shape == (6, 6)
    assert replace(made, left=left[:, :2], right=right[:, :2]).compact().left.shape == (6, 2)


def with_clusters(rng: np.random.Generator) -> Affine:
    """A map of seven coordinates, of which five are in two clusters of different ranks."""
    parts = [
        (np.array(rows), rng.standard_normal((len(rows), r)), rng.standard_normal((len(rows), r)))
        for rows, r in (([4, 1, 2], 2), ([0, 6], 1))
    ]
    left, right = rng.standard_normal((2, 7, 5))
    return Affine(np.zeros(7), rng.uniform(1, 2, 7), block_of(parts), left, right)


def test_a_scale_each_is_that_of_the_coordinates() -> None:
    rng = np.random.default_rng(7)
    made, unit = with_clusters(rng), rng.uniform(0.2, 5, 7)
    np.testing.assert_allclose(linear(made.rescaled(unit)), linear(made) * unit, atol=1e-12)


def test_large_maps_keep_the_directions_that_change_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affine, "_LARGE", 4)
    monkeypatch.setattr(affine, "_COLUMNS", 3)
    made = with_clusters(np.random.default_rng(8))
    whole = made.left @ made.right.T
    found = made.compact()
    assert found.left.shape == (7, 3)
    lost = np.linalg.norm(found.left @ found.right.T - whole, 2)
    assert lost == pytest.approx(np.linalg.svd(whole)[1][3])


def test_one_refinement_finds_the_scales_of_many_coordinates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(affine, "_LARGE", 500)
    size = 600  # more than a refinement looks at in directions
    scales = np.geomspace(0.1, 10, size)
    draws = np.random.default_rng(9).standard_normal((100, size)) * scales
    made = unit(size).refined(draws, -draws / scales**2)
    # they were off by factors of ten; what is left is the shrinkage towards the map as it was
    assert np.abs(np.log(np.diag(linear(made)) / scales)).max() < np.log(2)
