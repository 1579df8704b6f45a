"""The prior of drift: how much a source's bias may move over the months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bajas.errors import SpecificationError


@dataclass(frozen=True, slots=True)
class DriftPrior:
    """Prior of the slow movement of a stream's bias around its mean.

    Parameters
    ----------
    scale : float
        Sd of the log bias' change from one knot to the next.
    knot_days : int
        Days between knots; the bias is linear between them.
    on : {"tally", "all", "none"}
        Which streams drift: those that tally, all that have a bias, or none. Only streams of two
        figures or more that cover more than two spans between knots.

    Examples
    --------
    >>> DriftPrior(scale=0.1).knot_days
    91
    """

    scale: float = 0.07
    knot_days: int = 91
    on: Literal["tally", "all", "none"] = "tally"

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise SpecificationError(
                f"scale must be positive, got {self.scale!r}; for none take on='none'"
            )
        if not (isinstance(self.knot_days, int) and self.knot_days >= 1):
            raise SpecificationError(
                f"knot_days must be a whole number from 1, got {self.knot_days!r}"
            )
        if self.on not in ("tally", "all", "none"):
            raise SpecificationError(f"on must be 'tally', 'all' or 'none', not {self.on!r}")

    def as_dict(self) -> dict[str, Any]:
        """Return the prior as plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DriftPrior:
        """Build a prior from the plain data of :meth:`as_dict`."""
        return cls(**data)
