"""The affine part of the map: a scale each, and identities plus low-rank matrices.

    coordinates = centre + scale * (I + A_b B_b') (I + A B') w

The *block* part A_b B_b' holds directions within clusters of coordinates (the path and ratios of a
side, one category of equipment), so that its columns are sparse and its cost grows with the number
of clusters and not with its square; the other part holds few directions across all of them.

Near a good map the posterior is a standard normal but for some directions. From draws w and the
gradients g of the log density there, whose covariances are Sigma and Sigma^-1 for a normal
posterior whatever the number of draws, the refinement takes the geometric mean of cov(w) and
cov(g)^-1: the metric of least Fisher divergence (Seyboldt, Carlson & Carpenter 2026, the low-rank
adaptation of nutpie), in the space of their leading directions. Of very many coordinates each first
gets a scale by itself, and directions that matter little are dropped again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy import linalg

#: Draws count for so many more that say that the map is right.
_SHRINKAGE = 20.0

#: Leading directions of draws and of gradients that a refinement looks at.
_DIRECTIONS = 128

#: Directions whose scale is within this share of one are left as they are.
_NEAR_ONE = 0.05


#: Above this size coordinates have scales of their own, and A and B so many columns at most.
_LARGE, _COLUMNS = 1200, 192


class Block(NamedTuple):
    """Clusters one after the other: rows of each, and A_b and B_b there as dense matrices.

    ``start``: edges of the clusters in ``row``; ``matrix_start``: in ``left`` and ``right``.
    """

    start: np.ndarray
    row: np.ndarray
    matrix_start: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @property
    def ranks(self) -> np.ndarray:
        """Columns of each cluster."""
        return np.asarray(np.diff(self.matrix_start) // np.maximum(np.diff(self.start), 1))


def block_of(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Block:
    """Return the block part of clusters.

    Parameters
    ----------
    parts : list of tuple
        Rows of a cluster, shape (n,), and its columns of A_b and B_b, shape (n, r).
    """
    kept = [part for part in parts if part[1].size]
    rows = [np.zeros(0, dtype=np.int64), *(part[0] for part in kept)]
    left = [np.zeros(0), *(part[1].ravel() for part in kept)]
    right = [np.zeros(0), *(part[2].ravel() for part in kept)]
    return Block(
        np.cumsum([item.size for item in rows]).astype(np.int64),
        np.concatenate(rows).astype(np.uint32),
        np.cumsum([item.size for item in left]).astype(np.int64),
        np.concatenate(left),
        np.concatenate(right),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def add_block(vector: np.ndarray, b: Block, transposed: bool) -> None:
    """Multiply a vector by I + A_b B_b', or by its transpose, in place; clusters don't overlap."""
    one, other = (b.left, b.right) if transposed else (b.right, b.left)
    for c in range(b.start.size - 1):
        rows = b.row[b.start[c] : b.start[c + 1]]
        part = slice(b.matrix_start[c], b.matrix_start[c + 1])
        shape = (rows.size, (part.stop - part.start) // rows.size)
        inside = np.empty(rows.size)
        for i in range(rows.size):
            inside[i] = vector[rows[i]]
        moved = np.dot(other[part].reshape(shape), np.dot(one[part].reshape(shape).T, inside))
        for i in range(rows.size):
            vector[rows[i]] += moved[i]


@dataclass(frozen=True, eq=False)
class Affine:
    """An affine map.

    Parameters
    ----------
    centre, scale : ndarray, shape (size,)
        Where w = 0 goes, and the scale of each coordinate.
    block : Block
        A_b and B_b.
    left, right : ndarray, shape (size, rank)
        A and B.
    """

    centre: np.ndarray
    scale: np.ndarray
    block: Block
    left: np.ndarray
    right: np.ndarray

    def times(self, w: np.ndarray) -> np.ndarray:
        """Return the linear part of one w, shape (size,)."""
        moved = w + self.left @ (self.right.T @ w)
        add_block(moved, self.block, False)
        return np.asarray(self.scale * moved)

    def refined(self, draws: np.ndarray, gradients: np.ndarray) -> Affine:
        """Return the map on which the draws would have been closer to standard normal.

        Parameters
        ----------
        draws, gradients : ndarray, shape (draw, size)
            Whitened coordinates, and derivatives of the log density by them.
        """
        count = draws.shape[0]
        scaled = self
        if draws.shape[1] > _LARGE:  # the leading directions are few of all there are
            unit = np.sqrt(np.sqrt(_variances(draws) / _variances(gradients)))
            scaled = self.rescaled(unit)
            draws, gradients = draws / unit, gradients * unit
        mean, slope = draws.mean(axis=0), gradients.mean(axis=0)
        x, g = draws - mean, gradients - slope
        basis = _leading(x, g)
        covariance = _shrunk((x @ basis).T @ (x @ basis), count)
        precision = _shrunk((g @ basis).T @ (g @ basis), count)
        metric = _geometric_mean(covariance, precision)
        values, vectors = linalg.eigh(metric)
        stretch = np.sqrt(values) - 1
        kept = np.abs(stretch) > _NEAR_ONE
        directions = basis @ vectors[:, kept]
        shift = mean + slope + basis @ ((metric - np.eye(basis.shape[1])) @ (basis.T @ slope))
        added = directions * stretch[kept]
        # (I + A B') (I + A2 B2') = I + [A, A2 + A (B' A2)] [B, B2]'
        return replace(
            scaled,
            centre=self.centre + scaled.times(shift),
            left=np.hstack([scaled.left, added + scaled.left @ (scaled.right.T @ added)]),
            right=np.hstack([scaled.right, directions]),
        ).compact()

    def rescaled(self, unit: np.ndarray) -> Affine:
        """Return the map of ``w`` times a scale each: w to what was at unit times w."""
        rows = unit[self.block.row]
        # (I + A B') U = U (I + U^-1 A (U B)')
        matrix = np.repeat(rows, np.repeat(self.block.ranks, np.diff(self.block.start)))
        block = self.block._replace(left=self.block.left / matrix, right=self.block.right * matrix)
        return replace(
            self,
            scale=self.scale * unit,
            block=block,
            left=self.left / unit[:, None],
            right=self.right * unit[:, None],
        )

    def compact(self) -> Affine:
        """Return the same map with no more columns than coordinates.

        Of a large one nearly the same: with the directions that change scales most.
        """
        size = self.centre.size
        if size <= _LARGE:
            if self.left.shape[1] <= size // 2:
                return self
            return replace(self, left=self.left @ self.right.T, right=np.eye(size))
        if self.left.shape[1] <= _COLUMNS:
            return self
        # singular values of A B' from those of the product of two small factors
        one, first = linalg.qr(self.left, mode="economic")
        other, second = linalg.qr(self.right, mode="economic")
        u, s, v = linalg.svd(first @ second.T)
        kept = np.flatnonzero(s > _NEAR_ONE)[:_COLUMNS]
        return replace(self, left=one @ (u[:, kept] * s[kept]), right=other @ v[kept].T)


def _leading(x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the leading directions of draws and gradients."""
    if x.shape[1] <= 2 * _DIRECTIONS:
        return np.eye(x.shape[1])
    parts = []
    for item in (x, g):
        values, vectors = linalg.eigh(item @ item.T)  # fewer draws than coordinates
        top = vectors[:, -_DIRECTIONS:] / np.sqrt(np.maximum(values[-_DIRECTIONS:], 1e-12))
        parts.append(item.T @ top)
    q, r, _ = linalg.qr(np.hstack(parts), mode="economic", pivoting=True)
    return np.asarray(q[:, np.abs(np.diag(r)) > 1e-6])


def _variances(values: np.ndarray) -> np.ndarray:
    return np.asarray((values.var(axis=0) * len(values) + _SHRINKAGE) / (len(values) + _SHRINKAGE))


def _shrunk(scatter: np.ndarray, count: int) -> np.ndarray:
    return np.asarray((scatter + _SHRINKAGE * np.eye(scatter.shape[0])) / (count + _SHRINKAGE))


def _geometric_mean(covariance: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return the M for which M precision M = covariance."""
    values, vectors = linalg.eigh(covariance)
    root = (vectors * np.sqrt(values)) @ vectors.T
    values, vectors = linalg.eigh(root @ precision @ root)
    return np.asarray(root @ ((vectors / np.sqrt(values)) @ vectors.T) @ root)
