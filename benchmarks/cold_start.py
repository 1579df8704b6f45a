"""Time from a cold process to a judged posterior, part by part.

    python benchmarks/cold_start.py [--posterior P1] [--runs 3] [--empty] [--json FILE]

Each run is a process of its own: interpreter, imports, claims to representation, compiled code
(from numba's cache on disk), the sampler's stages, verdict. A first run that isn't counted fills
the caches (unless --as-found says that they are full); with --empty every run gets an empty cache
of compiled code instead. Shown are the parts of the fastest run, with CPU seconds beside those of
the wall where this script can tell: on a machine that others use they say more. The machine's load
when it ended is in the JSON. Python's bytecode is kept as it is after a first use, even where the
environment forbids to write it: in a folder of its own then.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from origin import origin

#: What the sampler times, in its order; the rest of its entries are counts.
_STAGES = (
    *("compile", "map", "pilot", "second map", "warm-up", "refined map", "draws", "positions"),
)


def one_run(posterior: str, seed: int, started: float) -> dict[str, Any]:
    """Fit in this process; seconds by part, the first of them since ``started``.

    Parameters
    ----------
    posterior : str
        A name of posteriors.py that comes from a ledger.
    seed : int
        Of the fit.
    started : float
        Reading of the system's monotonic clock just before this process was started.
    """
    seconds = {"interpreter": time.monotonic() - started}
    spent = {"interpreter": time.process_time()}
    clock, used = time.monotonic(), time.process_time()

    def lap(part: str) -> None:
        nonlocal clock, used
        now, cpu = time.monotonic(), time.process_time()
        seconds[part], spent[part] = now - clock, cpu - used
        clock, used = now, cpu

    from posteriors import case

    import bajas.sampler.stages
    import bajas.workflow.model  # noqa: F401

    lap("imports")
    built = case(posterior)
    if built.model is None:
        raise SystemExit(f"{posterior} doesn't come from a ledger")
    lap("claims to representation")
    fit = built.model.fit(seed=seed, progress=False)
    lap("fit")
    whole = seconds.pop("fit")
    timings = fit.draws.provenance["timings"]
    stages = {name: float(timings[name]) for name in _STAGES if name in timings}
    seconds |= {("compiled code" if k == "compile" else k): v for k, v in stages.items()}
    seconds["verdict and the rest"] = whole - sum(stages.values())
    return {
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "cpu_seconds": {name: round(value, 3) for name, value in spent.items()},
        "seconds_total": round(time.monotonic() - started, 3),
        "cpu_seconds_total": round(time.process_time(), 3),
        "load": round(os.getloadavg()[0], 1),
        "gradients": int(sum(v for k, v in timings.items() if k.endswith("gradients"))),
        "warm_up_rounds": int(timings.get("warm-up rounds", 1)),
        "verdict": "trusted" if fit.trusted else list(fit.verdict.reasons),
    }


def fresh(posterior: str, seed: int, environment: dict[str, str]) -> dict[str, Any]:
    """Return :func:`one_run` of a new process."""
    command = [sys.executable, __file__, "--posterior", posterior, "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--started", repr(time.monotonic())],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posterior", default="P1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--empty", action="store_true", help="empty cache of compiled code")
    parser.add_argument("--as-found", action="store_true", help="no first run: caches as they are")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.started is not None:
        print(json.dumps(one_run(options.posterior, options.seed, options.started)))
        return

    environment = dict(os.environ)
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
        environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "bajas-bytecode"))
    runs = []
    for number in range(1 if options.as_found else 0, options.runs + 1):
        with tempfile.TemporaryDirectory() as empty:
            cache = {"NUMBA_CACHE_DIR": empty} if options.empty and number else {}
            found = fresh(options.posterior, options.seed, environment | cache)
        if number:
            runs.append(found)
    best = min(runs, key=lambda run: float(run["seconds_total"]))
    result = {
        "posterior": options.posterior,
        **origin("bajas", "numba"),
        "compiled_code": "from an empty cache" if options.empty else "cached",
        "seconds_total_of_runs": [run["seconds_total"] for run in runs],
        **best,
    }
    for name, value in best["seconds"].items():
        cpu = best["cpu_seconds"].get(name)
        print(f"{name:26} {value:7.2f}" + (f"   {cpu:7.2f} CPU" if cpu is not None else ""))
    print(f"{'fit':26} {'':7}   {best['cpu_seconds']['fit']:7.2f} CPU")
    print(f"CPU seconds: {best['cpu_seconds_total']:.2f}")
    print(f"{'total':26} {best['seconds_total']:7.2f}   (runs: {result['seconds_total_of_runs']})")
    print(f"verdict: {best['verdict']}; {best['gradients']} gradients")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
