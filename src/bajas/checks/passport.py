"""Posterior calibration of a fit: its passport.

Truths are drawn from the fit, claims simulated from each truth on the same design, and fitted
together with the real ones. Since

    p(theta | y) = integral of p(theta | y', y) p(y' | y) dy'

an interval of probability p of a refit holds its truth with probability p, and ranks of truths
among draws of their refits are uniform, where the fit lies and not on average over the prior
(Säilynoja, Schmitt, Bürkner & Vehtari 2025, arXiv:2502.03279). A refit to the simulated claims
alone would promise nothing: its prior isn't what truths were drawn from.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from bajas.answers.interval import checked_levels
from bajas.answers.passport import Calibrated, Passport
from bajas.answers.quantity import Quantity, quantity_of
from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.checks.calibration import RANKED, SETTINGS, evenly, rank
from bajas.checks.calibration_quantities import LOG_LIKELIHOOD, joint_log_likelihood
from bajas.checks.commit import commit
from bajas.checks.uniformity import Envelope
from bajas.errors import BajasError
from bajas.model.intensity import with_stated_centres
from bajas.model.replica import simulate_replica, with_replica
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Progress, Settings, silent

#: Levels of the central intervals that are counted.
LEVELS = (0.5, 0.8, 0.9, 0.95)

_QUESTION = ("outcome", "side", "component", "since", "until")


def calibrate(
    posterior: Posterior,
    quantities: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    fits: int = 100,
    *,
    seed: int = 0,
    settings: Settings = SETTINGS,
    levels: Sequence[float] = LEVELS,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Passport:
    """Count how often intervals hold truths that were drawn from a fit.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    quantities : mapping or sequence of mappings
        Totals that are asked for: ``outcome`` and ``side``, and if need be ``component``,
        ``since`` and ``until``, as in :meth:`bajas.Fit.total`. One batch of refits answers all.
    fits : int
        Refits; the error of a share is sqrt(p (1 - p) / fits).
    seed : int
        Same seed, same truths and figures.
    settings : Settings
        Of each refit; its seed is the number of the refit.
    levels : sequence of float
        Of the central intervals.
    folder, workers, progress
        As in :func:`bajas.fit_many`; more refits later take those made from the folder.

    Raises
    ------
    BajasError
        If the draws are of the prior or fewer than the refits, the definition of a stream is in
        question, no refit succeeded, or the batch was interrupted.
    QuantityError
        If the fit doesn't hold a quantity.
    """
    levels = checked_levels(levels)
    size = posterior.chains * posterior.draws
    if not isinstance(fits, int) or not 1 <= fits <= size:
        raise BajasError(f"fits must be a whole number from 1 to {size} (draws), not {fits!r}")
    if posterior.group == "prior":
        raise BajasError("a passport needs a fit: these are draws of the prior")
    if posterior.design.ambiguous:
        raise BajasError(
            "the definition of a stream is in question: choose one with Ledger.reread; truths of"
            " several models have no passport yet"
        )
    asked = _asked(posterior, quantities)
    questions = [{name: item.as_dict()[name] for name in _QUESTION} for item in asked]
    # a refit has the fit's own prior, not one that looks at more claims
    specification = replace(
        posterior.specification,
        intensity=with_stated_centres(posterior.design, posterior.specification.intensity),
    )
    truths: dict[str, list[float]] = {}
    places = evenly(size, fits)
    totals = [posterior.total(*(q[name] for name in _QUESTION)).reshape(-1) for q in questions]

    def tasks() -> Iterator[FitTask]:
        field = posterior.field_draws.reshape(size, -1)
        for index, place in enumerate(places):
            hyper = {
                name: values.reshape(size, -1)[place]
                for name, values in posterior.hyper_draws.items()
            }
            rng = np.random.default_rng([seed, index, 2025])
            told = simulate_replica(posterior.representation, rng, field[place], hyper)
            both = with_replica(posterior.representation, told)
            likelihood = float(both.pointwise(field[place], hyper).sum())
            truths[str(index)] = [*(float(values[place]) for values in totals), likelihood]
            own = replace(settings, cores=1, seed=index)
            yield FitTask(str(index), posterior.ledger, specification, own, replica=told)

    def report(stage: str, done: int, total: int) -> None:
        progress(stage, done, fits if stage == "fits" else total)

    reduce = partial(answers, questions=questions, levels=list(levels), count=RANKED)
    batch = run_batch(tasks(), reduce, folder=folder, workers=workers, progress=report)
    if not batch.complete:
        raise BajasError(
            f"interrupted after {len(batch.results)} of {fits} refits"
            + (f"; run it again to go on from {folder}" if folder is not None else "")
        )
    if not batch.results:
        reasons = "; ".join(dict.fromkeys(batch.errors.values()))
        raise BajasError(f"no refit succeeded: {reasons}")
    return Passport(
        ledger_sha256=posterior.ledger.hash,
        specification_sha256=posterior.specification.hash,
        fits=fits,
        failed=len(batch.errors),
        untrusted=sum(not result["trusted"] for result in batch.results.values()),
        levels=tuple(levels),
        draws=RANKED,
        rows=tuple(_rows(asked, questions, truths, batch.results, seed)),
        about={
            "seed": seed,
            "settings": {k: getattr(settings, k) for k in ("draws", "tune", "chains")},
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "commit": commit(),
            "day": datetime.now(UTC).date().isoformat(),
            **{package: version(package) for package in ("bajas", "numpy", "numba")},
        },
    )


def answers(
    posterior: Posterior,
    questions: Sequence[Mapping[str, str]],
    levels: Sequence[float],
    count: int,
) -> dict[str, Any]:
    """Return intervals and thinned draws of each number, the log likelihood last."""
    values = [posterior.total(*(q[name] for name in _QUESTION)) for q in questions]
    values.append(joint_log_likelihood(posterior))
    places = evenly(posterior.chains * posterior.draws, count)
    tails = [[(1 - level) / 2, (1 + level) / 2] for level in levels]
    return {
        "ends": [np.quantile(draws, tails) for draws in values],
        "draws": [draws.reshape(-1)[places] for draws in values],
        "trusted": posterior.verdict.trusted,
    }


def _rows(
    asked: Sequence[Quantity],
    questions: Sequence[Mapping[str, str]],
    truths: Mapping[str, Sequence[float]],
    results: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Iterator[Calibrated]:
    envelope = Envelope(len(results), RANKED)
    names = [*(str(item) for item in asked), LOG_LIKELIHOOD]
    for row, (name, question) in enumerate(zip(names, [*questions, {}], strict=True)):
        true = np.array([truths[index][row] for index in results])
        ends = np.array([result["ends"][row] for result in results.values()])
        held = (ends[:, :, 0] <= true[:, None]) & (true[:, None] <= ends[:, :, 1])
        ranks = [
            rank(truths[index][row], result["draws"][row], (seed, int(index), row))
            for index, result in results.items()
        ]
        yield Calibrated(
            name,
            question,
            tuple(int(count) for count in held.sum(axis=0)),
            tuple(ranks),
            envelope.probability(np.array(ranks)),
        )


def _asked(
    posterior: Posterior, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> list[Quantity]:
    entries = [given] if isinstance(given, Mapping) else list(given)
    if not entries:
        raise BajasError("a passport is of at least one quantity")
    found = []
    for entry in entries:
        if unknown := sorted(set(entry) - set(_QUESTION)):
            raise BajasError(f"unknown entries {unknown}: known are {', '.join(_QUESTION)}")
        if absent := sorted({"outcome", "side"} - set(entry)):
            raise BajasError(f"{dict(entry)!r} lacks {', '.join(absent)}")
        found.append(quantity_of(posterior, **entry))
    return found
