"""A linear map to coordinates in which the posterior is nearly standard normal.

In standardised coordinates z the prior is white, but the claims fix some directions a hundred times
better than others and tie the level to the biases. With J the Jacobian of the observations'
locations and F their Fisher information at a reference point, the posterior precision is about
H = I + J' F J (plus the information about the noise scales). Sampling u with

    z = centre + T u,    T T' = H^-1,

takes those differences out. The change of variables is linear, so its Jacobian is constant and the
posterior is exactly the same whatever T is; only the length of the trajectories depends on it.

The joint mode is no good reference point: scales collapse there. A first map is taken at the mode
of the field with the scales held at their prior medians, found by damped Gauss-Newton steps; a
second one averages the precision over the draws of a short pilot run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from bajas.model.family import AT_LEAST, POINT, log_distribution_t4
from bajas.model.representation import Representation

#: Above this many parameters a dense map costs more than it saves.
LARGEST = 2500


@dataclass(frozen=True, eq=False)
class Whitening:
    """An affine map from whitened to standardised coordinates.

    Parameters
    ----------
    centre : ndarray, shape (size,)
        Reference point in standardised coordinates.
    matrix : ndarray, shape (size, size)
        T, with T T' the inverse of the approximate posterior precision.
    """

    centre: np.ndarray
    matrix: np.ndarray

    def position(self, whitened: np.ndarray) -> np.ndarray:
        """Return standardised coordinates of whitened ones (any leading dims)."""
        return np.asarray(self.centre + whitened @ self.matrix.T)


def find_whitening(representation: Representation, steps: int = 60) -> Whitening:
    """Find the whitening map of a representation.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    steps : int
        Largest number of Gauss-Newton steps. A map from a point short of the mode is still exact.
    """
    position = np.zeros(representation.size)
    density = representation.standard_log_density(position)
    held = representation.field_size + np.flatnonzero(_log_slopes(representation))
    damping = 1.0
    for _ in range(steps):
        gradient, precision = curvature(representation, position)
        gradient[held] = 0.0
        precision[held, :] = 0.0
        precision[:, held] = 0.0
        precision[held, held] = 1.0
        moved = False
        while damping < 1e6:
            step = linalg.solve(
                precision + (damping - 1.0) * np.eye(position.size), gradient, assume_a="pos"
            )
            proposal = position + step
            value = representation.standard_log_density(proposal)
            if np.isfinite(value) and value > density:
                moved = True
                break
            damping *= 4.0
        if not moved:
            break
        gain = value - density
        position, density = proposal, value
        damping = max(1.0, damping / 4.0)
        if gain < 1e-3:
            break
    return _whiten(position, curvature(representation, position)[1])


def whitening_from_draws(representation: Representation, draws: np.ndarray) -> Whitening:
    """Return the whitening map of the average precision over pilot draws.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : ndarray, shape (draw, size)
        Draws in standardised coordinates, a few dozen spread over the chains.
    """
    precision = np.mean([curvature(representation, draw)[1] for draw in draws], axis=0)
    return _whiten(draws.mean(axis=0), precision)


def _whiten(centre: np.ndarray, precision: np.ndarray) -> Whitening:
    factor = linalg.cholesky(precision, lower=True)
    matrix = linalg.solve_triangular(factor, np.eye(centre.size), lower=True).T
    return Whitening(centre, np.ascontiguousarray(matrix))


def curvature(
    representation: Representation, position: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient and approximate precision of the posterior in standardised coordinates.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    position : ndarray, shape (size,)
        Standardised coordinates.

    Returns
    -------
    gradient : ndarray, shape (size,)
        Exact gradient of the log density.
    precision : ndarray, shape (size, size)
        Gauss-Newton approximation of the negative Hessian, positive definite.
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
    slopes = _log_slopes(representation)
    columns = representation.field_size + representation.noise
    noise_jacobian[np.arange(mu.size), columns] = share * slopes[representation.noise]

    gradient = jacobian.T @ score + noise_jacobian.T @ score_sigma + _prior_gradient(
        representation, position
    )
    precision = jacobian.T @ (information[:, None] * jacobian)
    points = representation.points
    if representation.degrees_of_freedom == 4.0:
        about_sigma = np.where(points, 8.0 / 7.0, 0.0)
    else:
        about_sigma = np.where(points, 2.0, 0.0)
    precision += noise_jacobian.T @ (about_sigma[:, None] * noise_jacobian)
    precision[np.diag_indices_from(precision)] += _prior_precision(representation, position)
    return gradient, precision


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
            slopes = _log_slopes(representation)[columns]
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


def _log_slopes(representation: Representation) -> np.ndarray:
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
        from scipy.special import log_ndtr

        ratio = np.exp(-0.5 * toward**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(toward))
        bend = ratio * (toward + ratio)
    bounds = representation.form != POINT
    score = np.where(bounds, -sign * ratio / sigma, score)
    information = np.where(bounds, np.maximum(bend, 0.0) / sigma**2, information)
    score_sigma = np.where(bounds, -toward * ratio, score_sigma)
    return score, information, score_sigma
