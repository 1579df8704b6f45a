"""Portraits of sources, and figures beside their predictive."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made import independent

import bajas
from bajas.answers.predictive import claims_table
from bajas.answers.sources import sources
from bajas.posterior.posterior import Posterior


def doubled() -> Posterior:
    """A posterior in which every bias is known: sources report twice the truth."""
    posterior = independent()
    slices = posterior.representation.term_slices
    field = posterior.field_draws.copy()
    field[..., slices["outcome_bias"]] = 0.0
    field[..., slices["source_bias"]] = np.log(2)
    hyper = {
        name: np.zeros_like(value) if name.startswith("relation") else value
        for name, value in posterior.hyper_draws.items()
    }
    return independent(field_draws=field, hyper_draws=hyper)


def test_one_row_per_source_side_and_outcome_with_the_bias_as_a_factor() -> None:
    table = sources(doubled()).set_index(["source", "outcome"])
    assert len(table) == 5
    staff = table.loc[("general_staff", "killed")]
    assert staff["relation"] == "enemy"
    assert staff["bias"] == pytest.approx(2)
    assert staff["bias_low"] == pytest.approx(2)
    centre = bajas.bias.hindsight().relations["enemy"].mean  # its evidence is not declared
    assert staff["prior"] == pytest.approx(np.exp(centre), rel=0.15)
    assert staff["shift"] < 0
    assert staff["narrowed"] == pytest.approx(1)
    assert table["noise"].gt(0).all()


def test_a_register_has_no_bias() -> None:
    row = sources(independent()).set_index("source").loc["names"]
    assert row["kind"] == "register"
    assert np.isnan(row["bias"])
    assert np.isnan(row["prior"])


def test_draws_of_the_prior_have_not_moved() -> None:
    table = sources(independent()).dropna(subset=["bias"])
    assert table["shift"].abs().max() < 0.2
    assert table["narrowed"].abs().max() < 0.2


def test_tails_agree_with_simulated_figures() -> None:
    posterior = independent(draws=2500)
    table = claims_table(posterior).set_index("observation")
    representation = posterior.representation
    flat = posterior.field_draws.reshape(-1, representation.field_size)
    hyper = {k: v.reshape(-1, v.shape[-1]) for k, v in posterior.hyper_draws.items()}
    figures = representation.simulate(np.random.default_rng(1), flat, hyper)
    for index, observation in enumerate(posterior.design.observations):
        below = (figures[:, index] <= observation.value).mean()
        wanted = 1 - below if observation.form == "at_least" else 2 * min(below, 1 - below)
        assert table.loc[observation.name, "tail"] == pytest.approx(wanted, abs=0.03)
        assert table.loc[observation.name, "predicted_median"] == pytest.approx(
            np.median(figures[:, index]), rel=0.1
        )


def test_the_same_fit_gives_the_same_table() -> None:
    posterior = independent()
    assert claims_table(posterior).equals(claims_table(posterior))
