"""The shipped data sets by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bajas.datasets.hindsight_cases import CASES, hindsight
from bajas.datasets.russia_ukraine import article_2023_08_07, russia_ukraine_2023
from bajas.errors import BajasError
from bajas.ledger.ledger import Ledger

_LOADERS: Mapping[str, Callable[[], Ledger]] = {
    "article_2023_08_07": article_2023_08_07,
    "russia_ukraine_2023": russia_ukraine_2023,
}
#: Hindsight cases stand under this name: ``hindsight/kosovo_1999``.
_HINDSIGHT = "hindsight/"


def available() -> tuple[str, ...]:
    """Return the names of the shipped data sets.

    Returns
    -------
    tuple of str
        The names, in alphabetical order.

    Examples
    --------
    >>> import bajas
    >>> names = bajas.datasets.available()
    >>> names[0], "hindsight/kosovo_1999" in names
    ('article_2023_08_07', True)
    """
    return tuple(sorted([*_LOADERS, *(f"{_HINDSIGHT}{case}" for case in CASES)]))


def load(name: str) -> Ledger:
    """Return a shipped data set by its name.

    Parameters
    ----------
    name : str
        One of :func:`available`.

    Returns
    -------
    Ledger
        The claims with their sources and taxonomy.

    Raises
    ------
    BajasError
        If no data set of that name ships with bajas.

    Examples
    --------
    >>> import bajas
    >>> len(bajas.datasets.load("article_2023_08_07"))
    21
    """
    case = name.removeprefix(_HINDSIGHT)
    if case != name and case in CASES:
        return hindsight(case).ledger
    if name not in _LOADERS:
        raise BajasError(
            f"no data set {name!r} ships with bajas; available: {', '.join(available())}"
        )
    return _LOADERS[name]()
