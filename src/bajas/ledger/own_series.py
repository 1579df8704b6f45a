"""A source's own series: what it reported between one statement and the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from bajas.claims.claim import Claim


@dataclass(frozen=True, slots=True)
class Increment:
    """Losses that a source reported for some days: a figure, or the difference of two totals."""

    start: date
    end: date
    losses: float
    claim_ids: tuple[str, ...]

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days + 1

    @property
    def per_day(self) -> float:
        """Mean per day."""
        return self.losses / self.days


def is_point(claim: Claim) -> bool:
    """Return whether a claim states one figure, not a bound, a range or a rank."""
    return claim.qualifier in ("exact", "about") and claim.value is not None


def totals(claims: Iterable[Claim]) -> list[list[Claim]]:
    """Return running totals: point claims that start on one day, by end, one list per start day.

    Of several figures for one window the last to be published counts.
    """
    by_start: dict[date, dict[date, Claim]] = defaultdict(dict)
    for claim in sorted(claims, key=lambda claim: (claim.published, claim.claim_id)):
        if is_point(claim) and not claim.per_day:
            by_start[claim.start][claim.end] = claim
    return [[series[end] for end in sorted(series)] for _, series in sorted(by_start.items())]


def increments(claims: Iterable[Claim]) -> list[Increment]:
    """Return what a stream says about single stretches of days, by time.

    Parameters
    ----------
    claims : iterable of Claim
        The claims of one stream.

    Returns
    -------
    list of Increment
        One for the first total of each start day (also for a figure that stands alone) and one
        for each difference of successive totals. Falling totals give negative losses.
    """
    found = []
    for series in totals(claims):
        before: Claim | None = None
        for claim in series:
            value = claim.value or 0.0
            if before is None:
                found.append(Increment(claim.start, claim.end, value, (claim.claim_id,)))
            else:
                start = before.end + timedelta(days=1)
                ids = (before.claim_id, claim.claim_id)
                found.append(Increment(start, claim.end, value - (before.value or 0.0), ids))
            before = claim
    return sorted(found, key=lambda item: (item.start, item.end, item.claim_ids))
