"""Influence: scores, surprise and shifts of claims against exact posteriors and ArviZ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from exact_posteriors import Exact, linear, quarter
from model_examples import ledger, window
from scipy import stats

import bajas
from bajas.checks.influence import influence
from bajas.checks.predictive import surprise
from bajas.model.family import AT_LEAST, AT_MOST, POINT

FIGURES = (1000.0, 1500.0, 2600.0, 700.0, 1800.0)


def test_scores_and_surprises_are_those_of_the_exact_posterior_without_the_claim() -> None:
    evidence, specification = quarter(*FIGURES), linear()
    found = influence(Exact(evidence, specification).draws(draws=2000), "killed", "X", refits=False)
    table = found.claims.set_index("observation")
    for i in range(5):
        rest = Exact(evidence, specification, (f"c{i}",))
        field, hyper = rest.representation.unpack(
            np.vstack([rest.mean, rest.mean + 1e-3 * np.eye(rest.mean.size)])
        )
        locations = rest.representation.location(field, hyper)[:, i]
        slope = (locations[1:] - locations[0]) / 1e-3
        sigma = rest.representation.noise_scale(hyper)[0, i]
        law = stats.norm(locations[0], np.sqrt(sigma**2 + slope @ rest.covariance @ slope))
        value = rest.representation.log_value[i]
        assert table.loc[f"c{i}", "log_score"] == pytest.approx(law.logpdf(value), abs=0.06)
        exact = 2 * min(law.cdf(value), law.sf(value))
        assert table.loc[f"c{i}", "surprise"] == pytest.approx(exact, abs=0.1)
        mean, _ = rest.log_total()
        assert table.loc[f"c{i}", "median_without"] == pytest.approx(np.exp(mean), rel=0.05)


def test_scores_are_arviz_loo_where_no_bias_is_only_a_claims_own() -> None:
    import arviz_stats

    rows = [
        window(30 * i, 30 * i + 29, claim_id=f"r{i}", value=str(900 + 70 * i),
               source="institute", source_type="think_tank", speaks_for="neutral")
        for i in range(3)
    ]  # fmt: skip
    fit = bajas.Fit(Exact(ledger(*rows), linear()).draws())
    found = fit.influence("killed", "X", refits=False, progress=False)
    loo = arviz_stats.loo(fit.arviz(), pointwise=True)
    theirs = loo.elpd_i.to_series()
    for name, score in found.claims.set_index("observation")["log_score"].items():
        assert score == pytest.approx(theirs[name], abs=0.02)
    assert found.claims["k"].to_numpy() == pytest.approx(
        loo.pareto_k.to_series()[found.claims["observation"]].to_numpy(), abs=0.15
    )


def test_the_planted_outlier_surprises_and_moves_most() -> None:
    figures = [1000.0, 1040.0, 980.0, 1010.0, 9000.0, 1020.0, 990.0, 1005.0]
    from dataclasses import replace

    from bajas.model.bias import symmetric

    bias = replace(symmetric(0.3), outcome_sd=0.05)
    found = influence(Exact(quarter(*figures), linear(bias)).draws(), "killed", "X", refits=False)
    assert found.top(1).iloc[0]["observation"] == "c4"
    assert found.top(1, by="surprise").iloc[0]["observation"] == "c4"
    assert found.claims.set_index("observation").loc["c4", "surprise"] < 0.01
    assert "c4" in found.sentence
    assert found.sentence in repr(found)


def test_bounds_surprise_only_where_they_fail() -> None:
    assert surprise(AT_LEAST, 0.999) == pytest.approx(0.001)
    assert surprise(AT_LEAST, 0.001) == pytest.approx(0.999)
    assert surprise(AT_MOST, 0.001) == pytest.approx(0.001)
    assert surprise(POINT, 0.999) == pytest.approx(surprise(POINT, 0.001))


def test_a_wide_range_surprises_less_than_the_same_figure_without_one() -> None:
    base = quarter(1000.0, 1000.0, 1000.0, 6000.0).to_frame()
    import pandas as pd

    wide = base.copy()
    wide.loc[wide["claim_id"] == "c3", ["low", "high", "level"]] = [600.0, 60_000.0, 0.9]
    wide.loc[wide["claim_id"] == "c3", ["value", "qualifier"]] = [np.nan, "range"]
    surprises = []
    for frame in (base, wide):
        text = frame.astype(object).where(pd.notna(frame), "")
        evidence = bajas.read_claims(text)
        found = influence(Exact(evidence, linear()).draws(), "killed", "X", refits=False)
        surprises.append(found.claims.set_index("observation").loc["c3", "surprise"])
    assert surprises[1] > 2 * surprises[0]


def test_streams_of_several_claims_are_left_out_together() -> None:
    assessed = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}
    evidence = ledger(
        window(0, 29, claim_id="r0", value="900", **assessed),
        window(0, 59, claim_id="r1", value="1900", **assessed, outcome="killed"),
        window(0, 59, claim_id="u1", value="1500", source="ally", source_type="ally"),
    )
    found = influence(Exact(evidence, linear()).draws(), "killed", "X", refits=False)
    assert len(found.claims) == 3
    row = found.streams.set_index("source").loc["institute"]
    assert row["observations"] == 2
    names = tuple(found.claims[found.claims["source"] == "institute"]["observation"])
    mean, _ = Exact(evidence, linear(), names).log_total()
    assert row["median_without"] == pytest.approx(np.exp(mean), rel=0.06)


def test_it_is_saved_as_plain_data(tmp_path: Path) -> None:
    found = influence(Exact(quarter(*FIGURES), linear()).draws(draws=200), "killed", "X",
                      refits=False)  # fmt: skip
    found.save(tmp_path / "all.json")
    found.save(tmp_path / "claims.csv")
    assert len(json.loads((tmp_path / "all.json").read_text())["claims"]) == 5
    assert (tmp_path / "claims.csv").read_text().startswith("observation,claims,source")
