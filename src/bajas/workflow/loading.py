"""A saved fit, read back."""

from __future__ import annotations

import os

from bajas.workflow.fit import Fit


def load(path: str | os.PathLike[str]) -> Fit:
    """Load a fit from a file written by :meth:`Fit.save`.

    Parameters
    ----------
    path : str or path-like
        The file.

    Raises
    ------
    FileFormatError
        If the file isn't a saved fit, is damaged, or is of a later version.
    """
    from bajas.posterior import storage

    return Fit(storage.load(path))
