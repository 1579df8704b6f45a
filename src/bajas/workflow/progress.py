"""Progress of long work on standard error: a line that is rewritten, or one line per stage."""

from __future__ import annotations

import sys
import time

from bajas.sampler.interface import Progress, silent


def terminal_progress(unit: str = "draws") -> Progress:
    """Return a progress reporter for the terminal; says the stage, how far it is, and how long.

    Parameters
    ----------
    unit : str
        What is counted.
    """
    started = time.monotonic()
    interactive = sys.stderr.isatty()
    last = ""

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last
        seconds = time.monotonic() - started
        if interactive:
            share = f" {done:,}/{total:,} {unit}" if total > 1 else ""
            end = "\n" if stage == "done" else ""
            print(f"\r\033[Kbajas: {stage}{share}, {seconds:.0f} s", end=end, file=sys.stderr,
                  flush=True)  # fmt: skip
        elif stage != last:
            print(f"bajas: {stage} ({seconds:.0f} s)", file=sys.stderr, flush=True)
        last = stage

    return report


def progress_of(progress: bool | Progress, unit: str = "draws") -> Progress:
    """Return what is told of progress: a callable as it is, the terminal for True, else nobody."""
    if callable(progress):
        return progress
    return terminal_progress(unit) if progress else silent
