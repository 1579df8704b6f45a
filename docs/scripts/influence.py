"""Influence on simulated claims, one of which is misprinted by a factor of four.

    python docs/scripts/influence.py        # about half a minute on one free core

The table of docs/explanation/influence.md comes from here.
"""

from __future__ import annotations

import pandas as pd
from simulated_claims import simulated_claims, truth

import bajas


def main() -> None:
    """Fit the claims without and with the misprint, and leave out each of them."""
    pd.set_option("display.width", 200, "display.max_columns", None)
    print(f"true total {truth().sum():,.0f}")
    for misprint in (1.0, 4.0):
        fit = bajas.Model(simulated_claims(misprint=misprint)).fit(
            seed=1, draws=2500, progress=False
        )
        found = fit.influence("killed", side="X", workers=1, progress=False)
        print(f"\nmisprint x {misprint:g}; fit trusted: {fit.trusted}\n{found.sentence}")
        columns = [
            "observation", "value", "surprise", "log_score", "median_factor", "mcse_median",
            "k", "way",
        ]  # fmt: skip
        print(found.top(6, by="surprise")[columns].round(3).to_string(index=False))


if __name__ == "__main__":
    main()
