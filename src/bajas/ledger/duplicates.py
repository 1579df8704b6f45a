"""The same claim entered twice: it would count its evidence twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from bajas.claims.claim import Claim

#: Fields that say where a claim was found, not what it says.
_ELSEWHERE = frozenset(("claim_id", "url", "note", "retrieved", "row"))
_CONTENT = tuple(field.name for field in fields(Claim) if field.name not in _ELSEWHERE)


def exact_duplicates(claims: Iterable[Claim]) -> dict[str, str]:
    """Return the claims that say exactly what another one says.

    Two claims are duplicates if they differ in nothing but id, link, note and the day on which
    the page was read.

    Parameters
    ----------
    claims : iterable of Claim
        Any order.

    Returns
    -------
    dict of str to str
        Id of each superfluous claim to the id of the one that is kept: the first in the order of
        ids, so that the choice doesn't depend on the order of rows.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from datetime import date
    >>> day = date(2023, 1, 1)
    >>> one = Claim("a", "s", "ally", "X", "Y", "all", "killed", day, day, day, value=5)
    >>> exact_duplicates([one, replace(one, claim_id="b", note="again")])
    {'b': 'a'}
    """
    kept: dict[tuple[object, ...], str] = {}
    copies: dict[str, str] = {}
    for claim in sorted(claims, key=lambda claim: claim.claim_id):
        content = tuple(getattr(claim, name) for name in _CONTENT)
        if content in kept:
            copies[claim.claim_id] = kept[content]
        else:
            kept[content] = claim.claim_id
    return copies
