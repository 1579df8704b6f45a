"""Drift: how the bias of each long tally moved around its mean over the months."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from bajas.answers.interval import checked_levels, tails
from bajas.model.drift import Drift, drifts
from bajas.posterior.posterior import Posterior

_COLUMNS = [
    "source", "side", "component", "outcome", "date", "factor", "low", "high", "prior_low",
    "prior_high",
]  # fmt: skip


def drift(posterior: Posterior, level: float = 0.9) -> pd.DataFrame:
    """Return how the bias of each drifting stream moved, knot by knot.

    Drift is a factor on the stream's bias whose logarithm has mean zero over the days that the
    stream covers. It is told from a change of the losses by other sources alone: where none covers
    the same days it is its prior.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per stream and knot: ``source``, ``side``, ``component``, ``outcome``, ``date``;
        ``factor`` (median), ``low`` and ``high``; ``prior_low`` and ``prior_high`` (its prior
        median is 1). Empty where nothing drifts. ``attrs["level"]`` states the level.

    Examples
    --------
    >>> from bajas.datasets import russia_ukraine_2023
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(russia_ukraine_2023(), Specification(), draws=200, seed=1)
    >>> bool((drift(prior)["low"] < 1).all())
    True
    """
    (level,) = checked_levels([level])
    low, high = tails([level])[:, 0]
    design = posterior.design
    rows = []
    for item, draws in drift_draws(posterior):
        stream = design.streams[item.stream]
        days = np.unique(np.round(item.knots).astype(int))
        values = np.quantile(draws[:, days - item.first], [low, 0.5, high], axis=0)
        sd = item.scale * np.sqrt((item.daily[days - item.first] ** 2).sum(axis=1))
        reach = sd * NormalDist().inv_cdf(float(high))
        rows += [
            {
                "source": stream.source,
                "side": stream.side,
                "component": stream.component,
                "outcome": stream.outcome,
                "date": pd.Timestamp(design.calendar.day(int(day))),
                "factor": float(np.exp(values[1, i])),
                "low": float(np.exp(values[0, i])),
                "high": float(np.exp(values[2, i])),
                "prior_low": float(np.exp(-reach[i])),
                "prior_high": float(np.exp(reach[i])),
            }
            for i, day in enumerate(days)
        ]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs.update(level=level, trusted=not posterior.why_not)
    return table


def drift_draws(posterior: Posterior) -> list[tuple[Drift, np.ndarray]]:
    """Return of each drifting stream its drift and draws of it, (draw, day that it covers)."""
    found = []
    blocks = posterior.representation.split(posterior.field_draws)
    position = 0
    for item in drifts(posterior.design, posterior.specification.drift):
        size = item.knots.size - 1
        steps = blocks["drift"][..., position : position + size].reshape(-1, size)
        found.append((item, steps @ item.daily.T))
        position += size
    return found
