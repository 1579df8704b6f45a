"""The page on planted bugs shows the verdicts that were measured."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "planted_bugs_tables.py"
CALIBRATION = "calibration: true values rank uniformly"
PLANTED: dict[str, Any] = {
    "commit": "abc1234", "date": "2026-01-02", "python": "3.13.1",
    "where": {"none": [], "one": ["design.tally"], "two": ["model.family", "model.graph"]},
    "verdicts": {
        "none": {"law": "", "kernel and NumPy agree": "", CALIBRATION: ""},
        "one": {"law": "AssertionError: x", "other": "", "kernel and NumPy agree": "",
                CALIBRATION: "off"},
        "two": {"law": "no", "integral": "no", "kernel and NumPy agree": "off"},
    },
}  # fmt: skip
MUTATION: dict[str, Any] = {
    "commit": "abc1234", "date": "2026-01-02", "machine": "2 cores", "all mutants": 5000,
    "sample": {"mutants": 5, "seed": 3}, "cpu seconds": 12,
    "summary": {
        "all": {"mutants": 4, "killed": 2, "timeout": 1, "survived": 1, "score": 0.75,
                "error": 0.2165},
        "claims": {"mutants": 1, "no tests": 1, "score": 0.0, "error": 0.0},
    },
    "verdicts": {
        "bajas.claims.a.x_f__mutmut_1": {"verdict": "survived", "change": "-    a | b\n+    a"},
        "bajas.claims.a.x_f__mutmut_2": {"verdict": "killed", "by": "t"},
        "bajas.claims.a.x_f__mutmut_3": {"verdict": "no tests", "change": "-x\n+y"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted_bugs_tables", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_bugs_are_shown_with_what_saw_them(script: ModuleType) -> None:
    text = script.model(PLANTED)
    assert "2 bugs. The model as it is passes 3 of 3 checks." in text
    assert "| one | `design.tally` | law | yes | yes |" in text
    assert "| two | `model.family`, `model.graph` | integral; law | not put to it | no |" in text
    assert "Measured on 2026-01-02 at commit abc1234, Python 3.13.1" in text


def test_survivors_are_shown_with_what_was_said_of_them(script: ModuleType) -> None:
    said = {"bajas.claims.a.x_f__mutmut_1": {"kind": "equivalent", "why": "b is never true"}}
    text = script.mutation(MUTATION, said)
    assert "4 of 5,000 mutants, drawn at random" in text
    assert "| all | 4 | 3 | 1 | 75.0 ± 21.6 % |" in text
    assert 'by `make mutation ARGS="--sample 5 --seed 3"`, cut short.' in text
    assert "What survived: 1 equivalent, 1 not looked at." in text
    shown = "`- a \\| b`<br>`+ a`"
    assert f"| `claims.a.x_f__mutmut_1` | {shown} | equivalent | b is never true |" in text
    assert "x_f__mutmut_2" not in text


def test_what_was_not_measured_is_said_to_be(script: ModuleType, tmp_path: Path) -> None:
    found = script.tables(tmp_path)
    assert found["model"] == found["mutation"] == "Not measured."
    assert "| Jacobian of walls dropped | `sampler.biases` |" in found["sampler"]


def test_the_page_is_rewritten_between_its_markers(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted_bugs.json").write_text(json.dumps(PLANTED))
    page = tmp_path / "page.md"
    page.write_text(script.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(script, "PAGE", page)
    monkeypatch.setattr("sys.argv", ["script", "--results", str(tmp_path)])
    script.main()
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Planted bugs\n")
    assert "| one | `design.tally` | law | yes | yes |" in text
    script.main()
    assert page.read_text(encoding="utf-8") == text
