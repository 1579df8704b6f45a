"""Power-scaling: a group of priors, or the likelihood, made stronger and weaker by weights."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bajas.answers.reliance import Reliance
from bajas.checks.weights import Weights, smoothed
from bajas.posterior.densities import ObservationDraws, standard_draws, standard_log_prior
from bajas.posterior.posterior import Posterior
from bajas.posterior.prior_groups import GROUP_WORDS, prior_groups

#: Powers that are tried, from the widest pair on, until the weights can carry both.
POWERS = ((0.5, 2.0), (0.8, 1.25), (0.9, 1 / 0.9), (0.95, 1 / 0.95))
#: Powers of the local diagnostic, and its value from which an answer is called sensitive.
_LOCAL = (0.99, 1.01)
SENSITIVE = 0.05

#: What the likelihood is called among the groups.
CLAIMS = "claims"


def log_densities(posterior: Posterior, seen: ObservationDraws) -> dict[str, np.ndarray]:
    """Return the log density of each group of priors, and of the claims, (chain, draw) each."""
    density = standard_log_prior(posterior, standard_draws(posterior))
    groups = {
        name: density[..., places].sum(axis=-1) for name, places in prior_groups(posterior).items()
    }
    return {**groups, CLAIMS: seen.log_likelihood.sum(axis=-1)}


def scaled(log_density: np.ndarray) -> dict[float, Weights]:
    """Return weights for a density raised to a power, for the widest pair that they can carry.

    Returns
    -------
    dict of float to Weights
        Two powers, one below and one above 1; the last pair tried even if its k is too large.
    """
    for pair in POWERS:
        found = {power: smoothed((power - 1) * log_density) for power in pair}
        if all(weights.reliable for weights in found.values()):
            break
    return found


def local_sensitivity(draws: np.ndarray, log_density: np.ndarray) -> float:
    """Return the power-scaling diagnostic of ArviZ's ``psense`` for draws of one number.

    The cumulative Jensen-Shannon distance between posterior and power-scaled posterior, per
    doubling of the power, at powers 0.99 and 1.01 (Kallioinen et al. 2024, section 2.4).

    Parameters
    ----------
    draws, log_density : ndarray, shape (chain, draw)
        Of the number, and of what is scaled.
    """
    from arviz_stats.base import array_stats

    if np.ptp(draws) == 0 or np.ptp(log_density) < 1e-9:
        return 0.0
    low, high = (
        np.exp(array_stats.power_scale_lw(log_density, alpha=power, axis=(0, 1)))
        for power in _LOCAL
    )
    return float(
        array_stats.power_scale_sense(
            draws, low / low.sum(), high / high.sum(), *_LOCAL, chain_axis=0, draw_axis=1
        )
    )


def power_table(
    draws: np.ndarray, densities: dict[str, np.ndarray], rests: Reliance | None
) -> pd.DataFrame:
    """Return how a number answers to each group of priors and to the claims, one row each.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw)
        Of the number.
    densities : dict of str to ndarray
        From :func:`log_densities`.
    rests : Reliance, optional
        Of the same number.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``what``, ``psense`` (the diagnostic), ``sensitive`` (from 0.05 on),
        ``share`` of the variance of the logarithm with its Monte Carlo error ``mcse_share``, and
        ``pull``: how far the mean of the logarithm moves if the density is squared.
    """
    logs = np.log(np.maximum(draws, 0.5))
    rows = []
    for name, density in densities.items():
        diagnostic = local_sensitivity(logs, density)
        pull = float(np.mean((logs - logs.mean()) * density) * np.log(2))
        rows.append(
            {
                "group": name,
                "what": GROUP_WORDS.get(name, "the claims"),
                "psense": diagnostic,
                "sensitive": diagnostic >= SENSITIVE,
                "share": np.nan if rests is None else rests.shares[name],
                "mcse_share": np.nan if rests is None else rests.errors[name],
                "pull": pull,
            }
        )
    return pd.DataFrame(rows)
