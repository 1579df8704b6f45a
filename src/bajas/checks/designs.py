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

import numpy as np
import pandas as pd

from bajas.claims.taxonomy import Component, SideTaxonomy, Taxonomy
from bajas.ledger.ledger import Ledger
from bajas.ledger.read import read_claims
from bajas.model.covariates import Covariates

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


@cache
def several_kinds() -> Ledger:
    """Return a ledger of six sources whose evidence is of all four kinds, some of two.

    The staff asserts a monthly tally; the institute has a statistical estimate of the killed and
    an assessment of the casualties; the enemy's agency assesses; the side itself asserts once and
    assesses once, so that its stream is of no one kind; an observer's list is complete as far as it
    goes; an ally of the enemy doesn't say how it knows.
    """
    staff = _voice("staff", "belligerent", "Y", kind="tally", evidence="assertion")
    agency = _voice("agency", "belligerent", "Y", kind="assessment", evidence="assessment")
    institute = _voice("institute", "think_tank", "neutral", kind="assessment")
    own = _voice("ministry", "belligerent", "X", kind="assessment")
    observer = _voice("observer", "international", "neutral", kind="assessment", evidence="list")
    ally = _voice("ally", "ally", "Y", kind="assessment", qualifier="about")
    rows = _tally("t", 100, 30, DAYS, staff)
    for last in (119, 239):
        rows.append(_row(f"g{last:03}", last - 119, last, 12000, agency))
        rows.append(
            {**_row(f"i{last:03}", 0, last, 100 * last, institute), "evidence": "statistical"}
        )
        rows.append(
            {**_row(f"j{last:03}", 0, last, 400 * last, institute), "evidence": "assessment",
             "outcome": "casualties"}
        )  # fmt: skip
        evidence = "assertion" if last == 119 else "assessment"
        rows.append({**_row(f"m{last:03}", last - 119, last, 6000, own), "evidence": evidence})
        rows.append(_row(f"o{last:03}", last - 119, last, 11000, observer))
    rows.append(_row("a239", 0, 239, 24000, ally))
    return _read(rows)


@cache
def ambiguous() -> Ledger:
    """Return a ledger with a weekly tally of killed or of casualties, over 56 days.

    Others speak of the killed (the institute, the side itself) and of casualties (the institute),
    so that the claims settle the definition in some wars and not in others.
    """
    staff = _voice("staff", "belligerent", "Y", kind="tally")
    institute = _voice("institute", "think_tank", "neutral", kind="assessment", qualifier="about")
    own = _voice("ministry", "belligerent", "X", kind="assessment")
    rows = [{**row, "outcome": "killed|casualties"} for row in _tally("t", 200, 7, 56, staff)]
    rows.append(_row("i055", 0, 55, 5600, institute))
    rows.append({**_row("j055", 0, 55, 22400, institute), "outcome": "casualties"})
    rows.append(_row("m055", 0, 55, 3000, own))
    return _read(rows)


@cache
def two_forces() -> Ledger:
    """Return a ledger on a side with an army and a militia that exists from day 20 to day 99.

    Over 120 days. The enemy's monthly tally counts both, the institute both and the militia, the
    side itself all but the militia, an ally of the enemy the militia in two halves.
    """
    first, last = 20, 99
    staff = _voice("staff", "belligerent", "Y", kind="tally")
    institute = _voice("institute", "think_tank", "neutral", kind="assessment", qualifier="about")
    own = _voice("ministry", "belligerent", "X", kind="assessment")
    ally = _voice("ally", "ally", "Y", kind="assessment", qualifier="about")
    rows = _tally("t", 130, 30, 120, staff)
    militia = {"component": "militia"}
    for end in (59, 119):
        rows.append(_row(f"i{end:03}", 0, end, 130 * (end + 1), institute))
        rows.append({**_row(f"m{end:03}", end - 59, end, 6000, own), "component": "all-militia"})
    for end in (59, last):
        rows.append({**_row(f"j{end:03}", first, end, 40 * (end - 19), institute), **militia})
        rows.append({**_row(f"a{end:03}", end - 39, end, 1600, ally), **militia})
    side = SideTaxonomy(
        {
            "army": Component(),
            "militia": Component(_FIRST + timedelta(days=first), _FIRST + timedelta(days=last)),
        }
    )
    return _read(rows, replace(Taxonomy.default(), sides={"X": side}))


@cache
def monthly_ratio() -> Ledger:
    """Return a ledger in which an institute gives killed and casualties of each month apart."""
    staff = _voice("staff", "belligerent", "Y", kind="tally")
    institute = _voice("institute", "think_tank", "neutral", kind="assessment", qualifier="about")
    own = _voice("ministry", "belligerent", "X", kind="assessment")
    rows = _tally("t", 100, 30, DAYS, staff)
    for last in range(29, DAYS, 30):
        rows.append(_row(f"i{last:03}", last - 29, last, 3000, institute))
        rows.append(
            {**_row(f"j{last:03}", last - 29, last, 12000, institute), "outcome": "casualties"}
        )
    rows.append(_row("m239", 0, 239, 12000, own))
    return _read(rows)


@cache
def people_and_tanks() -> Ledger:
    """Return a ledger of 120 days: killed every ten days, tanks in the first and the last month."""
    staff = _voice("staff", "belligerent", "Y", kind="tally")
    institute = _voice("institute", "think_tank", "neutral", kind="assessment", qualifier="about")
    tank = {"outcome": "tank", "kind": "assessment"}
    rows = _tally("t", 100, 10, 120, staff)
    rows += [
        {**_row(f"k{last:03}", last - 9, last, 30, staff), **tank}
        for last in (9, 19, 29, 99, 109, 119)
    ]
    rows.append(_row("i119", 0, 119, 12000, institute))
    rows.append({**_row("j119", 0, 119, 360, institute), **tank})
    return _read(rows)


def swinging() -> Covariates:
    """Return a series over 120 days that swings in 40 days, about a trend."""
    days = np.arange(120)
    series = np.sin(2 * np.pi * days / 40) + days / 120
    return Covariates(_FIRST, {"X front": tuple(float(value) for value in series.round(3))})


@cache
def two_sides() -> Ledger:
    """Return a ledger on the losses of two sides over 120 days, by the same sources.

    Each side's staff keeps a tally of the other's losses and speaks of its own; an institute gives
    killed and casualties of both.
    """
    rows = []
    for side, enemy in (("X", "Y"), ("Y", "X")):
        staff = _voice(f"staff of {enemy}", "belligerent", enemy, kind="tally")
        own = _voice(f"staff of {side}", "belligerent", side, kind="assessment")
        institute = _voice("institute", "think_tank", "neutral", kind="assessment")
        about = {"side": side}
        rows += [{**row, **about} for row in _tally(f"{side}t", 100, 30, 120, staff)]
        for last in (59, 119):
            rows.append(
                {**_row(f"{side}i{last:03}", 0, last, 100 * (last + 1), institute), **about}
            )
            rows.append(
                {**_row(f"{side}j{last:03}", 0, last, 400 * (last + 1), institute), **about,
                 "outcome": "casualties"}
            )  # fmt: skip
        rows.append({**_row(f"{side}m119", 0, 119, 8000, own), **about})
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
