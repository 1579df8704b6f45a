"""Importance weights: quantiles, their errors, and when they are refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bajas.answers.montecarlo import mcse_quantile
from bajas.checks.weights import k_limit, smoothed, uniform


def test_equal_weights_give_plain_quantiles_and_errors() -> None:
    draws = np.random.default_rng(1).normal(size=(4, 500))
    weights = uniform(draws.shape)
    probabilities = [0.05, 0.5, 0.95]
    assert np.allclose(weights.quantiles(draws, probabilities), np.quantile(draws, probabilities))
    plain = [mcse_quantile(draws, p) for p in probabilities]
    assert weights.quantile_errors(draws, probabilities) == pytest.approx(plain, rel=0.35)
    assert np.all(weights.shift_errors(draws, probabilities) == 0)


def test_ratios_that_are_all_equal_change_nothing() -> None:
    found = smoothed(np.full((2, 50), 3.0))
    assert found.k == -np.inf
    assert found.ess == pytest.approx(100)


def test_a_shifted_normal_is_found_and_its_error_is_honest() -> None:
    misses = []
    for seed in range(60):
        draws = np.random.default_rng(seed).normal(size=(4, 250))
        weights = smoothed(0.5 * draws)  # standard normal times exp(x / 2): mean 1/2
        exact = stats.norm(0.5, 1).ppf([0.1, 0.5, 0.9])
        found = weights.quantiles(draws, [0.1, 0.5, 0.9])
        misses.append((found - exact) / weights.quantile_errors(draws, [0.1, 0.5, 0.9]))
    spread = np.sqrt(np.mean(np.square(misses), axis=0))
    assert np.all((spread > 0.7) & (spread < 1.4))


def test_the_error_of_a_shift_is_smaller_than_that_of_a_quantile_and_honest() -> None:
    shifts, errors = [], []
    for seed in range(60):
        draws = np.random.default_rng(seed).normal(size=(4, 250))
        weights = smoothed(0.1 * draws)
        shifts.append(weights.quantiles(draws, [0.5])[0] - np.median(draws))
        errors.append(weights.shift_errors(draws, [0.5])[0])
        assert errors[-1] < 0.8 * weights.quantile_errors(draws, [0.5])[0]
    assert np.mean(shifts) == pytest.approx(0.1, abs=0.01)
    assert np.mean(errors) == pytest.approx(np.std(shifts), rel=0.4)


def test_weights_far_from_the_draws_are_refused() -> None:
    draws = np.random.default_rng(1).normal(size=(4, 500))
    assert not smoothed(6 * draws).reliable
    assert not smoothed(0.6 * draws**2).reliable  # wider than the draws: no finite variance


def test_fewer_draws_carry_less() -> None:
    assert k_limit(100) == pytest.approx(0.5)
    assert k_limit(100) < k_limit(1000) < k_limit(10_000) == 0.7


def test_weights_that_are_all_but_equal_are_used_whatever_their_tail() -> None:
    draws = np.random.default_rng(1).standard_t(1, size=(4, 500))
    log_ratios = np.log1p(1e-4 * np.abs(draws))  # ratios with a tail of k near 1, and all near 1
    found = smoothed(log_ratios)
    assert found.k > 0.7
    assert found.reliable
