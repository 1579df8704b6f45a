"""How a source stands to the side whose losses it reports."""

from __future__ import annotations

from typing import Literal, get_args

Relation = Literal["own", "enemy", "own_victims", "third_party"]
RELATIONS: tuple[str, ...] = get_args(Relation)

#: Types of source that are a party to the war when they speak of a side.
BELLIGERENT_TYPES = frozenset({"belligerent", "official_own", "official_belligerent"})


def relation(source_type: str, speaks_for: str, side: str, civilian: bool = False) -> Relation:
    """Return how a source stands to the side whose losses it reports.

    Parameters
    ----------
    source_type : str
        Kind of body; a party to the war is in :data:`BELLIGERENT_TYPES`.
    speaks_for : str
        The side it is aligned with.
    side : str
        Whose losses it reports.
    civilian : bool
        Whether the losses are civilians.

    Examples
    --------
    >>> relation("belligerent", "UA", "RU"), relation("ally", "UA", "RU")
    ('enemy', 'third_party')
    """
    if source_type in BELLIGERENT_TYPES:
        if speaks_for == side:
            return "own_victims" if civilian else "own"
        return "enemy"
    return "third_party"
