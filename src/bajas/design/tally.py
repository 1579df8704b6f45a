"""Tallies become increments: what a running total adds between its publications.

Successive totals of one source share their history, so they are not independent measurements.
Every statement of a tally (a total, a month, a week) says how much a running count C grew between
two days: C(end) - C(start) = value. Seen as the edges of a graph over days, the statements that
close a loop say nothing new; those of a spanning forest are equivalent to the increments between
neighbouring days of each connected part. Increments that aren't positive (a frozen or corrected
series) are merged with the next until they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a tally: the count grew by ``value`` over days ``start`` to ``stop - 1``."""

    claim_id: str
    start: int
    stop: int
    value: float
    published: date


@dataclass(frozen=True, slots=True)
class Increment:
    """What a tally adds over days ``start`` to ``stop - 1``, from the statements that say so."""

    start: int
    stop: int
    value: float
    claim_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """A record of neighbouring increments that were joined, or of a statement that adds nothing."""

    claim_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The increments of one tally, the merges made, and the statements that add nothing."""

    increments: tuple[Increment, ...]
    merges: tuple[Merge, ...]
    redundant: dict[str, str]


def increments(statements: Sequence[Statement]) -> Tally:
    """Return the increments that a tally's statements are equivalent to.

    Parameters
    ----------
    statements : sequence of Statement
        Windows may nest, overlap, repeat or leave gaps. Where statements contradict each other
        the one that was published last counts.

    Examples
    --------
    >>> from datetime import date
    >>> first = Statement("a", 0, 10, 100.0, date(2022, 3, 6))
    >>> second = Statement("b", 0, 20, 160.0, date(2022, 3, 16))
    >>> [(item.start, item.stop, item.value) for item in increments([first, second]).increments]
    [(0, 10, 100.0), (10, 20, 60.0)]
    """
    ordered = sorted(statements, key=lambda s: (-s.published.toordinal(), s.claim_id))
    parent: dict[int, int] = {}
    offset: dict[int, float] = {}  # count at a day minus count at its parent day

    def find(day: int) -> tuple[int, float]:
        total = 0.0
        while parent[day] != day:
            total += offset[day]
            day = parent[day]
        return day, total

    used: list[Statement] = []
    redundant: dict[str, str] = {}
    for statement in ordered:
        for day in (statement.start, statement.stop):
            parent.setdefault(day, day)
            offset.setdefault(day, 0.0)
        (root_start, at_start), (root_stop, at_stop) = (
            find(statement.start),
            find(statement.stop),
        )
        if root_start == root_stop:
            implied = at_stop - at_start
            redundant[statement.claim_id] = (
                f"its tally's other figures already say {implied:,.0f} for these days"
                + ("" if implied == statement.value else f", not {statement.value:,.0f}")
            )
            continue
        parent[root_stop] = root_start
        offset[root_stop] = statement.value + at_start - at_stop
        used.append(statement)

    towards_root = _rooted(used)
    parts: dict[int, list[tuple[int, float]]] = {}
    for day in sorted(parent):
        root, count = find(day)
        parts.setdefault(root, []).append((day, count))
    found: list[Increment] = []
    merges: list[Merge] = []
    for nodes in sorted(parts.values()):
        raw = [
            Increment(start, stop, after - before, _behind(towards_root, start, stop))
            for (start, before), (stop, after) in pairwise(nodes)
        ]
        merged, records = _merge(raw)
        found.extend(merged)
        merges.extend(records)
    return Tally(tuple(found), tuple(merges), redundant)


def _rooted(used: Sequence[Statement]) -> dict[int, tuple[int, int, str]]:
    """Return of each day its depth in the spanning forest, and the next day and id rootwards."""
    near: dict[int, list[tuple[int, str]]] = {}
    for statement in used:
        near.setdefault(statement.start, []).append((statement.stop, statement.claim_id))
        near.setdefault(statement.stop, []).append((statement.start, statement.claim_id))
    found: dict[int, tuple[int, int, str]] = {}
    for root in near:
        if root in found:
            continue
        found[root] = (0, root, "")
        queue = [root]
        for day in queue:
            for there, claim_id in near[day]:
                if there not in found:
                    found[there] = (found[day][0] + 1, day, claim_id)
                    queue.append(there)
    return found


def _behind(
    towards_root: dict[int, tuple[int, int, str]], start: int, stop: int
) -> tuple[str, ...]:
    """Return the ids of the statements whose sums and differences give an increment.

    They are the edges of the only path between its two days in the spanning forest.
    """
    there: list[str] = []
    back: list[str] = []
    while start != stop:
        if towards_root[start][0] >= towards_root[stop][0]:
            _, start, claim_id = towards_root[start]
            there.append(claim_id)
        else:
            _, stop, claim_id = towards_root[stop]
            back.append(claim_id)
    return (*there, *reversed(back))


def _merge(raw: Sequence[Increment]) -> tuple[list[Increment], list[Merge]]:
    merged: list[Increment] = []
    records: list[Merge] = []
    pending: Increment | None = None
    for item in raw:
        current = item if pending is None else _join(pending, item)
        if current.value > 0:
            merged.append(current)
            pending = None
        else:
            pending = current
            records.append(
                Merge(item.claim_ids, "the total stood still or fell: merged with the next")
            )
    while pending is not None and merged:  # a series that ends frozen goes with what came before
        records.append(
            Merge(pending.claim_ids, "the total ends standing still or falling: merged with before")
        )
        joined = _join(merged.pop(), pending)
        if joined.value > 0:
            merged.append(joined)
            pending = None
        else:
            pending = joined
    return merged, records


def _join(first: Increment, second: Increment) -> Increment:
    return Increment(
        first.start,
        second.stop,
        first.value + second.value,
        tuple(dict.fromkeys((*first.claim_ids, *second.claim_ids))),
    )
