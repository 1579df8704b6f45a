"""Whatever a table holds, reading it gives a ledger or a ClaimError, and nothing else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd
from claim_tables import GOOD, OTHER, csv_text, table
from hypothesis import given, settings
from hypothesis import strategies as st

import bajas
from bajas.claims import columns

#: Cells that have broken readers: numbers, dates, formulas, controls, quotes, foreign digits.
NASTY = st.sampled_from(
    [
        *("", " ", "0", "-0", "1e400", "1,200", "1.200", "NaN", "-inf", "9" * 400, "0.5", "95"),
        *("2023-02-30", "2023", "01/02/2023", "0001-01-01", "9999-12-31", "2023-01-01T00:00"),
        *("=1+1", "'=1", "''=1", "\t=1", "@x", "-", "'", '"', '""', ";", "|", "+", "all-", "all"),
        *("a1", "b1", "a1;b1", "RU", "X", "killed", "casualties", "killed|wounded", "_per_day"),
        *("range", "peak", "at_least", "at_most", "about", "tally", "unknown", "true"),
        *("https://", "http://[", "//x", "javascript:x", "http://a:b@c", "http://x:99999999"),
        *("\u202e", "\u200b", "e\u0301", "\u0430a", "١٢٣", "½", "²", "\x85", "\x1c", "\ufeff"),
        *("\n", "\r", "\r\n", "\x0b", "\x00", "\ud800", "тысяча"),
    ]
)
CELL = NASTY | st.text(max_size=8)
COLUMN = st.sampled_from([*columns.REQUIRED, *columns.OPTIONAL, "extra.a"])
#: Changes to a table that is in order: (row, column, cell).
CHANGES = st.lists(st.tuples(st.integers(0, 3), COLUMN, CELL), max_size=6)

THIRD = {**OTHER, "claim_id": "c1", "outcome": "casualties", "value": "9000", "end": "2023-02-28"}
FOURTH = {**GOOD, "claim_id": "d1", "end": "2023-01-31", "value": "100"}


def check(ledger: bajas.Ledger) -> None:
    """Everything that is derived from a ledger works on what was accepted."""
    assert len({claim.claim_id for claim in ledger}) == len(ledger)
    for finding in ledger.findings:
        assert finding.severity in ("warn", "note")
        assert str(finding)
    assert bajas.Ledger.from_dict(ledger.as_dict()) == ledger
    ledger.to_frame()
    assert repr(ledger)


def check_error(error: bajas.ClaimError) -> None:
    """A refusal says what is wrong."""
    assert error.problems
    assert all(problem.severity == "refuse" and problem.message for problem in error.problems)
    assert error.file in str(error)


def changed(changes: list[tuple[int, str, str]]) -> list[dict[str, str]]:
    rows = table(GOOD, OTHER, THIRD, FOURTH)
    for row, column, cell in changes:
        rows[row][column] = cell
    return [{name: row.get(name, "") for line in rows for name in line} for row in rows]


@settings(max_examples=400, deadline=None)
@given(CHANGES)
def test_changed_cells_of_a_frame(changes: list[tuple[int, str, str]]) -> None:
    try:
        ledger = bajas.read_claims(pd.DataFrame(changed(changes), dtype=object))
    except bajas.ClaimError as error:
        check_error(error)
        return
    check(ledger)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claims.csv"
        bajas.write_claims(ledger, path)
        assert bajas.read_claims(path, sources=ledger.sources).claims == ledger.claims


def read_bytes(data: bytes, sep: str = ",") -> None:
    handle, name = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        check(bajas.read_claims(name, sep=sep))
    except bajas.ClaimError as error:
        check_error(error)
    finally:
        os.unlink(name)


@settings(max_examples=300, deadline=None)
@given(CHANGES, st.sampled_from(["\n", "\r", "\r\n"]), st.sampled_from([",", ";", "\t"]))
def test_changed_cells_of_a_file(changes: list[tuple[int, str, str]], end: str, sep: str) -> None:
    text = csv_text(changed(changes), sep=sep, end=end)
    read_bytes(text.encode("utf-8", "surrogatepass"), sep)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1000),
            st.integers(0, 20),
            st.binary(max_size=4) | st.sampled_from([b'"', b",", b"\n", b"\r", b"\x00", b'""']),
        ),
        max_size=5,
    )
)
def test_damaged_bytes_of_a_file(cuts: list[tuple[int, int, bytes]]) -> None:
    data = csv_text(changed([])).encode()
    for place, length, patch in cuts:
        start = place % len(data)
        data = data[:start] + patch + data[start + length :]
    read_bytes(data)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_were_never_a_table(data: bytes) -> None:
    read_bytes(data)
