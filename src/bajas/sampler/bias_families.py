"""Families of biases: which columns of a representation are solved for given everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from bajas.model.family import AT_LEAST, NEGATIVE_BINOMIAL, POINT, POISSON
from bajas.model.representation import Representation
from bajas.sampler.biases import Biases

#: Families larger than this cost more than they save.
_LARGEST = 48

#: A wall's slope s per sd of its error, in conditional sds; above the limit there is no wall.
_SLOPE, _NO_WALL = 1.0, 0.9


def bias_columns(representation: Representation) -> np.ndarray:
    """Return the columns of the field that enter observations and nothing else, as families can.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    """
    families = _families(representation)
    return np.concatenate([np.zeros(0, dtype=np.int64), *families])


def bias_arrays(representation: Representation, draws: np.ndarray | None = None) -> Biases:
    """Return the families of biases of a representation.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : ndarray, shape (draw, size), optional
        Standardised positions that say which bounds bind; no walls without them.
    """
    reporting = sparse.csr_array(representation.reporting)
    scale = np.concatenate([np.ravel(term.scale) for term in representation.terms])
    form = representation.form
    expected = 5.0 / 7.0 if representation.degrees_of_freedom == 4.0 else 1.0
    lists: dict[str, list[Any]] = {name: [] for name in Biases._fields}
    for name in ("start", "pattern_start", "observation_start", "entry_start", "matrix_start"):
        lists[name].append(0)
    for columns in _families(representation):
        rows = np.unique(sparse.csc_array(reporting[:, columns]).indices)
        wall = _wall(representation, columns, rows, draws, expected)
        if wall is not None:  # the widest bias comes first: it is solved for last, given the others
            part = slice(reporting.indptr[wall[0]], reporting.indptr[wall[0] + 1])
            inside = [c for c in reporting.indices[part] if c in columns]
            widest = max(inside, key=lambda c: float(scale[c]))
            columns = np.array([widest, *(c for c in columns if c != widest)])
        place = {int(c): i for i, c in enumerate(columns)}
        values = np.zeros(columns.size)
        for pattern, members in _patterns(reporting, rows, place).items():
            lists["entry"].extend(local for local, _ in pattern)
            lists["entry_value"].extend(value for _, value in pattern)
            lists["entry_start"].append(len(lists["entry"]))
            for row in members:
                known = form[row] in (POINT, POISSON, NEGATIVE_BINOMIAL)
                count = max(representation.count[row], 0.5)
                counted = form[row] >= POISSON
                lists["observation"].append(row)
                lists["weight"].append((1.0 if counted else expected) if known else 0.0)
                lists["target"].append(np.log(count) if counted else representation.log_value[row])
                lists["own_variance"].append(1 / count if counted else 0.0)
                lists["kind"].append(1 if form[row] == NEGATIVE_BINOMIAL else 2 * counted)
                if wall is not None and row == wall[0]:
                    np.add.at(values, [local for local, _ in pattern], [v for _, v in pattern])
                    target = representation.log_value[row]
            lists["observation_start"].append(len(lists["observation"]))
        lists["pattern_start"].append(len(lists["entry_start"]) - 1)
        lists["wall_target"].append(0.0 if wall is None else target)
        lists["column"].extend(columns)
        lists["start"].append(len(lists["column"]))
        lists["matrix_start"].append(lists["matrix_start"][-1] + columns.size**2)
        lists["wall"].append(-1 if wall is None else wall[0])
        lists["wall_value"].extend(values)
        lists["wall_slope"].append(1.0 if wall is None else wall[1])
        bound = AT_LEAST if wall is None else form[wall[0]]
        lists["wall_sign"].append(1.0 if bound == AT_LEAST else -1.0)
    real = (
        "entry_value", "weight", "target", "own_variance",
        "wall_value", "wall_target", "wall_sign", "wall_slope",
    )  # fmt: skip
    return Biases(
        **{
            name: np.array(values, dtype=float if name in real else np.int64)
            for name, values in lists.items()
        }
    )


def _patterns(
    reporting: sparse.csr_array, rows: np.ndarray, place: dict[int, int]
) -> dict[tuple[tuple[int, float], ...], list[int]]:
    """Return the observations of each pattern of entries within a family."""
    found: dict[tuple[tuple[int, float], ...], list[int]] = {}
    for row in rows:
        part = range(reporting.indptr[row], reporting.indptr[row + 1])
        entries = [(int(reporting.indices[e]), float(reporting.data[e])) for e in part]
        pattern = tuple((place[column], value) for column, value in entries if column in place)
        found.setdefault(pattern, []).append(int(row))
    return found


def _families(representation: Representation) -> list[np.ndarray]:
    """Return the columns of each family: connected by observations that they share."""
    nodes, noise, reporting = (
        sparse.csc_array(matrix)
        for matrix in (
            representation.node_design, representation.log_noise, representation.reporting
        )
    )  # fmt: skip
    for matrix in (nodes, noise):
        matrix.eliminate_zeros()
    found = []
    for term in representation.terms:
        part = representation.term_slices[term.name]
        if term.structure != "independent" or term.correlated_by is not None:
            continue
        found += [
            column
            for column in range(part.start, part.stop)
            if nodes.indptr[column] == nodes.indptr[column + 1]
            and noise.indptr[column] == noise.indptr[column + 1]
            and reporting.indptr[column] < reporting.indptr[column + 1]
        ]
    columns = np.array(found, dtype=np.int64)
    while columns.size:
        inside = abs(sparse.csr_array(reporting[:, columns]))
        count, label = connected_components(inside.T @ inside, directed=False)
        sizes = np.bincount(label, minlength=count)
        if sizes.max() <= _LARGEST:
            return [columns[label == item] for item in range(count)]
        # a column that many others meet holds a large family together: it stays outside
        meets = np.diff(sparse.csr_array(inside.T @ inside).indptr)
        large = np.flatnonzero(sizes[label] > _LARGEST)
        columns = np.delete(columns, large[np.argmax(meets[large])])
    return []


def _wall(
    representation: Representation,
    columns: np.ndarray,
    rows: np.ndarray,
    draws: np.ndarray | None,
    expected: float,
) -> tuple[int, float] | None:
    """Return the most binding bound of a family and the slope beyond its wall, if there is one."""
    form = representation.form
    bounds = rows[(form[rows] != POINT) & (form[rows] < POISSON)]
    if draws is None or bounds.size == 0:
        return None
    field, hyper = representation.unpack(draws)
    sigma = np.median(representation.noise_scale(hyper, field), axis=0)
    margin = representation.location(field, hyper)[:, bounds] - representation.log_value[bounds]
    margin = np.where(form[bounds] == AT_LEAST, margin, -margin)
    chosen = int(bounds[np.argmin(np.median(margin, axis=0))])
    reporting = sparse.csr_array(representation.reporting)
    part = slice(reporting.indptr[chosen], reporting.indptr[chosen + 1])
    inside = reporting.indices[part][np.isin(reporting.indices[part], columns)]
    scale = np.concatenate([np.ravel(term.scale) for term in representation.terms])
    points = rows[form[rows] == POINT]
    precision = scale[inside].max() ** -2.0 + (expected / sigma[points] ** 2).sum()
    slope = _SLOPE * float(sigma[chosen]) * float(np.sqrt(precision))
    return None if slope > _NO_WALL else (chosen, slope)
