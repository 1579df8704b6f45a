"""Whatever is wrong or doubtful in a cell, the finding names the row, the claim and the text."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from claim_tables import GOOD, pair, table

import bajas
from bajas.errors import Finding


def _cases() -> Any:
    """The tables of the numbered cases of bad input."""
    path = Path(__file__).with_name("test_bad_inputs.py")
    spec = importlib.util.spec_from_file_location("bad_inputs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = _cases()


def assert_placed(finding: Finding, rows: list[dict[str, str]]) -> None:
    """The finding is about a cell of the rows, and quotes it."""
    assert finding.row is not None
    row = rows[finding.row - 2]
    assert finding.claim_id == (row["claim_id"].strip() or None)
    assert finding.column in row
    assert finding.text is not None
    cell = row[finding.column]
    assert finding.text in (cell, cell.strip()) or (
        len(cell) > 80 and finding.text[:40] == cell[:40]
    )
    assert finding.claim_ids == ()


@pytest.mark.parametrize("case", CASES.CELLS)
def test_a_refused_cell_is_quoted_with_its_place(case: str) -> None:
    changes, _, rule, _ = CASES.CELLS[case]
    rows = pair(**changes)
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(pd.DataFrame(rows))
    (problem,) = caught.value.problems
    assert (problem.rule, problem.severity) == (rule, "refuse")
    assert_placed(problem, rows)


#: Rules about the evidence as a whole, which name claims instead of a cell.
WHOLE = {"heaping", "at-least-zero", "similar-source-names", "missing-included-unknown"}


@pytest.mark.parametrize("case", CASES.FINDINGS)
def test_an_accepted_cell_is_quoted_with_its_place(case: str) -> None:
    changes, rule, severity, _ = CASES.FINDINGS[case]
    rows = pair(**changes)
    found = [f for f in bajas.read_claims(pd.DataFrame(rows)).findings if f.rule == rule]
    assert found
    for finding in found:
        assert finding.severity == severity
        if finding.row is None:
            assert finding.claim_ids or finding.text
        else:
            assert_placed(finding, rows)


def test_only_findings_about_the_whole_have_no_row() -> None:
    for changes, rule, _, _ in CASES.FINDINGS.values():
        found = bajas.read_claims(pd.DataFrame(pair(**changes))).findings
        placed = {f.row is not None for f in found if f.rule == rule}
        assert placed == {rule not in WHOLE}, rule


# -- figures just inside and just outside -------------------------------------------------------


def read(**changes: str) -> bajas.Claim:
    rows = table({**GOOD, **changes}, {**GOOD, "claim_id": "z9", "source": "other"})
    return bajas.read_claims(pd.DataFrame(rows))["a1"]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"value": "0"}, {"value": 0.0}),
        ({"value": "1"}, {"value": 1.0}),
        ({"value": "", "low": "70", "high": "70", "level": "0.9", "qualifier": "range"},
         {"value": 70.0, "low": None, "high": None}),
        ({"value": "", "low": "70", "high": "71", "level": "0.9", "qualifier": "range"},
         {"low": 70.0, "high": 71.0, "level": 0.9}),
        ({"value": "70", "low": "70", "high": "80", "level": "0.9", "qualifier": "range"},
         {"value": 70.0}),
        ({"value": "80", "low": "70", "high": "80", "level": "0.9", "qualifier": "range"},
         {"value": 80.0}),
        ({"value": "", "low": "70", "qualifier": "at_least"}, {"value": 70.0, "low": None}),
        ({"value": "", "high": "70", "qualifier": "at_most"}, {"value": 70.0, "high": None}),
        ({"start": "2023-03-31"}, {"start": pd.Timestamp("2023-03-31").date()}),
        ({"published": "2023-03-31"}, {"published": pd.Timestamp("2023-03-31").date()}),
        ({"provisional": "1"}, {"provisional": True}),
        ({"provisional": "0"}, {"provisional": False}),
        ({"per_day": "1", "value": "12.5"}, {"per_day": True, "value": 12.5}),
    ],
)  # fmt: skip
def test_figures_and_days_on_the_edge_are_taken_as_they_are(
    changes: dict[str, str], fields: dict[str, object]
) -> None:
    claim = read(**changes)
    assert {name: getattr(claim, name) for name in fields} == fields


def test_text_after_a_quote_is_shown_from_the_quote_on(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text('claim_id,source\n"a1"x,staff\n', encoding="utf-8")
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(path)
    (problem,) = [p for p in caught.value.problems if p.rule == "text-after-quote"]
    assert (problem.row, problem.text) == (2, '"a1"x,staff\n')


def test_what_is_not_known_of_the_missing_is_said_of_its_column() -> None:
    found = bajas.read_claims(pd.DataFrame(pair(missing_included="unknown"))).findings
    (finding,) = [f for f in found if f.rule == "missing-included-unknown"]
    assert finding.column == "missing_included"


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("RANK_ONLY", {"qualifier": "peak", "value": "", "end": "2023-01-31"}),
        ("RATE", {"per_day": "1", "value": "12"}),
        ("RETRACTED", {"excluded": "withdrawn"}),
        ("LINEAGE", {"derived_from": "other"}),
        ("DERIVED_TOTAL", {"excluded": "withdrawn"}),
    ],
)
def test_a_flag_in_a_note_is_pointed_out_unless_its_column_says_it(
    flag: str, said: dict[str, str]
) -> None:
    def pointed_out(**changes: str) -> list[str | None]:
        rows = table({**GOOD, **changes}, {**GOOD, "claim_id": "z9", "source": "other"})
        findings = bajas.read_claims(pd.DataFrame(rows)).findings
        return [f.column for f in findings if f.rule == "note-flag-not-a-column"]

    assert pointed_out(note=f"see there. {flag}") == ["note"]
    assert pointed_out(note=f"see there. {flag}", **said) == []


def test_a_claim_as_plain_data_has_lists_and_texts_only() -> None:
    claim = read(derived_from="other", **{"extra.page": "7"})
    data = claim.as_dict()
    assert (data["derived_from"], data["extra"]) == (["other"], [["extra.page", "7"]])
    assert data["start"] == "2023-01-01"
    assert bajas.Claim.from_dict(data) == claim


# -- headers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("a longer remark", "prefix it (extra.a longer remark) to keep it, or remove it"),
        ("extra.", "prefix it (extra.extra.) to keep it, or remove it"),
        ("publishd", "rename it to 'published' if that is meant; else prefix it"),
        (" ", "prefix it (extra.name) to keep it, or remove it"),
    ],
)
def test_a_column_that_is_not_known_is_refused_whatever_its_name(name: str, fix: str) -> None:
    rows = [{**row, name: "x"} for row in pair()]
    if name == "publishd":
        rows = [{k: v for k, v in row.items() if k != "published"} for row in rows]
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(pd.DataFrame(rows))
    (problem,) = [p for p in caught.value.problems if p.rule == "unknown-column"]
    assert (problem.severity, problem.row, problem.column) == ("refuse", 1, name)
    assert problem.fix.startswith(fix)


def test_extra_columns_and_all_optional_ones_are_known() -> None:
    rows = [{**row, "extra.x": "1"} for row in pair()]
    claim = bajas.read_claims(pd.DataFrame(rows))["a1"]
    assert dict(claim.extra) == {"extra.x": "1"}


def test_a_missing_column_is_renamed_only_from_one_that_is_not_known() -> None:
    rows = [{("vlue" if k == "value" else k): v for k, v in row.items()} for row in pair()]
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(pd.DataFrame(rows))
    (missing,) = [p for p in caught.value.problems if p.rule == "missing-column"]
    assert (missing.fix, missing.row, missing.column) == ("rename 'vlue' to 'value'", 1, "value")
    rows = [{k: v for k, v in row.items() if k != "end"} for row in pair()]
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(pd.DataFrame(rows))
    assert caught.value.fix == "add 'end'"


# -- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES.FILES)
def test_a_refused_file_has_a_remedy(tmp_path: Path, case: str) -> None:
    path = tmp_path / "claims.csv"
    path.write_bytes(CASES.FILES[case][0])
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(path)
    for problem in caught.value.problems:
        assert problem.severity == "refuse"
        assert problem.message.endswith((".", ".)")), problem.message
        assert problem.fix, problem
        assert not problem.fix.endswith(".")


def test_a_url_is_to_be_downloaded_first() -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims("https://example.org/claims.csv")
    assert caught.value.fix == "download it first"


@pytest.mark.parametrize(("first", "expected"), [("claim_id", "b1"), ("source", None)])
def test_a_row_that_is_cut_short_is_named_if_its_name_comes_first(
    tmp_path: Path, first: str, expected: str | None
) -> None:
    names = [first, *(name for name in GOOD if name != first)]
    good, other = ([row[name] for name in names] for row in pair())
    path = tmp_path / "claims.csv"
    lines = [names, good, other[:5]]
    path.write_text("\n".join(",".join(line) for line in lines), encoding="utf-8")
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(path)
    (problem,) = caught.value.problems
    assert (problem.rule, problem.row, problem.claim_id) == ("too-few-fields", 3, expected)
