"""Figures that can't all be true: more killed than casualties, parts that miss their sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, permutations
from math import inf

from bajas.claims.alternatives import is_ambiguous
from bajas.claims.claim import Claim, Status
from bajas.claims.taxonomy import Taxonomy
from bajas.errors import Finding
from bajas.ledger.own_series import is_point

#: Share by which parts may miss their sum: rounding of each to two digits.
PARTS_TOLERANCE = 0.02

_Place = tuple[str, str, date, date, bool, str, Status]


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What a claim allows the truth of its own source to be."""

    claim: Claim
    outcomes: frozenset[str]
    low: float
    high: float


def contradiction_findings(
    claims: Sequence[Claim], taxonomy: Taxonomy, unused: Collection[str] = ()
) -> list[Finding]:
    """Return figures about the same people and days that contradict each other.

    Parameters
    ----------
    claims : sequence of Claim
        All claims.
    taxonomy : Taxonomy
        Tells which outcomes are part of which.
    unused : collection of str
        Ids of claims that are left out of the fit. They are looked at too, but can only warn: a
        figure that is known to be wrong is no reason to refuse a table.

    Returns
    -------
    list of Finding
        Of severity ``refuse`` where one source gives two plain figures that can't both hold for
        the same window; ``warn`` otherwise.
    """
    # what can be read in two ways contradicts nothing by itself: the fit weighs its readings
    claims = [claim for claim in claims if not is_ambiguous(claim.component, claim.outcome)]
    outcomes = {name: taxonomy.outcome_members(name) for name in {c.outcome for c in claims}}
    places: dict[_Place, list[_Bounds]] = defaultdict(list)
    for claim in claims:
        bounds = _bounds(claim, outcomes[claim.outcome])
        if bounds is not None:
            place = (
                claim.side,
                claim.component,
                claim.start,
                claim.end,
                claim.per_day,
                claim.theatre,
                claim.status,
            )
            places[place].append(bounds)
    findings: list[Finding] = []
    for place in sorted(places):
        by_source: dict[str, list[_Bounds]] = defaultdict(list)
        for bounds in places[place]:
            by_source[bounds.claim.source].append(bounds)
        for source in sorted(by_source):
            telling = _telling(by_source[source], unused)
            findings += _within_source(telling, unused)
            findings += _parts(telling)
        if len(by_source) > 1:
            findings += _across_sources(places[place], unused)
    return findings


def _bounds(claim: Claim, outcomes: frozenset[str]) -> _Bounds | None:
    if claim.qualifier == "peak":
        return None
    if claim.qualifier == "at_least" and claim.value is not None:
        return _Bounds(claim, outcomes, claim.value, inf)
    if claim.qualifier == "at_most" and claim.value is not None:
        return _Bounds(claim, outcomes, 0.0, claim.value)
    if claim.low is not None and claim.high is not None:
        return _Bounds(claim, outcomes, claim.low, claim.high)
    if claim.value is not None:
        return _Bounds(claim, outcomes, claim.value, claim.value)
    return None


def _telling(group: Sequence[_Bounds], unused: Collection[str]) -> list[_Bounds]:
    """Return the statements of one source and place that can contradict: extremes per outcome.

    A statement that stands there twice, once left out, is said once; and a source with thousands
    of figures for one window is looked through in one pass.
    """
    by_outcome: dict[str, list[_Bounds]] = defaultdict(list)
    for item in sorted(group, key=lambda item: item.claim.claim_id):
        by_outcome[item.claim.outcome].append(item)
    telling: list[_Bounds] = []
    for outcome in sorted(by_outcome):
        items = by_outcome[outcome]
        plain = [x for x in items if is_point(x.claim) and x.claim.claim_id not in unused]
        chosen: dict[tuple[float, float], _Bounds] = {}
        for some in (plain, items):
            if some:
                for item in (max(some, key=lambda x: x.low), min(some, key=lambda x: x.high)):
                    chosen.setdefault((item.low, item.high), item)
        telling += chosen.values()
    return telling


def _within_source(group: Sequence[_Bounds], unused: Collection[str]) -> list[Finding]:
    findings = []
    for part, whole in permutations(group, 2):
        if not (part.outcomes < whole.outcomes and part.low > whole.high):
            continue
        left_out = {part.claim.claim_id, whole.claim.claim_id}.intersection(unused)
        plain = is_point(part.claim) and is_point(whole.claim) and not left_out
        findings.append(
            Finding(
                "refuse" if plain else "warn",
                "part-exceeds-whole",
                f"{part.claim.source} gives {_figure(part)} {part.claim.outcome} and "
                f"{_figure(whole)} {whole.claim.outcome} for the same window "
                f"({part.claim.window}); the first are part of the second "
                f"(claim {whole.claim.claim_id}).",
                "check outcome and value of both; exclude the one that is a misreport",
                row=part.claim.row,
                claim_id=part.claim.claim_id,
                column="outcome",
                text=part.claim.outcome,
                claim_ids=(part.claim.claim_id, whole.claim.claim_id),
            )
        )
    return findings


def _across_sources(group: Sequence[_Bounds], unused: Collection[str]) -> list[Finding]:
    """Warn once for each pair of outcomes where one source's part exceeds another's whole."""
    highest: dict[str, _Bounds] = {}
    lowest: dict[str, _Bounds] = {}
    for bounds in sorted(group, key=lambda item: item.claim.claim_id):
        if bounds.claim.claim_id in unused:
            continue
        name = bounds.claim.outcome
        if name not in highest or bounds.low > highest[name].low:
            highest[name] = bounds
        if name not in lowest or bounds.high < lowest[name].high:
            lowest[name] = bounds
    findings = []
    for one, other in permutations(sorted(highest), 2):
        part, whole = highest[one], lowest[other]
        if part.claim.source == whole.claim.source or not part.outcomes < whole.outcomes:
            continue
        if part.low > whole.high:
            findings.append(
                Finding(
                    "warn",
                    "part-exceeds-whole-across-sources",
                    f"{part.claim.source} gives {_figure(part)} {one}, {whole.claim.source} "
                    f"{_figure(whole)} {other} for the same window ({part.claim.window}), "
                    "though the first are part of the second.",
                    "check that both count what their outcome says",
                    claim_ids=(part.claim.claim_id, whole.claim.claim_id),
                )
            )
    return findings


def _parts(group: Sequence[_Bounds]) -> list[Finding]:
    """Warn where two disjoint outcomes of one source miss the figure for both together."""
    findings = []
    for one, other in combinations(group, 2):
        if one.outcomes & other.outcomes:
            continue
        together = one.outcomes | other.outcomes
        for whole in group:
            if whole.outcomes != together:
                continue
            low, high = one.low + other.low, one.high + other.high
            slack = PARTS_TOLERANCE * whole.high if whole.high < inf else 0.0
            slack = max(slack, PARTS_TOLERANCE * whole.low)
            if low <= whole.high + slack and high >= whole.low - slack:
                continue
            ids = (one.claim.claim_id, other.claim.claim_id, whole.claim.claim_id)
            findings.append(
                Finding(
                    "warn",
                    "parts-do-not-add-up",
                    f"{whole.claim.source} gives {_figure(one)} {one.claim.outcome} and "
                    f"{_figure(other)} {other.claim.outcome}, together {_span(low, high)}, but "
                    f"{_figure(whole)} {whole.claim.outcome} ({whole.claim.window}).",
                    "one of the three is a misreport or counts something else: exclude it, "
                    "saying why, or correct its scope",
                    row=whole.claim.row,
                    claim_id=whole.claim.claim_id,
                    column="value",
                    claim_ids=ids,
                )
            )
    return findings


def _figure(bounds: _Bounds) -> str:
    return _span(bounds.low, bounds.high)


def _span(low: float, high: float) -> str:
    if low == high:
        return f"{low:,.0f}"
    if high == inf:
        return f"at least {low:,.0f}"
    if low == 0:
        return f"at most {high:,.0f}"
    return f"{low:,.0f} to {high:,.0f}"
