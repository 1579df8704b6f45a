"""The stages of a run: map, compile, pilot, second map, draws; nutpie's NUTS does the drawing.

The pilot is a short run on the first map; its draws give the second map, on which everything that
is kept is drawn. The map takes out the correlations that nutpie's low-rank metric would have to
learn, so its diagonal one is enough (measured: docs/decisions/0003-sampling.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import nutpie
import xarray as xr
from threadpoolctl import threadpool_limits

from bajas.model.representation import Representation
from bajas.sampler.interface import Draws, Progress, Settings, trimmed
from bajas.sampler.map import Map, first_map, map_from_draws

#: Length of the pilot run, per chain.
PILOT_TUNE, PILOT_DRAWS = 200, 100

#: The second map averages over so many pilot draws at most and at least, as the work allows: each
#: takes observations x parameters^2 operations.
PILOT_USED_MOST, PILOT_USED_LEAST, PILOT_WORK = 48, 8, 1e11

#: Short steps: the corner of little noise is narrow, and a step that is too long gets stuck there.
TARGET_ACCEPT = 0.9

_WAIT_SECONDS = 0.05


@dataclass(frozen=True, eq=False)
class Target:
    """What nutpie samples on one map: a compiled model of one variable ``whitened``.

    Parameters
    ----------
    model : nutpie.CompiledModel
        Log density and gradient in whitened coordinates.
    position : callable
        From whitened draws, shape (..., size), to standardised positions.
    """

    model: Any
    position: Callable[[np.ndarray], np.ndarray]


class Density(Protocol):
    """A log density that can be put on any map."""

    name: str

    def on(self, item: Map) -> Target:
        """Return what nutpie samples on a map, and the way back."""
        ...


def sample_in_stages(
    representation: Representation,
    settings: Settings,
    progress: Progress,
    compile_density: Callable[[Representation, Map], Density],
) -> Draws:
    """Sample a representation; see :class:`bajas.sampler.interface.Sampler`.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    settings : Settings
        Length, chains and seed.
    progress : callable
        Told the stage and how far it is.
    compile_density : callable
        Makes the density, given the first map.

    Returns
    -------
    Draws
        Marked incomplete if interrupted while drawing.

    Raises
    ------
    SamplingError
        If the density can't be compiled.
    KeyboardInterrupt
        If interrupted before any draw that would be kept.
    """
    # one BLAS thread per chain: chains share the cores, and sums come out the same on any number
    with threadpool_limits(limits=1):
        return _sample(representation, settings, progress, compile_density)


def _sample(
    representation: Representation,
    settings: Settings,
    progress: Progress,
    compile_density: Callable[[Representation, Map], Density],
) -> Draws:
    timings: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal clock
        timings[stage], clock = time.perf_counter() - clock, time.perf_counter()

    progress("map", 0, 1)
    start = first_map(representation)
    lap("map")
    progress("compile", 0, 1)
    density = compile_density(representation, start)
    lap("compile")
    target = density.on(start)
    pilot, finished = _run(
        target.model,
        Settings(PILOT_DRAWS, PILOT_TUNE, settings.chains, settings.cores, settings.seed),
        "pilot",
        progress,
    )
    if not finished:
        raise KeyboardInterrupt
    lap("pilot")
    timings["pilot gradients"] = sum(_gradients(pilot))
    whitened = pilot.posterior["whitened"].to_numpy().reshape(-1, representation.size)
    work = len(representation.names) * representation.size**2
    used = int(np.clip(PILOT_WORK / work, PILOT_USED_LEAST, PILOT_USED_MOST))
    chosen = np.linspace(0, whitened.shape[0] - 1, used).astype(int)
    target = density.on(map_from_draws(representation, target.position(whitened[chosen])))
    lap("second map")
    tree, finished = _run(
        target.model,
        Settings(
            settings.draws,
            settings.tune,
            settings.chains,
            settings.cores,
            (settings.seed + 1) % 2**32,
        ),
        "draws",
        progress,
    )
    lap("draws")
    # chains warm up and draw side by side: their time is shared out by gradients, which cost alike
    warm, kept = _gradients(tree)
    timings["warm-up gradients"], timings["draws gradients"] = warm, kept
    timings["warm-up"] = timings["draws"] * warm / max(warm + kept, 1.0)
    timings["draws"] -= timings["warm-up"]
    stats = {
        name: tree.sample_stats[name].to_numpy()
        for name in ("diverging", "energy", "n_steps", "logp")
    }
    whitened, stats = trimmed(tree.posterior["whitened"].to_numpy(), stats)
    if whitened.shape[1] == 0:
        raise KeyboardInterrupt
    return Draws(
        position=target.position(whitened),
        stats=stats,
        complete=finished,
        timings=timings,
        sampler=f"nutpie {version('nutpie')} NUTS on {density.name}",
    )


def _run(
    compiled: Any, settings: Settings, stage: str, progress: Progress
) -> tuple[xr.DataTree, bool]:
    """Run nutpie in the background; on an interrupt keep what was drawn."""
    total = settings.chains * (settings.draws + settings.tune)
    done = [0] * settings.chains

    def callback(*args: Any) -> None:
        for chain, item in enumerate(args[-1]):
            done[chain] = int(item.finished_draws)

    progress(stage, 0, total)
    sampler = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=min(settings.cores, settings.chains),
        seed=settings.seed,
        adaptation="diag",
        target_accept=TARGET_ACCEPT,
        blocking=False,
        progress_bar=False,
        progress_callback=callback,
    )
    try:
        while not _finished(sampler):
            time.sleep(_WAIT_SECONDS)
            progress(stage, sum(done), total)
    except KeyboardInterrupt:
        return sampler.abort(), False
    return sampler.wait(), True


def _finished(sampler: Any) -> bool:
    """Ask nutpie whether it is done; a busy sampler may not answer in time."""
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False


def _gradients(tree: xr.DataTree) -> tuple[float, float]:
    """Return the gradients of warm-up and of draws."""
    groups = (tree.warmup_sample_stats, tree.sample_stats)
    warm, kept = (float(np.nansum(group["n_steps"].to_numpy())) for group in groups)
    return warm, kept


def _draws(
    tree: xr.DataTree,
    final: Map,
    representation: Representation,
    finished: bool,
    timings: dict[str, float],
) -> Draws:
    stats = {
        name: tree.sample_stats[name].to_numpy()
        for name in ("diverging", "energy", "n_steps", "logp")
    }
    whitened, stats = trimmed(tree.posterior["whitened"].to_numpy(), stats)
    if whitened.shape[1] == 0:
        raise KeyboardInterrupt
    return Draws(
        position=final.position(whitened)[0],
        stats=stats,
        complete=finished,
        timings=timings,
        sampler=f"nutpie {version('nutpie')} NUTS on PyMC {version('pymc')}",
    )
