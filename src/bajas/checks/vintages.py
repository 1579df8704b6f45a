"""Vintages: what the answer would have been on each date, and where each change came from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bajas.answers.interval import LEVELS, checked_levels
from bajas.answers.quantity import component_words, outcome_words
from bajas.answers.total import total
from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.checks.vintage_forces import as_told_apart
from bajas.checks.vintage_steps import Step, steps_between
from bajas.design.build import build_design
from bajas.errors import BajasError, QuantityError
from bajas.ledger.ledger import Ledger
from bajas.model.build import build_representation
from bajas.model.specification import Specification
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Progress, Settings, silent

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: What a change between two dates is made of, in the order in which it is taken apart.
PARTS = ("revisions", "new claims", "model", "days")


@dataclass(frozen=True, slots=True)
class Asked:
    """A total that is asked on every date.

    Parameters
    ----------
    outcome, side, component : str
        What is counted.
    since, until : datetime.date, optional
        First and last day. Without ``until`` it is the last day that claims covered on each date.
    """

    outcome: str
    side: str
    component: str = "all"
    since: date | None = None
    until: date | None = None

    def __str__(self) -> str:
        what = f"{outcome_words(self.outcome)}, {component_words(self.component, self.side)}"
        start = f" from {self.since}" if self.since else ""
        return f"{what}{start} to {self.until or 'date'}"


@dataclass(frozen=True, eq=False)
class Vintages:
    """What the answers would have been on each date.

    All intervals condition on the claims published by their date, on the bias prior and the rest
    of the specification.

    Parameters
    ----------
    dates : tuple of datetime.date
        In order.
    asked : tuple of Asked
        The totals.
    data : xarray.Dataset
        Dims date, quantity, level, bound: ``median``, ``mcse`` (of the median), ``interval``,
        ``trusted``, ``why_not`` and, by date, the number of ``claims``. Not a number where a
        total could not be asked on a date; ``why_not`` says why.
    changes : pandas.DataFrame
        One row per quantity, pair of dates and part: ``change`` of the median, its ``mcse``,
        whether it is more than two of them, and the claims behind it. The parts add up to the
        row ``all``.
    """

    dates: tuple[date, ...]
    asked: tuple[Asked, ...]
    data: xr.Dataset
    changes: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Vintages: {len(self.asked)} totals on {len(self.dates)} dates,"
            f" {self.dates[0]} to {self.dates[-1]}"
        )

    def frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return the answers as a table, a row per quantity and date.

        Raises
        ------
        QuantityError
            If there are no intervals of that level.
        """
        levels = [float(item) for item in self.data["level"].values]
        position = next((i for i, item in enumerate(levels) if np.isclose(item, level)), None)
        if position is None:
            raise QuantityError(f"no intervals of level {level:g} here; levels: {levels}")
        ends = self.data["interval"].values[:, :, position]
        rows = [
            {
                "quantity": str(item),
                "date": pd.Timestamp(day),
                "claims": int(self.data["claims"].values[row]),
                "median": self.data["median"].values[row, column],
                "low": ends[row, column, 0],
                "high": ends[row, column, 1],
                "mcse": self.data["mcse"].values[row, column],
                "trusted": bool(self.data["trusted"].values[row, column]),
                "why_not": str(self.data["why_not"].values[row, column]),
            }
            for column, item in enumerate(self.asked)
            for row, day in enumerate(self.dates)
        ]
        return pd.DataFrame(rows)

    def plot(self, quantity: int = 0, *, ax: Axes | None = None) -> Axes:
        """Plot the answers by date, with what moved them; see :func:`plot_vintages`.

        Parameters
        ----------
        quantity : int
            Position in ``asked``.
        """
        from bajas.checks.vintages_plot import plot_vintages

        return plot_vintages(self, quantity, ax=ax)


def vintages(
    ledger: Ledger,
    dates: Sequence[str | date],
    quantities: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    specification: Specification | Mapping[str | date, Specification] | None = None,
    settings: Settings | None = None,
    levels: Sequence[float] = LEVELS,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Vintages:
    """Return what answers would have been on each date, and take their changes apart.

    A change of the median between two dates is taken apart by fits in between, in this order:

    1. ``revisions``: claims of the later date that replace (``supersedes``) or restate (the same
       stream and window, another figure) a claim known on the earlier date;
    2. ``new claims``: all others published in between. Whatever the model derives from the claims
       moves with them: how a stream counts, which forces are told apart, the centre of the level's
       prior where it is ``"auto"``, and the days that are resolved;
    3. ``model``: the same claims under the later date's specification, where it is another;
    4. ``days``: where the window ends with the claims, the later fit's own losses in the days that
       were added.

    Another order would share out the change differently where the parts interact.

    Forces that the claims of the last date tell apart and those of an earlier one don't yet are one
    force there, with the prior of their sum (:func:`~bajas.checks.vintage_forces.as_told_apart`).

    Parameters
    ----------
    ledger : Ledger
        All claims; on each date those published by then are known.
    dates : sequence of str or datetime.date
        ISO dates, at least one.
    quantities : mapping or sequence of mappings
        What is asked: ``outcome`` and ``side``, and if need be ``component``, ``since`` and
        ``until``, as in :meth:`bajas.Fit.total`.
    specification : Specification or mapping of date to Specification, optional
        One model, or that which was in use from each date on.
    settings : Settings, optional
        Of each fit. Fits have different seeds, counted from this one, so that their Monte Carlo
        errors are independent.
    levels : sequence of float
        Of the central intervals.
    folder, workers, progress
        As in :func:`bajas.fit_many`.

    Raises
    ------
    BajasError
        If a date is malformed or no claim was published by then, a quantity is malformed, a fit
        failed, or the batch was interrupted.
    SpecificationError
        If a specification asks for what the claims of the last date don't tell apart.
    """
    chosen = settings or Settings()
    asked = _asked(quantities)
    levels = checked_levels(levels)
    days = tuple(sorted({_day(item) for item in dates}))
    if not days:
        raise BajasError("vintages need at least one date")
    by_date = _by_date(specification, days)
    steps = list(steps_between(ledger, days, by_date))
    designs = {day: build_design(ledger.as_of(day)) for day in days}
    for each in by_date.values():  # a mistake is told before the first fit
        last = build_design(ledger.as_of(days[-1]), each.registers.reading)
        build_representation(last, each, ledger.sources)
    ends = {day: design.calendar.last_day for day, design in designs.items()}
    windows = _windows(asked, tuple(ends.values()))
    tasks = [
        FitTask(
            step.name,
            step.ledger,
            as_told_apart(
                step.specification,
                designs[step.day] if step.final else build_design(step.ledger),
                designs[days[-1]],
            ),
            replace(chosen, seed=(chosen.seed + position) % 2**32),
        )
        for position, step in enumerate(steps)
    ]
    reduce = partial(answers, windows=windows, levels=list(levels))
    batch = run_batch(tasks, reduce, folder=folder, workers=workers, progress=progress)
    if batch.errors:
        name, reason = next(iter(batch.errors.items()))
        raise BajasError(f"{len(batch.errors)} of {len(tasks)} fits failed; {name}: {reason}")
    if not batch.complete:
        raise BajasError(
            f"interrupted after {len(batch.results)} of {len(tasks)} fits"
            + (f"; run it again to go on from {folder}" if folder is not None else "")
        )
    finals: dict[date, Mapping[str, Any]] = {}
    for day in days:  # a date on which nothing had changed has the answers of the date before
        done = next((step.name for step in steps if step.final and step.day == day), None)
        finals[day] = batch.results[done] if done else next(reversed(finals.values()))
    data = _dataset(days, asked, levels, finals, ends)
    data["claims"] = ("date", [len(ledger.as_of(day)) for day in days])
    return Vintages(days, asked, data, _changes(days, asked, batch.results, finals, steps, ends))


# -- the question ----------------------------------------------------------------------------


def _by_date(
    given: Specification | Mapping[str | date, Specification] | None, days: Sequence[date]
) -> dict[date, Specification]:
    if given is None or isinstance(given, Specification):
        return dict.fromkeys(days, given or Specification())
    since = {_day(key): value for key, value in given.items()}
    found = {}
    for day in days:
        earlier = [start for start in since if start <= day]
        if not earlier:
            raise BajasError(f"no specification was in use on {day}: give one from then on")
        found[day] = since[max(earlier)]
    return found


def _day(given: str | date) -> date:
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise BajasError(f"a date must be an ISO date (YYYY-MM-DD), not {given!r}") from None


def _asked(given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> tuple[Asked, ...]:
    entries = [given] if isinstance(given, Mapping) else list(given)
    if not entries:
        raise BajasError("vintages need at least one quantity")
    found = []
    for entry in entries:
        try:
            item = Asked(**entry)
        except TypeError as error:
            raise BajasError(
                f"a quantity has outcome, side and, if need be, component, since and until;"
                f" {entry!r}: {error}"
            ) from None
        since = None if item.since is None else _day(item.since)
        until = None if item.until is None else _day(item.until)
        found.append(replace(item, since=since, until=until))
    return tuple(found)


def _windows(asked: Sequence[Asked], ends: Sequence[date]) -> list[dict[str, Any]]:
    """Return the totals that every fit is asked for, as plain data."""
    found = []
    for position, item in enumerate(asked):
        for until in sorted(set(ends)) if item.until is None else [item.until]:
            entry = asdict(replace(item, until=until))
            entry["since"] = None if item.since is None else item.since.isoformat()
            entry["until"] = until.isoformat()
            found.append({"key": _key(position, until), "of": entry})
    return found


def _key(position: int, until: date) -> str:
    return f"{position} {until.isoformat()}"


def answers(
    posterior: Posterior, windows: Sequence[Mapping[str, Any]], levels: Sequence[float]
) -> dict[str, Any]:
    """Return totals with intervals, or why there is none: what is kept of a fit."""
    found: dict[str, Any] = {}
    for window in windows:
        try:
            item = total(posterior, **window["of"], levels=levels)
        except QuantityError as error:
            found[window["key"]] = {"why_not": str(error)}
            continue
        found[window["key"]] = {
            "median": item.median,
            "mcse": item.mcse,
            "intervals": [[part.low, part.high] for part in item.intervals],
            "trusted": item.trusted,
            "why_not": "; ".join(item.why_not),
        }
    return found


# -- what came of it ---------------------------------------------------------------------------


def _dataset(
    days: Sequence[date],
    asked: Sequence[Asked],
    levels: Sequence[float],
    finals: Mapping[date, Mapping[str, Any]],
    ends: Mapping[date, date],
) -> xr.Dataset:
    import xarray as xr

    shape = len(days), len(asked)
    median, mcse = np.full(shape, np.nan), np.full(shape, np.nan)
    interval = np.full((*shape, len(levels), 2), np.nan)
    trusted, why_not = np.zeros(shape, dtype=bool), np.full(shape, "", dtype=object)
    for row, day in enumerate(days):
        for column, item in enumerate(asked):
            found = finals[day][_key(column, item.until or ends[day])]
            why_not[row, column] = found["why_not"]
            if "median" in found:
                median[row, column], mcse[row, column] = found["median"], found["mcse"]
                interval[row, column] = found["intervals"]
                trusted[row, column] = found["trusted"]
    return xr.Dataset(
        {
            "median": (("date", "quantity"), median),
            "mcse": (("date", "quantity"), mcse),
            "interval": (("date", "quantity", "level", "bound"), interval),
            "trusted": (("date", "quantity"), trusted),
            "why_not": (("date", "quantity"), why_not.astype(str)),
        },
        coords={
            "date": pd.to_datetime(list(days)),
            "quantity": [str(item) for item in asked],
            "level": list(levels),
            "bound": ["lower", "upper"],
            "until": (
                ("date", "quantity"),
                [[np.datetime64(item.until or ends[day], "s") for item in asked] for day in days],
            ),
        },
    )


def _changes(
    days: Sequence[date],
    asked: Sequence[Asked],
    results: Mapping[str, Mapping[str, Any]],
    finals: Mapping[date, Mapping[str, Any]],
    steps: Sequence[Step],
    ends: Mapping[date, date],
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for column, item in enumerate(asked):
        for earlier, later in pairwise(days):
            before = item.until or ends[earlier]
            after = item.until or ends[later]
            between = [step for step in steps if step.day == later]
            parts: dict[str, tuple[float, float, tuple[str, ...]]] = {}
            first = last = finals[earlier][_key(column, before)]
            for step in between:
                found = results[step.name][_key(column, before)]
                parts[step.part] = (*_difference(found, last), step.claim_ids)
                last = found
            final = finals[later]
            if after != before:
                new = _difference(final[_key(column, after)], final[_key(column, before)])
                # both are of the same draws, whose errors all but cancel
                parts["days"] = (new[0], _gap(final, column, before, after), ())
            whole = _difference(final[_key(column, after)], first) if parts else (0.0, 0.0)
            for part in PARTS:
                change, mcse, ids = parts.get(part, (0.0, 0.0, ()))
                rows.append(_row(item, earlier, later, part, change, mcse, ids))
            rows.append(_row(item, earlier, later, "all", *whole, ()))
    columns = ["quantity", "from", "to", "part", "change", "mcse", "beyond_mcse", "claim_ids"]
    return pd.DataFrame(rows, columns=columns)


def _difference(later: Mapping[str, Any], earlier: Mapping[str, Any]) -> tuple[float, float]:
    if "median" not in later or "median" not in earlier:
        return float("nan"), float("nan")
    change = later["median"] - earlier["median"]
    return float(change), float(np.hypot(later["mcse"], earlier["mcse"]))


def _gap(final: Mapping[str, Any], column: int, before: date, after: date) -> float:
    """Return a bound of the Monte Carlo error of a difference of two medians of the same draws."""
    first, second = final[_key(column, before)], final[_key(column, after)]
    return float(max(first.get("mcse", np.nan), second.get("mcse", np.nan)))


def _row(
    item: Asked,
    earlier: date,
    later: date,
    part: str,
    change: float,
    mcse: float,
    claim_ids: tuple[str, ...],
) -> dict[str, Any]:
    return {
        "quantity": str(item),
        "from": pd.Timestamp(earlier),
        "to": pd.Timestamp(later),
        "part": part,
        "change": change,
        "mcse": mcse,
        "beyond_mcse": bool(abs(change) > 2 * mcse),
        "claim_ids": claim_ids,
    }
