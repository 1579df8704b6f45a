"""How a single claim is read: form, value over the window, and width."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt

import pytest
from model_examples import FIRST
from scipy import stats

from bajas.claims.claim import Claim, StreamKind
from bajas.design.reading import Reading, read_figure

CLAIM = Claim(
    "a", "s", "ally", "X", "Y", "all", "killed", FIRST, FIRST.replace(day=10), FIRST.replace(day=11)
)


def read(kind: StreamKind = "assessment", part: bool = False, **changes: object) -> Reading | str:
    return read_figure(replace(CLAIM, **changes), 10, kind, part)  # type: ignore[arg-type]


@pytest.mark.parametrize("qualifier", ["exact", "about"])
def test_a_plain_figure_is_a_point(qualifier: str) -> None:
    assert read(value=1200.0, qualifier=qualifier) == Reading("point", 1200, 0, "1,200")


def test_a_range_is_a_point_with_a_width() -> None:
    reading = read(low=1000.0, high=4000.0, level=0.8, qualifier="range")
    assert isinstance(reading, Reading)
    assert reading.form == "point"
    assert reading.value == pytest.approx(2000)
    inside = stats.norm(log(reading.value), reading.log_sd)
    assert inside.cdf(log(4000)) - inside.cdf(log(1000)) == pytest.approx(0.8)
    assert reading.words == "2,000, range 1,000 to 4,000 at level 0.8"


def test_a_range_without_a_level_has_one_assumed_and_says_so() -> None:
    reading = read(low=1000.0, high=4000.0, qualifier="range")
    assert isinstance(reading, Reading)
    assert reading.log_sd == pytest.approx(log(4) / (2 * stats.norm.ppf(0.95)))
    assert "at assumed level 0.9" in reading.words


def test_a_stated_centre_wins_over_the_middle_of_the_range() -> None:
    reading = read(value=1500.0, low=1000.0, high=4000.0, qualifier="about")
    assert isinstance(reading, Reading)
    assert (reading.value, reading.log_sd > 0) == (1500, True)


def test_a_range_from_0_is_an_upper_bound() -> None:
    reading = read(low=0.0, high=300.0, qualifier="range")
    assert reading == Reading("at_most", 300, 0, "at most 300 (its range starts at 0)")


def test_a_range_without_width_is_a_point() -> None:
    assert read(low=70.0, high=70.0, qualifier="range") == Reading("point", 70, 0, "70")


def test_figures_per_day_are_multiplied_by_the_days() -> None:
    assert read(value=30.0, per_day=True) == Reading("point", 300, 0, "300")
    assert read(value=70.0, per_day=True, qualifier="at_most").value == 700  # type: ignore[union-attr]
    wide = read(low=20.0, high=40.0, per_day=True, qualifier="range")
    assert isinstance(wide, Reading)
    assert wide.value == pytest.approx(10 * sqrt(800))
    assert wide.log_sd == pytest.approx(log(2) / (2 * stats.norm.ppf(0.95)))


def test_bounds() -> None:
    assert read(value=500.0, qualifier="at_least") == Reading("at_least", 500, 0, "at least 500")
    assert read(value=500.0, qualifier="at_most") == Reading("at_most", 500, 0, "at most 500")
    assert read(low=500.0, qualifier="at_least").value == 500  # type: ignore[union-attr]
    assert read(high=500.0, qualifier="at_most").value == 500  # type: ignore[union-attr]


@pytest.mark.parametrize("qualifier", ["exact", "about"])
def test_none_is_fewer_than_one_half(qualifier: str) -> None:
    reading = read(value=0.0, qualifier=qualifier)
    assert reading == Reading("at_most", 0.5, 0, "none, read as fewer than one half")
    assert read(value=0.0, qualifier="at_most").value == 0.5  # type: ignore[union-attr]


def test_at_least_0_says_nothing() -> None:
    assert read(value=0.0, qualifier="at_least") == "at least 0 carries no information"


def test_a_register_bounds_from_below() -> None:
    reading = read("register", value=800.0)
    assert reading == Reading(
        "at_least", 800, 0, "at least 800 (a list of verified cases is incomplete)"
    )
    assert read("register", value=800.0, qualifier="at_least").words == "at least 800"  # type: ignore[union-attr]
    assert "list that is incomplete says nothing" in read(  # type: ignore[operator]
        "register", value=800.0, qualifier="at_most"
    )


def test_a_part_bounds_its_whole_from_below_and_never_from_above() -> None:
    reading = read(part=True, value=800.0)
    assert reading == Reading("at_least", 800, 0, "at least 800 (it covers only a part)")
    ranged = read(part=True, low=600.0, high=900.0, qualifier="range")
    assert ranged == Reading("at_least", 600, 0, "at least 600 (it covers only a part)")
    assert read(part=True, value=800.0, qualifier="at_most") == (
        "an upper bound for a part says nothing about the whole"
    )
    assert read("register", part=True, value=0.0) == "at least 0 carries no information"


def test_no_figure_no_reading() -> None:
    assert read() == "it carries no figure"
    assert read(qualifier="at_least", high=5.0) == "it carries no lower figure"
    assert read(qualifier="at_most", low=5.0) == "an upper bound without a figure"
