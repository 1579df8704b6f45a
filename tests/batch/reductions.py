"""What the tests keep of fits: importable by worker processes."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import numpy as np

from bajas.posterior.posterior import Posterior


def totals(posterior: Posterior, until: str | None = None) -> dict[str, Any]:
    """Quantiles of the dead of X."""
    draws = posterior.total("killed", "X", until=until)
    return {"mean": draws.mean(), "q": np.quantile(draws, [0.05, 0.95]), "of": {"n": draws.size}}


def slow_totals(posterior: Posterior) -> dict[str, Any]:
    """The same, after a while."""
    time.sleep(0.5)
    return totals(posterior)


def failing(posterior: Posterior) -> dict[str, Any]:
    """Fail for odd seeds."""
    if posterior.seed % 2:
        raise ValueError(f"seed {posterior.seed} is odd")
    return {"seed": posterior.seed}


def killing(posterior: Posterior) -> dict[str, Any]:
    """Die as a process that ran out of memory does, for seed 1."""
    if posterior.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"seed": posterior.seed}


def unwritable(posterior: Posterior) -> dict[str, Any]:
    """Return what isn't plain data."""
    return {"draws": posterior}
