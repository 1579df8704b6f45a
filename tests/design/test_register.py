"""Counts of a growing list: additions that share no name, and what is left of counts that don't."""

from __future__ import annotations

from datetime import date
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_examples import design, ledger, window

import bajas
from bajas.design.build import build_design
from bajas.design.register import ListCount, additions

NAMES = {
    "source": "newspaper", "source_type": "media_investigation", "speaks_for": "neutral",
    "kind": "register", "evidence": "list", "qualifier": "at_least",
}  # fmt: skip


def count(name: str, stop: int, value: float, start: int = 0, on: int | None = None) -> ListCount:
    return ListCount(name, start, stop, stop if on is None else on, value)


def test_each_count_adds_what_the_one_before_lacked() -> None:
    found = additions([count("a", 100, 400), count("b", 130, 700), count("c", 160, 850)])
    assert [item.value for item in found.additions] == [400, 300, 150]
    assert [item.claim_ids for item in found.additions] == [("a",), ("a", "b"), ("b", "c")]
    assert found.redundant == {} == found.overlapping


def test_a_list_may_grow_about_the_same_days() -> None:
    found = additions([count("a", 100, 400), count("b", 100, 500, on=400)])
    assert [item.value for item in found.additions] == [400, 100]


def test_the_order_of_counts_does_not_matter() -> None:
    counts = [count("a", 100, 400), count("b", 130, 390), count("c", 160, 850), count("d", 9, 5)]
    expected = additions(counts)
    for order in permutations(counts):
        found = additions(list(order))
        assert (found.additions, found.redundant) == (expected.additions, expected.redundant)


def test_a_count_that_stands_still_is_left_to_the_next() -> None:
    found = additions([count("a", 100, 400), count("b", 130, 400), count("c", 160, 850)])
    assert [item.claim_ids for item in found.additions] == [("a",), ("a", "c")]
    assert found.additions[1].value == 450
    assert "stood still" in found.redundant["b"]


def test_a_list_that_ends_on_a_correction_downward_is_that_correction() -> None:
    found = additions([count("a", 100, 400), count("b", 130, 700), count("c", 160, 690)])
    assert [item.claim_ids for item in found.additions] == [("a",), ("a", "c")]
    assert found.additions[1].value == 290
    assert "corrected" in found.redundant["b"]


def test_a_correction_below_all_earlier_counts_replaces_them() -> None:
    found = additions([count("a", 100, 400), count("b", 130, 700), count("c", 160, 300)])
    assert [(item.claim_ids, item.value) for item in found.additions] == [(("c",), 300)]
    assert set(found.redundant) == {"a", "b"}


def test_yearly_counts_are_taken_out_of_a_later_count_of_all() -> None:
    years = [count("y1", 365, 300, on=800), count("y2", 730, 200, start=365, on=800)]
    found = additions([*years, count("all", 790, 620, on=900)])
    assert found.additions[-1].value == 120
    assert found.additions[-1].claim_ids == ("y1", "y2", "all")


def test_days_that_overlap_without_nesting_make_no_addition() -> None:
    found = additions([count("a", 200, 400), count("b", 300, 350, start=100)])
    assert [item.claim_ids for item in found.additions] == [("a",)]
    assert "overlap" in found.overlapping["b"]


def test_a_second_count_of_one_day_is_redundant() -> None:
    found = additions([count("a", 100, 400), count("b", 100, 410)])
    assert [item.value for item in found.additions] == [400]
    assert "that day already (a: 400)" in found.redundant["b"]


@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.integers(0, 30), st.integers(1, 500)),
        min_size=1,
        max_size=8,
    )
)
def test_additions_are_positive_and_never_sum_to_more_than_the_list(
    told: list[tuple[int, int, int]],
) -> None:
    counts = [
        ListCount(str(i), 0, stop, stop + later, float(value))
        for i, (stop, later, value) in enumerate(told)
    ]
    found = additions(counts)
    assert all(item.value > 0 for item in found.additions)
    assert sum(item.value for item in found.additions) <= max(c.value for c in counts)
    named = {item.count.claim_id for item in found.additions}
    others = set(found.redundant) | set(found.overlapping)
    assert named | others == {c.claim_id for c in counts}
    assert not named & others
    for earlier, later in pairwise(found.additions):
        assert earlier.count.published <= later.count.published


def test_a_part_of_a_list_about_a_part_of_a_force_remains_a_bound() -> None:
    made = build_design(bajas.datasets.russia_ukraine_2023())
    parts = [o for o in made.observations if o.name in ("c136", "c137", "c138", "c139")]
    assert len(parts) == 4
    assert all(o.form == "at_least" and o.counted is None for o in parts)


def test_as_a_bound_a_list_is_what_it_was() -> None:
    rows = [
        window(0, 99, claim_id="n1", value="400", **NAMES),
        window(0, 129, claim_id="n2", value="700", **NAMES),
    ]
    made = build_design(ledger(*rows), registers="bound")
    assert [(o.form, o.value, o.counted) for o in made.observations] == [
        ("at_least", 400, None),
        ("at_least", 700, None),
    ]


def test_the_design_says_what_is_new_and_since_when() -> None:
    made = design(
        window(0, 99, claim_id="n1", value="400", **NAMES),
        window(0, 129, claim_id="n2", value="700", **NAMES),
    )
    first, second = made.observations
    assert (first.form, first.value, first.counted) == ("point", 400, date(2023, 4, 11))
    assert (second.value, second.claim_ids) == (300, ("n1", "n2"))
    assert second.before[0].counted == date(2023, 4, 11)
    assert "300 new on a growing list counted on 2023-05-11" in made.explain("n2")
    assert "not on it on 2023-04-11" in made.explain("n2")
    assert not first.biased


def test_counts_after_one_that_is_no_plain_count_are_additions_all_the_same() -> None:
    ranged = {"value": "", "low": "300", "high": "500", "qualifier": "range"}
    made = design(
        window(0, 49, claim_id="n0", **{**NAMES, **ranged}),
        window(0, 99, claim_id="n1", value="400", **NAMES),
        window(0, 129, claim_id="n2", value="700", **NAMES),
    )
    plain = {o.name: o.value for o in made.observations if o.counted is not None}
    assert plain == {"n1": 400, "n2": 300}


@pytest.mark.parametrize(
    "changes",
    [
        {"value": "", "low": "300", "high": "500", "qualifier": "range"},
        {"per_day": "1", "value": "3"},
    ],
    ids=["a range", "a rate"],
)
def test_what_is_no_plain_count_of_a_list_remains_a_bound(changes: dict[str, str]) -> None:
    (bound,) = design(
        window(0, 99, claim_id="n1", **{"value": "400", **NAMES, **changes})
    ).observations
    assert (bound.form, bound.counted) == ("at_least", None)
