"""Density ratios from a posterior to the one under another bias prior."""

from __future__ import annotations

import numpy as np

from bajas.model.bias import BiasPrior
from bajas.model.build import build_representation
from bajas.model.representation import Representation
from bajas.posterior.posterior import Posterior


def log_prior_change(posterior: Posterior, bias: BiasPrior) -> np.ndarray | None:
    """Return log density ratios from a posterior to the one under another bias prior.

    The likelihood is the same, so that the ratio is that of the priors of all biases. With tens of
    biases it varies much between draws unless the priors are close.

    Parameters
    ----------
    posterior : Posterior
        Draws.
    bias : BiasPrior
        The other prior.

    Returns
    -------
    ndarray, shape (chain, draw), or None
        None where the other prior has other biases (an anchor more or less).
    """
    here = posterior.representation
    there = build_representation(
        posterior.design, posterior.specification.with_bias(bias), posterior.ledger.sources
    )
    if _labels(here) != _labels(there):
        return None
    change = np.zeros((posterior.chains, posterior.draws))
    blocks = here.split(posterior.field_draws)
    for old, new in zip(here.terms, there.terms, strict=True):
        if np.array_equal(old.mean, new.mean) and np.array_equal(old.scale, new.scale):
            continue
        after = (blocks[old.name] - new.mean) / new.scale
        before = (blocks[old.name] - old.mean) / old.scale
        logs = -0.5 * after**2 - np.log(new.scale) + 0.5 * before**2 + np.log(old.scale)
        change += logs.reshape(*change.shape, -1).sum(axis=-1)
    for h, g in zip(here.hyperparameters, there.hyperparameters, strict=True):
        for index, (prior, other) in enumerate(zip(h.priors, g.priors, strict=True)):
            if prior != other:
                values = posterior.hyper_draws[h.name][..., index]
                change += other.log_density(values) - prior.log_density(values)
    return change


def _labels(representation: Representation) -> list[tuple[str, object]]:
    return [
        *((term.name, term.labels) for term in representation.terms),
        *((hyper.name, hyper.labels) for hyper in representation.hyperparameters),
    ]
