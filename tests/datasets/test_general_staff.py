"""The reader of the General Staff's daily files, on made-up files and on the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bajas
from bajas.datasets import data_folder, general_staff_claims

PERSONNEL = "russia_losses_personnel.json"
EQUIPMENT = "russia_losses_equipment.json"


def report(date: str, **counts: Any) -> dict[str, Any]:
    return {"date": date, "day": 0, **counts}


def write(folder: Path, name: str, content: Any) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    personnel = [
        report("2022-02-25", personnel=10, **{"personnel*": "about"}),
        report("2022-02-26", personnel=25, **{"personnel*": "more"}),
        report("2022-02-28", personnel=30, **{"personnel*": "about"}),
    ]
    equipment = [
        report("2022-04-29", tank=5, APC=8, **{"military auto": 100, "fuel tank": 7}),
        report("2022-04-30", tank=6, APC=None, **{"military auto": 101, "fuel tank": 7}),
        report("2022-05-01", tank=6, APC=9.0, **{"vehicles and fuel tanks": 110}),
        report("2022-05-02", tank=4, APC=9, **{"vehicles and fuel tanks": 112, "submarines": 0}),
    ]
    write(tmp_path, PERSONNEL, personnel)
    return write(tmp_path, EQUIPMENT, equipment)


def test_personnel_are_running_totals_that_end_the_day_before(tiny: Path) -> None:
    claims = general_staff_claims(tiny)
    assert claims["end"].to_list() == ["2022-02-24", "2022-02-25", "2022-02-27"]
    assert claims["published"].to_list() == ["2022-02-25", "2022-02-26", "2022-02-28"]
    assert set(claims["start"]) == {"2022-02-24"}
    assert claims["value"].to_list() == ["10", "25", "30"]
    assert claims["qualifier"].to_list() == ["about", "at_least", "about"]
    assert set(claims["source"]) == {"ua_general_staff"}
    assert claims["url"].str.startswith("https://").all()


def test_categories_that_were_merged_run_on(tiny: Path) -> None:
    claims = general_staff_claims(tiny, outcomes=("vehicle",))
    assert claims["value"].to_list() == ["107", "108", "110", "112"]


def test_absent_and_null_figures_give_no_claim(tiny: Path) -> None:
    claims = general_staff_claims(tiny, outcomes=("armoured_vehicle", "submarine"))
    assert list(zip(claims["outcome"], claims["end"], claims["value"], strict=True)) == [
        ("armoured_vehicle", "2022-04-28", "8"),
        ("armoured_vehicle", "2022-04-30", "9"),
        ("armoured_vehicle", "2022-05-01", "9"),
        ("submarine", "2022-05-01", "0"),
    ]


def test_nan_is_null(tmp_path: Path) -> None:
    text = '[{"date": "2022-05-01", "tank": NaN, "APC": 3}]'
    folder = write(tmp_path, EQUIPMENT, text)
    claims = general_staff_claims(folder, outcomes=("tank", "armoured_vehicle"))
    assert claims["outcome"].to_list() == ["armoured_vehicle"]


def test_until_is_the_last_day_covered(tiny: Path) -> None:
    claims = general_staff_claims(tiny, outcomes=("tank",), until="2022-04-29")
    assert claims["end"].to_list() == ["2022-04-28", "2022-04-29"]
    with pytest.raises(bajas.BajasError, match="no report"):
        general_staff_claims(tiny, outcomes=("tank",), until="2022-03-01")
    with pytest.raises(bajas.BajasError, match="YYYY-MM-DD"):
        general_staff_claims(tiny, until="20220301")


@pytest.mark.parametrize("outcomes", [(), ("killed",), ("tanks",)])
def test_an_outcome_that_is_not_counted_is_refused(tiny: Path, outcomes: tuple[str, ...]) -> None:
    with pytest.raises(bajas.BajasError, match="known: casualties, tank"):
        general_staff_claims(tiny, outcomes=outcomes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "as JSON"),
        ("[{", "as JSON"),
        ("[" * 100_000, "as JSON"),
        ({"date": "2022-02-25"}, "list of reports"),
        ([], "list of reports"),
        ([17], "no date"),
        ([{"personnel": 1}], "no date"),
        ([report("25.02.2022", personnel=1)], "YYYY-MM-DD"),
        ([report("2022-02-30", personnel=1)], "YYYY-MM-DD"),
        ([report("2022-02-24", personnel=1)], "in order"),
        ([report("2022-03-02", personnel=1), report("2022-03-01", personnel=2)], "in order"),
        ([report("2022-03-02", personnel=1), report("2022-03-02", personnel=2)], "in order"),
        ([report("2022-03-02", personnel=-1)], "not a count"),
        ([report("2022-03-02", personnel=1.5)], "not a count"),
        ([report("2022-03-02", personnel=True)], "not a count"),
        ([report("2022-03-02", personnel="1,200")], "not a count"),
        ([report("2022-03-02", personnel=10**12)], "not a count"),
        ('[{"date": "2022-03-02", "personnel": Infinity}]', "as JSON"),
        ([report("2022-03-02", personnel=1, **{"personnel*": "nearly"})], "personnel"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    folder = write(tmp_path, PERSONNEL, content)
    with pytest.raises(bajas.BajasError, match=message):
        general_staff_claims(folder)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"military auto": 1}, "missing"),
        ({"military auto": 1, "fuel tank": 1, "vehicles and fuel tanks": 2}, "merged and in parts"),
    ],
)
def test_half_merged_categories_are_refused(
    tmp_path: Path, counts: dict[str, int], message: str
) -> None:
    folder = write(tmp_path, EQUIPMENT, [report("2022-05-01", **counts)])
    with pytest.raises(bajas.BajasError, match=message):
        general_staff_claims(folder, outcomes=("vehicle",))


def test_a_missing_file_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(bajas.BajasError, match="download"):
        general_staff_claims(tmp_path)


def test_the_reader_takes_what_this_gives(tiny: Path) -> None:
    claims = general_staff_claims(tiny, outcomes=("casualties", "tank", "vehicle", "submarine"))
    ledger = bajas.read_claims(claims)
    assert len(ledger) == len(claims)
    assert ledger["gs-vehicle-2022-05-01"].value == 110
    assert ledger["gs-casualties-2022-02-26"].kind == "tally"


def test_the_real_files_reach_the_articles_total() -> None:
    folder = data_folder()
    if folder is None or not (folder / "general_staff").is_dir():
        pytest.skip("no general_staff in BAJAS_DATA or in shared/data beside the checkout")
    outcomes = ("casualties", "tank", "artillery", "vehicle", "cruise_missile", "air_defence")
    claims = general_staff_claims(folder / "general_staff", outcomes=outcomes, until="2023-08-06")
    totals = claims.set_index(["outcome", "end"])["value"].astype(int)
    assert totals["casualties", "2023-08-06"] == 250_240
    assert totals["casualties", "2023-08-06"] - totals["casualties", "2023-08-05"] == 540
    assert totals["vehicle", "2022-04-29"] == 1_777
    assert totals["vehicle", "2022-04-30"] == 1_796
    assert (claims["outcome"] == "casualties").sum() == 529
    ledger = bajas.read_claims(claims)
    assert len(ledger) == len(claims)


# -- where downloaded data are ----------------------------------------------------------------


def test_the_folder_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAJAS_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.setenv("BAJAS_DATA", str(tmp_path / "absent"))
    with pytest.raises(bajas.BajasError, match="BAJAS_DATA"):
        data_folder()
