"""Completeness curves in the kernel: weights of runs that depend on a delay and a shape.

A run counts what became known between two ages. Runs of neighbouring strata and successive counts
of a list share ages, so that exp(-(age / delay)^shape) is computed once for each pair of a curve
and an age.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from bajas.model.representation import Representation
from bajas.model.runs import EARLY_Z, LEAST_SHARE, LOG_Z_HIGH, LOG_Z_LOW, log_age
from bajas.sampler.special import exponentials


class Curves(NamedTuple):
    """Runs with curves as arrays: their entries, and the ages behind those.

    ``run`` has the positions of the runs, ``weight`` their weights, ``age`` and ``since`` places in
    the table of ages; ``log_age`` and ``curve`` are that table; ``delay`` and ``shape`` are places
    of hyperparameters.
    """

    run: np.ndarray
    weight: np.ndarray
    age: np.ndarray
    since: np.ndarray
    log_age: np.ndarray
    curve: np.ndarray
    delay: np.ndarray
    shape: np.ndarray


def curve_arrays(representation: Representation) -> Curves:
    """Return the curves of a representation as plain arrays."""
    runs = representation.runs
    at = np.flatnonzero(runs.curve >= 0)
    pairs = np.concatenate(
        [np.stack([runs.curve[at], ages[at]], axis=-1) for ages in (runs.age, runs.since)]
    )
    table, place = np.unique(pairs, axis=0, return_inverse=True)
    place = place.ravel().astype(np.int64)
    return Curves(
        run=at.astype(np.int64),
        weight=runs.weight[at].astype(float),
        age=place[: at.size].copy(),
        since=place[at.size :].copy(),
        log_age=log_age(table[:, 1]),
        curve=table[:, 0].astype(np.int64),
        delay=np.array(representation.curves[:, 0], dtype=np.int64),
        shape=np.array(representation.curves[:, 1], dtype=np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def run_weights(
    weight: np.ndarray, theta: np.ndarray, k: Curves
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weight of each run; of each age log z and z exp(-z), z = (age / delay)^shape.

    Parameters
    ----------
    weight : ndarray, shape (run,)
        As they are without curves.
    theta : ndarray, shape (hyperparameter,)
        Natural values.
    k : Curves
        Runs with curves.
    """
    ages = k.log_age.size
    log_z, slope = np.empty(ages), np.empty(ages)
    if ages == 0:
        return weight, log_z, slope
    z, gone, standing, known = np.empty(ages), np.empty(ages), np.empty(ages), np.empty(ages)
    log_delay = np.empty(k.delay.size)
    for c in range(k.delay.size):
        log_delay[c] = np.log(theta[k.delay[c]])
    for i in range(ages):
        c = k.curve[i]
        moved = theta[k.shape[c]] * (k.log_age[i] - log_delay[c])
        log_z[i] = min(max(moved, LOG_Z_LOW), LOG_Z_HIGH)
    exponentials(log_z, z)
    for i in range(ages):
        gone[i] = -z[i]
    exponentials(gone, standing)
    for i in range(ages):  # 1 - exp(-z) by its series, right to the last digit where z is small
        small = min(z[i], EARLY_Z)
        series = 1.0
        for n in range(15, 1, -1):
            series = 1.0 - small / n * series
        known[i] = small * series
        slope[i] = z[i] * standing[i]
    found = weight.copy()
    for r in range(k.run.size):
        before, after = k.since[r], k.age[r]
        if z[after] < EARLY_Z:
            share = known[after] - known[before]
        else:
            share = standing[before] - standing[after]
        found[k.run[r]] = k.weight[r] * (LEAST_SHARE + share)
    return found, log_z, slope


@njit(cache=True, nogil=True, error_model="numpy")
def curves_back(
    by_weight: np.ndarray,
    log_z: np.ndarray,
    slope: np.ndarray,
    theta: np.ndarray,
    theta_gradient: np.ndarray,
    k: Curves,
) -> None:
    """Add derivatives by delays and shapes, from those by the weights of the runs with curves.

    Parameters
    ----------
    by_weight : ndarray, shape (run with a curve,)
        Derivatives by the weights.
    log_z, slope : ndarray, shape (age,)
        Of :func:`run_weights`.
    theta, theta_gradient : ndarray, shape (hyperparameter,)
        Natural values, and the derivatives by them.
    k : Curves
        Runs with curves.
    """
    by_known = np.zeros(log_z.size)
    for r in range(k.run.size):
        moved = by_weight[r] * k.weight[r]
        by_known[k.since[r]] -= moved
        by_known[k.age[r]] += moved
    for i in range(log_z.size):
        c = k.curve[i]
        moved = by_known[i] * slope[i]  # by log z = shape (log age - log delay)
        shape = theta[k.shape[c]]
        theta_gradient[k.delay[c]] -= moved * shape / theta[k.delay[c]]
        theta_gradient[k.shape[c]] += moved * log_z[i] / shape
