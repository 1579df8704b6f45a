"""What is fitted for vintages: the ledger of each date, and what lies between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from bajas.ledger.ledger import Ledger
from bajas.model.specification import Specification


@dataclass(frozen=True)
class Step:
    """A fit: that of a date, or one between two dates.

    Parameters
    ----------
    name : str
        Of the fit.
    day : datetime.date
        The date that it leads to.
    part : str
        What changed from the step before: ``"revisions"``, ``"new claims"`` or ``"model"``; empty
        for the first date.
    ledger : Ledger
        The evidence.
    specification : Specification
        The model's choices.
    claim_ids : tuple of str
        The claims that came with it.
    final : bool
        Whether it is the fit of the date itself.
    """

    name: str
    day: date
    part: str
    ledger: Ledger
    specification: Specification
    claim_ids: tuple[str, ...]
    final: bool


def steps_between(
    ledger: Ledger, days: Sequence[date], specifications: Mapping[date, Specification]
) -> Iterator[Step]:
    """Go from date to date, one change at a time; a date without a change has no step."""
    known = ledger.as_of(days[0])
    yield Step(f"{days[0]}", days[0], "", known, specifications[days[0]], (), True)
    for earlier, later in pairwise(days):
        before, after = ledger.as_of(earlier), ledger.as_of(later)
        revised = revisions(before, after)
        added = {claim.claim_id for claim in after} - {claim.claim_id for claim in before}
        fresh = added - revised
        same = specifications[earlier] == specifications[later]
        parts: list[tuple[str, Ledger, Specification, set[str]]] = []
        old = specifications[earlier]
        if revised and fresh:
            held = tuple(claim for claim in after if claim.claim_id not in fresh)
            parts.append(("revisions", replace(after, claims=held), old, revised))
        if added:
            parts.append(("new claims" if fresh else "revisions", after, old, fresh or revised))
        if not same:
            parts.append(("model", after, specifications[later], set()))
        for position, (part, claims, specification, ids) in enumerate(parts):
            final = position == len(parts) - 1
            name = f"{later}" if final else f"{later} after {part}"
            yield Step(name, later, part, claims, specification, tuple(sorted(ids)), final)


def revisions(before: Ledger, after: Ledger) -> set[str]:
    """Return the claims of the later ledger that replace or restate one of the earlier.

    Parameters
    ----------
    before, after : Ledger
        What was known on two dates.

    Examples
    --------
    >>> import bajas
    >>> ledger = bajas.datasets.russia_ukraine_2023()
    >>> revisions(ledger.as_of("2023-07-01"), ledger.as_of("2023-08-07"))
    set()
    """
    known = {claim.claim_id for claim in before}
    figures = {
        (claim.stream, claim.start, claim.end, claim.theatre, claim.qualifier): (
            claim.value, claim.low, claim.high
        )
        for claim in before
    }  # fmt: skip
    found: set[str] = set()
    new = [claim for claim in after if claim.claim_id not in known]
    for claim in new:
        key = (claim.stream, claim.start, claim.end, claim.theatre, claim.qualifier)
        if key in figures and figures[key] != (claim.value, claim.low, claim.high):
            found.add(claim.claim_id)
    while True:  # a claim that replaces one that replaces one that was known
        more = {
            claim.claim_id
            for claim in new
            if claim.supersedes in known | found and claim.claim_id not in found
        }
        if not more:
            return found
        found |= more
