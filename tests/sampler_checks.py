"""What must hold of the map and of the sampler, as checks: of the sampler as it is, and of mutants.

Checks raise AssertionError. They run on compiled code and, far slower, without a compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from random_representations import Block, make
from scipy import integrate, linalg, sparse, stats

from bajas.model.family import AT_LEAST, POINT
from bajas.model.prior import Prior
from bajas.model.representation import Representation, Runs
from bajas.model.term import Hyperparameter, Term
from bajas.sampler import bias_families, map_affine, map_series, nuts
from bajas.sampler.affine import Affine, block_of
from bajas.sampler.biases import no_biases
from bajas.sampler.kernel_arrays import Kernel, kernel_arrays
from bajas.sampler.map import Map, map_from_draws
from bajas.sampler.mapped import MapArrays, mapped_log_density, to_active, to_position

#: Of differences: wide enough that the rounding of sums doesn't matter, fourth order for the rest.
STEP = 1e-3


def plain_map(size: int) -> Map:
    """The map that changes nothing."""
    none = np.zeros((size, 0))
    affine = Affine(np.zeros(size), np.ones(size), block_of([]), none, none)
    return Map(size, np.arange(size), affine, (), no_biases())


def prior_draws(representation: Representation, count: int, seed: int = 0) -> np.ndarray:
    """Draws of the prior in standardised coordinates, nearer to its centre than they should be."""
    field, hyper = representation.sample_prior(np.random.default_rng(seed), count)
    return 0.5 * representation.pack(field, hyper)


def map_with_walls(representation: Representation, draws: np.ndarray) -> Map:
    """The map, its bounds steep walls; the density is the same whatever they are."""
    usual = bias_families._SLOPE
    bias_families._SLOPE = 0.5
    try:
        return map_from_draws(representation, draws)
    finally:
        bias_families._SLOPE = usual


def evaluated(kernel: Kernel, arrays: MapArrays, at: np.ndarray) -> tuple[float, np.ndarray]:
    """Value and gradient of the mapped density."""
    gradient = np.empty_like(at)
    value = mapped_log_density(at, gradient, kernel, arrays)
    return value, gradient


def positioned(kernel: Kernel, arrays: MapArrays, at: np.ndarray) -> np.ndarray:
    """Standardised position of whitened coordinates."""
    found = np.empty_like(at)
    to_position(at, found, kernel, arrays)
    return found


def by_differences(function: Callable[[np.ndarray], Any], at: np.ndarray) -> np.ndarray:
    """Derivative of a function by each coordinate, shape (coordinate, ...)."""
    unit = np.eye(at.size)
    ahead, behind, far_ahead, far_behind = (
        np.array([function(at + h * row) for row in unit])
        for h in (STEP, -STEP, 2 * STEP, -2 * STEP)
    )
    return np.asarray((8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * STEP))


# -- the map ----------------------------------------------------------------------------------


def check_gradient(representation: Representation, item: Map, at: np.ndarray) -> None:
    """The gradient is the derivative of the value."""
    kernel, arrays = kernel_arrays(representation), item.arrays()
    value, gradient = evaluated(kernel, arrays, at)
    differences = by_differences(lambda w: evaluated(kernel, arrays, w)[0], at)
    # rounding of the value over the step, and the fifth derivative times its fourth power
    error = 1e-12 * abs(value) / STEP + 1e-6 * max(1.0, np.abs(gradient).max())
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=error)


def log_jacobian(representation: Representation, item: Map, at: np.ndarray) -> float:
    """log |det d position / d whitened|, by differences."""
    kernel, arrays = kernel_arrays(representation), item.arrays()
    return float(np.linalg.slogdet(by_differences(lambda w: positioned(kernel, arrays, w), at))[1])


def check_jacobian(representation: Representation, item: Map, points: np.ndarray) -> None:
    """The mapped density is that of the positions times the Jacobian, up to one constant."""
    kernel, arrays = kernel_arrays(representation), item.arrays()
    constants, sizes = [], []
    for at in points:
        value = evaluated(kernel, arrays, at)[0]
        exact = representation.standard_log_density(positioned(kernel, arrays, at))
        constants.append(value - exact - log_jacobian(representation, item, at))
        sizes.append(abs(value))
    # digits of the density, and of determinants from differences
    assert np.ptp(constants) < 1e-6 + 1e-9 * max(sizes), f"not one constant: {constants}"


def check_inverse(representation: Representation, item: Map, at: np.ndarray) -> None:
    """Series of the position have the coordinates that were put in."""
    position = positioned(kernel_arrays(representation), item.arrays(), at)
    active = np.empty(item.affine.centre.size)
    to_active(at, active, item.arrays())
    moved = item.affine.centre + item.affine.times(active)
    first = 0
    for series in item.series:
        rank = series.information.size
        found, given = series.coordinates(position), at[series.part]
        along = found @ series.directions
        np.testing.assert_allclose(along, moved[first : first + rank], rtol=1e-7, atol=1e-7)
        rest = given - series.directions @ (series.directions.T @ given)
        left = found - series.directions @ along
        np.testing.assert_allclose(left, rest, rtol=1e-7, atol=1e-7)
        first += rank


def precision_at(representation: Representation, item: Map, at: np.ndarray) -> np.ndarray:
    """Minus the Hessian of the mapped density."""
    kernel, arrays = kernel_arrays(representation), item.arrays()
    found = -by_differences(lambda w: evaluated(kernel, arrays, w)[1], at)
    return np.asarray((found + found.T) / 2)


@contextmanager
def nothing_left_out() -> Iterator[None]:
    """Maps keep every direction, however near it is to what it would be without."""
    kept = map_series._INFORMED, map_affine._directions

    def every_direction(
        precision: np.ndarray, *args: Any, **options: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = linalg.eigh(precision)
        return values, vectors

    map_series._INFORMED, map_affine._directions = 0.0, every_direction
    try:
        yield
    finally:
        map_series._INFORMED, map_affine._directions = kept


def check_whitened(representation: Representation, item: Map) -> None:
    """The mapped density is a standard normal."""
    size = representation.size
    for at in (np.zeros(size), 2 * np.random.default_rng(9).standard_normal(size)):
        precision = precision_at(representation, item, at)
        np.testing.assert_allclose(precision, np.eye(size), atol=1e-6)


# -- the kernel -------------------------------------------------------------------------------


def stepped(
    kernel: Kernel, arrays: MapArrays, w: np.ndarray, p: np.ndarray, angles: list[float]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Position and momentum after some steps, and the energy gained."""
    w, p = w.copy(), p.copy()
    value, gradient = evaluated(kernel, arrays, w)
    start = 0.5 * p @ p - value
    for angle in angles:
        value = nuts._step(w, p, gradient, angle, kernel, arrays)
    return w, p, float(0.5 * p @ p - value - start)


def check_reversible(representation: Representation, item: Map, seed: int = 5) -> None:
    """Back with the momentum turned round, or by the opposite angles, a trajectory starts over."""
    kernel, arrays, size = kernel_arrays(representation), item.arrays(), representation.size
    w, p = 0.5 * np.random.default_rng(seed).standard_normal((2, size))
    angles = [0.2, 0.3, 0.1]
    ahead, momentum, gained = stepped(kernel, arrays, w, p, angles)
    assert np.abs(ahead - w).max() > 0.01
    back, turned, lost = stepped(kernel, arrays, ahead, -momentum, angles[::-1])
    np.testing.assert_allclose(back, w, atol=1e-8)
    np.testing.assert_allclose(turned, -p, atol=1e-8)
    assert abs(gained + lost) < 1e-7
    back, turned, _ = stepped(kernel, arrays, ahead, momentum, [-a for a in angles[::-1]])
    np.testing.assert_allclose(back, w, atol=1e-8)
    np.testing.assert_allclose(turned, p, atol=1e-8)


def check_volume(representation: Representation, item: Map, seed: int = 6) -> None:
    """A step neither stretches nor squeezes (position, momentum)."""
    kernel, arrays, size = kernel_arrays(representation), item.arrays(), representation.size

    def step(both: np.ndarray) -> np.ndarray:
        return np.concatenate(stepped(kernel, arrays, both[:size], both[size:], [0.4])[:2])

    at = 0.5 * np.random.default_rng(seed).standard_normal(2 * size)
    assert abs(np.linalg.slogdet(by_differences(step, at))[1]) < 1e-6


def check_second_order(representation: Representation, item: Map, seed: int = 7) -> None:
    """Halving the step quarters the error of the energy."""
    kernel, arrays, size = kernel_arrays(representation), item.arrays(), representation.size
    w, p = 0.5 * np.random.default_rng(seed).standard_normal((2, size))
    errors = np.array([stepped(kernel, arrays, w, p, [0.32 / n] * n)[2] for n in (8, 16, 32)])
    assert np.abs(errors).min() > 1e-9  # else there is nothing to compare
    np.testing.assert_allclose(errors[:-1] / errors[1:], 4.0, rtol=0.15)


def chain_draws(
    representation: Representation,
    item: Map,
    plan: nuts.Plan,
    step: float,
    draws: int,
    seed: int = 8,
) -> tuple[np.ndarray, nuts.Statistics]:
    """Positions of one chain of a fixed step size, and its statistics."""
    kernel, arrays = kernel_arrays(representation), item.arrays()
    rng = np.random.default_rng(seed)
    state = nuts.new_chain(0.5 * rng.standard_normal(representation.size), plan.max_depth)
    nuts.begin(state, kernel, arrays, step)
    whitened, statistics = np.empty((draws, representation.size)), nuts.statistics_of(draws)
    nowhere = np.empty((0, representation.size))
    nuts.run(
        state, rng, kernel, arrays, plan, False, 0, draws, whitened, nowhere, statistics
    )  # fmt: skip
    return item.position(whitened, kernel), statistics


#: Levels at which distribution functions are compared.
LEVELS = np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])

#: Monte Carlo errors by which a share may be off: of some hundred comparisons none by chance.
ERRORS = 5.0


def check_uniform(values: np.ndarray, names: list[str]) -> None:
    """Chains of what should be uniform (their distribution functions at the draws) are.

    ``values`` has shape (draw, quantity); errors are from means of 20 batches.
    """
    below = values[:, :, None] < LEVELS
    parts = np.array([part.mean(axis=0) for part in np.array_split(below, 20)])
    error = parts.std(axis=0, ddof=1) / np.sqrt(20) + 1 / values.shape[0]
    off = np.abs(below.mean(axis=0) - LEVELS) / error
    worst = np.unravel_index(off.argmax(), off.shape)
    assert off.max() < ERRORS, f"{names[worst[0]]} is off at {LEVELS[worst[1]]}: {off.max():.1f}"


# -- representations to map --------------------------------------------------------------------


def parts(positive: str, degrees: float, forms: list[int], seed: int) -> Representation:
    """Walks, rows with a scale, correlated rows, and biases in families of several sizes."""
    blocks = [
        Block((2, 4), "random_walk", True, False),
        Block((3, 2), "independent", True, True),
        Block((3,), "independent", False, False),
        Block((2, 2), "independent", True, False),
    ]
    return make(
        blocks, forms=forms, families=["normal", "student_t"], positive=positive, degrees=degrees,
        noisy=True, effective=True, restarts=1, biased=True, seed=seed,
    )  # fmt: skip


EVERY_PART = {
    "half-normal scales, Student-t errors": ("half_normal", 4.0, [0, 0, 1, 0, 2, 0, 0, 1], 11),
    "log-normal scales, normal errors": ("log_normal", float("inf"), [0, 0, 1, 0, 2, 0, 0, 1], 3),
    "counts": ("log_normal", float("inf"), [3, 4, 3, 4, 4, 0, 1, 4], 10),
}


def normal_posterior(biased: bool) -> Representation:
    """Points with normal errors of sums of one cell, all scales fixed: linear and normal."""
    blocks = [
        Block((2, 5), "random_walk", False, False),
        Block((4,), "independent", False, False),
        Block((3, 2), "independent", False, False),
    ]
    made = make(
        blocks, forms=[0] * 12, families=["normal"], positive="log_normal",
        degrees=float("inf"), noisy=False, effective=False, restarts=0, biased=biased, seed=8,
    )  # fmt: skip
    count = len(made.names)
    cell = np.arange(count) % made.cell_count
    return replace(
        made,
        terms=tuple(replace(term, scale=3 * term.scale) for term in made.terms),
        runs=Runs(np.arange(count), cell, cell + 1, np.ones(count)),
        noise=np.full(count, -1),
    )


# -- posteriors that are known ----------------------------------------------------------------


def _hyper(name: str, *priors: Prior) -> Hyperparameter:
    return Hyperparameter(name, f"{name}_dim", tuple(map(str, range(len(priors)))), priors)


def _reports(
    terms: tuple[Term, ...],
    hypers: tuple[Hyperparameter, ...],
    reporting: np.ndarray,
    **claims: Any,
) -> Representation:
    """A representation of reports of the field itself: the losses are known, one a day."""
    count, size = reporting.shape
    cells = np.arange(count)
    hyper_size = sum(hyper.size for hyper in hypers)
    return Representation(
        terms=terms,
        hyperparameters=hypers,
        node_design=sparse.csr_array((count, size), dtype=float),
        node_offset=np.zeros(count),
        interpolation=sparse.csr_array(np.eye(count)),
        runs=Runs(cells, cells, cells + 1, np.ones(count)),
        reporting=sparse.csr_array(reporting),
        effects=sparse.csr_array((count, hyper_size), dtype=float),
        names=tuple(map(str, cells)),
        log_sd=np.zeros(count),
        noise=np.full(count, -1),
        **claims,
    )


def standard_normal(size: int) -> Representation:
    """A floor of next to nothing about real elements: a standard normal."""
    labels = (tuple(map(str, range(size - 1))),)
    term = Term("x", ("dim",), labels, "independent", np.zeros(size - 1), np.ones(size - 1))
    return _reports(
        (term,), (_hyper("log", Prior("log_normal")),), np.eye(1, size - 1),
        form=np.array([AT_LEAST]), log_value=np.array([-1e6]), degrees_of_freedom=float("inf"),
    )  # fmt: skip


def normal_levels(positions: np.ndarray) -> np.ndarray:
    """Distribution functions of :func:`standard_normal`."""
    return np.asarray(stats.norm.cdf(positions))


def nothing_known() -> Representation:
    """A floor of next to nothing: the posterior is the prior, of every family."""
    labels = (("a", "b"),)
    term = Term("x", ("dim",), labels, "independent", np.zeros(2), np.ones(2))
    hypers = (
        _hyper("t", Prior("student_t", degrees_of_freedom=4.0)),
        _hyper("half", Prior("half_normal"), Prior("half_normal", scale=0.3)),
        _hyper("pairs", Prior("partial_correlation", concentration=1.5)),
        _hyper("log", Prior("log_normal", location=1.0, scale=0.5)),
    )
    return _reports(
        (term,), hypers, np.array([[1.0, 0.0]]), form=np.array([AT_LEAST]),
        log_value=np.array([-1e6]), degrees_of_freedom=float("inf"),
    )  # fmt: skip


PRIOR_NAMES = ["x a", "x b", "Student-t", "half-normal", "narrow half-normal", "pair", "log-normal"]


def prior_levels(representation: Representation, positions: np.ndarray) -> np.ndarray:
    """Distribution functions of :func:`nothing_known` at positions, shape (..., size)."""
    field, hyper = representation.unpack(positions)
    pairs = (hyper["pairs"] + 1) / 2
    return np.concatenate(
        [
            stats.norm.cdf(field),
            stats.t(4).cdf(hyper["t"]),
            stats.halfnorm.cdf(hyper["half"] / [1.0, 0.3]),
            stats.beta(1.5, 1.5).cdf(pairs),
            stats.norm.cdf((np.log(hyper["log"]) - 1.0) / 0.5),
        ],
        axis=-1,
    )


#: What three schools report, with an error of one.
SCHOOLS = np.array([2.5, -1.0, 0.3])


def schools() -> Representation:
    """Effects of sd tau, half-normal, and a report of each: a funnel that can be integrated."""
    term = Term(
        "effect", ("all", "school"), (("all",), ("a", "b", "c")), "independent",
        mean=np.zeros((1, 3)), scale=np.ones((1, 3)), scale_by="tau",
    )  # fmt: skip
    return _reports(
        (term,), (_hyper("tau", Prior("half_normal", scale=1.5)),), np.eye(3),
        form=np.full(3, POINT), log_value=SCHOOLS, degrees_of_freedom=float("inf"),
    )  # fmt: skip


def school_levels(representation: Representation, positions: np.ndarray) -> np.ndarray:
    """Distribution functions of tau, and of each effect given tau, at positions."""
    field, hyper = representation.unpack(positions)
    tau = hyper["tau"][..., 0]
    grid = np.linspace(0.0, 12.0, 20_001)
    density = stats.halfnorm.pdf(grid, scale=1.5) * np.prod(
        [stats.norm.pdf(y, scale=np.sqrt(1 + grid**2)) for y in SCHOOLS], axis=0
    )
    distribution = integrate.cumulative_trapezoid(density, grid, initial=0.0)
    variance = (tau**2 / (1 + tau**2))[..., None]
    given = stats.norm.cdf((field - SCHOOLS * variance) / np.sqrt(variance))
    of_tau = np.interp(tau, grid, distribution / distribution[-1])
    return np.concatenate([of_tau[..., None], given], axis=-1)


SCHOOL_NAMES = ["tau", "effect a", "effect b", "effect c"]
