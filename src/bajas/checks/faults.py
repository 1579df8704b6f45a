"""What happens to simulated figures that the fitted model doesn't know of.

Each takes the design, the figures that the model would have and random numbers, and returns the
figures that the sources publish instead: a :data:`bajas.checks.simulation.Distortion`.
"""

from __future__ import annotations

import numpy as np

from bajas.design.design import Design


def copied(
    origin: str, copy: str, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let one source print another's figures of the same windows, rounded to the nearest ten."""
    found = figures.copy()
    rows = {
        (o.window, design.streams[o.stream].outcome): row
        for row, o in enumerate(design.observations)
        if design.streams[o.stream].source == origin
    }
    for row, observation in enumerate(design.observations):
        stream = design.streams[observation.stream]
        if stream.source == copy:
            found[row] = max(10.0, round(figures[rows[observation.window, stream.outcome]], -1))
    return found


def drifting(
    source: str, sd: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let the bias of a source wander: a random walk from 0, of this sd in a quarter of a year."""
    days = design.calendar.days
    walk = np.cumsum(rng.standard_normal(days)) * sd / np.sqrt(91.0)
    found = figures.copy()
    for row, observation in enumerate(design.observations):
        if design.streams[observation.stream].source == source:
            first, last = (design.calendar.index(d) for d in (observation.window.start,
                                                              observation.window.end))  # fmt: skip
            found[row] *= np.exp(walk[first : last + 1].mean())
    return found


def gross_errors(
    share: float, sd: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let a share of all figures have an error of this sd on the log scale besides their own."""
    hit = rng.random(figures.size) < share
    hit &= np.array([o.form == "point" for o in design.observations])
    return np.asarray(figures * np.exp(hit * sd * rng.standard_normal(figures.size)))


def all_alike(
    factor: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let every source exaggerate by one factor besides its own bias."""
    points = np.array([o.form == "point" for o in design.observations])
    return np.where(points, factor * figures, figures)


def other_definition(
    source: str, factor: float, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let a source's ``killed`` be killed and wounded: its figures are this factor larger."""
    hit = np.array(
        [
            design.streams[o.stream].source == source
            and design.streams[o.stream].outcome == "killed"
            for o in design.observations
        ]
    )
    return np.where(hit, factor * figures, figures)
