"""Saving and loading a posterior: one netCDF file, complete, checked and without code.

The file is netCDF-4 (HDF5), so that xarray, ArviZ and ncdump read it: the groups of
:attr:`Posterior.tree` with named dims and dates, and a group ``bajas`` with the ledger, the
specification, findings, verdict and provenance as JSON text. Behind the HDF5 data stands a line
with the SHA-256 of all before it: a file that was cut off, damaged or changed by another program
is refused before HDF5 parses a byte of it.

A load rebuilds design and representation from ledger and specification. Where this version reads
the claims otherwise than the one that saved the file, or builds another model, the draws are
answered from with the design and the maps that are kept in it (:mod:`bajas.posterior.kept`).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import h5py
import numpy as np
import xarray as xr

from bajas.claims.wholefile import write_whole
from bajas.design.build import build_design
from bajas.errors import BajasError, FileFormatError, Finding
from bajas.ledger.ledger import Ledger
from bajas.model.build import build_representation
from bajas.model.specification import Specification
from bajas.posterior.kept import (
    MATRICES,
    Kept,
    KeptMap,
    blocks_data,
    design_data,
    design_from,
    map_arrays,
)
from bajas.posterior.posterior import Posterior
from bajas.posterior.storage_hashes import KEPT_TEXTS, draws_hash, kept_hash, structure_hash
from bajas.posterior.verdict import Verdict

#: Marks a file as a saved fit.
FORMAT = "bajas fit"
#: Version of the layout described above; raised when a reader of the old one would go wrong.
#: 1: no design and no maps; 2: both are kept.
SCHEMA_VERSION = 2

_SEAL = b"\n# bajas sha256 "
_SEAL_LENGTH = len(_SEAL) + 64 + 1
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TEXTS = ("ledger", "specification", "findings", "record")
#: The largest file that is read, and the largest text in it.
_MOST_BYTES = 8 * 2**30
_MOST_TEXT = 2**28
_STAT_KINDS: dict[str, type[np.generic]] = {
    kind.__name__: kind
    for kind in (np.bool, np.int32, np.int64, np.uint32, np.uint64, np.float32, np.float64)
}


def save(posterior: Posterior, path: str | os.PathLike[str]) -> None:
    """Save a posterior to a file.

    The file appears whole or not at all: it is written beside the target and then renamed.

    Parameters
    ----------
    posterior : Posterior
        With its ledger, specification and verdict.
    path : str or path-like
        The file; replaced if it exists.

    Raises
    ------
    BajasError
        If the file can't be written.
    FileFormatError
        If the posterior is what is kept of a fit of another version.

    Examples
    --------
    >>> import tempfile
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=50, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(prior, f"{folder}/prior.nc")
    ...     again = load(f"{folder}/prior.nc")
    >>> bool((again.field_draws == prior.field_draws).all()), again.ledger == prior.ledger
    (True, True)
    """
    if isinstance(posterior, Kept):
        raise FileFormatError(
            f"a fit of another version isn't saved again, since this one lacks its model: it was"
            f" saved by {posterior.saved_by}; load it with that version, or copy its file"
        )
    tree = _tree(posterior)
    # In memory first: HDF5 that meets a full disk can end the process, in which the draws are.
    body = tree.to_netcdf(engine="h5netcdf", encoding=_encoding(tree))
    digest = hashlib.sha256(body).hexdigest()
    write_whole(path, (body, _SEAL + digest.encode("ascii") + b"\n"))


def load(path: str | os.PathLike[str]) -> Posterior:
    """Load a posterior from a file written by :func:`save`.

    Nothing in the file is run: numbers and JSON text are read, links to other files refused.

    Raises
    ------
    FileFormatError
        If the file isn't a saved fit, is truncated, damaged or changed, is of a later schema, or
        holds draws that don't fit its ledger and specification.
    BajasError
        If the file can't be read at all.
    """
    name = os.fspath(path)
    try:
        if os.path.getsize(name) > _MOST_BYTES:
            raise FileFormatError(f"{name} is larger than {_MOST_BYTES / 2**30:.0f} GB")
        with open(name, "rb") as stream:
            content = stream.read()
    except (OSError, ValueError) as error:
        raise BajasError(f"can't read {name}: {error}") from error
    try:
        body = _unsealed(content)
        del content
        with h5py.File(io.BytesIO(body), "r") as file:
            return _read(file)
    except FileFormatError as error:
        raise FileFormatError(f"{name}: {error}") from error
    except Exception as error:
        # Past the seal only a file made to deceive gets here, and it can raise anything.
        raise FileFormatError(f"{name}: malformed: {type(error).__name__}: {error}") from error


# -- writing -----------------------------------------------------------------------------------


def _tree(posterior: Posterior) -> xr.DataTree:
    ledger, representation = posterior.ledger, posterior.representation
    kinds = {key: np.asarray(value).dtype.name for key, value in posterior.sample_stats.items()}
    if unknown := set(kinds.values()) - set(_STAT_KINDS):
        raise BajasError(f"sampler statistics of type {sorted(unknown)} can't be saved")
    texts = {
        "ledger": ledger.as_dict(),
        "specification": posterior.specification.as_dict(),
        "findings": [finding.as_dict() for finding in ledger.reading_findings],
        "record": {
            "group": posterior.group,
            "seed": posterior.seed,
            "complete": posterior.complete,
            "chains": posterior.chains,
            "draws": posterior.draws,
            "verdict": posterior.verdict.as_dict(),
            "provenance": dict(posterior.provenance),
            "sample_stats": kinds,
        },
        "design": design_data(posterior.design),
        "blocks": blocks_data(representation),
    }
    maps = map_arrays(representation)
    arrays = {**representation.split(posterior.field_draws), **posterior.hyper_draws}
    root = xr.Dataset(
        attrs={
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "bajas_version": version("bajas"),
            "ledger_sha256": ledger.hash,
            "specification_sha256": posterior.specification.hash,
            "structure_sha256": structure_hash(representation),
            "kept_sha256": kept_hash(texts, maps, structure_hash(representation)),
            "draws_sha256": draws_hash(arrays, posterior.sample_stats),
        }
    )
    # Not sorted: a side's first component in the taxonomy is the one that others refer to.
    plain: dict[str, Any] = {
        name: ((), np.bytes_(json.dumps(text).encode("ascii"))) for name, text in texts.items()
    }
    plain |= {f"map_{name}": (f"map_{name}_element", array) for name, array in maps.items()}
    groups = {
        key: node.to_dataset()
        for key, node in posterior.tree.children.items()
        if key != "sample_stats"
    }
    stats = xr.Dataset(
        {name: (("chain", "draw"), value) for name, value in posterior.sample_stats.items()},
        coords={"chain": np.arange(posterior.chains), "draw": np.arange(posterior.draws)},
    )
    return xr.DataTree.from_dict(
        {"/": root, "bajas": xr.Dataset(plain), **groups, "sample_stats": stats}
    )


def _encoding(tree: xr.DataTree) -> dict[str, dict[str, dict[str, Any]]]:
    """Return a mild compression; the bias per observation is derived and needs no last digit."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for node in tree.subtree:
        entries: dict[str, dict[str, Any]] = {}
        for name, variable in node.data_vars.items():
            if variable.dtype.kind in "fiub" and variable.ndim:
                entries[str(name)] = {"zlib": True, "complevel": 1, "shuffle": True}
            elif variable.dtype.kind == "S":
                entries[str(name)] = {"zlib": True, "complevel": 4}
            if name == "bias":
                entries[str(name)]["dtype"] = "float32"
        if entries:
            found[node.path] = entries
    return found


# -- reading -----------------------------------------------------------------------------------


def _unsealed(content: bytes) -> bytes:
    if not content.startswith(_HDF5):
        raise FileFormatError("not a netCDF-4 file")
    seal = content[-_SEAL_LENGTH:]
    if not re.fullmatch(re.escape(_SEAL) + rb"[0-9a-f]{64}\n", seal):
        raise FileFormatError(
            "not a saved fit, cut off, or written again by another program: its seal is missing"
        )
    body = content[:-_SEAL_LENGTH]
    if hashlib.sha256(body).hexdigest().encode("ascii") != seal[len(_SEAL) : -1]:
        raise FileFormatError("damaged or changed: its content doesn't match its SHA-256")
    return body


def _read(file: h5py.File) -> Posterior:
    marks = {name: _plain(file.attrs[name]) for name in file.attrs if not name.startswith("_")}
    if marks.get("format") != FORMAT:
        raise FileFormatError(f"not a saved fit: its format is {marks.get('format')!r}")
    schema = marks.get("schema_version")
    if not isinstance(schema, int) or schema < 1:
        raise FileFormatError(f"unknown schema version {schema!r}")
    if schema > SCHEMA_VERSION:
        raise FileFormatError(
            f"saved with schema version {schema} by bajas {marks.get('bajas_version')}; this"
            f" version of bajas ({version('bajas')}) reads up to {SCHEMA_VERSION}: upgrade bajas"
        )
    kept = KEPT_TEXTS if schema > 1 else ()
    texts = {name: _text(file, name) for name in (*_TEXTS, *kept)}
    # Of the texts as they stand: a later version may add entries to what it makes of them.
    found = hashlib.sha256(json.dumps(texts["ledger"], separators=(",", ":")).encode("ascii"))
    if marks.get("ledger_sha256") != found.hexdigest():
        raise FileFormatError("its ledger doesn't match the SHA-256 saved with it")
    saved_by = f"bajas {marks.get('bajas_version')}"
    if marks.get("bajas_version") == version("bajas"):
        saved_by = f"another state of {saved_by}"
    try:
        base = _rebuilt(texts, marks)
    except _OtherVersion as reason:
        if not kept:
            raise FileFormatError(
                f"its draws are of another model ({reason}), and its schema (1) keeps none: it was"
                f" saved by {saved_by}; load it with that version"
            ) from reason
        base = _kept(file, texts, marks, saved_by)
    record = texts["record"]
    group = record["group"]
    if group not in ("posterior", "prior"):
        raise FileFormatError(f"unknown group of draws {group!r}")
    shape = (record["chains"], record["draws"])
    representation = base["representation"]
    arrays = {
        term.name: _numbers(file, f"{group}/{term.name}", (*shape, *term.shape), np.float64)
        for term in representation.terms
    }
    hyper = {
        item.name: _numbers(file, f"{group}/{item.name}", (*shape, item.size), np.float64)
        for item in representation.hyperparameters
    }
    stats = {
        name: _numbers(file, f"sample_stats/{name}", shape, _STAT_KINDS[kind])
        for name, kind in record["sample_stats"].items()
    }
    if marks.get("draws_sha256") != draws_hash({**arrays, **hyper}, stats):
        raise FileFormatError("its draws don't match the SHA-256 saved with them")
    blocks = [
        arrays[term.name].reshape(*shape, term.size).astype(np.float64, copy=False)
        for term in representation.terms
    ]
    drawn: dict[str, Any] = {
        "field_draws": np.concatenate(blocks, axis=-1),
        "hyper_draws": hyper,
        "sample_stats": stats,
        "seed": int(record["seed"]),
        "verdict": Verdict.from_dict(record["verdict"]),
        "complete": bool(record["complete"]),
        "provenance": dict(record["provenance"]),
        "group": group,
    }
    return Kept(**base, **drawn) if "saved_by" in base else Posterior(**base, **drawn)


class _OtherVersion(Exception):
    """Of a file's evidence and beliefs another model is made now than its draws are draws of."""


#: What building something from the plain data of another version can raise.
_MISFITS = (BajasError, KeyError, TypeError, ValueError, AttributeError)


def _rebuilt(texts: Mapping[str, Any], marks: Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence, beliefs, design and representation as this version builds them."""
    try:
        ledger = _ledger(texts)
        specification = Specification.from_dict(texts["specification"])
    except _MISFITS as error:
        raise _OtherVersion(f"{type(error).__name__}: {error}") from error
    for what, hash_ in (("ledger", ledger.hash), ("specification", specification.hash)):
        if marks.get(f"{what}_sha256") != hash_:
            raise _OtherVersion(f"its {what} is another one to this version")
    try:
        design = build_design(ledger, specification.registers.reading)
        representation = build_representation(design, specification, ledger.sources)
    except BajasError as error:
        raise _OtherVersion(f"{type(error).__name__}: {error}") from error
    if marks.get("structure_sha256") != structure_hash(representation):
        raise _OtherVersion("its claims are read otherwise")
    return {
        "ledger": ledger,
        "specification": specification,
        "design": design,
        "representation": representation,
    }


def _kept(
    file: h5py.File, texts: Mapping[str, Any], marks: Mapping[str, Any], saved_by: str
) -> dict[str, Any]:
    """Return the same as the file keeps it, for draws of another version."""
    arrays = {}
    for name in ("node_offset", *(f"{m}_{part}" for m in MATRICES for part in _PARTS)):
        data = _dataset(file, f"bajas/map_{name}")
        kind = np.dtype(np.int64 if name.endswith(("_indices", "_starts")) else np.float64)
        if data.ndim != 1 or data.dtype != kind or data.size > _MOST_TEXT:
            raise FileFormatError(f"bajas/map_{name} is not the map that it should be")
        arrays[name] = np.asarray(data[()])
    if marks.get("kept_sha256") != kept_hash(texts, arrays, str(marks.get("structure_sha256"))):
        raise FileFormatError("its specification or design doesn't match the SHA-256 saved with it")
    try:
        ledger = _ledger(texts)
        design = design_from(texts["design"], ledger, ledger.taxonomy)
        representation = KeptMap(texts["blocks"], arrays, saved_by)
    except _MISFITS as error:
        raise FileFormatError(
            f"it was saved by {saved_by} in a form that bajas {version('bajas')} no longer reads"
            f" ({type(error).__name__}: {error}); load it with that version"
        ) from error
    specification: Specification | None = None
    with suppress(*_MISFITS):
        specification = Specification.from_dict(texts["specification"])
    if specification is not None and marks.get("specification_sha256") != specification.hash:
        specification = None
    return {
        "saved_by": saved_by,
        "ledger": ledger,
        "specification": specification,
        "design": design,
        "representation": representation,
    }


_PARTS = ("data", "indices", "starts")


def _ledger(texts: Mapping[str, Any]) -> Ledger:
    findings = tuple(Finding.from_dict(entry) for entry in texts["findings"])
    return Ledger.from_dict(texts["ledger"], reading_findings=findings)


def _dataset(file: h5py.File, path: str) -> h5py.Dataset:
    """Return a dataset that lies in this very file; links and external data are refused."""
    place: h5py.Group = file
    for part in path.split("/"):
        if not isinstance(place, h5py.Group) or not isinstance(
            place.get(part, getlink=True), h5py.HardLink
        ):
            raise FileFormatError(f"{path} is missing or not a part of the file")
        place = place[part]
    if not isinstance(place, h5py.Dataset) or place.external or place.is_virtual:
        raise FileFormatError(f"{path} is not data of this file")
    return place


def _numbers(
    file: h5py.File, path: str, shape: tuple[int, ...], dtype: type[np.generic]
) -> np.ndarray:
    data = _dataset(file, path)
    stored = np.dtype(np.int8) if dtype is np.bool_ else np.dtype(dtype)
    # before reading: a few compressed bytes can claim to be terabytes
    if data.shape != shape or data.dtype != stored:
        raise FileFormatError(
            f"{path} has shape {data.shape} and type {data.dtype}, expected {shape} and {stored}"
        )
    return np.asarray(data[()]).astype(dtype, copy=False)


def _text(file: h5py.File, name: str) -> Any:
    data = _dataset(file, f"bajas/{name}")
    if data.dtype != np.dtype("S1") or data.ndim != 1 or data.size > _MOST_TEXT:
        raise FileFormatError(f"bajas/{name} is not the text that it should be")
    return json.loads(np.asarray(data[()]).tobytes().decode("ascii"))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()  # netCDF has no scalar attributes
    if isinstance(value, np.integer):
        return int(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
