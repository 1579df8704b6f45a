"""Many fits in one call, with progress on the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable

from bajas.batch.reduction import Reduce
from bajas.batch.run import Batch, run_batch
from bajas.batch.task import FitTask
from bajas.sampler.interface import Progress
from bajas.workflow.progress import progress_of


def fit_many(
    tasks: Iterable[FitTask],
    reduce: Reduce,
    *,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | Progress = True,
) -> Batch:
    """Make many fits, side by side, and keep of each what a function makes of it.

    Results are the same on any number of workers, here or on a cluster. With a ``folder`` they are
    written there as they come, and a batch that was cut short continues where it stopped. A fit
    that fails is a result too, with its reason. An interrupt (Ctrl-C) keeps what was done.

    Parameters
    ----------
    tasks : iterable of FitTask
        The fits, with different names: :meth:`Model.task` makes one. A generator is read only as
        far as workers need.
    reduce : callable
        What is kept: from a :class:`Posterior` (ask it, or ``bajas.Fit(posterior)``) to a dict of
        plain data. A function at the top of a module, or a ``functools.partial`` of one.
    folder : str or path-like, optional
        For results, one JSON file a fit.
    workers : int, optional
        Worker processes; by default one per core. Inside
        ``joblib.parallel_config(backend="dask")`` the fits run on the Dask cluster of the current
        client instead.
    progress : bool or callable
        True shows progress on standard error, False is silent; a callable is told stage, done
        and total.

    Returns
    -------
    Batch
        ``results`` and ``errors`` by name, ``frame()`` for a table, ``complete``.

    Raises
    ------
    BajasError
        If two tasks have one name, a result can't be written, or an argument is out of range.

    Examples
    --------
    A module of one's own, ``total.py``, says what is kept::

        import bajas

        def total(posterior):
            found = bajas.Fit(posterior).total("killed", side="RU", until="2023-05-27")
            return {"median": found.median, "trusted": posterior.verdict.trusted}

    and the fits are made by a script::

        import bajas
        from total import total

        ledger = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
        priors = [bajas.bias.symmetric(0.3), bajas.bias.symmetric(0.6), bajas.bias.hindsight()]
        tasks = [bajas.Model(ledger, bias=bias).task(bias.name, seed=1) for bias in priors]
        print(bajas.fit_many(tasks, total, folder="priors").frame())
    """
    report = progress_of(progress, "fits")
    return run_batch(tasks, reduce, folder=folder, workers=workers, progress=report)
