"""From posterior draws to a bias prior: what a source in a new conflict is expected to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from bajas.model.bias import PRIOR_KINDS
from bajas.model.hindsight_estimate import HindsightEstimate
from bajas.model.hindsight_units import HindsightUnit
from bajas.model.relation import RELATIONS

#: Central probabilities whose half-widths are matched.
_LEVELS = (0.5, 0.8, 0.9, 0.95)
_LEAST_DF, _MOST_DF = 2.2, 30.0
#: Draws of the predictive for each posterior draw.
_REPEATS = 40


@dataclass(frozen=True, slots=True)
class HindsightCell:
    """Centre and scale of log(claim / truth) of one source; for a relation, also the tails."""

    mean: float
    scale: float


@dataclass(frozen=True)
class HindsightSummary:
    """The predictive distribution of a source's bias in a conflict that wasn't used.

    Parameters
    ----------
    relations : dict of str to HindsightCell
        By relation, kinds of evidence mixed as the cases mix them.
    tails : dict of str to float
        Degrees of freedom of the shared part, by relation.
    kinds : dict of str to dict of str to HindsightCell
        By relation and kind of evidence.
    shared : float
        Fraction of the variance that sources of one bloc about one side have in common.
    misfit : float
        The largest error, on the log scale, of a half-width of a cell at 50, 80, 90 or 95 %.
    """

    relations: dict[str, HindsightCell]
    tails: dict[str, float]
    kinds: dict[str, dict[str, HindsightCell]]
    shared: float
    misfit: float


def summarise_hindsight(
    estimate: HindsightEstimate, units: Sequence[HindsightUnit], seed: int = 1
) -> HindsightSummary:
    """Return the predictive distributions in the form of a bias prior.

    A bias prior's source has a shared part (Student-t) and an own part (normal). The centre is the
    predictive median; scale and tails are those for which the prior's central intervals are as
    wide as the predictive's, which holds the uncertainty of the estimate as well.

    Parameters
    ----------
    estimate : HindsightEstimate
        The posterior.
    units : sequence of HindsightUnit
        What it was made from: how often each kind of evidence occurs in a relation.
    seed : int
        Of the predictive draws.

    Examples
    --------
    >>> import bajas
    >>> from bajas.model.hindsight_estimate import estimate_hindsight
    >>> from bajas.model.hindsight_units import hindsight_units
    >>> units = hindsight_units([bajas.datasets.hindsight("karabakh_2020")])
    >>> summary = summarise_hindsight(estimate_hindsight(units, iterations=10), units)
    >>> summary.relations["own"].mean < summary.relations["enemy"].mean
    True
    """
    rng = np.random.default_rng([seed, 0x70726564])
    pairs = [estimate.predictive(rng) for _ in range(_REPEATS)]
    draws = np.concatenate([whole for whole, _ in pairs])
    own = np.concatenate([part for _, part in pairs])
    count = Counter((unit.relation, unit.evidence) for unit in units)
    weights = np.array([[count[r, e] for e in PRIOR_KINDS] for r in RELATIONS], dtype=float)
    weights[weights.sum(axis=1) == 0] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)

    shares = 1 - _half_widths(own)[1] ** 2 / _half_widths(draws)[1] ** 2
    shared = float((weights * shares).sum(axis=1).mean())
    relations, tails = {}, {}
    kinds: dict[str, dict[str, HindsightCell]] = {}
    misfit = 0.0
    for r, name in enumerate(RELATIONS):
        chosen = rng.choice(len(PRIOR_KINDS), len(draws), p=weights[r])
        mixed = draws[np.arange(len(draws)), r, chosen]
        tails[name] = _degrees_of_freedom(mixed, shared)
        standard = _standard_half_widths(tails[name], shared)
        relations[name], _ = _cell(mixed, standard)
        kinds[name] = {}
        for e, kind in enumerate(PRIOR_KINDS):
            kinds[name][kind], error = _cell(draws[:, r, e], standard)
            misfit = max(misfit, error)
    return HindsightSummary(relations, tails, kinds, shared, misfit)


def _cell(draws: np.ndarray, standard: np.ndarray) -> tuple[HindsightCell, float]:
    ratio = np.log(_half_widths(draws) / standard)
    cell = HindsightCell(float(np.median(draws)), float(np.exp(ratio.mean())))
    return cell, float(np.abs(ratio - ratio.mean()).max())


def _half_widths(draws: np.ndarray) -> np.ndarray:
    """Return half-widths of central intervals over the first axis, one row per level."""
    tails = np.array([0.5 - 0.5 * np.array(_LEVELS), 0.5 + 0.5 * np.array(_LEVELS)])
    low, high = np.quantile(draws, tails, axis=0)
    return np.asarray((high - low) / 2)


def _standard_half_widths(degrees_of_freedom: float, shared: float) -> np.ndarray:
    """Return half-widths of a bias of scale one: shared Student-t plus own normal."""
    # a Student-t is a normal whose variance is df / chi-squared: take its quantiles
    p = (np.arange(400) + 0.5) / 400
    variance = degrees_of_freedom / stats.chi2(degrees_of_freedom).isf(p)
    sd = np.sqrt(1 - shared + shared * variance)

    def beyond(x: float, level: float) -> float:
        return float(special.ndtr(-x / sd).mean() - (1 - level) / 2)

    return np.array([float(optimize.brentq(beyond, 0.0, 60.0, args=(level,))) for level in _LEVELS])


def _degrees_of_freedom(draws: np.ndarray, shared: float) -> float:
    """Return the tails for which the 95 % interval is as wide beside the 50 % one as in draws."""
    widths = _half_widths(draws)
    wanted = widths[3] / widths[0]

    def excess(log_df: float) -> float:
        found = _standard_half_widths(float(np.exp(log_df)), shared)
        return float(np.log(found[3] / found[0] / wanted))

    low, high = np.log(_LEAST_DF), np.log(_MOST_DF)
    if excess(low) <= 0:
        return _LEAST_DF
    if excess(high) >= 0:
        return _MOST_DF
    return float(np.exp(optimize.brentq(excess, low, high, xtol=1e-3)))
