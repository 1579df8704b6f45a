"""Convergence of many quantities at once: split rank-normalised R-hat, bulk and tail ESS.

The numbers of Vehtari et al. (2021), to the last digits those of ArviZ, which takes quantities one
by one. Here all quantities of a block go through each step together: one sort for ranks, one for
folded ranks, normal scores from a table (average ranks are halves of whole numbers), one inverse
Fourier transform for the mean autocovariance of all chains, Geyer's sequences as running minima.
Blocks are worked on in threads and their size doesn't change a number.

References
----------
Vehtari, Gelman, Simpson, Carpenter & Burkner (2021), Rank-normalization, folding, and localization:
an improved R-hat for assessing convergence of MCMC. Bayesian Analysis 16(2), 667-718.
Geyer (1992), Practical Markov chain Monte Carlo. Statistical Science 7(4), 473-483.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy import fft
from scipy.special import ndtri

#: Probabilities of the quantiles whose effective sample sizes make that of the tail.
_TAIL = (0.05, 0.95)

#: Draws worked on at once, of all quantities of a block: they stay in the processor's cache.
_BLOCK_DRAWS = 100_000

_THREADS = 2


class Convergence(NamedTuple):
    """R-hat, bulk and tail effective sample size of each quantity; NaN where undefined."""

    rhat: np.ndarray
    bulk: np.ndarray
    tail: np.ndarray


def convergence(quantities: Sequence[np.ndarray] | np.ndarray) -> Convergence:
    """Return R-hat and effective sample sizes of quantities.

    R-hat is the larger of those of rank-normalised and of folded rank-normalised split chains; the
    bulk's effective sample size is that of rank-normalised split chains, the tail's the smaller of
    those of the 5% and 95% quantiles.

    Parameters
    ----------
    quantities : sequence of ndarray, shape (chain, draw) each
        Finite draws, at least four per chain. An array with quantities first will do.

    Returns
    -------
    Convergence
        Of arrays of shape (quantity,).

    Examples
    --------
    >>> draws = np.random.default_rng(1).standard_normal((1, 4, 500))
    >>> found = convergence(draws)
    >>> bool(found.rhat[0] < 1.01), bool(found.bulk[0] > 1500), bool(found.tail[0] > 1500)
    (True, True, True)
    """
    count = len(quantities)
    found = Convergence(*(np.full(count, np.nan) for _ in Convergence._fields))
    if count == 0:
        return found
    chains, length = np.shape(quantities[0])
    if length < 4:
        raise ValueError(f"convergence needs at least 4 draws per chain, not {length}")
    size = 2 * chains * (length // 2)
    scores = ndtri((np.arange(2, 2 * size + 1) / 2 - 0.375) / (size + 0.25))
    step = max(1, _BLOCK_DRAWS // (chains * length))

    def work(first: int) -> None:
        block = np.stack([np.asarray(q, dtype=float) for q in quantities[first : first + step]])
        for into, values in zip(found, _of_block(block, scores), strict=True):
            into[first : first + step] = values

    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(work, first) for first in range(0, count, step)]:
            done.result()
    return found


def _of_block(draws: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return R-hat, bulk and tail ESS of draws, shape (quantity, chain, draw)."""
    halves = _split(draws)
    flat = halves.reshape(halves.shape[0], -1)
    ranked, normal = _normal_scores(flat, scores)
    middle = ranked.shape[1] // 2
    centre = (ranked[:, middle - 1 : middle] + ranked[:, middle : middle + 1]) / 2
    _, folded = _normal_scores(np.abs(flat - centre), scores)
    bulk_rhat, tail_rhat = _rhat(normal.reshape(halves.shape)), _rhat(folded.reshape(halves.shape))
    if draws.shape[2] % 2:
        ranked = np.sort(draws.reshape(draws.shape[0], -1), axis=1)
    low, high = (_ess((halves <= _quantile(ranked, p)[:, None, None]).astype(float)) for p in _TAIL)
    return (
        np.where(tail_rhat > bulk_rhat, tail_rhat, bulk_rhat),
        _ess(normal.reshape(halves.shape)),
        np.where(high < low, high, low),
    )


def _split(draws: np.ndarray) -> np.ndarray:
    """Return the halves of the chains as chains; the middle draw of an odd number is left out."""
    half = draws.shape[2] // 2
    return np.concatenate([draws[:, :, :half], draws[:, :, -half:]], axis=1)


def _quantile(ranked: np.ndarray, probability: float) -> np.ndarray:
    """Return a quantile of sorted rows, between two draws linearly and rounded as NumPy does."""
    place = probability * (ranked.shape[1] - 1)
    below = int(place)
    share, low = place - below, ranked[:, below]
    high = ranked[:, min(below + 1, ranked.shape[1] - 1)]
    if share >= 0.5:
        return np.asarray(high - (high - low) * (1 - share))
    return np.asarray(low + (high - low) * share)


def _normal_scores(values: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows in order, and the normal scores of their ranks, average ones of equal values.

    Parameters
    ----------
    values : ndarray, shape (row, draw)
        What is ranked.
    scores : ndarray, shape (2 draw - 1,)
        Normal scores of the ranks 1, 1.5, 2 and so on.
    """
    order = np.argsort(values, axis=1)
    order += values.shape[1] * np.arange(values.shape[0])[:, None]
    ranked = values.ravel()[order]
    place = np.arange(values.shape[1], dtype=np.int32)
    differs = ranked[:, 1:] != ranked[:, :-1]
    # first and last place of those that are equal
    first, last = np.zeros(values.shape, np.int32), np.full(values.shape, place[-1])
    np.multiply(differs, place[1:], out=first[:, 1:])
    np.maximum.accumulate(first, axis=1, out=first)
    np.copyto(last[:, :-1], place[:-1], where=differs)
    back = last[:, ::-1]
    np.minimum.accumulate(back, axis=1, out=back)
    first += last
    found = np.empty(values.size)
    found[order.ravel()] = scores[first.ravel()]
    return ranked, found.reshape(values.shape)


def _rhat(chains: np.ndarray) -> np.ndarray:
    """Return R-hat, shape (quantity,), of chains, shape (quantity, chain, draw)."""
    length = chains.shape[2]
    between = length * np.var(chains.mean(axis=2), axis=1, ddof=1)
    within = np.var(chains, axis=2, ddof=1).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((between / within + length - 1) / length))


def _ess(chains: np.ndarray) -> np.ndarray:
    """Return the effective sample size, shape (quantity,), of chains (quantity, chain, draw)."""
    count, number, length = chains.shape
    size = number * length
    means = chains.mean(axis=2, keepdims=True)
    padded = fft.next_fast_len(2 * length, real=True)
    spectrum = fft.rfft(chains - means, padded, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    covariance = fft.irfft(power, padded, axis=1)[:, :length] / length
    within = covariance[:, :1] * length / (length - 1)
    between = np.var(means[:, :, 0], axis=1, ddof=1)[:, None] if number > 1 else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1 - (within - covariance) / (within * (length - 1) / length + between)
    rho[:, 0] = 1.0
    # Geyer's initial positive sequence: pairs of lags up to the first whose sum isn't positive
    most = max((length - 3) // 2, 0)
    even, odd = rho[:, 0 : 2 * most + 1 : 2], rho[:, 1 : 2 * most + 2 : 2]
    pair = even + odd
    stops = ~(pair[:, :most] > 0)
    kept = np.where(stops.any(axis=1), stops.argmax(axis=1), most) if most else np.zeros(count, int)
    rows = np.arange(count)
    # made monotone: no pair above the one before it
    falling = np.cumsum(np.minimum.accumulate(pair, axis=1), axis=1)
    inside = np.where(kept > 0, falling[rows, np.maximum(kept - 1, 0)], 0.0)
    after = even[rows, kept]
    after = np.where((after > 0) | (pair[rows, kept] >= 0), after, 0.0)
    tau = np.maximum(-1 + 2 * inside + after, 1 / np.log10(size))
    found = np.where(np.isnan(rho[:, 1]), np.nan, size / tau)
    constant = np.ptp(chains.reshape(count, -1), axis=1) < np.finfo(float).resolution
    return np.where(constant, float(size), found)
