"""The hindsight cases against the tables they were made from, and against their datasheets."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

import bajas
from bajas.claims.taxonomy import Taxonomy
from bajas.datasets import data_folder
from bajas.datasets.hindsight_cases import CASES
from bajas.errors import ClaimError
from bajas.ledger.hindsight_case import HindsightCase
from bajas.ledger.truth import read_truths

DATASHEETS = Path(__file__).parents[2] / "docs" / "datasets"
#: The rule that the datasheets state: kind of evidence by the compiled type of source.
RULE = {
    "official_belligerent": "assertion", "news": "assertion", "official_third_state": "assessment",
    "intelligence": "assessment", "expert": "assessment", "think_tank": "assessment",
    "ngo": "assessment", "un_tribunal": "assessment", "survey": "statistical",
    "official_forensic": "list", "named_list": "list",
}  # fmt: skip


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> HindsightCase:
    return bajas.datasets.hindsight(request.param)


def compiled(name: str, table: str) -> list[dict[str, str]]:
    folder = data_folder()
    if folder is None or not (folder / "hindsight").exists():
        pytest.skip("no hindsight in BAJAS_DATA or in shared/data beside the checkout")
    with (folder / "hindsight" / name / table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def original(kept: str, cells: dict[str, str]) -> dict[str, str]:
    """Cells as they were in the compiled table: those reworded are listed in ``compiled``."""
    return {**cells, **dict(part.split("=", 1) for part in kept.split("; ") if part)}


def test_claims_hold_everything_that_was_compiled(case: HindsightCase) -> None:
    rows = compiled(case.name, "claims.csv")
    assert [row["claim_id"] for row in rows] == sorted(claim.claim_id for claim in case.ledger)
    for row in rows:
        claim = case.ledger[row["claim_id"]]
        words = original(
            dict(claim.extra)["extra.compiled"],
            {"source_type": claim.source_type, "speaks_for": claim.speaks_for,
             "component": claim.component, "outcome": claim.outcome},
        )  # fmt: skip
        assert {name: row[name] for name in words} == words
        for name in ("source", "side", "qualifier", "url"):
            assert getattr(claim, name) == row[name], (claim.claim_id, name)
        assert claim.note == row["note"].replace("DERIVED", "derived")
        for name in ("start", "end", "published"):
            assert getattr(claim, name).isoformat() == row[name]
        for name in ("value", "low", "high", "level"):
            assert getattr(claim, name) == (float(row[name]) if row[name] else None)


def test_truths_hold_everything_that_was_compiled(case: HindsightCase) -> None:
    rows = compiled(case.name, "truth.csv")
    shipped = Path(bajas.datasets.__file__).parent / "hindsight" / case.name / "truths.csv"
    with shipped.open(encoding="utf-8", newline="") as file:
        kept = list(csv.DictReader(file))
    assert len(rows) == len(kept) == len(case.truths)
    for row, cells, truth in zip(rows, kept, case.truths, strict=True):
        words = original(
            cells["compiled"], {"component": truth.component, "outcome": truth.outcome}
        )
        assert {name: row[name] for name in words} == words
        assert (truth.side, truth.authority, truth.url, truth.note) == tuple(
            row[name] for name in ("side", "authority", "url", "note")
        )
        assert [truth.value, truth.low, truth.high] == [
            float(row[name]) if row[name] else None for name in ("value", "low", "high")
        ]
        assert [truth.start.isoformat(), truth.end.isoformat()] == [row["start"], row["end"]]


def test_kinds_of_evidence_follow_the_rule_but_for_the_exceptions_of_the_datasheet(
    case: HindsightCase,
) -> None:
    sheet = (DATASHEETS / f"hindsight_{case.name}.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| (\d{3}) \| (\w+) \|", sheet, flags=re.MULTILINE))
    exceptions = {}
    for claim in case.ledger:
        kept = original(dict(claim.extra)["extra.compiled"], {"source_type": claim.source_type})
        assert claim.evidence is not None
        if claim.evidence != RULE[kept["source_type"]]:
            exceptions[claim.claim_id.rsplit("-", 1)[1]] = claim.evidence
    assert exceptions == stated


def test_every_case_has_a_datasheet_that_states_its_grade_and_size(case: HindsightCase) -> None:
    sheet = (DATASHEETS / f"hindsight_{case.name}.md").read_text(encoding="utf-8")
    truths = len(case.truths)
    assert f"Grade {case.grade}." in sheet
    assert f"{len(case.ledger)} claims, {truths} truth{'' if truths == 1 else 's'}" in sheet


def test_the_list_of_cases() -> None:
    listed = bajas.datasets.hindsight()
    assert list(listed["name"]) == sorted(CASES)
    assert listed["claims"].sum() == 173
    assert listed["truths"].sum() == 80


def test_every_case_can_be_loaded_by_name_and_fitted_by_target(case: HindsightCase) -> None:
    assert bajas.datasets.load(f"hindsight/{case.name}") == case.ledger
    assert f"hindsight/{case.name}" in bajas.datasets.available()
    claimed = 0
    for truth in case.truths:
        about = case.about(truth)
        claimed += len(about)
        assert all(claim.outcome == truth.outcome for claim in about)
        if len(about):
            assert bajas.Model(about).design.observations
    assert claimed


def test_an_unknown_case_is_refused_by_name() -> None:
    with pytest.raises(bajas.BajasError, match="kosovo_1999"):
        bajas.datasets.hindsight("no_such_war")
    with pytest.raises(bajas.BajasError, match="hindsight/kosovo_1999"):
        bajas.datasets.load("hindsight/no_such_war")


def test_truths_come_as_a_table_with_dates(case: HindsightCase) -> None:
    table = case.truth_table()
    assert len(table) == len(case.truths)
    assert list(table["start"].dt.date) == [truth.start for truth in case.truths]
    assert list(table["end"].dt.date) == [truth.end for truth in case.truths]
    assert (table["low"].fillna(table["value"]) <= table["value"]).all()


def test_all_problems_of_a_table_of_truths_are_reported_together(tmp_path: Path) -> None:
    path = tmp_path / "truths.csv"
    path.write_text(
        "truth_id,side,component,outcome,status,start,end,value,low,high,grade,authority,url\n"
        "a,X,all,killed,military,2020-01-01,2020-02-01,10,20,30,A,court,https://example.org\n"
        "a,X,all,kiled,military,2020-03-01,2020-02-01,10,,,D,,no link\n",
        encoding="utf-8",
    )
    with pytest.raises(ClaimError) as caught:
        read_truths(path, Taxonomy.default())
    rules = {problem.rule for problem in caught.value.problems}
    assert {"value-outside-interval", "unknown-outcome", "end-before-start", "unknown-grade",
            "missing-authority"} <= rules  # fmt: skip
