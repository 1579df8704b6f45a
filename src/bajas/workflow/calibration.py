"""The command of calibration on shipped ledgers: it knows their names, the checks don't.

``python -m bajas.workflow.calibration --ledger article_2023_08_07 --fits 100 --folder runs``;
``--list`` says which ledgers there are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bajas.checks.calibration import SETTINGS, measure_calibration, restricted
from bajas.datasets.catalogue import available, load
from bajas.errors import BajasError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if a quantity leaves the 99 % envelope of all of them.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(
        prog="python -m bajas.workflow.calibration",
        description="Rank true values behind simulated claims among draws of their posteriors.",
    )
    parser.add_argument("--ledger", action="append", help="a shipped data set; may be repeated")
    parser.add_argument("--as-of", help="only claims published by this day (YYYY-MM-DD)")
    parser.add_argument("--side", action="append", help="only claims on its losses; repeatable")
    parser.add_argument("--fits", type=int, default=100)
    parser.add_argument("--draws", type=int, default=SETTINGS.draws, help="per chain of a fit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bounds", choices=("either", "hold"), default="either")
    parser.add_argument("--centres", choices=("stated", "auto"), default="stated")
    parser.add_argument("--folder", help="of results; a run that was cut short goes on from there")
    parser.add_argument("--workers", type=int, help="processes; one per core by default")
    parser.add_argument("--json", metavar="FOLDER", help="write what was measured to files here")
    parser.add_argument("--figure", metavar="FILE", help="draw the distributions of ranks")
    parser.add_argument("--list", action="store_true", help="say which data sets there are")
    options = parser.parse_args(arguments)
    if options.list or not options.ledger:
        print("\n".join(available()))
        return 0
    off, found = False, []
    try:
        for item in options.ledger:
            ledger, name = load(item), item
            if options.as_of:
                ledger, name = ledger.as_of(options.as_of), f"{name} as of {options.as_of}"
            if options.side:
                ledger = restricted(ledger, options.side)
                name = f"{name}, {' and '.join(options.side)}"
            if options.centres == "auto":
                name = f"{name}, centres of levels from the claims"
            measured = measure_calibration(
                name,
                ledger,
                options.fits,
                seed=options.seed,
                settings=replace(SETTINGS, draws=options.draws),
                bounds=options.bounds,
                centres=options.centres,
                folder=options.folder and Path(options.folder) / _file(name),
                workers=options.workers,
                progress=_progress,
            )
            print(measured, flush=True)
            off |= bool(measured.outside())
            found.append(measured)
            if options.json:
                path = Path(options.json) / f"{_file(name)}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(measured.as_dict()) + "\n", encoding="utf-8")
        if options.figure:
            from bajas.checks.calibration_plot import plot_calibration

            plot_calibration(found).savefig(options.figure, dpi=150)
    except BajasError as error:
        print(error, file=sys.stderr)
        return 2
    return int(off)


def _file(name: str) -> str:
    return name.replace("/", "_").replace(",", "").replace(" ", "_")


def _progress(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if stage == "done" else ""
        print(f"\r\033[K{stage} {done}/{total}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
