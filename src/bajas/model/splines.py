"""B-spline bases: log intensities that are smooth between knots."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.interpolate import BSpline


def b_spline_basis(points: np.ndarray, knots: np.ndarray, degree: int = 3) -> sparse.csr_array:
    """Return the B-spline basis at some points, shape (point, knots + degree - 1).

    The first and last knots are repeated ``degree`` times, so that the basis sums to 1 everywhere;
    the last function is 1 at the last knot. At most ``degree + 1`` functions differ from 0 at a
    point.

    Parameters
    ----------
    points : ndarray, shape (point,)
        Within the knots, ends included.
    knots : ndarray, shape (knot,)
        Increasing; at least two.
    degree : int
        3 for cubic splines.

    References
    ----------
    de Boor (1978), A Practical Guide to Splines, chapter IX.

    Examples
    --------
    >>> basis = b_spline_basis(np.array([0.0, 0.5, 1.0, 3.0]), np.array([0.0, 1.0, 3.0]), degree=1)
    >>> basis.todense()
    array([[1. , 0. , 0. ],
           [0.5, 0.5, 0. ],
           [0. , 1. , 0. ],
           [0. , 0. , 1. ]])
    """
    knots = np.asarray(knots, dtype=float)
    if knots.size < 2 or np.any(np.diff(knots) <= 0):
        raise ValueError("a spline needs at least two increasing knots")
    points = np.asarray(points, dtype=float)
    if np.any(points < knots[0]) or np.any(points > knots[-1]):
        raise ValueError("points must lie within the knots")
    extended = np.pad(knots, degree, mode="edge")
    basis = sparse.csr_array(BSpline.design_matrix(points, extended, degree))
    basis.eliminate_zeros()
    return basis
