"""What happens to simulated figures that the fitted model doesn't know of.

Each takes the design, the figures that the model would have and random numbers, and returns the
figures that the sources publish instead: a :data:`bajas.checks.simulation.Distortion`.
"""

from __future__ import annotations

import numpy as np

from bajas.design.design import Design


def copied(
    origin: str,
    copy: str,
    share: float,
    design: Design,
    figures: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Let one source print another's figures of the same windows, rounded to the nearest ten.

    Of a share of its figures, chosen at random.
    """
    found = figures.copy()
    rows = {
        (o.window, design.streams[o.stream].outcome): row
        for row, o in enumerate(design.observations)
        if design.streams[o.stream].source == origin
    }
    for row, observation in enumerate(design.observations):
        stream = design.streams[observation.stream]
        if stream.source == copy and rng.random() < share:
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


def leaning(
    origin: str,
    sources: tuple[str, ...],
    weight: float,
    design: Design,
    figures: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Let sources lean towards a tally: their figures are geometric means of their own and its.

    Parameters
    ----------
    origin : str
        Whose tally; its total over a window is made of its increments, by days in common.
    sources : tuple of str
        Who leans. A source's other outcomes follow its killed of the same window.
    weight : float
        Of the tally's figure; at 1 nothing is left of a source's own.
    """
    outcomes = [design.streams[o.stream].outcome for o in design.observations]
    voices = [design.streams[o.stream].source for o in design.observations]
    increments = [
        (o.window, figures[row])
        for row, o in enumerate(design.observations)
        if (voices[row], outcomes[row], o.form) == (origin, "killed", "point")
    ]
    factors = {}
    for row, o in enumerate(design.observations):
        if voices[row] in sources and outcomes[row] == "killed" and o.form == "point":
            total = 0.0
            for window, figure in increments:
                days = (min(window.end, o.window.end) - max(window.start, o.window.start)).days + 1
                total += figure * max(days, 0) / window.days
            factors[voices[row], o.window] = (total / figures[row]) ** weight
    found = figures.copy()
    for row, o in enumerate(design.observations):
        if o.form == "point":
            found[row] *= factors.get((voices[row], o.window), 1.0)
    return found


def cut_off(
    source: str, days: int, design: Design, figures: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Let a source's figures stop so many days before the day that they are said to reach.

    As if losses ran at a constant rate in the figure's window.
    """
    found = figures.copy()
    for row, o in enumerate(design.observations):
        if design.streams[o.stream].source == source:
            found[row] *= max(o.window.days - days, 1) / o.window.days
    return found
