"""What counts as a contradiction, and what only looks like one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from claim_tables import OTHER, read_rows, rules, table

import bajas
from bajas.claims.source import Source
from bajas.ledger.agreement import fixed_multiple
from bajas.ledger.common_figures import CommonFigure
from bajas.ledger.kinds import stream_evidence

Row = dict[str, str]


def total(day: int, value: int, **changes: str) -> Row:
    """A running total of the general staff up to a day of January 2023."""
    return {
        "claim_id": f"t{day:02}", "end": f"2023-01-{day:02}", "published": f"2023-01-{day + 1:02}",
        "value": str(value), **changes,
    }  # fmt: skip


def series(*increments: int) -> list[Row]:
    """Daily totals of January from what each day adds."""
    return [total(day, sum(increments[:day])) for day in range(1, len(increments) + 1)]


def peak(first: int, last: int, published: int = 20) -> Row:
    return {
        "claim_id": "p", "start": f"2023-01-{first:02}", "end": f"2023-01-{last:02}",
        "published": f"2023-01-{published}", "value": "", "qualifier": "peak",
    }  # fmt: skip


def peaked(folder: Path, rows: list[Row], statement: Row) -> bool:
    return "peak-contradicted" in rules(read_rows(folder, table(*rows, statement, OTHER)))


# -- peaks --------------------------------------------------------------------------------------


def test_a_peak_is_held_against_windows_that_follow_one_another(tmp_path: Path) -> None:
    days = series(10, 10, 10, 50, 50, 60, 10, 10, 10)
    assert not peaked(tmp_path, days, peak(4, 5))  # days 5 and 6 are more, but overlap
    days = series(10, 10, 10, 50, 50, 60, 50, 10, 10)
    assert peaked(tmp_path, days, peak(4, 5))


def test_windows_before_a_peak_count_too(tmp_path: Path) -> None:
    days = series(10, 70, 70, 50, 50, 10, 10, 10, 10)
    assert peaked(tmp_path, days, peak(4, 5))
    days = series(90, 10, 10, 50, 50, 10, 10, 10, 10)
    assert not peaked(tmp_path, days, peak(4, 5))  # the first day alone is no window of two


def test_what_equals_a_peak_doesn_t_contradict_it(tmp_path: Path) -> None:
    assert not peaked(tmp_path, series(10, 50, 10, 50, 10), peak(2, 2))
    assert peaked(tmp_path, series(10, 50, 10, 51, 10), peak(2, 2))


def test_a_month_is_held_against_whole_months(tmp_path: Path) -> None:
    ends = {"01-31": 3100, "02-28": 4500, "03-31": 9150, "04-30": 10000}
    rows = [
        {"claim_id": end, "end": f"2023-{end}", "published": "2023-06-01", "value": str(value)}
        for end, value in ends.items()
    ]
    march = {**peak(1, 1), "start": "2023-03-01", "end": "2023-03-31", "published": "2023-06-01"}
    january = {**march, "start": "2023-01-01", "end": "2023-01-31"}
    assert not peaked(tmp_path, rows, march)
    assert peaked(tmp_path, rows, january)
    # a war that begins in mid-month: its first days are no month
    late = [{**row, "start": "2023-01-20"} for row in rows]
    assert not peaked(tmp_path, late, march)


# -- parts and wholes ---------------------------------------------------------------------------


def test_plain_figures_contradict_whatever_bounds_stand_beside_them(tmp_path: Path) -> None:
    rows = [
        {"claim_id": "a1", "value": "2000"},
        {"claim_id": "a2", "value": "3000", "qualifier": "at_least"},
        {"claim_id": "a3", "value": "1000", "qualifier": "at_most"},
        {"claim_id": "a4", "value": "1500", "outcome": "casualties"},
    ]
    with pytest.raises(bajas.ClaimError) as caught:
        read_rows(tmp_path, table(*rows, OTHER))
    refused = {problem.claim_ids for problem in caught.value.problems}
    assert refused == {("a1", "a4")}


def test_a_part_that_equals_its_whole_is_in_order(tmp_path: Path) -> None:
    rows = [{"claim_id": "a1", "value": "2000"}, {"claim_id": "a2", "outcome": "casualties"}]
    for value, wrong in (("2000", False), ("1999", True)):
        claims = table(*({**row, **({"value": value} if "outcome" in row else {})} for row in rows))
        if wrong:
            with pytest.raises(bajas.ClaimError):
                read_rows(tmp_path, [*claims, OTHER])
        else:
            assert "part-exceeds-whole" not in rules(read_rows(tmp_path, [*claims, OTHER]))


@pytest.mark.parametrize(
    "change",
    [{"component": "guard"}, {"start": "2023-02-01"}, {"per_day": "1"}, {"theatre": "north"},
     {"side": "Z"}],
)  # fmt: skip
def test_figures_about_something_else_are_not_compared(tmp_path: Path, change: Row) -> None:
    rows = table({"value": "2000"}, {"claim_id": "a2", "outcome": "casualties", "value": "10",
                                     **change}, OTHER)  # fmt: skip
    taxonomy = (
        bajas.Taxonomy.default().extend({"regions": {"north": {}}}) if "theatre" in change else None
    )
    options = {"taxonomy": taxonomy} if taxonomy is not None else {}
    ledger = read_rows(tmp_path, rows, **options)
    assert not any("part-exceeds" in rule for rule in rules(ledger))


# -- evidence and agreement ---------------------------------------------------------------------


def test_a_source_speaks_for_claims_that_don_t_say_what_evidence_they_are(tmp_path: Path) -> None:
    claims = read_rows(tmp_path, table({}, {"claim_id": "a2", "end": "2023-02-01"})).claims
    listed = [replace(claims[0], evidence="list"), claims[1]]
    assert stream_evidence(claims, Source("s", evidence="assessment")) == "assessment"
    assert stream_evidence(listed, Source("s", evidence="list")) == "list"
    assert stream_evidence(listed, Source("s", evidence="assessment")) is None
    assert stream_evidence(listed, None) is None
    assert stream_evidence(claims, None) is None
    assert stream_evidence(listed[:1], Source("s", evidence="assessment")) == "list"


def test_a_multiple_of_figures_that_were_rounded_first_is_found() -> None:
    """Twice the names as they were, of which hundreds were printed."""
    first, second = (400, 700, 1200, 1800), (825, 1370, 2440, 3555)
    figures = [CommonFigure(a, b, 50, 0.5, ()) for a, b in zip(first, second, strict=True)]
    ratio, chance = fixed_multiple(figures)
    assert ratio == pytest.approx(2.0, abs=0.05)
    assert chance < 1


PAPER = {"source": "paper", "source_type": "media", "speaks_for": "neutral"}
NAMES = [1031, 2117, 3190, 4422, 5391, 6718, 7705, 8817, 9987]


def months(prefix: str, factor: int, **changes: str) -> list[Row]:
    """Running totals at the ends of nine months of 2023."""
    return [
        {"claim_id": f"{prefix}{month}", "end": f"2023-{month:02}-28", "published": "2023-12-31",
         "value": str(factor * value), **changes}
        for month, value in enumerate(NAMES, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("factor", "outcome", "rule", "fix"),
    [
        (1, "killed", "sources-agree-too-well",
         "if one repeats the other, name it in derived_from"),
        (3, "wounded", "mechanical-ratio",
         "if one is computed from the other, name that in derived_from"),
    ],
)  # fmt: skip
def test_figures_that_agree_too_well_are_named_with_a_remedy(
    tmp_path: Path, factor: int, outcome: str, rule: str, fix: str
) -> None:
    rows = table(*months("a", 1), *months("b", factor, outcome=outcome, **PAPER))
    (found,) = [f for f in read_rows(tmp_path, rows).findings if f.rule == rule]
    assert (found.severity, found.fix) == ("warn", fix)
    assert set(found.claim_ids) == {row["claim_id"] for row in rows}
    assert "general_staff" in found.message
    assert "paper" in found.message
    # two periods are too few to tell
    few = table(*months("a", 1)[:2], *months("b", factor, outcome=outcome, **PAPER)[:2])
    assert rule not in rules(read_rows(tmp_path, few))


def test_a_ledger_shows_as_of_when_it_is() -> None:
    ledger = bajas.datasets.russia_ukraine_2023()
    shown = repr(ledger)
    assert shown.startswith(f"Ledger: {len(ledger)} claims of ")
    assert ", known on " not in shown
    early = ledger.as_of("2023-01-01")
    assert ", known on 2023-01-01\n  war from 2022-02-24 to " in repr(early)
    assert f"hash {early.hash[:12]}" in repr(early)
