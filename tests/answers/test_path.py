"""Paths: periods, partial ones, running totals."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hand_made import independent, known

from bajas.answers.path import path, path_table
from bajas.answers.periods import calendar_period, cut
from bajas.claims.claim import Window
from bajas.errors import QuantityError


def test_months_of_constant_losses() -> None:
    found = path(known(), "killed", "X", freq="M", since="2023-01-10", expected=True)
    assert found["median"].values.tolist() == [220.0, 280.0, 310.0, 300.0, 310.0, 300.0]
    assert found["partial"].values.tolist() == [True, False, False, False, False, False]
    assert found["days"].values.tolist() == [22, 28, 31, 30, 31, 30]
    assert found.indexes["date"][1] == pd.Timestamp("2023-02-01")
    assert pd.Timestamp(found["end"].values[0]) == pd.Timestamp("2023-01-31")


def test_means_per_day_don_t_depend_on_the_length_of_a_period() -> None:
    found = path(known(), "killed", "X", freq="W", per_day=True, expected=True)
    assert np.allclose(found["median"], 10.0)
    assert found.attrs["unit"] == "persons per day"


def test_a_running_total_ends_at_the_total() -> None:
    posterior = independent()
    found = path(posterior, "casualties", "X", freq="M", cumulative=True)
    draws = posterior.total("casualties", "X")
    assert float(found["median"][-1]) == np.median(draws)
    assert float(found["upper"].sel(level=0.9)[-1]) == np.quantile(draws, 0.95)
    assert (np.diff(found["median"]) >= 0).all()
    with pytest.raises(QuantityError, match="choose"):
        path(posterior, "killed", "X", cumulative=True, per_day=True)


def test_weeks_count_from_the_first_day_of_the_war_or_end_on_a_weekday() -> None:
    window = Window(date(2023, 1, 1), date(2023, 1, 17))
    weeks = cut(window, "W", date(2023, 1, 1))
    assert [(p.start.day, p.end.day, p.partial) for p in weeks] == [
        (1, 7, False), (8, 14, False), (15, 17, True),
    ]  # fmt: skip
    sundays = cut(window, "W-SUN", date(2023, 1, 1))
    assert [(p.start.day, p.end.day, p.partial) for p in sundays] == [
        (1, 1, True), (2, 8, False), (9, 15, False), (16, 17, True),
    ]  # fmt: skip
    shifted = cut(Window(date(2023, 1, 3), date(2023, 1, 10)), "W", date(2023, 1, 1))
    assert [(p.start.day, p.partial) for p in shifted] == [(3, True), (8, True)]


@pytest.mark.parametrize("freq", ["", "H", "2W", "W-XXX", "week"])
def test_unknown_frequencies_are_refused(freq: str) -> None:
    with pytest.raises(QuantityError, match="unknown freq"):
        cut(Window(date(2023, 1, 1), date(2023, 1, 2)), freq, date(2023, 1, 1))


@pytest.mark.parametrize("text", ["March", "2023-13", "2023-02-30", "23-03", "2023-3"])
def test_periods_that_aren_t_in_a_calendar_are_refused(text: str) -> None:
    with pytest.raises(QuantityError, match="during"):
        calendar_period(text)


def test_the_table_has_one_row_per_period_and_says_every_level() -> None:
    table = path_table(path(known(), "killed", "X", freq="MS"))
    assert len(table) == 6
    assert {"low_0.5", "high_0.5", "low_0.9", "high_0.9", "low_0.95", "high_0.95"} <= set(table)
    assert (table["low_0.95"] <= table["low_0.5"]).all()
