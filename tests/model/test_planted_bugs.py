"""Bugs planted in design and model, which the engines of the density share, are caught."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutants_bugs import BUGS, SEEN_BY_CALIBRATION
from mutants_model import AGREEMENT, CALIBRATION, GRAPH, LAWS

Verdicts = dict[str, dict[str, str]]

pytestmark = pytest.mark.slow


def told(*options: str) -> Verdicts:
    """Verdicts of a process in which nothing is compiled."""
    script = Path(__file__).parents[1] / "mutants_model.py"
    result = subprocess.run(
        [sys.executable, str(script), *options],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True, text=True, check=False, timeout=3600,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found: Verdicts = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    return told()


def test_the_model_as_it_is_passes_every_check(verdicts: Verdicts) -> None:
    assert verdicts["none"] == dict.fromkeys((*LAWS, AGREEMENT), "")


@pytest.mark.parametrize("bug", [name for name in BUGS if name != "none"])
def test_a_planted_bug_is_caught_and_the_engines_agree_on_it(verdicts: Verdicts, bug: str) -> None:
    failed = {check for check, message in verdicts[bug].items() if message}
    assert failed == set(BUGS[bug].seen_by), verdicts[bug]
    assert failed
    assert verdicts[bug][AGREEMENT] == ""


@pytest.mark.long
def test_calibration_against_a_world_of_its_own_sees_what_it_can() -> None:
    found = told("--calibration")
    assert found["none"] == dict.fromkeys((*LAWS, AGREEMENT, GRAPH, CALIBRATION), "")
    for name, bug in BUGS.items():
        failed = {check for check, message in found[name].items() if message}
        expected = {*bug.seen_by, *([CALIBRATION] if name in SEEN_BY_CALIBRATION else [])}
        assert failed == expected, (name, found[name])
