"""Gradient and information of a representation's posterior at a point, in NumPy.

With J the Jacobian of the observations' locations in standardised coordinates and F their Fisher
information, the likelihood's share of the posterior precision is about J' F J (Gauss-Newton). The
map is built from it; the density that is sampled is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import log_ndtr

from bajas.model.family import AT_LEAST, POINT, log_distribution_t4
from bajas.model.representation import Representation


@dataclass(frozen=True, eq=False)
class Curvature:
    """The log density near a point, in standardised coordinates.

    Parameters
    ----------
    gradient : ndarray, shape (size,)
        Exact gradient of the log density.
    information : ndarray, shape (size, size)
        The claims' share of the precision, positive semidefinite.
    prior : ndarray, shape (size,)
        The prior's share: a diagonal.
    """

    gradient: np.ndarray
    information: np.ndarray
    prior: np.ndarray

    @property
    def precision(self) -> np.ndarray:
        """Approximate posterior precision."""
        return np.asarray(self.information + np.diag(self.prior))


def curvature(representation: Representation, position: np.ndarray) -> Curvature:
    """Return gradient and approximate precision of the posterior.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    position : ndarray, shape (size,)
        Standardised coordinates.
    """
    field, hyper = representation.unpack(position)
    theta = np.concatenate([hyper[h.name] for h in representation.hyperparameters])
    jacobian = location_jacobian(representation, field, hyper, position)
    mu = representation.location(field, hyper)
    sigma = representation.noise_scale(hyper)
    score, information, score_sigma = _scores(representation, mu, sigma)

    # log sigma moves with the log of its noise scale
    share = theta[representation.noise] ** 2 / sigma**2
    noise_jacobian = np.zeros_like(jacobian)
    slopes = log_slopes(representation)
    columns = representation.field_size + representation.noise
    noise_jacobian[np.arange(mu.size), columns] = share * slopes[representation.noise]

    gradient = (
        jacobian.T @ score
        + noise_jacobian.T @ score_sigma
        + _prior_gradient(representation, position)
    )
    matrix = jacobian.T @ (information[:, None] * jacobian)
    points = representation.points
    if representation.degrees_of_freedom == 4.0:
        about_sigma = np.where(points, 8.0 / 7.0, 0.0)
    else:
        about_sigma = np.where(points, 2.0, 0.0)
    matrix += noise_jacobian.T @ (about_sigma[:, None] * noise_jacobian)
    return Curvature(gradient, matrix, _prior_precision(representation, position))


def location_jacobian(
    representation: Representation,
    field: np.ndarray,
    hyper: dict[str, np.ndarray],
    position: np.ndarray,
) -> np.ndarray:
    """Return d mu / d position, shape (observation, size)."""
    intensity = np.exp(representation.log_intensity(field))
    log_total = representation.expected_log(field)
    runs = representation.runs
    lengths = runs.stop - runs.start
    rows = np.repeat(runs.observation, lengths)
    first = np.repeat(runs.start - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    cells = np.arange(lengths.sum()) + first
    weights = np.repeat(runs.weight, lengths) * intensity[cells] / np.exp(log_total)[rows]
    shares = sparse.csr_array(
        (weights, (rows, cells)), shape=(len(representation.names), intensity.size)
    )
    by_field = (shares @ representation.interpolation) @ representation.node_design
    by_field = np.asarray((by_field + representation.reporting).todense())

    jacobian = np.zeros((by_field.shape[0], representation.size))
    for term in representation.terms:
        part = representation.term_slices[term.name]
        block = by_field[:, part].reshape(-1, *term.shape)
        if term.structure == "random_walk":  # transpose of the cumulative sum
            block = np.flip(np.cumsum(np.flip(block, axis=-1), axis=-1), axis=-1)
        scaled = block * term.scales(hyper)
        jacobian[:, part] = scaled.reshape(by_field.shape[0], -1)
        if term.scale_by is not None:  # d x / d log scale = (x - mean) direction
            z = position[part].reshape(term.shape)
            moved = (scaled * z).reshape(by_field.shape[0], term.shape[0], -1).sum(axis=-1)
            target = representation.hyper_slices[term.scale_by]
            columns = np.arange(target.start, target.stop)
            slopes = log_slopes(representation)[columns]
            jacobian[:, representation.field_size + columns] += moved * slopes
    real = [
        (hyper_block, representation.hyper_slices[hyper_block.name])
        for hyper_block in representation.hyperparameters
        if hyper_block.family in ("normal", "student_t")
    ]
    effects = np.asarray(representation.effects.todense())
    for hyper_block, part in real:
        columns = np.arange(part.start, part.stop)
        jacobian[:, representation.field_size + columns] += effects[:, columns] * hyper_block.scale
    return jacobian


def log_slopes(representation: Representation) -> np.ndarray:
    """Return d log(value) / d standard of each positive hyperparameter, 0 for real ones."""
    parts = []
    for hyper in representation.hyperparameters:
        if hyper.family == "half_normal":
            parts.append(np.ones(hyper.size))
        elif hyper.family == "log_normal":
            parts.append(hyper.scale)
        else:
            parts.append(np.zeros(hyper.size))
    return np.concatenate(parts)


def _prior_gradient(representation: Representation, position: np.ndarray) -> np.ndarray:
    gradient = -position.copy()
    for hyper in representation.hyperparameters:
        part = representation.hyper_slices[hyper.name]
        where = slice(representation.field_size + part.start, representation.field_size + part.stop)
        u = position[where]
        if hyper.family == "half_normal":
            gradient[where] = 1 - np.exp(2 * u)
        elif hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            gradient[where] = -(nu + 1) * u / (nu + u * u)
    return gradient


def _prior_precision(representation: Representation, position: np.ndarray) -> np.ndarray:
    precision = np.ones(position.size)
    for hyper in representation.hyperparameters:
        part = representation.hyper_slices[hyper.name]
        where = slice(representation.field_size + part.start, representation.field_size + part.stop)
        if hyper.family == "half_normal":
            precision[where] = 2 * np.exp(2 * position[where])
        elif hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            precision[where] = (nu + 1) / (nu + 3)
    return np.maximum(precision, 0.05)


def _scores(
    representation: Representation, mu: np.ndarray, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return d logL / d mu, the information about mu, and d logL / d log sigma."""
    t = (representation.log_value - mu) / sigma
    heavy = representation.degrees_of_freedom == 4.0
    if heavy:
        slope = -5 * t / (4 + t * t)
        expected = np.full(t.size, 5.0 / 7.0)
    else:
        slope = -t
        expected = np.ones(t.size)
    score = -slope / sigma
    score_sigma = -1 - t * slope
    information = expected / sigma**2

    sign = np.where(representation.form == AT_LEAST, -1.0, 1.0)
    toward = sign * t
    if heavy:
        log_density = np.log(0.375) - 2.5 * np.log1p(toward**2 / 4)
        ratio = np.exp(log_density - log_distribution_t4(toward))
        bend = ratio * (5 * toward / (4 + toward**2) + ratio)
    else:
        ratio = np.exp(-0.5 * toward**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(toward))
        bend = ratio * (toward + ratio)
    bounds = representation.form != POINT
    score = np.where(bounds, -sign * ratio / sigma, score)
    information = np.where(bounds, np.maximum(bend, 0.0) / sigma**2, information)
    score_sigma = np.where(bounds, -toward * ratio, score_sigma)
    return score, information, score_sigma
