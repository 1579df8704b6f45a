"""Monte Carlo error: how far a number from finitely many draws is from the posterior's own."""

from __future__ import annotations

import math

import numpy as np

from bajas.posterior.verdict import ESS_LIMIT, RHAT_LIMIT


def mcse_quantile(draws: np.ndarray, probability: float) -> float:
    """Return the Monte Carlo standard error of a quantile.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw)
        Draws of one number.
    probability : float
        Of the quantile; 0.5 for the median.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Bayesian Analysis 16(2), section 4.
    """
    from arviz_stats.base import array_stats

    if np.ptp(draws) == 0 or draws.shape[1] < _FEWEST:
        return 0.0 if np.ptp(draws) == 0 else float(np.ptp(draws))
    error = array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="quantile", prob=probability)
    return float(error)


def mcse_mean(draws: np.ndarray) -> float:
    """Return the Monte Carlo standard error of a mean, (chain, draw)."""
    from arviz_stats.base import array_stats

    if np.ptp(draws) == 0 or draws.shape[1] < _FEWEST:
        return 0.0 if np.ptp(draws) == 0 else float(np.ptp(draws))
    return float(array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="mean"))


def effective_size(draws: np.ndarray) -> float:
    """Return the smaller of the bulk and the tail effective sample size, (chain, draw)."""
    from arviz_stats.base import array_stats

    if np.ptp(draws) == 0:
        return float(draws.size)
    if draws.shape[1] < _FEWEST:
        return 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        sizes = [
            float(array_stats.ess(draws, chain_axis=0, draw_axis=1, method="bulk")),
            float(
                array_stats.ess(draws, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95))
            ),
        ]
    # a small count has no draws beyond its 5 % quantile: the tail then has no size of its own
    return min(size for size in [*sizes, float(draws.size)] if np.isfinite(size))


def shortfalls(draws: np.ndarray) -> tuple[str, ...]:
    """Say why the draws of one number don't suffice, by the limits of the fit's own verdict.

    The verdict of a fit judges its parameters and its totals by stratum and month; this judges
    the number that is asked for.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> shortfalls(rng.normal(size=(4, 500)))
    ()
    >>> shortfalls(rng.normal(size=(4, 500)) + np.arange(4.0)[:, None])[0][:11]
    'its R-hat o'
    """
    from arviz_stats.base import array_stats

    if np.ptp(draws) == 0:
        return ()
    if draws.shape[1] < _FEWEST:
        return (f"{draws.shape[1]} draws per chain are too few to judge it",)
    found = []
    with np.errstate(invalid="ignore", divide="ignore"):
        rhat = float(array_stats.rhat(draws, chain_axis=0, draw_axis=1, method="rank"))
        if np.isnan(rhat):  # of two values only: folded around their median they are all the same
            rhat = float(array_stats.rhat(draws, chain_axis=0, draw_axis=1, method="split"))
    if not rhat <= RHAT_LIMIT:
        found.append(f"its R-hat of {rhat:.3f} is above {RHAT_LIMIT:g}")
    size = effective_size(draws)
    if not size >= ESS_LIMIT:
        found.append(f"its effective sample size of {size:.0f} is below {ESS_LIMIT:g}")
    return tuple(found)


def supported(value: float, mcse: float) -> float:
    """Round a count to what its Monte Carlo error supports.

    The step is the largest power of ten not above the error, and never finer than 1: a number
    that would come out differently with another seed isn't printed to its last digit.

    Parameters
    ----------
    value : float
        Persons or items.
    mcse : float
        Monte Carlo standard error of that number.

    Examples
    --------
    >>> supported(48_713.2, 230.0), supported(48_713.2, 99.0), supported(7.4, 0.03)
    (48700.0, 48710.0, 7.0)
    """
    step = 10.0 ** math.floor(math.log10(mcse)) if mcse > 1 else 1.0
    return float(round(value / step) * step)


#: Fewer draws per chain than this and the estimators have nothing to split.
_FEWEST = 8
