"""Ledgers of invented wars: who says something about what, when and in which form.

Only the design matters. The figures in them are of the right size and no more; simulation replaces
every one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Literal

import pandas as pd

from bajas.claims.taxonomy import Taxonomy
from bajas.ledger.ledger import Ledger
from bajas.ledger.read import read_claims

#: How often a tally is published.
Every = Literal["day", "week", "month"]

_FIRST = date(2023, 1, 1)
#: Of a war, where a design doesn't say otherwise.
DAYS = 240
_EVERY: dict[Every, int] = {"day": 1, "week": 7, "month": 30}


def day(index: int) -> str:
    """Return the ISO date of a day of the simulated war."""
    return (_FIRST + timedelta(days=index)).isoformat()


@cache
def one_side(
    every: Every = "month",
    paper: bool = False,
    counts: tuple[int, ...] = (149, 239),
    days: int = DAYS,
) -> Ledger:
    """Return a ledger on the losses of one side, of five sources.

    The enemy's staff keeps a tally, an institute estimates killed and casualties three times, an
    ally of the enemy gives ranges, the side itself speaks twice, and a newspaper lists names.

    Parameters
    ----------
    every : {"day", "week", "month"}
        How often the tally is published.
    paper : bool
        Whether there is a newspaper too that gives a total each month, its own as it says.
    counts : tuple of int
        Last days (positions) of the counts of the list of names, in a war of 240 days.
    days : int
        Of the war; all but the tally and the newspaper is spread over it in proportion.
    """
    staff = _voice("staff", "belligerent", "Y", kind="tally")
    institute = _voice("institute", "think_tank", "neutral", kind="assessment", qualifier="about")
    ally = _voice("ally", "ally", "Y", kind="assessment", qualifier="range", value="")
    own = _voice("ministry", "belligerent", "X", kind="assessment")
    names = _voice(
        "newspaper", "media_investigation", "neutral", kind="register", evidence="list",
        qualifier="at_least",
    )  # fmt: skip

    def at(position: int) -> int:
        return (position + 1) * days // DAYS - 1

    rows = _tally("t", 100, _EVERY[every], days, staff)
    for last in map(at, (89, 169, 239)):
        rows.append(_row(f"i{last:03}", 0, last, 100 * (last + 1), institute))
        rows.append(
            {**_row(f"j{last:03}", 0, last, 400 * (last + 1), institute), "outcome": "casualties"}
        )
    for first, last in ((0, at(119)), (at(119) + 1, at(239))):
        low, high = str(60 * (last - first + 1)), str(150 * (last - first + 1))
        rows.append(
            {**_row(f"a{last:03}", first, last, 0, ally), "low": low, "high": high, "value": ""}
        )
        rows.append(_row(f"m{last:03}", first, last, 50 * (last - first + 1), own))
    rows += [_row(f"n{last:03}", 0, last, 12 * (last + 1), names) for last in map(at, counts)]
    if paper:
        press = _voice("paper", "media_investigation", "neutral", kind="tally")
        rows += [
            _row(f"p{last:03}", 0, last, 100 * (last + 1), press) for last in range(29, days, 30)
        ]
    return _read(rows)


def published_every(ledger: Ledger, source: str, days: int) -> Ledger:
    """Return a ledger as if a tally had been published every so many days, and at its end.

    Parameters
    ----------
    ledger : Ledger
        With a tally of totals from one first day.
    source : str
        Whose tally.
    days : int
        Totals are kept whose window is a multiple of it.

    Examples
    --------
    >>> len(published_every(one_side("day"), "staff", 30)) == len(one_side("month"))
    True
    """
    last = max(claim.end for claim in ledger if claim.source == source)
    kept = tuple(
        claim
        for claim in ledger
        if claim.source != source or claim.window.days % days == 0 or claim.end == last
    )
    return replace(ledger, claims=kept)


def _voice(source: str, source_type: str, speaks_for: str, **more: str) -> dict[str, str]:
    return {
        "source": source, "source_type": source_type, "speaks_for": speaks_for,
        "qualifier": "exact", **more,
    }  # fmt: skip


def _row(name: str, first: int, last: int, value: int, voice: Mapping[str, str]) -> dict[str, str]:
    return {
        "claim_id": name, "side": "X", "component": "all", "outcome": "killed",
        "start": day(first), "end": day(last), "published": day(last + 1), "value": str(value),
        "url": f"https://example.org/{name}", **voice,
    }  # fmt: skip


def _tally(
    prefix: str, per_day: int, step: int, days: int, voice: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return totals every so many days, and at the end."""
    lasts = sorted({*range(step - 1, days, step), days - 1})
    return [_row(f"{prefix}{last:03}", 0, last, per_day * (last + 1), voice) for last in lasts]


def _read(rows: list[dict[str, str]], taxonomy: Taxonomy | None = None) -> Ledger:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pd.DataFrame([{name: row.get(name, "") for name in columns} for row in rows])
    return read_claims(table, taxonomy=taxonomy)
