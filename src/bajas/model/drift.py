"""Drift: a slow movement of a stream's bias around its mean, as independent innovations.

A stream's log bias walks from knot to knot, is linear between them, and has mean zero over the days
that the stream covers, so that its bias keeps its meaning. With e_j the innovations,

    drift(t) = sum_j e_j (b_j(t) - mean over the stream's days of b_j),

b_j(t) rising from 0 to 1 between knots j - 1 and j. A figure about a window gets the mean over its
days. Innovations enter the reports alone: to a sampler they are biases like others.

b_j is taken in steps of two weeks, its mean over them: daily figures of one step then add up biases
in one way, which the sampler computes once for all of them. A step of a default walk has an sd of
0.07 * 14 / 91, about 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bajas.design.design import Design
from bajas.model.drift_prior import DriftPrior

#: Days over which the drift is held.
_STEP_DAYS = 14


@dataclass(frozen=True, eq=False)
class Drift:
    """The drift of one stream as a linear map from its innovations.

    Parameters
    ----------
    stream : int
        Position in the design's streams.
    first, last : int
        First and last day that the stream covers.
    knots : ndarray, shape (innovation + 1,)
        Days of the knots (not whole); the innovation j leads from knot j to knot j + 1.
    scale : float
        Sd of an innovation.
    """

    stream: int
    first: int
    last: int
    knots: np.ndarray
    scale: float

    @property
    def daily(self) -> np.ndarray:
        """Drift by day and innovation, shape (day from first to last, innovation)."""
        days = np.arange(self.first, self.last + 1)[:, None]
        risen = np.clip((days - self.knots[:-1]) / np.diff(self.knots), 0.0, 1.0)
        step = np.arange(len(days)) // _STEP_DAYS
        edges = np.flatnonzero(np.diff(step, prepend=-1))
        held = np.add.reduceat(risen, edges) / np.bincount(step)[:, None]
        return np.asarray((held - risen.mean(axis=0))[step])


def drifts(design: Design, prior: DriftPrior) -> list[Drift]:
    """Return the drift of every stream that has one.

    Parameters
    ----------
    design : Design
        What the claims were taken to mean.
    prior : DriftPrior
        Which streams drift, and how much.
    """
    found = []
    for index, stream in enumerate(design.streams):
        own = [o for o in design.observations if o.stream == index and o.biased]
        wanted = prior.on == "all" or (prior.on == "tally" and stream.kind == "tally")
        if not wanted or len(own) < 2:
            continue
        first = design.calendar.index(min(o.window.start for o in own))
        last = design.calendar.index(max(o.window.end for o in own))
        spans = int(np.ceil((last - first + 1) / prior.knot_days))
        if last - first + 1 <= 2 * prior.knot_days:
            continue
        knots = np.linspace(first, last, spans + 1)
        scale = prior.scale * float(np.sqrt((knots[1] - knots[0]) / prior.knot_days))
        found.append(Drift(index, first, last, knots, scale))
    return found


def drift_labels(design: Design, drift: Drift) -> tuple[str, ...]:
    """Return a label for each innovation: the stream and the day of the knot that it leads to."""
    stream = design.streams[drift.stream].label
    return tuple(f"{stream} {design.calendar.day(round(knot))}" for knot in drift.knots[1:])


def drift_rows(design: Design, drift: Drift) -> dict[int, np.ndarray]:
    """Return the mean drift of each of a stream's observations by innovation, by row."""
    daily = drift.daily
    found = {}
    for row, observation in enumerate(design.observations):
        if observation.stream == drift.stream and observation.biased:
            start = design.calendar.index(observation.window.start) - drift.first
            stop = design.calendar.index(observation.window.end) - drift.first + 1
            found[row] = daily[start:stop].mean(axis=0)
    return found
