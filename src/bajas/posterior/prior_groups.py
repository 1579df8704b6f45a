"""Groups of priors: which coordinates of a model are beliefs about what."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from bajas.model.reporting import anchors
from bajas.model.term import Term
from bajas.posterior.posterior import Posterior

#: What each group is called in a sentence.
GROUP_WORDS = {
    "bias": "the bias prior",
    "anchors": "the anchors",
    "level": "the prior of the level",
    "paths": "the prior of the paths",
    "splits": "the priors of forces and ratios",
    "noise": "the noise prior",
    "reporting": "the priors of completeness",
}


def prior_groups(posterior: Posterior) -> dict[str, np.ndarray]:
    """Return the standardised coordinates of each group of priors that the model has.

    Parameters
    ----------
    posterior : Posterior
        A fit; its representation holds the priors.

    Returns
    -------
    dict of str to ndarray of int
        ``bias`` (all that enters reports and not losses, drift too), ``anchors`` (biases with a
        prior of their own), ``level`` (levels of sides and categories), ``paths`` (walks and their
        scales),
        ``splits`` (forces, ratios and whatever else shapes losses), ``noise``, ``reporting``
        (how complete lists become and how fast); those without coordinates are left out.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=10, seed=1)
    >>> list(prior_groups(prior))
    ['bias', 'level', 'paths', 'splits', 'noise']
    """
    representation = posterior.representation
    group_of = np.full(representation.size, "reporting", dtype=object)
    losses = _columns(representation.node_design)
    reports = _columns(representation.reporting)
    noises = _columns(representation.log_noise)
    term_groups: dict[str, str] = {}
    for term in representation.terms:
        part = representation.term_slices[term.name]
        if not losses[part].any() and reports[part].any():
            group = "bias"
        elif not losses[part].any() and noises[part].any():
            group = "noise"
        else:
            group = _shape(term)
        term_groups[term.name] = group
        group_of[part] = group
        if term.name == "source_bias":
            anchored = tuple(f"{name} " for name in _anchored(posterior))
            mine = np.array([label.startswith(anchored) for label in term.labels[0]], dtype=bool)
            group_of[part][mine] = "anchors"
    scales = {
        name: term_groups[term.name]
        for term in representation.terms
        for name in (term.scale_by, term.correlated_by)
        if name is not None
    }
    effects, used = _columns(representation.effects), set(representation.noise.tolist())
    for hyper in representation.hyperparameters:
        part = representation.hyper_slices[hyper.name]
        if hyper.name in scales:
            group = scales[hyper.name]
        elif hyper.name.startswith("register_"):
            group = "reporting"
        elif effects[part].any():
            group = "bias"
        elif used & set(range(part.start, part.stop)):
            group = "noise"
        else:
            group = "reporting"
        group_of[representation.field_size :][part] = group
    found = {name: np.flatnonzero(group_of == name) for name in GROUP_WORDS}
    return {name: places for name, places in found.items() if places.size}


def _anchored(posterior: Posterior) -> list[str]:
    present = {stream.source for stream in posterior.design.streams}
    return sorted(present & set(anchors(posterior.specification, dict(posterior.ledger.sources))))


def _shape(term: Term) -> str:
    if term.structure == "random_walk":
        return "paths"
    return "level" if term.name.endswith("level") else "splits"


def _columns(matrix: sparse.csr_array) -> np.ndarray:
    """Return which columns of a sparse matrix have entries."""
    filled = np.zeros(matrix.shape[1], dtype=bool)
    filled[matrix.tocoo().col] = True
    return filled
