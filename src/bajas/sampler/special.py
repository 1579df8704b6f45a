"""Special functions for compiled code: exponentials and logarithms of arrays, Stirling's remainder.

Written so that the compiler can use vector instructions, and right to the last bits; tests hold
them against NumPy and SciPy.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def exponentials(x: np.ndarray, out: np.ndarray) -> None:
    """Write exp(x) into ``out``: a polynomial that the compiler can vectorise.

    x = n log 2 + r with |r| <= log(2) / 2; exp(r) by its Taylor polynomial of degree 13, whose
    remainder is below the last bit; 2^n from the bits of a float. Infinite beyond 709.
    """
    size = x.size
    bits = np.empty(size, dtype=np.int64)
    for i in range(size):
        value = min(max(x[i], -708.0), 709.5)
        n = np.floor(value * 1.4426950408889634 + 0.5)
        r = value - n * 6.93147180369123816490e-01
        r = r - n * 1.90821492927058770002e-10
        p = 1.6059043836821613e-10
        p = p * r + 2.08767569878681e-09
        p = p * r + 2.505210838544172e-08
        p = p * r + 2.755731922398589e-07
        p = p * r + 2.7557319223985893e-06
        p = p * r + 2.48015873015873e-05
        p = p * r + 1.984126984126984e-04
        p = p * r + 1.388888888888889e-03
        p = p * r + 8.333333333333333e-03
        p = p * r + 4.1666666666666664e-02
        p = p * r + 1.6666666666666666e-01
        p = p * r + 0.5
        p = p * r + 1.0
        out[i] = p * r + 1.0
        bits[i] = (np.int64(n) + 1023) << 52
    powers = bits.view(np.float64)
    for i in range(size):
        out[i] = out[i] * powers[i]


@njit(cache=True, nogil=True, error_model="numpy")
def logarithms(x: np.ndarray, out: np.ndarray) -> None:
    """Write log(x) into ``out``: a rational form that the compiler can vectorise.

    x = 2^k z with z between sqrt(1/2) and sqrt(2); log z from s = (z - 1) / (z + 1) as in fdlibm
    (Sun Microsystems 1993). Not a number unless x is positive, normal and finite.
    """
    bits = x.view(np.int64)
    mantissa = np.empty(x.size, dtype=np.int64)
    for i in range(x.size):
        k = (bits[i] - 0x3FE6A09E667F3BCD) >> 52
        mantissa[i] = bits[i] - (k << 52)
        out[i] = np.float64(k)
    z = mantissa.view(np.float64)
    for i in range(x.size):
        exponent, f = out[i], z[i] - 1.0
        s = f / (2.0 + f)
        square = s * s
        w = square * square
        odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01
            + w * 1.531383769920937332e-01))  # fmt: skip
        even = square * (6.666666666666735130e-01 + w * (2.857142874366239149e-01
            + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)))  # fmt: skip
        half = 0.5 * f * f
        low = s * (half + odd + even) + exponent * 1.90821492927058770002e-10
        value = exponent * 6.93147180369123816490e-01 - ((half - low) - f)
        out[i] = value if 2.3e-308 < x[i] < 1.79e308 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def stirling(x: float) -> tuple[float, float]:
    """Return s(x) and s'(x), s(x) = log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2, x > 0.

    digamma(x) is then log x - 1 / (2 x) + s'(x). By the asymptotic series from 10 on and by
    recurrence below (Abramowitz & Stegun 1964, 6.1.40 and 6.3.18).
    """
    if x >= 10.0:
        return _stirling_series(x)
    at, product, harmonic = x, 1.0, 0.0
    while at < 10.0:
        product *= at
        harmonic += 1.0 / at
        at += 1.0
    remainder, slope = _stirling_series(at)
    log_at, log_x = math.log(at), math.log(x)
    # log Gamma(x) = log Gamma(at) - log(product), digamma(x) = digamma(at) - harmonic
    remainder += (at - 0.5) * log_at - at - math.log(product) - (x - 0.5) * log_x + x
    slope += log_at - 0.5 / at - harmonic - log_x + 0.5 / x
    return remainder, slope


@njit(cache=True, nogil=True, error_model="numpy")
def stirlings(x: np.ndarray, remainder: np.ndarray, slope: np.ndarray) -> None:
    """Write s(x) and s'(x), as :func:`stirling`, of an array in which most are above 10."""
    for i in range(x.size):
        remainder[i], slope[i] = _stirling_series(max(x[i], 10.0))
    for i in range(x.size):
        if x[i] < 10.0:
            remainder[i], slope[i] = stirling(x[i])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc"})
def total(x: np.ndarray) -> float:
    """Return the sum, in whichever order is fast."""
    found = 0.0
    for i in range(x.size):
        found += x[i]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _stirling_series(x: float) -> tuple[float, float]:
    r = 1.0 / x
    q = r * r
    remainder = r * (1 / 12 + q * (-1 / 360 + q * (1 / 1260 + q * (-1 / 1680
        + q * (1 / 1188 + q * (-691 / 360360 + q / 156))))))  # fmt: skip
    slope = -q * (1 / 12 + q * (-3 / 360 + q * (5 / 1260 + q * (-7 / 1680
        + q * (9 / 1188 + q * (-11 * 691 / 360360 + q * 13 / 156))))))  # fmt: skip
    return remainder, slope


@njit(cache=True, nogil=True, error_model="numpy")
def bound(t: float, heavy: bool) -> tuple[float, float]:
    """Return log F(t) and f(t) / F(t) of the standard error; see :mod:`bajas.model.family`."""
    if heavy:
        r = np.sqrt(4 + t * t)
        s = t / r
        one_plus_s = 4 / (r * (r - t)) if t < 0 else 1 + s
        log_probability = 2 * np.log(one_plus_s) + np.log(2 - s) - 1.3862943611198906
        # f / F with f = (3/8) (4 / r^2)^(5/2) = 12 / r^5
        ratio = 12 / r**5 / np.exp(log_probability)
        return log_probability, ratio
    return normal_bound(t)


@njit(cache=True, nogil=True, error_model="numpy")
def normal_bound(t: float) -> tuple[float, float]:
    """Return log Phi(t) and phi(t) / Phi(t), with a continued fraction in the far left tail."""
    if t > -5.0:
        probability = 0.5 * math.erfc(-t * 0.7071067811865476)
        density = np.exp(-0.5 * t * t) * 0.3989422804014327
        return np.log(probability), density / probability
    x = -t
    fraction = x
    for j in range(60, 0, -1):
        fraction = x + j / fraction
    return -0.5 * t * t - 0.9189385332046727 - np.log(fraction), fraction
