"""Simulated wars whose losses follow a covariate: what comes back, and when it can't.

    python docs/scripts/covariates.py --wars 12      # a minute or two on two cores

Two covariates, with the same coefficient: one that swings every two months, and one that drifts
over the year. The path of the losses can take the place of the second. The table is that of
docs/explanation/covariates.md.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta

import numpy as np
import pandas as pd

import bajas

FIRST, WEEKS, TRUTH = date(2021, 1, 1), 52, 0.4
DAYS = np.arange(7 * WEEKS)
COVARIATES = {"swings": np.sin(2 * np.pi * DAYS / 61), "drifts": DAYS / DAYS.size}


def main() -> None:
    """Fit every war under both covariates and print a row each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wars", type=int, default=12)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = []
    for name, series in COVARIATES.items():
        table = pd.DataFrame({name: series}, index=pd.date_range(FIRST, periods=DAYS.size))
        z = (series - series.mean()) / series.std()
        for war in range(options.wars):
            ledger = simulated(np.random.default_rng([options.seed, war]), z)
            fit = bajas.Model(
                ledger, bias=bajas.bias.symmetric(0.1), covariates=table
            ).fit(seed=war, draws=options.draws, chains=2, progress=False)  # fmt: skip
            found = fit.covariates(level=0.9).iloc[0]
            rows.append(
                {
                    "covariate": name,
                    "coefficient": found["coefficient"],
                    "width": found["high"] - found["low"],
                    "covered": found["low"] <= TRUTH <= found["high"],
                    "narrowed": found["narrowed"],
                }
            )
    means = pd.DataFrame(rows).groupby("covariate", sort=False).mean()
    print(f"True coefficient {TRUTH}, prior sd 0.3, {options.wars} wars each; means\n")
    print(means.round(2).to_string())


def simulated(rng: np.random.Generator, z: np.ndarray) -> bajas.Ledger:
    """Return weekly claims on a war whose log losses are a walk and the covariate's share."""
    walk = np.r_[0.0, np.cumsum(0.12 * rng.standard_normal(WEEKS))]
    losses = 60 * np.exp(np.interp(DAYS / 7, np.arange(WEEKS + 1), walk) + TRUTH * z)
    rows = []
    for week in range(WEEKS):
        total = rng.poisson(losses[7 * week : 7 * week + 7].sum())
        first, last = (FIRST + timedelta(days=7 * week + shift) for shift in (0, 6))
        rows.append(
            {
                "claim_id": f"k{week:02}", "source": "institute", "source_type": "think_tank",
                "speaks_for": "neutral", "side": "X", "component": "all", "outcome": "killed",
                "start": first.isoformat(), "end": last.isoformat(),
                "published": (last + timedelta(days=1)).isoformat(),
                "value": f"{total * np.exp(0.05 * rng.standard_normal()):.0f}",
                "low": "", "high": "", "level": "", "qualifier": "about", "provisional": "0",
                "url": "", "note": "simulated", "kind": "assessment",
            }
        )  # fmt: skip
    return bajas.read_claims(pd.DataFrame(rows))


if __name__ == "__main__":
    main()
