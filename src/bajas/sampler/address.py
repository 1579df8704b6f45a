"""The mapped density by its address: compiled once, and not again into each function that calls it.

numba puts the code of a called function into its caller and optimises it anew there. With the
density in each of the sampler's functions that took most of a minute; here it is one C function of
three arrays, called through a pointer. Kernel and map lie in memory as numba holds tuples of
arrays, so that callers don't depend on their types: two whole numbers, of code and data, stand for
both.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numba import cfunc, config, njit, typeof, types
from numba.core.cgutils import ir  # type: ignore[attr-defined]
from numba.extending import intrinsic, overload
from numba.np.numpy_support import carray

from bajas.sampler.kernel_arrays import Kernel
from bajas.sampler.mapped import MapArrays, density_and_position, mapped_log_density, to_position


class Address:
    """A kernel and a map as two numbers, good for as long as this object lives.

    Parameters
    ----------
    kernel : Kernel
        The representation.
    arrays : MapArrays
        The map.

    Attributes
    ----------
    code, data : numpy.uint64
        What compiled functions take for ``k`` and ``m``; kernel and map themselves where numba's
        compiler is switched off.
    """

    _compiled: ClassVar[dict[Any, Any]] = {}

    def __init__(self, kernel: Kernel, arrays: MapArrays) -> None:
        self.code: Any = kernel
        self.data: Any = arrays
        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            return
        self._pair = (kernel, arrays)  # keeps the arrays where they are
        self._words = np.array(_words(self._pair), dtype=np.int64)
        kind = typeof(self._pair)  # type: ignore[no-untyped-call]
        if kind not in self._compiled:
            pair, real = types.CPointer(kind), types.CPointer(types.float64)  # type: ignore[no-untyped-call]
            signature = types.float64(pair, types.intp, real, real, real)
            self._compiled[kind] = cfunc(signature, cache=True, error_model="numpy")(_density)
        self.code = np.uint64(self._compiled[kind].address)
        self.data = np.uint64(self._words.ctypes.data)


def _words(value: Any) -> list[int]:
    """Return a tuple of arrays as numba holds it: owner, parent, sizes, place, shape, strides."""
    if isinstance(value, np.ndarray):
        return [0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides]
    return [word for item in value for word in _words(item)]


def _density(pair, size, whitened, gradient, standard):  # type: ignore[no-untyped-def]
    k, m = pair[0]
    return density_and_position(
        carray(whitened, (size,)), carray(gradient, (size,)), carray(standard, (size,)), k, m
    )


@intrinsic
def _call(typing, code, data, whitened, gradient, standard):  # type: ignore[no-untyped-def]
    array = types.Array(types.float64, 1, "C")

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        word, real = ir.IntType(64), ir.DoubleType()
        place = real.as_pointer()
        kind = ir.FunctionType(real, [word, word, place, place, place])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        arrays = [context.make_array(array)(context, builder, item) for item in arguments[2:]]
        size = builder.extract_value(arrays[0].shape, 0)
        return builder.call(function, [arguments[1], size, *(item.data for item in arrays)])

    return types.float64(types.uint64, types.uint64, array, array, array), generate


def density_at(whitened: np.ndarray, gradient: np.ndarray, k: Any, m: Any) -> Any:
    """Return the log density and write its gradient; ``k``, ``m``: arrays or an address."""
    return mapped_log_density(whitened, gradient, k, m)


@overload(density_at)
def _density_at(whitened, gradient, k, m):  # type: ignore[no-untyped-def]
    if isinstance(k, types.Integer):

        def by_address(whitened, gradient, k, m):  # type: ignore[no-untyped-def]
            return _call(k, m, whitened, gradient, np.empty_like(whitened))  # type: ignore[call-arg]

        return by_address
    return lambda whitened, gradient, k, m: mapped_log_density(whitened, gradient, k, m)


def position_at(whitened: np.ndarray, standard: np.ndarray, k: Any, m: Any) -> None:
    """Write the standardised position; ``k``, ``m``: arrays or an address."""
    to_position(whitened, standard, k, m)


@overload(position_at)
def _position_at(whitened, standard, k, m):  # type: ignore[no-untyped-def]
    if isinstance(k, types.Integer):

        def by_address(whitened, standard, k, m):  # type: ignore[no-untyped-def]
            _call(k, m, whitened, np.empty_like(whitened), standard)  # type: ignore[call-arg]

        return by_address
    return lambda whitened, standard, k, m: to_position(whitened, standard, k, m)


@njit(cache=True, nogil=True)
def log_density_at(whitened: np.ndarray, gradient: np.ndarray, k: Any, m: Any) -> Any:
    """Return the log density and write its gradient, at one point."""
    return density_at(whitened, gradient, k, m)


@njit(cache=True, nogil=True)
def positions_at(whitened: np.ndarray, standard: np.ndarray, k: Any, m: Any) -> None:
    """Write the standardised positions of rows of whitened coordinates."""
    for row in range(whitened.shape[0]):
        position_at(whitened[row], standard[row], k, m)
