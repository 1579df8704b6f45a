"""From the representation to a PyMC model; the only file of this stage that imports PyMC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.sparse as psparse
import pytensor.tensor as pt
from scipy import sparse

from bajas.model.family import (
    AT_LEAST,
    LOG_NORMAL_CONSTANT,
    LOG_T4_CONSTANT,
    POINT,
)
from bajas.model.representation import Representation
from bajas.model.term import Hyperparameter, Term

#: Makes the free variables: returns standardised coordinates by name of term or hyperparameter.
Variables = Callable[[Representation], dict[str, Any]]


def build_pymc_model(
    representation: Representation, variables: Variables | None = None
) -> pm.Model:
    """Return the PyMC model of a representation.

    Its free variables are the standardised coordinates (``<name>_standard``); every term and
    hyperparameter is there by its own name as a deterministic with named dims. The log density
    equals :meth:`Representation.standard_log_density`.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    variables : callable, optional
        Makes the free variables instead, within the model's context, and adds their log density; a
        sampler's change of coordinates.
    """
    with pm.Model(coords=coordinates(representation)) as model:
        standard = (variables or standard_variables)(representation)
        hyper = {
            h.name: _hyperparameter(h, standard[h.name]) for h in representation.hyperparameters
        }
        terms = {t.name: _term(t, standard[t.name], hyper) for t in representation.terms}
        field = pt.concatenate([terms[t.name].ravel() for t in representation.terms])
        theta = pt.concatenate([hyper[h.name] for h in representation.hyperparameters])

        nodes = _times(representation.node_design, field) + representation.node_offset
        intensity = pt.exp(_times(representation.interpolation, nodes))
        running = pt.concatenate([pt.zeros(1), pt.cumsum(intensity)])
        runs = representation.runs
        parts = running[runs.stop] - running[runs.start]
        adding = sparse.csr_array(
            (runs.weight, (runs.observation, np.arange(runs.weight.size))),
            shape=(len(representation.names), runs.weight.size),
        )
        mu = pt.log(_times(adding, parts)) + _times(representation.reporting, field)
        if representation.effects.nnz:
            mu = mu + _times(representation.effects, theta)
        sigma = pt.sqrt(theta[representation.noise] ** 2 + representation.log_sd**2)
        pm.Potential("log_likelihood", _log_likelihood(representation, mu, sigma).sum())
    return model


def coordinates(representation: Representation) -> dict[str, list[str]]:
    """Return the coordinates of all dims of terms and hyperparameters."""
    coords: dict[str, list[str]] = {}
    for term in representation.terms:
        for dim, labels in zip(term.dims, term.labels, strict=True):
            if coords.setdefault(dim, list(labels)) != list(labels):
                raise ValueError(f"dim {dim!r} has two sets of labels")
    for hyper in representation.hyperparameters:
        if coords.setdefault(hyper.dim, list(hyper.labels)) != list(hyper.labels):
            raise ValueError(f"dim {hyper.dim!r} has two sets of labels")
    return coords


def standard_variables(representation: Representation) -> dict[str, Any]:
    """Return one standardised free variable per term and hyperparameter."""
    found: dict[str, Any] = {
        term.name: pm.Normal(f"{term.name}_standard", dims=term.dims)
        for term in representation.terms
    }
    for hyper in representation.hyperparameters:
        name = f"{hyper.name}_standard"
        if hyper.family == "half_normal":
            found[hyper.name] = pt.log(pm.HalfNormal(name, 1.0, dims=hyper.dim))
        elif hyper.family == "student_t":
            found[hyper.name] = pm.StudentT(
                name, nu=hyper.degrees_of_freedom, mu=0, sigma=1, dims=hyper.dim
            )
        else:
            found[hyper.name] = pm.Normal(name, dims=hyper.dim)
    return found


def _hyperparameter(hyper: Hyperparameter, standard: Any) -> Any:
    if hyper.family == "half_normal":
        value = hyper.scale * pt.exp(standard)
    else:
        value = hyper.location + hyper.scale * standard
        if hyper.family == "log_normal":
            value = pt.exp(value)
    return pm.Deterministic(hyper.name, value, dims=hyper.dim)


def _term(term: Term, standard: Any, hyper: dict[str, Any]) -> Any:
    steps = term.scale * standard
    if term.scale_by is not None:
        factor = hyper[term.scale_by]
        steps = steps * factor.reshape((-1, *([1] * (len(term.dims) - 1))))
    if term.structure == "random_walk":
        steps = pt.cumsum(steps, axis=-1)
    return pm.Deterministic(term.name, term.mean + steps, dims=term.dims)


def _times(matrix: sparse.csr_array, vector: Any) -> Any:
    constant = psparse.as_sparse_variable(sparse.csr_matrix(matrix))
    return psparse.structured_dot(constant, vector[:, None])[:, 0]


def _log_likelihood(representation: Representation, mu: Any, sigma: Any) -> Any:
    """Return the pointwise log likelihood, as :func:`bajas.model.family.log_likelihood`."""
    t = (representation.log_value - mu) / sigma
    points = np.flatnonzero(representation.form == POINT)
    bounds = np.flatnonzero(representation.form != POINT)
    sign = np.where(representation.form[bounds] == AT_LEAST, -1.0, 1.0)
    at_points, at_bounds = t[points], sign * t[bounds]
    if representation.degrees_of_freedom == 4.0:
        point = LOG_T4_CONSTANT - pt.log(sigma[points]) - 2.5 * pt.log1p(at_points**2 / 4)
        s = at_bounds / pt.sqrt(4 + at_bounds**2)
        below = pt.minimum(at_bounds, 0.0)
        r = pt.sqrt(4 + below**2)
        one_plus_s = pt.switch(pt.lt(at_bounds, 0), 4 / (r * (r - below)), 1 + s)
        bound = 2 * pt.log(one_plus_s) + pt.log(2 - s) - np.log(4)
    else:
        point = LOG_NORMAL_CONSTANT - pt.log(sigma[points]) - 0.5 * at_points**2
        bound = _log_ndtr(at_bounds)
    return pt.concatenate([point, bound])


def _log_ndtr(t: Any) -> Any:
    """Return the log of the normal distribution function; PyMC's rounds sqrt(2) to 32 bits."""
    z = t / np.sqrt(2.0)
    low, high = pt.minimum(z, 0.0), pt.maximum(z, -1.0)
    return pt.switch(
        pt.lt(t, -1.0),
        pt.log(pt.erfcx(-low)) - np.log(2.0) - low**2,
        pt.log1p(-pt.erfc(high) / 2),
    )
