"""What is ranked in a calibration: numbers that a truth and a fit both have, by name."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

#: Blocks of the field that are ranked element by element; of walks only where they end.
_ELEMENTS = (
    "level", "equipment_level", "group_offset", "component_offset", "ratio", "component_ratio",
    "source_bias", "outcome_bias",
)  # fmt: skip
_OUTCOMES = ("killed", "casualties")

#: The name of the joint log likelihood.
LOG_LIKELIHOOD = "log likelihood"


def calibration_quantities(posterior: Posterior) -> dict[str, np.ndarray]:
    """Return every number of a fit that is ranked but the joint log likelihood, (chain, draw) each.

    Hyperparameters; levels, offsets, ratios and the layers of biases; where each side's path ends;
    the whole bias of each stream's first observation; realised totals of killed and casualties of
    each side over all days, the first third and the last, or of each stratum where they aren't
    asked for; casualties per killed; the last third over the first.

    Parameters
    ----------
    posterior : Posterior
        A fit, or a truth: draws of the prior.
    """
    representation = posterior.representation
    found: dict[str, np.ndarray] = {}
    for hyper in representation.hyperparameters:
        for index, label in enumerate(hyper.labels):
            found[f"{hyper.name}[{label}]"] = posterior.hyper_draws[hyper.name][:, :, index]
    blocks = representation.split(posterior.field_draws)
    for term in representation.terms:
        if term.name in _ELEMENTS:
            for place in np.ndindex(*term.shape):
                label = ", ".join(term.labels[axis][i] for axis, i in enumerate(place))
                found[f"{term.name}[{label}]"] = blocks[term.name][(..., *place)]
        elif term.name == "path":
            for row, label in enumerate(term.labels[0]):
                found[f"path[{label}, last]"] = blocks[term.name][:, :, row, -1]
    return found | _biases(posterior) | _totals(posterior)


def joint_log_likelihood(posterior: Posterior) -> np.ndarray:
    """Return the log likelihood of all observations together, (chain, draw)."""
    hyper = dict(posterior.hyper_draws)
    return np.asarray(posterior.representation.pointwise(posterior.field_draws, hyper).sum(axis=-1))


def _biases(posterior: Posterior) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for row, observation in enumerate(posterior.design.observations):
        label = f"bias[{posterior.design.streams[observation.stream].label}]"
        values = posterior.bias_draws[:, :, row]
        # the figures of a register that are bounds have none
        if label not in found and (values != 0).any():
            found[label] = values
    return found


def _totals(posterior: Posterior) -> dict[str, np.ndarray]:
    days = posterior.design.calendar.days
    thirds = [round(days * part / 3) for part in range(4)]
    found: dict[str, np.ndarray] = {}
    for label, daily in _series(posterior).items():
        whole = daily.sum(axis=-1)
        found[f"{label}, all days"] = whole
        if days < 6:
            continue
        first, _, last = (daily[:, :, a:b].sum(axis=-1) for a, b in pairwise(thirds))
        found |= {f"{label}, first third": first, f"{label}, last third": last}
        found[f"{label}, last third over first"] = (last + 0.5) / (first + 0.5)
    for side in dict.fromkeys(stratum.side for stratum in posterior.design.strata):
        killed, casualties = (
            found.get(f"{side} {outcome}, all days") for outcome in ("killed", "casualties")
        )
        if killed is not None and casualties is not None:
            found[f"{side} casualties per killed"] = casualties / np.maximum(killed, 1.0)
    return found


def _series(posterior: Posterior) -> dict[str, np.ndarray]:
    """Return realised daily losses: killed and casualties by side, other strata by themselves."""
    found: dict[str, np.ndarray] = {}
    covered: set[int] = set()
    for side in dict.fromkeys(stratum.side for stratum in posterior.design.strata):
        for outcome in _OUTCOMES:
            try:
                covered |= set(posterior.design.scope(outcome, side, "all"))
                found[f"{side} {outcome}"] = posterior.daily(outcome, side)
            except QuantityError:
                continue
    for index, stratum in enumerate(posterior.design.strata):
        if index not in covered:
            found[stratum.label] = posterior.realised(index)
    return found
