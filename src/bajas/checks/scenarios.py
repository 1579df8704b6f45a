"""Scenarios of simulated claims: the evidence's design, the model that made it, the model fitted.

A scenario is data. To add one: a function that returns a ledger (only its design matters, not its
figures), a specification, and an entry in :data:`SCENARIOS`; and for one in which the fitted model
is wrong, what happens to the figures that it doesn't know of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, partial
from typing import Literal

import numpy as np
import pandas as pd

from bajas.checks.simulation import Distortion
from bajas.design.design import Design
from bajas.errors import BajasError
from bajas.ledger.ledger import Ledger
from bajas.ledger.read import read_claims
from bajas.model.bias import hindsight, symmetric
from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior
from bajas.model.specification import IntensityPrior, Specification

#: How often a tally is published.
Every = Literal["day", "week", "month"]

_FIRST = date(2023, 1, 1)
_DAYS = 240
_EVERY: dict[Every, int] = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True)
class Target:
    """A number whose interval is checked: a total, a ratio of two, or a source's bias.

    Parameters
    ----------
    label : str
        In a table.
    outcome, since, until : str
        A total of side X; empty days are those of the whole war.
    over : str
        Outcome of the denominator, if it is a ratio.
    bias_of : str
        A source, if it is log(reported / true) of its figures of the outcome.
    """

    label: str
    outcome: str = "killed"
    since: str = ""
    until: str = ""
    over: str = ""
    bias_of: str = ""


@dataclass(frozen=True)
class Scenario:
    """Simulated claims, and the model that is fitted to them.

    Parameters
    ----------
    about : str
        What is simulated, in a sentence.
    ledger : callable
        Returns the ledger whose design is used.
    fitted : Specification
        Of the fits.
    generating : Specification, optional
        Of the simulation, if it is another.
    distort : callable, optional
        What happens to the figures that the fitted model doesn't know of.
    """

    about: str
    ledger: Callable[[], Ledger]
    fitted: Specification
    generating: Specification | None = None
    distort: Distortion | None = None

    @property
    def calibrated(self) -> bool:
        """Whether the fitted model is the one that made the claims."""
        return self.distort is None and self.generating in (None, self.fitted)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is checked."""
        return TARGETS


def day(index: int) -> str:
    """Return the ISO date of a day of the simulated war."""
    return (_FIRST + timedelta(days=index)).isoformat()


#: Three windows, a ratio, a bias.
TARGETS = (
    Target("killed, first 80 days", until=day(79)),
    Target("killed, last 80 days", since=day(160)),
    Target("killed, all 240 days"),
    Target("casualties per killed", "casualties", over="killed"),
    Target("bias of the enemy's tally", bias_of="staff"),
)

#: A state of belief with levels within a factor of four of a hundred a day.
#: Lists are bounds and biases stand still, but where a scenario says otherwise.
BELIEFS = Specification(
    bias=symmetric(0.5),
    intensity=IntensityPrior(level_centre=4.6, level_sd=0.7),
    registers=RegisterPrior(reading="bound"),
    drift=DriftPrior(on="none"),
)


@cache
def one_side(
    every: Every = "month", paper: bool = False, counts: tuple[int, ...] = (149, 239)
) -> Ledger:
    """Return a ledger on the losses of one side over 240 days, of five sources.

    The enemy's staff keeps a tally, an institute estimates killed and casualties three times, an
    ally of the enemy gives ranges, the side itself speaks twice, and a newspaper lists names.

    Parameters
    ----------
    every : {"day", "week", "month"}
        How often the tally is published.
    paper : bool
        Whether there is a newspaper too that gives a total each month, its own as it says.
    counts : tuple of int
        Last days (positions) of the counts of the list of names.
    """
    staff = _voice("staff", "belligerent", "Y", kind="tally")
    institute = _voice("institute", "think_tank", "neutral", kind="assessment", qualifier="about")
    ally = _voice("ally", "ally", "Y", kind="assessment", qualifier="range", value="")
    own = _voice("ministry", "belligerent", "X", kind="assessment")
    names = _voice(
        "newspaper", "media_investigation", "neutral", kind="register", evidence="list",
        qualifier="at_least",
    )  # fmt: skip
    step = _EVERY[every]
    rows = [
        _row(f"t{last:03}", 0, last, 100 * (last + 1), staff)
        for last in range(step - 1, _DAYS, step)
    ]
    if (_DAYS - 1 - (step - 1)) % step:
        rows.append(_row(f"t{_DAYS - 1:03}", 0, _DAYS - 1, 100 * _DAYS, staff))
    for last in (89, 169, 239):
        rows.append(_row(f"i{last:03}", 0, last, 100 * (last + 1), institute))
        rows.append(
            {**_row(f"j{last:03}", 0, last, 400 * (last + 1), institute), "outcome": "casualties"}
        )
    for first, last in ((0, 119), (120, 239)):
        low, high = str(60 * (last - first + 1)), str(150 * (last - first + 1))
        rows.append(
            {**_row(f"a{last:03}", first, last, 0, ally), "low": low, "high": high, "value": ""}
        )
        rows.append(_row(f"m{last:03}", first, last, 50 * (last - first + 1), own))
    rows += [_row(f"n{last:03}", 0, last, 12 * (last + 1), names) for last in counts]
    if paper:
        press = _voice("paper", "media_investigation", "neutral", kind="tally")
        rows += [
            _row(f"p{last:03}", 0, last, 100 * (last + 1), press) for last in range(29, _DAYS, 30)
        ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return read_claims(pd.DataFrame([{n: row.get(n, "") for n in columns} for row in rows]))


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


# -- what the fitted model doesn't know of -----------------------------------------------------


def copied(
    origin: str, copy: str, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let one source print another's figures of the same windows, rounded to the nearest ten."""
    found = figures.copy()
    rows = {
        (o.window, design.streams[o.stream].outcome): row
        for row, o in enumerate(design.observations)
        if design.streams[o.stream].source == origin
    }
    for row, observation in enumerate(design.observations):
        stream = design.streams[observation.stream]
        if stream.source == copy:
            found[row] = max(10.0, round(figures[rows[observation.window, stream.outcome]], -1))
    return found


def drifting(
    source: str, sd: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let the bias of a source wander: a random walk from 0, of this sd in a quarter of a year."""
    days = design.calendar.days
    walk = np.cumsum(rng.standard_normal(days)) * sd / np.sqrt(91.0)
    found = figures.copy()
    for row, observation in enumerate(design.observations):
        if design.streams[observation.stream].source == source:
            first, last = (design.calendar.index(d) for d in (observation.window.start,
                                                              observation.window.end))  # fmt: skip
            found[row] *= np.exp(walk[first : last + 1].mean())
    return found


def gross_errors(
    share: float, sd: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let a share of all figures have an error of this sd on the log scale besides their own."""
    hit = rng.random(figures.size) < share
    hit &= np.array([o.form == "point" for o in design.observations])
    return np.asarray(figures * np.exp(hit * sd * rng.standard_normal(figures.size)))


def all_alike(
    factor: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let every source exaggerate by one factor besides its own bias."""
    points = np.array([o.form == "point" for o in design.observations])
    return np.where(points, factor * figures, figures)


def other_definition(
    source: str, factor: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let a source's ``killed`` be killed and wounded: its figures are this factor larger."""
    hit = np.array(
        [
            design.streams[o.stream].source == source
            and design.streams[o.stream].outcome == "killed"
            for o in design.observations
        ]
    )
    return np.where(hit, factor * figures, figures)


#: Every scenario by name; those in which the fitted model is right come first.
SCENARIOS: dict[str, Scenario] = {
    "baseline": Scenario(
        "five sources on one side over 240 days, a tally each month", one_side, BELIEFS
    ),
    "weekly tally": Scenario("the same, the tally each week", partial(one_side, "week"), BELIEFS),
    "daily tally": Scenario("the same, the tally each day", partial(one_side, "day"), BELIEFS),
    "hindsight": Scenario(
        "baseline with biases from the hindsight prior, which is skewed and heavy-tailed",
        one_side,
        BELIEFS.with_bias(hindsight()),
    ),
    "growing list": Scenario(
        "baseline with the newspaper's list read with its completeness, counted eight times",
        partial(one_side, counts=tuple(range(29, _DAYS, 30))),
        replace(BELIEFS, registers=RegisterPrior()),
    ),
    "drift": Scenario(
        "baseline; the bias of the tally drifts, and the model knows that it may",
        one_side,
        replace(BELIEFS, drift=DriftPrior()),
    ),
    "undeclared copy": Scenario(
        "baseline and a newspaper whose monthly figures are the tally's, rounded to ten; taken for"
        " a source of its own",
        partial(one_side, paper=True),
        BELIEFS,
        distort=partial(copied, "staff", "paper"),
    ),
    "undeclared drift": Scenario(
        "baseline; the bias of the tally wanders with an sd of 0.2 in a quarter of a year",
        one_side,
        BELIEFS,
        distort=partial(drifting, "staff", 0.2),
    ),
    "gross errors": Scenario(
        "baseline; one figure in ten has an error of sd 1 on the log scale besides its own",
        one_side,
        BELIEFS,
        distort=partial(gross_errors, 0.1, 1.0),
    ),
    "all biased alike": Scenario(
        "baseline; every source exaggerates by 1.65 besides its own bias",
        one_side,
        BELIEFS,
        distort=partial(all_alike, 1.65),
    ),
    "wrong definition": Scenario(
        "baseline; the killed of the institute are killed and wounded, four times as many",
        one_side,
        BELIEFS,
        distort=partial(other_definition, "institute", 4.0),
    ),
}


def scenario(name: str) -> Scenario:
    """Return a scenario by name.

    Raises
    ------
    BajasError
        If there is none of that name; lists those there are.
    """
    try:
        return SCENARIOS[name]
    except KeyError:
        raise BajasError(f"no scenario {name!r}; known: {', '.join(SCENARIOS)}") from None
