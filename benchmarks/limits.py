"""What the largest inputs take: time and memory of reading, and of the days that a fit resolves.

    python benchmarks/limits.py --rows 100000 --streams 500
    python benchmarks/limits.py --cells 100000 --draws 4000

Each measurement runs in a process of its own, so that its peak of memory is its own. The table has
``--streams`` streams whose claims share their windows, so that every two of them are compared.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

START = date(2020, 1, 1)
HEADER = (
    "claim_id,source,source_type,speaks_for,side,component,outcome,start,end,published,value,"
    "qualifier,url,status"
)
OUTCOMES = ("killed", "casualties", "captured", "tank")


def table(path: Path, rows: int, streams: int) -> None:
    """Write running totals of so many streams for the same days."""
    rng = random.Random(1)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(HEADER + "\n")
        for row in range(rows):
            voice, day = row % streams, START + timedelta(days=row // streams)
            outcome = OUTCOMES[voice % len(OUTCOMES)]
            # every body counts on a level of its own, and has its own errors
            truth = (4000 if outcome == "casualties" else 1000) * (1 + 0.04 * (row // streams))
            value = round(truth * (1 + voice / streams) * rng.lognormvariate(0, 0.1))
            stream.write(
                f"c{row},body {voice // len(OUTCOMES)},ally,Y,X,all,{outcome},{START},{day},"
                f"{day + timedelta(days=1)},{value},about,https://example.org/{row},military\n"
            )


def read(rows: int, streams: int) -> dict[str, float]:
    """Read a table and find everything that is to be noticed in it."""
    from bajas.ledger.read import read_claims

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claims.csv"
        table(path, rows, streams)
        clock = time.process_time()
        ledger = read_claims(path)
        middle = time.process_time()
        found = len(ledger.findings)
        return {
            "mebibytes of file": path.stat().st_size / 2**20,
            "CPU s to read": middle - clock,
            "CPU s to find": time.process_time() - middle,
            "findings": float(found),
        }


def fit(cells: int, draws: int) -> dict[str, float]:
    """Design, prior draws and every total of a war whose days times strata are so many."""
    import pandas as pd

    from bajas.ledger.read import read_claims
    from bajas.model.specification import Specification
    from bajas.posterior.fitting import prior_draws

    forces = [f"force{i}" for i in range(9)]  # and others: ten strata of the killed
    end = START + timedelta(days=cells // 10 - 1)
    names = HEADER.split(",")
    rows = [
        [f"c{i}", "body", "ally", "Y", "X", force, "killed", START, end, end + timedelta(days=1),
         str(1000 * (i + 1)), "about", "https://example.org/", "military"]
        for i, force in enumerate([*forces, "all"])
    ]  # fmt: skip
    rows[-1][10] = "90000"
    ledger = read_claims(pd.DataFrame(rows, columns=names))
    clock = time.process_time()
    prior = prior_draws(ledger, Specification(), draws, seed=1)
    middle = time.process_time()
    prior.total("killed", "X")
    return {
        "strata": float(len(prior.design.strata)),
        "days": float(prior.design.calendar.days),
        "CPU s to build and draw": middle - clock,
        "CPU s to total": time.process_time() - middle,
    }


def _measure(what: Callable[..., dict[str, float]], given: tuple[int, int], queue: Any) -> None:
    found = what(*given)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    queue.put({**found, "peak MiB": peak / (2**20 if sys.platform == "darwin" else 2**10)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--cells", type=int, default=0)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    results = []
    for what, size, other in ((read, options.rows, options.streams),
                              (fit, options.cells, options.draws)):  # fmt: skip
        if not size:
            continue
        queue = context.Queue()
        child = context.Process(target=_measure, args=(what, (size, other), queue))
        child.start()
        child.join()
        if child.exitcode:
            raise SystemExit(f"{what.__name__} of {size:,} failed")
        found = {"what": what.__name__, "size": size, "with": other, **queue.get()}
        results.append(found)
        print(", ".join(f"{k} {v:,.1f}" if isinstance(v, float) else f"{k} {v}"
                        for k, v in found.items()))  # fmt: skip
    if options.json is not None:
        content = {"python": platform.python_version(), "machine": platform.machine(),
                   "date": date.today().isoformat(), "results": results}  # fmt: skip
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
