"""The samplers by name."""

from __future__ import annotations

import warnings

from bajas.errors import SamplingError
from bajas.model.representation import Representation
from bajas.sampler.interface import Draws, Progress, Sampler, Settings

#: Names that a fit accepts.
NAMES = ("fused", "pymc")


def named_sampler(name: str) -> Sampler:
    """Return a sampler by name.

    Parameters
    ----------
    name : {"fused", "pymc"}
        Rotating NUTS on the fused density and its map, or nutpie's NUTS on the density that PyMC
        compiles.

    Raises
    ------
    SamplingError
        If there is no such sampler.
    """
    if name == "fused":
        return sample_fused
    if name == "pymc":
        return sample_pymc
    raise SamplingError(f"unknown sampler {name!r}; known: {', '.join(NAMES)}")


def sample_fused(representation: Representation, settings: Settings, progress: Progress) -> Draws:
    """Sample with the fused density; see :class:`bajas.sampler.interface.Sampler`.

    A representation with parts that the fused density lacks is sampled by PyMC instead, with a
    warning that names them.
    """
    from bajas.sampler.kernel_arrays import lacking
    from bajas.sampler.stages import sample_in_stages

    missing = lacking(representation)
    if missing:
        warnings.warn(
            f"the fused density lacks {', '.join(missing)}: sampling with PyMC, which is slower",
            stacklevel=2,
        )
        return sample_pymc(representation, settings, progress)
    return sample_in_stages(representation, settings, progress)


def sample_pymc(representation: Representation, settings: Settings, progress: Progress) -> Draws:
    """Sample with the density that PyMC compiles; see :class:`bajas.sampler.interface.Sampler`."""
    from bajas.sampler.pymc_nutpie import sample_with_pymc  # PyMC takes seconds to import

    return sample_with_pymc(representation, settings, progress)
