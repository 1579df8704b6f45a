"""Special functions of the compiled code against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma, gammaln, log_ndtr
from scipy.stats import norm

from bajas.sampler.special import exponentials, logarithms, normal_bound, stirling, stirlings, total


def test_exponentials_are_right_to_the_last_bits() -> None:
    x = np.concatenate([np.linspace(-700, 700, 200_001), [0.0, -0.0, 1e-300]])
    out = np.empty_like(x)
    exponentials(x, out)
    np.testing.assert_allclose(out, np.exp(x), rtol=4e-16)


def test_logarithms_are_right_to_the_last_bits() -> None:
    x = np.concatenate(
        [np.exp(np.linspace(-700, 700, 100_001)), np.linspace(0.5, 2, 100_001), [1.0, 1 + 2**-52]]
    )
    out = np.empty_like(x)
    logarithms(x, out)
    np.testing.assert_allclose(out, np.log(x), rtol=4e-16)


def test_what_has_no_logarithm_is_not_a_number() -> None:
    x = np.array([0.0, -0.0, -1.0, -np.inf, np.inf, np.nan, 5e-324])
    out = np.empty_like(x)
    logarithms(x, out)
    assert np.isnan(out).all()


def test_stirling_s_remainder_gives_gamma_and_digamma_functions() -> None:
    x = np.concatenate([np.geomspace(1e-8, 1e6, 200), np.linspace(0.5, 30, 60)])
    remainder, slope = np.empty_like(x), np.empty_like(x)
    stirlings(x, remainder, slope)
    log_gamma = (x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi) + remainder
    np.testing.assert_allclose(log_gamma, gammaln(x), rtol=1e-13, atol=1e-13)
    error = np.log(x) - 0.5 / x + slope - digamma(x)
    np.testing.assert_array_less(np.abs(error), 1e-14 * np.maximum(1, 1 / x))
    for i in range(0, x.size, 17):
        assert stirling(x[i]) == (remainder[i], slope[i])
    small = 1e-20  # a series of its own value, not a difference of large numbers
    assert stirling(1 / small)[0] == pytest.approx(small / 12, rel=1e-14)


def test_the_sum_is_the_sum() -> None:
    x = np.random.default_rng(1).normal(size=1001)
    assert total(x) == pytest.approx(x.sum(), rel=1e-12)


@pytest.mark.parametrize("t", [-300.0, -40.0, -5.01, -4.99, -1.0, 0.0, 3.0, 8.0])
def test_normal_bounds_keep_their_digits_in_the_tail(t: float) -> None:
    log_probability, ratio = normal_bound(t)
    assert log_probability == pytest.approx(log_ndtr(t), rel=1e-11)
    assert ratio == pytest.approx(np.exp(norm.logpdf(t) - log_ndtr(t)), rel=1e-9)
