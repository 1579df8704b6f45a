"""What a saved fit keeps of its model, so that a later version can still answer from its draws.

A version that reads claims otherwise, or builds another model of them, can't rebuild what the draws
are draws of. The design, as data, and the linear maps from the draws to losses and biases are
therefore in the file: with them totals, paths, probabilities, shares and the draws themselves are
what they were. What needs the model itself (citations, predictions, refits) is refused, with the
name of the version that has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NoReturn

import numpy as np
from scipy import sparse

from bajas.claims.claim import Window
from bajas.claims.taxonomy import Taxonomy
from bajas.design.calendar import Calendar
from bajas.design.design import Design
from bajas.design.observation import ListState, Observation, Stream
from bajas.design.stratum import Stratum
from bajas.design.tally import Merge
from bajas.errors import FileFormatError
from bajas.ledger.ledger import Ledger
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.posterior import Group, Posterior
from bajas.posterior.verdict import Verdict

#: Matrices of the representation that are kept: from the draws to losses and to biases.
MATRICES = ("node_design", "interpolation", "reporting", "effects")


# -- the design as data ------------------------------------------------------------------------


def design_data(design: Design) -> dict[str, Any]:
    """Return a design as plain data for JSON; its taxonomy and claims are the ledger's."""
    return {
        "calendar": [design.calendar.first_day.isoformat(), design.calendar.last_day.isoformat()],
        "strata": [
            {
                **_slots(stratum),
                "component_members": sorted(stratum.component_members),
                "outcome_members": sorted(stratum.outcome_members),
            }
            for stratum in design.strata
        ],
        "streams": [_slots(stream) for stream in design.streams],
        "observations": [
            {
                **_slots(o),
                "window": _window_data(o.window),
                "counted": None if o.counted is None else o.counted.isoformat(),
                "before": [[_window_data(s.window), s.counted.isoformat()] for s in o.before],
            }
            for o in design.observations
        ],
        "left_out": dict(design.left_out),
        "statements": [claim.claim_id for claim in design.statements],
        "merges": [_slots(merge) for merge in design.merges],
        "component_names": {side: list(names) for side, names in design.component_names.items()},
    }


def design_from(data: Mapping[str, Any], ledger: Ledger, taxonomy: Taxonomy) -> Design:
    """Build a design from the plain data of :func:`design_data`.

    Raises
    ------
    KeyError, TypeError, ValueError, BajasError
        If the data aren't those of a design of this version.
    """
    return Design(
        calendar=Calendar(*(date.fromisoformat(day) for day in data["calendar"])),
        strata=tuple(
            Stratum(
                **{
                    **entry,
                    "component_members": frozenset(entry["component_members"]),
                    "outcome_members": frozenset(entry["outcome_members"]),
                }
            )
            for entry in data["strata"]
        ),
        streams=tuple(Stream(**entry) for entry in data["streams"]),
        observations=tuple(_observation(entry) for entry in data["observations"]),
        left_out=dict(data["left_out"]),
        statements=tuple(ledger[name] for name in data["statements"]),
        merges=tuple(Merge(tuple(m["claim_ids"]), m["reason"]) for m in data["merges"]),
        taxonomy=taxonomy,
        component_names={side: tuple(names) for side, names in data["component_names"].items()},
    )


def _slots(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in type(item).__slots__}


def _window_data(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]


def _window(data: list[str]) -> Window:
    return Window(*(date.fromisoformat(day) for day in data))


def _observation(entry: Mapping[str, Any]) -> Observation:
    return Observation(
        **{
            **entry,
            "claim_ids": tuple(entry["claim_ids"]),
            "window": _window(entry["window"]),
            "strata": tuple(entry["strata"]),
            "alternatives": tuple(tuple(reading) for reading in entry["alternatives"]),
            "counted": None if entry["counted"] is None else date.fromisoformat(entry["counted"]),
            "before": tuple(
                ListState(_window(days), date.fromisoformat(day)) for days, day in entry["before"]
            ),
        }
    )


# -- the maps ----------------------------------------------------------------------------------


def blocks_data(representation: Representation) -> dict[str, Any]:
    """Return names, dims and labels of what is drawn, and of the observations, for JSON."""
    return {
        "terms": [[term.name, term.dims, term.labels] for term in representation.terms],
        "hyperparameters": [[h.name, h.dim, h.labels] for h in representation.hyperparameters],
        "observations": list(representation.names),
    }


def map_arrays(representation: Representation) -> dict[str, np.ndarray]:
    """Return the kept maps as named arrays: of each sparse matrix its data, indices, starts."""
    found = {"node_offset": np.asarray(representation.node_offset, dtype=np.float64)}
    for name in MATRICES:
        matrix = sparse.csr_array(getattr(representation, name))
        found[f"{name}_data"] = np.asarray(matrix.data, dtype=np.float64)
        found[f"{name}_indices"] = np.asarray(matrix.indices, dtype=np.int64)
        found[f"{name}_starts"] = np.asarray(matrix.indptr, dtype=np.int64)
    return found


@dataclass(frozen=True)
class KeptTerm:
    """A term of the field: its name, dims and labels, and no prior."""

    name: str
    dims: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    saved_by: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dims."""
        return tuple(len(own) for own in self.labels)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __getattr__(self, name: str) -> NoReturn:
        _refuse(name, self.__dict__.get("saved_by", "another version"))


@dataclass(frozen=True)
class KeptVector:
    """A vector of hyperparameters: its name, dim and labels, and no prior."""

    name: str
    dim: str
    labels: tuple[str, ...]
    saved_by: str

    @property
    def size(self) -> int:
        """Number of elements."""
        return len(self.labels)

    def __getattr__(self, name: str) -> NoReturn:
        _refuse(name, self.__dict__.get("saved_by", "another version"))


class KeptMap(Representation):
    """The part of a representation that a file keeps; anything else of it is refused by name."""

    def __init__(
        self, blocks: Mapping[str, Any], arrays: Mapping[str, np.ndarray], saved_by: str
    ) -> None:
        terms = tuple(
            KeptTerm(name, tuple(dims), tuple(tuple(own) for own in labels), saved_by)
            for name, dims, labels in blocks["terms"]
        )
        hyper = tuple(
            KeptVector(name, dim, tuple(labels), saved_by)
            for name, dim, labels in blocks["hyperparameters"]
        )
        names = tuple(blocks["observations"])
        sizes = {"field": sum(t.size for t in terms), "hyper": sum(h.size for h in hyper)}
        nodes = int(arrays["node_offset"].size)
        widths = {
            "node_design": (nodes, sizes["field"]),
            "interpolation": (arrays["interpolation_starts"].size - 1, nodes),
            "reporting": (len(names), sizes["field"]),
            "effects": (len(names), sizes["hyper"]),
        }
        values: dict[str, Any] = {
            "terms": terms,
            "hyperparameters": hyper,
            "names": names,
            "node_offset": arrays["node_offset"],
            "term_slices": _slices(terms),
            "hyper_slices": _slices(hyper),
            "saved_by": saved_by,
        }
        for name, shape in widths.items():
            matrix = sparse.csr_array(
                (arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_starts"]),
                shape=shape,
            )
            matrix.check_format(full_check=True)  # indices outside would read any memory
            values[name] = matrix
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Representation kept from {self.saved_by}"

    def __getattr__(self, name: str) -> NoReturn:
        _refuse(name, self.__dict__.get("saved_by", "another version"))


def _slices(blocks: Iterable[KeptTerm | KeptVector]) -> dict[str, slice]:
    found: dict[str, slice] = {}
    start = 0
    for block in blocks:
        found[block.name] = slice(start, start + block.size)
        start += block.size
    return found


# -- the posterior -----------------------------------------------------------------------------


class Kept(Posterior):
    """A posterior of another version: its draws, with the design and the maps of that version.

    Parameters
    ----------
    saved_by : str
        The version in words.
    specification : Specification, optional
        None if this version can't read it.
    ledger, design, representation, field_draws, hyper_draws, sample_stats, seed, verdict
        As in :class:`Posterior`.
    complete, provenance, group
        As in :class:`Posterior`.
    """

    saved_by: str

    def __init__(
        self,
        saved_by: str,
        specification: Specification | None,
        *,
        ledger: Ledger,
        design: Design,
        representation: KeptMap,
        field_draws: np.ndarray,
        hyper_draws: Mapping[str, np.ndarray],
        sample_stats: Mapping[str, np.ndarray],
        seed: int,
        verdict: Verdict,
        complete: bool,
        provenance: Mapping[str, Any],
        group: Group,
    ) -> None:
        note = (
            f"saved by {saved_by}, which read claims, or built its model, otherwise than this one"
        )
        values: dict[str, Any] = {
            "saved_by": saved_by,
            "ledger": ledger,
            "design": design,
            "representation": representation,
            "field_draws": field_draws,
            "hyper_draws": hyper_draws,
            "sample_stats": sample_stats,
            "seed": seed,
            "verdict": replace(verdict, notes=(*verdict.notes, note)),
            "complete": complete,
            "provenance": provenance,
            "group": group,
            "_realised": {},
        }
        if specification is not None:
            values["specification"] = specification
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return (
            f"{self.group.capitalize()} saved by {self.saved_by}: {self.chains} chains of"
            f" {self.draws} draws, seed {self.seed}\n  {self.verdict}"
        )

    def __getattr__(self, name: str) -> NoReturn:
        _refuse(name, self.__dict__.get("saved_by", "another version"))


def _refuse(name: str, saved_by: str) -> NoReturn:
    if name.startswith("_"):
        raise AttributeError(name)
    raise FileFormatError(
        f"this needs the {name} of the model, which a fit of another version doesn't keep: it was"
        f" saved by {saved_by}; load it with that version. Totals, paths, probabilities, shares"
        " and the draws are there"
    )
