"""Counts: Poisson and negative binomial, against SciPy and against their simulator."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from bajas.model.family import (
    NEGATIVE_BINOMIAL,
    POINT,
    POISSON,
    log_likelihood,
    log_negative_binomial,
    log_poisson,
    simulate,
    stirling_remainder,
    stirling_slope,
)

COUNTS = np.array([0, 1, 2, 7, 40, 999, 120_000], dtype=float)
MEANS = [1e-3, 0.7, 5.0, 310.0, 2e5]
PHIS = [1e-3, 0.2, 1.0, 9.5, 11.0, 400.0, 1e6]


@pytest.mark.parametrize("mean", MEANS)
def test_poisson_is_scipy_s(mean: float) -> None:
    expected = stats.poisson(mean).logpmf(COUNTS)
    np.testing.assert_allclose(log_poisson(COUNTS, np.log(mean)), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("phi", PHIS)
def test_negative_binomial_is_scipy_s(mean: float, phi: float) -> None:
    found = log_negative_binomial(COUNTS, np.log(mean), np.full(COUNTS.size, phi))
    expected = stats.nbinom(phi, phi / (phi + mean)).logpmf(COUNTS)
    # SciPy's digits: it is told phi / (phi + m), which rounds, and takes differences of log Gammas
    lost = 1e-15 * (1 + phi / mean) * COUNTS + 1e-14 * special.gammaln(phi + COUNTS + 10)
    np.testing.assert_array_less(np.abs(found - expected), lost + 1e-10 * (1 + np.abs(expected)))


@pytest.mark.parametrize("mean", [0.3, 12.0, 5_000.0])
def test_negative_binomial_of_huge_phi_is_poisson_to_the_last_digits(mean: float) -> None:
    counts = np.array([0.0, 1.0, 12.0, 4_900.0, 5_100.0])
    expected = log_poisson(counts, np.log(mean))
    for phi in (1e18, 1e30, 1e100):
        found = log_negative_binomial(counts, np.log(mean), np.full(counts.size, phi))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-11)


def test_the_poisson_limit_is_approached_at_its_rate() -> None:
    # log NB - log Poisson = ((y - m)^2 - y) / (2 phi) + O(phi^-2)
    y, mean = np.array([3.0, 10.0, 30.0]), 10.0
    for phi in (1e5, 1e7, 1e9):
        moved = log_negative_binomial(y, np.log(mean), np.full(3, phi)) - log_poisson(
            y, np.log(mean)
        )
        expected = ((y - mean) ** 2 - y) / (2 * phi)
        np.testing.assert_allclose(moved, expected, rtol=100 / phi * 20, atol=3e-14)


@pytest.mark.parametrize(("mean", "phi"), [(0.4, 0.3), (6.0, 2.0), (25.0, 80.0)])
def test_probabilities_of_counts_add_up_to_one(mean: float, phi: float) -> None:
    counts = np.arange(3_000.0)
    assert np.exp(log_poisson(counts, np.log(mean))).sum() == pytest.approx(1, rel=1e-12)
    spread = log_negative_binomial(counts, np.log(mean), np.full(counts.size, phi))
    assert np.exp(spread).sum() == pytest.approx(1, rel=1e-12)


def test_counts_beside_points_are_each_of_their_family() -> None:
    form = np.array([POINT, NEGATIVE_BINOMIAL, POISSON])
    log_value, count = np.array([2.0, 0.0, 0.0]), np.array([0.0, 5.0, 9.0])
    mu, scale = np.log([6.0, 4.0, 8.0]), np.array([0.5, 1.7, 1.0])
    found = log_likelihood(log_value, mu, scale, form, float("inf"), count)
    expected = [
        stats.norm(mu[0], 0.5).logpdf(2.0),
        stats.nbinom(1.7, 1.7 / 5.7).logpmf(5),
        stats.poisson(8).logpmf(9),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="counts are missing"):
        log_likelihood(log_value, mu, scale, form, float("inf"))


@pytest.mark.parametrize(("form", "phi"), [(POISSON, 1.0), (NEGATIVE_BINOMIAL, 1.5)])
def test_simulated_counts_come_as_often_as_their_likelihood_says(form: int, phi: float) -> None:
    size, mu = 40_000, np.log(4.0)
    draws = simulate(
        np.random.default_rng(4), np.full(size, mu), np.full(size, phi), 4.0, np.full(size, form)
    )
    counts = np.arange(60.0)
    one = np.ones(counts.size)
    expected = log_likelihood(0 * one, mu * one, phi * one, np.full(counts.size, form), 4.0, counts)
    seen = np.array([(draws == count).sum() for count in counts])
    likely = np.exp(expected) * size
    kept = likely > 10
    statistic = ((seen[kept] - likely[kept]) ** 2 / likely[kept]).sum()
    assert stats.chi2(kept.sum() - 1).sf(statistic) > 0.01


def test_simulated_counts_may_be_larger_than_numpy_s_poisson() -> None:
    draws = simulate(
        np.random.default_rng(4), np.full(500, np.log(1e30)), np.ones(500), 4.0,
        np.full(500, POISSON),
    )  # fmt: skip
    np.testing.assert_allclose(draws, 1e30, rtol=1e-12)


def test_stirling_s_remainder_and_its_slope() -> None:
    x = np.array([1e-6, 0.3, 1.0, 9.99, 10.0, 12.5, 800.0])
    main = (x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(stirling_remainder(x), special.gammaln(x) - main, atol=2e-12)
    slope = special.digamma(x) - np.log(x) + 0.5 / x
    np.testing.assert_allclose(stirling_slope(x), slope, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(stirling_remainder(1e8), 1 / 12e8, rtol=1e-12)
