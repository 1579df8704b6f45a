"""The density by its address is the density."""

from __future__ import annotations

import numpy as np
import pytest

import bajas
from bajas.sampler.address import Address, log_density_at, positions_at
from bajas.sampler.kernel_arrays import kernel_arrays
from bajas.sampler.map import map_from_draws
from bajas.sampler.mapped import mapped_log_density, to_position


@pytest.mark.slow
def test_value_gradient_and_position_are_those_of_the_compiled_function() -> None:
    representation = bajas.Model(bajas.datasets.article_2023_08_07()).representation
    size = representation.size
    kernel = kernel_arrays(representation)
    arrays = map_from_draws(representation, np.zeros((1, size)), walls=False).arrays()
    at = np.random.default_rng(1).standard_normal((3, size))
    address = Address(kernel, arrays)
    found, expected = np.empty(size), np.empty(size)
    places, place = np.empty((3, size)), np.empty(size)
    positions_at(at, places, address.code, address.data)
    for row in range(3):
        value = mapped_log_density(at[row], expected, kernel, arrays)
        assert log_density_at(at[row], found, address.code, address.data) == value
        np.testing.assert_array_equal(found, expected)
        to_position(at[row], place, kernel, arrays)
        np.testing.assert_array_equal(places[row], place)
