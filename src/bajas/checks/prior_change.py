"""Density ratios from a posterior to the one under another prior of how sources report."""

from __future__ import annotations

import numpy as np

from bajas.model.build import build_representation
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.posterior import Posterior


def log_prior_change(posterior: Posterior, other: Specification) -> np.ndarray | None:
    """Return log density ratios from a posterior to the one under another specification's priors.

    The likelihood has to be the same, so that the ratio is that of the priors: of all biases, or of
    the coverage of lists. With tens of biases it varies much between draws unless the priors are
    close.

    Parameters
    ----------
    posterior : Posterior
        Draws.
    other : Specification
        One that differs in the bias prior or in the priors of how complete lists become.

    Returns
    -------
    ndarray, shape (chain, draw), or None
        None where the other specification has other biases (an anchor more or less).
    """
    here = posterior.representation
    there = build_representation(posterior.design, other, posterior.ledger.sources)
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
        for index, (prior, new_prior) in enumerate(zip(h.priors, g.priors, strict=True)):
            if prior != new_prior:
                values = posterior.hyper_draws[h.name][..., index]
                change += new_prior.log_density(values) - prior.log_density(values)
    return change


def _labels(representation: Representation) -> list[tuple[str, object]]:
    return [
        *((term.name, term.labels) for term in representation.terms),
        *((hyper.name, hyper.labels) for hyper in representation.hyperparameters),
    ]
