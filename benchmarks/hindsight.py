"""The hindsight benchmark: fused casualty claims against truths that became known later.

    python benchmarks/hindsight.py --json docs/_static/hindsight/results.json
    python docs/scripts/hindsight_tables.py          # page and figures from that file

For each of the eleven shipped conflicts and each truth on whose side, force, outcome and window
somebody made a claim at the time: our model under each bias prior (the learned one estimated
without the case that is tested), means, rules of thumb, meta-analysis, and the published peer's
model. Errors and scores are on the logarithm of losses; targets of one case are averaged first, so
that each case has one vote; intervals of the averages come from drawing cases again.

    --case kosovo_1999       this case alone (may be given again)
    --method "bajas, ..."    only these of our models (may be given again)
    --folder runs            keep fits there, and go on from them
    --no-rolling             without the answers as of earlier days
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from hindsight_baselines import META, POINTS, dressed, measured
from hindsight_models import OURS, SETTINGS, peer_kept, rolling, run_ours
from hindsight_targets import Target, figure, stance, targets

from bajas.checks.scores import bootstrap_mean, central_interval, crps, log_score
from bajas.claims.claim import Claim

LEVELS = (0.5, 0.8, 0.9, 0.95)
MAIN = next(iter(OURS))
PEER = "Radford et al. (2023)"
#: Which targets are compared; a method is in a comparison if it answers on all of them.
SELECTIONS = {
    "all": lambda target: True,
    "with an own claim": lambda target: target.own is not None,
    "with an own and an enemy claim": lambda target: None not in (target.own, target.enemy),
    "with two claims or more": lambda target: len(target.claims) > 1,
}


def main() -> None:
    """Run, print the summary, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--method", action="append", default=[], choices=list(OURS))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-rolling", action="store_true")
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    found = list(targets())
    chosen = [t for t in found if not options.case or t.case.name in options.case]
    result = run(
        chosen, options.method or list(OURS), options.folder, options.workers,
        errors_of=found, peers=not options.no_peer, roll=not options.no_rolling,
    )  # fmt: skip
    if options.folder:  # fits kept by earlier calls took time then
        result["made"]["cpu_seconds"] = with_earlier(options.folder, result["made"]["cpu_seconds"])
    print(shown(result))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(compact(result), encoding="utf-8")


def run(
    chosen: Sequence[Target],
    methods: Sequence[str],
    folder: Path | None = None,
    workers: int = 1,
    *,
    errors_of: Sequence[Target],
    peers: bool = True,
    roll: bool = True,
) -> dict[str, Any]:
    """Return everything that is measured, as plain data.

    Parameters
    ----------
    chosen : sequence of Target
        What is scored.
    methods : sequence of str
        Names of our models.
    folder, workers
        As in :func:`bajas.fit_many`.
    errors_of : sequence of Target
        What points are dressed by: all targets, of which the case that is scored is left out.
    peers, roll : bool
        Whether to run the peer's model, and answers as of earlier days.
    """
    begun, made_with = time.process_time(), made()  # the commit that is run, not one made meanwhile
    draws, notes = run_ours(chosen, folder, workers, methods)
    if peers:
        draws[PEER] = {}
        for target in chosen:
            draws[PEER][target.name], why = peer_kept(target, folder)
            if why:
                notes.append(f"{PEER}: {target.name}: not trusted, {'; '.join(why)}")
    points = {name: centres(rule, errors_of) for name, rule in POINTS.items()}
    draws |= baselines(chosen, errors_of, points)
    scored = {
        method: {t.name: scores(own[t.name], t) for t in chosen if t.name in own}
        for method, own in draws.items()
    }
    for name, centre in points.items():  # a point's error is its own, whatever it is dressed in
        for target, entry in scored[name].items():
            truth = next(t.truth.value for t in chosen if t.name == target)
            entry["error"] = centre[target] - float(np.log(truth))
    earlier = rolling(chosen, MAIN, folder, workers) if roll else []
    return {
        "made": {**made_with, "cpu_seconds": round(time.process_time() - begun, 1)},
        "grades": {t.case.name: t.case.grade for t in chosen},
        "targets": [described(target) for target in chosen],
        "scores": scored,
        "summary": {
            f"{selection}, {which}": summary(
                scored, [t for t in chosen if wanted(t) and (t.graded or which == "all cases")]
            )
            for selection, wanted in SELECTIONS.items()
            for which in ("graded", "all cases")
        },
        "rolling": earlier,
        "notes": notes,
    }


def centres(rule: Any, found: Sequence[Target]) -> dict[str, float]:
    """Return the points of a rule where there are the claims that it needs."""
    made = {target.name: rule(target) for target in found}
    return {name: point for name, point in made.items() if point is not None}


def baselines(
    chosen: Sequence[Target],
    errors_of: Sequence[Target],
    points: Mapping[str, Mapping[str, float]],
) -> dict[str, dict[str, np.ndarray]]:
    """Return draws of every baseline by target."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, centre in points.items():
        errors: dict[str, list[float]] = {}
        for target in errors_of:
            if target.name in centre:
                off = float(np.log(target.truth.value)) - centre[target.name]
                errors.setdefault(target.case.name, []).append(off)
        for label, offset in ((name, False), (f"{name}, calibrated", True)):
            found[label] = {}
            for target in chosen:
                around = dressed(errors, target.case.name, offset)
                if target.name in centre and around is not None:
                    found[label][target.name] = centre[target.name] + around.draws()
    for name, method in META.items():
        pooled = {target.name: method(*measured(target.claims)) for target in chosen}
        found[name] = {target: p.draws() for target, p in pooled.items() if p is not None}
    return found


def scores(draws: np.ndarray, target: Target) -> dict[str, Any]:
    """Return the scores of one answer; ends and error are log(answer / truth)."""
    truth = float(np.log(target.truth.value))
    ends = [central_interval(draws, level) for level in LEVELS]
    return {
        "error": float(np.median(draws)) - truth,
        "crps": crps(draws, truth),
        "log_score": log_score(draws, truth),
        "held": [low <= truth <= high for low, high in ends],
        "ends": [[round(low - truth, 4), round(high - truth, 4)] for low, high in ends],
    }


def summary(
    scored: Mapping[str, Mapping[str, Mapping[str, Any]]], chosen: Sequence[Target]
) -> dict[str, Any]:
    """Return averages over cases of every method that answers on all targets."""
    if not chosen:
        return {"cases": 0, "targets": 0, "methods": {}}
    votes: dict[str, dict[str, np.ndarray]] = {}
    for method, own in scored.items():
        if any(target.name not in own for target in chosen):
            continue
        by_case: dict[str, list[list[float]]] = {}
        for target in chosen:
            entry = own[target.name]
            widths = [high - low for low, high in entry["ends"]]
            row = [abs(entry["error"]), entry["error"], entry["crps"], entry["log_score"]]
            by_case.setdefault(target.case.name, []).append(
                [*row, *map(float, entry["held"]), *widths]
            )
        votes[method] = {name: np.mean(rows, axis=0) for name, rows in by_case.items()}
    names = ["mae", "bias", "crps", "log_score"]
    names += [f"covers_{100 * level:g}" for level in LEVELS]
    names += [f"width_{100 * level:g}" for level in LEVELS]
    table: dict[str, Any] = {}
    for method, vote in votes.items():
        found = np.array([vote[name] for name in sorted(vote)])
        row: dict[str, Any] = dict(zip(names, map(float, found.mean(axis=0)), strict=True))
        row["mae_interval"] = bootstrap_mean(found[:, 0])
        if MAIN in votes and method != MAIN:  # how far behind ours, on the same cases
            ours = np.array([votes[MAIN][name] for name in sorted(vote)])
            for place, name in ((0, "mae"), (2, "crps"), (3, "log_score")):
                row[f"{name}_behind"] = float((found - ours)[:, place].mean())
                row[f"{name}_behind_interval"] = bootstrap_mean((found - ours)[:, place])
        table[method] = row
    cases = len({target.case.name for target in chosen})
    return {"cases": cases, "targets": len(chosen), "methods": table}


def with_earlier(folder: Path, cpu_seconds: float) -> float:
    """Return CPU seconds with those of earlier calls that kept their fits in the same folder."""
    file = folder / "cpu_seconds.txt"
    earlier = float(file.read_text(encoding="utf-8")) if file.exists() else 0.0
    file.write_text(f"{earlier + cpu_seconds:.1f}\n", encoding="utf-8")
    return round(earlier + cpu_seconds, 1)


def compact(result: Mapping[str, Any]) -> str:
    """Return a result as JSON, four digits after the point, a line for each part of a part."""
    parts = []
    for name, part in result.items():
        text = json.dumps(rounded(part))
        if isinstance(part, dict):
            lines = (f"  {json.dumps(key)}: {json.dumps(rounded(v))}" for key, v in part.items())
            text = "{\n" + ",\n".join(lines) + "\n }"
        elif isinstance(part, list) and part:
            text = "[\n  " + ",\n  ".join(json.dumps(rounded(entry)) for entry in part) + "\n ]"
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def rounded(part: Any) -> Any:
    """Return plain data with its numbers to four digits after the point."""
    if isinstance(part, float):
        return round(part, 4)
    if isinstance(part, Mapping):
        return {key: rounded(value) for key, value in part.items()}
    return [rounded(value) for value in part] if isinstance(part, list | tuple) else part


def described(target: Target) -> dict[str, Any]:
    truth = target.truth
    return {
        "target": target.name,
        "case": target.case.name,
        "graded": target.graded,
        "side": truth.side,
        "component": truth.component,
        "outcome": truth.outcome,
        "status": truth.status,
        "start": truth.start.isoformat(),
        "end": truth.end.isoformat(),
        "truth": truth.value,
        "low": truth.low,
        "high": truth.high,
        "grade": truth.grade,
        "claims": [written(claim) for claim in target.claims],
        "late_claims": [
            written(claim) for claim in target.ledger("own", date.max) if claim not in target.claims
        ],
    }


def written(claim: Claim) -> dict[str, Any]:
    return {
        "claim_id": claim.claim_id,
        "source": claim.source,
        "stance": stance(claim),
        "evidence": claim.evidence,
        "qualifier": claim.qualifier,
        "published": claim.published.isoformat(),
        "figure": figure(claim),
    }


def made() -> dict[str, Any]:
    """Say with what it was measured."""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    return {
        "command": "python benchmarks/hindsight.py --json docs/_static/hindsight/results.json",
        "commit": git("rev-parse", "--short", "HEAD") + ("+" if git("status", "-s") else ""),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
        "draws": SETTINGS.draws,
        "chains": SETTINGS.chains,
        "seed": SETTINGS.seed,
    }


def shown(result: Mapping[str, Any]) -> str:
    """Return the summary as text."""
    lines: list[str] = []
    for selection, found in result["summary"].items():
        lines.append(f"\n{selection}: {found['targets']} targets of {found['cases']} cases")
        for method, row in found["methods"].items():
            covers = " ".join(f"{row[f'covers_{100 * level:g}']:.2f}" for level in LEVELS)
            lines.append(
                f"  {method:34} mae {row['mae']:.2f}  crps {row['crps']:.2f}"
                f"  log {row['log_score']:5.2f}  covers {covers}  width {row['width_90']:.2f}"
            )
    return "\n".join([*lines, "", *result["notes"]])


if __name__ == "__main__":
    main()
