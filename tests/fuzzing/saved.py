"""Damaged saved fits: bits flipped and bytes cut, with the seal broken and with the seal made anew.

A file whose seal is broken must be refused before HDF5 sees it. With the seal made anew, by
somebody who knows the format, HDF5 parses what was damaged: each file is then loaded in a process
of its own, so that a crash of the C library is counted and not suffered.
"""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from hand_made import independent

from bajas.errors import FileFormatError
from bajas.posterior.posterior import Posterior
from bajas.posterior.storage import load, save

SEAL = b"\n# bajas sha256 "
SEAL_LENGTH = len(SEAL) + 65
SECONDS = 20


@dataclass
class SavedRun:
    """What came of damaged files: of each way of damage, how many ended how."""

    files: int = 0
    sealed: dict[str, int] = field(default_factory=dict)
    resealed: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_saved(seed: int, files: int) -> SavedRun:
    """Damage a saved fit again and again; half of the files get a new seal."""
    rng = Random(f"saved/{seed}")
    fit = independent(chains=2, draws=10)
    run = SavedRun(files)
    sealed: Counter[str] = Counter()
    resealed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.nc"
        save(fit, path)
        whole = path.read_bytes()
        for number in range(files):
            again = number % 2 == 1
            content = damaged(rng, whole[:-SEAL_LENGTH] if again else whole)
            if again:
                digest = hashlib.sha256(content).hexdigest().encode()
                content += SEAL + digest + b"\n"
            path.write_bytes(content)
            outcome = _in_a_process(path, fit) if again else _loaded(path, fit)
            (resealed if again else sealed)[outcome] += 1
            if outcome not in ("refused", "the same") or (outcome == "the same" and not again):
                run.failures.append(f"file {number} ({'re' if again else ''}sealed): {outcome}")
    run.sealed, run.resealed = dict(sealed), dict(resealed)
    return run


def damaged(rng: Random, whole: bytes) -> bytes:
    """Return bytes with one thing wrong with them."""
    found = whole
    while found == whole:  # zeros over zeros are no damage
        found = _damaged_once(rng, whole)
    return found


def _damaged_once(rng: Random, whole: bytes) -> bytes:
    content = bytearray(whole)
    place = rng.randrange(len(content))
    way = rng.randrange(6)
    if way <= 2:
        for _ in range(1 if way < 2 else rng.randint(2, 50)):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif way == 3:
        content[place : place + 8] = rng.choice((b"\xff" * 8, b"\x00" * 8, b"\x7f" * 8))
    elif way == 4:
        del content[place : place + rng.randint(1, 4000)]
    else:
        del content[place:]
    return bytes(content)


def _loaded(path: Path, fit: Posterior) -> str:
    try:
        again = load(path)
    except FileFormatError:
        return "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    same = np.array_equal(again.field_draws, fit.field_draws) and again.ledger == fit.ledger
    same &= again.seed == fit.seed and again.verdict == fit.verdict
    return "the same" if same and again.specification == fit.specification else "another fit"


def _in_a_process(path: Path, fit: Posterior) -> str:
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # of threads that a test runner may have; an alarm ends a child that they hold up
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(SECONDS)  # ends the process
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 2)  # what HDF5 has to say of it
        outcome = _loaded(path, fit)
        os.write(writer, outcome.encode("utf-8", "replace")[:2000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        outcome = stream.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return "hang" if name == "SIGALRM" else f"crash: {name}"
    return outcome
