"""Series given their scale and the noise: conditional whitening in the claims' own directions.

A series is a walk or a row of a term: innovations e ~ N(0, tau^2 I) in units of their fixed scale.
With the claims' information about them H = V diag(h) V' at a reference point, prior and likelihood
are both diagonal in the directions V for every tau, and

    v = V' e,   v_j = rho_j c_j / P_j + u_j / sqrt(P_j),   P_j = 1 / tau^2 + rho_j h_j,

makes u standard normal given tau and the noise: what the claims know well comes out centred, the
rest non-centred, continuously, and the funnel between a scale and its series disappears. rho_j
rescales the information as noise scales move away from their reference: rho_j = sum over noise
scales of their share in h_j times (sigma_ref / sigma)^2. Directions that the claims hardly inform
are left out of V: there u is the standardised innovation itself. In standardised coordinates
z = e / tau, and the log Jacobian is -1/2 sum_j log(1 + rho_j h_j tau^2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit


@dataclass(frozen=True, eq=False)
class Series:
    """One series: its place, its scale, its directions and what the claims know about them.

    Parameters
    ----------
    part : slice
        Its standardised coordinates in a position.
    scale_column : int
        Place of the standardised log of tau in a position; -1 where tau is 1.
    log_unit, slope : float
        ``tau = exp(log_unit + slope * position[scale_column])``.
    directions : ndarray, shape (n, r)
        V, orthonormal columns.
    information, pull : ndarray, shape (r,)
        h and c.
    noise_column : ndarray of int, shape (g,)
        Places of the standardised logs of the noise scales in a position.
    noise_slope, noise_reference : ndarray, shape (g,)
        ``sigma / sigma_ref = exp(noise_slope * (position[noise_column] - noise_reference))``.
    share : ndarray, shape (r, g)
        Of each noise scale in h; what is missing to one doesn't move.
    """

    part: slice
    scale_column: int
    log_unit: float
    slope: float
    directions: np.ndarray
    information: np.ndarray
    pull: np.ndarray
    noise_column: np.ndarray
    noise_slope: np.ndarray
    noise_reference: np.ndarray
    share: np.ndarray

    def scale(self, position: np.ndarray) -> np.ndarray:
        """Return tau at positions, shape (...,)."""
        if self.scale_column < 0:
            return np.ones(position.shape[:-1])
        return np.asarray(np.exp(self.log_unit + self.slope * position[..., self.scale_column]))

    def coordinates(self, position: np.ndarray) -> np.ndarray:
        """Return u of standardised positions, shape (..., n)."""
        z = position[..., self.part]
        tau = self.scale(position)[..., None]
        moved = self.noise_slope * (position[..., self.noise_column] - self.noise_reference)
        rho = 1 + np.expm1(-2 * moved) @ self.share.T
        precision = tau**-2 + rho * self.information
        along = z @ self.directions
        u = (along * tau - rho * self.pull / precision) * np.sqrt(precision)
        return np.asarray(z + (u - along) @ self.directions.T)


class SeriesArrays(NamedTuple):
    """Series one after the other as plain arrays."""

    start: np.ndarray
    stop: np.ndarray
    scale_column: np.ndarray
    log_unit: np.ndarray
    slope: np.ndarray
    direction_start: np.ndarray
    directions: np.ndarray
    rank_start: np.ndarray
    information: np.ndarray
    pull: np.ndarray
    noise_start: np.ndarray
    noise_column: np.ndarray
    noise_slope: np.ndarray
    noise_reference: np.ndarray
    share_start: np.ndarray
    share: np.ndarray


def series_arrays(series: tuple[Series, ...]) -> SeriesArrays:
    """Return series as arrays."""

    def joined(parts: list[np.ndarray], kind: type = float) -> np.ndarray:
        return np.concatenate([np.zeros(0, dtype=kind), *[np.ravel(p) for p in parts]])

    def edges(sizes: list[int]) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    return SeriesArrays(
        start=np.array([s.part.start for s in series], dtype=np.int64),
        stop=np.array([s.part.stop for s in series], dtype=np.int64),
        scale_column=np.array([s.scale_column for s in series], dtype=np.int64),
        log_unit=np.array([s.log_unit for s in series], dtype=float),
        slope=np.array([s.slope for s in series], dtype=float),
        direction_start=edges([s.directions.size for s in series]),
        directions=joined([s.directions for s in series]),
        rank_start=edges([s.information.size for s in series]),
        information=joined([s.information for s in series]),
        pull=joined([s.pull for s in series]),
        noise_start=edges([s.noise_column.size for s in series]),
        noise_column=joined([s.noise_column for s in series], np.int64).astype(np.int64),
        noise_slope=joined([s.noise_slope for s in series]),
        noise_reference=joined([s.noise_reference for s in series]),
        share_start=edges([s.share.size for s in series]),
        share=joined([s.share for s in series]),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _rescaled(position: np.ndarray, s: int, a: SeriesArrays) -> np.ndarray:
    """Return rho of a series' directions."""
    rank = a.rank_start[s + 1] - a.rank_start[s]
    groups = a.noise_start[s + 1] - a.noise_start[s]
    share = a.share[a.share_start[s] : a.share_start[s + 1]].reshape(rank, groups)
    rho = np.ones(rank)
    for g in range(groups):
        i = a.noise_start[s] + g
        moved = a.noise_slope[i] * (position[a.noise_column[i]] - a.noise_reference[i])
        factor = np.exp(-2 * moved) - 1
        for j in range(rank):
            rho[j] += share[j, g] * factor
    return rho


@njit(cache=True, nogil=True, error_model="numpy")
def whiten_back(position: np.ndarray, mixed: np.ndarray, a: SeriesArrays) -> float:
    """Replace u of every series by its standardised innovations; return the log Jacobian.

    Parameters
    ----------
    position : ndarray, shape (size,)
        Coordinates; overwritten at the series' places.
    mixed : ndarray, shape (rank of all series,)
        V' u, written for the way back of derivatives.
    a : SeriesArrays
        The series.
    """
    log_jacobian = 0.0
    for s in range(a.start.size):
        start, stop, first = a.start[s], a.stop[s], a.rank_start[s]
        rank = a.rank_start[s + 1] - first
        if rank == 0:
            continue
        tau = 1.0
        if a.scale_column[s] >= 0:
            tau = np.exp(a.log_unit[s] + a.slope[s] * position[a.scale_column[s]])
        rho = _rescaled(position, s, a)
        directions = a.directions[a.direction_start[s] : a.direction_start[s + 1]]
        directions = directions.reshape(stop - start, rank)
        along = np.dot(directions.T, position[start:stop])
        moves = np.empty(rank)
        for j in range(rank):
            u = along[j]
            mixed[first + j] = u
            square = 1 + rho[j] * a.information[first + j] * tau * tau
            z = rho[j] * a.pull[first + j] * tau / square + u / np.sqrt(square)
            log_jacobian -= 0.5 * np.log(square)
            moves[j] = z - u
        position[start:stop] += np.dot(directions, moves)
    return log_jacobian


@njit(cache=True, nogil=True, error_model="numpy")
def whiten_derivatives(
    position: np.ndarray, mixed: np.ndarray, gradient: np.ndarray, a: SeriesArrays
) -> None:
    """Turn derivatives by standardised innovations into those by u, scales and noise, in place.

    Parameters
    ----------
    position : ndarray, shape (size,)
        As :func:`whiten_back` left it.
    mixed : ndarray, shape (rank of all series,)
        As it wrote it.
    gradient : ndarray, shape (size,)
        Derivatives; that of the log Jacobian is added.
    a : SeriesArrays
        The series.
    """
    for s in range(a.start.size):
        start, stop, first = a.start[s], a.stop[s], a.rank_start[s]
        rank, groups = a.rank_start[s + 1] - first, a.noise_start[s + 1] - a.noise_start[s]
        if rank == 0:
            continue
        tau = 1.0
        if a.scale_column[s] >= 0:
            tau = np.exp(a.log_unit[s] + a.slope[s] * position[a.scale_column[s]])
        rho = _rescaled(position, s, a)
        directions = a.directions[a.direction_start[s] : a.direction_start[s + 1]]
        directions = directions.reshape(stop - start, rank)
        pulled = np.dot(directions.T, gradient[start:stop])
        share = a.share[a.share_start[s] : a.share_start[s + 1]].reshape(rank, groups)
        by_log_tau, moves, by_rho = 0.0, np.empty(rank), np.empty(rank)
        for j in range(rank):
            known = a.information[first + j] * tau * tau
            square = 1 + rho[j] * known
            root = np.sqrt(square)
            centre, spread = a.pull[first + j] * tau / square, mixed[first + j] / root
            lost = rho[j] * known / square
            by_log_tau += pulled[j] * (rho[j] * centre * (1 - 2 * lost) - spread * lost) - lost
            by_rho[j] = pulled[j] * (centre - 0.5 * spread * known) / square
            by_rho[j] -= 0.5 * known / square
            moves[j] = pulled[j] / root - pulled[j]
        gradient[start:stop] += np.dot(directions, moves)
        if a.scale_column[s] >= 0:
            gradient[a.scale_column[s]] += a.slope[s] * by_log_tau
        for g in range(groups):
            i = a.noise_start[s] + g
            moved = a.noise_slope[i] * (position[a.noise_column[i]] - a.noise_reference[i])
            total = 0.0
            for j in range(rank):
                total += share[j, g] * by_rho[j]
            gradient[a.noise_column[i]] -= 2 * a.noise_slope[i] * np.exp(-2 * moved) * total
