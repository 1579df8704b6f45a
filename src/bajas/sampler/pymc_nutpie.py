"""nutpie's NUTS on the density that PyMC compiles: the cross-check and the fall-back.

It shares nothing with the fused sampler but the representation: PyMC's graph and derivatives,
plain non-centred coordinates, nutpie's kernel and low-rank adaptation. Compilation takes PyTensor a
quarter of a minute with its cache and a minute or two without.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import nutpie
import pytensor
import xarray as xr
from threadpoolctl import threadpool_limits

from bajas.errors import SamplingError
from bajas.model.graph import build_pymc_model
from bajas.model.representation import Representation
from bajas.sampler.interface import Draws, Progress, Settings, trimmed
from bajas.sampler.interrupts import held_interrupts

#: Plain coordinates need a long adaptation, whatever is asked for.
LEAST_TUNE = 800

#: Short steps: the corner of little noise is narrow, and a step that is too long gets stuck there.
TARGET_ACCEPT = 0.9

_WAIT_SECONDS = 0.05

_COMPILED: WeakKeyDictionary[Representation, Any] = WeakKeyDictionary()


def sample_with_pymc(
    representation: Representation, settings: Settings, progress: Progress
) -> Draws:
    """Sample a representation; see :class:`bajas.sampler.interface.Sampler`.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    settings : Settings
        Length, chains and seed; the adaptation takes at least 800 draws.
    progress : callable
        Told the stage and how far it is.

    Returns
    -------
    Draws
        Marked incomplete if interrupted while drawing.

    Raises
    ------
    SamplingError
        If PyTensor can't compile the model.
    KeyboardInterrupt
        If interrupted before any draw that would be kept.
    """
    clock = time.perf_counter()
    progress("compile", 0, 1)
    compiled = _compiled(representation)
    timings = {"compile": time.perf_counter() - clock}
    clock = time.perf_counter()
    with threadpool_limits(limits=1):
        tree, finished = _run(compiled, settings, progress)
    warm, kept = (
        float(np.nansum(group["n_steps"].to_numpy()))
        for group in (tree.warmup_sample_stats, tree.sample_stats)
    )
    spent = time.perf_counter() - clock
    timings |= {"warm-up gradients": warm, "draws gradients": kept}
    timings["warm-up"] = spent * warm / max(warm + kept, 1.0)
    timings["draws"] = spent - timings["warm-up"]
    stats = {
        name: tree.sample_stats[name].to_numpy()
        for name in ("diverging", "energy", "n_steps", "logp")
    }
    position, stats = trimmed(_positions(representation, tree), stats)
    if position.shape[1] == 0:
        raise KeyboardInterrupt
    return Draws(
        position=position,
        stats=stats,
        complete=finished,
        timings=timings,
        sampler=f"nutpie {version('nutpie')} NUTS on PyMC {version('pymc')}",
    )


def _compiled(representation: Representation) -> Any:
    if representation not in _COMPILED:
        # fastmath makes draws differ between a cold and a warm compile cache
        with pytensor.config.change_flags(numba__fastmath=False):
            model = build_pymc_model(representation)
            names = [variable.name for variable in model.free_RVs]
            try:
                compiled = nutpie.compile_pymc_model(model, var_names=names)
            except Exception as error:
                raise SamplingError(f"the model could not be compiled: {error}") from error
        _COMPILED[representation] = compiled
    return _COMPILED[representation]


def _positions(representation: Representation, tree: xr.DataTree) -> np.ndarray:
    """Return standardised positions of PyMC's variables, shape (chain, draw, size)."""
    parts = []
    for name, family in [
        *((term.name, "normal") for term in representation.terms),
        *((hyper.name, hyper.family) for hyper in representation.hyperparameters),
    ]:
        values = tree.posterior[f"{name}_standard"].to_numpy()
        flat = values.reshape(*values.shape[:2], -1)
        parts.append(np.log(flat) if family == "half_normal" else flat)
    return np.concatenate(parts, axis=-1)


def _run(compiled: Any, settings: Settings, progress: Progress) -> tuple[xr.DataTree, bool]:
    """Run nutpie in the background; on an interrupt keep what was drawn."""
    tune = max(settings.tune, LEAST_TUNE)
    total = settings.chains * (settings.draws + tune)
    done = [0] * settings.chains

    def callback(*args: Any) -> None:
        for chain, item in enumerate(args[-1]):
            done[chain] = int(item.finished_draws)

    progress("draws", 0, total)
    sampler = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=tune,
        chains=settings.chains,
        cores=min(settings.cores, settings.chains),
        seed=settings.seed,
        adaptation="low_rank",
        target_accept=TARGET_ACCEPT,
        blocking=False,
        progress_bar=False,
        progress_callback=callback,
    )
    try:
        while not _finished(sampler):
            time.sleep(_WAIT_SECONDS)
            progress("draws", sum(done), total)
    except KeyboardInterrupt:
        with held_interrupts():
            return sampler.abort(), False
    return sampler.wait(), True


def _finished(sampler: Any) -> bool:
    """Ask nutpie whether it is done; a busy sampler may not answer in time."""
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False
