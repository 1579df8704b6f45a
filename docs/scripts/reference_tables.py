"""Write the table of docs/evidence/reference_posteriors.md from the pinned files.

    python docs/scripts/reference_tables.py

Rewritten is what stands between the page's markers, and nothing else.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "benchmarks" / "reference"
PAGE = ROOT / "docs" / "evidence" / "reference_posteriors.md"
MARKERS = ("<!-- table -->", "<!-- end of table -->")


def table(found: list[dict[str, Any]]) -> str:
    """Return a column for each reference."""
    rows: dict[str, list[str]] = {}

    def add(label: str, value: str) -> None:
        rows.setdefault(label, []).append(value)

    for about in found:
        runs, admission, check = about["runs"], about["admission"], about["cross_check"]
        add("parameters, observations", f"{about['parameters']}, {about['observations']}")
        add("quantities summarised", f"{about['quantities']}")
        add("chains x draws, thinned to one in",
            f"{runs['chains']} x {runs['draws']:,}, {runs['thinning']}")  # fmt: skip
        add("CPU seconds", f"{runs['cpu_seconds']:.0f}")
        add("divergences", f"{admission['divergences']} of {admission['draws before thinning']:,}")
        add("largest R-hat", f"{admission['rhat']:.4f}")
        add("least bulk ESS", f"{admission['bulk ess']:,.0f}")
        add("least tail ESS", f"{admission['tail ess']:,.0f}")
        add("largest lag-1 autocorrelation", f"{admission['lag-1 autocorrelation']:.3f}")
        add("BFMI", f"{admission['bfmi']:.2f}")
        add("representation (SHA-256)", f"`{about['representation_sha256'][:12]}`")
        add("made", f"{about['day']}, bajas {about['versions']['bajas']}, {about['machine']}")
        if check is None:
            add("PyMC and nutpie", "not run")
            continue
        largest = check["largest difference in Monte Carlo errors"]
        add("PyMC and nutpie", f"{check['chains']} x {check['draws']:,} draws,"
            f" {check['divergences']} divergences, R-hat {check['rhat']:.3f}, least ESS"
            f" {check['bulk ess']:,.0f}: {check['compared']:,} comparisons, largest difference"
            f" {largest:.1f} Monte Carlo errors")  # fmt: skip
    lines = ["| | " + " | ".join(about["name"] for about in found) + " |"]
    lines.append("|---|" + "---|" * len(found))
    lines += [f"| {label} | {' | '.join(values)} |" for label, values in rows.items()]
    return "\n".join(lines)


def main() -> None:
    """Rewrite the page, or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--print", action="store_true", help="print the table instead")
    options = parser.parse_args()
    text = table(
        [json.loads(path.read_text(encoding="utf-8")) for path in sorted(PINNED.glob("*.json"))]
    )
    if options.print:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(MARKERS[0]) + len(MARKERS[0]), page.index(MARKERS[1])
    PAGE.write_text(f"{page[:start]}\n\n{text}\n\n{page[end:]}", encoding="utf-8")


if __name__ == "__main__":
    main()
