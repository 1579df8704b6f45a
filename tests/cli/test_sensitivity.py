"""The commands `bajas sensitivity` and `bajas influence`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from exact_posteriors import Exact, linear, quarter

import bajas
from bajas.cli.app import run


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fits") / "fit.nc"
    posterior = Exact(quarter(1000, 1500, 2600, 700), linear()).draws(draws=300)
    bajas.Fit(posterior).save(path)
    return path


@pytest.mark.parametrize("command", ["sensitivity", "influence"])
def test_it_prints_the_sentence_and_json(
    command: str, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [command, str(saved), "--side", "X", "--outcome", "killed", "--no-refits"]
    assert run(arguments) == 0
    text = capsys.readouterr().out
    assert "Killed, all forces of X" in text
    assert run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sentence"] in text
    assert found["table" if command == "sensitivity" else "claims"]


def test_a_quantity_that_is_not_there_is_bad_input(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sensitivity", str(saved), "--side", "Z", "--outcome", "killed"]) == 2
    assert "Z" in capsys.readouterr().err
