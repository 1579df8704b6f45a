"""Strict CSV: text to rows of cells, with the lines they came from."""

from __future__ import annotations

import csv
import io
import re

from bajas.claims import limits
from bajas.claims.table import TextRow, TextTable
from bajas.errors import ClaimError, Finding

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

_LINE_END = re.compile(r"\r\n|\r|\n")


def parse_csv(text: str, sep: str, file: str, expected: frozenset[str]) -> TextTable:
    """Split the text of a CSV file into rows of cells.

    Nothing is guessed: not the separator, not the quoting (double quotes, doubled inside).

    Parameters
    ----------
    text : str
        The decoded file.
    sep : str
        The separator, one of :data:`SEPARATORS`.
    file : str
        Name for messages.
    expected : frozenset of str
        Column names of which some must be in the header: tells a wrong separator from a wrong
        header.

    Returns
    -------
    TextTable
        Problems of single rows are among its findings.

    Raises
    ------
    ClaimError
        If there is no header or the separator is wrong.
    """
    findings = _line_end_findings(text)
    rows: list[TextRow] = []
    header: list[str] | None = None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, strict=True)
    start = 1
    blank: list[int] = []
    embedded: list[int] = []
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not cells:
                blank.append(line)
            elif header is None:
                header = cells
                _check_separator(cells, sep, file, expected)
                if len(cells) > limits.MAX_COLUMNS:
                    raise ClaimError([_too_many_columns(len(cells))], file)
            else:
                if reader.line_num > line:
                    embedded.append(line)
                problem = _row_problem(cells, header, line)
                if problem is None:
                    rows.append(TextRow(line, dict(zip(header, cells, strict=True))))
                else:
                    findings.append(problem)
            if len(rows) > limits.MAX_ROWS:
                findings.append(_too_many_rows())
                break
            if len(findings) > limits.MAX_PROBLEMS:
                break
    except csv.Error as error:
        findings.append(_syntax_problem(text, start, sep, str(error)))
    if header is None:
        if not any(finding.severity == "refuse" for finding in findings):
            findings.append(
                Finding("refuse", "empty-file", "the file has no header.", "give a table", row=1)
            )
        raise ClaimError([item for item in findings if item.severity == "refuse"], file)
    if inner := [line for line in blank if rows and line < rows[-1].line]:
        findings.append(_lines_note("blank-lines", "blank lines were skipped", inner))
    if embedded:
        message = "cells hold line breaks within quotes, which were kept"
        findings.append(_lines_note("line-break-in-cell", message, embedded))
    return TextTable(file, tuple(header), tuple(rows), tuple(findings))


def _check_separator(header: list[str], sep: str, file: str, expected: frozenset[str]) -> None:
    if len(expected.intersection(header)) >= 2:
        return
    joined = sep.join(header)
    for other, name in SEPARATORS.items():
        if other == sep or len(expected.intersection(joined.split(other))) < 2:
            continue
        problem = Finding(
            "refuse",
            "wrong-separator",
            f"the columns seem to be separated by a {name}, not a {SEPARATORS[sep]}.",
            f"pass sep={other!r}",
            row=1,
        )
        raise ClaimError([problem], file)


def _row_problem(cells: list[str], header: list[str], line: int) -> Finding | None:
    if len(cells) != len(header):
        word = "many" if len(cells) > len(header) else "few"
        return Finding(
            "refuse",
            f"too-{word}-fields",
            f"the row has {len(cells)} fields where the header has {len(header)}.",
            "quote cells that hold the separator" if word == "many" else "fill up the row",
            row=line,
            claim_id=(cells[0][:80] or None) if header[0] == "claim_id" else None,
        )
    for name, cell in zip(header, cells, strict=True):
        if oversized(cell):
            return cell_too_large(name, cell, line)
    return None


def oversized(cell: str) -> bool:
    """Return whether a cell is over the limit, counting bytes only where that can matter."""
    limit = limits.MAX_CELL_BYTES
    return len(cell) > limit // 4 and len(cell.encode("utf-8", "replace")) > limit


def cell_too_large(column: str, cell: str, line: int) -> Finding:
    """Return the finding for a cell over the limit."""
    return Finding(
        "refuse",
        "cell-too-large",
        f"the cell has {len(cell):,} characters; the limit is {limits.MAX_CELL_BYTES:,} bytes.",
        "shorten it",
        row=line,
        column=column,
        text=cell[:60],
    )


def _syntax_problem(text: str, start_line: int, sep: str, reason: str) -> Finding:
    """Say what is wrong in the record that starts on a line; finds the quote that opened."""
    position = 0
    for _ in range(start_line - 1):
        match = _LINE_END.search(text, position)
        if match is None:
            break
        position = match.end()
    begin = position
    unquoted = re.compile(rf"[^{re.escape(sep)}\r\n]*+")
    # Walk over the cells of this record: unquoted up to a separator, or quoted with "" inside.
    while position < len(text):
        if text[position] == '"':
            opened = position
            line = _line_at(text, begin, opened, start_line)
            closing = re.compile(r'(?:[^"]|"")*+"').match(text, opened + 1)
            if closing is None:
                return Finding(
                    "refuse",
                    "unclosed-quote",
                    f"the quote opened on line {line} is never closed and swallows the rest.",
                    'close it; a quote inside a quoted cell is written twice ("")',
                    row=line,
                    text=text[opened : opened + 60],
                )
            position = closing.end()
            if position < len(text) and text[position] not in (sep, "\r", "\n"):
                return Finding(
                    "refuse",
                    "text-after-quote",
                    f"text follows the closing quote of the cell opened on line {line}.",
                    'a quote inside a quoted cell is written twice ("")',
                    row=line,
                    text=text[max(opened, position - 40) : position + 20],
                )
            if position - opened > csv.field_size_limit():
                return cell_too_large("", text[opened:position], line)
        else:
            match = unquoted.match(text, position)
            end = position if match is None else match.end()
            if end - position > csv.field_size_limit():
                line = _line_at(text, begin, position, start_line)
                return cell_too_large("", text[position:end], line)
            position = end
        if position >= len(text) or text[position] != sep:
            break
        position += 1
    return Finding(
        "refuse", "csv-syntax", f"the row is not valid CSV: {reason}.", "repair it", row=start_line
    )


def _line_at(text: str, begin: int, position: int, start_line: int) -> int:
    return start_line + len(_LINE_END.findall(text[begin:position]))


def _line_end_findings(text: str) -> list[Finding]:
    pairs = text.count("\r\n")
    returns, feeds = text.count("\r") - pairs, text.count("\n") - pairs
    if returns and not (pairs or feeds):
        return [Finding("note", "cr-line-ends", "lines end with CR only, as on old Macs.")]
    if sum(count > 0 for count in (pairs, returns, feeds)) > 1:
        return [Finding("note", "mixed-line-ends", "the file mixes kinds of line ends.")]
    return []


def _lines_note(rule: str, message: str, lines: list[int]) -> Finding:
    shown = ", ".join(str(line) for line in lines[:5]) + (", ..." if len(lines) > 5 else "")
    return Finding("note", rule, f"{message} (lines {shown}).", row=lines[0])


def _too_many_rows() -> Finding:
    return Finding(
        "refuse",
        "too-many-rows",
        f"the table has more than {limits.MAX_ROWS:,} rows.",
        "split it, or drop what is no claim",
    )


def _too_many_columns(count: int) -> Finding:
    return Finding(
        "refuse",
        "too-many-columns",
        f"the table has {count:,} columns; the limit is {limits.MAX_COLUMNS:,}.",
        "drop the columns that are not needed",
        row=1,
    )
