"""R-hat and effective sample sizes of many quantities at once, against ArviZ's one by one."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bajas.posterior import convergence as module
from bajas.posterior.convergence import convergence

AXES = {"chain_axis": 1, "draw_axis": 2}


def autoregressive(
    rng: np.random.Generator, quantities: int, chains: int, draws: int, coefficient: float
) -> np.ndarray:
    noise = rng.standard_normal((quantities, chains, draws))
    found = noise.copy()
    for t in range(1, draws):
        found[:, :, t] = coefficient * found[:, :, t - 1] + noise[:, :, t]
    return found


def assert_as_arviz(draws: np.ndarray) -> None:
    found = convergence(draws)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # divisions by a variance of nothing
        rhat = array_stats.rhat(draws, method="rank", **AXES)
        bulk = array_stats.ess(draws, method="bulk", **AXES)
        tail = array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **AXES)
    if draws.shape[1] > 1:  # ArviZ gives none for one chain
        np.testing.assert_allclose(found.rhat, rhat, rtol=1e-10, atol=0)
    np.testing.assert_allclose(found.bulk, bulk, rtol=1e-10, atol=0)
    np.testing.assert_allclose(found.tail, tail, rtol=1e-10, atol=0)


@pytest.mark.parametrize("chains", [1, 2, 4, 5])
@pytest.mark.parametrize("draws", [100, 101, 750])
@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.97, -0.4, -0.9])
def test_the_numbers_of_arviz_whatever_the_autocorrelation(
    chains: int, draws: int, coefficient: float
) -> None:
    rng = np.random.default_rng([chains, draws, int(100 * coefficient) + 100])
    assert_as_arviz(autoregressive(rng, 9, chains, draws, coefficient))


@pytest.mark.parametrize("draws", range(4, 24))
def test_the_numbers_of_arviz_for_short_chains(draws: int) -> None:
    rng = np.random.default_rng(draws)
    assert_as_arviz(autoregressive(rng, 40, 3, draws, 0.3))
    assert_as_arviz(autoregressive(rng, 40, 3, draws, -0.6))


def test_the_numbers_of_arviz_for_draws_that_repeat() -> None:
    rng = np.random.default_rng(3)
    values = autoregressive(rng, 12, 4, 301, 0.4)
    stay = rng.random((1, 4, 301)) < 0.3
    for t in range(1, 301):
        values[:, :, t] = np.where(stay[:, :, t], values[:, :, t - 1], values[:, :, t])
    assert_as_arviz(values)
    assert_as_arviz(np.round(values))
    assert_as_arviz((values > 1.5).astype(float))


def test_the_numbers_of_arviz_for_chains_that_disagree_trend_or_stand_still() -> None:
    values = np.random.default_rng(4).standard_normal((5, 4, 200))
    values[0, 0] += 3
    values[1] += np.linspace(0, 4, 200)
    values[2, 1] = 0.5
    values[3] *= np.array([1.0, 1.0, 5.0, 0.1])[:, None]
    values[4] = np.exp(20 * values[4])
    assert_as_arviz(values)


def test_a_constant_has_no_rhat_and_as_many_draws_as_it_has() -> None:
    found = convergence(np.ones((1, 4, 50)))
    assert np.isnan(found.rhat[0])
    assert (found.bulk[0], found.tail[0]) == (200, 200)


def test_blocks_and_their_order_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    values = autoregressive(np.random.default_rng(5), 23, 4, 100, 0.5)
    whole = convergence(values)
    monkeypatch.setattr(module, "_BLOCK_DRAWS", 1200)
    for first, other in zip(whole, convergence(list(values)), strict=True):
        np.testing.assert_array_equal(first, other)
    for first, other in zip(whole, convergence(values[::-1]), strict=True):
        np.testing.assert_array_equal(first, other[::-1])


def test_nothing_gives_nothing_and_three_draws_are_refused() -> None:
    assert convergence([]).rhat.shape == (0,)
    with pytest.raises(ValueError, match="at least 4 draws"):
        convergence(np.zeros((1, 4, 3)))
