"""Levels: columns of the field that scale an observation's sum as a whole, as a bias does.

An intercept moves the log intensity of all cells that an observation adds up by the same amount, so
that the log of the sum moves by it too, exactly. The kernel takes such columns out of the cells and
adds them to locations: the density is the same, and the sums no longer depend on them.

What the claims know about a level is that it and the log sum of the rest add up to what they say.
Where the rest is little known the log of its sum is far from linear, and the ridge is curved; no
affine map follows it. Levels of which this is so are solved for given everything else, before the
biases and as those are: a family of one, with the observations' precisions reduced to what biases
that are integrated out leave of them. :mod:`bajas.sampler.biases` has the equations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, sparse

from bajas.model.representation import Representation
from bajas.sampler.linearised import Linearised, by_field

#: Draws at which it is seen how far the log of a sum is from linear.
_DRAWS = 8

#: A level is solved for if its ridge is bent by more, in conditional sds of the level.
_BENT = 0.5


@dataclass(frozen=True, eq=False)
class Level:
    """A column that is solved for given everything but biases.

    Parameters
    ----------
    column : int
        Its column of the field.
    observation : ndarray of int
        The observations that it moves.
    value : float
        By how much it moves their locations.
    share : ndarray
        Of each observation's precision, what biases leave of it.
    """

    column: int
    observation: np.ndarray
    value: float
    share: np.ndarray


def levels_by_observation(representation: Representation) -> sparse.csc_array:
    """Return by how much each level moves locations, shape (observation, field).

    Columns that aren't levels are empty.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    """
    cells = sparse.csc_array(representation.interpolation @ representation.node_design)
    cells.eliminate_zeros()
    noise = sparse.csc_array(representation.log_noise)
    runs, count = representation.runs, len(representation.names)
    lengths = np.bincount(runs.observation, runs.stop - runs.start, minlength=count)
    columns, rows, values = [], [np.zeros(0, dtype=np.int64)], []
    for term in representation.terms:
        part = representation.term_slices[term.name]
        if term.structure != "independent" or term.correlated_by is not None:
            continue
        for column in range(part.start, part.stop):
            entries = slice(cells.indptr[column], cells.indptr[column + 1])
            value = cells.data[entries]
            in_noise = noise.indptr[column] < noise.indptr[column + 1]
            if value.size == 0 or np.ptp(value) > 0.0 or in_noise:
                continue
            inside = np.zeros(representation.cell_count + 1)
            inside[cells.indices[entries] + 1] = 1.0
            inside = np.cumsum(inside)
            covered = np.bincount(
                runs.observation, inside[runs.stop] - inside[runs.start], minlength=count
            )
            if np.all((covered == 0) | (covered == lengths)):
                found = np.flatnonzero(covered)
                columns.append(column)
                rows.append(found)
                values.append(float(value[0]))
    sizes = [item.size for item in rows[1:]]
    return sparse.csc_array(
        (
            np.repeat(np.array(values, dtype=float), sizes),
            (np.concatenate(rows), np.repeat(np.array(columns, dtype=np.int64), sizes)),
        ),
        shape=(count, representation.field_size),
    )


def levels_outside_cells(representation: Representation) -> Representation:
    """Return the same model with levels in its locations instead of its cells.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    """
    levels = levels_by_observation(representation)
    if levels.nnz == 0:
        return representation
    kept = np.diff(levels.indptr) == 0
    nodes = sparse.csr_array(representation.node_design @ sparse.diags_array(kept.astype(float)))
    nodes.eliminate_zeros()
    return replace(
        representation,
        node_design=nodes,
        reporting=sparse.csr_array(representation.reporting + levels),
    )


def bent_levels(
    representation: Representation,
    draws: np.ndarray,
    known: Linearised,
    columns: np.ndarray,
    prior: np.ndarray,
) -> tuple[Level, ...]:
    """Return the levels whose ridge is bent and those of the same terms.

    At most one for each observation.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : ndarray, shape (draw, size)
        Standardised positions.
    known : Linearised
        The claims near them.
    columns : ndarray of int
        Biases, which are integrated out.
    prior : ndarray, shape (size,)
        Prior precision of steps and hyperparameters.
    """
    levels = levels_by_observation(representation)
    candidates = np.flatnonzero(np.diff(levels.indptr))
    if candidates.size == 0:
        return ()
    chosen = np.linspace(0, draws.shape[0] - 1, min(_DRAWS, draws.shape[0])).astype(int)
    parts = [representation.unpack(row) for row in draws[chosen]]
    field = np.array([row for row, _ in parts])
    slopes = sum(by_field(representation, *part)[0] for part in parts) / len(parts)
    logs = np.array([representation.expected_log(*part) for part in parts])
    bend = logs.T - (slopes - representation.reporting) @ (field - field.mean(axis=0)).T
    bend -= bend.mean(axis=1, keepdims=True)
    scale = np.concatenate([np.ravel(term.scale) for term in representation.terms])
    biases = np.asarray(representation.reporting[:, columns].todense()) * scale[columns]
    inner = known.information[np.ix_(columns, columns)] + np.diag(prior[columns])
    owner = np.repeat(
        np.arange(len(representation.terms)), [term.size for term in representation.terms]
    )
    found, bent = [], set()
    taken = np.zeros(len(representation.names), dtype=bool)
    order = np.argsort(np.diff(levels.indptr)[candidates], kind="stable")
    for column in candidates[order]:
        entries = slice(levels.indptr[column], levels.indptr[column + 1])
        rows, value = levels.indices[entries], float(levels.data[entries][0])
        weight = known.weight[rows]
        if taken[rows].any() or not weight.any():
            continue
        left = weight.copy()
        if columns.size:
            pull = biases[rows].T @ weight
            left -= weight * (biases[rows] @ linalg.solve(inner, pull, assume_a="pos"))
        total, left = left.sum(), np.maximum(left, 0.0)
        if total <= 0.0:
            continue
        left *= total / left.sum()
        precision = value**2 * total + prior[column] / scale[column] ** 2
        shift = left @ bend[rows] / total / value
        if np.std(shift) * np.sqrt(precision) > _BENT:
            bent.add(owner[column])
        share = left / np.where(weight > 0, weight, 1.0)
        found.append(Level(int(column), rows, value, share))
        taken[rows] = True
    return tuple(level for level in found if owner[level.column] in bent)
