"""The sampler's steps are reversible, its trajectories are weighed, its draws are of the target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sampler_checks as checks
from random_representations import Block, make

from bajas.model.representation import Representation
from bajas.sampler import nuts
from bajas.sampler.kernel_arrays import kernel_arrays
from bajas.sampler.map import Map, map_from_draws
from bajas.sampler.stages import PILOT_PLAN, PLAN

ROTATIONS = nuts.Plan(dynamic=0.0, least_angle=1.2, most_angle=2.4, max_depth=10, target=0.8)
DYNAMIC = ROTATIONS._replace(dynamic=1.0)


@pytest.fixture(scope="module")
def rough() -> Representation:
    """A small posterior that is far from normal."""
    return make(
        [Block((2, 3), "random_walk", True, False), Block((3, 2), "independent", False, True)],
        forms=[0, 1, 2, 3, 4], families=["student_t"], positive="half_normal", degrees=4.0,
        noisy=True, effective=True, restarts=0, seed=4,
    )  # fmt: skip


@pytest.fixture(scope="module", params=["plain", "mapped"])
def item(request: pytest.FixtureRequest, rough: Representation) -> Map:
    if request.param == "plain":
        return checks.plain_map(rough.size)
    return map_from_draws(rough, checks.prior_draws(rough, 8))


def test_a_trajectory_can_be_taken_back(rough: Representation, item: Map) -> None:
    checks.check_reversible(rough, item)


def test_a_step_preserves_volume(rough: Representation, item: Map) -> None:
    checks.check_volume(rough, item)


def test_the_error_of_the_energy_is_of_second_order(rough: Representation, item: Map) -> None:
    checks.check_second_order(rough, item)


@pytest.mark.parametrize("plan", [ROTATIONS, DYNAMIC], ids=["rotations", "dynamic"])
@pytest.mark.parametrize("step", [0.1, 1.5])
def test_on_a_standard_normal_every_trajectory_is_accepted(plan: nuts.Plan, step: float) -> None:
    flat = checks.standard_normal(5)
    drawn, found = checks.chain_draws(flat, checks.plain_map(5), plan, step, 2000)
    assert found.acceptance.min() > 1 - 1e-10
    assert not found.diverging.any()
    assert np.all(np.abs(np.diff(drawn, axis=0)).max(axis=1) > 0)  # none stays where it was
    names = [f"coordinate {i}" for i in range(5)]
    checks.check_uniform(checks.normal_levels(drawn), names)


TARGETS: dict[str, tuple[Callable, Callable, list[str]]] = {  # type: ignore[type-arg]
    "every family": (checks.nothing_known, checks.prior_levels, checks.PRIOR_NAMES),
    "funnel": (checks.schools, checks.school_levels, checks.SCHOOL_NAMES),
}
PLANS = {"rotations": ROTATIONS, "dynamic": DYNAMIC, "pilot": PILOT_PLAN, "draws": PLAN}


@pytest.mark.slow
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("step", [0.25, 0.7])
@pytest.mark.parametrize("target", TARGETS)
def test_draws_are_of_the_target(target: str, step: float, plan: str) -> None:
    make_target, levels, names = TARGETS[target]
    made = make_target()
    drawn, found = checks.chain_draws(made, checks.plain_map(made.size), PLANS[plan], step, 6000)
    if step > 0.5:  # long steps: errors of the energy are large, and must be made good
        assert found.acceptance.mean() < 0.97
    checks.check_uniform(levels(made, drawn), names)


@pytest.mark.slow
@pytest.mark.parametrize("plan", PLANS)
def test_draws_on_a_map_are_of_the_target(plan: str) -> None:
    made = checks.schools()
    item = map_from_draws(made, checks.prior_draws(made, 8))
    assert item.biases.column.size == 3
    drawn, _ = checks.chain_draws(made, item, PLANS[plan], 0.7, 6000)
    checks.check_uniform(checks.school_levels(made, drawn), checks.SCHOOL_NAMES)


@pytest.mark.parametrize("plan", [ROTATIONS, DYNAMIC], ids=["rotations", "dynamic"])
def test_statistics_are_those_of_the_draws(rough: Representation, plan: nuts.Plan) -> None:
    kernel, arrays = kernel_arrays(rough), checks.plain_map(rough.size).arrays()
    item = checks.plain_map(rough.size)
    drawn, found = checks.chain_draws(rough, item, plan, 0.2, 60)
    for at, logp in zip(drawn, found.logp, strict=True):
        assert logp == pytest.approx(checks.evaluated(kernel, arrays, at)[0], rel=1e-12)
    assert np.all(found.energy > -found.logp)  # the kinetic energy is positive
    assert np.all(found.n_steps >= 1)
    if plan.dynamic:  # a tree of depth d has less than 2^(d + 1) leaves
        assert np.all(found.n_steps < 2.0 ** (found.depth + 1))


def test_where_the_density_has_no_number_a_trajectory_diverges() -> None:
    made = checks.nothing_known()
    drawn, found = checks.chain_draws(made, checks.plain_map(made.size), ROTATIONS, 1.4, 300)
    assert np.isfinite(drawn).all()
    stayed = np.all(np.diff(drawn, axis=0) == 0, axis=1)
    assert np.all(stayed[found.diverging[1:].astype(bool)])
    assert np.all(found.acceptance[found.diverging.astype(bool)] == 0)


def test_the_step_size_settles_where_acceptance_is_the_target(rough: Representation) -> None:
    kernel, arrays = kernel_arrays(rough), checks.plain_map(rough.size).arrays()
    rng = np.random.default_rng(9)
    state = nuts.new_chain(0.3 * rng.standard_normal(rough.size), ROTATIONS.max_depth)
    nuts.begin(state, kernel, arrays, 0.3)
    nowhere, count = np.empty((0, rough.size)), 1500
    for adapt in (True, False):
        found, drawn = nuts.statistics_of(count), np.empty((count, rough.size))
        nuts.run(
            state, rng, kernel, arrays, ROTATIONS, adapt, 0, count, drawn, nowhere, found
        )  # fmt: skip
        nuts.settle(state)
    assert np.ptp(found.step_size) == 0
    assert found.acceptance.mean() == pytest.approx(ROTATIONS.target, abs=0.1)
