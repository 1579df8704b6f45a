"""Biases given everything else: their conditional posterior, in closed form, as coordinates.

The claims fix the sum of a log total and a bias well, either of them badly: a ridge; and the
better the noise of a source, the narrower it is: a funnel. Both disappear if the biases that enter
only observations are drawn from what is known about them once everything else is given. With
r = log y - mu the residuals without these biases, B their columns, W the precisions of the
observations and S the priors' sds,

    Lambda = S^-2 + B' W B = L L',   x = L^-T (L^-1 B' W r + u),   log |dx/du| = -sum log L_jj,

so that u is standard normal, whatever the totals and whatever the noise, as far as errors are
normal (for Student-t ones W holds their expected information). Biases that share observations (of a
source, by outcome) are a *family* and are solved together; no family knows of another one.

A bound is a wall rather than a measurement. The most binding bound of a family moves the coordinate
of the family's widest bias, u -> k + s (u - k) + (1 - s) d log(1 + exp((u - k) / d)), with k where
the wall stands: what lies beyond it is stretched, so that trajectories turn there softly.

All of this is an exact change of variables, whatever W and k are; its derivatives are the adjoints
of the steps (of the Cholesky factor: Murray 2016, arXiv:1602.07527, section 3).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

#: Width d of a wall's bend, in conditional sds.
_BEND = 0.5


class Biases(NamedTuple):
    """Families of biases as arrays.

    A family has columns of the field and patterns; a pattern has entries, which say how biases add
    up, and the observations in which they do.
    """

    column: np.ndarray
    start: np.ndarray
    pattern_start: np.ndarray
    observation: np.ndarray
    observation_start: np.ndarray
    entry_start: np.ndarray
    entry: np.ndarray
    entry_value: np.ndarray
    matrix_start: np.ndarray
    weight: np.ndarray
    target: np.ndarray
    own_variance: np.ndarray
    kind: np.ndarray
    wall: np.ndarray
    wall_value: np.ndarray
    wall_target: np.ndarray
    wall_sign: np.ndarray
    wall_slope: np.ndarray


class Solved(NamedTuple):
    """What the way back needs of the way there: x, L^-1 B' W r + u (bent), L, walls, residuals."""

    x: np.ndarray
    mixed: np.ndarray
    factor: np.ndarray
    wall: np.ndarray
    residual: np.ndarray
    precision: np.ndarray


def no_biases() -> Biases:
    """Return no families at all."""
    edge = np.zeros(1, dtype=np.int64)
    none, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Biases(
        column=none, start=edge, pattern_start=edge, observation=none, observation_start=edge,
        entry_start=edge, entry=none, entry_value=real, matrix_start=edge, weight=real,
        target=real, own_variance=real, kind=none, wall=none, wall_value=real, wall_target=real,
        wall_sign=real, wall_slope=real,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def solve_biases(
    position: np.ndarray,
    sd: np.ndarray,
    noise: np.ndarray,
    log_sd: np.ndarray,
    log_tau: np.ndarray,
    location: np.ndarray,
    standard: np.ndarray,
    b: Biases,
) -> tuple[float, Solved]:
    """Put the biases where their coordinates say, given everything else.

    Parameters
    ----------
    position, sd : ndarray, shape (size,), (field,)
        Coordinates u of the biases at their columns, and prior sds.
    noise, log_sd, log_tau : ndarray, shape (observation,)
        Noise scale (phi of counts), own sds, and log true sums.
    location : ndarray, shape (observation,)
        Locations without these biases; they are added. Counts: without log tau.
    standard : ndarray, shape (size,)
        Standardised biases, written at their columns.
    b : Biases
        The families.

    Returns
    -------
    value : float
        Log Jacobian plus what the priors say about the biases beyond -u^2 / 2.
    solved : Solved
        For the way back.
    """
    size, families = b.column.size, b.start.size - 1
    x, mixed = np.empty(size), np.empty(size)
    factor = np.zeros(b.matrix_start[-1])
    walls = np.zeros(families)
    residual, precision = np.empty(b.observation.size), np.empty(b.observation.size)
    value = 0.0
    for f in range(families):
        first = b.start[f]
        n = b.start[f + 1] - first
        matrix = factor[b.matrix_start[f] : b.matrix_start[f + 1]].reshape(n, n)
        pull = np.zeros(n)
        for j in range(n):
            own = sd[b.column[first + j]]
            matrix[j, j] = 1 / (own * own)
        for p in range(b.pattern_start[f], b.pattern_start[f + 1]):
            sum_precision, sum_pull = 0.0, 0.0
            for i in range(b.observation_start[p], b.observation_start[p + 1]):
                o = b.observation[i]
                residual[i] = b.target[i] - location[o]
                if b.kind[i] == 0:
                    variance = noise[o] * noise[o] + log_sd[o] * log_sd[o]
                else:
                    residual[i] -= log_tau[o]
                    variance = b.own_variance[i]
                    if b.kind[i] == 1:
                        variance += 1 / noise[o]
                precision[i] = b.weight[i] / variance
                sum_precision += precision[i]
                sum_pull += precision[i] * residual[i]
            for e in range(b.entry_start[p], b.entry_start[p + 1]):
                row, value_e = b.entry[e], b.entry_value[e]
                pull[row] += value_e * sum_pull
                for other in range(b.entry_start[p], b.entry_start[p + 1]):
                    if b.entry[other] <= row:
                        matrix[row, b.entry[other]] += (
                            value_e * b.entry_value[other] * sum_precision
                        )
        _cholesky(matrix)
        for i in range(n):
            for j in range(i):
                pull[i] -= matrix[i, j] * pull[j]
            pull[i] /= matrix[i, i]
            mixed[first + i] = pull[i] + position[b.column[first + i]]
        for i in range(n - 1, -1, -1):
            if i == 0 and b.wall[f] >= 0:
                wall = _wall_place(x[first:], pull[0], matrix, location, f, first, b)
                sign, slope = b.wall_sign[f], b.wall_slope[f]
                u = position[b.column[first]]
                image, bend, _ = _beyond(sign * u, wall, slope)
                mixed[first] = pull[0] + sign * image
                walls[f] = wall
                value += np.log(bend)
            found = mixed[first + i]
            for j in range(i + 1, n):
                found -= matrix[j, i] * x[first + j]
            x[first + i] = found / matrix[i, i]
        for i in range(n):
            column = b.column[first + i]
            z, u = x[first + i] / sd[column], position[column]
            standard[column] = z
            value -= np.log(matrix[i, i] * sd[column]) + 0.5 * (z * z - u * u)
        for p in range(b.pattern_start[f], b.pattern_start[f + 1]):
            added = 0.0
            for e in range(b.entry_start[p], b.entry_start[p + 1]):
                added += b.entry_value[e] * x[first + b.entry[e]]
            for i in range(b.observation_start[p], b.observation_start[p + 1]):
                location[b.observation[i]] += added
    return value, Solved(x, mixed, factor, walls, residual, precision)


@njit(cache=True, nogil=True, error_model="numpy")
def _wall_place(x, pull, matrix, location, f, first, b):  # type: ignore[no-untyped-def]
    """Return where the wall stands, in the direction that it opens to."""
    rest = b.wall_target[f] - location[b.wall[f]]
    mean = pull
    for j in range(1, matrix.shape[0]):
        rest -= b.wall_value[first + j] * x[j]
        mean -= matrix[j, 0] * x[j]
    return b.wall_sign[f] * (rest / b.wall_value[first] * matrix[0, 0] - mean)


@njit(cache=True, nogil=True, error_model="numpy")
def _beyond(u, wall, slope):  # type: ignore[no-untyped-def]
    """Return the image of u at a wall, its derivative by u, and the wall's share of the bend."""
    t = (u - wall) / _BEND
    soft = np.log1p(np.exp(-np.abs(t))) + max(t, 0.0)
    share = 1 / (1 + np.exp(-t))
    image = wall + slope * (u - wall) + (1 - slope) * _BEND * soft
    return image, slope + (1 - slope) * share, share


@njit(cache=True, nogil=True, error_model="numpy")
def biases_back(
    position: np.ndarray,
    sd: np.ndarray,
    noise: np.ndarray,
    by_mu: np.ndarray,
    by_noise: np.ndarray,
    gradient: np.ndarray,
    by_sd: np.ndarray,
    b: Biases,
    solved: Solved,
) -> None:
    """Take derivatives back through :func:`solve_biases`.

    Parameters
    ----------
    position, sd, noise : ndarray
        As given there.
    by_mu : ndarray, shape (observation,)
        Derivative by the locations; that through the biases is added.
    by_noise : ndarray, shape (observation,)
        Derivative by ``noise`` through the biases is added.
    gradient : ndarray, shape (size,)
        Derivative by the coordinates is written at the biases' columns.
    by_sd : ndarray, shape (field,)
        Derivative by the prior sds is written at the biases' columns.
    b : Biases
        The families.
    solved : Solved
        From the way there.
    """
    for f in range(b.start.size - 1):
        first = b.start[f]
        n = b.start[f + 1] - first
        matrix = solved.factor[b.matrix_start[f] : b.matrix_start[f + 1]].reshape(n, n)
        x = solved.x[first : first + n]
        by_x, by_mixed, by_pull = np.zeros(n), np.empty(n), np.empty(n)
        for p in range(b.pattern_start[f], b.pattern_start[f + 1]):
            total = 0.0
            for i in range(b.observation_start[p], b.observation_start[p + 1]):
                total += by_mu[b.observation[i]]
            for e in range(b.entry_start[p], b.entry_start[p + 1]):
                by_x[b.entry[e]] += b.entry_value[e] * total
        for i in range(n):
            column = b.column[first + i]
            s = sd[column]
            by_x[i] -= x[i] / (s * s)
            by_sd[column] = x[i] * x[i] / (s * s * s) - 1 / s
        by_matrix = np.zeros((n, n))
        by_mixed[0] = by_x[0] / matrix[0, 0]
        u = position[b.column[first]]
        pull0, by_u0, by_wall, at_wall = solved.mixed[first] - u, by_mixed[0], 0.0, 0.0
        o = b.wall[f]
        if o >= 0:
            sign, slope, wall = b.wall_sign[f], b.wall_slope[f], solved.wall[f]
            image, bend, share = _beyond(sign * u, wall, slope)
            pull0 = solved.mixed[first] - sign * image
            sharp = (1 - slope) * share * (1 - share) / _BEND / bend
            by_u0 = by_mixed[0] * bend + sign * sharp
            by_wall = sign * (by_mixed[0] * sign * (1 - bend) - sharp)
            scale = matrix[0, 0] / b.wall_value[first]
            at_wall = -by_wall * scale
            rest = sign * wall + pull0  # of the wall, in units of the first bias
            for j in range(1, n):
                rest -= matrix[j, 0] * x[j]
                by_x[j] += by_wall * (matrix[j, 0] - b.wall_value[first + j] * scale)
                by_matrix[j, 0] += by_wall * x[j]
            by_matrix[0, 0] += by_wall * rest / matrix[0, 0]
        for i in range(1, n):
            found = by_x[i]
            for j in range(i):
                found -= matrix[i, j] * by_mixed[j]
            by_mixed[i] = found / matrix[i, i]
        for i in range(n):
            by_pull[i] = by_mixed[i]
            gradient[b.column[first + i]] = by_mixed[i]
        gradient[b.column[first]] = by_u0
        by_pull[0] -= by_wall
        for i in range(n - 1, -1, -1):
            for j in range(i + 1, n):
                by_pull[i] -= matrix[j, i] * by_pull[j]
            by_pull[i] /= matrix[i, i]
        for i in range(n):
            for j in range(i + 1):
                solved_j = pull0
                if j > 0:
                    solved_j = solved.mixed[first + j] - position[b.column[first + j]]
                by_matrix[i, j] -= x[i] * by_mixed[j] + by_pull[i] * solved_j
            by_matrix[i, i] -= 1 / matrix[i, i]
        _cholesky_back(matrix, by_matrix)
        for i in range(n):
            column = b.column[first + i]
            by_sd[column] -= 2 * by_matrix[i, i] / (sd[column] * sd[column] * sd[column])
        for p in range(b.pattern_start[f], b.pattern_start[f + 1]):
            along, square = 0.0, 0.0
            for e in range(b.entry_start[p], b.entry_start[p + 1]):
                row, value_e = b.entry[e], b.entry_value[e]
                along += value_e * by_pull[row]
                for other in range(b.entry_start[p], b.entry_start[p + 1]):
                    if b.entry[other] <= row:
                        square += by_matrix[row, b.entry[other]] * value_e * b.entry_value[other]
            for i in range(b.observation_start[p], b.observation_start[p + 1]):
                if b.weight[i] == 0.0:
                    continue
                at, known = b.observation[i], solved.precision[i]
                by_mu[at] -= known * along
                # the variance is in the denominator
                moved = (square + along * solved.residual[i]) * known * known / b.weight[i]
                if b.kind[i] == 0:
                    by_noise[at] -= 2 * moved * noise[at]
                elif b.kind[i] == 1:
                    by_noise[at] += moved / (noise[at] * noise[at])
        if o >= 0:
            by_mu[o] += at_wall


@njit(cache=True, nogil=True, error_model="numpy")
def _cholesky(matrix):  # type: ignore[no-untyped-def]
    """Replace the lower triangle of a matrix by its Cholesky factor."""
    for j in range(matrix.shape[0]):
        for i in range(j, matrix.shape[0]):
            found = matrix[i, j]
            for m in range(j):
                found -= matrix[i, m] * matrix[j, m]
            matrix[i, j] = np.sqrt(found) if i == j else found / matrix[j, j]


@njit(cache=True, nogil=True, error_model="numpy")
def _cholesky_back(factor, by):  # type: ignore[no-untyped-def]
    """Turn derivatives by the factor into those by the lower triangle of the matrix, in place."""
    n = factor.shape[0]
    for j in range(n - 1, -1, -1):
        for i in range(n - 1, j, -1):
            by[i, j] /= factor[j, j]
            by[j, j] -= factor[i, j] * by[i, j]
            for m in range(j):
                by[i, m] -= by[i, j] * factor[j, m]
                by[j, m] -= by[i, j] * factor[i, m]
        by[j, j] /= 2 * factor[j, j]
        for m in range(j):
            by[j, m] -= 2 * by[j, j] * factor[j, m]
