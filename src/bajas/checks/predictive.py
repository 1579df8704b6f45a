"""Scores and surprise of observations under draws that didn't see them, or weights for such."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import logsumexp, ndtr
from scipy.stats import nbinom, poisson

from bajas.checks.leave_out import log_predictive, own_biases
from bajas.design.build import build_design
from bajas.model.build import build_representation
from bajas.model.family import AT_LEAST, AT_MOST, NEGATIVE_BINOMIAL, POISSON, log_distribution_t4
from bajas.model.representation import Representation
from bajas.model.withholding import withhold
from bajas.posterior.densities import ObservationDraws, observation_draws
from bajas.posterior.posterior import Posterior

#: Draws of biases from their prior, for a figure's distribution without them.
_PRIOR_POINTS = 128


def held_out(posterior: Posterior) -> dict[str, Any]:
    """Score the observations that were withheld from a fit.

    Parameters
    ----------
    posterior : Posterior
        A fit with withheld observations; the whole design is built again from its ledger.

    Returns
    -------
    dict
        ``names`` of the withheld observations, ``log_score`` of all of them together (log
        predictive density of log figures), and ``below``: for each of them the probability that
        its source's figure is below it. Empty if none was withheld.
    """
    design = build_design(posterior.ledger, posterior.specification.registers.reading)
    seen_names = {o.name for o in posterior.design.observations}
    rows = [i for i, o in enumerate(design.observations) if o.name not in seen_names]
    if not rows:
        return {}
    whole = build_representation(design, posterior.specification, posterior.ledger.sources)
    full = replace(posterior, design=design, representation=whole, _realised={})
    seen = observation_draws(full)
    # their own biases weren't fitted: draws of them are draws of their prior
    together = log_predictive(full, seen, rows, seed=posterior.seed)
    below = figure_below(whole, seen).reshape(-1, len(whole.names))[:, rows]
    return {
        "names": [whole.names[row] for row in rows],
        "log_score": float(logsumexp(together) - np.log(together.size)),
        "below": below.mean(axis=0),
    }


def figure_below(representation: Representation, seen: ObservationDraws) -> np.ndarray:
    """Return the probability in each draw that a source's figure is below the published one.

    For counts half the probability of the very figure is added, so that it is 1/2 in the middle.

    Returns
    -------
    ndarray, shape (chain, draw, observation)
    """
    counts = representation.form >= POISSON
    safe = np.where(counts, 1.0, seen.sigma)
    t = (representation.log_value - seen.mu) / safe
    if representation.degrees_of_freedom == 4.0:
        below = np.exp(log_distribution_t4(t))
    else:
        below = ndtr(t)
    for form in (POISSON, NEGATIVE_BINOMIAL):
        at = np.flatnonzero(representation.form == form)
        if at.size:
            y, mean = representation.count[at], np.exp(seen.mu[..., at])
            if form == POISSON:
                below[..., at] = poisson.cdf(y, mean) - 0.5 * poisson.pmf(y, mean)
            else:
                phi = seen.sigma[..., at]
                law = phi, phi / (phi + mean)
                below[..., at] = nbinom.cdf(y, *law) - 0.5 * nbinom.pmf(y, *law)
    return np.asarray(below)


def surprise(form: int, below: float) -> float:
    """Return how probable a figure at least as far out is, by form of the observation.

    For a point or a count twice the smaller probability of a figure beyond it; for "at least" the
    probability that the source's figure is that or more; for "at most", that or less. A bound
    that holds easily is no surprise.
    """
    if form == AT_LEAST:
        return 1 - below
    if form == AT_MOST:
        return below
    return 2 * min(below, 1 - below)


def below_without_own(posterior: Posterior, seen: ObservationDraws, row: int) -> np.ndarray | None:
    """Return :func:`figure_below` of an observation with biases that only it knows unknown again.

    Parameters
    ----------
    posterior : Posterior
        Draws.
    seen : ObservationDraws
        Of the same draws.
    row : int
        The observation.

    Returns
    -------
    ndarray, shape (chain, draw), or None
        Averaged over the prior of those biases; None if there are none.
    """
    own = own_biases(posterior, np.array([row]))
    if own is None:
        return None
    rng = np.random.default_rng([posterior.seed, row])
    light = rng.standard_normal((_PRIOR_POINTS, own.mean.size))
    heavy = np.isfinite(own.degrees_of_freedom)
    nu = np.where(heavy, own.degrees_of_freedom, 1.0)
    stretch = np.where(heavy, np.sqrt(nu / (2 * rng.standard_gamma(nu / 2, light.shape))), 1.0)
    biases = (own.mean + own.scale * light * stretch) @ own.loading[0]
    base = seen.mu[..., row] - (own.values @ own.loading[0]).reshape(seen.mu.shape[:-1])
    one = _only(posterior.representation, row)
    total = np.zeros(base.shape)
    for bias in biases:
        there = ObservationDraws((base + bias)[..., None], seen.sigma[..., [row]], total)
        total += figure_below(one, there)[..., 0]
    return total / _PRIOR_POINTS


def _only(representation: Representation, row: int) -> Representation:
    """Return a representation of one observation."""
    return withhold(representation, set(representation.names) - {representation.names[row]})
