"""Probabilities of statements: thresholds, per day, ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hand_made import BAD, known

from bajas.answers.probability import probability, statements
from bajas.errors import QuantityError

HALF = np.tile([1.0, 2.0], (4, 250))  # every other draw has twice the losses


def ask(posterior: Any, **asked: Any) -> float:
    return probability(posterior, asked.pop("outcome", "killed"), "X", **asked).value


def test_thresholds_on_totals() -> None:
    posterior = known(factor=HALF)
    march: dict[str, Any] = {"during": "2023-03", "expected": True}
    assert ask(posterior, at_least=310, **march) == 1.0
    assert ask(posterior, at_least=311, **march) == 0.5
    assert ask(posterior, at_least=620, **march) == 0.5
    assert ask(posterior, at_least=621, **march) == 0.0
    assert ask(posterior, at_most=310, **march) == 0.5
    assert ask(posterior, below=310, **march) == 0.0
    assert ask(posterior, below=311, **march) == 0.5


def test_thresholds_per_day() -> None:
    posterior = known(factor=HALF)
    rates = posterior.rates.copy()
    day = posterior.design.calendar.index(posterior.window("2023-06-15", None).start)
    rates[:, day] *= 3  # one day far above the mean
    posterior = known(factor=HALF, rates={})
    object.__setattr__(posterior, "rates", rates)
    june: dict[str, Any] = {"since": "2023-06-01", "until": "2023-06-30", "expected": True}
    assert ask(posterior, below=11, per_day="mean", **june) == 0.5
    assert ask(posterior, below=11, per_day="every", **june) == 0.0
    assert ask(posterior, below=31, per_day="every", **june) == 0.5
    assert ask(posterior, at_least=10, per_day="every", **june) == 1.0
    assert ask(posterior, at_least=10.5, per_day="every", **june) == 0.5
    assert ask(posterior, at_most=30, per_day="every", **june) == 0.5


def test_the_month_with_most_losses_is_the_peak() -> None:
    posterior = known(factor=HALF)
    rates = posterior.rates.copy()
    rates[:, 59:90] *= 1.5  # March
    object.__setattr__(posterior, "rates", rates)
    march = probability(posterior, "casualties", "X", during="2023-03", is_="peak")
    assert march.value == 1.0
    assert march.compared == ("2023-01", "2023-02", "2023-03", "2023-04", "2023-05", "2023-06")
    assert march.mcse == 1 / 2000
    assert march.words == "above 0.99"
    assert ask(posterior, outcome="casualties", during="2023-05", is_="peak") == 0.0
    later = probability(
        posterior, "casualties", "X", during="2023-05", is_="peak", since="2023-04-15"
    )
    assert later.compared == ("2023-05", "2023-06")
    assert "partial and not compared: 2023-04" in later.statement
    # windows of equal length are laid end to end, before and after the one that is asked about
    window = probability(
        posterior, "casualties", "X", since="2023-03-01", until="2023-03-20", is_="peak"
    )
    assert len(window.compared) == 8
    assert statements(posterior).loc[0, "probability"] == 1.0


def test_a_tie_is_no_peak() -> None:
    assert ask(known(), during="2023-03-05", is_="peak", expected=True) == 0.0


def test_partial_months_can_t_be_ranked() -> None:
    with pytest.raises(QuantityError, match="2023-04 to 2023-06"):
        ask(known(), during="2023-03", is_="peak", since="2023-03-02")
    with pytest.raises(QuantityError, match="full years"):
        ask(known(), during="2023", is_="peak")


def test_rank_statements_of_the_ledger_are_listed_with_their_probability() -> None:
    table = statements(known(verdict=BAD))
    assert table["claim"].tolist() == ["e1"]
    assert "2023-03 has more than each of the other 5 full months" in table.loc[0, "statement"]
    assert 0 < table.loc[0, "probability"] < 1
    assert not table.loc[0, "trusted"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "state one of"),
        ({"at_least": 1, "below": 3}, "state one of"),
        ({"at_least": 1, "is_": "peak"}, "not both"),
        ({"is_": "lowest"}, "only rank"),
        ({"is_": "peak"}, "needs during"),
        ({"below": 1, "per_day": "max"}, "per_day"),
        ({"below": 1, "during": "2023-03", "since": "2023-03-01"}, "not both"),
        ({"below": 1, "during": "2022-12"}, "isn't covered"),
    ],
)
def test_statements_that_aren_t_one_are_refused(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(QuantityError, match=says):
        ask(known(), **asked)
