"""What must hold whatever a table holds: a refusal that says why, or a ledger that says the same.

Every check here is written from the promise ("no row is dropped, no cell changes without a finding
that says so"), with the standard library's CSV reader, not with the functions it checks.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

import bajas
from bajas.claims.claim import Claim
from bajas.claims.source import Source
from bajas.claims.taxonomy import Taxonomy
from bajas.design.build import build_design
from bajas.errors import BajasError, ClaimError, Finding, TaxonomyError
from fuzzing.cases import Case, json_or_none

#: What may come out of reading.
REFUSALS = (ClaimError, TaxonomyError)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Broken(AssertionError):
    """A promise was broken."""


def hold(true: bool, promise: str, *about: object) -> None:
    if not true:
        raise Broken(": ".join([promise, *(repr(item)[:300] for item in about)]))


def write_case(case: Case, folder: Path) -> dict[str, Any]:
    """Write a case's files and return the arguments of ``read_claims``."""
    given: dict[str, Any] = {"sep": case.form.told, "sources": None, "taxonomy": None}
    frame = _frame(case)
    given["table"] = frame if frame is not None else folder / "claims.csv"
    if frame is None:
        (folder / "claims.csv").write_bytes(case.claims_bytes())
    for name, file, content in (
        ("sources", "sources.csv", case.sources_bytes()),
        ("taxonomy", "taxonomy.json", case.taxonomy_bytes()),
    ):
        if content is not None:
            (folder / file).write_bytes(content)
            given[name] = folder / file
    return given


def _frame(case: Case) -> pd.DataFrame | None:
    width = len(case.claims.header)
    if not case.as_frame or any(len(row) != width for row in case.claims.rows):
        return None
    if not case.claims.rows:
        return None
    frame = pd.DataFrame([list(row) for row in case.claims.rows], dtype=object)
    frame.columns = pd.Index(list(case.claims.header), dtype=object)
    return frame


def check_case(case: Case, folder: Path, deep: bool) -> str:
    """Read a case and hold the result to every promise.

    Returns
    -------
    str
        ``"accepted"`` or the rule of the first problem.

    Raises
    ------
    Broken
        If a promise was broken. Exceptions of other types are findings too.
    """
    given = write_case(case, folder)
    if given["taxonomy"] is not None:
        _check_taxonomy(given["taxonomy"])
    try:
        ledger = bajas.read_claims(given.pop("table"), **given)
    except ClaimError as error:
        _check_refusal(error, case)
        hold(case.touched, "a shipped table is refused", str(error))
        return error.rule
    except TaxonomyError as error:
        hold(bool(str(error)), "a refusal says why")
        hold(case.touched, "a shipped taxonomy is refused", str(error))
        return "taxonomy"
    _check_rows(ledger, case)
    _check_sources(ledger, case)
    _check_copies(ledger, folder)
    if deep:
        _check_uses(ledger)
    return "accepted"


def _check_refusal(error: ClaimError, case: Case) -> None:
    lines = max(1, *(1 + len(data.splitlines()) + data.count(b"\r") + data.count(b"\n")
                     for data in (case.claims_bytes(), case.sources_bytes() or b"")))  # fmt: skip
    if case.as_frame:
        lines = max(lines, len(case.claims.rows) + 1)
    hold(bool(error.problems), "a refusal has problems")
    for problem in error.problems:
        hold(problem.severity == "refuse", "a problem refuses", problem)
        hold(bool(problem.message and problem.rule), "a problem says what and which rule", problem)
        hold(problem.row is None or 1 <= problem.row <= lines, "a problem's row exists", problem)
        json.dumps(problem.as_dict())
    hold(error.file in str(error), "a refusal names its file")


# -- no row dropped, no cell changed -----------------------------------------------------------


def _raw_rows(case: Case) -> dict[int, dict[str, str]]:
    """Return the cells of each row by the line it begins on, as the standard library reads them."""
    if _frame(case) is not None:
        return {
            place + 2: dict(zip(case.claims.header, row, strict=True))
            for place, row in enumerate(case.claims.rows)
        }
    return _parsed(case.claims_bytes(), case.form.told)


def _parsed(data: bytes, sep: str) -> dict[int, dict[str, str]]:
    # one byte order mark is taken off, as is said in a note
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep)
    found: dict[int, dict[str, str]] = {}
    header: list[str] | None = None
    line = 1
    for cells in reader:
        start, line = line, reader.line_num + 1
        if header is None:
            header = cells or None
        elif cells:
            found[start] = dict(zip(header, cells, strict=True))
    return found


def _check_rows(ledger: bajas.Ledger, case: Case) -> None:
    rows = _raw_rows(case)
    hold(len(rows) == len(ledger), "every row is a claim", len(rows), len(ledger))
    said = _said(ledger.reading_findings)
    for claim in ledger:
        hold(claim.row in rows, "a claim has its line", claim)
        assert claim.row is not None
        raw = rows[claim.row]
        for column, text in raw.items():
            _check_cell(column, text, claim, ledger, said, raw)
        absent = {item.name for item in fields(Claim)} - {*raw, "row", "extra"}
        for column in absent - {"speaks_for", "kind", "evidence", "per_day", "status"}:
            value = getattr(claim, column)
            hold(value in (None, "", False, ()), "an absent column is empty", column, value)
        if "status" not in raw:
            hold(any(f.rule == "status-assumed" for f in ledger.findings), "a status is assumed")


def _said(findings: tuple[Finding, ...]) -> set[tuple[str | None, str | None, str]]:
    """Return (claim, column, rule) of every finding."""
    return {
        (name, finding.column, finding.rule)
        for finding in findings
        for name in (finding.claim_id, *finding.claim_ids)
    }


def _cleaned(text: str) -> tuple[str, set[str]]:
    """Return what the documentation says a cell is read as, and the rules that must say so."""
    rules = set()
    plain = text.strip()
    if plain != text:
        rules.add("blanks-stripped")
    bare = plain.lstrip("'")
    if bare != plain and bare.startswith(FORMULA):
        plain = plain[1:]
        rules.add("escape-removed")
    normal = unicodedata.normalize("NFC", plain)
    if normal != plain:
        rules.add("not-nfc")
    return normal, rules


def _check_cell(
    column: str,
    raw: str,
    claim: Claim,
    ledger: bajas.Ledger,
    said: set[tuple[str | None, str | None, str]],
    row: dict[str, str],
) -> None:
    text, rules = _cleaned(raw)

    def noted(*names: str) -> bool:
        return any((claim.claim_id[:80], column, name) in said for name in names)

    for rule in rules:
        hold(noted(rule), f"{rule} is said", claim.claim_id, column, raw)
    about = (claim.claim_id, column, raw)
    if column.startswith("extra."):
        hold(dict(claim.extra)[column] == text, "an extra cell is kept", *about)
        return
    value = getattr(claim, column)
    if column in ("start", "end", "published", "retrieved"):
        hold((value.isoformat() if value else "") == text, "a date is kept", *about, value)
    elif column in ("value", "low", "high", "qualifier"):
        if not _figure_moved(claim, ledger, said, row):
            kept = value == text if column == "qualifier" else _number(text) == value
            hold(kept, "a figure is kept", *about, value)
    elif column in ("level", "population"):
        dropped = (
            column == "level" and claim.low is None and _figure_moved(claim, ledger, said, row)
        )
        hold(dropped or _number(text) == value, "a number is kept", *about, value)
    elif column in ("provisional", "per_day", "missing_included"):
        _check_flag(column, text, value, claim, noted)
    elif column == "derived_from":
        parts = [part.strip() for part in text.split(";")]
        hold(value == tuple(dict.fromkeys(p for p in parts if p)), "names are kept", *about, value)
    elif column in ("outcome", "component"):
        same = sorted(value.split("|")) == sorted(text.split("|"))
        rate = column == "outcome" and text == f"{value}_per_day" and claim.per_day
        told = noted("rate-in-outcome") or row.get("per_day", "").strip() in ("1", "true")
        hold(same or (rate and told), "a definition is kept", *about, value)
    elif column in ("speaks_for", "kind", "evidence") and not text:
        declared = getattr(ledger.sources[claim.source], column)
        hold(value == (declared or value), "what a source declares is taken", *about, value)
    else:
        hold((value or "") == text, "a cell is kept", *about, value)


def _figure_moved(
    claim: Claim,
    ledger: bajas.Ledger,
    said: set[tuple[str | None, str | None, str]],
    row: dict[str, str],
) -> bool:
    """Return whether a finding says that a figure was brought into its standard form.

    A bound that stands in value and in low (or high) alike is one bound: nothing is lost there.
    """
    rules = ("bound-from-interval", "interval-without-width", "about-is-range")
    names = {name for name, _, rule in said if rule in rules}
    twice = {"at_least": "low", "at_most": "high"}.get(claim.qualifier)
    repeated = twice is not None and _number(row.get(twice, "").strip()) == claim.value
    return claim.claim_id[:80] in names or repeated


def _number(text: str) -> float | None:
    return float(text) if text else None


def _check_flag(column: str, text: str, value: object, claim: Claim, noted: Any) -> None:
    about = (claim.claim_id, column, text, value)
    if column == "missing_included" and text in ("", "unknown"):
        hold(value is None and noted("missing-included-unknown"), "the unknown is said", *about)
    elif text == "":
        rate = column == "per_day" and claim.per_day
        hold(rate or value in (False, None), "an empty flag is no", *about)
    else:
        hold(value is {"1": True, "true": True, "0": False, "false": False}[text.lower()],
             "a flag is kept", *about)  # fmt: skip


def _check_sources(ledger: bajas.Ledger, case: Case) -> None:
    data = case.sources_bytes()
    if data is None:
        return
    own = {name for raw in _parsed(data, case.form.told).values() for name in raw}
    if any(name.startswith("extra.") for name in own):
        rules = {finding.rule for finding in ledger.reading_findings}
        hold("extra-not-kept" in rules, "what is not kept is said", own)
    for raw in _parsed(data, case.form.told).values():
        cells = {column: _cleaned(text)[0] for column, text in raw.items()}
        source = ledger.sources.get(cells["source"])
        hold(source is not None, "every source is kept", raw)
        assert source is not None
        for column, text in cells.items():
            _check_source_cell(source, column, text)


def _check_source_cell(source: Source, column: str, text: str) -> None:
    about = (source.name, column, text)
    if column == "source" or column.startswith("extra."):
        return
    if column in ("anchor_mean", "anchor_sd"):
        part = None if source.anchor is None else getattr(source.anchor, column[7:])
        hold(part == _number(text), "an anchor is kept", *about)
    elif column == "derived_from":
        names = [part.strip() for part in text.split(";")]
        kept = tuple(dict.fromkeys(name for name in names if name))
        hold(source.derived_from == kept, "origins are kept", *about)
    else:
        hold((getattr(source, column, None) or "") == text, "a source's cell is kept", *about)


# -- the taxonomy ------------------------------------------------------------------------------


def _check_taxonomy(path: Path) -> None:
    try:
        taxonomy = Taxonomy.from_json(path)
    except TaxonomyError as error:
        hold(bool(str(error)), "a refusal says why")
        return
    again = Taxonomy.from_dict(json.loads(json.dumps(taxonomy.as_dict())))
    hold(again == taxonomy, "a taxonomy comes back the same")
    given = json_or_none(path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    _check_held(given, taxonomy.as_dict(), "")


def _check_held(given: Any, kept: Any, place: str) -> None:
    """Hold that whatever stands in the file stands in the taxonomy."""
    if isinstance(given, dict):
        hold(isinstance(kept, dict), "an entry is kept", place, given, kept)
        for name, entry in given.items():
            if name not in kept and entry in (None, {}, []):
                continue  # nothing was said
            hold(name in kept, "an entry is kept", f"{place}/{name}", entry)
            _check_held(entry, kept[name], f"{place}/{name}")
    elif given is not None or kept is not None:
        hold(given == kept or given is None, "an entry is kept", place, given, kept)


# -- what is derived ---------------------------------------------------------------------------


def _check_copies(ledger: bajas.Ledger, folder: Path) -> None:
    """A ledger comes back the same from a file and from JSON."""
    path = folder / "again.csv"
    bajas.write_claims(ledger, path)
    with open(path, encoding="utf-8", newline="") as stream:
        for cells in csv.reader(stream):
            for cell in cells:
                safe = not cell.startswith(FORMULA) or _is_negative(cell)
                hold(safe, "no cell of an export is a formula", cell)
    again = bajas.read_claims(path, sources=ledger.sources, taxonomy=ledger.taxonomy)
    hold(again.claims == ledger.claims, "claims come back from a file", again.claims, ledger.claims)
    hold(again.hash == ledger.hash, "the hash comes back from a file")
    text = json.dumps(ledger.as_dict(), allow_nan=False)
    hold(bajas.Ledger.from_dict(json.loads(text)).hash == ledger.hash, "JSON comes back the same")


def _is_negative(cell: str) -> bool:
    try:
        return cell.startswith("-") and float(cell) <= 0 and cell.isascii() and "_" not in cell
    except ValueError:
        return False


def _check_uses(ledger: bajas.Ledger) -> None:
    """What a user does next works, or says in words why not."""
    for finding in ledger.findings:
        hold(finding.severity in ("warn", "note"), "what was accepted isn't refused", finding)
        hold(bool(str(finding)), "a finding says something")
        json.dumps(finding.as_dict())
    hold(bool(repr(ledger)), "a ledger can be shown")
    hold(len(ledger.to_frame()) == len(ledger), "a frame has every claim")
    ledger.findings_frame()
    known = ledger.as_of(max(claim.published for claim in ledger))
    hold(len(known) == len(ledger), "all is known in the end")
    backwards = bajas.Ledger(tuple(reversed(ledger.claims)), ledger.sources, ledger.taxonomy)
    hold(backwards.hash == ledger.hash, "the order of rows is nothing")
    try:
        design = build_design(ledger)
    except BajasError as error:
        hold(bool(str(error)), "a refusal says why")
        return
    seen = {claim_id for o in design.observations for claim_id in o.claim_ids}
    seen |= {*design.left_out, *(claim.claim_id for claim in design.statements)}
    seen |= {claim_id for merge in design.merges for claim_id in merge.claim_ids}
    for claim in ledger:
        hold(claim.claim_id in seen, "every claim is used or left out with a reason", claim)
        hold(isinstance(claim.start, date), "a day is a date")
