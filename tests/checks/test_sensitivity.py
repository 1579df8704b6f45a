"""Sensitivity: exact refits and weights, the way each row was made, the sentence, files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exact_posteriors import Exact, linear, quarter
from scipy import stats

import bajas
from bajas.batch.task import FitTask
from bajas.checks import refit as refit_module
from bajas.checks import sensitivity as module
from bajas.checks.anchors import other_coverages, without_each_anchor
from bajas.checks.prior_change import log_prior_change
from bajas.checks.refit import Refitted, refit
from bajas.checks.scenarios import BELIEFS, one_side
from bajas.checks.sensitivity import sensitivity
from bajas.checks.weights import Weights, smoothed
from bajas.claims.source import Anchor
from bajas.errors import QuantityError
from bajas.model.bias import symmetric
from bajas.model.specification import Specification
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Settings

FIGURES = (1000.0, 1500.0, 2600.0, 700.0, 1800.0)


def exact_refits(
    tasks: Sequence[FitTask], quantity: object, probabilities: Sequence[float], **options: object
) -> tuple[dict[str, Refitted], dict[str, str]]:
    """Refits of linear models without a sampler."""
    found = {}
    for task in tasks:
        mean, sd = Exact(task.ledger, task.specification, task.withhold).log_total()
        low, median, high = np.exp(stats.norm(mean, sd).ppf(probabilities))
        found[task.name] = Refitted(low, median, high, (1.0, 1.0, 1.0), 1000.0, "", {})
    return found, {}


@pytest.fixture
def without_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "refit", exact_refits)


def expected(row: Mapping[str, object], evidence: bajas.Ledger, base: Specification) -> np.ndarray:
    """Exact quantiles of a row."""
    if row["kind"] == "without source":
        out = str(row["what"]).replace("s", "c")
        mean, sd = Exact(evidence, base, (out,)).log_total()
    else:
        families = {b.name: b for b in module.bias_families()}
        mean, sd = Exact(evidence, base.with_bias(families[str(row["what"])])).log_total()
    return np.exp(stats.norm(mean, sd).ppf([0.05, 0.5, 0.95]))


@pytest.mark.usefixtures("without_sampler")
def test_every_row_is_the_exact_posterior_by_whichever_way_it_was_made() -> None:
    evidence, specification = quarter(*FIGURES), linear()
    found = sensitivity(Exact(evidence, specification).draws(), "killed", "X")
    table = found.table
    assert list(table["what"][:1]) == ["symmetric(0.6)"]
    sources = table[table["kind"] == "without source"]
    assert sorted(sources["what"]) == ["s0", "s1", "s2", "s3", "s4"]
    symmetric_rows = table[(table["kind"] == "bias prior") & table["what"].str.startswith("symm")]
    assert set(symmetric_rows["way"]) <= {"weights", "refit"}
    for _, row in pd.concat([sources, symmetric_rows]).iterrows():
        exact = expected(row, evidence, specification)
        numbers = row[["low", "median", "high"]].to_numpy(dtype=float)
        errors = row[["mcse_low", "mcse_median", "mcse_high"]].to_numpy(dtype=float)
        # totals are realised counts: Poisson scatter is small beside the level's
        assert np.all(np.abs(numbers - exact) < 4 * errors + 0.02 * exact), row["what"]
        assert (row["way"] == "refit") or row["k"] < 0.7


@pytest.mark.usefixtures("without_sampler")
def test_five_priors_or_more_and_the_users_own_are_compared() -> None:
    posterior = Exact(quarter(*FIGURES), linear()).draws(draws=300)
    own = symmetric(0.45)
    found = sensitivity(posterior, "killed", "X", biases=[own, symmetric(0.6)])
    compared = found.table[found.table["kind"].isin(["fit", "bias prior"])]["what"]
    assert len(compared) >= 6
    assert compared.is_unique
    assert "symmetric(0.45)" in set(compared)


def test_rows_whose_weights_fail_are_refitted_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[FitTask] = []

    def recording(tasks: Sequence[FitTask], *rest: object, **options: object) -> object:
        asked.extend(tasks)
        return exact_refits(tasks, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "refit", recording)
    monkeypatch.setattr(Weights, "reliable", False)  # no weights will do
    posterior = Exact(quarter(*FIGURES), linear()).draws(draws=300, seed=7)
    found = sensitivity(posterior, "killed", "X")
    refitted = found.table[found.table["kind"].isin(["bias prior", "without source"])]
    assert set(refitted["way"]) == {"refit"}
    assert {t.withhold for t in asked if t.withhold} == {(f"c{i}",) for i in range(5)}
    assert all(task.settings.seed == 7 for task in asked)
    scaled = found.table[found.table["kind"] == "power"]
    assert all("can't be trusted" in text for text in scaled["trouble"])


def test_without_refits_a_row_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object, **options: object) -> object:
        raise AssertionError("no fit was allowed")

    monkeypatch.setattr(module, "refit", never)
    monkeypatch.setattr(Weights, "reliable", False)
    posterior = Exact(quarter(*FIGURES), linear()).draws(draws=300)
    found = sensitivity(posterior, "killed", "X", refits=False)
    rows = found.table[found.table["kind"] == "without source"]
    assert all("no fit was allowed" in text for text in rows["trouble"])
    assert "can't be trusted" in found.sentence


@pytest.mark.usefixtures("without_sampler")
def test_the_sentence_names_the_planted_source() -> None:
    # four agree; the fifth is believed to be nearly unbiased and says ten times as much
    evidence = quarter(1000, 1100, 900, 1000, 10_000, anchored={"s4": Anchor(0.0, 0.1)})
    found = sensitivity(Exact(evidence, linear(noise=0.05)).draws(), "killed", "X")
    others = found.table[found.table["kind"] != "fit"].sort_values("move", ascending=False)
    assert others.iloc[0]["what"] == "s4"
    assert "What matters most is the source s4 (left out)" in found.sentence
    assert "the anchor on s4" in found.sentence
    assert found.table["kind"].eq("without anchor").sum() == 1
    assert found.sentence in repr(found)


@pytest.mark.usefixtures("without_sampler")
def test_the_sentence_names_the_bias_prior_where_it_decides() -> None:
    evidence = quarter(1000, 1050)
    found = sensitivity(Exact(evidence, linear(noise=0.05)).draws(), "killed", "X")
    assert "What matters most is the bias prior" in found.sentence


def test_power_scaling_a_prior_moves_the_posterior_by_the_exact_amount() -> None:
    evidence, specification = quarter(1000, 1500, 2600, 700), linear()
    exact = Exact(evidence, specification)
    posterior = exact.draws(draws=3000)
    found = sensitivity(posterior, "killed", "X", refits=False)
    from bajas.posterior.prior_groups import prior_groups

    places = prior_groups(posterior)["bias"]
    rows = found.table[found.table["what"].str.startswith("the bias prior to the power")]
    assert len(rows) == 2
    for _, row in rows.iterrows():
        powers = np.ones(exact.mean.size)
        powers[places] = float(str(row["what"]).rsplit(" ", 1)[1])
        mean, sd = Exact(evidence, specification, powers=powers).log_total()
        ends = np.exp(stats.norm(mean, sd).ppf([0.05, 0.5, 0.95]))
        numbers = row[["low", "median", "high"]].to_numpy(dtype=float)
        errors = row[["mcse_low", "mcse_median", "mcse_high"]].to_numpy(dtype=float)
        assert np.all(np.abs(numbers - ends) < 4 * errors + 0.02 * ends)


def test_the_local_diagnostic_is_arviz_own() -> None:
    import arviz_stats

    fit = bajas.Fit(Exact(quarter(*FIGURES), linear()).draws(draws=400))
    found = sensitivity(fit.draws, "killed", "X", refits=False)
    tree = fit.arviz()
    logs = np.log(fit.draws.total("killed", "X"))
    tree["posterior"] = (
        tree["posterior"].to_dataset()[["level"]].assign(total=(("chain", "draw"), logs))
    )
    for group in ("bias", "level"):
        theirs = arviz_stats.psense(
            tree, var_names=["total"], group="prior", group_var_names=[group]
        )["total"].item()
        ours = found.power.set_index("group").loc[group, "psense"]
        assert ours == pytest.approx(theirs, rel=1e-6)


@pytest.mark.usefixtures("without_sampler")
def test_it_is_saved_whole_and_reproducible(tmp_path: Path) -> None:
    evidence, specification = quarter(*FIGURES), linear()
    first, again = (
        sensitivity(Exact(evidence, specification).draws(draws=300), "killed", "X")
        for _ in range(2)
    )
    assert first.as_dict() == again.as_dict()
    first.save(tmp_path / "all.json")
    first.save(tmp_path / "table.csv")
    assert json.loads((tmp_path / "all.json").read_text())["sentence"] == first.sentence
    assert len(pd.read_csv(tmp_path / "table.csv")) == len(first.table)


@pytest.mark.usefixtures("without_sampler")
def test_the_figure_has_a_line_for_every_row() -> None:
    found = sensitivity(Exact(quarter(*FIGURES), linear()).draws(draws=300), "killed", "X")
    ax = found.plot()
    assert len(ax.get_yticklabels()) == len(found.table)


def test_the_level_is_shown_before_and_after() -> None:
    found = sensitivity(
        Exact(quarter(*FIGURES), linear()).draws(draws=300), "killed", "X", refits=False
    )
    assert list(found.levels["what"]) == ["level of X, per day", str(found.quantity)]
    assert np.all(found.levels["narrowed"].between(0.5, 1))


def test_draws_of_the_prior_are_refused() -> None:
    prior = prior_draws(quarter(*FIGURES), Specification(), 100, 1)
    with pytest.raises(QuantityError, match="draws of the prior"):
        sensitivity(prior, "killed", "X")


@pytest.mark.slow
def test_refits_through_the_batch_give_the_exact_posterior() -> None:
    evidence, specification = quarter(*FIGURES), linear()
    settings = Settings(draws=500, tune=300, chains=2, seed=3)
    tasks = [
        FitTask("whole", evidence, specification, settings),
        FitTask("less", evidence, specification, settings, withhold=("c2",)),
    ]
    posterior = Exact(evidence, specification).draws(draws=50)
    from bajas.answers.quantity import quantity_of

    found, errors = refit(
        tasks, quantity_of(posterior, "killed", "X"), (0.05, 0.5, 0.95), workers=1
    )
    assert not errors
    for name, out in (("whole", ()), ("less", ("c2",))):
        mean, sd = Exact(evidence, specification, out).log_total()
        exact = np.exp(stats.norm(mean, sd).ppf([0.05, 0.5, 0.95]))
        fit = found[name]
        numbers = np.array([fit.low, fit.median, fit.high])
        assert np.all(np.abs(numbers - exact) < 4 * np.array(fit.errors) + 0.02 * exact)
    assert found["less"].held_out["names"] == ["c2"]
    assert not found["whole"].held_out


def test_a_refit_that_cannot_be_trusted_is_made_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    from bajas.batch.run import Batch

    lengths: list[int] = []

    def poor(tasks: Sequence[FitTask], *rest: object, **options: object) -> Batch:
        lengths.extend(task.settings.chains for task in tasks)
        result = {
            "quantiles": [1.0, 2.0, 3.0], "errors": [0.1, 0.1, 0.1], "ess": 20.0, "rhat": 1.2,
            "divergences": 0, "draws": 1000, "held_out": {},
        }  # fmt: skip
        return Batch({task.name: result for task in tasks})

    monkeypatch.setattr(refit_module, "run_batch", poor)
    evidence, specification = quarter(*FIGURES), linear()
    posterior = Exact(evidence, specification).draws(draws=20)
    from bajas.answers.quantity import quantity_of

    task = FitTask("one", evidence, specification, replace(refit_module.REFIT, seed=1))
    found, _ = refit([task], quantity_of(posterior, "killed", "X"), (0.05, 0.5, 0.95))
    assert lengths == [2, 4]
    assert found["one"].trouble == "R-hat 1.20, 20 effective draws"


# -- lists, whose coverage no claim tells -------------------------------------------------------


@pytest.fixture(scope="module")
def listed() -> Posterior:
    """Draws of the prior, taken for a posterior, where a newspaper's list of names is counted."""
    registers = bajas.RegisterPrior(sources={"newspaper": bajas.Coverage(0.3, 0.8)})
    specification = replace(BELIEFS, registers=registers)
    drawn = prior_draws(one_side(counts=(89, 149, 239)), specification, 1500, 1)
    return replace(drawn, group="posterior")


def test_the_coverage_of_a_list_is_an_anchor_and_is_held_more_loosely_without_it(
    listed: Posterior,
) -> None:
    found = without_each_anchor(listed)
    assert list(found) == ["coverage of newspaper"]
    ledger, specification = found["coverage of newspaper"]
    assert ledger is listed.ledger
    before, after = listed.specification.registers.of("newspaper"), (
        specification.registers.of("newspaper")
    )  # fmt: skip
    assert after.median == pytest.approx(before.median)
    assert after.gap.scale == pytest.approx(2 * before.gap.scale)
    assert replace(specification, registers=listed.specification.registers) == (
        listed.specification
    )
    bounds = prior_draws(one_side(), BELIEFS, 10, 1)  # the list is a bound: nothing is assumed
    assert without_each_anchor(bounds) == {}
    assert other_coverages(bounds) == {}


def test_weights_give_the_prior_of_another_coverage(listed: Posterior) -> None:
    coverage = np.exp(-listed.hyper_draws["register_gap"][..., 0])
    halves = other_coverages(listed)
    assert [(half.low, half.high) for _, half in halves] == [
        (0.3, pytest.approx(0.5955, abs=0.001)), (pytest.approx(0.5955, abs=0.001), 0.8),
    ]  # fmt: skip
    for (_, half), specification in halves.items():
        ratios = log_prior_change(listed, specification)
        assert ratios is not None
        weights = smoothed(ratios)
        assert weights.reliable
        ends = weights.quantiles(coverage, [0.05, 0.5, 0.95])
        errors = weights.quantile_errors(coverage, [0.05, 0.5, 0.95])
        exact = np.array([half.low, half.median, half.high])
        assert np.all(np.abs(ends - exact) < 4 * errors + 0.005)


def test_sensitivity_shows_what_each_half_of_a_coverage_would_say(listed: Posterior) -> None:
    found = sensitivity(listed, "killed", "X", refits=False)
    rows = found.table.set_index("what")
    halves = rows[rows["kind"] == "coverage"]
    assert list(halves.index) == [
        "coverage of newspaper: 0.3 to 0.6", "coverage of newspaper: 0.6 to 0.8",
    ]  # fmt: skip
    assert (halves["way"] == "weights").all()
    assert (halves["trouble"] == "").all()
    # losses of the prior don't depend on how complete the list is
    assert np.all(np.abs(halves["median"] - rows["median"].iloc[0]) < 4 * halves["mcse_median"])
    assert rows.loc["coverage of newspaper", "kind"] == "without anchor"
    assert "Of the coverages of lists, the final coverage of newspaper (0." in found.sentence
    assert any("priors of completeness to the power" in what for what in rows.index)
    assert len(found.plot().get_yticklabels()) == len(found.table)


def test_where_a_coverage_decides_the_sentence_says_so(listed: Posterior) -> None:
    gap = listed.hyper_draws["register_gap"][..., 0]

    def total(self: Posterior, *rest: object, **options: object) -> np.ndarray:
        return 1000 / np.exp(-gap) if gap.shape == (self.chains, self.draws) else np.ones((1, 9))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Posterior, "total", total)
        found = sensitivity(listed, "killed", "X", refits=False)
    assert "What matters most is the final coverage of newspaper" in found.sentence
    half = found.table.set_index("what").loc["coverage of newspaper: 0.3 to 0.6"]
    exact = 1000 / np.array([0.5955, 0.3])
    assert half["high"] == pytest.approx(exact[1], rel=0.08)
    assert half["low"] == pytest.approx(exact[0], rel=0.05)
