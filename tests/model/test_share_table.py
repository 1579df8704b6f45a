"""Tables of share priors: read whole, refused whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import bajas
from bajas.errors import SpecificationError
from bajas.model.specification import Specification


def rows(*entries: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(entries, columns=["side", "component", "per_main", "log_sd"])


def test_frame_and_file_say_the_same(tmp_path: Path) -> None:
    table = rows(("X", "guard", 0.5, 0.4), ("X", "navy", 0.1, 1.0))
    table.assign(evidence="a note, with a comma").to_csv(tmp_path / "shares.csv", index=False)
    found = bajas.share_priors(table)
    assert found == bajas.share_priors(tmp_path / "shares.csv")
    assert found["X guard"] == bajas.SharePrior(0.5, 0.4)


def test_every_wrong_row_is_named() -> None:
    table = rows(("X", "a", -1, 1), ("X", "b", "much", 1), ("X", "c", 1, float("nan")),
                 ("X", "d", 1, 1), ("X", "d", 1, 1))  # fmt: skip
    with pytest.raises(SpecificationError) as caught:
        bajas.share_priors(table)
    for words in ("row 1 (X a)", "row 2 (X b)", "row 3 (X c)", "row 5: X d is there twice"):
        assert words in str(caught.value)


def test_absent_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="absent: log_sd"):
        bajas.share_priors(rows().drop(columns="log_sd"))
    with pytest.raises(SpecificationError, match="can't read shares"):
        bajas.share_priors(tmp_path / "none.csv")


def test_the_shipped_table_makes_a_model_and_a_specification_that_round_trips() -> None:
    shares = bajas.share_priors(bajas.datasets.russia_ukraine_2023_shares())
    model = bajas.Model(
        bajas.datasets.russia_ukraine_2023(), intensity=bajas.IntensityPrior(components=shares)
    )
    (offset,) = [t for t in model.representation.terms if t.name == "component_offset"]
    assert dict(zip(offset.labels[0], offset.mean.round(3), strict=True)) == {
        "RU wagner": -1.204, "RU dnr": -1.204, "RU lnr": -1.609,
    }  # fmt: skip
    assert Specification.from_json(model.specification.to_json()) == model.specification
