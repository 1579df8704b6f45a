"""What is measured is built by the library, and what is counted is what its verdict counts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from posteriors import Case, NoDataError, case

from bajas.posterior.fitting import prior_draws, verdict_totals


@cache
def built(name: str) -> Case:
    try:
        return case(name)
    except NoDataError as error:
        pytest.skip(str(error))


def test_one_side_has_the_size_of_its_description() -> None:
    sizes = built("P1").sizes
    assert 500 < sizes["observations"] < 600
    assert 100 <= sizes["parameters"] < 150
    assert sizes["days"] > 520


@pytest.mark.slow
def test_everything_has_both_sides_and_a_dozen_categories_of_equipment() -> None:
    found = built("P2")
    strata = found.model.design.strata  # type: ignore[union-attr]
    assert {stratum.side for stratum in strata} == {"RU", "UA"}
    assert len({s.outcome for s in strata if s.kind == "equipment"}) == 12
    assert found.sizes["claims"] > 7000


def test_the_published_model_counts_every_type() -> None:
    found = built("P3")
    assert found.sizes["observations"] == 4609
    assert len(found.totals.names) == 30
    assert len(set(found.totals.names)) == 30


def test_totals_are_those_of_the_verdict() -> None:
    found = built("short")
    model = found.model
    assert model is not None
    draws = prior_draws(model.ledger, model.specification, draws=7, seed=3)
    theirs = dict(verdict_totals(draws))
    ours = found.totals.log1p(found.representation, draws.field_draws)
    for index, name in enumerate(found.totals.names):
        assert ours[..., index] == pytest.approx(theirs.pop(name), rel=1e-9), name
    assert all(np.ptp(left) == 0 for left in theirs.values())
