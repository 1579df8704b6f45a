"""Correlations by partial correlations: the factor, the LKJ prior, correlated terms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bajas.model.correlation import cholesky_factor, lkj_priors, pair_labels, partial_gradient
from bajas.model.prior import Prior
from bajas.model.term import Hyperparameter, Term


def pairs(size: int, eta: float) -> Hyperparameter:
    labels = tuple("abcdefgh"[:size])
    return Hyperparameter("pairs", "pair", pair_labels(labels), lkj_priors(size, eta))


def correlation(u: np.ndarray, size: int) -> np.ndarray:
    factor = cholesky_factor(np.tanh(u), size)
    return factor @ factor.swapaxes(-1, -2)


def test_the_factor_is_that_of_a_correlation_matrix() -> None:
    matrix = correlation(np.random.default_rng(1).normal(size=(20, 10)), 5)
    np.testing.assert_allclose(np.diagonal(matrix, axis1=-2, axis2=-1), 1.0, rtol=1e-13)
    factor = cholesky_factor(np.tanh(np.random.default_rng(2).normal(size=10)), 5)
    np.testing.assert_allclose(np.linalg.cholesky(factor @ factor.T), factor, atol=1e-13)


def test_numbers_are_partial_correlations_given_the_earlier_ones() -> None:
    y = np.array([0.3, -0.5, 0.4, 0.2, 0.6, -0.7])
    matrix = cholesky_factor(y, 4) @ cholesky_factor(y, 4).T
    for number, (i, j) in enumerate([(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]):
        chosen = [*range(j), j, i]
        precision = np.linalg.inv(matrix[np.ix_(chosen, chosen)])
        partial = -precision[-1, -2] / np.sqrt(precision[-1, -1] * precision[-2, -2])
        assert partial == pytest.approx(y[number], rel=1e-12)


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("eta", [0.7, 1.0, 2.0])
def test_the_prior_is_lkj(size: int, eta: float) -> None:
    """Its density over matrices is det(R)^(eta - 1) times a constant."""
    hyper = pairs(size, eta)
    rows, columns = np.tril_indices(size, -1)
    constants = []
    for u in np.random.default_rng(3).normal(0, 0.6, (5, rows.size)):
        steps = correlation(u + 1e-30j * np.eye(rows.size), size)  # no absolute values within
        jacobian = steps[:, rows, columns].imag / 1e-30
        by_matrix = (eta - 1) * np.linalg.slogdet(correlation(u, size))[1]
        by_matrix += np.linalg.slogdet(jacobian)[1]
        constants.append(hyper.standard_log_density(u) - by_matrix)
    np.testing.assert_allclose(constants, constants[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("eta", [0.7, 2.0])
def test_every_correlation_has_the_marginal_of_the_lkj_prior(eta: float) -> None:
    size = 5
    draws = pairs(size, eta).sample(np.random.default_rng(4), 4_000)
    factor = cholesky_factor(draws, size)
    matrix = factor @ factor.swapaxes(-1, -2)
    shape = eta - 1 + size / 2
    marginal = stats.beta(shape, shape, loc=-1, scale=2)
    pvalues = [
        stats.kstest(matrix[:, i, j], marginal.cdf).pvalue
        for i, j in zip(*np.tril_indices(size, -1), strict=True)
    ]
    assert min(pvalues) > 0.01 / len(pvalues)


def test_standard_coordinates_change_the_density_by_their_jacobian() -> None:
    hyper = pairs(3, 2.0)
    u = np.array([0.3, -1.2, 2.5])
    jacobian = np.log1p(-(np.tanh(u) ** 2)).sum()
    natural = hyper.log_density(np.tanh(u))
    assert hyper.standard_log_density(u) == pytest.approx(natural + jacobian, rel=1e-12)
    np.testing.assert_allclose(hyper.to_standard(hyper.from_standard(u)), u, rtol=1e-12)


def test_gradient_through_the_factor_is_that_of_differences() -> None:
    rng = np.random.default_rng(5)
    weights, u = rng.normal(size=(4, 4)), rng.normal(size=6)
    steps = cholesky_factor(np.tanh(u + 1e-30j * np.eye(6)), 4)
    expected = (steps * weights).sum(axis=(-1, -2)).imag / 1e-30
    np.testing.assert_allclose(partial_gradient(np.tanh(u), weights), expected, rtol=1e-12)


# -- correlated terms -------------------------------------------------------------------------


def correlated(scale_by: str | None) -> Term:
    rng = np.random.default_rng(6)
    return Term(
        "x", ("series", "knot"), (("a", "b", "c"), ("0", "1")), "independent",
        mean=rng.normal(size=(3, 2)), scale=rng.uniform(0.3, 2, (3, 2)), scale_by=scale_by,
        correlated_by="pairs",
    )  # fmt: skip


@pytest.mark.parametrize("scale_by", [None, "tau"])
def test_a_correlated_term_is_the_gaussian_of_its_covariance(scale_by: str | None) -> None:
    item = correlated(scale_by)
    hyper = {"tau": np.array([0.4, 1.0, 2.0]), "pairs": np.array([0.5, -0.3, 0.6])}
    factor = cholesky_factor(hyper["pairs"], 3)
    tau = hyper["tau"] if scale_by else np.ones(3)
    for value in np.random.default_rng(7).normal(size=(4, 3, 2)):
        expected = 0.0
        for knot in range(2):
            sd = tau * item.scale[:, knot]
            covariance = np.outer(sd, sd) * (factor @ factor.T)
            expected += stats.multivariate_normal(item.mean[:, knot], covariance).logpdf(
                value[:, knot]
            )
        assert item.log_density(value, hyper) == pytest.approx(expected, rel=1e-11)
        standard = item.to_standard(value, hyper)
        np.testing.assert_allclose(item.from_standard(standard, hyper), value, rtol=1e-12)


def test_draws_and_their_own_correlations_come_in_any_leading_dims() -> None:
    item, rng = correlated("tau"), np.random.default_rng(8)
    z = rng.standard_normal((2, 5, 3, 2))
    hyper = {"tau": rng.uniform(1, 2, (2, 5, 3)), "pairs": rng.uniform(-1, 1, (2, 5, 3))}
    found = item.from_standard(z, hyper)
    one = item.from_standard(z[1, 3], {name: value[1, 3] for name, value in hyper.items()})
    np.testing.assert_allclose(found[1, 3], one, rtol=1e-13)
    np.testing.assert_allclose(item.to_standard(found, hyper), z, rtol=1e-9, atol=1e-11)


def test_what_cannot_be_correlated_is_refused() -> None:
    with pytest.raises(ValueError, match="only independent"):
        Term(
            "x", ("a",), (("0", "1"),), "random_walk", np.zeros(2), np.ones(2),
            correlated_by="pairs",
        )  # fmt: skip
    with pytest.raises(ValueError, match="3 pairs, not 2"):
        cholesky_factor(np.zeros(2), 3)
    with pytest.raises(ValueError, match="location 0 and scale 1"):
        Prior("partial_correlation", scale=2.0)
    with pytest.raises(ValueError, match="concentration"):
        Prior("partial_correlation", concentration=0.0)


def test_priors_of_partial_correlations_survive_json() -> None:
    prior = Prior("partial_correlation", concentration=2.5)
    assert Prior.from_dict(prior.as_dict()) == prior
