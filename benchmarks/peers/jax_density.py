"""The log density of any representation in JAX, in standardised coordinates.

Written as one would by hand for speed in JAX: a sparse matrix of equal blocks along the diagonal is
a dense product; rows with about as many entries each are gathered and summed; others are segment
sums; parts that a representation doesn't have are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, log_ndtr
from scipy import sparse
from scipy.special import gammaln as numpy_gammaln

from bajas.model.family import (
    AT_LEAST,
    LOG_NORMAL_CONSTANT,
    LOG_T4_CONSTANT,
    NEGATIVE_BINOMIAL,
    POINT,
    POISSON,
)
from bajas.model.representation import Representation
from bajas.model.term import Hyperparameter, Term

#: A matrix is gathered row by row if that reads at most so many times its entries.
_PADDING = 2.0
#: A block that is repeated along the diagonal is a dense product up to so many elements.
_LARGEST_BLOCK = 100_000


def jax_log_density(representation: Representation) -> Callable[[jax.Array], jax.Array]:
    """Return the log density as a function of standardised positions, up to a constant.

    Needs ``jax.config.update("jax_enable_x64", True)`` beforehand.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    """
    r = representation
    node_design, interpolation = _times(r.node_design), _times(r.interpolation)
    reporting, effects, log_noise = _times(r.reporting), _times(r.effects), _times(r.log_noise)
    runs, observations = r.runs, len(r.names)
    if len(r.curves):
        raise ValueError("the JAX density has no completeness curves")
    start, stop = runs.places
    running_sums = _running_sums([0, *runs.edges, r.cell_count])
    single = runs.observation.size == observations
    likelihood = _likelihood(r)
    has_noise = bool(np.any(r.noise >= 0))
    some = np.flatnonzero(r.noise >= 0)
    all_scaled = some.size == observations

    def log_density(position: jax.Array) -> jax.Array:
        standard, rest = position[: r.field_size], position[r.field_size :]
        value = -0.5 * jnp.sum(standard**2)
        hyper: dict[str, jax.Array] = {}
        for item in r.hyperparameters:
            block = rest[r.hyper_slices[item.name]]
            natural, log_prior = _hyperparameter(item, block)
            hyper[item.name] = natural
            value += log_prior
        terms = [_term(t, standard[r.term_slices[t.name]], hyper) for t in r.terms]
        field = jnp.concatenate(terms)
        theta = jnp.concatenate([jnp.zeros(0), *(hyper[h.name] for h in r.hyperparameters)])
        intensity = jnp.exp(interpolation(node_design(field) + r.node_offset))
        running = running_sums(intensity)
        parts = runs.weight * (running[stop] - running[start])
        if not single:
            parts = jax.ops.segment_sum(
                parts, runs.observation, num_segments=observations, indices_are_sorted=True
            )
        mu = jnp.log(parts) + reporting(field)
        if r.effects.nnz:
            mu += effects(theta)
        scale = jnp.ones(observations)
        if all_scaled:
            scale = theta[r.noise]
        elif has_noise:
            scale = scale.at[some].set(theta[r.noise[some]])
        if r.log_noise.nnz:
            scale *= jnp.exp(log_noise(field))
        return value + likelihood(mu, scale)

    return log_density


def _running_sums(bounds: list[int]) -> Callable[[jax.Array], jax.Array]:
    """Return running sums between bounds, each after a zero."""
    lengths = set(np.diff(bounds))
    if len(lengths) == 1:

        def equal(intensity: jax.Array) -> jax.Array:
            sums = jnp.cumsum(intensity.reshape(len(bounds) - 1, -1), axis=1)
            return jnp.pad(sums, ((0, 0), (1, 0))).reshape(-1)

        return equal

    def unequal(intensity: jax.Array) -> jax.Array:
        pieces = []
        for first, last in pairwise(bounds):
            pieces += [jnp.zeros(1), jnp.cumsum(intensity[first:last])]
        return jnp.concatenate(pieces)

    return unequal


def _times(matrix: sparse.csr_array) -> Callable[[jax.Array], jax.Array]:
    """Return multiplication by a constant sparse matrix."""
    matrix = sparse.csr_array(matrix)
    matrix.sort_indices()
    rows = matrix.shape[0]
    lengths = np.diff(matrix.indptr)
    width = int(lengths.max(initial=0))
    if matrix.nnz == 0:
        return lambda vector: jnp.zeros(rows)
    if (repeated := _repeated_block(matrix)) is not None:
        copies, block = repeated
        return lambda vector: (vector.reshape(copies, -1) @ block.T).reshape(-1)
    row = np.repeat(np.arange(rows, dtype=np.int32), lengths)
    if rows * width <= _PADDING * matrix.nnz:
        columns = np.zeros((width, rows), dtype=np.int32)
        values = np.zeros((width, rows))
        place = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], lengths)
        columns[place, row], values[place, row] = matrix.indices, matrix.data
        return lambda vector: jnp.sum(values * vector[columns], axis=0)
    return lambda vector: jax.ops.segment_sum(
        matrix.data * vector[matrix.indices], row, num_segments=rows, indices_are_sorted=True
    )


def _repeated_block(matrix: sparse.csr_array) -> tuple[int, np.ndarray] | None:
    """Return how often one block is repeated along the diagonal, and that block, if it is so."""
    for copies in range(min(matrix.shape), 1, -1):
        if matrix.shape[0] % copies or matrix.shape[1] % copies:
            continue
        rows, columns = matrix.shape[0] // copies, matrix.shape[1] // copies
        if rows * columns > _LARGEST_BLOCK:
            return None
        block = matrix[:rows, :columns]
        if block.nnz * copies != matrix.nnz:
            continue
        whole = sparse.csr_array(sparse.block_diag([block] * copies, format="csr"))
        if (whole != matrix).nnz == 0:
            return copies, block.toarray()
    return None


def _hyperparameter(item: Hyperparameter, u: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return natural values and log prior in standardised coordinates."""
    if item.family == "half_normal":
        return item.scale * jnp.exp(u), jnp.sum(u - 0.5 * jnp.exp(2 * u))
    if item.family == "partial_correlation":
        log_cosh = jnp.abs(u) + jnp.log1p(jnp.exp(-2 * jnp.abs(u)))
        return jnp.tanh(u), jnp.sum(-2 * item.concentration * log_cosh)
    values = item.location + item.scale * u
    if item.family == "student_t":
        nu = item.degrees_of_freedom
        return values, jnp.sum(-(nu + 1) / 2 * jnp.log1p(u**2 / nu))
    if item.family == "log_normal":
        values = jnp.exp(values)
    return values, jnp.sum(-0.5 * u**2)


def _term(term: Term, standard: jax.Array, hyper: dict[str, jax.Array]) -> jax.Array:
    steps = standard.reshape(term.shape)
    if term.correlated_by is not None:
        size = term.shape[0]
        rows, columns = np.tril_indices(size, -1)
        y = jnp.zeros((size, size)).at[rows, columns].set(hyper[term.correlated_by])
        left = jnp.cumprod(jnp.sqrt((1 - y) * (1 + y)), axis=1)
        left = jnp.concatenate([jnp.ones((size, 1)), left[:, :-1]], axis=1)
        factor = (y + jnp.eye(size)) * left
        steps = (factor @ steps.reshape(size, -1)).reshape(term.shape)
    steps = term.scale * steps
    if term.scale_by is not None:
        steps *= hyper[term.scale_by].reshape(-1, *([1] * (len(term.shape) - 1)))
    if term.structure == "random_walk":
        steps = jnp.cumsum(steps, axis=-1)
    return (term.mean + steps).reshape(-1)


def _likelihood(r: Representation) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Return the sum of log likelihoods by location and scale, constants of counts left out."""
    points = np.flatnonzero(r.form == POINT)
    limits = np.flatnonzero((r.form != POINT) & (r.form < POISSON))
    sign = np.where(r.form[limits] == AT_LEAST, -1.0, 1.0)
    poisson = np.flatnonzero(r.form == POISSON)
    binomial = np.flatnonzero(r.form == NEGATIVE_BINOMIAL)
    heavy = r.degrees_of_freedom == 4.0

    def likelihood(mu: jax.Array, scale: jax.Array) -> jax.Array:
        value = jnp.zeros(())
        if points.size:
            sigma = jnp.sqrt(scale[points] ** 2 + r.log_sd[points] ** 2)
            t = (r.log_value[points] - mu[points]) / sigma
            value += jnp.sum(_log_point(t, heavy) - jnp.log(sigma))
        if limits.size:
            sigma = jnp.sqrt(scale[limits] ** 2 + r.log_sd[limits] ** 2)
            value += jnp.sum(_log_bound(sign * (r.log_value[limits] - mu[limits]) / sigma, heavy))
        if poisson.size:
            y = r.count[poisson]
            constant = float(-numpy_gammaln(y + 1).sum())
            value += constant + jnp.sum(y * mu[poisson] - jnp.exp(mu[poisson]))
        if binomial.size:
            value += _log_negative_binomial(r.count[binomial], mu[binomial], scale[binomial])
        return value

    return likelihood


def _log_point(t: jax.Array, heavy: bool) -> jax.Array:
    if heavy:
        return LOG_T4_CONSTANT - 2.5 * jnp.log1p(t * t / 4)
    return LOG_NORMAL_CONSTANT - 0.5 * t * t


def _log_bound(t: jax.Array, heavy: bool) -> jax.Array:
    if not heavy:
        return log_ndtr(t)
    s = t / jnp.sqrt(4 + t * t)
    below = jnp.minimum(t, 0.0)
    root = jnp.sqrt(4 + below * below)
    one_plus_s = jnp.where(t < 0, 4 / (root * (root - below)), 1 + s)
    return 2 * jnp.log(one_plus_s) + jnp.log(2 - s) - float(np.log(4))


def _log_negative_binomial(y: np.ndarray, mu: jax.Array, phi: jax.Array) -> jax.Array:
    """Return the usual form by log-gammas, as probabilistic languages have it."""
    both = jnp.logaddexp(mu, jnp.log(phi))
    constant = float(-numpy_gammaln(y + 1).sum())
    terms: Any = gammaln(y + phi) - gammaln(phi) + y * (mu - both) + phi * (jnp.log(phi) - both)
    return constant + jnp.sum(terms)
