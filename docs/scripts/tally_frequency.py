"""One tally published each day, week or month: how wide is the interval of the level?

    python docs/scripts/tally_frequency.py              # some three CPU minutes
    python docs/scripts/tally_frequency.py --truths 12 --workers 4
    python docs/scripts/tally_frequency.py --rule "by the week, known"    # those rows only
    BAJAS_DATA=... python docs/scripts/tally_frequency.py --measure    # seconds

Claims are simulated with a tally each day whose errors are independent from day to day, and the
same figures are published less often. Each is fitted with one prior of the noise of an increment,
whatever its days, and with the noise of a week's increment (``NoisePrior.tally_days``); without an
anchor, and with one on the tally. Under the anchor also with the noise known, in truths that have
that noise: what then is left of a difference isn't about the noise. Writes
docs/_static/tally_frequency.json and prints the table of docs/explanation/tally_frequency.md. With
--measure: how the scatter of the Ukrainian General Staff's increments falls with their days.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bajas.answers.montecarlo import effective_size
from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.checks.commit import commit
from bajas.checks.scenarios import BELIEFS, one_side, published_every
from bajas.checks.simulation import simulate_claims
from bajas.model.specification import NoisePrior
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Settings

RESULT = Path(__file__).parents[1] / "_static" / "tally_frequency.json"
FREQUENCIES = {"day": 1, "week": 7, "month": 30}
WEEKLY = NoisePrior(tally_days=7.0)
#: Prior of the noise in the fit, and in the simulation.
RULES = {
    "by increment": (NoisePrior(tally_days=None), WEEKLY),
    "by the week": (WEEKLY, WEEKLY),
    "by the week, known": (replace(WEEKLY, log_sd=0.01), replace(WEEKLY, log_sd=0.01)),
}
ANCHORS = {"none": None, "sd 0.05": 0.05}
#: Without an anchor nothing depends on the noise.
PAIRS = [(a, r) for a in ANCHORS for r in RULES if a != "none" or "known" not in r]


def level(posterior: Posterior) -> dict[str, Any]:
    """Sd of the log of the total, and its effective draws."""
    draws = np.log(posterior.total("killed", "X"))
    return {"sd": float(draws.std()), "ess": effective_size(draws)}


def tasks(truths: int, draws: int, pairs: list[tuple[str, str]]) -> Iterator[FitTask]:
    """All fits."""
    for truth in range(truths):
        for anchored, rule in pairs:
            base, sd = BELIEFS, ANCHORS[anchored]
            if sd is not None:
                base = replace(BELIEFS, bias=BELIEFS.bias.with_anchor("staff", mean=0.0, sd=sd))
            noise, true_noise = RULES[rule]
            made = simulate_claims(one_side("day"), replace(base, noise=true_noise), (23, truth))
            for every, days in FREQUENCIES.items():
                yield FitTask(
                    json.dumps([anchored, every, rule, truth]),
                    published_every(made.ledger, "staff", days),
                    replace(base, noise=noise),
                    Settings(draws, 300, 4, 1, truth),
                )


def scatter(log_increments: np.ndarray, counts: np.ndarray) -> float:
    """Return the sd of independent errors of increments, beyond the scatter of counting.

    Where log losses are a random walk and errors independent, successive differences of log
    increments have minus the variance of an error as their covariance at lag one.
    """
    steps = np.diff(log_increments)
    steps = steps - steps.mean()
    variance = -float(np.mean(steps[1:] * steps[:-1])) - float(np.mean(1 / counts))
    return float(np.sqrt(max(variance, 0.0)))


def measure() -> None:
    """Print the scatter of increments of so many days, of a daily tally."""
    import bajas

    days = (1, 2, 4, 7, 14, 28)
    print("| sd of an increment's error | " + " | ".join(f"{d} days" for d in days) + " |")
    print("|---|" + "---|" * len(days))
    outcomes = ("casualties", "tank", "artillery", "armoured_vehicle")
    folder = bajas.datasets.data_folder()
    if folder is None:
        raise SystemExit("the General Staff's files are needed: set BAJAS_DATA")
    table = bajas.datasets.general_staff_claims(
        folder / "general_staff", outcomes=outcomes, until="2023-08-06"
    )
    for outcome, rows in table.groupby("outcome", sort=False):
        series = rows.assign(end=pd.to_datetime(rows["end"]), value=rows["value"].astype(float))
        total = series.drop_duplicates("end", keep="last").set_index("end")["value"].sort_index()
        total = total.asfreq("D").interpolate()
        cells = []
        for step in days:
            # every way to start, since the longer increments are few
            found = []
            for start in range(step):
                new = np.diff(total.to_numpy()[start::step])
                new = new[new > 0]
                found.append(scatter(np.log(new), new) ** 2)
            cells.append(f"{np.sqrt(np.mean(found)):.2f}")
        print(f"| {outcome} | {' | '.join(cells)} |")
    expected = [np.sqrt(2) * WEEKLY.tally * np.sqrt(7 / d) for d in days]
    print(f"| prior median, by the week | {' | '.join(f'{sd:.2f}' for sd in expected)} |")


def main() -> None:
    """Fit, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truths", type=int, default=4)
    parser.add_argument("--draws", type=int, default=800)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--folder", help="of results; a run that was cut short goes on from there")
    parser.add_argument("--rule", choices=tuple(RULES), help="of the noise; all by default")
    parser.add_argument("--measure", action="store_true", help="of a daily tally, instead")
    options = parser.parse_args()
    if options.measure:
        measure()
        return
    pairs = [pair for pair in PAIRS if options.rule in (None, pair[1])]
    batch = run_batch(
        tasks(options.truths, options.draws, pairs), level, folder=options.folder,
        workers=options.workers,
    )  # fmt: skip
    if batch.errors or not batch.complete:
        raise SystemExit(f"not all fits were made: {dict(batch.errors)}")
    rows: list[dict[str, Any]] = []
    if options.rule and RESULT.exists():
        kept = json.loads(RESULT.read_text(encoding="utf-8"))["rows"]
        rows = [row for row in kept if row["noise"] != options.rule]
    for anchored, rule in pairs:
        row: dict[str, Any] = {"anchor": anchored, "noise": rule, "commit": commit()}
        for every in FREQUENCIES:
            found = [
                batch.results[json.dumps([anchored, every, rule, truth])]
                for truth in range(options.truths)
            ]
            sds = np.array([item["sd"] for item in found])
            row[every] = float(np.sqrt(np.mean(sds**2)))
            # the sd of a normal from n effective draws has the relative error 1 / sqrt(2 n)
            errors = sds / np.sqrt(2 * np.array([item["ess"] for item in found]))
            row[f"{every} mcse"] = float(np.sqrt(np.sum(errors**2)) / options.truths)
        rows.append(row)
    RESULT.write_text(
        json.dumps(
            {
                "truths": options.truths, "draws": 4 * options.draws, "rows": rows,
                "machine": f"{platform.system()} {platform.machine()}, Python"
                f" {platform.python_version()}",
            },
            indent=1,
        ) + "\n", encoding="utf-8",
    )  # fmt: skip
    print("| anchor on the tally | noise | each day | each week | each month | month / day |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        cells = " | ".join(f"{row[k]:.4f} ± {row[f'{k} mcse']:.4f}" for k in FREQUENCIES)
        print(f"| {row['anchor']} | {row['noise']} | {cells} | {row['month'] / row['day']:.2f} |")


if __name__ == "__main__":
    main()
