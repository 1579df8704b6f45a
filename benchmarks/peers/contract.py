"""What every peer takes and gives, how its work is metered, and where its chains start."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bajas.model.representation import Representation

#: Half width of the uniform distribution of starts, in every standardised coordinate.
START_RADIUS = 2.0
#: How the chains of all peers start.
STARTS = f"uniform on (-{START_RADIUS:g}, {START_RADIUS:g}) in every standardised coordinate"

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Length:
    """How long a run is.

    Parameters
    ----------
    draws, tune : int or None
        Draws kept and warm-up draws of a chain; None leaves them to the sampler.
    chains, cores : int
        Chains, and how many run at the same time.
    cpu_limit_s : float
        A sampler stops after so many CPU seconds and gives what it has.
    """

    draws: int | None = None
    tune: int | None = None
    chains: int = 4
    cores: int = 2
    cpu_limit_s: float = 600.0


@dataclass(frozen=True, eq=False)
class Run:
    """What a sampler did.

    Parameters
    ----------
    position : ndarray, shape (chain, draw, size)
        Kept draws in standardised coordinates of the representation.
    steps, diverging : ndarray, shape (chain, draw)
        Gradients of each kept draw, and whether it diverged.
    gradients_before : float
        Gradients of everything before the first kept draw: pilots and warm-up.
    cpu : mapping of str to float
        CPU seconds by stage, of the process and all that it started. ``compile`` stands for getting
        ready to evaluate the density: imports are ``import``.
    starts : str
        Where chains started.
    complete : bool
        False if stopped by the limit.
    extra : mapping
        Anything else worth a line in the JSON.
    """

    position: np.ndarray
    steps: np.ndarray
    diverging: np.ndarray
    gradients_before: float
    cpu: Mapping[str, float]
    starts: str = STARTS
    complete: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


class Meter:
    """CPU seconds of this process and its descendants, by stage, against a limit."""

    def __init__(self, limit_s: float = float("inf")) -> None:
        self._limit, self._begin = limit_s, cpu_seconds()
        self._last, self._looked, self._over = self._begin, 0.0, False
        self.cpu: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Put what was spent since the last lap down to a stage."""
        now = cpu_seconds()
        self.cpu[stage] = self.cpu.get(stage, 0.0) + now - self._last
        self._last = now

    def over(self) -> bool:
        """Whether the limit is passed; looks once a second at most."""
        if not self._over and time.monotonic() - self._looked > 1.0:
            self._looked = time.monotonic()
            self._over = cpu_seconds() - self._begin > self._limit
        return self._over


def cpu_seconds(root: int | None = None) -> float:
    """Return CPU seconds of a process and its descendants, those that have ended included.

    Parameters
    ----------
    root : int, optional
        Process id; this process if absent.
    """
    if root is None:
        own, ended = (
            resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        total = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
        return total + sum(map(_process_cpu, descendants(os.getpid())))
    return _process_cpu(root) + sum(map(_process_cpu, descendants(root)))


def descendants(root: int) -> list[int]:
    """Return the process ids of all living descendants; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def memory_mb(root: int) -> float:
    """Return the memory of a process and its descendants now, shared pages counted once."""
    total = 0
    for process in (root, *descendants(root)):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _stat(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _process_cpu(process: int) -> float:
    fields = _stat(process)
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def starts(representation: Representation, chains: int, seed: int) -> np.ndarray:
    """Return overdispersed starts in standardised coordinates, shape (chain, size).

    The prior is standard normal, or close to it, in each of them.
    """
    rng = np.random.default_rng([seed, 1])
    return rng.uniform(-START_RADIUS, START_RADIUS, (chains, representation.size))


def free_blocks(representation: Representation) -> list[tuple[str, slice, tuple[int, ...], bool]]:
    """Return the free variables of the PyMC model in the order of the standardised vector.

    Each is the name, its part of the vector, its shape, and whether it is a log there: PyMC's
    variable of a half-normal scale is the scale itself.
    """
    found = [
        (f"{term.name}_standard", representation.term_slices[term.name], term.shape, False)
        for term in representation.terms
    ]
    first = representation.field_size
    for hyper in representation.hyperparameters:
        part = slice(first, first + hyper.size)
        found.append((f"{hyper.name}_standard", part, (hyper.size,), hyper.family == "half_normal"))
        first += hyper.size
    return found


Peer = Callable[[Representation, Length, int], Run]
