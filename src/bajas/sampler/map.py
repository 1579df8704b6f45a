"""The map: coordinates in which the posterior is nearly standard normal.

Three changes of coordinates, exact whatever their settings; only efficiency depends on them:

1. affine (:mod:`bajas.sampler.affine`): ridges between levels, paths, ratios and shared effects;
2. series given their scales and the noise (:mod:`bajas.sampler.series`): funnels of paths;
3. biases given everything else (:mod:`bajas.sampler.biases`): ridges and funnels of sources.

From whitened coordinates w the affine part gives coordinates, the series replace theirs by
standardised innovations, and the kernel solves for the biases on its way to the observations.

The joint mode is no good reference point: scales collapse there. The first map is taken at the mode
of the field with scales and noise held at their prior medians; the second from the draws of a short
pilot run, whose information is averaged; warm-up draws then refine its affine part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, optimize, sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from bajas.model.family import POISSON
from bajas.model.representation import Representation
from bajas.model.term import Hyperparameter, Term
from bajas.sampler.affine import Affine, block_of
from bajas.sampler.biases import Biases, bias_arrays, bias_columns
from bajas.sampler.kernel_arrays import Kernel
from bajas.sampler.linearised import Linearised, linearise
from bajas.sampler.mapped import MapArrays, mapped_log_density, to_position
from bajas.sampler.series import Series, series_arrays

#: Directions of a series that the claims inform less than this, in units of its prior, are left.
_INFORMED = 0.05

#: If more than this share of a series' directions is informed, all of them are kept.
_MOSTLY = 0.6

#: Directions whose scale is within this share of one are left out of the affine part.
_NEAR_ONE = 0.03

#: Above this size the affine part has clusters, and across them so many directions at most.
_CLUSTERED, _LEADING = 700, 64

#: Above this size only leading directions are looked for.
_DENSE = 2000

#: Series hang together if their coordinates are correlated by more than this.
_TIED = 0.1

#: Steps of the search for the mode of the field.
_MODE_STEPS = 200


@dataclass(frozen=True, eq=False)
class Map:
    """From whitened coordinates w to standardised coordinates of a representation.

    Parameters
    ----------
    affine : Affine
        The identity plus a low-rank matrix.
    series : tuple of Series
        Series that are whitened given their scale.
    biases : Biases
        Families of biases that are solved for given everything else.
    """

    affine: Affine
    series: tuple[Series, ...]
    biases: Biases

    def arrays(self) -> MapArrays:
        """Return the map as plain arrays."""
        return MapArrays(
            self.affine.centre,
            self.affine.scale,
            self.affine.block,
            np.ascontiguousarray(self.affine.left),
            np.ascontiguousarray(self.affine.right),
            series_arrays(self.series),
            self.biases,
        )

    def position(self, whitened: np.ndarray, kernel: Kernel) -> np.ndarray:
        """Return standardised positions of whitened coordinates, shape (..., size)."""
        flat = np.ascontiguousarray(whitened.reshape(-1, whitened.shape[-1]))
        found = np.empty_like(flat)
        arrays = self.arrays()
        for row in range(flat.shape[0]):
            to_position(flat[row], found[row], kernel, arrays)
        return found.reshape(whitened.shape)

    def refined(self, whitened: np.ndarray, gradients: np.ndarray) -> Map:
        """Return the map with its affine part refined by draws; see :class:`Affine`."""
        size = whitened.shape[-1]
        return replace(
            self, affine=self.affine.refined(whitened.reshape(-1, size), gradients.reshape(-1, size))
        )


def first_map(representation: Representation, kernel: Kernel) -> Map:
    """Return the map at the mode of the field, scales and noise held at their prior medians."""
    position = np.zeros((1, representation.size))
    for _ in range(2):
        item = map_from_draws(representation, position, walls=False)
        position = _field_mode(representation, kernel, item)[None]
    return map_from_draws(representation, position, walls=False)


def map_from_draws(representation: Representation, draws: np.ndarray, walls: bool = True) -> Map:
    """Return the map of the information averaged over draws.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : ndarray, shape (draw, size)
        Some dozens of draws in standardised coordinates.
    walls : bool
        Let binding bounds be walls; needs draws that know the noise.
    """
    known = linearise(representation, draws)
    columns = bias_columns(representation)
    prior, reference = _prior_precision(representation, draws)
    core = np.ones(representation.size, dtype=bool)
    core[columns] = False
    biased = known.information[np.ix_(columns, columns)] + np.diag(prior[columns])
    cross = known.information[np.ix_(core, columns)]
    solved = linalg.solve(biased, cross.T, assume_a="pos") if columns.size else cross.T
    marginal = np.zeros_like(known.information)
    marginal[np.ix_(core, core)] = known.information[np.ix_(core, core)] - cross @ solved
    noise = _about_noise(representation, known, columns, biased)
    series = tuple(_series(representation, draws, known, marginal, prior, core))
    for item in series:
        reference[item.part] = item.reference_scale
        prior[item.part] = item.reference_scale**-2
    affine = _affine(representation, draws, series, marginal, prior, noise, core, reference)
    return Map(affine, series, bias_arrays(representation, draws if walls else None))


def log_slopes(representation: Representation) -> np.ndarray:
    """Return d log(value) / d standard of each positive hyperparameter, 0 for real ones."""
    parts = [np.zeros(0)]
    for hyper in representation.hyperparameters:
        if hyper.family == "half_normal":
            parts.append(np.ones(hyper.size))
        elif hyper.family == "log_normal":
            parts.append(hyper.scale)
        else:
            parts.append(np.zeros(hyper.size))
    return np.concatenate(parts)


def _log_linear(hyper: Hyperparameter, row: int) -> tuple[float, float]:
    """Return a and b of scale = exp(a + b u) with u the standardised coordinate."""
    if hyper.family == "half_normal":
        return float(np.log(hyper.scale[row])), 1.0
    if hyper.family == "log_normal":
        return float(hyper.location[row]), float(hyper.scale[row])
    raise ValueError(f"a scale needs a positive prior, not {hyper.family}")


def _prior_precision(
    representation: Representation, draws: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the prior precision of steps and hyperparameters, and each step's scale tau."""
    precision, scale = np.ones(representation.size), np.ones(representation.size)
    for term in representation.terms:
        if term.scale_by is None:
            continue
        hyper = next(h for h in representation.hyperparameters if h.name == term.scale_by)
        where = representation.hyper_slices[hyper.name].start + representation.field_size
        part = representation.term_slices[term.name]
        taus = []
        for row in range(term.shape[0]):
            a, b = _log_linear(hyper, row)
            taus.append(np.exp(a + b * draws[:, where + row].mean()))
        scale[part] = np.repeat(taus, term.size // term.shape[0])
        precision[part] = scale[part] ** -2
    for hyper in representation.hyperparameters:
        where = representation.hyper_slices[hyper.name]
        part = slice(
            representation.field_size + where.start, representation.field_size + where.stop
        )
        if hyper.family == "half_normal":
            precision[part] = np.mean(2 * np.exp(2 * draws[:, part]), axis=0)
        elif hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            precision[part] = (nu + 1) / (nu + 3)
        elif hyper.family == "partial_correlation":  # mean of -d2 log p / du2 under the prior
            twice = 2 * hyper.concentration
            precision[part] = twice * twice / (twice + 1)
    return np.maximum(precision, 0.05), scale


def _about_noise(
    representation: Representation, known: Linearised, columns: np.ndarray, biased: np.ndarray
) -> np.ndarray:
    """Return the information about each hyperparameter as a noise scale.

    An observation that has a bias of its own says little about noise: its share is what its biases
    leave, one minus its leverage.
    """
    found = np.zeros(representation.hyper_size)
    left = np.ones(len(representation.names))
    if columns.size:
        rows = np.asarray(representation.reporting[:, columns].todense())
        scale = np.concatenate([np.ravel(term.scale) for term in representation.terms])[columns]
        rows = rows * scale
        left -= known.weight * np.einsum("ij,ij->i", rows, linalg.solve(biased, rows.T).T)
    at = representation.noise >= 0
    slopes = log_slopes(representation)
    added = (known.about_noise * known.noise_share**2 * np.clip(left, 0.02, 1.0))[at]
    np.add.at(found, representation.noise[at], added * slopes[representation.noise[at]] ** 2)
    return found


def _series(
    representation: Representation,
    draws: np.ndarray,
    known: Linearised,
    marginal: np.ndarray,
    prior: np.ndarray,
    core: np.ndarray,
) -> list[Series]:
    """Decompose the claims' information about every series."""
    rows = []
    single = np.zeros(representation.size, dtype=bool)
    single[representation.field_size :] = np.diag(marginal)[representation.field_size :] > 0
    for term in representation.terms:
        part = representation.term_slices[term.name]
        length = term.size // term.shape[0]
        for row in range(term.shape[0]):
            where = slice(part.start + row * length, part.start + (row + 1) * length)
            if term.structure == "random_walk" or (term.scale_by is not None and length > 1):
                if core[where].all():
                    rows.append((term, row, where))
                    continue
            single[where] = core[where]
    others = np.flatnonzero(single)
    inverse = linalg.inv(marginal[np.ix_(others, others)] + np.diag(prior[others]))
    found = []
    for term, row, where in rows:
        cross = marginal[where, others]
        information = marginal[where, where] - cross @ inverse @ cross.T
        values, vectors = linalg.eigh(information)
        scale_column, log_unit, slope = -1, 0.0, 0.0
        if term.scale_by is not None:
            hyper = next(h for h in representation.hyperparameters if h.name == term.scale_by)
            log_unit, slope = _log_linear(hyper, row)
            start = representation.hyper_slices[hyper.name].start
            scale_column = representation.field_size + start + row
        partial = -1
        if term.correlated_by is not None:
            partial = representation.hyper_slices[term.correlated_by].start
            partial += representation.field_size
        bare = Series(
            part=where, scale_column=scale_column, log_unit=log_unit, slope=slope,
            reference_scale=1.0, directions=vectors[:, :0], information=values[:0],
            pull=values[:0], noise_column=np.zeros(0, dtype=np.int64), noise_slope=values[:0],
            noise_reference=values[:0], share=np.zeros((0, 0)),
            row=row if partial >= 0 else 0, partial_column=partial,
        )  # fmt: skip
        tau, mean = bare.given(draws)
        reference = float(np.exp(np.log(tau).mean()))
        informed = values * reference**2 > _INFORMED
        if informed.mean() > _MOSTLY:
            informed[:] = True
        h, directions = np.maximum(values[informed], 0.0), vectors[:, informed]
        noise_column, share = _noise_shares(representation, known, term, where, directions)
        slopes = log_slopes(representation)
        # e of the draws, and its prior mean given the rows before: what is left is the claims'
        centre = ((draws[:, where] * tau + mean) @ directions).mean(axis=0)
        moved = centre - (mean @ directions).mean(axis=0)
        found.append(
            replace(
                bare,
                reference_scale=reference,
                directions=directions,
                information=h,
                pull=centre * h + moved / reference**2,
                noise_column=noise_column,
                noise_slope=slopes[noise_column - representation.field_size],
                noise_reference=draws[:, noise_column].mean(axis=0),
                share=share,
            )
        )
    return found


def _noise_shares(
    representation: Representation,
    known: Linearised,
    term: Term,
    part: slice,
    directions: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the noise scales behind a series' information, and their shares by direction."""
    block = known.jacobian[:, part]
    rows = np.flatnonzero(np.diff(block.indptr))
    rows = rows[(representation.noise[rows] >= 0) | (known.weight[rows] > 0)]
    if directions.shape[1] == 0 or rows.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros((directions.shape[1], 0))
    start = part.start - representation.term_slices[term.name].start
    scale = np.ravel(term.scale)[start : start + directions.shape[0]]
    if term.structure == "random_walk":
        along = block[rows] @ np.cumsum(directions * scale[:, None], axis=0)
    else:
        along = block[rows] @ (directions * scale[:, None])
    along = along**2
    along *= known.weight[rows][:, None]
    total = np.maximum(along.sum(axis=0), 1e-300)
    moving = np.flatnonzero(
        (representation.noise[rows] >= 0) & (representation.form[rows] < POISSON)
    )
    groups = np.unique(representation.noise[rows[moving]])
    share = np.zeros((directions.shape[1], groups.size))
    for g, group in enumerate(groups):
        inside = moving[representation.noise[rows[moving]] == group]
        weighted = along[inside] * known.noise_share[rows[inside]][:, None]
        share[:, g] = weighted.sum(axis=0) / total
    kept = share.max(axis=0) > 0.02 if groups.size else np.zeros(0, dtype=bool)
    return representation.field_size + groups[kept], share[:, kept]


def _affine(
    representation: Representation,
    draws: np.ndarray,
    series: tuple[Series, ...],
    marginal: np.ndarray,
    prior: np.ndarray,
    noise: np.ndarray,
    core: np.ndarray,
    reference: np.ndarray,
) -> Affine:
    """Whiten what the series leave: the identity plus the directions that differ from it."""
    size = representation.size
    coordinates = draws.copy()
    whitened = np.zeros(size, dtype=bool)
    active, slots = [], 0
    about_scale = np.zeros(size)
    for item in series:
        coordinates[:, item.part] = item.coordinates(draws)
        whitened[item.part] = True
        if item.scale_column >= 0:
            known = item.information * reference[item.part.start] ** 2
            about_scale[item.scale_column] += (
                item.slope**2 * 2 * ((known / (1 + known)) ** 2).sum()
            )
        if item.information.size:
            unit = 1 / np.sqrt(reference[item.part.start] ** -2 + item.information)
            active.append((item.part, item.directions * unit, item.directions, slots))
            slots += item.information.size
    rest = np.flatnonzero(core & ~whitened)
    precision = np.zeros((slots + rest.size, slots + rest.size))
    total = marginal + np.diag(prior)
    fixed = np.arange(size) >= representation.field_size
    extra = about_scale.copy()
    extra[representation.field_size :] += noise
    total[np.diag_indices(size)] += np.where(fixed, extra, 0.0)
    scale = reference[rest]
    for part, weighted, _, slot in active:
        here = slice(slot, slot + weighted.shape[1])
        for other, other_weighted, _, other_slot in active:
            there = slice(other_slot, other_slot + other_weighted.shape[1])
            precision[here, there] = weighted.T @ total[part, other] @ other_weighted
        precision[here, slots:] = weighted.T @ total[part][:, rest] * scale
        precision[slots:, here] = precision[here, slots:].T
    precision[slots:, slots:] = total[np.ix_(rest, rest)] * scale * scale[:, None]
    # coordinates outside series have a scale of their own
    narrow = np.ones(slots + rest.size)
    narrow[slots:] = 1 / np.sqrt(np.maximum(np.diag(precision)[slots:], 1e-3))
    precision *= narrow * narrow[:, None]
    unit = np.ones(size)
    unit[rest] = narrow[slots:]
    owner = np.concatenate(
        [*(np.full(weighted.shape[1], n) for n, (_, weighted, _, _) in enumerate(active)),
         len(active) + np.arange(rest.size)]
    ).astype(int)  # fmt: skip
    places: list[tuple[np.ndarray, np.ndarray]] = []
    for part, _, directions, _ in active:
        places.append((np.arange(part.start, part.stop), directions))
    places += [(rest[n : n + 1], np.ones((1, 1))) for n in range(rest.size)]

    def along(vectors: np.ndarray) -> np.ndarray:
        """Return directions in coordinates from those in active directions."""
        found = np.zeros((size, vectors.shape[1]))
        for n, (rows, directions) in enumerate(places):
            found[rows] = directions @ vectors[owner == n]
        return found

    block = block_of([])
    if size > _CLUSTERED:
        parts = []
        for cluster in _clusters(precision, owner):
            inside = np.isin(owner, cluster)
            values, vectors = _directions(precision[np.ix_(inside, inside)])
            if values.size == 0:
                continue
            whole = np.zeros((owner.size, values.size))
            whole[inside] = vectors
            basis = along(whole)
            rows = np.concatenate([places[n][0] for n in cluster])
            stretch = 1 / np.sqrt(values) - 1
            parts.append((rows, basis[rows] * stretch, basis[rows]))
            # what is left to the directions across clusters
            linear = np.eye(inside.sum()) + (vectors * stretch) @ vectors.T
            precision[:, inside] = precision[:, inside] @ linear
            precision[inside] = linear @ precision[inside]
        block = block_of(parts)
    values, vectors = _directions(precision, _LEADING if size > _CLUSTERED else size)
    basis = along(vectors)
    stretch = 1 / np.sqrt(values) - 1
    centre = np.where(core, coordinates.mean(axis=0), 0.0)
    return Affine(centre, unit, block, basis * stretch, basis).compact()


def _clusters(precision: np.ndarray, owner: np.ndarray) -> list[np.ndarray]:
    """Return the owners that hang together: series, and what is tied to one cluster alone."""
    count = int(owner.max()) + 1
    tie = np.zeros((count, count))
    off = np.abs(precision - np.diag(np.diag(precision)))
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(count))
    tie = np.maximum.reduceat(np.maximum.reduceat(off[order][:, order], edges, axis=0), edges, axis=1)
    large = np.bincount(owner, minlength=count) > 1
    strong = (tie > _TIED) & large & large[:, None]
    _, label = connected_components(sparse.csr_array(strong), directed=False)
    clusters = {int(c): [int(c) for c in np.flatnonzero(large & (label == c))] for c in label[large]}
    for item in np.flatnonzero(~large):
        tied = {int(label[n]) for n in np.flatnonzero((tie[item] > _TIED / 3) & large)}
        if len(tied) == 1:
            clusters[tied.pop()].append(int(item))
    return [np.array(members) for members in clusters.values()]


def _directions(precision: np.ndarray, most: int = 10**9) -> tuple[np.ndarray, np.ndarray]:
    """Return those eigenvalues and vectors of a precision that differ from one."""
    size = precision.shape[0]
    if size <= _DENSE:
        values, vectors = linalg.eigh(precision)
    else:
        start = np.ones(size) / np.sqrt(size)
        count = min(most, _LEADING)
        values, vectors = eigsh(precision - np.eye(size), k=count, which="LM", v0=start)
        values = values + 1
    values = np.maximum(values, 1e-3)
    stretch = np.abs(1 / np.sqrt(values) - 1)
    kept = np.sort(np.argsort(-stretch, kind="stable")[:most])
    kept = kept[stretch[kept] > _NEAR_ONE]
    return values[kept], vectors[:, kept]


def _field_mode(representation: Representation, kernel: Kernel, item: Map) -> np.ndarray:
    """Return the mode of the field on a map, scales, noise and correlations held."""
    held = np.zeros(representation.size, dtype=bool)
    real = [
        np.full(h.size, h.family in ("normal", "student_t")) for h in representation.hyperparameters
    ]
    held[representation.field_size :] = ~np.concatenate([np.zeros(0, dtype=bool), *real])
    arrays = item.arrays()

    def objective(whitened: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.empty_like(whitened)
        value = mapped_log_density(whitened, gradient, kernel, arrays)
        gradient[held] = 0.0
        if not np.isfinite(value):
            return 1e300, np.zeros_like(whitened)
        return -value, -gradient

    found = optimize.minimize(
        objective,
        np.zeros(representation.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MODE_STEPS, "maxcor": 20, "ftol": 1e-9},
    )
    return item.position(found.x, kernel)
