"""Lists and drift, simulated from the model and fitted: the truth lies where intervals say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calibration import listed_and_drifting, simulated
from scipy import stats

from bajas.model.representation import Representation
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Settings, silent

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=400, tune=200, chains=2, cores=1)
FITS = 6


def quantities(
    made: Representation, field: np.ndarray, hyper: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    intensity = np.exp(made.log_intensity(field))
    drift = field[..., made.term_slices["drift"]]
    return {
        "whole": intensity.sum(axis=-1),
        "last third": intensity[..., 240:].sum(axis=-1),
        "drift": drift.sum(axis=-1),
        "bias": field[..., made.term_slices["source_bias"]][..., 0],
        **{name: hyper[f"register_{name}"][..., 0] for name in ("gap", "delay", "shape")},
        "log likelihood": made.pointwise(field, hyper).sum(axis=-1),
    }


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    made = listed_and_drifting()
    inside, ranks = 0, []
    for index in range(FITS):
        data, field, hyper = simulated(made, np.random.default_rng([8, index]))
        truth = quantities(data, field, hyper)
        position = named_sampler("fused")(data, replace(SETTINGS, seed=index), silent).position
        drawn = quantities(data, *data.unpack(position.reshape(-1, made.size)))
        for name, values in drawn.items():
            rank = float(np.mean(values < truth[name]))
            ranks.append(rank)
            inside += 0.05 < rank < 0.95
    count = len(ranks)
    # about a third as many independent ones: quantities of one fit hang together
    assert inside / count > stats.binom.ppf(1e-3, count // 3, 0.9) / (count // 3)
    assert abs(np.mean(ranks) - 0.5) < 3.5 * np.sqrt(1 / 12 / (count // 3))
    assert np.std(ranks) > 0.15
