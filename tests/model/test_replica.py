"""Figures told once more: the same density twice, and simulated as the density says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from calibration import listed_and_drifting, reduced
from exact_posteriors import Exact, linear, quarter
from scipy import stats

from bajas.batch.task import FitTask
from bajas.checks.uniformity import Envelope
from bajas.model.replica import simulate_replica, with_replica
from bajas.model.representation import Representation
from bajas.model.specification import Specification


def drawn(made: Representation, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    field, hyper = made.sample_prior(np.random.default_rng(seed), 1)
    return field[0], {name: value[0] for name, value in hyper.items()}


@pytest.mark.parametrize("make", [reduced, listed_and_drifting])
def test_told_again_the_log_likelihood_is_that_of_both_tellings(make) -> None:  # type: ignore[no-untyped-def]
    made = make()
    field, hyper = drawn(made, 1)
    told = simulate_replica(made, np.random.default_rng(2), field, hyper)
    both = with_replica(made, told)
    assert both.size == made.size
    alone = replace(
        made, log_value=np.array([v for v, _ in told]), form=np.array([f for _, f in told])
    )
    expected = np.concatenate([made.pointwise(field, hyper), alone.pointwise(field, hyper)])
    assert both.pointwise(field, hyper) == pytest.approx(expected, rel=1e-12)
    assert both.log_prior(field, hyper) == made.log_prior(field, hyper)
    assert len(set(both.names)) == 2 * len(made.names)


def test_bounds_told_again_keep_their_number_and_say_what_is_so() -> None:
    made = reduced()
    bounds = np.flatnonzero(made.form != 0)
    field, hyper = drawn(made, 3)
    said = {int(row): [] for row in bounds}  # type: ignore[var-annotated]
    for seed in range(400):
        told = simulate_replica(made, np.random.default_rng(seed), field, hyper)
        for row in bounds:
            assert told[row][0] == made.log_value[row]
            said[int(row)].append(told[row][1])
    for row, forms in said.items():
        # as often "at least" as a bound of that form is probable
        probability = np.exp(replace(made, form=np.where(made.form == 0, 0, 1)).pointwise(
            field, hyper)[row])  # fmt: skip
        share = np.mean(np.array(forms) == 1)
        assert share == pytest.approx(probability, abs=4 * 0.5 / np.sqrt(400))


def test_replicas_that_do_not_fit_are_refused() -> None:
    made = reduced()
    with pytest.raises(ValueError, match=f"2 figures for {len(made.names)} observations"):
        with_replica(made, ((0.0, 0), (1.0, 0)))
    counts = replace(made, form=np.full(len(made.names), 3))
    with pytest.raises(ValueError, match="counts can't be told again"):
        simulate_replica(counts, np.random.default_rng(1), *drawn(made, 1))


def test_a_task_carries_its_replica_and_is_another_task_for_it() -> None:
    ledger = quarter(900.0, 1200.0)
    plain = FitTask("a", ledger, Specification())
    told = replace(plain, replica=((6.5, 0), (7.25, 0)))
    assert FitTask.from_dict(told.as_dict()) == told
    assert told.content_hash != plain.content_hash
    assert FitTask.from_dict(plain.as_dict()).content_hash == plain.content_hash


def test_truths_are_uniform_among_draws_of_both_tellings_and_not_of_the_second_alone() -> None:
    """In closed form: all is normal, nothing sampled, and the figures are far from the prior."""
    first, rng = Exact(quarter(400000.0, 450000.0), linear(noise=0.3)), np.random.default_rng(1)
    made, root = first.representation, np.linalg.cholesky(first.covariance)
    told = simulate_replica(made, rng, *made.unpack(first.mean))
    both = with_replica(made, told)
    alone = replace(made, log_value=both.log_value[len(made.names) :])
    solve = {"both": solver(both, first.mean), "second alone": solver(alone, first.mean)}
    levels: dict[str, list[float]] = {name: [] for name in solve}
    for _ in range(600):
        position = first.mean + root @ rng.standard_normal(made.size)
        told = simulate_replica(made, rng, *made.unpack(position))
        second = np.array([value for value, _ in told])
        figures = {"both": np.concatenate([made.log_value, second]), "second alone": second}
        for name, (gain, origin, sd) in solve.items():
            mean = gain[0] @ (figures[name] - origin)
            levels[name].append(float(stats.norm.cdf((position[0] - mean) / sd)))
    envelope = Envelope(600, 19)
    chance = {
        name: envelope.probability(np.floor(20 * np.array(values)).astype(int))
        for name, values in levels.items()
    }
    assert chance["both"] > 0.01
    assert chance["second alone"] < 0.001


def solver(item: Representation, near: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Of a linear representation: posterior means per figure, their origin, sd of the level."""
    field, hyper = item.unpack(near)
    sigma, steps = item.noise_scale(hyper, field), np.eye(item.size) * 1e-4
    jacobian = np.stack(
        [(item.location(*item.unpack(near + s)) - item.location(*item.unpack(near - s))) / 2e-4
         for s in steps], axis=1,
    )  # fmt: skip
    precision = np.eye(item.size) + jacobian.T @ (jacobian / sigma[:, None] ** 2)
    covariance = np.linalg.inv(precision)
    origin = item.location(field, hyper) - jacobian @ near
    return covariance @ jacobian.T / sigma**2, origin, float(np.sqrt(covariance[0, 0]))
