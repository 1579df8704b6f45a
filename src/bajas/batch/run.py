"""Many fits through one call: worker processes here, or a cluster; resumed, bounded, streamed."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

import joblib
import pandas as pd
from joblib.externals.loky.process_executor import BrokenProcessPool
from joblib.parallel import get_active_backend

from bajas.batch.reduction import Reduce, identity
from bajas.batch.store import Store
from bajas.batch.task import FitTask
from bajas.batch.worker import Outcome, fit_and_reduce
from bajas.errors import BajasError
from bajas.sampler.interface import Progress, silent

#: Tasks that are on their way at once, for each worker.
_WAITING = 2


@dataclass(frozen=True)
class Batch:
    """What came of many fits.

    Parameters
    ----------
    results : mapping of str to dict
        What was kept of each fit that succeeded, by name, in the order of the tasks.
    errors : mapping of str to str
        Why the others failed, by name.
    complete : bool
        False if an interrupt ended the batch; what had been done is here all the same.
    """

    results: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True

    def __repr__(self) -> str:
        state = "" if self.complete else ", interrupted"
        return f"Batch: {len(self.results)} results, {len(self.errors)} errors{state}"

    def frame(self) -> pd.DataFrame:
        """Return the results as a table: a row per fit, dicts inside as columns ``a.b``.

        Failed fits have a row too, with the reason in the column ``error``, which is there only
        if there are any.

        Examples
        --------
        >>> Batch({"a": {"total": {"low": 1, "high": 3}}}, {"b": "SamplingError: no draws"}).frame()
              total.low  total.high                    error
        name
        a           1.0         3.0                      NaN
        b           NaN         NaN  SamplingError: no draws
        """
        rows = [{"name": name, **_flat(result)} for name, result in self.results.items()]
        rows += [{"name": name, "error": text} for name, text in self.errors.items()]
        if not rows:
            return pd.DataFrame(index=pd.Index([], name="name"))
        return pd.DataFrame(rows).set_index("name")


def run_batch(
    tasks: Iterable[FitTask],
    reduce: Reduce,
    *,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Batch:
    """Make many fits and keep of each what a function makes of it.

    Each fit runs in one thread of a worker. Results don't depend on the number of workers or on
    where they run. A fit that fails is a result too, with its reason. An interrupt (Ctrl-C) keeps
    what was done, and the batch says that it is incomplete.

    Parameters
    ----------
    tasks : iterable of FitTask
        The fits, with different names; a generator is read as far as workers need.
    reduce : callable
        What is kept: posterior to a dict of plain data (numbers, texts, lists, dicts; NumPy's
        numbers and arrays, and dates, are converted). A function at the top of a module, or a
        ``functools.partial`` of one with plain arguments.
    folder : str or path-like, optional
        Results are written there as they come, a JSON file each, and a batch that is run again
        takes from there what it finds of the same task (evidence, specification, settings,
        reduction and code of the library). Fits that failed are not tried again; delete their
        file to have them tried.
    workers : int, optional
        Worker processes; by default one per core. On a cluster its workers count.
    progress : callable
        Told ``"fits"``, how many are done, and how many there are (0 if it can't be known yet).

    Returns
    -------
    Batch

    Raises
    ------
    BajasError
        If two tasks have one name, a result can't be written, ``reduce`` can't be told by name or
        ``workers`` isn't a positive number.

    Notes
    -----
    The fits go through :class:`joblib.Parallel`: inside ``joblib.parallel_config(backend="dask")``
    they run on the Dask cluster of the current client.

    At most two tasks for each worker are on their way; nothing is kept of a fit but the dict. What
    a worker needs compiled is compiled once per machine.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise BajasError(f"workers must be a whole number from 1, not {workers!r}")
    reduction = identity(reduce)
    store = None if folder is None else Store(folder, reduction)
    return _Run(tasks, reduce, store, workers, progress).batch()


class _Run:
    """One run of a batch."""

    def __init__(
        self,
        tasks: Iterable[FitTask],
        reduce: Reduce,
        store: Store | None,
        workers: int | None,
        progress: Progress,
    ) -> None:
        self._tasks, self._reduce, self._store = tasks, reduce, store
        self._workers, self._progress = workers, progress
        self._total = len(tasks) if isinstance(tasks, Sized) else 0
        self._order: dict[str, None] = {}
        self._sent: dict[str, FitTask] = {}  # on their way
        self._results: dict[str, dict[str, Any]] = {}
        self._errors: dict[str, str] = {}
        self._failure: BaseException | None = None

    def batch(self) -> Batch:
        """Make the fits."""
        complete = True
        if isinstance(self._tasks, Sequence):
            _different_names(self._tasks)
        try:
            self._report()
            todo = self._todo()
            while not self._run(todo, self._workers):
                # A worker died (killed, out of memory) with several fits on their way: each of
                # them alone now, and one that kills its worker again is a failure. Two workers,
                # of which one has nothing to do: with one, joblib would fit in this process.
                for task in list(self._sent.values()):
                    if not self._run(iter([task]), 2):
                        self._keep(task, _lost(task.name))
        except KeyboardInterrupt:
            complete = False
        if self._failure is not None:
            raise self._failure
        self._progress("done", 1, 1)
        return Batch(
            {name: self._results[name] for name in self._order if name in self._results},
            {name: self._errors[name] for name in self._order if name in self._errors},
            complete,
        )

    def _todo(self) -> Iterator[FitTask]:
        """Go through the tasks, taking from the folder what is there.

        What goes wrong here is kept and raised later: joblib would lose it, since it reads tasks
        in a thread of its own.
        """
        try:
            for task in self._tasks:
                if task.name in self._order:
                    raise _twice(task.name)
                self._order[task.name] = None
                found = None if self._store is None else self._store.read(task)
                if found is None:
                    yield task
                elif found["error"] is not None:
                    self._errors[task.name] = found["error"]
                else:
                    self._results[task.name] = found["result"]
        except Exception as error:
            self._failure = error

    def _run(self, tasks: Iterator[FitTask], workers: int | None) -> bool:
        """Run tasks; return False if a worker died."""
        parallel = joblib.Parallel(
            n_jobs=_jobs(workers),
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch=f"{_WAITING} * n_jobs",
        )
        found = parallel(self._calls(tasks))
        try:
            for outcome in found:
                task = self._sent[outcome["name"]]
                if outcome["interrupted"]:
                    raise KeyboardInterrupt
                self._keep(task, outcome)
        except BrokenProcessPool:
            return False
        finally:
            with warnings.catch_warnings():
                # joblib warns of calls that were cancelled, which is what an interrupt is for
                warnings.simplefilter("ignore", UserWarning)
                found.close()
        return True

    def _calls(self, tasks: Iterator[FitTask]) -> Iterator[tuple[Callable[..., Any], Any, Any]]:
        for task in tasks:
            self._sent[task.name] = task
            yield joblib.delayed(fit_and_reduce)(task.as_dict(), self._reduce)

    def _keep(self, task: FitTask, outcome: Outcome) -> None:
        if self._store is not None:
            self._store.write(task, outcome)
        if outcome["error"] is not None:
            self._errors[task.name] = outcome["error"]
        else:
            self._results[task.name] = outcome["result"] or {}
        self._sent.pop(task.name, None)
        self._report()

    def _report(self) -> None:
        self._progress("fits", len(self._results) + len(self._errors), self._total)


def _jobs(workers: int | None) -> int:
    """Return how many workers joblib is told to use; a cluster has as many as it has."""
    if workers is not None:
        return workers
    _, configured = get_active_backend()
    return int(joblib.cpu_count() if configured is None else configured)


def _different_names(tasks: Sequence[FitTask]) -> None:
    counts = Counter(task.name for task in tasks)
    for name, count in counts.items():
        if count > 1:
            raise _twice(name)


def _twice(name: str) -> BajasError:
    return BajasError(f"two fits of the batch are named {name!r}; give each a name of its own")


def _lost(name: str) -> Outcome:
    return Outcome(
        name=name,
        result=None,
        error="WorkerLost: its worker process died (killed, or out of memory)",
        traceback="",
        interrupted=False,
        seconds=0.0,
        cpu_seconds=0.0,
        versions={},
    )


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
