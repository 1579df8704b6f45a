"""Errors that agree too well: uniform p-values where the model holds, copies found where not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from claim_tables import GOOD

import bajas
from bajas.answers.collusion import collusion, correlation, correlation_p_value
from bajas.posterior.fitting import prior_draws


def matched(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of the first n scores with the next n."""
    return np.arange(n), np.arange(n, 2 * n), np.ones(n)


@pytest.mark.parametrize("n", [3, 12])
def test_independent_errors_give_uniform_p_values_for_one_draw(n: int) -> None:
    rng = np.random.default_rng(n)
    pairs = matched(n)
    p = []
    for _ in range(120):
        found = correlation(rng.standard_normal((1, 2 * n)), *pairs)
        p.append(correlation_p_value(found, *pairs, rng) / 2)  # one draw: without the factor 2
    p = np.minimum(p, 0.5)  # half of the p-values are cut at one, which is one half here
    for level in (0.01, 0.05, 0.2):
        error = 3 * np.sqrt(level * (1 - level) / len(p))
        assert abs((np.array(p) < level).mean() - level) <= error + 1e-9


def test_the_mean_over_draws_never_raises_more_alarms_than_it_says() -> None:
    # errors as they are over the draws of a posterior: partly known, partly redrawn
    rng = np.random.default_rng(0)
    pairs, alarms = matched(8), 0
    for _ in range(120):
        known = rng.standard_normal((1, 16))
        scores = np.sqrt(0.8) * known + np.sqrt(0.2) * rng.standard_normal((40, 16))
        alarms += correlation_p_value(correlation(scores, *pairs), *pairs, rng) < 0.05
    assert alarms / 120 <= 0.05


def test_equal_errors_are_found_and_opposite_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    errors = rng.standard_normal((50, 10))
    pairs = matched(10)
    same = correlation(np.hstack([errors, errors]), *pairs)
    opposite = correlation(np.hstack([errors, -errors]), *pairs)
    assert correlation_p_value(same, *pairs, rng) < 1e-6
    assert correlation_p_value(opposite, *pairs, rng) == 1


def claims(copy: str = "") -> bajas.Ledger:
    """A year of monthly figures of three sources, one of them perhaps a copy of another's."""
    rng = np.random.default_rng(11)
    months = pd.date_range("2022-03-01", periods=14, freq="MS")
    rows = []
    for month in months:
        true = rng.poisson(3000)
        figures = {name: true * np.exp(0.15 * rng.standard_t(4)) for name in ("a", "b", "c")}
        if copy:
            figures["c"] = figures[copy] * 0.8
        for name, value in figures.items():
            rows.append({
                **GOOD, "claim_id": f"{name}{month:%Y%m}", "source": name,
                "source_type": "think_tank", "speaks_for": "neutral", "kind": "assessment",
                "start": f"{month:%Y-%m-%d}", "end": f"{month + pd.offsets.MonthEnd(0):%Y-%m-%d}",
                "published": "2023-06-01", "value": f"{value:.0f}", "qualifier": "about",
                "url": f"https://example.org/{name}",
            })  # fmt: skip
    return bajas.read_claims(pd.DataFrame(rows))


@pytest.mark.long
def test_after_a_fit_a_planted_copy_is_found_and_independent_sources_are_not() -> None:
    for copy in ("", "b"):
        fit = bajas.Model(claims(copy), bias=bajas.bias.symmetric(0.6)).fit(
            seed=1, draws=400, progress=False
        )
        table = fit.collusion()
        suspects = {
            frozenset(row) for row in table.loc[table["suspect"], ["first", "second"]].values
        }
        assert len(table) == 3
        assert (table["figures"] == 14).all()
        assert suspects == ({frozenset("bc")} if copy else set())


def test_sources_without_enough_in_common_are_not_compared() -> None:
    frame = claims().to_frame()
    late = (frame["source"] == "c") & (frame["start"] > "2022-04")
    few = bajas.read_claims(frame[~late])
    prior = prior_draws(few, bajas.Specification(), draws=100, seed=1)
    table = collusion(prior)
    assert list(zip(table["first"], table["second"], strict=True)) == [("a", "b")]


def test_it_is_reproducible() -> None:
    prior = prior_draws(claims(), bajas.Specification(), draws=100, seed=1)
    pd.testing.assert_frame_equal(collusion(prior), collusion(prior))
