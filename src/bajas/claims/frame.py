"""A pandas table as text cells, converted strictly, so that it is read like a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from bajas.claims import limits
from bajas.claims.cells import number_text
from bajas.claims.csvtext import cell_too_large, oversized
from bajas.claims.table import TextRow, TextTable
from bajas.errors import ClaimError, Finding

FILE = "DataFrame"


def frame_table(frame: pd.DataFrame, names: Sequence[str]) -> TextTable:
    """Turn a DataFrame into rows of text cells.

    Text stays as it is; whole days become ISO dates; numbers lose nothing; missing values become
    empty cells. Rows are numbered as if the table were a file with a header: the first is row 2.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; its index is not read.
    names : sequence of str
        Columns that hold names. A float there has lost what the name looked like (``0012`` became
        ``12.0``) and is refused.

    Raises
    ------
    ClaimError
        If a column's name isn't text or the table is over the limits.
    """
    columns = list(frame.columns)
    if problems := _frame_problems(columns, len(frame)):
        raise ClaimError(problems, FILE)
    texts: list[list[str]] = []
    findings: list[Finding] = []
    for position, column in enumerate(columns):
        cells: list[str] = []
        for offset, value in enumerate(frame.iloc[:, position].tolist()):
            text, problem = _cell(value, column, offset + 2, column in names)
            cells.append(text)
            if problem is not None and len(findings) <= limits.MAX_PROBLEMS:
                findings.append(problem)
        texts.append(cells)
    bad = {finding.row for finding in findings}
    rows = tuple(
        TextRow(offset + 2, dict(zip(columns, cells, strict=True)))
        for offset, cells in enumerate(zip(*texts, strict=True))
        if offset + 2 not in bad
    )
    return TextTable(FILE, tuple(columns), rows, tuple(findings))


def _frame_problems(columns: list[Any], rows: int) -> list[Finding]:
    problems = [
        Finding(
            "refuse",
            "column-name-not-text",
            f"column name {column!r} is not text.",
            "name the columns of the claims table",
            row=1,
        )
        for column in columns
        if not isinstance(column, str)
    ]
    if len(columns) > limits.MAX_COLUMNS:
        message = f"the table has {len(columns):,} columns; the limit is {limits.MAX_COLUMNS:,}."
        problems = [Finding("refuse", "too-many-columns", message, "drop some", row=1)]
    if rows > limits.MAX_ROWS:
        message = f"the table has {rows:,} rows; the limit is {limits.MAX_ROWS:,}."
        problems.append(Finding("refuse", "too-many-rows", message, "split it"))
    if not columns:
        message = "the table has no columns."
        problems.append(Finding("refuse", "empty-file", message, "give a table with claims"))
    return problems


def _cell(value: Any, column: str, row: int, name: bool) -> tuple[str, Finding | None]:
    text: str | None
    if isinstance(value, str):
        text = value
    elif isinstance(value, (bool, np.bool_)):
        text = "true" if value else "false"
    elif value is None or value is pd.NA or value is pd.NaT:
        text = ""
    elif isinstance(value, (int, np.integer)):
        # Python refuses to print integers of thousands of digits.
        text = str(int(value)) if abs(int(value)) < 10**4000 else "inf"
    elif isinstance(value, (float, np.floating)):
        if np.isnan(value):
            text = ""
        elif name:
            return "", Finding(
                "refuse",
                "float-name",
                f"{value!r} is a number with a decimal point where a name is expected; "
                "leading zeros or letters may be lost.",
                "read the column as text (dtype=str)",
                row=row,
                column=column,
                text=repr(value),
            )
        else:
            text = number_text(float(value))
    elif isinstance(value, Decimal):
        text = "" if value.is_nan() else format(value, "f") if abs(value) < 10**4000 else "inf"
    elif isinstance(value, np.datetime64):
        text = _date_text(pd.Timestamp(value))
    elif isinstance(value, date):
        text = _date_text(value)
    else:
        text = None
    if text is None:
        return "", Finding(
            "refuse",
            "cell-not-text",
            f"a cell of type {type(value).__name__} can't be read.",
            "give text, numbers or dates",
            row=row,
            column=column,
        )
    if oversized(text):
        return "", cell_too_large(column, text, row)
    if "\x00" in text:
        problem = "there is a NUL character in the cell."
        return "", Finding("refuse", "nul-byte", problem, "remove it", row=row, column=column)
    return text, None


def _date_text(value: date) -> str:
    """Return a whole day as ISO date; anything finer keeps its time, and is refused as a date."""
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None and value.time() == datetime.min.time():
        return value.date().isoformat()
    return value.isoformat()
