"""Simulation-based calibration: ranks of true values among posterior draws, and their envelope.

Data are simulated from the prior predictive of a small one-side model, fitted, and the rank of each
true value among thinned draws kept (Talts et al. 2018): uniform if the sampler is exact. All ranks
of a quantity are judged at once by the simultaneous envelope of their empirical distribution
(:mod:`bajas.checks.uniformity`). The joint log likelihood is a quantity too (Modrák et al. 2023):
it sees errors that parameters don't.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from model_examples import ledger, plain, represent, window

from bajas.checks.uniformity import Envelope
from bajas.model.drift_prior import DriftPrior
from bajas.model.family import AT_LEAST, AT_MOST, POINT
from bajas.model.register_prior import RegisterPrior
from bajas.model.representation import Representation
from bajas.sampler.interface import Sampler, Settings, silent

#: Of each fit; thinned, for ranks of draws that are nearly independent.
SETTINGS = Settings(draws=400, tune=200, chains=2, cores=1)
THINNED = 8

_DAYS = 360


def reduced() -> Representation:
    """One side over a year: a tally by months, assessments, a range, a floor and a ceiling."""
    institute = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}
    ally = {"source": "ally", "source_type": "ally", "speaks_for": "Y"}
    names = {"source": "names", "source_type": "media_investigation", "speaks_for": "neutral"}
    rows = [
        window(0, last, claim_id=f"t{last:03}", value=str(25 * last), kind="tally")
        for last in range(29, _DAYS, 30)
    ]
    rows += [
        window(0, 179, claim_id="a1", **institute, value="3000", qualifier="about"),
        window(0, 359, claim_id="a2", **institute, value="6000", qualifier="about"),
        window(120, 269, claim_id="a3", **institute, value="2500", qualifier="about"),
        window(0, 239, claim_id="r1", **ally, value="", low="2500", high="6000",
               qualifier="range"),
        window(0, 299, claim_id="b1", **names, kind="register", evidence="list", value="7000",
               qualifier="at_least"),
        window(0, 359, claim_id="b2", **ally, value="9000", qualifier="at_most"),
    ]  # fmt: skip
    still = replace(
        plain(knot_days=30), registers=RegisterPrior(reading="bound"), drift=DriftPrior(on="none")
    )
    return represent(ledger(*rows), still)


def listed_and_drifting() -> Representation:
    """One side over a year: a drifting tally, an institute, a list counted every seven weeks."""
    institute = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}
    names = {"source": "names", "source_type": "media_investigation", "speaks_for": "neutral",
             "kind": "register", "evidence": "list", "qualifier": "at_least"}  # fmt: skip
    rows = [
        window(0, last, claim_id=f"t{last:03}", value=str(25 * last), kind="tally")
        for last in range(29, _DAYS, 30)
    ]
    rows += [
        window(first, last, claim_id=f"a{first}", **institute, value="3000", qualifier="about")
        for first, last in ((0, 119), (120, 239), (240, 359))
    ]
    rows += [
        window(0, last, claim_id=f"n{last:03}", value=str(9 * last), **names)
        for last in range(55, _DAYS, 49)
    ]
    return represent(ledger(*rows), replace(plain(knot_days=30), drift=DriftPrior(scale=0.1)))


def simulated(
    made: Representation, rng: np.random.Generator
) -> tuple[Representation, np.ndarray, dict[str, np.ndarray]]:
    """Data from the prior predictive, with the truth behind them.

    Bounds are simulated as they are defined: the number is fixed beforehand, and said is whether
    the source's figure is at least so many or at most.
    """
    field, hyper = made.sample_prior(rng, 1)
    figures = made.simulate(rng, field, hyper)[0]
    points = made.form == POINT
    above = np.log(figures) >= made.log_value
    data = replace(
        made,
        log_value=np.where(points, np.log(figures), made.log_value),
        form=np.where(points, POINT, np.where(above, AT_LEAST, AT_MOST)),
    )
    return data, field[0], {name: value[0] for name, value in hyper.items()}


def quantities(
    data: Representation, field: np.ndarray, hyper: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What is ranked: hyperparameters, levels and biases, totals, a ratio, the log likelihood."""
    found = {
        f"{name} {i}": value[..., i]
        for name, value in hyper.items()
        for i in range(value.shape[-1])
    }
    for name in ("level", "source_bias", "drift"):
        if name not in data.term_slices:
            continue
        block = field[..., data.term_slices[name]]
        found |= {f"{name} {i}": block[..., i] for i in range(block.shape[-1])}
    intensity = np.exp(data.log_intensity(field))[..., :_DAYS]
    thirds = [part.sum(axis=-1) for part in np.split(intensity, 3, axis=-1)]
    found |= {"first third": thirds[0], "last third": thirds[2], "whole": sum(thirds)}
    found["ratio"] = thirds[2] / thirds[0]
    found["log likelihood"] = data.pointwise(field, hyper).sum(axis=-1)
    return found


def ranks(
    sampler: Sampler,
    fits: int,
    seed: int,
    settings: Settings = SETTINGS,
    made: Representation | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], int]:
    """Ranks of the truth, its distance from the mean in sds, and among how many draws it ranks."""
    made = reduced() if made is None else made
    found: dict[str, list[int]] = {}
    scores: dict[str, list[float]] = {}
    count = 0
    for index in range(fits):
        rng = np.random.default_rng([seed, index])
        data, field, hyper = simulated(made, rng)
        truth = quantities(data, field, hyper)
        drawn = sampler(data, replace(settings, seed=index), silent).position
        kept = drawn[:, THINNED // 2 :: THINNED].reshape(-1, made.size)
        count = kept.shape[0]
        for name, values in quantities(data, *data.unpack(kept)).items():
            found.setdefault(name, []).append(int(np.sum(values < truth[name])))
            score = (truth[name] - values.mean()) / values.std()
            scores.setdefault(name, []).append(float(score))
    return (
        {name: np.array(values) for name, values in found.items()},
        {name: np.array(values) for name, values in scores.items()},
        count,
    )


def outside(found: dict[str, np.ndarray], draws: int, level: float = 0.99) -> dict[str, float]:
    """Quantities whose ranks leave the envelope that all of them stay in with this probability."""
    envelope = Envelope(next(iter(found.values())).size, draws)
    limit = (1 - level) / len(found)
    chances = {name: envelope.probability(values) for name, values in found.items()}
    return {name: chance for name, chance in chances.items() if chance < limit}
