"""What the claims did to the level: prior and posterior of a side's level and of a total."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bajas.answers.interval import tails
from bajas.answers.quantity import Quantity
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior

_PRIOR_DRAWS = 2000


def level_table(
    posterior: Posterior, quantity: Quantity, draws: np.ndarray, level: float
) -> pd.DataFrame:
    """Return prior and posterior of the side's level and of the total, one row each.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    quantity : Quantity
        The total.
    draws : ndarray, shape (chain, draw)
        Of the total.
    level : float
        Of the central intervals.

    Returns
    -------
    pandas.DataFrame
        ``what``, ``prior_low``, ``prior_median``, ``prior_high``, ``low``, ``median``, ``high``,
        and ``narrowed``: the share of the prior's spread of the logarithm that the claims took
        away. The level is killed per day of the side's main force at the war's first day
        (equipment: items per day of the category). It is missing where the model has no such
        level.
    """
    window = quantity.window
    prior = prior_draws(posterior.ledger, posterior.specification, _PRIOR_DRAWS, posterior.seed)
    before = prior.total(
        quantity.outcome, quantity.side, quantity.component, window.start, window.end
    )
    rows = []
    for term in posterior.representation.terms:
        if term.name not in ("level", "equipment_level"):
            continue
        labels = [quantity.side]
        if term.name == "equipment_level":
            labels = [f"{quantity.side} {quantity.component} {quantity.outcome}"]
        for index, label in enumerate(term.labels[0]):
            if label in labels and (term.name == "level") == (quantity.unit == "persons"):
                places = posterior.representation.term_slices[term.name].start + index
                rows.append(
                    _row(
                        f"level of {label}, per day",
                        np.exp(prior.field_draws[..., places]),
                        np.exp(posterior.field_draws[..., places]),
                        level,
                    )
                )
    rows.append(_row(str(quantity), before, draws, level))
    return pd.DataFrame(rows)


def _row(what: str, before: np.ndarray, after: np.ndarray, level: float) -> dict[str, object]:
    low, high = tails([level])[:, 0]
    row: dict[str, object] = {"what": what}
    for prefix, values in (("prior_", before), ("", after)):
        ends = np.quantile(values, [low, 0.5, high])
        row |= {
            f"{prefix}{n}": float(v) for n, v in zip(("low", "median", "high"), ends, strict=True)
        }
    row["narrowed"] = 1 - _spread(after) / _spread(before)
    return row


def _spread(values: np.ndarray) -> float:
    """Return half the distance of the logarithm's quantiles that hold 68 %."""
    low, high = np.quantile(np.log(np.maximum(values, 0.5)), [0.1587, 0.8413])
    return max(float(high - low) / 2, 1e-12)
