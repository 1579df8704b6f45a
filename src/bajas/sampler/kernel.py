"""The fused density: value and gradient of any representation in one compiled pass.

Generic over the representation: terms of the field by their structure, hyperparameters by their
family, sparse products for nodes, cells and biases, prefix sums for the runs of cells (with weights
that may follow curves, :mod:`bajas.sampler.curves`), and a family per observation. A new term or
column of the model needs no new kernel. Compiled by numba, kept on disk between processes, and free
of Python's lock while it runs.

The gradient is the adjoint of each step in reverse order; tests hold it against NumPy, central
differences and PyMC's automatic derivatives.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bajas.model.family import AT_LEAST, POINT
from bajas.sampler.biases import Biases, biases_back, no_biases, solve_biases
from bajas.sampler.curves import curves_back, run_weights
from bajas.sampler.kernel_arrays import (
    HALF_NORMAL,
    LOG_NORMAL,
    PARTIAL_CORRELATION,
    STUDENT_T,
    Counts,
    Kernel,
    Product,
    kernel_arrays,
)
from bajas.sampler.special import bound, exponentials, logarithms, stirling, stirlings, total

__all__ = ["Kernel", "density_given_biases", "kernel_arrays", "log_density"]

NO_BIASES = no_biases()


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
    return density_given_biases(position, gradient, np.empty_like(position), k, NO_BIASES)


@njit(cache=True, nogil=True, error_model="numpy")
def density_given_biases(
    position: np.ndarray, gradient: np.ndarray, standard: np.ndarray, k: Kernel, b: Biases
) -> float:
    """Return the log posterior density where biases have coordinates given everything else.

    Parameters
    ----------
    position : ndarray, shape (size,)
        Standardised coordinates, but for the biases' columns: there those of
        :mod:`bajas.sampler.biases`.
    gradient, standard : ndarray, shape (size,)
        Derivatives by ``position`` and standardised coordinates; overwritten.
    k : Kernel
        Arrays of the representation.
    b : Biases
        Families of biases; the log Jacobian of their coordinates is part of the density.
    """
    standard[:] = position
    field_size, hyper_size = k.mean.size, k.family.size
    observations, cells, nodes = k.form.size, k.cell.pointer.size - 1, k.node_offset.size
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
            theta[h] = np.copysign((1 - small) / (1 + small), u)  # tanh
            slope[h] = 4 * small / ((1 + small) * (1 + small))  # 1 - tanh^2, exact in the tails
            log_cosh = np.abs(u) + np.log(1 + small) - 0.6931471805599453
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
    step = position[:field_size]
    if k.correlated_start.size or b.column.size:
        step = step.copy()
        for c in range(k.correlated_start.size):
            rows, columns = k.correlated_rows[c], k.correlated_columns[c]
            block = slice(k.correlated_start[c], k.correlated_start[c] + rows * columns)
            first = k.correlated_hyper[c]
            factor = _factor(theta[first:], slope[first:], rows)
            _correlate(
                factor, position[block].reshape(rows, columns), step[block].reshape(rows, columns)
            )
    sd = k.scale.copy()
    for s in range(k.scaled_start.size):
        part, by = sd[k.scaled_start[s] : k.scaled_stop[s]], theta[k.scaled_hyper[s]]
        for i in range(part.size):
            part[i] *= by
    field = sd * step
    for column in b.column:
        field[column] = 0.0
    for w in range(k.walk_start.size):
        walk = field[k.walk_start[w] : k.walk_stop[w]]
        for i in range(1, walk.size):
            walk[i] += walk[i - 1]
    for i in range(field_size):
        field[i] += k.mean[i]
        value -= 0.5 * position[i] * position[i]

    # nodes, cells, running sums of the intensity
    node = k.node_offset.copy()
    _add_product(k.node, field, node)
    eta, intensity = np.zeros(cells), np.empty(cells)
    _add_product(k.cell, node, eta)
    exponentials(eta, intensity)
    running = np.empty(cells + sums)
    for s in range(sums):
        part = intensity[k.sum_start[s] : k.sum_start[s + 1]]
        into = running[k.sum_start[s] + s : k.sum_start[s + 1] + s + 1]
        level = 0.0
        into[0] = level
        for c in range(part.size):
            level += part[c]
            into[c + 1] = level

    # the noise of each group of observations: without their own sd, and phi of counts
    noise, factor_of = np.zeros(groups), np.empty(groups)
    _add_product(k.log_noise, field, noise)
    by_noise, by_log_noise = np.zeros(groups), np.zeros(groups)
    for g in range(groups):
        factor_of[g] = np.exp(noise[g])
        noise[g] = factor_of[g] * (1.0 if k.group_noise[g] < 0 else theta[k.group_noise[g]])

    # observations: sums and locations; points and bounds, then counts
    tau = np.zeros(observations)
    weight, log_z, slope_of_z = run_weights(k.run_weight, theta, k.curves)
    for r in range(k.run_observation.size):
        tau[k.run_observation[r]] += weight[r] * (running[k.run_stop[r]] - running[k.run_start[r]])
    location, log_tau = np.zeros(observations), np.empty(observations)
    logarithms(tau, log_tau)
    for o in k.continuous:  # of counts without log tau
        location[o] = log_tau[o]
    _add_product(k.bias, field, location)
    _add_product(k.effect, theta, location)
    by_own, own_noise = np.zeros(observations), noise[k.group]
    solved_value, solved = solve_biases(
        position, sd, own_noise, k.log_sd, log_tau, location, standard, b
    )
    value += solved_value
    by_mu = np.empty(observations)  # d value / d mu
    value += _continuous(location, noise, by_mu, by_noise, k)
    if k.counts.observation.size:
        value += _counts(tau, log_tau, location, noise, by_mu, by_log_noise, k.counts)

    # back to reporting terms and noise
    field_gradient, by_sd = np.zeros(field_size), np.zeros(field_size)
    biases_back(position, sd, own_noise, by_mu, by_own, gradient, by_sd, b, solved)
    if b.column.size:
        for o in range(observations):
            if by_own[o] != 0.0:
                by_noise[k.group[o]] += by_own[o]
    _add_product(k.bias_back, by_mu, field_gradient)
    _add_product(k.effect_back, by_mu, theta_gradient)
    for g in range(groups):
        h = k.group_noise[g]
        if h >= 0:
            theta_gradient[h] += by_noise[g] * factor_of[g]
            if by_log_noise[g] != 0.0:
                theta_gradient[h] += by_log_noise[g] / theta[h]
        by_log_noise[g] += by_noise[g] * noise[g]
    _add_product(k.log_noise_back, by_log_noise, field_gradient)

    # back through runs, cells and nodes
    change, by_tau = np.zeros(cells + sums), by_mu / tau
    for r in range(k.run_observation.size):
        moved = weight[r] * by_tau[k.run_observation[r]]
        change[k.run_start[r]] += moved
        change[k.run_stop[r]] -= moved
    if k.curves.run.size:
        by_weight = np.empty(k.curves.run.size)
        for i in range(by_weight.size):
            r = k.curves.run[i]
            lost = running[k.run_stop[r]] - running[k.run_start[r]]
            by_weight[i] = by_tau[k.run_observation[r]] * lost
        curves_back(by_weight, log_z, slope_of_z, theta, theta_gradient, k.curves)
    for s in range(sums):
        part = intensity[k.sum_start[s] : k.sum_start[s + 1]]
        moves = change[k.sum_start[s] + s : k.sum_start[s + 1] + s + 1]
        level = 0.0
        if sums == 1:
            for c in range(part.size):
                level += moves[c]
                part[c] *= level  # from here on the derivative by eta
        else:  # a stratum's runs mostly begin where it does: from the end their rounding is nil
            for c in range(part.size - 1, -1, -1):
                level -= moves[c + 1]
                part[c] *= level
    node_gradient = np.zeros(nodes)
    _add_product(k.cell_back, intensity, node_gradient)
    _add_product(k.node_back, node_gradient, field_gradient)

    # back through walks, scales and correlations
    for w in range(k.walk_start.size):
        walk = field_gradient[k.walk_start[w] : k.walk_stop[w]]
        for i in range(walk.size - 2, -1, -1):
            walk[i] += walk[i + 1]
    for column in b.column:  # what their scales do, in the form of the terms' scales
        field_gradient[column], step[column] = by_sd[column], 1.0
    for s in range(k.scaled_start.size):
        first, last = k.scaled_start[s], k.scaled_stop[s]
        pull, unit, moves = field_gradient[first:last], k.scale[first:last], step[first:last]
        found = theta_gradient[k.scaled_hyper[s]]
        for i in range(pull.size):
            found += pull[i] * unit[i] * moves[i]
        theta_gradient[k.scaled_hyper[s]] = found
    field_gradient *= sd
    for c in range(k.correlated_start.size):
        rows, columns = k.correlated_rows[c], k.correlated_columns[c]
        block = slice(k.correlated_start[c], k.correlated_start[c] + rows * columns)
        first = k.correlated_hyper[c]
        _correlate_back(
            position[block].reshape(rows, columns),
            field_gradient[block].reshape(rows, columns),
            theta[first:],
            slope[first:],
            gradient[field_size + first :],
        )
    for column in b.column:  # theirs are written already
        field_gradient[column] = gradient[column] + position[column]
    for i in range(field_size):
        gradient[i] = field_gradient[i] - position[i]
    for h in range(hyper_size):
        gradient[field_size + h] += theta_gradient[h] * slope[h]
    return float(value)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_product(matrix: Product, x: np.ndarray, out: np.ndarray) -> None:
    """Add a sparse matrix times x to ``out``."""
    pointer, column, value = matrix
    if value.size == 0:
        return
    for i in range(out.size):
        found = out[i]
        for e in range(pointer[i], pointer[i + 1]):
            found += value[e] * x[column[e]]
        out[i] = found


@njit(cache=True, nogil=True, error_model="numpy")
def _continuous(
    location: np.ndarray, noise: np.ndarray, by_mu: np.ndarray, by_noise: np.ndarray, k: Kernel
) -> float:
    """Return the log probability of points and bounds, and its derivatives.

    With d = log y - mu and v the variance, that of a point is a constant and, up to logarithms that
    are taken of all at once, 2 log v - 5/2 log(v + d^2 / 4) for four degrees of freedom, and
    -log(v) / 2 - d^2 / (2 v) for normal errors.
    """
    heavy, size = k.heavy[0], k.continuous.size
    variance, wide = np.ones(size), np.ones(size)
    value, points = 0.0, 0
    for i in range(size):
        o = k.continuous[i]
        own, residual = noise[k.group[o]], k.log_value[o] - location[o]
        square = own * own + k.log_sd[o] * k.log_sd[o]
        if k.form[o] == POINT:
            points += 1
            variance[i] = square
            if heavy:
                wide[i] = square + 0.25 * residual * residual
                by_mu[o] = 1.25 * residual / wide[i]
            else:
                by_mu[o] = residual / square
                value -= 0.5 * residual * by_mu[o]
            by_noise[k.group[o]] += (by_mu[o] * residual - 1) * own / square
        else:
            sigma = np.sqrt(square)
            sign = -1.0 if k.form[o] == AT_LEAST else 1.0
            side = sign * residual / sigma
            log_probability, ratio = bound(side, heavy)
            value += log_probability
            by_mu[o] = -sign * ratio / sigma
            by_noise[k.group[o]] -= side * ratio * own / square
    logarithm = np.empty(size)
    logarithms(variance, logarithm)
    if not heavy:
        return value - 0.9189385332046727 * points - 0.5 * total(logarithm)
    value += 2 * total(logarithm) - 0.9808292530117262 * points
    logarithms(wide, logarithm)
    return value - 2.5 * total(logarithm)


@njit(cache=True, nogil=True, error_model="numpy")
def _counts(
    tau: np.ndarray,
    log_tau: np.ndarray,
    location: np.ndarray,
    noise: np.ndarray,
    by_mu: np.ndarray,
    by_log_noise: np.ndarray,
    k: Counts,
) -> float:
    """Return the log probability of counts, and its derivatives; see :mod:`bajas.model.family`."""
    size, spread, pairs = k.observation.size, k.pair.size, k.pair_count.size
    poisson = size - spread
    bias, true, mean = np.empty(size), np.empty(size), np.empty(size)
    term, by_mean = np.empty(size), np.empty(size)
    for i in range(size):
        bias[i] = location[k.observation[i]]
        true[i], term[i] = tau[k.observation[i]], log_tau[k.observation[i]]
    exponentials(bias, mean)
    for i in range(size):
        mean[i] *= true[i]
        term[i] = k.count[i] * (term[i] + bias[i] - k.log_count[i]) + k.constant[i]
    for i in range(poisson):
        by_mean[i] = k.count[i] - mean[i]
        term[i] += by_mean[i]
    if spread:
        # what depends on phi and the count alone, once for each pair of them
        whole, log_whole = np.empty(pairs), np.empty(pairs)
        of_pair, slope_of_pair = np.empty(pairs), np.empty(pairs)
        for g in range(k.group.size):
            phi = noise[k.group[g]]
            for p in range(k.group_pair_start[g], k.group_pair_start[g + 1]):
                whole[p] = phi + k.pair_count[p]
        logarithms(whole, log_whole)
        stirlings(whole, of_pair, slope_of_pair)
        for g in range(k.group.size):
            phi = noise[k.group[g]]
            remainder, slope = stirling(phi)
            half_log = remainder - 0.5 * np.log(phi)
            for p in range(k.group_pair_start[g], k.group_pair_start[g + 1]):
                of_pair[p] -= half_log + 0.5 * log_whole[p]
                slope_of_pair[p] = phi * (slope_of_pair[p] - slope) + 0.5 * (
                    k.pair_count[p] / whole[p]
                )
        ratio, log_ratio = np.empty(spread), np.empty(spread)
        for g in range(k.group.size):
            phi = noise[k.group[g]]
            for j in range(k.group_start[g], k.group_start[g + 1]):
                ratio[j] = whole[k.pair[j]] / (phi + mean[poisson + j])
        logarithms(ratio, log_ratio)
        by_phi = np.empty(spread)
        for g in range(k.group.size):
            phi = noise[k.group[g]]
            for j in range(k.group_start[g], k.group_start[g + 1]):
                i, p = poisson + j, k.pair[j]
                excess = (k.count[i] - mean[i]) / (phi + mean[i])
                # log1p(excess): near 0 the ratio has lost the digits that the excess has
                lost = (excess - (ratio[j] - 1.0)) / ratio[j]
                corrected = log_ratio[j] + (lost if np.abs(excess) < 0.5 else 0.0)
                term[i] += whole[p] * corrected + of_pair[p]
                by_mean[i] = phi * excess
                by_phi[j] = phi * (corrected - excess) + slope_of_pair[p]
            by_log_noise[k.group[g]] += total(by_phi[k.group_start[g] : k.group_start[g + 1]])
    for i in range(size):
        by_mu[k.observation[i]] = by_mean[i]
    return total(term)


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
