"""The commit of the code that something was measured with."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit() -> str:
    """Return the short hash of the commit that the library's files are in, or an empty text.

    It is empty where the library isn't in a Git repository of its own (installed from a wheel) or
    there is no Git.

    Examples
    --------
    >>> len(commit()) in (0, *range(7, 41))
    True
    """
    here = Path(__file__).resolve()
    try:
        found = subprocess.run(
            ["git", "-C", str(here.parent), "log", "-1", "--format=%h", "--", here.name],
            capture_output=True, text=True, check=True, timeout=10,
        ).stdout.strip()  # fmt: skip
        if not found:  # a repository of something else
            return ""
        return subprocess.run(
            ["git", "-C", str(here.parent), "rev-parse", "--short", "HEAD"],
            capture_output=True, text=True, check=True, timeout=10,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
