"""The fused density: value and gradient of any representation in one compiled pass.

Generic over the representation: terms of the field by their structure, hyperparameters by their
family, sparse products for nodes, cells and biases, prefix sums for the runs of cells, and a family
per observation. A new term or column of the model needs no new kernel. Compiled by numba, kept on
disk between processes, and free of Python's lock while it runs.

The gradient is the adjoint of each step in reverse order; tests hold it against NumPy, central
differences and PyMC's automatic derivatives.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy import sparse
from scipy.special import gammaln

from bajas.model.family import AT_LEAST, POINT
from bajas.model.representation import Representation

#: Codes of hyperparameter families in arrays.
NORMAL, STUDENT_T, HALF_NORMAL, LOG_NORMAL = 0, 1, 2, 3
_FAMILIES = {
    "normal": NORMAL,
    "student_t": STUDENT_T,
    "half_normal": HALF_NORMAL,
    "log_normal": LOG_NORMAL,
}


class Kernel(NamedTuple):
    """A representation as plain arrays, in the order in which the kernel uses them."""

    mean: np.ndarray
    scale: np.ndarray
    scale_by: np.ndarray
    walk_start: np.ndarray
    walk_stop: np.ndarray
    family: np.ndarray
    location: np.ndarray
    spread: np.ndarray
    freedom: np.ndarray
    node_offset: np.ndarray
    node_pointer: np.ndarray
    node_column: np.ndarray
    node_value: np.ndarray
    cell_pointer: np.ndarray
    cell_column: np.ndarray
    cell_value: np.ndarray
    run_observation: np.ndarray
    run_start: np.ndarray
    run_stop: np.ndarray
    run_weight: np.ndarray
    bias_pointer: np.ndarray
    bias_column: np.ndarray
    bias_value: np.ndarray
    effect_pointer: np.ndarray
    effect_column: np.ndarray
    effect_value: np.ndarray
    form: np.ndarray
    log_value: np.ndarray
    log_sd: np.ndarray
    noise: np.ndarray
    heavy: np.ndarray
    constant: np.ndarray


def kernel_arrays(representation: Representation) -> Kernel:
    """Return the arrays of a representation.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.

    Examples
    --------
    >>> import numpy as np
    >>> import bajas
    >>> model = bajas.Model(bajas.datasets.article_2023_08_07())
    >>> representation = model.representation
    >>> position = np.zeros(representation.size)
    >>> gradient = np.empty(representation.size)
    >>> value = log_density(position, gradient, kernel_arrays(representation))
    >>> bool(np.isclose(value, representation.standard_log_density(position), rtol=1e-12))
    True
    """
    size = representation.field_size
    mean, scale = np.empty(size), np.empty(size)
    scale_by = np.full(size, -1, dtype=np.int64)
    starts: list[int] = []
    stops: list[int] = []
    for term in representation.terms:
        part = representation.term_slices[term.name]
        mean[part], scale[part] = term.mean.ravel(), term.scale.ravel()
        if term.scale_by is not None:
            first = representation.hyper_slices[term.scale_by].start
            scale_by[part] = first + np.repeat(np.arange(term.shape[0]), term.size // term.shape[0])
        if term.structure == "random_walk":
            edges = np.arange(part.start, part.stop + 1, term.shape[-1])
            starts.extend(edges[:-1])
            stops.extend(edges[1:])
    hyper = representation.hyperparameters
    family = np.concatenate([np.full(h.size, _FAMILIES[h.family]) for h in hyper])
    freedom = np.concatenate([np.full(h.size, h.degrees_of_freedom) for h in hyper])
    heavy = representation.degrees_of_freedom == 4.0
    return Kernel(
        mean=mean,
        scale=scale,
        scale_by=scale_by,
        walk_start=np.array(starts, dtype=np.int64),
        walk_stop=np.array(stops, dtype=np.int64),
        family=family.astype(np.int64),
        location=np.concatenate([h.location for h in hyper]).astype(float),
        spread=np.concatenate([h.scale for h in hyper]).astype(float),
        freedom=freedom.astype(float),
        node_offset=representation.node_offset,
        **_csr("node", representation.node_design),
        **_csr("cell", representation.interpolation),
        run_observation=representation.runs.observation.astype(np.int64),
        run_start=representation.runs.start.astype(np.int64),
        run_stop=representation.runs.stop.astype(np.int64),
        run_weight=representation.runs.weight.astype(float),
        **_csr("bias", representation.reporting),
        **_csr("effect", representation.effects),
        form=representation.form.astype(np.int64),
        log_value=representation.log_value,
        log_sd=representation.log_sd,
        noise=representation.noise.astype(np.int64),
        heavy=np.array([heavy]),
        constant=np.array([_constant(representation)]),
    )


def _csr(name: str, matrix: sparse.csr_array) -> dict[str, np.ndarray]:
    return {
        f"{name}_pointer": matrix.indptr.astype(np.int64),
        f"{name}_column": matrix.indices.astype(np.int64),
        f"{name}_value": matrix.data.astype(float),
    }


def _constant(representation: Representation) -> float:
    """Return what doesn't depend on the position: normalising constants of all priors."""
    half_log = 0.5 * np.log(2 * np.pi)
    total = -half_log * representation.field_size
    for hyper in representation.hyperparameters:
        if hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            one = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
        else:
            one = (np.log(2) if hyper.family == "half_normal" else 0.0) - half_log
        total += one * hyper.size
    return float(total)


@njit(cache=True, nogil=True, error_model="numpy")
def exponentials(x: np.ndarray, out: np.ndarray) -> None:
    """Write exp(x) into ``out``: a polynomial that the compiler can vectorise.

    x = n log 2 + r with |r| <= log(2) / 2; exp(r) by its Taylor polynomial of degree 13, whose
    remainder is below the last bit; 2^n from the bits of a float. Infinite beyond 709.
    """
    size = x.size
    bits = np.empty(size, dtype=np.int64)
    for i in range(size):
        value = min(max(x[i], -708.0), 709.5)
        n = np.floor(value * 1.4426950408889634 + 0.5)
        r = value - n * 6.93147180369123816490e-01
        r = r - n * 1.90821492927058770002e-10
        p = 1.6059043836821613e-10
        p = p * r + 2.08767569878681e-09
        p = p * r + 2.505210838544172e-08
        p = p * r + 2.755731922398589e-07
        p = p * r + 2.7557319223985893e-06
        p = p * r + 2.48015873015873e-05
        p = p * r + 1.984126984126984e-04
        p = p * r + 1.388888888888889e-03
        p = p * r + 8.333333333333333e-03
        p = p * r + 4.1666666666666664e-02
        p = p * r + 1.6666666666666666e-01
        p = p * r + 0.5
        p = p * r + 1.0
        out[i] = p * r + 1.0
        bits[i] = (np.int64(n) + 1023) << 52
    powers = bits.view(np.float64)
    for i in range(size):
        out[i] = out[i] * powers[i]


@njit(cache=True, nogil=True, error_model="numpy")
def log_density(position: np.ndarray, gradient: np.ndarray, k: Kernel) -> float:
    """Return the log posterior density in standardised coordinates and write its gradient.

    Parameters
    ----------
    position : ndarray, shape (size,)
        Standardised coordinates: field, then hyperparameters.
    gradient : ndarray, shape (size,)
        Overwritten.
    k : Kernel
        Arrays of the representation.
    """
    field_size, hyper_size = k.mean.size, k.family.size
    observations, cells, nodes = k.form.size, k.cell_pointer.size - 1, k.node_offset.size
    value = k.constant[0]

    # hyperparameters: natural values, their slopes, and their prior
    theta, slope = np.empty(hyper_size), np.empty(hyper_size)
    theta_gradient = np.zeros(hyper_size)
    for h in range(hyper_size):
        u = position[field_size + h]
        family = k.family[h]
        if family == HALF_NORMAL:
            theta[h] = k.spread[h] * np.exp(u)
            slope[h] = theta[h]
            square = np.exp(2 * u)
            value += u - 0.5 * square
            gradient[field_size + h] = 1 - square
        elif family == STUDENT_T:
            theta[h] = k.location[h] + k.spread[h] * u
            slope[h] = k.spread[h]
            nu = k.freedom[h]
            value -= 0.5 * (nu + 1) * np.log1p(u * u / nu)
            gradient[field_size + h] = -(nu + 1) * u / (nu + u * u)
        else:
            theta[h] = k.location[h] + k.spread[h] * u
            slope[h] = k.spread[h]
            if family == LOG_NORMAL:
                theta[h] = np.exp(theta[h])
                slope[h] *= theta[h]
            value -= 0.5 * u * u
            gradient[field_size + h] = -u

    # field: scaled steps, walks summed up
    field, sd = np.empty(field_size), np.empty(field_size)
    for i in range(field_size):
        z = position[i]
        sd[i] = k.scale[i] if k.scale_by[i] < 0 else k.scale[i] * theta[k.scale_by[i]]
        field[i] = sd[i] * z
        value -= 0.5 * z * z
    for w in range(k.walk_start.size):
        for i in range(k.walk_start[w] + 1, k.walk_stop[w]):
            field[i] += field[i - 1]
    for i in range(field_size):
        field[i] += k.mean[i]

    # nodes, cells, running sum of the intensity
    node = np.empty(nodes)
    for n in range(nodes):
        total = k.node_offset[n]
        for e in range(k.node_pointer[n], k.node_pointer[n + 1]):
            total += k.node_value[e] * field[k.node_column[e]]
        node[n] = total
    eta, intensity = np.empty(cells), np.empty(cells)
    for c in range(cells):
        total = 0.0
        for e in range(k.cell_pointer[c], k.cell_pointer[c + 1]):
            total += k.cell_value[e] * node[k.cell_column[e]]
        eta[c] = total
    exponentials(eta, intensity)
    running = np.empty(cells + 1)
    running[0] = 0.0
    for c in range(cells):
        running[c + 1] = running[c] + intensity[c]

    # observations
    tau = np.zeros(observations)
    for r in range(k.run_observation.size):
        tau[k.run_observation[r]] += k.run_weight[r] * (
            running[k.run_stop[r]] - running[k.run_start[r]]
        )
    field_gradient = np.zeros(field_size)
    pull = np.empty(observations)  # d value / d tau
    heavy = k.heavy[0]
    for o in range(observations):
        mu = np.log(tau[o])
        for e in range(k.bias_pointer[o], k.bias_pointer[o + 1]):
            mu += k.bias_value[e] * field[k.bias_column[e]]
        for e in range(k.effect_pointer[o], k.effect_pointer[o + 1]):
            mu += k.effect_value[e] * theta[k.effect_column[e]]
        own = theta[k.noise[o]]
        sigma = np.sqrt(own * own + k.log_sd[o] * k.log_sd[o])
        t = (k.log_value[o] - mu) / sigma
        if k.form[o] == POINT:
            if heavy:
                value += -0.9808292530117262 - np.log(sigma) - 2.5 * np.log1p(0.25 * t * t)
                bend = -5 * t / (4 + t * t)
            else:
                value += -0.9189385332046727 - np.log(sigma) - 0.5 * t * t
                bend = -t
            by_mu = -bend / sigma
            by_sigma = (-1 - t * bend) / sigma
        else:
            sign = -1.0 if k.form[o] == AT_LEAST else 1.0
            side = sign * t
            log_probability, ratio = _bound(side, heavy)
            value += log_probability
            by_mu = -sign * ratio / sigma
            by_sigma = -side * ratio / sigma
        theta_gradient[k.noise[o]] += by_sigma * own / sigma
        pull[o] = by_mu / tau[o]
        for e in range(k.bias_pointer[o], k.bias_pointer[o + 1]):
            field_gradient[k.bias_column[e]] += k.bias_value[e] * by_mu
        for e in range(k.effect_pointer[o], k.effect_pointer[o + 1]):
            theta_gradient[k.effect_column[e]] += k.effect_value[e] * by_mu

    # back through runs, cells and nodes
    change = np.zeros(cells + 1)
    for r in range(k.run_observation.size):
        moved = k.run_weight[r] * pull[k.run_observation[r]]
        change[k.run_start[r]] += moved
        change[k.run_stop[r]] -= moved
    node_gradient = np.zeros(nodes)
    level = 0.0
    for c in range(cells):
        level += change[c]
        moved = level * intensity[c]
        for e in range(k.cell_pointer[c], k.cell_pointer[c + 1]):
            node_gradient[k.cell_column[e]] += k.cell_value[e] * moved
    for n in range(nodes):
        moved = node_gradient[n]
        if moved != 0.0:
            for e in range(k.node_pointer[n], k.node_pointer[n + 1]):
                field_gradient[k.node_column[e]] += k.node_value[e] * moved

    # back through walks and scales
    for w in range(k.walk_start.size):
        for i in range(k.walk_stop[w] - 2, k.walk_start[w] - 1, -1):
            field_gradient[i] += field_gradient[i + 1]
    for i in range(field_size):
        z = position[i]
        gradient[i] = field_gradient[i] * sd[i] - z
        if k.scale_by[i] >= 0:
            theta_gradient[k.scale_by[i]] += field_gradient[i] * k.scale[i] * z
    for h in range(hyper_size):
        gradient[field_size + h] += theta_gradient[h] * slope[h]
    return float(value)


@njit(cache=True, nogil=True, error_model="numpy")
def _bound(t: float, heavy: bool) -> tuple[float, float]:
    """Return log F(t) and f(t) / F(t) of the standard error; see :mod:`bajas.model.family`."""
    if heavy:
        r = np.sqrt(4 + t * t)
        s = t / r
        one_plus_s = 4 / (r * (r - t)) if t < 0 else 1 + s
        log_probability = 2 * np.log(one_plus_s) + np.log(2 - s) - 1.3862943611198906
        # f / F with f = (3/8) (4 / r^2)^(5/2) = 12 / r^5
        ratio = 12 / r**5 / np.exp(log_probability)
        return log_probability, ratio
    return _normal_bound(t)


@njit(cache=True, nogil=True, error_model="numpy")
def _normal_bound(t: float) -> tuple[float, float]:
    """Return log Phi(t) and phi(t) / Phi(t), with a continued fraction in the far left tail."""
    if t > -5.0:
        probability = 0.5 * math.erfc(-t * 0.7071067811865476)
        density = np.exp(-0.5 * t * t) * 0.3989422804014327
        return np.log(probability), density / probability
    x = -t
    fraction = x
    for j in range(60, 0, -1):
        fraction = x + j / fraction
    return -0.5 * t * t - 0.9189385332046727 - np.log(fraction), fraction
