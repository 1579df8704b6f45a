"""Coverage: intervals hold simulated truths as often as they say, and the count is right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

import bajas
from bajas.checks.coverage import LEVELS, Coverage, _rows, main, measure_coverage
from bajas.checks.scenarios import SCENARIOS, Target
from bajas.checks.told import summary_of_told
from bajas.sampler.interface import Settings

NEW = (
    "evidence kinds", "ambiguous definition", "two forces", "moving ratio", "equipment",
    "covariate", "two sides",
)  # fmt: skip


def counted(held: int, fits: int = 100) -> Coverage:
    """A coverage in which so many intervals of level 0.9 hold the truth."""
    row = {"target": "all", "level": 0.9, "held": held, "share": held / fits,
           "mcse": float(np.sqrt(0.09 / fits)), "width": 2.0, "error": 0.0}  # fmt: skip
    return Coverage("baseline", "a test", True, 0, fits, 0, 0, (row,), {})


def test_a_share_is_judged_by_its_monte_carlo_error() -> None:
    assert counted(85).beyond() == ()
    assert "80 of 100 intervals of level 0.9" in counted(80).beyond()[0]
    assert counted(90).share("all", 0.9) == (0.9, pytest.approx(0.03))
    with pytest.raises(bajas.BajasError, match=r"no coverage of 'all' at level 0\.5"):
        counted(90).share("all", 0.5)
    assert "Monte Carlo error at 0.9: 0.030" in str(counted(90))


def test_intervals_around_the_truth_are_counted() -> None:
    targets = (Target("total"), Target("bias", bias_of="staff"))
    truths = {str(i): {"total": 100.0, "bias": 0.5} for i in range(4)}
    ends = [[90.0, 120.0], [100.0, 130.0], [101.0, 140.0], [20.0, 99.0]]
    results = {
        str(i): {
            "ends": {"total": [ends[i]], "bias": [[0.4, 0.4 + 0.05 * i]]},
            "median": {"total": 110.0, "bias": 0.6},
        }
        for i in range(4)
    }
    total, bias = _rows(targets, [0.9], truths, results)
    assert (total["held"], total["share"]) == (2, 0.5)
    assert total["error"] == pytest.approx(np.log(1.1))
    assert (bias["held"], bias["error"]) == (2, pytest.approx(0.1))
    assert bias["width"] == pytest.approx(0.075)


def test_what_fits_tell_is_counted() -> None:
    quiet = {
        "findings": ["one-source"], "collusion": [], "surprising": 0, "observations": 20,
        "least": 0.02, "odd": "staff", "driven_by": "", "matters": "bias prior",
        "widest": [90.0, 130.0], "sources": [95.0, 125.0],
    }  # fmt: skip
    loud = {
        **quiet, "findings": ["one-source", "sources-agree-too-well"],
        "collusion": [["paper", "staff"]], "surprising": 2, "least": 1e-5, "driven_by": "bias",
    }  # fmt: skip
    found = summary_of_told([quiet, loud], [92.0, 200.0])
    assert found["findings"] == {"one-source": 1.0, "sources-agree-too-well": 0.5}
    assert list(found["says"].values()) == [0.5, 0.5, 0.5]
    assert found["collusion"] == {"paper and staff": 0.5}
    assert found["odd"] == {"staff": 0.5}  # the quiet fit surprises nobody
    assert found["driven_by"] == {"bias": 0.5, "nothing": 0.5}
    assert found["held"] == {"bias priors": 0.5, "sources left out": 0.0}


def test_malformed_questions_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(bajas.BajasError, match="whole number from 1"):
        measure_coverage("baseline", 0)
    assert main(["--scenario", "nothing"]) == 2
    assert "no scenario 'nothing'" in capsys.readouterr().err
    assert main(["--list"]) == 0
    assert "undeclared copy large" in capsys.readouterr().out


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say(tmp_path: Path) -> None:
    """Six fits can't show more than that nothing is badly off; N = 200 is `make test-long`."""
    short = Settings(draws=150, tune=150, chains=2)
    found = measure_coverage("baseline", 6, settings=short, folder=tmp_path, workers=1)
    assert found.failed == 0
    assert {row["level"] for row in found.rows} == set(LEVELS)
    for label in {row["target"] for row in found.rows}:
        shares = [found.share(label, level)[0] for level in LEVELS]
        assert shares == sorted(shares)  # wider intervals hold more
    # of 18 intervals of totals at 0.95, three of each fit, half at least hold
    held = [
        row["held"] for row in found.rows if row["level"] == 0.95 and "killed," in row["target"]
    ]
    assert sum(held) >= 9
    # more fits later take those that were made
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    more = measure_coverage("baseline", 7, settings=short, folder=tmp_path, workers=1)
    assert more.fits == 7
    assert all(path.read_bytes() == content for path, content in files.items())


@pytest.mark.slow
def test_the_command_writes_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import bajas.checks.coverage as module

    monkeypatch.setattr(
        module.measure_coverage, "__kwdefaults__",
        {**module.measure_coverage.__kwdefaults__, "settings": Settings(60, 60, 2)},
    )  # fmt: skip
    status = main(["--scenario", "all biased alike large", "--fits", "2", "--ask", "1",
                   "--workers", "1", "--json", str(tmp_path)])  # fmt: skip
    assert status == 0  # nothing is promised of a misspecified scenario
    found = json.loads((tmp_path / "all_biased_alike_large.json").read_text(encoding="utf-8"))
    assert (found["fits"], found["told_of"]) == (2, 1)
    assert set(found["told"]["driven_by"]) <= {"bias", "level", "paths", "splits", "nothing"}
    assert found["versions"]["fits"] == "2 chains of 60 draws"
    assert not found["calibrated"]
    assert "share of intervals that hold the truth, 2 fits" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NEW if name != "ambiguous definition"])
def test_a_short_fit_of_every_feature_succeeds(name: str) -> None:
    """What a fit can't do is a failed fit here; whether intervals are right is `make test-long`."""
    found = measure_coverage(name, 1, settings=Settings(60, 60, 2), workers=1)
    assert found.failed == 0
    assert [row["target"] for row in found.rows[::4]] == [t.label for t in SCENARIOS[name].targets]
    assert all(row["width"] > (0 if row["signed"] else 1) for row in found.rows)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, item in SCENARIOS.items() if item.calibrated])
def test_coverage_at_sixty_fits(name: str) -> None:
    """For N = 200: `python -m bajas.checks.coverage --scenario NAME --fits 200 --folder runs`."""
    found = measure_coverage(name, 60, seed=1)
    assert found.failed == 0
    # Bonferroni: a scenario whose shares are all right fails with probability 0.001 at most
    chances = [binomtest(row["held"], 60, row["level"]).pvalue for row in found.rows]
    assert min(chances) > 0.001 / len(chances), found.beyond(3)
