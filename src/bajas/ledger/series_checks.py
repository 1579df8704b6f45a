"""Statements of a source held against its own series: totals, rates, ceilings and peaks."""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from bajas.claims.claim import Claim
from bajas.errors import Finding
from bajas.ledger.own_series import increments, is_point, totals

#: A rate this many times the median of its neighbours is probably a total (or the reverse).
OUTLIER_FACTOR = 20.0
#: Neighbours that a median needs.
_ENOUGH = 3

Stream = tuple[str, str, str, str]


def series_findings(streams: Mapping[Stream, Sequence[Claim]]) -> list[Finding]:
    """Return what sources say against their own series.

    Parameters
    ----------
    streams : mapping of stream to sequence of Claim
        All claims by stream; those that are left out of the fit too, since a misreport is found
        by just these checks.
    """
    findings: list[Finding] = []
    rates: dict[str, float] = {}
    sorted_rates: dict[tuple[str, ...], list[float]] = {}
    for stream, claims in streams.items():
        scope = sorted_rates.setdefault(stream[1:], [])
        for claim in claims:
            rate = _rate(claim)
            if rate is not None:
                rates[claim.claim_id] = rate
                scope.append(rate)
    for scope in sorted_rates.values():
        scope.sort()
    for stream in sorted(streams):
        claims = streams[stream]
        findings += _falling_totals(claims)
        findings += _outliers(claims, rates, sorted_rates[stream[1:]])
        findings += _ceilings(claims)
        findings += _peaks(claims)
    return findings


def _falling_totals(claims: Sequence[Claim]) -> list[Finding]:
    findings = []
    for series in totals(claim for claim in claims if not claim.excluded):
        falls = [
            (before, after)
            for before, after in pairwise(series)
            if (after.value or 0.0) < (before.value or 0.0)
        ]
        if not falls:
            continue
        before, after = falls[0]
        more = f" ({len(falls)} falls in all)" if len(falls) > 1 else ""
        findings.append(
            Finding(
                "warn",
                "falling-total",
                f"the running total of {before.source} falls from {before.value:,.0f} "
                f"({before.end}) to {after.value:,.0f} ({after.end}){more}.",
                "if it was revised, name the earlier claim in supersedes; if it changed in "
                "scope, say so in component or outcome",
                claim_ids=tuple(dict.fromkeys(claim.claim_id for pair in falls for claim in pair)),
            )
        )
    return findings


# -- rates ------------------------------------------------------------------------------------


def _rate(claim: Claim) -> float | None:
    if claim.qualifier == "peak" or claim.excluded:
        return None
    figure = claim.value
    if figure is None:
        ends = [end for end in (claim.low, claim.high) if end is not None]
        figure = sum(ends) / len(ends) if ends else None
    if figure is None or figure <= 0:
        return None
    return figure if claim.per_day else figure / claim.window.days


def _outliers(
    claims: Sequence[Claim], rates: Mapping[str, float], scope: list[float]
) -> list[Finding]:
    """Find rates far above those of the same stream, or of all sources where it has too few."""
    findings = []
    own = sorted(rates[claim.claim_id] for claim in claims if claim.claim_id in rates)
    neighbours = own if len(own) > _ENOUGH else scope
    if len(neighbours) <= _ENOUGH:
        return []
    for claim in claims:
        rate = rates.get(claim.claim_id)
        if rate is None:
            continue
        usual = _median_without(neighbours, rate)
        if rate <= OUTLIER_FACTOR * usual:
            continue
        doubt = (
            "a total may have been labelled as a rate"
            if claim.per_day
            else "its window may be too short, or the figure a total from an earlier day"
        )
        findings.append(
            Finding(
                "warn",
                "rate-outlier",
                f"{rate:,.0f} a day is {rate / usual:,.0f} times the median of its neighbours "
                f"({usual:,.0f} a day): {doubt}.",
                "check per_day, start and end",
                row=claim.row,
                claim_id=claim.claim_id,
                column="per_day" if claim.per_day else "start",
            )
        )
    return findings


def _median_without(ordered: Sequence[float], value: float) -> float:
    """Return the median of sorted numbers after one of them is taken away."""
    gone = bisect_left(ordered, value)
    count = len(ordered) - 1

    def kept(index: int) -> float:
        return ordered[index if index < gone else index + 1]

    return (kept((count - 1) // 2) + kept(count // 2)) / 2


# -- ceilings ---------------------------------------------------------------------------------


def _ceilings(claims: Sequence[Claim]) -> list[Finding]:
    findings = []
    series = None
    # A ceiling is no point, so the points are the same for all ceilings of a stream.
    points = [claim for claim in claims if is_point(claim) and not claim.excluded]
    for claim in claims:
        if claim.qualifier != "at_most" or claim.value is None or not points:
            continue
        if not claim.per_day:
            findings += _total_ceiling(claim, points)
            continue
        series = increments(points) if series is None else series
        rates = [(item.start, item.end, item.per_day, item.claim_ids) for item in series]
        rates += [
            (other.start, other.end, other.value, (other.claim_id,))
            for other in points
            if other.per_day and other.value is not None
        ]
        inside = [rate for rate in rates if claim.start <= rate[0] and rate[1] <= claim.end]
        over = sorted(rate for rate in inside if rate[2] > claim.value)
        if not over:
            continue
        shown = ", ".join(
            f"{rate:,.0f} a day {f'on {start}' if start == end else f'from {start} to {end}'}"
            for start, end, rate, _ in over[:4]
        )
        findings.append(
            _contradicted(
                claim,
                "ceiling-contradicted",
                f"{claim.source} says at most {claim.value:,.0f} a day, and its own series gives "
                f"{shown}{', ...' if len(over) > 4 else ''} ({len(over)} of {len(inside)} "
                "increments in the window).",
                "the claim is read as a bound on the mean of its window: check that this is meant",
                [name for rate in over for name in rate[3]],
            )
        )
    return findings


def _total_ceiling(claim: Claim, points: Sequence[Claim]) -> list[Finding]:
    over = [
        other
        for other in points
        if not other.per_day
        and claim.start <= other.start
        and other.end <= claim.end
        and (other.value or 0.0) > (claim.value or 0.0)
    ]
    if not over:
        return []
    worst = max(over, key=lambda other: (other.value or 0.0, other.claim_id))
    return [
        _contradicted(
            claim,
            "ceiling-contradicted",
            f"{claim.source} says at most {claim.value:,.0f}, and gives {worst.value:,.0f} for "
            f"days within that window ({worst.window}).",
            "if it was revised, name the earlier claim in supersedes",
            [other.claim_id for other in over],
        )
    ]


# -- peaks ------------------------------------------------------------------------------------


def _peaks(claims: Sequence[Claim]) -> list[Finding]:
    peaks = [claim for claim in claims if claim.qualifier == "peak" and not claim.excluded]
    if not peaks:
        return []
    findings = []
    series = [line for line in totals(claims) if len(line) > 1]
    for peak in peaks:
        known = [[item for item in line if item.published <= peak.published] for line in series]
        rivals = [rival for line in known for rival in _rivals(peak, line)]
        if not rivals:
            continue
        rate, start, end, own = max(rivals)
        findings.append(
            _contradicted(
                peak,
                "peak-contradicted",
                f"{peak.source} calls {peak.window} a peak, and its own series has "
                f"{rate:,.0f} a day from {start} to {end} against {own:,.0f} a day "
                f"({len(rivals)} such windows are higher).",
                "a rank statement is about the whole war: check that this is meant",
                [],
            )
        )
    return findings


def _rivals(peak: Claim, line: Sequence[Claim]) -> list[tuple[float, date, date, float]]:
    """Return windows of a peak's kind in which the series rose faster.

    A calendar month is compared with calendar months, any other window with those before and
    after it that follow one another without overlap: sliding windows would nearly always beat it.
    """
    day = timedelta(days=1)
    level = {line[0].start - day: 0.0}
    level.update((claim.end, claim.value or 0.0) for claim in line)
    before = peak.start - day
    if before not in level or peak.end not in level:
        return []
    own = (level[peak.end] - level[before]) / peak.window.days
    found = []
    for start, end in _windows_like(peak, line[0].start, line[-1].end):
        if start - day in level and end in level and start != peak.start:
            rate = (level[end] - level[start - day]) / ((end - start).days + 1)
            if rate > own:
                found.append((rate, start, end, own))
    return found


def _windows_like(peak: Claim, first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the windows between two days that a peak can be compared with, itself among them."""
    one_day = timedelta(days=1)
    if peak.start.day == 1 and peak.end == _month_end(peak.start):
        # Whole months only: five days of a war's first month are no month.
        start = first if first.day == 1 else _month_end(first) + one_day
        while start <= last:
            yield start, _month_end(start)
            start = _month_end(start) + one_day
        return
    days = peak.window.days
    start = peak.start - timedelta(days=(peak.start - first).days // days * days)
    while start <= last:
        yield start, start + timedelta(days=days - 1)
        start += timedelta(days=days)


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _contradicted(
    claim: Claim, rule: str, message: str, fix: str, others: Sequence[str]
) -> Finding:
    ids = tuple(dict.fromkeys([claim.claim_id, *others]))
    return Finding(
        "warn",
        rule,
        message,
        fix,
        row=claim.row,
        claim_id=claim.claim_id,
        column="qualifier",
        claim_ids=ids,
    )
