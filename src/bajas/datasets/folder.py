"""Where a user keeps public data that don't ship with the library."""

from __future__ import annotations

import os
from pathlib import Path

from bajas.errors import BajasError

#: Name of the environment variable that says where downloaded data are.
VARIABLE = "BAJAS_DATA"


def data_folder() -> Path | None:
    """Return the folder of downloaded data, if there is one.

    It is the folder named by the environment variable ``BAJAS_DATA``; without that, ``shared/data``
    beside a source checkout of bajas.

    Returns
    -------
    pathlib.Path or None
        The folder, or ``None`` if neither is there.

    Raises
    ------
    BajasError
        If ``BAJAS_DATA`` is set but isn't a folder.

    Examples
    --------
    >>> import bajas
    >>> folder = bajas.datasets.data_folder()
    >>> folder is None or folder.is_dir()
    True
    """
    named = os.environ.get(VARIABLE, "")
    if named:
        folder = Path(named)
        if not folder.is_dir():
            raise BajasError(f"{VARIABLE} is set to {named!r}, which isn't a folder")
        return folder
    checkout = Path(__file__).resolve().parents[3]
    beside = checkout.parent / "shared" / "data"
    if (checkout / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    return None
