"""What hindsight teaches about biases: a hierarchical estimate by relation and kind of evidence.

A unit u (see :mod:`bajas.model.hindsight_units`) of relation r and kind e, in a group g of units of
one case, relation, bloc and target, has

    x[u] = c[r, e] + k[e] s[r] (sqrt(rho) b[g] + sqrt(1 - rho) o[u]),    c[r, e] = m[r] + d[r, e],

b[g] a standard Student-t with four degrees of freedom, o[u] a standard normal: the same two layers
as the biases of a fit. So the sources of one bloc about one side are no independent votes, and a
kind of evidence moves the centre and changes the spread while the group's effect stays shared.
Points enter by the density of x plus the truth's error, bounds by a distribution function. The
group effects are integrated out by quadrature; the rest is sampled.

Of a settled claim, made two weeks or more after the days it is about, the centre is

    c'[r, e] = f[e] c[r, e] + d'[r, e],    k'[e] = k[e] h[e]:

time may take away a part of what the relation does, more of it from a list of names than from an
assertion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from bajas.claims.claim import EVIDENCE_KINDS
from bajas.model.bias import PRIOR_KINDS
from bajas.model.hindsight_units import HindsightUnit
from bajas.model.relation import RELATIONS

Array = np.ndarray

#: Of the shared effect; the variants of the comparison show that a normal does worse.
DEGREES_OF_FREEDOM = 4.0
#: Sds of the priors of the globals: m, log s (about 0.8), the scale of d, log k.
_CENTRE_SD, _SCALE, _SCALE_LOG_SD, _KIND_SD, _KIND_LOG_SD = 1.0, 0.8, 0.5, 0.7, 0.4
#: Of settled claims: mean and sd of f, the scale of d', the sd of log h.
_KEPT, _KEPT_SD, _SETTLED_SD, _SETTLED_LOG_SD = 0.7, 0.4, 0.3, 0.4
#: Chains, iterations of each round of adaptation, and iterations that are kept (every second one).
_CHAINS, _ADAPTATION, _ITERATIONS = 96, (20, 20), 100
_THIN = 2
#: How much wider than the posterior so far the normal is along whose ellipses chains move.
_WIDER = 1.2


@dataclass(frozen=True, slots=True)
class Variant:
    """A version of the model, for comparison.

    Parameters
    ----------
    name : str
        In words.
    kinds : bool
        Whether the kind of evidence moves the centre (within its relation, partially pooled).
    common : bool
        Whether that move has a part common to all relations.
    spreads : bool
        Whether the kind of evidence changes the spread.
    settled : bool
        Whether settled claims have centres and spreads of their own.
    degrees_of_freedom : float
        Of the group effect; infinite for a normal.
    """

    name: str
    kinds: bool = True
    common: bool = True
    spreads: bool = True
    settled: bool = True
    degrees_of_freedom: float = DEGREES_OF_FREEDOM


VARIANTS = (
    Variant("relation, normal", False, False, False, False, np.inf),
    Variant("relation, Student-t 4", False, False, False, False),
    Variant("relation and kind, centre", True, False, False, False),
    Variant("relation and kind, centre with a common part", True, True, False, False),
    Variant("relation and kind, centre and spread", True, False, True, False),
    Variant("relation and kind, centre with a common part and spread", True, True, True, False),
    Variant("the same and settled claims apart", True, True, True, True),
    Variant("the same, normal", True, True, True, True, np.inf),
)
#: The variant that ships. Without settled claims apart the leave-one-case-out score of claims is a
#: little better, answers about losses are worse: docs/explanation/priors.md has both.
CHOSEN = VARIANTS[6]


@dataclass(frozen=True)
class HindsightEstimate:
    """Posterior draws of what all conflicts have in common.

    Parameters
    ----------
    variant : Variant
        The model.
    centre, scale : ndarray, shape (draw, relation, kind)
        Of log(claim / truth) of a source in a new conflict; relations and kinds in the order of
        :data:`RELATIONS` and :data:`PRIOR_KINDS <bajas.model.bias.PRIOR_KINDS>`.
    shared : ndarray, shape (draw,)
        Share of the variance that sources of one bloc about one side have in common.
    effective : float
        Effective number of draws of the parameter that mixes worst, from the chains' means.
    """

    variant: Variant
    centre: Array
    scale: Array
    shared: Array
    effective: float

    def log_score(self, units: Sequence[HindsightUnit]) -> float:
        """Return the log predictive density of the units of a case that wasn't used."""
        groups = _Groups.of(units, self.variant.degrees_of_freedom)
        values = _log_likelihood(groups, self.centre, self.scale, self.shared)
        return float(special.logsumexp(values) - np.log(values.size))

    def predictive(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return draws of log(claim / truth) in a new conflict, and of its part that isn't shared.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        tuple of ndarray, shape (draw, relation, kind)
            The whole, and the source's own part alone.
        """
        size = self.centre.shape[:2]
        df = self.variant.degrees_of_freedom
        group = rng.standard_normal(size) if np.isinf(df) else rng.standard_t(df, size)
        own = rng.standard_normal(self.centre.shape)
        shared = self.shared[:, None, None]
        own_part = self.scale * np.sqrt(1 - shared) * own
        return self.centre + self.scale * np.sqrt(shared) * group[..., None] + own_part, own_part


def estimate_hindsight(
    units: Sequence[HindsightUnit],
    variant: Variant = CHOSEN,
    seed: int = 1,
    iterations: int = _ITERATIONS,
) -> HindsightEstimate:
    """Return the posterior of a variant's globals given some units.

    Parameters
    ----------
    units : sequence of HindsightUnit
        The votes, of several cases.
    variant : Variant
        The model.
    seed : int
        Makes the draws reproducible.
    iterations : int
        Of each of 96 chains after adaptation; every second is kept.

    Returns
    -------
    HindsightEstimate
        4,800 draws by default.

    References
    ----------
    R. Nishihara, I. Murray and R. P. Adams (2014), Parallel MCMC with generalized elliptical slice
    sampling, Journal of Machine Learning Research 15.

    Examples
    --------
    >>> import bajas
    >>> from bajas.model.hindsight_units import hindsight_units
    >>> units = hindsight_units([bajas.datasets.hindsight("karabakh_2020")])
    >>> estimate = estimate_hindsight(units, VARIANTS[1])
    >>> own, enemy = np.median(estimate.centre[:, :2, 0], axis=0)
    >>> bool(own < enemy)
    True
    """
    rng = np.random.default_rng([seed, 0x68696E64])
    groups = _Groups.of(units, variant.degrees_of_freedom)

    def log_density(positions: Array) -> Array:
        likelihood = _log_likelihood(groups, *_globals(positions, variant))
        return np.asarray(likelihood - 0.5 * (positions**2).sum(axis=1))

    def height(position: Array) -> float:
        return -float(log_density(position[None])[0])

    mode = optimize.minimize(height, np.zeros(_size(variant)))
    centre, covariance = mode.x, np.asarray(mode.hess_inv)
    state = None
    for length in (*_ADAPTATION, iterations):
        factor = np.linalg.cholesky(_WIDER * (covariance + covariance.T) / 2)
        if state is None:
            state = centre + rng.standard_normal((_CHAINS, centre.size)) @ factor.T
        path = _slices(log_density, state, centre, factor, length, rng)
        state = path[-1]
        late = path[length // 3 :].reshape(-1, centre.size)
        centre, covariance = late.mean(axis=0), np.cov(late, rowvar=False)
    means = path.mean(axis=0)
    effective = _CHAINS * float((path.var(axis=(0, 1)) / means.var(axis=0, ddof=1)).min())
    kept = path[::_THIN].reshape(-1, centre.size)
    return HindsightEstimate(variant, *_globals(kept, variant), effective=effective)


def _slices(
    log_density: Callable[[Array], Array],
    state: Array,
    centre: Array,
    factor: Array,
    iterations: int,
    rng: np.random.Generator,
) -> Array:
    """Move chains by elliptical slice sampling around a normal (Nishihara et al. 2014).

    Each chain moves on the ellipse through its state and a draw of the normal, uniformly over the
    part where the density over the normal's is above a level drawn under it; the bracket of angles
    shrinks towards the state. No tuning, and exact whatever the normal.
    """

    def excess(z: Array) -> Array:
        return np.asarray(log_density(centre + z @ factor.T) + 0.5 * (z**2).sum(axis=1))

    z: Array = np.asarray(np.linalg.solve(factor, (state - centre).T).T)
    value = excess(z)
    path = np.empty((iterations, *state.shape))
    for iteration in range(iterations):
        other: Array = rng.standard_normal(z.shape)
        level = value - rng.exponential(size=len(z))
        angle = rng.uniform(0, 2 * np.pi, len(z))
        low, high = angle - 2 * np.pi, angle.copy()
        moving = np.arange(len(z))
        moved = z.copy()
        while moving.size:
            turn = angle[moving, None]
            moved[moving] = z[moving] * np.cos(turn) + other[moving] * np.sin(turn)
            value[moving] = excess(moved[moving])
            moving = moving[value[moving] < level[moving]]
            low[moving] = np.where(angle[moving] < 0, angle[moving], low[moving])
            high[moving] = np.where(angle[moving] >= 0, angle[moving], high[moving])
            angle[moving] = rng.uniform(low[moving], high[moving])
        z = moved
        path[iteration] = centre + z @ factor.T
    return path


# -- parameters: all are standard normal a priori ---------------------------------------------

_R, _E = len(RELATIONS), len(EVIDENCE_KINDS)


def _size(variant: Variant) -> int:
    kinds = variant.kinds * (1 + _R * _E) + variant.common * _E + variant.spreads * _E
    return 2 * _R + 1 + kinds + variant.settled * (2 * _E + 1 + _R * _E)


def _globals(positions: Array, variant: Variant) -> tuple[Array, Array, Array]:
    """Return centre and scale of each cell, and the shared fraction, from standard normals."""
    count, place = len(positions), 0

    def take(number: int) -> Array:
        nonlocal place
        place += number
        return positions[:, place - number : place]

    centre = np.repeat(_CENTRE_SD * take(_R)[..., None], _E, axis=2)
    log_scale = np.repeat(np.log(_SCALE) + _SCALE_LOG_SD * take(_R)[..., None], _E, axis=2)
    # Beta(2, 2) through its distribution function
    shared = special.betaincinv(2.0, 2.0, special.ndtr(take(1)[:, 0]))
    shared = np.clip(shared, 0.02, 0.98)
    if variant.kinds:
        spread = _half_normal(_KIND_SD, take(1))
        move = take(_R * _E).reshape(count, _R, _E)
        share = np.sqrt(0.5) if variant.common else 1.0  # half of the variance is common
        centre = centre + spread[..., None] * share * move
        if variant.common:
            centre = centre + spread[..., None] * share * take(_E)[:, None, :]
    if variant.spreads:
        log_scale = log_scale + _KIND_LOG_SD * take(_E)[:, None, :]
    late, late_log_scale = centre, log_scale
    if variant.settled:
        late = centre * (_KEPT + _KEPT_SD * take(_E))[:, None, :]
        spread = _half_normal(_SETTLED_SD, take(1))
        late = late + spread[..., None] * take(_R * _E).reshape(count, _R, _E)
        late_log_scale = log_scale + _SETTLED_LOG_SD * take(_E)[:, None, :]
    centre = np.concatenate([centre, late], axis=2)
    return centre, np.exp(np.concatenate([log_scale, late_log_scale], axis=2)), shared


def _half_normal(scale: float, standard: Array) -> Array:
    return np.asarray(scale * special.ndtri(0.5 + 0.5 * special.ndtr(np.minimum(standard, 6.0))))


# -- likelihood -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Groups:
    """Units as arrays, in order of their groups, with nodes of the group effect."""

    group: Array
    relation: Array
    kind: Array
    low: Array
    high: Array
    truth_sd: Array
    bounds: tuple[tuple[Array, Array, Array], ...]
    nodes: Array
    log_weights: Array

    @classmethod
    def of(cls, units: Sequence[HindsightUnit], degrees_of_freedom: float) -> _Groups:
        places = {shares: i for i, shares in enumerate(sorted({unit.shares for unit in units}))}
        # dense in the middle, where several sources pin the effect down, wide for the tails
        steps = np.linspace(-4.0, 4.0, 49)
        nodes = 0.8 * np.sinh(steps)
        density = stats.norm if np.isinf(degrees_of_freedom) else stats.t(degrees_of_freedom)
        log_weights = density.logpdf(nodes) + np.log(np.cosh(steps))
        low = np.array([unit.low for unit in units])
        high = np.array([unit.high for unit in units])
        if (np.isfinite(low) & np.isfinite(high) & (low < high)).any():
            raise AssertionError("a unit is a point or has one bound")
        bound = np.flatnonzero(low != high)
        sign = np.where(np.isinf(high[bound]), 1.0, -1.0)
        at = np.where(sign > 0, low[bound], high[bound])
        return cls(
            np.array([places[unit.shares] for unit in units]),
            np.array([RELATIONS.index(unit.relation) for unit in units]),
            np.array([PRIOR_KINDS.index(unit.evidence) for unit in units]),
            low,
            high,
            np.array([unit.truth_sd for unit in units]),
            ((bound, sign, at),) if bound.size else (),
            nodes,
            log_weights - special.logsumexp(log_weights),
        )


def _log_likelihood(groups: _Groups, centre: Array, scale: Array, shared: Array) -> Array:
    """Return the log likelihood of all groups, one value per draw."""
    mean = centre[:, groups.relation, groups.kind]
    spread = scale[:, groups.relation, groups.kind]
    shared = shared[:, None]
    sd = np.sqrt(spread**2 * (1 - shared) + groups.truth_sd**2)
    slope = spread * np.sqrt(shared) / sd
    nodes = groups.nodes
    by_group = np.zeros((len(centre), groups.group.max() + 1, nodes.size))
    # points: a group's exponent is a quadratic in its effect, so that units needn't meet the nodes
    point = groups.low == groups.high
    z = (groups.low[point] - mean[:, point]) / sd[:, point]
    quadratic = np.stack(
        [
            -0.5 * z**2 - np.log(sd[:, point]) - 0.5 * np.log(2 * np.pi),
            z * slope[:, point],
            -0.5 * slope[:, point] ** 2,
        ]
    )
    member = groups.group[point][:, None] == np.arange(by_group.shape[1])
    powers = np.stack([np.ones_like(nodes), nodes, nodes**2])
    by_group += np.einsum("pdg,pn->dgn", quadratic @ member.astype(float), powers)
    # bounds: one-sided, and turned so that all are from below
    for unit, sign, bound in groups.bounds:
        start = sign * (mean[:, unit] - bound) / sd[:, unit]
        value = special.log_ndtr(start[..., None] + (sign * slope[:, unit])[..., None] * nodes)
        for place, group in enumerate(groups.group[unit]):
            by_group[:, group] += value[:, place]
    by_group += groups.log_weights
    top = by_group.max(axis=2, keepdims=True)
    # by hand: special.logsumexp takes most of the time
    return np.asarray((top[..., 0] + np.log(np.exp(by_group - top).sum(axis=2))).sum(axis=1))
