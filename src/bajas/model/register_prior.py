"""The prior of registers: how complete lists of verified cases become, and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import exp, log
from statistics import NormalDist
from typing import Any

from bajas.design.listed import RegisterReading
from bajas.errors import SpecificationError
from bajas.model.prior import Prior

#: Half the width of a central 90 % interval of a standard normal.
_Z90 = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Prior of the share of the losses that a list has in the end.

    The gap -log(coverage) is log-normal, so that coverage never exceeds one.

    Parameters
    ----------
    low, high : float
        Its central 90 % interval, 0 < low < high < 1.

    Examples
    --------
    >>> Coverage(0.4, 0.8)
    Coverage(low=0.4, high=0.8)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < 1:
            raise SpecificationError(
                f"a coverage needs 0 < low < high < 1, got low={self.low!r}, high={self.high!r};"
                " for a list that is all but complete take for example low=0.9, high=0.995"
            )

    @property
    def gap(self) -> Prior:
        """Prior of -log(coverage)."""
        wide, narrow = log(-log(self.low)), log(-log(self.high))
        return Prior("log_normal", (wide + narrow) / 2, (wide - narrow) / (2 * _Z90))

    @property
    def median(self) -> float:
        """Median."""
        return exp(-exp(self.gap.location))


@dataclass(frozen=True)
class RegisterPrior:
    """Prior of registers: what share of the losses comes onto a list, and how long it takes.

    A loss that happened d days ago is on the list with probability

        coverage * (1 - exp(-(d / delay)^shape)).

    Parameters
    ----------
    reading : {"completeness", "bound"}
        Counts are incomplete and grow as above, or are lower bounds and no more.
    coverage : Coverage
        Of any list that ``sources`` doesn't name. Several counts of a list tell its delay and
        shape, not what it will never hold: an assumed coverage is an anchor and is reported with
        the bias prior.
    sources : mapping of str to Coverage
        By name of the source.
    delay_days, delay_log_sd : float
        Median of the delay in days, and sd of its logarithm.
    shape, shape_log_sd : float
        Median of the shape, and sd of its logarithm; with 1 the list takes a constant share of
        what it lacks every day.
    noise : float
        Median of the noise scale of what a list adds between counts, on the log scale: names are
        verified in batches. Its spread is that of other streams' noise.

    Examples
    --------
    >>> prior = RegisterPrior(sources={"names": Coverage(0.4, 0.8)})
    >>> RegisterPrior.from_dict(prior.as_dict()) == prior
    True
    """

    reading: RegisterReading = "completeness"
    coverage: Coverage = Coverage(0.2, 0.9)
    sources: Mapping[str, Coverage] = field(default_factory=dict)
    delay_days: float = 60.0
    delay_log_sd: float = 0.7
    shape: float = 1.0
    shape_log_sd: float = 0.3
    noise: float = 0.12

    def __post_init__(self) -> None:
        if self.reading not in ("completeness", "bound"):
            raise SpecificationError(
                f"reading must be 'completeness' or 'bound', not {self.reading!r}"
            )
        for name, entry in (("coverage", self.coverage), *self.sources.items()):
            if not isinstance(entry, Coverage):
                raise SpecificationError(
                    f"the coverage of {name!r} must be a Coverage(low, high), not {entry!r}"
                )
        for item in ("delay_days", "delay_log_sd", "shape", "shape_log_sd", "noise"):
            if not getattr(self, item) > 0:
                raise SpecificationError(f"{item} must be positive, got {getattr(self, item)!r}")

    def of(self, source: str) -> Coverage:
        """Return the prior of a source's final coverage."""
        return self.sources.get(source, self.coverage)

    def as_dict(self) -> dict[str, Any]:
        """Return the prior as plain data for JSON."""
        return {
            **asdict(self),
            "coverage": [self.coverage.low, self.coverage.high],
            "sources": {name: [c.low, c.high] for name, c in self.sources.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RegisterPrior:
        """Build a prior from the plain data of :meth:`as_dict`."""
        return cls(
            **{
                **data,
                "coverage": Coverage(*data["coverage"]),
                "sources": {name: Coverage(*entry) for name, entry in data["sources"].items()},
            }
        )
