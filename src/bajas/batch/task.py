"""A fit to be made, as plain data: a name, the evidence, the beliefs, and how long to sample."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from bajas.errors import BajasError, Finding
from bajas.ledger.ledger import Ledger
from bajas.model.replica import Replica
from bajas.model.specification import Specification
from bajas.sampler.choice import NAMES
from bajas.sampler.interface import Settings


@dataclass(frozen=True)
class FitTask:
    """One fit of a batch: plain data, small to send, with nothing compiled in it.

    Parameters
    ----------
    name : str
        Under which its result is found; unique in a batch.
    ledger : Ledger
        The evidence.
    specification : Specification
        The model's choices.
    settings : Settings
        Length, chains and seed. ``cores`` is ignored: fits of a batch run side by side, each in
        one thread, which doesn't change the draws.
    sampler : {"fused", "pymc"}
        What draws; see :meth:`bajas.Model.fit`.
    withhold : tuple of str
        Names of observations of the design that are withheld; all else of it stays as it is.
    replica : tuple of pairs
        A figure and form for each observation of the design, told once more beside its own
        (:mod:`bajas.model.replica`).

    Raises
    ------
    BajasError
        If the name is empty or there is no such sampler.

    Examples
    --------
    >>> import bajas
    >>> ledger = bajas.datasets.article_2023_08_07()
    >>> task = FitTask("base", ledger, Specification(), Settings(seed=1))
    >>> FitTask.from_dict(task.as_dict()).content_hash == task.content_hash
    True
    """

    name: str
    ledger: Ledger
    specification: Specification
    settings: Settings = field(default_factory=Settings)
    sampler: str = "fused"
    withhold: tuple[str, ...] = ()
    replica: Replica = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise BajasError(f"a fit needs a name, not {self.name!r}")
        if self.sampler not in NAMES:
            raise BajasError(
                f"fit {self.name!r}: unknown sampler {self.sampler!r}; known: {', '.join(NAMES)}"
            )

    def __repr__(self) -> str:
        return (
            f"FitTask {self.name!r}: {len(self.ledger)} claims, bias prior"
            f" {self.specification.bias.name}, seed {self.settings.seed}"
        )

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of what decides the draws: all of it but the name and the number of cores."""
        content: dict[str, Any] = {
            "ledger": self.ledger.hash,
            "specification": self.specification.hash,
            "settings": {k: v for k, v in asdict(self.settings).items() if k != "cores"},
            "sampler": self.sampler,
        }
        if self.withhold:
            content["withhold"] = sorted(self.withhold)
        if self.replica:
            content["replica"] = self.replica
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()

    def in_one_thread(self) -> FitTask:
        """Return the task with one core."""
        return replace(self, settings=replace(self.settings, cores=1))

    def as_dict(self) -> dict[str, Any]:
        """Return the task as plain data: what is sent to a worker."""
        return {
            "name": self.name,
            "ledger": self.ledger.as_dict(),
            "findings": [finding.as_dict() for finding in self.ledger.reading_findings],
            "specification": self.specification.as_dict(),
            "settings": asdict(self.settings),
            "sampler": self.sampler,
            "withhold": list(self.withhold),
            "replica": [list(entry) for entry in self.replica],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FitTask:
        """Build a task from the plain data of :meth:`as_dict`."""
        findings = tuple(Finding.from_dict(entry) for entry in data["findings"])
        return cls(
            name=data["name"],
            ledger=Ledger.from_dict(data["ledger"], findings),
            specification=Specification.from_dict(data["specification"]),
            settings=Settings(**data["settings"]),
            sampler=data["sampler"],
            withhold=tuple(data["withhold"]),
            replica=tuple((float(value), int(form)) for value, form in data["replica"]),
        )
