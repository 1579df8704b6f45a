"""Planted bugs are caught by the checks that the sampler passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import CHECKS, MUTANTS

pytestmark = pytest.mark.slow

#: Which checks must fail, of those that a bug is put to; the others must not.
CAUGHT_BY = {
    "Jacobian of series dropped": {"jacobian"},
    "Jacobian of biases dropped": {"jacobian"},
    "Jacobian of half-normal scales dropped": {"jacobian", "rotations", "trees"},
    "Jacobian of walls dropped": {"jacobian", "gradient", "second_order"},
    "information doubled in the affine part": {"whitened"},
    "information doubled on the way there alone": {
        *("gradient", "inverse", "whitened", "second_order"),
    },
    "sign of a bias": {"gradient", "jacobian", "whitened", "second_order"},
    "sign of what noise does to series": {"gradient", "second_order"},
    "positions by the map before the rebuild": {"run"},
    "second kick too strong": {"reversible", "second_order"},
    "gradient scaled": {"gradient", "second_order"},
    "rotations always accepted": {"rotations"},
    "leaves of a tree not weighed": {"trees"},
    "the newer half of a tree always taken": {"trees"},
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, dict[str, str]]:
    script = Path(__file__).parents[1] / "mutants.py"
    result = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found: dict[str, dict[str, str]] = json.loads(result.stdout)
    return found


def test_the_sampler_as_it_is_passes_every_check(verdicts: dict[str, dict[str, str]]) -> None:
    assert verdicts["none"] == dict.fromkeys(CHECKS, "")


@pytest.mark.parametrize("bug", CAUGHT_BY)
def test_a_planted_bug_is_caught(verdicts: dict[str, dict[str, str]], bug: str) -> None:
    failed = {check for check, message in verdicts[bug].items() if message}
    assert failed == CAUGHT_BY[bug], verdicts[bug]


def test_a_wrong_information_in_a_map_changes_no_posterior(
    verdicts: dict[str, dict[str, str]],
) -> None:
    found = verdicts["information of series doubled throughout"]
    assert len(found) > 4
    assert not any(found.values()), found


def test_every_bug_has_its_test() -> None:
    assert set(MUTANTS) == {*CAUGHT_BY, "none", "information of series doubled throughout"}
