"""The No-U-Turn sampler on the map: trajectories that rotate, in one compiled function per chain.

In whitened coordinates the posterior is close to a standard normal, log p(w) = -|w|^2 / 2 + r(w)
with a small remainder r. The Hamiltonian is split accordingly (Shahbaba, Lan, Johnson & Neal 2014):
the normal part is solved exactly, a rotation of (w, momentum) by the step's angle, and only the
remainder is left to the kicks,

    p <- p + (e/2) grad r(w),
    (w, p) <- (w cos e + p sin e, p cos e - w sin e),
    p <- p + (e/2) grad r(w).

The step is volume preserving and reversible, so trajectories are weighed and chosen from as in the
No-U-Turn sampler with multinomial sampling (Hoffman & Gelman 2014; Betancourt 2017); its error
grows with the remainder and not with the number of parameters. The tree is built without recursion
(Phan, Pradhan & Jankowiak 2019).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from bajas.sampler.address import density_at

#: A trajectory whose energy error exceeds this is divergent.
MAX_ENERGY_ERROR = 1000.0


class Plan(NamedTuple):
    """What trajectories a chain takes.

    A share ``dynamic`` of them is grown until it turns back, at most ``2 ** max_depth`` steps; the
    others rotate by an angle between ``least_angle`` and ``most_angle``, in radians. ``target`` is
    the acceptance that the step size is adapted to. A share ``careful`` of the rotations, once the
    step size is fixed, has steps that are ``fine`` times as long: where the posterior is narrower
    than the step, as in the neck of a funnel, chains would otherwise stay for long, since every
    trajectory into and out of it is refused.
    """

    dynamic: float
    least_angle: float
    most_angle: float
    max_depth: int
    target: float
    careful: float = 0.0
    fine: float = 0.4


class Chain(NamedTuple):
    """State of a chain between calls, as arrays that are overwritten.

    ``position``, ``gradient``: whitened coordinates and the gradient there; ``value``: log density,
    step size, and the four numbers of dual averaging.
    """

    position: np.ndarray
    gradient: np.ndarray
    value: np.ndarray
    work: np.ndarray


class Statistics(NamedTuple):
    """What is said of every draw, shape (draw,)."""

    logp: np.ndarray
    energy: np.ndarray
    n_steps: np.ndarray
    depth: np.ndarray
    diverging: np.ndarray
    acceptance: np.ndarray
    step_size: np.ndarray


#: Steps are rotations by less than a third of a turn.
_LARGEST_LOG_STEP = float(np.log(1.6))

#: A rotation takes so many steps at most, and ends early if they are not enough.
_MOST_STEPS = 1024

# places in Chain.value
LOGP, STEP, LOG_STEP_MEAN, ERROR_MEAN, COUNT, CENTRE = 0, 1, 2, 3, 4, 5
_VALUES = 6
# rows of Chain.work
_W_LEFT, _P_LEFT, _G_LEFT, _W_RIGHT, _P_RIGHT, _G_RIGHT = 0, 1, 2, 3, 4, 5
_W_NEXT, _G_NEXT, _W_SUB, _G_SUB, _RHO, _RHO_SUB, _W, _P, _G = 6, 7, 8, 9, 10, 11, 12, 13, 14
_CHECKPOINTS = 15


def statistics_of(count: int) -> Statistics:
    """Return empty statistics of so many draws."""
    return Statistics(*(np.zeros(count) for _ in Statistics._fields))


def new_chain(position: np.ndarray, max_depth: int) -> Chain:
    """Return a chain that has yet to begin at a whitened position."""
    size = position.size
    return Chain(
        position=position.copy(),
        gradient=np.empty(size),
        value=np.zeros(_VALUES),
        work=np.zeros((_CHECKPOINTS + 2 * (max_depth + 1), size)),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _step(w, p, g, angle, k, m):  # type: ignore[no-untyped-def]
    """Move (w, p) by a rotation between two kicks; gradient in g; return the log density."""
    half, cosine, sine = 0.5 * angle, np.cos(angle), np.sin(angle)
    for i in range(w.size):
        momentum = p[i] + half * (g[i] + w[i])
        moved = w[i] * cosine + momentum * sine
        p[i] = momentum * cosine - w[i] * sine
        w[i] = moved
    value = density_at(w, g, k, m)
    for i in range(w.size):
        p[i] += half * (g[i] + w[i])
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _turns(first, last, rho):  # type: ignore[no-untyped-def]
    """Whether a trajectory from momentum ``first`` to ``last`` with sum ``rho`` turns back."""
    at_first, at_last = 0.0, 0.0
    for i in range(rho.size):
        middle = rho[i] - 0.5 * (first[i] + last[i])
        at_first += first[i] * middle
        at_last += last[i] * middle
    return at_first <= 0.0 or at_last <= 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _log_add(a, b):  # type: ignore[no-untyped-def]
    high, low = max(a, b), min(a, b)
    if low == -np.inf:
        return high
    return high + np.log1p(np.exp(low - high))


@njit(cache=True, nogil=True, error_model="numpy")
def transition(chain, rng, k, m, max_depth, statistics, row):  # type: ignore[no-untyped-def]
    """Replace the chain's position by the next draw and write its statistics."""
    size = chain.position.size
    work, step = chain.work, chain.value[STEP]
    w_left, p_left, g_left = work[_W_LEFT], work[_P_LEFT], work[_G_LEFT]
    w_right, p_right, g_right = work[_W_RIGHT], work[_P_RIGHT], work[_G_RIGHT]
    w_sub, g_sub, rho, rho_sub = work[_W_SUB], work[_G_SUB], work[_RHO], work[_RHO_SUB]
    kinetic = 0.0
    for i in range(size):
        momentum = rng.standard_normal()
        kinetic += 0.5 * momentum * momentum
        p_left[i] = p_right[i] = rho[i] = momentum
        w_left[i] = w_right[i] = chain.position[i]
        g_left[i] = g_right[i] = chain.gradient[i]
    start = kinetic - chain.value[LOGP]
    energy, chosen_energy = start, start
    log_weight, leaves, acceptance = 0.0, 0, 0.0
    depth, diverging, turning = 0, False, False
    while depth < max_depth and not turning and not diverging:
        forward = rng.random() < 0.5
        if forward:
            w, p, g, angle = w_right, p_right, g_right, step
        else:
            w, p, g, angle = w_left, p_left, g_left, -step
        rho_sub[:] = 0.0
        log_sub = -np.inf
        value_sub, energy_sub = 0.0, 0.0
        for leaf in range(1 << depth):
            value = _step(w, p, g, angle, k, m)
            leaves += 1
            kinetic = 0.0
            for i in range(size):
                kinetic += 0.5 * p[i] * p[i]
                rho_sub[i] += p[i]
            energy = kinetic - value
            error = energy - start
            if not error < MAX_ENERGY_ERROR:  # NaN too
                diverging = True
                break
            acceptance += min(1.0, np.exp(-error))
            log_sub = _log_add(log_sub, -error)
            if np.log(rng.random()) < -error - log_sub:
                w_sub[:], g_sub[:] = w, g
                value_sub, energy_sub = value, energy
            if _subtree_turns(leaf, p, rho_sub, work):
                turning = True
                break
        if diverging or turning:
            break
        if np.log(rng.random()) < log_sub - log_weight:
            chain.position[:], chain.gradient[:] = w_sub, g_sub
            chain.value[LOGP], chosen_energy = value_sub, energy_sub
        log_weight = _log_add(log_weight, log_sub)
        for i in range(size):
            rho[i] += rho_sub[i]
        turning = _turns(p_left, p_right, rho)
        depth += 1
    statistics.logp[row] = chain.value[LOGP]
    statistics.energy[row] = chosen_energy
    statistics.n_steps[row] = leaves
    statistics.depth[row] = depth
    statistics.diverging[row] = diverging
    statistics.acceptance[row] = acceptance / max(leaves, 1)
    statistics.step_size[row] = step


@njit(cache=True, nogil=True, error_model="numpy")
def _subtree_turns(leaf, p, rho_sub, work):  # type: ignore[no-untyped-def]
    """Check every finished subtree that ends at a leaf; keep what later checks need."""
    above, at = leaf >> 1, 0
    while above:
        at += above & 1
        above >>= 1
    if leaf % 2 == 0:
        work[_CHECKPOINTS + 2 * at] = p
        work[_CHECKPOINTS + 2 * at + 1] = rho_sub
        return False
    finished, bits = 0, leaf
    while bits & 1:
        finished += 1
        bits >>= 1
    for level in range(at, at - finished, -1):
        first = work[_CHECKPOINTS + 2 * level]
        before = work[_CHECKPOINTS + 2 * level + 1]
        at_first, at_last = 0.0, 0.0
        for i in range(p.size):
            middle = rho_sub[i] - before[i] + 0.5 * (first[i] - p[i])
            at_first += first[i] * middle
            at_last += p[i] * middle
        if at_first <= 0.0 or at_last <= 0.0:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def turn(chain, rng, k, m, low, high, fine, statistics, row):  # type: ignore[no-untyped-def]
    """Replace the chain's position by the end of one rotation about a random angle, or stay.

    Its steps are ``fine`` times the chain's step size.
    """
    size = chain.position.size
    w, p, g = chain.work[_W], chain.work[_P], chain.work[_G]
    kinetic = 0.0
    for i in range(size):
        momentum = rng.standard_normal()
        kinetic += 0.5 * momentum * momentum
        p[i], w[i], g[i] = momentum, chain.position[i], chain.gradient[i]
    start = kinetic - chain.value[LOGP]
    angle, step = low + (high - low) * rng.random(), fine * chain.value[STEP]
    steps = _MOST_STEPS
    if angle < step * _MOST_STEPS:
        steps = int(np.ceil(angle / step))
    angle = min(angle, step * steps)
    value, made, error = 0.0, 0, 0.0
    while made < steps:
        value = _step(w, p, g, angle / steps, k, m)
        made += 1
        kinetic = 0.0
        for i in range(size):
            kinetic += 0.5 * p[i] * p[i]
        error = kinetic - value - start
        if not error < MAX_ENERGY_ERROR:  # NaN too
            break
    diverging = made < steps or not error < MAX_ENERGY_ERROR
    acceptance = 0.0 if diverging else min(1.0, np.exp(-error))
    energy = start
    if rng.random() < acceptance:
        chain.position[:], chain.gradient[:] = w, g
        chain.value[LOGP] = value
        energy = start + error
    statistics.logp[row] = chain.value[LOGP]
    statistics.energy[row] = energy
    statistics.n_steps[row] = made
    statistics.depth[row] = 0
    statistics.diverging[row] = diverging
    statistics.acceptance[row] = acceptance
    statistics.step_size[row] = step


@njit(cache=True, nogil=True, error_model="numpy")
def begin(chain, k, m, step):  # type: ignore[no-untyped-def]
    """Evaluate the start and begin to adapt the step size."""
    chain.value[LOGP] = density_at(chain.position, chain.gradient, k, m)
    chain.value[STEP] = step
    chain.value[LOG_STEP_MEAN] = np.log(step)
    chain.value[ERROR_MEAN] = 0.0
    chain.value[COUNT] = 0.0
    chain.value[CENTRE] = np.log(2 * step)


@njit(cache=True, nogil=True, error_model="numpy")
def run(chain, rng, k, m, plan, adapt, first, last, draws, gradients, statistics):  # type: ignore[no-untyped-def]
    """Make the draws of rows ``first`` to ``last``, adapting the step size if asked to.

    Dual averaging as in Hoffman & Gelman (2014), section 3.2. Which kind of trajectory is taken
    doesn't depend on the position.
    """
    v = chain.value
    for row in range(first, last):
        if rng.random() < plan.dynamic:
            transition(chain, rng, k, m, plan.max_depth, statistics, row)
        else:
            fine = 1.0
            if not adapt and rng.random() < plan.careful:
                fine = plan.fine
            turn(chain, rng, k, m, plan.least_angle, plan.most_angle, fine, statistics, row)
        draws[row] = chain.position
        if gradients.shape[0] > row:
            gradients[row] = chain.gradient
        if adapt:
            v[COUNT] += 1
            share = 1 / (v[COUNT] + 10)
            v[ERROR_MEAN] += share * (plan.target - statistics.acceptance[row] - v[ERROR_MEAN])
            log_step = v[CENTRE] - np.sqrt(v[COUNT]) / 0.05 * v[ERROR_MEAN]
            log_step = min(log_step, _LARGEST_LOG_STEP)
            weight = 1 / v[COUNT] ** 0.75
            v[LOG_STEP_MEAN] += weight * (log_step - v[LOG_STEP_MEAN])
            v[STEP] = np.exp(log_step)


@njit(cache=True, nogil=True, error_model="numpy")
def settle(chain):  # type: ignore[no-untyped-def]
    """Fix the step size at its average over the adaptation."""
    chain.value[STEP] = np.exp(chain.value[LOG_STEP_MEAN])
