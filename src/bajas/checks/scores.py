"""Scores of a predictive distribution given by draws: CRPS, log score, intervals.

All are about one number, the truth, and are to be made small but for coverage. For losses draws and
truth are logarithms: a factor is as bad upwards as downwards, and a skirmish counts as much as a
war.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: Draws for which a density is estimated; more are thinned evenly over their order.
_MOST = 4000
#: Of the rule of thumb's width, which is 0.9: kernels that widen in the tails can be narrower.
_WIDTH = 0.6


def crps(draws: npt.ArrayLike, truth: float) -> float:
    """Return the continuous ranked probability score of draws.

    Of the empirical distribution: E|x - truth| - E|x - x'| / 2. Of one draw it is the absolute
    error, so that a point forecast is a special case.

    Parameters
    ----------
    draws : array-like
        Draws of the predictive distribution, in any order.
    truth : float
        What came true.

    Returns
    -------
    float
        In the unit of the draws; 0 is best.

    References
    ----------
    T. Gneiting & A. E. Raftery (2007), Strictly proper scoring rules, prediction, and estimation,
    Journal of the American Statistical Association 102, equation 21.

    Examples
    --------
    >>> crps([2.0], 3.5)
    1.5
    >>> crps([0.0, 1.0], 0.0)  # 1/2 - 1/4
    0.25
    """
    x = np.sort(np.asarray(draws, dtype=float).ravel())
    n = x.size
    # sum over pairs of |x_i - x_j| from the order alone
    spread = 2.0 * float(np.sum((2.0 * np.arange(1, n + 1) - n - 1) * x)) / n**2
    return float(np.abs(x - truth).mean()) - 0.5 * spread


def log_score(draws: npt.ArrayLike, truth: float) -> float:
    """Return minus the log density at the truth, the density estimated from draws.

    The estimate is a kernel density with normal kernels whose widths follow the draws' own density
    (Abramson): two thirds of the rule of thumb in the middle, wider by the root of the density's
    ratio in the tails, where a fixed width would say that nothing is possible between two draws.
    From 4,000 draws of a normal it is right to 0.01 within a standard deviation and to 0.1 at
    three; far out it is on the generous side.

    Parameters
    ----------
    draws : array-like
        Draws of the predictive distribution; at least two that differ. Of more than 4,000, as
        many evenly spaced ones in their order are used.
    truth : float
        What came true.

    Returns
    -------
    float
        In nats; smaller is better. Infinite where draws are all one value: a point forecast has no
        density.

    References
    ----------
    I. S. Abramson (1982), On bandwidth variation in kernel estimates, Annals of Statistics 10;
    B. W. Silverman (1986), Density estimation, sections 3.4.2 and 5.3.

    Examples
    --------
    >>> from scipy import stats
    >>> quantiles = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    >>> round(log_score(quantiles, 1.0), 2)  # exact: 1.42
    1.42
    """
    x = np.sort(np.asarray(draws, dtype=float).ravel())
    if x[0] == x[-1]:
        return float("inf")
    if x.size > _MOST:
        x = x[np.linspace(0, x.size - 1, _MOST).round().astype(int)]
    low, high = np.quantile(x, [0.25, 0.75])
    spread = min(float(x.std(ddof=1)), float(high - low) / 1.349) or float(x.std(ddof=1))
    width = _WIDTH * spread * x.size**-0.2
    # a pilot on a grid is smooth enough to be read between its points
    grid = np.linspace(x[0], x[-1], 512)
    pilot = _density(grid, x, np.full(x.size, width))
    local = np.maximum(np.interp(x, grid, pilot), 1e-300)
    scale = float(np.exp(np.mean(np.log(local))))
    widths = width * np.sqrt(scale / local)
    exponent = -0.5 * ((truth - x) / widths) ** 2 - np.log(widths)
    top = float(exponent.max())
    total = top + float(np.log(np.exp(exponent - top).mean()))
    return 0.5 * float(np.log(2 * np.pi)) - total


def _density(at: np.ndarray, x: np.ndarray, widths: np.ndarray) -> np.ndarray:
    kernels = np.exp(-0.5 * ((at[:, None] - x) / widths) ** 2) / widths
    return np.asarray(kernels.mean(axis=1) / np.sqrt(2 * np.pi))


def central_interval(draws: npt.ArrayLike, level: float) -> tuple[float, float]:
    """Return the ends of the central interval of a level.

    Parameters
    ----------
    draws : array-like
        Draws of the predictive distribution.
    level : float
        Probability inside, in (0, 1).

    Examples
    --------
    >>> central_interval(np.arange(101), 0.5)
    (25.0, 75.0)
    """
    low, high = np.quantile(np.asarray(draws, dtype=float), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_mean(
    votes: Sequence[float], seed: int = 1, times: int = 4000, level: float = 0.9
) -> tuple[float, float]:
    """Return a bootstrap interval of the mean of votes, one for each case.

    Parameters
    ----------
    votes : sequence of float
        One number for each case; cases are what is drawn again, with replacement.
    seed, times, level
        Seed, resamples, and the interval's level.

    Examples
    --------
    >>> bootstrap_mean([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    rng = np.random.default_rng(seed)
    given = np.asarray(votes, dtype=float)
    means = given[rng.integers(given.size, size=(times, given.size))].mean(axis=1)
    return central_interval(means, level)
