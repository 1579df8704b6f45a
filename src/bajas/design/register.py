"""Counts of a growing list become additions: the names that are new since the count before.

Successive counts of one list share their names, so they are not independent measurements, as
successive totals of a tally aren't. What is new between two counts is: losses that happened since,
and earlier ones of which the list has only now come to know. A count is therefore taken together
with the latest counts about days within its own, which it contains. A count that stands still or
falls is left to the next. A count about days that overlap those of an earlier one without
containing them shares names with it that can't be told: it remains a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListCount:
    """Names on a list when it was counted on day ``published``, of days ``start`` to ``stop - 1``.

    Days are positions in the calendar.
    """

    claim_id: str
    start: int
    stop: int
    published: int
    value: float


@dataclass(frozen=True, slots=True)
class Addition:
    """Names that a count has and the counts ``before`` it, about days within its own, had not."""

    count: ListCount
    before: tuple[ListCount, ...]

    @property
    def value(self) -> float:
        """Number of names added."""
        return self.count.value - sum(count.value for count in self.before)

    @property
    def claim_ids(self) -> tuple[str, ...]:
        """The claims behind it."""
        return (*(count.claim_id for count in self.before), self.count.claim_id)


@dataclass(frozen=True, slots=True)
class Additions:
    """The additions of one list, and the counts that make none, with the reason."""

    additions: tuple[Addition, ...]
    redundant: dict[str, str]
    overlapping: dict[str, str]


def additions(counts: Sequence[ListCount]) -> Additions:
    """Return what each count of a list adds to the counts before it.

    Parameters
    ----------
    counts : sequence of ListCount
        All positive; in any order.

    Returns
    -------
    Additions
        All with positive values; no two of them share a name.

    Examples
    --------
    >>> first = ListCount("a", 0, 100, 100, 400.0)
    >>> second = ListCount("b", 0, 130, 130, 700.0)
    >>> [(item.value, item.claim_ids) for item in additions([second, first]).additions]
    [(400.0, ('a',)), (300.0, ('a', 'b'))]
    """
    ordered = sorted(counts, key=lambda c: (c.published, c.stop - c.start, c.claim_id))
    made: dict[str, Addition] = {}
    latest: list[ListCount] = []  # about days that have nothing in common
    waiting: dict[str, ListCount] = {}  # by the count that it doesn't exceed
    redundant: dict[str, str] = {}
    overlapping: dict[str, str] = {}
    for count in ordered:
        shared = [c for c in latest if c.start < count.stop and count.start < c.stop]
        inside = [c for c in shared if count.start <= c.start and c.stop <= count.stop]
        if len(inside) < len(shared):
            other = next(c for c in shared if c not in inside)
            overlapping[count.claim_id] = (
                f"its days and those of the earlier count {other.claim_id} overlap"
            )
            continue
        same = [c for c in inside if (c.start, c.stop, c.published) == (
            count.start, count.stop, count.published)]  # fmt: skip
        if same:
            redundant[count.claim_id] = (
                f"its list was counted that day already ({same[0].claim_id}: {same[0].value:,.0f})"
            )
            continue
        found = Addition(count, tuple(inside))
        if found.value <= 0:
            for item in inside[-1:]:
                if item.claim_id in waiting:
                    redundant[waiting[item.claim_id].claim_id] = _STILL
                waiting[item.claim_id] = count
            continue
        for item in inside:
            if item.claim_id in waiting:
                redundant[waiting.pop(item.claim_id).claim_id] = _STILL
        made[count.claim_id] = found
        latest = [c for c in latest if c not in inside] + [count]
    for head, count in waiting.items():  # a list that ends on a lower count: the last one holds
        redundant[head] = "its list was corrected to a lower count afterwards"
        before = made.pop(head).before
        while count.value <= sum(c.value for c in before):
            for c in before:
                redundant[c.claim_id] = redundant[head]
            before = tuple(c for b in before for c in made.pop(b.claim_id).before)
        made[count.claim_id] = Addition(count, before)
    return Additions(tuple(made.values()), redundant, overlapping)


_STILL = "its list stood still or fell: what is new is read from the next count"
