"""What the fit expects each source's figure to be, and how surprising the figure is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import ndtr

from bajas.answers.interval import checked_levels, tails
from bajas.model.family import log_distribution_t4
from bajas.posterior.posterior import Posterior

#: Draws whose intensities are held in memory at a time.
_BLOCK = 250
#: Keeps the simulated figures apart from other uses of the fit's seed.
_STREAM = 0x636C61696D73


def claims_table(posterior: Posterior, level: float = 0.9) -> pd.DataFrame:
    """Return each observation beside the posterior predictive of its source's figure.

    The predictive holds the true losses, the source's bias and its noise. The claim itself is
    part of the fit, so a surprise is understated: a claim that surprises even so deserves a look.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    level : float
        Of the interval of the predicted figure.

    Returns
    -------
    pandas.DataFrame
        One row per observation: ``observation``, ``claims``, ``source``, ``stream``, ``start``,
        ``end``, ``form``, ``value``; ``true_median``, ``true_low`` and ``true_high`` of the losses
        that it counts (expected numbers; of a growing list, those of which a list that is complete
        in the end knows by then); ``predicted_median``, ``predicted_low`` and
        ``predicted_high`` of the source's figure; ``tail``, for a point twice the smaller
        probability of a figure beyond it, for a bound the probability that the source's figure
        meets it; ``meaning``. ``attrs["level"]`` states the level.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> table = claims_table(prior)
    >>> bool(table["tail"].between(0, 1).all())
    True
    """
    (level,) = checked_levels([level])
    design, representation = posterior.design, posterior.representation
    rng = np.random.default_rng([posterior.seed, _STREAM])
    truths, figures = [], []
    below = np.zeros(len(representation.names))
    for log_tau, mu, sigma in _blocks(posterior):
        t = (representation.log_value - mu) / sigma
        if representation.degrees_of_freedom == 4.0:
            errors = rng.standard_t(4.0, size=mu.shape)
            below += np.exp(log_distribution_t4(t)).sum(axis=0)
        else:
            errors = rng.standard_normal(size=mu.shape)
            below += ndtr(t).sum(axis=0)
        truths.append(np.exp(log_tau))
        figures.append(np.exp(mu + sigma * errors))
    below = np.clip(below / (posterior.chains * posterior.draws), 0, 1)
    low, high = tails([level])[:, 0]
    truth = np.quantile(np.concatenate(truths), [low, 0.5, high], axis=0)
    figure = np.quantile(np.concatenate(figures), [low, 0.5, high], axis=0)
    rows = []
    for index, observation in enumerate(design.observations):
        stream = design.streams[observation.stream]
        tail = {
            "point": 2 * min(below[index], 1 - below[index]),
            "at_least": 1 - below[index],
            "at_most": below[index],
        }[observation.form]
        rows.append(
            {
                "observation": observation.name,
                "claims": "; ".join(observation.claim_ids),
                "source": stream.source,
                "stream": stream.label,
                "start": pd.Timestamp(observation.window.start),
                "end": pd.Timestamp(observation.window.end),
                "form": observation.form,
                "value": observation.value,
                "true_median": truth[1, index],
                "true_low": truth[0, index],
                "true_high": truth[2, index],
                "predicted_median": figure[1, index],
                "predicted_low": figure[0, index],
                "predicted_high": figure[2, index],
                "tail": float(tail),
                "meaning": observation.meaning,
            }
        )
    table = pd.DataFrame(rows)
    table.attrs.update(level=level, trusted=not posterior.why_not)
    return table


def _blocks(posterior: Posterior) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield log tau, mu and sigma of every observation, some draws at a time."""
    representation = posterior.representation
    hyper = {
        name: values.reshape(-1, values.shape[-1]) for name, values in posterior.hyper_draws.items()
    }
    bias = posterior.bias_draws.reshape(-1, len(representation.names))
    for start in range(0, len(bias), _BLOCK):
        part = slice(start, start + _BLOCK)
        log_tau = posterior.expected_log(part)
        sigma = representation.noise_scale({name: values[part] for name, values in hyper.items()})
        yield log_tau, log_tau + bias[part], sigma
