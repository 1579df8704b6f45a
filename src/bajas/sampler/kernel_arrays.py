"""A representation as the plain arrays that the fused kernel runs over."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import betaln, gammaln

from bajas.model.family import NEGATIVE_BINOMIAL, POISSON, stirling_remainder
from bajas.model.representation import Representation
from bajas.sampler.compiled import discard_stale
from bajas.sampler.curves import Curves, curve_arrays

#: Codes of hyperparameter families in arrays.
NORMAL, STUDENT_T, HALF_NORMAL, LOG_NORMAL, PARTIAL_CORRELATION = 0, 1, 2, 3, 4
_FAMILIES = {
    "normal": NORMAL,
    "student_t": STUDENT_T,
    "half_normal": HALF_NORMAL,
    "log_normal": LOG_NORMAL,
    "partial_correlation": PARTIAL_CORRELATION,
}


class Product(NamedTuple):
    """A sparse matrix by rows, for products with vectors.

    Indices without a sign: compiled code needn't ask whether they count from the end.
    """

    pointer: np.ndarray
    column: np.ndarray
    value: np.ndarray


class Counts(NamedTuple):
    """Observations that are counts: Poisson first, then negative binomial by group and count.

    Negative binomial counts of one group that are the same number are a *pair*, for which gamma
    functions are computed once.
    """

    observation: np.ndarray
    count: np.ndarray  # type: ignore[assignment]  # hides a method of tuples
    log_count: np.ndarray
    constant: np.ndarray
    pair: np.ndarray
    pair_count: np.ndarray
    group: np.ndarray
    group_start: np.ndarray
    group_pair_start: np.ndarray


class Kernel(NamedTuple):
    """A representation as plain arrays, in the order in which the kernel uses them.

    Each sparse matrix is there with its transpose, the way back of the gradient. Observations that
    share a hyperparameter and terms of their noise are a *group*.
    """

    constant: np.ndarray
    family: np.ndarray
    location: np.ndarray
    spread: np.ndarray
    freedom: np.ndarray
    concentration: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    scaled_start: np.ndarray
    scaled_stop: np.ndarray
    scaled_hyper: np.ndarray
    walk_start: np.ndarray
    walk_stop: np.ndarray
    correlated_start: np.ndarray
    correlated_rows: np.ndarray
    correlated_columns: np.ndarray
    correlated_hyper: np.ndarray
    node_offset: np.ndarray
    node: Product
    node_back: Product
    cell: Product
    cell_back: Product
    sum_start: np.ndarray
    run_observation: np.ndarray
    run_start: np.ndarray
    run_stop: np.ndarray
    run_weight: np.ndarray
    curves: Curves
    bias: Product
    bias_back: Product
    effect: Product
    effect_back: Product
    group: np.ndarray
    group_noise: np.ndarray
    log_noise: Product
    log_noise_back: Product
    continuous: np.ndarray
    form: np.ndarray
    log_value: np.ndarray
    log_sd: np.ndarray
    heavy: np.ndarray
    counts: Counts


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
    discard_stale()  # nothing compiled runs without these arrays
    size = representation.field_size
    mean, scale = np.empty(size), np.empty(size)
    scaled: list[tuple[int, int, int]] = []
    walks: list[tuple[int, int]] = []
    correlated: list[tuple[int, int, int, int]] = []
    for term in representation.terms:
        part = representation.term_slices[term.name]
        mean[part], scale[part] = term.mean.ravel(), term.scale.ravel()
        columns = term.size // term.shape[0]
        if term.scale_by is not None:
            first = representation.hyper_slices[term.scale_by].start
            edges = range(part.start, part.stop + 1, columns)
            scaled += [(a, b, first + i) for i, (a, b) in enumerate(pairwise(edges))]
        if term.structure == "random_walk":
            walks += pairwise(range(part.start, part.stop + 1, term.shape[-1]))
        if term.correlated_by is not None:
            first = representation.hyper_slices[term.correlated_by].start
            correlated.append((part.start, term.shape[0], columns, first))
    hyper = representation.hyperparameters
    start, stop = representation.runs.places
    group, firsts = _groups(representation)
    log_noise = sparse.csr_array(representation.log_noise[firsts])
    return Kernel(
        constant=np.array([_constant(representation)]),
        family=_whole([_FAMILIES[h.family] for h in hyper for _ in range(h.size)]),
        location=_joined([h.location for h in hyper]),
        spread=_joined([h.scale for h in hyper]),
        freedom=_joined([np.full(h.size, h.degrees_of_freedom) for h in hyper]),
        concentration=_joined([h.concentration for h in hyper]),
        mean=mean,
        scale=scale,
        **_columns(("scaled_start", "scaled_stop", "scaled_hyper"), scaled),
        **_columns(("walk_start", "walk_stop"), walks),
        **_columns(
            ("correlated_start", "correlated_rows", "correlated_columns", "correlated_hyper"),
            correlated,
        ),
        node_offset=representation.node_offset.astype(float),
        node=_product(representation.node_design),
        node_back=_product(representation.node_design.T),
        cell=_product(representation.interpolation),
        cell_back=_product(representation.interpolation.T),
        sum_start=_whole([0, *representation.runs.edges, representation.cell_count]),
        run_observation=representation.runs.observation.astype(np.uint64),
        run_start=start.astype(np.uint64),
        run_stop=stop.astype(np.uint64),
        run_weight=representation.runs.weight.astype(float),
        curves=curve_arrays(representation),
        bias=_product(representation.reporting),
        bias_back=_product(representation.reporting.T),
        effect=_product(representation.effects),
        effect_back=_product(representation.effects.T),
        group=group,
        group_noise=_whole(representation.noise[firsts]),
        log_noise=_product(log_noise),
        log_noise_back=_product(log_noise.T),
        continuous=np.flatnonzero(representation.form < POISSON),
        form=_whole(representation.form),
        log_value=representation.log_value,
        log_sd=representation.log_sd,
        heavy=np.array([representation.degrees_of_freedom == 4.0]),
        counts=_counts(representation, group, len(firsts)),
    )


def lacking(representation: Representation) -> list[str]:
    """Return what the kernel can't compute of a representation, in words; mostly nothing.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    """
    found = [
        f"terms of structure {term.structure!r} ({term.name})"
        for term in representation.terms
        if term.structure not in ("independent", "random_walk")
    ]
    found += [
        f"hyperparameters of family {hyper.family!r} ({hyper.name})"
        for hyper in representation.hyperparameters
        if hyper.family not in _FAMILIES
    ]
    if representation.degrees_of_freedom not in (4.0, np.inf):
        found.append(f"errors with {representation.degrees_of_freedom:g} degrees of freedom")
    if np.any(representation.form > NEGATIVE_BINOMIAL):
        found.append("observations of an unknown form")
    return found


def _whole(values: Any) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0), *parts])  # floats, even of no parts


def _columns(names: tuple[str, ...], rows: list[Any]) -> dict[str, Any]:
    table = _whole(rows).reshape(-1, len(names))
    return {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(names)}


def _product(matrix: Any) -> Product:
    rows = sparse.csr_array(matrix)
    return Product(
        rows.indptr.astype(np.uint64), rows.indices.astype(np.uint32), rows.data.astype(float)
    )


def _groups(representation: Representation) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each observation and the first observation of each group."""
    rows = representation.log_noise
    keys: dict[tuple[int, bytes, bytes], int] = {}
    group, firsts = np.empty(len(representation.names), dtype=np.int64), []
    for i, noise in enumerate(representation.noise):
        part = slice(rows.indptr[i], rows.indptr[i + 1])
        key = (int(noise), rows.indices[part].tobytes(), rows.data[part].tobytes())
        if key not in keys:
            firsts.append(i)
        group[i] = keys.setdefault(key, len(keys))
    return group, _whole(firsts)


def _counts(representation: Representation, group: np.ndarray, groups: int) -> Counts:
    poisson = np.flatnonzero(representation.form == POISSON)
    spread = np.flatnonzero(representation.form == NEGATIVE_BINOMIAL)
    spread = spread[np.lexsort((representation.count[spread], group[spread]))]
    pairs, pair = np.unique(
        np.stack([group[spread], representation.count[spread]]), axis=1, return_inverse=True
    )
    observation = np.concatenate([poisson, spread])
    count = representation.count[observation].astype(float)
    positive = np.maximum(count, 1.0)
    constant = -0.5 * np.log(2 * np.pi * positive) - stirling_remainder(positive)
    found = np.unique(group[spread])
    return Counts(
        observation=observation.astype(np.uint64),
        count=count,
        log_count=np.log(positive),
        constant=np.where(count > 0, constant, 0.0),  # y log y - y - log y!
        pair=pair.ravel().astype(np.uint32),
        pair_count=pairs[1].astype(float),
        group=_whole(found),
        group_start=_whole(np.searchsorted(group[spread], np.append(found, groups))),
        group_pair_start=_whole(np.searchsorted(pairs[0], np.append(found, groups))),
    )


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
