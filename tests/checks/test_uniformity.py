"""The simultaneous envelope of ranks: exact, left as often as stated, and it sees what is off."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.ecdf_utils import ecdf_pit
from scipy import stats

import bajas
from bajas.checks.uniformity import Envelope, holm


def test_probabilities_are_those_of_all_sets_of_ranks() -> None:
    """Three ranks of 0..2: twenty-seven equally probable sets, gone through one by one."""
    envelope = Envelope(fits=3, draws=2)
    sets = np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)
    chances = np.array([envelope.probability(ranks) for ranks in sets])
    # as likely to be left as stated, to the last set
    for chance in np.unique(chances):
        assert np.mean(chances <= chance + 1e-12) == pytest.approx(chance, abs=1e-12)


def test_the_envelope_is_left_as_often_as_stated() -> None:
    envelope, rng = Envelope(60, 49), np.random.default_rng(1)
    chances = np.array([envelope.probability(rng.integers(0, 50, 60)) for _ in range(400)])
    for level in (0.01, 0.1, 0.5):
        # discrete, so a little below; 4 binomial sds above
        assert (chances < level).mean() < level + 4 * np.sqrt(level * (1 - level) / 400)
        assert (chances < level).mean() > level / 3


def test_the_band_is_left_by_just_the_ranks_that_are_less_probable() -> None:
    envelope, rng = Envelope(40, 19), np.random.default_rng(2)
    low, high = envelope.band(0.9)
    left = 0
    for _ in range(300):
        ranks = rng.integers(0, 20, 40)
        counts = envelope.counts(ranks)
        outside = bool(np.any((counts < low) | (counts > high)))
        assert outside == (envelope.probability(ranks) <= 0.1)
        left += outside
    assert 5 < left < 50


def test_the_band_is_that_of_arviz_up_to_one_rank() -> None:
    """ArviZ simulates it, for continuous values; within two of a hundred it is the same."""
    low, high = Envelope(100, 99).band(0.99)
    _, _, lower, upper = ecdf_pit(np.linspace(0, 1, 100), 0.99, 1000)
    assert np.abs(100 * lower[1:-1] - low).max() <= 2
    assert np.abs(100 * upper[1:-1] - high).max() <= 2


def test_the_envelope_sees_what_is_off() -> None:
    envelope, rng = Envelope(100, 99), np.random.default_rng(2)
    z = rng.standard_normal(100)
    for moved in (z + 0.6, 0.5 * z, 2 * z):
        assert envelope.probability(np.floor(100 * stats.norm.cdf(moved)).astype(int)) < 0.01
    assert envelope.probability(np.floor(100 * stats.norm.cdf(z)).astype(int)) > 0.01


def test_correction_for_many_keeps_the_probability_of_any_false_alarm() -> None:
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(2000):
        chances = dict(enumerate(rng.random(30)))
        corrected = holm({str(name): chance for name, chance in chances.items()})
        assert min(corrected.values()) == pytest.approx(min(1, 30 * min(chances.values())))
        alarms += min(corrected.values()) < 0.05
    assert alarms / 2000 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 2000)
    assert alarms > 0


def test_correction_keeps_the_order_of_quantities() -> None:
    assert list(holm({"b": 0.5, "a": 0.001})) == ["b", "a"]
    assert holm({}) == {}


@pytest.mark.parametrize(
    ("ranks", "message"),
    [
        (np.zeros(3, dtype=int), "4 whole ranks are needed"),
        (np.zeros(4), "whole ranks"),
        (np.array([0, 1, 2, 10]), "from 0 to 9"),
    ],
)
def test_malformed_ranks_are_refused(ranks: np.ndarray, message: str) -> None:
    with pytest.raises(bajas.BajasError, match=message):
        Envelope(4, 9).probability(ranks)


def test_malformed_envelopes_are_refused() -> None:
    with pytest.raises(bajas.BajasError, match="fits must be a whole number"):
        Envelope(0, 9)
    with pytest.raises(bajas.BajasError, match="level must be between"):
        Envelope(4, 9).band(1.0)
