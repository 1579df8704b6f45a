"""Fits that answer one question: what a headline is without something, or under another prior."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from bajas.answers.montecarlo import effective_size, mcse_quantile
from bajas.answers.quantity import Quantity
from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.checks.predictive import held_out
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Progress, Settings, silent

#: Short fits: enough for quantiles of one number to a few per cent.
REFIT = Settings(draws=500, tune=400, chains=2, cores=1)
#: A short fit's own verdict on the number that it was made for.
RHAT_LIMIT, ESS_LIMIT = 1.05, 150.0
_QUESTION = ("outcome", "side", "component", "since", "until")


@dataclass(frozen=True)
class Refitted:
    """The headline of a refit.

    Parameters
    ----------
    low, median, high : float
        Quantiles of the total.
    errors : tuple of float
        Their Monte Carlo standard errors.
    ess : float
        Effective number of draws.
    trouble : str
        Why it can't be trusted; empty if it can.
    held_out : dict
        What :func:`~bajas.checks.predictive.held_out` says of observations that were withheld.
    """

    low: float
    median: float
    high: float
    errors: tuple[float, float, float]
    ess: float
    trouble: str
    held_out: Mapping[str, Any]


def headline(
    posterior: Posterior, question: Mapping[str, str], probabilities: Sequence[float]
) -> dict[str, Any]:
    """Return quantiles of a total with their errors, and what withheld observations scored.

    Parameters
    ----------
    posterior : Posterior
        The refit.
    question : mapping of str to str
        outcome, side, component, since and until.
    probabilities : sequence of float
        Of the three quantiles.
    """
    from arviz_stats.base import array_stats

    draws = posterior.total(*(question[name] for name in _QUESTION))
    rhat = 1.0
    if np.ptp(draws) > 0:
        rhat = float(array_stats.rhat(draws, chain_axis=0, draw_axis=1, method="rank"))
    return {
        "quantiles": np.quantile(draws, probabilities),
        "errors": [mcse_quantile(draws, p) for p in probabilities],
        "ess": effective_size(draws),
        "rhat": rhat,
        "divergences": int(np.sum(posterior.sample_stats["diverging"])),
        "draws": draws.size,
        "held_out": held_out(posterior),
    }


def refit(
    tasks: Sequence[FitTask],
    quantity: Quantity,
    probabilities: Sequence[float],
    *,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple[dict[str, Refitted], dict[str, str]]:
    """Make the fits, once more and longer where the number isn't trusted, and return headlines.

    Returns
    -------
    found : dict of str to Refitted
        By name of the task.
    errors : dict of str to str
        Why a fit failed, by name of the task.
    """
    window = quantity.window
    question = {
        "outcome": quantity.outcome, "side": quantity.side, "component": quantity.component,
        "since": window.start.isoformat(), "until": window.end.isoformat(),
    }  # fmt: skip
    reduce = partial(headline, question=question, probabilities=[float(p) for p in probabilities])
    found: dict[str, Refitted] = {}
    errors: dict[str, str] = {}
    pending = list(tasks)
    for attempt in range(2):
        if not pending:
            break
        batch = run_batch(pending, reduce, folder=folder, workers=workers, progress=progress)
        if not batch.complete:
            raise KeyboardInterrupt
        errors |= batch.errors
        for name, result in batch.results.items():
            found[name] = _read(result)
        if attempt == 0:
            pending = [_longer(t) for t in pending if t.name in found and found[t.name].trouble]
    return found, errors


def _longer(task: FitTask) -> FitTask:
    settings = task.settings
    seed = (settings.seed + 1) % 2**32
    longer = replace(settings, tune=2 * settings.tune, chains=2 * settings.chains, seed=seed)
    return replace(task, settings=longer)


def _read(result: Mapping[str, Any]) -> Refitted:
    trouble = []
    if not result["rhat"] <= RHAT_LIMIT:
        trouble.append(f"R-hat {result['rhat']:.2f}")
    if not result["ess"] >= ESS_LIMIT:
        trouble.append(f"{result['ess']:.0f} effective draws")
    if result["divergences"] > 0.01 * result["draws"]:
        trouble.append(f"{result['divergences']} divergences")
    low, median, high = result["quantiles"]
    first, second, third = result["errors"]
    return Refitted(
        low, median, high, (first, second, third), result["ess"], ", ".join(trouble),
        result["held_out"],
    )  # fmt: skip
