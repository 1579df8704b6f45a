"""Tables of truths are read as strictly as tables of claims."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from claim_tables import csv_text

import bajas
from bajas.claims.taxonomy import Taxonomy
from bajas.ledger.truth import Truth, read_truths

ROW = {
    "truth_id": "t1", "side": "X", "component": "all", "outcome": "killed", "status": "military",
    "start": "2020-09-27", "end": "2020-11-10", "value": "3825", "low": "3700", "high": "3900.5",
    "grade": "A", "authority": "a ministry", "url": "https://example.org/t", "note": "final",
}  # fmt: skip


def read(folder: Path, *rows: dict[str, str]) -> tuple[Truth, ...]:
    path = folder / "truths.csv"
    path.write_text(csv_text([{**ROW, **row} for row in rows]), encoding="utf-8")
    return read_truths(path, Taxonomy.default())


def test_a_truth_is_what_its_row_says(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == (
        Truth(
            truth_id="t1", side="X", component="all", outcome="killed", status="military",
            start=date(2020, 9, 27), end=date(2020, 11, 10), value=3825.0, low=3700.0, high=3900.5,
            grade="A", authority="a ministry", url="https://example.org/t", note="final",
        ),
    )  # fmt: skip


def test_bounds_may_be_open_and_rows_keep_their_order(tmp_path: Path) -> None:
    first, second = read(tmp_path, {"low": "", "high": ""}, {"truth_id": "a0", "note": ""})
    assert (first.truth_id, second.truth_id) == ("t1", "a0")
    assert (first.low, first.high, second.note) == (None, None, "")
    assert (first.window.days, first.target) == (45, ("X", "all", "killed", "military"))


@pytest.mark.parametrize(
    ("changes", "column", "rule", "words"),
    [
        ({"outcome": "kiled"}, "outcome", "unknown-outcome", "declare it in the taxonomy"),
        ({"url": "ftp://x.org"}, "url", "url-scheme", "http"),
        ({"status": ""}, "status", "missing-status", "give the status"),
        ({"grade": ""}, "grade", "missing-grade", "give the grade"),
        ({"value": ""}, "value", "missing-value", "give the value"),
        ({"authority": ""}, "authority", "missing-authority", "the cell is empty"),
        ({"end": "2020-09-26"}, "end", "end-before-start", "before the start, 2020-09-27"),
        ({"value": "0", "low": ""}, "value", "value-outside-interval", "check the three figures"),
        ({"value": "3699"}, "value", "value-outside-interval", "above zero and between its"),
        ({"value": "3901"}, "value", "value-outside-interval", "above zero and between its"),
        ({"grade": "F"}, "grade", "unknown-grade", ""),
        ({"start": "2020"}, "start", "date-not-a-day", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, changes: dict[str, str], column: str, rule: str, words: str
) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        read(tmp_path, {"truth_id": "ok"}, changes)
    (problem,) = caught.value.problems
    assert (problem.rule, problem.severity, problem.row) == (rule, "refuse", 3)
    assert (problem.column, problem.text) == (column, changes[column])
    assert words in f"{problem.message} {problem.fix}"


@pytest.mark.parametrize("value", ["3700", "3900.5"])
def test_a_truth_may_lie_on_its_bound(tmp_path: Path, value: str) -> None:
    assert read(tmp_path, {"value": value})[0].value == float(value)


def test_a_truth_of_less_than_one_is_one_and_of_nothing_is_none(tmp_path: Path) -> None:
    open_ended = {"low": "", "high": ""}
    assert read(tmp_path, {**open_ended, "value": "0.5"})[0].value == 0.5
    with pytest.raises(bajas.ClaimError, match="above zero"):
        read(tmp_path, {**open_ended, "value": "0"})


def test_a_war_of_one_day_is_a_window(tmp_path: Path) -> None:
    assert read(tmp_path, {"start": "2020-11-10"})[0].window.days == 1


def test_a_truth_has_one_row(tmp_path: Path) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        read(tmp_path, {}, {"value": "3800"}, {"end": "2019-01-01", "truth_id": "t2"})
    problems = [(p.row, p.column, p.rule, p.fix) for p in caught.value.problems]
    assert problems == [
        (3, "truth_id", "duplicate-truth", "rename one"),
        (4, "end", "end-before-start", "swap them"),
    ]
