"""nutpie on the plain non-centred PyMC model, with either of its metrics."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from bajas.model.representation import Representation
from bajas.sampler.interface import trimmed
from peers.contract import START_RADIUS, Length, Meter, Run, free_blocks


def run_nutpie(representation: Representation, length: Length, seed: int, adaptation: str) -> Run:
    """Run nutpie as a PyMC user would, but for the starts; see :class:`peers.contract.Run`."""
    meter = Meter(length.cpu_limit_s)
    import nutpie

    from bajas.model.graph import build_pymc_model

    meter.lap("import")
    blocks = free_blocks(representation)
    names = [name for name, *_ in blocks]
    compiled = nutpie.compile_pymc_model(build_pymc_model(representation), var_names=names)

    def start(seed: Any) -> np.ndarray:
        # the unconstrained coordinates of every variable are the standardised ones
        return np.random.default_rng(seed).uniform(-START_RADIUS, START_RADIUS, compiled.n_dim)

    compiled = replace(compiled, initial_point_func=start)
    meter.lap("compile")
    sampler = nutpie.sample(
        compiled,
        draws=length.draws,
        tune=length.tune,
        chains=length.chains,
        cores=length.cores,
        seed=seed,
        adaptation=adaptation,
        progress_bar=False,
        blocking=False,
    )
    complete = True
    while not _finished(sampler):
        time.sleep(0.02)
        if meter.over():
            complete = False
            break
    tree = sampler.wait() if complete else sampler.abort()
    meter.lap("sample")
    drawn = tree.posterior
    position = np.empty((*_shape(drawn), representation.size))
    for name, part, form, logarithmic in blocks:
        values = drawn[name].to_numpy().reshape(*_shape(drawn), math.prod(form))
        position[..., part] = np.log(values) if logarithmic else values
    stats = {name: tree.sample_stats[name].to_numpy() for name in ("n_steps", "diverging")}
    if not complete:
        position, stats = trimmed(position, stats)
    all_steps = np.nansum(tree.sample_stats["n_steps"].to_numpy())
    before = np.nansum(tree.warmup_sample_stats["n_steps"].to_numpy())
    unused = all_steps - np.sum(stats["n_steps"])
    return Run(
        position,
        stats["n_steps"],
        stats["diverging"],
        float(before + unused),
        meter.cpu,
        complete=complete,
    )


def _shape(drawn: Any) -> tuple[int, int]:
    return drawn.sizes["chain"], drawn.sizes["draw"]


def _finished(sampler: Any) -> bool:
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False
