"""Observation families on the log scale: density of points and bounds, with their simulator.

A source's figure for a true sum tau is exp(mu + sigma * e), mu = log(tau) + bias, with e Student-t
with four degrees of freedom or standard normal. A point y has that figure's log density; "at least
y" has the probability that the figure is y or more; "at most y" that it is y or less.

For four degrees of freedom the distribution function is elementary: with s = t / sqrt(4 + t^2),

    F(t) = (1 + s)^2 (2 - s) / 4,    1 + s = 4 / (r (r - t)) where r = sqrt(4 + t^2) and t < 0,

which keeps full relative precision in both tails (Abramowitz & Stegun 1964, 26.7.4).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_ndtr

#: Codes of the forms in arrays.
POINT, AT_LEAST, AT_MOST = 0, 1, 2
FORM_CODES = {"point": POINT, "at_least": AT_LEAST, "at_most": AT_MOST}

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


def log_likelihood(
    log_value: np.ndarray,
    mu: np.ndarray,
    sigma: np.ndarray,
    form: np.ndarray,
    degrees_of_freedom: float,
) -> np.ndarray:
    """Return the log likelihood of each observation.

    Parameters
    ----------
    log_value : ndarray, shape (observation,)
        Log of the figures.
    mu, sigma : ndarray, shape (..., observation)
        Location and scale of the source's figure on the log scale.
    form : ndarray of int, shape (observation,)
        :data:`POINT`, :data:`AT_LEAST` or :data:`AT_MOST`.
    degrees_of_freedom : {4, inf}
        Of the errors.

    Returns
    -------
    ndarray, shape (..., observation)
        Density of log(figure) for points, probability for bounds.
    """
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
    rng: np.random.Generator, mu: np.ndarray, sigma: np.ndarray, degrees_of_freedom: float
) -> np.ndarray:
    """Return draws of the sources' figures (natural scale), the twin of :func:`log_likelihood`."""
    if degrees_of_freedom == 4.0:
        errors = rng.standard_t(4.0, size=np.shape(mu))
    else:
        errors = rng.standard_normal(size=np.shape(mu))
    return np.asarray(np.exp(mu + sigma * errors))
