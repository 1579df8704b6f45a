"""The published model of Radford et al. (2023), written out densely, against the representation."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bajas.model.representation import Representation
from bajas.sampler.interface import Draws
from bajas.sampler.kernel import kernel_arrays, log_density

SCRIPT = Path(__file__).parents[2] / "examples" / "radford_2023.py"
TYPES = (
    "Civilian Deaths-Ukraine",
    "Jets-Ukraine",
    "Military Deaths-Russia",
    "Military Deaths-Ukraine",
)
KNOTS = 9


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("radford_2023", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["radford_2023"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    path = shared_data / "radford2023"
    if not path.is_dir():
        pytest.skip("no radford2023 in BAJAS_DATA or in shared/data beside the checkout")
    return path


@pytest.fixture(scope="module")
def reports(example: ModuleType, folder: Path) -> pd.DataFrame:
    return example.read_reports(folder, TYPES)


@pytest.fixture(scope="module")
def small(example: ModuleType, folder: Path) -> Representation:
    return example.radford_representation(folder, types=TYPES, knots=KNOTS)


# -- the published model, as its Stan program states it ---------------------------------------


def basis_function(t: float, knots: np.ndarray, index: int, order: int) -> float:
    if order == 1:
        return float(knots[index] <= t < knots[index + 1])
    w1 = w2 = 0.0
    if knots[index] != knots[index + order - 1]:
        w1 = (t - knots[index]) / (knots[index + order - 1] - knots[index])
    if knots[index + 1] != knots[index + order]:
        w2 = 1 - (t - knots[index + 1]) / (knots[index + order] - knots[index + 1])
    first, second = (basis_function(t, knots, i, order - 1) for i in (index, index + 1))
    return w1 * first + w2 * second


def basis(days: int) -> np.ndarray:
    knots = np.pad(np.quantile(np.arange(1, days + 1), np.linspace(0, 1, KNOTS)), 3, mode="edge")
    size = KNOTS + 2
    found = np.array(
        [[basis_function(day, knots, i, 4) for day in range(1, days + 1)] for i in range(size)]
    )
    found[-1, -1] = 1
    return found


def random_parameters(reports: pd.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """Parameters of the published model: a value for every source, country and category."""
    rng = np.random.default_rng(seed)
    sources, categories = reports["claim_source"].nunique(), reports["category"].nunique()
    types = len(TYPES)
    real = {
        "cum_phi": (), "cum_phi_offset": types, "bias_source_offset": (sources, 2),
        "bias_source_type_offset": (sources, 2, categories), "beta_min_mu": (), "beta_max_mu": (),
        "beta_min_offset": sources, "beta_max_offset": sources, "beta_type_mu": (),
        "beta_type_offset": types, "slope_mu": (), "slope_offset": types,
        "spline_raw": (types, KNOTS + 2), "spline_u": types * (types - 1) // 2,
    }  # fmt: skip
    positive = {
        "cum_phi_sigma": (), "bias_sigma": (), "bias_source_sigma": (sources, 2),
        "beta_min_sigma": (), "beta_max_sigma": (), "beta_type_sigma": (), "slope_sigma": (),
        "spline_sigma": types,
    }  # fmt: skip
    found = {name: np.asarray(rng.normal(0, 0.7, shape)) for name, shape in real.items()}
    found |= {
        name: np.asarray(np.abs(rng.normal(size=shape)) + 0.05) for name, shape in positive.items()
    }
    return found


def factor_of(u: np.ndarray) -> np.ndarray:
    """Stan's Cholesky factor of a correlation matrix from unconstrained numbers."""
    size = len(TYPES)
    factor, number = np.zeros((size, size), dtype=u.dtype), 0
    for i in range(size):
        squares = 0.0
        for j in range(i):
            factor[i, j] = np.tanh(u[number]) * np.sqrt(1 - squares)
            squares = squares + factor[i, j] ** 2
            number += 1
        factor[i, i] = np.sqrt(1 - squares)
    return factor


def published(reports: pd.DataFrame, p: Mapping[str, np.ndarray]) -> float:
    """The published log density, with the Jacobians of log scales and correlations."""
    sources, categories, countries = (
        sorted(set(reports[column])) for column in ("claim_source", "category", "loss_country")
    )
    days = 365
    factor = factor_of(p["spline_u"])
    spline = np.diag(p["spline_sigma"]) @ factor @ p["spline_raw"]
    intercept = p["beta_type_sigma"] * p["beta_type_offset"] + p["beta_type_mu"]
    slope = p["slope_sigma"] * p["slope_offset"] + p["slope_mu"]
    latent = intercept[:, None] + spline @ basis(days)
    latent = latent + slope[:, None] * np.arange(1, days + 1) / 365
    cumulative = np.log(np.cumsum(np.exp(latent), axis=1))
    phi = 1 / np.exp(p["cum_phi_sigma"] * p["cum_phi_offset"] + p["cum_phi"])
    beta_min = p["beta_min_offset"] * p["beta_min_sigma"] + p["beta_min_mu"]
    beta_max = p["beta_max_offset"] * p["beta_max_sigma"] + p["beta_max_mu"]
    total = 0.0
    for report in reports.itertuples():
        kind, day = TYPES.index(report.loss_type), report.days - 1
        source, country = sources.index(report.claim_source), countries.index(report.loss_country)
        category = categories.index(report.category)
        bias = p["bias_source_offset"][source, country] * p["bias_sigma"]
        bias += (
            p["bias_source_type_offset"][source, country, category]
            * p["bias_source_sigma"][source, country]
        )
        bias += beta_min[source] * report.minimum + beta_max[source] * report.maximum
        if report.time_frame == "Day":
            total += stats.poisson(np.exp(latent[kind, day] + bias)).logpmf(report.loss_count)
        else:
            mean = np.exp(cumulative[kind, day] + bias)
            family = stats.nbinom(phi[kind], phi[kind] / (phi[kind] + mean))
            total += family.logpmf(report.loss_count)
    for name, value in p.items():
        if name != "spline_u":
            total -= 0.5 * np.sum(value**2)
        if name.endswith("sigma"):
            total += np.sum(np.log(value))
    # lkj_corr_cholesky(2): prod L_kk^(K - k + 2 eta - 2), k from 2 to K
    size = len(TYPES)
    for k in range(2, size + 1):
        total += (size - k + 2 * 2.0 - 2) * np.log(factor[k - 1, k - 1])
    rows, columns = np.tril_indices(size, -1)
    steps = p["spline_u"] + 1e-30j * np.eye(rows.size)
    jacobian = np.array([factor_of(step)[rows, columns].imag for step in steps]) / 1e-30
    return float(total + np.linalg.slogdet(jacobian)[1])


def position_of(
    small: Representation, reports: pd.DataFrame, p: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The same parameters in the representation's coordinates; those without reports left out."""
    sources, categories, countries = (
        sorted(set(reports[column])) for column in ("claim_source", "category", "loss_country")
    )
    position = np.zeros(small.size)
    plain = {
        "intercept": "beta_type", "slope": "slope", "dispersion": "cum_phi", "minimum": "beta_min",
        "maximum": "beta_max",
    }  # fmt: skip
    for term in small.terms:
        part = small.term_slices[term.name]
        name, is_mean = term.name.removesuffix("_mean"), term.name.endswith("_mean")
        labels = term.labels[-1]
        if name in plain:
            prefix = plain[name]
            if is_mean:
                value = p["cum_phi"] if prefix == "cum_phi" else p[f"{prefix}_mu"]
            else:
                order = sources if name in ("minimum", "maximum") else list(TYPES)
                value = p[f"{prefix}_offset"][[order.index(label) for label in labels]]
        elif name == "spline":
            value = p["spline_raw"].ravel()
        elif name == "bias":
            value = [
                p["bias_source_offset"][sources.index(s), countries.index(c)]
                for s, c in (label.split(" on ") for label in labels)
            ]
        else:
            source, country = name.removeprefix("bias of ").split(" on ")
            value = p["bias_source_type_offset"][sources.index(source), countries.index(country)][
                [categories.index(label) for label in labels]
            ]
        position[part] = value
    scales = {f"{ours}_scale": f"{theirs}_sigma" for ours, theirs in plain.items()}
    scales |= {"spline_scale": "spline_sigma", "bias_scale": "bias_sigma"}
    for hyper in small.hyperparameters:
        if hyper.name == "spline_correlation":
            value = p["spline_u"]
        elif hyper.name in scales:
            value = np.log(p[scales[hyper.name]])
        else:
            target = hyper.name.removeprefix("bias of ").removesuffix("_scale")
            source, country = target.split(" on ")
            place = sources.index(source), countries.index(country)
            value = np.log(p["bias_source_sigma"][place])
        position[small.field_size :][small.hyper_slices[hyper.name]] = value
    return position


def test_the_published_density_is_the_representation_s(
    small: Representation, reports: pd.DataFrame
) -> None:
    """Up to a constant, and to the prior of what no report is about."""
    assert {"Day", "Cumulative"} == set(reports["time_frame"])
    assert reports["minimum"].any()
    assert reports["maximum"].any()
    differences = []
    unseen = random_parameters(reports, 99)
    for seed in range(4):
        p = random_parameters(reports, seed)
        keep_unseen(reports, p, unseen)
        ours = small.standard_log_density(position_of(small, reports, p))
        differences.append(published(reports, p) - ours)
    np.testing.assert_allclose(differences, differences[0], rtol=0, atol=1e-6)
    assert np.ptp([published(reports, random_parameters(reports, seed)) for seed in (0, 1)]) > 1


def keep_unseen(
    reports: pd.DataFrame, p: dict[str, np.ndarray], fixed: Mapping[str, np.ndarray]
) -> None:
    """Set what no report is about to fixed values, so that its prior is a constant."""
    sources, categories, countries = (
        sorted(set(reports[column])) for column in ("claim_source", "category", "loss_country")
    )
    seen = {
        (
            sources.index(r.claim_source),
            countries.index(r.loss_country),
            categories.index(r.category),
        )
        for r in reports.itertuples()
    }
    for cell in np.ndindex(p["bias_source_type_offset"].shape):
        if cell not in seen:
            p["bias_source_type_offset"][cell] = fixed["bias_source_type_offset"][cell]
    for pair in np.ndindex(p["bias_source_offset"].shape):
        if pair not in {cell[:2] for cell in seen}:
            for name in ("bias_source_offset", "bias_source_sigma"):
                p[name][pair] = fixed[name][pair]
    for wording, name in (("minimum", "beta_min_offset"), ("maximum", "beta_max_offset")):
        used = set(reports.loc[reports[wording] == 1, "claim_source"])
        for index, source in enumerate(sources):
            if source not in used:
                p[name][index] = fixed[name][index]


# -- the whole model and the table ------------------------------------------------------------


def test_the_whole_model_has_its_sizes_and_its_gradient(example: ModuleType, folder: Path) -> None:
    whole = example.radford_representation(folder)
    assert len(whole.names) == 4_609
    assert whole.cell_count == 30 * 365
    assert {term.name: term.shape for term in whole.terms}["spline"] == (30, 152)
    assert {h.name: h.size for h in whole.hyperparameters}["spline_correlation"] == 30 * 29 // 2
    rng = np.random.default_rng(1)
    at, along = 0.1 * rng.standard_normal((2, whole.size))
    gradient = np.empty(whole.size)
    value = log_density(at, gradient, kernel_arrays(whole))
    assert value == pytest.approx(whole.standard_log_density(at), rel=1e-10)
    ahead, behind = (whole.standard_log_density(at + h * along) for h in (1e-4, -1e-4))
    assert gradient @ along == pytest.approx((ahead - behind) / 2e-4, rel=1e-5)


def test_the_table_has_a_row_for_every_type(example: ModuleType, small: Representation) -> None:
    rng = np.random.default_rng(2)
    draws = Draws(0.3 * rng.standard_normal((2, 120, small.size)), {}, True)
    totals = example.totals(small, draws)
    field = small.unpack(draws.position[1, 7])[0]
    by_type = np.exp(small.log_intensity(field)).reshape(4, 365).sum(axis=1)
    np.testing.assert_allclose(totals[1, 7], by_type, rtol=1e-12)
    table = example.table(small, totals)
    assert list(table["type"]) == list(TYPES)
    assert table["published_mean"].tolist() == [13_287, 122, 76_687, 17_223]
    assert "76,687 [38,670 to 139,772]" in example.shown(table)
    judged = example.quantities(small, draws, totals)
    assert len(judged) == small.size + 4


def test_unknown_types_are_refused(example: ModuleType, folder: Path) -> None:
    with pytest.raises(ValueError, match="no reports on Submarines"):
        example.radford_representation(folder, types=["Submarines"])
