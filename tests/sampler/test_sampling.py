"""Sampling: reproducible, interruptible, told in stages, mended where its map is off."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sampler_checks as checks

import bajas
from bajas.errors import NotTrustedError, SamplingError
from bajas.sampler import kernel_arrays, nuts, stages
from bajas.sampler.interface import Settings, silent, trimmed
from bajas.sampler.interrupts import INSISTENT, held_interrupts
from bajas.sampler.map import Map, map_from_draws
from bajas.sampler.stages import is_off, sample_in_stages

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
LONG = {**SETTINGS, "draws": 200_000}

#: Of subprocesses, which need the helpers of tests too.
PATHS = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


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
    result = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        env={**PATHS, "NUMBA_CACHE_DIR": str(tmp_path / "numba")},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == digest(fit)
    assert list((tmp_path / "numba").rglob("*.nbc"))  # it was cold, and isn't now


def refused_by_a_full_disk() -> None:
    """What the subprocess below runs: files hold few bytes here, and nothing is compiled yet."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    with pytest.raises(SamplingError, match=r"compiled code on disk.*NUMBA_CACHE_DIR"):
        bajas.Model(ledger()).fit(progress=False, **SETTINGS)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="no such limit here")
def test_a_disk_that_is_full_before_anything_is_compiled_is_a_plain_error(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_sampling as t; t.refused_by_a_full_disk()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        env={**PATHS, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert left == ["bajas-sampler-sources.sha256"]  # nothing half-written


def test_draws_do_not_depend_on_cores_or_on_draws_before(
    model: bajas.Model, fit: bajas.Fit
) -> None:
    again = model.fit(progress=False, cores=1, **SETTINGS)
    assert digest(again) == digest(fit)
    assert digest(model.fit(progress=False, **{**SETTINGS, "seed": 8})) != digest(fit)


STAGES = ["compile", "map", "pilot", "warm-up", "draws", "done"]


def test_progress_tells_its_stages_in_order(model: bajas.Model) -> None:
    told: list[tuple[str, int, int]] = []
    model.fit(progress=lambda *where: told.append(where), **SETTINGS)
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == STAGES
    assert all(0 <= done <= total for _, done, total in told)
    for stage in ("pilot", "warm-up", "draws"):
        counts = [done for name, done, _ in told if name == stage]
        assert counts == sorted(counts)
        assert counts[-1] == [total for name, _, total in told if name == stage][-1]


@pytest.mark.parametrize("where", ["compile", "map", "pilot", "warm-up", "draws"])
def test_an_interrupt_before_any_draw_is_an_interrupt(model: bajas.Model, where: str) -> None:
    """As soon as the stage is told of, and in chains that run while it is."""
    before = threading.active_count()

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == where:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(progress=interrupt, **SETTINGS)
    assert threading.active_count() == before


@pytest.mark.parametrize("where", ["pilot", "warm-up"])
def test_an_interrupt_of_running_chains_stops_them(model: bajas.Model, where: str) -> None:
    before, seen = threading.active_count(), []

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == where and done > 0:
            seen.append(done)
            raise KeyboardInterrupt

    settings = {**SETTINGS, "tune": 100_000} if where == "warm-up" else SETTINGS
    with pytest.raises(KeyboardInterrupt):
        model.fit(progress=interrupt, **settings)
    assert seen
    assert threading.active_count() == before


def check_incomplete(fit: bajas.Fit) -> None:
    assert not fit.draws.complete
    assert 0 < fit.draws.draws < LONG["draws"]
    assert np.isfinite(fit.draws.field_draws).all()
    assert any("interrupted" in reason for reason in fit.verdict.reasons)
    with pytest.raises(NotTrustedError):
        fit.cite("killed", side="X")


def test_an_interrupt_of_the_draws_keeps_them_marked_and_refused(
    model: bajas.Model, fit: bajas.Fit
) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        # the chains adapt first, for half of what is asked for
        if stage == "draws" and done > SETTINGS["chains"] * (SETTINGS["tune"] // 2 + 400):
            raise KeyboardInterrupt

    stopped = model.fit(progress=interrupt, **LONG)
    check_incomplete(stopped)
    # what was drawn before the interrupt is what would have been drawn without
    common = min(stopped.draws.draws, fit.draws.draws)
    kept, whole = (item.draws.field_draws[:, :common] for item in (stopped, fit))
    assert common > 0
    # of chains of unequal length only the longer may be kept: either can be
    for chain in kept:
        assert any(np.array_equal(chain, other) for other in whole)


def interrupted_by_signal() -> None:
    """What the subprocess below runs: an endless fit, which says when it draws."""
    said = False

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal said
        if stage == "draws" and done > SETTINGS["chains"] * (SETTINGS["tune"] // 2 + 400):
            if not said:
                print("drawing", flush=True)
            said = True

    check_incomplete(bajas.Model(ledger()).fit(progress=tell, **LONG))
    print("kept", flush=True)


def test_sigint_while_drawing_keeps_the_draws() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_sampling as t; t.interrupted_by_signal()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        env=PATHS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "drawing"
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out.strip()) == (0, "kept"), err


def test_interrupts_while_chains_finish_lose_nothing(
    model: bajas.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second and third come while a chain is in a stretch that takes its time."""
    stopping, whole = threading.Event(), nuts.run
    sent: list[float] = []

    def slow(*arguments: object) -> None:
        whole(*arguments)
        if stopping.is_set():
            time.sleep(0.5)

    def again() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "draws" and done > SETTINGS["chains"] * (SETTINGS["tune"] // 2 + 400):
            stopping.set()
            for seconds in (0.1, 0.2):
                threading.Timer(seconds, again).start()
            raise KeyboardInterrupt

    monkeypatch.setattr(nuts, "run", slow)
    check_incomplete(model.fit(progress=interrupt, **LONG))
    assert len(sent) == 2


def test_who_insists_is_obeyed() -> None:
    before, sent = signal.getsignal(signal.SIGINT), 0
    with pytest.raises(KeyboardInterrupt), held_interrupts():  # noqa: PT012
        while sent < 10:
            sent += 1
            signal.raise_signal(signal.SIGINT)
    assert sent == INSISTENT
    assert signal.getsignal(signal.SIGINT) is before


def test_the_floor_of_a_register_holds(fit: bajas.Fit) -> None:
    total = fit.draws.total("killed", "X", expected=True)
    assert np.mean(total > 700 * 0.8) > 0.97


# -- a map that is off ------------------------------------------------------------------------


def test_draws_that_are_not_standard_normal_say_that_the_map_is_off() -> None:
    drawn = np.random.default_rng(1).standard_normal((4, 60, 5))
    assert not is_off(drawn)
    assert is_off(drawn + np.array([0, 0, 2.0, 0, 0]))
    assert is_off(drawn * np.array([1, 1, 1, 3.0, 1]))
    assert is_off(drawn * np.array([1, 0.3, 1, 1, 1]))
    # chains that have yet to come together say nothing about the map
    apart = drawn + np.array([-3.0, -1, 1, 3])[:, None, None]
    assert not is_off(apart)


def test_a_map_that_is_off_is_mended_and_the_answer_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = checks.schools()
    settings = Settings(draws=1500, tune=300, chains=4, cores=2, seed=2)
    plain = sample_in_stages(made, settings, silent)
    assert plain.timings["warm-up rounds"] == 1

    def bad_map(*args: Any, **options: Any) -> Map:
        item = map_from_draws(*args, **options)
        moved = replace(
            item.affine, centre=item.affine.centre + 4 * item.affine.scale,
            scale=6 * item.affine.scale,
        )  # fmt: skip
        return replace(item, affine=moved)

    monkeypatch.setattr(stages, "map_from_draws", bad_map)
    mended = sample_in_stages(made, settings, silent)
    assert mended.timings["warm-up rounds"] > 1
    for drawn in (plain, mended):
        levels = checks.school_levels(made, drawn.position).reshape(-1, 4)
        checks.check_uniform(levels, checks.SCHOOL_NAMES)


def test_long_rotations_where_the_map_stays_off_draw_from_the_same_posterior(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = checks.schools()
    settings = Settings(draws=1500, tune=300, chains=4, cores=2, seed=3)
    plain = sample_in_stages(made, settings, silent)
    monkeypatch.setattr(stages, "is_off", lambda whitened: True)
    patient = sample_in_stages(made, settings, silent)
    assert patient.timings["warm-up rounds"] == stages.MOST_ROUNDS
    assert patient.timings["draws gradients"] > 1.3 * plain.timings["draws gradients"]
    levels = checks.school_levels(made, patient.position).reshape(-1, 4)
    checks.check_uniform(levels, checks.SCHOOL_NAMES)


# -- what comes out ---------------------------------------------------------------------------


def test_statistics_belong_to_the_draws(model: bajas.Model) -> None:
    settings = Settings(draws=50, tune=100, chains=2, cores=2, seed=3)
    found = sample_in_stages(model.representation, settings, silent)
    assert found.position.shape == (2, 50, model.representation.size)
    for name in ("diverging", "energy", "n_steps", "logp"):
        assert found.stats[name].shape == (2, 50)
    assert found.stats["diverging"].dtype == bool
    assert np.all(found.stats["energy"] > -found.stats["logp"])
    # gradients are charged to the stage that took them
    assert found.timings["draws gradients"] == found.stats["n_steps"].sum()
    assert found.timings["pilot gradients"] > 0
    assert found.timings["warm-up gradients"] > 0


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


def test_what_the_fused_density_lacks_is_sampled_by_pymc_with_a_warning(
    model: bajas.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_arrays, "lacking", lambda made: ["terms of structure 'ring' (r)"])
    settings = {**SETTINGS, "draws": 50}
    with pytest.warns(UserWarning, match=r"lacks terms of structure 'ring' \(r\): .* PyMC"):
        fallen = model.fit(progress=False, **settings)
    assert "PyMC" in fallen.draws.provenance["sampler"]
    assert digest(fallen) == digest(model.fit(progress=False, sampler="pymc", **settings))


def test_errors_of_other_degrees_of_freedom_are_named_as_lacking(model: bajas.Model) -> None:
    assert kernel_arrays.lacking(model.representation) == []
    other = replace(model.representation, degrees_of_freedom=7.0)
    assert kernel_arrays.lacking(other) == ["errors with 7 degrees of freedom"]


def test_the_sampler_is_named(fit: bajas.Fit) -> None:
    assert "fused" in fit.draws.provenance["sampler"]


def test_pymc_gives_the_same_draws_on_one_core(model: bajas.Model) -> None:
    settings = {**SETTINGS, "draws": 50}
    one = model.fit(progress=False, cores=1, sampler="pymc", **settings)
    two = model.fit(progress=False, cores=2, sampler="pymc", **settings)
    assert digest(one) == digest(two)


def test_an_unknown_sampler_is_refused(model: bajas.Model) -> None:
    with pytest.raises(SamplingError, match="known: fused, pymc"):
        model.fit(sampler="metropolis")  # type: ignore[arg-type]
