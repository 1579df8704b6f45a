"""The documentation's tables of calibration and passports are those of the committed figures."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "calibration_tables.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("calibration_tables", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_what_was_measured(script: ModuleType) -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    found = script.measured(script.RESULTS)
    assert "\n".join([*script.table(found), "", *script.notes(found)]) in page
    assert "\n".join(script.passport_table(script.PASSPORTS)) in page
    for item in found:
        assert f"| {script._name(item)} | {item.fits - item.failed} |" in page


def test_a_passport_is_a_row_for_each_number_with_what_is_expected(
    script: ModuleType, tmp_path: Path
) -> None:
    assert script.passport_table(tmp_path) == ["No passport has been made."]
    about = {"seed": 0, "settings": {"draws": 500, "chains": 2}, "bajas": "0.1.0",
             "python": "3.13", "machine": "x86", "commit": "abc1234",
             "day": "2026-11-25"}  # fmt: skip
    question = {"outcome": "killed", "side": "RU", "component": "all", "since": "", "until": ""}
    rows = [
        {"quantity": "killed, RU", "question": question, "held": [4, 8, 9, 9],
         "ranks": list(range(10)), "chance": 0.5},
    ]  # fmt: skip
    made = {
        "ledger_sha256": "a", "specification_sha256": "b", "fits": 11, "failed": 1, "untrusted": 2,
        "levels": [0.5, 0.8, 0.9, 0.95], "draws": 99, "rows": rows, "about": about,
    }  # fmt: skip
    (tmp_path / "some_claims.json").write_text(json.dumps(made), encoding="utf-8")
    text = "\n".join(script.passport_table(tmp_path))
    assert (
        "| some claims | 10 (2) | killed, RU | 4 of 10 (5) | 8 of 10 (8) | 9 of 10 (9) |"
        " 9 of 10 (9.5) | 0.5 |"
    ) in text
    assert "commit abc1234" in text
