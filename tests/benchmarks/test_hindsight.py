"""The hindsight benchmark: its targets, its baselines against values by hand, and a short run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from economist import held
from economist_gam import Row, fit
from hindsight import MAIN, PEER, compact, run, summary, with_earlier
from hindsight_baselines import (
    POINTS,
    Pooled,
    between_variance,
    dersimonian_laird,
    dressed,
    hartung_knapp,
    inverse_variance,
    measured,
)
from hindsight_targets import targets
from scipy import stats

TARGETS = {target.name: target for target in targets()}


def vote(name: str, graded: bool = False) -> float:
    """Mean absolute log error of a point, one vote per case."""
    errors: dict[str, list[float]] = {}
    for target in TARGETS.values():
        point = POINTS[name](target)
        if point is not None and (target.graded or not graded):
            error = abs(point - math.log(target.truth.value))
            errors.setdefault(target.case.name, []).append(error)
    return float(np.mean([np.mean(found) for found in errors.values()]))


def test_targets_are_truths_with_a_claim_of_the_time_on_their_own_window() -> None:
    assert len(TARGETS) == 40
    assert sum(target.graded for target in TARGETS.values()) == 34
    assert len({target.case.name for target in TARGETS.values()}) == 10  # none on Khalkhin Gol's
    for target in TARGETS.values():
        assert all(claim.window == target.truth.window for claim in target.claims)
    late = TARGETS["karabakh_2020-t01"]  # the prime minister's figure of April 2021 isn't there
    assert sorted(late.figures) == [1383.0, 2317.0]


def test_the_latest_own_and_enemy_claims_are_found() -> None:
    target = TARGETS["jenin_2002-t01"]
    assert (target.own, target.enemy) == (56.0, 54.0)
    assert POINTS["sqrt(own x enemy)"](target) == pytest.approx(0.5 * math.log(56 * 54))
    assert TARGETS["kosovo_1999-t02"].own is None


@pytest.mark.parametrize(
    ("name", "graded", "expected"),
    [
        ("arithmetic mean", False, 1.09),
        ("median", False, 0.97),
        ("geometric mean", False, 0.95),
        ("latest own claim", False, 0.75),
        ("sqrt(own x enemy)", False, 0.38),
        ("latest own claim", True, 0.48),
        ("sqrt(own x enemy)", True, 0.26),
    ],
)
def test_points_err_as_others_have_measured_before(
    name: str, graded: bool, expected: float
) -> None:
    assert vote(name, graded) == pytest.approx(expected, abs=0.006)


def test_meta_analysis_of_three_studies_is_what_it_is_by_hand() -> None:
    y, variance = np.array([0.0, 1.0, 2.0]), np.array([0.1, 0.1, 0.2])
    # weights 10, 10, 5: mean 0.8, Q = 10 * 0.64 + 10 * 0.04 + 5 * 1.44 = 14
    pooled = inverse_variance(y, variance)
    assert (pooled.centre, pooled.scale) == pytest.approx((0.8, 0.2))
    # tau^2 = (14 - 2) / (25 - 225 / 25) = 0.75
    assert between_variance(y, variance) == pytest.approx(0.75)
    weight = 1 / np.array([0.85, 0.85, 0.95])
    centre = float((weight * y).sum() / weight.sum())
    random = dersimonian_laird(y, variance)
    assert (random.centre, random.scale) == pytest.approx((centre, weight.sum() ** -0.5))
    knapp = hartung_knapp(y, variance)
    assert knapp is not None
    factor = (weight * (y - centre) ** 2).sum() / 2
    assert knapp.scale == pytest.approx(random.scale * math.sqrt(max(factor, 1.0)))
    assert (knapp.centre, knapp.degrees_of_freedom) == (pytest.approx(centre), 2.0)


def test_one_study_has_no_variance_between_studies_and_no_hartung_knapp_interval() -> None:
    y, variance = np.array([3.0]), np.array([0.04])
    assert dersimonian_laird(y, variance) == Pooled(pytest.approx(3.0), pytest.approx(0.2))
    assert hartung_knapp(y, variance) is None
    low, high = np.quantile(Pooled(3.0, 0.2).draws(), [0.025, 0.975])
    assert (low, high) == pytest.approx((3 - 0.392, 3 + 0.392), abs=2e-3)


def test_a_range_is_a_measurement_with_its_own_error() -> None:
    claim: Any = SimpleNamespace(value=None, low=100.0, high=400.0, level=None, qualifier="range",
                                 excluded=False, per_day=False)  # fmt: skip
    y, variance = measured([claim])
    assert y[0] == pytest.approx(math.log(200))
    assert variance[0] == pytest.approx((math.log(4) / 3.2897) ** 2 + 1 / 200, rel=1e-4)


def test_a_dressed_point_has_the_likeliest_scale_of_the_other_cases_errors() -> None:
    errors = {"a": [0.5, -0.5], "b": [1.0], "c": [50.0]}
    found = dressed(errors, without="c")
    assert found is not None
    scales = np.linspace(0.2, 3, 2801)
    half, whole = (stats.t.logpdf(error / scales, 4) - np.log(scales) for error in (0.5, 1.0))
    likelihood = 0.5 * half + 0.5 * half + whole  # each case one vote; t is symmetric
    assert found.scale == pytest.approx(scales[int(np.argmax(likelihood))], abs=2e-3)
    assert found.centre == 0.0
    moved = dressed({"a": [0.9, 1.1], "b": [1.0], "c": [50.0]}, without="c", offset=True)
    assert moved is not None
    assert moved.centre == pytest.approx(1.0, abs=1e-3)


def test_every_case_has_one_vote_however_many_targets_it_has() -> None:
    entry = {"crps": 0.0, "log_score": 0.0, "held": [True] * 4, "ends": [[-1.0, 1.0]] * 4}
    chosen = [t for t in TARGETS.values() if t.case.name in ("gaza_2008_09", "jenin_2002")]
    scored = {
        MAIN: {
            t.name: {**entry, "error": 1.0 if t.case.name == "jenin_2002" else 0.5} for t in chosen
        },
        "silent on one": {chosen[0].name: {**entry, "error": 0.0}},
    }
    found = summary(scored, chosen)
    assert (found["cases"], found["targets"]) == (2, 3)
    assert found["methods"][MAIN]["mae"] == pytest.approx(0.75)
    assert "silent on one" not in found["methods"]  # methods are compared on the same targets


def test_a_result_is_written_with_four_digits_and_read_as_it_was() -> None:
    result = {"made": {"seed": 1}, "scores": {"a": {"b": [1 / 3, None]}}, "rolling": [{"x": 0.5}],
              "notes": [], "none": None}  # fmt: skip
    text = compact(result)
    assert json.loads(text) == {**result, "scores": {"a": {"b": [0.3333, None]}}}
    assert max(len(line) for line in text.splitlines()) < 60


def test_time_of_calls_that_share_a_folder_adds_up(tmp_path: Path) -> None:
    assert with_earlier(tmp_path, 10.0) == 10.0
    assert with_earlier(tmp_path, 2.5) == 12.5


def test_intervals_are_stretched_until_they_hold_their_level() -> None:
    # twenty truths at 0.1, 0.2, .. 2.0 half-widths from the middle: half of them are held
    names = [f"war {number}" for number in range(20)]
    ends = {name: {o: [[-1.0, 1.0]] * 3 for o in ("killed", "casualties")} for name in names}
    truths = {
        name: {"killed": 0.1 * (number + 1), "casualties": 0.0} for number, name in enumerate(names)
    }
    half, most, nearly_all = held(ends, truths)["killed"]
    assert half["share"] == most["share"] == nearly_all["share"] == 0.5
    widths = [row["log_width_that_holds"] for row in (half, most, nearly_all)]
    assert widths == pytest.approx([2.0, 3.2, 3.8])
    assert held(ends, truths)["casualties"][2]["share"] == 1.0


@pytest.mark.slow
def test_one_case_runs_from_claims_to_scores() -> None:
    chosen = [TARGETS["april_war_2016-t01"]]
    result = run(chosen, [MAIN], errors_of=list(TARGETS.values()), peers=True, roll=False)
    row = result["summary"]["with an own and an enemy claim, graded"]["methods"]
    assert row["sqrt(own x enemy)"]["mae"] == pytest.approx(abs(math.log(math.sqrt(31 * 500) / 94)))
    for method in (MAIN, PEER):
        ends = result["scores"][method]["april_war_2016-t01"]["ends"]
        assert all(low < high for low, high in ends)
        assert ends[3][0] < ends[0][0] < ends[0][1] < ends[3][1]
        assert row[method]["covers_95"] in (0.0, 1.0)
    # the learned prior halves an enemy's claim and doubles an own one: between the two figures
    error = result["scores"][MAIN]["april_war_2016-t01"]["error"]
    assert math.log(31 / 94) < error < math.log(500 / 94)


# -- the additive model ---------------------------------------------------------------------------


def test_the_additive_model_finds_a_line_and_what_is_counted_and_is_moved_by_repetition() -> None:
    from datetime import date, timedelta

    rng = np.random.default_rng(1)
    first = date(2022, 3, 1)
    rows = [
        Row(
            first + timedelta(days=int(day)), outcome, f"kind {number % 3}", f"source {number % 7}",
            5 + day / 200 + (0.9 if outcome == "killed" else 2.0) + 0.05 * rng.standard_normal(),
        )
        for number, day in enumerate(rng.integers(0, 500, 80))
        for outcome in ("casualties", "killed")
    ]  # fmt: skip
    curve = fit(rows)
    day = first + timedelta(days=250)
    killed, low, high = curve.predict("killed", day)
    assert killed == pytest.approx(5 + 1.25 + 0.9, abs=0.05)
    assert curve.predict("casualties", day)[0] - killed == pytest.approx(1.1, abs=0.03)
    assert high - low == pytest.approx(2 * 1.98 * 0.05, rel=0.25)
    again = fit([*rows, *[row for row in rows if row.source == "source 1"] * 4])
    assert again.predict("killed", day)[0] != killed
