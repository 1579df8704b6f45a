"""The claims' Jacobian, however their runs are summed up."""

from __future__ import annotations

import numpy as np
import pytest
from random_representations import Block, make

from bajas.model.representation import Representation
from bajas.sampler import linearised


def example(seed: int, bare: bool = False) -> Representation:
    return make(
        [Block((3,), "independent", False, False), Block((2, 4), "random_walk", True, False)],
        forms=[0, 1, 2, 3, 4, 0, 0],
        families=["normal"],
        positive="log_normal",
        degrees=4.0,
        noisy=False,
        effective=True,
        restarts=seed % 3,
        curves=seed % 2,
        seed=seed,
        bare=bare,
    )


# runs of 1 to 15 cells: within a block, at its edges, over many, and longer than all
@pytest.mark.parametrize("block", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("bare", [False, True])
def test_jacobian_is_that_of_differences(
    block: int, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linearised, "_BLOCK", block)
    for seed in range(12):
        representation = example(seed, bare)
        field, hyper = representation.unpack(
            np.random.default_rng(seed).standard_normal(representation.size)
        )
        step = 1e-5
        ahead, behind = (
            np.stack([representation.location(field + h * e, hyper) for e in np.eye(field.size)])
            for h in (step, -step)
        )
        found = linearised.by_field(representation, field, hyper)[0].toarray()
        np.testing.assert_allclose(found, (ahead - behind).T / (2 * step), atol=1e-8)


@pytest.mark.parametrize("positive", ["half_normal", "log_normal"])
def test_jacobian_by_hyperparameters_is_that_of_differences(positive: str) -> None:
    for seed in range(8):
        made = make(
            [Block((3,), "independent", False, False), Block((2, 4), "random_walk", True, False)],
            forms=[0, 1, 2, 0, 0], families=["normal", "student_t", "half_normal"],
            positive=positive, degrees=4.0, noisy=False, effective=True, restarts=1, curves=2,
            seed=seed,
        )  # fmt: skip
        at = 0.5 * np.random.default_rng(seed).standard_normal(made.size)
        field, hyper = made.unpack(at)
        _, by_weight = linearised.by_field(made, field, hyper)
        found = linearised._by_hyper(made, hyper, by_weight).toarray()
        step = 1e-5
        for column in range(made.hyper_size):
            moved = [
                # the field stays: its scales are no part of this Jacobian
                made.location(field, made.hyper_values(at[made.field_size :] + sign * step * e))
                for e in (np.eye(made.hyper_size)[column],)
                for sign in (1, -1)
            ]
            expected = (moved[0] - moved[1]) / (2 * step)
            np.testing.assert_allclose(found[:, column], expected, rtol=1e-6, atol=1e-7)


def test_a_window_of_few_losses_keeps_its_digits_beside_many() -> None:
    representation = example(0)
    field, hyper = representation.unpack(np.zeros(representation.size))
    offset = representation.node_offset.copy()
    offset[-1] -= 60.0  # cells of this node hold next to nothing
    object.__setattr__(representation, "node_offset", offset)
    found = linearised.by_field(representation, field, hyper)[0].toarray()
    assert np.isfinite(found).all()


def test_information_needs_no_hyperparameter() -> None:
    representation = example(1, bare=True)
    known = linearised.linearise(representation, np.zeros((3, representation.size)))
    assert known.information.shape == (representation.size, representation.size)
    assert np.all(np.linalg.eigvalsh(known.information) > -1e-10)
    assert known.information.any()
