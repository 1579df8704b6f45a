"""Write tables and figure of docs/evidence/calibration.md from what the commands measured.

    python -m bajas.workflow.calibration --ledger ... --json docs/_static/calibration
    python docs/scripts/passports.py article --fits 50
    python docs/scripts/calibration_tables.py

Reads every JSON file in docs/_static/calibration/ and docs/_static/passports/. Rewritten is what
stands between the page's markers, and docs/_static/calibration.png.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from bajas.answers.passport import Passport
from bajas.checks.calibration import Calibration
from bajas.checks.calibration_plot import plot_calibration
from bajas.checks.calibration_quantities import LOG_LIKELIHOOD
from bajas.checks.uniformity import holm

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "_static" / "calibration"
FIGURE = DOCS / "_static" / "calibration.png"
PAGE = DOCS / "evidence" / "calibration.md"
PASSPORTS = DOCS / "_static" / "passports"
MARKERS = ("<!-- tables -->", "<!-- end of tables -->")
PASSPORT_MARKERS = ("<!-- passports -->", "<!-- end of passports -->")


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
            f"| {_name(item)} | {counted}"
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
    """Return what the table was measured with, for each way in which it was."""
    made: dict[str, list[str]] = {}
    for item in found:
        about, settings = item.about, item.about["settings"]
        commit = f", commit {about['commit']}" if about.get("commit") else ", commit not noted"
        text = (
            f"{settings['chains']} chains of {settings['draws']} draws, seed {about['seed']},"
            f" specification {about['specification_sha256'][:7]};"
            f" bajas {about['bajas']}{commit}, Python {about['python']}, NumPy {about['numpy']},"
            f" {about.get('machine', 'machine not noted')}, {about['day']}"
        )
        made.setdefault(text, []).append(_name(item))
    failed = sum(item.failed for item in found)
    return [
        f"Each rank among {found[0].draws} draws; {failed} fits failed. Measured with:",
        "",
        *(f"- {', '.join(names)}: {text}." for text, names in made.items()),
    ]


def _name(item: Calibration) -> str:
    return item.ledger.removeprefix("hindsight/").replace("_", " ")


def passport_table(folder: Path) -> list[str]:
    """Return a row for each number of each passport, and what they were made with."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        return ["No passport has been made."]
    lines = [
        "| fit | refits (not trusted) | number | 50 % | 80 % | 90 % | 95 % | ranks: probability |",
        "|---|---|---|---|---|---|---|---|",
    ]
    made = []
    for path in paths:
        found = Passport.from_dict(json.loads(path.read_text(encoding="utf-8")))
        name = path.stem.replace("_", " ")
        for row in found.rows:
            held = " | ".join(
                f"{n} of {found.counted} ({level * found.counted:.3g})"
                for n, level in zip(row.held, found.levels, strict=True)
            )
            lines.append(
                f"| {name} | {found.counted} ({found.untrusted}) | {row.quantity} | {held}"
                f" | {row.chance:.2g} |"
            )
        about, settings = found.about, found.about["settings"]
        commit = f", commit {about['commit']}" if about.get("commit") else ""
        made.append(
            f"{name}: refits of {settings['chains']} chains of {settings['draws']} draws, seed"
            f" {about['seed']}, bajas {about['bajas']}{commit}, Python {about['python']},"
            f" {about.get('machine', 'machine not noted')}, {about['day']}"
        )
    note = "Intervals that held the truth, in brackets how many are expected."
    return [*lines, "", f"{note} {'; '.join(made)}."]


def _between(page: str, markers: tuple[str, str], text: str) -> str:
    start, end = page.index(markers[0]) + len(markers[0]), page.index(markers[1])
    return f"{page[:start]}\n\n{text}\n\n{page[end:]}"


def main() -> None:
    """Rewrite the page and the figure, or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--passports", type=Path, default=PASSPORTS)
    parser.add_argument("--print", action="store_true", help="print the table instead")
    options = parser.parse_args()
    found = measured(options.results)
    text = "\n".join([*table(found), "", *notes(found)])
    if options.print:
        print(text)
        return
    page = _between(PAGE.read_text(encoding="utf-8"), MARKERS, text)
    page = _between(page, PASSPORT_MARKERS, "\n".join(passport_table(options.passports)))
    PAGE.write_text(page, encoding="utf-8")
    plot_calibration(found).savefig(FIGURE, dpi=120)


if __name__ == "__main__":
    main()
