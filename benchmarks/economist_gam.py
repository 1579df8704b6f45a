"""An additive model of cumulative claims, in the manner of The Economist's meta-estimate.

The logarithm of a claim's figure is a smooth curve of the day up to which it counts, plus an
effect of what is counted (killed, casualties), plus effects of the kinds of source that add up to
none, plus noise: a penalised cubic spline (Eilers & Marx 1996, second differences) whose smoothing
is chosen by generalised cross-validation. Asked is the curve itself, for a source of no particular
kind, with a prediction interval: its own error and the noise.

P. H. C. Eilers & B. D. Marx (1996), Flexible smoothing with B-splines and penalties, Statistical
Science 11; S. N. Wood (2017), Generalized additive models, sections 4.2 and 6.10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import interpolate, stats

#: Coefficients of the curve, and values of its smoothing parameter that are tried.
BASIS = 12
SMOOTHING = np.logspace(-4, 6, 61)


@dataclass(frozen=True)
class Row:
    """A claim as the model sees it: the day to which it counts, what, by which kind of source."""

    day: date
    outcome: str
    group: str
    source: str
    log_figure: float


@dataclass(frozen=True)
class Curve:
    """A fitted model."""

    first: date
    days: int
    outcomes: tuple[str, ...]
    groups: tuple[str, ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    noise: float
    freedom: float

    def predict(self, outcome: str, day: date, level: float = 0.95) -> tuple[float, float, float]:
        """Return log losses and the ends of their prediction interval.

        Parameters
        ----------
        outcome, day
            What is counted, up to when.
        level : float
            Of the central interval.
        """
        x = _row(
            (day - self.first).days, self.outcomes.index(outcome), None, self.days,
            len(self.outcomes), len(self.groups),
        )  # fmt: skip
        centre = float(x @ self.coefficients)
        error = math.sqrt(float(x @ self.covariance @ x) + self.noise**2)
        reach = float(stats.t(self.freedom).ppf(0.5 + level / 2)) * error
        return centre, centre - reach, centre + reach


def fit(rows: Sequence[Row]) -> Curve:
    """Return the model of some claims, each counted as one independent measurement.

    Parameters
    ----------
    rows : sequence of Row
        The claims; a row that is there five times counts five times, as in any regression.
    """
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    days = (last - first).days
    outcomes = tuple(sorted({row.outcome for row in rows}))
    groups = tuple(sorted({row.group for row in rows}))
    x = np.stack(
        [
            _row(
                (row.day - first).days, outcomes.index(row.outcome), groups.index(row.group),
                days, len(outcomes), len(groups),
            )
            for row in rows
        ]
    )  # fmt: skip
    y = np.array([row.log_figure for row in rows])
    width = x.shape[1]
    penalty = np.zeros((width, width))
    difference = np.diff(np.eye(BASIS), 2, axis=0)
    penalty[:BASIS, :BASIS] = difference.T @ difference
    tiny = 1e-8 * np.eye(width)
    best: tuple[float, np.ndarray, float] | None = None
    for smoothing in SMOOTHING:
        inverse = np.linalg.inv(x.T @ x + smoothing * penalty + tiny)
        freedom = float(np.trace(inverse @ x.T @ x))
        coefficients = inverse @ x.T @ y
        error = float(np.sum((y - x @ coefficients) ** 2))
        score = len(y) * error / (len(y) - freedom) ** 2
        if best is None or score < best[0]:
            best = (score, inverse, freedom)
    assert best is not None
    _, inverse, freedom = best
    coefficients = inverse @ x.T @ y
    left = len(y) - freedom
    noise = math.sqrt(float(np.sum((y - x @ coefficients) ** 2)) / left)
    # the Bayesian covariance of a smooth (Wood 2017, section 6.10)
    return Curve(first, days, outcomes, groups, coefficients, noise**2 * inverse, noise, left)


def _row(
    day: int, outcome: int, group: int | None, days: int, outcomes: int, groups: int
) -> np.ndarray:
    """Return a row of the design: spline, outcomes as contrasts, groups that sum to zero."""
    step = days / (BASIS - 3)
    knots = (np.arange(BASIS + 4) - 3) * step
    at = float(np.clip(day, 0, days - 1e-9))
    spline = interpolate.BSpline.design_matrix([at], knots, 3).toarray()[0]
    counted = np.zeros(outcomes - 1)
    if outcome:
        counted[outcome - 1] = 1.0
    kind = np.zeros(groups - 1)
    if group is not None:
        if group < groups - 1:
            kind[group] = 1.0
        else:
            kind[:] = -1.0
    return np.concatenate([spline, counted, kind])
