"""A ledger's content: canonical order, hash, what was known when, and the way to a file."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from claim_tables import GOOD, OTHER, pair, read_rows, rules, table

import bajas
from bajas.errors import Finding, TaxonomyError

ROWS = table(
    {},
    {"claim_id": "a2", "value": "1300", "end": "2023-04-30", "published": "2023-05-01", "url": ""},
    {**OTHER, "url": ""},
    {"claim_id": "a3", "value": "", "low": "5", "high": "9", "qualifier": "range", "url": ""},
)


def test_order_of_rows_and_columns_is_no_content(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, ROWS)
    turned = [dict(reversed(row.items())) for row in reversed(ROWS)]
    again = read_rows(tmp_path, turned)
    assert again.hash == ledger.hash
    assert again.claims == ledger.claims
    assert [claim.claim_id for claim in again] == ["a1", "a3", "a2", "b1"]


@pytest.mark.parametrize("change", [{"value": "1235"}, {"note": "x"}, {"extra.a": "1"}])
def test_any_change_of_content_changes_the_hash(tmp_path: Path, change: dict[str, str]) -> None:
    assert read_rows(tmp_path, pair(**change)).hash != read_rows(tmp_path, pair()).hash


def test_hash_is_that_of_another_process(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, ROWS)
    code = f"import bajas; print(bajas.read_claims({str(tmp_path / 'claims.csv')!r}).hash)"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == ledger.hash


def test_as_of_keeps_what_was_published(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, ROWS)
    known = ledger.as_of("2023-04-30")
    assert {claim.claim_id for claim in known} == {"a1", "a3", "b1"}
    assert known.as_of_date == date(2023, 4, 30)
    assert known.hash != ledger.hash
    with pytest.raises(bajas.BajasError, match="no claim"):
        ledger.as_of("2022-01-01")


def test_as_of_keeps_the_findings_about_what_is_left(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, ROWS)

    def missing(of: bajas.Ledger) -> list[tuple[str, ...]]:
        return [finding.claim_ids for finding in of.findings if finding.rule == "missing-url"]

    assert missing(ledger) == [("a2", "b1", "a3")]
    assert missing(ledger.as_of("2023-04-30")) == [("b1", "a3")]


def test_round_trip_through_a_file(tmp_path: Path) -> None:
    rows = table(
        {
            "note": "=1+1",
            "extra.a": "'@quoted",
            "extra.b": "two\nlines, and a comma",
            "missing_included": "1",
            "retrieved": "2023-05-01",
            "population": "90000.5",
            "derived_from": "b1;think_tank",
            "excluded": "- a dash, then words",
        },
        {**OTHER, "outcome": "killed_per_day", "value": "1.1250"},
        {**RANGE, "claim_id": "c"},
    )
    ledger = read_rows(tmp_path, rows)
    path = tmp_path / "out.csv"
    bajas.write_claims(ledger, path)
    again = bajas.read_claims(path)
    assert again.claims == ledger.claims
    assert again.hash == ledger.hash
    assert rules(again)["escape-removed"] == "note"
    # A second way through changes nothing, not even a byte.
    twice = tmp_path / "twice.csv"
    bajas.write_claims(again, twice)
    assert twice.read_bytes() == path.read_bytes()


RANGE = {"value": "", "low": "1000", "high": "2000", "level": "0.95", "qualifier": "range"}


def test_no_written_cell_is_a_formula(tmp_path: Path) -> None:
    nasty = ("=1", "+1", "-1+1", "@a", "'=1")
    rows = table(*({"claim_id": str(i), "note": note} for i, note in enumerate(nasty)))
    ledger = read_rows(tmp_path, rows)
    path = tmp_path / "out.csv"
    bajas.write_claims(ledger, path)
    with path.open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    # What was escaped on the way in is the same text as what wasn't.
    assert [bajas.read_claims(path)[str(i)].note for i in range(5)] == [*nasty[:4], "=1"]


def test_writing_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = read_rows(tmp_path, ROWS)
    path = tmp_path / "out.csv"
    path.write_text("before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(bajas.BajasError, match="No space left"):
        bajas.write_claims(ledger, path)
    assert path.read_text() == "before"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["claims.csv", "out.csv"]


def test_writing_to_nowhere_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(bajas.BajasError, match="can't write"):
        bajas.write_claims(read_rows(tmp_path, ROWS), tmp_path / "absent" / "out.csv")


def test_taxonomy_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text(json.dumps({"regions": {"bakhmut": ""}}))
    assert read_rows(tmp_path, pair(theatre="bakhmut"), taxonomy=path)["a1"].theatre == "bakhmut"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"regions": []}',
        '{"outcomes": {"killed": "people"}}',
        '{"regions": {"a": "", "a": "b"}}',
        '{"sides": {"X": {}}}',
        '{"first_day": "24/02/2022"}',
        '{"unknown": {}}',
        "[" * 100_000,
    ],
)
def test_a_broken_taxonomy_is_a_typed_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text(text)
    with pytest.raises(TaxonomyError):
        read_rows(tmp_path, pair(), taxonomy=path)
    with pytest.raises(TaxonomyError):
        read_rows(tmp_path, pair(), taxonomy=tmp_path)


def test_finding_says_where_what_and_how_to_mend_it() -> None:
    finding = Finding(
        "refuse", "a-rule", "it is wrong.", "mend it", row=3, claim_id="a", column="end", text="x"
    )
    said = str(finding)
    assert said == "[refuse] row 3, claim a, column end: 'x': it is wrong. (a-rule) Fix: mend it."
    assert Finding.from_dict(finding.as_dict()) == finding


def test_reading_needs_no_model() -> None:
    code = (
        "import sys, bajas.ledger.read, bajas.claims.reading;"
        "sys.exit(bool({'pymc', 'pytensor', 'arviz'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_good_rows_are_what_they_say(tmp_path: Path) -> None:
    claim = read_rows(tmp_path, [GOOD])["a1"]
    assert (claim.value, claim.start, claim.end) == (1234.0, date(2023, 1, 1), date(2023, 3, 31))
    assert (claim.row, claim.provisional, claim.missing_included) == (2, False, None)
