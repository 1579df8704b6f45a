"""What is killed (SIGKILL) at any stage leaves nothing half done, and the next run works.

A process of its own forks one for each stage, which fits and kills itself there: nothing in it can
tidy up, as when a machine is out of memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_made import small_ledger

import bajas
from bajas.batch import worker
from bajas.batch.run import Batch, run_batch
from bajas.batch.task import FitTask
from bajas.model.specification import Specification
from bajas.posterior.fitting import fit_posterior
from bajas.sampler.interface import Settings

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent))

from reductions import totals  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes that fork here"),
]

SHORT = {"draws": 120, "tune": 60, "chains": 2, "seed": 5}


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Callable[[], Any]) -> None:
    """Do it in a process that must be killed on the way."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it came to its end"
    assert os.WTERMSIG(status) == signal.SIGKILL


def at(stage: str, running: bool) -> Callable[[str, int, int], None]:
    """A progress display that kills when a stage is told of, or while its chains run."""

    def tell(name: str, done: int, total: int) -> None:
        if name == stage and (done > 0 or not running):
            die()

    return tell


def run_in_process(what: str, folder: Path, **variables: str) -> str:
    """Call a function of this file in a process of its own; return what it prints."""
    code = "import sys; sys.path[:0] = sys.argv[1:3]; import test_killed as t\n"
    paths = [str(Path(__file__).parent), str(TESTS)]
    (folder / "tmp").mkdir()
    result = subprocess.run(
        [sys.executable, "-c", f"{code}t.{what}(t.Path(sys.argv[3]))", *paths, str(folder)],
        env={**os.environ, "TMPDIR": str(folder / "tmp"), **variables},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


# -- a fit -------------------------------------------------------------------------------------


def digest(fit: bajas.Fit) -> str:
    return hashlib.sha256(fit.draws.field_draws.tobytes()).hexdigest()


def fitted() -> bajas.Fit:
    return bajas.Model(small_ledger()).fit(progress=False, **SHORT)


def fit_that_is_not_killed(folder: Path) -> None:
    print(digest(fitted()))


def fits_that_are_killed(folder: Path) -> None:
    """Killed at each stage and while saving over an older file; at last one that is not."""
    undisturbed = digest(fitted())  # which loads what is compiled, for all that is forked
    target, model = folder / "fit.nc", bajas.Model(small_ledger())
    target.write_bytes(b"older")
    for stage, running in (
        ("compile", False), ("map", False), ("pilot", True), ("warm-up", True), ("draws", True)
    ):  # fmt: skip
        tell, long = at(stage, running), {"warm-up": {"tune": 20_000}, "draws": {"draws": 50_000}}
        settings = {**SHORT, **long.get(stage, {})}
        killed(lambda tell=tell, of=settings: model.fit(progress=tell, **of).save(target))
        assert sorted(os.listdir(folder)) == ["fit.nc", "tmp"], stage
        assert target.read_bytes() == b"older"
        assert os.listdir(folder / "tmp") == []
    fit = fitted()

    def cut_off() -> None:
        os.replace = die  # type: ignore[assignment]  # all is written, and hasn't its name yet
        fit.save(target)

    killed(cut_off)
    assert target.read_bytes() == b"older"
    (part,) = set(os.listdir(folder)) - {"fit.nc", "tmp"}
    assert part.endswith(".part")
    fit.save(target)
    assert digest(bajas.load(target)) == undisturbed
    print("whole")


@pytest.mark.long
def test_a_fit_that_is_killed_at_any_stage_leaves_files_as_they_were(tmp_path: Path) -> None:
    assert run_in_process("fits_that_are_killed", tmp_path) == "whole"


@pytest.mark.long
def test_a_kill_while_the_sampler_is_compiled_leaves_a_cache_that_works(tmp_path: Path) -> None:
    """Killed when the first, tenth and twentieth compiled function has come to the cache."""
    cache = tmp_path / "numba"
    code = "import sys; sys.path[:0] = sys.argv[1:3]; import test_killed as t; t.fitted()"
    for count in (1, 10, 20):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(Path(__file__).parent), str(TESTS)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        ) as child:
            while child.poll() is None and len(list(cache.rglob("*.nbc"))) < count:
                time.sleep(0.01)
            child.kill()
        assert child.returncode == -signal.SIGKILL
    told = run_in_process("fit_that_is_not_killed", tmp_path, NUMBA_CACHE_DIR=str(cache))
    assert told == digest(fitted())


# -- a batch -----------------------------------------------------------------------------------


def batch(folder: Path | None, **options: Any) -> Batch:
    tasks = [
        FitTask(f"seed {seed}", small_ledger(), Specification(), Settings(120, 60, 2, seed=seed))
        for seed in range(2)
    ]
    return run_batch(tasks, totals, folder=folder, workers=1, **options)


def results(folder: Path) -> dict[str, str]:
    """Results in the folder, each of which must be a whole one."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    for text in found.values():
        assert json.loads(text)["result"]["of"] == {"n": 240}
    return found


def batches_that_are_killed(folder: Path) -> None:
    """Killed in and between two fits and in the writing of each; at last one that is not."""

    def in_the_draws(folder: Path) -> None:
        def fit(*arguments: Any, **named: Any) -> Any:
            return fit_posterior(*arguments, **named, progress=at("draws", True))

        worker.fit_posterior = fit
        batch(folder)

    def in_the_writing(folder: Path) -> None:
        os.replace = die  # type: ignore[assignment]
        batch(folder)

    def between_two(folder: Path) -> None:
        batch(folder, progress=lambda stage, done, total: die() if done == 1 else None)

    undisturbed = batch(None)
    done: dict[str, str] = {}
    where = folder / "results"
    for kill, count in (
        (in_the_draws, 0), (in_the_writing, 0), (between_two, 1),
        (in_the_draws, 1), (in_the_writing, 1),
    ):  # fmt: skip
        killed(lambda kill=kill: kill(where))
        found = results(where)
        assert len(found) == count, kill
        assert done.items() <= found.items()  # what was there stays as it was
        done = found
    last = batch(where)
    assert done.items() <= results(where).items()
    assert last == undisturbed
    print("whole")


def test_a_batch_that_is_killed_at_any_stage_goes_on_from_whole_results(tmp_path: Path) -> None:
    assert run_in_process("batches_that_are_killed", tmp_path) == "whole"
