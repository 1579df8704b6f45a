"""A representation as the plain arrays that the fused kernel runs over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import betaln, gammaln

from bajas.model.family import NEGATIVE_BINOMIAL, POISSON, stirling_remainder
from bajas.model.representation import Representation

#: Codes of hyperparameter families in arrays.
NORMAL, STUDENT_T, HALF_NORMAL, LOG_NORMAL, PARTIAL_CORRELATION = 0, 1, 2, 3, 4
_FAMILIES = {
    "normal": NORMAL,
    "student_t": STUDENT_T,
    "half_normal": HALF_NORMAL,
    "log_normal": LOG_NORMAL,
    "partial_correlation": PARTIAL_CORRELATION,
}


class Kernel(NamedTuple):
    """A representation as plain arrays, in the order in which the kernel uses them.

    Observations that share a hyperparameter and terms of their noise are a *group*; counts of one
    group that are the same number are a *pair*, for which gamma functions are computed once.
    """

    mean: np.ndarray
    scale: np.ndarray
    scale_by: np.ndarray
    walk_start: np.ndarray
    walk_stop: np.ndarray
    correlated_start: np.ndarray
    correlated_rows: np.ndarray
    correlated_columns: np.ndarray
    correlated_hyper: np.ndarray
    family: np.ndarray
    location: np.ndarray
    spread: np.ndarray
    freedom: np.ndarray
    concentration: np.ndarray
    node_offset: np.ndarray
    node_pointer: np.ndarray
    node_column: np.ndarray
    node_value: np.ndarray
    cell_pointer: np.ndarray
    cell_column: np.ndarray
    cell_value: np.ndarray
    sum_start: np.ndarray
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
    group: np.ndarray
    group_noise: np.ndarray
    group_pointer: np.ndarray
    group_column: np.ndarray
    group_value: np.ndarray
    continuous: np.ndarray
    heavy: np.ndarray
    counted: np.ndarray
    counts: np.ndarray
    log_count: np.ndarray
    count_constant: np.ndarray
    pair: np.ndarray
    pair_group: np.ndarray
    pair_count: np.ndarray
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
    >>> from bajas.sampler.kernel import log_density
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
    correlated = [term for term in representation.terms if term.correlated_by is not None]
    terms_at, hyper_at = representation.term_slices, representation.hyper_slices
    start, stop = representation.runs.places
    return Kernel(
        mean=mean,
        scale=scale,
        scale_by=scale_by,
        walk_start=np.array(starts, dtype=np.int64),
        walk_stop=np.array(stops, dtype=np.int64),
        correlated_start=_whole([terms_at[t.name].start for t in correlated]),
        correlated_rows=_whole([t.shape[0] for t in correlated]),
        correlated_columns=_whole([t.size // t.shape[0] for t in correlated]),
        correlated_hyper=_whole([hyper_at[str(t.correlated_by)].start for t in correlated]),
        family=family.astype(np.int64),
        location=np.concatenate([h.location for h in hyper]).astype(float),
        spread=np.concatenate([h.scale for h in hyper]).astype(float),
        freedom=freedom.astype(float),
        concentration=np.concatenate([h.concentration for h in hyper]).astype(float),
        node_offset=representation.node_offset,
        **_csr("node", representation.node_design),
        **_csr("cell", representation.interpolation),
        sum_start=_whole([0, *representation.runs.edges, representation.cell_count]),
        run_observation=representation.runs.observation.astype(np.int64),
        run_start=start.astype(np.int64),
        run_stop=stop.astype(np.int64),
        run_weight=representation.runs.weight.astype(float),
        **_csr("bias", representation.reporting),
        **_csr("effect", representation.effects),
        form=representation.form.astype(np.int64),
        log_value=representation.log_value,
        log_sd=representation.log_sd,
        **_groups(representation),
        continuous=np.flatnonzero(representation.form < POISSON),
        heavy=np.array([heavy]),
        constant=np.array([_constant(representation)]),
    )


def _whole(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _groups(representation: Representation) -> dict[str, np.ndarray]:
    """Return groups of observations of the same noise and pairs of group and count."""
    rows = representation.log_noise
    keys: dict[tuple[int, bytes, bytes], int] = {}
    group = np.empty(len(representation.names), dtype=np.int64)
    firsts = []
    for i, noise in enumerate(representation.noise):
        part = slice(rows.indptr[i], rows.indptr[i + 1])
        key = (int(noise), rows.indices[part].tobytes(), rows.data[part].tobytes())
        if representation.form[i] == POISSON:  # has no noise
            key = (-1, b"", b"")
        if key not in keys:
            firsts.append(i if key != (-1, b"", b"") else -1)
        group[i] = keys.setdefault(key, len(keys))
    columns = [np.zeros(0, dtype=np.int64)]
    values, pointer = [np.zeros(0)], [0]
    for first in firsts:
        part = slice(rows.indptr[first], rows.indptr[first + 1]) if first >= 0 else slice(0, 0)
        columns.append(rows.indices[part].astype(np.int64))
        values.append(rows.data[part].astype(float))
        pointer.append(pointer[-1] + columns[-1].size)

    # Poisson first, then negative binomial: the kernel goes over both at once
    order = [np.flatnonzero(representation.form == f) for f in (POISSON, NEGATIVE_BINOMIAL)]
    counted = np.concatenate(order)
    count = representation.count[counted].astype(float)
    positive = np.maximum(count, 1.0)
    constant = -0.5 * np.log(2 * np.pi * positive) - stirling_remainder(positive)
    constant = np.where(count > 0, constant, 0.0)  # of y log y - y - log y!
    spread = order[1]
    pairs, pair = np.unique(
        np.stack([group[spread], representation.count[spread]]), axis=1, return_inverse=True
    )
    return {
        "group": group,
        "group_noise": _whole([representation.noise[f] if f >= 0 else -1 for f in firsts]),
        "group_pointer": _whole(pointer),
        "group_column": np.concatenate(columns),
        "group_value": np.concatenate(values),
        "counted": counted,
        "counts": count,
        "log_count": np.log(positive),
        "count_constant": constant,
        "pair": pair.ravel().astype(np.int64),
        "pair_group": pairs[0].astype(np.int64),
        "pair_count": pairs[1].astype(float),
    }


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
        elif hyper.family == "partial_correlation":
            b = hyper.concentration
            total -= np.sum((2 * b - 1) * np.log(2) + betaln(b, b))
            continue
        else:
            one = (np.log(2) if hyper.family == "half_normal" else 0.0) - half_log
        total += one * hyper.size
    return float(total)
