"""Checks of the model that planted bugs are put to, beside tests of the suite."""

from __future__ import annotations

import numpy as np
import written_out
from model_examples import positions, with_half_normal_scales

from bajas.model.representation import Representation
from bajas.sampler.affine import Affine, block_of
from bajas.sampler.biases import no_biases
from bajas.sampler.kernel_arrays import kernel_arrays
from bajas.sampler.map import Map
from bajas.sampler.mapped import mapped_log_density


def representations() -> list[Representation]:
    """The war that is written out, with log-normal and half-normal scales."""
    return [written_out.made(), with_half_normal_scales(written_out.made())]


def agreement() -> None:
    """Kernel and NumPy give the same density, and the kernel its gradient."""
    for made in representations():
        none, size = np.zeros((made.size, 0)), made.size
        affine = Affine(np.zeros(size), np.ones(size), block_of([]), none, none)
        arrays = Map(np.ones(size), np.arange(size), affine, (), no_biases()).arrays()
        kernel = kernel_arrays(made)
        for at in positions(made, 2, 0.7, seed=42):
            gradient = np.empty(size)
            value = mapped_log_density(at, gradient, kernel, arrays)
            np.testing.assert_allclose(value, made.standard_log_density(at), rtol=1e-10)
            along = np.random.default_rng(43).standard_normal(size)
            ends = [made.standard_log_density(at + h * along) for h in (1e-5, -1e-5)]
            slope = (ends[0] - ends[1]) / 2e-5
            np.testing.assert_allclose(gradient @ along, slope, rtol=1e-5, atol=1e-5)


def half_normal() -> None:
    """As :func:`written_out.check_jacobian`, of half-normal scales."""
    made = representations()[1]
    for at in positions(made, 2, 0.7, seed=44):
        field, hyper = made.unpack(at + 1e-30j * np.eye(made.size))
        moved = np.concatenate([field, *(hyper[h.name] for h in made.hyperparameters)], axis=-1)
        expected = made.log_density(*made.unpack(at)) + np.linalg.slogdet(moved.imag / 1e-30)[1]
        np.testing.assert_allclose(made.standard_log_density(at), expected, rtol=1e-11)


def graph_agreement() -> None:
    """The PyMC graph gives the density too."""
    from bajas.model.graph import build_pymc_model

    for made in representations():
        model = build_pymc_model(made)
        density = model.compile_fn(model.logp(), mode="FAST_COMPILE")
        shapes = [model.initial_point()[variable.name].shape for variable in model.value_vars]
        sizes = [block.size for block in (*made.terms, *made.hyperparameters)]
        at = positions(made, 1, 0.7, seed=45)[0]
        pieces = np.split(at, np.cumsum(sizes)[:-1])
        point = {
            variable.name: piece.reshape(shape)
            for variable, piece, shape in zip(model.value_vars, pieces, shapes, strict=True)
        }
        np.testing.assert_allclose(density(point), made.standard_log_density(at), rtol=1e-9)
