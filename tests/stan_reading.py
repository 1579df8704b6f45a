"""The Stan program read by hand: the log density of its data block, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import log_ndtr
from scipy.stats import nbinom, norm, poisson
from scipy.stats import t as student

from bajas.model.family import log_distribution_t4


def log_density(data: Mapping[str, Any], position: np.ndarray) -> float:
    """Return what the program adds up, up to a constant."""
    d = {k: np.array(v) if isinstance(v, list) else v for k, v in data.items()}
    z, u = position[: d["F"]], position[d["F"] :]

    def at(name: str) -> np.ndarray:
        return d[name].astype(int) - 1

    def times(name: str, rows: int, vector: np.ndarray) -> np.ndarray:
        shape = (rows, vector.size)
        parts = (d[f"{name}_w"].astype(float), at(f"{name}_v"), at(f"{name}_s"))
        return sparse.csr_array(parts, shape=shape) @ vector

    theta = d["location"] + d["spread"] * u
    logs, half, partial = at("log_normal_at"), at("half_at"), at("partial_at")
    theta[logs] = np.exp(theta[logs])
    theta[half] = d["spread"][half] * np.exp(u[half])
    theta[partial] = np.tanh(u[partial])
    total = norm.logpdf(z).sum() + norm.logpdf(u[at("normal_at")]).sum()
    total += norm.logpdf(u[logs]).sum()
    total += student.logpdf(u[at("student_at")], d["freedom"]).sum()
    total += u[half].sum() - 0.5 * np.exp(2 * u[half]).sum()
    total -= 2 * (d["concentration"] * np.log(np.cosh(u[partial]))).sum()

    x = z.copy()
    for block in range(d["n_correlated"]):
        rows, columns = d["corr_rows"][block], d["corr_columns"][block]
        first, hyper = at("corr_first")[block], at("corr_hyper")[block]
        factor = _factor(theta[hyper : hyper + rows * (rows - 1) // 2], rows)
        part = slice(first, first + rows * columns)
        x[part] = (factor @ z[part].reshape(rows, columns)).ravel()
    x = x * d["scale"]
    x[at("scaled")] *= theta[at("scaled_by")]
    for first, last in zip(at("walk_first"), at("walk_last"), strict=True):
        x[first : last + 1] = np.cumsum(x[first : last + 1])
    x += d["mean_"]

    cells = times("cell", d["C"], times("node", d["M"], x) + d["node_offset"])
    sums = [
        np.r_[0.0, np.cumsum(np.exp(cells[a:b]))]
        for a, b in zip(at("sums_first")[:-1], at("sums_first")[1:], strict=True)
    ]
    running = np.concatenate(sums)
    mu = np.log(times("adding", d["O"], running[at("run_stop")] - running[at("run_start")]))
    mu += times("bias", d["O"], x) + times("effect", d["O"], theta)
    scale = np.ones(d["O"])
    scale[at("noisy")] = theta[at("noise")]
    scale *= np.exp(times("log_noise", d["O"], x))

    sigma = np.sqrt(scale**2 + d["log_variance"])
    points, bounds = at("point_at"), at("bound_at")
    t = (d["log_value"] - mu) / sigma
    point = student.logpdf(t[points], 4) if d["heavy"] else norm.logpdf(t[points])
    total += (point - np.log(sigma[points])).sum()
    side = d["bound_sign"] * t[bounds]
    total += (log_distribution_t4(side) if d["heavy"] else log_ndtr(side)).sum()
    counts = at("poisson_at")
    total += poisson.logpmf(d["poisson_count"], np.exp(mu[counts])).sum()
    counts = at("binomial_at")
    phi, mean = scale[counts], np.exp(mu[counts])
    total += nbinom.logpmf(d["binomial_count"], phi, phi / (phi + mean)).sum()
    return float(total)


def _factor(partial: np.ndarray, size: int) -> np.ndarray:
    factor = np.zeros((size, size))
    numbers = iter(partial)
    for i in range(size):
        left = 1.0
        for j in range(i):
            y = next(numbers)
            factor[i, j] = y * left
            left *= np.sqrt((1 - y) * (1 + y))
        factor[i, i] = left
    return factor
