"""A category about which little is published borrows the rhythm of the war."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dense_curvature import curvature, field_mode, log_slopes
from model_examples import Row, built, window

import bajas
from bajas.model.bias import symmetric
from bajas.model.representation import Representation
from bajas.model.specification import IntensityPrior, Specification

WEEKS, WARS = 40, 40
#: Days in which tanks are counted; of the weeks from 6 to 34 nothing is published.
COUNTED = ((0, 41), (238, 279))
SILENT = slice(42, 238)


def war() -> list[Row]:
    """People counted every week, tanks in the first and the last six weeks."""
    common = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral",
              "kind": "assessment", "qualifier": "about"}  # fmt: skip
    rows = [
        window(7 * w, 7 * w + 6, claim_id=f"k{w:02}", value="150", **common) for w in range(WEEKS)
    ]
    return rows + [
        window(a, b, claim_id=f"t{a}", outcome="tank", value="400", **common) for a, b in COUNTED
    ]


def model(loading: float, own: float) -> Representation:
    return built(
        *war(), bias=symmetric(0.1), noise={"assessment": 0.05, "degrees_of_freedom": float("inf")},
        equipment_loading=loading, equipment_path_scale=own,
    )  # fmt: skip


def tanks_between(made: Representation, field: np.ndarray) -> np.ndarray:
    """Log of the tanks lost in the silent weeks."""
    days = made.cell_count // 2
    return np.log(np.exp(made.log_intensity(field)[..., days:][..., SILENT]).sum(axis=-1))


def interval(made: Representation, rng: np.random.Generator) -> tuple[float, float]:
    """90 % interval, Laplace around the mode with scales held at their prior medians."""
    mode = field_mode(made)
    free = np.ones(made.size, dtype=bool)
    free[made.field_size :] = log_slopes(made) == 0
    factor = np.linalg.cholesky(np.linalg.inv(curvature(made, mode).precision[np.ix_(free, free)]))
    at = np.tile(mode, (400, 1))
    at[:, free] += rng.standard_normal((400, int(free.sum()))) @ factor.T
    low, high = np.quantile(tanks_between(made, made.unpack(at)[0]), [0.05, 0.95])
    return float(low), float(high)


def test_the_centre_of_a_level_is_that_of_the_claims_or_the_one_stated() -> None:
    def centre(**choice: Any) -> float:
        made = built(window(0, 99, claim_id="t", outcome="tank", value="400"), **choice)
        return next(term for term in made.terms if term.name == "equipment_level").mean.item()

    assert centre() == pytest.approx(np.log(10.0))  # four a day, to a power of ten
    assert centre(level_centre={"X all tank": 1.5}) == pytest.approx(1.5)


def test_a_stated_centre_is_kept_with_the_specification() -> None:
    stated = Specification(intensity=IntensityPrior(level_centre={"X all tank": 1.5}))
    assert Specification.from_json(stated.to_json()) == stated
    with pytest.raises(bajas.BajasError, match="level_centre of 'X all tank' must be a number"):
        IntensityPrior(level_centre={"X all tank": "guess"})  # type: ignore[dict-item]


@pytest.mark.slow
def test_a_category_with_few_claims_is_known_better_with_its_loading_and_still_covered() -> None:
    truth_model, own_way = model(0.8, 0.04), model(0.0, 0.15)
    rng = np.random.default_rng(11)
    hyper = truth_model.hyper_values(np.zeros(truth_model.hyper_size))  # as the intervals hold them
    found: dict[str, list[float]] = {}
    covered = 0
    for _ in range(WARS):
        standard = np.r_[rng.standard_normal(truth_model.field_size),
                         np.zeros(truth_model.hyper_size)]  # fmt: skip
        field, _ = truth_model.unpack(standard)
        figures = np.log(truth_model.simulate(rng, field, hyper))
        with_loading = interval(replace(truth_model, log_value=figures), rng)
        covered += with_loading[0] <= tanks_between(truth_model, field) <= with_loading[1]
        without = interval(replace(own_way, log_value=figures), rng)
        found.setdefault("with", []).append(with_loading[1] - with_loading[0])
        found.setdefault("without", []).append(without[1] - without[0])
    assert np.median(found["with"]) < 0.75 * np.median(found["without"])
    # 0.9 of 40 wars, within three standard deviations (4.7 %) of the binomial
    assert covered / WARS == pytest.approx(0.9, abs=0.14)


def test_daily_and_monthly_publication_of_a_category_give_the_same_totals_to_follow() -> None:
    """A tally of tanks day by day enters as increments of the same losses as one by month."""

    def tally(every: int) -> Representation:
        rows = [
            window(0, d, claim_id=f"t{d:03}", outcome="tank", value=str(4 * (d + 1)), kind="tally")
            for d in range(every - 1, 90, every)
        ]
        return built(*rows, window(0, 89, claim_id="k", source="q", value="900"))

    daily, monthly = tally(1), tally(30)
    field = daily.sample_prior(np.random.default_rng(2), 5)[0]
    sums = [np.exp(made.expected_log(field)) for made in (daily, monthly)]
    assert daily.field_size == monthly.field_size
    names = [[name for name in made.names if name != "k"] for made in (daily, monthly)]
    assert [len(part) for part in names] == [90, 3]
    whole = [
        part[:, [made.names.index(name) for name in own]].sum(axis=1)
        for made, part, own in zip((daily, monthly), sums, names, strict=True)
    ]
    np.testing.assert_allclose(whole[0], whole[1], rtol=1e-9)
