"""Whether two samplers' draws are of one posterior, within Monte Carlo error."""

from __future__ import annotations

import numpy as np
from arviz_stats.base import array_stats

#: Monte Carlo errors by which estimates may differ: of a thousand comparisons none by chance.
ERRORS = 4.5

LOW, HIGH = 0.025, 0.975


def estimates(draws: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean, sd and quantiles with their errors, of draws of shape (quantity, chain, draw)."""

    def error(method: str, **options: float) -> np.ndarray:
        return np.array(
            [array_stats.mcse(row, chain_axis=0, draw_axis=1, method=method, **options)
             for row in draws]
        )  # fmt: skip

    axes = (1, 2)
    return {
        "mean": (draws.mean(axis=axes), error("mean")),
        "sd": (draws.std(axis=axes), error("sd")),
        "low": (np.quantile(draws, LOW, axis=axes), error("quantile", prob=LOW)),
        "high": (np.quantile(draws, HIGH, axis=axes), error("quantile", prob=HIGH)),
    }


def differences(
    one: dict[str, np.ndarray], other: dict[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    """Differences in Monte Carlo errors beyond :data:`ERRORS`, by estimate and quantity.

    Draws have shape (chain, draw), by name of the quantity.
    """
    names = list(one)
    both = [estimates(np.stack([draws[name] for name in names])) for draws in (one, other)]
    found: dict[str, dict[str, float]] = {}
    for kind in both[0]:
        (a, error_a), (b, error_b) = both[0][kind], both[1][kind]
        off = np.abs(a - b) / np.hypot(error_a, error_b)
        if (far := np.flatnonzero(off > ERRORS)).size:
            found[kind] = {names[i]: float(off[i]) for i in far}
    return found
