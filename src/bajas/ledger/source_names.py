"""Names of sources that may be two spellings of one."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from bajas.claims.text import fold_lookalikes
from bajas.errors import Finding

_FILLERS = frozenset(("of", "the", "for", "and", "de", "du", "des", "la"))
#: Shortest word in which one letter can be a slip: below it, words of one letter's difference
#: are mostly different words (dod, dia; un, us).
_LONG_WORD = 5
#: Above this many sources only equal keys are compared, since pairs grow with the square.
_MOST_PAIRED = 500


def similar_names(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of names that are probably one source spelt in two ways.

    Names count as similar if they are equal but for case, blanks, punctuation and letters that
    look alike; if one spells out an abbreviation of the other; or if they differ by one slip in
    one long word. Different bodies with short names (``us_dod``, ``us_dia``) are not.

    Parameters
    ----------
    names : iterable of str
        Names of sources.

    Examples
    --------
    >>> similar_names(["UK MoD", "UK Ministry of Defence", "us_dod", "us_dia"])
    [('UK Ministry of Defence', 'UK MoD')]
    """
    words = {name: _words(name) for name in sorted(set(names))}
    by_key: dict[str, list[str]] = defaultdict(list)
    for name, parts in words.items():
        by_key["".join(parts)].append(name)
    pairs = [pair for group in by_key.values() for pair in combinations(group, 2)]
    if len(by_key) <= _MOST_PAIRED:
        first_names = [group[0] for group in by_key.values()]
        pairs += [
            (one, other)
            for one, other in combinations(first_names, 2)
            if _abbreviates(words[one], words[other])
            or _abbreviates(words[other], words[one])
            or _one_slip(words[one], words[other])
        ]
    return sorted(pairs)


def name_findings(names: Iterable[str]) -> list[Finding]:
    """Return a warning for each pair of source names that may be one source."""
    return [
        Finding(
            "warn",
            "similar-source-names",
            f"{one!r} and {other!r} may be two spellings of one source, which would then count "
            "as two witnesses.",
            "use one spelling if they are the same",
            column="source",
            text=other,
        )
        for one, other in similar_names(names)
    ]


def _words(name: str) -> tuple[str, ...]:
    # Lookalikes by the case they have: a capital and a small letter resemble different ones.
    text = unicodedata.normalize("NFKD", fold_lookalikes(name))
    text = "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Cf"))
    parts = tuple(re.findall(r"[^\W_]+", text.casefold()))
    return parts[1:] if len(parts) > 1 and parts[0] == "the" else parts or (name,)


def _abbreviates(short: Sequence[str], long: Sequence[str]) -> bool:
    """Return whether words equal others but for initials, as in (uk, mod) of the long name."""
    if not short or not long:
        return not short and not long
    if short[0] == long[0] and _abbreviates_rest(short[1:], long[1:]):
        return True
    return _initials_match(short, long)


def _abbreviates_rest(short: Sequence[str], long: Sequence[str]) -> bool:
    return bool(short) and _abbreviates(short, long)


def _initials_match(short: Sequence[str], long: Sequence[str]) -> bool:
    for count in range(2, len(long) + 1):
        run = long[:count]
        initials = "".join(word[0] for word in run)
        bare = "".join(word[0] for word in run if word not in _FILLERS)
        if short[0] in (initials, bare) and len(short[0]) > 1:
            rest_short, rest_long = short[1:], long[count:]
            if tuple(rest_short) == tuple(rest_long) or _abbreviates_rest(rest_short, rest_long):
                return True
    return False


def _one_slip(one: Sequence[str], other: Sequence[str]) -> bool:
    if len(one) != len(other):
        return False
    different = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(different) != 1:
        return False
    first, second = different[0]
    if min(len(first), len(second)) < _LONG_WORD or any(c.isdigit() for c in first + second):
        return False
    return _distance_is_one(first, second)


def _distance_is_one(one: str, other: str) -> bool:
    """Return whether a letter more, another letter or two swapped letters make the difference."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return (
        a[1:] == b
        or a == b[1:]
        or a[1:] == b[1:]
        or (len(a) > 1 and len(b) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:])
    )
