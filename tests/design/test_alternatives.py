"""The design of streams whose definition is in question."""

from __future__ import annotations

import numpy as np
import pytest
from model_examples import design, ledger, plain, window

import bajas
from bajas.model.build import build_representation
from bajas.posterior.readings import unweighed

BOTH = {"outcome": "killed|casualties"}
TALLY = (
    window(0, 30, claim_id="t1", value="900", kind="tally", **BOTH),
    window(0, 58, claim_id="t2", value="2100", kind="tally", **BOTH),
)


def labels(made: bajas.design.design.Design, strata: tuple[int, ...]) -> list[str]:  # type: ignore[name-defined]
    return [made.strata[index].label for index in strata]


def test_strata_respect_every_alternative() -> None:
    made = design(*TALLY)
    assert [s.label for s in made.strata] == ["X all killed", "X all wounded"]
    assert made.readings == ((0,), (1,))
    observation = made.observations[0]
    assert [labels(made, strata) for strata in observation.readings] == [
        ["X all killed"], ["X all killed", "X all wounded"],
    ]  # fmt: skip


def test_what_is_not_in_question_has_one_reading() -> None:
    made = design(window(0, 30))
    assert made.readings == ((),)
    assert made.read_as(()).observations == made.observations


def test_readings_differ_in_what_is_summed_up_and_in_nothing_else() -> None:
    evidence = ledger(*TALLY, window(0, 58, claim_id="k", source="s", component="guard"))
    made = design(*TALLY, window(0, 58, claim_id="k", source="s", component="guard"))
    specification = plain(level_centre="auto")
    one, other = (
        build_representation(made.read_as(reading), specification, evidence.sources)
        for reading in made.readings
    )
    for a, b in zip(one.terms, other.terms, strict=True):
        assert (a.name, a.labels, a.scale_by) == (b.name, b.labels, b.scale_by)
        np.testing.assert_array_equal(a.mean, b.mean)
        np.testing.assert_array_equal(a.scale, b.scale)
    for name in ("log_value", "log_sd", "noise", "form"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.reporting != other.reporting).nnz == 0
    field_values, _ = one.sample_prior(np.random.default_rng(1), 3)
    more = other.expected_log(field_values) - one.expected_log(field_values)
    tally = np.array([name.startswith("t") for name in one.names])
    assert (more[:, tally] > 0).all()
    np.testing.assert_array_equal(more[:, ~tally], 0)


def test_a_claim_is_explained_under_both_readings() -> None:
    said = design(*TALLY).explain("t2")
    assert "= killed of all, or killed + wounded of all (the same of all its figures)" in said


def test_the_bias_of_an_outcome_is_that_of_the_expression() -> None:
    evidence = ledger(*TALLY)
    made = build_representation(design(*TALLY), plain(), evidence.sources)
    (term,) = [t for t in made.terms if t.name == "outcome_bias"]
    assert term.labels == (("general_staff X killed|casualties",),)


def test_a_force_that_one_reading_lacks_in_the_window_leaves_the_claim_out() -> None:
    early = window(0, 9, claim_id="e", side="RU", component="wagner|all", speaks_for="UA",
                   start="2022-02-24", end="2022-03-05", published="2022-03-06")  # fmt: skip
    late = {**early, "claim_id": "l", "end": "2022-12-31", "published": "2023-01-01"}
    made = design(early, late)
    assert "under one of its definitions" in made.left_out["e"]
    assert [o.name for o in made.observations] == ["l"]


def test_more_readings_than_can_be_fitted_are_refused_with_their_streams() -> None:
    rows = [window(0, 30, claim_id=f"c{i}", source=f"s{i}", **BOTH) for i in range(4)]
    with pytest.raises(bajas.SpecificationError, match=r"16 together.*limit is 8.*s0: X all"):
        _ = design(*rows).readings
    assert len(design(*rows[:3]).readings) == 8


def test_prior_probabilities_are_those_stated_scaled_to_one() -> None:
    stream = "general_staff: X all killed|casualties"
    model = bajas.Model(ledger(*TALLY), readings={stream: {"casualties": 3.0, "killed": 1.0}})
    np.testing.assert_allclose(unweighed(model.design, model.specification).prior, [0.25, 0.75])
    again = bajas.Specification.from_json(model.specification.to_json())
    assert again == model.specification
    assert "readings" not in bajas.Specification().as_dict()


@pytest.mark.parametrize(
    ("readings", "message"),
    [
        (
            {"nobody: X all killed|casualties": {"killed": 1.0}},
            "definition is in question: general",
        ),
        ({"general_staff: X all killed|casualties": {"killed": 1.0}}, "a probability of each"),
    ],
)
def test_probabilities_of_something_else_are_refused(readings: dict, message: str) -> None:  # type: ignore[type-arg]
    model = bajas.Model(ledger(*TALLY), readings=readings)
    with pytest.raises(bajas.SpecificationError, match=message):
        model.prior_predictive(draws=10)


def test_a_reading_is_not_ruled_out_by_a_probability_of_zero() -> None:
    with pytest.raises(bajas.SpecificationError, match="must be positive"):
        bajas.Specification(readings={"s": {"killed": 0.0, "casualties": 1.0}})


def test_a_pymc_model_has_one_reading() -> None:
    with pytest.raises(bajas.SpecificationError, match="a PyMC model of its own"):
        bajas.Model(ledger(*TALLY)).to_pymc()
