"""The result of leaving out claims and streams one by one."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bajas.answers.interval import level_words
from bajas.answers.quantity import Quantity
from bajas.checks.plain import plain_records, save_result

#: A surprise below this is named.
SURPRISING = 0.01


@dataclass(frozen=True)
class Influence:
    """What each claim and each stream does to a headline, and how it looks to all others.

    Parameters
    ----------
    quantity : Quantity
        The headline.
    level : float
        Of its interval.
    base : tuple of float
        Low end, median and high end with everything in.
    claims : pandas.DataFrame
        One row per observation: ``observation``, ``claims`` behind it, ``source``, ``stream``,
        ``start``, ``end``, ``form``, ``value``; ``surprise``, for a point twice the smaller
        probability of a figure beyond it given all other claims, for a bound the probability that
        the source's figure meets it; ``log_score``, its log predictive density (of the log of a
        figure); how it was made (``way``: weights or refit; Pareto ``k``, ``ess``, ``trouble``);
        ``low_without``, ``median_without``, ``high_without``, their factors to the base
        (``low_factor``, ...), Monte Carlo errors of the shifts (``mcse_low``, ...; of the numbers
        themselves for refits); ``move``, the largest factor either way; ``meaning``.
    streams : pandas.DataFrame
        The same with all observations of a stream left out together, without a surprise;
        ``log_score`` is that of all of them jointly.
    seed : int
        Of the fit and of the refits.
    ledger_hash, specification_hash : str
        Of the fit.
    """

    quantity: Quantity
    level: float
    base: tuple[float, ...]
    claims: pd.DataFrame = field(hash=False, compare=False)
    streams: pd.DataFrame = field(hash=False, compare=False)
    seed: int
    ledger_hash: str
    specification_hash: str

    def top(self, count: int = 10, by: str = "move") -> pd.DataFrame:
        """Return the observations that move the headline most, or surprise most.

        Parameters
        ----------
        count : int
            Rows.
        by : {"move", "surprise"}
            The order.
        """
        ascending = by == "surprise"
        return self.claims.sort_values(by, ascending=ascending, kind="stable").head(count)

    @property
    def sentence(self) -> str:
        """What moves the headline most and what surprises most, in plain words."""
        low, median, high = self.base
        first = self.top(1).iloc[0]
        text = (
            f"{str(self.quantity)[0].upper()}{str(self.quantity)[1:]}: {median:,.0f}"
            f" ({level_words(self.level)}: {low:,.0f} to {high:,.0f}). Of single observations"
            f" {first['observation']} ({first['stream']}) moves it most: {_moved(first)}"
            " without it."
        )
        if not self.streams.empty:
            stream = self.streams.sort_values("move", ascending=False, kind="stable").iloc[0]
            text += f" Of streams {stream['stream']}: {_moved(stream)} without it."
        odd = self.claims[self.claims["surprise"] < SURPRISING]
        chance = SURPRISING * len(self.claims)
        if not odd.empty:
            worst = odd.sort_values("surprise", kind="stable").iloc[0]
            text += (
                f" {len(odd)} of {len(self.claims)} observations surprise all others at"
                f" {SURPRISING:g} (about {chance:.0f} would by chance), most of all"
                f" {worst['observation']} ({worst['stream']})."
            )
        doubtful = int((self.claims["trouble"] != "").sum() + (self.streams["trouble"] != "").sum())
        if doubtful:
            text += f" {doubtful} rows can't be trusted; see `trouble`."
        return text

    def __repr__(self) -> str:
        columns = ["observation", "source", "value", "surprise", "low_factor", "median_factor",
                   "high_factor", "way", "k"]  # fmt: skip
        shown = self.top()[columns].round(3).to_string(index=False)
        return f"Influence. {self.sentence}\n{shown}"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON."""
        return {
            "quantity": self.quantity.as_dict(),
            "level": self.level,
            "base": dict(zip(("low", "median", "high"), self.base, strict=True)),
            "sentence": self.sentence,
            "claims": plain_records(self.claims),
            "streams": plain_records(self.streams),
            "seed": self.seed,
            "ledger_sha256": self.ledger_hash,
            "specification_sha256": self.specification_hash,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save to a file: the claims' table as CSV if its name ends in .csv, else JSON of all."""
        save_result(path, self.as_dict(), self.claims)


def _moved(row: pd.Series) -> str:
    change = {name: 100 * (row[f"{name}_factor"] - 1) for name in ("median", "low", "high")}
    return (
        f"median {change['median']:+.1f} %, ends {change['low']:+.1f} % and {change['high']:+.1f} %"
    )
