"""Our model under each bias prior, and the published peer's, on the targets of the benchmark.

A fit that knows nothing of the case it is tested on: the learned prior is the one without it.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from hindsight_targets import Target, figure

import bajas
from bajas.batch.run import run_batch
from bajas.batch.store import library_hash
from bajas.batch.task import FitTask
from bajas.checks.scores import central_interval
from bajas.claims.claim import EVIDENCE_KINDS
from bajas.claims.wholefile import write_whole
from bajas.model.bias import BiasPrior
from bajas.model.specification import IntensityPrior, Specification
from bajas.posterior.posterior import Posterior
from bajas.posterior.verdict import judge
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Settings, silent

#: Small models: 4,000 draws of one take half a second to two seconds of CPU.
SETTINGS = Settings(draws=1500, tune=300, chains=4, cores=1, seed=1)
#: Draws kept of each answer, evenly spaced in their order: enough for every score.
KEPT = 1000


def symmetric(case: str) -> BiasPrior:
    return bajas.bias.symmetric(0.6)


def learned(case: str) -> BiasPrior:
    return bajas.bias.hindsight(without=case)


def relation_alone(case: str) -> BiasPrior:
    """Return the learned prior that looks at who speaks of whom and not at the kind of evidence."""
    prior = learned(case)
    relations = {name: replace(entry, kinds={}) for name, entry in prior.relations.items()}
    return replace(prior, name=f"{prior.name}, relation alone", relations=relations)


def not_settled(case: str) -> BiasPrior:
    """Return the learned prior that takes a settled claim for a fresh one."""
    prior = learned(case)
    relations = {
        name: replace(entry, kinds={k: v for k, v in entry.kinds.items() if k in EVIDENCE_KINDS})
        for name, entry in prior.relations.items()
    }
    return replace(prior, name=f"{prior.name}, settled claims as fresh", relations=relations)


@dataclass(frozen=True)
class Ours:
    """One of our models: its bias prior by the case left out, the claims it sees, its level."""

    prior: Callable[[str], BiasPrior]
    windows: str = "own"
    intensity: IntensityPrior = field(default_factory=IntensityPrior)

    def specification(self, case: str) -> Specification:
        return Specification(bias=self.prior(case), intensity=self.intensity)


#: The sd of the level until this benchmark had been seen.
NARROW = IntensityPrior(level_sd=1.5)

OURS: Mapping[str, Ours] = {
    "bajas, hindsight": Ours(learned),
    "bajas, settled claims as fresh": Ours(not_settled),
    "bajas, relation alone": Ours(relation_alone),
    "bajas, symmetric(0.6)": Ours(symmetric),
    "bajas, bounds as figures": Ours(learned, "own, bounds as figures"),
    "bajas, level sd 1.5": Ours(learned, intensity=NARROW),
    "bajas, both former choices": Ours(not_settled, intensity=NARROW),
    "bajas, all windows": Ours(learned, "all"),
}


def tasks(
    targets: Sequence[Target], methods: Sequence[str]
) -> tuple[list[FitTask], dict[str, dict[str, str]]]:
    """Return the fits of some methods, each made once, and the name of each target's fit."""
    made: dict[str, FitTask] = {}
    where: dict[str, dict[str, str]] = {method: {} for method in methods}
    for method in methods:
        ours = OURS[method]
        for target in targets:
            ledger = target.ledger(ours.windows)
            specification = ours.specification(target.case.name)
            task = FitTask(f"{method}: {target.name}", ledger, specification, SETTINGS)
            # targets may share a ledger of all windows, methods what they don't differ in
            where[method][target.name] = made.setdefault(task.content_hash, task).name
    return list(made.values()), where


def question(target: Target) -> dict[str, str]:
    truth = target.truth
    return {
        "target": target.name,
        "case": target.case.name,
        "outcome": truth.outcome,
        "side": truth.side,
        "component": truth.component,
        "status": truth.status,
        "since": truth.start.isoformat(),
        "until": truth.end.isoformat(),
    }


def answers(posterior: Posterior, questions: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return log totals for every question that a fit's claims are about: what is kept of it."""
    claims = posterior.ledger.claims
    first, case = claims[0], claims[0].claim_id.rsplit("-", 1)[0]
    about = (case, first.side, first.component, first.outcome, first.status)
    calendar = posterior.design.calendar
    found = {}
    for asked in questions:
        if about != tuple(asked[n] for n in ("case", "side", "component", "outcome", "status")):
            continue
        since, until = asked["since"], asked["until"]
        covered = calendar.first_day.isoformat() <= since and until <= calendar.last_day.isoformat()
        if covered:
            total = posterior.total(
                asked["outcome"], asked["side"], asked["component"], since, until
            )
            found[asked["target"]] = kept(total)
    return {"draws": found, "trusted": posterior.verdict.trusted, "why": list(posterior.why_not)}


def run_ours(
    targets: Sequence[Target], folder: Path | None, workers: int = 1, methods: Sequence[str] = ()
) -> tuple[dict[str, dict[str, np.ndarray]], list[str]]:
    """Return log losses by method and target, and what is to be said of fits that went wrong."""
    every, where = tasks(targets, methods or list(OURS))
    reduce = partial(answers, questions=[question(target) for target in targets])
    batch = run_batch(every, reduce, folder=folder, workers=workers, progress=shown)
    notes = [f"{name}: failed, {reason}" for name, reason in batch.errors.items()]
    for name, result in batch.results.items():
        if not result["trusted"]:
            notes.append(f"{name}: not trusted, {'; '.join(result['why'])}")
    found = {
        method: {
            target: np.asarray(batch.results[fit]["draws"][target])
            for target, fit in fits.items()
            if fit in batch.results and target in batch.results[fit]["draws"]
        }
        for method, fits in where.items()
    }
    return found, notes


def rolling_tasks(
    targets: Sequence[Target], method: str
) -> tuple[list[FitTask], dict[str, tuple[Target, date]]]:
    """Return a fit for every day on which a claim on a target came, late ones too.

    Only of targets with claims of more than one day. Beside them, what each fit is about.
    """
    ours = OURS[method]
    made: list[FitTask] = []
    about: dict[str, tuple[Target, date]] = {}
    for target in targets:
        days = sorted({claim.published for claim in target.ledger(ours.windows, date.max)})
        for day in days if len(days) > 1 else ():
            name = f"{target.name} as of {day}"
            ledger = target.ledger(ours.windows, day)
            made.append(FitTask(name, ledger, ours.specification(target.case.name), SETTINGS))
            about[name] = (target, day)
    return made, about


def rolling(
    targets: Sequence[Target], method: str, folder: Path | None, workers: int = 1
) -> list[dict[str, Any]]:
    """Return the answers of those fits: log(answer / truth) at the ends of intervals."""
    made, about = rolling_tasks(targets, method)
    reduce = partial(answers, questions=[question(target) for target in targets])
    batch = run_batch(made, reduce, folder=folder, workers=workers, progress=shown)
    found = []
    for name, result in batch.results.items():
        target, day = about[name]
        draws = np.asarray(result["draws"][target.name]) - math.log(target.truth.value)
        found.append(
            {
                "target": target.name,
                "case": target.case.name,
                "as_of": day.isoformat(),
                "days": (day - target.truth.end).days,
                "claims": len(target.ledger(OURS[method].windows, day)),
                "ends": [[round(end, 4) for end in central_interval(draws, p)] for p in (0.5, 0.9)],
                "error": float(np.median(draws)),
                "trusted": result["trusted"],
            }
        )
    return found


def shown(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{stage} {done}/{total}", end="", file=sys.stderr, flush=True)


def kept(total: np.ndarray) -> list[float]:
    """Return evenly spaced quantiles of log losses; a count of none stands at one half."""
    logs = np.log(np.maximum(np.asarray(total, dtype=float).ravel(), 0.5))
    levels = (np.arange(KEPT) + 0.5) / KEPT
    return [round(float(value), 4) for value in np.quantile(logs, levels)]


# -- the published peer ---------------------------------------------------------------------------

#: Days over which the peer's losses run: with one total per target they only carry its prior.
PEER_DAYS, PEER_KNOTS = 30, 4


def peer(target: Target) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return log losses of a target under Radford et al. (2023), and why not to trust them.

    The model of ``examples/radford_2023.py`` itself, given the target's claims as cumulative
    reports on one type of losses: a negative binomial with a bias by source and side and by
    category within it, all of mean zero, and wordings as minimum and maximum. One change, which
    helps it: the intercept of log daily losses, which has mean 0 there, has as its mean that of the
    log figures, since wars here are of very different sizes.
    """
    script = radford()
    reports = pd.DataFrame(
        [
            {
                "loss_type": "losses",
                "days": PEER_DAYS,
                "time_frame": "Cumulative",
                "claim_source": claim.source,
                "loss_country": claim.side,
                "category": claim.outcome,
                "minimum": int(claim.qualifier == "at_least"),
                "maximum": int(claim.qualifier == "at_most"),
                "loss_count": round(figure(claim)),
            }
            for claim in target.claims
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / script.FILE
        reports.to_csv(path, index=False)
        representation = script.radford_representation(path, knots=PEER_KNOTS)
    level = float(np.mean(np.log(target.figures))) - math.log(PEER_DAYS)
    offset = representation.node_offset.copy()
    offset[-2] = level  # coefficients of the spline, then the intercept, then the slope
    representation = replace(representation, node_offset=offset)
    draws = named_sampler("fused")(representation, SETTINGS, silent)
    cumulative = script.totals(representation, draws)
    verdict = judge(
        script.quantities(representation, draws, cumulative),
        draws.stats["diverging"],
        draws.stats["energy"],
        draws.complete,
    )
    return np.asarray(kept(cumulative)), verdict.reasons


def peer_kept(target: Target, folder: Path | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what :func:`peer` does, kept in a folder as long as the library's code is the same."""
    if folder is None:
        return peer(target)
    file = folder / f"peer {library_hash()[:12]} {target.name}.json"
    if not file.exists():
        draws, why = peer(target)
        write_whole(file, [json.dumps({"draws": draws.tolist(), "why": why}).encode()])
    found = json.loads(file.read_text(encoding="utf-8"))
    return np.asarray(found["draws"]), tuple(found["why"])


@cache
def radford() -> ModuleType:
    path = Path(__file__).parents[1] / "examples" / "radford_2023.py"
    spec = util.spec_from_file_location("radford_2023", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules["radford_2023"] = module
    spec.loader.exec_module(module)
    return module
