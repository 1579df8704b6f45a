"""What the answer would have been on each date, in one call with progress on the terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bajas.answers.interval import LEVELS
from bajas.checks.vintages import Vintages
from bajas.checks.vintages import vintages as _vintages
from bajas.ledger.ledger import Ledger
from bajas.model.specification import Specification
from bajas.sampler.interface import Progress, Settings
from bajas.workflow.progress import progress_of


def vintages(
    ledger: Ledger,
    dates: Sequence[str | date],
    quantities: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    specification: Specification | Mapping[str | date, Specification] | None = None,
    seed: int = 0,
    draws: int = Settings.draws,
    tune: int = Settings.tune,
    chains: int = Settings.chains,
    levels: Sequence[float] = LEVELS,
    folder: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | Progress = True,
) -> Vintages:
    """Return what answers would have been on each date, and where their changes came from.

    On each date the model is fitted to the claims published by then; between two dates it is
    fitted after the revisions alone, and under each specification if it changed. So each change of
    a median is split into revisions, new claims, the model, and added days, each with its Monte
    Carlo error; see :func:`bajas.checks.vintages.vintages` for what counts as what.

    Parameters
    ----------
    ledger : Ledger
        All claims, with the day on which each was published.
    dates : sequence of str or datetime.date
        ISO dates.
    quantities : mapping or sequence of mappings
        What is asked: ``outcome``, ``side`` and, if need be, ``component``, ``since``, ``until``.
        Without ``until`` it is the last day that claims covered on each date.
    specification : Specification or mapping of date to Specification, optional
        One model, or that which was in use from each date on.
    seed, draws, tune, chains
        As in :meth:`Model.fit`.
    levels : sequence of float
        Of the central intervals.
    folder, workers, progress
        As in :func:`bajas.fit_many`.

    Returns
    -------
    Vintages
        ``frame()``, ``data`` (xarray), ``changes`` (table), ``plot()``.

    Raises
    ------
    BajasError
        If a date or quantity is malformed, no claim was published by a date, or a fit failed.

    Examples
    --------
    ::

        import bajas

        ledger = bajas.datasets.russia_ukraine_2023()
        found = bajas.vintages(
            ledger,
            ["2023-02-24", "2023-07-01", "2023-08-07"],
            {"outcome": "killed", "side": "RU", "component": "all-ldnr", "until": "2022-12-31"},
            seed=1,
        )
        found.frame()
        found.changes
        found.plot().figure.savefig("vintages.png")
    """
    report = progress_of(progress, "fits")
    settings = Settings(draws=draws, tune=tune, chains=chains, cores=1, seed=seed)
    return _vintages(
        ledger, dates, quantities, specification=specification, settings=settings, levels=levels,
        folder=folder, workers=workers, progress=report,
    )  # fmt: skip
