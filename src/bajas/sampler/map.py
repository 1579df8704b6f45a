"""The map: coordinates in which the posterior is nearly standard normal.

Three changes of coordinates, exact whatever their settings; only efficiency depends on them:

1. affine (:mod:`bajas.sampler.affine`): ridges between levels, paths, ratios and shared effects;
2. series given their scales and the noise (:mod:`bajas.sampler.series`): funnels of paths;
3. biases given everything else (:mod:`bajas.sampler.biases`): ridges and funnels of sources.

From whitened coordinates w the affine part gives coordinates, the series replace theirs by
standardised innovations, and the kernel solves for the biases on its way to the observations.

The joint mode is no good reference point: scales collapse there. The first map is taken at the mode
of the field with scales and noise held at the centres of their priors; the second from the draws of
a short pilot run, whose information is averaged; warm-up draws then refine its affine part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, optimize

from bajas.model.representation import Representation
from bajas.sampler.address import Address, log_density_at, positions_at
from bajas.sampler.affine import Affine
from bajas.sampler.bias_families import bias_arrays, bias_columns
from bajas.sampler.biases import Biases
from bajas.sampler.kernel_arrays import Kernel
from bajas.sampler.linearised import Linearised, linearise
from bajas.sampler.map_affine import affine_from
from bajas.sampler.map_series import log_linear, log_slopes, series_from
from bajas.sampler.mapped import MapArrays, to_active
from bajas.sampler.series import Series, series_arrays

#: Steps of the search for the mode of the field.
_MODE_STEPS = 200


@dataclass(frozen=True, eq=False)
class Map:
    """From whitened coordinates w to standardised coordinates of a representation.

    Parameters
    ----------
    size : int
        How many coordinates there are.
    column : ndarray of int
        Active coordinates outside series. Active are these and the series' directions.
    affine : Affine
        Of the active coordinates.
    series : tuple of Series
        Series that are whitened given their scale.
    biases : Biases
        Families of biases that are solved for given everything else.
    """

    size: int
    column: np.ndarray
    affine: Affine
    series: tuple[Series, ...]
    biases: Biases

    def arrays(self) -> MapArrays:
        """Return the map as plain arrays."""
        return MapArrays(
            self.column,
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
        address = Address(kernel, self.arrays())
        positions_at(flat, found, address.code, address.data)
        return found.reshape(whitened.shape)

    def refined(self, whitened: np.ndarray, gradients: np.ndarray) -> Map:
        """Return the map with its affine part refined by draws; see :class:`Affine`."""
        arrays = self.arrays()
        parts = []
        for values in (whitened, gradients):
            flat = np.ascontiguousarray(values.reshape(-1, values.shape[-1]))
            active = np.empty((flat.shape[0], self.affine.centre.size))
            for row in range(flat.shape[0]):
                to_active(flat[row], active[row], arrays)
            parts.append(active)
        return replace(self, affine=self.affine.refined(*parts))


def first_map(representation: Representation, kernel: Kernel) -> Map:
    """Return the map at the mode of the field, scales and noise held at their prior centres."""
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
    about = np.zeros(representation.size)
    about[representation.field_size :] = _about_noise(representation, known, columns, biased)
    _add_about_scales(representation, columns, prior, biased, about)
    series = tuple(series_from(representation, draws, known, marginal, prior, core))
    outside = np.ones(representation.size, dtype=bool)
    for item in series:
        reference[item.part] = item.reference_scale
        prior[item.part] = item.reference_scale**-2
        outside[item.part] = False
    column = np.flatnonzero(outside)
    affine = affine_from(draws, series, marginal, prior, about, column, core, reference)
    biases = bias_arrays(representation, draws if walls else None)
    return Map(representation.size, column, affine, series, biases)


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
            a, b = log_linear(hyper, row)
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


def _add_about_scales(
    representation: Representation,
    columns: np.ndarray,
    prior: np.ndarray,
    biased: np.ndarray,
    about: np.ndarray,
) -> None:
    """Add what biases say about the scale of their term: two for each that the claims know."""
    if columns.size == 0:
        return
    known = np.zeros(representation.size)
    known[columns] = np.clip(1 - prior[columns] * np.diag(linalg.inv(biased)), 0.0, 1.0)
    slopes = log_slopes(representation)
    for term in representation.terms:
        if term.scale_by is None:
            continue
        first = representation.hyper_slices[term.scale_by].start
        of_rows = known[representation.term_slices[term.name]].reshape(term.shape[0], -1)
        for row, values in enumerate(of_rows):
            slope = slopes[first + row]
            about[representation.field_size + first + row] += 2 * slope**2 * (values**2).sum()


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


def moving_columns(representation: Representation) -> np.ndarray:
    """Return the hyperparameters that move locations and are neither scales nor correlations."""
    found = np.concatenate(
        [
            np.zeros(0, dtype=bool),
            *(np.full(h.size, h.family in ("normal", "student_t"))
              for h in representation.hyperparameters),
        ]
    )  # fmt: skip
    found[np.unique(representation.effects.indices)] = True
    found[representation.curves.ravel()] = True
    found[representation.noise[representation.noise >= 0]] = False
    for term in representation.terms:
        for name in (term.scale_by, term.correlated_by):
            if name is not None:
                found[representation.hyper_slices[name]] = False
    return np.flatnonzero(found)


def _field_mode(representation: Representation, kernel: Kernel, item: Map) -> np.ndarray:
    """Return the mode of the field on a map, scales, noise and correlations held.

    Hyperparameters that move locations and are no scales, as a list's coverage, are free.
    """
    held = np.zeros(representation.size, dtype=bool)
    held[representation.field_size :] = ~np.isin(
        np.arange(representation.hyper_size), moving_columns(representation)
    )
    address = Address(kernel, item.arrays())

    def objective(whitened: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.empty_like(whitened)
        value = log_density_at(whitened, gradient, address.code, address.data)
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
