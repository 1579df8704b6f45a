"""Losses over time: by day, week or month, or as a running total."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bajas.answers.interval import LEVELS, checked_levels, tails
from bajas.answers.montecarlo import mcse_quantile
from bajas.answers.periods import cut, frequency, sums
from bajas.answers.quantity import quantity_of
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    import xarray as xr


def path(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    freq: str = "W",
    cumulative: bool = False,
    per_day: bool = False,
    levels: Sequence[float] = LEVELS,
    expected: bool = False,
) -> xr.Dataset:
    """Return a quantity over time.

    The intervals hold for each period by itself, not for the whole path at once. They condition
    on the claims in the ledger, the bias prior and the specification.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    outcome, side, component : str
        What is counted; expressions over the taxonomy.
    since, until : str or datetime.date, optional
        First and last day, both counted.
    freq : str
        ``D`` days, ``W`` weeks of seven days from the war's first day, ``W-SUN`` (and so on)
        weeks that end on that weekday as in pandas, ``M`` months, ``Q`` quarters, ``Y`` years.
    cumulative : bool
        The running total from ``since`` to the end of each period.
    per_day : bool
        The mean per day of each period, so that partial periods compare with full ones.
    levels : sequence of float
        Of the central intervals.
    expected : bool
        The expected number instead of the realised count.

    Returns
    -------
    xarray.Dataset
        ``median``, ``mean`` and ``mcse`` (of the median) by ``date``, ``lower`` and ``upper`` by
        ``date`` and ``level``. Coordinates along ``date`` (the first day of the period): ``end``
        (its last day), ``days``, and ``partial`` (cut off by the window).

    Raises
    ------
    QuantityError
        If the fit doesn't hold the quantity; says what can be asked.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> months = path(prior, "killed", "RU", freq="M")
    >>> dict(months.sizes), bool(months.partial[0]), str(months.date.values[1])[:10]
    ({'date': 19, 'level': 3}, True, '2022-03-01')
    """
    levels = checked_levels(levels)
    if cumulative and per_day:
        raise QuantityError("a running total per day isn't defined: choose cumulative or per_day")
    quantity = quantity_of(posterior, outcome, side, component, since, until, expected=expected)
    window, calendar = quantity.window, posterior.design.calendar
    periods = cut(window, freq, calendar.first_day)
    daily = posterior.daily(outcome, side, component, expected=expected)
    start = calendar.index(window.start)
    draws = sums(daily[:, :, start : calendar.index(window.end) + 1], periods)
    days = np.array([period.days for period in periods])
    if cumulative:
        draws = np.cumsum(draws, axis=-1)
    elif per_day:
        draws = draws / days
    ends = np.quantile(draws, tails(levels), axis=(0, 1))  # (2, level, date)
    import xarray as xr

    return xr.Dataset(
        {
            "median": ("date", np.median(draws, axis=(0, 1))),
            "mean": ("date", draws.mean(axis=(0, 1))),
            "mcse": (
                "date",
                [mcse_quantile(draws[:, :, index], 0.5) for index in range(len(periods))],
            ),
            "lower": (("date", "level"), ends[0].T),
            "upper": (("date", "level"), ends[1].T),
        },
        coords={
            "date": pd.to_datetime([period.start for period in periods]),
            "end": ("date", pd.to_datetime([period.end for period in periods])),
            "days": ("date", days),
            "partial": ("date", [period.partial for period in periods]),
            "level": list(levels),
        },
        attrs={
            "quantity": str(quantity),
            "unit": f"{quantity.unit}{' per day' if per_day else ''}",
            "count": "expected" if expected else "realised",
            "freq": frequency(freq),
            "cumulative": int(cumulative),
            "trusted": int(not posterior.why_not),
            "why_not": "; ".join(posterior.why_not),
        },
    )


def path_table(found: xr.Dataset) -> pd.DataFrame:
    """Return a path as a table, one row per period, the ends of each interval in two columns."""
    table = pd.DataFrame(
        {
            "end": found["end"].values,
            "days": found["days"].values,
            "partial": found["partial"].values,
            "median": found["median"].values,
            "mean": found["mean"].values,
            "mcse": found["mcse"].values,
        },
        index=pd.DatetimeIndex(found["date"].values, name="date"),
    )
    for level in found["level"].values:
        table[f"low_{level:g}"] = found["lower"].sel(level=level).values
        table[f"high_{level:g}"] = found["upper"].sel(level=level).values
    return table
