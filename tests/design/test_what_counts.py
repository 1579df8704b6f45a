"""Which claims of a ledger become evidence, and why the others don't."""

from __future__ import annotations

import pytest
from model_examples import Row, design, ledger, window

from bajas.design.build import build_design
from bajas.errors import SpecificationError

OTHER = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}
CIVILIAN = {"status": "civilian"}


def evidence(*rows: Row) -> set[str]:
    """Ids of the claims behind the observations."""
    return {claim_id for o in design(*rows).observations for claim_id in o.claim_ids}


def test_civilians_are_left_out_where_others_are_counted() -> None:
    made = design(window(0, 9, claim_id="m"), window(0, 9, claim_id="c", **OTHER, **CIVILIAN))
    assert [o.claim_ids for o in made.observations] == [("m",)]
    assert list(made.left_out) == ["c"]
    assert made.left_out["c"].startswith("it counts civilians and other claims don't")
    assert not made.streams[0].civilian


@pytest.mark.parametrize("status", ["military", "unknown"])
def test_whatever_is_not_civilian_keeps_civilians_out(status: str) -> None:
    rows = [
        window(0, 9, claim_id="m", status=status),
        window(0, 9, claim_id="c", **OTHER, **CIVILIAN),
    ]
    assert evidence(*rows) == {"m"}


def test_civilians_alone_are_evidence() -> None:
    rows = [window(0, 9, claim_id="c", **CIVILIAN), window(0, 9, claim_id="d", **OTHER, **CIVILIAN)]
    made = design(*rows)
    assert made.left_out == {}
    assert [stream.civilian for stream in made.streams] == [True, True]


def test_what_is_left_out_for_another_reason_keeps_no_civilians_out() -> None:
    rows = [
        window(0, 9, claim_id="m", excluded="a misprint"),
        window(0, 9, claim_id="c", **OTHER, **CIVILIAN),
        window(0, 9, claim_id="d", **OTHER, **CIVILIAN, value="7", outcome="wounded"),
    ]
    assert evidence(*rows) == {"c", "d"}


def test_a_rank_statement_is_kept_apart_and_is_no_evidence() -> None:
    peak = window(3, 4, claim_id="p", value="", qualifier="peak")
    made = design(window(0, 9, claim_id="m"), peak)
    assert [claim.claim_id for claim in made.statements] == ["p"]
    assert evidence(window(0, 9, claim_id="m"), peak) == {"m"}
    assert "p" not in made.left_out
    withdrawn = design(window(0, 9, claim_id="m"), {**peak, "excluded": "a slip"})
    assert withdrawn.statements == ()
    assert withdrawn.left_out == {"p": "excluded: a slip"}


def test_a_rank_statement_of_a_source_that_repeats_is_still_a_statement() -> None:
    peak = window(3, 4, claim_id="p", value="", qualifier="peak", derived_from="m", **OTHER)
    made = design(window(0, 9, claim_id="m"), peak)
    assert [claim.claim_id for claim in made.statements] == ["p"]
    assert "p" not in made.left_out


def test_nothing_but_rank_statements_is_nothing_to_fit() -> None:
    with pytest.raises(SpecificationError, match="no claim is left to fit"):
        build_design(ledger(window(3, 4, claim_id="p", value="", qualifier="peak")))


def test_an_excluded_or_replaced_claim_says_so() -> None:
    made = design(
        window(0, 9, claim_id="m"),
        window(0, 9, claim_id="n", value="5", supersedes="m", published="2023-02-20"),
        window(0, 9, claim_id="x", **OTHER, excluded="a rumour"),
    )
    assert made.left_out == {"m": "superseded by n", "x": "excluded: a rumour"}
    assert [o.name for o in made.observations] == ["n"]


def test_a_register_s_upper_bound_and_a_part_s_say_nothing() -> None:
    listed = {"source": "names", "kind": "register", "evidence": "list", "speaks_for": "neutral",
              "source_type": "media_investigation"}  # fmt: skip
    made = design(
        window(0, 9, claim_id="m"),
        window(0, 9, claim_id="r", **listed, qualifier="at_most", value="9"),
    )
    assert made.left_out == {"r": "an upper bound from a list that is incomplete says nothing"}
    assert len(made.streams) == 1


def test_a_tally_takes_plain_figures_alone() -> None:
    tally = {"kind": "tally"}
    made = design(
        window(0, 9, claim_id="t1", value="100", **tally),
        window(0, 19, claim_id="t2", value="260", **tally, qualifier="about"),
        window(0, 29, claim_id="f", value="200", **tally, qualifier="at_least"),
        window(0, 29, claim_id="w", value="", low="300", high="500", level="0.9", **tally,
               qualifier="range"),
        window(20, 29, claim_id="d", value="12", per_day="1", **tally),
    )  # fmt: skip
    found = {o.name: (o.form, o.value, o.claim_ids) for o in made.observations}
    assert found["t1"] == ("point", 100.0, ("t1",))
    assert found["t2"] == ("point", 160.0, ("t1", "t2"))
    assert found["d"] == ("point", 120.0, ("d",))
    assert found["f"] == ("at_least", 200.0, ("f",))
    assert found["w"][0] == "point"
    assert found["w"][2] == ("w",)


def test_a_tally_that_never_rises_is_left_out_and_one_of_nothing_is_a_ceiling() -> None:
    tally = {"kind": "tally", **OTHER}
    fallen = [window(0, d, claim_id=f"t{d}", value="0", outcome="ship", **tally) for d in (9, 19)]
    made = design(window(0, 19, claim_id="m"), *fallen)
    (none,) = [o for o in made.observations if o.form == "at_most"]
    assert (none.name, none.value, none.window.days) == ("t19", 0.5, 20)
    assert none.claim_ids == ("t9", "t19")
    assert none.biased
