"""What claims were taken to mean: windows, forces, what is left out, and the words for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from model_examples import FIRST, day, design, every_form, ledger, window

from bajas.claims import limits
from bajas.claims.taxonomy import Taxonomy
from bajas.design.build import build_design
from bajas.design.calendar import Calendar
from bajas.design.design import Design
from bajas.design.stratum import atoms
from bajas.errors import BajasError, QuantityError, SpecificationError


def forces(**days: str) -> Taxonomy:
    """A taxonomy with a side X of an army and mercenaries that exist for a while only."""
    components = {"army": {}, "mercenaries": days}
    side = {"components": components, "parts": {"convicts": "mercenaries"}}
    return Taxonomy.default().extend(
        {"sides": {"X": side}, "regions": {"east": ""}, "first_day": day(0)}
    )


def merc(first: int, last: int, **changes: str) -> dict[str, str]:
    return window(first, last, **{"component": "mercenaries", "source": "press", **changes})


def observed(made: Design, name: str):
    return next(o for o in made.observations if o.name == name)


# -- calendar ---------------------------------------------------------------------------------


def test_the_calendar_runs_from_the_commonest_start_to_the_last_end() -> None:
    made = design(window(0, 9), window(0, 40, source="b"), window(20, 60, source="c"))
    assert (made.calendar.first_day, made.calendar.days) == (FIRST, 61)
    assert made.calendar.day(60).isoformat() == day(60)


@pytest.mark.parametrize(("days", "apart", "count"), [(1, 7, 1), (8, 7, 2), (9, 7, 3), (9, 1, 9)])
def test_knots_reach_the_last_day_and_no_further_than_needed(
    days: int, apart: int, count: int
) -> None:
    calendar = Calendar(FIRST, Calendar(FIRST, FIRST).day(days - 1))
    knots = calendar.knots(apart)
    assert knots.size == count
    assert knots[0] == 0
    assert days - 1 <= knots[-1] < days - 1 + apart


def test_counts_that_start_before_the_war_are_clipped_to_it() -> None:
    made = design(
        window(-20, 29, claim_id="early", source="b", value="400"),
        window(-40, -10, claim_id="before", source="c"),
        window(0, 59, claim_id="war"),
        taxonomy=None,
        sources=None,
    )
    assert made.calendar.first_day.isoformat() == day(-40)  # no claim says when the war began
    early = design(
        window(-20, 29, claim_id="early", source="b", value="400"),
        window(0, 59, claim_id="war"),
        window(0, 19, claim_id="too", source="d"),
        taxonomy=Taxonomy.default().extend({"first_day": day(0)}),
    )
    observation = observed(early, "early")
    assert observation.window.start == FIRST
    assert observation.value == 400
    assert f"clipped from {day(-20)}" in early.explain("early")


def test_claims_before_the_war_are_left_out_with_the_reason() -> None:
    rows = [window(0, 59), window(0, 20, source="b"), window(-30, -1, claim_id="x", source="c")]
    war = Taxonomy.default().extend({"first_day": day(0)})
    made = build_design(replace(ledger(*rows), taxonomy=war))
    assert made.left_out == {"x": "its window ends before the war's first day"}
    assert made.explain("x") == (
        "x is left out of the fit: its window ends before the war's first day"
    )


# -- forces that come and go ------------------------------------------------------------------


def test_a_force_adds_losses_only_while_it_exists() -> None:
    made = design(
        window(0, 89, claim_id="all"),
        merc(0, 89, claim_id="m"),
        taxonomy=forces(first_day=day(30), last_day=day(49)),
    )
    army, mercenaries = made.strata
    assert (army.first, army.last) == (0, 89)
    assert (mercenaries.first, mercenaries.last) == (30, 49)
    rows = dict(zip((o.name for o in made.observations), made.exposure(), strict=True))
    np.testing.assert_array_equal(rows["all"], [90, 20])
    np.testing.assert_array_equal(rows["m"], [0, 20])


@pytest.mark.parametrize(
    ("first", "last", "days"), [(0, 30, 1), (49, 89, 1), (40, 41, 2), (0, 29, 0), (50, 60, 0)]
)
def test_windows_are_cut_to_the_days_of_a_force(first: int, last: int, days: int) -> None:
    made = design(
        window(0, 89, claim_id="all"),
        merc(10, 89, claim_id="m"),
        merc(first, last, claim_id="w", source="other"),
        taxonomy=forces(first_day=day(30), last_day=day(49)),
    )
    if days == 0:
        assert made.left_out == {"w": "its force didn't exist in its window"}
        return
    (run,) = made.runs(observed(made, "w").window, observed(made, "w").strata)
    assert run[2] - run[1] == days


def test_a_force_outside_the_calendar_has_no_losses_and_its_claims_are_left_out() -> None:
    made = design(
        window(0, 59, claim_id="all"),
        window(0, 59, claim_id="army", component="army"),
        merc(0, 40, claim_id="m"),
        taxonomy=forces(first_day=day(200)),
    )
    assert made.left_out == {"m": "its force didn't exist in its window"}
    assert made.scope("killed", "X") == made.scope("killed", "X", "army")


# -- parts and theatres -----------------------------------------------------------------------


def test_a_claim_about_one_theatre_is_a_lower_bound() -> None:
    made = design(
        window(0, 59, claim_id="all"),
        window(0, 59, claim_id="t", source="b", theatre="east", value="300"),
        window(0, 59, claim_id="u", source="c", theatre="east", qualifier="at_most", value="900"),
        taxonomy=forces(),
    )
    bound = observed(made, "t")
    assert (bound.form, bound.value) == ("at_least", 300)
    assert "at least 300 (it covers only a part)" in made.explain("t")
    assert "one theatre (east) of it" in made.explain("t")
    assert made.left_out == {"u": "an upper bound for a part says nothing about the whole"}


def test_a_part_of_a_force_is_a_lower_bound_on_it() -> None:
    made = design(
        window(0, 59, claim_id="m", component="mercenaries"),
        window(0, 59, claim_id="c", source="b", component="convicts", value="300"),
        taxonomy=forces(),
    )
    assert observed(made, "c").form == "at_least"
    assert observed(made, "c").strata == observed(made, "m").strata
    assert ", a part of it" in made.explain("c")


def test_totals_of_a_theatre_are_no_tally() -> None:
    rows = [
        window(0, d, claim_id=f"t{d}", theatre="east", value=str(10 * d), kind="tally")
        for d in (10, 20, 30)
    ]
    made = design(window(0, 59, source="b"), *rows, taxonomy=forces())
    assert [o.form for o in made.observations if o.name.startswith("t")] == ["at_least"] * 3


# -- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "phrases"),
    [
        ("t2", ["increment of 1,200", f"{day(31)} to {day(58)}", "from t1, t2", "X all killed",
                "killed of other, militia", "tally of general_staff"]),
        ("r1", ["range 6,000 to 12,000 at assumed level 0.9",
                "killed + wounded of other, militia", "assessment of institute"]),
        ("r2", ["700, range 400 to 1,100 at level 0.8"]),
        ("l1", ["at least 800", "guessed assessment of ally"]),
        ("v1", ["150 on a growing list", "killed of militia", "register of newspaper"]),
        ("u1", ["at most 1,900", "ministry"]),
        ("e1", ["310", "tank of all"]),
    ],
)  # fmt: skip
def test_every_claim_is_explained_in_words(claim: str, phrases: list[str]) -> None:
    text = design(*every_form()).explain(claim)
    assert [phrase for phrase in phrases if phrase not in text] == [], text


def test_explanations_of_what_does_not_count() -> None:
    rows = [
        *every_form(),
        window(0, 89, claim_id="p1", source="b", qualifier="peak", value="", start=day(31),
               end=day(58)),
        window(0, 58, claim_id="x1", source="c", excluded="a slip of the pen"),
        window(0, 70, claim_id="t4", value="1900", kind="tally"),
    ]  # fmt: skip
    made = design(*rows)
    assert "statement of rank" in made.explain("p1")
    assert made.explain("x1") == "x1 is left out of the fit: excluded: a slip of the pen"
    assert "the total stood still or fell: merged with the next" in made.explain("t4")
    with pytest.raises(BajasError, match="no claim 'nonsense'"):
        made.explain("nonsense")


def test_every_claim_is_an_observation_a_statement_or_left_out() -> None:
    evidence = ledger(*every_form(), window(0, 9, claim_id="z", source="q", derived_from="t1"))
    made = build_design(evidence)
    behind = {claim for o in made.observations for claim in o.claim_ids}
    settled = behind | set(made.left_out) | {claim.claim_id for claim in made.statements}
    assert settled == {claim.claim_id for claim in evidence}
    assert len({o.name for o in made.observations}) == len(made.observations)
    assert len(made.table) == len(made.observations)


# -- strata -----------------------------------------------------------------------------------


def test_atoms_are_the_coarsest_partition() -> None:
    parts = atoms("abcd", [frozenset("ab"), frozenset("bc")])
    assert parts == (frozenset("a"), frozenset("b"), frozenset("c"), frozenset("d"))
    assert atoms("abcd", []) == (frozenset("abcd"),)


def test_an_exclusion_is_the_rest() -> None:
    made = design(
        window(0, 59, claim_id="all"), window(0, 59, claim_id="r", component="all-militia")
    )
    assert [s.label for s in made.strata] == ["X other killed", "X militia killed"]
    assert observed(made, "r").strata == made.scope("killed", "X", "other") == (0,)


def test_a_category_of_equipment_that_nobody_counts_has_no_stratum() -> None:
    made = design(
        window(0, 59, claim_id="t", outcome="tank"),
        window(0, 59, claim_id="a", outcome="artillery", component="militia"),
    )
    labels = [s.label for s in made.strata]
    assert labels == ["X other tank", "X militia tank", "X militia artillery"]
    with pytest.raises(QuantityError, match="can't tell all artillery of X apart"):
        made.scope("artillery", "X")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("killed", "Z"), "sides here: X, Y"),
        (("missing", "X"), "apart: no claim on X counts missing; one that does would identify it"),
        (("missing", "X"), "identify it; for X the fit holds sums of"),
        (
            ("wounded_light", "X"),
            "no claim counts wounded_light without wounded_severe; a claim on",
        ),
        (("unheard", "X"), "unknown outcome 'unheard'; for X the fit holds sums of personnel:"),
        (("killed", "X", "navy"), "components other, militia; outcomes killed, wounded"),
        (("wounded_light", "X"), "outcomes killed, wounded and of equipment: components all"),
        (("killed", "Y", "militia"), "for Y the fit holds sums of personnel: components all"),
    ],
)
def test_a_scope_that_is_not_held_says_what_can_be_asked(
    asked: tuple[str, ...], words: str
) -> None:
    with pytest.raises(QuantityError) as caught:
        design(*every_form()).scope(*asked)
    assert words in str(caught.value)


def test_scopes_are_sums_of_strata() -> None:
    made = design(*every_form())
    killed, casualties = made.scope("killed", "X"), made.scope("casualties", "X")
    assert set(killed) < set(casualties)
    assert set(made.scope("wounded", "X")) == set(casualties) - set(killed)
    assert len(made.scope("killed", "X", "militia")) == 1


def test_more_days_to_resolve_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ledger(*every_form())
    cells = sum(s.last - s.first + 1 for s in build_design(made).strata)
    monkeypatch.setattr(limits, "MAX_CELLS", cells)
    build_design(made)
    monkeypatch.setattr(limits, "MAX_CELLS", cells - 1)
    with pytest.raises(SpecificationError, match=rf"{cells:,} days to resolve; the limit"):
        build_design(made)
