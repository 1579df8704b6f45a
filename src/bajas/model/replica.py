"""Figures told once more: every observation again, with another figure, beside the first.

Posterior calibration (Säilynoja, Schmitt, Bürkner & Vehtari 2025) simulates data at draws of a
posterior and fits them together with the data that the posterior came from. In a representation
that is each row twice: the same cells, biases and noise, and another figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from bajas.model.family import AT_LEAST, AT_MOST, POINT, POISSON
from bajas.model.representation import Representation

#: Of each observation the log of a figure and the code of its form.
Replica = tuple[tuple[float, int], ...]

_AGAIN = " told again"


def simulate_replica(
    representation: Representation,
    rng: np.random.Generator,
    field: np.ndarray,
    hyper: Mapping[str, np.ndarray],
) -> Replica:
    """Draw what every source would say once more if this were the truth.

    A point has another figure. A bound has its number, and says on which side of it the source's
    figure lies. The noise of counting keeps the size that the representation gives it.

    Parameters
    ----------
    representation : Representation
        Of points and bounds.
    rng : numpy.random.Generator
        Advanced by one figure an observation.
    field : ndarray, shape (field,)
        One draw of the latent field.
    hyper : mapping of str to ndarray
        Natural hyperparameters of the draw.

    Raises
    ------
    ValueError
        If there are observations of another form (counts).
    """
    if np.any(representation.form >= POISSON):
        raise ValueError("figures that are counts can't be told again")
    figures = np.log(representation.simulate(rng, field, dict(hyper)))
    points = representation.form == POINT
    sides = np.where(figures >= representation.log_value, AT_LEAST, AT_MOST)
    values = np.where(points, figures, representation.log_value)
    forms = np.where(points, POINT, sides)
    return tuple((float(v), int(f)) for v, f in zip(values, forms, strict=True))


def with_replica(
    representation: Representation, replica: Sequence[Sequence[float]]
) -> Representation:
    """Return a representation with every observation a second time, with the replica's figures.

    Parameters
    ----------
    representation : Representation
        The first telling.
    replica : sequence of pairs
        As :func:`simulate_replica` returns it.

    Raises
    ------
    ValueError
        If there are not as many figures as observations.

    Notes
    -----
    Field and hyperparameters stay what they are, so that a draw of one is a draw of the other.
    """
    count = len(representation.names)
    if len(replica) != count:
        raise ValueError(f"{len(replica)} figures for {count} observations")
    values = np.array([entry[0] for entry in replica], dtype=float)
    forms = np.array([entry[1] for entry in replica], dtype=representation.form.dtype)
    runs = representation.runs

    def twice(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, values])

    def stacked(matrix: sparse.csr_array) -> sparse.csr_array:
        return sparse.csr_array(sparse.vstack([matrix, matrix]))

    return replace(
        representation,
        runs=replace(
            runs,
            observation=np.concatenate([runs.observation, runs.observation + count]),
            start=twice(runs.start),
            stop=twice(runs.stop),
            weight=twice(runs.weight),
            curve=twice(runs.curve),
            age=twice(runs.age),
            since=twice(runs.since),
        ),
        names=(*representation.names, *(f"{name}{_AGAIN}" for name in representation.names)),
        form=np.concatenate([representation.form, forms]),
        log_value=np.concatenate([representation.log_value, values]),
        log_sd=twice(representation.log_sd),
        noise=twice(representation.noise),
        count=twice(representation.count),
        reporting=stacked(representation.reporting),
        effects=stacked(representation.effects),
        log_noise=stacked(representation.log_noise),
    )
