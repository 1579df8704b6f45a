"""Simulation-based calibration of the sampler: true values rank uniformly among its draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calibration import listed_and_drifting, outside, ranks, reduced, simulated
from scipy import stats

from bajas.sampler.interface import Draws, Progress, Settings
from bajas.sampler.stages import sample_in_stages


def test_the_reduced_model_has_every_kind_of_claim() -> None:
    made = reduced()
    assert 20 <= made.size <= 32
    assert len(made.names) == 18
    rng = np.random.default_rng(3)
    forms = np.array([simulated(made, rng)[0].form for _ in range(60)])
    bounds = made.form > 0
    assert bounds.sum() == 2
    assert np.all(forms[:, ~bounds] == 0)
    for column in forms[:, bounds].T:  # both answers occur
        assert set(column) == {1, 2}
    assert np.any(made.log_sd > 0)  # a range


@pytest.mark.slow
def test_true_values_rank_uniformly() -> None:
    found, scores, draws = ranks(sample_in_stages, fits=60, seed=11)
    assert {"whole", "ratio", "log likelihood", "source_bias 0", "path_scale 0"} <= set(found)
    assert outside(found, draws) == {}
    # the same fits, had they been off: totals by half an sd, or intervals half as wide
    z = scores["whole"]
    for moved in (z + 0.5, 2 * z):
        wrong = np.floor((draws + 1) * stats.norm.cdf(moved)).astype(int).clip(0, draws)
        assert outside({**found, "whole": wrong}, draws).keys() == {"whole"}


def tempered(representation, settings: Settings, progress: Progress) -> Draws:  # type: ignore[no-untyped-def]
    """A planted bug: points count for next to nothing."""
    blind = replace(representation, log_sd=np.where(representation.form == 0, 3.0, 0.0))
    return sample_in_stages(blind, settings, progress)


@pytest.mark.slow
def test_ranks_see_a_sampler_of_another_posterior() -> None:
    found, _, draws = ranks(tempered, fits=20, seed=12)
    assert "log likelihood" in outside(found, draws)


@pytest.mark.long
def test_true_values_rank_uniformly_over_hundreds_of_fits() -> None:
    found, _, draws = ranks(sample_in_stages, fits=600, seed=13)
    assert outside(found, draws) == {}


@pytest.mark.long
def test_true_values_of_lists_and_drift_rank_uniformly() -> None:
    made = listed_and_drifting()
    found, _, draws = ranks(sample_in_stages, fits=300, seed=14, made=made)
    assert {"register_gap 0", "register_delay 0", "register_shape 0", "drift 3"} <= set(found)
    assert outside(found, draws) == {}
