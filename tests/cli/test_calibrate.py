"""The command `bajas calibrate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from exact_posteriors import Exact, linear, quarter

import bajas
from bajas.cli.app import run

ASKED = ("--side", "X", "--outcome", "killed")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fits") / "fit.nc"
    posterior = Exact(quarter(1000, 1500, 2600, 700), linear()).draws(draws=300)
    bajas.Fit(posterior).save(path)
    return path


@pytest.mark.slow
def test_it_counts_saves_the_passport_and_citations_quote_it(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, refits = str(tmp_path / "with.nc"), str(tmp_path / "refits")
    arguments = ["calibrate", str(saved), *ASKED, "--fits", "1", "--workers", "1",
                 "--folder", refits, "--out", out]  # fmt: skip
    assert run(arguments) == 0
    assert "Passport: 1 refit " in capsys.readouterr().out
    assert bajas.load(saved).passport is None
    assert run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(bajas.load(tmp_path / "with.nc").passport.as_dict()))  # type: ignore[union-attr]
    assert run(["cite", str(tmp_path / "with.nc"), *ASKED]) == 0
    assert "Calibration: of 1 truths drawn from this posterior" in capsys.readouterr().out


def test_bad_input_is_refused_before_any_refit(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["calibrate", str(saved), "--side", "Z", "--outcome", "killed"]) == 2
    assert "Z" in capsys.readouterr().err
    assert run(["calibrate", str(saved), *ASKED, "--fits", "0"]) == 2
    assert "whole number from 1" in capsys.readouterr().err
    assert run(["calibrate", str(saved), *ASKED, "--out", "/nowhere/fit.nc"]) == 2
    assert "no such folder" in capsys.readouterr().err
