"""Write the tables of docs/explanation/coverage.md from what the command measured.

    python -m bajas.checks.coverage --fits 200 --folder runs --json docs/_static/coverage
    python docs/scripts/coverage_tables.py

Reads every JSON file in docs/_static/coverage/; what isn't there is "not measured". Rewritten is
what stands between the page's markers, and nothing else.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bajas.checks.scenarios import SCENARIOS

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "_static" / "coverage"
PAGE = DOCS / "explanation" / "coverage.md"
MARKERS = ("<!-- tables -->", "<!-- end of tables -->")


def measured(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what was measured, by scenario."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {entry["scenario"]: entry for entry in found}


def tables(found: dict[str, dict[str, Any]]) -> str:
    """Return a table of those scenarios in which the model is right, and one of the others."""
    lines: list[str] = []
    for calibrated, title in (
        (True, "Where the fitted model is the one that made the claims"),
        (False, "Where it isn't"),
    ):
        lines += [f"### {title}", ""]
        for name, item in SCENARIOS.items():
            if item.calibrated != calibrated:
                continue
            lines += [f"**{name}**: {item.about}.", ""]
            if name in found:
                lines += one(found[name])
            else:
                lines += ["Not measured.", ""]
    return "\n".join(lines).rstrip()


def one(entry: dict[str, Any]) -> list[str]:
    """Return the table of one scenario."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in entry["rows"]:
        rows.setdefault(row["target"], []).append(row)
    levels = [row["level"] for row in next(iter(rows.values()))]
    heads = " | ".join(f"{100 * level:g} %" for level in levels)
    counted = entry["fits"] - entry["failed"]
    lines = [f"| | {heads} | width (90 %) | error |", f"|---|{'---|' * len(levels)}---|---|"]
    for target, mine in rows.items():
        shares = " | ".join(f"{row['share']:.2f}{mark(row)}" for row in mine)
        at = next(row for row in mine if abs(row["level"] - 0.9) < 1e-9)
        width = f"{at['width']:.2f}" if target.startswith("bias") else f"{at['width']:.2f} ×"
        lines.append(f"| {target} | {shares} | {width} | {at['error']:+.2f} |")
    errors = ", ".join(f"{row['mcse']:.3f}" for row in next(iter(rows.values())))
    lines += [
        "",
        f"{counted} fits, {entry['failed']} failed, {entry['untrusted']} not trusted (counted all"
        f" the same); Monte Carlo errors of the shares {errors}; seed {entry['seed']}; bajas"
        f" {entry['versions']['bajas']}, Python {entry['versions']['python']}.",
        "",
    ]
    return lines


def mark(row: dict[str, Any]) -> str:
    """Return what marks a share that is off beyond three Monte Carlo errors."""
    return " !" if abs(row["share"] - row["level"]) > 3 * row["mcse"] else ""


def main() -> None:
    """Rewrite the page, or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--print", action="store_true", help="print the tables instead")
    options = parser.parse_args()
    text = tables(measured(options.results))
    if options.print:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(MARKERS[0]) + len(MARKERS[0]), page.index(MARKERS[1])
    PAGE.write_text(f"{page[:start]}\n\n{text}\n\n{page[end:]}", encoding="utf-8")


if __name__ == "__main__":
    main()
