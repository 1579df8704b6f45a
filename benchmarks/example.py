"""Time the example fit stage by stage, and say what an effective draw costs.

    make bench                                     # or:
    python benchmarks/example.py [--json FILE] [--seed 1] [--bias hindsight|symmetric]
                                  [--sampler fused|pymc]

Reports seconds for reading, building, map, compile, pilot, second map, warm-up and draws apart (the
last two by their share of gradients, since chains do both side by side), gradients,
worst and median effective sample size over every scalar and total, and gradients per effective draw
with the pilot and the warm-up charged. The compile time depends on caches on disk: name an empty
folder in NUMBA_CACHE_DIR (fused) or PYTENSOR_FLAGS=base_compiledir=... (pymc) for a cold one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

STARTED = time.perf_counter()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sampler", choices=("fused", "pymc"), default="fused")
    parser.add_argument("--bias", choices=("hindsight", "symmetric"), default="hindsight")
    options = parser.parse_args()

    import numpy as np
    from arviz_stats.base import array_stats

    import bajas
    from bajas.posterior.fitting import verdict_totals
    from bajas.posterior.posterior import verdict_quantities

    seconds: dict[str, float] = {"import": time.perf_counter() - STARTED}
    clock = time.perf_counter()
    ledger = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
    seconds["read"] = time.perf_counter() - clock
    clock = time.perf_counter()
    fit = bajas.Model(ledger, bias=getattr(bajas.bias, options.bias)()).fit(
        seed=options.seed, progress=False, sampler=options.sampler
    )
    whole = time.perf_counter() - clock
    draws = fit.draws
    timings = dict(draws.provenance["timings"])
    pilot_gradients = int(timings.pop("pilot gradients"))
    warm_gradients = int(timings.pop("warm-up gradients"))
    draw_gradients = int(timings.pop("draws gradients"))
    seconds.update(timings)
    seconds["verdict and the rest"] = whole - sum(timings.values())
    clock = time.perf_counter()
    answer = fit.total("killed", side="RU", until="2023-05-27")
    seconds["first answer"] = time.perf_counter() - clock

    quantities = verdict_quantities(
        draws.design, draws.representation, draws.field_draws, draws.hyper_draws,
        verdict_totals(draws),
    )  # fmt: skip
    names = [name for name, value in quantities.items() if np.ptp(value) > 0]
    stacked = np.stack([quantities[name] for name in names])
    ess = np.asarray(array_stats.ess(stacked, chain_axis=1, draw_axis=2, method="bulk"))
    gradients = pilot_gradients + warm_gradients + draw_gradients
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "sampler": draws.provenance["sampler"],
        "claims": len(ledger),
        "observations": len(draws.design.observations),
        "parameters": draws.representation.size,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "seconds_total": round(time.perf_counter() - STARTED, 1),
        "gradients": {
            "pilot": pilot_gradients,
            "warm-up": warm_gradients,
            "draws": draw_gradients,
        },
        "leapfrogs_per_draw": round(float(np.mean(draws.sample_stats["n_steps"])), 1),
        "ess_worst": round(float(ess.min())),
        "ess_worst_name": names[int(ess.argmin())],
        "ess_median": round(float(np.median(ess))),
        "gradients_per_effective_draw_worst": round(gradients / float(ess.min()), 1),
        "gradients_per_effective_draw_median": round(gradients / float(np.median(ess)), 1),
        "divergences": int(np.sum(draws.sample_stats["diverging"])),
        "verdict": "trusted" if fit.trusted else list(fit.verdict.reasons),
        "killed RU until 2023-05-27": str(answer),
    }
    for name, value in result.items():
        if isinstance(value, dict):
            print(name)
            for key, entry in value.items():
                print(f"  {key:22} {entry}")
        else:
            print(f"{name:38} {value}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
