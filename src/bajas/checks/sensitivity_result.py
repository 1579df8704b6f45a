"""The result of a sensitivity analysis: tables, a figure, and the sentence that matters."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bajas.answers.interval import level_words
from bajas.answers.montecarlo import supported
from bajas.answers.quantity import Quantity
from bajas.checks.plain import plain_records, save_result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: How each kind of row reads in a sentence.
_KINDS = {
    "bias prior": "the families of bias priors",
    "power": "the weights of priors and claims",
    "without source": "the sources",
    "without anchor": "the anchors",
    "coverage": "the coverages of lists",
}


@dataclass(frozen=True)
class Sensitivity:
    """How far a total moves when one assumption is changed at a time.

    Parameters
    ----------
    quantity : Quantity
        The total.
    level : float
        Of the intervals.
    table : pandas.DataFrame
        One row per variation, the fit itself first: ``kind`` (fit, bias prior, power, without
        source, without anchor, coverage), ``what``; ``low``, ``median``, ``high`` with Monte Carlo
        errors ``mcse_low``, ``mcse_median``, ``mcse_high``; ``way`` it was made (draws, weights,
        refit, none), Pareto ``k`` of the weights, ``ess``, ``trouble`` (empty if the row can be
        trusted); the factors ``low_factor``, ``median_factor``, ``high_factor`` to the fit's own
        numbers and ``move``, the largest of the three either way.
    levels : pandas.DataFrame
        Prior and posterior of the level and of the total.
    power : pandas.DataFrame
        Power-scaling diagnostics by group of priors.
    seed : int
        Of the fit and of the refits.
    ledger_hash, specification_hash : str
        Of the fit.
    """

    quantity: Quantity
    level: float
    table: pd.DataFrame = field(hash=False, compare=False)
    levels: pd.DataFrame = field(hash=False, compare=False)
    power: pd.DataFrame = field(hash=False, compare=False)
    seed: int
    ledger_hash: str
    specification_hash: str

    @property
    def sentence(self) -> str:
        """The assumption that matters most, in plain words."""
        base = self.table.iloc[0]
        head = f"{_capital(str(self.quantity))}: {self._range(base)} under {base['what']}."
        failed = int((self.table["trouble"].iloc[1:] != "").sum())
        doubt = (
            f" {failed} of {len(self.table) - 1} variations can't be trusted; see `trouble`."
            if failed
            else ""
        )
        rows = self.table.iloc[1:]
        rows = rows[np.isfinite(rows["move"]) & (rows["trouble"] == "")]
        if rows.empty:
            return f"{head} No variation says how much that rests on assumptions.{doubt}"
        rows = rows.sort_values("move", ascending=False, kind="stable")
        most = rows.iloc[0]
        text = f"{head} What matters most is {_assumption(most)}: {self._moved(most)}."
        for _, row in rows[rows["kind"] != most["kind"]].drop_duplicates("kind").iterrows():
            text += f" Of {_KINDS[row['kind']]}, {_assumption(row)} moves it most: {_factors(row)}."
        return text + doubt

    def _range(self, row: pd.Series) -> str:
        median = supported(row["median"], row["mcse_median"])
        low, high = (supported(row[n], row[f"mcse_{n}"]) for n in ("low", "high"))
        return f"{median:,.0f} ({level_words(self.level)}: {low:,.0f} to {high:,.0f})"

    def _moved(self, row: pd.Series) -> str:
        return f"{self._range(row)}, {_factors(row)}"

    def __repr__(self) -> str:
        shown = self.table[["kind", "what", "low", "median", "high", "move", "way", "k", "trouble"]]
        return f"Sensitivity. {self.sentence}\n{shown.round(2).to_string(index=False)}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Plot every variation beside the fit's own interval.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; on a new figure by default.
        """
        from bajas.checks.sensitivity_plot import plot_sensitivity

        return plot_sensitivity(self, ax)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON; what isn't there is None."""
        return {
            "quantity": self.quantity.as_dict(),
            "level": self.level,
            "sentence": self.sentence,
            "table": plain_records(self.table),
            "levels": plain_records(self.levels),
            "power": plain_records(self.power),
            "seed": self.seed,
            "ledger_sha256": self.ledger_hash,
            "specification_sha256": self.specification_hash,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save to a file: the table as CSV if its name ends in .csv, else everything as JSON."""
        save_result(path, self.as_dict(), self.table)


def _assumption(row: pd.Series) -> str:
    if row["kind"] == "bias prior":
        return f"the bias prior ({row['what']} instead)"
    if row["kind"] == "power":
        return str(row["what"])
    if row["kind"] == "without source":
        return f"the source {row['what']} (left out)"
    if row["kind"] == "coverage":
        name, _, believed = str(row["what"]).rpartition(": ")
        return f"the final {name} ({believed} instead)"
    if str(row["what"]).startswith("coverage of "):
        return f"the final {row['what']} (held twice as loosely)"
    return f"the anchor on {row['what']} (left out)"


def _factors(row: pd.Series) -> str:
    names = {"median": "the median", "low": "the lower end", "high": "the upper end"}
    name = max(names, key=lambda n: abs(np.log(row[f"{n}_factor"])))
    text = f"median {_signed(row['median_factor'])}"
    if name != "median":
        text += f", {names[name]} {_signed(row[f'{name}_factor'])}"
    return text


def _signed(factor: float) -> str:
    return f"{100 * (factor - 1):+.0f} %"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
