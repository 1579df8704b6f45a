"""Claims simulated from the model: written so that the design reads the same figures again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from model_examples import every_form, ledger, window

import bajas
from bajas.checks.coverage import value
from bajas.checks.scenarios import BELIEFS, SCENARIOS, Target, day, one_side, scenario
from bajas.checks.simulation import simulate_claims
from bajas.design.build import build_design
from bajas.model.specification import IntensityPrior, NoisePrior, Specification

WIDE = Specification(
    bajas.bias.symmetric(0.6), IntensityPrior(level_centre=3.0), NoisePrior(counting=False)
)


def untidy() -> bajas.Ledger:
    """A tally that stands still, repeats itself and says a month apart; a rate; a copy."""
    copy = {"source": "agency", "source_type": "media", "speaks_for": "neutral"}
    return ledger(
        window(0, 30, claim_id="t1", value="300", kind="tally"),
        window(0, 58, claim_id="t2", value="300", kind="tally"),  # stands still
        window(0, 89, claim_id="t3", value="900", kind="tally"),
        window(31, 89, claim_id="t4", value="600", kind="tally"),  # follows from t1 and t3
        window(90, 119, claim_id="t5", value="350", kind="tally"),  # a month apart
        window(0, 59, claim_id="c1", value="700", derived_from="general_staff", **copy),
        window(60, 89, claim_id="r1", value="12", per_day="1", source="ally", source_type="ally"),
        window(0, 119, claim_id="x1", value="9000", excluded="withdrawn", **copy),
    )


@pytest.mark.parametrize("made", [untidy, lambda: ledger(*every_form()), one_side])
@pytest.mark.parametrize("seed", [0, 1])
def test_figures_are_read_back_as_they_were_simulated(made, seed: int) -> None:  # type: ignore[no-untyped-def]
    evidence = made()
    found = simulate_claims(evidence, WIDE, seed)
    before, after = build_design(evidence), build_design(found.ledger)
    assert before.calendar == after.calendar
    assert [s.label for s in before.strata] == [s.label for s in after.strata]
    assert [s.kind for s in before.streams] == [s.kind for s in after.streams]
    shape = [(o.window, o.form, o.stream, o.strata) for o in before.observations]
    assert shape == [(o.window, o.form, o.stream, o.strata) for o in after.observations]
    for old, new, figure in zip(
        before.observations, after.observations, found.figures, strict=True
    ):
        assert new.log_sd == pytest.approx(old.log_sd)
        if new.form == "point":
            assert new.value == pytest.approx(figure, rel=1e-9)
        else:  # a bound keeps its number, and it holds of the source's own figure
            assert new.value == old.value
            assert figure >= old.value if new.form == "at_least" else figure <= old.value
    published = {claim.claim_id: claim.published for claim in evidence}
    assert all(claim.published == published[claim.claim_id] for claim in found.ledger)


def test_what_adds_no_evidence_is_not_simulated() -> None:
    found = simulate_claims(untidy(), WIDE, 3)
    assert {claim.claim_id for claim in found.ledger} == {"t1", "t3", "t4", "t5", "r1"}
    totals = {claim.claim_id: claim.value for claim in found.ledger}
    assert totals["t1"] + totals["t4"] == pytest.approx(totals["t3"])


def test_a_seed_decides_claims_and_truth() -> None:
    first, again = (simulate_claims(one_side(), BELIEFS, (1, 2)) for _ in range(2))
    other = simulate_claims(one_side(), BELIEFS, (1, 3))
    assert first.ledger == again.ledger
    assert first.truth.total("killed", "X") == again.truth.total("killed", "X")
    assert first.ledger != other.ledger


def test_the_truth_is_drawn_from_the_prior() -> None:
    """Without bounds the log level of the truths has the prior's mean and sd."""
    free = replace(
        one_side(), claims=tuple(claim for claim in one_side() if claim.qualifier != "at_least")
    )
    levels = []
    for seed in range(100):
        truth = simulate_claims(free, BELIEFS, (5, seed)).truth
        at = truth.representation.term_slices["level"]
        levels.append(truth.field_draws[0, 0, at].item())
    assert np.mean(levels) == pytest.approx(4.6, abs=4 * 0.7 / np.sqrt(100))
    assert np.std(levels) == pytest.approx(0.7, rel=4 / np.sqrt(200))


def test_bounds_that_can_not_hold_are_an_error() -> None:
    impossible = ledger(window(0, 30, value="900000000", qualifier="at_least"))
    near = replace(WIDE, intensity=replace(WIDE.intensity, level_sd=0.7))
    with pytest.raises(bajas.BajasError, match="never held together"):
        simulate_claims(impossible, near, 1)


def test_errors_scatter_as_the_noise_says() -> None:
    """Figures over true sums and biases have the sd of the drawn noise, here normal."""
    normal = replace(WIDE, noise=NoisePrior(counting=False, degrees_of_freedom=float("inf")))
    found = simulate_claims(one_side("day"), normal, 4)
    model, truth = found.truth.representation, found.truth
    field = truth.field_draws[0, 0]
    hyper = {name: values[0, 0] for name, values in truth.hyper_draws.items()}
    z = (np.log(found.figures) - model.location(field, hyper)) / model.noise_scale(hyper)
    tally = np.array([name.startswith("t") for name in model.names])
    assert np.std(z[tally]) == pytest.approx(1, rel=4 / np.sqrt(2 * tally.sum()))


def in_question(*more: dict[str, str]) -> bajas.Ledger:
    """A tally of killed or of casualties (four times as many), and what else is said."""
    both = {"kind": "tally", "outcome": "killed|casualties"}
    return ledger(
        window(0, 29, claim_id="t1", value="600", **both),
        window(0, 59, claim_id="t2", value="1200", **both),
        window(0, 59, claim_id="c1", source="press", source_type="media", speaks_for="neutral",
               value="900", outcome="casualties"),
        *more,
    )  # fmt: skip


def readings_of(evidence: bajas.Ledger, specification: Specification, wars: int) -> np.ndarray:
    """Whether each simulated war's tally counts casualties."""
    found = []
    for seed in range(wars):
        made = simulate_claims(evidence, specification, (8, seed))
        (tally,) = (o for o in made.truth.design.observations if o.name == "t1")
        found.append(len(tally.strata) == 2)
        assert {c.outcome for c in made.ledger if c.source == "general_staff"} == {
            "killed|casualties"
        }
    return np.array(found)


def test_a_reading_is_drawn_with_its_prior_probability() -> None:
    stream = "general_staff: X all killed|casualties"
    sure = replace(WIDE, readings={stream: {"killed": 0.25, "casualties": 0.75}})
    share = readings_of(in_question(), sure, 100).mean()
    assert share == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 100))


def test_bounds_make_the_reading_likely_under_which_they_hold() -> None:
    """A bound on the tally itself, near its centre as casualties, that killed seldom reach."""
    bound = window(0, 59, claim_id="b1", qualifier="at_least", value="5000",
                   outcome="killed|casualties", kind="tally")  # fmt: skip
    # A prior of the level that is narrow beside the ratio of casualties to killed: the chance that
    # casualties reach the bound is then several times that of killed, the share well above 0.8.
    near = replace(WIDE, intensity=replace(WIDE.intensity, level_sd=0.7))
    share = readings_of(in_question(bound), near, 100).mean()
    assert share > 0.5 + 4 * np.sqrt(0.25 / 100)


# -- scenarios ---------------------------------------------------------------------------------


def test_a_fault_at_half_its_size_copies_about_half() -> None:
    _, copied = figures("undeclared copy small")
    tally = {claim.end: claim.value for claim in copied if claim.source == "staff"}
    paper = {claim.end: claim.value for claim in copied if claim.source == "paper"}
    ends = sorted(set(tally) & set(paper))
    steps = [
        (tally[b] - tally.get(a, 0), paper[b] - paper.get(a, 0))
        for a, b in zip([None, *ends], ends, strict=False)
    ]
    same = [abs(one - other) <= 5 + 1e-6 for one, other in steps]
    assert 2 <= sum(same) <= len(same) - 2


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_simulates_what_its_targets_ask(name: str) -> None:
    item = SCENARIOS[name]
    found = simulate_claims(item.ledger(), item.generating or item.fitted, 1, item.distort)
    assert all(np.isfinite(value(found.truth, target)).all() for target in item.targets)
    assert len(found.ledger) == len(item.ledger())
    plain = simulate_claims(item.ledger(), item.generating or item.fitted, 1)
    assert (plain.ledger == found.ledger) == item.calibrated


def figures(name: str, seed: int = 2) -> tuple[bajas.Ledger, bajas.Ledger]:
    """The claims of a misspecified scenario, with and without what is wrong."""
    item = scenario(name)
    return (
        simulate_claims(item.ledger(), item.fitted, seed).ledger,
        simulate_claims(item.ledger(), item.fitted, seed, item.distort).ledger,
    )


def test_each_misspecification_does_what_it_says() -> None:
    _, copied = figures("undeclared copy large")
    for claim in copied:
        if claim.source == "paper":
            original = copied[claim.claim_id.replace("p", "t")]
            months = int(claim.claim_id[1:]) // 30 + 1
            assert abs(claim.value - original.value) <= 5 * months + 1e-6
    right, alike = figures("all biased alike large")
    ratios = [b.value / a.value for a, b in zip(right, alike, strict=True) if a.value and b != a]
    assert np.allclose(ratios, 2.0)
    right, wrong = figures("wrong definition large")
    moved = {(a.source, a.outcome) for a, b in zip(right, wrong, strict=True) if a != b}
    assert moved == {("institute", "killed")}
    right, drifted = figures("undeclared drift large")
    assert {a.source for a, b in zip(right, drifted, strict=True) if a != b} == {"staff"}
    right, late = figures("late cut-off large")
    ratios = [b.value / a.value for a, b in zip(right, late, strict=True) if a != b]
    assert np.allclose(ratios, np.tile([30 / 90, 110 / 170, 180 / 240], 2))
    right, wild = figures("gross errors large")
    moved = [a != b for a, b in zip(right, wild, strict=True)]
    assert 0 < np.mean(moved) < 1


def test_a_bloc_that_colludes_repeats_the_tally() -> None:
    right, bloc = figures("colluding bloc large")
    tally = {claim.end: claim.value for claim in bloc if claim.source == "staff"}
    own = {c.end: c.value for c in bloc if (c.source, c.outcome) == ("institute", "killed")}
    shared = set(tally) & set(own)
    assert len(shared) == 2
    assert all(own[end] == pytest.approx(tally[end]) for end in shared)
    # killed and casualties of one window move together, and others not at all
    ratios = {
        (c.end, c.outcome): c.value / right[c.claim_id].value
        for c in bloc
        if c.source == "institute"
    }
    assert all(
        ratios[end, "killed"] == pytest.approx(ratios[end, "casualties"]) for end, _ in ratios
    )
    assert all(right[c.claim_id] == c for c in bloc if c.source in ("ally", "newspaper"))
    _, half = figures("colluding bloc small")
    for claim in half:
        if claim.source == "institute":
            assert claim.value == pytest.approx(
                np.sqrt(right[claim.claim_id].value * bloc[claim.claim_id].value)
            )


def test_an_unknown_scenario_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(bajas.BajasError, match=r"no scenario 'base'; known: baseline, weekly"):
        scenario("base")


def test_a_bias_of_a_source_without_figures_is_an_error() -> None:
    truth = simulate_claims(one_side(), BELIEFS, 1).truth
    with pytest.raises(bajas.BajasError, match="'ally' has no figures of 'casualties'"):
        value(truth, Target("bias", "casualties", bias_of="ally"))
    window_total = value(truth, Target("first", until=day(79)))
    assert 0 < window_total.item() < truth.total("killed", "X").item()
