"""Whether two sources' figures err together beyond what the model gives: copies, shared origins."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import norm, t

from bajas.design.design import Design
from bajas.posterior.posterior import Posterior

#: Draws of the posterior, and simulated sets of independent errors to compare them with.
_DRAWS, _SIMULATED = 400, 4000
#: Share of days and of strata in common from which two figures are about the same losses.
_OVERLAP = 0.25
#: Figures of each source that must meet one of the other.
_ENOUGH = 3
#: Chance per table, at most, of a suspicion where all sources are independent.
FALSE_ALARMS = 0.05
_STREAM = 0x636F6C6C


def collusion(posterior: Posterior) -> pd.DataFrame:
    """Return for each pair of sources whether their errors agree too well to be independent.

    The model takes the errors of figures as independent given the losses, the sources' biases
    (which sources of one bloc may share) and the noise. For each draw, the standardised errors of
    two sources' figures about the same days and losses are correlated, weighted by overlap, and
    held against the correlation of independent errors. A copy, or two sources with one origin,
    correlates near 1.

    Parameters
    ----------
    posterior : Posterior
        The fit.

    Returns
    -------
    pandas.DataFrame
        One row per pair of sources with enough figures in common: ``first``, ``second``;
        ``figures``, pairs of figures that overlap; ``correlation`` of errors (median) with
        ``correlation_low`` and ``correlation_high`` (90 %); ``p_value``, of so much correlation
        among independent errors; ``adjusted`` for the number of pairs (Holm); ``suspect``, whether
        that is below 0.05. Most suspicious first; empty if no pair has enough in common.

    Notes
    -----
    Given the parameters, standardised errors are pivotal: whatever the parameters, they are
    independent draws of one known distribution. So for a single draw of the posterior the p-value
    is exactly uniform if the model holds (Johnson 2007), and twice the mean over draws is a valid
    p-value (Vovk and Wang 2020): its false alarms are at most what it says. The price is power. A
    pair that copies each other in few figures, or whose common error the path has followed, isn't
    found.

    References
    ----------
    V. E. Johnson (2007), Bayesian model assessment using pivotal quantities, Bayesian Analysis 2.
    V. Vovk and R. Wang (2020), Combining p-values via averaging, Biometrika 107.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> len(collusion(prior))
    0
    """
    pairs = _overlapping(posterior.design)
    rng = np.random.default_rng([posterior.seed, _STREAM])
    rows = []
    if pairs:
        scores = _normal_scores(posterior)
        for (first, second), (left, right, weight) in pairs.items():
            found = correlation(scores, left, right, weight)
            p = correlation_p_value(found, left, right, weight, rng)
            low, middle, high = np.quantile(found, [0.05, 0.5, 0.95])
            rows.append((first, second, len(left), middle, low, high, p))
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table = table.sort_values(["p_value", "first", "second"], ignore_index=True)
    # Holm: the smallest p-value by the number of pairs, the next by one less, never falling
    steps = table["p_value"].to_numpy(dtype=float) * (len(table) - np.arange(len(table)))
    table["adjusted"] = np.minimum(np.maximum.accumulate(steps), 1.0)
    table["suspect"] = table["adjusted"] < FALSE_ALARMS
    table.attrs["trusted"] = not posterior.why_not
    return table


_COLUMNS = [
    "first", "second", "figures", "correlation", "correlation_low", "correlation_high", "p_value",
]  # fmt: skip


def correlation(
    scores: np.ndarray, left: np.ndarray, right: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Return the weighted correlation of pairs of scores about zero, shape (draw,).

    Parameters
    ----------
    scores : ndarray, shape (draw, observation)
        Standard normal if the model holds.
    left, right : ndarray of int, shape (pair,)
        Observations of each source.
    weight : ndarray, shape (pair,)
        Of each pair.
    """
    a, b = scores[:, left], scores[:, right]
    norms = np.sqrt((weight * a * a).sum(axis=1) * (weight * b * b).sum(axis=1))
    return np.asarray((weight * a * b).sum(axis=1) / np.maximum(norms, 1e-300))


def correlation_p_value(
    found: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    weight: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Return twice the mean over draws of the chance of so much correlation.

    Parameters
    ----------
    found : ndarray, shape (draw,)
        Of :func:`correlation`.
    left, right, weight : ndarray
        The pairs.
    rng : numpy.random.Generator
        For the simulated errors.
    """
    members, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    simulated = rng.standard_normal((_SIMULATED, members.size))
    null = np.sort(correlation(simulated, places[: left.size], places[left.size :], weight))
    beyond = _SIMULATED - np.searchsorted(null, found)
    chance = (beyond + 1) / (_SIMULATED + 1)
    if beyond.max() == 0:  # farther out than was simulated: Fisher's z tells how far
        spread = np.arctanh(np.clip(null, -1 + 1e-12, 1 - 1e-12)).std()
        tail = norm.sf(np.arctanh(np.clip(found, -1 + 1e-12, 1 - 1e-12)) / spread)
        chance = np.minimum(chance, np.maximum(tail, 1e-12))
    return float(min(1.0, 2 * chance.mean()))


def _overlapping(
    design: Design,
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return pairs of point observations about the same days and losses, by pair of sources."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for row, observation in enumerate(design.observations):
        if observation.form == "point":
            by_source[design.streams[observation.stream].source].append(row)
    found = {}
    for first, second in combinations(sorted(by_source), 2):
        meets = []
        for i in by_source[first]:
            for j in by_source[second]:
                weight = _overlap(design, i, j)
                if weight >= _OVERLAP:
                    meets.append((i, j, weight))
        if meets:
            left, right, weights = (np.array(column) for column in zip(*meets, strict=True))
            if min(np.unique(left).size, np.unique(right).size) >= _ENOUGH:
                found[first, second] = left, right, weights
    return found


def _overlap(design: Design, i: int, j: int) -> float:
    """Return the share of days times the share of strata that two observations have in common."""
    one, other = design.observations[i], design.observations[j]
    days = (min(one.window.end, other.window.end) - max(one.window.start, other.window.start)).days
    strata = set(one.strata) & set(other.strata)
    if days < 0 or not strata:
        return 0.0
    both = max(one.window.end, other.window.end) - min(one.window.start, other.window.start)
    return (days + 1) / (both.days + 1) * len(strata) / len({*one.strata, *other.strata})


def _normal_scores(posterior: Posterior) -> np.ndarray:
    """Return standardised errors as normal scores, shape (draw, observation)."""
    representation = posterior.representation
    field = posterior.field_draws.reshape(-1, representation.field_size)
    chosen = np.unique(np.linspace(0, len(field) - 1, _DRAWS).astype(int))
    hyper = {
        name: values.reshape(-1, values.shape[-1])[chosen]
        for name, values in posterior.hyper_draws.items()
    }
    mu = representation.location(field[chosen], hyper)
    sigma = representation.noise_scale(hyper, field[chosen])
    errors = (representation.log_value - mu) / sigma
    if representation.degrees_of_freedom == 4.0:
        # by the tail that is small, where the distribution function is accurate
        return np.asarray(-np.sign(errors) * ndtri(t.sf(np.abs(errors), 4.0)))
    return np.asarray(errors)
