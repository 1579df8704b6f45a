"""Lists and drift, simulated from the model and fitted: the truth lies where intervals say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calibration import simulated
from model_examples import ledger, plain, represent, window
from scipy import stats

from bajas.model.drift_prior import DriftPrior
from bajas.model.representation import Representation
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Settings, silent

pytestmark = pytest.mark.slow

SETTINGS = Settings(draws=400, tune=200, chains=2, cores=1)
FITS = 6


def model() -> Representation:
    """A tally by months with drift, an institute, and a list that was counted every seven weeks."""
    institute = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}
    names = {"source": "names", "source_type": "media_investigation", "speaks_for": "neutral",
             "kind": "register", "evidence": "list", "qualifier": "at_least"}  # fmt: skip
    rows = [
        window(0, last, claim_id=f"t{last:03}", value=str(25 * last), kind="tally")
        for last in range(29, 360, 30)
    ]
    rows += [
        window(first, last, claim_id=f"a{first}", **institute, value="3000", qualifier="about")
        for first, last in ((0, 119), (120, 239), (240, 359))
    ]
    rows += [
        window(0, last, claim_id=f"n{last:03}", value=str(9 * last), **names)
        for last in range(55, 360, 49)
    ]
    drift = DriftPrior(scale=0.1)
    return represent(ledger(*rows), replace(plain(knot_days=30), drift=drift))


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
    made = model()
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
