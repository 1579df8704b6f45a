"""Univariate priors as plain data: density and simulator side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import gammaln

Family = Literal["normal", "student_t", "half_normal", "log_normal"]

_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True)
class Prior:
    """A univariate prior.

    Parameters
    ----------
    family : {"normal", "student_t", "half_normal", "log_normal"}
        ``half_normal`` and ``log_normal`` have positive support.
    location : float
        Mean (normal), centre (Student-t), mean of the logarithm (log-normal); 0 for half-normal.
    scale : float
        Sd (normal), scale (Student-t, half-normal) or sd of the logarithm (log-normal).
    degrees_of_freedom : float
        Of the Student-t; ignored otherwise.

    Examples
    --------
    >>> float(Prior("normal", 0.0, 2.0).log_density(0.0).round(4))
    -1.6121
    """

    family: Family
    location: float = 0.0
    scale: float = 1.0
    degrees_of_freedom: float = float("inf")

    def __post_init__(self) -> None:
        if self.family not in ("normal", "student_t", "half_normal", "log_normal"):
            raise ValueError(f"unknown prior family {self.family!r}")
        if not (np.isfinite(self.scale) and self.scale > 0 and np.isfinite(self.location)):
            raise ValueError(f"a prior needs a finite location and a positive scale: {self}")
        if self.family == "student_t" and not 0 < self.degrees_of_freedom < np.inf:
            raise ValueError("a Student-t prior needs finite positive degrees of freedom")
        if self.family == "half_normal" and self.location != 0:
            raise ValueError("a half-normal prior has location 0")

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
        draws = rng.standard_normal(size)
        if self.family == "half_normal":
            return self.scale * np.abs(draws)
        if self.family == "log_normal":
            return np.asarray(np.exp(self.location + self.scale * draws))
        return self.location + self.scale * draws

    def as_dict(self) -> dict[str, Any]:
        """Return the prior as plain data for JSON."""
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
