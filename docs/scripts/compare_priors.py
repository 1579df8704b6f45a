"""Headline totals of the shipped claims under three priors on how sources distort.

    python docs/scripts/compare_priors.py            # a few minutes on two cores
    python docs/scripts/compare_priors.py --json
    python docs/scripts/compare_priors.py --whole-front   # another reading of three claims
    python docs/scripts/compare_priors.py --evidence      # what kinds of evidence in the prior do

The figures of docs/explanation/identification.md come from here; with --evidence,
those of docs/explanation/priors.md.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

import numpy as np

import bajas

AS_OF = "2023-08-07"
QUESTIONS = (
    ("killed", "RU", "all", "2022-03-25"),
    ("killed", "RU", "all-ldnr", "2023-05-27"),
    ("killed", "RU", "ldnr", "2023-08-06"),
    ("killed", "RU", "all", "2023-08-06"),
    ("casualties", "RU", "all", "2023-08-06"),
    ("killed", "UA", "all", "2023-08-06"),
)
#: An example, not a recommendation: the registry estimate is taken to be within 30 % or so.
ANCHOR = ("kobak_rosstat", -0.05, 0.15)
#: Said of one offensive; with --whole-front read as figures for the whole front, as they once were.
WHOLE_FRONT = ("c047", "c048", "c061")

#: The default before it was estimated by relation and kind of evidence: pooled centres and robust
#: scales of one value per case, claimant and target.
FORMER = bajas.bias.BiasPrior(
    "hindsight (former)",
    {
        "own": bajas.bias.RelationPrior(-0.60, 0.74, 4.0),
        "enemy": bajas.bias.RelationPrior(1.19, 0.91, 4.0),
        "own_victims": bajas.bias.RelationPrior(0.99, 0.67, 4.0),
        "third_party": bajas.bias.RelationPrior(0.34, 1.03, 4.0),
    },
)


def without_kinds(prior: bajas.bias.BiasPrior) -> bajas.bias.BiasPrior:
    """Return a prior that looks at the relation alone."""
    relations = {name: replace(entry, kinds={}) for name, entry in prior.relations.items()}
    return replace(prior, name=f"{prior.name}, relation alone", relations=relations)


def main() -> None:
    """Fit three times and print one row per question and prior."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=2500)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--whole-front", action="store_true", help="read the figures of June 2023 as in WHOLE_FRONT"
    )
    parser.add_argument(
        "--evidence",
        action="store_true",
        help="compare the hindsight prior with and without kinds of evidence, and with its former"
        " numbers, instead",
    )
    options = parser.parse_args()
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    if options.whole_front:
        frame = ledger.to_frame()
        frame.loc[frame["claim_id"].isin(WHOLE_FRONT), "theatre"] = ""
        ledger = bajas.read_claims(frame, sources=ledger.sources, taxonomy=ledger.taxonomy)
    priors = (
        bajas.bias.hindsight(),
        bajas.bias.symmetric(0.6),
        bajas.bias.hindsight().with_anchor(ANCHOR[0], mean=ANCHOR[1], sd=ANCHOR[2]),
    )
    if options.evidence:
        priors = (bajas.bias.hindsight(), without_kinds(bajas.bias.hindsight()), FORMER)
    rows: list[dict[str, Any]] = []
    for bias in priors:
        fit = bajas.Model(ledger, bias=bias).fit(
            seed=options.seed, draws=options.draws, progress=False
        )
        level = fit.tree["posterior"]["level"].sel(side="RU").to_numpy()
        for outcome, side, component, until in QUESTIONS:
            found = fit.total(outcome, side, component, until=until)
            low, high = found.interval(0.95).rounded
            rows.append(
                {
                    "bias prior": bias.name,
                    "total": f"{outcome} {side} {component} to {until}",
                    "median": found.rounded,
                    "low": low,
                    "high": high,
                    "trusted": found.trusted,
                }
            )
        rows.append(
            {
                "bias prior": bias.name,
                "total": "sd of the RU level (prior 1.5)",
                "median": float(np.round(level.std(), 2)),
                "low": float("nan"),
                "high": float("nan"),
                "trusted": fit.trusted,
                "why not": list(fit.draws.why_not),
            }
        )
    if options.json:
        print(json.dumps(rows, indent=2).replace("NaN", "null"))
        return
    for row in rows:
        ends = "" if np.isnan(row["low"]) else f"[{row['low']:,.0f} - {row['high']:,.0f}]"
        mark = "" if row["trusted"] else "  NOT TRUSTED"
        print(f"{row['bias prior']:36} {row['total']:40} {row['median']:>12,.10g} {ends}{mark}")
        for reason in row.get("why not", ()):
            print(f"    - {reason}")


if __name__ == "__main__":
    main()
