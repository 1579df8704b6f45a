"""A source: whom it speaks for, how it counts, and whom it repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bajas.claims.claim import EvidenceKind, StreamKind


@dataclass(frozen=True, slots=True)
class Anchor:
    """A prior on the bias of one named source: mean and sd of log(reported / true)."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not self.sd > 0:
            raise ValueError(f"an anchor's sd must be positive, got {self.sd}")


@dataclass(frozen=True, slots=True)
class Source:
    """One source of claims.

    Parameters
    ----------
    name : str
        The name used in the claims table.
    speaks_for : str
        The side that it is aligned with, or ``neutral``; empty if the claims say it row by row.
    kind : str, optional
        ``tally``, ``assessment`` or ``register``, for all its streams; guessed if absent.
    evidence : str, optional
        ``assertion``, ``assessment``, ``statistical`` or ``list``.
    derived_from : tuple of str
        Sources that it repeats; all its claims are then kept but leave the likelihood.
    anchor : Anchor, optional
        A prior on its bias that replaces the prior family's.
    note : str
        Why, with references.
    """

    name: str
    speaks_for: str = ""
    kind: StreamKind | None = None
    evidence: EvidenceKind | None = None
    derived_from: tuple[str, ...] = ()
    anchor: Anchor | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the source as plain data for JSON."""
        return {
            "name": self.name,
            "speaks_for": self.speaks_for,
            "kind": self.kind,
            "evidence": self.evidence,
            "derived_from": list(self.derived_from),
            "anchor": None if self.anchor is None else [self.anchor.mean, self.anchor.sd],
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Source:
        """Build a source from the plain data of :meth:`as_dict`."""
        anchor = data.get("anchor")
        return cls(
            **{
                **data,
                "derived_from": tuple(data.get("derived_from", ())),
                "anchor": None if anchor is None else Anchor(*anchor),
            }
        )
