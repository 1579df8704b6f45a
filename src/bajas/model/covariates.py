"""Covariates: series by day that the losses of a side may follow, kept as plain data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from bajas.design.calendar import Calendar
from bajas.errors import SpecificationError

#: A column whose variance is this small a part of what the columns before it leave is a repeat.
_COLLINEAR = 1e-8


@dataclass(frozen=True, slots=True)
class Covariates:
    """A table of series, one value a day, without gaps.

    Parameters
    ----------
    first_day : datetime.date
        Day of the first values.
    columns : mapping of str to tuple of float
        Values of consecutive days by name. ``"RU territory"`` concerns one side; a name without a
        space (``"fires"``) concerns every side, each with a coefficient of its own.

    Raises
    ------
    SpecificationError
        If columns are absent, of different length, or hold anything but finite numbers.

    Examples
    --------
    >>> table = Covariates(date(2023, 1, 1), {"fires": (1.0, 2.0, 3.0), "X area": (0.0, 0.0, 1.0)})
    >>> table.last_day, Covariates.from_dict(table.as_dict()) == table
    (datetime.date(2023, 1, 3), True)
    """

    first_day: date
    columns: Mapping[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        lengths = {len(values) for values in self.columns.values()}
        if len(lengths) != 1 or lengths == {0}:
            raise SpecificationError("covariates need one column or more, all of the same length")
        problems = []
        for name, values in self.columns.items():
            words = name.split(" ") if isinstance(name, str) else []
            if not (1 <= len(words) <= 2 and all(words)):
                problems.append(
                    f"column {name!r}: a name is one word ('fires', for every side) or a side and"
                    " one word ('RU territory')"
                )
            bad = np.flatnonzero(~np.isfinite(np.asarray(values, dtype=float)))
            if bad.size:
                day = self.first_day + timedelta(days=int(bad[0]))
                problems.append(
                    f"column {name!r}: {bad.size} values are missing or not finite, the first on"
                    f" {day}; fill or interpolate them on purpose, or leave the column out"
                )
        if problems:
            raise SpecificationError("covariates: " + "; ".join(problems))

    @property
    def last_day(self) -> date:
        """Day of the last values."""
        return self.first_day + timedelta(days=len(next(iter(self.columns.values()))) - 1)

    @classmethod
    def read(cls, table: Covariates | pd.DataFrame | str | os.PathLike[str]) -> Covariates:
        """Read covariates from a table.

        Parameters
        ----------
        table : pandas.DataFrame, str or path-like
            One row a day: dates in the index or in a column ``date`` (ISO), every other column a
            covariate. A path is one of such a CSV file in UTF-8.

        Raises
        ------
        SpecificationError
            If it can't be read, a day is there twice or absent, or a value isn't a finite number.

        Examples
        --------
        >>> days = pd.date_range("2023-01-01", periods=3)
        >>> Covariates.read(pd.DataFrame({"fires": [3, 1, 2]}, index=days)).columns["fires"]
        (3.0, 1.0, 2.0)
        """
        if isinstance(table, cls):
            return table
        if isinstance(table, (str, os.PathLike)):
            try:
                table = pd.read_csv(table, encoding="utf-8")
            except (OSError, ValueError) as error:
                raise SpecificationError(f"can't read covariates {table}: {error}") from error
        if not isinstance(table, pd.DataFrame):
            raise SpecificationError(
                f"covariates are a DataFrame or the path of a CSV file, not {type(table).__name__}"
            )
        if "date" in table.columns:
            table = table.set_index("date")
        if table.index.dtype.kind in "iufb":
            raise SpecificationError("covariates need a column 'date' or an index of ISO dates")
        try:
            days = pd.DatetimeIndex(pd.to_datetime(table.index, format="ISO8601"))
        except (ValueError, TypeError) as error:
            raise SpecificationError(
                f"covariates need a column 'date' or an index of ISO dates: {error}"
            ) from error
        if not len(days) or days.hasnans or (days != days.normalize()).any():
            raise SpecificationError("covariates need one whole date in every row")
        twice = days[days.duplicated()]
        if len(twice):
            raise SpecificationError(f"covariates hold {twice[0].date()} twice")
        absent = pd.date_range(days.min(), days.max()).difference(days)
        if len(absent):
            raise SpecificationError(
                f"covariates hold no values for {len(absent)} days, the first {absent[0].date()}:"
                " silence isn't zero; give every day a value"
            )
        columns: dict[str, tuple[float, ...]] = {}
        for name in table.columns:
            values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
            columns[name] = tuple(values[np.argsort(days)].tolist())
        return cls(days.min().date(), columns)

    def for_sides(self, sides: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
        """Return (side, covariate, column) of every coefficient.

        Parameters
        ----------
        sides : tuple of str
            Sides whose people are counted in the fit.

        Raises
        ------
        SpecificationError
            If a column names another side.
        """
        found: list[tuple[str, str, str]] = []
        for column in self.columns:
            words = column.split(" ")
            if len(words) == 2 and words[0] not in sides:
                raise SpecificationError(
                    f"covariate {column!r} is of side {words[0]!r}, whose people no claim in the"
                    f" fit counts; sides here: {', '.join(sides)}"
                )
            found.extend(
                (side, words[-1], column) for side in sides if len(words) == 1 or words[0] == side
            )
        keys = [(side, name) for side, name, _ in found]
        for side, name in keys:
            if keys.count((side, name)) > 1:
                raise SpecificationError(f"two covariates of {side} are named {name!r}")
        return tuple(found)

    def standardised(self, calendar: Calendar) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Return the columns over a calendar with mean 0 and sd 1, and their sds before.

        Raises
        ------
        SpecificationError
            If a day isn't covered, or a column doesn't vary or repeats others: its coefficient
            would be unidentified.
        """
        first, last = calendar.first_day, calendar.last_day
        if self.first_day > first or self.last_day < last:
            raise SpecificationError(
                f"covariates cover {self.first_day} to {self.last_day}, the fit {first} to {last}:"
                " give every day of it a value"
            )
        start = (first - self.first_day).days
        table: dict[str, np.ndarray] = {}
        sds: dict[str, float] = {}
        for name, values in self.columns.items():
            raw = np.asarray(values[start : start + calendar.days], dtype=float)
            sds[name] = float(raw.std())
            if not sds[name] > 1e-12 * max(1.0, float(np.abs(raw).max())):
                raise SpecificationError(
                    f"covariate {name!r} has one value on all days from {first} to {last}: its"
                    " coefficient can't be told from the level of the losses; leave it out"
                )
            table[name] = (raw - raw.mean()) / sds[name]
        self._distinct(table)
        return table, sds

    @staticmethod
    def _distinct(table: Mapping[str, np.ndarray]) -> None:
        """Refuse a column that is a linear combination of others which concern the same side."""
        sides = {name.split(" ")[0] for name in table if " " in name} or {""}
        for side in sorted(sides):
            basis: list[np.ndarray] = []
            names: list[str] = []
            for name, values in table.items():
                if " " in name and name.split(" ")[0] != side:
                    continue
                rest = values.copy()
                for direction in basis:
                    rest = rest - direction * (direction @ rest)
                if rest @ rest <= _COLLINEAR * (values @ values):
                    raise SpecificationError(
                        f"covariate {name!r} is a combination of {', '.join(names)}: their"
                        " coefficients can't be told apart; leave one out"
                    )
                basis.append(rest / np.linalg.norm(rest))
                names.append(name)

    def as_dict(self) -> dict[str, Any]:
        """Return the covariates as plain data for JSON."""
        return {
            "first_day": self.first_day.isoformat(),
            "columns": {name: list(values) for name, values in self.columns.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Covariates:
        """Build covariates from the plain data of :meth:`as_dict`."""
        return cls(
            date.fromisoformat(data["first_day"]),
            {
                str(name): tuple(float(value) for value in values)
                for name, values in data["columns"].items()
            },
        )
