"""Write the tables and figures of docs/evidence/hindsight.md from what the benchmark measured.

    python benchmarks/hindsight.py --json docs/_static/hindsight/results.json
    python docs/scripts/hindsight_tables.py

Rewritten is what stands between the page's markers, and docs/_static/hindsight/*.png.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bajas.answers.plots.style import BAND_ALPHA, GHOST, INK, VOICES, tidy

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "_static" / "hindsight"
PAGE = DOCS / "evidence" / "hindsight.md"
MAIN = "bajas, hindsight"
STANCES = {"own": VOICES["own"], "enemy": VOICES["enemy"], "other": VOICES["third_party"]}
#: Positions of the levels in an answer's list of ends: 50 and 90 %.
HALF, NINE_TENTHS = 0, 2


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


def between(page: str, name: str, text: str) -> str:
    """Return a page with what stands between two markers replaced."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = page.split(begin, 1)
    return f"{before}{begin}{text}\n{end}{rest.split(end, 1)[1]}"


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
        "verdict": verdict(result),
        "targets": targets_table(result),
        "misses": misses(result),
        "rolling": rolling_table(result),
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


def verdict(result: dict[str, Any]) -> str:
    """Say in which comparisons ours is better than the best of the others, score by score."""
    lines = [
        "Ours beside the best of the other methods on the same targets; bold where ours is better.",
        "",
        "| targets | abs. log error | CRPS | log score | covers 90 % |",
        "|---|---|---|---|---|",
    ]
    for selection, summary in result["summary"].items():
        ours = summary["methods"][MAIN]
        others = {k: v for k, v in summary["methods"].items() if not k.startswith("bajas")}
        cells = []
        for score in ("mae", "crps", "log_score"):
            best = min(others, key=lambda name: others[name][score])
            text = f"{ours[score]:.2f}"
            if ours[score] < others[best][score]:
                text = f"**{text}**"
            cells.append(f"{text} / {others[best][score]:.2f} ({best})")
        lines.append(
            f"| {selection} ({summary['targets']} of {summary['cases']}) | {' | '.join(cells)} |"
            f" {ours['covers_90']:.2f} |"
        )
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
    return (
        f"{target['outcome'].replace('_', ' ')}, {target['side'].replace('_', ' ')}{force},"
        f" {days(target)}"
    )


def days(target: dict[str, Any]) -> str:
    return target["start"] + ("" if target["start"] == target["end"] else f" to {target['end']}")


def number(value: float) -> str:
    """Return a count with three digits that count."""
    if value <= 0:
        return "0"
    step = 10 ** max(0, math.floor(math.log10(value)) - 2)
    return f"{round(value / step) * step:,.0f}"


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


def notes(result: dict[str, Any]) -> str:
    """Return what is to be said of fits, by method."""
    if not result["notes"]:
        return "Every fit passed its verdict."
    by_method: dict[str, list[str]] = {}
    for note in result["notes"]:
        method, target = note.split(": ")[:2]
        by_method.setdefault(method, []).append(target)
    return "Draws that failed their verdict, counted all the same: " + "; ".join(
        f"{method}, {len(found)} fits ({', '.join(found)})" for method, found in by_method.items()
    ) + "."  # fmt: skip


# -- figures --------------------------------------------------------------------------------------


def claims_and_intervals(result: dict[str, Any]) -> Figure:
    """Return the figure of claims and intervals over the truth, case by case."""
    rows = sorted(result["targets"], key=lambda t: (not t["graded"], t["case"], t["target"]))
    figure = Figure(figsize=(9.5, 0.27 * len(rows) + 2.2), dpi=120, layout="constrained")
    ax = figure.add_subplot()
    shown: set[str] = set()
    place, labels, case = 0.0, [], ""
    for target in rows:
        if target["case"] != case:
            case = target["case"]
            place += 0.9
            ax.text(
                0.012, place - 0.62, case.replace("_", " "), fontsize=8.5, color=INK, weight="bold"
            )
        entry = result["scores"][MAIN][target["target"]]
        for level, alpha, height in (
            (NINE_TENTHS, BAND_ALPHA[1], 0.62),
            (HALF, BAND_ALPHA[0], 0.62),
        ):
            low, high = np.exp(entry["ends"][level])
            ax.barh(place, high - low, left=low, height=height, color=INK, alpha=alpha, linewidth=0)
        ax.plot(np.exp(entry["error"]), place, "|", color=INK, markersize=9, markeredgewidth=1.6)
        for claim in target["claims"]:
            voice = STANCES[claim["stance"]]
            ax.plot(
                claim["figure"] / target["truth"], place, voice.marker, color=voice.colour,
                markersize=5.5, alpha=0.9, label=None if voice.label in shown else voice.label,
            )  # fmt: skip
            shown.add(voice.label)
        labels.append((place, ("" if target["graded"] else "(C) ") + short(target)))
        place += 1.0
    ax.axvline(1.0, color=GHOST, linewidth=1.2, zorder=0)
    ax.set_yticks([at for at, _ in labels], [label for _, label in labels])
    ax.set_xscale("log")
    ax.set_xlim(0.01, 60)
    ticks = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(place + 0.2, -0.9)
    ax.set_xlabel("figure / truth", fontsize=9)
    tidy(ax, "x")
    ax.tick_params(axis="y", labelsize=7.5, length=0)
    ax.set_title(
        "Claims made at the time (marks) and the posterior without knowledge of the case\n"
        "(median, 50 and 90 % intervals), over what became known later",
        fontsize=10, loc="left",
    )  # fmt: skip
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncols=3,
                  fontsize=8, frameon=False)  # fmt: skip
    return figure


def short(target: dict[str, Any]) -> str:
    force = "" if target["component"] == "all" else f" {target['component'].replace('_', ' ')}"
    day = f" {target['start']}" if target["start"] == target["end"] else ""
    return f"{target['side']}{force} {target['outcome']}{day}".replace("_", " ")


def how_soon(result: dict[str, Any]) -> Figure:
    """Return the figure of answers as of every day on which a claim came."""
    graded = {target["target"]: target for target in result["targets"] if target["graded"]}
    by_target: dict[str, list[dict[str, Any]]] = {}
    for entry in result["rolling"]:
        if entry["target"] in graded:
            by_target.setdefault(entry["target"], []).append(entry)
    names = sorted(by_target, key=lambda name: (-len(by_target[name]), name))[:12]
    columns = 3
    lines = max(1, math.ceil(len(names) / columns))
    figure = Figure(figsize=(9.5, 2.1 * lines + 0.8), dpi=120, layout="constrained")
    grid = figure.subplots(lines, columns, sharey=True, squeeze=False)
    for ax, name in zip(grid.flat, names, strict=False):
        one_target(ax, graded[name], sorted(by_target[name], key=lambda e: e["days"]))
    for ax in list(grid.flat)[len(names) :]:
        ax.set_axis_off()
    for ax in grid[:, 0]:
        ax.set_ylabel("answer / truth", fontsize=8)
    figure.suptitle(
        "Answers as of each day on which a claim came, days after the last day they are about\n"
        "(line: median; bands: 50 and 90 % intervals; marks: claims)",
        fontsize=10, ha="left", x=0.01,
    )  # fmt: skip
    return figure


def one_target(ax: Axes, target: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    at = np.array([entry["days"] + 1 for entry in entries], dtype=float)
    last = at[-1] * 1.6
    x = np.append(at, last)
    for level, alpha in ((1, BAND_ALPHA[1]), (0, BAND_ALPHA[0])):
        ends = np.exp([entry["ends"][level] for entry in entries] + [entries[-1]["ends"][level]])
        ax.fill_between(x, ends[:, 0], ends[:, 1], step="post", color=INK, alpha=alpha, linewidth=0)
    middle = np.exp([entry["error"] for entry in entries] + [entries[-1]["error"]])
    ax.step(x, middle, where="post", color=INK, linewidth=1.4)
    ax.axhline(1.0, color=GHOST, linewidth=1.2)
    for claim in target["claims"] + target["late_claims"]:
        voice = STANCES[claim["stance"]]
        since = (np.datetime64(claim["published"]) - np.datetime64(target["end"])).astype(int)
        ax.plot(since + 1, claim["figure"] / target["truth"], voice.marker, color=voice.colour,
                markersize=5)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(0.05, 30)
    ax.set_yticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
    ticks = [tick for tick in (0, 3, 10, 30, 100, 300, 1000) if at[0] * 0.9 <= tick + 1 <= last]
    ax.set_xticks([tick + 1 for tick in ticks], [str(tick) for tick in ticks])
    ax.minorticks_off()
    tidy(ax, "both")
    ax.tick_params(labelsize=7.5)
    ax.set_title(f"{target['case'].replace('_', ' ')}\n{short(target)}", fontsize=8, loc="left")


if __name__ == "__main__":
    main()
