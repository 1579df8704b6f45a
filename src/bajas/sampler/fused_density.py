"""The fused density as nutpie samples it, in the map's coordinates."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from nutpie.compiled_pyfunc import from_pyfunc

from bajas.model.representation import Representation
from bajas.sampler.kernel import kernel_arrays
from bajas.sampler.map import Map
from bajas.sampler.mapped import map_arrays, mapped_log_density, to_position
from bajas.sampler.stages import Target

#: Chains start so many sd of the approximate posterior from its centre, in every direction.
_OVERDISPERSED = 1.5


class FusedDensity:
    """The fused kernel's density; see :class:`bajas.sampler.stages.Density`.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    start : Map
        Not needed: nothing is compiled for a map.
    """

    name = f"the fused density of bajas {version('bajas')}"

    def __init__(self, representation: Representation, start: Map) -> None:
        self._size = representation.size
        self._kernel = kernel_arrays(representation)
        # compiled, or read from disk, here and not in the first chain
        point = np.zeros(self._size)
        mapped_log_density(point, np.empty(self._size), self._kernel, map_arrays(start))

    def on(self, item: Map) -> Target:
        """Return what nutpie samples on a map, and the way back."""
        size, kernel, arrays = self._size, self._kernel, map_arrays(item)

        def make_density() -> Callable[..., tuple[float, np.ndarray]]:
            def density(whitened: np.ndarray) -> tuple[float, np.ndarray]:
                gradient = np.empty(size)
                return mapped_log_density(whitened, gradient, kernel, arrays), gradient

            return density

        def make_expand(seed1: int, seed2: int, chain: int) -> Callable[..., dict[str, Any]]:
            return lambda whitened: {"whitened": np.array(whitened)}

        def start(seed: Any) -> np.ndarray:
            return _OVERDISPERSED * np.random.default_rng(seed).standard_normal(size)

        def position(draws: np.ndarray) -> np.ndarray:
            flat = np.ascontiguousarray(draws.reshape(-1, size))
            found = np.empty_like(flat)
            for row in range(flat.shape[0]):
                to_position(flat[row], found[row], arrays)
            return found.reshape(draws.shape)

        model = from_pyfunc(
            size,
            make_density,
            make_expand,
            [np.dtype("float64")],
            [(size,)],
            ["whitened"],
            make_initial_point_fn=start,
        )
        return Target(model, position)
