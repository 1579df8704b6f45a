"""The fused density in the map's coordinates: map, kernel and back in one compiled call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from bajas.sampler.affine import Block, add_block
from bajas.sampler.biases import Biases
from bajas.sampler.kernel import density_given_biases
from bajas.sampler.kernel_arrays import Kernel
from bajas.sampler.series import SeriesArrays, whiten_back, whiten_derivatives


class MapArrays(NamedTuple):
    """A map as plain arrays; see :class:`bajas.sampler.map.Map`."""

    centre: np.ndarray
    scale: np.ndarray
    block: Block
    left: np.ndarray
    right: np.ndarray
    series: SeriesArrays
    biases: Biases


@njit(cache=True, nogil=True, error_model="numpy")
def _coordinates(whitened: np.ndarray, m: MapArrays) -> np.ndarray:
    """Return coordinates of whitened ones, before series and biases."""
    moved = whitened + np.dot(m.left, np.dot(m.right.T, whitened))
    add_block(moved, m.block, False)
    return m.centre + m.scale * moved


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
    position = _coordinates(whitened, m)
    mixed = np.empty(m.series.information.size)
    whiten_back(position, mixed, m.series)
    density_given_biases(position, np.empty_like(position), standard, k, m.biases)


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
    position = _coordinates(whitened, m)
    mixed = np.empty(m.series.information.size)
    value = whiten_back(position, mixed, m.series)
    value += density_given_biases(position, gradient, np.empty_like(position), k, m.biases)
    whiten_derivatives(position, mixed, gradient, m.series)
    gradient *= m.scale
    add_block(gradient, m.block, True)
    gradient += np.dot(m.right, np.dot(m.left.T, gradient))
    return value
