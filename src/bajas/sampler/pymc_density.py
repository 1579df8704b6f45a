"""The density as PyMC compiles it, in the map's coordinates: the reference and the fall-back.

Compiled once per representation: the map's arrays are data of the compiled density. Compilation
takes PyTensor a quarter of a minute with its cache and a minute or two without.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt

from bajas.errors import SamplingError
from bajas.model.graph import build_pymc_model, log_partial_correlation
from bajas.model.representation import Representation
from bajas.sampler.map import Map
from bajas.sampler.stages import Target

_COMPILED: WeakKeyDictionary[Representation, Any] = WeakKeyDictionary()


class PyMCDensity:
    """The PyMC model's density; see :class:`bajas.sampler.stages.Density`.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    start : Map
        The map for which it is compiled; others are put in as data.

    Raises
    ------
    SamplingError
        If PyTensor can't compile the model.
    """

    name = f"PyMC {version('pymc')}"

    def __init__(self, representation: Representation, start: Map) -> None:
        if representation not in _COMPILED:
            # fastmath makes draws differ between a cold and a warm compile cache
            with pytensor.config.change_flags(numba__fastmath=False):
                model = build_pymc_model(representation, lambda r: mapped_variables(r, start))
                try:
                    compiled = nutpie.compile_pymc_model(model, var_names=["whitened"])
                except Exception as error:
                    raise SamplingError(f"the model could not be compiled: {error}") from error
            _COMPILED[representation] = compiled
        self._compiled = _COMPILED[representation]

    def on(self, item: Map) -> Target:
        """Return what nutpie samples on a map, and the way back."""
        return Target(
            self._compiled.with_data(**_map_data(item)), lambda draws: item.position(draws)[0]
        )


def mapped_variables(representation: Representation, start: Map) -> dict[str, Any]:
    """Return standardised coordinates as the map of one free vector, and add their log density."""
    whitened = pm.Flat("whitened", shape=representation.size)
    data = {name: pm.Data(name, value) for name, value in _map_data(start).items()}
    u = data["map_centre"] + pt.dot(data["map_matrix"], whitened)
    size = representation.field_size
    found: dict[str, Any] = {}
    log_prior = pt.as_tensor(0.0)
    for hyper in representation.hyperparameters:
        part = representation.hyper_slices[hyper.name]
        block = u[size + part.start : size + part.stop]
        if hyper.family == "half_normal":
            log_prior += (block - 0.5 * pt.exp(2 * block)).sum()
        elif hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            log_prior += (-(nu + 1) / 2 * pt.log1p(block**2 / nu)).sum()
        elif hyper.family == "partial_correlation":
            log_prior += log_partial_correlation(block, hyper.concentration).sum()
        else:
            log_prior += -0.5 * (block**2).sum()
        found[hyper.name] = block
    for term in representation.terms:
        part = representation.term_slices[term.name]
        if term.scale_by is None:
            found[term.name] = u[part.start : part.stop].reshape(term.shape)
        else:
            rows = []
            for index, item in enumerate(start.series):
                if not part.start <= item.part.start < part.stop:
                    continue
                h, centre = data[f"map_information_{index}"], data[f"map_mode_{index}"]
                tau = pt.exp(item.log_unit + item.slope * u[item.scale_column])
                precision = tau**-2 + h
                mean = centre * (h + data[f"map_scale_{index}"] ** -2) / precision
                v = mean + u[item.part.start : item.part.stop] / pt.sqrt(precision)
                rows.append(pt.dot(data[f"map_directions_{index}"], v / tau))
                log_prior += -0.5 * pt.log1p(h * tau**2).sum()
            found[term.name] = pt.concatenate(rows).reshape(term.shape)
        log_prior += -0.5 * (found[term.name] ** 2).sum()
    pm.Potential("standard_prior", log_prior)
    return found


def _map_data(item: Map) -> dict[str, np.ndarray]:
    data = {"map_centre": item.centre, "map_matrix": item.matrix}
    for index, series in enumerate(item.series):
        data[f"map_information_{index}"] = series.information
        data[f"map_mode_{index}"] = series.centre
        data[f"map_directions_{index}"] = series.directions
        data[f"map_scale_{index}"] = np.asarray(series.reference_scale)
    return data
