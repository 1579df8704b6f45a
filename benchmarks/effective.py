"""Effective draws of everything that is counted, from positions: the same for all samplers.

Counted are every scalar of the latent field, term by term, every hyperparameter, and the totals of
the case (log(1 + total), as in the library's verdict). Bulk and tail effective sample size and
R-hat are the split, rank-normalised ones of Vehtari et al. (2021), by ArviZ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from arviz_stats.base import array_stats
from posteriors import Case

RHAT_LIMIT = 1.01
#: Chains and draws below which nothing is said.
FEWEST_CHAINS, FEWEST_DRAWS = 2, 20
_AT_ONCE = 128


def counted(case: Case, position: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return names and values, shape (quantity, chain, draw), of what is counted.

    Parameters
    ----------
    case : Case
        The posterior.
    position : ndarray, shape (chain, draw, size)
        Draws in standardised coordinates.
    """
    representation = case.representation
    field, hyper = representation.unpack(position)
    names = []
    for term in representation.terms:
        for place in np.ndindex(*term.shape):
            label = ", ".join(term.labels[axis][i] for axis, i in enumerate(place))
            names.append(f"{term.name}[{label}]")
    for item in representation.hyperparameters:
        names += [f"{item.name}[{label}]" for label in item.labels]
    names += case.totals.names
    theta = [hyper[item.name] for item in representation.hyperparameters]
    totals = case.totals.log1p(representation, field)
    values = np.concatenate([field, *theta, totals], axis=-1)
    return names, np.moveaxis(values, -1, 0)


def effective(names: list[str], values: np.ndarray) -> dict[str, Any]:
    """Return effective sample sizes and R-hat over all quantities that vary.

    Parameters
    ----------
    names : list of str
        Names of the quantities.
    values : ndarray, shape (quantity, chain, draw)
        Their draws.
    """
    result: dict[str, Any] = {
        "ess_worst": 0.0, "ess_worst_name": "", "ess_median": 0.0, "ess_tail_worst": 0.0,
        "ess_tail_worst_name": "", "rhat_max": None, "rhat_max_name": "", "quantities": 0,
        "not_finite": 0, "chains": values.shape[1], "draws": values.shape[2],
    }  # fmt: skip
    if values.shape[1] < FEWEST_CHAINS or values.shape[2] < FEWEST_DRAWS:
        return result
    finite = np.isfinite(values).all(axis=(1, 2))
    varying = np.ptp(np.where(np.isfinite(values), values, 0.0), axis=(1, 2)) > 0
    result |= {"quantities": int(varying.sum()), "not_finite": int((~finite).sum())}
    kept = np.flatnonzero(varying & finite)
    if kept.size == 0:
        return result
    bulk, tail, rhat = (np.empty(kept.size) for _ in range(3))
    axes = {"chain_axis": 1, "draw_axis": 2}
    for first in range(0, kept.size, _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        block = values[kept[some]]
        bulk[some] = array_stats.ess(block, method="bulk", **axes)
        tail[some] = array_stats.ess(block, method="tail", prob=(0.05, 0.95), **axes)
        rhat[some] = array_stats.rhat(block, method="rank", **axes)
    # a quantity stuck in one chain has no ESS: none of its draws are effective
    bulk, tail = (np.where(np.isfinite(ess), ess, 0.0) for ess in (bulk, tail))
    rhat = np.where(np.isfinite(rhat), rhat, np.inf)
    return result | {
        "ess_worst": float(bulk.min()),
        "ess_worst_name": names[kept[int(bulk.argmin())]],
        "ess_median": float(np.median(bulk)),
        "ess_tail_worst": float(tail.min()),
        "ess_tail_worst_name": names[kept[int(tail.argmin())]],
        "rhat_max": float(rhat.max()),
        "rhat_max_name": names[kept[int(rhat.argmax())]],
    }


def converged(measured: dict[str, Any]) -> bool:
    """Whether every quantity is finite and R-hat of every one below the limit."""
    rhat = measured["rhat_max"]
    return measured["not_finite"] == 0 and rhat is not None and rhat < RHAT_LIMIT
