"""Peers sample the same posterior: JAX and Stan agree with the representation's own density."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_examples import every_form, ledger, plain, positions, represent, with_half_normal_scales
from peers.stan_data import stan_data
from random_representations import Block, make, representations
from stan_reading import log_density as read

from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior
from bajas.model.representation import Representation
from bajas.sampler.kernel import log_density
from bajas.sampler.kernel_arrays import kernel_arrays

POINTS = 4
FEW = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
MANY = settings(FEW, max_examples=40)


def without_curves() -> Representation:
    """Every form of the library; lists are bounds, for the peers have no completeness curves."""
    registers, drift = RegisterPrior(reading="bound"), DriftPrior(on="none")
    return represent(ledger(*every_form()), replace(plain(), registers=registers, drift=drift))


def points(representation: Representation, seed: int) -> np.ndarray:
    return positions(representation, POINTS, 0.7, seed)


def differences(values: np.ndarray) -> np.ndarray:
    """What is left when a constant is."""
    return values[1:] - values[0]


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    size = np.abs(ours).max() + np.abs(theirs).max()
    assert differences(theirs) == pytest.approx(differences(ours), abs=1e-10 * size)


def test_examples_of_the_library_agree_with_jax() -> None:
    without = without_curves()
    for representation in (without, with_half_normal_scales(without)):
        against_jax(representation, 1)


@pytest.mark.slow
@given(representations(curved=False), st.integers(0, 1000))
@FEW
def test_random_representations_agree_with_jax(representation: Representation, seed: int) -> None:
    against_jax(representation, seed)


def against_jax(representation: Representation, seed: int) -> None:
    jax = pytest.importorskip("jax", reason="make bench-env installs JAX")
    jax.config.update("jax_enable_x64", True)
    from peers.jax_density import jax_log_density

    density = jax.jit(jax.value_and_grad(jax_log_density(representation)))
    arrays, gradient = kernel_arrays(representation), np.empty(representation.size)
    where = points(representation, seed)
    ours = np.array([representation.standard_log_density(point) for point in where])
    theirs = [density(point) for point in where]
    agree(ours, np.array([float(value) for value, _ in theirs]))
    for point, (_, slope) in zip(where, theirs, strict=True):
        log_density(point, gradient, arrays)
        size = np.abs(gradient).max()
        assert np.asarray(slope) == pytest.approx(gradient, rel=1e-7, abs=1e-8 * size)


@given(representations(curved=False), st.integers(0, 1000))
@MANY
def test_random_representations_agree_with_the_program_read_by_hand(
    representation: Representation, seed: int
) -> None:
    where = points(representation, seed)
    data = stan_data(representation)
    ours = np.array([representation.standard_log_density(point) for point in where])
    agree(ours, np.array([read(data, point) for point in where]))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("httpstan") is None, reason="make bench-env")
def test_random_representations_agree_with_stan(tmp_path: Path) -> None:
    """Compiles the program the first time: more than a minute."""
    from peers.stan_program import stan_program

    program, _, _ = stan_program()
    chosen = [Block((3, 4), "random_walk", True, False), Block((4, 2), "independent", True, True)]
    options = {"positive": "half_normal", "noisy": True, "effective": True, "restarts": 2}
    found = [
        make(
            chosen,
            forms=[0, 1, 2, 3, 4, 0, 3, 4],
            families=["normal", "student_t", "half_normal", "log_normal"],
            degrees=degrees,
            seed=seed,
            **options,
        )
        for degrees, seed in ((4.0, 1), (float("inf"), 2))
    ]
    for representation in [without_curves(), *found]:
        (tmp_path / "data.json").write_text(json.dumps(stan_data(representation)))
        where = points(representation, 1)
        where.tofile(tmp_path / "points")
        files = (tmp_path / "data.json", tmp_path / "values", tmp_path / "points")
        subprocess.run([program, "density", *files, str(POINTS), "1"], check=True)
        rows = np.fromfile(tmp_path / "values").reshape(POINTS, -1)
        ours = np.array([representation.standard_log_density(point) for point in where])
        agree(ours, rows[:, 0])
        arrays, gradient = kernel_arrays(representation), np.empty(representation.size)
        # Stan's derivative of the normal distribution function is a fit, good to some 1e-5
        exact = 1e-8 if representation.degrees_of_freedom == 4 else 1e-4
        for point, slope in zip(where, rows[:, 1:], strict=True):
            log_density(point, gradient, arrays)
            size = np.abs(gradient).max()
            assert slope == pytest.approx(gradient, rel=10 * exact, abs=exact * size)
