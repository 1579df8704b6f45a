"""How cost grows with days, claims and strata, on simulated claims read by the library.

    python benchmarks/scaling.py [--json FILE] [--limit CPU_SECONDS | --no-draws] [--most N]

One of days, claims and strata grows at a time, the others at 730 days, 1,000 claims and 4 strata.
Each size is built in a process of its own, which reports seconds of building, microseconds of a
gradient (kernel, and kernel on its map), and peak memory. The sampler is run where the gradient's
cost says that it fits the limit; its CPU seconds per effective draw are those of the worst and of
the median quantity, everything charged, and a run that hasn't converged isn't fitted.

What the JSON file has of the same commit is kept, so that the whole can be run in pieces.

The exponent is the slope of log cost on log size by least squares, with its standard error; "last
step" is the slope between the two largest sizes alone, where fixed costs weigh least.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from density import kernel, mapped, microseconds
from origin import commit, origin
from peers.contract import Length
from peers.process import measure
from posteriors import case
from sampler import figures
from threadpoolctl import threadpool_limits

SWEEPS = {
    "days": (365, 730, 1500, 3000),
    "claims": (100, 1_000, 10_000, 100_000),
    "strata": (1, 4, 15, 60),
}
BASE = {"days": 730, "claims": 1_000, "strata": 4}
#: What a size's figures come from: of another commit of these they are measured anew.
MEASURED = ("src", *(f"benchmarks/{name}.py" for name in ("density", "posteriors", "simulated")))
#: Gradients of a whole run, roughly: decides what is affordable.
_GRADIENTS = 100_000

#: Costs that are fitted: where they are found, and what they are called.
COSTS = {
    "kernel_us": "gradient, kernel (us)",
    "mapped_us": "gradient, on the map (us)",
    "cpu_s_per_worst": "CPU s per effective draw, worst",
    "cpu_s_per_median": "CPU s per effective draw, median",
    "seconds_build": "building (s)",
    "peak_rss_mb": "peak memory, gradients (MB)",
    "sampling_peak_rss_mb": "peak memory, sampling (MB)",
}


def one_size(name: str) -> dict[str, Any]:
    """Build one case here and return what it costs."""
    built = case(name)
    seconds = sum(v for k, v in built.sizes.items() if k.startswith("seconds"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found: dict[str, Any] = dict(built.sizes) | {
        "seconds_build": round(seconds, 2),
        "build_peak_rss_mb": round(peak),
    }
    with threadpool_limits(limits=1):
        for engine, prepare in (("kernel", kernel), ("mapped", mapped)):
            try:
                found[f"{engine}_us"] = round(microseconds(prepare(built.representation)), 2)
            except Exception as error:  # reported, and the rest goes on
                found[f"{engine}_error"] = f"{type(error).__name__}: {error}"
    found["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def in_a_process(name: str) -> dict[str, Any]:
    """Return :func:`one_size` of a new process."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", name],
        capture_output=True,
        text=True,
        env=dict(os.environ, OMP_NUM_THREADS="1"),
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"exit status {done.returncode}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def drawn(name: str, limit_s: float) -> dict[str, Any]:
    """Run the sampler on a case and return what an effective draw costs."""
    built = case(name)
    run, facts = measure("bajas", built, Length(cpu_limit_s=limit_s), 1)
    row = figures(built, run, facts)
    kept = ("cpu_s_total", "ess_worst", "ess_worst_name", "ess_median", "rhat_max", "converged",
            "gradients", "grads_per_ess_worst", "divergences", "error")  # fmt: skip
    found = {key: row[key] for key in kept if key in row}
    found["sampling_peak_rss_mb"] = row.get("peak_rss_mb")
    if row["converged"]:
        found["cpu_s_per_worst"] = row["cpu_s_total"] / row["ess_worst"]
        found["cpu_s_per_median"] = row["cpu_s_total"] / row["ess_median"]
    return found


def exponent(sizes: list[float], costs: list[float]) -> dict[str, float] | None:
    """Return slope and standard error of log cost on log size, and the slope of the last step.

    Examples
    --------
    >>> exponent([1, 2, 4], [3, 6, 12])["exponent"]
    1.0
    """
    if len(sizes) < 2:
        return None
    x, y = np.log(sizes), np.log(costs)
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    rest = y - y.mean() - slope * centred
    error = np.sqrt(rest @ rest / (len(x) - 2) / (centred @ centred)) if len(x) > 2 else np.nan
    last = float((y[-1] - y[-2]) / (x[-1] - x[-2]))
    found = {"exponent": round(slope, 3), "last_step": round(last, 3), "points": len(x)}
    return found | ({"standard_error": round(float(error), 3)} if np.isfinite(error) else {})


def exponents(sweep: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the exponents of all costs along a sweep."""
    found = {}
    for cost in COSTS:
        there = [row for row in rows if row.get(cost)]
        fitted = exponent([row[sweep] for row in there], [row[cost] for row in there])
        if fitted is not None:
            found[cost] = fitted
    return found


def table(sweep: str, rows: list[dict[str, Any]], fitted: dict[str, Any]) -> str:
    """Return a sweep as text."""
    head = ["cost \\ " + sweep, *(f"{row[sweep]:,}" for row in rows), "exponent", "last step"]
    lines = [head]
    for cost, label in COSTS.items():
        values = [f"{row[cost]:.4g}" if row.get(cost) else "-" for row in rows]
        fit = fitted.get(cost)
        text = "-"
        if fit is not None:
            spread = f" +- {fit['standard_error']:.2f}" if "standard_error" in fit else ""
            text = f"{fit['exponent']:.2f}{spread}"
        lines.append([label, *values, text, f"{fit['last_step']:.2f}" if fit else "-"])
    for key in ("observations", "cells", "parameters"):
        lines.append([key, *(f"{row.get(key, 0):,}" for row in rows), "", ""])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> None:
    """Measure all sizes, or one in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", default=",".join(SWEEPS), help="names, with commas")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--limit", type=float, default=120.0, help="CPU seconds of a sampling run")
    parser.add_argument("--no-draws", action="store_true", help="gradients and memory only")
    parser.add_argument("--anew", action="store_true", help="sizes that the JSON file has, too")
    parser.add_argument("--most", type=int, default=10**9, help="measurements at most, then stop")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one_size(options.one)))
        return
    sweeps = [name for name in options.sweeps.split(",") if name]
    if unknown := sorted(set(sweeps) - set(SWEEPS)):
        parser.error(f"no sweeps {', '.join(unknown)}; known: {', '.join(SWEEPS)}")
    known = {} if options.anew else measured_before(options.json)
    result: dict[str, Any] = {**origin("bajas", "numba"), "base": BASE, "sweeps": {}}
    left = options.most
    for sweep in SWEEPS:
        for size in SWEEPS[sweep]:
            chosen, name = BASE | {sweep: size}, case_name(sweep, size)
            row = known.get(name, {})
            wanted = sweep in sweeps and left > 0
            if wanted and not {"kernel_us", "kernel_error"} & set(row):
                row = chosen | in_a_process(name) | {"name": name, "commit": commit(*MEASURED)}
                left -= 1
                print(_line(name, row), flush=True)
            cost = row.get("mapped_us") or row.get("kernel_us")
            affordable = cost is not None and cost * _GRADIENTS < options.limit * 1e6
            if (
                wanted
                and left > 0
                and affordable
                and not options.no_draws
                and "converged" not in row
            ):
                row |= drawn(name, options.limit)
                left -= 1
                print(_line(name, row), flush=True)
            if row:
                known[name] = row
            result["sweeps"] = laid_out(known)  # all of them: a run may be cut short
            if options.json:
                options.json.write_text(json.dumps(result, indent=2) + "\n")
        found = result["sweeps"][sweep]
        if found["sizes"]:
            print("\n" + table(sweep, found["sizes"], found["exponents"]) + "\n", flush=True)


def case_name(sweep: str, size: int) -> str:
    """Return the name of a size's posterior."""
    return "simulated-{days}-{claims}-{strata}".format(**(BASE | {sweep: size}))


def laid_out(known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the sizes that are known, sweep by sweep, with their exponents."""
    found = {}
    for sweep, sizes in SWEEPS.items():
        rows = [known[name] for size in sizes if known.get(name := case_name(sweep, size))]
        found[sweep] = {"sizes": rows, "exponents": exponents(sweep, rows)}
    return found


def measured_before(file: Path | None) -> dict[str, dict[str, Any]]:
    """Return the sizes that a file has and that were measured at the present commit, by name."""
    if file is None or not file.is_file():
        return {}
    sweeps = json.loads(file.read_text())["sweeps"].values()
    rows = [row for found in sweeps for row in found["sizes"]]
    now = commit(*MEASURED)
    return {row["name"]: row for row in rows if row.get("commit") == now}


def _line(name: str, row: dict[str, Any]) -> str:
    if "error" in row and "kernel_us" not in row:
        return f"{name}: {row['error']}"
    parts = [f"{row['kernel_us']} us" if "kernel_us" in row else "no gradient"]
    parts += [row[key] for key in ("kernel_error", "mapped_error", "error") if key in row]
    if "cpu_s_total" in row:
        state = "converged" if row["converged"] else "not converged"
        parts.append(f"{row['cpu_s_total']} CPU s of sampling, {state}")
    return f"{name}: {', '.join(parts)}"


if __name__ == "__main__":
    main()
