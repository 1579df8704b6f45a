"""The documentation's tables of coverage are those of the committed measurements."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bajas.checks.scenarios import SCENARIOS

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "coverage_tables.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_tables", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_show_what_was_measured(script: ModuleType) -> None:
    found = script.measured(script.RESULTS)
    assert script.tables(found) in script.PAGE.read_text(encoding="utf-8")
    assert script.fault_tables(found) in script.FAULTS_PAGE.read_text(encoding="utf-8")


def test_every_scenario_has_its_place_and_an_unmeasured_one_says_so(script: ModuleType) -> None:
    text = script.tables({})
    right = [name for name, item in SCENARIOS.items() if item.calibrated]
    assert text.count("Not measured.") == len(right)
    assert all(f"**{name}**" in text for name in right)
    faults = script.fault_tables({})
    assert all(name in faults for name in SCENARIOS if name not in right)


def test_a_share_beyond_three_errors_is_marked(script: ModuleType) -> None:
    row = {"share": 0.8, "level": 0.9, "mcse": 0.03}
    assert script.mark(row) == " !"
    assert script.mark({**row, "share": 0.82}) == ""
