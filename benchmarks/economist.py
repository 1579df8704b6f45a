"""The war in Ukraine as of 7 August 2023: our intervals beside those of an additive model.

    python benchmarks/economist.py --json docs/_static/hindsight/economist.json
    python docs/scripts/economist_tables.py

The claims are the shipped ones known on that day: totals of Russian killed and casualties, all
forces, since the war's first day. Both models get the same claims (ours also once all that ship).
Asked are killed and casualties up to 6 August 2023, with 95 % intervals; how far the answers move
when one source's rows are there five times; and how often intervals hold the truth behind claims
simulated with the same sources, windows and days. With BAJAS_DATA the additive model is also fitted
to The Economist's own table of estimates, which isn't part of bajas.

    --simulations 55     fits of each model to simulated claims
    --folder runs        keep fits there, and go on from them
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from economist_gam import Row, fit
from hindsight import compact, made, with_earlier

import bajas
from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.checks.simulation import simulate_claims
from bajas.claims.claim import Claim
from bajas.datasets.folder import data_folder
from bajas.design.build import build_design
from bajas.ledger.ledger import Ledger
from bajas.model.specification import IntensityPrior, Specification
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Settings

AS_OF, UNTIL = date(2023, 8, 7), date(2023, 8, 6)
OUTCOMES = ("killed", "casualties")
LEVELS = (0.5, 0.8, 0.95)
COMMAND = "python benchmarks/economist.py --json docs/_static/hindsight/economist.json"
#: How often one source's rows are there.
TIMES = 5
SETTINGS = Settings(draws=2000, tune=500, chains=4, cores=1, seed=1)
SHORT = Settings(draws=1500, tune=300, chains=4, cores=1, seed=1)
#: Centre of the simulated wars' level: near the claims', and a number, since figures are replaced.
#: They are of about this war's size; fits have the default's wider prior.
CENTRE = math.log(100.0)
SIMULATED = Specification(intensity=IntensityPrior(level_centre=CENTRE, level_sd=1.0))
FITTED = Specification(intensity=IntensityPrior(level_centre=CENTRE))


def main() -> None:
    """Fit, repeat, simulate; print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=55)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = compare(options.simulations, options.folder, options.workers)
    if options.folder:  # fits kept by earlier calls took time then
        result["made"]["cpu_seconds"] = with_earlier(options.folder, result["made"]["cpu_seconds"])
    print(compact(result))
    if options.json:
        options.json.write_text(compact(result), encoding="utf-8")


def compare(simulations: int, folder: Path | None = None, workers: int = 1) -> dict[str, Any]:
    """Return everything that is measured."""
    begun, made_with = time.process_time(), made()
    whole = bajas.datasets.russia_ukraine_2023().as_of(AS_OF.isoformat())
    ledger = totals(whole)
    curve = fit(rows(ledger))
    # the source whose repetition moves the additive model most is repeated for ours in earnest
    moved = jumps(rows(ledger))
    worst = max(moved, key=lambda name: max(abs(x) for x in moved[name].values()))
    tasks = [
        FitTask("the same claims", ledger, Specification(), SETTINGS),
        FitTask("all claims", whole, Specification(), SETTINGS),
        FitTask("repeated", repeated(ledger, worst), Specification(), SETTINGS),
    ]
    ours = run_batch(tasks, answers, folder=folder, workers=workers)
    if ours.errors:
        raise SystemExit(f"fits failed: {dict(ours.errors)}")
    same = ours.results["the same claims"]
    result = {
        "made": made_with | {"command": COMMAND, "draws": SETTINGS.draws},
        "claims": len(rows(ledger)),
        "all_claims": len(whole),
        "curve": {outcome: interval(curve.predict(outcome, UNTIL)) for outcome in OUTCOMES},
        "bajas": same,
        "bajas_all": ours.results["all claims"],
        "jumps": moved,
        "repeated": {
            "source": worst,
            "bajas": {
                outcome: ours.results["repeated"][outcome]["median"] / same[outcome]["median"] - 1
                for outcome in OUTCOMES
            },
            "same_design": {
                name: same_design(ledger, repeated(ledger, name))
                for name in sorted({claim.source for claim in ledger})
            },
        },
        "path": path(ledger),
        "coverage": coverage(ledger, simulations, folder, workers),
        "their_table": their_table(),
    }
    result["made"]["cpu_seconds"] = round(time.process_time() - begun, 1)
    return result


# -- the claims -----------------------------------------------------------------------------------


def totals(ledger: Ledger) -> Ledger:
    """Return the claims about all Russian killed or casualties since the first day."""
    return replace(
        ledger,
        claims=tuple(
            claim
            for claim in ledger
            if claim.side == "RU"
            and claim.outcome in OUTCOMES
            and claim.component == "all"
            and claim.start <= ledger.first_day
            and claim.qualifier != "peak"
            and not claim.excluded
            and figure(claim)
        ),
    )


def figure(claim: Claim) -> float | None:
    if claim.value is not None:
        return claim.value
    return math.sqrt(claim.low * claim.high) if claim.low and claim.high else None


def rows(ledger: Ledger) -> list[Row]:
    """Return the claims as the additive model sees them; a bound is the figure that it names."""
    return [
        Row(c.end, c.outcome, c.source_type, c.source, math.log(figure(c) or 1.0)) for c in ledger
    ]


def repeated(ledger: Ledger, source: str) -> Ledger:
    """Return the ledger with one source's claims there five times, with ids of their own."""
    copies = [
        replace(claim, claim_id=f"{claim.claim_id}-copy{number}", row=0)
        for claim in ledger
        if claim.source == source
        for number in range(1, TIMES)
    ]
    return replace(ledger, claims=(*ledger.claims, *copies))


def same_design(one: Ledger, other: Ledger) -> bool:
    """Return whether two ledgers say the same to the model: no row of the likelihood differs."""
    first, second = build_design(one), build_design(other)
    return first.observations == second.observations and first.strata == second.strata


# -- both models ----------------------------------------------------------------------------------


def interval(found: tuple[float, float, float]) -> dict[str, float]:
    centre, low, high = found
    return {"median": math.exp(centre), "low": math.exp(low), "high": math.exp(high),
            "log_width": high - low}  # fmt: skip


def jumps(given: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return by source how far the additive model's answers move when its rows are repeated."""
    before = fit(given)
    found = {}
    for source in sorted({row.source for row in given}):
        after = fit([*given, *[row for row in given if row.source == source] * (TIMES - 1)])
        found[source] = {
            outcome: math.exp(after.predict(outcome, UNTIL)[0] - before.predict(outcome, UNTIL)[0])
            - 1
            for outcome in before.outcomes
        }
    return found


def answers(posterior: Posterior) -> dict[str, Any]:
    """Return median and central intervals of both totals: what is kept of a fit."""
    kept: dict[str, Any] = {"trusted": posterior.verdict.trusted, "why": list(posterior.why_not)}
    for outcome in OUTCOMES:
        logs = np.log(posterior.total(outcome, "RU", until=UNTIL))
        low, centre, high = np.quantile(logs, [0.025, 0.5, 0.975])
        kept[outcome] = interval((float(centre), float(low), float(high)))
        kept[outcome]["ends"] = [
            [float(end) for end in np.quantile(logs, [0.5 - level / 2, 0.5 + level / 2])]
            for level in LEVELS
        ]
    return kept


def path(ledger: Ledger) -> dict[str, list[Any]]:
    """Return the additive model's curve of casualties, for the figure."""
    curve = fit(rows(ledger))
    found: dict[str, list[Any]] = {"day": [], "centre": [], "low": [], "high": []}
    for step in range(0, curve.days + 1, 7):
        day = date.fromordinal(curve.first.toordinal() + step)
        centre, low, high = curve.predict("casualties", day)
        for name, value in zip(
            found, (day.isoformat(), math.exp(centre), math.exp(low), math.exp(high)), strict=True
        ):
            found[name].append(value)
    found["claims"] = [
        [row.day.isoformat(), math.exp(row.log_figure), row.group]
        for row in rows(ledger)
        if row.outcome == "casualties"
    ]
    return found


# -- coverage -------------------------------------------------------------------------------------


def coverage(ledger: Ledger, simulations: int, folder: Path | None, workers: int) -> dict[str, Any]:
    """Return how often intervals of both models hold the truth behind simulated claims.

    Bounds are made figures first: both models then see the same, and every war can be simulated.
    """
    plain = replace(
        ledger,
        claims=tuple(
            replace(claim, qualifier="about")
            if claim.qualifier in ("at_least", "at_most")
            else claim
            for claim in ledger
        ),
    )
    truths: dict[str, dict[str, float]] = {}
    theirs: dict[str, dict[str, list[list[float]]]] = {}

    def tasks() -> Iterator[FitTask]:
        for number in range(simulations):
            made_up = simulate_claims(plain, SIMULATED, (7, number))
            name = f"simulated {number}"
            truths[name] = {
                outcome: float(np.log(made_up.truth.total(outcome, "RU", until=UNTIL)).item())
                for outcome in OUTCOMES
            }
            curve = fit(rows(made_up.ledger))
            theirs[name] = {
                outcome: [list(curve.predict(outcome, UNTIL, level)[1:]) for level in LEVELS]
                for outcome in OUTCOMES
            }
            yield FitTask(name, made_up.ledger, FITTED, SHORT)

    batch = run_batch(tasks(), partial(answers), folder=folder, workers=workers)
    ours = {
        name: {outcome: result[outcome]["ends"] for outcome in OUTCOMES}
        for name, result in batch.results.items()
    }
    theirs = {name: theirs[name] for name in ours}
    return {
        "simulations": len(ours),
        "failed": len(batch.errors),
        "untrusted": sum(not result["trusted"] for result in batch.results.values()),
        "bajas": held(ours, truths),
        "additive model": held(theirs, truths),
    }


def held(
    ends: Mapping[str, Mapping[str, Sequence[Sequence[float]]]],
    truths: Mapping[str, Mapping[str, float]],
) -> dict[str, list[dict[str, float]]]:
    """Return shares of truths inside, median widths, and the width that would hold its level.

    For the last all intervals are stretched around their middles by one factor, the smallest with
    which they hold the share of truths that their level says: widths of methods whose intervals
    don't hold what they say can be compared by it.
    """
    found: dict[str, list[dict[str, float]]] = {}
    for outcome in OUTCOMES:
        found[outcome] = []
        for place, level in enumerate(LEVELS):
            end = np.array([ends[name][outcome][place] for name in ends])
            truth = np.array([truths[name][outcome] for name in ends])
            width = end[:, 1] - end[:, 0]
            needed = np.abs(truth - end.mean(axis=1)) / (width / 2)
            stretch = float(np.quantile(needed, level, method="inverted_cdf"))
            found[outcome].append(
                {
                    "level": level,
                    "share": float(np.mean(needed <= 1)),
                    "log_width": float(np.median(width)),
                    "stretch": stretch,
                    "log_width_that_holds": stretch * float(np.median(width)),
                }
            )
    return found


# -- The Economist's own table ---------------------------------------------------------------------


def their_table() -> dict[str, Any] | None:
    """Return the additive model's width and jumps on the table, or None where it isn't at hand.

    Rows that the table marks as not for its chart (from the parties to the war) are left out; a
    range counts as its middle on the log scale. Known slips of the table are not mended.
    """
    folder = data_folder()
    file = None if folder is None else folder / "economist" / "estimates_to_2023-08.csv"
    if file is None or not file.is_file():
        return None
    given = []
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            parties = next(value for name, value in row.items() if name.startswith("ignore"))
            if row["country"] != "russia" or parties:
                continue
            day, month, year = map(int, row["date"].split("/"))
            names = ("estimate_low", "estimate", "estimate_high")
            logs = [math.log(float(row[name])) for name in names if row[name]]
            given.append(
                Row(date(year, month, day), row["type"], "all", row["source"], float(np.mean(logs)))
            )
    curve = fit(given)
    found = jumps(given)
    sizes = [max(abs(x) for x in by.values()) for by in found.values()]
    return {
        "rows": len(given),
        "log_width": {name: interval(curve.predict(name, UNTIL))["log_width"]
                      for name in curve.outcomes},
        "largest_jump": max(sizes),
        "median_jump": float(np.median(sizes)),
    }  # fmt: skip


if __name__ == "__main__":
    main()
