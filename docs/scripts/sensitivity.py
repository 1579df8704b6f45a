"""Sensitivity on simulated claims: weights beside refits of the same rows, and the figure.

    python docs/scripts/sensitivity.py        # about a minute on one free core

The table and the figure of docs/explanation/sensitivity.md come from here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from simulated_claims import simulated_claims, truth

import bajas
from bajas.batch.task import FitTask
from bajas.checks.refit import REFIT, refit

STATIC = Path(__file__).parents[1] / "_static"


def main() -> None:
    """Fit, make the variations, and make those that weights made once more by fits."""
    fit = bajas.Model(simulated_claims()).fit(seed=1, draws=1500, progress=False)
    found = fit.sensitivity("killed", side="X", workers=1, progress=False)
    figure = found.plot().figure
    figure.savefig(STATIC / "sensitivity.png", dpi=110, bbox_inches="tight")
    table = found.table
    sources = table[(table["kind"] == "without source") & (table["way"] == "weights")]
    settings = replace(REFIT, draws=1500, chains=4, seed=2)
    tasks = [
        FitTask(
            str(source), fit.ledger, fit.specification, settings,
            withhold=tuple(
                o.name for o in fit.design.observations
                if fit.design.streams[o.stream].source == source
            ),
        )
        for source in sources["what"]
    ]  # fmt: skip
    again, errors = refit(tasks, found.quantity, (0.05, 0.5, 0.95), workers=1)
    assert not errors, errors
    rows = []
    for _, row in sources.iterrows():
        long = again[str(row["what"])]
        rows.append(
            {
                "without": row["what"],
                "k": row["k"],
                **{f"weights {n}": row[n] for n in ("low", "median", "high")},
                **{f"fit {n}": getattr(long, n) for n in ("low", "median", "high")},
                "largest difference / its error": max(
                    abs(row[n] - getattr(long, n)) / np.hypot(row[f"mcse_{n}"], error)
                    for n, error in zip(("low", "median", "high"), long.errors, strict=True)
                ),
            }
        )
    pd.set_option("display.width", 200, "display.max_columns", None)
    print(f"true total {truth().sum():,.0f}; fit trusted: {fit.trusted}\n{found}\n")
    print(found.power.round(3).to_string(index=False), "\n")
    print(pd.DataFrame(rows).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
