"""Every numbered case of design/bad_inputs.md that concerns a file or a table.

Refused cases state the rule, and where it matters what the message or the fix must say; accepted
cases state the rule and severity of the finding. The id of each test carries the case's number.
"""

from __future__ import annotations

import gzip
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from claim_tables import GOOD, OTHER, csv_text, pair, read_rows, rules, table

import bajas
from bajas.claims import limits
from bajas.errors import TaxonomyError


def refused(path: object, **options: Any) -> bajas.ClaimError:
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(path, **options)  # type: ignore[arg-type]
    return caught.value


def refused_bytes(folder: Path, data: bytes, **options: Any) -> bajas.ClaimError:
    path = folder / "claims.csv"
    path.write_bytes(data)
    return refused(path, **options)


TEXT = csv_text(pair())

# -- 1-17: the file ---------------------------------------------------------------------------

HEADER, FIRST, SECOND = TEXT.splitlines()

FILES: dict[str, tuple[bytes, str, str]] = {
    "01-empty": (b"", "empty-file", "0 bytes"),
    "02-header-only": (HEADER.encode(), "no-rows", "no rows"),
    "03-missing-column": (
        TEXT.replace("claim_id", "claimid").encode(),
        "missing-column",
        "nearest column present is 'claimid'",
    ),
    "04-unknown-column": (
        TEXT.replace("note", "remark").encode(),
        "unknown-column",
        "extra.remark",
    ),
    "05-duplicate-column": (
        TEXT.replace("high", "low").encode(),
        "duplicate-column",
        "'low' occurs 2 times",
    ),
    "06-too-many-fields": (f"{HEADER}\n{FIRST},x\n{SECOND}".encode(), "too-many-fields", "row 2"),
    "06-too-few-fields": (f"{HEADER}\n{FIRST}\na,b".encode(), "too-few-fields", "row 3"),
    "08-utf16": (TEXT.encode("utf-16"), "not-utf-8", "UTF-16"),
    "08-utf16-without-mark": (TEXT.encode("utf-16-le"), "not-utf-8", "UTF-16"),
    "08-utf32": (TEXT.encode("utf-32"), "not-utf-8", "UTF-32"),
    "08-cp1251": (
        TEXT.replace("general_staff", "Генеральный штаб").encode("cp1251"),
        "not-utf-8",
        "cp1251",
    ),
    "08-latin1": (TEXT.replace("general_staff", "état").encode("latin-1"), "not-utf-8", "Latin-1"),
    "09-invalid-byte": (
        TEXT.encode().replace(b"think_tank", b"\xd1\x88\xd1\x82\xffank", 1),
        "not-utf-8",
        f"offset {TEXT.index('think_tank') + 4} (line 3)",
    ),
    "10-nul": (TEXT.encode().replace(b"1234", b"12\x0034"), "nul-byte", "line 2"),
    "11-semicolon": (csv_text(pair(), sep=";").encode(), "wrong-separator", "sep=';'"),
    "11-tab": (csv_text(pair(), sep="\t").encode(), "wrong-separator", "sep='\\t'"),
    "13-unclosed-quote": (
        TEXT.replace("think_tank", '"think_tank', 1).encode() + f"{FIRST}\n".encode(),
        "unclosed-quote",
        "opened on line 3",
    ),
    "13-text-after-quote": (
        f'{HEADER}\n"a1"x{FIRST[2:]}'.encode(),
        "text-after-quote",
        "line 2",
    ),
    "17-xls": (b"\xd0\xcf\x11\xe0" + bytes(60), "not-a-text-file", "export the table to CSV"),
    "17-pdf": (b"%PDF-1.7", "not-a-text-file", "PDF"),
}


@pytest.mark.parametrize(("data", "rule", "words"), FILES.values(), ids=FILES)
def test_file_is_refused(tmp_path: Path, data: bytes, rule: str, words: str) -> None:
    error = refused_bytes(tmp_path, data)
    assert rule in {problem.rule for problem in error.problems}
    assert words in str(error)
    assert str(tmp_path / "claims.csv") in str(error)


def test_07_byte_order_mark_is_stripped(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    ledger = bajas.read_claims(path)
    assert rules(ledger)["byte-order-mark"] == "note"
    assert ledger == bajas.read_claims(pd.DataFrame(pair()))


@pytest.mark.parametrize("sep", [";", "\t", "|"])
def test_11_separator_is_read_when_it_is_said(tmp_path: Path, sep: str) -> None:
    path = tmp_path / "claims.csv"
    path.write_text(csv_text(pair(), sep=sep), encoding="utf-8")
    assert len(bajas.read_claims(path, sep=sep)) == 2


def test_11_other_separators_are_an_error_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(bajas.BajasError, match="sep must be"):
        bajas.read_claims(tmp_path / "claims.csv", sep="::")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (csv_text(pair(), end="\r"), "cr-line-ends"),
        (TEXT.replace("\n", "\r\n", 1), "mixed-line-ends"),
        (csv_text(pair(note="one\ntwo")), "line-break-in-cell"),
        (TEXT.replace("\n", "\n\n"), "blank-lines"),
    ],
    ids=["14-cr", "14-mixed", "14-newline-in-note", "14-blank-lines"],
)
def test_14_line_ends_are_accepted_and_noted(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "claims.csv"
    path.write_bytes(text.encode())
    ledger = bajas.read_claims(path)
    assert len(ledger) == 2
    assert rules(ledger)[rule] == "note"


def test_14_line_ends_of_one_kind_are_not_worth_a_note(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    ledger = bajas.read_claims(path)
    assert not {"mixed-line-ends", "cr-line-ends"} & set(rules(ledger))


def test_14_rows_after_an_embedded_newline_keep_their_line_numbers(tmp_path: Path) -> None:
    rows = [{**GOOD, "note": "one\ntwo"}, {**OTHER, "value": "-1"}]
    error = refused_bytes(tmp_path, csv_text(rows).encode())
    assert error.row == 4


def test_15_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ROWS", 1)
    assert refused_bytes(tmp_path, TEXT.encode()).rule == "too-many-rows"
    assert refused(pd.DataFrame(pair())).rule == "too-many-rows"


def test_15_too_many_columns(tmp_path: Path) -> None:
    wide = HEADER + "".join(f",extra.c{i}" for i in range(limits.MAX_COLUMNS))
    assert refused_bytes(tmp_path, wide.encode()).rule == "too-many-columns"


@pytest.mark.parametrize("size", [limits.MAX_CELL_BYTES + 1, 1_000_000])
@pytest.mark.parametrize("quoted", [True, False])
def test_15_a_cell_over_the_limit(tmp_path: Path, size: int, quoted: bool) -> None:
    long = "x" * size
    text = csv_text(pair(note=f'{long}"' if quoted else long))
    error = refused_bytes(tmp_path, text.encode())
    assert error.rule == "cell-too-large"
    assert error.row == 2
    assert refused(pd.DataFrame(pair(note=long))).rule == "cell-too-large"


def test_15_a_file_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 100)
    assert refused_bytes(tmp_path, TEXT.encode()).rule == "file-too-large"


def test_15_a_sparse_file_of_two_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    with path.open("wb") as stream:
        stream.truncate(2 * 2**30)
    assert refused(path).rule == "file-too-large"


def test_15_reading_stops_after_very_many_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_PROBLEMS", 10)
    rows = [{**GOOD, "claim_id": str(i), "value": "x", "start": "x"} for i in range(100)]
    error = refused_bytes(tmp_path, csv_text(rows).encode())
    assert len(error.problems) < 15
    assert "too-many-problems" in {problem.rule for problem in error.problems}


def test_15_too_many_components(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_COMPONENTS", 1)
    rows = table({"component": "guard"}, {**OTHER, "component": "navy"})
    assert refused_bytes(tmp_path, csv_text(rows).encode()).rule == "too-many-components"


def test_16_directory(tmp_path: Path) -> None:
    assert refused(tmp_path).rule in ("not-a-regular-file", "unreadable-file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_16_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    caught: list[bajas.ClaimError] = []
    reader = threading.Thread(target=lambda: caught.append(refused(path)), daemon=True)
    reader.start()
    reader.join(timeout=10)
    assert not reader.is_alive()
    assert caught[0].rule == "not-a-regular-file"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_16_device() -> None:
    error = refused("/dev/zero")
    assert error.rule == "not-a-regular-file"
    assert "character device" in str(error)


@pytest.mark.parametrize("url", ["https://example.org/claims.csv", "ftp://example.org/x", "data:a"])
def test_16_url(url: str) -> None:
    assert refused(url).rule == "url"


def test_16_gzip_and_zip(tmp_path: Path) -> None:
    error = refused_bytes(tmp_path, gzip.compress(TEXT.encode()))
    assert error.rule == "not-a-text-file"
    assert "gzip" in str(error)
    archive = tmp_path / "claims.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("claims.csv", TEXT)
    assert "zip" in str(refused(archive))


@pytest.mark.parametrize("path", ["absent.csv", "a\x00b", ""])
def test_16_paths_that_lead_nowhere(path: str) -> None:
    assert refused(path).rule in ("no-such-file", "unreadable-file")


@pytest.mark.parametrize("thing", [None, 7, b"claims.csv", [GOOD], object()])
def test_16_things_that_are_no_table(thing: object) -> None:
    assert refused(thing).rule == "not-a-table"


def test_17_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "claims.xlsx"
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("xl/workbook.xml", "<workbook/>")
    error = refused(path)
    assert error.rule == "not-a-text-file"
    assert "xlsx" in str(error)
    assert "CSV" in error.fix


# -- cells that are refused -------------------------------------------------------------------

RANGE = {"value": "", "low": "1000", "high": "2000", "qualifier": "range", "level": "0.9"}

#: Case: changes to a good row, column, rule, words in the message or the fix.
CELLS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "12-decimal-comma": ({"value": "1.200,5"}, "value", "ambiguous-separator", "1200.5"),
    "12-decimal-comma-other": ({"value": "1.200,5"}, "value", "ambiguous-separator", "1.2005"),
    "19-bidi": ({"source": "staff\u202egnp"}, "source", "bidi-control", "U+202E"),
    "19-bidi-note": ({"note": "a\u2067b"}, "note", "bidi-control", "U+2067"),
    "19-control": ({"source": "sta\x1bff"}, "source", "control-character", "U+001B"),
    "21-duplicate-id": ({"claim_id": "b1"}, "claim_id", "duplicate-claim-id", "row 2"),
    "22-blank-id": ({"claim_id": " "}, "claim_id", "missing-claim-id", "empty"),
    "22-semicolon-in-id": ({"claim_id": "a;b"}, "claim_id", "bad-name", "semicolon"),
    "22-newline-in-source": ({"source": "a\nb"}, "source", "bad-name", "line break"),
    "22-long-source": ({"source": "s" * 201}, "source", "name-too-long", "200"),
    "25-supersedes-unknown": ({"supersedes": "b2"}, "supersedes", "supersedes-unknown", "claim_id"),
    "25-supersedes-itself": ({"supersedes": "a1"}, "supersedes", "supersedes-itself", ""),
    "26-missing-source": ({"source": ""}, "source", "missing-source", ""),
    "28-javascript": ({"url": "javascript:alert(1)"}, "url", "url-scheme", "http"),
    "28-file": ({"url": "file:///etc/passwd"}, "url", "url-scheme", "http"),
    "28-data": ({"url": "data:text/html,x"}, "url", "url-scheme", "http"),
    "28-no-scheme": ({"url": "example.org"}, "url", "url-scheme", "http"),
    "28-no-host": ({"url": "https:///x"}, "url", "bad-url", ""),
    "28-broken": ({"url": "https://[::1"}, "url", "bad-url", ""),
    "28-two-links": ({"url": "https://a.org https://b.org"}, "url", "bad-url", "one"),
    "29-password": ({"url": "https://me:pw@example.org"}, "url", "url-credentials", "leaks"),
    "29-user": ({"url": "https://me@example.org"}, "url", "url-credentials", "leaks"),
    "31-unknown-origin": (
        {"derived_from": "b1;think_tnk"},
        "derived_from",
        "unknown-origin",
        "'think_tank'",
    ),
    "31-itself": ({"derived_from": "a1"}, "derived_from", "derived-from-itself", "its origin"),
    "31-its-source": (
        {"derived_from": "general_staff"},
        "derived_from",
        "derived-from-itself",
        "one by one",
    ),
    "34-negative": ({"value": "-5"}, "value", "negative-number", ""),
    "35-nan": ({"value": "NaN"}, "value", "not-finite", "empty"),
    "35-inf": ({"value": "inf"}, "value", "not-finite", ""),
    "35-minus-inf": ({"value": "-inf"}, "value", "not-finite", ""),
    "35-exponent": ({"value": "1e400"}, "value", "exponent", "digits"),
    "36-comma": ({"value": "1,200"}, "value", "ambiguous-separator", "1200 or 1.2"),
    "36-dot": ({"value": "1.200"}, "value", "ambiguous-separator", "1200 or 1.2"),
    "36-space": ({"value": "1 200"}, "value", "separator-in-number", "write 1200"),
    "36-no-break-space": ({"value": "1\u00a0200"}, "value", "separator-in-number", "write 1200"),
    "36-apostrophe": ({"value": "1'200"}, "value", "separator-in-number", "write 1200"),
    "36-k": ({"value": "1.2k"}, "value", "unit-in-number", "write 1200"),
    "36-tilde": ({"value": "~1200"}, "value", "qualifier-in-number", "value=1200, qualifier=about"),
    "36-over": (
        {"value": ">1000"},
        "value",
        "qualifier-in-number",
        "value=1000, qualifier=at_least",
    ),
    "36-plus": ({"value": "1000+"}, "value", "qualifier-in-number", "qualifier=at_least"),
    "36-up-to": (
        {"value": "up to 2 000"},
        "value",
        "qualifier-in-number",
        "value=2000, qualifier=at_most",
    ),
    "36-span": (
        {"value": "1000-2000"},
        "value",
        "range-in-number",
        "low=1000, high=2000, qualifier=range",
    ),
    "36-dozens": ({"value": "dozens"}, "value", "not-a-number", "low and high"),
    "36-word": ({"value": "тысяча"}, "value", "not-a-number", "low and high"),
    "37-arabic-digits": ({"value": "١٢٣"}, "value", "not-ascii-digits", "write 123"),
    "37-fullwidth": ({"value": "１２"}, "value", "not-ascii-digits", "write 12"),
    "37-underscore": ({"value": "1_000"}, "value", "separator-in-number", "write 1000"),
    "37-date-digits": ({"end": "٢٠٢٣-03-31"}, "end", "date-not-iso", "YYYY-MM-DD"),
    "38-low-above-high": ({**RANGE, "low": "3000"}, "low", "low-above-high", ""),
    "39-value-outside": ({**RANGE, "value": "2500"}, "value", "value-outside-interval", ""),
    "42-percent": ({**RANGE, "level": "95"}, "level", "level-not-a-probability", "write 0.95"),
    "42-percent-sign": ({**RANGE, "level": "95%"}, "level", "level-not-a-probability", "0.95"),
    "42-zero": ({**RANGE, "level": "0"}, "level", "level-not-a-probability", ""),
    "42-one": ({**RANGE, "level": "1"}, "level", "level-not-a-probability", ""),
    "42-one-and-a-half": ({**RANGE, "level": "1.5"}, "level", "level-not-a-probability", ""),
    "42-no-interval": ({"level": "0.9"}, "level", "level-without-interval", ""),
    "43-at-least-with-high": (
        {"qualifier": "at_least", "high": "2000"},
        "high",
        "contradictory-bounds",
        "range",
    ),
    "43-at-most-with-low": (
        {"qualifier": "at_most", "low": "10"},
        "low",
        "contradictory-bounds",
        "range",
    ),
    "43-two-bounds": ({"qualifier": "at_least", "low": "10"}, "low", "two-bounds", ""),
    "43-half-interval": ({"low": "10"}, "high", "half-interval", "at_least"),
    "46-population": ({"population": "1000"}, "value", "more-than-population", "1,000"),
    "46-population-rate": (
        {"population": "10000", "per_day": "1"},
        "value",
        "more-than-population",
        "111,060",
    ),
    "47-too-large": ({"value": "9000000000000000"}, "value", "number-too-large", ""),
    "47-thousands-of-digits": ({"value": "9" * 5000}, "value", "number-too-large", ""),
    "51-february-30": ({"end": "2023-02-30"}, "end", "no-such-date", ""),
    "51-month-13": ({"start": "2023-13-01"}, "start", "no-such-date", ""),
    "52-slashes": ({"end": "01/02/2023"}, "end", "date-not-iso", "2023-02-01 or 2023-01-02"),
    "52-dots": ({"end": "31.03.2023"}, "end", "date-not-iso", "YYYY-MM-DD|2023-03-31"),
    "52-compact": ({"end": "20230331"}, "end", "date-not-iso", "YYYY-MM-DD"),
    "52-week": ({"end": "2023-W13-5"}, "end", "date-not-iso", "YYYY-MM-DD"),
    "53-year": ({"start": "2023"}, "start", "date-not-a-day", "start"),
    "53-month": ({"end": "2023-03"}, "end", "date-not-a-day", "end"),
    "54-end-before-start": ({"end": "2022-12-31"}, "end", "end-before-start", ""),
    "54-a-century": ({"start": "0023-01-01"}, "start", "window-too-long", "years"),
    "55-time": ({"end": "2023-03-31T00:00:00Z"}, "end", "date-with-time", "2023-03-31"),
    "55-24-hours": ({"end": "2023-03-31 24:00"}, "end", "date-with-time", "2023-03-31"),
    "55-leap-second": ({"end": "2023-03-31T23:59:60"}, "end", "date-with-time", ""),
    "59-rate-contradicted": (
        {"outcome": "killed_per_day", "per_day": "0"},
        "per_day",
        "contradictory-rate",
        "per_day=1",
    ),
    "61-unknown-outcome": ({"outcome": "casualty"}, "outcome", "unknown-outcome", "'casualties'"),
    "61-outcome-in-words": (
        {"outcome": "irrecoverable losses"},
        "outcome",
        "unknown-outcome",
        "'irrecoverable'",
    ),
    "61-people-and-tanks": ({"outcome": "killed+tank"}, "outcome", "bad-outcome", "equipment"),
    "61-alternative-empty": ({"outcome": "killed|"}, "outcome", "bad-alternatives", "is empty"),
    "61-alternative-twice": (
        {"outcome": "killed|killed"},
        "outcome",
        "bad-alternatives",
        "stands there twice",
    ),
    "61-alternatives-the-same": (
        {"outcome": "wounded|wounded_severe+wounded_light"},
        "outcome",
        "bad-alternatives",
        "count the same",
    ),
    "61-alternatives-people-and-tanks": (
        {"outcome": "killed|tank"},
        "outcome",
        "bad-alternatives",
        "people and equipment",
    ),
    "61-alternative-unknown": (
        {"outcome": "killed|casualty"},
        "outcome",
        "unknown-outcome",
        "'casualties'",
    ),
    "61-alternative-rate": (
        {"outcome": "killed_per_day|casualties_per_day"},
        "outcome",
        "rate-among-alternatives",
        "per_day=1",
    ),
    "61-alternative-component-unknown": (
        {"side": "RU", "component": "all|wagnr"},
        "component",
        "unknown-component",
        "'wagner'",
    ),
    "61-alternative-component-a-part": (
        {"side": "RU", "component": "all|mobilised"},
        "component",
        "bad-alternatives",
        "a part of a component",
    ),
    "61-alternative-component-empty": (
        {"component": "|all"},
        "component",
        "bad-alternatives",
        "is empty",
    ),
    "61-rank-of-alternatives": (
        {"outcome": "killed|casualties", "qualifier": "peak", "value": ""},
        "outcome",
        "ambiguous-rank",
        "one definition",
    ),
    "61-component": (
        {"side": "RU", "component": "wagnr"},
        "component",
        "unknown-component",
        "'wagner'",
    ),
    "61-component-syntax": ({"component": "all--guard"}, "component", "bad-component", ""),
    "61-nothing-left": ({"component": "guard-guard"}, "component", "bad-component", ""),
    "61-side": ({"side": "the enemy"}, "side", "bad-side", ""),
    "61-missing-side": ({"side": ""}, "side", "missing-side", ""),
    "61-qualifier": ({"qualifier": "atleast"}, "qualifier", "unknown-qualifier", "'at_least'"),
    "61-blank-qualifier": ({"qualifier": ""}, "qualifier", "missing-qualifier", ""),
    "61-kind": ({"kind": "talley"}, "kind", "unknown-kind", "'tally'"),
    "61-evidence": ({"evidence": "guess"}, "evidence", "unknown-evidence", "assertion"),
    "61-speaks-for": ({"speaks_for": ""}, "speaks_for", "missing-speaks-for", "neutral"),
    "61-flag": ({"provisional": "maybe"}, "provisional", "not-a-flag", "1 or 0"),
    "61-excluded": ({"excluded": "1"}, "excluded", "excluded-without-reason", "why"),
    "64-region": ({"theatre": "Bakhmut"}, "theatre", "unknown-region", "regions"),
    "65-status-blank": ({"status": ""}, "status", "missing-status", "unknown"),
    "65-status-word": ({"status": "soldiers"}, "status", "unknown-status", "military"),
    "67-published-early": (
        {"published": "2023-03-30"},
        "published",
        "published-before-end",
        "2023-03-31",
    ),
    "67-unpublished": ({"published": ""}, "published", "missing-date", ""),
    "68-no-figure": ({"value": ""}, "value", "no-figure", "peak"),
    "68-exact-interval": ({**RANGE, "qualifier": "exact"}, "value", "exact-without-value", "range"),
    "68-half-range": ({**RANGE, "high": "", "level": ""}, "high", "range-needs-bounds", ""),
}


@pytest.mark.parametrize(("changes", "column", "rule", "words"), CELLS.values(), ids=CELLS)
def test_cell_is_refused(
    tmp_path: Path, changes: dict[str, str], column: str, rule: str, words: str
) -> None:
    error = refused_bytes(tmp_path, csv_text(pair(**changes)).encode())
    problem = next(item for item in error.problems if item.rule == rule)
    assert problem.column == column
    assert problem.fix
    assert problem.row == (3 if rule == "duplicate-claim-id" else 2)
    said = f"{problem.message} {problem.fix}"
    assert any(word in said for word in words.split("|"))
    # One mistake is one problem: no cascade of others.
    assert len(error.problems) == 1
    # A table in memory is read as a file is.
    again = refused(pd.DataFrame(pair(**changes)))
    assert [item.rule for item in again.problems] == [item.rule for item in error.problems]


# -- cells that are accepted with a finding ---------------------------------------------------

#: Case: changes to a good row, rule, severity, fields of the claim afterwards.
FINDINGS: dict[str, tuple[dict[str, str], str, str, dict[str, object]]] = {
    "18-formula-source": ({"source": "=cmd()"}, "formula-looking-cell", "warn", {}),
    "18-formula-note": (
        {"note": '=HYPERLINK("http://x","y")'},
        "formula-looking-cell",
        "warn",
        {"note": '=HYPERLINK("http://x","y")'},
    ),
    "18-at": ({"note": "@SUM(1)"}, "formula-looking-cell", "warn", {"note": "@SUM(1)"}),
    "18-tab": ({"note": "\t=1"}, "formula-looking-cell", "warn", {"note": "=1"}),
    "18-dash": ({"note": "- see below"}, "formula-looking-cell", "warn", {}),
    "19-homoglyph": ({"source": "st\u0430ff"}, "mixed-script", "warn", {"source": "st\u0430ff"}),
    "19-zero-width": ({"source": "sta\u200bff"}, "invisible-character", "warn", {}),
    "19-nfc": ({"source": "e\u0301tat"}, "not-nfc", "note", {"source": "\u00e9tat"}),
    "20-similar-names": ({"source": "Think Tank "}, "similar-source-names", "warn", {}),
    "27-no-url": ({"url": ""}, "missing-url", "warn", {}),
    "30-retrieved-early": (
        {"retrieved": "2023-03-31"},
        "retrieved-before-published",
        "warn",
        {},
    ),
    "36-blanks": ({"value": " 1234 "}, "blanks-stripped", "note", {"value": 1234.0}),
    "40-no-width": (
        {**RANGE, "high": "1000", "level": ""},
        "interval-without-width",
        "note",
        {"value": 1000.0, "low": None, "high": None, "qualifier": "exact"},
    ),
    "40-about-with-bounds": (
        {**RANGE, "qualifier": "about"},
        "about-is-range",
        "note",
        {"qualifier": "range", "low": 1000.0},
    ),
    "41-no-level": ({**RANGE, "level": ""}, "assumed-level", "warn", {"level": None}),
    "43-bound-in-low": (
        {"qualifier": "at_least", "value": "", "low": "70"},
        "bound-from-interval",
        "note",
        {"value": 70.0, "low": None},
    ),
    "44-at-least-0": ({"qualifier": "at_least", "value": "0"}, "at-least-zero", "warn", {}),
    "45-fraction": ({"value": "12.5"}, "fractional-count", "warn", {"value": 12.5}),
    "50-one-digit": ({"value": "2000"}, "heaping", "note", {}),
    "56-after-retrieval": ({"retrieved": "2023-03-01"}, "window-after-retrieval", "warn", {}),
    "59-rate-in-outcome": (
        {"outcome": "killed_per_day"},
        "rate-in-outcome",
        "note",
        {"outcome": "killed", "per_day": True},
    ),
    "61-new-component": ({"component": "guard"}, "component-not-in-taxonomy", "note", {}),
    "61-speaks-for-typo": ({"speaks_for": "neutrl"}, "similar-side-names", "warn", {}),
    "63-missing": ({"missing_included": "unknown"}, "missing-included-unknown", "warn", {}),
}


@pytest.mark.parametrize(("changes", "rule", "severity", "fields"), FINDINGS.values(), ids=FINDINGS)
def test_cell_is_accepted_with_a_finding(
    tmp_path: Path,
    changes: dict[str, str],
    rule: str,
    severity: str,
    fields: dict[str, object],
) -> None:
    ledger = read_rows(tmp_path, pair(**changes))
    assert rules(ledger)[rule] == severity
    claim = ledger["a1"]
    assert {name: getattr(claim, name) for name in fields} == fields


#: Case: changes that are in order and must give no finding at all besides the guessed kind.
CLEAN: dict[str, dict[str, str]] = {
    "00-good": {},
    "04-extra-column": {"extra.mine": "x"},
    "36-decimal-rate": {"value": "12.5", "per_day": "1"},
    "43-same-bound-twice": {"qualifier": "at_least", "low": "1234"},
    "48-zero": {"value": "0"},
    "57-other-start": {"start": "2022-06-01"},
    "60-one-day": {"start": "2023-03-31"},
    "65-status-unknown": {"status": "unknown"},
    "68-peak": {"value": "", "qualifier": "peak"},
    "63-missing-said": {"missing_included": "1"},
}


@pytest.mark.parametrize("changes", CLEAN.values(), ids=CLEAN)
def test_row_in_order_gives_no_finding(tmp_path: Path, changes: dict[str, str]) -> None:
    other = {**OTHER, "missing_included": "0"} if "missing_included" in changes else OTHER
    ledger = read_rows(tmp_path, table(changes, other))
    # A rank statement is no figure, so it leaves one claim and one source.
    allowed = {"guessed-stream-kind"}
    if changes.get("qualifier") == "peak":
        allowed |= {"one-claim", "one-source"}
    assert set(rules(ledger)) <= allowed


# -- cases that need more than one cell -------------------------------------------------------


def test_03_a_required_column_that_is_nowhere_near(tmp_path: Path) -> None:
    rows = [{name: text for name, text in row.items() if name != "outcome"} for row in pair()]
    error = refused_bytes(tmp_path, csv_text(rows).encode())
    assert (error.rule, error.column) == ("missing-column", "outcome")


def test_04_extra_columns_are_kept(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, pair(**{"extra.b": "2", "extra.a": "1"}))
    assert ledger["a1"].extra == (("extra.a", "1"), ("extra.b", "2"))


def test_25_loop_of_superseding_claims(tmp_path: Path) -> None:
    rows = table({"supersedes": "b1"}, {**OTHER, "supersedes": "a1"})
    error = refused_bytes(tmp_path, csv_text(rows).encode())
    assert error.rule == "supersedes-loop"
    assert set(error.problems[0].claim_ids) == {"a1", "b1"}


def test_27_strict_provenance(tmp_path: Path) -> None:
    error = refused_bytes(tmp_path, csv_text(pair(url="")).encode(), strict_provenance=True)
    assert error.rule == "missing-url"


def test_31_loop_of_derived_claims(tmp_path: Path) -> None:
    rows = table({"derived_from": "b1"}, {**OTHER, "derived_from": "a1"})
    assert refused_bytes(tmp_path, csv_text(rows).encode()).rule == "derived-from-loop"


def test_31_known_origin_makes_a_dependent_claim(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, pair(derived_from="think_tank; b1"))
    assert ledger["a1"].derived_from == ("think_tank", "b1")


def taxonomy(**entries: object) -> bajas.Taxonomy:
    return bajas.Taxonomy.default().extend(entries)


def test_56_before_the_war(tmp_path: Path) -> None:
    war = taxonomy(first_day="2023-04-01")
    error = refused_bytes(tmp_path, TEXT.encode(), taxonomy=war)
    assert {problem.rule for problem in error.problems} == {"window-before-war"}


def test_56_window_that_starts_before_the_war_is_clipped(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, pair(), taxonomy=taxonomy(first_day="2023-02-01"))
    assert rules(ledger)["window-clipped"] == "note"


def test_61_a_taxonomy_with_sides_of_its_own_is_closed(tmp_path: Path) -> None:
    closed = taxonomy(sides={"XX": {"components": {"army": {}}}})
    error = refused_bytes(tmp_path, TEXT.encode(), taxonomy=closed)
    assert error.rule == "unknown-side"
    assert "'XX'" in error.fix


def test_61_a_taxonomy_with_a_new_outcome_leaves_sides_open(tmp_path: Path) -> None:
    wider = taxonomy(outcomes={"displaced": "personnel"})
    assert len(read_rows(tmp_path, pair(outcome="displaced"), taxonomy=wider)) == 2


def test_62_killed_above_casualties_in_one_source(tmp_path: Path) -> None:
    rows = table({}, {"claim_id": "a2", "outcome": "casualties", "value": "1000"}, OTHER)
    error = refused_bytes(tmp_path, csv_text(rows).encode())
    assert error.rule == "part-exceeds-whole"
    assert set(error.problems[0].claim_ids) == {"a1", "a2"}


def test_62_killed_above_casualties_across_sources(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, table({}, {**OTHER, "outcome": "casualties", "value": "1000"}))
    assert rules(ledger)["part-exceeds-whole-across-sources"] == "warn"


def test_62_an_excluded_misreport_does_not_refuse_the_table(tmp_path: Path) -> None:
    rows = table(
        {},
        {"claim_id": "a2", "outcome": "casualties", "value": "1000", "excluded": "misprint"},
        OTHER,
    )
    assert rules(read_rows(tmp_path, rows))["part-exceeds-whole"] == "warn"


def test_64_declared_region_is_accepted_and_a_loop_is_not(tmp_path: Path) -> None:
    ledger = read_rows(
        tmp_path, pair(theatre="bakhmut"), taxonomy=taxonomy(regions={"bakhmut": ""})
    )
    assert ledger["a1"].theatre == "bakhmut"
    with pytest.raises(TaxonomyError, match="loop"):
        taxonomy(regions={"a": "b", "b": "a"})
    with pytest.raises(TaxonomyError, match="undeclared"):
        taxonomy(regions={"a": "b"})


def test_65_status_column_absent_is_noted_once(tmp_path: Path) -> None:
    rows = [{name: text for name, text in row.items() if name != "status"} for row in pair()]
    ledger = read_rows(tmp_path, rows)
    (finding,) = [f for f in ledger.findings if f.rule == "status-assumed"]
    assert finding.severity == "note"
    assert finding.fix == "add a column status (military, civilian or unknown) if some are not"
    assert {claim.status for claim in ledger} == {"military"}


# -- all at once ------------------------------------------------------------------------------


def test_all_problems_of_a_table_are_reported_together(tmp_path: Path) -> None:
    rows = table(
        {"value": "1,200", "end": "01/02/2023", "outcome": "losses", "url": "file:x"},
        {**OTHER, "qualifier": "range", "level": "95"},
        {"claim_id": "b1", "source": ""},
    )
    text = csv_text(rows) + "one,field,too,few\n"
    error = refused_bytes(tmp_path, text.encode())
    found = [(problem.row, problem.rule) for problem in error.problems]
    assert found == [
        (2, "unknown-outcome"),
        (2, "date-not-iso"),
        (2, "ambiguous-separator"),
        (2, "url-scheme"),
        (3, "level-not-a-probability"),
        (4, "duplicate-claim-id"),
        (4, "missing-source"),
        (5, "too-few-fields"),
    ]
    for problem in error.problems:
        assert problem.severity == "refuse"
        assert problem.message
        assert problem.fix
        assert str(problem) in str(error)


def test_errors_before_a_broken_quote_are_not_lost(tmp_path: Path) -> None:
    text = csv_text(pair(value="-1")) + '"never closed'
    error = refused_bytes(tmp_path, text.encode())
    assert {problem.rule for problem in error.problems} == {"negative-number", "unclosed-quote"}


def test_message_of_an_error_stays_readable(tmp_path: Path) -> None:
    rows = [{**GOOD, "claim_id": str(i), "value": "x" * 5000} for i in range(80)]
    error = refused_bytes(tmp_path, csv_text(rows).encode())
    assert len(error.problems) == 80
    assert "30 more" in str(error)
    assert max(len(line) for line in str(error).splitlines()) < 600


def test_repeated_findings_are_one(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, table({"url": ""}, {**OTHER, "url": ""}))
    missing = [finding for finding in ledger.findings if finding.rule == "missing-url"]
    assert [finding.claim_ids for finding in missing] == [("a1", "b1")]


# -- ceilings and what a taxonomy says beside the point ----------------------------------------


def test_more_streams_than_the_limit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_STREAMS", 1)
    error = refused_bytes(tmp_path, csv_text(table({}, OTHER)).encode())
    assert error.rule == "too-many-streams"
    assert "2 streams" in str(error)
    assert "limit is 1" in str(error)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"sides": {"X": {"components": {"a": {"first_dy": "2023-01-01"}}}}}, "first_dy"),
        ({"sides": {"X": {"components": {"a": {}}, "group": {"g": ["a"]}}}}, "group"),
        ({"first_day": "20230101"}, "YYYY-MM-DD"),
        ({"first_day": "2023-W01-1"}, "YYYY-MM-DD"),
        ({"sides": {"X": {"components": {"a": {"last_day": "20230101"}}}}}, "YYYY-MM-DD"),
        ({"sides": {"X": {"components": {f"a{i}": {} for i in range(201)}}}}, "limit is 200"),
        ({"regions": {f"r{i}": "" for i in range(1001)}}, "limit is 1,000"),
    ],
)
def test_a_taxonomy_that_says_what_is_not_read_is_refused(
    entry: dict[str, object], says: str
) -> None:
    with pytest.raises(bajas.BajasError, match=says):
        bajas.Taxonomy.default().extend(entry)


def test_own_columns_of_the_sources_table_are_said_not_to_be_kept() -> None:
    sources = pd.DataFrame({"source": ["general_staff"], "extra.a": ["x"]})
    ledger = bajas.read_claims(pd.DataFrame(pair()), sources=sources)
    assert rules(ledger)["extra-not-kept"] == "note"
