"""The article's totals and the early months under priors on the split between Russian forces.

    python docs/scripts/component_shares.py            # some minutes a fit on two cores
    python docs/scripts/component_shares.py --only recommended --json FILE   # FILE keeps the others
    python docs/scripts/component_shares.py --fit examples/output/russia_ukraine_2023.nc

The last takes the first of the fits from `make example`.

Prints the tables of docs/explanation/components.md and draws the shares over time. The fits: the
default prior; the data set's recommended one; the same with half its widths; and the recommended
one with the Donetsk ombudsman's claims out of the fit, so that no figure is used twice.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

import bajas

AS_OF = "2023-08-07"
QUESTIONS = (
    ("killed", "all", "2022-03-25"),
    ("killed", "regular", "2022-03-25"),
    ("killed", "ldnr", "2022-03-25"),
    ("killed", "all", "2022-06-16"),
    ("killed", "regular", "2022-06-16"),
    ("killed", "ldnr", "2022-06-16"),
    ("killed", "all", "2022-09-21"),
    ("killed", "regular", "2022-09-21"),
    ("killed", "all-ldnr", "2023-05-27"),
    ("killed", "ldnr", "2023-08-06"),
    ("killed", "all", "2023-08-06"),
    ("casualties", "all", "2023-08-06"),
)
FORCES = ("regular", "wagner", "ldnr")
OMBUDSMAN = "dnr_ombudsman"
PICTURE = Path(__file__).parents[1] / "_static" / "component_shares.png"


def main() -> None:
    """Fit under each prior and print one row per question."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", choices=tuple(variants()), action="append")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--fit", type=Path, help="of the claims with default priors, saved")
    parser.add_argument("--picture", action="store_true", help="draw the shares (recommended)")
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    if options.json and options.json.exists():
        found = json.loads(options.json.read_text(encoding="utf-8"))
    for name, (ledger, intensity) in variants().items():
        if options.only and name not in options.only:
            continue
        if name == "default" and options.fit:
            fit = bajas.load(options.fit)
        else:
            fit = bajas.Model(ledger, intensity=intensity).fit(
                seed=options.seed, draws=options.draws, progress=False
            )
        found[name] = {
            f"{outcome} {component} to {until}": described(
                fit.total(outcome, "RU", component, until=until, levels=[0.95])
            )
            for outcome, component, until in QUESTIONS
        }
        quarters = fit.shares("RU", components=FORCES, freq="Q", levels=[0.95])
        for day in quarters["date"].values:
            part = quarters.sel(component="ldnr", date=day)
            found[name][f"share of ldnr, quarter from {str(day)[:10]}"] = (
                f"{float(part['median']):.2f} [{float(part['lower'].item()):.2f} -"
                f" {float(part['upper'].item()):.2f}]"
            )
        found[name]["verdict"] = "trusted" if fit.trusted else "; ".join(fit.verdict.reasons)
        if options.picture and name == "recommended":
            plotted = fit.plot.shares("RU", components=FORCES)
            plotted.figure.savefig(PICTURE, dpi=110)
        if options.json:
            options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    pd.set_option("display.width", 250, "display.max_columns", None, "display.max_colwidth", None)
    print(pd.DataFrame(found).to_string())


def variants() -> dict[str, tuple[bajas.Ledger, bajas.IntensityPrior]]:
    """Return ledger and intensity prior of each fit."""
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    shares = bajas.share_priors(bajas.datasets.russia_ukraine_2023_shares())
    narrow = {
        name: bajas.SharePrior(prior.per_main, prior.log_sd / 2) for name, prior in shares.items()
    }
    frame = ledger.to_frame()
    without = bajas.read_claims(
        frame[frame["source"] != OMBUDSMAN], sources=ledger.sources, taxonomy=ledger.taxonomy
    )
    # without the ombudsman no claim tells Donetsk from Luhansk: one prior for both
    both = {"RU ldnr": bajas.SharePrior(sum(p.per_main for p in shares.values()), 0.6)}
    return {
        "default": (ledger, bajas.IntensityPrior()),
        "recommended": (ledger, bajas.IntensityPrior(components=shares)),
        "half as wide": (ledger, bajas.IntensityPrior(components=narrow)),
        "without the ombudsman": (without, bajas.IntensityPrior(components=both)),
    }


def described(found: Any) -> str:
    """Return median and 95 % interval."""
    low, high = found.interval(0.95).rounded
    return f"{found.rounded:,.0f} [{low:,.0f} - {high:,.0f}]"


if __name__ == "__main__":
    main()
