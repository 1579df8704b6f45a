"""Drift: centred exactly, wide where it should be, and given everything else for the sampler."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dense_curvature import curvature
from model_examples import every_form, ledger, plain, represent, window

import bajas
from bajas.answers.sources import mean_bias, sources
from bajas.design.build import build_design
from bajas.errors import SpecificationError
from bajas.model.drift import drift_rows, drifts
from bajas.model.drift_prior import DriftPrior
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.fitting import prior_draws
from bajas.sampler.bias_families import bias_columns

INSTITUTE = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}


def tally(*last_days: int) -> list[dict[str, str]]:
    return [
        window(0, last, claim_id=f"t{last:03}", value=str(20 * (last + 1)), kind="tally")
        for last in last_days
    ]


def drifting(on: str = "tally", **changes: object) -> Specification:
    return replace(plain(**changes), drift=DriftPrior(on=on))  # type: ignore[arg-type]


MONTHS = tally(*range(29, 400, 30))
ASSESSED = [
    window(0, last, claim_id=f"a{last}", value=str(9 * last), qualifier="about", **INSTITUTE)
    for last in (99, 399)
]


def test_drift_has_mean_zero_over_the_days_of_its_stream_exactly() -> None:
    design = build_design(ledger(*tally(29, 77, 301, 419)))
    (found,) = drifts(design, DriftPrior())
    assert (found.first, found.last) == (0, 419)
    np.testing.assert_allclose(found.daily.mean(axis=0), 0, atol=1e-14)
    # so has the mean of its figures, each for its days
    rows = drift_rows(design, found)
    days = [design.observations[row].window.days for row in rows]
    assert sum(days) == 420
    np.testing.assert_allclose(np.array(days) @ np.stack(list(rows.values())), 0, atol=1e-12)


def test_a_walk_of_quarterly_innovations_all_but_linear_between_knots() -> None:
    design = build_design(ledger(*MONTHS))
    (found,) = drifts(design, DriftPrior(scale=0.07, knot_days=91))
    spans = np.diff(found.knots)
    assert np.ptp(spans) < 1e-9
    assert 70 < spans[0] <= 91
    assert found.scale == pytest.approx(0.07 * np.sqrt(spans[0] / 91))
    draws = np.random.default_rng(1).normal(0, found.scale, (50_000, spans.size)) @ found.daily.T
    ends = (draws[:, -1] - draws[:, 0]).std()
    # from the middle of the first two weeks to that of the last
    assert ends == pytest.approx(0.07 * np.sqrt((found.last - found.first - 14) / 91), rel=0.03)
    days = np.arange(found.first, found.last + 1)
    linear = np.stack([np.interp(days, found.knots, np.arange(spans.size + 1) > j)
                       for j in range(spans.size)], axis=-1)  # fmt: skip
    linear -= linear.mean(axis=0)
    assert np.abs(found.daily - linear).max() < 7.5 / spans[0]


def test_daily_figures_of_two_weeks_share_a_row_so_that_the_sampler_solves_for_them_at_once() -> (
    None
):
    design = build_design(ledger(*tally(*range(400))))
    (found,) = drifts(design, DriftPrior())
    rows = list(drift_rows(design, found).values())
    assert len(rows) == 400
    assert len({row.tobytes() for row in rows}) == int(np.ceil(400 / 14))


@pytest.mark.parametrize(
    ("rows", "on", "count"),
    [
        (MONTHS, "tally", 1),
        (MONTHS, "none", 0),
        (tally(29, 59, 181), "tally", 0),  # two quarters
        (tally(29, 59, 183), "tally", 1),
        (tally(399), "tally", 0),  # one figure: its mean is all there is
        (ASSESSED, "tally", 0),
        (ASSESSED, "all", 1),
    ],
)  # fmt: skip
def test_long_tallies_drift_unless_told_otherwise(rows, on: str, count: int) -> None:  # type: ignore[no-untyped-def]
    assert len(drifts(build_design(ledger(*rows)), DriftPrior(on=on))) == count  # type: ignore[arg-type]


def test_drift_enters_reports_and_nothing_else() -> None:
    made = represent(ledger(*MONTHS), drifting())
    part = made.term_slices["drift"]
    assert made.node_design[:, part].nnz == 0
    assert made.reporting[:, part].nnz > 0
    field, hyper = made.sample_prior(np.random.default_rng(2), 5)
    moved = field.copy()
    moved[:, part] += 1.0
    np.testing.assert_array_equal(made.expected_log(field, hyper), made.expected_log(moved, hyper))


def test_drift_is_solved_for_with_the_biases_and_cuts_no_family() -> None:
    evidence = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
    on, off = (
        bajas.Model(evidence, drift=DriftPrior(on=which)).representation  # type: ignore[arg-type]
        for which in ("tally", "none")
    )
    columns = set(bias_columns(on).tolist())
    part = on.term_slices["drift"]
    assert part.stop - part.start > 30
    assert set(range(part.start, part.stop)) <= columns
    assert len(columns) == bias_columns(off).size + part.stop - part.start


def spread(made: Representation, first: int, last: int) -> float:
    """Posterior sd of a log total, by the expected information where losses are even."""
    at = np.zeros(made.size)
    covariance = np.linalg.inv(curvature(made, at).precision)
    slope = np.zeros(made.size)
    step = 1e-5
    for i in range(made.field_size):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[i] += sign * step
            ends.append(np.log(np.exp(made.log_intensity(made.unpack(moved)[0]))[first:last].sum()))
        slope[i] = (ends[0] - ends[1]) / (2 * step)
    return float(np.sqrt(slope @ covariance @ slope))


def test_drift_widens_the_level_and_does_not_only_hide_in_the_path() -> None:
    # one narrow figure for the first quarter ties the tally's bias down, but for its drift
    anchor = window(0, 89, claim_id="a1", value="", low="1700", high="1900", qualifier="range",
                    **INSTITUTE)  # fmt: skip
    evidence = ledger(*MONTHS, anchor)
    bias = {
        "bias": bajas.bias.symmetric(0.6).with_anchor("institute", 0.0, 0.05),
        "noise": {"tally": 0.03, "assessment": 0.03},
    }
    off, on, strong = (
        represent(evidence, replace(plain(**bias), drift=drift))  # type: ignore[arg-type]
        for drift in (DriftPrior(on="none"), DriftPrior(), DriftPrior(scale=0.2))
    )
    whole = [spread(made, 0, 390) for made in (off, on, strong)]
    assert whole[0] < 0.97 * whole[1]
    assert whole[1] < 0.6 * whole[2]
    later = [spread(made, 300, 390) for made in (off, on, strong)]
    assert later[0] < 0.75 * later[1]
    assert later[1] < 0.6 * later[2]
    # and where the narrow figure is there is nothing to widen
    early = [spread(made, 0, 90) for made in (off, on)]
    assert early[1] == pytest.approx(early[0], rel=0.02)


def test_publishing_more_often_does_not_tell_the_drift_from_the_losses() -> None:
    often = represent(ledger(*tally(*range(4, 390, 5))), drifting())
    rare = represent(ledger(*tally(*range(29, 390, 30))), drifting())
    assert spread(often, 0, 390) == pytest.approx(spread(rare, 0, 390), rel=0.05)


def test_a_portrait_shows_the_bias_without_its_drift() -> None:
    prior = prior_draws(ledger(*MONTHS), Specification(), 4000, seed=3)
    still = prior_draws(ledger(*MONTHS), Specification(drift=DriftPrior(on="none")), 4000, seed=3)
    first, last = 0, len(prior.design.observations) - 1
    np.testing.assert_allclose(mean_bias(prior, first), mean_bias(prior, last))
    assert np.std(prior.bias_draws[..., 0] - prior.bias_draws[..., last]) > 0.05
    assert np.quantile(mean_bias(prior, 0), [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(mean_bias(still, 0), [0.1, 0.5, 0.9]), abs=0.1
    )
    assert sources(prior)["bias"].notna().all()


def test_scale_and_order_are_laws_with_drift_too() -> None:
    rows = every_form()
    far = [{**row, **({"end": "2023-12-31", "published": "2024-01-01"} if row["claim_id"] == "t3"
                      else {})} for row in rows]  # fmt: skip
    one = represent(ledger(*far), drifting())
    other = represent(ledger(*reversed(far)), drifting())
    at = np.random.default_rng(6).normal(size=one.size) * 0.5
    assert "drift" in one.term_slices
    assert one.standard_log_density(at) == other.standard_log_density(at)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"scale": 0.0}, "on='none'"), ({"knot_days": 0}, "from 1"), ({"on": "lists"}, "'tally'")],
)
def test_a_bad_drift_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(SpecificationError, match=says):
        DriftPrior(**changes)  # type: ignore[arg-type]
