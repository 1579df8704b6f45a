"""An estimate: median, mean and central intervals of a quantity, with their Monte Carlo error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bajas.answers.montecarlo import effective_size, mcse_mean, mcse_quantile, shortfalls, supported
from bajas.answers.quantity import Quantity
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

#: Levels of the central intervals that are given unless others are asked for.
LEVELS = (0.5, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Interval:
    """A central (equal-tailed) interval at a stated level.

    Parameters
    ----------
    level : float
        Probability that it holds, given the model and the claims.
    low, high : float
        Its ends, as the draws give them.
    mcse_low, mcse_high : float
        Monte Carlo standard errors of the ends.
    """

    level: float
    low: float
    high: float
    mcse_low: float = 0.0
    mcse_high: float = 0.0

    @property
    def rounded(self) -> tuple[float, float]:
        """The ends rounded to what their Monte Carlo errors support."""
        return supported(self.low, self.mcse_low), supported(self.high, self.mcse_high)

    def __str__(self) -> str:
        low, high = self.rounded
        return f"{level_words(self.level)}: {low:,.0f} to {high:,.0f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of one quantity: median, mean, central intervals, Monte Carlo error.

    The intervals condition on the ledger's claims, on the bias prior and the rest of the
    specification, and on nothing else: they hold no doubt about the choice of prior or model.

    Parameters
    ----------
    quantity : Quantity
        What it is about.
    median, mean : float
        Of the draws, not rounded.
    intervals : tuple of Interval
        By increasing level.
    mcse, mcse_mean : float
        Monte Carlo standard errors of median and mean.
    ess : float
        Effective sample size, the smaller of bulk and tail.
    trusted : bool
        Whether the fit passed its verdict and the draws suffice for this number.
    why_not : tuple of str
        Reasons if not.
    notes : tuple of str
        What to know all the same, for example days that no claim covers.
    """

    quantity: Quantity
    median: float
    mean: float
    intervals: tuple[Interval, ...]
    mcse: float
    mcse_mean: float
    ess: float
    trusted: bool
    why_not: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def interval(self, level: float) -> Interval:
        """Return the interval at a level.

        Raises
        ------
        QuantityError
            If it wasn't computed; names those that were.
        """
        for item in self.intervals:
            if np.isclose(item.level, level, rtol=0, atol=1e-9):
                return item
        levels = ", ".join(f"{item.level:g}" for item in self.intervals)
        raise QuantityError(f"no interval at level {level:g} here; levels: {levels}")

    @property
    def rounded(self) -> float:
        """The median rounded to what its Monte Carlo error supports."""
        return supported(self.median, self.mcse)

    def __str__(self) -> str:
        widest = self.intervals[-1]
        low, high = widest.rounded
        return (
            f"{self.rounded:,.0f} ({level_words(widest.level)} interval {low:,.0f} to {high:,.0f})"
        )

    def __repr__(self) -> str:
        lines = [
            f"Estimate: {self.quantity} ({self.quantity.counted})",
            f"  median {self.rounded:,.0f}, mean {supported(self.mean, self.mcse_mean):,.0f}"
            f" (Monte Carlo error of the median {self.mcse:.2g}, effective draws {self.ess:.0f})",
            *(f"  {item}" for item in self.intervals),
            f"  {'trusted' if self.trusted else 'NOT trusted'}",
            *(f"    - {reason}" for reason in self.why_not),
            *(f"  note: {note}" for note in self.notes),
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as plain data for JSON, not rounded."""
        return {
            "quantity": self.quantity.as_dict(),
            "median": self.median,
            "mean": self.mean,
            "intervals": {f"{item.level:g}": [item.low, item.high] for item in self.intervals},
            "mcse": self.mcse,
            "trusted": self.trusted,
            "why_not": list(self.why_not),
        }


def checked_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Return interval levels in increasing order.

    Raises
    ------
    QuantityError
        If there is none or one isn't a probability between 0 and 1.
    """
    found = tuple(sorted({float(level) for level in levels}))
    if not found or not all(0 < level < 1 for level in found):
        raise QuantityError(f"levels are probabilities between 0 and 1, for example 0.95: {levels}")
    return found


def level_words(level: float) -> str:
    """Return a level in words, for example ``95 %``."""
    return f"{100 * level:.10g} %"


def tails(levels: Sequence[float]) -> np.ndarray:
    """Return the probabilities below both ends of central intervals, shape (2, level)."""
    half = (1 - np.asarray(levels)) / 2
    return np.stack([half, 1 - half])


def estimate(
    draws: np.ndarray,
    quantity: Quantity,
    posterior: Posterior,
    levels: Sequence[float] = LEVELS,
    notes: tuple[str, ...] = (),
) -> Estimate:
    """Sum up the draws of a quantity.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw)
        Of the quantity.
    quantity : Quantity
        What they are draws of.
    posterior : Posterior
        Where they come from; its verdict decides on trust.
    levels : sequence of float
        Of the central intervals.
    notes : tuple of str
        What to know all the same.
    """
    levels = checked_levels(levels)
    ends = tails(levels)
    values = np.quantile(draws, ends)
    intervals = tuple(
        Interval(
            level,
            float(values[0, i]),
            float(values[1, i]),
            mcse_quantile(draws, float(ends[0, i])),
            mcse_quantile(draws, float(ends[1, i])),
        )
        for i, level in enumerate(levels)
    )
    why_not = posterior.why_not
    if posterior.group == "posterior":
        why_not += shortfalls(draws)
    return Estimate(
        quantity=quantity,
        median=float(np.median(draws)),
        mean=float(np.mean(draws)),
        intervals=intervals,
        mcse=mcse_quantile(draws, 0.5),
        mcse_mean=mcse_mean(draws),
        ess=effective_size(draws),
        trusted=not why_not,
        why_not=why_not,
        notes=notes,
    )
