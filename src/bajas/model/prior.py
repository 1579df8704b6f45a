"""Univariate priors as plain data: density and simulator side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import betaln, gammaln

Family = Literal["normal", "student_t", "half_normal", "log_normal", "partial_correlation"]

_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True)
class Prior:
    """A univariate prior.

    Parameters
    ----------
    family : {"normal", "student_t", "half_normal", "log_normal", "partial_correlation"}
        ``half_normal`` and ``log_normal`` have positive support, ``partial_correlation`` has
        (-1, 1), with density proportional to (1 - y^2)^(concentration - 1).
    location : float
        Mean (normal), centre (Student-t), mean of the logarithm (log-normal); 0 otherwise.
    scale : float
        Sd (normal), scale (Student-t, half-normal) or sd of the logarithm (log-normal); 1 for
        partial correlations.
    degrees_of_freedom : float
        Of the Student-t; ignored otherwise.
    concentration : float
        Of the partial correlation; ignored otherwise.

    Examples
    --------
    >>> float(Prior("normal", 0.0, 2.0).log_density(0.0).round(4))
    -1.6121
    """

    family: Family
    location: float = 0.0
    scale: float = 1.0
    degrees_of_freedom: float = float("inf")
    concentration: float = 1.0

    def __post_init__(self) -> None:
        if self.family not in get_args(Family):
            raise ValueError(f"unknown prior family {self.family!r}")
        if not (np.isfinite(self.scale) and self.scale > 0 and np.isfinite(self.location)):
            raise ValueError(f"a prior needs a finite location and a positive scale: {self}")
        if self.family == "student_t" and not 0 < self.degrees_of_freedom < np.inf:
            raise ValueError("a Student-t prior needs finite positive degrees of freedom")
        if self.family == "half_normal" and self.location != 0:
            raise ValueError("a half-normal prior has location 0")
        if self.family == "partial_correlation":
            if self.location != 0 or self.scale != 1:
                raise ValueError("the prior of a partial correlation has location 0 and scale 1")
            if not 0 < self.concentration < np.inf:
                raise ValueError("a partial correlation needs a finite positive concentration")

    @property
    def positive(self) -> bool:
        """Whether the support is the positive half line."""
        return self.family in ("half_normal", "log_normal")

    def log_density(self, value: Any) -> Any:
        """Return the log density at a value or array of values (natural scale)."""
        value = np.asarray(value, dtype=float)
        if self.family == "log_normal":
            with np.errstate(divide="ignore", invalid="ignore"):
                logs = np.log(value)
                standard = (logs - self.location) / self.scale
                inside = -0.5 * standard**2 - logs - np.log(self.scale) - 0.5 * _LOG_2PI
            return np.where(value > 0, inside, -np.inf)[()]
        if self.family == "partial_correlation":
            b = self.concentration
            with np.errstate(divide="ignore", invalid="ignore"):
                inside = (b - 1) * (np.log1p(-value) + np.log1p(value))
            inside = inside - (2 * b - 1) * np.log(2) - betaln(b, b)
            return np.where(np.abs(value) < 1, inside, -np.inf)[()]
        standard = (value - self.location) / self.scale
        if self.family == "student_t":
            nu = self.degrees_of_freedom
            constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
            return constant - np.log(self.scale) - (nu + 1) / 2 * np.log1p(standard**2 / nu)
        density = -0.5 * standard**2 - np.log(self.scale) - 0.5 * _LOG_2PI
        if self.family == "half_normal":
            return np.where(value >= 0, density + np.log(2), -np.inf)[()]
        return density

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Return independent draws."""
        if self.family == "student_t":
            return self.location + self.scale * rng.standard_t(self.degrees_of_freedom, size)
        if self.family == "partial_correlation":
            return np.asarray(2 * rng.beta(self.concentration, self.concentration, size) - 1)
        draws = rng.standard_normal(size)
        if self.family == "half_normal":
            return self.scale * np.abs(draws)
        if self.family == "log_normal":
            return np.asarray(np.exp(self.location + self.scale * draws))
        return self.location + self.scale * draws

    def as_dict(self) -> dict[str, Any]:
        """Return the prior as plain data for JSON."""
        if self.family == "partial_correlation":
            return {"family": self.family, "concentration": self.concentration}
        data: dict[str, Any] = {"family": self.family, "scale": self.scale}
        if self.family != "half_normal":
            data["location"] = self.location
        if self.family == "student_t":
            data["degrees_of_freedom"] = self.degrees_of_freedom
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prior:
        """Build a prior from the plain data of :meth:`as_dict`."""
        return cls(**data)
