"""What is kept of each fit: a function of the posterior that returns plain data, and its identity.

A fit's draws are megabytes, and a thousand fits have a thousand of them; what a batch keeps of each
is what a function makes of it where it was drawn.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from bajas.errors import BajasError
from bajas.posterior.posterior import Posterior

#: What is kept of a posterior: an importable function, or a ``functools.partial`` of one.
Reduce = Callable[[Posterior], dict[str, Any]]


def identity(reduce: Callable[..., Any]) -> str:
    """Return what a reduction is, as text: its name, its source and the arguments given to it.

    Parameters
    ----------
    reduce : callable
        A function at the top of a module, or a ``functools.partial`` of one whose arguments are
        plain data.

    Raises
    ------
    BajasError
        If it can't be told by name from another: a lambda, a function inside a function, a bound
        method, an argument that isn't plain data.

    Examples
    --------
    >>> def total(posterior):
    ...     return {}
    >>> identity(total) == identity(total), identity(total) == identity(partial(total, level=0.9))
    (True, False)
    >>> identity(lambda posterior: {})
    Traceback (most recent call last):
    ...
    bajas.errors.BajasError: reduce must be a function at the top of a module, or a ...
    """
    given: list[Any] = []
    while isinstance(reduce, partial):
        given.append([list(reduce.args), dict(reduce.keywords)])
        reduce = reduce.func
    name = getattr(reduce, "__qualname__", "<")
    if not inspect.isfunction(reduce) or "<" in name:
        raise BajasError(
            "reduce must be a function at the top of a module, or a functools.partial of one with"
            f" plain arguments, so that a worker and a later run find the same one; not {reduce!r}"
        )
    try:
        source = inspect.getsource(reduce)
    except (OSError, TypeError):
        source = reduce.__code__.co_code.hex()  # typed at a prompt
    try:
        arguments = plain_text(given)
    except TypeError as error:
        raise BajasError(f"an argument of reduce isn't plain data: {error}") from error
    text = json.dumps([reduce.__module__, name, source, arguments])
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def plain_text(value: Any) -> str:
    """Return plain data as JSON text; NumPy's numbers and arrays, and dates, are accepted.

    Numbers that aren't finite are written ``NaN`` and ``Infinity``, as Python and JavaScript read
    them.

    Raises
    ------
    TypeError
        If there is anything else in it.
    """
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} {value!r} isn't JSON")
