"""Two forces, one of which fights for a part of the war: what is known of the split, and from what.

    python docs/scripts/components.py        # a dozen short fits, a CPU minute

The war is simulated with known losses: an army, and guards that fight from the fourth month to the
ninth. Nearly all claims are about both together. Fits differ in the prior of the guards' share and
in whether a ministry's count of its own army is known. Writes docs/_static/components.json and
.png, and the table of docs/explanation/components.md.
"""

from __future__ import annotations

import argparse
import json
import platform
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bajas
from bajas.answers.plots.style import GHOST, INK, axes, tidy
from bajas.checks.commit import commit

DOCS = Path(__file__).parents[1]
RESULT, PICTURE = DOCS / "_static" / "components.json", DOCS / "_static" / "components.png"
PAGE = DOCS / "explanation" / "components.md"
MARKERS = ("<!-- simulated -->\n", "<!-- end of simulated -->")
FIRST, DAYS = date(2023, 1, 1), 360
#: First and last day on which the guards fight.
GUARDS = (90, 269)
#: Prior of the guards' losses per one of the army's; the truth over their days is 0.5.
PRIORS = {
    "default: 0.3, sd 1": None,
    "right: 0.5, sd 0.3": bajas.SharePrior(0.5, 0.3),
    "wrong: 0.15, sd 0.3": bajas.SharePrior(0.15, 0.3),
}
KNOWN = ("both together", "both, and the army", "both, and the guards")
WORDS = ("army", "guards", "all")


def losses() -> tuple[np.ndarray, np.ndarray]:
    """True dead of army and guards by day."""
    day = np.arange(DAYS)
    army = 40 * (1 + 0.5 * np.sin(2 * np.pi * day / 180))
    inside = (day >= GUARDS[0]) & (day <= GUARDS[1])
    return army, np.where(inside, 0.5 * army, 0.0)


def taxonomy() -> bajas.Taxonomy:
    """The side's forces and their days."""
    first, last = (str(FIRST + timedelta(days=day)) for day in GUARDS)
    forces = {"army": {}, "guards": {"first_day": first, "last_day": last}}
    return bajas.Taxonomy.default().extend(
        {"sides": {"X": {"components": forces}}, "first_day": str(FIRST)}
    )


def claims(known: str, seed: int) -> bajas.Ledger:
    """A monthly tally of an enemy and estimates of an institute on both; and what else is known."""
    rng = np.random.default_rng(seed)
    army, guards = losses()
    ends = range(29, DAYS, 30)
    steps = np.diff([np.cumsum(army + guards)[end] for end in ends], prepend=0.0)
    tally = np.cumsum(1.5 * steps * np.exp(0.08 * rng.standard_normal(steps.size)))
    enemy = {"source_type": "belligerent", "speaks_for": "Y", "kind": "tally"}
    rows = [row("staff", "all", 0, e, v, enemy) for e, v in zip(ends, tally, strict=True)]
    neutral = {"source_type": "think_tank", "speaks_for": "neutral", "kind": "assessment"}
    for end in (179, 359):
        value = 1.1 * (army + guards)[: end + 1].sum() * np.exp(0.1 * rng.standard_normal())
        rows.append(row("institute", "all", 0, end, value, neutral))
    own = {"source_type": "belligerent", "speaks_for": "X", "kind": "assessment"}
    errors = np.exp(0.1 * rng.standard_normal((2, 4)))
    parts = {KNOWN[1]: ("army", 0.7 * army), KNOWN[2]: ("guards", 0.7 * guards)}
    for number, end in enumerate((89, 179, 269, 359)):
        if known in parts:
            force, series = parts[known]
            value = series[: end + 1].sum() * errors[int(force == "guards"), number]
            first = GUARDS[0] if force == "guards" else 0
            if value > 0 and (force == "army" or end <= GUARDS[1]):
                rows.append(row("ministry", force, first, end, value, own))
    if known == KNOWN[0]:  # a single old figure, so that the two are forces at all
        rows.append(row("ministry", "army", 0, 29, 0.7 * army[:30].sum(), own))
    return bajas.read_claims(pd.DataFrame(rows), taxonomy=taxonomy())


def row(
    source: str, force: str, first: int, last: int, value: float, voice: dict[str, str]
) -> dict[str, str]:
    """One claim about some days."""
    start, end = (FIRST + timedelta(days=day) for day in (first, last))
    return {
        "claim_id": f"{source} {force} {last}", "source": source, "side": "X", "component": force,
        "outcome": "killed", "start": str(start), "end": str(end), "value": f"{value:.0f}",
        "published": str(end + timedelta(days=1)), "qualifier": "about", "status": "military",
        "url": "https://example.org", **voice,
    }  # fmt: skip


def measured(seed: int, draws: int) -> dict[str, Any]:
    """Fit under each prior and with each set of claims."""
    army, guards = losses()
    truth = {"army": army.sum(), "guards": guards.sum(), "all": (army + guards).sum()}
    rows = []
    for known in KNOWN:
        ledger = claims(known, seed)
        for words, prior in PRIORS.items():
            components = {} if prior is None else {"X guards": prior}
            fit = bajas.Model(
                ledger,
                bias=bajas.bias.symmetric(0.4),
                intensity=bajas.IntensityPrior(components=components),
            ).fit(seed=seed, draws=draws, progress=False)
            entry: dict[str, Any] = {"known": known, "prior": words, "trusted": fit.trusted}
            entry["why not"] = list(fit.draws.why_not)
            for force in WORDS:
                total = fit.draws.total("killed", "X", force)
                entry[force] = np.quantile(total, [0.05, 0.5, 0.95]).round(1).tolist()
            share = fit.shares("X", freq="M", levels=[0.9]).sel(component="guards")
            entry["share"] = {
                "date": [str(day)[:10] for day in share["date"].values],
                **{name: share[name].values.ravel().round(4).tolist()
                   for name in ("median", "lower", "upper")},
            }  # fmt: skip
            rows.append(entry)
    return {
        "truth": {name: float(value) for name, value in truth.items()},
        "rows": rows,
        "seed": seed,
        "draws": 4 * draws,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "commit": commit(),
        "date": date.today().isoformat(),
    }


def table(found: dict[str, Any]) -> str:
    """Return the page's table."""
    truth = found["truth"]
    lines = [
        "Truth: " + ", ".join(f"{name} {truth[name]:,.0f}" for name in WORDS) + ". Medians and"
        f" 90 % intervals (seed {found['seed']}, {found['draws']:,} draws; commit"
        f" {found['commit']}, {found['machine']}, {found['date']}):",
        "",
        "| claims about | prior of guards per army | army | guards | all |",
        "|---|---|---|---|---|",
    ]
    for entry in found["rows"]:
        cells = []
        for force in WORDS:
            low, median, high = entry[force]
            held = "" if low <= truth[force] <= high else " (misses)"
            cells.append(f"{median:,.0f} [{low:,.0f} - {high:,.0f}]{held}")
        mark = "" if entry["trusted"] else " (not trusted)"
        lines.append(f"| {entry['known']} | {entry['prior']}{mark} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(found: dict[str, Any]) -> None:
    """Draw the guards' share by month, one panel for what is known."""
    from matplotlib.figure import Figure

    army, guards = losses()
    days = pd.date_range(FIRST, periods=DAYS)
    monthly = pd.DataFrame({"army": army, "guards": guards}, days).resample("MS").sum()
    true = (monthly["guards"] / monthly.sum(axis=1)).to_numpy()
    figure = Figure(figsize=(9.5, 3.3), dpi=110, layout="constrained")
    colours = dict(zip(PRIORS, (INK, "#009e73", "#d55e00"), strict=True))
    for position, known in enumerate(KNOWN):
        ax = axes(figure.add_subplot(1, 3, position + 1), 3, 3)
        for number, entry in enumerate(e for e in found["rows"] if e["known"] == known):
            share, colour = entry["share"], colours[entry["prior"]]
            at = 1 + np.arange(len(share["date"])) + 0.22 * (number - 1)
            ax.vlines(at, share["lower"], share["upper"], color=colour, linewidth=1.6)
            ax.plot(at, share["median"], "o", color=colour, markersize=3, label=entry["prior"])
        at = 1 + np.arange(true.size)
        ax.step(at, true, where="mid", color=GHOST, linestyle="--", label="truth")
        ax.set_title(f"claims about {known}", loc="left", fontsize=10)
        ax.set_xticks(range(1, 13, 2))
        ax.set_ylim(0, 0.75)
        ax.set_xlabel("month")
        tidy(ax, "y")
    figure.axes[0].set_ylabel("guards' share of the dead")
    figure.axes[0].legend(frameon=False, fontsize=7.5, loc="upper left")
    figure.savefig(PICTURE)


def main() -> None:
    """Fit, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1500)
    options = parser.parse_args()
    found = measured(options.seed, options.draws)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw(found)
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKERS[0], 1)
    _, after = rest.split(MARKERS[1], 1)
    PAGE.write_text(f"{before}{MARKERS[0]}{table(found)}{MARKERS[1]}{after}", encoding="utf-8")
    print(table(found))
    print([entry["why not"] for entry in found["rows"] if not entry["trusted"]])


if __name__ == "__main__":
    main()
