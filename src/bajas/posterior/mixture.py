"""Fits of several readings put together: draws of each in proportion to its probability."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np

from bajas.design.design import Design
from bajas.posterior.posterior import Posterior
from bajas.posterior.readings import Readings
from bajas.posterior.verdict import Verdict

#: Share of its sd by which the error of the readings' probabilities may move the centre of a total:
#: as much as the Monte Carlo error of 400 effective draws, and what no answer should bear.
NOTED, REFUSED = 0.05, 0.2

#: A reading less probable than this can't be seen in an interval, whatever its draws are.
NEGLIGIBLE = 0.001

#: Bridges longer than this (nats) are no basis for an error.
LONG_BRIDGE = 60.0

#: Keeps the choice of draws apart from other uses of a seed.
_STREAM = 0x4D4958


def mixture(
    design: Design, parts: Mapping[int, Posterior], readings: Readings, seed: int
) -> Posterior:
    """Return the posterior over readings.

    Draw t of chain c is draw t of chain c of one of the readings; how often each is chosen is its
    probability times the number of draws, to the next whole number, and which draws are its own is
    a random permutation. Chains stay chains, and no draw is there twice.

    Parameters
    ----------
    design : Design
        With ambiguous streams.
    parts : mapping of int to Posterior
        Fits under the readings, by position; after an interrupt not of all.
    readings : Readings
        With their evidence.
    seed : int
        Of the choice of draws.
    """
    first = parts[min(parts)]
    chains = min(part.chains for part in parts.values())
    draws = min(part.draws for part in parts.values())
    chosen = choose(readings.probability, chains, draws, seed)

    def put(arrays: Mapping[int, np.ndarray]) -> np.ndarray:
        found = np.array(arrays[min(arrays)][:chains, :draws])
        for index, values in arrays.items():
            at = chosen == index
            found[at] = values[:chains, :draws][at]
        return found

    stats = {
        name: put({index: np.asarray(part.sample_stats[name]) for index, part in parts.items()})
        for name in first.sample_stats
    }
    stats["reading"] = chosen
    return Posterior(
        ledger=first.ledger,
        specification=first.specification,
        design=design,
        representation=first.representation,
        field_draws=put({index: part.field_draws for index, part in parts.items()}),
        hyper_draws={
            name: put({index: part.hyper_draws[name] for index, part in parts.items()})
            for name in first.hyper_draws
        },
        sample_stats=stats,
        seed=seed,
        verdict=judge_mixture(parts, readings),
        complete=len(parts) == len(readings.names) and all(p.complete for p in parts.values()),
        provenance=_provenance(parts, readings, seed),
    )


def choose(probability: np.ndarray, chains: int, draws: int, seed: int) -> np.ndarray:
    """Return the reading of every draw, shape (chain, draw): systematic, then permuted.

    Examples
    --------
    >>> chosen = choose(np.array([0.25, 0.75]), 2, 8, seed=1)
    >>> chosen.shape, int((chosen == 0).sum())
    ((2, 8), 4)
    """
    rng = np.random.default_rng([seed, _STREAM])
    count = chains * draws
    edges = np.cumsum(probability)
    places = (np.arange(count) + rng.random()) / count * edges[-1]
    labels = np.minimum(np.searchsorted(edges, places, side="right"), probability.size - 1)
    return rng.permutation(labels).reshape(chains, draws).astype(np.int32)


def judge_mixture(parts: Mapping[int, Posterior], readings: Readings) -> Verdict:
    """Return the verdict on a mixture: each reading judged by itself, then their probabilities.

    Chains are no evidence on whether readings are weighed rightly, since they never change from one
    to another: that is the evidence's Monte Carlo error.
    """
    reasons: list[str] = []
    notes: list[str] = []
    probability = readings.probability
    if missing := [n for i, n in enumerate(readings.names) if i not in parts]:
        reasons.append(
            f"sampling was interrupted before these readings were drawn: {'; '.join(missing)};"
            " how probable they are isn't known"
        )
    for index, part in parts.items():
        name, weight = readings.names[index], probability[index]
        words = [f"read as {name} (probability {weight:.3f}): {r}" for r in part.verdict.reasons]
        (reasons if weight >= NEGLIGIBLE or not part.complete else notes).extend(words)
        notes += [f"read as {name}: {note}" for note in part.verdict.notes]
        if readings.divergence[index] > LONG_BRIDGE:
            reasons.append(
                f"read as {name}: its posterior is too far from normal for its evidence"
                f" (divergence {readings.divergence[index]:.0f} nats)"
            )
    moved, label = _moved(parts, readings)
    if moved > NOTED:
        said = (
            f"the Monte Carlo error of the readings' probabilities moves the centre of {label} by"
            f" {moved:.2f} of its sd: draw more"
        )
        (reasons if moved > REFUSED else notes).append(said)
    measures: dict[str, float | str] = {}
    used = {i: p for i, p in parts.items() if probability[i] >= NEGLIGIBLE}
    for name in ("R-hat", "bulk ESS", "tail ESS", "BFMI", "divergences"):
        values = {
            i: float(p.verdict.measures[name])
            for i, p in used.items()
            if name in p.verdict.measures
        }
        if values:
            worst = max if name in ("R-hat", "divergences") else min
            index = worst(values, key=lambda i: values[i])
            measures[name] = values[index]
            if what := used[index].verdict.measures.get(f"worst {name}"):
                measures[f"worst {name}"] = f"{what}, read as {readings.names[index]}"
    measures["moved by readings"] = moved
    return Verdict(not reasons, tuple(reasons), tuple(notes), measures)


def _moved(parts: Mapping[int, Posterior], readings: Readings) -> tuple[float, str]:
    """Return how far the evidence's error moves the centre of a stratum's total, in its sds."""
    probability = readings.probability
    worst, where = 0.0, ""
    for index, stratum in enumerate(parts[min(parts)].design.strata):
        mean, square = np.zeros(probability.size), np.zeros(probability.size)
        for i, part in parts.items():
            total = np.log(part.intensity(index).sum(axis=-1))
            mean[i], square[i] = total.mean(), (total**2).mean()
        sd = sqrt(max(float(probability @ square - (probability @ mean) ** 2), 0.0))
        moved = float(readings.moved(mean))
        if moved > worst * sd:
            worst, where = moved / sd, stratum.label
    return worst, where


def _provenance(parts: Mapping[int, Posterior], readings: Readings, seed: int) -> dict[str, Any]:
    first = parts[min(parts)]
    timings: dict[str, float] = {}
    for part in parts.values():
        for name, seconds in part.provenance["timings"].items():
            timings[name] = timings.get(name, 0.0) + seconds
    return {
        **first.provenance,
        "settings": {**first.provenance["settings"], "seed": seed},
        "timings": timings,
        "readings": readings.as_dict(),
    }
