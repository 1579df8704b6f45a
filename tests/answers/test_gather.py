"""GATHER: each of 18 items is answered from the fit or listed as missing."""

from __future__ import annotations

import pytest
from hand_made import BAD, independent

from bajas.errors import BajasError
from bajas.workflow.fit import Fit


def test_each_item_is_there_once_with_a_text() -> None:
    found = Fit(independent(draws=20)).gather()
    assert found["item"].tolist() == list(range(1, 19))
    assert found["text"].str.len().min() > 20
    by = found.set_index("item")
    assert by.loc[[2, 3, 11, 17], "status"].tolist() == ["missing"] * 4
    assert by.loc[[2, 3, 11, 17], "text"].str.startswith("missing: ").all()
    assert "X guard killed" in by.loc[1, "text"]
    assert "d1" in by.loc[4, "text"] or "of which 0 are left out" in by.loc[4, "text"]
    assert "Missing: fit.sensitivity" in by.loc[12, "text"]


def test_what_the_author_says_stands_first_and_what_the_fit_knows_stays() -> None:
    by = Fit(independent(draws=20)).gather({2: "No funding.", 18: "Few sources."}).set_index("item")
    assert by.loc[2].tolist()[1:] == ["author", "No funding."]
    assert by.loc[18, "text"].startswith("Few sources. Warnings about the evidence:")


def test_a_fit_that_failed_says_so() -> None:
    by = Fit(independent(draws=20, verdict=BAD)).gather().set_index("item")
    assert "FAILED" in by.loc[12, "text"]
    assert "not to be trusted: R-hat 1.3" in by.loc[18, "text"]


@pytest.mark.parametrize("said", [{0: "x"}, {19: "x"}, {2: " "}, {2: None}])
def test_items_that_there_are_not_are_refused(said: dict[int, str]) -> None:
    with pytest.raises(BajasError, match="items 1 to 18"):
        Fit(independent(draws=20)).gather(said)
