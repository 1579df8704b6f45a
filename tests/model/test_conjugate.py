"""Corners of the model where the posterior is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from dense_curvature import curvature, field_mode, log_slopes
from model_examples import Row, built, window
from scipy import linalg, stats

from bajas.model.bias import BiasPrior, symmetric
from bajas.model.representation import Representation

CENTRE, LEVEL_SD = 3.0, 1.5
NOISE = {"degrees_of_freedom": float("inf"), "assessment": 0.15}
DAY = {"qualifier": "about", "kind": "assessment"}


def gaussian(rows: list[Row], bias: BiasPrior | None = None, **choices: object) -> Representation:
    """A representation that is linear and Gaussian given its scales."""
    return built(*rows, bias=bias, noise=NOISE, level_centre=CENTRE, knot_days=1, **choices)


def field_posterior(made: Representation) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the field, scales held at their prior medians."""
    mode = field_mode(made)
    free = np.r_[np.ones(made.field_size, bool), log_slopes(made) == 0]
    covariance = np.zeros((made.size, made.size))
    precision = curvature(made, mode).precision
    covariance[np.ix_(free, free)] = np.linalg.inv(precision[np.ix_(free, free)])
    # the field is affine in its coordinates while scales are held
    centre = made.unpack(np.zeros(made.size))[0]
    columns = [made.unpack(unit * free)[0] - centre for unit in np.eye(made.size)]
    change = np.array(columns).T
    change[:, made.field_size :] = 0
    return made.unpack(mode)[0], change @ covariance @ change.T


# -- levels -----------------------------------------------------------------------------------


def test_one_source_with_known_noise() -> None:
    made = gaussian([window(0, 0, value="50", **DAY)])
    mean, covariance = field_posterior(made)
    seen = 0.6**2 + 0.2**2 + 0.15**2  # bias, its deviation by outcome, noise
    variance = 1 / (1 / LEVEL_SD**2 + 1 / seen)
    assert mean[0] == pytest.approx(variance * (CENTRE / LEVEL_SD**2 + np.log(50) / seen), rel=1e-9)
    assert covariance[0, 0] == pytest.approx(variance, rel=1e-9)


def test_the_width_of_a_range_and_counting_noise_add_to_the_noise() -> None:
    rows = [
        window(0, 0, value="", low="40", high="90", level="0.8", **{**DAY, "qualifier": "range"})
    ]
    made = built(*rows, noise={**NOISE, "counting": True}, level_centre=CENTRE, knot_days=1)
    mean, covariance = field_posterior(made)
    wide = np.log(90 / 40) / (2 * stats.norm.ppf(0.9))
    seen = 0.6**2 + 0.2**2 + 0.15**2 + wide**2 + 1 / 60
    variance = 1 / (1 / LEVEL_SD**2 + 1 / seen)
    assert mean[0] == pytest.approx(variance * (CENTRE / LEVEL_SD**2 + np.log(60) / seen), rel=1e-9)
    assert covariance[0, 0] == pytest.approx(variance, rel=1e-9)


def test_two_sources_of_different_blocs_are_weighed_by_their_precision() -> None:
    anchored = symmetric(0.6).with_anchor("registry", mean=-0.1, sd=0.2)
    rows = [
        window(0, 0, value="50", **DAY),
        window(0, 0, claim_id="r", source="registry", source_type="ngo", speaks_for="neutral",
               value="30", **DAY),
    ]  # fmt: skip
    mean, covariance = field_posterior(gaussian(rows, anchored))
    precisions = np.array(
        [1 / LEVEL_SD**2, 1 / (0.6**2 + 0.2**2 + 0.15**2), 1 / (0.2**2 + 0.15**2)]
    )
    says = np.array([CENTRE, np.log(50), np.log(30) + 0.1])
    assert mean[0] == pytest.approx(precisions @ says / precisions.sum(), rel=1e-9)
    assert covariance[0, 0] == pytest.approx(1 / precisions.sum(), rel=1e-9)


@pytest.mark.parametrize("sources", [2, 13])
def test_sources_of_one_bloc_do_not_average_their_shared_bias_away(sources: int) -> None:
    rows = [
        window(0, 0, claim_id=f"c{i}", source=f"s{i:02}", value="50", **DAY) for i in range(sources)
    ]
    mean, covariance = field_posterior(gaussian(rows))
    seen = 0.6**2 / 2 + (0.6**2 / 2 + 0.2**2 + 0.15**2) / sources
    variance = 1 / (1 / LEVEL_SD**2 + 1 / seen)
    assert mean[0] == pytest.approx(variance * (CENTRE / LEVEL_SD**2 + np.log(50) / seen), rel=1e-9)
    assert covariance[0, 0] == pytest.approx(variance, rel=1e-9)


def test_the_evidence_of_a_claim_is_its_marginal_density() -> None:
    """Integrating the joint density over the Gaussian field gives N(centre, all variances)."""
    made = gaussian([window(0, 0, value="50", **DAY)])
    mode = field_mode(made)
    free = np.r_[np.ones(made.field_size, bool), log_slopes(made) == 0]
    precision = curvature(made, mode).precision[np.ix_(free, free)]
    joint = made.standard_log_density(mode) + 0.5 * free.sum() * np.log(2 * np.pi)
    held = -0.5 * np.log(2 * np.pi) * (~free).sum()  # scales at their prior medians
    evidence = joint - held - 0.5 * np.linalg.slogdet(precision)[1]
    variance = LEVEL_SD**2 + 0.6**2 + 0.2**2 + 0.15**2
    exact = -0.5 * (np.log(50) - CENTRE) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)
    assert evidence == pytest.approx(exact, rel=1e-9)


# -- paths ------------------------------------------------------------------------------------


DAYS, SEEN = 25, [0, 1, 2, 5, 6, 7, 8, 13, 14, 20, 22, 24]
ANCHOR_MEAN, ANCHOR_SD = 0.2, 0.3


def figures() -> dict[int, int]:
    """A figure for each day on which the source publishes one."""
    rng = np.random.default_rng(31)
    path = 4 + np.cumsum(0.1 * rng.standard_normal(DAYS))
    return {d: round(np.exp(path[d] + 0.2 + 0.15 * rng.standard_normal())) for d in SEEN}


def daily_figures() -> Representation:
    rows = [window(d, d, claim_id=f"c{d:02}", value=str(figures()[d]), **DAY) for d in SEEN]
    anchored = symmetric(0.6).with_anchor("general_staff", mean=ANCHOR_MEAN, sd=ANCHOR_SD)
    return gaussian(rows, anchored)


def smoother() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Kalman filter and Rauch-Tung-Striebel smoother of (log losses per day, bias)."""
    step = np.diag([0.12**2 / 7, 0.0])  # variance of a day's innovation; the bias stands still
    design, noise = np.array([1.0, 1.0]), 0.15**2
    mean, covariance = np.array([CENTRE, ANCHOR_MEAN]), np.diag([LEVEL_SD**2, ANCHOR_SD**2])
    ahead, filtered = [], []
    for d in range(DAYS):
        if d > 0:
            covariance = covariance + step
        ahead.append((mean, covariance))
        if d in figures():
            gain = covariance @ design / (design @ covariance @ design + noise)
            mean = mean + gain * (np.log(figures()[d]) - design @ mean)
            covariance = covariance - np.outer(gain, design @ covariance)
        filtered.append((mean, covariance))
    found = [filtered[-1]]
    for d in range(DAYS - 2, -1, -1):
        back = filtered[d][1] @ np.linalg.inv(ahead[d + 1][1])
        mean = filtered[d][0] + back @ (found[0][0] - ahead[d + 1][0])
        covariance = filtered[d][1] + back @ (found[0][1] - ahead[d + 1][1]) @ back.T
        found.insert(0, (mean, covariance))
    path = np.array([m[0] for m, _ in found])
    variance = np.array([c[0, 0] for _, c in found])
    return path, variance, found[0][0][1], found[0][1][1, 1]


def to_log_losses(made: Representation) -> np.ndarray:
    """Matrix from the field to log losses per day, one row per day."""
    return np.asarray((made.interpolation @ made.node_design).todense())[:DAYS]


def test_daily_knots_make_windows_of_a_day_exactly_linear() -> None:
    made = daily_figures()
    field = made.sample_prior(np.random.default_rng(32), 4)[0]
    np.testing.assert_allclose(
        made.expected_log(field), (field @ to_log_losses(made).T)[:, SEEN], rtol=1e-10
    )


def test_the_mode_and_curvature_are_the_kalman_smoother() -> None:
    made = daily_figures()
    mean, covariance = field_posterior(made)
    path, variance, bias, bias_variance = smoother()
    rows = to_log_losses(made)
    np.testing.assert_allclose(rows @ mean, path, rtol=1e-8)
    np.testing.assert_allclose(np.diag(rows @ covariance @ rows.T), variance, rtol=1e-8)
    part = made.term_slices["source_bias"]
    assert mean[part] == pytest.approx(bias, rel=1e-8)
    assert covariance[part, part].item() == pytest.approx(bias_variance, rel=1e-8)


def test_precisions_of_the_terms_give_the_kalman_smoother() -> None:
    made = daily_figures()
    scale = {"path_scale": 0.12}
    precision = linalg.block_diag(
        *(
            term.precision().todense() / scale.get(term.scale_by or "", 1.0) ** 2
            for term in made.terms
        )
    )
    prior_mean = np.concatenate([term.mean.ravel() for term in made.terms])
    observe = to_log_losses(made)[SEEN] + made.reporting.todense()
    posterior = precision + observe.T @ observe / 0.15**2
    misfit = np.array([np.log(figures()[d]) for d in SEEN]) - observe @ prior_mean
    mean = prior_mean + np.linalg.solve(posterior, observe.T @ misfit / 0.15**2)
    path, variance, *_ = smoother()
    rows = to_log_losses(made)
    np.testing.assert_allclose(rows @ mean, path, rtol=1e-8)
    covariance = rows @ np.linalg.solve(posterior, rows.T)
    np.testing.assert_allclose(np.diag(covariance), variance, rtol=1e-8)
