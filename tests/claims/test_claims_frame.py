"""A DataFrame is read as strictly as a file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from claim_tables import GOOD, OTHER, pair

import bajas


def frame(**columns: object) -> pd.DataFrame:
    """The good pair with some columns replaced by values that aren't text."""
    made = pd.DataFrame(pair())
    for name, values in columns.items():
        made[name] = pd.Series(values, dtype=object if isinstance(values, list) else None)
    return made


PLAIN = bajas.read_claims(pd.DataFrame(pair()))


@pytest.mark.parametrize(
    "columns",
    [
        {"value": np.array([1234, 2345])},
        {"value": np.array([1234.0, 2345.0])},
        {"value": [1234, Decimal(2345)]},
        {"start": [date(2023, 1, 1), pd.Timestamp("2023-01-01")]},
        {"end": pd.to_datetime(["2023-03-31", "2023-03-31"])},
        {"end": [np.datetime64("2023-03-31"), datetime(2023, 3, 31)]},
        {"provisional": np.array([False, False])},
        {"low": [None, float("nan")], "high": [pd.NA, pd.NaT]},
    ],
    ids=["int", "float", "decimal", "date", "datetime64", "mixed dates", "bool", "missing"],
)
def test_values_that_say_the_same_give_the_same_ledger(columns: dict[str, object]) -> None:
    assert bajas.read_claims(frame(**columns)) == PLAIN


def test_a_float_keeps_its_digits() -> None:
    read = bajas.read_claims(frame(value=[1.125, 0.1], per_day=["1", "1"]))
    assert (read["a1"].value, read["b1"].value) == (1.125, 0.1)


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"claim_id": [12.0, 13.0]}, "float-name"),
        ({"source": np.array([1.0, 2.0])}, "float-name"),
        ({"value": [float("inf"), 1]}, "not-finite"),
        ({"value": [10**5000, 1]}, "not-finite"),
        ({"value": [[1], 1]}, "cell-not-text"),
        ({"note": [b"bytes", ""]}, "cell-not-text"),
        ({"note": ["a\x00b", ""]}, "nul-byte"),
        ({"note": ["\ud800", ""]}, "not-unicode"),
        ({"value": [True, 1]}, "not-a-number"),
        ({"end": [datetime(2023, 3, 31, 12, tzinfo=UTC), "2023-03-31"]}, "date-with-time"),
        ({"end": [datetime(2023, 3, 31, tzinfo=UTC), "2023-03-31"]}, "date-with-time"),
    ],
)
def test_values_that_can_not_be_read(columns: dict[str, object], rule: str) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(frame(**columns))
    assert caught.value.rule == rule
    assert caught.value.row == 2
    assert caught.value.file == "DataFrame"


def test_a_number_that_is_no_name_is_quoted() -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(frame(claim_id=[12.0, 13.0]))
    assert [problem.text for problem in caught.value.problems] == ["12.0", "13.0"]


def test_integer_ids_are_names() -> None:
    assert bajas.read_claims(frame(claim_id=[12, 13]))["12"].value == 1234


def test_rows_are_numbered_by_position_not_by_index() -> None:
    made = frame(value=["1", "x"])
    made.index = pd.Index([70, 71])
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(made)
    assert caught.value.row == 3


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (pd.DataFrame(), "empty-file"),
        (pd.DataFrame(columns=list(GOOD)), "no-rows"),
        (pd.DataFrame([list(GOOD.values())]), "column-name-not-text"),
        (pd.DataFrame(pair()).rename(columns={"low": "high"}), "duplicate-column"),
        (pd.DataFrame([OTHER]).drop(columns="side"), "missing-column"),
    ],
)
def test_tables_without_a_proper_header(made: pd.DataFrame, rule: str) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(made)
    assert caught.value.rule == rule
