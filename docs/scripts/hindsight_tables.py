"""Write the tables and figures of docs/evidence/hindsight.md from what the benchmark measured.

    python benchmarks/hindsight.py --json docs/_static/hindsight/results.json
    python docs/scripts/hindsight_tables.py

Rewritten is what stands between the page's markers, and docs/_static/hindsight/*.png.
"""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

import numpy as np
from hindsight_bars import bars, by_case, former
from hindsight_figures import claims_and_intervals, how_soon
from hindsight_parts import DOCS, MAIN, NINE_TENTHS, RESULTS, between, number

PAGE = DOCS / "evidence" / "hindsight.md"
STANCES = ("own", "enemy", "other")


def main() -> None:
    """Write everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    result = json.loads((RESULTS / "results.json").read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    for name, text in tables(result).items():
        page = between(page, name, text)
    PAGE.write_text(page, encoding="utf-8")
    claims_and_intervals(result).savefig(RESULTS / "intervals.png")
    how_soon(result).savefig(RESULTS / "rolling.png")


# -- tables ---------------------------------------------------------------------------------------


def tables(result: dict[str, Any]) -> dict[str, str]:
    """Return the text for every pair of markers."""
    made = result["made"]
    found = {
        "measured": (
            f"Measured with `{made['command']}`: commit {made['commit']}, {made['date']},"
            f" {made['machine']}, Python {made['python']}, NumPy {made['numpy']}, Numba"
            f" {made['numba']}; {made['chains']} chains of {made['draws']:,} draws each, seed"
            f" {made['seed']}; {made['cpu_seconds']:,.0f} CPU seconds."
        ),
        "bars": bars(result),
        "former": former(result),
        "by case": by_case(result),
        "targets": targets_table(result),
        "misses": misses(result),
        "rolling": rolling_table(result),
        "how soon": soon(result),
        "notes": notes(result),
    }
    for selection, summary in result["summary"].items():
        found[selection] = comparison(summary)
    return found


def comparison(summary: dict[str, Any]) -> str:
    """Return a table of one selection of targets."""
    lines = [
        f"{summary['targets']} targets of {summary['cases']} cases.",
        "",
        "| method | abs. log error | behind ours | CRPS | behind ours | log score | behind ours |"
        " covers 50 / 80 / 90 / 95 % | width of 90 % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for method, row in summary["methods"].items():
        covers = " / ".join(f"{row[f'covers_{level}']:.2f}" for level in (50, 80, 90, 95))
        cells = []
        for name in ("mae", "crps", "log_score"):
            value = f"{row[name]:.2f}"
            if name == "mae":
                low, high = row["mae_interval"]
                value += f" [{low:.2f}, {high:.2f}]"
            behind = ""
            if f"{name}_behind" in row:
                low, high = row[f"{name}_behind_interval"]
                behind = f"{row[f'{name}_behind']:+.2f} [{low:+.2f}, {high:+.2f}]"
            cells += [value, behind]
        name = f"**{method}**" if method == MAIN else method
        lines.append(f"| {name} | {' | '.join(cells)} | {covers} | {row['width_90']:.1f} |")
    return "\n".join(lines)


def targets_table(result: dict[str, Any]) -> str:
    """Return every target with its claims, the truth and our interval."""
    lines = [
        "| case | losses | truth (grade) | claims: own / enemy / other | ours, 90 % |"
        " answer / truth |",
        "|---|---|---|---|---|---|",
    ]
    for target in result["targets"]:
        entry = result["scores"][MAIN][target["target"]]
        low, high = (target["truth"] * math.exp(end) for end in entry["ends"][NINE_TENTHS])
        middle = target["truth"] * math.exp(entry["error"])
        held = "" if entry["held"][NINE_TENTHS] else " **missed**"
        said = " / ".join(
            ", ".join(
                f"{sign(claim)}{number(claim['figure'])}"
                for claim in target["claims"]
                if claim["stance"] == stance
            )
            or "-"
            for stance in STANCES
        )
        lines.append(
            f"| {target['case']} | {what(target)} | {number(target['truth'])} ({target['grade']})"
            f" | {said} | {number(middle)} [{number(low)} - {number(high)}]{held} |"
            f" {math.exp(entry['error']):.2f} |"
        )
    return "\n".join(lines)


def sign(claim: dict[str, Any]) -> str:
    return {"at_least": "≥ ", "at_most": "≤ "}.get(claim["qualifier"], "")


def what(target: dict[str, Any]) -> str:
    force = "" if target["component"] == "all" else f" ({target['component'].replace('_', ' ')})"
    force += " (civilians)" if target["status"] == "civilian" else ""
    return (
        f"{target['outcome'].replace('_', ' ')}, {target['side'].replace('_', ' ')}{force},"
        f" {days(target)}"
    )


def days(target: dict[str, Any]) -> str:
    return target["start"] + ("" if target["start"] == target["end"] else f" to {target['end']}")


def misses(result: dict[str, Any]) -> str:
    """Say which graded targets lie outside of our 90 % intervals."""
    outside = [
        target
        for target in result["targets"]
        if target["graded"] and not result["scores"][MAIN][target["target"]]["held"][NINE_TENTHS]
    ]
    graded = sum(target["graded"] for target in result["targets"])
    named = "; ".join(f"{target['case']}: {what(target)}" for target in outside) or "none"
    return f"Outside of its 90 % interval lie {len(outside)} of {graded} graded truths: {named}."


#: Of answers as of earlier days: in words, and the last day after the window's end.
_PERIODS = (
    ("within 3 days", 3),
    ("4 to 13 days after", 13),
    ("14 to 89 days after", 89),
    ("90 days after or later", 10**6),
)


def rolling_table(result: dict[str, Any]) -> str:
    """Say how answers fared by days after the window's last day."""
    lines = [
        "| answers given | answers | cases | 90 % interval holds the truth | abs. log error |"
        " log width of 90 % |",
        "|---|---|---|---|---|---|",
    ]
    graded = {target["target"] for target in result["targets"] if target["graded"]}
    earlier = 0
    for label, until in _PERIODS:
        found = [
            entry
            for entry in result["rolling"]
            if entry["target"] in graded and earlier <= entry["days"] <= until
        ]
        earlier = until + 1
        by_case: dict[str, list[list[float]]] = {}
        for entry in found:
            low, high = entry["ends"][1]
            by_case.setdefault(entry["case"], []).append(
                [float(low <= 0 <= high), abs(entry["error"]), high - low]
            )
        if by_case:
            held, error, width = np.mean(
                [np.mean(rows, axis=0) for rows in by_case.values()], axis=0
            )
            lines.append(
                f"| {label} | {len(found)} | {len(by_case)} | {held:.2f} | {error:.2f} |"
                f" {width:.1f} |"
            )
    return "\n".join(lines)


def soon(result: dict[str, Any]) -> str:
    """Say from which answer on the 90 % interval held the truth, target by target."""
    graded = {target["target"]: target for target in result["targets"] if target["graded"]}
    by_target: dict[str, list[dict[str, Any]]] = {}
    for entry in sorted(result["rolling"], key=lambda entry: int(entry["days"])):
        if entry["target"] in graded:
            by_target.setdefault(entry["target"], []).append(entry)
    lines = [
        "| conflict, losses | answers, days after the last day | held the truth from | abs. log"
        " error, first to last | log width of 90 %, first to last |",
        "|---|---|---|---|---|",
    ]
    for name, entries in sorted(by_target.items()):
        held = [entry["ends"][1][0] <= 0 <= entry["ends"][1][1] for entry in entries]
        since = len(held) - held[::-1].index(False) if False in held else 0
        from_day = f"day {entries[since]['days']} on" if since < len(held) else "not in the end"
        if since and held[0]:
            from_day += ", and at first" if since < len(held) else ", but at first"
        if since == 0:
            from_day = "the first answer on"
        ends = (entries[0], entries[-1])
        errors = " to ".join(f"{abs(entry['error']):.2f}" for entry in ends)
        widths = " to ".join(f"{entry['ends'][1][1] - entry['ends'][1][0]:.1f}" for entry in ends)
        lines.append(
            f"| {graded[name]['case']}: {what(graded[name])} |"
            f" {', '.join(str(entry['days']) for entry in entries)} | {from_day} | {errors} |"
            f" {widths} |"
        )
    return "\n".join(lines)


def notes(result: dict[str, Any]) -> str:
    """Return the fits that failed their verdict: ours one by one, of the others how many."""
    by_method: dict[str, list[tuple[str, str]]] = {}
    for note in result["notes"]:
        method, target, why = note.split(": ", 2)
        by_method.setdefault(method, []).append((target, why.removeprefix("not trusted, ")))
    rolling = sum(not entry["trusted"] for entry in result["rolling"])
    lines = [
        f"Of the {len(result['targets'])} fits of the first row {len(by_method.get(MAIN, []))}"
        f" failed their verdict, of the {len(result['rolling'])} as of earlier days {rolling}."
        " They are counted all the same."
    ]
    lines += [f"- {target}: {why}" for target, why in by_method.pop(MAIN, [])]
    if by_method:
        counts = "; ".join(
            f"{method}: {len(found)} ({', '.join(target for target, _ in found)})"
            for method, found in by_method.items()
        )
        lines += ["", f"Of the others, fits that are not the same as the first row's: {counts}."]
    return "\n".join([lines[0], "", *lines[1:]]).rstrip()


if __name__ == "__main__":
    main()
