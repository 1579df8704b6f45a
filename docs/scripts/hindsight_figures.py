"""The figures of the hindsight page: claims and intervals, and answers as of earlier days."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hindsight_parts import HALF, MAIN, NINE_TENTHS
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bajas.answers.plots.style import BAND_ALPHA, GHOST, INK, VOICES, tidy

STANCES = {"own": VOICES["own"], "enemy": VOICES["enemy"], "other": VOICES["third_party"]}


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
                0.0048, place - 0.62, case.replace("_", " "), fontsize=8.5, color=INK, weight="bold"
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
    ax.axvline(1.0, color=GHOST, linewidth=1.4, zorder=1.5)
    ax.set_yticks([at for at, _ in labels], [label for _, label in labels])
    ax.set_xscale("log")
    ax.set_xlim(0.004, 60)
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
    force += " civilians" if target["status"] == "civilian" else ""
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
    ticks = [tick for tick in (0, 1, 3, 10, 30, 100, 300, 1000) if at[0] * 0.9 <= tick + 1 <= last]
    ax.set_xticks([tick + 1 for tick in ticks], [str(tick) for tick in ticks])
    ax.minorticks_off()
    tidy(ax, "both")
    ax.tick_params(labelsize=7.5)
    ax.set_title(f"{target['case'].replace('_', ' ')}\n{short(target)}", fontsize=8, loc="left")
