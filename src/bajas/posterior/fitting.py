"""From a ledger to a posterior: design, representation, draws, verdict."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from bajas.design.build import build_design
from bajas.design.design import Design
from bajas.ledger.ledger import Ledger
from bajas.model.build import build_representation
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.mixture import choose, mixture
from bajas.posterior.posterior import Posterior, verdict_quantities
from bajas.posterior.readings import unweighed
from bajas.posterior.verdict import Verdict, judge
from bajas.sampler.interface import Draws, Progress, Sampler, Settings, silent
from bajas.sampler.interrupts import held_interrupts

#: Packages whose versions belong to the provenance of a fit.
_PACKAGES = ("bajas", "numpy", "scipy", "pymc", "pytensor", "nutpie", "numba")


def fit_posterior(
    ledger: Ledger,
    specification: Specification,
    settings: Settings,
    sampler: Sampler,
    progress: Progress = silent,
    built: tuple[Design, Representation] | None = None,
) -> Posterior:
    """Draw from the posterior of a ledger's claims and judge the draws.

    Where the definition of some streams is in question every reading is fitted, and their draws
    are put together in proportion to prior probability times evidence.

    Parameters
    ----------
    ledger : Ledger
        The evidence.
    specification : Specification
        The model's choices.
    settings : Settings
        Length, chains and seed.
    sampler : Sampler
        What draws.
    progress : callable
        Told the stage and how far it is.
    built : tuple of (Design, Representation), optional
        Design and representation of the ledger, if they are at hand; a sampler may know them.
    """
    started = time.perf_counter()
    if built is None:
        design = build_design(ledger, specification.registers.reading)
        built = design, build_representation(design, specification, ledger.sources)
    design, representation = built
    build_seconds = time.perf_counter() - started
    if design.ambiguous or specification.readings:
        posterior = _fit_readings(ledger, specification, design, settings, sampler, progress)
    else:
        draws = sampler(representation, settings, progress)
        with held_interrupts(not draws.complete):
            timings = {"build": build_seconds}
            posterior = posterior_from_draws(
                ledger, specification, design, representation, draws, settings, timings
            )
    progress("done", 1, 1)
    return posterior


def _fit_readings(
    ledger: Ledger,
    specification: Specification,
    design: Design,
    settings: Settings,
    sampler: Sampler,
    progress: Progress,
) -> Posterior:
    """Fit every reading of the ambiguous streams, weigh them, and put their draws together.

    An interrupt ends with the readings drawn by then, marked incomplete.
    """
    from bajas.sampler.evidence import log_evidence  # brings the compiler: saved fits need none

    readings = unweighed(design, specification)
    if not design.ambiguous:
        raise AssertionError("unweighed refuses probabilities of what isn't in question")
    count = len(design.readings)
    found = {name: np.full(count, np.nan) for name in ("log_evidence", "error", "divergence")}
    parts: dict[int, Posterior] = {}
    for index, reading in enumerate(design.readings):

        def told(stage: str, done: int, total: int, index: int = index) -> None:
            progress(f"reading {index + 1} of {count}: {stage}", done, total)

        try:
            read = design.read_as(reading)
            clock = time.perf_counter()
            representation = build_representation(read, specification, ledger.sources)
            timings = {"build": time.perf_counter() - clock}
            # chains of two readings must not share their random numbers: errors would be alike
            own = replace(settings, seed=_seed_of(settings.seed, index))
            draws = sampler(representation, own, told)
            clock = time.perf_counter()
            evidence = log_evidence(representation, draws, own, told)
            timings["evidence"] = time.perf_counter() - clock
        except KeyboardInterrupt:
            if not parts:
                raise
            break
        found["log_evidence"][index] = evidence.log_value
        found["error"][index] = evidence.error
        found["divergence"][index] = evidence.divergence
        parts[index] = posterior_from_draws(
            ledger, specification, read, representation, draws, own, timings
        )
        if not draws.complete:
            break
    weighed = replace(
        readings,
        log_evidence=found["log_evidence"],
        error=found["error"],
        divergence=found["divergence"],
    )
    return mixture(design, parts, weighed, settings.seed)


def _seed_of(seed: int, reading: int) -> int:
    """Return the seed of a reading; that of the fit for the first."""
    return (
        seed if reading == 0 else int(np.random.SeedSequence([seed, reading]).generate_state(1)[0])
    )


def posterior_from_draws(
    ledger: Ledger,
    specification: Specification,
    design: Design,
    representation: Representation,
    draws: Draws,
    settings: Settings,
    timings: Mapping[str, float],
) -> Posterior:
    """Turn a sampler's draws into a posterior with its verdict."""
    field_draws, hyper_draws = representation.unpack(draws.position)
    provenance: dict[str, Any] = {
        "versions": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "sampler": draws.sampler,
        "settings": {
            "draws": settings.draws,
            "tune": settings.tune,
            "chains": settings.chains,
            "seed": settings.seed,
        },
        "timings": {**timings, **draws.timings},
    }
    posterior = Posterior(
        ledger=ledger,
        specification=specification,
        design=design,
        representation=representation,
        field_draws=field_draws,
        hyper_draws=hyper_draws,
        sample_stats=draws.stats,
        seed=settings.seed,
        verdict=Verdict(False, ("not judged yet",)),
        complete=draws.complete,
        provenance=provenance,
    )
    verdict = judge(
        verdict_quantities(
            design, representation, field_draws, hyper_draws, verdict_totals(posterior)
        ),
        np.asarray(draws.stats["diverging"], dtype=bool),
        np.asarray(draws.stats["energy"], dtype=float),
        draws.complete,
    )
    object.__setattr__(posterior, "verdict", verdict)
    return posterior


def verdict_totals(posterior: Posterior) -> list[tuple[str, np.ndarray]]:
    """Return the expected totals of every stratum, month by month and cumulative."""
    found = []
    dates = posterior.design.calendar.dates()
    months = np.flatnonzero(np.r_[True, dates.month[1:] != dates.month[:-1]])
    for index, stratum in enumerate(posterior.design.strata):
        daily = posterior.intensity(index)
        monthly = np.add.reduceat(daily, months, axis=-1)
        running = np.cumsum(monthly, axis=-1)
        for position, month in enumerate(months):
            name = f"{stratum.label} {dates[int(month)]:%Y-%m}"
            found.append((f"month {name}", np.log1p(monthly[:, :, position])))
            found.append((f"cumulative {name}", np.log1p(running[:, :, position])))
    return found


def prior_draws(
    ledger: Ledger, specification: Specification, draws: int = 1000, seed: int = 0
) -> Posterior:
    """Draw from the prior instead: what the model expects before it has seen a figure.

    Parameters
    ----------
    ledger : Ledger
        Decides strata, streams and windows; its figures only set the order of magnitude of the
        level.
    specification : Specification
        The model's choices.
    draws : int
        Independent draws.
    seed : int
        Same seed, same draws.

    Returns
    -------
    Posterior
        With ``group="prior"`` and one chain.
    """
    design = build_design(ledger, specification.registers.reading)
    representation: Representation = build_representation(design, specification, ledger.sources)
    readings = unweighed(design, specification)
    stats: dict[str, np.ndarray] = {}
    provenance: dict[str, Any] = {"versions": {name: version(name) for name in _PACKAGES}}
    if design.ambiguous:
        stats = {"reading": choose(readings.probability, 1, draws, seed)}
        provenance["readings"] = readings.as_dict()
    field_draws, hyper_draws = representation.sample_prior(np.random.default_rng(seed), draws)
    return Posterior(
        ledger=ledger,
        specification=specification,
        design=design,
        representation=representation,
        field_draws=field_draws[None],
        hyper_draws={name: value[None] for name, value in hyper_draws.items()},
        sample_stats=stats,
        seed=seed,
        verdict=Verdict(True, notes=("independent draws of the prior",)),
        group="prior",
        provenance=provenance,
    )
