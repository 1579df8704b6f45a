"""Observation families: density of points, bounds and counts, with their simulator.

A source's figure for a true sum tau is exp(mu + sigma * e), mu = log(tau) + bias, with e Student-t
with four degrees of freedom or standard normal. A point y has that figure's log density; "at least
y" has the probability that the figure is y or more; "at most y" that it is y or less.

For four degrees of freedom the distribution function is elementary: with s = t / sqrt(4 + t^2),

    F(t) = (1 + s)^2 (2 - s) / 4,    1 + s = 4 / (r (r - t)) where r = sqrt(4 + t^2) and t < 0,

which keeps full relative precision in both tails (Abramowitz & Stegun 1964, 26.7.4).

A count y has mean m = exp(mu): Poisson, or negative binomial with variance m + m^2 / phi, whose log
density is computed as

    (phi + y) log1p((y - m) / (phi + m)) + y (mu - log y) + c(y)
        - log1p(y / phi) / 2 + s(phi + y) - s(phi)

with s the remainder of Stirling's formula, log Gamma(x) = (x - 1/2) log x - x + log(2 pi) / 2 +
s(x), and c(y) = y log y - y - log y!: no term is large where the density isn't small, so that
neither large counts nor the Poisson limit cost digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma, gammaln, log_ndtr

#: Codes of the forms in arrays.
POINT, AT_LEAST, AT_MOST, POISSON, NEGATIVE_BINOMIAL = 0, 1, 2, 3, 4
FORM_CODES = {
    "point": POINT,
    "at_least": AT_LEAST,
    "at_most": AT_MOST,
    "poisson": POISSON,
    "negative_binomial": NEGATIVE_BINOMIAL,
}

#: log of the Student-t density's constant at four degrees of freedom: Gamma(5/2) / sqrt(4 pi).
LOG_T4_CONSTANT = float(np.log(0.375))
LOG_NORMAL_CONSTANT = float(-0.5 * np.log(2 * np.pi))


def log_distribution_t4(t: Any) -> np.ndarray:
    """Return log F(t) of the Student-t with four degrees of freedom.

    Examples
    --------
    >>> float(np.exp(log_distribution_t4(0.0)))
    0.5
    """
    t = np.asarray(t, dtype=float)
    r = np.sqrt(4 + t * t)
    s = t / r
    one_plus_s = np.where(t < 0, 4 / (r * (r + np.abs(t))), 1 + s)
    return np.asarray(2 * np.log(one_plus_s) + np.log(2 - s) - np.log(4))


def stirling_remainder(x: Any) -> np.ndarray:
    """Return s(x) = log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2 for positive x.

    Examples
    --------
    >>> float(stirling_remainder(1.0).round(6))
    0.081061
    """
    x = np.asarray(x, dtype=float)
    low, high = np.minimum(x, 10.0), np.maximum(x, 10.0)
    below = gammaln(low) - (low - 0.5) * np.log(low) + low + LOG_NORMAL_CONSTANT
    q = 1 / (high * high)
    series = -1 / 360 + q * (1 / 1260 + q * (-1 / 1680 + q * (1 / 1188 - q * 691 / 360360)))
    return np.asarray(np.where(x < 10.0, below, (1 / 12 + q * series) / high))


def stirling_slope(x: Any) -> np.ndarray:
    """Return s'(x) = digamma(x) - log x + 1 / (2 x) for positive x.

    Examples
    --------
    >>> float(stirling_slope(1.0).round(6))
    -0.077216
    """
    x = np.asarray(x, dtype=float)
    low, high = np.minimum(x, 10.0), np.maximum(x, 10.0)
    below = digamma(low) - np.log(low) + 0.5 / low
    q = 1 / (high * high)
    series = 1 / 120 + q * (-1 / 252 + q * (1 / 240 + q * (-1 / 132 + q * 691 / 32760)))
    return np.asarray(np.where(x < 10.0, below, q * (-1 / 12 + q * series)))


def log_poisson(count: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Return the log probability of counts of mean exp(mu)."""
    return np.asarray(count * (mu - _log(count)) + (count - np.exp(mu)) + _constant(count))


def log_negative_binomial(count: np.ndarray, mu: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Return the log probability of counts of mean m = exp(mu) and variance m + m^2 / phi."""
    mean = np.exp(mu)
    ratio = (phi + count) / (phi + mean)
    excess = (count - mean) / (phi + mean)
    near = np.abs(excess) < 0.5  # elsewhere the ratio has the digits
    log_ratio = np.where(near, np.log1p(np.where(near, excess, 0.0)), np.log(ratio))
    return np.asarray(
        (phi + count) * log_ratio
        + count * (mu - _log(count))
        + _constant(count)
        - 0.5 * np.log1p(count / phi)
        + stirling_remainder(phi + count)
        - stirling_remainder(phi)
    )


def _log(count: np.ndarray) -> np.ndarray:
    """Return the log of counts, 0 for 0."""
    return np.asarray(np.log(np.maximum(count, 1)))


def _constant(count: np.ndarray) -> np.ndarray:
    """Return y log y - y - log y! of counts, without the cancellation of its terms."""
    positive = np.maximum(count, 1)
    inside = LOG_NORMAL_CONSTANT - 0.5 * np.log(positive) - stirling_remainder(positive)
    return np.asarray(np.where(count > 0, inside, 0.0))


def log_likelihood(
    log_value: np.ndarray,
    mu: np.ndarray,
    sigma: np.ndarray,
    form: np.ndarray,
    degrees_of_freedom: float,
    count: np.ndarray | None = None,
) -> np.ndarray:
    """Return the log likelihood of each observation.

    Parameters
    ----------
    log_value : ndarray, shape (observation,)
        Log of the figures of points and bounds.
    mu, sigma : ndarray, shape (..., observation)
        Location and scale of the source's figure on the log scale. For counts the log of the mean
        and, for the negative binomial, phi.
    form : ndarray of int, shape (observation,)
        :data:`POINT`, :data:`AT_LEAST`, :data:`AT_MOST`, :data:`POISSON` or
        :data:`NEGATIVE_BINOMIAL`.
    degrees_of_freedom : {4, inf}
        Of the errors.
    count : ndarray, shape (observation,), optional
        The figures of counts; needed if there are any.

    Returns
    -------
    ndarray, shape (..., observation)
        Density of log(figure) for points, probability for bounds and counts.
    """
    if np.any(form >= POISSON):
        if count is None:
            raise ValueError("the figures of counts are missing")
        mu, sigma = np.broadcast_arrays(mu, sigma)
        found = np.empty(mu.shape)
        at = form == POISSON
        found[..., at] = log_poisson(count[at], mu[..., at])
        at = form == NEGATIVE_BINOMIAL
        found[..., at] = log_negative_binomial(count[at], mu[..., at], sigma[..., at])
        at = form < POISSON
        errors = (log_value[at], mu[..., at], sigma[..., at], form[at], degrees_of_freedom)
        found[..., at] = log_likelihood(*errors)
        return found
    t = (log_value - mu) / sigma
    toward = np.where(form == AT_LEAST, -t, t)
    if degrees_of_freedom == 4.0:
        point = LOG_T4_CONSTANT - np.log(sigma) - 2.5 * np.log1p(t * t / 4)
        bound = log_distribution_t4(toward)
    else:
        point = LOG_NORMAL_CONSTANT - np.log(sigma) - 0.5 * t * t
        bound = log_ndtr(toward)
    return np.where(form == POINT, point, bound)


def simulate(
    rng: np.random.Generator,
    mu: np.ndarray,
    sigma: np.ndarray,
    degrees_of_freedom: float,
    form: np.ndarray | None = None,
) -> np.ndarray:
    """Return draws of the sources' figures (natural scale), the twin of :func:`log_likelihood`.

    Without ``form`` no figure is a count.
    """
    if form is not None and np.any(form >= POISSON):
        found = np.empty(np.shape(mu))
        at = form < POISSON
        found[..., at] = simulate(rng, mu[..., at], sigma[..., at], degrees_of_freedom)
        mean = np.exp(mu)
        at = form == NEGATIVE_BINOMIAL
        mean[..., at] *= rng.standard_gamma(sigma[..., at]) / sigma[..., at]
        at = form >= POISSON
        found[..., at] = _poisson(rng, mean[..., at])
        return found
    if degrees_of_freedom == 4.0:
        errors = rng.standard_t(4.0, size=np.shape(mu))
    else:
        errors = rng.standard_normal(size=np.shape(mu))
    return np.asarray(np.exp(mu + sigma * errors))


def _poisson(rng: np.random.Generator, mean: np.ndarray) -> np.ndarray:
    """Return Poisson draws as floats; normal ones where the mean is beyond NumPy's."""
    draws: np.ndarray = rng.poisson(np.minimum(mean, 1e15)).astype(float)
    beyond = mean > 1e15
    normal = mean[beyond] + np.sqrt(mean[beyond]) * rng.standard_normal(int(beyond.sum()))
    draws[beyond] = np.round(normal)
    return draws
