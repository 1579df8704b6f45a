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


def test_a_number_is_shown_with_three_digits(script: ModuleType) -> None:
    assert [script.number(x) for x in (0.0, 7.0, 1234.0, 98_765.0)] == [
        "0", "7", "1,230", "98,800",
    ]  # fmt: skip
