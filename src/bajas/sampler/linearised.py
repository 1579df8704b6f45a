"""What the claims know about the field: their Fisher information, averaged over some positions.

With J the Jacobian of the observations' locations by the steps of the field and W their expected
information, J' W J is the claims' share of the posterior precision (Gauss-Newton). The map is built
from it; the density that is sampled is not.

Steps are innovations of walks, and elements of other terms, in units of their fixed scale: the
standardised coordinate times the scale hyperparameter. Hyperparameters are in their own
standardised coordinates; they are there as what moves locations, not as scales. Cost and memory
grow with the claims' cells and with the square of the number of steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import log_ndtr, polygamma

from bajas.model.family import (
    AT_LEAST,
    NEGATIVE_BINOMIAL,
    POINT,
    POISSON,
    log_distribution_t4,
)
from bajas.model.representation import Representation

#: Cells of a block that is summed up once for all runs that hold the whole of it.
_BLOCK = 16

#: Cells that are summed up per position, at most, over all positions together.
_WORK = 2e7


@dataclass(frozen=True, eq=False)
class Linearised:
    """The claims near some positions, in steps of the field and standardised hyperparameters.

    Parameters
    ----------
    information : ndarray, shape (size, size)
        J' W J about locations, averaged.
    about_noise : ndarray, shape (observation,)
        Information of each observation about the log of its noise scale, averaged.
    jacobian : csr_array, shape (observation, field)
        Of the locations by the field (not its steps), at the last position.
    weight : ndarray, shape (observation,)
        W, averaged.
    noise_share : ndarray, shape (observation,)
        d log sigma / d log of the noise scale, averaged.
    """

    information: np.ndarray
    about_noise: np.ndarray
    jacobian: sparse.csr_array
    weight: np.ndarray
    noise_share: np.ndarray


def linearise(representation: Representation, draws: np.ndarray) -> Linearised:
    """Return the claims' information averaged over positions.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : ndarray, shape (draw, size)
        Standardised positions; as many of them are used as the work allows.
    """
    lengths = representation.runs.stop - representation.runs.start
    used = int(np.clip(_WORK / max(int(lengths.sum()), 1), 4, draws.shape[0]))
    draws = draws[np.linspace(0, draws.shape[0] - 1, min(used, draws.shape[0])).astype(int)]
    total = sparse.csr_array((representation.size, representation.size))
    weights, abouts, shares = [], [], []
    for position in draws:
        field, hyper = representation.unpack(position)
        jacobian, by_weight = by_field(representation, field, hyper)
        mu, sigma = representation.location(field, hyper), representation.noise_scale(hyper, field)
        weight, about = information(representation, mu, sigma)
        share = noise_share(representation, field, hyper, sigma)
        whole = sparse.hstack([jacobian, _by_hyper(representation, hyper, by_weight)], format="csr")
        total = total + whole.T @ sparse.diags_array(weight) @ whole
        if representation.log_noise.nnz:
            noise = sparse.csr_array(representation.log_noise)
            added = noise.T @ sparse.diags_array(about * share**2) @ noise
            total = total + sparse.block_diag(
                [added, sparse.csr_array((representation.hyper_size,) * 2)], format="csr"
            )
        weights.append(weight)
        abouts.append(about)
        shares.append(share)
    dense = np.asarray((total / draws.shape[0]).todense())
    return Linearised(
        information=_by_steps(representation, _by_steps(representation, dense).T),
        about_noise=np.mean(abouts, axis=0),
        jacobian=sparse.csr_array(jacobian),
        weight=np.mean(weights, axis=0),
        noise_share=np.mean(shares, axis=0),
    )


def by_field(
    representation: Representation, field: np.ndarray, hyper: dict[str, np.ndarray]
) -> tuple[sparse.csr_array, np.ndarray]:
    """Return the Jacobian of the observations' locations by the field, and by run weights.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    field : ndarray, shape (field,)
        Where.
    hyper : dict of str to ndarray
        Natural values.

    Returns
    -------
    jacobian : csr_array, shape (observation, field)
        By the field.
    by_weight : ndarray, shape (run,)
        Of each run's observation by the run's weight.
    """
    intensity = np.exp(representation.log_intensity(field))
    total = np.exp(representation.expected_log(field, hyper))
    runs, weight = representation.runs, representation.run_weights(hyper)
    by_cell = sparse.csr_array(representation.interpolation.multiply(intensity[:, None]))
    stretches, by_block = _in_blocks(representation)
    shares = stretches.multiply((weight / total[runs.observation])[:, None])
    adding = sparse.csr_array(
        (np.ones(weight.size), (runs.observation, np.arange(weight.size))),
        shape=(len(representation.names), weight.size),
    )
    parts = sparse.vstack([by_cell, by_block @ by_cell], format="csr")
    found = (adding @ (sparse.csr_array(shares) @ parts)) @ representation.node_design
    running, (start, stop) = runs.running(intensity), runs.places
    by_weight = (running[stop] - running[start]) / total[runs.observation]
    return sparse.csr_array(found + representation.reporting), by_weight


def _in_blocks(representation: Representation) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return runs as sums of cells and of whole blocks of cells, and the blocks' cells.

    A long run has few of both, so that cost and memory don't grow with every day of every claim,
    and nothing is subtracted, so that a short run loses no digits beside a long one.

    Returns
    -------
    stretches : csr_array, shape (run, cell + block)
        Ones: the cells at a run's ends, then the blocks between.
    blocks : csr_array, shape (block, cell)
        Ones.
    """
    runs, cells = representation.runs, representation.cell_count
    count = -(-cells // _BLOCK)
    first, last = -(-runs.start // _BLOCK), runs.stop // _BLOCK
    inside = first < last
    # before the first whole block, the blocks, and after the last; or the run alone
    head = np.where(inside, first * _BLOCK, runs.stop)
    tail = np.where(inside, last * _BLOCK, runs.stop)
    begin = np.stack([runs.start, tail, cells + first], axis=1)
    end = np.stack([head, runs.stop, cells + np.where(inside, last, first)], axis=1)
    lengths = (end - begin).ravel()
    shift = begin.ravel() - np.concatenate([[0], np.cumsum(lengths)[:-1]])
    columns = np.arange(lengths.sum()) + np.repeat(shift, lengths)
    rows = np.concatenate([[0], np.cumsum(lengths.reshape(-1, 3).sum(axis=1))])
    shape = (runs.start.size, cells + count)
    stretches = sparse.csr_array((np.ones(columns.size), columns, rows), shape=shape)
    place = np.arange(cells)
    blocks = sparse.csr_array((np.ones(cells), (place // _BLOCK, place)), shape=(count, cells))
    return stretches, blocks


def _by_hyper(
    representation: Representation, hyper: dict[str, np.ndarray], by_weight: np.ndarray
) -> sparse.csr_array:
    """Return the Jacobian of the locations by standardised hyperparameters.

    By what enters linearly and by delays and shapes of curves; noise scales are no part of it.
    """
    parts = [np.zeros(0)]
    for h in representation.hyperparameters:
        if h.family in ("normal", "student_t"):
            parts.append(h.scale.astype(float))
        elif h.family == "partial_correlation":
            parts.append(1 - hyper[h.name] ** 2)
        else:
            parts.append(hyper[h.name] * (1.0 if h.family == "half_normal" else h.scale))
    slope = np.concatenate(parts)
    found = sparse.csr_array(representation.effects)
    if len(representation.curves):
        theta = np.concatenate([hyper[h.name] for h in representation.hyperparameters])
        runs, (delay, shape) = representation.runs, representation.curves.T
        at = np.flatnonzero(runs.curve >= 0)
        of = runs.curve[at]
        for place, moved in zip(
            (delay, shape), runs.weight_slopes(theta[delay], theta[shape]), strict=True
        ):
            values = moved[at] * by_weight[at] / theta[place][of]
            found = found + sparse.csr_array(
                (values, (runs.observation[at], place[of])), shape=found.shape
            )
    return sparse.csr_array(found @ sparse.diags_array(slope))


def steps_of(representation: Representation, by_field_rows: np.ndarray) -> np.ndarray:
    """Return derivatives by steps from those by the field, shape (row, field)."""
    found = np.array(by_field_rows, dtype=float)
    for term in representation.terms:
        part = representation.term_slices[term.name]
        block = found[:, part].reshape(-1, *term.shape)
        if term.structure == "random_walk":  # transpose of the cumulative sum
            block = np.flip(np.cumsum(np.flip(block, axis=-1), axis=-1), axis=-1)
        found[:, part] = (block * term.scale).reshape(found.shape[0], -1)
    return found


def _by_steps(representation: Representation, rows: np.ndarray) -> np.ndarray:
    size = representation.field_size
    return np.hstack([steps_of(representation, rows[:, :size]), rows[:, size:]])


def noise_share(
    representation: Representation,
    field: np.ndarray,
    hyper: dict[str, np.ndarray],
    sigma: np.ndarray,
) -> np.ndarray:
    """Return d log sigma / d log of the noise scale of each observation; 1 for counts."""
    # a one at the end, where a noise of -1 points to
    theta = np.concatenate([*(hyper[h.name] for h in representation.hyperparameters), [1.0]])
    own = theta[representation.noise]
    own = own * np.exp(representation.log_noise @ field)
    return np.where(representation.form >= POISSON, 1.0, own**2 / sigma**2)


def information(
    representation: Representation, mu: np.ndarray, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected information of each observation about mu and about log sigma.

    Expected over its figure, but for bounds, which have the curvature that they show. For counts
    log sigma is log phi; the information about it is that of a gamma distribution of shape phi,
    discounted by the share of the variance that it makes up.
    """
    form = representation.form
    about_mu, about_sigma = np.zeros_like(mu), np.zeros_like(mu)
    heavy = representation.degrees_of_freedom == 4.0

    at = form == POINT
    about_mu[at] = (5.0 / 7.0 if heavy else 1.0) / sigma[at] ** 2
    about_sigma[at] = 8.0 / 7.0 if heavy else 2.0

    at = (form != POINT) & (form < POISSON)
    sign = np.where(form[at] == AT_LEAST, -1.0, 1.0)
    toward = sign * (representation.log_value[at] - mu[at]) / sigma[at]
    if heavy:
        log_density = np.log(0.375) - 2.5 * np.log1p(toward**2 / 4)
        ratio = np.exp(log_density - log_distribution_t4(toward))
        bend = ratio * (5 * toward / (4 + toward**2) + ratio)
    else:
        ratio = np.exp(-0.5 * toward**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(toward))
        bend = ratio * (toward + ratio)
    about_mu[at] = np.maximum(bend, 0.0) / sigma[at] ** 2

    at = form == POISSON
    about_mu[at] = np.exp(mu[at])
    at = form == NEGATIVE_BINOMIAL
    mean, phi = np.exp(mu[at]), sigma[at]
    about_mu[at] = mean * phi / (phi + mean)
    few = np.minimum(phi, 1e4)  # phi^2 trigamma(phi) - phi tends to 1/2
    about_sigma[at] = (few**2 * polygamma(1, few) - few) * (mean / (phi + mean)) ** 2
    return about_mu, about_sigma
