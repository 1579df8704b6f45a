"""The fused sampler and nutpie on the PyMC model, which share no code, give the same posterior."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from agreement import differences
from calibration import quantities, reduced, simulated

import bajas
from bajas.model.representation import Representation
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Settings, silent

Quantities = Callable[[np.ndarray], dict[str, np.ndarray]]


def by_both(
    representation: Representation, of: Quantities, draws: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    settings = Settings(draws=draws, tune=1000, chains=4, cores=2, seed=5)
    found = []
    for name in ("fused", "pymc"):
        drawn = named_sampler(name)(representation, settings, silent)
        assert drawn.complete
        found.append(of(drawn.position))
    return found[0], found[1]


def of_reduced(representation: Representation) -> Quantities:
    return lambda position: quantities(representation, *representation.unpack(position))


@pytest.mark.slow
def test_both_samplers_agree_on_the_reduced_posterior() -> None:
    data, _, _ = simulated(reduced(), np.random.default_rng(21))
    fused, pymc = by_both(data, of_reduced(data), 2000)
    assert len(fused) > 15
    assert differences(fused, pymc) == {}
    # a fifth of an sd would be seen, in the middle and in the spread
    shifted = {name: values + 0.2 * values.std() for name, values in fused.items()}
    assert set(differences(shifted, pymc)["mean"]) == set(fused)
    wider = {name: values.mean() + 1.2 * (values - values.mean()) for name, values in fused.items()}
    assert len(differences(wider, pymc)["sd"]) > len(fused) / 2


def scalars(representation: Representation, position: np.ndarray) -> dict[str, np.ndarray]:
    """Every element of the field and every hyperparameter."""
    field, hyper = representation.unpack(position)
    found = {f"field {i}": field[..., i] for i in range(field.shape[-1])}
    return found | {
        f"{name} {i}": value[..., i]
        for name, value in hyper.items()
        for i in range(value.shape[-1])
    }


@pytest.mark.long
def test_both_samplers_agree_on_the_article_s_claims() -> None:
    made = bajas.Model(bajas.datasets.article_2023_08_07()).representation
    fused, pymc = by_both(made, lambda position: scalars(made, position), 5000)
    assert differences(fused, pymc) == {}


@pytest.mark.long
@pytest.mark.usefixtures("shared_data")
def test_both_samplers_agree_on_one_side_s_daily_totals() -> None:
    from posteriors import case

    built = case("P1")
    made = built.representation

    def of(position: np.ndarray) -> dict[str, np.ndarray]:
        totals = built.totals.log1p(made, made.unpack(position)[0])
        found = {name: totals[..., i] for i, name in enumerate(built.totals.names)}
        return found | scalars(made, position)

    fused, pymc = by_both(made, of, 4000)
    assert differences(fused, pymc) == {}
