"""Write the tables and the figure of docs/evidence/economist.md from what was measured.

python benchmarks/economist.py --json docs/_static/hindsight/economist.json
python docs/scripts/economist_tables.py
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import Any

from hindsight_parts import DOCS, RESULTS, between, number, reached
from matplotlib.figure import Figure

from bajas.answers.plots.style import BAND_ALPHA, GHOST, INK, tidy

PAGE = DOCS / "evidence" / "economist.md"
OUTCOMES = ("killed", "casualties")
LABELS = {"bajas": "the same claims", "bajas_all": "all shipped claims"}


def main() -> None:
    """Write everything."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    result = json.loads((RESULTS / "economist.json").read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    for name, text in tables(result).items():
        page = between(page, name, text)
    PAGE.write_text(page, encoding="utf-8")
    drawn(result).savefig(RESULTS / "economist.png")


def tables(result: dict[str, Any]) -> dict[str, str]:
    """Return the text for every pair of markers."""
    made = result["made"]
    return {
        "measured": (
            f"Measured with `{made['command']}`: commit {made['commit']}, {made['date']},"
            f" {made['machine']}, Python {made['python']}; {result['coverage']['simulations']}"
            f" simulated sets of claims; {made['cpu_seconds']:,.0f} CPU seconds."
        ),
        "bars": bars(result),
        "intervals": intervals(result),
        "coverage": coverage(result["coverage"]),
        "jumps": jumps(result),
    }


def intervals(result: dict[str, Any]) -> str:
    """Return both models' answers."""
    lines = [
        "| Russian losses to 6 August 2023 | model | median | 95 % interval | log width |",
        "|---|---|---|---|---|",
    ]
    for outcome in OUTCOMES:
        for label, found in (
            (f"additive, {result['claims']} claims", result["curve"]),
            (f"bajas, the same {result['claims']} claims", result["bajas"]),
            (f"bajas, all {result['all_claims']} shipped claims", result["bajas_all"]),
        ):
            row = found[outcome]
            lines.append(
                f"| {outcome} | {label} | {number(row['median'])} | {number(row['low'])} -"
                f" {number(row['high'])} | {row['log_width']:.2f} |"
            )
    doubtful = [name for name in ("bajas", "bajas_all") if not result[name]["trusted"]]
    if doubtful:
        lines += ["", "Draws that failed their verdict: " + "; ".join(
            f"{LABELS[name]}, {', '.join(result[name]['why'])}" for name in doubtful
        ) + "."]  # fmt: skip
    if result["their_table"]:
        widths = result["their_table"]["log_width"]
        lines += [
            "",
            f"On The Economist's own table (its {result['their_table']['rows']} rows up to August"
            " 2023 that it charts, not part of bajas) the additive model's log widths are"
            f" {widths['deaths']:.2f} for deaths and {widths['casualties']:.2f} for casualties.",
        ]
    return "\n".join(lines)


def coverage(found: dict[str, Any]) -> str:
    """Return how often intervals held the simulated truth, and how wide they had to be for it."""
    lines = [
        "| | model | 50 % | 80 % | 95 % | median log width of 95 % | the same, stretched until it"
        " holds 95 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for outcome in OUTCOMES:
        for model in ("additive model", "bajas"):
            rows = found[model][outcome]
            shares = " | ".join(f"{row['share']:.2f}" for row in rows)
            lines.append(
                f"| {outcome} | {model} | {shares} | {rows[-1]['log_width']:.2f} |"
                f" {rows[-1]['log_width_that_holds']:.2f} |"
            )
    error = (0.95 * 0.05 / max(found["simulations"], 1)) ** 0.5
    lines += [
        "",
        f"{found['simulations']} sets, {found['failed']} fits failed, {found['untrusted']} not"
        f" trusted (counted all the same); Monte Carlo error of a share of 0.95: {error:.2f}.",
    ]
    return "\n".join(lines)


def bars(result: dict[str, Any]) -> str:
    """Return what was to be reached beside what was measured."""
    lines = ["| bar | | measured | |", "|---|---|---|---|"]
    for outcome in OUTCOMES:
        ours, theirs = (result[name][outcome]["log_width"] for name in ("bajas", "curve"))
        lines.append(
            f"| 95 % interval narrower than the additive model's, the same claims | {outcome} |"
            f" {ours:.2f} against {theirs:.2f} | {reached(ours - theirs)} |"
        )
    for outcome in OUTCOMES:
        ours, theirs = (
            result["coverage"][name][outcome][-1]["log_width_that_holds"]
            for name in ("bajas", "additive model")
        )
        lines.append(
            f"| narrower at the same coverage, simulated claims | {outcome} | {ours:.2f} against"
            f" {theirs:.2f}, both stretched until they hold 95 % | {reached(ours - theirs)} |"
        )
    moved = max(abs(result["repeated"]["bajas"][outcome]) for outcome in OUTCOMES)
    theirs = max(max(map(abs, by.values())) for by in result["jumps"].values())
    lines.append(
        f"| no jump when one source's rows are there five times | | {100 * moved:.1f} % against up"
        f" to {100 * theirs:.1f} % | {reached(moved)} |"
    )
    return "\n".join(lines)


def jumps(result: dict[str, Any]) -> str:
    """Return how far the answers move."""
    sizes = {name: max(map(abs, by.values())) for name, by in result["jumps"].items()}
    order = sorted(sizes, key=lambda name: -sizes[name])
    lines = [
        "| source repeated | additive, killed | additive, casualties | bajas |",
        "|---|---|---|---|",
    ]
    same = result["repeated"]["same_design"]
    for name in order[:6]:
        by = result["jumps"][name]
        lines.append(
            f"| {name} | {100 * by['killed']:+.1f} % | {100 * by['casualties']:+.1f} % |"
            f" {'nothing: no row of its likelihood changes' if same[name] else 'changes'} |"
        )
    repeated = result["repeated"]
    moved = ", ".join(f"{100 * repeated['bajas'][o]:+.1f} % of {o}" for o in OUTCOMES)
    lines += [
        "",
        f"Six of {len(order)} sources, those that move the additive model most. With any of them"
        f" repeated the claims say the same to bajas ({sum(same.values())} of {len(same)}): exact"
        " duplicates are found, flagged and left out. Fitted anew with"
        f" {repeated['source']} five times, its medians move by {moved}.",
    ]
    if result["their_table"]:
        table = result["their_table"]
        lines.append(
            "On The Economist's own table the additive model moves by up to"
            f" {100 * table['largest_jump']:.0f} % (median over sources"
            f" {100 * table['median_jump']:.0f} %)."
        )
    return "\n".join(lines)


def drawn(result: dict[str, Any]) -> Figure:
    """Return the figure: the curve through the claims, and both intervals on the last day."""
    figure = Figure(figsize=(8.5, 4.4), dpi=120, layout="constrained")
    ax = figure.add_subplot()
    curve = result["path"]
    days = [date.fromisoformat(day) for day in curve["day"]]
    ax.fill_between(days, curve["low"], curve["high"], color=GHOST, alpha=0.25, linewidth=0)
    ax.plot(days, curve["centre"], color=GHOST, linewidth=1.5, label="additive model, 95 %")
    at = [date.fromisoformat(day) for day, _, _ in curve["claims"]]
    ax.plot(at, [value for _, value, _ in curve["claims"]], "o", color=INK, markersize=3.5,
            alpha=0.7, label="claims")  # fmt: skip
    last = date(2023, 8, 6).toordinal()
    for shift, name, label in ((12, "bajas", "bajas, the same claims, 95 %"),
                               (26, "bajas_all", "bajas, all shipped claims, 95 %")):  # fmt: skip
        row = result[name]["casualties"]
        place = date.fromordinal(last + shift)
        ax.plot([place, place], [row["low"], row["high"]], color=INK, linewidth=6,
                alpha=BAND_ALPHA[0] if name == "bajas" else 0.85, solid_capstyle="butt",
                label=label)  # fmt: skip
        ax.plot(place, row["median"], "_", color="white", markersize=7, markeredgewidth=1.6)
    ax.set_yscale("log")
    ticks = [3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
    ax.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylabel("persons", fontsize=9)
    ax.set_title("Russian casualties since 24 February 2022, as of 7 August 2023", fontsize=10,
                 loc="left")  # fmt: skip
    tidy(ax, "y")
    ax.legend(fontsize=8, frameon=False, loc="lower right")
    return figure


if __name__ == "__main__":
    main()
