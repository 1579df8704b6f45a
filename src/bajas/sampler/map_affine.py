"""The affine part of a map from the claims' information, where series and biases leave off."""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from bajas.sampler.affine import Affine, block_of
from bajas.sampler.series import Series

#: Directions whose scale is within this share of one are left out of the affine part; of clusters,
#: whose every direction costs time, more are.
_NEAR_ONE, _NEAR_ONE_CLUSTER = 0.03, 0.1

#: Above this size the affine part has clusters, and across them so many directions at most.
_CLUSTERED, _LEADING = 700, 64

#: Above this size only leading directions are looked for.
_DENSE = 2000

#: Series hang together if their coordinates are correlated by more than this.
_TIED = 0.1


def affine_from(
    draws: np.ndarray,
    series: tuple[Series, ...],
    marginal: np.ndarray,
    prior: np.ndarray,
    about: np.ndarray,
    column: np.ndarray,
    core: np.ndarray,
    reference: np.ndarray,
) -> Affine:
    """Whiten what the series leave: the identity plus the directions that differ from it.

    Parameters
    ----------
    draws : ndarray, shape (draw, size)
        Standardised positions.
    series : tuple of Series
        The series of the map.
    marginal : ndarray, shape (size, size)
        The claims' information about steps, biases integrated out.
    prior : ndarray, shape (size,)
        Prior precision of steps and hyperparameters.
    about : ndarray, shape (size,)
        The claims' information about scales of noise and of biases; that about series' is added.
    column : ndarray of int
        Active coordinates outside series.
    core : ndarray of bool, shape (size,)
        What isn't a bias given everything else.
    reference : ndarray, shape (size,)
        Scales tau of steps.
    """
    about = about.copy()
    active, centre, slots = [], [np.zeros(0)], 0
    for item in series:
        known = item.information * item.reference_scale**2
        if item.scale_column >= 0:
            about[item.scale_column] += item.slope**2 * 2 * ((known / (1 + known)) ** 2).sum()
        if known.size:
            unit = item.reference_scale / np.sqrt(1 + known)
            active.append((item.part, item.directions * unit, slots))
            slots += known.size
            centre.append((item.coordinates(draws) @ item.directions).mean(axis=0))
    centre.append(np.where(core[column], draws[:, column].mean(axis=0), 0.0))
    precision = np.zeros((slots + column.size, slots + column.size))
    total = marginal + np.diag(prior + about)
    total[~core] = total[:, ~core] = 0.0  # biases given everything else are standard normal
    total[~core, ~core] = reference[~core] ** -2.0
    scale = reference[column]
    for part, weighted, slot in active:
        here = slice(slot, slot + weighted.shape[1])
        for other, other_weighted, other_slot in active:
            there = slice(other_slot, other_slot + other_weighted.shape[1])
            precision[here, there] = weighted.T @ total[part, other] @ other_weighted
        precision[here, slots:] = weighted.T @ total[part][:, column] * scale
        precision[slots:, here] = precision[here, slots:].T
    precision[slots:, slots:] = total[np.ix_(column, column)] * scale * scale[:, None]
    # coordinates outside series have a scale of their own
    unit = np.ones(slots + column.size)
    unit[slots:] = 1 / np.sqrt(np.maximum(np.diag(precision)[slots:], 1e-3))
    precision *= unit * unit[:, None]
    block = block_of([])
    if unit.size > _CLUSTERED:
        owner = np.concatenate(
            [*(np.full(weighted.shape[1], n) for n, (_, weighted, _) in enumerate(active)),
             len(active) + np.arange(column.size)]
        ).astype(int)  # fmt: skip
        parts = []
        for cluster in _clusters(precision, owner):
            inside = np.flatnonzero(np.isin(owner, cluster))
            values, vectors = _directions(
                precision[np.ix_(inside, inside)], near_one=_NEAR_ONE_CLUSTER
            )
            stretch = 1 / np.sqrt(values) - 1
            parts.append((inside, vectors * stretch, vectors))
            # what is left to the directions across clusters
            linear = np.eye(inside.size) + (vectors * stretch) @ vectors.T
            precision[:, inside] = precision[:, inside] @ linear
            precision[inside] = linear @ precision[inside]
        block = block_of(parts)
    # what is tied to nothing, as partial correlations, has its scale and needs no direction
    tied = np.flatnonzero(np.abs(precision - np.eye(unit.size)).max(axis=0, initial=0.0) > 1e-9)
    most = _LEADING if unit.size > _CLUSTERED else unit.size
    values, inside = _directions(precision[np.ix_(tied, tied)], most)
    vectors = np.zeros((unit.size, values.size))
    vectors[tied] = inside
    stretch = 1 / np.sqrt(values) - 1
    return Affine(np.concatenate(centre), unit, block, vectors * stretch, vectors).compact()


def _clusters(precision: np.ndarray, owner: np.ndarray) -> list[np.ndarray]:
    """Return the owners that hang together: series, and what is tied to one cluster alone."""
    count = int(owner.max()) + 1
    tie = np.zeros((count, count))
    off = np.abs(precision - np.diag(np.diag(precision)))
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(count))
    tie = np.maximum.reduceat(
        np.maximum.reduceat(off[order][:, order], edges, axis=0), edges, axis=1
    )
    large = np.bincount(owner, minlength=count) > 1
    strong = (tie > _TIED) & large & large[:, None]
    _, label = connected_components(sparse.csr_array(strong.astype(float)), directed=False)
    clusters = {
        int(c): [int(c) for c in np.flatnonzero(large & (label == c))] for c in label[large]
    }
    for item in np.flatnonzero(~large):
        tied = {int(label[n]) for n in np.flatnonzero((tie[item] > _TIED / 3) & large)}
        if len(tied) == 1:
            clusters[tied.pop()].append(int(item))
    return [np.array(members) for members in clusters.values()]


def _directions(
    precision: np.ndarray, most: int = 10**9, near_one: float = _NEAR_ONE
) -> tuple[np.ndarray, np.ndarray]:
    """Return those eigenvalues and vectors of a precision that differ from one."""
    size = precision.shape[0]
    if size <= _DENSE:
        values, vectors = linalg.eigh(precision)
    else:
        start = np.ones(size) / np.sqrt(size)
        count = min(most, _LEADING)
        values, vectors = eigsh(precision - np.eye(size), k=count, which="LM", v0=start)
        values = values + 1
    values = np.maximum(values, 1e-3)
    stretch = np.abs(1 / np.sqrt(values) - 1)
    kept = np.sort(np.argsort(-stretch, kind="stable")[:most])
    kept = kept[stretch[kept] > near_one]
    return values[kept], vectors[:, kept]
