"""Compiled code on disk belongs to the present sources.

numba keeps compiled functions beside their source and takes them to be current while that one file
is unchanged, although they hold the code of functions from other files too. Whatever was compiled
from other sources of this package is therefore thrown away before it can be loaded. Sources that
hold nothing compiled don't count.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import numba

from bajas.sampler.special import total

#: Holds nothing compiled itself, but the tuples and codes that compiled code is made for.
_ARRAYS = "kernel_arrays.py"

#: Says from which sources the files beside it were compiled.
_MARK = "bajas-sampler-sources.sha256"


@cache
def discard_stale() -> bool:
    """Delete what was compiled from other sources; return whether there was a need to.

    Looks once per process. A folder that can't be written to is left alone: numba then keeps its
    files elsewhere, or nothing.
    """
    if not hasattr(total, "stats"):  # numba is told not to compile
        return False
    folder = Path(str(total.stats.cache_path))
    digest = sha256(numba.__version__.encode())
    sources = []
    for source in sorted(Path(__file__).parent.glob("*.py")):
        text = source.read_bytes()
        if b"from numba" in text or source.name == _ARRAYS:
            sources.append(source)
            digest.update(text)
    mark = folder / _MARK
    try:
        if mark.is_file() and mark.read_text(encoding="ascii") == digest.hexdigest():
            return False
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources:
            for pattern in (f"{source.stem}.*.nbi", f"{source.stem}.*.nbc"):
                for file in folder.glob(pattern):
                    file.unlink(missing_ok=True)
        mark.write_text(digest.hexdigest(), encoding="ascii")
    except OSError:
        return False
    return True
