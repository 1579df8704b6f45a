"""Alternative definitions: what a figure may count where it isn't known which of several it is.

An outcome or component expression may hold alternatives, joined with ``|``: ``killed|casualties``
is a figure that counts the killed, or the killed and the wounded, and nobody knows which.
"""

from __future__ import annotations

from bajas.errors import TaxonomyError

SEPARATOR = "|"


def alternatives(expression: str) -> tuple[str, ...]:
    """Return the alternatives of an outcome or component expression; one where there is no choice.

    Parameters
    ----------
    expression : str
        Expressions over the taxonomy, joined with ``|``.

    Raises
    ------
    TaxonomyError
        If an alternative is empty or stands there twice.

    Examples
    --------
    >>> alternatives("killed|casualties"), alternatives("all-wagner")
    (('killed', 'casualties'), ('all-wagner',))
    """
    found = tuple(expression.split(SEPARATOR))
    if len(found) > 1 and not all(found):
        raise TaxonomyError(f"an alternative in {expression!r} is empty")
    if len(set(found)) < len(found):
        raise TaxonomyError(f"an alternative in {expression!r} stands there twice")
    return found


def is_ambiguous(component: str, outcome: str) -> bool:
    """Return whether a component or outcome expression holds alternatives."""
    return SEPARATOR in component or SEPARATOR in outcome


def definitions(component: str, outcome: str) -> tuple[tuple[str, str], ...]:
    """Return every (component, outcome) that a pair of expressions may stand for.

    Examples
    --------
    >>> definitions("all", "killed|casualties")
    (('all', 'killed'), ('all', 'casualties'))
    """
    return tuple((who, what) for who in alternatives(component) for what in alternatives(outcome))


def definition_names(component: str, outcome: str) -> tuple[str, ...]:
    """Return a name for each of :func:`definitions`: what is in question, and no more.

    Examples
    --------
    >>> definition_names("all", "killed|casualties"), definition_names("all|regular", "killed")
    (('killed', 'casualties'), ('all', 'regular'))
    """
    parts = (SEPARATOR in component, SEPARATOR in outcome)
    return tuple(
        " ".join(name for name, shown in zip(pair, parts, strict=True) if shown) or outcome
        for pair in definitions(component, outcome)
    )
