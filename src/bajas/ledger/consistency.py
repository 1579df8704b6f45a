"""What the claims say against each other, found before any fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bajas.claims.claim import Claim
from bajas.claims.source import Source
from bajas.claims.taxonomy import Taxonomy
from bajas.errors import Finding


def consistency_findings(
    claims: Sequence[Claim], sources: Mapping[str, Source], taxonomy: Taxonomy
) -> tuple[Finding, ...]:
    """Return the findings between claims; the order is fixed by the claims' canonical order."""
    return ()
