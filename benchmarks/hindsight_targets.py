"""What the hindsight benchmark is about: targets, the claims about them, and who made them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import bajas
from bajas.claims.claim import Claim
from bajas.ledger.hindsight_case import HindsightCase
from bajas.ledger.ledger import Ledger
from bajas.ledger.truth import Truth


@dataclass(frozen=True)
class Target:
    """A truth, and the claims made at the time on its very side, force, outcome and window.

    Claims made long after (``extra.late``) are left out: they were made when much was known.
    """

    case: HindsightCase
    truth: Truth

    @property
    def name(self) -> str:
        return self.truth.truth_id

    @property
    def graded(self) -> bool:
        """Whether the truth can be scored against: of a case and with a grade above C."""
        return self.case.grade != "C" and self.truth.grade != "C"

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """By day of publication; a peak is no figure."""
        found = (
            claim
            for claim in self.case.about(self.truth)
            if claim.window == self.truth.window and at_the_time(claim) and figure(claim)
        )
        return tuple(sorted(found, key=lambda claim: (claim.published, claim.claim_id)))

    @property
    def figures(self) -> tuple[float, ...]:
        return tuple(figure(claim) for claim in self.claims)

    @property
    def own(self) -> float | None:
        """The latest figure from those who speak for the side."""
        return self._latest("own")

    @property
    def enemy(self) -> float | None:
        """The latest figure from those who speak for another party."""
        return self._latest("enemy")

    def _latest(self, wanted: str) -> float | None:
        found = [figure(claim) for claim in self.claims if stance(claim) == wanted]
        return found[-1] if found else None

    def ledger(self, windows: str = "own", until: date | None = None) -> Ledger:
        """Return the claims as a ledger.

        Parameters
        ----------
        windows : {"own", "own, bounds as figures", "all"}
            Those on the truth's own window, as they are or with every bound read as the figure
            that it names; or those on all windows of the same losses.
        until : datetime.date, optional
            What was known on that day, late claims too; by default what was claimed at the time.
        """
        about = self.case.about(self.truth)
        kept = {
            claim.claim_id
            for claim in about
            if (windows == "all" or (claim.window == self.truth.window and figure(claim)))
            and (at_the_time(claim) if until is None else claim.published <= until)
        }
        claims = [claim for claim in about if claim.claim_id in kept]
        if windows.endswith("as figures"):
            bounds = ("at_least", "at_most")
            claims = [replace(c, qualifier="about") if c.qualifier in bounds else c for c in claims]
        return replace(about, claims=tuple(claims))


def targets(names: tuple[str, ...] = ()) -> Iterator[Target]:
    """Yield every truth on which somebody made a claim at the time, of all cases or of some."""
    for name in names or tuple(bajas.datasets.hindsight()["name"]):
        case = bajas.datasets.hindsight(name)
        for truth in case.truths:
            target = Target(case, truth)
            if target.claims:
                yield target


def stance(claim: Claim) -> str:
    """Return whether a claim is by those who speak for the side, for another party, or for none."""
    if claim.speaks_for == claim.side:
        return "own"
    return "other" if claim.speaks_for in ("neutral", "unknown", "", None) else "enemy"


def at_the_time(claim: Claim) -> bool:
    return dict(claim.extra).get("extra.late") != "1"


def figure(claim: Claim) -> float:
    """Return the figure over the whole window, of a range its middle on the log scale; or 0.

    A bound counts as the figure that it names: all that a mean can do with it.
    """
    value = claim.value
    if value is None and claim.low and claim.high:
        value = math.sqrt(claim.low * claim.high)
    if not value or claim.qualifier == "peak" or claim.excluded:
        return 0.0
    return value * (claim.window.days if claim.per_day else 1)
