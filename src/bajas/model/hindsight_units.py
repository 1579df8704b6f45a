"""Hindsight cases to units: one log(claim / truth) per case, claimant, target and kind of evidence.

A claim is held against the truth about the same quantity. Where the two windows agree, it is a
point (or a bound, if it was one). A claim on a part of the truth's window still says something: it
counts no more than the whole, so log(claim / truth) is at least what the two figures give; a claim
on a longer window gives an upper bound. All points of one claimant about one target are one vote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from statistics import fmean

from bajas.claims.claim import Claim
from bajas.ledger.hindsight_case import HindsightCase
from bajas.ledger.lineage import left_out
from bajas.ledger.truth import Truth
from bajas.model.relation import Relation, relation

#: Days that both windows hold, over days that either holds, from which the windows agree. A figure
#: then is at most a third off for that reason, little beside the scatter of claims.
WINDOWS_AGREE = 0.75
#: Width of a truth's range in standard deviations (its ends are read as a 90 % interval).
_RANGE_SDS = 3.29


@dataclass(frozen=True, slots=True)
class HindsightUnit:
    """One vote: what a claimant said about a target, over the truth, on the log scale.

    Parameters
    ----------
    case, relation, bloc, target, source : str
        Conflict; relation of the source to the side; for whom it speaks; the side, with
        "equipment" for items; the claimant.
    evidence : str
        Kind of evidence, of a settled claim with ", settled": one of
        :data:`bajas.model.bias.PRIOR_KINDS`.
    low, high : float
        Bounds of the log ratio: equal for a point, infinite where open.
    truth_sd : float
        Sd of the logarithm of the truth, from its range.
    points : int
        Claims behind it.
    """

    case: str
    relation: str
    bloc: str
    target: str
    source: str
    evidence: str
    low: float
    high: float
    truth_sd: float
    points: int

    @property
    def shares(self) -> tuple[str, str, str, str]:
        """What units have in common if they share an effect: case, relation, bloc and target."""
        return self.case, self.relation, self.bloc, self.target


def hindsight_units(cases: Sequence[HindsightCase]) -> tuple[HindsightUnit, ...]:
    """Return the units of some cases.

    Parameters
    ----------
    cases : sequence of HindsightCase
        Conflicts with claims made at the time and truths.

    Returns
    -------
    tuple of HindsightUnit
        In a fixed order. What a claimant said when the losses were fresh is one vote, what the
        same said when they were settled another.

    Examples
    --------
    >>> import bajas
    >>> units = hindsight_units([bajas.datasets.hindsight("six_day_war_1967")])
    >>> [(unit.source, round(unit.low, 2)) for unit in units if unit.relation == "enemy"][:1]
    [('Egypt and allies', 2.14)]
    """
    votes: dict[
        tuple[str, Relation, str, str, str, str],
        list[tuple[float, float, float]],
    ] = defaultdict(list)
    for case in cases:
        unused = left_out(case.ledger.claims, case.ledger.sources)
        for claim in case.ledger:
            if claim.claim_id in unused:
                continue
            found = _against(claim, case.truths)
            if found is None:
                continue
            kind = case.ledger.taxonomy.outcome_kind(claim.outcome)
            stands = relation(
                claim.source_type, claim.speaks_for, claim.side, claim.status == "civilian"
            )
            target = claim.side if kind == "personnel" else f"{claim.side} equipment"
            evidence = (claim.evidence or "") + (", settled" if claim.settled else "")
            own = (case.name, stands, claim.speaks_for, target, claim.source, evidence)
            votes[own].append(found)
    units = []
    for key in sorted(votes):
        cast = votes[key]
        points = [vote for vote in cast if vote[0] == vote[1]]
        if points:  # what is known exactly needs no bounds
            low = high = fmean(vote[0] for vote in points)
            used = points
        else:
            low, high = max(vote[0] for vote in cast), min(vote[1] for vote in cast)
            used = cast
            if low > -inf and high < inf:  # bounds of different figures: they don't belong together
                continue
        sd = fmean(vote[2] for vote in used)
        units.append(HindsightUnit(*key, low=low, high=high, truth_sd=sd, points=len(used)))
    return tuple(units)


def _against(claim: Claim, truths: Sequence[Truth]) -> tuple[float, float, float] | None:
    """Return bounds of log(claim / truth) and the truth's sd: the best that any truth gives."""
    figure = _figure(claim)
    if figure is None:
        return None
    target = (claim.side, claim.component, claim.outcome, claim.status)
    best: tuple[float, tuple[float, float, float]] | None = None
    for truth in truths:
        if truth.target != target:
            continue
        ratio = log(figure / truth.value)
        low, high = ratio, ratio
        agree = _agreement(claim, truth)
        if claim.qualifier == "at_least":
            high = inf
        if claim.qualifier == "at_most":
            low = -inf
        if agree < WINDOWS_AGREE:
            if truth.start <= claim.start and claim.end <= truth.end:
                high = inf
            elif claim.start <= truth.start and truth.end <= claim.end:
                low = -inf
            else:
                continue
        if low == -inf and high == inf:
            continue
        if best is None or agree > best[0]:
            best = (agree, (low, high, _truth_sd(truth)))
    return None if best is None else best[1]


def _figure(claim: Claim) -> float | None:
    value = claim.value
    if value is None and claim.low and claim.high:
        value = sqrt(claim.low * claim.high)
    if not value or claim.qualifier == "peak":
        return None
    return value * (claim.window.days if claim.per_day else 1)


def _agreement(claim: Claim, truth: Truth) -> float:
    common = (min(claim.end, truth.end) - max(claim.start, truth.start)).days + 1
    either = (max(claim.end, truth.end) - min(claim.start, truth.start)).days + 1
    return max(common, 0) / either


def _truth_sd(truth: Truth) -> float:
    if truth.low is None or truth.high is None or truth.low <= 0:
        return 0.0
    return log(truth.high / truth.low) / _RANGE_SDS
