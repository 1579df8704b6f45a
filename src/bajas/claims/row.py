"""One row under examination: its cells, the values read from them, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from bajas.claims import columns, limits
from bajas.claims.cells import (
    CellProblem,
    parse_date,
    parse_flag,
    parse_log_ratio,
    parse_number,
    parse_probability,
)
from bajas.claims.table import EXTRA, TextRow, nearest
from bajas.claims.text import clean_text
from bajas.errors import Finding, Severity


class Row:
    """Cells of one row, cleaned, with methods that read a cell or record why it can't be read.

    Parameters
    ----------
    row : TextRow
        The row as it was read.
    names : sequence of str
        Columns that hold names, in which deceptive letters matter.
    """

    def __init__(self, row: TextRow, names: Sequence[str]) -> None:
        self.line = row.line
        self.findings: list[Finding] = []
        self.cells: dict[str, str] = {}
        remarks = []
        for column, raw in row.cells.items():
            self.cells[column], found = clean_text(raw, name=column in names)
            text_column = column in columns.TEXTS or column.startswith(EXTRA)
            for remark in found:
                if remark.rule == "formula-looking-cell" and not text_column:
                    continue  # a number or a date that begins like this is refused anyway
                remarks.append((column, remark, raw))
        # A finding names the claim, so that it goes when the claim goes; a source has none.
        self._claim_id = self.cells.get("claim_id", "")
        for column, remark, raw in remarks:
            self.say(remark.severity, column, remark.rule, remark.message, remark.fix, text=raw)

    @property
    def refused(self) -> int:
        """Number of problems so far."""
        return sum(finding.severity == "refuse" for finding in self.findings)

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def say(
        self,
        severity: Severity,
        column: str,
        rule: str,
        message: str,
        fix: str = "",
        *,
        text: str | None = None,
    ) -> None:
        """Record a finding about a cell."""
        shown = self[column] if text is None else text
        self.findings.append(
            Finding(
                severity,
                rule,
                message,
                fix,
                row=self.line,
                claim_id=self._claim_id[:80] or None,
                column=column,
                text=shown if len(shown) <= 80 else shown[:77] + "...",
            )
        )

    def refuse(self, column: str, rule: str, message: str, fix: str) -> None:
        """Record a problem with a cell."""
        self.say("refuse", column, rule, message, fix)

    # -- values -------------------------------------------------------------------------------

    def name(self, column: str, *, required: bool = True) -> str:
        """Return a name; records a problem if it is missing, too long or on several lines."""
        text = self[column]
        if not text and required:
            rule = f"missing-{column.replace('_', '-')}"
            self.refuse(column, rule, "the cell is empty.", f"give the {column}")
        if len(text) > limits.MAX_NAME_LENGTH:
            message = f"the name has {len(text)} characters; the limit is {limits.MAX_NAME_LENGTH}."
            self.refuse(column, "name-too-long", message, "shorten it; remarks belong in the note")
        if not frozenset(";\n\r\t").isdisjoint(text):
            message = "a name holds no semicolon, tab or line break."
            self.refuse(column, "bad-name", message, "semicolons separate names in derived_from")
        return text

    def names(self, column: str) -> tuple[str, ...]:
        """Return the names in a cell, separated by semicolons."""
        parts = (part.strip() for part in self[column].split(";"))
        return tuple(dict.fromkeys(part for part in parts if part))

    def choice(self, column: str, options: Sequence[str]) -> str | None:
        """Return one of some words, or ``None`` if the cell is empty or holds another."""
        text = self[column]
        if not text or text in options:
            return text or None
        near = nearest(text, options)
        self.refuse(
            column,
            f"unknown-{column.replace('_', '-')}",
            f"{column} is one of {', '.join(options)}.",
            f"did you mean {near!r}?" if near else "use one of these words",
        )
        return None

    def number(self, column: str) -> float | None:
        """Return a figure, or ``None``."""
        return self._parse(column, parse_number)

    def log_ratio(self, column: str) -> float | None:
        """Return the logarithm of a ratio, or ``None``."""
        return self._parse(column, parse_log_ratio)

    def probability(self, column: str) -> float | None:
        """Return a probability, or ``None``."""
        return self._parse(column, parse_probability)

    def flag(self, column: str) -> bool | None:
        """Return a yes/no cell, or ``None`` if it is empty."""
        return self._parse(column, parse_flag)

    def day(self, column: str, *, required: bool = True) -> date | None:
        """Return a date, or ``None``."""
        if required and not self[column]:
            self.refuse(column, "missing-date", "the cell is empty.", "give the day as YYYY-MM-DD")
        return self._parse(column, parse_date)

    def _parse[T](self, column: str, parser: Callable[[str], T]) -> T | None:
        text = self[column]
        if not text:
            return None
        try:
            return parser(text)
        except CellProblem as problem:
            self.refuse(column, problem.rule, problem.message, problem.fix)
            return None
