"""Tables for spreadsheets and pages: CSV that starts no formula, HTML in which nothing runs."""

from __future__ import annotations

import csv
import html
import io
import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bajas.claims.cells import CellProblem, check_url
from bajas.claims.text import escape_cell
from bajas.claims.wholefile import write_whole
from bajas.errors import BajasError

#: What a file's name may end in.
_SUFFIXES = (".csv", ".html")

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>table{{border-collapse:collapse}}th,td{{padding:.2em .6em;text-align:left}}</style>
</head>
<body>
<table>
<caption>{title}</caption>
{rows}
</table>
</body>
</html>
"""


def write_table(frame: pd.DataFrame, path: str | os.PathLike[str], *, title: str = "") -> None:
    """Write a table of an answer or of claims to a CSV or HTML file.

    Names of sources, notes and links come from whoever wrote a claims table. In a CSV file a cell
    that a spreadsheet would run (one that begins with ``=``, ``+``, ``-``, ``@``, a tab or a
    return, and isn't a negative number) gets an apostrophe in front; in an HTML file all text is
    escaped, and only links to http and https are links. Numbers are written in full.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table that a fit or a ledger returns. The index is written if it has a name, or several
        levels.
    path : str or path-like
        The file; its name ends in ``.csv`` or ``.html``. It appears whole or not at all, and is
        replaced if it exists.
    title : str
        Of an HTML page.

    Raises
    ------
    BajasError
        If the name ends in something else, or the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> frame = pd.DataFrame({"source": ["=HYPERLINK(1)", "a"], "bias": [-0.25, 0.5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(frame, f"{folder}/sources.csv")
    ...     print(Path(folder, "sources.csv").read_text())
    source,bias
    '=HYPERLINK(1),-0.25
    a,0.5
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise BajasError(f"can't write {os.fspath(path)}: a table is written to .csv or .html")
    text = _csv(frame) if suffix == ".csv" else _html(frame, title or Path(path).stem)
    write_whole(path, (part.encode("utf-8") for part in (text,)))


def _rows(frame: pd.DataFrame) -> Iterator[list[Any]]:
    """Return header and rows, the index in front where it says something."""
    if frame.index.nlevels > 1 or frame.index.name is not None:
        frame = frame.reset_index()
    yield [" ".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in frame.columns]
    columns = [frame.iloc[:, place].tolist() for place in range(frame.shape[1])]
    for row in zip(*columns, strict=True):
        yield list(row)


def _csv(frame: pd.DataFrame) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([_csv_cell(value) for value in row] for row in _rows(frame))
    return buffer.getvalue()


def _csv_cell(value: Any) -> str:
    text = _text(value)
    return text if _is_number(value) else escape_cell(text)


def _html(frame: pd.DataFrame, title: str) -> str:
    lines = []
    for number, row in enumerate(_rows(frame)):
        tag = "td" if number else "th"
        cells = "".join(f"<{tag}>{_html_cell(value)}</{tag}>" for value in row)
        lines.append(f"<tr>{cells}</tr>")
    return _PAGE.format(title=html.escape(title), rows="\n".join(lines))


def _html_cell(value: Any) -> str:
    text = html.escape(_text(value))
    if isinstance(value, str) and value.lower().startswith(("http:", "https:")):
        try:
            check_url(value)
        except CellProblem:
            return text
        return f'<a href="{text}" rel="noopener noreferrer nofollow">{text}</a>'
    return text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _text(value: Any) -> str:
    """Return a value in words: dates as ISO dates, numbers in full, nothing for what is missing."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return "; ".join(_text(item) for item in value)
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if _is_number(value):
        number = float(value)
        if np.isnan(number):
            return ""
        return str(int(value)) if number.is_integer() else repr(number)
    if isinstance(value, datetime):
        plain = value.time() == datetime.min.time()
        return value.date().isoformat() if plain else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
