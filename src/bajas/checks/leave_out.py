"""Posterior predictive densities of some observations, and weights for a posterior without them.

The posterior without a group G of observations has density ratio 1 / p(y_G | x) to the posterior
with it. Where G's source has biases that no other observation knows, they revert to their prior
and say nothing about losses: with x = (rest, own), the ratio for the rest alone is

    1 / p(y_G | rest),    p(y_G | rest) = integral of p(y_G | rest, own) p(own) over own,

which varies far less between draws. The integral is taken in every draw by importance sampling from
a mixture of a Student-t around its mode and one as wide as the prior, with the same randomised
quasi-random points in all draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import gammaln, logsumexp
from scipy.stats import chi2, norm, qmc

from bajas.model.family import log_likelihood
from bajas.model.representation import Representation
from bajas.posterior.densities import ObservationDraws
from bajas.posterior.posterior import Posterior

#: Points of the integral over own biases in every draw, around its mode and over the prior (in
#: case there is a second mode); powers of two.
POINTS, DEFENCE = 32, 32
#: Degrees of freedom of the distribution that they come from.
_TAILS = 8.0
_STEPS = 12


@dataclass(frozen=True, eq=False)
class OwnBiases:
    """Coordinates that only some observations know, with their independent priors.

    Parameters
    ----------
    loading : ndarray, shape (observation of the group, coordinate)
        How they enter the observations.
    values : ndarray, shape (draw, coordinate)
        In each draw.
    mean, scale : ndarray, shape (coordinate,)
        Of their priors.
    degrees_of_freedom : ndarray, shape (coordinate,)
        Infinite for a normal.
    """

    loading: np.ndarray
    values: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    degrees_of_freedom: np.ndarray

    def log_prior(self, values: np.ndarray) -> np.ndarray:
        """Return the log prior density, summed over coordinates."""
        z = (values - self.mean) / self.scale
        normal = np.isinf(self.degrees_of_freedom)
        nu = np.where(normal, 1.0, self.degrees_of_freedom)
        heavy = (
            gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
            - (nu + 1) / 2 * np.log1p(z**2 / nu)
        )  # fmt: skip
        light = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
        return np.asarray((np.where(normal, light, heavy) - np.log(self.scale)).sum(axis=-1))

    def part(self, rows: np.ndarray, columns: np.ndarray) -> OwnBiases:
        """Return some of the coordinates, as they enter some of the observations."""
        return OwnBiases(
            self.loading[np.ix_(rows, columns)], self.values[:, columns], self.mean[columns],
            self.scale[columns], self.degrees_of_freedom[columns],
        )  # fmt: skip


def log_predictive(
    posterior: Posterior,
    seen: ObservationDraws,
    rows: Sequence[int],
    *,
    seed: int = 0,
    integrate: bool = True,
) -> np.ndarray:
    """Return the log density of some observations together, given all that others know.

    Parameters
    ----------
    posterior : Posterior
        Draws, with the observations in its representation.
    seen : ObservationDraws
        Of the same draws.
    rows : sequence of int
        Which observations.
    seed : int
        Of the points of the integral.
    integrate : bool
        Over biases that only these observations know; else they are those of the draw.

    Returns
    -------
    ndarray, shape (chain, draw)
    """
    picked = np.asarray(rows)
    own = own_biases(posterior, picked) if integrate else None
    if own is None:
        return np.asarray(seen.log_likelihood[..., picked].sum(axis=-1))
    representation = posterior.representation
    mu = seen.mu[..., picked].reshape(-1, picked.size)
    sigma = seen.sigma[..., picked].reshape(-1, picked.size)
    total = np.zeros(len(mu))
    size = picked.size
    graph = np.zeros((size + own.mean.size,) * 2)  # observations, then coordinates
    graph[:size, size:] = own.loading
    _, label = connected_components(sparse.csr_array(graph), directed=False)
    for part in np.unique(label):
        among = np.flatnonzero(label[:size] == part)
        columns = np.flatnonzero(label[size:] == part)
        if not columns.size:
            flat = seen.log_likelihood.reshape(-1, len(representation.names))
            total += flat[:, picked[among]].sum(axis=-1)
            continue
        total += _integral(
            representation, picked[among], mu[:, among], sigma[:, among],
            own.part(among, columns), seed,
        )  # fmt: skip
    return total.reshape(seen.mu.shape[:-1])


def own_biases(posterior: Posterior, rows: np.ndarray) -> OwnBiases | None:
    """Return the biases that only some observations know; None if there are none.

    Walks and elements with correlated or uncertain scales aren't among them: they stay those of
    the draw.
    """
    representation = posterior.representation
    mine = np.zeros(len(representation.names), dtype=bool)
    mine[rows] = True
    loadings, values, mean, scale, degrees = [], [], [], [], []
    in_losses = _used(representation.node_design) | _used(representation.log_noise)
    only = _used(representation.reporting[mine]) & ~_used(representation.reporting[~mine])
    for term in representation.terms:
        part = representation.term_slices[term.name]
        plain = term.structure == "independent" and not (term.scale_by or term.correlated_by)
        columns = np.arange(part.start, part.stop)
        columns = columns[(only & ~in_losses)[part]] if plain else columns[:0]
        if columns.size:
            loadings.append(representation.reporting[rows][:, columns].toarray())
            values.append(posterior.field_draws[..., columns].reshape(-1, columns.size))
            mean.append(term.mean.ravel()[columns - part.start])
            scale.append(term.scale.ravel()[columns - part.start])
            degrees.append(np.full(columns.size, np.inf))
    only = _used(representation.effects[mine]) & ~_used(representation.effects[~mine])
    only[representation.noise[representation.noise >= 0]] = False
    for hyper in representation.hyperparameters:
        part = representation.hyper_slices[hyper.name]
        places = np.flatnonzero(only[part])
        if places.size and hyper.family in ("normal", "student_t"):
            loadings.append(representation.effects[rows][:, places + part.start].toarray())
            values.append(posterior.hyper_draws[hyper.name][..., places].reshape(-1, places.size))
            mean.append(hyper.location[places])
            scale.append(hyper.scale[places])
            nu = hyper.degrees_of_freedom if hyper.family == "student_t" else np.inf
            degrees.append(np.full(places.size, nu))
    if not loadings:
        return None
    return OwnBiases(
        np.concatenate(loadings, axis=1), np.concatenate(values, axis=1), np.concatenate(mean),
        np.concatenate(scale), np.concatenate(degrees),
    )  # fmt: skip


def _used(matrix: sparse.csr_array) -> np.ndarray:
    filled = np.zeros(matrix.shape[1], dtype=bool)
    filled[matrix.tocoo().col] = True
    return filled


def _integral(
    representation: Representation,
    rows: np.ndarray,
    mu: np.ndarray,
    sigma: np.ndarray,
    own: OwnBiases,
    seed: int,
) -> np.ndarray:
    """Return the log of the integral over own biases in every draw, shape (draw,)."""
    loading, size = own.loading, own.mean.size
    base = mu - own.values @ loading.T

    def likelihood(locations: np.ndarray) -> np.ndarray:
        return log_likelihood(
            representation.log_value[rows], locations, sigma, representation.form[rows],
            representation.degrees_of_freedom, representation.count[rows],
        )  # fmt: skip

    step = np.where(representation.form[rows] < 3, 0.05 * sigma, 1e-3)
    stiffness = np.diag(1 / own.scale**2)
    b = own.values.copy()
    for turn in range(_STEPS + 1):
        at = base + b @ loading.T
        here, above, below = likelihood(at), likelihood(at + step), likelihood(at - step)
        slope = (above - below) / (2 * step)
        bend = np.maximum((2 * here - above - below) / step**2, 0.0)
        precision = np.einsum("sn,nj,nk->sjk", bend, loading, loading) + stiffness
        if turn == _STEPS:
            break
        uphill = slope @ loading - (b - own.mean) / own.scale**2
        move = np.linalg.solve(precision, uphill[..., None])[..., 0]
        # far from the mode curvatures mislead: no step longer than the prior is wide
        longest = np.max(np.abs(move) / own.scale, axis=-1, keepdims=True)
        b = b + move / np.maximum(longest, 1.0)
    root = np.linalg.cholesky(precision)  # precision = root root'
    spread = np.linalg.inv(root).transpose(0, 2, 1)
    log_root = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=-1)
    log_scale = np.log(own.scale).sum()

    def density(there: np.ndarray) -> np.ndarray:
        """Return the log density of the mixture that the points come from."""
        near = (root.transpose(0, 2, 1) @ (there - b)[..., None])[..., 0]
        wide = (there - own.mean) / own.scale
        found: np.ndarray = np.logaddexp(
            np.log(POINTS / (POINTS + DEFENCE)) + _log_student(near) + log_root,
            np.log(DEFENCE / (POINTS + DEFENCE)) + _log_student(wide) - log_scale,
        )
        return found

    around = _points(POINTS, size, seed)
    astray = np.broadcast_to(own.mean + own.scale * _points(DEFENCE, size, seed + 1)[:, None],
                             (DEFENCE, *b.shape))  # fmt: skip
    found = np.empty((POINTS + DEFENCE, len(b)))
    for index in range(POINTS + DEFENCE):
        there = b + spread @ around[index] if index < POINTS else astray[index - POINTS]
        found[index] = (
            likelihood(base + there @ loading.T).sum(axis=-1)
            + own.log_prior(there)
            - density(there)
        )
    return np.asarray(logsumexp(found, axis=0) - np.log(len(found)))


def _points(count: int, size: int, seed: int) -> np.ndarray:
    """Return randomised quasi-random points of a standard multivariate Student-t."""
    uniform = qmc.Sobol(size + 1, scramble=True, rng=seed).random(count)
    uniform = np.clip(uniform, 1e-9, 1 - 1e-9)
    stretch = np.sqrt(chi2.ppf(uniform[:, size:], _TAILS) / _TAILS)
    return np.asarray(norm.ppf(uniform[:, :size]) / stretch)


def _log_student(points: np.ndarray) -> np.ndarray:
    size = points.shape[-1]
    constant = (
        gammaln((_TAILS + size) / 2) - gammaln(_TAILS / 2) - size / 2 * np.log(_TAILS * np.pi)
    )
    return np.asarray(constant - (_TAILS + size) / 2 * np.log1p((points**2).sum(axis=-1) / _TAILS))
