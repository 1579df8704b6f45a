"""Gradient and information of a posterior at a point, in dense NumPy: a reference for tests.

With J the Jacobian of the observations' locations in standardised coordinates and F their Fisher
information, the likelihood's share of the posterior precision is about J' F J (Gauss-Newton).
Nothing of it is shared with the sampler.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse
from scipy.special import erfcx, log_ndtr, polygamma

from bajas.model.correlation import partial_gradient
from bajas.model.family import (
    AT_LEAST,
    NEGATIVE_BINOMIAL,
    POINT,
    POISSON,
    log_distribution_t4,
    stirling_slope,
)
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
    # a one at the end, where a noise of -1 points to
    theta = np.concatenate([*(hyper[h.name] for h in representation.hyperparameters), [1.0]])
    jacobian = location_jacobian(representation, field, hyper, position)
    mu = representation.location(field, hyper)
    sigma = representation.noise_scale(hyper, field)
    score, information, score_sigma, about_sigma = _scores(representation, mu, sigma)

    # log sigma moves with the log of its noise scale
    found = representation.noise >= 0
    own2 = theta[representation.noise] ** 2
    if representation.log_noise.nnz:
        own2 = own2 * np.exp(2 * (representation.log_noise @ field))
    share = np.where(representation.form >= POISSON, 1.0, own2 / sigma**2)
    noise_jacobian = np.zeros_like(jacobian)
    if representation.log_noise.nnz:
        by_field = np.asarray(representation.log_noise.todense())
        noise_jacobian = _through_terms(representation, by_field, hyper, position)
        noise_jacobian *= share[:, None]
    slopes = log_slopes(representation)
    rows = np.flatnonzero(found)
    noise = representation.noise[rows]
    noise_jacobian[rows, representation.field_size + noise] += share[rows] * slopes[noise]

    gradient = (
        jacobian.T @ score
        + noise_jacobian.T @ score_sigma
        + _prior_gradient(representation, position)
    )
    matrix = jacobian.T @ (information[:, None] * jacobian)
    matrix += noise_jacobian.T @ (about_sigma[:, None] * noise_jacobian)
    return Curvature(gradient, matrix, _prior_precision(representation, position))


def field_mode(representation: Representation, steps: int = 60) -> np.ndarray:
    """Return the mode of field and effects, scales held, by damped Gauss-Newton steps."""
    position = np.zeros(representation.size)
    density = representation.standard_log_density(position)
    free = np.ones(representation.size, dtype=bool)
    free[representation.field_size + scale_columns(representation)] = False
    damping = 1.0
    for _ in range(steps):
        here = curvature(representation, position)
        precision = here.precision[np.ix_(free, free)]
        gain = -1.0
        while damping < 1e6:
            damped = precision + (damping - 1.0) * np.eye(int(free.sum()))
            proposal = position.copy()
            proposal[free] += linalg.solve(damped, here.gradient[free], assume_a="pos")
            gain = representation.standard_log_density(proposal) - density
            if np.isfinite(gain) and gain > 0:
                break
            damping *= 4.0
        if not gain > 0:
            break
        position, density = proposal, density + gain
        damping = max(1.0, damping / 4.0)
        if gain < 1e-3:
            break
    return position


def scale_columns(representation: Representation) -> np.ndarray:
    """Return the positive hyperparameters that are scales of terms or noise."""
    lists = [representation.curves.ravel(), np.unique(representation.effects.indices)]
    scaling = [
        np.arange(representation.hyper_size)[representation.hyper_slices[term.scale_by]]
        for term in representation.terms
        if term.scale_by is not None
    ]
    others = np.setdiff1d(np.concatenate(lists), np.concatenate([representation.noise, *scaling]))
    return np.setdiff1d(np.flatnonzero(log_slopes(representation)), others)


def location_jacobian(
    representation: Representation,
    field: np.ndarray,
    hyper: dict[str, np.ndarray],
    position: np.ndarray,
) -> np.ndarray:
    """Return d mu / d position, shape (observation, size)."""
    intensity = np.exp(representation.log_intensity(field))
    log_total = representation.expected_log(field, hyper)
    runs = representation.runs
    lengths = runs.stop - runs.start
    rows = np.repeat(runs.observation, lengths)
    first = np.repeat(runs.start - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    cells = np.arange(lengths.sum()) + first
    weight = representation.run_weights(hyper)
    weights = np.repeat(weight, lengths) * intensity[cells] / np.exp(log_total)[rows]
    shares = sparse.csr_array(
        (weights, (rows, cells)), shape=(len(representation.names), intensity.size)
    )
    by_field = (shares @ representation.interpolation) @ representation.node_design
    by_field = np.asarray((by_field + representation.reporting).todense())

    jacobian = _through_terms(representation, by_field, hyper, position)
    effects = np.asarray(representation.effects.todense())
    slopes = _slopes(representation, hyper)
    effects = effects + _by_curves(representation, intensity, np.exp(log_total), hyper)
    jacobian[:, representation.field_size :] += effects * slopes
    return jacobian


def _by_curves(
    representation: Representation,
    intensity: np.ndarray,
    total: np.ndarray,
    hyper: dict[str, np.ndarray],
) -> np.ndarray:
    """Return d mu / d theta by delays and shapes, run by run, shape (observation, hyperparameter).

    F(a) = 1 - exp(-(a / d)^k); dF/dd = -(k / d) z exp(-z), dF/dk = z log(a / d) exp(-z).
    """
    found = np.zeros((len(representation.names), representation.hyper_size))
    theta = np.concatenate([np.zeros(0), *(hyper[h.name] for h in representation.hyperparameters)])
    runs = representation.runs
    for r in np.flatnonzero(runs.curve >= 0):
        i = runs.observation[r]
        share = runs.weight[r] * intensity[runs.start[r] : runs.stop[r]].sum() / total[i]
        delay, shape = representation.curves[runs.curve[r]]
        d, k = theta[delay], theta[shape]
        for age, sign in ((runs.age[r], 1.0), (runs.since[r], -1.0)):
            if age == 0:
                continue
            z = min((age / d) ** k, 600.0)
            found[i, delay] -= sign * share * k / d * z * np.exp(-z)
            found[i, shape] += sign * share * z * np.log(age / d) * np.exp(-z)
    return found


def _through_terms(
    representation: Representation,
    by_field: np.ndarray,
    hyper: dict[str, np.ndarray],
    position: np.ndarray,
) -> np.ndarray:
    """Return derivatives by the position, shape (row, size), from those by the field."""
    jacobian = np.zeros((by_field.shape[0], representation.size))
    slopes = log_slopes(representation)
    for term in representation.terms:
        part = representation.term_slices[term.name]
        block = by_field[:, part].reshape(-1, *term.shape)
        if term.structure == "random_walk":  # transpose of the cumulative sum
            block = np.flip(np.cumsum(np.flip(block, axis=-1), axis=-1), axis=-1)
        scaled = block * term.scales(hyper)
        z = position[part].reshape(term.shape)
        step = z
        factor = term.factor(hyper)
        if factor is not None:
            assert term.correlated_by is not None
            rows = scaled.reshape(-1, term.shape[0], term.size // term.shape[0])
            flat = z.reshape(term.shape[0], -1)
            step = (factor @ flat).reshape(term.shape)
            target = representation.hyper_slices[term.correlated_by]
            where = slice(
                representation.field_size + target.start, representation.field_size + target.stop
            )
            jacobian[:, where] += partial_gradient(
                hyper[term.correlated_by], np.tril(rows @ flat.T)
            )
        if term.scale_by is not None:  # d x / d log scale = (x - mean) direction
            moved = (scaled * step).reshape(by_field.shape[0], term.shape[0], -1).sum(axis=-1)
            target = representation.hyper_slices[term.scale_by]
            columns = np.arange(target.start, target.stop)
            jacobian[:, representation.field_size + columns] += moved * slopes[columns]
        if factor is not None:
            scaled = factor.T @ rows
        jacobian[:, part] = scaled.reshape(by_field.shape[0], -1)
    return jacobian


def _slopes(representation: Representation, hyper: dict[str, np.ndarray]) -> np.ndarray:
    """Return d value / d standard of each hyperparameter."""
    parts = []
    for item in representation.hyperparameters:
        value = hyper[item.name]
        if item.family == "partial_correlation":
            parts.append((1 - value) * (1 + value))
        elif item.family == "half_normal":
            parts.append(value)
        else:
            parts.append(item.scale * (value if item.family == "log_normal" else 1.0))
    return np.concatenate([np.zeros(0), *parts])


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
    return np.concatenate([np.zeros(0), *parts])


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
        elif hyper.family == "partial_correlation":
            gradient[where] = -2 * hyper.concentration * np.tanh(u)
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
        elif hyper.family == "partial_correlation":  # mean of -d2 log p / du2 under the prior
            twice = 2 * hyper.concentration
            precision[where] = twice * twice / (twice + 1)
    return np.maximum(precision, 0.05)


def _scores(
    representation: Representation, mu: np.ndarray, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return d logL / d mu, the information about mu, d logL / d log sigma, that about log sigma.

    For counts log sigma is log phi; the information about it is that of a gamma distribution of
    shape phi, discounted by the share of the variance that it makes up: exact where counts are
    large, of the right order elsewhere.
    """
    score, information = np.empty_like(mu), np.empty_like(mu)
    score_sigma, about_sigma = np.zeros_like(mu), np.zeros_like(mu)
    form = representation.form

    at = form < POISSON
    spread, sign = sigma[at], np.where(form[at] == AT_LEAST, -1.0, 1.0)
    t = (representation.log_value[at] - mu[at]) / spread
    heavy = representation.degrees_of_freedom == 4.0
    if heavy:
        slope = -5 * t / (4 + t * t)
        expected, about = 5.0 / 7.0, 8.0 / 7.0
    else:
        slope, expected, about = -t, 1.0, 2.0
    toward = sign * t
    if heavy:
        log_density = np.log(0.375) - 2.5 * np.log1p(toward**2 / 4)
        ratio = np.exp(log_density - log_distribution_t4(toward))
        bend = ratio * (5 * toward / (4 + toward**2) + ratio)
    else:
        near = np.maximum(toward, -30.0)
        ratio = np.exp(-0.5 * near**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(near))
        far = np.sqrt(2 / np.pi) / erfcx(-np.minimum(toward, -30.0) / np.sqrt(2))
        ratio = np.where(toward < -30.0, far, ratio)  # of logs that are large and nearly equal
        bend = ratio * (toward + ratio)
    bounds = form[at] != POINT
    score[at] = np.where(bounds, -sign * ratio, -slope) / spread
    information[at] = np.where(bounds, np.maximum(bend, 0.0), expected) / spread**2
    score_sigma[at] = np.where(bounds, -toward * ratio, -1 - t * slope)
    about_sigma[at] = np.where(bounds, 0.0, about)

    at = form == POISSON
    mean = np.exp(mu[at])
    score[at], information[at] = representation.count[at] - mean, mean

    at = form == NEGATIVE_BINOMIAL
    y, mean, phi = representation.count[at], np.exp(mu[at]), sigma[at]
    excess = (y - mean) / (phi + mean)
    near = np.abs(excess) < 0.5
    log_ratio = np.where(
        near, np.log1p(np.where(near, excess, 0.0)), np.log((phi + y) / (phi + mean))
    )
    score[at] = phi * excess
    information[at] = mean * phi / (phi + mean)
    remainder = stirling_slope(phi + y) - stirling_slope(phi)
    score_sigma[at] = phi * (log_ratio - excess + remainder) + 0.5 * y / (phi + y)
    few = np.minimum(phi, 1e4)  # phi^2 trigamma(phi) - phi tends to 1/2
    gamma = few**2 * polygamma(1, few) - few
    about_sigma[at] = gamma * (mean / (phi + mean)) ** 2
    return score, information, score_sigma, about_sigma
