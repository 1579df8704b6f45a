"""What a worker does: one fit, reduced where it was drawn, in one thread."""

from __future__ import annotations

import json
import os
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, TypedDict

from threadpoolctl import threadpool_limits

from bajas.batch.reduction import Reduce, plain_text
from bajas.batch.task import FitTask
from bajas.design.build import build_design
from bajas.model.build import build_representation
from bajas.model.replica import with_replica
from bajas.model.withholding import withhold
from bajas.posterior.fitting import fit_posterior
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Settings, silent

#: Draws nothing worth having, but has everything compiled, or read from the disk.
_TINY = Settings(draws=1, tune=1, chains=1, cores=1)

_here = Lock()
_warm = False


class Outcome(TypedDict):
    """What came of a fit: a result, or the text of an error and where it arose."""

    name: str
    result: dict[str, Any] | None
    error: str | None
    traceback: str
    interrupted: bool
    seconds: float
    cpu_seconds: float
    versions: dict[str, str]


def fit_and_reduce(data: Mapping[str, Any], reduce: Reduce) -> Outcome:
    """Make the fit of a task and return what is kept of it; an error is returned, not raised.

    Parameters
    ----------
    data : mapping
        :meth:`FitTask.as_dict`.
    reduce : callable
        Posterior to plain data.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = Outcome(
        name=data["name"],
        result=None,
        error=None,
        traceback="",
        interrupted=False,
        seconds=0.0,
        cpu_seconds=0.0,
        versions={name: version(name) for name in ("bajas", "numpy", "numba")},
    )
    try:
        with threadpool_limits(limits=1):
            task = FitTask.from_dict(data).in_one_thread()
            design = build_design(task.ledger, task.specification.registers.reading)
            representation = build_representation(design, task.specification, task.ledger.sources)
            if task.withhold:
                design = design.withholding(task.withhold)
                representation = withhold(representation, task.withhold)
            if task.replica:
                representation = with_replica(representation, task.replica)
            sampler = named_sampler(task.sampler)
            if task.sampler == "fused":
                _compile_once(sampler, representation)
            posterior = fit_posterior(
                task.ledger, task.specification, task.settings, sampler,
                built=(design, representation),
            )  # fmt: skip
            if posterior.complete:
                found = reduce(posterior)
                if not isinstance(found, dict):
                    raise TypeError(f"reduce must return a dict, not {type(found).__name__}")
                # what is read back from disk is the same as what is returned now
                outcome["result"] = json.loads(plain_text(found))
            else:
                outcome["interrupted"] = True
    except KeyboardInterrupt:
        outcome["interrupted"] = True
    except Exception as error:
        outcome["error"] = f"{type(error).__name__}: {error}"
        outcome["traceback"] = traceback.format_exc()
    outcome["seconds"] = time.perf_counter() - wall
    outcome["cpu_seconds"] = time.process_time() - cpu
    return outcome


def _compile_once(sampler: Any, representation: Any) -> None:
    """Compile, or load what is compiled, while no other worker of this machine does.

    A worker that comes when the sampler has never been compiled here takes a minute; those that
    wait for it then read from disk what it has compiled.
    """
    global _warm
    with _here:
        if not _warm:
            with _alone():
                sampler(representation, _TINY, silent)
            _warm = True


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock that processes of one user share; where there are no such locks, hold none."""
    try:
        import fcntl
    except ImportError:  # on Windows workers compile side by side
        yield
        return
    path = Path(tempfile.gettempdir()) / f"bajas-compile-{os.getuid()}.lock"
    # not through a link that another user may have put there
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
