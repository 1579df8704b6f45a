"""Headline totals of the shipped claims under three priors on how sources distort.

    python docs/scripts/compare_priors.py            # a minute or two a fit on two cores
    python docs/scripts/compare_priors.py --only symmetric --draws 2500   # where a verdict asks for
    python docs/scripts/compare_priors.py --whole-front   # another reading of three claims
    python docs/scripts/compare_priors.py --evidence      # what kinds of evidence in the prior do

Results go to docs/_static/compare_priors.json, from which the tables are printed. Those of
docs/explanation/identification.md come from here; with --evidence, those of
docs/explanation/priors.md.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import bajas
from bajas.checks.commit import commit

RESULT = Path(__file__).parents[1] / "_static" / "compare_priors.json"
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


def compared(evidence: bool) -> tuple[bajas.bias.BiasPrior, ...]:
    """Return the priors of one of the two comparisons."""
    learned = bajas.bias.hindsight()
    if evidence:
        return learned, without_kinds(learned), FORMER
    anchored = learned.with_anchor(ANCHOR[0], mean=ANCHOR[1], sd=ANCHOR[2])
    return learned, bajas.bias.symmetric(0.6), replace(anchored, name=f"{learned.name} + anchor")


def measured(
    ledger: bajas.Ledger, bias: bajas.bias.BiasPrior, seed: int, draws: int
) -> dict[str, Any]:
    """Fit under a prior and return the totals: median, ends of the 95 % interval."""
    fit = bajas.Model(ledger, bias=bias).fit(seed=seed, draws=draws, progress=False)
    level = fit.tree["posterior"]["level"].sel(side="RU").to_numpy()
    totals = {}
    for outcome, side, component, until in QUESTIONS:
        found = fit.total(outcome, side, component, until=until)
        low, high = found.interval(0.95).rounded
        totals[f"{outcome} {side} {component} to {until}"] = [found.rounded, low, high]
    return {
        "totals": totals,
        "sd of the RU level": round(float(level.std()), 3),
        "trusted": fit.trusted,
        "why not": list(fit.draws.why_not),
        "draws": fit.draws.chains * fit.draws.draws,
        "seed": seed,
        "commit": commit(),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }


def main() -> None:
    """Fit, write and print one column a prior."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1500, help="of each of four chains")
    parser.add_argument("--only", action="append", help="priors whose name has this in it")
    parser.add_argument("--evidence", action="store_true", help="the second comparison")
    parser.add_argument(
        "--whole-front", action="store_true", help="read the figures of June 2023 as in WHOLE_FRONT"
    )
    parser.add_argument("--tables", action="store_true", help="fit nothing, print what there is")
    options = parser.parse_args()
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    mark = ""
    if options.whole_front:
        frame = ledger.to_frame()
        frame.loc[frame["claim_id"].isin(WHOLE_FRONT), "theatre"] = ""
        ledger = bajas.read_claims(frame, sources=ledger.sources, taxonomy=ledger.taxonomy)
        mark = ", whole front"
    chosen = compared(options.evidence)
    kept: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for bias in () if options.tables else chosen:
        if not options.only or any(part in bias.name for part in options.only):
            found = measured(ledger, bias, options.seed, options.draws)
            # others may have written in the meantime
            kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
            kept[f"{bias.name}{mark}"] = found
            RESULT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    shown = [f"{bias.name}{mark}" for bias in chosen if f"{bias.name}{mark}" in kept]
    print("| | " + " | ".join(shown) + " |\n|---|" + "---|" * len(shown))
    for question in next(iter(kept.values()))["totals"]:
        cells = [
            "{:,.0f} [{:,.0f} - {:,.0f}]".format(*kept[name]["totals"][question]) for name in shown
        ]
        print(f"| {question} | {' | '.join(cells)} |")
    levels = [f"{kept[name]['sd of the RU level']:.2f}" for name in shown]
    prior = bajas.IntensityPrior().level_sd
    print(f"| sd of the RU level (prior {prior:g}) | {' | '.join(levels)} |")
    for name in shown:
        entry = kept[name]
        verdict = "trusted" if entry["trusted"] else "; ".join(entry["why not"])
        print(f"{name}: {verdict}; {entry['draws']:,} draws, commit {entry['commit']}")


if __name__ == "__main__":
    main()
