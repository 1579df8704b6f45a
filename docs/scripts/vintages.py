"""Vintages: the answer on several dates, and what moved it; simulated claims and shipped ones.

    python docs/scripts/vintages.py                            # seven fits, 20 CPU seconds
    python docs/scripts/vintages.py --shipped --folder runs    # some minutes; goes on from there

Claims on one side over 240 days are simulated from the model. The institute then withdraws its
first figure for one twice as high, which the simulation doesn't know of. Writes
docs/_static/vintages.png and prints the tables of docs/explanation/vintages.md; of the shipped
claims, docs/_static/vintages_shipped.png.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

import bajas
from bajas.checks.scenarios import BELIEFS, day, one_side
from bajas.checks.simulation import simulate_claims
from bajas.checks.vintages import Vintages
from bajas.ledger.ledger import Ledger

STATIC = Path(__file__).parents[1] / "_static"
DATES = (day(61), day(95), day(130), day(180), day(245))
ASKED = {"outcome": "killed", "side": "X", "until": day(59)}
#: The shipped claims: the dead of the first months, as known on six dates.
SHIPPED_DATES = (
    "2022-06-30", "2022-09-30", "2022-12-31", "2023-03-31", "2023-06-30", "2023-08-07",
)  # fmt: skip
SHIPPED = tuple(
    {"outcome": "killed", "side": "RU", "component": component, "until": "2022-06-15"}
    for component in ("all", "all-wagner-ldnr", "all-ldnr")
)


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


def simulated(draws: int, workers: int | None) -> None:
    """Simulate, fit, print and draw."""
    made = simulate_claims(one_side(), BELIEFS, 3)
    found = bajas.vintages(
        with_revision(made.ledger), DATES, ASKED, specification=BELIEFS, seed=1,
        draws=draws, workers=workers, progress=False,
    )  # fmt: skip
    truth = float(made.truth.total("killed", "X", until=day(59)).item())
    print(f"truth: {truth:,.0f}\n")
    printed(found)
    ax = found.plot()
    ax.axhline(truth, color="#9aa0a8", linestyle="--", linewidth=1)
    ax.annotate("truth", (0.005, truth), (0, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", fontsize=8.5, color="#6b7178")  # fmt: skip
    ax.figure.savefig(STATIC / "vintages.png", bbox_inches="tight")


def shipped(draws: int, workers: int | None, folder: str | None) -> None:
    """Fit the shipped claims as known on six dates, as examples/russia_ukraine_2023.py does."""
    shares = bajas.share_priors(bajas.datasets.russia_ukraine_2023_shares())
    found = bajas.vintages(
        bajas.datasets.russia_ukraine_2023(), SHIPPED_DATES, SHIPPED,
        specification=bajas.Specification(intensity=bajas.IntensityPrior(components=shares)),
        seed=1, draws=draws, workers=workers, folder=folder, progress=False,
    )  # fmt: skip
    printed(found)
    found.plot().figure.savefig(STATIC / "vintages_shipped.png", dpi=110, bbox_inches="tight")


def printed(found: Vintages) -> None:
    """Print answers and changes as tables."""
    for asked in found.asked:
        frame = found.frame()
        print(f"{asked}\n\n| known on | claims | median | 95 % interval | trusted |")
        print("|---|---|---|---|---|")
        for row in frame[frame["quantity"] == str(asked)].itertuples():
            print(
                f"| {row.date:%Y-%m-%d} | {row.claims} | {row.median:,.0f} | {row.low:,.0f} to"
                f" {row.high:,.0f} | {'yes' if row.trusted else row.why_not} |"
            )
        print("\n| from | to | part | change | ± | claims |\n|---|---|---|---|---|---|")
        for row in found.changes[found.changes["quantity"] == str(asked)].itertuples():
            if row.change:
                names = ", ".join(row.claim_ids)
                start, end = f"{row[2]:%Y-%m-%d}", f"{row.to:%Y-%m-%d}"
                print(
                    f"| {start} | {end} | {row.part} | {row.change:+,.0f} | {row.mcse:,.0f} |"
                    f" {names if len(row.claim_ids) < 12 else f'{len(row.claim_ids)} claims'} |"
                )
        print()


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1500)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--folder", help="of the shipped fits; a run cut short goes on from there")
    options = parser.parse_args()
    if options.shipped:
        shipped(options.draws, options.workers, options.folder)
    else:
        simulated(options.draws, options.workers)


if __name__ == "__main__":
    main()
