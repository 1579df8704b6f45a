"""The evidence of a representation, its marginal likelihood, by bridge sampling.

The evidence is the integral of the posterior density without its denominator,

    Z = integral of p(y | x, theta) p(x, theta)  d(x, theta),

and the ratio of two readings' evidence is how the claims weigh one reading against the other. On
the sampler's map the posterior is nearly a standard normal g, the same for every representation, so
that the bridge between them is short. With draws w of the posterior and v of g, Z solves

    Z = mean of p(v) / (s1 p(v) + s2 Z g(v))  over  mean of g(w) / (s1 p(w) + s2 Z g(w)),

the optimal bridge of Meng & Wong (1996), with s1 and s2 the shares of effective posterior and of
normal draws; its relative mean squared error is that of Fruehwirth-Schnatter (2004) with the
effective sample size in place of the number of autocorrelated draws. Both densities are
symmetrised first, p(w) being replaced by (p(w) + p(-w)) / 2, which has the same integral and no
skewness: the "warp III" of Meng & Schilling (2002), recommended by Gronau et al. (2017).

The map changes the integrand by its Jacobian, whose constant part the density leaves out; it is
found numerically at one point and held against that at another.

References
----------
Meng & Wong (1996), Simulating ratios of normalizing constants via a simple identity: a theoretical
exploration. Statistica Sinica 6, 831-860.
Meng & Schilling (2002), Warp bridge sampling. J. Comp. Graph. Stat. 11(3), 552-586.
Fruehwirth-Schnatter (2004), Estimating marginal likelihoods for mixture and Markov switching models
using bridge sampling techniques. Econometrics Journal 7(1), 143-167.
Gronau et al. (2017), A tutorial on bridge sampling. J. Math. Psychology 81, 80-97.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from bajas.errors import SamplingError
from bajas.model.representation import Representation
from bajas.sampler.address import Address, density_at
from bajas.sampler.chains import Stage, run_stage
from bajas.sampler.interface import Draws, Progress, Settings, Whitened, silent
from bajas.sampler.kernel import Kernel, kernel_arrays, log_density
from bajas.sampler.map import Map, map_from_draws
from bajas.sampler.stages import PILOT_USED, PLAN

#: Keeps the normal draws apart from the chains' uses of a seed.
_STREAM = 0x45564944

#: Rounds of the fixed point, and the change of log Z at which it has been found.
_MOST_ROUNDS, _CLOSE = 2000, 1e-10

#: Step of central differences, and what the Jacobian's constant may differ by between two points.
_STEP, _JACOBIAN_TOLERANCE = 1e-3, 1e-2

#: Points evaluated between two looks at an interrupt.
_BLOCK = 500

_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Log marginal likelihood with its Monte Carlo error.

    Parameters
    ----------
    log_value : float
        Log evidence: of density for points, of probability for bounds and counts, all constants
        kept. Comparable between representations of the same observations.
    error : float
        Monte Carlo standard error of ``log_value``: the larger of that of the optimal bridge and
        of half the difference between halves of the draws.
    divergence : float
        Estimated Jeffreys divergence between the posterior on its map and the standard normal,
        both symmetrised, in nats: how long the bridge is. Many dozens mean that the error can't be
        relied on.
    """

    log_value: float
    error: float
    divergence: float


def log_evidence(
    representation: Representation,
    draws: Draws,
    settings: Settings,
    progress: Progress = silent,
) -> Evidence:
    """Return the log evidence of a representation from draws of its posterior.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : Draws
        Of its posterior. Without whitened coordinates (of another sampler) a map is made from
        them and as many draws are made on it.
    settings : Settings
        Its seed also decides the normal draws; ``cores`` are used.
    progress : callable
        Told the stage and how far it is.

    Raises
    ------
    SamplingError
        If there are fewer than 20 draws per chain, or the map's Jacobian isn't what its density
        says.
    """
    kernel = kernel_arrays(representation)
    with threadpool_limits(limits=1):
        found = draws.whitened
        if found is None:
            found = _whitened(representation, kernel, draws, settings, progress)
        if found.position.shape[1] < 20:
            raise SamplingError(
                f"evidence needs at least 20 draws per chain, not {found.position.shape[1]}"
            )
        return _bridged(kernel, found, settings, progress)


def _whitened(
    representation: Representation,
    kernel: Kernel,
    draws: Draws,
    settings: Settings,
    progress: Progress,
) -> Whitened:
    """Return draws on a map that is made from draws in standardised coordinates."""
    flat = draws.position.reshape(-1, representation.size)
    chosen = np.linspace(0, flat.shape[0] - 1, min(PILOT_USED, flat.shape[0])).astype(int)
    item = map_from_draws(representation, flat[chosen])
    stage = Stage(
        "evidence", max(settings.tune // 2, 1), draws.position.shape[1], settings.chains,
        settings.cores, (settings.seed, _STREAM), PLAN,
    )  # fmt: skip
    found = run_stage(kernel, item, stage, progress)
    if not found.finished:
        raise KeyboardInterrupt
    return Whitened(item, found.whitened, found.stats["logp"])


def _bridged(kernel: Kernel, found: Whitened, settings: Settings, progress: Progress) -> Evidence:
    item, position, at_draws = found
    chains, length, size = position.shape
    address = Address(kernel, item.arrays())
    flat = np.ascontiguousarray(position.reshape(-1, size))
    rng = np.random.default_rng([settings.seed, _STREAM])
    normal = np.asarray(rng.standard_normal(flat.shape))
    points = np.concatenate([-flat, normal, -normal])
    values = _densities(points, address, settings.cores, progress)
    reflected, at_normal, at_mirrored = values.reshape(3, -1)
    symmetric = np.logaddexp(at_draws.ravel(), reflected) - np.log(2)
    of_draws = (symmetric - _log_normal(flat)).reshape(chains, length)
    of_normal = np.logaddexp(at_normal, at_mirrored) - np.log(2) - _log_normal(normal)
    centre = flat[int(np.argmin(np.einsum("ij,ij->i", flat, flat)))]
    volume = _constant(kernel, item, address, np.zeros(size))
    check = _constant(kernel, item, address, centre)
    if not abs(volume - check) < _JACOBIAN_TOLERANCE:
        raise SamplingError(
            f"the map's Jacobian differs from what its density says by {volume - check:.3g}: no"
            " evidence can be had on it"
        )
    ratio, error = _bridge(of_draws, of_normal)
    half = length // 2
    halves = [
        _bridge(of_draws[:, part], of_normal[place::2])[0]
        for place, part in enumerate((slice(half), slice(half, None)))
    ]
    return Evidence(
        log_value=float(ratio - volume),
        error=max(error, abs(halves[0] - halves[1]) / 2),
        divergence=float(of_draws.mean() - of_normal[np.isfinite(of_normal)].mean()),
    )


def _bridge(of_draws: np.ndarray, of_normal: np.ndarray) -> tuple[float, float]:
    """Return log Z and its Monte Carlo standard error.

    Parameters
    ----------
    of_draws : ndarray, shape (chain, draw)
        log p - log g at draws of the posterior.
    of_normal : ndarray, shape (draw,)
        The same at draws of g; minus infinity where the density is zero.
    """
    of_normal = np.where(np.isfinite(of_normal), of_normal, -np.inf)
    flat, other = of_draws.ravel(), of_normal.size
    effective = float(flat.size)
    log_z = float(np.median(flat))
    above, below, weight = of_normal, flat, of_draws
    for _ in range(2):  # the second time with the draws' effective number
        share = np.log([effective, other]) - np.log(effective + other)
        for _ in range(_MOST_ROUNDS):
            above = of_normal - np.logaddexp(share[0] + of_normal, share[1] + log_z)
            below = -np.logaddexp(share[0] + flat, share[1] + log_z)
            found = (logsumexp(above) - np.log(other)) - (logsumexp(below) - np.log(flat.size))
            change, log_z = abs(found - log_z), float(found)
            if change < _CLOSE:
                break
        weight = np.exp(below + log_z).reshape(of_draws.shape)
        effective = _effective(weight)
    one = np.exp(above)
    squared = np.var(one) / np.mean(one) ** 2 / other
    squared += np.var(weight) / np.mean(weight) ** 2 / effective
    return log_z, float(np.sqrt(squared))


def _effective(values: np.ndarray) -> float:
    """Return the effective number of draws, (chain, draw), for their mean; at most all."""
    from arviz_stats.base import array_stats

    if np.ptp(values) < 1e-12:
        return float(values.size)
    found = float(array_stats.ess(values, method="mean", chain_axis=0, draw_axis=1))
    return float(np.clip(found, 1.0, values.size)) if np.isfinite(found) else 1.0


def _log_normal(points: np.ndarray) -> np.ndarray:
    return np.asarray(
        -0.5 * np.einsum("ij,ij->i", points, points) - 0.5 * _LOG_2PI * points.shape[1]
    )


def _densities(points: np.ndarray, address: Address, cores: int, progress: Progress) -> np.ndarray:
    """Return the log density on the map at every point."""
    found = np.empty(points.shape[0])
    starts = range(0, points.shape[0], _BLOCK)

    def work(start: int) -> None:
        part = slice(start, start + _BLOCK)
        _densities_at(points[part], found[part], address.code, address.data)

    with ThreadPoolExecutor(cores) as pool:
        for done, _ in enumerate(pool.map(work, starts), start=1):
            progress("evidence", min(done * _BLOCK, points.shape[0]), points.shape[0])
    return found


@njit(cache=True, nogil=True)
def _densities_at(points: np.ndarray, out: np.ndarray, k: Any, m: Any) -> None:
    """Write the log density at rows of whitened coordinates."""
    gradient = np.empty(points.shape[1])
    for row in range(points.shape[0]):
        out[row] = density_at(points[row], gradient, k, m)


def _constant(kernel: Kernel, item: Map, address: Address, at: np.ndarray) -> float:
    """Return what the log density on the map has beyond density and log Jacobian; a constant."""
    size = at.size
    steps = _STEP * np.eye(size)
    moved = item.position(np.concatenate([at + steps, at - steps]), kernel)
    jacobian = (moved[:size] - moved[size:]) / (2 * _STEP)
    _, log_volume = np.linalg.slogdet(jacobian)
    on_map = np.empty(1)
    _densities_at(at[None], on_map, address.code, address.data)
    plain = log_density(item.position(at[None], kernel)[0], np.empty(size), kernel)
    return float(on_map[0] - plain - log_volume)
