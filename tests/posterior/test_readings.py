"""Readings of ambiguous streams: weighed, put together, judged, saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model_examples import ledger, plain, window
from scipy import stats

import bajas
from bajas.design.build import build_design
from bajas.ledger.ledger import Ledger
from bajas.model.bias import BiasPrior, RelationPrior, symmetric
from bajas.model.representation import Representation
from bajas.model.specification import IntensityPrior, NoisePrior
from bajas.posterior.fitting import fit_posterior, prior_draws
from bajas.posterior.mixture import choose, judge_mixture
from bajas.posterior.posterior import Posterior
from bajas.posterior.readings import Readings, unweighed
from bajas.posterior.verdict import Verdict
from bajas.sampler.choice import sample_fused
from bajas.sampler.interface import Draws, Progress, Settings

BOTH = "killed|casualties"
STREAM = f"general_staff: X all {BOTH}"
ASSESSED = {"source_type": "think_tank", "kind": "assessment", "qualifier": "about"}


def weighed(log_evidence: list[float], error: list[float], prior: list[float]) -> Readings:
    names = tuple(f"r{i}" for i in range(len(prior)))
    return Readings(
        ("s",), tuple((name,) for name in names), names, np.array(prior),
        np.array(log_evidence), np.array(error), np.zeros(len(prior)),
    )  # fmt: skip


# -- arithmetic -------------------------------------------------------------------------------


def test_probability_is_prior_times_evidence() -> None:
    found = weighed([-1000.0, -1000.0 + np.log(3)], [0.0, 0.0], [0.25, 0.75])
    np.testing.assert_allclose(found.probability, [0.1, 0.9])


def test_the_error_of_a_probability_is_that_of_the_log_odds() -> None:
    found = weighed([0.0, np.log(3)], [0.03, 0.04], [0.5, 0.5])
    ((_, _, p, error), (_, _, q, other)) = found.of_stream("s")
    assert error == pytest.approx(p * q * 0.05)
    assert other == pytest.approx(error)


def test_errors_of_three_readings_are_those_of_simulated_evidence() -> None:
    value, error = np.array([0.0, 0.7, -0.4]), np.array([0.02, 0.05, 0.03])
    found = weighed(list(value), list(error), [0.2, 0.3, 0.5])
    moved = value + error * np.random.default_rng(1).standard_normal((100_000, 3))
    weight = np.exp(moved) * [0.2, 0.3, 0.5]
    simulated = (weight / weight.sum(axis=1, keepdims=True)).std(axis=0)
    np.testing.assert_allclose([row[3] for row in found.of_stream("s")], simulated, rtol=0.03)


def test_a_reading_that_was_not_drawn_has_no_weight() -> None:
    found = weighed([-3.0, np.nan], [0.1, np.nan], [0.5, 0.5])
    np.testing.assert_array_equal(found.probability, [1.0, 0.0])
    again = Readings.from_dict(found.as_dict())
    np.testing.assert_array_equal(again.log_evidence, found.log_evidence)


def test_two_streams_have_marginal_probabilities() -> None:
    rows = [window(0, 30, outcome=BOTH), window(0, 30, claim_id="b", source="s", outcome=BOTH)]
    evidence = ledger(*rows)
    found = replace(
        unweighed(build_design(evidence), plain()), log_evidence=np.log([0.1, 0.2, 0.3, 0.4])
    )
    first = [row[2] for row in found.of_stream(STREAM)]
    second = [row[2] for row in found.of_stream(f"s: X all {BOTH}")]
    np.testing.assert_allclose([first, second], [[0.3, 0.7], [0.4, 0.6]])


def test_draws_are_chosen_in_proportion_and_without_order() -> None:
    chosen = choose(np.array([0.301, 0.699]), 4, 500, seed=2)
    assert abs(int((chosen == 0).sum()) - 602) <= 1
    halves = (chosen[:, :250] == 0).mean(), (chosen[:, 250:] == 0).mean()
    assert abs(halves[0] - halves[1]) < 0.1
    np.testing.assert_array_equal(chosen, choose(np.array([0.301, 0.699]), 4, 500, seed=2))


# -- the verdict ------------------------------------------------------------------------------


def parts(first: Verdict, second: Verdict) -> dict[int, Posterior]:
    evidence = ledger(window(0, 30, outcome=BOTH))
    base = prior_draws(evidence, plain(), draws=200, seed=1)
    return {0: replace(base, verdict=first), 1: replace(base, verdict=second)}


def test_a_reading_with_bad_draws_spoils_the_mixture_unless_it_is_out_of_the_question() -> None:
    bad = Verdict(False, ("R-hat 1.3",))
    even = judge_mixture(parts(Verdict(True), bad), weighed([0.0, 0.0], [0.0, 0.0], [0.5, 0.5]))
    assert not even.trusted
    assert even.reasons == ("read as r1 (probability 0.500): R-hat 1.3",)
    out = judge_mixture(parts(Verdict(True), bad), weighed([0.0, -12.0], [0.1, 0.1], [0.5, 0.5]))
    assert out.trusted
    assert "R-hat 1.3" in out.notes[0]


def test_weights_too_rough_for_a_total_are_noted_then_refused() -> None:
    both = parts(Verdict(True), Verdict(True))
    both[1] = replace(both[1], field_draws=both[1].field_draws + 0.3)
    for error, noted, refused in ((0.001, 0, 0), (0.5, 1, 0), (3.0, 0, 1)):
        found = judge_mixture(both, weighed([0.0, 0.0], [error, error], [0.5, 0.5]))
        assert sum("moves the centre" in note for note in found.notes) == noted
        assert sum("moves the centre" in reason for reason in found.reasons) == refused


# -- draws of the prior -----------------------------------------------------------------------


def test_draws_of_the_prior_are_read_as_its_probabilities_say(tmp_path: Path) -> None:
    evidence = ledger(window(0, 30, outcome=BOTH))
    model = bajas.Model(evidence, readings={STREAM: {"killed": 0.2, "casualties": 0.8}})
    prior = model.prior_predictive(draws=200, seed=1)
    table = prior.readings()
    np.testing.assert_allclose(table["probability"], [0.2, 0.8])
    assert (prior.draws.sample_stats["reading"] == 0).sum() == 40
    assert "not settled" in prior.what_settles()[STREAM]
    prior.save(tmp_path / "prior.nc")
    again = bajas.load(tmp_path / "prior.nc")
    assert again.readings().equals(table)
    np.testing.assert_array_equal(
        again.draws.sample_stats["reading"], prior.draws.sample_stats["reading"]
    )


def test_a_citation_says_what_it_averages_over() -> None:
    prior = bajas.Model(ledger(window(0, 30, outcome=BOTH))).prior_predictive(draws=100)
    said = prior.cite("killed", "X", override="to show the sentence").sentence
    assert f"It averages over what {STREAM} counts: killed with probability 0.500" in said


def test_what_a_claim_counts_differs_from_draw_to_draw() -> None:
    prior = prior_draws(ledger(window(0, 30, outcome=BOTH)), plain(), draws=60, seed=1)
    counted = np.exp(prior.expected_log(slice(None)))[:, 0]
    killed = prior.total("killed", "X", expected=True)[0]
    casualties = prior.total("casualties", "X", expected=True)[0]
    read = prior.sample_stats["reading"][0]
    np.testing.assert_allclose(counted, np.where(read == 0, killed, casualties), rtol=1e-9)


def test_nothing_in_question_is_an_empty_table_and_no_comparison() -> None:
    model = bajas.Model(ledger(window(0, 30)))
    assert model.prior_predictive(draws=20).readings().empty
    with pytest.raises(bajas.SpecificationError, match="no definition is in question"):
        model.readings(bias=[symmetric(0.6)])


# -- fits -------------------------------------------------------------------------------------


def one_tally(bias: BiasPrior, level_sd: float, value: str = "80") -> bajas.Model:
    rows = [window(0, 0, value=value, outcome=BOTH, kind="tally", qualifier="about")]
    return bajas.Model(
        ledger(*rows), bias, IntensityPrior(level_centre=3.0, level_sd=level_sd, knot_days=1),
        NoisePrior(counting=False, degrees_of_freedom=float("inf"), tally=0.12, log_sd=1e-3,
                   tally_days=None),
    )  # fmt: skip


def shifted(mean: float) -> BiasPrior:
    return BiasPrior(
        f"shifted({mean:g})",
        dict.fromkeys(symmetric().relations, RelationPrior(mean, 0.5)),
    )


def by_quadrature(mean: float, level_sd: float, value: float) -> float:
    """Probability of ``killed``: y is log normal given the log ratio, which is integrated out."""
    sd = np.sqrt(level_sd**2 + 0.5**2 + 0.2**2 + 0.12**2)
    ratio = np.log(3) + 0.4 * np.linspace(-8, 8, 2001)
    weight = stats.norm.pdf(ratio, np.log(3), 0.4)
    y = np.log(value) - mean - 3.0
    killed = stats.norm.pdf(y, 0, sd)
    casualties = (stats.norm.pdf(y, np.log1p(np.exp(ratio)), sd) * weight).sum() / weight.sum()
    return float(killed / (killed + casualties))


@pytest.mark.slow
def test_of_one_tally_the_probability_is_the_bias_priors() -> None:
    exact = by_quadrature(1.2, 0.3, 80.0)
    fit = one_tally(shifted(1.2), 0.3).fit(draws=400, tune=100, progress=False, seed=2)
    killed = fit.readings().set_index("reading").loc["killed"]
    assert killed["probability"] == pytest.approx(exact, abs=4 * killed["error"] + 1e-3)
    assert exact > 0.6
    share = (fit.draws.sample_stats["reading"] == 0).mean()
    assert share == pytest.approx(killed["probability"], abs=1e-3)


@pytest.mark.slow
def test_readings_are_compared_under_several_bias_priors_in_one_call() -> None:
    priors = [shifted(0.0), shifted(1.2)]
    model = one_tally(symmetric(0.6), 0.3)  # whose own prior isn't among them
    found = model.readings(bias=priors, draws=300, tune=100, progress=False, seed=2)
    assert list(found["bias_prior"]) == [p.name for p in priors for _ in range(2)]
    assert list(found.attrs["settles"]) == [prior.name for prior in priors]
    assert found.attrs["trusted"]
    for mean, prior in zip((0.0, 1.2), priors, strict=True):
        killed = found[(found["bias_prior"] == prior.name) & (found["reading"] == "killed")].iloc[0]
        exact = by_quadrature(mean, 0.3, 80.0)
        assert killed["probability"] == pytest.approx(exact, abs=4 * killed["error"] + 1e-3)
    with pytest.raises(bajas.SpecificationError, match="at least one bias prior"):
        model.readings(bias=[])


@pytest.mark.long
def test_readings_are_weighed_alike_whichever_sampler_drew_them() -> None:
    fit = one_tally(shifted(1.2), 0.3).fit(
        draws=400, tune=300, chains=2, progress=False, seed=2, sampler="pymc"
    )
    assert fit.trusted
    killed = fit.readings().set_index("reading").loc["killed"]
    exact = by_quadrature(1.2, 0.3, 80.0)
    assert killed["probability"] == pytest.approx(exact, abs=4 * killed["error"] + 1e-3)
    share = (fit.draws.sample_stats["reading"] == 0).mean()
    assert share == pytest.approx(killed["probability"], abs=2e-3)


def war(truth: str) -> Ledger:
    """A tally of 40 killed or 160 casualties a day, and two others who count the killed."""
    daily = 40 if truth == "killed" else 160
    return ledger(
        *(
            window(0, last, claim_id=f"t{last}", value=str(daily * (last + 1)), outcome=BOTH,
                   kind="tally", qualifier="about")
            for last in (6, 13, 20, 27)
        ),
        window(0, 27, claim_id="a", source="a", speaks_for="neutral", value="1100", **ASSESSED),
        window(0, 27, claim_id="b", source="b", speaks_for="Y", value="1150", **ASSESSED),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("truth", ["killed", "casualties"])
def test_other_claims_and_an_anchor_settle_what_a_tally_counts(truth: str, tmp_path: Path) -> None:
    bias = symmetric(0.3).with_anchor("general_staff", mean=0.0, sd=0.15)
    fit = bajas.Model(war(truth), bias=bias).fit(draws=300, tune=200, progress=False, seed=1)
    table = fit.readings().set_index("reading")
    assert table.loc[truth, "probability"] > 0.95
    assert f"counts {truth}" in fit.what_settles()[STREAM]
    fit.save(tmp_path / "fit.nc")
    again = bajas.load(tmp_path / "fit.nc")
    assert again.readings().equals(fit.readings())
    assert again.verdict == fit.verdict
    np.testing.assert_array_equal(again.draws.field_draws, fit.draws.field_draws)
    assert again.claims().equals(fit.claims())


def interrupting(at: int, partial: int | None) -> object:
    """A sampler that is interrupted in its ``at``-th run, keeping some draws or none."""
    runs = 0

    def sampler(representation: Representation, settings: Settings, progress: Progress) -> Draws:
        nonlocal runs
        runs += 1
        if runs == at and partial is None:
            raise KeyboardInterrupt
        found = sample_fused(representation, settings, progress)
        if runs != at or found.whitened is None:
            return found
        item, position, density = found.whitened
        return replace(
            found, complete=False, position=found.position[:, :partial],
            stats={name: value[:, :partial] for name, value in found.stats.items()},
            whitened=type(found.whitened)(item, position[:, :partial], density[:, :partial]),
        )  # fmt: skip

    return sampler


@pytest.mark.slow
def test_an_interrupted_fit_keeps_its_draws_and_says_what_it_lacks() -> None:
    evidence, settings = war("killed"), Settings(draws=150, tune=60, chains=2, seed=1)
    told: list[str] = []

    def fitted(at: int, partial: int | None) -> Posterior:
        return fit_posterior(
            evidence, plain(), settings, interrupting(at, partial),  # type: ignore[arg-type]
            lambda stage, done, total: told.append(stage),
        )  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        fitted(1, None)
    lacking = fitted(2, None)
    assert not lacking.complete
    assert any("casualties; how probable" in reason for reason in lacking.why_not)
    assert set(lacking.sample_stats["reading"].ravel()) == {0}
    short = fitted(2, 60)
    assert not short.complete
    assert (short.chains, short.draws) == (2, 60)
    assert any("interrupted" in reason for reason in short.why_not)
    whole, again = fitted(9, None), fitted(9, None)
    assert whole.complete
    np.testing.assert_array_equal(whole.field_draws, again.field_draws)
    assert {"reading 1 of 2: draws", "reading 2 of 2: evidence", "done"} <= set(told)
