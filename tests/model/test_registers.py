"""Lists with completeness: the curve, its ages, and what counts of a list can and can't tell."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from dense_curvature import curvature
from model_examples import day, ledger, plain, represent, window

import bajas
from bajas.design.build import build_design
from bajas.errors import SpecificationError
from bajas.model.register_prior import Coverage, RegisterPrior
from bajas.model.registers import BINNING_ERROR, age_bins
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.fitting import prior_draws

NAMES = {
    "source": "newspaper", "source_type": "media_investigation", "speaks_for": "neutral",
    "kind": "register", "evidence": "list", "qualifier": "at_least",
}  # fmt: skip
INSTITUTE = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}


def counted(*last_days: int, of: int = 20) -> list[dict[str, str]]:
    """Counts of a list from the first day, ``of`` names a day, published as their days end."""
    return [
        window(0, last, claim_id=f"n{last:03}", value=str(of * (last + 1)), **NAMES)
        for last in last_days
    ]


def log_names(made: Representation, daily: np.ndarray, hyper: dict[str, np.ndarray]) -> np.ndarray:
    """Log of names added between counts, day by day; the reference for sums over binned ages."""
    ends = [int(name[1:]) for name in made.names]
    gap, delay, shape = (hyper[f"register_{name}"][:, 0] for name in ("gap", "delay", "shape"))

    def names(last: int) -> np.ndarray:
        # counted a day after the last day of the losses; from noon of a day to the end of another
        age = last + 1 - np.arange(last + 1) + 0.5
        known = -np.expm1(-((age / delay[:, None]) ** shape[:, None]))
        return np.asarray((daily[:, : last + 1] * known).sum(axis=1) * np.exp(-gap))

    totals = np.stack([names(last) for last in ends], axis=-1)
    return np.asarray(np.log(np.diff(totals, axis=-1, prepend=0.0)))


# -- the curve --------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [(99, 159, 399, 499), tuple(range(29, 400, 7)), (13, 389)])
def test_binned_ages_are_as_good_as_single_days(ends: tuple[int, ...]) -> None:
    made = represent(ledger(*counted(*ends)), plain())
    field, hyper = made.sample_prior(np.random.default_rng(1), 400)
    daily = np.exp(made.log_intensity(field))
    binned = made.expected_log(field, hyper) - hyper["register_gap"]
    error = np.abs(binned - log_names(made, daily, hyper))
    assert np.quantile(error, 0.99) < BINNING_ERROR
    assert made.runs.weight.size < 0.5 * sum(e + 1 for e in ends)


def test_bins_are_days_where_the_curve_is_young_and_weeks_where_it_is_old() -> None:
    made = build_design(ledger(*counted(199, 299)))
    bins = age_bins(made.observations[1], made.calendar, 0, 300)
    assert bins[0][0] == 0
    assert bins[-1][1] == 300
    assert all(left[1] == right[0] for left, right in pairwise(bins))
    by_last_day = {stop - 1: stop - start for start, stop, _, _ in bins}
    assert by_last_day[299] == by_last_day[199] == 1  # the young ends of both counts
    assert max(by_last_day.values()) == 7
    for start, stop, age, since in bins:
        assert age == 300 - (start + stop - 1) / 2 + 0.5
        assert since == (age - 100 if stop <= 200 else 0.0)


def test_a_list_is_never_expected_to_exceed_the_truth() -> None:
    ends = (99, 159, 399)
    made = represent(ledger(*counted(*ends)), plain())
    field, hyper = made.sample_prior(np.random.default_rng(2), 2000)
    listed = np.cumsum(np.exp(made.location(field, hyper)), axis=-1)
    true = np.cumsum(np.exp(made.log_intensity(field)), axis=-1)[:, list(ends)]
    assert np.all(listed < true * (1 + BINNING_ERROR))


def test_additions_sum_to_the_last_count() -> None:
    many = represent(ledger(*counted(*range(99, 390, 20), 399)), plain())
    one = represent(ledger(*counted(399)), plain())
    field, hyper = many.sample_prior(np.random.default_rng(3), 300)
    assert [h.name for h in many.hyperparameters] == [h.name for h in one.hyperparameters]
    error = np.abs(
        np.log(np.exp(many.location(field, hyper)).sum(axis=-1)) - one.location(field, hyper)[:, 0]
    )
    assert np.quantile(error, 0.99) < BINNING_ERROR


def test_all_counts_times_c_shift_the_level_and_not_the_curve() -> None:
    rows = counted(99, 159, 399)
    one = represent(ledger(*rows), plain())
    ten = represent(
        ledger(*({**row, "value": str(10 * int(row["value"]))} for row in rows)),
        plain(level_centre=3.0 + np.log(10)),
    )
    at = np.random.default_rng(4).normal(size=one.size) * 0.5
    assert ten.standard_log_density(at) == pytest.approx(one.standard_log_density(at), rel=1e-12)


def test_all_days_moved_change_nothing() -> None:
    def rows(shift: int) -> list[dict[str, str]]:
        return [
            {**window(shift, shift + last, claim_id=f"n{last}", value=str(20 * last)), **NAMES}
            for last in (99, 159, 399)
        ]

    one, moved = (represent(ledger(*rows(shift)), plain()) for shift in (0, 31))
    at = np.random.default_rng(5).normal(size=one.size) * 0.5
    assert moved.standard_log_density(at) == one.standard_log_density(at)


# -- what counts tell -------------------------------------------------------------------------


def spread(made: Representation, *, of: str = "total") -> float:
    """Posterior sd of the log total, or of a hyperparameter's standard coordinate.

    By the expected information where losses are even and hyperparameters are their prior medians.
    """
    at = np.zeros(made.size)
    covariance = np.linalg.inv(curvature(made, at).precision)
    if of != "total":
        column = made.field_size + made.hyper_slices[of].start
        return float(np.sqrt(covariance[column, column]))
    step = 1e-5
    slope = np.zeros(made.size)
    for i in range(made.field_size):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[i] += sign * step
            ends.append(np.log(np.exp(made.log_intensity(made.unpack(moved)[0])).sum()))
        slope[i] = (ends[0] - ends[1]) / (2 * step)
    return float(np.sqrt(slope @ covariance @ slope))


def test_several_counts_tell_the_delay_and_one_does_not() -> None:
    assessed = [window(0, 399, claim_id="a1", value="16000", **INSTITUTE)]
    tally = [
        window(0, last, claim_id=f"t{last:03}", value=str(40 * (last + 1)), kind="tally")
        for last in range(39, 400, 40)
    ]
    one = represent(ledger(*counted(399), *assessed, *tally), plain())
    many = represent(ledger(*counted(*range(39, 400, 40)), *assessed, *tally), plain())
    assert spread(one, of="register_delay") > 0.9
    assert spread(many, of="register_delay") < 0.6


def test_counts_do_not_tell_the_final_coverage() -> None:
    many = represent(ledger(*counted(*range(39, 400, 40))), plain())
    assert spread(many, of="register_gap") > 0.8


def test_weekly_counts_leave_the_level_as_unsure_as_quarterly_ones() -> None:
    rare = spread(represent(ledger(*counted(*range(90, 400, 91), 399)), plain()))
    often = spread(represent(ledger(*counted(*range(6, 390, 7), 399)), plain()))
    assert often == pytest.approx(rare, rel=0.1)
    assert often > 0.3


def test_a_narrow_coverage_is_an_anchor_of_the_level() -> None:
    evidence = ledger(*counted(*range(39, 400, 40)))
    wide = represent(evidence, plain())
    anchored = represent(
        evidence,
        replace(plain(), registers=RegisterPrior(sources={"newspaper": Coverage(0.6, 0.66)})),
    )
    assert spread(anchored) < 0.5 * spread(wide)


# -- as data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("coverage", [Coverage(0.2, 0.9), Coverage(0.9, 0.995)])
def test_a_coverage_has_the_interval_that_was_stated(coverage: Coverage) -> None:
    draws = np.exp(-coverage.gap.sample(np.random.default_rng(6), 200_000))
    np.testing.assert_allclose(np.quantile(draws, [0.05, 0.95]), [coverage.low, coverage.high],
                               rtol=0.02)  # fmt: skip
    assert coverage.median == pytest.approx(np.median(draws), rel=0.01)
    assert draws.max() < 1


@pytest.mark.parametrize(("low", "high"), [(0, 0.5), (0.5, 0.5), (0.6, 0.4), (0.4, 1.0)])
def test_a_coverage_beyond_0_and_1_is_refused(low: float, high: float) -> None:
    with pytest.raises(SpecificationError, match="0 < low < high < 1"):
        Coverage(low, high)


def test_a_coverage_of_a_source_without_a_list_is_refused() -> None:
    specification = replace(plain(), registers=RegisterPrior(sources={"paper": Coverage(0.4, 0.8)}))
    with pytest.raises(SpecificationError, match=r"\['paper'\]; lists here: newspaper"):
        represent(ledger(*counted(99)), specification)


def test_specifications_make_the_round_trip() -> None:
    chosen = Specification(
        registers=RegisterPrior(sources={"a": Coverage(0.4, 0.8)}, delay_days=30),
        drift=bajas.DriftPrior(scale=0.1, on="all"),
    )
    assert Specification.from_json(chosen.to_json()) == chosen
    off = Specification(registers=RegisterPrior("bound"), drift=bajas.DriftPrior(on="none"))
    assert Specification.from_json(off.to_json()) == off
    assert len({chosen.hash, off.hash, Specification().hash}) == 3


def test_a_specification_of_before_there_were_registers_is_what_it_was() -> None:
    old = Specification().as_dict()
    del old["registers"], old["drift"]
    read = Specification.from_json(json.dumps(old))
    assert (read.registers.reading, read.drift.on) == ("bound", "none")
    assert read.to_json() == json.dumps(old, sort_keys=True)  # and so is its hash
    made = represent(ledger(*counted(99, 199)), read)
    assert len(made.curves) == 0
    assert all(h.name.split("_")[0] != "register" for h in made.hyperparameters)


def test_a_saved_fit_with_lists_and_drift_is_read_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    prior = prior_draws(ledger(*counted(99, 199)), Specification(), 50, seed=1)
    bajas.Fit(prior).save(tmp_path / "fit.nc")
    again = bajas.load(tmp_path / "fit.nc")
    assert again.specification == prior.specification
    np.testing.assert_array_equal(again.draws.hyper_draws["register_gap"],
                                  prior.hyper_draws["register_gap"])  # fmt: skip


def test_days_name_the_counts() -> None:
    made = build_design(ledger(*counted(99)))
    assert made.observations[0].counted == made.calendar.day(100)
    assert day(100) == made.calendar.day(100).isoformat()
