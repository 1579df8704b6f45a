"""Scores of draws agree with closed forms, and prefer the right distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bajas.checks.scores import bootstrap_mean, central_interval, crps, log_score

QUANTILES = (np.arange(4000) + 0.5) / 4000


def crps_of_a_normal(centre: float, sd: float, truth: float) -> float:
    """Closed form (Gneiting & Raftery 2007, equation 5)."""
    z = (truth - centre) / sd
    half = stats.norm.cdf(z)
    return float(sd * (z * (2 * half - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)))


@pytest.mark.parametrize("truth", [-3.0, 0.0, 0.4, 2.5, 9.0])
def test_the_crps_of_a_normal_s_quantiles_is_the_closed_form(truth: float) -> None:
    draws = 0.5 + 1.3 * stats.norm.ppf(QUANTILES)
    assert crps(draws, truth) == pytest.approx(crps_of_a_normal(0.5, 1.3, truth), abs=2e-3)


def test_the_crps_of_few_draws_is_the_mean_over_all_pairs() -> None:
    rng = np.random.default_rng(1)
    draws = rng.standard_normal(23)
    pairs = np.abs(draws[:, None] - draws).mean()
    assert crps(draws, 0.7) == pytest.approx(np.abs(draws - 0.7).mean() - pairs / 2)


def test_the_crps_of_a_point_is_its_absolute_error_whatever_the_order_of_draws() -> None:
    assert crps([2.0, 2.0, 2.0], -1.0) == pytest.approx(3.0)
    draws = np.random.default_rng(2).permutation(np.arange(50.0))
    assert crps(draws, 3.0) == pytest.approx(crps(np.arange(50.0), 3.0))


@pytest.mark.parametrize(
    ("truth", "tolerance"), [(0.2, 0.01), (0.0, 0.01), (1.0, 0.02), (-2.0, 0.1), (2.5, 0.1)]
)
def test_the_log_score_of_a_normal_s_quantiles_is_minus_its_log_density(
    truth: float, tolerance: float
) -> None:
    exact = -stats.norm(0.2, 0.8).logpdf(truth)
    draws = 0.2 + 0.8 * stats.norm.ppf(QUANTILES)
    assert log_score(draws, truth) == pytest.approx(exact, abs=tolerance)


@pytest.mark.parametrize("truth", [0.0, 3.0, 6.0, -7.2])
def test_the_log_score_follows_a_heavy_tail_as_far_as_one_draw_in_a_thousand(truth: float) -> None:
    exact = -stats.t(4).logpdf(truth)
    assert log_score(stats.t(4).ppf(QUANTILES), truth) == pytest.approx(exact, abs=0.25)


def test_the_log_score_moves_with_the_unit_and_not_with_the_place() -> None:
    draws = np.random.default_rng(3).standard_t(5, 1500)
    base = log_score(draws, 0.8)
    assert log_score(draws + 40.0, 40.8) == pytest.approx(base)
    assert log_score(10 * draws, 8.0) == pytest.approx(base + np.log(10))


def test_a_point_forecast_has_no_log_score() -> None:
    assert log_score([1.0, 1.0], 1.0) == np.inf


def test_both_scores_prefer_the_distribution_that_truths_come_from() -> None:
    truths = stats.norm.ppf(QUANTILES[20::100])
    standard = stats.norm.ppf(QUANTILES[::10])
    for score in (crps, log_score):
        means = [
            np.mean([score(centre + sd * standard, x) for x in truths])
            for centre, sd in ((0.0, 1.0), (0.8, 1.0), (0.0, 0.3), (0.0, 3.0))
        ]
        assert int(np.argmin(means)) == 0


def test_the_ends_of_an_interval_hold_what_they_say() -> None:
    low, high = central_interval(stats.norm.ppf(QUANTILES), 0.8)
    assert (low, high) == pytest.approx((-1.2816, 1.2816), abs=2e-3)


def test_the_bootstrap_of_cases_has_the_standard_error_of_their_mean() -> None:
    votes = np.random.default_rng(5).standard_normal(40)
    low, high = bootstrap_mean(votes, level=0.9)
    error = votes.std() / np.sqrt(votes.size)
    assert (high - low) / (2 * 1.645) == pytest.approx(error, rel=0.06)
    assert bootstrap_mean(votes) == bootstrap_mean(votes)
