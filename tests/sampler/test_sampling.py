"""Sampling: reproducible, interruptible, its progress told, and the same by both densities."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bajas
from bajas.errors import NotTrustedError, SamplingError
from bajas.sampler.interface import Settings, trimmed

pytestmark = pytest.mark.slow

ROWS = [
    # one belligerent's running total, an ally's range and a floor, over ten weeks
    ("t1", "staff", "belligerent", "Y", "2023-01-29", "900", "", "", "about"),
    ("t2", "staff", "belligerent", "Y", "2023-02-26", "2100", "", "", "about"),
    ("t3", "staff", "belligerent", "Y", "2023-03-12", "2600", "", "", "about"),
    ("a1", "ally", "ally", "Y", "2023-02-26", "", "1000", "1600", "range"),
    ("n1", "names", "media_investigation", "neutral", "2023-03-12", "700", "", "", "at_least"),
]
SOURCES = [
    {"source": "staff", "kind": "tally"},
    {"source": "ally", "kind": "assessment"},
    {"source": "names", "kind": "register"},
]
SETTINGS = {"draws": 300, "tune": 200, "chains": 2, "seed": 7}


def ledger() -> bajas.Ledger:
    import pandas as pd

    rows = [
        {
            "claim_id": claim_id, "source": source, "source_type": kind, "speaks_for": speaks,
            "side": "X", "component": "all", "outcome": "killed", "start": "2023-01-01",
            "end": end, "published": end, "value": value, "low": low, "high": high,
            "qualifier": qualifier, "url": "https://example.org", "status": "military",
        }
        for claim_id, source, kind, speaks, end, value, low, high, qualifier in ROWS
    ]  # fmt: skip
    return bajas.read_claims(pd.DataFrame(rows), sources=pd.DataFrame(SOURCES))


def digest(fit: bajas.Fit) -> str:
    return hashlib.sha256(fit.draws.field_draws.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def model() -> bajas.Model:
    return bajas.Model(ledger())


@pytest.fixture(scope="module")
def fit(model: bajas.Model) -> bajas.Fit:
    return model.fit(progress=False, cores=2, **SETTINGS)


def test_same_seed_same_draws_with_a_cold_cache_on_one_core(fit: bajas.Fit, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import bajas, test_sampling as t\n"
        "print(t.digest(bajas.Model(t.ledger()).fit(progress=False, cores=1, **t.SETTINGS)))"
    )
    environment = {
        **os.environ,
        "PYTENSOR_FLAGS": f"base_compiledir={tmp_path}/pytensor",
        "NUMBA_CACHE_DIR": f"{tmp_path}/numba",
    }
    result = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == digest(fit)


def test_draws_do_not_depend_on_cores_or_on_draws_before(
    model: bajas.Model, fit: bajas.Fit
) -> None:
    again = model.fit(progress=False, cores=1, **SETTINGS)
    assert digest(again) == digest(fit)


def test_an_interrupt_keeps_what_was_drawn_marked_and_refused(model: bajas.Model) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "draws" and done > 2 * 200 + 200:
            raise KeyboardInterrupt

    settings = {**SETTINGS, "draws": 200_000}
    fit = model.fit(progress=interrupt, **settings)
    assert not fit.draws.complete
    assert 0 < fit.draws.draws < 200_000
    assert np.isfinite(fit.draws.field_draws).all()
    assert any("interrupted" in reason for reason in fit.verdict.reasons)
    with pytest.raises(NotTrustedError):
        fit.cite("killed", side="X")


def test_an_interrupt_before_any_draw_is_an_interrupt(model: bajas.Model) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "pilot":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(progress=interrupt, **SETTINGS)


def test_the_floor_of_a_register_holds_and_progress_tells_its_stages(model: bajas.Model) -> None:
    stages: list[str] = []
    fit = model.fit(
        progress=lambda stage, done, total: stages.append(stage), **{**SETTINGS, "seed": 8}
    )
    assert list(dict.fromkeys(stages)) == ["map", "compile", "pilot", "draws", "done"]
    total = fit.draws.total("killed", "X", expected=True)
    assert np.mean(total > 700 * 0.8) > 0.97


def test_trimming_cuts_to_what_every_chain_has() -> None:
    position = np.zeros((2, 5, 3))
    position[0, 4:] = np.nan
    position[1, 2:] = np.nan
    cut, stats = trimmed(position, {"energy": np.arange(10.0).reshape(2, 5)})
    assert cut.shape == (2, 2, 3)
    assert stats["energy"].tolist() == [[0.0, 1.0], [5.0, 6.0]]


def test_trimming_leaves_out_chains_that_had_not_begun() -> None:
    position = np.full((4, 100, 1), np.nan)
    position[1, :60] = position[3, :50] = 1.0
    cut, stats = trimmed(position, {"chain": np.repeat(np.arange(4.0)[:, None], 100, axis=1)})
    assert cut.shape == (2, 50, 1)
    assert stats["chain"][:, 0].tolist() == [1.0, 3.0]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SamplingError, match="draws"):
        Settings(draws=0)
    with pytest.raises(SamplingError, match="seed"):
        Settings(seed=-1)


@pytest.fixture(scope="module")
def longer(model: bajas.Model) -> dict[str, bajas.Fit]:
    return {
        sampler: model.fit(progress=False, seed=3, draws=1500, sampler=sampler)
        for sampler in ("fused", "pymc")
    }


def test_the_fused_density_and_pymc_give_the_same_posterior(longer: dict[str, bajas.Fit]) -> None:
    estimates = {
        name: fit.total("killed", side="X", levels=[0.9], expected=True)
        for name, fit in longer.items()
    }
    one, other = estimates["fused"], estimates["pymc"]
    assert one.trusted
    assert other.trusted
    assert abs(one.median - other.median) < 4 * np.hypot(one.mcse, other.mcse)
    assert "PyMC" in longer["pymc"].draws.provenance["sampler"]
    assert "fused" in longer["fused"].draws.provenance["sampler"]
    for name in ("path_scale", "noise"):
        first, second = (fit.draws.hyper_draws[name] for fit in longer.values())
        spread = first.std(axis=(0, 1))
        assert np.all(np.abs(first.mean(axis=(0, 1)) - second.mean(axis=(0, 1))) < 0.2 * spread)


def test_pymc_gives_the_same_draws_on_one_core(model: bajas.Model) -> None:
    settings = {**SETTINGS, "draws": 50}
    one = model.fit(progress=False, cores=1, sampler="pymc", **settings)
    two = model.fit(progress=False, cores=2, sampler="pymc", **settings)
    assert digest(one) == digest(two)


def test_an_unknown_sampler_is_refused(model: bajas.Model) -> None:
    with pytest.raises(SamplingError, match="known: fused, pymc"):
        model.fit(sampler="metropolis")  # type: ignore[arg-type]
