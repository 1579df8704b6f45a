"""A representation without some of its observations: what rests on them is then seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from bajas.model.representation import Representation

#: Arrays of a representation with one row or entry per observation.
_BY_ROW = (
    "reporting", "effects", "form", "log_value", "log_sd", "noise", "count", "log_noise",
)  # fmt: skip


def withhold(representation: Representation, names: Iterable[str]) -> Representation:
    """Return a representation without some observations; field and cells stay the same.

    What only those observations knew of the field reverts to its prior.

    Parameters
    ----------
    representation : Representation
        The whole.
    names : iterable of str
        Names of observations.

    Raises
    ------
    ValueError
        If there is no such observation, or none would be left.
    """
    out = set(names)
    unknown = sorted(out - set(representation.names))
    if unknown:
        raise ValueError(f"no observations named {unknown}")
    rows = np.array([i for i, name in enumerate(representation.names) if name not in out])
    if not rows.size:
        raise ValueError("no observation would be left")
    position = np.full(len(representation.names), -1)
    position[rows] = np.arange(rows.size)
    runs = representation.runs
    kept = position[runs.observation] >= 0
    return replace(
        representation,
        runs=replace(
            runs,
            observation=position[runs.observation[kept]],
            start=runs.start[kept],
            stop=runs.stop[kept],
            weight=runs.weight[kept],
            curve=runs.curve[kept],
            age=runs.age[kept],
            since=runs.since[kept],
        ),
        names=tuple(representation.names[row] for row in rows),
        **{name: getattr(representation, name)[rows] for name in _BY_ROW},
    )
