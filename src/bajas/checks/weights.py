"""Importance weights for another posterior: smoothed, diagnosed, with errors of what they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bajas.answers.montecarlo import mcse_mean

#: Weights that leave fewer effective draws than this aren't used.
FEWEST = 100.0
#: Weights that leave this share of the draws are as good as equal.
EQUAL = 0.95


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights that turn draws of one posterior into draws of another.

    Parameters
    ----------
    values : ndarray, shape (chain, draw)
        Normalised.
    k : float
        Shape of the generalised Pareto distribution fitted to the largest ratios; -inf where all
        are equal.
    """

    values: np.ndarray
    k: float

    @property
    def ess(self) -> float:
        """Effective number of draws left by the weights (1 / sum of squares)."""
        return float(1 / np.sum(self.values**2))

    @property
    def reliable(self) -> bool:
        """Whether what they give can be trusted.

        k must be below the limit for this many draws, and 100 effective draws left. Where the
        weights are all but equal (95 % of the draws left) k doesn't matter: it describes the shape
        of their tail, not its size.
        """
        size = self.values.size
        if self.ess >= EQUAL * size:
            return True
        return self.k < k_limit(size) and self.ess >= FEWEST

    def quantiles(
        self, draws: np.ndarray, probabilities: Sequence[float] | np.ndarray
    ) -> np.ndarray:
        """Return weighted quantiles of draws of one number, (chain, draw)."""
        order = np.argsort(draws, axis=None)
        weights = self.values.ravel()[order]
        below = np.cumsum(weights) - weights
        places = below / max(float(below[-1]), 1e-300)
        return np.asarray(np.interp(probabilities, places, draws.ravel()[order]))

    def quantile_errors(self, draws: np.ndarray, probabilities: Sequence[float]) -> np.ndarray:
        """Return Monte Carlo standard errors of the weighted quantiles.

        The error of the weighted distribution function at the quantile, with the autocorrelation
        of the chains, on the scale of the draws.
        """
        scatter = [self._scatter(draws, p) for p in probabilities]
        return np.array([mcse_mean(series) for series in scatter])

    def shift_errors(self, draws: np.ndarray, probabilities: Sequence[float]) -> np.ndarray:
        """Return Monte Carlo standard errors of weighted minus unweighted quantiles.

        Both come from the same draws, so that most of the error of either is in both.
        """
        plain = uniform(draws.shape)
        return np.array(
            [mcse_mean(self._scatter(draws, p) - plain._scatter(draws, p)) for p in probabilities]
        )

    def _scatter(self, draws: np.ndarray, probability: float) -> np.ndarray:
        """Return the series whose mean's error is that of a quantile, to first order."""
        size = draws.size
        at = self.quantiles(draws, [probability])[0]
        series = size * self.values * ((draws <= at) - probability)
        error = mcse_mean(series)
        wide = np.clip([probability - 2 * error, probability + 2 * error], 1 / size, 1 - 1 / size)
        ends = self.quantiles(draws, wide)
        slope = (ends[1] - ends[0]) / (wide[1] - wide[0]) if wide[1] > wide[0] else 0.0
        return np.asarray(-series * slope)


def uniform(shape: tuple[int, ...]) -> Weights:
    """Return weights that change nothing."""
    return Weights(np.full(shape, 1 / np.prod(shape)), float("-inf"))


def smoothed(log_ratios: np.ndarray) -> Weights:
    """Return Pareto-smoothed importance weights.

    Parameters
    ----------
    log_ratios : ndarray, shape (chain, draw)
        Log density of the wanted posterior over that of the one drawn from, up to a constant.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Journal of Machine Learning Research 25(72).

    Examples
    --------
    >>> found = smoothed(np.random.default_rng(0).normal(size=(4, 500)))
    >>> found.reliable, bool(np.isclose(found.values.sum(), 1))
    (True, True)
    """
    from arviz_stats.base import array_stats

    if np.ptp(log_ratios) < 1e-9:
        return uniform(log_ratios.shape)
    ratios = np.exp(log_ratios - log_ratios.max())
    size = float(array_stats.ess(ratios, chain_axis=0, draw_axis=1, method="mean"))
    relative = float(np.clip(size / ratios.size, 0.05, 1.0)) if np.isfinite(size) else 1.0
    logs, k = array_stats.psislw(-log_ratios, r_eff=relative, axis=(0, 1))
    values = np.exp(logs)
    return Weights(values / values.sum(), float(k))


def k_limit(size: int) -> float:
    """Return the largest Pareto k at which weights of so many draws can be used.

    min(1 - 1 / log10(size), 0.7): 0.63 for 500 draws, 0.7 from 2,155 on (Vehtari et al. 2024).

    Examples
    --------
    >>> round(k_limit(500), 2), k_limit(6000)
    (0.63, 0.7)
    """
    return float(min(1 - 1 / np.log10(max(size, 11)), 0.7))
