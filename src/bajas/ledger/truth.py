"""A truth: what a later investigation established about losses that were claimed at the time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

from bajas.claims.cells import CellProblem, check_url
from bajas.claims.claim import STATUSES, Status, Window
from bajas.claims.reading import read_table
from bajas.claims.row import Row
from bajas.claims.taxonomy import Taxonomy
from bajas.errors import ClaimError, Finding, TaxonomyError, refusals

Grade = Literal["A", "B+", "B", "C"]
#: From loss records of both sides to lower bounds and partial or contested truths.
GRADES: tuple[str, ...] = get_args(Grade)

_REQUIRED = (
    *("truth_id", "side", "component", "outcome", "status", "start", "end", "value"),
    *("low", "high", "grade", "authority", "url"),
)
_OPTIONAL = ("note", "compiled")
_NAMES = ("truth_id", "side", "component", "outcome")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known today about losses of one side in one window.

    Parameters
    ----------
    truth_id : str
        Unique name.
    side, component, outcome : str
        What is counted, in the words of the claims table.
    status : str
        ``military``, ``civilian`` or ``unknown`` (both together).
    start, end : datetime.date
        Inclusive window.
    value : float
        Persons or items.
    low, high : float, optional
        Between which later accounts lie; absent where none gives a bound.
    grade : {"A", "B+", "B", "C"}
        How far the figure can be trusted; C is fit for a bias prior and not for scoring.
    authority, url, note : str
        Who established it, where it was read, and remarks.
    """

    truth_id: str
    side: str
    component: str
    outcome: str
    status: Status
    start: date
    end: date
    value: float
    low: float | None
    high: float | None
    grade: Grade
    authority: str
    url: str
    note: str = ""

    @property
    def window(self) -> Window:
        """The days that the figure covers."""
        return Window(self.start, self.end)

    @property
    def target(self) -> tuple[str, str, str, str]:
        """What is counted: side, component, outcome and status."""
        return self.side, self.component, self.outcome, self.status


def read_truths(path: str | os.PathLike[str], taxonomy: Taxonomy) -> tuple[Truth, ...]:
    """Read a table of truths as strictly as a claims table.

    Parameters
    ----------
    path : str or path-like
        CSV file with the columns truth_id, side, component, outcome, status, start, end, value,
        low, high, grade, authority and url; note and compiled are optional.
    taxonomy : Taxonomy
        Tells which outcomes there are.

    Raises
    ------
    ClaimError
        With every problem of the table.
    """
    table = read_table(path, required=_REQUIRED, optional=_OPTIONAL, names=_NAMES)
    findings: list[Finding] = list(table.findings)
    truths: dict[str, Truth] = {}
    for text in table.rows:
        row = Row(text, _NAMES)
        truth = _read_truth(row, taxonomy)
        if truth is not None and truth.truth_id in truths:
            row.refuse("truth_id", "duplicate-truth", "the truth has a row already.", "rename one")
        elif truth is not None:
            truths[truth.truth_id] = truth
        findings.extend(row.findings)
    if problems := refusals(findings):
        raise ClaimError(problems, table.file)
    return tuple(truths.values())


def _read_truth(row: Row, taxonomy: Taxonomy) -> Truth | None:
    named = [row.name(column) for column in _NAMES]
    status, grade = row.choice("status", STATUSES), row.choice("grade", GRADES)
    start, end = row.day("start"), row.day("end")
    value, low, high = row.number("value"), row.number("low"), row.number("high")
    try:
        taxonomy.outcome_members(row["outcome"])
    except TaxonomyError as error:
        row.refuse("outcome", "unknown-outcome", f"{error}.", "declare it in the taxonomy")
    try:
        check_url(row["url"])
    except CellProblem as problem:
        row.refuse("url", problem.rule, problem.message, problem.fix)
    for column in ("status", "grade", "value", "authority"):
        if not row[column]:
            row.refuse(column, f"missing-{column}", "the cell is empty.", f"give the {column}")
    if start is not None and end is not None and end < start:
        row.refuse("end", "end-before-start", f"it is before the start, {start}.", "swap them")
    if value is not None and not (
        value > 0 and (low is None or low <= value) and (high is None or value <= high)
    ):
        row.refuse(
            "value",
            "value-outside-interval",
            "a truth is above zero and between its bounds.",
            "check the three figures",
        )
    if row.refused or start is None or end is None or value is None:
        return None
    truth_id, side, component, outcome = named
    return Truth(
        truth_id=truth_id,
        side=side,
        component=component,
        outcome=outcome,
        status=cast("Status", status),
        start=start,
        end=end,
        value=value,
        low=low,
        high=high,
        grade=cast("Grade", grade),
        authority=row["authority"],
        url=row["url"],
        note=row["note"],
    )
