"""Shares of a side's losses by component over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bajas.answers.interval import LEVELS, checked_levels, tails
from bajas.answers.montecarlo import mcse_quantile
from bajas.answers.periods import Period, cut, frequency, sums
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    import xarray as xr


def shares(
    posterior: Posterior,
    side: str,
    outcome: str = "killed",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    components: Sequence[str] | None = None,
    freq: str = "M",
    cumulative: bool = False,
    levels: Sequence[float] = LEVELS,
) -> xr.Dataset:
    """Return the share of each component in a side's expected losses over time.

    Shares are of expected losses, which are defined in every period; those of realised counts
    scatter around them by chance. In every draw they add up to 1. Medians and ends of intervals
    hold for one component and period each and don't add up. They condition on the claims in the
    ledger, the bias prior and the specification.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    side, outcome : str
        Whose losses, and which.
    since, until : str or datetime.date, optional
        First and last day, both counted.
    components : sequence of str, optional
        Component expressions that split the side without gap or overlap, for example
        ``["regular", "wagner", "ldnr"]``; by default every component that the claims tell apart.
    freq : str
        As for :func:`bajas.answers.path.path`.
    cumulative : bool
        Shares of the running total from ``since`` to the end of each period.
    levels : sequence of float
        Of the central intervals.

    Returns
    -------
    xarray.Dataset
        ``median``, ``mean`` and ``mcse`` (of the median) by ``component`` and ``date``, ``lower``
        and ``upper`` by ``component``, ``date`` and ``level``; numbers from 0 to 1. Coordinates
        along ``date`` (the first day of the period): ``end`` (its last day), ``days``, and
        ``partial`` (cut off by the window). A component that doesn't exist in a period has share 0.

    Raises
    ------
    QuantityError
        If the claims can't tell the components apart, there is one only, or they overlap or leave
        a gap.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> found = shares(prior, "RU", components=["all-ldnr", "ldnr"], freq="Y")
    >>> dict(found.sizes), bool(np.allclose(found["mean"].sum("component"), 1))
    ({'component': 2, 'date': 2, 'level': 3}, True)
    """
    levels = checked_levels(levels)
    names, periods, draws = share_draws(
        posterior, side, outcome, since, until,
        components=components, freq=freq, cumulative=cumulative,
    )  # fmt: skip
    ends = np.quantile(draws, tails(levels), axis=(1, 2))  # (2, level, component, date)
    import xarray as xr

    by = ("component", "date")
    return xr.Dataset(
        {
            "median": (by, np.median(draws, axis=(1, 2))),
            "mean": (by, draws.mean(axis=(1, 2))),
            "mcse": (
                by,
                [
                    [mcse_quantile(part[:, :, index], 0.5) for index in range(len(periods))]
                    for part in draws
                ],
            ),
            "lower": ((*by, "level"), np.moveaxis(ends[0], 0, -1)),
            "upper": ((*by, "level"), np.moveaxis(ends[1], 0, -1)),
        },
        coords={
            "component": list(names),
            "date": pd.to_datetime([period.start for period in periods]),
            "end": ("date", pd.to_datetime([period.end for period in periods])),
            "days": ("date", [period.days for period in periods]),
            "partial": ("date", [period.partial for period in periods]),
            "level": list(levels),
        },
        attrs={
            "quantity": f"shares of {outcome}, {side}",
            "unit": "share of expected losses",
            "count": "expected",
            "freq": frequency(freq),
            "cumulative": int(cumulative),
            "trusted": int(not posterior.why_not),
            "why_not": "; ".join(posterior.why_not),
        },
    )


def share_draws(
    posterior: Posterior,
    side: str,
    outcome: str = "killed",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    components: Sequence[str] | None = None,
    freq: str = "M",
    cumulative: bool = False,
) -> tuple[tuple[str, ...], tuple[Period, ...], np.ndarray]:
    """Return components, periods and the draws of shares, (component, chain, draw, period).

    Raises
    ------
    QuantityError
        As :func:`shares`.
    """
    design = posterior.design
    whole = set(design.scope(outcome, side))
    if isinstance(components, str):
        components = (components,)
    names = tuple(
        components or dict.fromkeys(design.strata[index].component for index in sorted(whole))
    )
    parts = [set(design.scope(outcome, side, name)) for name in names]
    held = {index for part in parts for index in part}
    if len(names) < 2:
        raise QuantityError(
            f"shares need two components of {side} or more, not {', '.join(names)}; a claim that"
            " counts one force without the others would tell them apart"
        )
    if sum(map(len, parts)) > len(held):
        raise QuantityError(f"{', '.join(names)} of {side} overlap: shares need disjoint forces")
    missing = sorted({design.strata[index].component for index in whole - held})
    if missing:
        raise QuantityError(
            f"{', '.join(names)} leave out {', '.join(missing)} of {side}: shares need the whole"
        )
    window, calendar = posterior.window(since, until), design.calendar
    periods = cut(window, freq, calendar.first_day)
    start, stop = calendar.index(window.start), calendar.index(window.end) + 1
    losses = np.stack(
        [
            sums(
                posterior.daily(outcome, side, name, expected=True)[:, :, start:stop],
                periods,
            )
            for name in names
        ]
    )
    if cumulative:
        losses = np.cumsum(losses, axis=-1)
    total = losses.sum(axis=0)
    if not np.all(total > 0):
        raise QuantityError(
            f"no force of {side} exists in {periods[int(np.argmin(total.min(axis=(0, 1))))].label}"
        )
    return names, periods, losses / total


def shares_table(found: xr.Dataset) -> pd.DataFrame:
    """Return shares as a table, one row per period and component."""
    rows = []
    for index, day in enumerate(found["date"].values):
        for name in found["component"].values:
            part = found.sel(component=name).isel(date=index)
            row = {
                "date": day,
                "end": part["end"].values[()],
                "component": str(name),
                "median": float(part["median"]),
                "mean": float(part["mean"]),
                "mcse": float(part["mcse"]),
            }
            for level in found["level"].values:
                row[f"low_{level:g}"] = float(part["lower"].sel(level=level))
                row[f"high_{level:g}"] = float(part["upper"].sel(level=level))
            rows.append(row)
    return pd.DataFrame(rows).set_index(["date", "component"])
