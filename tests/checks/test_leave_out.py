"""Leaving observations out by weights: against exact posteriors and integrals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from exact_posteriors import Exact, linear, quarter
from model_examples import every_form, ledger, plain, represent
from scipy import integrate, stats

from bajas.checks.leave_out import log_predictive, own_biases
from bajas.checks.weights import smoothed
from bajas.design.build import build_design
from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior
from bajas.posterior.densities import ObservationDraws, observation_draws
from bajas.posterior.posterior import Posterior
from bajas.posterior.verdict import Verdict

FIGURES = (1000.0, 1500.0, 2600.0, 700.0, 1800.0)


@pytest.mark.parametrize("row", range(5))
def test_weights_without_a_source_give_the_exact_posterior_without_it(row: int) -> None:
    evidence, specification = quarter(*FIGURES), linear()
    posterior = Exact(evidence, specification).draws()
    weights = smoothed(-log_predictive(posterior, observation_draws(posterior), [row]))
    assert weights.reliable
    logs = np.log(posterior.total("killed", "X", expected=True))
    mean, sd = Exact(evidence, specification, withheld=(f"c{row}",)).log_total()
    probabilities = [0.05, 0.5, 0.95]
    exact = stats.norm(mean, sd).ppf(probabilities)
    errors = weights.quantile_errors(logs, probabilities)
    assert np.all(np.abs(weights.quantiles(logs, probabilities) - exact) < 4 * errors + 0.002)
    assert errors[1] < 0.1 * sd


def test_integrating_a_sources_own_biases_tames_the_weights() -> None:
    posterior = Exact(quarter(*FIGURES), linear(noise=0.03)).draws()
    seen = observation_draws(posterior)
    own = smoothed(-log_predictive(posterior, seen, [1]))
    raw = smoothed(-log_predictive(posterior, seen, [1], integrate=False))
    assert own.k < 0.5 < raw.k
    assert own.ess > 10 * raw.ess


def test_the_integral_is_exact_where_everything_is_normal() -> None:
    posterior = Exact(quarter(*FIGURES), linear()).draws(chains=2, draws=50)
    seen = observation_draws(posterior)
    found = log_predictive(posterior, seen, [0])
    own = own_biases(posterior, np.array([0]))
    assert own is not None
    base = seen.mu[..., 0] - (own.values @ own.loading[0]).reshape(2, 50)
    centre = base + own.loading[0] @ own.mean
    sd = np.sqrt(seen.sigma[..., 0] ** 2 + (own.loading[0] ** 2) @ own.scale**2)
    exact = stats.norm.logpdf(posterior.representation.log_value[0], centre, sd)
    assert np.abs(found - exact).max() < 0.05
    assert np.abs(np.mean(found - exact)) < 0.02


def test_the_integral_agrees_with_quadrature_for_heavy_tails_and_bounds() -> None:
    rows = every_form()
    evidence = ledger(*rows)
    # lists as bounds: every form is among the observations
    specification = replace(
        plain(), registers=RegisterPrior(reading="bound"), drift=DriftPrior(on="none")
    )
    representation = represent(evidence, specification)
    field, hyper = representation.sample_prior(np.random.default_rng(2), 6)
    posterior = Posterior(
        ledger=evidence, specification=specification, design=build_design(evidence, "bound"),
        representation=representation, field_draws=field[None],
        hyper_draws={name: value[None] for name, value in hyper.items()}, sample_stats={},
        seed=1, verdict=Verdict(True),
    )  # fmt: skip
    seen = observation_draws(posterior)
    misses: list[float] = []
    for row in range(len(representation.names)):
        own = own_biases(posterior, np.array([row]))
        if own is None or not np.isinf(own.degrees_of_freedom).all():
            continue
        found = log_predictive(posterior, seen, [row])[0]
        sd = float(np.sqrt((own.loading[0] ** 2) @ own.scale**2))
        base = seen.mu[0, :, row] - own.values @ own.loading[0]
        for index in range(6):

            def integrand(shift: float, row: int = row, at: float = base[index],
                          sd: float = sd, index: int = index) -> float:  # fmt: skip
                from bajas.model.family import log_likelihood

                value = log_likelihood(
                    representation.log_value[[row]], np.array([at + shift]),
                    seen.sigma[0, index, [row]], representation.form[[row]], 4.0,
                )  # fmt: skip
                return float(np.exp(value[0]) * stats.norm.pdf(shift, 0, sd))

            peak = representation.log_value[row] - base[index]
            exact, _ = integrate.quad(
                integrand, -8 * sd, 8 * sd, points=[np.clip(peak, -8 * sd, 8 * sd), 0.0], limit=400
            )
            misses.append(abs(found[index] - np.log(exact)))
    assert len(misses) >= 12
    assert max(misses) < 0.5  # a bound deep in its tail
    assert np.median(misses) < 0.02


def test_what_others_know_too_is_not_integrated() -> None:
    posterior = Exact(quarter(*FIGURES), linear()).draws(chains=1, draws=20)
    labels = posterior.representation.terms
    # of s1 its bias, its outcome's and its bloc's relation effect; s0 shares the last with s4
    for row, size in ((1, 3), (0, 2)):
        own = own_biases(posterior, np.array([row]))
        assert own is not None
        assert own.mean.size == size
    together = own_biases(posterior, np.arange(5))
    assert together is not None
    assert together.mean.size == sum(t.size for t in labels if "bias" in t.name) + 4


def test_the_same_seed_gives_the_same_numbers() -> None:
    posterior = Exact(quarter(*FIGURES), linear()).draws(chains=1, draws=30)
    seen: ObservationDraws = observation_draws(posterior)
    first, again, other = (log_predictive(posterior, seen, [2], seed=s) for s in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
