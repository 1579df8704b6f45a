"""Tallies become increments that say the same."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bajas.design.tally import Increment, Statement, Tally, increments

WAR = date(2023, 1, 1)


def said(
    start: int, stop: int, value: float, name: str = "", published: int | None = None
) -> Statement:
    """A statement about days ``start`` to ``stop - 1``, published on day ``stop`` if not said."""
    when = WAR + timedelta(days=stop if published is None else published)
    return Statement(name or f"s{start:03}-{stop:03}", start, stop, value, when)


def steps(tally: Tally) -> list[tuple[int, int, float]]:
    return [(item.start, item.stop, item.value) for item in tally.increments]


def test_totals_from_one_day_become_their_differences() -> None:
    tally = increments([said(0, 10, 100), said(0, 20, 160), said(0, 25, 161)])
    assert steps(tally) == [(0, 10, 100), (10, 20, 60), (20, 25, 1)]
    assert tally.increments[1].claim_ids == ("s000-010", "s000-020")
    assert tally.merges == ()
    assert tally.redundant == {}


def test_a_first_total_counts_over_its_whole_window() -> None:
    assert steps(increments([said(0, 90, 5000)])) == [(0, 90, 5000)]


def test_windows_that_follow_each_other_stay_as_they_are() -> None:
    tally = increments([said(7, 14, 30), said(0, 7, 20), said(14, 21, 5)])
    assert steps(tally) == [(0, 7, 20), (7, 14, 30), (14, 21, 5)]
    assert [item.claim_ids for item in tally.increments] == [
        ("s000-007",), ("s007-014",), ("s014-021",),
    ]  # fmt: skip


def test_a_week_within_totals_splits_what_the_totals_leave() -> None:
    tally = increments([said(0, 10, 100), said(0, 30, 400), said(20, 27, 70), said(0, 20, 250)])
    assert steps(tally) == [(0, 10, 100), (10, 20, 150), (20, 27, 70), (27, 30, 80)]
    assert tally.redundant == {}
    assert set(tally.increments[-1].claim_ids) == {"s000-020", "s000-030", "s020-027"}


def test_a_consistent_repetition_adds_nothing() -> None:
    tally = increments([said(0, 10, 100), said(0, 20, 160), said(10, 20, 60, "week")])
    assert steps(tally) == [(0, 10, 100), (10, 20, 60)]
    assert tally.redundant == {
        "s000-010": "its tally's other figures already say 100 for these days"
    }


@pytest.mark.parametrize("reverse", [False, True])
def test_of_contradicting_statements_the_later_publication_counts(reverse: bool) -> None:
    statements = [
        said(0, 10, 100, "early", published=10),
        said(0, 20, 160, "total", published=20),
        said(0, 10, 110, "corrected", published=30),
    ]
    tally = increments(statements[::-1] if reverse else statements)
    assert steps(tally) == [(0, 10, 110), (10, 20, 50)]
    assert tally.redundant == {
        "early": "its tally's other figures already say 110 for these days, not 100"
    }


def test_a_falling_total_is_merged_with_the_next_and_recorded() -> None:
    tally = increments([said(0, 10, 100), said(0, 20, 90), said(0, 30, 130)])
    assert steps(tally) == [(0, 10, 100), (10, 30, 30)]
    (record,) = tally.merges
    assert record.claim_ids == ("s000-010", "s000-020")
    assert "fell" in record.reason
    assert set(tally.increments[1].claim_ids) == {"s000-010", "s000-020", "s000-030"}


def test_a_deep_fall_takes_as_many_increments_as_it_needs() -> None:
    tally = increments([said(0, s, v) for s, v in ((10, 100), (20, 40), (30, 70), (40, 120))])
    assert steps(tally) == [(0, 10, 100), (10, 40, 20)]
    assert len(tally.merges) == 2


def test_a_frozen_series_spreads_its_next_rise() -> None:
    tally = increments([said(0, 10, 100), said(0, 11, 100), said(0, 12, 100), said(0, 15, 130)])
    assert steps(tally) == [(0, 10, 100), (10, 15, 30)]


def test_a_series_that_ends_frozen_ends_with_what_came_before() -> None:
    tally = increments([said(0, 10, 100), said(0, 20, 150), said(0, 30, 150)])
    assert steps(tally) == [(0, 10, 100), (10, 30, 50)]


def test_a_series_that_ends_in_a_fall_below_its_last_rise_reaches_further_back() -> None:
    tally = increments([said(0, 10, 100), said(0, 20, 150), said(0, 30, 80)])
    assert steps(tally) == [(0, 30, 80)]


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_a_tally_that_never_rises_has_no_increments(value: float) -> None:
    assert increments([said(0, 10, 0), said(0, 20, value)]).increments == ()


def test_gaps_stay_gaps() -> None:
    assert steps(increments([said(0, 7, 20), said(30, 37, 9)])) == [(0, 7, 20), (30, 37, 9)]


def test_a_total_after_a_gap_closes_it() -> None:
    tally = increments([said(0, 7, 20), said(30, 37, 9), said(0, 37, 100)])
    assert steps(tally) == [(0, 7, 20), (7, 30, 71), (30, 37, 9)]


def test_parts_without_a_common_day_stay_apart_even_if_they_overlap() -> None:
    assert steps(increments([said(0, 10, 20), said(5, 15, 9)])) == [(0, 10, 20), (5, 15, 9)]


def test_a_long_daily_series_is_read_at_once() -> None:
    tally = increments([said(0, day, 3.0 * day) for day in range(1, 800)])
    assert [value for _, _, value in steps(tally)] == [3.0] * 799


# -- property ---------------------------------------------------------------------------------


@st.composite
def consistent(draw: st.DrawFn, lowest: int = 1) -> tuple[np.ndarray, list[Statement]]:
    """Daily counts and statements about random windows that agree with them."""
    counts = np.array(draw(st.lists(st.integers(lowest, 50), min_size=3, max_size=25)))
    days = st.integers(0, counts.size)
    windows = draw(
        st.lists(st.tuples(days, days).map(sorted).filter(lambda w: w[0] < w[1]), min_size=1,
                 max_size=12, unique_by=tuple)
    )  # fmt: skip
    published = draw(st.permutations(range(len(windows))))
    return counts, [
        said(a, b, float(counts[a:b].sum()), f"c{i}", 30 + when)
        for i, ((a, b), when) in enumerate(zip(windows, published, strict=True))
    ]


def chain(tally: Tally, start: int, stop: int) -> list[Increment]:
    """The increments that lead from one day to another (each day starts one at most)."""
    following = {item.start: item for item in tally.increments}
    assert len(following) == len(tally.increments)
    found = []
    while start < stop:
        found.append(following[start])
        start = following[start].stop
    assert start == stop
    return found


@given(consistent())
@settings(max_examples=150, deadline=None)
def test_increments_reproduce_every_statement(case: tuple[np.ndarray, list[Statement]]) -> None:
    counts, statements = case
    tally = increments(statements)
    assert tally.merges == ()
    for statement in statements:
        parts = chain(tally, statement.start, statement.stop)
        assert sum(item.value for item in parts) == pytest.approx(statement.value)
    for item in tally.increments:
        assert item.value == pytest.approx(counts[item.start : item.stop].sum())
        assert item.claim_ids
    # neither more nor less is said: one increment per statement that doesn't close a loop
    assert len(tally.increments) == len(statements) - len(tally.redundant)


@given(consistent(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_statements_does_not_matter(
    case: tuple[np.ndarray, list[Statement]], random: object
) -> None:
    _, statements = case
    shuffled = list(statements)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert increments(shuffled) == increments(statements)


@given(st.lists(st.integers(-30, 60), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_merging_keeps_the_sum_and_leaves_positive_increments(changes: list[int]) -> None:
    totals = np.cumsum(changes)
    tally = increments([said(0, d + 1, float(total)) for d, total in enumerate(totals)])
    assert all(item.value > 0 for item in tally.increments)
    if tally.increments:
        assert sum(item.value for item in tally.increments) == pytest.approx(totals[-1])
        edges = [(item.start, item.stop) for item in tally.increments]
        assert edges[0][0] == 0
        assert edges[-1][1] == len(changes)
        assert all(a[1] == b[0] for a, b in pairwise(edges))
    else:
        assert totals[-1] <= 0
