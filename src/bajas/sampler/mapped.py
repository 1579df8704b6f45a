"""The fused density in the map's coordinates: map, kernel and back in one compiled call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from bajas.sampler.kernel import Kernel, log_density
from bajas.sampler.map import Map

#: Directions whose scale is within this share of one are left as they are: the prior's own.
_NEAR_ONE = 0.02


class MapArrays(NamedTuple):
    """A map as plain arrays; the affine part as identity plus a symmetric low-rank matrix."""

    centre: np.ndarray
    basis: np.ndarray
    stretch: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    scale_column: np.ndarray
    log_unit: np.ndarray
    slope: np.ndarray
    reference_scale: np.ndarray
    information: np.ndarray
    mode: np.ndarray
    offset: np.ndarray
    directions: np.ndarray


def map_arrays(item: Map) -> MapArrays:
    """Return the arrays of a map.

    The affine part is used in its symmetric form, T = H^(-1/2) = I + Q diag(h^(-1/2) - 1) Q', with
    only those directions Q in which the posterior differs from the prior: as many as the claims
    inform, whatever the number of parameters.
    """
    values, vectors = np.linalg.eigh(item.matrix @ item.matrix.T)
    stretch = np.sqrt(values) - 1
    kept = np.abs(stretch) > _NEAR_ONE
    lengths = [series.part.stop - series.part.start for series in item.series]
    offsets = np.concatenate([[0], np.cumsum(np.square(lengths))]).astype(np.int64)
    whole = np.zeros(item.centre.size)
    information, mode = whole.copy(), whole.copy()
    for series in item.series:
        information[series.part] = series.information
        mode[series.part] = series.centre
    return MapArrays(
        centre=item.centre,
        basis=np.ascontiguousarray(vectors[:, kept]),
        stretch=stretch[kept],
        start=np.array([s.part.start for s in item.series], dtype=np.int64),
        stop=np.array([s.part.stop for s in item.series], dtype=np.int64),
        scale_column=np.array([s.scale_column for s in item.series], dtype=np.int64),
        log_unit=np.array([s.log_unit for s in item.series], dtype=float),
        slope=np.array([s.slope for s in item.series], dtype=float),
        reference_scale=np.array([s.reference_scale for s in item.series], dtype=float),
        information=information,
        mode=mode,
        offset=offsets,
        directions=np.concatenate([np.zeros(0), *(s.directions.ravel() for s in item.series)]),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def to_position(whitened: np.ndarray, position: np.ndarray, m: MapArrays) -> float:
    """Write the standardised position of whitened coordinates; return the log Jacobian.

    Parameters
    ----------
    whitened, position : ndarray, shape (size,)
        Coordinates in, standardised coordinates out.
    m : MapArrays
        The map.
    """
    u = m.centre + whitened + np.dot(m.basis, m.stretch * np.dot(m.basis.T, whitened))
    position[:] = u
    log_jacobian = 0.0
    for s in range(m.start.size):
        start, stop = m.start[s], m.stop[s]
        length = stop - start
        tau = np.exp(m.log_unit[s] + m.slope[s] * u[m.scale_column[s]])
        v = np.empty(length)
        for j in range(length):
            h = m.information[start + j]
            precision = 1 / (tau * tau) + h
            mean = m.mode[start + j] * (h + m.reference_scale[s] ** -2) / precision
            v[j] = (mean + u[start + j] / np.sqrt(precision)) / tau
            log_jacobian -= 0.5 * np.log1p(h * tau * tau)
        directions = m.directions[m.offset[s] : m.offset[s + 1]].reshape(length, length)
        position[start:stop] = np.dot(directions, v)
    return log_jacobian


@njit(cache=True, nogil=True, error_model="numpy")
def mapped_log_density(
    whitened: np.ndarray, gradient: np.ndarray, k: Kernel, m: MapArrays
) -> float:
    """Return the log posterior density in whitened coordinates and write its gradient.

    Up to the constant Jacobian of the affine part.

    Parameters
    ----------
    whitened, gradient : ndarray, shape (size,)
        Coordinates in, gradient out.
    k : Kernel
        The representation.
    m : MapArrays
        The map.
    """
    position = np.empty_like(whitened)
    log_jacobian = to_position(whitened, position, m)
    by_position = np.empty_like(whitened)
    value = log_density(position, by_position, k) + log_jacobian
    for s in range(m.start.size):
        start, stop = m.start[s], m.stop[s]
        length = stop - start
        column = m.scale_column[s]
        tau = np.exp(m.log_unit[s] + m.slope[s] * position[column])
        directions = m.directions[m.offset[s] : m.offset[s + 1]].reshape(length, length)
        pulled = np.dot(directions.T, by_position[start:stop])
        standard = np.dot(directions.T, position[start:stop])
        by_log_tau = 0.0
        for j in range(length):
            h = m.information[start + j]
            precision = 1 / (tau * tau) + h
            root = np.sqrt(precision)
            mean = m.mode[start + j] * (h + m.reference_scale[s] ** -2) / precision
            from_u = standard[j] * tau - mean  # u / sqrt(precision)
            # d standard / d log tau at fixed u, then d log Jacobian / d log tau
            moved = (2 * mean + from_u) / (precision * tau * tau * tau) - standard[j]
            by_log_tau += pulled[j] * moved - h * tau * tau / (1 + h * tau * tau)
            by_position[start + j] = pulled[j] / (tau * root)
        by_position[column] += m.slope[s] * by_log_tau
    gradient[:] = by_position + np.dot(m.basis, m.stretch * np.dot(m.basis.T, by_position))
    return value
