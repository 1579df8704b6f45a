"""Many fits: the same answers anywhere, nothing lost, nothing done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import joblib
import pytest
from hand_made import small_ledger

import bajas
from bajas.batch.reduction import identity
from bajas.batch.run import run_batch
from bajas.batch.task import FitTask
from bajas.batch.worker import fit_and_reduce
from bajas.model.specification import Specification
from bajas.sampler.interface import Settings

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent))
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parent), str(TESTS), os.environ.get("PYTHONPATH", "")]
)  # for worker processes

from reductions import failing, killing, totals, unwritable  # noqa: E402

SHORT = Settings(draws=120, tune=60, chains=2)


def tasks(count: int) -> list[FitTask]:
    """Short fits of a small ledger with different seeds."""
    return [
        FitTask(f"seed {seed}", small_ledger(), Specification(), Settings(120, 60, 2, seed=seed))
        for seed in range(count)
    ]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# -- tasks and reductions ----------------------------------------------------------------------


def test_a_task_is_known_by_its_content_not_its_name_or_cores() -> None:
    base = FitTask("a", small_ledger(), Specification(), SHORT)
    again = FitTask("b", small_ledger(), Specification(), Settings(120, 60, 2, cores=1))
    assert base.content_hash == again.content_hash
    other = bajas.Model(small_ledger(), bias=bajas.bias.symmetric(0.4))
    for task in (
        FitTask("a", small_ledger(), Specification(), Settings(120, 60, 2, seed=1)),
        FitTask("a", small_ledger(), other.specification, SHORT),
        FitTask("a", small_ledger().as_of("2023-07-01"), Specification(), SHORT),
        FitTask("a", small_ledger(), Specification(), SHORT, "pymc"),
    ):
        assert task.content_hash != base.content_hash


def test_a_task_travels_as_json() -> None:
    task = bajas.Model(small_ledger()).task("a", seed=3, draws=7)
    again = FitTask.from_dict(json.loads(json.dumps(task.as_dict())))
    assert again == task
    assert again.ledger.findings == task.ledger.findings


def test_reductions_are_told_apart_by_source_and_arguments() -> None:
    found = {
        identity(totals),
        identity(failing),
        identity(partial(totals, until="2023-03-31")),
        identity(partial(totals, until="2023-04-30")),
    }
    assert len(found) == 4
    assert identity(partial(totals, until="2023-03-31")) in found


@pytest.mark.parametrize("reduce", [lambda p: {}, "totals", "".join, partial(totals, until=object)])
def test_a_reduction_that_a_worker_could_not_find_is_refused(reduce: object) -> None:
    with pytest.raises(bajas.BajasError, match="reduce"):
        run_batch([], reduce)  # type: ignore[arg-type]


def test_names_and_workers_are_checked() -> None:
    one = tasks(1)
    with pytest.raises(bajas.BajasError, match="two fits of the batch are named 'seed 0'"):
        run_batch(one * 2, totals)
    with pytest.raises(bajas.BajasError, match="workers must be a whole number from 1"):
        run_batch(one, totals, workers=0)
    with pytest.raises(bajas.BajasError, match="needs a name"):
        FitTask("", small_ledger(), Specification())
    with pytest.raises(bajas.BajasError, match="unknown sampler 'gibbs'"):
        FitTask("a", small_ledger(), Specification(), SHORT, "gibbs")


def test_no_tasks_are_no_results() -> None:
    batch = run_batch([], totals)
    assert (dict(batch.results), dict(batch.errors), batch.complete) == ({}, {}, True)
    assert batch.frame().empty


# -- fits --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_answers_are_the_same_on_any_number_of_workers_and_from_disk(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    side_by_side = run_batch(
        tasks(3), totals, folder=tmp_path, workers=2, progress=lambda *a: told.append(a)
    )
    in_line = run_batch(tasks(3), totals, workers=1)
    assert side_by_side == in_line
    assert list(side_by_side.results) == ["seed 0", "seed 1", "seed 2"]
    assert told[0] == ("fits", 0, 3)
    assert told[-2:] == [("fits", 3, 3), ("done", 1, 1)]
    kept = files(tmp_path)
    assert len(kept) == 3
    again = run_batch(tasks(3), totals, folder=tmp_path, workers=2)
    assert again == in_line
    assert files(tmp_path) == kept  # nothing was fitted again
    # and they are the draws of a plain fit
    plain = bajas.Model(small_ledger()).fit(
        seed=1, draws=120, tune=60, chains=2, cores=2, progress=False
    )
    assert in_line.results["seed 1"]["mean"] == totals(plain.draws)["mean"]
    frame = in_line.frame()
    assert list(frame.columns) == ["mean", "q", "of.n"]
    assert frame.loc["seed 1", "of.n"] == 240


@pytest.mark.slow
def test_failures_are_results_with_their_reason(tmp_path: Path) -> None:
    batch = run_batch(tasks(3), failing, folder=tmp_path, workers=1)
    assert dict(batch.results) == {"seed 0": {"seed": 0}, "seed 2": {"seed": 2}}
    assert dict(batch.errors) == {"seed 1": "ValueError: seed 1 is odd"}
    assert run_batch(tasks(3), failing, folder=tmp_path) == batch
    records = [json.loads(content) for content in files(tmp_path).values()]
    assert any("in failing" in record["traceback"] for record in records)
    assert batch.frame().loc["seed 1", "error"] == "ValueError: seed 1 is odd"
    assert "isn't JSON" in run_batch(tasks(1), unwritable, workers=1).errors["seed 0"]


@pytest.mark.slow
def test_a_worker_that_dies_takes_no_other_fit_with_it() -> None:
    batch = run_batch(tasks(4), killing, workers=2)
    assert dict(batch.results) == {f"seed {seed}": {"seed": seed} for seed in (0, 2, 3)}
    assert "worker process died" in batch.errors["seed 1"]


@pytest.mark.slow
def test_a_damaged_result_is_made_anew(tmp_path: Path) -> None:
    first = run_batch(tasks(1), totals, folder=tmp_path, workers=1)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-40])
    assert run_batch(tasks(1), totals, folder=tmp_path, workers=1) == first
    assert json.loads(path.read_bytes())["result"] == first.results["seed 0"]


@pytest.mark.slow
def test_tasks_are_read_only_as_far_as_workers_need() -> None:
    read: list[int] = []
    ahead: list[int] = []

    def made() -> Iterator[FitTask]:
        for task in tasks(8):
            read.append(1)
            yield task

    def watch(stage: str, done: int, total: int) -> None:
        ahead.append(len(read) - done)

    run_batch(made(), failing, workers=2, progress=watch)
    assert len(read) == 8
    assert max(ahead[:-1]) <= 5  # two for each worker, and one just asked for


SCRIPT = """
import sys
sys.path[:0] = {paths!r}
from reductions import slow_totals
from test_batch import tasks
from bajas.batch.run import run_batch
run_batch(tasks(4), slow_totals, folder={folder!r}, workers={workers})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "workers"),
    [
        (signal.SIGKILL, 1),
        pytest.param(signal.SIGKILL, 2, marks=pytest.mark.long),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.long),
    ],
)
def test_a_batch_that_was_stopped_goes_on_and_gives_the_same_answer(
    tmp_path: Path, how: signal.Signals, workers: int
) -> None:
    from reductions import slow_totals

    paths = [str(Path(__file__).parent), str(TESTS)]
    script = SCRIPT.format(paths=paths, folder=str(tmp_path), workers=workers)
    process = subprocess.Popen([sys.executable, "-c", script])
    started = time.monotonic()
    while not any(tmp_path.glob("*.json")) and time.monotonic() - started < 200:
        time.sleep(0.02)
    process.send_signal(how)
    process.wait(60)
    before = {name: kept for name, kept in files(tmp_path).items() if name.endswith(".json")}
    assert 1 <= len(before) < 4
    batch = run_batch(tasks(4), slow_totals, folder=tmp_path, workers=workers)
    assert len(batch.results) == 4
    after = files(tmp_path)
    assert all(after[name] == kept for name, kept in before.items())  # not made again
    assert batch == run_batch(tasks(4), slow_totals, workers=1)


@pytest.mark.slow
def test_an_interrupt_keeps_what_was_done(tmp_path: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if done == 1 and stage == "fits":
            raise KeyboardInterrupt

    batch = run_batch(tasks(4), totals, folder=tmp_path, workers=2, progress=stop)
    assert not batch.complete
    assert len(batch.results) == 1
    assert "interrupted" in repr(batch)
    whole = run_batch(tasks(4), totals, folder=tmp_path, workers=2)
    assert whole.complete
    assert len(whole.results) == 4


@pytest.mark.slow
def test_a_worker_that_is_interrupted_in_its_draws_returns_no_half_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An interrupt reaches the worker too, whose sampler then returns what it had drawn."""
    import bajas.batch.worker as worker

    def cut_short(*given: object, **named: object) -> object:
        from dataclasses import replace

        from hand_made import independent

        return replace(independent(), complete=False)

    monkeypatch.setattr(worker, "fit_posterior", cut_short)
    outcome = fit_and_reduce(tasks(1)[0].as_dict(), totals)
    assert outcome["interrupted"]
    assert outcome["result"] is None


@pytest.mark.slow
def test_the_same_call_runs_on_a_dask_cluster(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None,
            local_directory=str(tmp_path / "dask"),
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):  # fmt: skip
        found = run_batch(tasks(3), totals, folder=tmp_path / "results")
    assert found == run_batch(tasks(3), totals, workers=1)
    assert len(files(tmp_path / "results")) == 3
