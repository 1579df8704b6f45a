"""Portraits of the sources: how far each one's figures lie from the truth, and how they scatter."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bajas.answers.interval import checked_levels, tails
from bajas.model.bias import relation
from bajas.model.reporting import anchors, claim_kind
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior

#: Draws of the prior to compare with.
_PRIOR_DRAWS = 2000


def sources(posterior: Posterior, level: float = 0.9) -> pd.DataFrame:
    """Return one row per source, side, reported outcome and kind of evidence.

    A bias is a factor, reported / true: 2 means twice the true losses. Biases and the level of the
    losses are only told apart by the bias prior (and anchors), so a bias is read beside its prior:
    ``shift`` and ``narrowed`` say what the claims did to it.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``source``, ``side``, ``outcome``, ``components``; ``relation`` to the side, ``speaks_for``,
        ``kind`` (tally, assessment, register), ``evidence`` (with ", settled" for claims made two
        weeks or more after the days they are about), ``anchored``; ``observations``;
        ``bias``, ``bias_low``, ``bias_high`` (median and interval of the factor) and the same of
        the prior (``prior``, ``prior_low``, ``prior_high``); ``shift`` of the median of the log
        bias in prior standard deviations and ``narrowed``, the share of the prior's spread that
        the claims took away (negative if they widened it); ``noise``, the scale of the scatter on
        the log scale. A bias that drifts is its mean over the days that the stream covers; see
        :func:`bajas.answers.drift.drift`. A register has no bias: what is on a list did happen.
        ``attrs["level"]`` states the level.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=400, seed=1)
    >>> table = sources(prior)
    >>> bool((table["bias_low"].dropna() < table["bias_high"].dropna()).all())
    True
    """
    (level,) = checked_levels([level])
    design = posterior.design
    prior = prior_draws(posterior.ledger, posterior.specification, _PRIOR_DRAWS, posterior.seed)
    own = np.concatenate(
        [posterior.hyper_draws[h.name] for h in posterior.representation.hyperparameters], axis=-1
    )
    anchored = anchors(posterior.specification, dict(posterior.ledger.sources))
    prior_bias = posterior.specification.bias
    groups: dict[tuple[str, str, str, str | None], list[int]] = {}
    for row, observation in enumerate(design.observations):
        stream = design.streams[observation.stream]
        # kinds of evidence that the prior tells apart have biases of their own
        free = observation.biased and stream.source not in anchored
        kind = claim_kind(stream, observation, prior_bias) if free else None
        groups.setdefault((stream.source, stream.side, stream.outcome, kind), []).append(row)
    rows = []
    for (source, side, outcome, kind), members in groups.items():
        streams = list(dict.fromkeys(design.observations[row].stream for row in members))
        first = design.streams[streams[0]]
        biased = [row for row in members if design.observations[row].biased]
        scale = own[..., posterior.representation.noise[members[0]]]
        portrait = {
            "source": source,
            "side": side,
            "outcome": outcome,
            "components": ", ".join(design.streams[index].component for index in streams),
            "relation": relation(first.source_type, first.speaks_for, side, first.civilian),
            "speaks_for": first.speaks_for,
            "kind": first.kind,
            "evidence": kind or first.evidence or "",
            "anchored": source in anchored,
            "observations": len(members),
        }
        if biased:
            portrait |= _bias(mean_bias(posterior, biased[0]), mean_bias(prior, biased[0]), level)
        portrait["noise"] = float(np.median(scale))
        rows.append(portrait)
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs.update(level=level, trusted=not posterior.why_not)
    return table


def mean_bias(posterior: Posterior, row: int) -> np.ndarray:
    """Return the bias of an observation's source without its drift, shape (chain, draw)."""
    representation = posterior.representation
    entering = np.asarray(representation.reporting[[row]].todense())[0]
    if "drift" in representation.term_slices:
        entering[representation.term_slices["drift"]] = 0.0
    effects = np.asarray(representation.effects[[row]].todense())[0]
    theta = np.concatenate(
        [posterior.hyper_draws[h.name] for h in representation.hyperparameters], axis=-1
    )
    return np.asarray(posterior.field_draws @ entering + theta @ effects)


_COLUMNS = [
    "source", "side", "outcome", "components", "relation", "speaks_for", "kind", "evidence",
    "anchored", "observations", "bias", "bias_low", "bias_high", "prior", "prior_low", "prior_high",
    "shift", "narrowed", "noise",
]  # fmt: skip


def _bias(draws: np.ndarray, prior: np.ndarray, level: float) -> dict[str, float]:
    low, high = tails([level])[:, 0]
    after = np.quantile(draws, [low, 0.5, high])
    before = np.quantile(prior, [low, 0.5, high])
    # quantiles: a prior with heavy tails has a standard deviation that says little
    spread, spread_before = _spread(draws), _spread(prior)
    return {
        "bias": float(np.exp(after[1])),
        "bias_low": float(np.exp(after[0])),
        "bias_high": float(np.exp(after[2])),
        "prior": float(np.exp(before[1])),
        "prior_low": float(np.exp(before[0])),
        "prior_high": float(np.exp(before[2])),
        "shift": float((after[1] - before[1]) / spread_before),
        "narrowed": float(1 - spread / spread_before),
    }


def _spread(draws: np.ndarray) -> float:
    """Return half the distance between the quantiles that hold 68 %, the sd of a normal."""
    low, high = np.quantile(draws, [0.1587, 0.8413])
    return float(high - low) / 2
