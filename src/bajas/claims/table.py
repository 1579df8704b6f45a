"""A table as text: rows of text cells with the line each came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bajas.errors import Finding

#: Above this many names only case is forgiven: comparing letters takes long and helps little.
_MOST_COMPARED = 300

#: Columns with this prefix are the user's own and are kept as they are.
EXTRA = "extra."


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row: the line an editor shows for it (the header is line 1) and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table as text, with what was noticed while reading it.

    Parameters
    ----------
    file : str
        Name of the file, or ``"DataFrame"``; used in error messages.
    columns : tuple of str
        Column names in the order of the table.
    rows : tuple of TextRow
        Rows that could be split into cells; the others are among the findings.
    findings : tuple of Finding
        Normalisations, and problems that stop the reading after all rows were looked at.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[TextRow, ...]
    findings: tuple[Finding, ...] = ()


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the most similar of some names, or an empty string if none is similar."""
    folded = {other.casefold().strip(): other for other in sorted(names)}
    if len(folded) > _MOST_COMPARED:
        return folded.get(name.casefold().strip(), "")
    matches = get_close_matches(name.casefold().strip(), list(folded), n=1, cutoff=0.6)
    return folded[matches[0]] if matches else ""


def column_problems(
    columns: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> list[Finding]:
    """Return what is wrong with the header: columns that are missing, unknown or given twice.

    Parameters
    ----------
    columns : sequence of str
        The header.
    required, optional : sequence of str
        The columns that the table must and may have, besides those that begin with ``extra.``.
    """
    known = {*required, *optional}
    problems = [
        Finding(
            "refuse",
            "duplicate-column",
            f"column {name!r} occurs {count} times in the header.",
            "keep one of them",
            row=1,
            column=name,
        )
        for name, count in Counter(columns).items()
        if count > 1
    ]
    unknown = [name for name in dict.fromkeys(columns) if not _allowed(name, known)]
    for name in required:
        if name in columns:
            continue
        near = nearest(name, unknown or columns)
        hint = f"; the nearest column present is {near!r}" if near else ""
        problems.append(
            Finding(
                "refuse",
                "missing-column",
                f"required column {name!r} is missing{hint}.",
                f"rename {near!r} to {name!r}" if near in unknown and near else f"add {name!r}",
                row=1,
                column=name,
            )
        )
    for name in unknown:
        near = nearest(name, known - set(columns))
        keep = f"prefix it ({EXTRA}{name.strip() or 'name'}) to keep it, or remove it"
        problems.append(
            Finding(
                "refuse",
                "unknown-column",
                f"column {name!r} is not one that bajas knows.",
                f"rename it to {near!r} if that is meant; else {keep}" if near else keep,
                row=1,
                column=name,
            )
        )
    return problems


def _allowed(name: str, known: set[str]) -> bool:
    return name in known or (name.startswith(EXTRA) and len(name) > len(EXTRA))
