"""Each claim and each stream under all others: predictive score, surprise, pull on a headline."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from bajas.batch.task import FitTask
from bajas.checks.headline import headline_of
from bajas.checks.influence_result import Influence
from bajas.checks.leave_out import log_predictive
from bajas.checks.predictive import below_without_own, figure_below, surprise
from bajas.checks.refit import REFIT, Refitted, refit
from bajas.checks.weights import Weights, smoothed
from bajas.posterior.densities import ObservationDraws, observation_draws
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Progress, Settings, silent

_PREFIXES = ("low", "median", "high")


@dataclass(frozen=True)
class _LeftOut:
    """Some observations left out together."""

    name: str
    rows: tuple[int, ...]
    weights: Weights
    log_predictive: np.ndarray

    @property
    def usable(self) -> bool:
        return self.weights.reliable

    @property
    def log_score(self) -> float:
        return float(logsumexp(self.log_predictive, b=self.weights.values))


def influence(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    level: float = 0.9,
    refits: bool = True,
    settings: Settings = REFIT,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Influence:
    """Leave out each observation, and each stream, and say what that does.

    By Pareto-smoothed importance sampling where it can be trusted, by fits without the
    observations where it can't (Vehtari, Gelman & Gabry 2017). An observation is what a claim adds
    to the evidence: its figure, or for a tally the increment that ends with it.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    outcome, side, component : str
        The headline whose shifts are reported.
    since, until : str or datetime.date, optional
        First and last day of it, both counted.
    level : float
        Of its central interval.
    refits : bool
        Whether fits may be made; without them a row whose weights can't be trusted says so.
    settings : Settings
        Of the refits; their seed is the posterior's.
    folder : str or path-like, optional
        Where results of refits are kept, to be taken from there the next time.
    workers : int, optional
        Worker processes for the refits; one per core by default.
    progress : callable
        Told how many refits are done.

    Returns
    -------
    Influence
        What each claim and each stream does to the headline, with a table and a plot.

    Raises
    ------
    QuantityError
        If the fit doesn't hold the quantity, or is of the prior.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Statistics and Computing 27, 1413-1432.
    """
    head = headline_of(posterior, outcome, side, component, since, until, level)
    quantity, draws, probabilities = head.quantity, head.draws, head.probabilities
    design = posterior.design
    seen = observation_draws(posterior)
    single = [
        _left_out(posterior, seen, o.name, (row,)) for row, o in enumerate(design.observations)
    ]
    members: dict[int, list[int]] = {}
    for row, o in enumerate(design.observations):
        members.setdefault(o.stream, []).append(row)
    streams = [
        single[rows[0]]
        if len(rows) == 1
        else _left_out(posterior, seen, design.streams[index].label, tuple(rows))
        for index, rows in members.items()
        if len(rows) < len(design.observations)
    ]
    settings = replace(settings, seed=posterior.seed)
    tasks = {
        item.rows: FitTask(
            f"without {item.name}", posterior.ledger, posterior.specification, settings,
            withhold=tuple(design.observations[row].name for row in item.rows),
        )
        for item in (*single, *streams)
        if not item.usable and len(item.rows) < len(design.observations)
    }  # fmt: skip
    found: Mapping[str, Refitted] = {}
    errors: Mapping[str, str] = {}
    if refits and tasks:
        found, errors = refit(
            list(tasks.values()), quantity, probabilities,
            folder=folder, workers=workers, progress=progress,
        )  # fmt: skip
    base = head.quantiles
    below = figure_below(posterior.representation, seen)

    def row_of(item: _LeftOut) -> dict[str, object]:
        task = tasks.get(item.rows)
        name = "" if task is None else task.name
        refitted = found.get(name)
        failure = errors.get(name, "")
        return _shift(item, draws, probabilities, base, refitted, failure)

    claims = []
    for item in single:
        (row,) = item.rows
        o = design.observations[row]
        task = tasks.get(item.rows)
        refitted = None if task is None else found.get(task.name)
        if refitted is not None:
            under = float(refitted.held_out["below"][0])
        else:
            own = below_without_own(posterior, seen, row)
            under = float(np.sum(item.weights.values * (below[..., row] if own is None else own)))
        form = int(posterior.representation.form[row])
        claims.append(
            {
                "observation": o.name,
                "claims": "; ".join(o.claim_ids),
                "source": design.streams[o.stream].source,
                "stream": design.streams[o.stream].label,
                "start": pd.Timestamp(o.window.start),
                "end": pd.Timestamp(o.window.end),
                "form": o.form,
                "value": o.value,
                "surprise": surprise(form, min(max(under, 0.0), 1.0)),
                **row_of(item),
                "meaning": o.meaning,
            }
        )
    by_stream = []
    for item in streams:
        stream = design.streams[design.observations[item.rows[0]].stream]
        by_stream.append(
            {
                "stream": stream.label,
                "source": stream.source,
                "kind": stream.kind,
                "observations": len(item.rows),
                **row_of(item),
            }
        )
    return Influence(
        quantity=quantity,
        level=head.level,
        base=tuple(float(value) for value in base),
        claims=pd.DataFrame(claims),
        streams=pd.DataFrame(by_stream),
        seed=posterior.seed,
        ledger_hash=posterior.ledger.hash,
        specification_hash=posterior.specification.hash,
    )


def _left_out(
    posterior: Posterior, seen: ObservationDraws, name: str, rows: tuple[int, ...]
) -> _LeftOut:
    scores = log_predictive(posterior, seen, rows, seed=posterior.seed)
    return _LeftOut(name, rows, smoothed(-scores), scores)


def _shift(
    item: _LeftOut,
    draws: np.ndarray,
    probabilities: Sequence[float],
    base: np.ndarray,
    refitted: Refitted | None,
    failure: str,
) -> dict[str, object]:
    """Return score and headline without some observations."""
    if refitted is not None:
        ends = np.array([refitted.low, refitted.median, refitted.high])
        errors, trouble = np.array(refitted.errors), refitted.trouble
        score, way, ess = float(refitted.held_out["log_score"]), "refit", refitted.ess
    else:
        ends = item.weights.quantiles(draws, probabilities)
        errors = item.weights.shift_errors(draws, probabilities)
        score, way, ess = item.log_score, "weights", item.weights.ess
        trouble = ""
        if not item.usable:
            trouble = failure or "the weights can't be trusted, and no fit was made"
    factors = np.maximum(ends, 0.5) / np.maximum(base, 0.5)
    row: dict[str, object] = {
        "log_score": score, "way": way, "k": item.weights.k, "ess": ess, "trouble": trouble,
    }  # fmt: skip
    for prefix, end, factor, error in zip(_PREFIXES, ends, factors, errors, strict=True):
        row |= {f"{prefix}_without": float(end), f"{prefix}_factor": float(factor)}
        row[f"mcse_{prefix}"] = float(error)
    row["move"] = float(np.exp(np.abs(np.log(factors)).max()))
    return row
