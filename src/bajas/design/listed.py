"""How a list's counts are read: as additions that grow with the time since the losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bajas.claims.claim import Claim, Window
from bajas.design.calendar import Calendar
from bajas.design.observation import ListState, Observation
from bajas.design.register import ListCount, additions

#: How counts of lists bear on the truth: as incomplete counts that grow, or as lower bounds.
RegisterReading = Literal["completeness", "bound"]


def read_list(
    claims: Sequence[Claim],
    position: int,
    indices: tuple[int, ...],
    calendar: Calendar,
    what: str,
    unused: dict[str, str],
) -> list[Observation]:
    """Return the observations of the plain counts of one list.

    Counts with a range, per day, of one theatre, or whose names are mixed up with those of other
    counts are passed over; they are bounds.

    Parameters
    ----------
    claims : sequence of Claim
        Of one register stream, in strata that exist.
    position : int
        The stream's position in the design's streams.
    indices : tuple of int
        The strata that it counts.
    calendar : Calendar
        Days of the war.
    what : str
        What is counted and by whom, in words.
    unused : dict of str to str
        Noted here: counts that say nothing beside the others of their list.
    """
    counts: dict[str, ListCount] = {}
    windows: dict[str, Window] = {}
    by_id = {claim.claim_id: claim for claim in claims}
    for claim in claims:
        window = calendar.clip(claim.window)
        if window is None or not _plain(claim):
            continue
        windows[claim.claim_id] = window
        counts[claim.claim_id] = ListCount(
            claim.claim_id,
            calendar.index(window.start),
            calendar.index(window.end) + 1,
            calendar.index(claim.published),
            float(claim.value or 0.0),
        )
    found = additions(list(counts.values()))
    unused.update(found.redundant)
    rows = []
    for item in found.additions:
        name = item.count.claim_id
        window, counted = windows[name], by_id[name].published
        before = tuple(
            ListState(windows[c.claim_id], by_id[c.claim_id].published) for c in item.before
        )
        new = "on a growing list" if not before else "new on a growing list"
        since = (
            f" that were not on it on {max(state.counted for state in before)}" if before else ""
        )
        rows.append(
            Observation(
                name=name,
                claim_ids=item.claim_ids,
                stream=position,
                window=window,
                form="point",
                value=item.value,
                log_sd=0.0,
                strata=indices,
                biased=False,
                meaning=(
                    f"{item.value:,.0f} {new} counted on {counted}{since}, incomplete, of losses"
                    f" {window}, for {what}"
                ),
                counted=counted,
                before=before,
                listed=item.count.value,
            )
        )
    return rows


def _plain(claim: Claim) -> bool:
    """Return whether a claim is a plain count of names."""
    return (
        claim.qualifier in ("exact", "about", "at_least")
        and claim.value is not None
        and claim.value > 0
        and claim.low is None
        and claim.high is None
        and not claim.per_day
        and not claim.theatre
    )
