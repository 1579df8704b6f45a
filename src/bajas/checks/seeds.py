"""Seeds of simulated cases: each design's cases have random numbers of their own."""

from __future__ import annotations

import hashlib


def case_seed(name: str, seed: int, index: int) -> tuple[int, int, int]:
    """Return the seed of one case of a run over many.

    With seeds ``(seed, index)`` for every design the first normal variates are the same
    everywhere, so that the first parameter drawn has the same luck in all of them, and a hundred
    runs are no hundred pieces of evidence. The name is mixed in by a hash that doesn't change from
    process to process.

    Parameters
    ----------
    name : str
        Of what is simulated. Cases of one name are the same; give two runs one name to hold them
        against each other case by case.
    seed : int
        Of the run.
    index : int
        Of the case.

    Returns
    -------
    tuple of int
        For :func:`numpy.random.default_rng`.

    Examples
    --------
    >>> case_seed("baseline", 0, 7) == case_seed("baseline", 0, 7)
    True
    >>> case_seed("baseline", 0, 7) == case_seed("drift", 0, 7)
    False
    """
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "little"), seed, index
