"""Fuzz the readers: ``make fuzz ARGS="--tables 100000 --seed 1"``.

Resumable: each piece is written to the folder when it is done, and not made again. ``--summary``
writes the counts of all pieces to one JSON file. The exit status is 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections import Counter
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fuzzing.saved import SavedRun, run_saved
from fuzzing.tables import Piece, read_piece, run_piece, write_piece

#: Tables in a piece.
PIECE = 2500


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__)
    parser.add_argument("--tables", type=int, default=100_000, help="how many tables")
    parser.add_argument("--saved", type=int, default=0, help="how many damaged saved fits")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same tables")
    parser.add_argument("--folder", type=Path, required=True, help="of pieces and failures")
    parser.add_argument(
        "--pieces", type=int, nargs=2, help="only these: first and one past the last"
    )
    parser.add_argument("--summary", type=Path, help="JSON file of the counts of all pieces")
    return parser.parse_args()


def main() -> int:
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    pieces: list[Piece] = []
    for number in range(-(-options.tables // PIECE)):
        path = options.folder / f"tables-{options.seed}-{number}.json"
        piece = read_piece(path)
        if piece is None:
            if options.pieces is not None and number not in range(*options.pieces):
                continue
            count = min(PIECE, options.tables - number * PIECE)
            piece = run_piece(options.seed, number, count, options.folder / "failures")
            write_piece(piece, path)
        pieces.append(piece)
        print(
            f"piece {number}: {piece.tables} tables, {piece.accepted} read,"
            f" {len(piece.failures)} failures, {piece.cpu_seconds:.0f} CPU s",
            flush=True,
        )
        for failure in piece.failures:
            print("  " + failure["traceback"].strip().splitlines()[-1][:300])
    saved = _saved(options) if options.saved else None
    if options.summary is not None:
        text = json.dumps(_summary(options.seed, pieces, saved), indent=1)
        options.summary.write_text(text + "\n", encoding="utf-8")
    broken = any(piece.failures for piece in pieces)
    return int(broken or (saved is not None and bool(saved.failures)))


def _saved(options: argparse.Namespace) -> SavedRun:
    saved = run_saved(options.seed, options.saved)
    print(f"saved fits: {saved.files} damaged files, {len(saved.failures)} failures")
    for text in saved.failures:
        print("  " + text)
    return saved


def _summary(seed: int, pieces: list[Piece], saved: SavedRun | None) -> dict[str, Any]:
    outcomes: Counter[str] = Counter()
    for piece in pieces:
        outcomes.update(piece.outcomes)
    return {
        "command": _command(seed, pieces, 0 if saved is None else saved.files),
        "date": date.today().isoformat(),
        "commit": _commit(),
        "python": platform.python_version(),
        "bajas": version("bajas"),
        "machine": platform.machine(),
        "tables": sum(piece.tables for piece in pieces),
        "accepted": sum(piece.accepted for piece in pieces),
        "accepted_untouched": sum(piece.accepted_untouched for piece in pieces),
        "used": sum(piece.used for piece in pieces),
        "failures": sum(len(piece.failures) for piece in pieces),
        "lines": max(piece.lines for piece in pieces),
        "slowest_seconds": max(piece.slowest_seconds for piece in pieces),
        "cpu_seconds": sum(piece.cpu_seconds for piece in pieces),
        "outcomes": dict(outcomes.most_common()),
        "saved": None if saved is None else saved.as_dict(),
    }


def _command(seed: int, pieces: list[Piece], saved: int) -> str:
    """What makes these pieces and no others."""
    numbers = [piece.number for piece in pieces]
    options = [f"--tables {sum(piece.tables for piece in pieces)}"]
    if numbers != list(range(len(numbers))):
        ends = [n for n in numbers if n + 1 not in numbers]
        starts = [n for n in numbers if n - 1 not in numbers]
        options = [f"--pieces {a} {b + 1}" for a, b in zip(starts, ends, strict=True)]
    options[-1] += f" --saved {saved}" if saved else ""
    return " and ".join(f'make fuzz ARGS="--seed {seed} {option}"' for option in options)


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parent,
    )  # fmt: skip
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
