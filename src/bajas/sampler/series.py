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

Rows of a correlated term, e_k = s_k (L z)_k with L the Cholesky factor of a correlation matrix, are
whitened one after the other, each given those before it: its prior is then normal around
s_k sum_{l<k} L_kl z_l with the scale tau = s_k L_kk, and c_j - h_j times that mean's direction
takes the place of c_j.
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
    reference_scale : float
        tau at the reference point.
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
    row : int
        k, of a correlated term.
    partial_column : int
        Place of the term's first partial correlation in a position; -1 where there is none.
    """

    part: slice
    scale_column: int
    log_unit: float
    slope: float
    reference_scale: float
    directions: np.ndarray
    information: np.ndarray
    pull: np.ndarray
    noise_column: np.ndarray
    noise_slope: np.ndarray
    noise_reference: np.ndarray
    share: np.ndarray
    row: int = 0
    partial_column: int = -1

    def scale(self, position: np.ndarray) -> np.ndarray:
        """Return tau at positions, shape (...,); of correlated rows without L_kk."""
        if self.scale_column < 0:
            return np.ones(position.shape[:-1])
        return np.asarray(np.exp(self.log_unit + self.slope * position[..., self.scale_column]))

    def given(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return tau and the prior mean of e given rows before, shapes (..., 1) and (..., n)."""
        tau = self.scale(position)[..., None]
        length = self.part.stop - self.part.start
        if self.partial_column < 0:
            return tau, np.zeros((*position.shape[:-1], length))
        first = self.partial_column + self.row * (self.row - 1) // 2
        partial = np.tanh(position[..., first : first + self.row])
        left = np.cumprod(np.sqrt(1 - partial**2), axis=-1)
        ones = np.ones((*left.shape[:-1], 1))
        weights = partial * np.concatenate([ones, left], axis=-1)[..., :-1]
        start = self.part.start - self.row * length
        before = position[..., start : self.part.start].reshape(*left.shape[:-1], self.row, length)
        mean = tau * np.einsum("...l,...ln->...n", weights, before)
        return tau * np.concatenate([ones, left], axis=-1)[..., -1:], mean

    def coordinates(self, position: np.ndarray) -> np.ndarray:
        """Return u of standardised positions, shape (..., n)."""
        z = position[..., self.part]
        tau, mean = self.given(position)
        moved = self.noise_slope * (position[..., self.noise_column] - self.noise_reference)
        rho = 1 + np.expm1(-2 * moved) @ self.share.T
        precision = tau**-2 + rho * self.information
        along = z @ self.directions
        pull = self.pull - self.information * (mean @ self.directions)
        u = (along * tau - rho * pull / precision) * np.sqrt(precision)
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
    row: np.ndarray
    partial_column: np.ndarray
    partial_start: np.ndarray


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
        row=np.array([s.row for s in series], dtype=np.int64),
        partial_column=np.array([s.partial_column for s in series], dtype=np.int64),
        partial_start=edges([s.row for s in series]),
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


class Whitened(NamedTuple):
    """What the way back needs of the way there.

    By series: tau without and with L_kk; by partial correlation: tanh and L_kj; by direction: rho
    and V' of the prior mean; by coordinate: the prior mean, of rows that have one.
    """

    scale: np.ndarray
    tau: np.ndarray
    partial: np.ndarray
    factor: np.ndarray
    rho: np.ndarray
    expected: np.ndarray
    mean: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def _given(position, s, kept, a):  # type: ignore[no-untyped-def]
    """Write row k of L, tau, and the prior mean given the rows before."""
    row, start = a.row[s], a.start[s]
    kept.tau[s] = kept.scale[s]
    if row == 0:
        return
    length = a.stop[s] - start
    first, place = a.partial_column[s] + row * (row - 1) // 2, a.partial_start[s]
    left = 1.0
    for j in range(row):
        u = position[first + j]
        small = np.exp(-2 * np.abs(u))
        y = np.copysign((1 - small) / (1 + small), u)  # tanh
        kept.partial[place + j] = y
        kept.factor[place + j] = y * left
        left *= 2 * np.exp(-np.abs(u)) / (1 + small)  # 1 / cosh
    kept.tau[s] *= left
    before = position[start - row * length : start].reshape(row, length)
    kept.mean[start : a.stop[s]] = kept.scale[s] * np.dot(
        before.T, kept.factor[place : place + row]
    )


@njit(cache=True, nogil=True, error_model="numpy")
def along_series(vector: np.ndarray, out: np.ndarray, a: SeriesArrays) -> None:
    """Write V' of every series' part of a vector, one after the other."""
    for s in range(a.start.size):
        start, stop, first, last = a.start[s], a.stop[s], a.rank_start[s], a.rank_start[s + 1]
        if last > first:
            directions = a.directions[a.direction_start[s] : a.direction_start[s + 1]]
            directions = directions.reshape(stop - start, last - first)
            out[first:last] = np.dot(directions.T, vector[start:stop])


@njit(cache=True, nogil=True, error_model="numpy")
def add_series(moves: np.ndarray, vector: np.ndarray, a: SeriesArrays) -> None:
    """Add V times ``moves`` to every series' part of a vector."""
    for s in range(a.start.size):
        start, stop, first, last = a.start[s], a.stop[s], a.rank_start[s], a.rank_start[s + 1]
        if last > first:
            directions = a.directions[a.direction_start[s] : a.direction_start[s + 1]]
            directions = directions.reshape(stop - start, last - first)
            vector[start:stop] += np.dot(directions, moves[first:last])


@njit(cache=True, nogil=True, error_model="numpy")
def whiten_back(
    position: np.ndarray, along: np.ndarray, mixed: np.ndarray, a: SeriesArrays
) -> tuple[float, Whitened]:
    """Put every series where its coordinates say; return the log Jacobian.

    Parameters
    ----------
    position : ndarray, shape (size,)
        Coordinates; the series' parts are replaced by standardised innovations.
    along : ndarray, shape (rank of all series,)
        V' of what ``position`` holds, which is taken out.
    mixed : ndarray, shape (rank of all series,)
        u along V, which is put in its place.
    a : SeriesArrays
        The series.

    Returns
    -------
    log_jacobian : float
        Of the change.
    kept : Whitened
        For the way back.
    """
    log_jacobian = 0.0
    count, ranks, partials = a.start.size, a.information.size, a.partial_start[-1]
    kept = Whitened(
        np.ones(count), np.empty(count), np.empty(partials), np.empty(partials),
        np.empty(ranks), np.zeros(ranks), np.empty(position.size),
    )  # fmt: skip
    for s in range(count):
        start, stop, first = a.start[s], a.stop[s], a.rank_start[s]
        rank = a.rank_start[s + 1] - first
        if rank == 0:
            continue
        if a.scale_column[s] >= 0:
            kept.scale[s] = np.exp(a.log_unit[s] + a.slope[s] * position[a.scale_column[s]])
        kept.rho[first : first + rank] = _rescaled(position, s, a)
        directions = a.directions[a.direction_start[s] : a.direction_start[s + 1]]
        directions = directions.reshape(stop - start, rank)
        _given(position, s, kept, a)
        if a.row[s] > 0:
            kept.expected[first : first + rank] = np.dot(directions.T, kept.mean[start:stop])
        tau, moves = kept.tau[s], np.empty(rank)
        for j in range(rank):
            rho, known = kept.rho[first + j], a.information[first + j]
            square = 1 + rho * known * tau * tau
            pull = a.pull[first + j] - known * kept.expected[first + j]
            z = rho * pull * tau / square + mixed[first + j] / np.sqrt(square)
            log_jacobian -= 0.5 * np.log(square)
            moves[j] = z - along[first + j]
        position[start:stop] += np.dot(directions, moves)
    return log_jacobian, kept


@njit(cache=True, nogil=True, error_model="numpy")
def whiten_derivatives(
    position: np.ndarray,
    mixed: np.ndarray,
    gradient: np.ndarray,
    by_along: np.ndarray,
    by_mixed: np.ndarray,
    kept: Whitened,
    a: SeriesArrays,
) -> None:
    """Take derivatives by standardised innovations to those by u, scales and noise.

    Parameters
    ----------
    position : ndarray, shape (size,)
        As :func:`whiten_back` left it.
    mixed : ndarray, shape (rank of all series,)
        As it read it.
    gradient : ndarray, shape (size,)
        Derivatives; those by scales, noise and rows before are added, with the log Jacobian's.
    by_along, by_mixed : ndarray, shape (rank of all series,)
        Derivatives by what is taken out, less their sign, and by u; written.
    kept : Whitened
        From the way there.
    a : SeriesArrays
        The series.
    """
    for s in range(a.start.size - 1, -1, -1):
        start, stop, first = a.start[s], a.stop[s], a.rank_start[s]
        rank, groups = a.rank_start[s + 1] - first, a.noise_start[s + 1] - a.noise_start[s]
        if rank == 0:
            continue
        directions = a.directions[a.direction_start[s] : a.direction_start[s + 1]]
        directions = directions.reshape(stop - start, rank)
        pulled = np.dot(directions.T, gradient[start:stop])
        share = a.share[a.share_start[s] : a.share_start[s + 1]].reshape(rank, groups)
        by_along[first : first + rank] = pulled
        tau, by_log_tau, by_rho, by_expected = kept.tau[s], 0.0, np.empty(rank), np.empty(rank)
        for j in range(rank):
            known, rho = a.information[first + j] * tau * tau, kept.rho[first + j]
            square = 1 + rho * known
            root = np.sqrt(square)
            pull = a.pull[first + j] - a.information[first + j] * kept.expected[first + j]
            centre, spread = pull * tau / square, mixed[first + j] / root
            by_expected[j] = -pulled[j] * rho * a.information[first + j] * tau / square
            lost = rho * known / square
            by_log_tau += pulled[j] * (rho * centre * (1 - 2 * lost) - spread * lost) - lost
            by_rho[j] = pulled[j] * (centre - 0.5 * spread * known) / square
            by_rho[j] -= 0.5 * known / square
            by_mixed[first + j] = pulled[j] / root
        by_log_scale = by_log_tau
        if a.row[s] > 0:
            by_mean = np.dot(directions, by_expected)
            by_log_scale += np.dot(by_mean, kept.mean[start:stop])
            _given_derivatives(position, s, by_mean, by_log_tau, gradient, kept, a)
        if a.scale_column[s] >= 0:
            gradient[a.scale_column[s]] += a.slope[s] * by_log_scale
        for g in range(groups):
            i = a.noise_start[s] + g
            moved = a.noise_slope[i] * (position[a.noise_column[i]] - a.noise_reference[i])
            total = 0.0
            for j in range(rank):
                total += share[j, g] * by_rho[j]
            gradient[a.noise_column[i]] -= 2 * a.noise_slope[i] * np.exp(-2 * moved) * total


@njit(cache=True, nogil=True, error_model="numpy")
def _given_derivatives(position, s, by_mean, by_log_tau, gradient, kept, a):  # type: ignore[no-untyped-def]
    """Add derivatives by the rows before and by the partial correlations of this row."""
    row, start, place = a.row[s], a.start[s], a.partial_start[s]
    length, scale = a.stop[s] - start, kept.scale[s]
    first = a.partial_column[s] + row * (row - 1) // 2
    before = position[start - row * length : start].reshape(row, length)
    by_factor = scale * np.dot(before, by_mean)
    for j in range(row):
        at, weight = start - (row - j) * length, scale * kept.factor[place + j]
        for i in range(length):
            gradient[at + i] += weight * by_mean[i]
    beyond = by_log_tau  # sum over j' > j of dvalue / dL_kj' L_kj', L_kk first
    for j in range(row - 1, -1, -1):
        y = kept.partial[place + j]
        # L_kj = y_j sqrt(1 - y_0^2) ... sqrt(1 - y_(j-1)^2), by artanh y_j
        if y != 0.0:
            gradient[first + j] += by_factor[j] * kept.factor[place + j] * (1 - y * y) / y
        else:
            left = 1.0
            for i in range(j):
                left /= np.cosh(position[first + i])
            gradient[first + j] += by_factor[j] * left
        gradient[first + j] -= y * beyond
        beyond += by_factor[j] * kept.factor[place + j]
