"""Periods: how a window is cut into days, weeks, months or windows of equal length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from bajas.claims.claim import Window
from bajas.errors import QuantityError

#: Other spellings of frequencies in pandas.
_ALIASES = {"ME": "M", "MS": "M", "QE": "Q", "QS": "Q", "YE": "Y", "YS": "Y"}
_CODES = re.compile(r"D|W|W-(MON|TUE|WED|THU|FRI|SAT|SUN)|M|Q|Y")
_PERIOD = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days within a window; partial if the calendar period reaches beyond it."""

    label: str
    start: date
    end: date
    partial: bool

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days + 1


def frequency(code: str) -> str:
    """Return the canonical code of a frequency.

    Raises
    ------
    QuantityError
        If it isn't one of D, W, W-MON to W-SUN, M, Q or Y (pandas' MS, ME, ... are accepted).
    """
    known = _ALIASES.get(code, code)
    if not _CODES.fullmatch(known):
        raise QuantityError(
            f"unknown freq {code!r}: D (days), W (weeks from the war's first day), W-SUN (weeks"
            " that end on Sundays, and so on), M (months), Q (quarters) or Y (years)"
        )
    return known


def cut(window: Window, freq: str, origin: date) -> tuple[Period, ...]:
    """Cut a window into periods.

    Parameters
    ----------
    window : Window
        The days.
    freq : str
        ``D``; ``W``, weeks of seven days from ``origin``; ``W-SUN`` and its like, weeks that end
        on that weekday as in pandas; ``M``, ``Q``, ``Y``.
    origin : datetime.date
        The day from which ``W`` counts.

    Examples
    --------
    >>> window = Window(date(2022, 2, 24), date(2022, 4, 5))
    >>> [(p.label, p.days, p.partial) for p in cut(window, "M", window.start)]
    [('2022-02', 5, True), ('2022-03', 31, False), ('2022-04', 5, True)]
    """
    freq = frequency(freq)
    if freq == "D":
        days = [window.start + timedelta(days=i) for i in range(window.days)]
        return tuple(Period(day.isoformat(), day, day, False) for day in days)
    if freq == "W":
        return tiles(window, 7, origin)
    dates = pd.date_range(window.start, window.end, freq="D", unit="s")
    whole = dates.to_period(freq)
    found = []
    for item in whole.unique():
        start, end = item.start_time.date(), item.end_time.date()
        kept = max(start, window.start), min(end, window.end)
        label = start.isoformat() if freq.startswith("W-") else str(item)
        found.append(Period(label, *kept, kept != (start, end)))
    return tuple(found)


def tiles(window: Window, days: int, origin: date) -> tuple[Period, ...]:
    """Cut a window into stretches of equal length, one of which starts at ``origin``."""
    first = (window.start - origin).days // days
    last = (window.end - origin).days // days
    found = []
    for index in range(first, last + 1):
        start = origin + timedelta(days=index * days)
        end = start + timedelta(days=days - 1)
        kept = max(start, window.start), min(end, window.end)
        found.append(Period(kept[0].isoformat(), *kept, kept != (start, end)))
    return tuple(found)


def calendar_period(text: str) -> tuple[Window, str]:
    """Read a year, month or day and return its window and frequency.

    Raises
    ------
    QuantityError
        If it isn't an ISO day (2023-03-15), month (2023-03) or year (2023).

    Examples
    --------
    >>> calendar_period("2023-02")
    (Window(start=datetime.date(2023, 2, 1), end=datetime.date(2023, 2, 28)), 'M')
    """
    freq = {4: "Y", 7: "M", 10: "D"}.get(len(text)) if _PERIOD.fullmatch(text) else None
    if freq is None:
        raise QuantityError(
            f"during must be a day (2023-03-15), a month (2023-03) or a year (2023), not {text!r}"
        )
    try:
        period = pd.Period(text, freq=freq)
    except ValueError as error:
        raise QuantityError(f"during {text!r} isn't in the calendar") from error
    return Window(period.start_time.date(), period.end_time.date()), freq


def sums(daily: np.ndarray, periods: tuple[Period, ...]) -> np.ndarray:
    """Return sums over consecutive periods, shape (..., period); days of the first to the last."""
    lengths = np.array([period.days for period in periods])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.asarray(np.add.reduceat(daily, starts, axis=-1))
