"""The posteriors that are measured, each built by the library itself from claims.

P1       one side's personnel, 2022-02-24 to 2023-08-07: the Ukrainian General Staff's daily totals
         of Russian losses, assessments of the killed and of all casualties, a register's last count
P2       both sides, everything shipped, with the daily totals of personnel and twelve categories of
         equipment over the same days
P2-2026  the same, the daily totals continued to the last day of the files
P3       4,609 reports on 30 types of losses: Radford et al. (2023), as in examples/radford_2023.py
short    P1 of its first 120 days, for continuous integration
simulated-DAYS-CLAIMS-STRATA   claims of simulated.py

    python benchmarks/posteriors.py [P1 P2 ...]       # sizes

The General Staff's files and the reports are read from the folder of downloaded data (BAJAS_DATA).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources, util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from simulated import simulated_ledger

import bajas
from bajas.claims.taxonomy import Taxonomy
from bajas.datasets import data_folder, general_staff_claims
from bajas.design.design import Design
from bajas.model.representation import Representation

NAMES = ("P1", "P2", "P2-2026", "P3", "short")
EQUIPMENT = (
    *("tank", "armoured_vehicle", "artillery", "rocket_launcher", "air_defence", "aircraft"),
    *("helicopter", "drone", "cruise_missile", "ship", "vehicle", "special_equipment"),
)
_GENERAL_STAFF = "ua_general_staff"
_DRAWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Totals:
    """Expected losses over stretches of consecutive cells, each of one stratum.

    Parameters
    ----------
    names : tuple of str
        What each adds up.
    start, stop : ndarray of int
        First cell, last cell + 1.
    """

    names: tuple[str, ...]
    start: np.ndarray
    stop: np.ndarray

    def log1p(self, representation: Representation, field: np.ndarray) -> np.ndarray:
        """Return log(1 + total), shape (..., total), a few draws at a time."""
        flat = field.reshape(-1, field.shape[-1])
        found = np.empty((flat.shape[0], len(self.names)))
        for first in range(0, flat.shape[0], _DRAWS_AT_ONCE):
            some = slice(first, first + _DRAWS_AT_ONCE)
            running = np.cumsum(np.exp(representation.log_intensity(flat[some])), axis=-1)
            running = np.concatenate([np.zeros((running.shape[0], 1)), running], axis=-1)
            found[some] = np.log1p(running[:, self.stop] - running[:, self.start])
        return found.reshape(*field.shape[:-1], -1)


@dataclass(frozen=True, eq=False)
class Case:
    """A posterior to be measured.

    Parameters
    ----------
    name : str
        One of :data:`NAMES`.
    representation : Representation
        What samplers get.
    totals : Totals
        What is counted besides the scalars: the totals of the library's verdict.
    sizes : mapping of str to int or float
        Claims, observations and so on; seconds of building them.
    model : bajas.Model, optional
        The model, where the posterior comes from a ledger.
    """

    name: str
    representation: Representation
    totals: Totals
    sizes: Mapping[str, Any]
    model: bajas.Model | None = None


class NoDataError(RuntimeError):
    """The data of a posterior aren't there."""


def posterior(name: str) -> Representation:
    """Return the representation of a posterior.

    Parameters
    ----------
    name : {"P1", "P2", "P2-2026", "P3", "short"}
        Which.
    """
    return case(name).representation


def case(name: str) -> Case:
    """Return a posterior with what is counted and its sizes.

    Raises
    ------
    NoDataError
        If the downloaded data aren't there.
    """
    if name == "P3":
        return _radford()
    if name.startswith("simulated-"):
        days, claims, strata = map(int, name.split("-")[1:])
        return case_of(name, lambda: simulated_ledger(days, claims, strata))
    makers = {
        "P1": lambda: _one_side("2023-08-07"),
        "P2": lambda: _everything("2023-08-25"),
        "P2-2026": lambda: _everything(None),
        "short": lambda: _one_side("2022-06-23"),
    }
    if name not in makers:
        raise ValueError(f"no posterior {name!r}; known: {', '.join(NAMES)}")
    return case_of(name, makers[name])


def case_of(name: str, make_ledger: Callable[[], bajas.Ledger]) -> Case:
    """Return the case of a ledger, building timed stage by stage.

    Seconds are those of the processor: building runs on one core, and others may use the machine.
    Lists are bounds and biases don't drift: the peers' programs have no curves, and so these are
    the posteriors of which figures were published.
    """
    clock = time.process_time()
    ledger = make_ledger()
    read = time.process_time()
    model = bajas.Model(
        ledger,
        registers=bajas.RegisterPrior(reading="bound"),
        drift=bajas.DriftPrior(on="none"),
    )
    design = model.design
    designed = time.process_time()
    representation = model.representation
    sizes = {
        "claims": len(ledger),
        "days": design.calendar.days,
        "strata": len(design.strata),
        **sizes_of(representation),
        "seconds_read": round(read - clock, 2),
        "seconds_design": round(designed - read, 2),
        "seconds_representation": round(time.process_time() - designed, 2),
    }
    return Case(name, representation, totals_of(design), sizes, model)


def sizes_of(representation: Representation) -> dict[str, int]:
    """Return the sizes of a representation."""
    return {
        "observations": len(representation.names),
        "cells": representation.cell_count,
        "nodes": representation.node_offset.size,
        "parameters": representation.size,
        "hyperparameters": representation.hyper_size,
    }


def totals_of(design: Design) -> Totals:
    """Return the totals of every stratum, month by month and cumulative, as the verdict has them.

    A stratum's months are those of the calendar; the cumulative totals at month ends include that
    of the last day.
    """
    dates = design.calendar.dates()
    months = np.flatnonzero(np.r_[True, dates.month[1:] != dates.month[:-1]])
    ends = np.r_[months[1:], len(dates)]
    names, start, stop = [], [], []
    cell = 0
    for stratum in design.strata:
        size = stratum.last + 1 - stratum.first
        for month, end in zip(months, ends, strict=True):
            until = int(np.clip(end - stratum.first, 0, size))
            if until == 0:
                continue
            label = f"{stratum.label} {dates[int(month)]:%Y-%m}"
            since = int(np.clip(month - stratum.first, 0, size))
            if since < until:
                names.append(f"month {label}")
                start.append(cell + since)
                stop.append(cell + until)
            names.append(f"cumulative {label}")
            start.append(cell)
            stop.append(cell + until)
        cell += size
    return Totals(tuple(names), np.array(start), np.array(stop))


def _folder(name: str) -> Path:
    folder = data_folder()
    if folder is None or not (folder / name).is_dir():
        raise NoDataError(f"no folder {name} of downloaded data; set BAJAS_DATA (see docs)")
    return folder / name


@contextmanager
def _shipped() -> Iterator[tuple[pd.DataFrame, Path, Taxonomy]]:
    place = resources.files("bajas.datasets").joinpath("russia_ukraine_2023")
    with resources.as_file(place) as folder:
        claims = pd.read_csv(folder / "claims.csv", dtype=str, keep_default_na=False)
        yield claims, folder / "sources.csv", Taxonomy.from_json(folder / "taxonomy.json")


def _one_side(until: str) -> bajas.Ledger:
    """Russian personnel: statements about all forces, and a register's count as a floor of them.

    The register lists the dead of all forces but those of Luhansk and Donetsk; what is at least so
    many of them is at least so many of all. Its last count implies the earlier ones.
    """
    daily = general_staff_claims(_folder("general_staff"), until=until)
    with _shipped() as (claims, sources, taxonomy):
        told = claims[
            (claims["side"] == "RU")
            & (claims["published"] <= until)
            & (claims["source"] != _GENERAL_STAFF)
            & (claims["excluded"] == "")
            & (claims["derived_from"] == "")
            & claims["outcome"].isin(["killed", "casualties"])
        ]
        counted = told[told["source"] == "bbc_mediazona_names"]
        counted = counted[counted["component"] == "all-ldnr"].sort_values("end")[-1:]
        told = told[told["component"] == "all"]
        table = pd.concat([daily, told, counted.assign(component="all")]).fillna("")
        return bajas.read_claims(table, sources=sources, taxonomy=taxonomy)


def _everything(until: str | None) -> bajas.Ledger:
    """All shipped claims and the General Staff's daily totals of personnel and equipment."""
    daily = general_staff_claims(
        _folder("general_staff"), outcomes=("casualties", *EQUIPMENT), until=until
    )
    with _shipped() as (claims, sources, taxonomy):
        table = pd.concat([claims, daily]).fillna("")
        return bajas.read_claims(table, sources=sources, taxonomy=taxonomy)


def _radford() -> Case:
    """The example's representation; counted too: each type's total of the period."""
    path = _folder("radford2023")
    script = Path(__file__).parents[1] / "examples" / "radford_2023.py"
    if not script.is_file():
        raise NoDataError(f"no {script.name} in examples/: P3 isn't expressed yet")
    spec = util.spec_from_file_location("radford_2023", script)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules["radford_2023"] = module
    spec.loader.exec_module(module)
    clock = time.perf_counter()
    representation = module.radford_representation(path)
    seconds = round(time.perf_counter() - clock, 2)
    sizes = {**sizes_of(representation), "seconds_build": seconds}
    names = tuple(f"total {name}" for name in module.loss_types(representation))
    return Case("P3", representation, series_totals(representation, names), sizes)


def series_totals(representation: Representation, names: tuple[str, ...]) -> Totals:
    """Return the totals of the stretches of cells with a running sum of their own, by name."""
    edges = np.r_[0, representation.runs.edges, representation.cell_count]
    if len(names) != edges.size - 1:
        raise ValueError(f"{edges.size - 1} series of cells, {len(names)} names")
    return Totals(names, edges[:-1], edges[1:])


def main() -> None:
    """Print the sizes of posteriors."""
    for name in sys.argv[1:] or NAMES:
        try:
            built = case(name)
        except NoDataError as error:
            print(f"{name}: {error}")
            continue
        sizes = ", ".join(f"{key} {value}" for key, value in built.sizes.items())
        print(f"{name}: {sizes}, totals {len(built.totals.names)}")


if __name__ == "__main__":
    main()
