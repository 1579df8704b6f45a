"""How far a headline moves when one assumption changes: a prior, its weight, a source, a list."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bajas.answers.montecarlo import effective_size, mcse_quantile
from bajas.answers.reliance import reliance
from bajas.batch.task import FitTask
from bajas.checks.anchors import other_coverages, without_each_anchor
from bajas.checks.headline import headline_of
from bajas.checks.leave_out import log_predictive
from bajas.checks.level_table import level_table
from bajas.checks.power_scaling import CLAIMS, log_densities, power_table, scaled
from bajas.checks.prior_change import log_prior_change
from bajas.checks.refit import REFIT, Refitted, refit
from bajas.checks.sensitivity_result import Sensitivity
from bajas.checks.weights import Weights, smoothed
from bajas.model.bias import BiasPrior, hindsight, symmetric
from bajas.posterior.densities import observation_draws
from bajas.posterior.posterior import Posterior
from bajas.posterior.prior_groups import GROUP_WORDS
from bajas.sampler.interface import Progress, Settings, silent

if TYPE_CHECKING:
    from collections.abc import Mapping


def bias_families() -> tuple[BiasPrior, ...]:
    """Return the bias priors that every sensitivity analysis compares."""
    learned = hindsight()
    return (
        learned,
        symmetric(0.3),
        symmetric(0.6),
        symmetric(1.0),
        replace(learned, name=f"{learned.name}, a quarter shared", shared=0.25),
        replace(learned, name=f"{learned.name}, three quarters shared", shared=0.75),
    )


@dataclass(frozen=True)
class _Variation:
    """One assumption changed: a row of the table, by weights or by a fit."""

    kind: str
    what: str
    log_ratios: np.ndarray | None
    task: FitTask | None
    weights: Weights | None = None


def sensitivity(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    level: float = 0.9,
    biases: Iterable[BiasPrior] = (),
    refits: bool = True,
    settings: Settings = REFIT,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Sensitivity:
    """Say how far a total moves when one assumption is changed at a time.

    Assumptions are the bias prior, the weights of priors and claims, each source, each anchor, and
    the share of the losses that each growing list will hold in the end, which no claim tells.

    Each variation is made from the draws of the fit by Pareto-smoothed importance weights where
    these can be trusted (k below min(1 - 1/log10(draws), 0.7); see :class:`Weights`), and
    by a short fit of its own where they can't. Leaving out a source withholds its observations:
    days, strata and everything else stay as they were, and biases that only it knows are
    integrated over.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    outcome, side, component : str
        What is counted.
    since, until : str or datetime.date, optional
        First and last day, both counted.
    level : float
        Of the central interval.
    biases : iterable of BiasPrior
        Further bias priors to compare, beside :func:`bias_families`.
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
    Sensitivity
        The headline under each variation, with a table, a plot and a sentence.

    Raises
    ------
    QuantityError
        If the fit doesn't hold the quantity, or is of the prior.
    """
    head = headline_of(posterior, outcome, side, component, since, until, level)
    quantity, draws, probabilities = head.quantity, head.draws, head.probabilities
    seen = observation_draws(posterior)
    densities = log_densities(posterior, seen)
    settings = replace(settings, seed=posterior.seed)

    variations = [
        *_bias_variations(posterior, tuple(biases), settings),
        *_power_variations(densities),
        *_source_variations(posterior, seen, settings),
        *_anchor_variations(posterior, settings),
        *_coverage_variations(posterior, settings),
    ]
    judged = [_weighed(variation) for variation in variations]
    tasks = [v.task for v in judged if v.task is not None and not _usable(v.weights)]
    found: Mapping[str, Refitted] = {}
    errors: Mapping[str, str] = {}
    if refits and tasks:
        found, errors = refit(
            tasks, quantity, probabilities, folder=folder, workers=workers, progress=progress
        )
    base = _row("fit", posterior.specification.bias.name, head.quantiles)
    errors_of = [mcse_quantile(draws, p) for p in probabilities]
    base |= dict(zip(("mcse_low", "mcse_median", "mcse_high"), errors_of, strict=True))
    base |= {"way": "draws", "ess": effective_size(draws), "trouble": "; ".join(posterior.why_not)}
    rows = [base] + [_variation_row(v, draws, probabilities, found, errors, refits) for v in judged]
    table = _with_moves(pd.DataFrame(rows, columns=_COLUMNS))
    return Sensitivity(
        quantity=quantity,
        level=head.level,
        table=table,
        levels=level_table(posterior, quantity, draws, head.level),
        power=power_table(draws, densities, reliance(posterior, quantity)),
        seed=posterior.seed,
        ledger_hash=posterior.ledger.hash,
        specification_hash=posterior.specification.hash,
    )


_COLUMNS = [
    "kind", "what", "low", "median", "high", "mcse_low", "mcse_median", "mcse_high", "way", "k",
    "ess", "trouble",
]  # fmt: skip


def _bias_variations(
    posterior: Posterior, extra: tuple[BiasPrior, ...], settings: Settings
) -> list[_Variation]:
    own = posterior.specification.bias
    found = []
    known = {_content(own)}
    for bias in (*(replace(b, anchors=own.anchors) for b in bias_families()), *extra):
        if _content(bias) in known:
            continue
        known.add(_content(bias))
        name = f"bias prior {bias.name}"
        other = posterior.specification.with_bias(bias)
        task = FitTask(name, posterior.ledger, other, settings)
        found.append(_Variation("bias prior", bias.name, log_prior_change(posterior, other), task))
    return found


def _content(bias: BiasPrior) -> str:
    return repr(sorted((k, repr(v)) for k, v in bias.as_dict().items() if k != "name"))


def _power_variations(densities: Mapping[str, np.ndarray]) -> list[_Variation]:
    groups = {
        "bias": ["bias", "anchors"],
        "level": ["level", "paths", "splits"],
        "reporting": ["reporting"],
        CLAIMS: [CLAIMS],
    }
    words = {
        "bias": GROUP_WORDS["bias"],
        "level": "the priors of level, paths and forces",
        "reporting": GROUP_WORDS["reporting"],
        CLAIMS: "the likelihood",
    }
    found = []
    for name, members in groups.items():
        present = [densities[member] for member in members if member in densities]
        if not present:
            continue
        density = sum(present)
        for power, weights in scaled(np.asarray(density)).items():
            what = f"{words[name]} to the power {power:.3g}"
            found.append(_Variation("power", what, None, None, weights))
    return found


def _source_variations(posterior: Posterior, seen: object, settings: Settings) -> list[_Variation]:
    design = posterior.design
    groups: dict[str, list[int]] = {}
    for row, observation in enumerate(design.observations):
        groups.setdefault(design.streams[observation.stream].source, []).append(row)
    found = []
    for source, rows in sorted(groups.items()):
        if len(rows) == len(design.observations):
            continue
        names = tuple(design.observations[row].name for row in rows)
        task = FitTask(
            f"without {source}", posterior.ledger, posterior.specification, settings,
            withhold=names,
        )  # fmt: skip
        ratios = -log_predictive(posterior, seen, rows, seed=posterior.seed)  # type: ignore[arg-type]
        found.append(_Variation("without source", source, ratios, task))
    return found


def _anchor_variations(posterior: Posterior, settings: Settings) -> list[_Variation]:
    found = []
    for name, (ledger, specification) in without_each_anchor(posterior).items():
        same_biases = ledger is posterior.ledger and (
            specification.bias == posterior.specification.bias
        )
        ratios = log_prior_change(posterior, specification) if same_biases else None
        task = FitTask(f"without the anchor on {name}", ledger, specification, settings)
        found.append(_Variation("without anchor", name, ratios, task))
    return found


def _coverage_variations(posterior: Posterior, settings: Settings) -> list[_Variation]:
    found = []
    for (source, half), specification in other_coverages(posterior).items():
        what = f"coverage of {source}: {half.low:.2g} to {half.high:.2g}"
        task = FitTask(what, posterior.ledger, specification, settings)
        ratios = log_prior_change(posterior, specification)
        found.append(_Variation("coverage", what, ratios, task))
    return found


def _weighed(variation: _Variation) -> _Variation:
    if variation.log_ratios is None:
        return variation
    return replace(variation, log_ratios=None, weights=smoothed(variation.log_ratios))


def _usable(weights: Weights | None) -> bool:
    return weights is not None and weights.reliable


def _row(kind: str, what: str, quantiles: Sequence[float] | np.ndarray) -> dict[str, object]:
    low, median, high = (float(value) for value in quantiles)
    return {
        "kind": kind, "what": what, "low": low, "median": median, "high": high,
        "mcse_low": np.nan, "mcse_median": np.nan, "mcse_high": np.nan, "way": "", "k": np.nan,
        "ess": np.nan, "trouble": "",
    }  # fmt: skip


def _variation_row(
    variation: _Variation,
    draws: np.ndarray,
    probabilities: Sequence[float],
    found: Mapping[str, Refitted],
    errors: Mapping[str, str],
    refits: bool,
) -> dict[str, object]:
    """Return a row by weights if they can be used, else by the refit, else what went wrong."""
    weights, name = variation.weights, "" if variation.task is None else variation.task.name
    k = np.nan if weights is None else weights.k
    if name in found:
        fit = found[name]
        row = _row(variation.kind, variation.what, (fit.low, fit.median, fit.high))
        row |= dict(zip(("mcse_low", "mcse_median", "mcse_high"), fit.errors, strict=True))
        return row | {"way": "refit", "k": k, "ess": fit.ess, "trouble": fit.trouble}
    if weights is None or name in errors:
        row = _row(variation.kind, variation.what, (np.nan, np.nan, np.nan))
        why = errors.get(name, "weights can't make it and no fit was allowed")
        return row | {"way": "none", "k": k, "trouble": why}
    row = _row(variation.kind, variation.what, weights.quantiles(draws, probabilities))
    spread = weights.quantile_errors(draws, probabilities)
    row |= dict(zip(("mcse_low", "mcse_median", "mcse_high"), spread.tolist(), strict=True))
    trouble = ""
    if not _usable(weights):
        trouble = "the weights can't be trusted" + (
            "" if refits or variation.task is None else ", and no fit was allowed"
        )
    return row | {"way": "weights", "k": k, "ess": weights.ess, "trouble": trouble}


def _with_moves(table: pd.DataFrame) -> pd.DataFrame:
    """Add how far median and ends are from the fit's, as factors, and the largest of the three."""
    moves = []
    for name in ("low", "median", "high"):
        base = max(float(table.loc[0, name]), 0.5)  # type: ignore[arg-type]
        table[f"{name}_factor"] = table[name].clip(lower=0.5) / base
        moves.append(np.abs(np.log(table[f"{name}_factor"])))
    # NaN where a row has no numbers
    table["move"] = np.exp(np.max(np.stack(moves), axis=0))
    return table
