"""From the representation to a PyMC model; the only file of this stage that imports PyMC."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pymc as pm
import pytensor.sparse as psparse
import pytensor.tensor as pt
from scipy import sparse
from scipy.special import gammaln

from bajas.model.family import (
    AT_LEAST,
    LOG_NORMAL_CONSTANT,
    LOG_T4_CONSTANT,
    NEGATIVE_BINOMIAL,
    POINT,
    POISSON,
)
from bajas.model.representation import Representation
from bajas.model.runs import EARLY_Z, LEAST_SHARE, LOG_Z_HIGH, LOG_Z_LOW, log_age
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
        # a one at the end, where a noise of -1 points to
        natural = [hyper[h.name] for h in representation.hyperparameters]
        theta = pt.concatenate([*natural, pt.ones(1)])

        nodes = _times(representation.node_design, field) + representation.node_offset
        intensity = pt.exp(_times(representation.interpolation, nodes))
        runs = representation.runs
        pieces: list[Any] = []
        for start, stop in pairwise([0, *runs.edges, representation.cell_count]):
            pieces += [pt.zeros(1), pt.cumsum(intensity[start:stop])]
        running = pt.concatenate(pieces)
        first, last = runs.places
        parts = running[last] - running[first]
        adding = sparse.csr_array(
            (np.ones(runs.weight.size), (runs.observation, np.arange(runs.weight.size))),
            shape=(len(representation.names), runs.weight.size),
        )
        parts = parts * _run_weights(representation, theta)
        mu = pt.log(_times(adding, parts)) + _times(representation.reporting, field)
        if representation.effects.nnz:
            mu = mu + _times(representation.effects, theta[:-1])
        scale = theta[representation.noise % (representation.hyper_size + 1)]
        if representation.log_noise.nnz:
            scale = scale * pt.exp(_times(representation.log_noise, field))
        sigma = pt.sqrt(scale**2 + representation.log_sd**2)
        sigma = pt.switch(representation.form >= POISSON, scale, sigma)
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
        elif hyper.family == "partial_correlation":
            found[hyper.name] = pm.CustomDist(
                name,
                hyper.concentration,
                logp=log_partial_correlation,
                random=_random_partial_correlation,
                dims=hyper.dim,
            )
        else:
            found[hyper.name] = pm.Normal(name, dims=hyper.dim)
    return found


def log_partial_correlation(u: Any, concentration: Any) -> Any:
    """Return the log density of u = artanh(y), y a partial correlation."""
    b = pt.as_tensor(concentration)
    log_cosh = u + pt.softplus(-2 * u) - np.log(2)
    log_beta = 2 * pt.gammaln(b) - pt.gammaln(2 * b)
    return -2 * b * log_cosh - (2 * b - 1) * np.log(2) - log_beta


def _random_partial_correlation(
    concentration: np.ndarray, rng: np.random.Generator, size: Any = None
) -> np.ndarray:
    return np.asarray(np.arctanh(2 * rng.beta(concentration, concentration, size) - 1))


def _hyperparameter(hyper: Hyperparameter, standard: Any) -> Any:
    if hyper.family == "half_normal":
        value = hyper.scale * pt.exp(standard)
    elif hyper.family == "partial_correlation":
        value = pt.tanh(standard)
    else:
        value = hyper.location + hyper.scale * standard
        if hyper.family == "log_normal":
            value = pt.exp(value)
    return pm.Deterministic(hyper.name, value, dims=hyper.dim)


def _term(term: Term, standard: Any, hyper: dict[str, Any]) -> Any:
    if term.correlated_by is not None:
        size = term.shape[0]
        factor = _cholesky_factor(hyper[term.correlated_by], size)
        standard = (factor @ standard.reshape((size, -1))).reshape(term.shape)
    steps = term.scale * standard
    if term.scale_by is not None:
        factor = hyper[term.scale_by]
        steps = steps * factor.reshape((-1, *([1] * (len(term.dims) - 1))))
    if term.structure == "random_walk":
        steps = pt.cumsum(steps, axis=-1)
    return pm.Deterministic(term.name, term.mean + steps, dims=term.dims)


def _cholesky_factor(partial: Any, size: int) -> Any:
    """Return L of partial correlations, as :func:`bajas.model.correlation.cholesky_factor`."""
    rows, columns = np.tril_indices(size, -1)
    y = pt.set_subtensor(pt.zeros((size, size))[rows, columns], partial)
    steps = pt.cumprod(pt.sqrt((1 - y) * (1 + y)), axis=1)
    left = pt.concatenate([pt.ones((size, 1)), steps[:, :-1]], axis=1)
    return (y + pt.eye(size)) * left


def _run_weights(representation: Representation, theta: Any) -> Any:
    """Return the weight of each run, as :meth:`bajas.model.runs.Runs.weights`."""
    runs = representation.runs
    at = np.flatnonzero(runs.curve >= 0)
    if not at.size:
        return runs.weight
    places = representation.curves[runs.curve[at]]
    log_delay, shape = pt.log(theta[places[:, 0]]), theta[places[:, 1]]
    z = []
    for ages in (runs.since, runs.age):
        moved = shape * (log_age(ages[at]) - log_delay)
        z.append(pt.exp(pt.clip(moved, LOG_Z_LOW, LOG_Z_HIGH)))
    before, after = z
    share = pt.switch(
        pt.lt(after, EARLY_Z),
        pt.expm1(-before) - pt.expm1(-after),
        pt.exp(-before) - pt.exp(-after),
    )
    weight = runs.weight[at] * (LEAST_SHARE + share)
    return pt.set_subtensor(pt.as_tensor(runs.weight)[at], weight)


def _times(matrix: sparse.csr_array, vector: Any) -> Any:
    constant = psparse.as_sparse_variable(sparse.csr_matrix(matrix))
    return psparse.structured_dot(constant, vector[:, None])[:, 0]


def _log_likelihood(representation: Representation, mu: Any, sigma: Any) -> Any:
    """Return the pointwise log likelihood, as :func:`bajas.model.family.log_likelihood`."""
    counted = _log_counts(representation, mu, sigma)
    t = (representation.log_value - mu) / sigma
    points = np.flatnonzero(representation.form == POINT)
    bounds = np.flatnonzero((representation.form != POINT) & (representation.form < POISSON))
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
    return pt.concatenate([point, bound, *counted])


def _log_counts(representation: Representation, mu: Any, sigma: Any) -> list[Any]:
    found = []
    at = np.flatnonzero(representation.form == POISSON)
    if at.size:
        y = representation.count[at]
        found.append(y * mu[at] - pt.exp(mu[at]) - gammaln(y + 1))
    at = np.flatnonzero(representation.form == NEGATIVE_BINOMIAL)
    if at.size:
        y, phi, mean = representation.count[at], sigma[at], pt.exp(mu[at])
        ratio, excess = (phi + y) / (phi + mean), (y - mean) / (phi + mean)
        near = pt.lt(pt.abs(excess), 0.5)
        log_ratio = pt.switch(near, pt.log1p(pt.switch(near, excess, 0.0)), pt.log(ratio))
        found.append(
            (phi + y) * log_ratio
            - y
            + y * mu[at]
            - gammaln(y + 1)
            - 0.5 * pt.log1p(y / phi)
            + _stirling_remainder(phi + y)
            - _stirling_remainder(phi)
        )
    return found


def _stirling_remainder(x: Any) -> Any:
    """Return the remainder, as :func:`bajas.model.family.stirling_remainder`."""
    low, high = pt.minimum(x, 10.0), pt.maximum(x, 10.0)
    below = pt.gammaln(low) - (low - 0.5) * pt.log(low) + low + LOG_NORMAL_CONSTANT
    q = 1 / (high * high)
    series = -1 / 360 + q * (1 / 1260 + q * (-1 / 1680 + q * (1 / 1188 - q * 691 / 360360)))
    return pt.switch(pt.lt(x, 10.0), below, (1 / 12 + q * series) / high)


def _log_ndtr(t: Any) -> Any:
    """Return the log of the normal distribution function; PyMC's rounds sqrt(2) to 32 bits."""
    z = t / np.sqrt(2.0)
    low, high = pt.minimum(z, 0.0), pt.maximum(z, -1.0)
    return pt.switch(
        pt.lt(t, -1.0),
        pt.log(pt.erfcx(-low)) - np.log(2.0) - low**2,
        pt.log1p(-pt.erfc(high) / 2),
    )
