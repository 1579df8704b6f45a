"""The calibration passport of a fit: how often intervals held truths simulated where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bajas.answers.quantity import Quantity
from bajas.errors import BajasError
from bajas.posterior.posterior import Posterior

#: Under which a posterior's provenance holds it.
_KEY = "passport"
_QUESTION = ("outcome", "side", "component", "since", "until")

#: Ranks that are less probable than this are told as a failure.
FAILS_BELOW = 0.01


@dataclass(frozen=True)
class Calibrated:
    """How a number fared.

    Parameters
    ----------
    quantity : str
        In words.
    question : mapping of str to str
        ``outcome``, ``side``, ``component``, ``since``, ``until``; empty for the joint log
        likelihood, which no citation is about.
    held : tuple of int
        How many intervals of each level held the truth.
    ranks : tuple of int
        Of each truth among thinned draws.
    chance : float
        How probably uniform ranks are as uneven as these (simultaneous envelope).
    """

    quantity: str
    question: Mapping[str, str]
    held: tuple[int, ...]
    ranks: tuple[int, ...]
    chance: float


@dataclass(frozen=True)
class Passport:
    """Posterior calibration of one fit: truths drawn from it, claims simulated, both fitted again.

    Made by :meth:`bajas.Fit.calibrate`; ``docs/explanation/passport.md`` says what it shows and
    what it doesn't.

    Parameters
    ----------
    ledger_sha256, specification_sha256 : str
        Of the fit.
    fits, failed, untrusted : int
        Refits that were asked for, that failed (not counted), and that failed their verdict, which
        asks for longer runs (counted all the same).
    levels : tuple of float
        Of the central intervals.
    draws : int
        Ranks go from 0 to this.
    rows : tuple of Calibrated
        The numbers asked for, and the joint log likelihood.
    about : mapping of str to Any
        Seed, settings, versions, day.
    """

    ledger_sha256: str
    specification_sha256: str
    fits: int
    failed: int
    untrusted: int
    levels: tuple[float, ...]
    draws: int
    rows: tuple[Calibrated, ...]
    about: Mapping[str, Any]

    @property
    def counted(self) -> int:
        """Refits that succeeded."""
        return self.fits - self.failed

    def frame(self) -> pd.DataFrame:
        """Return a row per number and level: ``held``, ``share``, its ``mcse``, and ``chance``."""
        rows = [
            {
                "quantity": row.quantity,
                "level": level,
                "held": held,
                "share": held / self.counted,
                "mcse": float(np.sqrt(level * (1 - level) / self.counted)),
                "chance": row.chance,
            }
            for row in self.rows
            for level, held in zip(self.levels, row.held, strict=True)
        ]
        return pd.DataFrame(rows)

    def of(self, quantity: Quantity) -> Calibrated | None:
        """Return what is known of exactly this quantity, or None."""
        asked = {name: quantity.as_dict()[name] for name in _QUESTION}
        return next((row for row in self.rows if dict(row.question) == asked), None)

    def sentence(self, quantity: Quantity, level: float) -> str | None:
        """Say how intervals of the level nearest to this one fared, or None if it wasn't asked."""
        row = self.of(quantity)
        if row is None:
            return None
        nearest = int(np.argmin([abs(own - level) for own in self.levels]))
        own, held = self.levels[nearest], row.held[nearest]
        error = np.sqrt(own * (1 - own) * self.counted)
        fails = row.chance < FAILS_BELOW
        return (
            f"Calibration: of {self.counted} truths drawn from this posterior the {100 * own:g} %"
            f" interval, fitted to these claims and others simulated from the truth, held {held}"
            f" ({own * self.counted:.3g} expected, Monte Carlo error {error:.2g})"
            + (f"; their ranks are NOT uniform (probability {row.chance:.2g})" if fails else "")
            + ". This checks the computation around this posterior and doesn't show that priors or"
            " model are true of the war."
        )

    def __str__(self) -> str:
        table = self.frame().pivot_table(index="quantity", columns="level", values="held")
        table = table.loc[[row.quantity for row in self.rows]]
        table["rank probability"] = [row.chance for row in self.rows]
        return (
            f"Passport: {self.counted} refit{'' if self.counted == 1 else 's'}"
            f" ({self.failed} failed, {self.untrusted} not trusted);"
            f" how many intervals held the simulated truth\n{table.round(3).to_string()}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Passport:
        """Build it from the plain data of :meth:`as_dict`.

        Raises
        ------
        BajasError
            If entries are missing or malformed.
        """
        try:
            rows = tuple(
                Calibrated(
                    str(row["quantity"]), dict(row["question"]),
                    tuple(int(n) for n in row["held"]), tuple(int(n) for n in row["ranks"]),
                    float(row["chance"]),
                )
                for row in data["rows"]
            )  # fmt: skip
            found = cls(
                ledger_sha256=str(data["ledger_sha256"]),
                specification_sha256=str(data["specification_sha256"]),
                fits=int(data["fits"]),
                failed=int(data["failed"]),
                untrusted=int(data["untrusted"]),
                draws=int(data["draws"]),
                levels=tuple(float(level) for level in data["levels"]),
                rows=rows,
                about=dict(data["about"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BajasError(f"malformed passport: {error!r}") from error
        if found.counted < 1 or any(len(row.held) != len(found.levels) for row in rows):
            raise BajasError("malformed passport: it counts nothing, or not every level")
        return found


def passport_of(posterior: Posterior) -> Passport | None:
    """Return the passport of a fit, or None if it has none."""
    data = posterior.provenance.get(_KEY)
    return None if data is None else Passport.from_dict(data)


def with_passport(posterior: Posterior, passport: Passport) -> Posterior:
    """Return the fit with a passport, which is saved with it and which citations quote.

    Raises
    ------
    BajasError
        If the passport is of other claims or of another specification.
    """
    for what, own, its in (
        ("claims", posterior.ledger.hash, passport.ledger_sha256),
        ("specification", posterior.specification.hash, passport.specification_sha256),
    ):
        if own != its:
            raise BajasError(
                f"the passport is of other {what} ({its[:12]}) than the fit ({own[:12]}):"
                " calibrate this fit"
            )
    provenance = {**posterior.provenance, _KEY: passport.as_dict()}
    return replace(posterior, provenance=provenance)
