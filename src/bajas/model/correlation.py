"""Correlation matrices by their canonical partial correlations.

Pairs are in the order of the rows of the strict lower triangle: (1, 0), (2, 0), (2, 1), (3, 0), ...
The number of pair (i, j) is the partial correlation y_ij of i and j given 0, ..., j - 1, and with
s_ij = sqrt(1 - y_ij^2) the Cholesky factor of the correlation matrix is

    L_ij = y_ij s_i0 ... s_i(j-1),    L_ii = s_i0 ... s_i(i-1)

(Lewandowski, Kurowicka & Joe 2009, Journal of Multivariate Analysis 100(9), section 2; the C-vine).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bajas.model.prior import Prior


def lkj_priors(size: int, concentration: float) -> tuple[Prior, ...]:
    """Return priors of partial correlations that are the LKJ prior, density ~ det(R)^(eta - 1).

    Under it the partial correlations are independent; the one of (i, j), with j variables given,
    has density proportional to (1 - y^2)^(b - 1) on (-1, 1), b = eta + (K - 2 - j) / 2.

    Parameters
    ----------
    size : int
        K, rows of the correlation matrix.
    concentration : float
        Eta; 1 is uniform over correlation matrices.

    References
    ----------
    Lewandowski, Kurowicka & Joe (2009), Journal of Multivariate Analysis 100(9), section 2.4.

    Examples
    --------
    >>> [prior.concentration for prior in lkj_priors(3, 2.0)]
    [2.5, 2.5, 2.0]
    """
    columns = np.tril_indices(size, -1)[1]
    return tuple(
        Prior("partial_correlation", concentration=float(concentration + (size - 2 - j) / 2))
        for j in columns
    )


def pair_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return a label for each pair, in their order.

    Examples
    --------
    >>> pair_labels(("a", "b", "c"))
    ('b, a', 'c, a', 'c, b')
    """
    return tuple(f"{second}, {first}" for i, second in enumerate(labels) for first in labels[:i])


def cholesky_factor(partial: np.ndarray, size: int) -> np.ndarray:
    """Return L of partial correlations, shape (..., size, size).

    Parameters
    ----------
    partial : ndarray, shape (..., size (size - 1) / 2)
        Canonical partial correlations, by pairs.
    size : int
        K, rows of the correlation matrix.

    Examples
    --------
    >>> cholesky_factor(np.array([0.6]), 2)
    array([[1. , 0. ],
           [0.6, 0.8]])
    """
    rows, columns = np.tril_indices(size, -1)
    if partial.shape[-1] != rows.size:
        raise ValueError(f"{size} series have {rows.size} pairs, not {partial.shape[-1]}")
    y = np.zeros((*partial.shape[:-1], size, size), dtype=partial.dtype)
    y[..., rows, columns] = partial
    left = np.ones_like(y)  # s_i0 ... s_i(j-1)
    left[..., 1:] = np.cumprod(np.sqrt((1 - y) * (1 + y)), axis=-1)[..., :-1]
    y[..., np.arange(size), np.arange(size)] = 1.0
    return np.asarray(y * left)


def partial_gradient(partial: np.ndarray, by_factor: np.ndarray) -> np.ndarray:
    """Return the derivative by artanh of the partial correlations from that by L.

    Parameters
    ----------
    partial : ndarray, shape (size (size - 1) / 2,)
        Canonical partial correlations.
    by_factor : ndarray, shape (..., size, size)
        Derivatives by the elements of L.

    Returns
    -------
    ndarray, shape (..., size (size - 1) / 2)
        With u = artanh(y): dL_ij / du_ij = (1 - y_ij^2) s_i0 ... s_i(j-1) and dL_ij / du_ik =
        -y_ik L_ij for k < j.
    """
    size = by_factor.shape[-1]
    rows, columns = np.tril_indices(size, -1)
    factor = cholesky_factor(partial, size)
    y = np.zeros((size, size))
    y[rows, columns] = partial
    square = (1 - y) * (1 + y)
    left = np.ones_like(y)
    left[:, 1:] = np.cumprod(np.sqrt(square), axis=-1)[:, :-1]
    moved = by_factor * factor
    beyond = np.cumsum(moved[..., ::-1], axis=-1)[..., ::-1] - moved  # sum over j > k
    return np.asarray((by_factor * square * left - y * beyond)[..., rows, columns])
