"""Vintages of simulated claims: the answer on five dates, the truth, and what moved it.

    python docs/scripts/vintages.py        # seven fits, some ten CPU seconds

Claims on one side over 240 days are simulated from the model. The institute then withdraws its
first figure for one twice as high, which the simulation doesn't know of. Writes
docs/_static/vintages.png and prints the tables of docs/explanation/vintages.md.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

import bajas
from bajas.checks.scenarios import BELIEFS, day, one_side
from bajas.checks.simulation import simulate_claims
from bajas.ledger.ledger import Ledger

PICTURE = Path(__file__).parents[1] / "_static" / "vintages.png"
DATES = (day(61), day(95), day(130), day(180), day(245))
ASKED = {"outcome": "killed", "side": "X", "until": day(59)}


def with_revision(ledger: Ledger) -> Ledger:
    """Add the institute's new figure for its first window, twice as high."""
    first = ledger["i089"]
    revised = replace(
        first,
        claim_id="i089b",
        value=2 * (first.value or 0.0),
        supersedes="i089",
        published=date.fromisoformat(day(125)),
    )
    return replace(ledger, claims=(*ledger.claims, revised))


def main() -> None:
    """Simulate, fit, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--draws", type=int, default=1500)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    made = simulate_claims(one_side(), BELIEFS, options.seed)
    found = bajas.vintages(
        with_revision(made.ledger), DATES, ASKED, specification=BELIEFS, seed=1,
        draws=options.draws, workers=options.workers, progress=False,
    )  # fmt: skip
    truth = float(made.truth.total("killed", "X", until=day(59)).item())
    print(f"truth: {truth:,.0f}\n")
    print("| known on | claims | median | 95 % interval | trusted |\n|---|---|---|---|---|")
    for row in found.frame().itertuples():
        print(
            f"| {row.date:%Y-%m-%d} | {row.claims} | {row.median:,.0f} | {row.low:,.0f} to"
            f" {row.high:,.0f} | {'yes' if row.trusted else row.why_not} |"
        )
    print("\n| from | to | part | change | ± | claims |\n|---|---|---|---|---|---|")
    for row in found.changes.itertuples():
        if row.change:
            names = ", ".join(row.claim_ids)
            start, end = f"{row[2]:%Y-%m-%d}", f"{row.to:%Y-%m-%d}"
            print(
                f"| {start} | {end} | {row.part} | {row.change:+,.0f} | {row.mcse:,.0f} | {names} |"
            )
    ax = found.plot()
    ax.axhline(truth, color="#9aa0a8", linestyle="--", linewidth=1)
    ax.annotate("truth", (0.005, truth), (0, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", fontsize=8.5, color="#6b7178")  # fmt: skip
    ax.figure.savefig(PICTURE)


if __name__ == "__main__":
    main()
