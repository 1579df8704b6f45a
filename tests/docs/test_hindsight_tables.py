"""The pages of the hindsight benchmark show the committed measurements."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "docs" / "scripts"


@pytest.fixture(params=["hindsight", "economist"])
def script(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    name = f"{request.param}_tables"
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_what_was_measured(script: ModuleType) -> None:
    name = "results" if "hindsight_tables" in script.__name__ else "economist"
    result = json.loads((script.RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    page = script.PAGE.read_text(encoding="utf-8")
    for marker, text in script.tables(result).items():
        shown = page.split(f"<!-- {marker} -->\n", 1)[1].split(f"\n<!-- end of {marker} -->", 1)[0]
        assert shown == text


def test_a_bar_is_missed_by_what_lacks(script: ModuleType) -> None:
    if "economist" in script.__name__:
        assert (script.reached(0.0), script.reached(0.25)) == ("reached", "**missed by 0.25**")
        return
    from hindsight_bars import bars

    result = json.loads((script.RESULTS / "results.json").read_text(encoding="utf-8"))
    ours = result["summary"]["all, graded"]["methods"][script.MAIN]
    best = result["summary"]["all, graded"]["methods"]["geometric mean"]
    ours.update(covers_90=0.75, mae=9.0, crps=0.0)
    best.update(mae=-1.0, crps=0.5)
    lines = [line for line in bars(result).splitlines() if "| all graded targets |" in line]
    assert "0.75 | **missed by 0.05** |" in lines[0]
    assert "9.00; the best is -1.00 (geometric mean) | **missed by 10.00** |" in lines[1]
    assert "(geometric mean) | reached |" not in lines[1]
    assert lines[2].endswith("| reached |")


def test_the_answer_holds_the_truth_from_the_day_after_which_it_never_fails(
    script: ModuleType,
) -> None:
    if "economist" in script.__name__:
        return
    target = {"target": "t", "case": "war", "graded": True, "outcome": "killed", "side": "X",
              "component": "all", "status": "military",
              "start": "2020-01-01", "end": "2020-01-02"}  # fmt: skip
    inside, outside = [[-1.0, 1.0]] * 2, [[0.5, 1.0]] * 2
    rolling = [
        {"target": "t", "days": day, "ends": ends, "error": 0.5}
        for day, ends in ((1, inside), (5, outside), (9, inside), (20, inside))
    ]
    shown = script.soon({"targets": [target], "rolling": rolling}).splitlines()[-1]
    assert "| 1, 5, 9, 20 | day 9 on, and at first |" in shown
    never = script.soon({"targets": [target], "rolling": rolling[:2]}).splitlines()[-1]
    assert "| not in the end, but at first |" in never


def test_a_number_is_shown_with_three_digits(script: ModuleType) -> None:
    assert [script.number(x) for x in (0.0, 7.0, 1234.0, 98_765.0)] == [
        "0", "7", "1,230", "98,800",
    ]  # fmt: skip
