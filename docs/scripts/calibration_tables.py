"""Write table and figure of docs/evidence/calibration.md from what the command measured.

    python -m bajas.workflow.calibration --ledger ... --json docs/_static/calibration
    python docs/scripts/calibration_tables.py

Reads every JSON file in docs/_static/calibration/. Rewritten is what stands between the page's
markers, and docs/_static/calibration.png.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from bajas.checks.calibration import Calibration
from bajas.checks.calibration_plot import plot_calibration
from bajas.checks.calibration_quantities import LOG_LIKELIHOOD
from bajas.checks.uniformity import holm

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "_static" / "calibration"
FIGURE = DOCS / "_static" / "calibration.png"
PAGE = DOCS / "evidence" / "calibration.md"
MARKERS = ("<!-- tables -->", "<!-- end of tables -->")


def measured(folder: Path) -> list[Calibration]:
    """Return what was measured, the war's ledgers first."""
    found = [
        Calibration.from_dict(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*.json"))
    ]
    return sorted(found, key=lambda item: (item.ledger.startswith("hindsight/"), item.ledger))


def table(found: list[Calibration]) -> list[str]:
    """Return a row for each ledger."""
    lines = [
        "| design | fits | quantities | outside the 99 % envelope of one (expected) | of all |"
        " least probable (Holm; second test) | log likelihood | 90 % intervals of totals hold |"
        " least ESS |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for item in found:
        worst = item.frame().iloc[0]
        chances = np.array(list(item.chances.values()))
        second = min(holm(item.second).values())
        likelihood = item.chances.get(LOG_LIKELIHOOD)
        told = "not ranked" if likelihood is None else f"{likelihood:.2g}"
        counted = item.fits - item.failed
        lines.append(
            f"| {item.ledger.removeprefix('hindsight/').replace('_', ' ')} | {counted}"
            f" | {len(chances)} | {int((chances < 0.01).sum())} ({0.01 * len(chances):.1f})"
            f" | {', '.join(item.outside()) or 'none'}"
            f" | {worst.name}: {worst['corrected']:.2g}; {second:.2g} | {told}"
            f" | {held(item):.2f} | {np.median(item.least_ess):.0f} |"
        )
    return lines


def held(item: Calibration, level: float = 0.9) -> float:
    """Return the share of central intervals of totals and ratios that hold the truth, by ranks."""
    totals = [ranks for name, ranks in item.ranks.items() if "[" not in name]
    shares = (np.array([r for r in totals if len(r)]) + 0.5) / (item.draws + 1)
    return float(np.mean(np.abs(shares - 0.5) < level / 2))


def notes(found: list[Calibration]) -> list[str]:
    """Return what the table was measured with."""
    made = {
        f"bajas {item.about['bajas']}, Python {item.about['python']}, NumPy {item.about['numpy']},"
        f" {item.about['machine']}, {item.about['day']}"
        for item in found
    }
    runs = {
        f"{item.about['settings']['chains']} chains of {item.about['settings']['draws']} draws"
        for item in found
    }
    failed = sum(item.failed for item in found)
    return [
        f"Fits of {' or '.join(sorted(runs))}; {failed} failed; each rank among"
        f" {found[0].draws} draws. {'; '.join(sorted(made))}."
    ]


def main() -> None:
    """Rewrite the page and the figure, or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--print", action="store_true", help="print the table instead")
    options = parser.parse_args()
    found = measured(options.results)
    text = "\n".join([*table(found), "", *notes(found)])
    if options.print:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(MARKERS[0]) + len(MARKERS[0]), page.index(MARKERS[1])
    PAGE.write_text(f"{page[:start]}\n\n{text}\n\n{page[end:]}", encoding="utf-8")
    plot_calibration(found).savefig(FIGURE, dpi=120)


if __name__ == "__main__":
    main()
