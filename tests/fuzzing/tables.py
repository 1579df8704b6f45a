"""A run of fuzzed tables in pieces: guided, bounded in time, each failure kept as files."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from fuzzing.cases import Case, fresh
from fuzzing.guide import Guide
from fuzzing.mutations import mutated
from fuzzing.oracle import check_case, write_case

#: CPU seconds after which a table counts as a hang: a thousand times the usual.
HANG_SECONDS = 5.0
#: Of the tables: shipped rows as they are, and (sum) damaged; all others come from the corpus.
UNTOUCHED, FROM_SHIPPED = 0.02, 0.55
#: Of the corpus: such as could be read, which lead further in than what was refused.
READABLE = 0.7
#: Of the tables: those that are also put to use, design included.
USED = 0.25
MOST_KEPT = 1500
MOST_FAILURES = 50


class Hang(BaseException):
    """A table took too long; no subclass of Exception, so that nothing catches it on the way."""


@dataclass
class Piece:
    """What came of some tables.

    ``outcomes`` counts by the rule of the first problem, ``"accepted"``, or the kind of failure.
    """

    seed: int
    number: int
    tables: int = 0
    accepted: int = 0
    accepted_untouched: int = 0
    used: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    lines: int = 0
    kept: int = 0
    slowest_seconds: float = 0.0
    cpu_seconds: float = 0.0


def run_piece(seed: int, number: int, tables: int, failures: Path | None = None) -> Piece:
    """Fuzz some tables; the same seed and number give the same tables.

    Parameters
    ----------
    seed, number : int
        Of the run and of the piece in it.
    tables : int
        How many.
    failures : Path, optional
        Folder where the files of each failure are kept.
    """
    rng = Random(f"{seed}/{number}")
    piece = Piece(seed, number)
    outcomes: Counter[str] = Counter()
    corpus: list[Case] = []
    readable: list[Case] = []
    started = time.process_time()
    before = signal.signal(signal.SIGVTALRM, _hang)
    try:
        with tempfile.TemporaryDirectory() as name, Guide() as guide:
            folder = Path(name)
            for _ in range(tables):
                case = _next(rng, readable if readable and rng.random() < READABLE else corpus)
                used = rng.random() < USED
                lines, clock = guide.count, time.process_time()
                outcome, failure = _checked(case, folder, used)
                piece.slowest_seconds = max(piece.slowest_seconds, time.process_time() - clock)
                outcomes[outcome] += 1
                piece.tables += 1
                piece.used += used and outcome == "accepted"
                piece.accepted_untouched += outcome == "accepted" and not case.touched
                if failure is not None and len(piece.failures) < MOST_FAILURES:
                    piece.failures.append({"outcome": outcome, "traceback": failure})
                    if failures is not None:
                        _keep(case, failure, failures / f"{seed}-{number}-{piece.tables}")
                if guide.count > lines and len(corpus) < MOST_KEPT:
                    corpus.append(case)
                    readable += [case] if outcome == "accepted" else []
            piece.lines = guide.count
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    piece.accepted = outcomes["accepted"]
    piece.outcomes = dict(outcomes.most_common())
    piece.kept = len(corpus)
    piece.cpu_seconds = time.process_time() - started
    return piece


def _next(rng: Random, corpus: list[Case]) -> Case:
    draw = rng.random()
    if draw < UNTOUCHED:
        return fresh(rng)
    if draw < FROM_SHIPPED or not corpus:
        return mutated(rng, fresh(rng))
    return mutated(rng, rng.choice(corpus))


def _checked(case: Case, folder: Path, used: bool) -> tuple[str, str | None]:
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
    try:
        return check_case(case, folder, used), None
    except Hang:
        return "hang", traceback.format_exc()
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise Hang


def _keep(case: Case, failure: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_case(case, folder)
    (folder / "failure.txt").write_text(f"sep {case.form.told!r}\n{failure}", "utf-8", "replace")


def read_piece(path: Path) -> Piece | None:
    """Return a piece that an earlier run wrote, or None."""
    try:
        return Piece(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_piece(piece: Piece, path: Path) -> None:
    """Write a piece, whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(piece), indent=1), encoding="utf-8")
    part.replace(path)
