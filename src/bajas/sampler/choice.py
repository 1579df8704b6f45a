"""The samplers by name."""

from __future__ import annotations

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
        nutpie's NUTS on the fused density, or on the density that PyMC compiles.

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
    """Sample with the fused density; see :class:`bajas.sampler.interface.Sampler`."""
    from bajas.sampler.fused_density import FusedDensity
    from bajas.sampler.stages import sample_in_stages

    return sample_in_stages(representation, settings, progress, FusedDensity)


def sample_pymc(representation: Representation, settings: Settings, progress: Progress) -> Draws:
    """Sample with the density that PyMC compiles; see :class:`bajas.sampler.interface.Sampler`."""
    from bajas.sampler.pymc_density import PyMCDensity  # PyMC takes seconds to import
    from bajas.sampler.stages import sample_in_stages

    return sample_in_stages(representation, settings, progress, PyMCDensity)
