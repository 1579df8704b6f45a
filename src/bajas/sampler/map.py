"""The map: coordinates in which the posterior is nearly standard normal.

Two changes of coordinates, both exact whatever their settings; only efficiency depends on them.

1. *Conditional whitening* of every series whose innovation scale tau is a hyperparameter. With e
   the innovations in units of their fixed scale, e ~ N(0, tau^2 I), and the claims' information
   about them decomposed as H = V diag(h) V' at a reference point (everything else integrated out),

       e = V v,   v_j = m_j(tau) + u_j / sqrt(1/tau^2 + h_j),
       m_j(tau) = v_ref_j (h_j + 1/tau_ref^2) / (1/tau^2 + h_j),
       log |dz/du| = -1/2 sum_j log(1 + h_j tau^2)      with z = e / tau.

   Directions that the claims know well come out centred, the others non-centred, continuously, so
   that the funnel between a scale and its path disappears.
2. *Affine whitening* of all coordinates jointly: u = centre + T w with T T' the inverse of the
   approximate precision. It takes out the ridge between the level and the biases and the difference
   between what the claims fix and what they leave open.

The joint mode is no good reference point: scales collapse there. The first map is taken at the mode
of the field with the scales held at their prior medians; the second from the draws of a short pilot
run, whose information is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bajas.model.representation import Representation
from bajas.model.term import Hyperparameter
from bajas.sampler.curvature import Curvature, curvature, log_slopes


@dataclass(frozen=True, eq=False)
class Series:
    """Conditional whitening of one series: its place, its scale and its directions.

    Parameters
    ----------
    part : slice
        Its standardised coordinates in a position.
    scale_column : int
        Place of the standardised log of its scale in a position.
    log_unit, slope : float
        The scale is ``exp(log_unit + slope * position[scale_column])``.
    directions : ndarray, shape (n, n)
        V, orthogonal.
    information : ndarray, shape (n,)
        h, what the claims know about each direction of e.
    centre : ndarray, shape (n,)
        v_ref.
    reference_scale : float
        tau_ref.
    """

    part: slice
    scale_column: int
    log_unit: float
    slope: float
    directions: np.ndarray
    information: np.ndarray
    centre: np.ndarray
    reference_scale: float

    def scale(self, position: np.ndarray) -> np.ndarray:
        """Return tau at a position, shape (...,)."""
        return np.asarray(np.exp(self.log_unit + self.slope * position[..., self.scale_column]))

    def standard(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return z and log |dz/du| of u = position[part], shape (..., n) and (...,)."""
        u = position[..., self.part]
        tau = self.scale(position)[..., None]
        precision = 1 / tau**2 + self.information
        mean = self.centre * (self.information + self.reference_scale**-2) / precision
        z = ((mean + u / np.sqrt(precision)) / tau) @ self.directions.T
        return z, -0.5 * np.log1p(self.information * tau**2).sum(axis=-1)


@dataclass(frozen=True, eq=False)
class Map:
    """From whitened coordinates w to standardised coordinates of a representation.

    Parameters
    ----------
    series : tuple of Series
        Series that are whitened conditionally on their scale.
    centre : ndarray, shape (size,)
        Of the affine whitening.
    matrix : ndarray, shape (size, size)
        T.
    """

    series: tuple[Series, ...]
    centre: np.ndarray
    matrix: np.ndarray

    def position(self, whitened: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return standardised positions and the log Jacobian, shapes (..., size) and (...,).

        The Jacobian leaves out the constant of the affine part.
        """
        u = self.centre + whitened @ self.matrix.T
        position = u.copy()
        log_jacobian = np.zeros(u.shape[:-1])
        for item in self.series:
            z, extra = item.standard(u)
            position[..., item.part] = z
            log_jacobian = log_jacobian + extra
        return position, log_jacobian

    def log_density(self, representation: Representation, whitened: np.ndarray) -> float:
        """Return the log posterior density in whitened coordinates, up to a constant."""
        position, log_jacobian = self.position(whitened)
        return representation.standard_log_density(position) + float(log_jacobian)


def first_map(representation: Representation) -> Map:
    """Return the map at the mode of the field, scales held at their prior medians."""
    position = field_mode(representation)
    return _build(representation, position[None], [curvature(representation, position)])


def map_from_draws(representation: Representation, draws: np.ndarray) -> Map:
    """Return the map of the information averaged over pilot draws.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    draws : ndarray, shape (draw, size)
        Some dozens of draws in standardised coordinates.
    """
    return _build(representation, draws, [curvature(representation, draw) for draw in draws])


def field_mode(representation: Representation, steps: int = 60) -> np.ndarray:
    """Return the mode of field and linear effects, scales held, by damped Gauss-Newton steps."""
    position = np.zeros(representation.size)
    density = representation.standard_log_density(position)
    free = np.ones(representation.size, dtype=bool)
    free[representation.field_size :] = log_slopes(representation) == 0
    damping = 1.0
    for _ in range(steps):
        here = curvature(representation, position)
        gradient = here.gradient[free]
        precision = here.precision[np.ix_(free, free)]
        gain = -1.0
        while damping < 1e6:
            damped = precision + (damping - 1.0) * np.eye(gradient.size)
            proposal = position.copy()
            proposal[free] += linalg.solve(damped, gradient, assume_a="pos")
            gain = representation.standard_log_density(proposal) - density
            if np.isfinite(gain) and gain > 0:
                break
            damping *= 4.0
        if not gain > 0:
            break
        position, density = proposal, density + gain
        damping = max(1.0, damping / 4.0)
        if gain < 1e-3:
            break
    return position


def _build(representation: Representation, draws: np.ndarray, curvatures: list[Curvature]) -> Map:
    series = tuple(_series(representation, draws, curvatures))
    precision = np.mean(
        [
            _mapped_precision(series, draw, here)
            for draw, here in zip(draws, curvatures, strict=True)
        ],
        axis=0,
    )
    centre = np.mean([_inverse(series, draw) for draw in draws], axis=0)
    factor = linalg.cholesky(precision, lower=True)
    matrix = linalg.solve_triangular(factor, np.eye(centre.size), lower=True).T
    return Map(series, centre, np.ascontiguousarray(matrix))


def _series(
    representation: Representation, draws: np.ndarray, curvatures: list[Curvature]
) -> list[Series]:
    """Decompose the claims' information about every series with a free scale."""
    found = []
    for term in representation.terms:
        if term.scale_by is None:
            continue
        hyper = next(h for h in representation.hyperparameters if h.name == term.scale_by)
        start = representation.term_slices[term.name].start
        length = term.size // term.shape[0]
        for row in range(term.shape[0]):
            part = slice(start + row * length, start + (row + 1) * length)
            column = representation.field_size + representation.hyper_slices[hyper.name].start + row
            log_unit, slope = _log_linear(hyper, row)
            tau = np.exp(log_unit + slope * draws[:, column])
            information = np.mean(
                [
                    _marginal_information(here, part) / scale**2
                    for here, scale in zip(curvatures, tau, strict=True)
                ],
                axis=0,
            )
            values, vectors = linalg.eigh(information)
            v = (draws[:, part] * tau[:, None]) @ vectors
            found.append(
                Series(
                    part=part,
                    scale_column=column,
                    log_unit=log_unit,
                    slope=slope,
                    directions=vectors,
                    information=np.maximum(values, 0.0),
                    centre=v.mean(axis=0),
                    reference_scale=float(np.exp(np.log(tau).mean())),
                )
            )
    return found


def _log_linear(hyper: Hyperparameter, row: int) -> tuple[float, float]:
    """Return a and b of scale = exp(a + b u) with u the standardised coordinate."""
    if hyper.family == "half_normal":
        return float(np.log(hyper.scale[row])), 1.0
    if hyper.family == "log_normal":
        return float(hyper.location[row]), float(hyper.scale[row])
    raise ValueError(f"a scale needs a positive prior, not {hyper.family}")


def _marginal_information(here: Curvature, part: slice) -> np.ndarray:
    """Return the claims' information about some coordinates, all others integrated out."""
    inside = np.zeros(here.gradient.size, dtype=bool)
    inside[part] = True
    rest = here.precision[np.ix_(~inside, ~inside)]
    cross = here.information[np.ix_(~inside, inside)]
    return np.asarray(
        here.information[np.ix_(inside, inside)]
        - cross.T @ linalg.solve(rest, cross, assume_a="pos")
    )


def _inverse(series: tuple[Series, ...], position: np.ndarray) -> np.ndarray:
    """Return conditionally whitened coordinates of a standardised position."""
    u = position.copy()
    for item in series:
        tau = item.scale(position)
        precision = 1 / tau**2 + item.information
        mean = item.centre * (item.information + item.reference_scale**-2) / precision
        v = (position[item.part] * tau) @ item.directions
        u[item.part] = (v - mean) * np.sqrt(precision)
    return u


def _mapped_precision(
    series: tuple[Series, ...], position: np.ndarray, here: Curvature
) -> np.ndarray:
    """Return the approximate precision in conditionally whitened coordinates at a position."""
    u = _inverse(series, position)
    change = np.eye(position.size)  # d z / d u
    extra = np.zeros(position.size)
    for item in series:
        tau = item.scale(position)
        precision = 1 / tau**2 + item.information
        mean = item.centre * (item.information + item.reference_scale**-2) / precision
        here_u = u[item.part]
        change[item.part, item.part] = item.directions / (tau * np.sqrt(precision))
        z = (mean + here_u / np.sqrt(precision)) / tau
        moved = (2 * mean / precision + here_u * precision**-1.5) / tau**3 - z
        change[item.part, item.scale_column] = item.slope * (item.directions @ moved)
        ratio = item.information * tau**2
        extra[item.scale_column] += item.slope**2 * (2 * ratio / (1 + ratio) ** 2).sum()
    return np.asarray(change.T @ here.precision @ change + np.diag(extra))
