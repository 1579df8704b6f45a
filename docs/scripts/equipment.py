"""What a loading of the path of people does for equipment: measured, and shown on simulations.

    python docs/scripts/equipment.py --wars 30    # simulation: some minutes
    python docs/scripts/equipment.py --measure    # the General Staff's files (BAJAS_DATA), seconds

The first part draws wars in which a category follows the fighting with a weight of 0.8. The people
are counted every week, the category in three months of twelve; it is fitted with and without the
loading, and the losses of the nine months about which nothing was published, over those of the
three others, are held against the truth. The second says how far equipment follows people in one
tally of a war, and is the ground for the default of ``equipment_loading``. Tables and picture of
docs/explanation/equipment.md.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import bajas
from bajas.answers.plots.style import BAND_ALPHA, GHOST, INK, tidy

FIRST, WEEKS, KNOT = date(2021, 1, 1), 52, 7
DAYS = KNOT * WEEKS
LOADING, OWN = 0.8, 0.05
MONTHS = ((0, 30), (151, 180), (304, 333))  # in which the category is counted
PICTURE = Path(__file__).parents[1] / "_static" / "equipment_loading.png"
FITS = {
    "loading 0.8, own path 0.05 (as simulated)": {
        "equipment_loading": LOADING, "equipment_path_scale": OWN,
    },
    "loading 0, own path 0.15": {"equipment_loading": 0.0, "equipment_path_scale": 0.15},
    "loading 0, own path 0.05": {"equipment_loading": 0.0, "equipment_path_scale": OWN},
}  # fmt: skip


def main() -> None:
    """Run one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wars", type=int, default=30)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", None)
    if options.measure:
        print(measured().round(3).to_string())
        return
    rows = []
    for war in range(options.wars):
        ledger, truth = simulated(np.random.default_rng([options.seed, war]))
        paths = {}
        for name, choice in FITS.items():
            fit = bajas.Model(
                ledger,
                bias=bajas.bias.symmetric(0.1),
                intensity=bajas.IntensityPrior(**choice),
            ).fit(seed=war, draws=options.draws, chains=2, progress=False)
            daily = fit.draws.daily("tank", "X", expected=True).reshape(-1, DAYS)
            silent = np.ones(DAYS, dtype=bool)
            for start, end in MONTHS:
                silent[start : end + 1] = False
            # over the counted months: the source's bias, which nothing identifies, cancels
            ratio = daily[:, silent].sum(axis=1) / daily[:, ~silent].sum(axis=1)
            low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95])
            actual = truth[silent].sum() / truth[~silent].sum()
            rows.append(
                {
                    "fit": name,
                    "covered": low <= actual <= high,
                    "high / low": high / low,
                    "off": abs(np.log(middle / actual)),
                }
            )
            paths[name] = np.quantile(daily, [0.05, 0.5, 0.95], axis=0)
        if war == 0:
            draw(paths, truth)
    table = pd.DataFrame(rows).groupby("fit", sort=False).agg(
        wars=("covered", "size"),
        covered=("covered", "mean"),
        **{"median of high / low": ("high / low", "median")},
        **{"mean |log(median / truth)|": ("off", "mean")},
    )  # fmt: skip
    print("Losses of the nine months without claims over those with, 90 % intervals\n")
    print(table.round(2).to_string())


def simulated(rng: np.random.Generator) -> tuple[bajas.Ledger, np.ndarray]:
    """Return the claims of a simulated war, and its true losses of tanks per day."""
    knots = np.arange(WEEKS + 1)
    people = np.r_[0.0, np.cumsum(0.12 * rng.standard_normal(WEEKS))]
    own = np.r_[0.0, np.cumsum(OWN * rng.standard_normal(WEEKS))]
    days = np.arange(DAYS) / KNOT
    killed = 100 * np.exp(np.interp(days, knots, people))
    tanks = 3 * np.exp(np.interp(days, knots, LOADING * people + own))

    def claim(name: str, outcome: str, start: int, end: int, losses: np.ndarray) -> dict[str, str]:
        total = rng.poisson(losses[start : end + 1].sum()) * np.exp(0.05 * rng.standard_normal())
        first, last = FIRST + timedelta(days=start), FIRST + timedelta(days=end)
        return {
            "claim_id": name, "source": "institute", "source_type": "think_tank",
            "speaks_for": "neutral", "side": "X", "component": "all", "outcome": outcome,
            "start": first.isoformat(), "end": last.isoformat(),
            "published": (last + timedelta(days=1)).isoformat(), "value": f"{total:.0f}",
            "low": "", "high": "", "level": "", "qualifier": "about", "provisional": "0",
            "url": "", "note": "simulated", "kind": "assessment",
        }  # fmt: skip

    rows = [claim(f"k{w:02}", "killed", 7 * w, 7 * w + 6, killed) for w in range(WEEKS)]
    rows += [claim(f"t{s:03}", "tank", s, e, tanks) for s, e in MONTHS]
    return bajas.read_claims(pd.DataFrame(rows)), tanks


def draw(paths: dict[str, np.ndarray], truth: np.ndarray) -> None:
    """Draw one war under the first two fits."""
    figure = Figure(figsize=(9.5, 3.8), dpi=110, layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    days = pd.date_range(FIRST, periods=DAYS)
    for ax, name in zip(axes, list(FITS)[:2], strict=True):
        low, middle, high = paths[name]
        for start, end in MONTHS:
            ax.axvspan(days[start], days[end], color=GHOST, alpha=0.25, linewidth=0)
        ax.fill_between(days, low, high, color=INK, alpha=BAND_ALPHA[1], linewidth=0)
        ax.plot(days, middle, color=INK, linewidth=1.6, label="median, 90 % band")
        ax.plot(days, truth, color="#d55e00", linewidth=1.4, linestyle="--", label="truth")
        ax.set_yscale("log")
        ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        ax.set_title(name, loc="left", fontsize=10)
        tidy(ax, "y")
        ax.tick_params(axis="x", labelrotation=30, labelsize=8)
    axes[0].set_ylabel("tanks lost per day (simulated)")
    axes[0].legend(frameon=False, fontsize=8.5)
    figure.savefig(PICTURE)


def measured() -> pd.DataFrame:
    """Return innovation scales of each category's own path by loading, from the daily tally.

    Weekly log losses of the category less the loading times those of people; the mean squared
    change over 1 to 16 weeks grows by the square of the scale a week (noise only adds a constant).
    """
    names = (
        "tank", "armoured_vehicle", "artillery", "rocket_launcher", "air_defence", "aircraft",
        "helicopter", "drone",
    )  # fmt: skip
    claims = bajas.datasets.general_staff_claims(
        bajas.datasets.data_folder() / "general_staff",
        outcomes=("casualties", *names),
        until="2023-08-06",
    )
    totals = claims.pivot_table(
        index="end", columns="outcome", values="value", aggfunc=lambda v: float(v.iloc[0])
    )
    weekly = np.log(totals.iloc[::7].diff().dropna().clip(lower=0.5))
    lags = np.arange(1, 17)
    rows = {}
    for name in names:
        scales = {}
        for loading in (0.0, 0.25, 0.5, 0.75, 1.0):
            rest = (weekly[name] - loading * weekly["casualties"]).to_numpy()
            change = [np.mean((rest[lag:] - rest[:-lag]) ** 2) for lag in lags]
            scales[f"loading {loading:g}"] = np.sqrt(max(np.polyfit(lags, change, 1)[0], 0.0))
        change = weekly.diff().dropna()
        scales["slope of weekly changes"] = np.polyfit(change["casualties"], change[name], 1)[0]
        rows[name] = scales
    table = pd.DataFrame(rows).T
    table.loc["mean"] = table.mean()
    return table


if __name__ == "__main__":
    main()
