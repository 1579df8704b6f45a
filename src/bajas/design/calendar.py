"""The calendar: the days of the war that the model resolves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from bajas.claims.claim import Window


@dataclass(frozen=True, slots=True)
class Calendar:
    """Consecutive days from the war's first day to the last day that any claim covers.

    Examples
    --------
    >>> from datetime import date
    >>> calendar = Calendar(date(2022, 2, 24), date(2022, 3, 2))
    >>> calendar.days, calendar.index(date(2022, 2, 26))
    (7, 2)
    """

    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def window(self) -> Window:
        """The whole calendar as a window."""
        return Window(self.first_day, self.last_day)

    def index(self, day: date) -> int:
        """Return the position of a day; may lie outside ``range(days)``."""
        return (day - self.first_day).days

    def day(self, index: int) -> date:
        """Return the day at a position."""
        return self.first_day + timedelta(days=int(index))

    def clip(self, window: Window) -> Window | None:
        """Return the part of a window that lies in the calendar, or None."""
        start = max(window.start, self.first_day)
        end = min(window.end, self.last_day)
        return Window(start, end) if start <= end else None

    def dates(self) -> pd.DatetimeIndex:
        """Return the days as a pandas index."""
        return pd.date_range(self.first_day, self.last_day, freq="D", unit="s")

    def knots(self, days_apart: int) -> np.ndarray:
        """Return knot positions in days, from 0 to the first one at or after the last day."""
        return np.arange(0, self.days - 1 + days_apart, days_apart)
