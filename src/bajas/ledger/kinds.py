"""How a stream counts: as a running tally, in assessments, or as a register of verified cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from bajas.claims.claim import Claim, EvidenceKind, StreamKind
from bajas.claims.source import Source

#: Totals from one start day that make a tally, and totals that must grow to make a register.
_ENOUGH = 3
#: Totals given to the last digit suffice in pairs: nobody estimates 498 and then 1,351.
_ENOUGH_EXACT = 2


def stream_kind(claims: Sequence[Claim], source: Source | None) -> tuple[StreamKind, bool]:
    """Return the kind of a stream and whether it had to be guessed.

    What the claims or the sources table declare is taken. Else the guess is:

    - ``register`` if all figures are ``at_least`` and the evidence is a list, or a media
      investigation gave three totals or more, each larger than the last;
    - ``tally`` if three figures or more (two, if both are ``exact``) are running totals from one
      start day;
    - ``assessment`` otherwise.

    Parameters
    ----------
    claims : sequence of Claim
        The claims of one stream. Rank statements and excluded claims don't count.
    source : Source, optional
        The stream's source.

    Returns
    -------
    tuple of (str, bool)
        The kind, and whether it is a guess.

    Examples
    --------
    >>> from datetime import date
    >>> start = date(2022, 2, 24)
    >>> totals = [Claim(str(month), "staff", "belligerent", "X", "Y", "all", "killed", start,
    ...                 date(2022, month, 1), date(2022, month, 2), value=100 * month)
    ...           for month in (3, 4, 5)]
    >>> stream_kind(totals, None)
    ('tally', True)
    """
    for claim in claims:
        if claim.kind is not None:
            return claim.kind, False
    if source is not None and source.kind is not None:
        return source.kind, False
    figures = [
        claim
        for claim in claims
        if claim.qualifier != "peak" and not claim.excluded and claim.has_figure
    ]
    if figures and all(claim.qualifier == "at_least" for claim in figures):
        listed = any(
            (claim.evidence or (source.evidence if source else None)) == "list" for claim in figures
        )
        investigated = all(claim.source_type == "media_investigation" for claim in figures)
        if listed or (investigated and _growing(figures)):
            return "register", True
    if _running_totals(figures):
        return "tally", True
    return "assessment", True


def stream_evidence(claims: Sequence[Claim], source: Source | None) -> EvidenceKind | None:
    """Return the kind of evidence of a stream, or None if its claims are of several kinds or none.

    Parameters
    ----------
    claims : sequence of Claim
        The claims of one stream.
    source : Source, optional
        The stream's source, which speaks for claims that don't say.

    Examples
    --------
    >>> from datetime import date
    >>> day = date(2022, 2, 24)
    >>> claim = Claim("a", "s", "ally", "X", "Y", "all", "killed", day, day, day, value=5)
    >>> stream_evidence([claim], Source("s", evidence="assessment"))
    'assessment'
    """
    known = source.evidence if source else None
    kinds = {claim.evidence or known for claim in claims}
    return kinds.pop() if len(kinds) == 1 else None


def _growing(claims: Sequence[Claim]) -> bool:
    ordered = sorted(claims, key=lambda claim: (claim.end, claim.published))
    values = [claim.value for claim in ordered if claim.value is not None]
    return len(values) >= _ENOUGH and all(later > earlier for earlier, later in pairwise(values))


def _running_totals(claims: Sequence[Claim]) -> bool:
    ends: dict[date, set[date]] = defaultdict(set)
    exact: dict[date, set[date]] = defaultdict(set)
    for claim in claims:
        plain = claim.qualifier in ("exact", "about") and claim.low is None
        if plain and claim.value is not None and not claim.per_day:
            ends[claim.start].add(claim.end)
            if claim.qualifier == "exact":
                exact[claim.start].add(claim.end)
    return any(len(days) >= _ENOUGH for days in ends.values()) or any(
        len(days) >= _ENOUGH_EXACT for days in exact.values()
    )
