"""Terms of the latent field and hyperparameters: blocks with names, dims, structure and scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.special import betaln, gammaln

from bajas.model.correlation import cholesky_factor
from bajas.model.prior import Prior

Structure = Literal["independent", "random_walk"]

_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False)
class Hyperparameter:
    """A vector of hyperparameters with independent univariate priors of one family.

    Parameters
    ----------
    name : str
        Name, also of the variable in the posterior.
    dim : str
        Name of its dimension.
    labels : tuple of str
        Coordinates.
    priors : tuple of Prior
        One per label, all of one family and one tail.
    """

    name: str
    dim: str
    labels: tuple[str, ...]
    priors: tuple[Prior, ...]
    family: str = field(init=False)
    location: np.ndarray = field(init=False)
    scale: np.ndarray = field(init=False)
    degrees_of_freedom: float = field(init=False)
    concentration: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        kinds = {(prior.family, prior.degrees_of_freedom) for prior in self.priors}
        if len(kinds) != 1 or len(self.priors) != len(self.labels):
            raise ValueError(f"hyperparameter {self.name!r} needs one prior family and label each")
        family, degrees = next(iter(kinds))
        object.__setattr__(self, "family", family)
        object.__setattr__(self, "degrees_of_freedom", degrees)
        object.__setattr__(self, "location", np.array([p.location for p in self.priors]))
        object.__setattr__(self, "scale", np.array([p.scale for p in self.priors]))
        object.__setattr__(self, "concentration", np.array([p.concentration for p in self.priors]))

    @property
    def size(self) -> int:
        """Number of elements."""
        return len(self.labels)

    def from_standard(self, standard: np.ndarray) -> np.ndarray:
        """Return natural values from standardised coordinates (any leading dims).

        Real-valued: location + scale * u; log-normal: exp(location + scale * u); half-normal:
        scale * exp(u); partial correlation: tanh(u).
        """
        if self.family == "partial_correlation":
            return np.asarray(np.tanh(standard))
        if self.family == "half_normal":
            return np.asarray(self.scale * np.exp(standard))
        values = self.location + self.scale * standard
        return np.asarray(np.exp(values) if self.family == "log_normal" else values)

    def to_standard(self, value: np.ndarray) -> np.ndarray:
        """Return standardised coordinates, the inverse of :meth:`from_standard`."""
        if self.family == "partial_correlation":
            return np.asarray(np.arctanh(value))
        if self.family == "half_normal":
            return np.asarray(np.log(value / self.scale))
        logs = np.log(value) if self.family == "log_normal" else value
        return np.asarray((logs - self.location) / self.scale)

    def log_density(self, value: np.ndarray) -> float:
        """Return the log prior density at natural values."""
        return float(
            sum(p.log_density(v) for p, v in zip(self.priors, np.atleast_1d(value), strict=True))
        )

    def standard_log_density(self, standard: np.ndarray) -> float:
        """Return the log prior density in standardised coordinates (Jacobian included)."""
        if self.family == "half_normal":
            squares = np.exp(2 * standard)
            return float(np.sum(-0.5 * squares + standard + np.log(2) - 0.5 * _LOG_2PI))
        if self.family == "student_t":
            nu = self.degrees_of_freedom
            constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
            return float(np.sum(constant - (nu + 1) / 2 * np.log1p(standard**2 / nu)))
        if self.family == "partial_correlation":  # log(1 - y^2) = -2 log cosh(u)
            b, size = self.concentration, np.abs(standard)
            log_cosh = size + np.log1p(np.exp(-2 * size)) - np.log(2)
            return float(np.sum(-2 * b * log_cosh - (2 * b - 1) * np.log(2) - betaln(b, b)))
        return float(np.sum(-0.5 * standard**2 - 0.5 * _LOG_2PI))

    def sample(self, rng: np.random.Generator, draws: int) -> np.ndarray:
        """Return prior draws, shape (draws, size)."""
        return np.stack([prior.sample(rng, draws) for prior in self.priors], axis=-1)


@dataclass(frozen=True, eq=False)
class Term:
    """A Gaussian block of the latent field.

    A term is x = mean + S z with z standard normal: independent elements, or one random walk per
    series along the last dim, x_k = mean + sum of innovations up to k, so that it starts at 0
    before its first element. Innovations (or elements) have sd ``scale`` times the hyperparameter
    ``scale_by`` where one is named. Independent elements may be correlated over the first dim:
    x = mean + scale * scale_by * (L z), L the Cholesky factor of a correlation matrix.

    Parameters
    ----------
    name : str
        Name, also of the variable in the posterior.
    dims : tuple of str
        Names of its dims; a random walk runs along the last.
    labels : tuple of tuple of str
        Coordinates per dim.
    structure : {"independent", "random_walk"}
        Its precision structure.
    mean, scale : ndarray
        Of the shape of the term.
    scale_by : str, optional
        Hyperparameter that multiplies the scale; its labels are those of the first dim.
    correlated_by : str, optional
        Hyperparameter with the partial correlations of all pairs of labels of the first dim, in the
        order of :mod:`bajas.model.correlation`.
    """

    name: str
    dims: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    structure: Structure
    mean: np.ndarray
    scale: np.ndarray
    scale_by: str | None = None
    correlated_by: str | None = None

    def __post_init__(self) -> None:
        shape = tuple(len(labels) for labels in self.labels)
        if self.mean.shape != shape or self.scale.shape != shape or len(self.dims) != len(shape):
            raise ValueError(f"term {self.name!r}: mean and scale must have shape {shape}")
        if not np.all(self.scale > 0):
            raise ValueError(f"term {self.name!r}: scales must be positive")
        if self.correlated_by is not None and self.structure != "independent":
            raise ValueError(f"term {self.name!r}: only independent elements can be correlated")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the term."""
        return self.mean.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self.mean.size)

    def scales(self, hyperparameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the sds of elements or innovations, shape (..., *shape)."""
        if self.scale_by is None:
            return self.scale
        factor = np.asarray(hyperparameters[self.scale_by])
        return np.asarray(self.scale * factor.reshape(*factor.shape, *([1] * (len(self.dims) - 1))))

    def factor(self, hyperparameters: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """Return L over the first dim, shape (..., K, K), or None where nothing is correlated."""
        if self.correlated_by is None:
            return None
        return cholesky_factor(np.asarray(hyperparameters[self.correlated_by]), self.shape[0])

    def from_standard(
        self, standard: np.ndarray, hyperparameters: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """Return the term from standard normal coordinates (any leading dims)."""
        factor = self.factor(hyperparameters)
        if factor is not None:
            rows = standard.reshape(*factor.shape[:-1], -1)
            standard = (factor @ rows).reshape(standard.shape)
        steps = self.scales(hyperparameters) * standard
        if self.structure == "random_walk":
            steps = np.cumsum(steps, axis=-1)
        return np.asarray(self.mean + steps)

    def to_standard(
        self, value: np.ndarray, hyperparameters: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """Return standard normal coordinates, the inverse of :meth:`from_standard`."""
        steps = value - self.mean
        if self.structure == "random_walk":
            steps = np.diff(steps, axis=-1, prepend=0.0)
        steps = steps / self.scales(hyperparameters)
        factor = self.factor(hyperparameters)
        if factor is not None:
            rows = steps.reshape(*factor.shape[:-1], -1)
            steps = np.linalg.solve(factor, rows).reshape(steps.shape)
        return np.asarray(steps)

    def log_density(self, value: np.ndarray, hyperparameters: Mapping[str, np.ndarray]) -> float:
        """Return the log prior density of the term given its hyperparameters."""
        standard = self.to_standard(value, hyperparameters)
        log_scale = np.log(np.broadcast_to(self.scales(hyperparameters), standard.shape))
        total = np.sum(-0.5 * standard**2 - log_scale - 0.5 * _LOG_2PI)
        factor = self.factor(hyperparameters)
        if factor is not None:
            total -= np.log(np.diagonal(factor)).sum() * (self.size // self.shape[0])
        return float(total)

    def precision(self) -> sparse.csc_array:
        """Return the sparse prior precision of the flattened term at unit hyperparameter.

        Without correlation over the first dim.
        """
        inverse = sparse.csc_array(sparse.diags_array(1 / self.scale.ravel()))
        if self.structure == "random_walk":
            length = self.shape[-1]
            step = np.eye(length) - np.eye(length, k=-1)
            blocks = sparse.block_diag([sparse.csc_array(step)] * (self.size // length))
            inverse = sparse.csc_array(inverse @ blocks)
        return sparse.csc_array(inverse.T @ inverse)
