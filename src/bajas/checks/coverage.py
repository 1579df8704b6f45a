"""Coverage: how often intervals hold the truth that simulated claims came from.

    python -m bajas.checks.coverage --list
    python -m bajas.checks.coverage --scenario baseline --fits 200 --folder runs/baseline

An interval of level p of a calibrated fit holds the truth with probability p, averaged over truths
drawn from the prior and claims drawn from the truth. Of N fits the share that does has a Monte
Carlo error of sqrt(p (1 - p) / N). Where the fitted model isn't the one that made the claims
nothing is promised, and the share is a measurement of what goes wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.checks.commit import commit
from bajas.checks.scenarios import PAIRED, SCENARIOS, Scenario, Target, scenario
from bajas.checks.seeds import case_seed
from bajas.checks.simulation import simulate_claims
from bajas.checks.told import summary_of_told, told
from bajas.errors import BajasError
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Progress, Settings, silent

#: Levels of the central intervals that are checked.
LEVELS = (0.5, 0.8, 0.9, 0.95)

#: What :func:`told` is asked about.
_ASKED = Target("the total that is asked about")

#: Of each fit: the fewest draws at which nearly all fits of the small scenarios pass their verdict.
#: Two chains, since most of the cost is warming up, which twice the draws add a tenth to.
SETTINGS = Settings(draws=2000, tune=200, chains=2, cores=1)


@dataclass(frozen=True)
class Coverage:
    """How often intervals held the truth.

    Parameters
    ----------
    scenario : str
        What was simulated.
    about : str
        In a sentence.
    calibrated : bool
        Whether the fitted model is the one that made the claims.
    seed : int
        Of the simulation, with the scenario's name and the number of the fit mixed in
        (:func:`bajas.checks.seeds.case_seed`); a fault has the cases of the baseline.
    fits, failed, untrusted : int
        Fits that were made, those that failed (not counted below), and those that failed their
        verdict (counted all the same: leaving them out would favour what is easy to sample).
    rows : tuple of dict
        One per number and level: ``target``, ``level``, ``held`` (times), ``share``, ``mcse`` (of
        the share, if the level is right), ``width`` (median ratio of upper to lower end, or
        difference for a bias), ``error`` (mean of log(median / truth), or of the difference).
    versions : dict of str to str
        What it was measured with.
    told : dict
        What the library told of the first ``told_of`` fits, as shares of them:
        :func:`bajas.checks.told.summary_of_told`; empty if it wasn't asked.
    told_of : int
        How many fits were asked.
    """

    scenario: str
    about: str
    calibrated: bool
    seed: int
    fits: int
    failed: int
    untrusted: int
    rows: tuple[dict[str, Any], ...]
    versions: Mapping[str, str]
    told: Mapping[str, Any] = field(default_factory=dict)
    told_of: int = 0

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table."""
        return pd.DataFrame(list(self.rows))

    def share(self, target: str, level: float) -> tuple[float, float]:
        """Return the share of intervals that held the truth, and its Monte Carlo error."""
        for row in self.rows:
            if row["target"] == target and np.isclose(row["level"], level):
                return row["share"], row["mcse"]
        raise BajasError(f"no coverage of {target!r} at level {level:g} here")

    def beyond(self, errors: float = 3.0) -> tuple[str, ...]:
        """Say which shares are further from their level than so many Monte Carlo errors."""
        return tuple(
            f"{row['target']}: {row['held']} of {self.fits - self.failed} intervals of level"
            f" {row['level']:g} hold the truth, a share of {row['share']:.3f}"
            for row in self.rows
            if abs(row["share"] - row["level"]) > errors * row["mcse"]
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {
            **asdict(self),
            "rows": list(self.rows),
            "versions": dict(self.versions),
            "told": dict(self.told),
        }

    def __str__(self) -> str:
        table = self.frame().pivot_table(index="target", columns="level", values="share")
        table = table.loc[list(dict.fromkeys(row["target"] for row in self.rows))]
        counted = self.fits - self.failed
        error = np.sqrt(0.9 * 0.1 / max(counted, 1))
        return (
            f"{self.scenario}: {self.about}\n"
            f"share of intervals that hold the truth, {counted} fits"
            f" ({self.failed} failed, {self.untrusted} not trusted);"
            f" Monte Carlo error at 0.9: {error:.3f}\n{table.round(3).to_string()}"
        )


def measure_coverage(
    name: str,
    fits: int = 200,
    *,
    seed: int = 0,
    settings: Settings = SETTINGS,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    levels: Sequence[float] = LEVELS,
    what: Scenario | None = None,
    ask: int = 0,
) -> Coverage:
    """Simulate claims, fit them, and count how often intervals hold the truth.

    Parameters
    ----------
    name : str
        A scenario of :data:`bajas.checks.scenarios.SCENARIOS`, or the name of ``what``.
    fits : int
        How many; the error of a share is sqrt(p (1 - p) / fits).
    seed : int
        Same seed, same claims and fits.
    settings : Settings
        Of each fit; its seed is the number of the fit.
    folder, workers, progress
        As in :func:`bajas.fit_many`; more fits later take those made from the folder.
    levels : sequence of float
        Of the central intervals.
    what : Scenario, optional
        One that is not in the list.
    ask : int
        Of how many fits, the first ones, to note what the library tells of them.

    Raises
    ------
    BajasError
        If there is no such scenario, no fit succeeded, or the batch was interrupted.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788.
    """
    if not isinstance(fits, int) or fits < 1:
        raise BajasError(f"fits must be a whole number from 1, not {fits!r}")
    chosen = scenario(name) if what is None else what
    ledger = chosen.ledger()
    truths: dict[str, dict[str, float]] = {}

    def tasks() -> Iterator[FitTask]:
        for index in range(fits):
            made = simulate_claims(
                ledger,
                chosen.generating or chosen.fitted,
                case_seed(PAIRED if chosen.fault else name, seed, index),
                chosen.distort,
            )
            truths[str(index)] = {
                target.label: float(value(made.truth, target).item())
                for target in (*chosen.targets, *([_ASKED] if ask else []))
            }
            task = Settings(settings.draws, settings.tune, settings.chains, 1, index)
            yield FitTask(str(index), made.ledger, chosen.fitted, task)

    def report(stage: str, done: int, total: int) -> None:
        progress(stage, done, fits if stage == "fits" else total)

    reduce = partial(
        intervals,
        targets=[asdict(target) for target in chosen.targets],
        levels=list(levels),
        ask=ask,
    )
    batch = run_batch(tasks(), reduce, folder=folder, workers=workers, progress=report)
    if not batch.complete:
        raise BajasError(
            f"interrupted after {len(batch.results)} of {fits} fits"
            + (f"; run it again to go on from {folder}" if folder is not None else "")
        )
    if not batch.results:
        reasons = "; ".join(dict.fromkeys(batch.errors.values()))
        raise BajasError(f"no fit of scenario {name!r} succeeded: {reasons}")
    asked = [name for name, result in batch.results.items() if result["told"]]
    return Coverage(
        scenario=name,
        about=chosen.about,
        calibrated=chosen.calibrated,
        seed=seed,
        fits=fits,
        failed=len(batch.errors),
        untrusted=sum(not result["trusted"] for result in batch.results.values()),
        rows=tuple(_rows(chosen.targets, levels, truths, batch.results)),
        versions=_versions(settings),
        told=summary_of_told(
            [batch.results[index]["told"] for index in asked],
            [truths[index][_ASKED.label] for index in asked],
        )
        if asked
        else {},
        told_of=len(asked),
    )


def _versions(settings: Settings) -> dict[str, str]:
    """Return what was measured with: fits, packages, machine, day, and commit if it is known."""
    known = commit()
    return {
        "fits": f"{settings.chains} chains of {settings.draws} draws",
        "python": platform.python_version(),
        **{package: version(package) for package in ("bajas", "numpy", "numba")},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "date": date.today().isoformat(),
        **({"commit": known} if known else {}),
    }


def _rows(
    targets: Sequence[Target],
    levels: Sequence[float],
    truths: Mapping[str, Mapping[str, float]],
    results: Mapping[str, Mapping[str, Any]],
) -> Iterator[dict[str, Any]]:
    names = list(results)
    for target in targets:
        true = np.array([truths[name][target.label] for name in names])
        medians = np.array([results[name]["median"][target.label] for name in names])
        error = medians - true if target.signed else np.log(medians / true)
        for position, level in enumerate(levels):
            ends = np.array([results[name]["ends"][target.label][position] for name in names])
            held = (ends[:, 0] <= true) & (true <= ends[:, 1])
            width = ends[:, 1] - ends[:, 0] if target.signed else ends[:, 1] / ends[:, 0]
            yield {
                "target": target.label,
                "signed": target.signed,
                "level": level,
                "held": int(held.sum()),
                "share": float(held.mean()),
                "mcse": float(np.sqrt(level * (1 - level) / len(names))),
                "width": float(np.median(width)),
                "error": float(error.mean()),
            }


def intervals(
    posterior: Posterior,
    targets: Sequence[Mapping[str, Any]],
    levels: Sequence[float],
    ask: int = 0,
) -> dict[str, Any]:
    """Return the central intervals of each number, and what is told: what is kept of a fit."""
    ends: dict[str, list[list[float]]] = {}
    medians: dict[str, float] = {}
    for entry in targets:
        target = Target(**entry)
        draws = value(posterior, target)
        medians[target.label] = float(np.median(draws))
        ends[target.label] = [
            [float(end) for end in np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])]
            for level in levels
        ]
    return {
        "ends": ends,
        "median": medians,
        "trusted": posterior.verdict.trusted,
        "told": told(posterior) if posterior.seed < ask else {},
    }


def value(posterior: Posterior, target: Target) -> np.ndarray:
    """Return the draws of a number, (chain, draw); of a truth there is one.

    Raises
    ------
    BajasError
        If the source of a bias has no figures of the outcome, or there is no such parameter.
    """
    if target.parameter:
        return _parameter(posterior, target.parameter)
    if target.bias_of:
        streams = posterior.design.streams
        own = [
            row
            for row, o in enumerate(posterior.design.observations)
            if (streams[o.stream].source, streams[o.stream].side, streams[o.stream].outcome)
            == (target.bias_of, target.side, target.outcome)
        ]
        if not own:
            raise BajasError(f"{target.bias_of!r} has no figures of {target.outcome!r}")
        return np.asarray(posterior.bias_draws[:, :, own[target.figure]])
    since, until = target.since or None, target.until or None
    total = posterior.total(target.outcome, target.side, target.component, since, until)
    if target.over:
        whose = target.over_component or target.component
        below = posterior.total(target.over, target.side, whose, since, until)
        return np.asarray(total / np.maximum(below, 1.0))
    return total


def _parameter(posterior: Posterior, name: str) -> np.ndarray:
    found = dict(posterior.hyper_draws) | posterior.representation.split(posterior.field_draws)
    draws = np.asarray(found[name]) if name in found else np.empty(0)
    if draws.ndim < 3 or draws[0, 0].size != 1:
        raise BajasError(f"{name!r} is no single parameter here")
    return draws.reshape(draws.shape[:2])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if a calibrated scenario's shares are off by 3.5 errors or more."""
    parser = argparse.ArgumentParser(
        prog="python -m bajas.checks.coverage",
        description="How often intervals hold the truth that simulated claims came from.",
    )
    parser.add_argument("--scenario", action="append", help="may be given again; all by default")
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help="of results; a run that was cut short goes on from there")
    parser.add_argument("--workers", type=int, help="processes; one per core by default")
    parser.add_argument("--json", metavar="FOLDER", help="write what was measured to files here")
    parser.add_argument(
        "--ask", type=int, default=0, metavar="N", help="note what the library tells of N fits"
    )
    parser.add_argument("--list", action="store_true", help="say which scenarios there are")
    options = parser.parse_args(arguments)
    if options.list:
        for name, item in SCENARIOS.items():
            print(f"{name}: {item.about}{'' if item.calibrated else ' (misspecified)'}")
        return 0
    off = False
    try:
        for name in options.scenario or list(SCENARIOS):
            found = measure_coverage(
                name,
                options.fits,
                seed=options.seed,
                folder=options.folder and Path(options.folder) / name.replace(" ", "_"),
                workers=options.workers,
                progress=_progress,
                ask=options.ask,
            )
            print(found, flush=True)
            if options.json:
                path = Path(options.json) / f"{name.replace(' ', '_')}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(found.as_dict(), indent=1) + "\n", encoding="utf-8")
            if found.calibrated and (problems := found.beyond(3.5)):
                off = True
                print("\n".join(f"OFF: {problem}" for problem in problems), file=sys.stderr)
    except BajasError as error:
        print(error, file=sys.stderr)
        return 2
    return int(off)


def _progress(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if stage == "done" else ""
        print(f"\r\033[K{stage} {done}/{total}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
