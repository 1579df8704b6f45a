"""Reading a table: a CSV file or a DataFrame to rows of text cells, or every reason why not."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bajas.claims import limits
from bajas.claims.csvtext import SEPARATORS, parse_csv
from bajas.claims.table import EXTRA, TextRow, TextTable, column_problems
from bajas.claims.textfile import display_name, read_text
from bajas.errors import BajasError, ClaimError, Finding, refusals

if TYPE_CHECKING:
    from typing import TypeGuard

    import pandas as pd

__all__ = ["EXTRA", "TextRow", "TextTable", "read_table"]


def read_table(
    table: str | os.PathLike[str] | pd.DataFrame,
    *,
    required: Sequence[str],
    optional: Sequence[str],
    names: Sequence[str] = (),
    sep: str = ",",
) -> TextTable:
    """Read a table as text, and check its header.

    Parameters
    ----------
    table : str, path-like or pandas.DataFrame
        A regular local CSV file in UTF-8, or a DataFrame.
    required, optional : sequence of str
        Columns that must and may be there; all others must begin with ``extra.``.
    names : sequence of str
        Columns that hold names, in which a DataFrame must not hold floats.
    sep : str
        Separator of a file: comma, semicolon, tab or bar. It is never guessed.

    Returns
    -------
    TextTable
        Rows and findings. Problems of single rows are among the findings (severity ``refuse``):
        the caller adds those it finds in the cells, so that all are reported together.

    Raises
    ------
    ClaimError
        If nothing can be read: the file, its encoding or its header is wrong, or there is no row.
    """
    if sep not in SEPARATORS:
        raise BajasError(f"sep must be one of {sorted(SEPARATORS)}, not {sep!r}")
    if isinstance(table, (str, os.PathLike)) and isinstance(os.fspath(table), str):
        text, notes = read_text(table)
        read = parse_csv(text, sep, display_name(table), frozenset([*required, *optional]))
    elif _is_frame(table):
        from bajas.claims.frame import frame_table

        notes = []
        read = frame_table(table, names)
    else:
        problem = f"a table is a path or a DataFrame, not {type(table).__name__}."
        fix = "give the path of a CSV file or a pandas DataFrame"
        raise ClaimError([Finding("refuse", "not-a-table", problem, fix)], "claims")
    findings = (*notes, *read.findings)
    if problems := column_problems(read.columns, required, optional):
        raise ClaimError([*problems, *refusals(findings)], read.file)
    if not read.rows and not refusals(findings):
        problem = "the table has a header but no rows."
        raise ClaimError([Finding("refuse", "no-rows", problem, "add rows")], read.file)
    if len(refusals(findings)) > limits.MAX_PROBLEMS:
        raise ClaimError(refusals(findings), read.file)
    return TextTable(read.file, read.columns, read.rows, findings)


def _is_frame(table: object) -> TypeGuard[pd.DataFrame]:
    # A frame can only be here if its maker imported pandas: no need to import it to look.
    module = sys.modules.get("pandas")
    return module is not None and isinstance(table, module.DataFrame)
