"""Simulated claims are read by the library, and exponents are those of known laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from density import calls, kernel, lower_bound, microseconds
from model_examples import built, every_form
from posteriors import case
from scaling import exponent, exponents, main, table
from simulated import simulated_ledger


def test_a_power_law_has_its_exponent() -> None:
    sizes = [100.0, 1000.0, 10_000.0]
    fitted = exponent(sizes, [3.0 * size**1.5 for size in sizes])
    assert fitted is not None
    assert fitted["exponent"] == pytest.approx(1.5)
    assert fitted["last_step"] == pytest.approx(1.5)
    assert fitted["standard_error"] == pytest.approx(0, abs=1e-6)


def test_the_standard_error_is_that_of_least_squares() -> None:
    from scipy.stats import linregress

    rng = np.random.default_rng(1)
    sizes = np.geomspace(10, 1e4, 6)
    costs = sizes * np.exp(rng.normal(0, 0.2, 6))
    fitted = exponent(list(sizes), list(costs))
    theirs = linregress(np.log(sizes), np.log(costs))
    assert fitted is not None
    assert fitted["exponent"] == pytest.approx(theirs.slope, abs=1e-3)
    assert fitted["standard_error"] == pytest.approx(theirs.stderr, abs=1e-3)


def test_one_size_has_no_exponent() -> None:
    rows = [{"days": 365, "kernel_us": 10.0}, {"days": 730}]
    assert exponents("days", rows) == {}
    assert "365" in table("days", rows, {})


def test_simulated_claims_have_the_size_asked_for() -> None:
    ledger = simulated_ledger(100, 83, 14)
    assert len(ledger) == 83
    assert ledger.sides == ("S1", "S2")
    assert simulated_ledger(100, 83, 14).hash == ledger.hash
    with pytest.raises(ValueError, match="too few"):
        simulated_ledger(100, 20, 14)


def test_simulated_strata_stay_apart() -> None:
    sizes = case("simulated-120-150-14").sizes
    assert sizes["strata"] == 14
    assert sizes["days"] <= 120
    assert sizes["observations"] > 100


def test_the_lower_bound_counts_every_form() -> None:
    representation = built(*every_form())
    found = calls(representation)
    assert found["exp"] > representation.cell_count
    assert found["log1p"] == int(representation.points.sum())
    assert found["lgamma"] == 0


@pytest.mark.slow
def test_the_lower_bound_is_below_the_kernel() -> None:
    representation = built(*every_form())
    assert lower_bound(representation)[0] < microseconds(kernel(representation))


def test_a_run_in_pieces_measures_each_size_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def one(name: str) -> dict[str, float]:
        asked.append(name)
        return {"days": float(name.split("-")[1]), "kernel_us": float(len(asked))}

    file = tmp_path / "scaling.json"
    monkeypatch.setattr("scaling.in_a_process", one)
    monkeypatch.setattr("sys.argv", ["scaling", "--no-draws", "--most", "3", "--json", str(file)])
    for _ in range(5):
        main()
    assert len(asked) == len(set(asked)) == 10  # two of the twelve are the same
    days = json.loads(file.read_text())["sweeps"]["days"]
    assert [row["kernel_us"] for row in days["sizes"]] == [1, 2, 3, 4]
    assert days["exponents"]["kernel_us"]["points"] == 4

    def cut_short(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("scaling.table", cut_short)  # after the first sweep
        with pytest.raises(KeyboardInterrupt):
            main()
    sweeps = json.loads(file.read_text())["sweeps"].values()
    assert [len(found["sizes"]) for found in sweeps] == [4, 4, 4]
    asked.clear()
    monkeypatch.setattr("scaling.commit", lambda *_: "another")
    main()
    assert len(asked) == 3
