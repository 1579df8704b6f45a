"""The number that a check asks about: a total, its draws, and the quantiles that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from bajas.answers.interval import checked_levels, tails
from bajas.answers.quantity import Quantity, quantity_of
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior


@dataclass(frozen=True, eq=False)
class Headline:
    """A total of a fit.

    Parameters
    ----------
    quantity : Quantity
        What it is about.
    draws : ndarray, shape (chain, draw)
        Realised counts.
    level : float
        Of the central interval.
    probabilities : tuple of float
        Below the low end, the median and the high end.
    """

    quantity: Quantity
    draws: np.ndarray
    level: float
    probabilities: tuple[float, float, float]

    @property
    def quantiles(self) -> np.ndarray:
        """Low end, median and high end."""
        return np.asarray(np.quantile(self.draws, self.probabilities))


def headline_of(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str,
    since: str | date | None,
    until: str | date | None,
    level: float,
) -> Headline:
    """Return the total that is asked for.

    Raises
    ------
    QuantityError
        If the fit doesn't hold the quantity, its median is 0, or the draws are of the prior.
    """
    if posterior.group == "prior":
        raise QuantityError("this check needs a fit: these are draws of the prior")
    (level,) = checked_levels([level])
    low, high = tails([level])[:, 0]
    quantity = quantity_of(posterior, outcome, side, component, since, until)
    window = quantity.window
    draws = posterior.total(outcome, side, component, window.start, window.end)
    if np.median(draws) <= 0:
        raise QuantityError(f"the median of {quantity} is 0: there is nothing to compare")
    return Headline(quantity, draws, level, (float(low), 0.5, float(high)))
