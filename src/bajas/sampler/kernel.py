"""The fused density: value and gradient of any representation in one compiled pass.

Generic over the representation: terms of the field by their structure, hyperparameters by their
family, sparse products for nodes, cells and biases, prefix sums for the runs of cells, and a family
per observation. A new term or column of the model needs no new kernel. Compiled by numba, kept on
disk between processes, and free of Python's lock while it runs.

The gradient is the adjoint of each step in reverse order; tests hold it against NumPy, central
differences and PyMC's automatic derivatives.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bajas.model.family import AT_LEAST, POINT
from bajas.sampler.kernel_arrays import (
    HALF_NORMAL,
    LOG_NORMAL,
    PARTIAL_CORRELATION,
    STUDENT_T,
    Kernel,
    kernel_arrays,
)
from bajas.sampler.special import bound, exponentials, logarithms, stirling

__all__ = ["Kernel", "kernel_arrays", "log_density"]


@njit(cache=True, nogil=True, error_model="numpy")
def log_density(position: np.ndarray, gradient: np.ndarray, k: Kernel) -> float:
    """Return the log posterior density in standardised coordinates and write its gradient.

    Parameters
    ----------
    position : ndarray, shape (size,)
        Standardised coordinates: field, then hyperparameters.
    gradient : ndarray, shape (size,)
        Overwritten.
    k : Kernel
        Arrays of the representation.
    """
    field_size, hyper_size = k.mean.size, k.family.size
    observations, cells, nodes = k.form.size, k.cell_pointer.size - 1, k.node_offset.size
    sums, groups = k.sum_start.size - 1, k.group_noise.size
    value = k.constant[0]

    # hyperparameters: natural values, their slopes, and their prior
    theta, slope = np.empty(hyper_size), np.empty(hyper_size)
    theta_gradient = np.zeros(hyper_size)
    for h in range(hyper_size):
        u = position[field_size + h]
        family = k.family[h]
        if family == HALF_NORMAL:
            theta[h] = k.spread[h] * np.exp(u)
            slope[h] = theta[h]
            square = np.exp(2 * u)
            value += u - 0.5 * square
            gradient[field_size + h] = 1 - square
        elif family == STUDENT_T:
            theta[h] = k.location[h] + k.spread[h] * u
            slope[h] = k.spread[h]
            nu = k.freedom[h]
            value -= 0.5 * (nu + 1) * np.log1p(u * u / nu)
            gradient[field_size + h] = -(nu + 1) * u / (nu + u * u)
        elif family == PARTIAL_CORRELATION:
            small = np.exp(-2 * np.abs(u))
            theta[h] = np.tanh(u)
            slope[h] = 4 * small / ((1 + small) * (1 + small))  # 1 - tanh^2, exact in the tails
            log_cosh = np.abs(u) + np.log1p(small) - 0.6931471805599453
            value -= 2 * k.concentration[h] * log_cosh
            gradient[field_size + h] = -2 * k.concentration[h] * theta[h]
        else:
            theta[h] = k.location[h] + k.spread[h] * u
            slope[h] = k.spread[h]
            if family == LOG_NORMAL:
                theta[h] = np.exp(theta[h])
                slope[h] *= theta[h]
            value -= 0.5 * u * u
            gradient[field_size + h] = -u

    # field: steps, correlated where they are, scaled; walks summed up
    field, sd, step = np.empty(field_size), np.empty(field_size), position[:field_size]
    if k.correlated_start.size:
        step = step.copy()
        for c in range(k.correlated_start.size):
            rows, columns = k.correlated_rows[c], k.correlated_columns[c]
            part = slice(k.correlated_start[c], k.correlated_start[c] + rows * columns)
            first = k.correlated_hyper[c]
            factor = _factor(theta[first:], slope[first:], rows)
            _correlate(
                factor, position[part].reshape(rows, columns), step[part].reshape(rows, columns)
            )
    for i in range(field_size):
        sd[i] = k.scale[i] if k.scale_by[i] < 0 else k.scale[i] * theta[k.scale_by[i]]
        field[i] = sd[i] * step[i]
        value -= 0.5 * position[i] * position[i]
    for w in range(k.walk_start.size):
        for i in range(k.walk_start[w] + 1, k.walk_stop[w]):
            field[i] += field[i - 1]
    for i in range(field_size):
        field[i] += k.mean[i]

    # nodes, cells, running sums of the intensity
    node = np.empty(nodes)
    for n in range(nodes):
        total = k.node_offset[n]
        for e in range(k.node_pointer[n], k.node_pointer[n + 1]):
            total += k.node_value[e] * field[k.node_column[e]]
        node[n] = total
    eta, intensity = np.empty(cells), np.empty(cells)
    for c in range(cells):
        total = 0.0
        for e in range(k.cell_pointer[c], k.cell_pointer[c + 1]):
            total += k.cell_value[e] * node[k.cell_column[e]]
        eta[c] = total
    exponentials(eta, intensity)
    running = np.empty(cells + sums)
    for s in range(sums):
        total = 0.0
        running[k.sum_start[s] + s] = 0.0
        for c in range(k.sum_start[s], k.sum_start[s + 1]):
            total += intensity[c]
            running[c + s + 1] = total

    # the noise of each group of observations: without its own sd, and phi of counts
    noise, factor_of = np.empty(groups), np.ones(groups)
    by_noise, by_log_noise = np.zeros(groups), np.zeros(groups)
    for g in range(groups):
        if k.group_pointer[g] < k.group_pointer[g + 1]:
            total = 0.0
            for e in range(k.group_pointer[g], k.group_pointer[g + 1]):
                total += k.group_value[e] * field[k.group_column[e]]
            factor_of[g] = np.exp(total)
        noise[g] = factor_of[g] * (1.0 if k.group_noise[g] < 0 else theta[k.group_noise[g]])

    # observations: sums, then points and bounds, then counts
    tau = np.zeros(observations)
    for r in range(k.run_observation.size):
        tau[k.run_observation[r]] += k.run_weight[r] * (
            running[k.run_stop[r]] - running[k.run_start[r]]
        )
    by_mu = np.empty(observations)  # d value / d mu
    heavy = k.heavy[0]
    for o in k.continuous:
        mu = _reported(np.log(tau[o]), o, field, theta, k)
        own = noise[k.group[o]]
        sigma = np.sqrt(own * own + k.log_sd[o] * k.log_sd[o])
        t = (k.log_value[o] - mu) / sigma
        if k.form[o] == POINT:
            if heavy:
                value += -0.9808292530117262 - np.log(sigma) - 2.5 * np.log1p(0.25 * t * t)
                bend = -5 * t / (4 + t * t)
            else:
                value += -0.9189385332046727 - np.log(sigma) - 0.5 * t * t
                bend = -t
            by_mu[o] = -bend / sigma
            by_sigma = (-1 - t * bend) / sigma
        else:
            sign = -1.0 if k.form[o] == AT_LEAST else 1.0
            side = sign * t
            log_probability, ratio = bound(side, heavy)
            value += log_probability
            by_mu[o] = -sign * ratio / sigma
            by_sigma = -side * ratio / sigma
        by_noise[k.group[o]] += by_sigma * own / sigma
    if k.counted.size:
        value += _counts(tau, field, theta, noise, by_mu, by_log_noise, k)

    # back to reporting terms and noise
    field_gradient = np.zeros(field_size)
    for o in range(observations):
        for e in range(k.bias_pointer[o], k.bias_pointer[o + 1]):
            field_gradient[k.bias_column[e]] += k.bias_value[e] * by_mu[o]
        for e in range(k.effect_pointer[o], k.effect_pointer[o + 1]):
            theta_gradient[k.effect_column[e]] += k.effect_value[e] * by_mu[o]
    for g in range(groups):
        h = k.group_noise[g]
        if h >= 0:
            theta_gradient[h] += by_noise[g] * factor_of[g]
            if by_log_noise[g] != 0.0:
                theta_gradient[h] += by_log_noise[g] / theta[h]
        by_log = by_noise[g] * noise[g] + by_log_noise[g]
        for e in range(k.group_pointer[g], k.group_pointer[g + 1]):
            field_gradient[k.group_column[e]] += k.group_value[e] * by_log

    # back through runs, cells and nodes
    change = np.zeros(cells + sums)
    for r in range(k.run_observation.size):
        o = k.run_observation[r]
        moved = k.run_weight[r] * (by_mu[o] / tau[o])
        change[k.run_start[r]] += moved
        change[k.run_stop[r]] -= moved
    node_gradient = np.zeros(nodes)
    for s in range(sums):
        level = 0.0
        for c in range(k.sum_start[s], k.sum_start[s + 1]):
            level += change[c + s]
            moved = level * intensity[c]
            for e in range(k.cell_pointer[c], k.cell_pointer[c + 1]):
                node_gradient[k.cell_column[e]] += k.cell_value[e] * moved
    for n in range(nodes):
        moved = node_gradient[n]
        if moved != 0.0:
            for e in range(k.node_pointer[n], k.node_pointer[n + 1]):
                field_gradient[k.node_column[e]] += k.node_value[e] * moved

    # back through walks, scales and correlations
    for w in range(k.walk_start.size):
        for i in range(k.walk_stop[w] - 2, k.walk_start[w] - 1, -1):
            field_gradient[i] += field_gradient[i + 1]
    for i in range(field_size):
        if k.scale_by[i] >= 0:
            theta_gradient[k.scale_by[i]] += field_gradient[i] * k.scale[i] * step[i]
        field_gradient[i] *= sd[i]
    for c in range(k.correlated_start.size):
        rows, columns = k.correlated_rows[c], k.correlated_columns[c]
        part = slice(k.correlated_start[c], k.correlated_start[c] + rows * columns)
        first = k.correlated_hyper[c]
        _correlate_back(
            position[part].reshape(rows, columns),
            field_gradient[part].reshape(rows, columns),
            theta[first:],
            slope[first:],
            gradient[field_size + first :],
        )
    for i in range(field_size):
        gradient[i] = field_gradient[i] - position[i]
    for h in range(hyper_size):
        gradient[field_size + h] += theta_gradient[h] * slope[h]
    return float(value)


@njit(cache=True, nogil=True, error_model="numpy")
def _reported(total: float, o: int, field: np.ndarray, theta: np.ndarray, k: Kernel) -> float:
    """Return a log of an observation's true sum with reporting terms and effects added."""
    for e in range(k.bias_pointer[o], k.bias_pointer[o + 1]):
        total += k.bias_value[e] * field[k.bias_column[e]]
    for e in range(k.effect_pointer[o], k.effect_pointer[o + 1]):
        total += k.effect_value[e] * theta[k.effect_column[e]]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _counts(
    tau: np.ndarray,
    field: np.ndarray,
    theta: np.ndarray,
    noise: np.ndarray,
    by_mu: np.ndarray,
    by_log_noise: np.ndarray,
    k: Kernel,
) -> float:
    """Return the log probability of counts, and its derivatives; see :mod:`bajas.model.family`."""
    size = k.counted.size
    poisson = size - k.pair.size
    bias, mean, log_true = np.empty(size), np.empty(size), np.empty(size)
    true = np.empty(size)
    for i in range(size):
        bias[i] = _reported(0.0, k.counted[i], field, theta, k)
        true[i] = tau[k.counted[i]]
    exponentials(bias, mean)
    logarithms(true, log_true)
    value = 0.0
    for i in range(size):
        mean[i] *= true[i]
        value += k.counts[i] * (log_true[i] + bias[i] - k.log_count[i]) + k.count_constant[i]
    for i in range(poisson):
        value += k.counts[i] - mean[i]
        by_mu[k.counted[i]] = k.counts[i] - mean[i]

    # what depends on phi and the count alone, once for each pair of them
    pairs = k.pair_group.size
    whole, log_whole = np.empty(pairs), np.empty(pairs)
    of_pair, slope_of_pair = np.empty(pairs), np.empty(pairs)
    for p in range(pairs):
        whole[p] = noise[k.pair_group[p]] + k.pair_count[p]
    logarithms(whole, log_whole)
    last, remainder, slope, log_phi = -1, 0.0, 0.0, 0.0
    for p in range(pairs):
        phi = noise[k.pair_group[p]]
        if k.pair_group[p] != last:
            last = k.pair_group[p]
            remainder, slope = stirling(phi)
            log_phi = np.log(phi)
        remainder_whole, slope_whole = stirling(whole[p])
        of_pair[p] = remainder_whole - remainder - 0.5 * (log_whole[p] - log_phi)
        slope_of_pair[p] = phi * (slope_whole - slope) + 0.5 * k.pair_count[p] / whole[p]

    spread = k.pair.size
    ratio, log_ratio = np.empty(spread), np.empty(spread)
    for j in range(spread):
        ratio[j] = whole[k.pair[j]] / (noise[k.group[k.counted[poisson + j]]] + mean[poisson + j])
    logarithms(ratio, log_ratio)
    for j in range(spread):
        i, p = poisson + j, k.pair[j]
        g = k.pair_group[p]
        phi = noise[g]
        excess = (k.counts[i] - mean[i]) / (phi + mean[i])
        # log1p(excess): near 0 the ratio has lost the digits that the excess has
        corrected = log_ratio[j]
        if np.abs(excess) < 0.5:
            corrected += (excess - (ratio[j] - 1.0)) / ratio[j]
        value += whole[p] * corrected + of_pair[p]
        by_mu[k.counted[i]] = phi * excess
        by_log_noise[g] += phi * (corrected - excess) + slope_of_pair[p]
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _factor(partial: np.ndarray, square: np.ndarray, rows: int) -> np.ndarray:
    """Return L; ``square`` is 1 - y^2 of each pair. See :mod:`bajas.model.correlation`."""
    factor = np.zeros((rows, rows))
    pair = 0
    for i in range(rows):
        left = 1.0
        for j in range(i):
            factor[i, j] = partial[pair] * left
            left *= np.sqrt(square[pair])
            pair += 1
        factor[i, i] = left
    return factor


@njit(cache=True, nogil=True, error_model="numpy")
def _correlate(factor: np.ndarray, z: np.ndarray, out: np.ndarray) -> None:
    """Write L z into ``out``."""
    out[:] = 0.0
    for i in range(z.shape[0]):
        row = out[i]
        for j in range(i + 1):
            weight, other = factor[i, j], z[j]
            for c in range(other.size):
                row[c] += weight * other[c]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _correlate_back(
    z: np.ndarray,
    by_step: np.ndarray,
    partial: np.ndarray,
    square: np.ndarray,
    by_partial: np.ndarray,
) -> None:
    """Turn the derivative by L z into that by z, in place; add that by artanh of the pairs."""
    rows, columns = z.shape
    factor = _factor(partial, square, rows)
    left = np.ones(rows)  # s_i0 ... s_i(j-1)
    for i in range(rows):  # row i moves rows j <= i of z: those above have had their own turn
        from_row = by_step[i]
        first = i * (i - 1) // 2
        for j in range(i):
            left[j + 1] = left[j] * np.sqrt(square[first + j])
        beyond = 0.0  # sum over j > k of dvalue / dL_ij L_ij
        for j in range(i, -1, -1):
            total = 0.0
            for c in range(columns):
                total += from_row[c] * z[j, c]
            if j < i:
                y = partial[first + j]
                by_partial[first + j] += total * square[first + j] * left[j] - y * beyond
            beyond += total * factor[i, j]
        for j in range(i):
            row, weight = by_step[j], factor[i, j]
            for c in range(columns):
                row[c] += weight * from_row[c]
        for c in range(columns):
            from_row[c] *= factor[i, i]
