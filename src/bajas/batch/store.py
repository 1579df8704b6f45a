"""Results on disk: one JSON file per fit, which appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from bajas.batch.task import FitTask
from bajas.batch.worker import Outcome
from bajas.claims.wholefile import write_whole
from bajas.errors import BajasError

#: Marks a file as the result of a fit of a batch, and the version of its layout.
FORMAT = "bajas result 1"


class Store:
    """The folder of a batch's results.

    Parameters
    ----------
    folder : path-like
        Made if it doesn't exist.
    reduction : str
        What is kept of each fit (:func:`bajas.batch.reduction.identity`).

    Raises
    ------
    BajasError
        If the folder can't be made.
    """

    def __init__(self, folder: str | os.PathLike[str], reduction: str) -> None:
        self.folder = Path(folder)
        self._reduction = reduction
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BajasError(f"can't make the folder {self.folder}: {error}") from error

    def key(self, task: FitTask) -> str:
        """Return the SHA-256 of what decides a result: task, reduction and the library's code."""
        text = f"{task.content_hash} {self._reduction} {library_hash()}"
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def read(self, task: FitTask) -> dict[str, Any] | None:
        """Return what came of a task in an earlier run, or None.

        A file that can't be read as what it should be counts as none and is written anew.
        """
        key = self.key(task)
        try:
            found = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("key") != key:
            return None
        if (found.get("result") is None) == (found.get("error") is None):
            return None
        return found

    def write(self, task: FitTask, outcome: Outcome) -> None:
        """Write what came of a task.

        Raises
        ------
        BajasError
            If the file can't be written.
        """
        key = self.key(task)
        content = {
            "format": FORMAT,
            "key": key,
            "name": task.name,
            "ledger_sha256": task.ledger.hash,
            "specification": task.specification.as_dict(),
            "settings": {"seed": task.settings.seed, "draws": task.settings.draws,
                         "tune": task.settings.tune, "chains": task.settings.chains},
            "sampler": task.sampler,
            **{name: value for name, value in outcome.items() if name not in ("name",)},
        }  # fmt: skip
        write_whole(self._path(key), [json.dumps(content, indent=1).encode("utf-8")])

    def _path(self, key: str) -> Path:
        return self.folder / f"{key[:40]}.json"


@cache
def library_hash() -> str:
    """Return the SHA-256 of the library's own code: another version may give other results."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".json"):
            digest.update(path.relative_to(root).as_posix().encode("utf-8"))
            digest.update(path.read_bytes())
    return digest.hexdigest()
