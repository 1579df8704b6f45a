"""The evidence: closed forms, quadrature, and maps good and bad."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from model_examples import built, window
from scipy import stats

from bajas.errors import SamplingError
from bajas.model.representation import Representation
from bajas.sampler.chains import Stage, run_stage
from bajas.sampler.choice import sample_fused
from bajas.sampler.evidence import Evidence, log_evidence
from bajas.sampler.interface import Draws, Settings, Whitened, silent
from bajas.sampler.kernel import Kernel, kernel_arrays
from bajas.sampler.map import Map
from bajas.sampler.stages import PLAN

CENTRE, LEVEL_SD = 3.0, 1.5
#: Bias, its deviation by outcome, and noise (all but known) of one assessment.
SEEN = 0.6**2 + 0.2**2 + 0.15**2
DAY = {"qualifier": "about", "kind": "assessment"}


def one_day(*rows: dict[str, str]) -> Representation:
    noise = {"degrees_of_freedom": float("inf"), "assessment": 0.15, "log_sd": 1e-3}
    return built(*rows, noise=noise, level_centre=CENTRE, level_sd=LEVEL_SD, knot_days=1)


def drawn(made: Representation, seed: int, draws: int = 300) -> tuple[Draws, Settings]:
    settings = Settings(draws=draws, tune=100, chains=2, seed=seed)
    return sample_fused(made, settings, silent), settings


def evidence(made: Representation, seed: int) -> Evidence:
    return log_evidence(made, *drawn(made, seed))


@pytest.mark.slow
def test_two_sources_have_the_evidence_of_their_joint_normal() -> None:
    rows = [
        window(0, 0, value="50", **DAY),
        window(0, 0, claim_id="r", source="registry", source_type="ngo", speaks_for="neutral",
               value="300", **DAY),
    ]  # fmt: skip
    covariance = LEVEL_SD**2 + SEEN * np.eye(2)
    exact = stats.multivariate_normal([CENTRE, CENTRE], covariance).logpdf(np.log([50, 300]))
    off = []
    for seed in range(3):
        found = evidence(one_day(*rows), seed)
        assert found.error < 0.05
        off.append((found.log_value - exact) / np.hypot(found.error, 1e-3))
    assert np.abs(off).max() < 4
    assert np.mean(np.square(off)) < 4


@pytest.mark.slow
def test_a_bound_and_a_sum_have_the_evidence_of_quadrature() -> None:
    rows = [
        window(0, 0, value="120", outcome="casualties", **DAY),
        window(0, 0, claim_id="b", source="ally", source_type="ally", speaks_for="Y", value="40",
               **{**DAY, "qualifier": "at_least"}),
    ]  # fmt: skip
    level = CENTRE + LEVEL_SD * np.linspace(-8, 8, 801)
    ratio = np.log(3) + 0.4 * np.linspace(-8, 8, 801)
    x, r = np.meshgrid(level, ratio, indexing="ij")
    weight = stats.norm.pdf(x, CENTRE, LEVEL_SD) * stats.norm.pdf(r, np.log(3), 0.4)
    point = stats.norm.pdf(np.log(120), x + np.log1p(np.exp(r)), np.sqrt(SEEN))
    bound = stats.norm.sf(np.log(40), x, np.sqrt(SEEN))
    step = (level[1] - level[0]) * (ratio[1] - ratio[0])
    exact = float(np.log((weight * point * bound).sum() * step))
    found = evidence(one_day(*rows), seed=1)
    assert found.log_value == pytest.approx(exact, abs=4 * found.error + 2e-3)


@pytest.mark.slow
def test_the_map_is_of_no_consequence_for_the_evidence() -> None:
    rows = [
        window(0, 20, claim_id="t1", value="700", kind="tally"),
        window(0, 41, claim_id="t2", value="1900", kind="tally"),
        window(0, 41, claim_id="q", source="ally", source_type="ally", speaks_for="Y",
               outcome="casualties", value="9000"),
    ]  # fmt: skip
    made = built(*rows)
    draws, settings = drawn(made, seed=3, draws=400)
    good = log_evidence(made, draws, settings)
    # a map of other draws, made by the estimate itself
    other = log_evidence(made, replace(draws, whitened=None), settings)
    assert good.log_value == pytest.approx(
        other.log_value, abs=4 * np.hypot(good.error, other.error)
    )
    # the same draws on a map that is off: its centre moved in every tenth coordinate
    assert draws.whitened is not None
    affine = draws.whitened.item.affine
    moved = np.zeros(affine.centre.size)
    moved[::10] = 0.2
    item = replace(draws.whitened.item, affine=replace(
        affine, centre=affine.centre + affine.times(moved)))  # fmt: skip
    kernel = kernel_arrays(made)
    assert not np.allclose(item.position(np.zeros(made.size), kernel),
                           draws.whitened.item.position(np.zeros(made.size), kernel))  # fmt: skip
    found = run_stage(kernel, item, Stage("x", 50, 400, 2, 2, (3, 7), PLAN), silent)
    whitened = Whitened(item, found.whitened, found.stats["logp"])
    off = log_evidence(made, replace(draws, whitened=whitened), settings)
    assert good.log_value == pytest.approx(off.log_value, abs=4 * np.hypot(good.error, off.error))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_evidence_and_few_draws_none() -> None:
    made = one_day(window(0, 0, value="50", **DAY))
    draws, settings = drawn(made, seed=1)
    assert log_evidence(made, draws, settings) == log_evidence(made, draws, settings)
    assert draws.whitened is not None
    item, position, density = draws.whitened
    few = replace(draws, whitened=Whitened(item, position[:, :10], density[:, :10]))
    with pytest.raises(SamplingError, match="at least 20 draws per chain, not 10"):
        log_evidence(made, few, settings)


class Bent(Map):
    """A map whose positions aren't those of its density."""

    def position(self, whitened: np.ndarray, kernel: Kernel) -> np.ndarray:
        return super().position(whitened, kernel) + 0.1 * whitened**2


@pytest.mark.slow
def test_a_map_whose_jacobian_is_not_that_of_its_density_is_refused() -> None:
    made = one_day(window(0, 0, value="50", **DAY))
    draws, settings = drawn(made, seed=1)
    assert draws.whitened is not None
    item = draws.whitened.item
    bent = Bent(**{f.name: getattr(item, f.name) for f in fields(item)})
    with pytest.raises(SamplingError, match="Jacobian differs"):
        log_evidence(made, replace(draws, whitened=draws.whitened._replace(item=bent)), settings)
