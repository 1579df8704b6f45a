"""The fused density in the map's coordinates: map, kernel and back in one compiled call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from bajas.sampler.affine import Block, add_block
from bajas.sampler.biases import Biases
from bajas.sampler.kernel import density_given_biases
from bajas.sampler.kernel_arrays import Kernel
from bajas.sampler.series import (
    SeriesArrays,
    Whitened,
    add_series,
    along_series,
    whiten_back,
    whiten_derivatives,
)


class MapArrays(NamedTuple):
    """A map as plain arrays; see :class:`bajas.sampler.map.Map`.

    ``column``: columns of active coordinates outside series.
    """

    column: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    block: Block
    left: np.ndarray
    right: np.ndarray
    series: SeriesArrays
    biases: Biases


@njit(cache=True, nogil=True, error_model="numpy")
def _active(vector: np.ndarray, m: MapArrays) -> np.ndarray:
    """Return a vector's active coordinates: along the series' directions, then the others."""
    first = m.series.information.size
    found = np.empty(m.centre.size)
    along_series(vector, found[:first], m.series)
    for i in range(m.column.size):
        found[first + i] = vector[m.column[i]]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _position(whitened: np.ndarray, m: MapArrays) -> tuple[np.ndarray, np.ndarray, float, Whitened]:
    """Return the kernel's coordinates, the moved active ones, log Jacobian and what series keep."""
    first = m.series.information.size
    active = _active(whitened, m)
    moved = active + np.dot(m.left, np.dot(m.right.T, active))
    add_block(moved, m.block, False)
    moved = m.centre + m.scale * moved
    position = whitened.copy()
    for i in range(m.column.size):
        position[m.column[i]] = moved[first + i]
    log_jacobian, kept = whiten_back(position, active[:first], moved[:first], m.series)
    return position, moved, log_jacobian, kept


@njit(cache=True, nogil=True, error_model="numpy")
def to_position(whitened: np.ndarray, standard: np.ndarray, k: Kernel, m: MapArrays) -> None:
    """Write the standardised position of whitened coordinates.

    Parameters
    ----------
    whitened, standard : ndarray, shape (size,)
        Coordinates in, standardised coordinates out.
    k : Kernel
        The representation.
    m : MapArrays
        The map.
    """
    position, _, _, _ = _position(whitened, m)
    density_given_biases(position, np.empty_like(position), standard, k, m.biases)


@njit(cache=True, nogil=True, error_model="numpy")
def to_active(vector: np.ndarray, out: np.ndarray, m: MapArrays) -> None:
    """Write the active coordinates of whitened coordinates, or of derivatives by them."""
    out[:] = _active(vector, m)


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
    return density_and_position(whitened, gradient, np.empty_like(whitened), k, m)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def density_and_position(
    whitened: np.ndarray, gradient: np.ndarray, standard: np.ndarray, k: Kernel, m: MapArrays
) -> float:
    """Return the log posterior density; write gradient and standardised position."""
    first = m.series.information.size
    position, moved, value, kept = _position(whitened, m)
    value += density_given_biases(position, gradient, standard, k, m.biases)
    by_moved, by_along = np.empty(m.centre.size), np.zeros(first)
    whiten_derivatives(
        position, moved[:first], gradient, by_along, by_moved[:first], kept, m.series
    )
    for i in range(m.column.size):
        by_moved[first + i] = gradient[m.column[i]]
    by_moved *= m.scale
    add_block(by_moved, m.block, True)
    by_moved += np.dot(m.right, np.dot(m.left.T, by_moved))
    for i in range(m.column.size):
        gradient[m.column[i]] = by_moved[first + i]
    add_series(by_moved[:first] - by_along, gradient, m.series)
    return value
