"""The learned bias prior: units, estimate, shipped numbers, kinds of evidence in a model."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from claim_tables import GOOD, table
from scipy import stats

import bajas
from bajas.claims.claim import EVIDENCE_KINDS
from bajas.datasets.hindsight_cases import CASES
from bajas.ledger.hindsight_case import HindsightCase
from bajas.ledger.truth import Truth
from bajas.model.bias import BiasPrior, KindPrior, RelationPrior, learn_hindsight
from bajas.model.build import build_representation
from bajas.model.hindsight_estimate import VARIANTS, estimate_hindsight
from bajas.model.hindsight_summary import summarise_hindsight
from bajas.model.hindsight_units import HindsightUnit, hindsight_units
from bajas.model.relation import RELATIONS
from bajas.posterior.fitting import prior_draws

TRUTH = Truth("t", "X", "all", "killed", "military", date(2023, 1, 1), date(2023, 3, 31), 1000.0,
              900.0, 1100.0, "A", "court", "https://example.org")  # fmt: skip


def case(*rows: dict[str, str]) -> HindsightCase:
    import pandas as pd

    full = table(*({"claim_id": f"c{i}", "evidence": "assertion", "extra.late": "", **row}
                   for i, row in enumerate(rows)))  # fmt: skip
    return HindsightCase("war", "A", bajas.read_claims(pd.DataFrame(full)), (TRUTH,))


def only(*rows: dict[str, str]) -> HindsightUnit:
    (unit,) = hindsight_units([case(*rows)])
    return unit


# -- units ------------------------------------------------------------------------------------


def test_a_claim_on_the_truth_s_window_is_a_point() -> None:
    unit = only({"value": "2000"})
    assert unit.low == unit.high == pytest.approx(np.log(2))
    assert (unit.relation, unit.bloc, unit.target) == ("enemy", "Y", "X")
    assert unit.truth_sd == pytest.approx(np.log(1100 / 900) / 3.29)


def test_bounds_and_shorter_windows_bound_the_ratio_from_the_side_that_they_can() -> None:
    assert only({"qualifier": "at_least"}).high == np.inf
    assert only({"qualifier": "at_most"}).low == -np.inf
    short = only({"end": "2023-01-31"})
    assert (short.low, short.high) == (pytest.approx(np.log(1.234)), np.inf)
    long = only({"start": "2022-06-01"})
    assert (long.low, long.high) == (-np.inf, pytest.approx(np.log(1.234)))
    assert hindsight_units([case({"end": "2023-01-31", "qualifier": "at_most"})]) == ()


def test_a_claimant_has_one_vote_on_a_target_however_often_it_speaks() -> None:
    often = only({"value": "2000"}, {"value": "1000"}, {"value": "9", "qualifier": "at_least"})
    assert often.points == 2
    assert often.low == often.high == pytest.approx(np.log(2) / 2)


def test_what_a_claimant_says_two_weeks_later_is_another_vote() -> None:
    fresh, settled = {"published": "2023-04-13"}, {"published": "2023-04-14", "value": "1500"}
    assert only(fresh).evidence == "assertion"
    assert only(settled).evidence == "assertion, settled"
    assert [unit.points for unit in hindsight_units([case(fresh, settled)])] == [1, 1]


def test_a_claim_that_repeats_another_has_no_vote() -> None:
    copy = {"source": "paper", "source_type": "media", "speaks_for": "neutral"}
    assert len(hindsight_units([case({}, copy)])) == 2
    assert len(hindsight_units([case({}, {**copy, "derived_from": "general_staff"})])) == 1


# -- estimate ---------------------------------------------------------------------------------


def simulated(rng: np.random.Generator, cases: int) -> list[HindsightUnit]:
    """Own and enemy figures of two sources each, lists among them, with known centres."""
    units = []
    for number in range(cases):
        for stands, centre in (("own", -0.5), ("enemy", 1.0)):
            group = 0.7 * np.sqrt(0.5) * rng.standard_t(4)
            voices = (("a", "assertion", 0.0, 1.0), ("b", "list", -0.4, 0.5))
            for source, kind, move, factor in voices:
                x = centre + move + factor * (group + 0.7 * np.sqrt(0.5) * rng.standard_normal())
                units.append(
                    HindsightUnit(f"c{number}", stands, "Y", "X", source, kind, x, x, 0.0, 1)
                )
    return units


@pytest.mark.slow
def test_the_estimate_finds_centres_spreads_and_sharing_of_simulated_conflicts() -> None:
    estimate = estimate_hindsight(simulated(np.random.default_rng(3), 30), iterations=10)
    places = [EVIDENCE_KINDS.index(kind) for kind in ("assertion", "list")]
    for draws, truth in (
        (estimate.centre[:, :2, places], np.array([[-0.5, -0.9], [1.0, 0.6]])),
        (np.log(estimate.scale[:, :2, places]), np.log([[0.7, 0.35], [0.7, 0.35]])),
        (estimate.shared, np.array(0.5)),
    ):
        sd = draws.std(axis=0)
        assert (abs(draws.mean(axis=0) - truth) < 3 * sd).all()
        assert (sd < 0.25).all()  # it has learned something


def test_the_likelihood_is_the_integral_over_the_group_effect() -> None:
    units = simulated(np.random.default_rng(4), 1)[:2]
    units.append(replace(units[0], source="c", low=0.3, high=np.inf))
    estimate = estimate_hindsight(units, VARIANTS[1], iterations=2)
    fixed = replace(
        estimate, centre=np.full((1, 4, 4), 0.2), scale=np.full((1, 4, 4), 0.8),
        shared=np.array([0.4]),
    )  # fmt: skip
    b = stats.t(4).rvs(400_000, random_state=5)
    sd = 0.8 * np.sqrt(0.6)
    location = 0.2 + 0.8 * np.sqrt(0.4) * b
    value = stats.norm.pdf(units[0].low, location, sd) * stats.norm.pdf(units[1].low, location, sd)
    value = value * stats.norm.sf(0.3, location, sd)
    assert fixed.log_score(units) == pytest.approx(np.log(value.mean()), abs=0.01)


@pytest.mark.slow
def test_where_nothing_is_known_the_prior_is_wide_and_centred() -> None:
    units = simulated(np.random.default_rng(6), 12)
    summary = summarise_hindsight(estimate_hindsight(units, iterations=10), units)
    unseen, seen = summary.relations["own_victims"], summary.relations["own"]
    assert abs(unseen.mean) < 0.3
    assert unseen.scale > 1.3 * seen.scale
    assert summary.misfit < 0.15


# -- the shipped numbers ----------------------------------------------------------------------


@pytest.mark.slow
def test_the_shipped_prior_is_what_the_shipped_cases_teach() -> None:
    cases = [bajas.datasets.hindsight(name) for name in sorted(CASES)]
    again, shipped = learn_hindsight(cases, "hindsight"), bajas.bias.hindsight()
    assert again.name == shipped.name
    assert again.shared == pytest.approx(shipped.shared, abs=0.03)
    for stands in RELATIONS:
        one, other = again.relations[stands], shipped.relations[stands]
        assert one.degrees_of_freedom == pytest.approx(other.degrees_of_freedom, rel=0.15)
        for kind in (None, *EVIDENCE_KINDS):
            assert one.of_kind(kind).mean == pytest.approx(other.of_kind(kind).mean, abs=0.06)
            assert one.of_kind(kind).scale == pytest.approx(other.of_kind(kind).scale, rel=0.08)


def test_own_losses_are_played_down_and_the_enemy_s_exaggerated_with_or_without_any_case() -> None:
    for left_out in (None, *sorted(CASES)):
        prior = bajas.bias.hindsight(without=left_out)
        assert prior.relations["own"].mean < -0.3
        assert prior.relations["enemy"].mean > 0.8
        assert prior.name == ("hindsight" if left_out is None else f"hindsight without {left_out}")
    with pytest.raises(bajas.SpecificationError, match="kosovo_1999"):
        bajas.bias.hindsight(without="no_such_war")


# -- in a specification and in a model --------------------------------------------------------


def test_kinds_of_evidence_survive_json_and_old_json_still_loads() -> None:
    specification = bajas.Specification(bias=bajas.bias.hindsight())
    assert bajas.Specification.from_json(specification.to_json()) == specification
    old = {**bajas.bias.symmetric(0.6).as_dict(), "relations": {
        name: [0.1, 0.6, 4.0] for name in RELATIONS
    }}  # fmt: skip
    prior = BiasPrior.from_dict(json.loads(json.dumps(old)))
    assert prior.relations["own"] == RelationPrior(0.1, 0.6, 4.0)
    assert prior.as_dict() == old


def test_an_unknown_kind_of_evidence_is_refused() -> None:
    with pytest.raises(bajas.SpecificationError, match="rumour"):
        RelationPrior(0.0, 1.0, None, {"rumour": KindPrior(0.0, 1.0)})
    with pytest.raises(bajas.SpecificationError, match="positive"):
        KindPrior(0.0, 0.0)


def two_kinds() -> bajas.Ledger:
    import pandas as pd

    third = {**GOOD, "source_type": "think_tank", "speaks_for": "neutral", "kind": "assessment"}
    rows = table(
        {**third, "claim_id": "a", "source": "a", "evidence": "assertion"},
        {**third, "claim_id": "b", "source": "b", "evidence": "list"},
        {**third, "claim_id": "c", "source": "c", "evidence": "list"},
        {**third, "claim_id": "d", "source": "b", "evidence": "assertion", "outcome": "wounded"},
    )
    return bajas.read_claims(pd.DataFrame(rows))


def test_a_kind_of_evidence_sets_centre_and_spread_and_keeps_what_a_bloc_shares() -> None:
    kinds = {"assertion": KindPrior(0.5, 1.0), "list": KindPrior(-0.3, 0.4)}
    third = RelationPrior(0.2, 0.8, None, kinds)
    relations = {**dict.fromkeys(RELATIONS, RelationPrior(0.0, 1.0)), "third_party": third}
    prior = BiasPrior("kinds", relations, shared=0.5, outcome_sd=0.01)
    draws = prior_draws(two_kinds(), bajas.Specification(bias=prior), 20_000, seed=1)
    names = list(draws.representation.names)
    bias = draws.bias_draws.reshape(-1, len(names))[:, [names.index(n) for n in "abcd"]]
    assert bias.mean(axis=0) == pytest.approx([0.5, -0.3, -0.3, 0.5], abs=0.03)
    assert bias.std(axis=0) == pytest.approx([1.0, 0.4, 0.4, 1.0], rel=0.03)
    # half of the variance is shared by all sources of the bloc, whatever the kind of evidence
    correlation = np.corrcoef(bias.T)
    assert correlation[np.triu_indices(4, 1)] == pytest.approx(0.5, abs=0.03)


def settled_lists() -> bajas.Ledger:
    """One source's list counted at once and again when it was settled, and its assertion."""
    import pandas as pd

    third = {**GOOD, "source_type": "think_tank", "speaks_for": "neutral", "kind": "assessment",
             "source": "a", "evidence": "list", "end": "2023-03-31"}  # fmt: skip
    rows = table(
        {**third, "claim_id": "fresh", "published": "2023-04-13"},
        {**third, "claim_id": "settled", "published": "2023-04-14"},
        {**third, "claim_id": "said", "published": "2023-06-01", "evidence": "assertion"},
    )
    return bajas.read_claims(pd.DataFrame(rows))


def test_a_settled_claim_has_the_centre_and_spread_of_settled_ones() -> None:
    kinds = {"list": KindPrior(-0.9, 0.6), "list, settled": KindPrior(0.1, 0.2),
             "assertion": KindPrior(0.5, 1.0)}  # fmt: skip
    relations = {
        **dict.fromkeys(RELATIONS, RelationPrior(0.0, 1.0)),
        "third_party": RelationPrior(0.2, 0.8, None, kinds),
    }
    prior = BiasPrior("settled", relations, shared=0.5, outcome_sd=0.01)
    draws = prior_draws(settled_lists(), bajas.Specification(bias=prior), 20_000, seed=1)
    names = list(draws.representation.names)
    order = [names.index(name) for name in ("fresh", "settled", "said")]
    bias = draws.bias_draws.reshape(-1, len(names))[:, order]
    # without an entry for settled assertions these are as others
    assert bias.mean(axis=0) == pytest.approx([-0.9, 0.1, 0.5], abs=0.03)
    assert bias.std(axis=0) == pytest.approx([0.6, 0.2, 1.0], rel=0.03)
    assert np.corrcoef(bias.T)[0, 1] == pytest.approx(0.5, abs=0.03)


def test_a_prior_of_an_earlier_version_takes_a_stream_as_of_one_kind() -> None:
    kinds = {"list": KindPrior(-0.9, 0.6), "assertion": KindPrior(0.5, 1.0)}
    relations = dict.fromkeys(RELATIONS, RelationPrior(0.2, 0.8, None, kinds))
    design = bajas.Model(settled_lists()).design
    made = build_representation(
        design, bajas.Specification(bias=BiasPrior("old", relations)), settled_lists().sources
    )
    (labels,) = next(term.labels for term in made.terms if term.name == "source_bias")
    assert labels == ("a X",)  # of several kinds: the relation's own centre and spread


def test_without_kinds_nothing_but_the_relation_counts() -> None:
    plain = bajas.Specification(bias=bajas.bias.symmetric(0.6))
    ledger = two_kinds()
    frame = ledger.to_frame().assign(evidence="")
    one = build_representation(bajas.Model(ledger).design, plain, ledger.sources)
    other = build_representation(
        bajas.Model(bajas.read_claims(frame)).design, plain, ledger.sources
    )
    assert [term.labels for term in one.terms] == [term.labels for term in other.terms]
    assert (one.effects != other.effects).nnz == 0


def test_an_anchor_is_one_bias_for_all_kinds_of_evidence() -> None:
    prior = bajas.bias.hindsight().with_anchor("b", mean=0.1, sd=0.2)
    draws = prior_draws(two_kinds(), bajas.Specification(bias=prior), 500, seed=1)
    names = list(draws.representation.names)
    bias = draws.bias_draws.reshape(-1, len(names))
    np.testing.assert_array_equal(bias[:, names.index("b")], bias[:, names.index("d")])
