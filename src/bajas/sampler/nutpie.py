"""The PyMC model sampled by nutpie's NUTS in the map's coordinates.

Stages: map, compile, pilot, draws. The pilot is a short run on the first map; its draws give the
second map, on which everything that is kept is drawn. Compiled once: the map's arrays are data of
the compiled density. The map has taken out the correlations that nutpie's low-rank metric would
have to learn, so its diagonal one is enough (measured: docs/decisions/0003-sampling.md).
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr
from threadpoolctl import threadpool_limits

from bajas.errors import SamplingError
from bajas.model.graph import build_pymc_model
from bajas.model.representation import Representation
from bajas.sampler.interface import Draws, Progress, Settings, trimmed
from bajas.sampler.map import Map, first_map, map_from_draws

#: Length of the pilot run, per chain, and how many of its draws the second map averages over.
PILOT_TUNE, PILOT_DRAWS, PILOT_USED = 200, 100, 48

_WAIT_SECONDS = 0.2

_COMPILED: WeakKeyDictionary[Representation, Any] = WeakKeyDictionary()


def sample_with_nutpie(
    representation: Representation, settings: Settings, progress: Progress
) -> Draws:
    """Sample a representation with nutpie's NUTS; see :class:`bajas.sampler.interface.Sampler`.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    settings : Settings
        Length, chains and seed.
    progress : callable
        Told the stage and how far it is.

    Returns
    -------
    Draws
        Marked incomplete if interrupted while drawing.

    Raises
    ------
    SamplingError
        If the sampler fails.
    KeyboardInterrupt
        If interrupted before any draw that would be kept.
    """
    # one BLAS thread per chain: chains share the cores, and sums come out the same on any number
    with threadpool_limits(limits=1):
        return _sample(representation, settings, progress)


def _sample(representation: Representation, settings: Settings, progress: Progress) -> Draws:
    timings: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal clock
        timings[stage], clock = time.perf_counter() - clock, time.perf_counter()

    progress("map", 0, 1)
    start = first_map(representation)
    lap("map")
    progress("compile", 0, 1)
    # fastmath makes draws differ between a cold and a warm compile cache
    with pytensor.config.change_flags(numba__fastmath=False):
        compiled = _compiled(representation, start)
        lap("compile")
        pilot, finished = _run(
            compiled.with_data(**_map_data(start)),
            Settings(PILOT_DRAWS, PILOT_TUNE, settings.chains, settings.cores, settings.seed),
            "pilot",
            progress,
        )
        if not finished:
            raise KeyboardInterrupt
        lap("pilot")
        timings["pilot gradients"] = _gradients(pilot)
        whitened = pilot.posterior["whitened"].to_numpy().reshape(-1, representation.size)
        chosen = np.linspace(0, whitened.shape[0] - 1, PILOT_USED).astype(int)
        final = map_from_draws(representation, start.position(whitened[chosen])[0])
        lap("second map")
        tree, finished = _run(
            compiled.with_data(**_map_data(final)),
            Settings(
                settings.draws, settings.tune, settings.chains, settings.cores, settings.seed + 1
            ),
            "draws",
            progress,
        )
        lap("draws")
        timings["draws gradients"] = _gradients(tree)
    return _draws(tree, final, representation, finished, timings)


def _compiled(representation: Representation, start: Map) -> Any:
    """Return the compiled density of a representation; compiled once as long as it lives."""
    if representation not in _COMPILED:
        model = build_pymc_model(representation, lambda r: _mapped_variables(r, start))
        try:
            _COMPILED[representation] = nutpie.compile_pymc_model(model, var_names=["whitened"])
        except Exception as error:
            raise SamplingError(f"the model could not be compiled: {error}") from error
    return _COMPILED[representation]


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


def _gradients(tree: xr.DataTree) -> float:
    return float(tree.sample_stats["n_steps"].sum() + tree.warmup_sample_stats["n_steps"].sum())


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


def _mapped_variables(representation: Representation, start: Map) -> dict[str, Any]:
    """Return standardised coordinates as the map of one free vector, and add their log density."""
    whitened = pm.Flat("whitened", shape=representation.size)
    data = {name: pm.Data(name, value) for name, value in _map_data(start).items()}
    u = data["map_centre"] + pt.dot(data["map_matrix"], whitened)
    size = representation.field_size
    found: dict[str, Any] = {}
    log_prior = pt.as_tensor(0.0)
    for hyper in representation.hyperparameters:
        part = representation.hyper_slices[hyper.name]
        block = u[size + part.start : size + part.stop]
        if hyper.family == "half_normal":
            log_prior += (block - 0.5 * pt.exp(2 * block)).sum()
        elif hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            log_prior += (-(nu + 1) / 2 * pt.log1p(block**2 / nu)).sum()
        else:
            log_prior += -0.5 * (block**2).sum()
        found[hyper.name] = block
    for term in representation.terms:
        part = representation.term_slices[term.name]
        if term.scale_by is None:
            found[term.name] = u[part.start : part.stop].reshape(term.shape)
        else:
            rows = []
            for index, item in enumerate(start.series):
                if not part.start <= item.part.start < part.stop:
                    continue
                h, centre = data[f"map_information_{index}"], data[f"map_mode_{index}"]
                tau = pt.exp(item.log_unit + item.slope * u[item.scale_column])
                precision = tau**-2 + h
                mean = centre * (h + data[f"map_scale_{index}"] ** -2) / precision
                v = mean + u[item.part.start : item.part.stop] / pt.sqrt(precision)
                rows.append(pt.dot(data[f"map_directions_{index}"], v / tau))
                log_prior += -0.5 * pt.log1p(h * tau**2).sum()
            found[term.name] = pt.concatenate(rows).reshape(term.shape)
        log_prior += -0.5 * (found[term.name] ** 2).sum()
    pm.Potential("standard_prior", log_prior)
    return found


def _map_data(item: Map) -> dict[str, np.ndarray]:
    data = {"map_centre": item.centre, "map_matrix": item.matrix}
    for index, series in enumerate(item.series):
        data[f"map_information_{index}"] = series.information
        data[f"map_mode_{index}"] = series.centre
        data[f"map_directions_{index}"] = series.directions
        data[f"map_scale_{index}"] = np.asarray(series.reference_scale)
    return data
