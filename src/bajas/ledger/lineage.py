"""Lineage: which claims add no evidence, because they repeat, replace or withdraw others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bajas.claims.claim import Claim
from bajas.claims.source import Source
from bajas.ledger.duplicates import exact_duplicates


def left_out(claims: Sequence[Claim], sources: Mapping[str, Source]) -> dict[str, str]:
    """Return the claims that are kept and shown but don't enter the likelihood, with the reason.

    Parameters
    ----------
    claims : sequence of Claim
        The claims of a ledger.
    sources : mapping of str to Source
        Their sources.

    Returns
    -------
    dict of str to str
        Claim id to reason: the user excluded it; it or its source repeats another; it is an exact
        duplicate of another claim; or a later claim of these replaces it. A claim that was
        replaced stays out even if the later one is itself left out: its source no longer
        stands by it.

    Examples
    --------
    >>> from datetime import date
    >>> day = date(2023, 1, 1)
    >>> claim = Claim("a", "s", "ally", "X", "Y", "all", "killed", day, day, day, value=5,
    ...               derived_from=("general_staff",))
    >>> left_out([claim], {"s": Source("s")})
    {'a': 'repeats or is computed from general_staff'}
    """
    replaced = {claim.supersedes: claim.claim_id for claim in claims if claim.supersedes}
    reasons: dict[str, str] = {}
    for claim in claims:
        source = sources.get(claim.source)
        if claim.excluded:
            reasons[claim.claim_id] = f"excluded: {claim.excluded}"
        elif claim.derived_from:
            origins = ", ".join(claim.derived_from)
            reasons[claim.claim_id] = f"repeats or is computed from {origins}"
        elif source is not None and source.derived_from:
            origins = ", ".join(source.derived_from)
            reasons[claim.claim_id] = f"its source repeats {origins}"
        elif claim.claim_id in replaced:
            reasons[claim.claim_id] = f"superseded by {replaced[claim.claim_id]}"
    # Only among those that would be used: a copy must not vanish with an original that isn't.
    used = [claim for claim in claims if claim.claim_id not in reasons]
    for copy, kept in exact_duplicates(used).items():
        reasons[copy] = f"exact duplicate of {kept}"
    return reasons
