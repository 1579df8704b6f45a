"""Where and of what a measurement was made: machine, day, commit, versions."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def origin(*packages: str) -> dict[str, object]:
    """Return what a JSON file says of its origin.

    Parameters
    ----------
    *packages : str
        Those whose versions are said; what isn't installed is left out.

    Examples
    --------
    >>> sorted(origin("numpy"))
    ['commit', 'machine', 'python', 'versions', 'when']
    """
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}, "
        f"{os.cpu_count()} cores",
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "commit": commit(),
        "python": platform.python_version(),
        "versions": versions,
    }


#: What is measured, and all that measures.
_WATCHED = ("src", "examples", "benchmarks/*.py", "benchmarks/peers")


def commit(*paths: str) -> str:
    """Return the last commit of what is measured and what measures; marked if either has changed.

    Later commits, of texts or results, leave both as they were.

    Parameters
    ----------
    *paths : str
        What matters; the library, its examples and all benchmarks if absent.
    """
    git = ("git", "-C", str(_ROOT))
    watched = ("--", *(paths or _WATCHED))
    try:
        last = subprocess.run([*git, "log", "-1", "--format=%h", *watched], **_QUIET)
        changed = subprocess.run([*git, "status", "--porcelain", *watched], **_QUIET)
    except (OSError, subprocess.CalledProcessError):
        return "not recorded"
    return last.stdout.strip() + (" with changes" if changed.stdout.strip() else "")


_QUIET = {"check": True, "capture_output": True, "text": True}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "processor not known"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "processor not known"
