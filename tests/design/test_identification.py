"""What the claims can't tell apart is said before and after a fit, with what would help."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from model_examples import Row, built, design, every_form, ledger, plain, window

import bajas
from bajas.design.identification import decided_by_priors, weak_points
from bajas.errors import QuantityError, SpecificationError
from bajas.model.specification import RatioPrior, SharePrior
from bajas.posterior.fitting import prior_draws
from bajas.workflow.fit import Fit

SHARE, RATIO = SharePrior(0.3, 0.5), RatioPrior(0.2, 0.5)
#: Guards and scouts always appear together.
TOGETHER: list[Row] = [
    window(0, 89, claim_id="a", value="900"),
    window(0, 89, claim_id="b", source="q", component="guards+scouts", value="200"),
]


def rules(rows: list[Row]) -> list[str]:
    return [finding.rule for finding in weak_points(design(*rows))]


def refused(rows: list[Row], **intensity: Mapping[str, object]) -> str:
    with pytest.raises(SpecificationError) as caught:
        built(*rows, **intensity)
    return str(caught.value)


# -- priors for what nothing identifies -------------------------------------------------------


def test_a_prior_for_a_component_that_no_claim_names_is_refused() -> None:
    words = refused(every_form(), components={"X navy": SHARE})
    assert "'X navy': no claim names 'navy', so nothing identifies it; a claim that counts" in words
    assert "components of X that the claims tell apart: other, militia" in words


def test_a_prior_for_a_component_that_no_claim_separates_is_refused() -> None:
    words = refused(TOGETHER, components={"X guards": SHARE})
    assert "no claim counts it without scouts, so nothing tells it apart" in words
    assert "a claim on guards alone would; until then give the prior to 'X guards+scouts'" in words
    built(*TOGETHER, components={"X guards+scouts": SHARE})
    alone = window(0, 89, claim_id="c", source="r", component="guards", value="90")
    built(*TOGETHER, alone, components={"X guards": SHARE})


def test_a_prior_for_a_sum_of_components_names_its_parts() -> None:
    alone = window(0, 89, claim_id="c", source="r", component="guards", value="90")
    words = refused([*TOGETHER, alone], components={"X guards+scouts": SHARE})
    assert "give a prior to 'X guards', 'X scouts' instead" in words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("X other", "it is the force that the others are measured against"),
        ("Z militia", "no claim counts people of side 'Z'; sides here: X, Y"),
        ("militia", "its key must be a side and a component"),
    ],
)
def test_other_component_priors_that_can_not_be_meant(key: str, words: str) -> None:
    assert words in refused(every_form(), components={key: SHARE})


def test_a_ratio_that_nothing_ties_is_refused() -> None:
    words = refused(every_form(), ratios={"captured": RATIO})
    assert "no claim counts captured, alone or in a sum, so nothing ties it to the fit" in words
    captured = window(0, 89, claim_id="c", source="r", outcome="captured", value="90")
    built(*every_form(), captured, ratios={"captured": RATIO})


def test_a_ratio_of_an_outcome_that_no_claim_separates_is_refused() -> None:
    words = refused(every_form(), ratios={"wounded_light": RATIO})
    assert "no claim counts it without wounded_severe" in words
    assert "a claim on wounded_light alone would; give the prior to 'wounded'" in words
    built(*every_form(), ratios={"wounded": RATIO})


def test_a_ratio_of_a_sum_whose_parts_are_told_apart_names_them() -> None:
    severe = window(0, 89, claim_id="c", source="r", outcome="wounded_severe", value="900")
    words = refused([*every_form(), severe], ratios={"wounded": RATIO})
    assert "give priors to wounded_light, wounded_severe instead" in words
    other_side = window(0, 89, claim_id="d", source="r", side="Y", outcome="wounded", value="900")
    words = refused([*every_form(), severe, other_side], ratios={"wounded": RATIO})
    assert "give priors to wounded_light, wounded_severe, which add up" in words


@pytest.mark.parametrize(
    ("name", "words"),
    [("tank", "equipment has no ratio"), ("slain", "no such outcome"), ("killed", "ratios refer")],
)
def test_other_ratios_that_can_not_be_meant(name: str, words: str) -> None:
    assert words in refused(every_form(), ratios={name: RATIO})


def test_all_problems_are_named_at_once() -> None:
    words = refused(every_form(), components={"X navy": SHARE}, ratios={"slain": RATIO})
    assert "navy" in words
    assert "slain" in words


def test_the_default_priors_ask_for_nothing_in_particular() -> None:
    for rows in (every_form(), TOGETHER, [window(0, 89, outcome="missing", value="20")]):
        built(*rows)


# -- splits that only a prior makes -----------------------------------------------------------


def test_killed_behind_casualties_alone_are_the_prior_s_and_answers_say_so() -> None:
    rows: list[Row] = [window(0, 89, outcome="casualties", value="900")]
    assert rules(rows) == ["ratio-from-prior-alone"]
    fit = Fit(prior_draws(ledger(*rows), plain(), draws=50, seed=1))
    assert any(finding.rule == "ratio-from-prior-alone" for finding in fit.findings)
    (note,) = fit.total("killed", "X").notes
    assert "no claim on X tells killed from wounded" in note
    assert "ratio-from-prior-alone" in fit.cite("killed", "X", override="a test").sentence
    assert fit.total("casualties", "X").notes == ()


def test_killed_that_no_claim_counts_are_the_prior_s() -> None:
    rows: list[Row] = [window(0, 89, outcome="wounded", value="900")]
    assert rules(rows) == ["ratio-from-prior-alone"]
    (note,) = decided_by_priors(design(*rows), "killed", "X")
    assert "the split is that of the prior" in note
    assert decided_by_priors(design(*rows), "wounded", "X") == ()


def test_one_claim_on_killed_makes_the_ratio_the_data_s() -> None:
    rows = [
        window(0, 89, outcome="casualties", value="900"),
        window(0, 89, claim_id="k", source="q", value="200"),
    ]
    assert rules(rows) == []


def test_a_force_that_is_only_left_over_is_named_where_it_matters() -> None:
    rows = [*TOGETHER, window(0, 89, claim_id="c", source="r", component="guards", value="90")]
    assert rules(rows) == ["component-as-remainder"] * 2  # other forces, and scouts
    found = design(*rows)
    assert (
        "no claim counts scouts of X alone" in decided_by_priors(found, "killed", "X", "scouts")[0]
    )
    assert decided_by_priors(found, "killed", "X", "guards+scouts") == ()  # claimed as such
    assert decided_by_priors(found, "killed", "X") == ()


def test_an_answer_that_nothing_separates_says_what_would_separate_it() -> None:
    found = design(*TOGETHER)
    with pytest.raises(QuantityError, match="no claim counts guards without scouts; a claim on"):
        found.scope("killed", "X", "guards")


def test_shipped_claims_leave_one_force_to_its_prior() -> None:
    found = weak_points(bajas.Model(bajas.datasets.russia_ukraine_2023()).design)
    assert [(f.rule, f.severity) for f in found] == [("component-as-remainder", "note")]
    assert "lnr" in found[0].message
