"""Hashes in a saved fit: of the draws, of what they are draws of, of what is kept of the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from bajas.model.representation import Representation

#: Texts of a saved fit, since schema 2, that a later version needs.
KEPT_TEXTS = ("design", "blocks")


def draws_hash(arrays: Mapping[str, np.ndarray], stats: Mapping[str, np.ndarray]) -> str:
    """Return a hash of draws, names, types and shapes included."""
    digest = hashlib.sha256()
    for name, values in (*sorted(arrays.items()), *sorted(stats.items())):
        digest.update(f"{name} {values.dtype.name} {values.shape}\n".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def kept_hash(texts: Mapping[str, Any], arrays: Mapping[str, np.ndarray], structure: str) -> str:
    """Return a hash of what is kept of the model and of the structure that it is kept of."""
    digest = hashlib.sha256(structure.encode("ascii", "replace"))
    for name in ("specification", "findings", *KEPT_TEXTS):
        digest.update(json.dumps(texts[name]).encode("ascii"))
    digest.update(draws_hash(arrays, {}).encode("ascii"))
    return digest.hexdigest()


def structure_hash(representation: Representation) -> str:
    """Return a hash of what the draws are draws of: names, labels, windows; no rounding in it."""
    runs = representation.runs
    content = {
        "terms": [[term.name, term.dims, term.labels] for term in representation.terms],
        "hyperparameters": [[h.name, h.labels, h.family] for h in representation.hyperparameters],
        "observations": representation.names,
        "form": representation.form.tolist(),
        "noise": representation.noise.tolist(),
        "runs": [runs.observation.tolist(), runs.start.tolist(), runs.stop.tolist()],
        "reporting": _pattern(representation.reporting),
        "effects": _pattern(representation.effects),
        "node_design": _pattern(representation.node_design),
        "cells": representation.cell_count,
    }
    if len(representation.curves):
        content["curves"] = [representation.curves.tolist(), runs.curve.tolist()]
        content["ages"] = [runs.age.tolist(), runs.since.tolist()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def _pattern(matrix: Any) -> list[list[int]]:
    return [matrix.indptr.tolist(), matrix.indices.tolist()]
