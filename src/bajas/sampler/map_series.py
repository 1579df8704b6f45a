"""The series of a map: directions of every walk and scaled row, and what the claims know there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import linalg

from bajas.model.family import POISSON
from bajas.model.representation import Representation
from bajas.model.term import Hyperparameter, Term
from bajas.sampler.linearised import Linearised
from bajas.sampler.series import Series

#: Directions of a series that the claims inform less than this, in units of its prior, are left.
_INFORMED = 0.05

#: If more than this share of a series' directions is informed, all of them are kept.
_MOSTLY = 0.6


def log_slopes(representation: Representation) -> np.ndarray:
    """Return d log(value) / d standard of each positive hyperparameter, 0 for real ones."""
    parts = [np.zeros(0)]
    for hyper in representation.hyperparameters:
        if hyper.family == "half_normal":
            parts.append(np.ones(hyper.size))
        elif hyper.family == "log_normal":
            parts.append(hyper.scale)
        else:
            parts.append(np.zeros(hyper.size))
    return np.concatenate(parts)


def log_linear(hyper: Hyperparameter, row: int) -> tuple[float, float]:
    """Return a and b of scale = exp(a + b u) with u the standardised coordinate."""
    if hyper.family == "half_normal":
        return float(np.log(hyper.scale[row])), 1.0
    if hyper.family == "log_normal":
        return float(hyper.location[row]), float(hyper.scale[row])
    raise ValueError(f"a scale needs a positive prior, not {hyper.family}")


def series_from(
    representation: Representation,
    draws: np.ndarray,
    known: Linearised,
    marginal: np.ndarray,
    prior: np.ndarray,
    core: np.ndarray,
) -> list[Series]:
    """Decompose the claims' information about every series.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : ndarray, shape (draw, size)
        Standardised positions: the reference.
    known : Linearised
        The claims near them.
    marginal : ndarray, shape (size, size)
        The claims' information about steps, biases integrated out.
    prior : ndarray, shape (size,)
        Prior precision of steps and hyperparameters.
    core : ndarray of bool, shape (size,)
        What isn't a bias given everything else.
    """
    rows = []
    single = np.zeros(representation.size, dtype=bool)
    single[representation.field_size :] = np.diag(marginal)[representation.field_size :] > 0
    for term in representation.terms:
        part = representation.term_slices[term.name]
        length = term.size // term.shape[0]
        for row in range(term.shape[0]):
            where = slice(part.start + row * length, part.start + (row + 1) * length)
            walk = term.structure == "random_walk"
            if core[where].all() and (walk or (term.scale_by is not None and length > 1)):
                rows.append((term, row, where))
            else:
                single[where] = core[where]
    others = np.flatnonzero(single)
    inverse = linalg.inv(marginal[np.ix_(others, others)] + np.diag(prior[others]))
    found = []
    for term, row, where in rows:
        cross = marginal[where, others]
        information = marginal[where, where] - cross @ inverse @ cross.T
        values, vectors = linalg.eigh(information)
        scale_column, log_unit, slope = -1, 0.0, 0.0
        if term.scale_by is not None:
            hyper = next(h for h in representation.hyperparameters if h.name == term.scale_by)
            log_unit, slope = log_linear(hyper, row)
            start = representation.hyper_slices[hyper.name].start
            scale_column = representation.field_size + start + row
        partial = -1
        if term.correlated_by is not None:
            partial = representation.hyper_slices[term.correlated_by].start
            partial += representation.field_size
        bare = Series(
            part=where, scale_column=scale_column, log_unit=log_unit, slope=slope,
            reference_scale=1.0, directions=vectors[:, :0], information=values[:0],
            pull=values[:0], noise_column=np.zeros(0, dtype=np.int64), noise_slope=values[:0],
            noise_reference=values[:0], share=np.zeros((0, 0)),
            row=row if partial >= 0 else 0, partial_column=partial,
        )  # fmt: skip
        tau, mean = bare.given(draws)
        reference = float(np.exp(np.log(tau).mean()))
        informed = values * reference**2 > _INFORMED
        if informed.mean() > _MOSTLY:
            informed[:] = True
        h, directions = np.maximum(values[informed], 0.0), vectors[:, informed]
        noise_column, share = _noise_shares(representation, known, term, where, directions)
        slopes = log_slopes(representation)
        # e of the draws, and its prior mean given the rows before: what is left is the claims'
        centre = ((draws[:, where] * tau + mean) @ directions).mean(axis=0)
        moved = centre - (mean @ directions).mean(axis=0)
        found.append(
            replace(
                bare,
                reference_scale=reference,
                directions=directions,
                information=h,
                pull=centre * h + moved / reference**2,
                noise_column=noise_column,
                noise_slope=slopes[noise_column - representation.field_size],
                noise_reference=draws[:, noise_column].mean(axis=0),
                share=share,
            )
        )
    return found


def _noise_shares(
    representation: Representation,
    known: Linearised,
    term: Term,
    part: slice,
    directions: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the noise scales behind a series' information, and their shares by direction."""
    block = known.jacobian[:, part]
    rows = np.flatnonzero(np.diff(block.indptr))
    rows = rows[(representation.noise[rows] >= 0) | (known.weight[rows] > 0)]
    if directions.shape[1] == 0 or rows.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros((directions.shape[1], 0))
    start = part.start - representation.term_slices[term.name].start
    scale = np.ravel(term.scale)[start : start + directions.shape[0]]
    if term.structure == "random_walk":
        along = block[rows] @ np.cumsum(directions * scale[:, None], axis=0)
    else:
        along = block[rows] @ (directions * scale[:, None])
    along = along**2
    along *= known.weight[rows][:, None]
    total = np.maximum(along.sum(axis=0), 1e-300)
    moving = np.flatnonzero(
        (representation.noise[rows] >= 0) & (representation.form[rows] < POISSON)
    )
    groups = np.unique(representation.noise[rows[moving]])
    share = np.zeros((directions.shape[1], groups.size))
    for g, group in enumerate(groups):
        inside = moving[representation.noise[rows[moving]] == group]
        weighted = along[inside] * known.noise_share[rows[inside]][:, None]
        share[:, g] = weighted.sum(axis=0) / total
    kept = share.max(axis=0) > 0.02 if groups.size else np.zeros(0, dtype=bool)
    return representation.field_size + groups[kept], share[:, kept]
