"""Runs: stretches of cells that observations add up, and the part of them that a list knows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

#: What a run weighs at least, as a share of its weight, so that no sum of runs is ever zero.
LEAST_SHARE = 1e-12

#: Limits of log z, z = (age / delay)^shape: beyond them exp(-z) is 1 or 0 to the last digit.
LOG_Z_LOW, LOG_Z_HIGH = -700.0, 6.5

#: Below this z of the later age a share is a difference of F, above it of 1 - F: it keeps digits.
EARLY_Z = 0.5


@dataclass(frozen=True, eq=False)
class Runs:
    """Stretches of consecutive cells: observation, first cell, last cell + 1 and weight of each.

    A run with a curve counts only what became known between two ages,

        weight * (F(age) - F(since)),   F(a) = 1 - exp(-(a / delay)^shape),

    with delay and shape two hyperparameters, those of its curve in
    :attr:`Representation.curves <bajas.model.representation.Representation>`; F(0) = 0.

    Parameters
    ----------
    observation, start, stop : ndarray of int, shape (run,)
        In the order of observations.
    weight : ndarray, shape (run,)
        Of each run.
    restart : ndarray of int, optional
        Cells that no run crosses: running sums begin anew there, so that a stratum of few losses
        keeps its digits beside one of many. By default there is one running sum.
    curve : ndarray of int, shape (run,), optional
        Curve of each run; -1 (the default) for the weight as it is.
    age, since : ndarray, shape (run,), optional
        Ages in days; meaningless without a curve.
    """

    observation: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    weight: np.ndarray
    restart: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    curve: np.ndarray = None  # type: ignore[assignment]  # none anywhere, made below
    age: np.ndarray = None  # type: ignore[assignment]
    since: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        size = len(self.observation)
        for name, fill in (("curve", -1), ("age", 0.0), ("since", 0.0)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(size, fill))
            if getattr(self, name).shape != (size,):
                raise ValueError(f"{name} of runs must have shape {(size,)}")
        at = self.curve >= 0
        if np.any(~(self.age[at] > self.since[at])) or np.any(~(self.since[at] >= 0)):
            raise ValueError("a run needs ages 0 <= since < age")

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Start and stop of each run in :meth:`running`."""
        shift = np.searchsorted(self.edges, self.start, side="right")
        return self.start + shift, self.stop + shift

    @property
    def edges(self) -> np.ndarray:
        """First cells of the running sums after the first."""
        return np.unique(self.restart[self.restart > 0])

    def running(self, values: np.ndarray) -> np.ndarray:
        """Return running sums over cells, each of them after a zero, one after another.

        Parameters
        ----------
        values : ndarray, shape (..., cell)
            What is summed up.
        """
        parts = np.split(values, self.edges, axis=-1)
        sums = np.zeros((*values.shape[:-1], values.shape[-1] + len(parts)))
        first = 0
        for part in parts:
            np.cumsum(part, axis=-1, out=sums[..., first + 1 : first + 1 + part.shape[-1]])
            first += 1 + part.shape[-1]
        return sums

    def weights(self, delay: np.ndarray, shape: np.ndarray) -> np.ndarray:
        """Return the weight of each run, shape (..., run).

        Parameters
        ----------
        delay, shape : ndarray, shape (..., curve)
            Of each curve; delays in days.
        """
        found = np.broadcast_to(self.weight, (*delay.shape[:-1], self.weight.size)).copy()
        at = np.flatnonzero(self.curve >= 0)
        if at.size:
            of = self.curve[at]
            before, after = (
                np.exp(log_z(ages[at], delay[..., of], shape[..., of]))
                for ages in (self.since, self.age)
            )
            share = np.where(
                after < EARLY_Z,
                np.expm1(-before) - np.expm1(-after),
                np.exp(-before) - np.exp(-after),
            )
            found[..., at] *= LEAST_SHARE + share
        return found

    def weight_slopes(self, delay: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return derivatives of the weights by log delay and log shape, shape (run,) each."""
        by_delay, by_shape = np.zeros((2, self.weight.size))
        at = np.flatnonzero(self.curve >= 0)
        of = self.curve[at]
        for ages, sign in ((self.since, -1.0), (self.age, 1.0)):
            logs = log_z(ages[at], delay[of], shape[of])
            # d exp(-z) / d log z = -z exp(-z)
            moved = sign * self.weight[at] * np.exp(logs - np.exp(logs))
            by_delay[at] -= moved * shape[of]
            by_shape[at] += moved * logs
        return by_delay, by_shape


def log_z(age: np.ndarray, delay: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return log z, z = (age / delay)^shape, within the limits."""
    return np.asarray(np.clip(shape * (log_age(age) - np.log(delay)), LOG_Z_LOW, LOG_Z_HIGH))


def log_age(age: np.ndarray) -> np.ndarray:
    """Return the log of ages in days; of 0 a number so low that no shape brings z above 0."""
    return np.where(age > 0, np.log(np.where(age > 0, age, 1.0)), -1e200)
