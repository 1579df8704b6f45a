"""A claims table with its sources and taxonomy, to be damaged; and where such cases come from.

Cases are samples of rows of the tables that ship with bajas, so that what is damaged looks like
what users have. A case is a value: a mutation returns another one, and a case that found something
new can be damaged further.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any

Cells = tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table as a header and rows of cells; rows need not have as many cells as the header."""

    header: Cells
    rows: tuple[Cells, ...]

    def with_cell(self, row: int, column: int, text: str) -> Sheet:
        cells = list(self.rows[row])
        cells[column] = text
        return self.with_row(row, tuple(cells))

    def with_row(self, row: int, *cells: Cells) -> Sheet:
        """Return the sheet with any number of rows in the place of one."""
        return replace(self, rows=(*self.rows[:row], *cells, *self.rows[row + 1 :]))

    def column(self, name: str) -> list[str]:
        if name not in self.header:
            return []
        place = self.header.index(name)
        return [row[place] for row in self.rows if len(row) > place]


@dataclass(frozen=True)
class Form:
    """How a sheet becomes bytes; ``told`` is the separator that the reader is told."""

    sep: str = ","
    told: str = ","
    end: str = "\n"
    quote_all: bool = False
    encoding: str = "utf-8"
    mark: bytes = b""


@dataclass(frozen=True)
class Patch:
    """A change of bytes: from a place (a share of the length) so many are replaced by others."""

    place: float
    length: int
    content: bytes


@dataclass(frozen=True)
class Case:
    """What is given to the reader.

    ``as_frame`` gives the claims as a DataFrame instead of a file. ``touched`` tells whether any
    mutation was made.
    """

    claims: Sheet
    sources: Sheet | None
    taxonomy: str | None
    form: Form = Form()
    patches: tuple[tuple[str, Patch], ...] = ()
    as_frame: bool = False
    touched: bool = False

    def claims_bytes(self) -> bytes:
        return self._patched("claims", _bytes(self.claims, self.form))

    def sources_bytes(self) -> bytes | None:
        if self.sources is None:
            return None
        plain = Form(sep=self.form.sep, told=self.form.told)
        return self._patched("sources", _bytes(self.sources, plain))

    def taxonomy_bytes(self) -> bytes | None:
        if self.taxonomy is None:
            return None
        return self._patched("taxonomy", self.taxonomy.encode("utf-8", "surrogatepass"))

    def _patched(self, name: str, data: bytes) -> bytes:
        for target, patch in self.patches:
            if target == name:
                start = int(patch.place * len(data))
                data = data[:start] + patch.content + data[start + patch.length :]
        return data


def _bytes(sheet: Sheet, form: Form) -> bytes:
    buffer = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if form.quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=form.sep, lineterminator=form.end, quoting=quoting)
    writer.writerow(sheet.header)
    writer.writerows(sheet.rows)
    errors = "surrogatepass" if form.encoding.startswith("utf") else "replace"
    return form.mark + buffer.getvalue().encode(form.encoding, errors)


# -- where cases come from ---------------------------------------------------------------------


@dataclass(frozen=True)
class Shipped:
    """A data set that ships with bajas, as its files."""

    name: str
    claims: Sheet
    sources: Sheet | None
    taxonomy: str | None


def _sheet(path: Path) -> Sheet:
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    return Sheet(tuple(header), tuple(tuple(row) for row in rows))


@cache
def shipped() -> tuple[Shipped, ...]:
    """Return the tables of every shipped data set."""
    with resources.as_file(resources.files("bajas.datasets")) as folder:
        found = [
            Shipped(
                path.parent.name,
                _sheet(path),
                _sheet(path.with_name("sources.csv"))
                if path.with_name("sources.csv").exists()
                else None,
                path.with_name("taxonomy.json").read_text(encoding="utf-8"),
            )
            for path in sorted(Path(folder).rglob("claims.csv"))
        ]
    if not found:
        raise RuntimeError("no shipped tables were found")
    return tuple(found)


#: Most rows of a case: what is wrong with a reader shows in few rows, and few are read fast.
MOST_ROWS = 7


def fresh(rng: Random) -> Case:
    """Return some rows of a shipped table with what they refer to, in order as they are."""
    # Half of the cases are of the table with the most columns in use.
    largest = max(shipped(), key=lambda item: len(item.claims.rows))
    chosen = largest if rng.random() < 0.5 else rng.choice(shipped())
    count = min(rng.randint(1, MOST_ROWS), len(chosen.claims.rows))
    rows = list(rng.sample(chosen.claims.rows, count))
    header = chosen.claims.header
    names = {row[header.index(name)] for row in rows for name in ("claim_id", "source")}
    sources = chosen.sources
    if sources is not None:
        place, origin = sources.header.index("source"), sources.header.index("derived_from")
        kept = [row for row in sources.rows if row[place] in names]
        names |= {row[place] for row in kept}
        sources = Sheet(sources.header, tuple(_referring(row, origin, names) for row in kept))
    for name in ("derived_from", "supersedes"):
        if name in header:
            rows = [_referring(row, header.index(name), names) for row in rows]
    return Case(Sheet(header, tuple(rows)), sources, chosen.taxonomy)


def _referring(row: Cells, place: int, names: set[str]) -> Cells:
    """Return a row whose references lead to names that were sampled too."""
    kept = ";".join(name for name in row[place].split(";") if name in names)
    return (*row[:place], kept, *row[place + 1 :])


def json_or_none(text: str) -> Any:
    """Return what a text says as JSON, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
