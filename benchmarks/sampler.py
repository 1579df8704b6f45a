"""All samplers side by side on one posterior: effective draws per CPU second, worst quantity first.

    python benchmarks/sampler.py --posterior P1 --json FILE        # or P2, P2-2026, P3
    python benchmarks/sampler.py --posterior P1 --short --json FILE  # small and short: a check

Every sampler runs in a process of its own, from overdispersed starts; imports, compilation, pilot
runs, warm-up and draws are charged, in CPU seconds of the process and all that it starts. Gradients
are those of pilot, warm-up and draws (searches for a first step size aren't counted). A sampler
that passes the limit of CPU seconds is stopped and reported with what it reached. The numba code of
bajas is compiled before the clock starts, into an empty cache, by a short run whose cost is listed
apart (cpu_s_with_empty_cache); PyTensor's and Stan's caches are as they are found, but Stan's
recorded compile time is charged all the same.

With several seeds the line of a sampler is its run of median ess_per_cpu_s_worst (the lower
of two); JSON has all. With --keep the samplers that the JSON file already has stay in it: peers can
be run one by one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from effective import converged, counted, effective
from origin import origin
from peers import PEERS
from peers.contract import Length, Run
from peers.process import measure, missing
from posteriors import Case, NoDataError, case

#: CPU seconds after which a sampler stops with what it has; and draws and limit of a short run,
#: which is over in two minutes: no sampler is begun after so many seconds of wall clock, and none
#: takes more than twice its limit.
LIMIT_S = 600.0
SHORT_DRAWS, SHORT_LIMIT_S, SHORT_LAST_S = 100, 20.0, 80.0

_RATES = (
    *("ess_per_cpu_s_worst", "ess_per_cpu_s_worst_without_compile"),
    "ess_per_cpu_s_worst_of_draws",
)

_COLUMNS = (
    ("sampler", "sampler", "{}"),
    ("conv", "converged", "{}"),
    ("CPU s", "cpu_s_total", "{:.1f}"),
    ("compile", "cpu_s_compile", "{:.1f}"),
    ("draws", "draws_all", "{:,}"),
    ("leap/draw", "leapfrogs_per_draw", "{:.0f}"),
    ("ESS worst", "ess_worst", "{:,.0f}"),
    ("median", "ess_median", "{:,.0f}"),
    ("ESS/s worst", "ess_per_cpu_s_worst", "{:.3g}"),
    ("(no compile)", "ess_per_cpu_s_worst_without_compile", "{:.3g}"),
    ("(draws alone)", "ess_per_cpu_s_worst_of_draws", "{:.3g}"),
    ("grad/ESS worst", "grads_per_ess_worst", "{:,.1f}"),
    ("median", "grads_per_ess_median", "{:,.1f}"),
    ("R-hat", "rhat_max", "{:.3f}"),
    ("div", "divergences", "{}"),
    ("MB", "peak_rss_mb", "{:,}"),
    ("worst quantity", "ess_worst_name", "{}"),
)


def figures(built: Case, run: Run | None, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one run.

    Parameters
    ----------
    built : Case
        The posterior.
    run : Run or None
        What the sampler did; None if it gave nothing.
    facts : dict
        What was seen from outside.
    """
    cpu = dict(run.cpu) if run is not None else {}
    total = sum(cpu.values()) if cpu else facts.get("cpu_s_spent")
    known: dict[str, Any] = {
        "cpu_s_total": _rounded(total),
        "cpu_s_compile": _rounded(cpu.get("compile", 0.0)),
        "cpu_s_import": _rounded(cpu.get("import", 0.0)),
        "complete": run is not None and run.complete,
    }
    if run is None:
        nothing = dict.fromkeys(
            ("grads_per_ess_worst", "grads_per_ess_median", "rhat_max", "divergences",
             "leapfrogs_per_draw", "gradients")
        )  # fmt: skip
        zeros = {"ess_worst": 0.0, "ess_worst_name": "", "ess_median": 0.0}
        rates = dict.fromkeys(_RATES, 0.0)
        return known | zeros | rates | nothing | {"draws_all": 0, "converged": False} | facts
    empty = run.position.shape[1] == 0
    measured = effective(*counted(built, run.position)) if not empty else _empty(run)
    gradients = run.gradients_before + float(np.sum(run.steps))
    worst, median = measured["ess_worst"], measured["ess_median"]
    return (
        known
        | {name: _rounded(value) for name, value in measured.items()}
        | {
            "converged": converged(measured),
            "draws_all": int(run.position.shape[0] * run.position.shape[1]),
            "ess_per_cpu_s_worst": _rounded(worst / total, 4),
            "ess_per_cpu_s_median": _rounded(median / total, 4),
            "ess_per_cpu_s_worst_without_compile": _rounded(
                worst / (total - cpu.get("compile", 0.0)), 4
            ),
            "ess_per_cpu_s_worst_of_draws": _of_draws(run, worst),
            "gradients": round(gradients),
            "gradients_before_draws": round(run.gradients_before),
            "grads_per_ess_worst": _rounded(gradients / worst) if worst > 0 else None,
            "grads_per_ess_median": _rounded(gradients / median) if median > 0 else None,
            "leapfrogs_per_draw": None if empty else _rounded(float(np.mean(run.steps))),
            "divergences": int(np.sum(run.diverging)),
            "starts": run.starts,
        }
        | facts
        | dict(run.extra)
    )


def _of_draws(run: Run, worst: float) -> float | None:
    """Return the rate with warm-up, compilation and imports forgiven: that of a run without end.

    A run that the limit cut short has paid for its warm-up with few draws to show for it; however
    long it went on, this is the rate that it would come to. Gradients cost alike.
    """
    kept = float(np.sum(run.steps))
    seconds = run.cpu.get("sample", 0.0) * kept / max(run.gradients_before + kept, 1.0)
    return _rounded(worst / seconds, 4) if seconds > 0 else None


def _empty(run: Run) -> dict[str, Any]:
    return effective([], np.zeros((0, run.position.shape[0], 0)))


def _rounded(value: Any, digits: int = 3) -> Any:
    if not isinstance(value, float) or not np.isfinite(value):
        return value if not isinstance(value, float) else None
    return float(f"{value:.{max(digits, 3) + 1}g}")


def side_by_side(
    built: Case,
    peers: list[str],
    length: Length,
    seeds: list[int],
    json_file: Path | None,
    empty_cache: bool = True,
    keep: bool = False,
    last_s: float = math.inf,
) -> dict[str, Any]:
    """Run samplers one after the other; the JSON file grows with each.

    With ``empty_cache`` false bajas uses its cache of compiled code as it is found. With ``keep``
    the samplers that the file has stay where they aren't run anew. Those that would begin more
    than ``last_s`` seconds after the first are skipped.
    """
    begun = time.monotonic()
    result: dict[str, Any] = {
        "posterior": built.name,
        "sizes": dict(built.sizes) | {"totals": len(built.totals.names)},
        "log_density_at_a_point": _at_a_point(built),
        **origin(),
        "settings": asdict(length) | {"seeds": seeds},
        "samplers": {},
        "skipped": {},
    }
    for peer in peers:
        if (package := missing(peer)) is not None:
            result["skipped"][peer] = f"{package} isn't installed here: make bench-env"
            print(f"{peer}: {result['skipped'][peer]}", flush=True)
            continue
        if (passed := time.monotonic() - begun) > last_s:
            result["skipped"][peer] = f"{passed:.0f} s had passed, and a short run begins no more"
            print(f"{peer}: {result['skipped'][peer]}", flush=True)
            continue
        with tempfile.TemporaryDirectory() as cache:
            environment = {"NUMBA_CACHE_DIR": cache} if peer == "bajas" and empty_cache else {}
            once = _warm(built, length, environment) if peer == "bajas" else {}
            runs = []
            for seed in seeds:
                run, facts = measure(peer, built, length, seed, environment)
                load = {"load": round(os.getloadavg()[0], 1)}  # what seconds of a wall are worth
                runs.append({"seed": seed} | figures(built, run, facts) | once | load)
                _report(peer, runs[-1])
        now = origin()
        result["samplers"][peer] = {
            **median_run(runs),
            "all_converged": all(r["converged"] for r in runs),
            "cpu_limit_s": length.cpu_limit_s,
            **{key: now[key] for key in ("when", "commit")},
        }
        if len(runs) > 1:
            result["samplers"][peer]["runs"] = runs
        if json_file is not None:
            if keep:  # read anew: another process may have added to it meanwhile
                known = _in_file(json_file, built)["samplers"] | result["samplers"]
                result["samplers"] = {name: known[name] for name in PEERS if name in known}
            json_file.write_text(json.dumps(result, indent=2) + "\n")
    return result


def median_run(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the run of median rate at the worst quantity; of an even number the lower median."""
    return sorted(runs, key=lambda run: run["ess_per_cpu_s_worst"])[(len(runs) - 1) // 2]


def _in_file(file: Path, built: Case) -> dict[str, Any]:
    """Return the result that a file has.

    Raises
    ------
    ValueError
        If it is of another posterior.
    """
    if not file.is_file():
        return {"samplers": {}}
    found: dict[str, Any] = json.loads(file.read_text())
    same = found["posterior"] == built.name and _claimed(found["sizes"]) == _claimed(built.sizes)
    there = found.get("log_density_at_a_point")  # tells other priors of the same sizes apart
    if not same or there is None or not math.isclose(there, _at_a_point(built), rel_tol=1e-9):
        raise ValueError(f"{file} is of another posterior")
    return found


def _at_a_point(built: Case) -> float:
    """Return the log density between -1 and 1 in every standardised coordinate."""
    representation = built.representation
    return float(representation.standard_log_density(np.linspace(-1, 1, representation.size)))


def _claimed(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a posterior's sizes say of it: not the seconds of building it, nor its totals."""
    return {k: v for k, v in sizes.items() if not k.startswith("seconds") and k != "totals"}


def _warm(built: Case, length: Length, environment: dict[str, str]) -> dict[str, Any]:
    """Fill the cache of compiled code by a run that isn't counted; say what an empty one costs."""
    short = Length(50, 50, length.chains, length.cores, length.cpu_limit_s)
    run, facts = measure("bajas", built, short, 0, environment)
    if run is None or not environment:
        return {}
    spent = sum(run.cpu.values())
    return {
        "cpu_s_with_empty_cache": round(spent, 1),
        "wall_s_with_empty_cache": round(facts["wall_s_cold"], 1),
    }


def _report(peer: str, run: dict[str, Any]) -> None:
    cost = f"{run['cpu_s_total']} CPU s" if run["cpu_s_total"] is not None else "no CPU time known"
    state = "converged" if run["converged"] else "not converged"
    trouble = f" ({run['error']})" if "error" in run else ""
    stopped = "" if run["complete"] or "error" in run else ", stopped at the limit"
    print(f"{peer}, seed {run['seed']}: {cost}, {state}{stopped}{trouble}", flush=True)


def table(result: dict[str, Any]) -> str:
    """Return the result as text, the sizes in a first line."""
    sizes = ", ".join(f"{key} {value}" for key, value in result["sizes"].items())
    lines = [[head for head, _, _ in _COLUMNS]]
    for name, row in result["samplers"].items():
        entry = {**row, "sampler": name, "converged": "yes" if row["converged"] else "NO"}
        lines.append([_cell(entry.get(key), form) for _, key, form in _COLUMNS])
    widths = [max(len(line[i]) for line in lines) for i in range(len(_COLUMNS))]
    last = len(_COLUMNS) - 1
    body = [
        "  ".join(
            text.ljust(width) if i in (0, last) else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([f"{result['posterior']}: {sizes}", "", *body, "", *_comparisons(result)])


def _comparisons(result: dict[str, Any]) -> list[str]:
    """Return how bajas compares, worst quantity, per CPU second with everything charged."""
    samplers = result["samplers"]
    own = samplers.get("bajas")
    if own is None:
        return []
    if not own["ess_per_cpu_s_worst"]:
        return ["bajas gave no effective draws: nothing to compare"]
    lines = []
    if "wall_s_cold" in own:
        state = "trusted" if own.get("trusted") else "NOT trusted"
        lines.append(f"bajas: {own['wall_s_cold']:.1f} s from a cold process to a verdict: {state}")
    for name, row in samplers.items():
        if name == "bajas":
            continue
        rate = row["ess_per_cpu_s_worst"]
        bare = row["ess_per_cpu_s_worst_without_compile"]
        if not rate:
            lines.append(f"bajas / {name}: no effective draw to compare with")
            continue
        doubt = "" if row["converged"] else "; not converged, so its ESS is an overestimate"
        lines.append(
            f"bajas / {name}: {own['ess_per_cpu_s_worst'] / rate:.1f} times the effective draws per"
            f" CPU second ({own['ess_per_cpu_s_worst'] / bare:.1f} with its compile time left"
            f" out){doubt}"
        )
    return lines


def _cell(value: Any, form: str) -> str:
    return "-" if value is None else form.format(value)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posterior", choices=("P1", "P2", "P2-2026", "P3"), default="P1")
    parser.add_argument("--short", action="store_true", help="a reduced P1, few draws, two minutes")
    parser.add_argument("--peers", default=",".join(PEERS), help="names, with commas")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each sampler")
    parser.add_argument("--first-seed", type=int, default=1, help="of those runs")
    parser.add_argument("--draws", type=int, help="kept per chain; each sampler's own if absent")
    parser.add_argument("--tune", type=int, help="warm-up per chain; each sampler's own if absent")
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument(
        "--limit", type=float, help=f"CPU seconds of a sampler; {LIMIT_S:g}, or {SHORT_LIMIT_S:g}"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", action="store_true", help="what the JSON file has already")
    options = parser.parse_args()
    peers = [name for name in options.peers.split(",") if name]
    if unknown := sorted(set(peers) - set(PEERS)):
        parser.error(f"no peers {', '.join(unknown)}; known: {', '.join(PEERS)}")
    draws, tune = options.draws, options.tune
    if options.short:
        draws, tune = draws or SHORT_DRAWS, tune or SHORT_DRAWS
    limit = options.limit or (SHORT_LIMIT_S if options.short else LIMIT_S)
    try:
        built = case("short" if options.short else options.posterior)
    except NoDataError as error:
        parser.error(str(error))
    length = Length(draws, tune, options.chains, options.cores, limit)
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    if options.keep and options.json is None:
        parser.error("--keep needs --json")
    if options.keep:
        _in_file(options.json, built)  # that it is of this posterior is better known beforehand
    last_s = SHORT_LAST_S if options.short else math.inf
    result = side_by_side(
        built, peers, length, seeds, options.json, not options.short, options.keep, last_s
    )
    print("\n" + table(result))


if __name__ == "__main__":
    main()
