"""A representation as the data of ``representation.stan``; positions in Stan count from 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from bajas.model.family import AT_LEAST, NEGATIVE_BINOMIAL, POINT, POISSON
from bajas.model.representation import Representation


def stan_data(representation: Representation) -> dict[str, Any]:
    """Return the data block, as plain lists and numbers.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    """
    r = representation
    if len(r.curves):
        raise ValueError("the Stan program has no completeness curves")
    runs = r.runs
    start, stop = runs.places
    adding = sparse.csr_array(
        (runs.weight, (runs.observation, np.arange(runs.weight.size))),
        shape=(len(r.names), runs.weight.size),
    )
    noisy = np.flatnonzero(r.noise >= 0)
    bounds = np.flatnonzero((r.form != POINT) & (r.form < POISSON))
    poisson, binomial = (np.flatnonzero(r.form == form) for form in (POISSON, NEGATIVE_BINOMIAL))
    sums = np.r_[0, runs.edges, r.cell_count]
    data: dict[str, Any] = {
        "F": r.field_size,
        "H": r.hyper_size,
        "M": r.node_offset.size,
        "C": r.cell_count,
        "O": len(r.names),
        "R": runs.weight.size,
        **_terms(r),
        **_hyperparameters(r),
        **_csr("node", r.node_design),
        "node_offset": r.node_offset,
        **_csr("cell", r.interpolation),
        **_csr("bias", r.reporting),
        **_csr("effect", r.effects),
        **_csr("log_noise", r.log_noise),
        **_csr("adding", adding),
        "n_sums": sums.size - 1,
        "sums_first": sums + 1,
        "run_start": start + 1,
        "run_stop": stop + 1,
        "one_run_each": int(runs.observation.size == len(r.names)),
        "n_noise": noisy.size,
        "noisy": noisy + 1,
        "noise": r.noise[noisy] + 1,
        "log_value": np.where(r.form < POISSON, r.log_value, 0.0),
        "log_variance": r.log_sd**2,
        **_indices("point", np.flatnonzero(r.form == POINT)),
        **_indices("bound", bounds),
        "bound_sign": np.where(r.form[bounds] == AT_LEAST, -1.0, 1.0),
        **_indices("poisson", poisson),
        "poisson_count": r.count[poisson].astype(int),
        **_indices("binomial", binomial),
        "binomial_count": r.count[binomial].astype(int),
        "heavy": int(r.degrees_of_freedom == 4.0),
    }
    return {k: v.tolist() if isinstance(v, np.ndarray) else int(v) for k, v in data.items()}


def _indices(name: str, at: np.ndarray) -> dict[str, Any]:
    return {f"n_{name}": at.size, f"{name}_at": at + 1}


def _csr(name: str, matrix: sparse.csr_array) -> dict[str, Any]:
    matrix = sparse.csr_array(matrix)
    return {
        f"{name}_n": matrix.nnz,
        f"{name}_w": matrix.data.astype(float),
        f"{name}_v": matrix.indices + 1,
        f"{name}_s": matrix.indptr + 1,
    }


def _terms(r: Representation) -> dict[str, Any]:
    mean, scale = np.empty(r.field_size), np.empty(r.field_size)
    by = np.full(r.field_size, -1)
    walks: list[tuple[int, int]] = []
    correlated: list[tuple[int, int, int, int]] = []
    for term in r.terms:
        part = r.term_slices[term.name]
        mean[part], scale[part] = term.mean.ravel(), term.scale.ravel()
        if term.size == 0:
            continue
        if term.scale_by is not None:
            first = r.hyper_slices[term.scale_by].start
            by[part] = first + np.repeat(np.arange(term.shape[0]), term.size // term.shape[0])
        if term.structure == "random_walk":
            step = term.shape[-1]
            walks += [(a + 1, a + step) for a in range(part.start, part.stop, step)]
        if term.correlated_by is not None:
            first = r.hyper_slices[term.correlated_by].start
            rows = term.shape[0]
            correlated.append((part.start + 1, rows, term.size // rows, first + 1))
    scaled = np.flatnonzero(by >= 0)
    walk = np.array(walks, dtype=int).reshape(-1, 2)
    blocks = np.array(correlated, dtype=int).reshape(-1, 4)
    return {
        "mean_": mean,
        "scale": scale,
        "n_scaled": scaled.size,
        "scaled": scaled + 1,
        "scaled_by": by[scaled] + 1,
        "n_walk": len(walks),
        "walk_first": walk[:, 0],
        "walk_last": walk[:, 1],
        "n_correlated": len(correlated),
        "corr_first": blocks[:, 0],
        "corr_rows": blocks[:, 1],
        "corr_columns": blocks[:, 2],
        "corr_hyper": blocks[:, 3],
    }


def _hyperparameters(r: Representation) -> dict[str, Any]:
    hyper = r.hyperparameters
    none = np.zeros(0)
    family = np.concatenate(
        [none.astype(object), *(np.full(h.size, h.family, dtype=object) for h in hyper)]
    )
    freedom = np.concatenate([none, *(np.full(h.size, h.degrees_of_freedom) for h in hyper)])
    concentration = np.concatenate(
        [none, *(np.broadcast_to(h.concentration, h.size) for h in hyper)]
    )
    at = {
        short: np.flatnonzero(family == name)
        for short, name in (
            ("normal", "normal"), ("log_normal", "log_normal"), ("half", "half_normal"),
            ("student", "student_t"), ("partial", "partial_correlation"),
        )
    }  # fmt: skip
    found: dict[str, Any] = {
        "location": np.concatenate([none, *(h.location for h in hyper)]).astype(float),
        "spread": np.concatenate([none, *(h.scale for h in hyper)]).astype(float),
        "freedom": freedom[at["student"]].astype(float),
        "concentration": concentration[at["partial"]].astype(float),
    }
    for name, where in at.items():
        found |= _indices(name, where)
    return found
