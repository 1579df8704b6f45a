"""Small claims tables for tests, as text and as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import bajas

#: A row in which nothing is wrong or doubtful.
GOOD: dict[str, str] = {
    "claim_id": "a1",
    "source": "general_staff",
    "source_type": "belligerent",
    "speaks_for": "Y",
    "side": "X",
    "component": "all",
    "outcome": "killed",
    "start": "2023-01-01",
    "end": "2023-03-31",
    "published": "2023-04-01",
    "value": "1234",
    "low": "",
    "high": "",
    "level": "",
    "qualifier": "exact",
    "provisional": "0",
    "url": "https://example.org/a",
    "note": "",
    "status": "military",
}
#: A second row, of another source, so that no finding about single voices hides the one tested.
OTHER: dict[str, str] = {
    **GOOD,
    "claim_id": "b1",
    "source": "think_tank",
    "source_type": "think_tank",
    "speaks_for": "neutral",
    "value": "2345",
    "qualifier": "about",
}

Rows = Sequence[Mapping[str, str]]


def table(*rows: Mapping[str, str]) -> list[dict[str, str]]:
    """Rows made of GOOD with changes; columns are those of all rows together."""
    full = [{**GOOD, **row} for row in rows]
    columns = list(dict.fromkeys(name for row in full for name in row))
    return [{name: row.get(name, "") for name in columns} for row in full]


def pair(**changes: str) -> list[dict[str, str]]:
    """The two good rows, the first with changes."""
    return table(changes, OTHER)


def csv_text(rows: Rows, sep: str = ",", end: str = "\n") -> str:
    """Text of a CSV file."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=sep, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def read_rows(folder: Path, rows: Rows, **options: object) -> bajas.Ledger:
    """Write rows to a file and read them."""
    path = folder / "claims.csv"
    path.write_bytes(csv_text(rows).encode("utf-8"))
    return bajas.read_claims(path, **options)  # type: ignore[arg-type]


def rules(ledger: bajas.Ledger) -> dict[str, str]:
    """Rules of a ledger's findings with their severity."""
    return {finding.rule: finding.severity for finding in ledger.findings}
