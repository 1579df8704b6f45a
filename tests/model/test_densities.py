"""Every density against its simulator twin and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from model_examples import (
    every_form,
    ledger,
    plain,
    positions,
    represent,
    with_half_normal_scales,
)
from scipy import integrate, stats

from bajas.model.bias import hindsight
from bajas.model.family import (
    AT_LEAST,
    AT_MOST,
    POINT,
    log_distribution_t4,
    log_likelihood,
    simulate,
)
from bajas.model.prior import Prior
from bajas.model.representation import Representation
from bajas.model.term import Term

DEGREES = (4.0, float("inf"))
ERRORS = {4.0: stats.t(4), float("inf"): stats.norm()}
PRIORS = {
    "normal": (Prior("normal", -0.6, 0.7), stats.norm(-0.6, 0.7)),
    "student_t": (Prior("student_t", 1.2, 0.9, 4.0), stats.t(4, 1.2, 0.9)),
    "half_normal": (Prior("half_normal", 0.0, 0.15), stats.halfnorm(scale=0.15)),
    "log_normal": (Prior("log_normal", -2.1, 0.5), stats.lognorm(0.5, scale=np.exp(-2.1))),
    "partial_correlation": (
        Prior("partial_correlation", concentration=3.5),
        stats.beta(3.5, 3.5, loc=-1, scale=2),
    ),
}
#: Families whose support has no upper end.
REAL = set(PRIORS) - {"partial_correlation"}


def likelihood(log_value: float, form: int, degrees: float, mu: float = 6.9, sigma: float = 0.3):
    one = (np.array([log_value]), np.array([mu]), np.array([sigma]), np.array([form]))
    return log_likelihood(*one, degrees)[0]


# -- families ---------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", DEGREES)
def test_points_are_densities_of_the_log_figure(degrees: float) -> None:
    def density(log_value: float) -> float:
        return float(np.exp(likelihood(log_value, POINT, degrees)))

    mass = integrate.quad(density, -np.inf, 6.9)[0] + integrate.quad(density, 6.9, np.inf)[0]
    assert mass == pytest.approx(1, rel=1e-8)


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("figure", [4.0, 6.5, 6.9, 7.2, 9.0])
def test_bounds_are_probabilities_of_what_a_source_would_say(degrees: float, figure: float) -> None:
    errors = ERRORS[degrees]
    t = (figure - 6.9) / 0.3
    assert likelihood(figure, AT_MOST, degrees) == pytest.approx(errors.logcdf(t), rel=1e-10)
    assert likelihood(figure, AT_LEAST, degrees) == pytest.approx(errors.logsf(t), rel=1e-10)
    both = np.exp(likelihood(figure, AT_MOST, degrees)) + np.exp(
        likelihood(figure, AT_LEAST, degrees)
    )
    assert both == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("degrees", DEGREES)
def test_bounds_differ_by_what_points_have_between_them(degrees: float) -> None:
    between = integrate.quad(lambda y: np.exp(likelihood(y, POINT, degrees)), 6.4, 7.3)[0]
    below = [np.exp(likelihood(y, AT_MOST, degrees)) for y in (6.4, 7.3)]
    assert below[1] - below[0] == pytest.approx(between, rel=1e-9)


def test_distribution_function_keeps_its_lower_tail() -> None:
    t = -np.concatenate([[0.0], np.geomspace(1e-6, 1e4, 200)])
    # In the far tail F(t) = 3 / t^4 (1 - 20 / 3 t^2 + ...), which no cancellation touches.
    far = t < -3000
    np.testing.assert_allclose(log_distribution_t4(t), stats.t(4).logcdf(t), rtol=1e-10)
    np.testing.assert_allclose(
        log_distribution_t4(t[far]), np.log(3 * t[far] ** -4.0), atol=2e-6, rtol=0
    )


def test_distribution_function_in_its_upper_tail() -> None:
    t = np.geomspace(1e-6, 1e4, 200)
    np.testing.assert_allclose(
        log_distribution_t4(t), np.log1p(-stats.t(4).sf(t)), rtol=1e-10, atol=1e-15
    )


def test_distribution_function_has_the_density_as_its_derivative() -> None:
    t = np.concatenate([-np.geomspace(0.01, 1e4, 60), np.geomspace(0.01, 50, 40)])
    step = 1e-5 * np.maximum(1, np.abs(t))
    slope = (log_distribution_t4(t + step) - log_distribution_t4(t - step)) / (2 * step)
    density = stats.t(4).logpdf(t) - log_distribution_t4(t)
    np.testing.assert_allclose(slope, np.exp(density), rtol=2e-6, atol=1e-11)


@pytest.mark.parametrize("degrees", DEGREES)
def test_simulated_figures_have_the_family_s_distribution(degrees: float) -> None:
    mu = np.full(4000, 7.0)
    figures = simulate(np.random.default_rng(5), mu, np.full(4000, 0.3), degrees)
    standard = (np.log(figures) - 7.0) / 0.3
    assert stats.kstest(standard, ERRORS[degrees].cdf).pvalue > 0.01


@pytest.mark.parametrize("degrees", DEGREES)
def test_simulated_figures_keep_a_bound_as_often_as_its_likelihood_says(degrees: float) -> None:
    figures = simulate(
        np.random.default_rng(6), np.full(40_000, 6.9), np.full(40_000, 0.3), degrees
    )
    kept = np.mean(np.log(figures) >= 7.1)
    assert kept == pytest.approx(np.exp(likelihood(7.1, AT_LEAST, degrees)), abs=0.01)


# -- priors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("family", PRIORS)
def test_priors_are_scipy_s_and_integrate_to_one(family: str) -> None:
    prior, twin = PRIORS[family]
    values = twin.ppf([1e-6, 0.01, 0.3, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(prior.log_density(values), twin.logpdf(values), rtol=1e-12)
    low = 0.0 if prior.positive else -np.inf if prior.family in REAL else -1.0
    middle = float(twin.median())
    mass = sum(
        integrate.quad(lambda x: np.exp(prior.log_density(x)), *ends)[0]
        for ends in ((low, middle), (middle, np.inf if prior.family in REAL else 1.0))
    )
    assert mass == pytest.approx(1, rel=1e-7)


@pytest.mark.parametrize("family", PRIORS)
def test_samples_of_priors_follow_their_density(family: str) -> None:
    prior, twin = PRIORS[family]
    assert stats.kstest(prior.sample(np.random.default_rng(1), 4000), twin.cdf).pvalue > 0.01


def test_positive_priors_have_no_mass_below_zero() -> None:
    assert PRIORS["half_normal"][0].log_density(-0.1) == -np.inf
    assert list(PRIORS["log_normal"][0].log_density([-1.0, 0.0])) == [-np.inf, -np.inf]


# -- terms ------------------------------------------------------------------------------------


def term(structure: str, scale_by: str | None = None) -> Term:
    rng = np.random.default_rng(3)
    labels = (("a", "b"), ("1", "2", "3", "4"))
    return Term(
        "x",
        ("series", "knot"),
        labels,
        structure,
        rng.normal(size=(2, 4)),
        rng.uniform(0.2, 2, (2, 4)),
        scale_by,
    )


@pytest.mark.parametrize("structure", ["independent", "random_walk"])
@pytest.mark.parametrize("factor", [None, 0.3])
def test_a_term_is_the_gaussian_of_its_precision(structure: str, factor: float | None) -> None:
    item = term(structure, None if factor is None else "tau")
    hyper = {"tau": np.full(2, factor or 1.0)}
    covariance = np.linalg.inv(item.precision().todense()) * (factor or 1.0) ** 2
    twin = stats.multivariate_normal(item.mean.ravel(), covariance)
    for value in np.random.default_rng(4).normal(size=(5, 2, 4)):
        expected = twin.logpdf(value.ravel())
        assert item.log_density(value, hyper) == pytest.approx(expected, rel=1e-10)


def test_each_series_of_a_term_has_its_own_scale() -> None:
    item, hyper = term("random_walk", "tau"), {"tau": np.array([0.1, 3.0])}
    steps = item.from_standard(np.ones((2, 4)), hyper) - item.mean
    np.testing.assert_allclose(steps, np.cumsum(item.scale * [[0.1], [3.0]], axis=1))


@pytest.mark.parametrize("structure", ["independent", "random_walk"])
def test_draws_of_a_term_have_its_covariance(structure: str) -> None:
    item = term(structure)
    draws = item.from_standard(np.random.default_rng(8).standard_normal((40_000, 2, 4)), {})
    expected = np.linalg.inv(item.precision().todense())
    sample = np.cov(draws.reshape(-1, 8), rowvar=False)
    sds = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        sample / np.outer(sds, sds), expected / np.outer(sds, sds), atol=0.03
    )


# -- the representation -----------------------------------------------------------------------


@pytest.fixture(scope="module", params=["log-normal scales", "half-normal scales"])
def small(request: pytest.FixtureRequest) -> Representation:
    made = represent(ledger(*every_form()), plain(hindsight(), knot_days=14))
    return made if request.param == "log-normal scales" else with_half_normal_scales(made)


def test_pack_is_the_inverse_of_unpack(small: Representation) -> None:
    at = positions(small, 6, 2.0, seed=1).reshape(2, 3, -1)
    field, hyper = small.unpack(at)
    assert field.shape == (2, 3, small.field_size)
    np.testing.assert_allclose(small.pack(field, hyper), at, rtol=1e-9, atol=1e-9)


def test_standardising_changes_the_density_by_its_jacobian_only(small: Representation) -> None:
    for at in positions(small, 3, 1.5, seed=2):
        step = 1e-30j * np.eye(small.size)  # exact derivatives: a complex step has no cancellation
        field, hyper = small.unpack(at + step)
        moved = np.concatenate([field, *(hyper[h.name] for h in small.hyperparameters)], axis=-1)
        log_jacobian = np.linalg.slogdet(moved.imag / 1e-30)[1]
        natural = small.log_density(*small.unpack(at))
        assert small.standard_log_density(at) == pytest.approx(natural + log_jacobian, rel=1e-11)


def test_prior_draws_are_standard_normal_once_packed() -> None:
    small = represent(ledger(*every_form()), plain(knot_days=14))  # all normal or log-normal
    standard = small.pack(*small.sample_prior(np.random.default_rng(3), 4000))
    pvalues = [stats.kstest(column, stats.norm.cdf).pvalue for column in standard.T]
    assert min(pvalues) > 0.01 / small.size
    assert np.abs(np.corrcoef(standard, rowvar=False) - np.eye(small.size)).max() < 0.08


def test_simulated_claims_score_as_their_likelihood_expects(small: Representation) -> None:
    field, hyper = small.unpack(np.zeros(small.size))
    figures = small.simulate(
        np.random.default_rng(9),
        np.tile(field, (4000, 1)),
        {name: np.tile(value, (4000, 1)) for name, value in hyper.items()},
    )
    standard = (np.log(figures) - small.location(field, hyper)) / small.noise_scale(hyper)
    assert stats.kstest(standard.ravel(), stats.t(4).cdf).pvalue > 0.01
