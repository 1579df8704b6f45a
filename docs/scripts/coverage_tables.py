"""Write the tables of coverage.md and misspecification.md from what the command measured.

    python -m bajas.checks.coverage --fits 200 --folder runs --json docs/_static/coverage
    python docs/scripts/coverage_tables.py

Reads every JSON file in docs/_static/coverage/; what isn't there is "not measured". Rewritten is
what stands between the markers of the two pages, and nothing else.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bajas.checks.scenarios import SCENARIOS

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "_static" / "coverage"
PAGE = DOCS / "explanation" / "coverage.md"
FAULTS_PAGE = DOCS / "evidence" / "misspecification.md"
MARKERS = ("<!-- tables -->", "<!-- end of tables -->")
#: What the faults are held against.
RIGHT = "baseline"
#: The total in the table of faults, and what else is shown at 90 %.
WHOLE = "killed, all 240 days"
OTHERS = (
    "killed, first 80 days",
    "killed, last 80 days",
    "casualties per killed",
    "bias of the enemy's tally",
)

Entry = dict[str, Any]


def measured(folder: Path) -> dict[str, Entry]:
    """Return what was measured, by scenario.

    Of two files on one scenario the one with more fits, and what was told of the other's if it has
    nothing of it itself.
    """
    found: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.json")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        other = found.get(entry["scenario"], entry)
        more, less = sorted((other, entry), key=lambda item: item["fits"], reverse=True)
        if not more.get("told") and less.get("told"):
            more |= {name: less[name] for name in ("told", "told_of")}
            more["told_origin"] = f"{fits(less)}; {origin(less)}"
        found[entry["scenario"]] = more
    return found


# -- where the model is right ------------------------------------------------------------------


def tables(found: dict[str, Entry]) -> str:
    """Return a table of each scenario in which the model is right."""
    lines: list[str] = []
    for name, item in SCENARIOS.items():
        if not item.calibrated:
            continue
        lines += [f"**{name}**: {item.about}.", ""]
        lines += one(found[name]) if name in found else ["Not measured.", ""]
    return "\n".join(lines).rstrip()


def one(entry: Entry) -> list[str]:
    """Return the table of one scenario."""
    rows = by_target(entry)
    levels = [row["level"] for row in next(iter(rows.values()))]
    heads = " | ".join(f"{100 * level:g} %" for level in levels)
    lines = [f"| | {heads} | width (90 %) | error |", f"|---|{'---|' * len(levels)}---|---|"]
    for target, mine in rows.items():
        shares = " | ".join(f"{row['share']:.2f}{mark(row)}" for row in mine)
        at = next(row for row in mine if abs(row["level"] - 0.9) < 1e-9)
        lines.append(f"| {target} | {shares} | {width(at)} | {at['error']:+.2f} |")
    errors = ", ".join(f"{row['mcse']:.3f}" for row in next(iter(rows.values())))
    lines += ["", f"{fits(entry)}; Monte Carlo errors of the shares {errors}; {origin(entry)}.", ""]
    return lines


def by_target(entry: Entry) -> dict[str, list[Entry]]:
    """Return the rows of each number, in order."""
    rows: dict[str, list[Entry]] = {}
    for row in entry["rows"]:
        rows.setdefault(row["target"], []).append(row)
    return rows


def mark(row: Entry) -> str:
    """Return what marks a share that is off beyond three Monte Carlo errors."""
    return " !" if abs(row["share"] - row["level"]) > 3 * row["mcse"] else ""


def width(row: Entry) -> str:
    """Return a width in words: a factor, or a difference for what may be negative."""
    signed = row.get("signed", row["target"].startswith("bias"))
    return f"{row['width']:.2f}" if signed else f"{row['width']:.2f} ×"


def fits(entry: Entry) -> str:
    """Say how many fits there were, and of what kind."""
    made = f" of {entry['versions']['fits']}" if "fits" in entry["versions"] else ""
    return (
        f"{entry['fits'] - entry['failed']} fits{made}, {entry['failed']} failed,"
        f" {entry['untrusted']} not trusted (counted all the same)"
    )


def origin(entry: Entry) -> str:
    """Say what was measured with, where and when."""
    of = entry["versions"]
    text = f"seed {entry['seed']}; bajas {of['bajas']}, Python {of['python']}"
    for name in ("commit", "machine", "date"):
        if name in of:
            text += f"; {'commit ' if name == 'commit' else ''}{of[name]}"
    return text


# -- where it isn't ----------------------------------------------------------------------------


def fault_tables(found: dict[str, Entry]) -> str:
    """Return three tables of the faults: coverage of the total, of other numbers, what is told."""
    names = [RIGHT, *(name for name, item in SCENARIOS.items() if item.fault)]
    missing = [name for name in names if name not in found]
    there = [(name, found[name]) for name in names if name in found]
    if not there:
        return f"Not measured: {', '.join(missing)}."
    lines = ["### The total of killed", "", *_whole(there), ""]
    lines += ["### Other numbers, 90 % intervals", "", *_others(there), ""]
    lines += ["### What the library tells", "", *_told(there), ""]
    for name, entry in there:
        lines.append(f"- **{_name(name)}**: {fits(entry)}; {origin(entry)}.")
        if "told_origin" in entry:
            lines[-1] += f" What is told: {entry['told_origin']}."
    if missing:
        lines += ["", f"Not measured: {', '.join(missing)}."]
    return "\n".join(lines)


def _name(name: str) -> str:
    item = SCENARIOS[name]
    return f"{item.fault}, {item.size}" if item.fault else "no fault"


def _whole(there: Iterable[tuple[str, Entry]]) -> list[str]:
    lines = ["| | what is wrong | 50 % | 80 % | 90 % | 95 % | width (90 %) | error |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, entry in there:
        rows = by_target(entry)[WHOLE]
        shares = " | ".join(f"{row['share']:.2f}{mark(row)}" for row in rows)
        at = next(row for row in rows if row["level"] == 0.9)
        about = SCENARIOS[name].about if SCENARIOS[name].fault else "nothing"
        lines.append(f"| {_name(name)} | {about} | {shares} | {width(at)} | {at['error']:+.2f} |")
    return lines


def _others(there: Iterable[tuple[str, Entry]]) -> list[str]:
    lines = [f"| | {' | '.join(OTHERS)} |", f"|---|{'---|' * len(OTHERS)}"]
    for name, entry in there:
        rows = by_target(entry)
        cells = []
        for target in OTHERS:
            at = next(row for row in rows[target] if row["level"] == 0.9)
            cells.append(f"{at['share']:.2f}{mark(at)}")
        lines.append(f"| {_name(name)} | {' | '.join(cells)} |")
    return lines


def _told(there: Iterable[tuple[str, Entry]]) -> list[str]:
    there = [(name, entry) for name, entry in there if entry.get("told")]
    if not there:
        return ["Not measured."]
    usual = set(dict(there).get(RIGHT, {}).get("told", {}).get("findings", {}))
    lines = [
        "| | fits asked | findings that the right model's claims never raise | usual findings |"
        " `collusion` suspects a pair | `influence`: a surprise below 0.01 | the least of n below"
        " 0.01 / n | which source, most often | `reliance`: driven by biases | widest interval of"
        " `sensitivity` over bias priors holds the truth | over sources left out |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, entry in there:
        said = entry["told"]
        rare = [f"{rule} {share:.2f}" for rule, share in said["findings"].items()
                if rule not in usual]  # fmt: skip
        common = [f"{rule} {share:.2f}" for rule, share in said["findings"].items()
                  if rule in usual]  # fmt: skip
        pairs = [f" ({pair} {share:.2f})" for pair, share in list(said["collusion"].items())[:1]]
        odd = [f"{source} {share:.2f}" for source, share in list(said["odd"].items())[:1]]
        lines.append(
            f"| {_name(name)} | {entry['told_of']} | {', '.join(rare) or 'none'} |"
            f" {', '.join(common) or 'none'} |"
            f" {said['says']['any suspected collusion']:.2f}{''.join(pairs)} |"
            f" {said['says']['a figure surprises at 0.01']:.2f} |"
            f" {said['says']['the most surprising of n at 0.01 / n']:.2f} |"
            f" {', '.join(odd) or 'none'} | {said['driven_by'].get('bias', 0.0):.2f} |"
            f" {said['held']['bias priors']:.2f} | {said['held']['sources left out']:.2f} |"
        )
    return lines


def main() -> None:
    """Rewrite the pages, or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--print", action="store_true", help="print the tables instead")
    options = parser.parse_args()
    found = measured(options.results)
    for path, text in ((PAGE, tables(found)), (FAULTS_PAGE, fault_tables(found))):
        if options.print:
            print(text)
            continue
        page = path.read_text(encoding="utf-8")
        start, end = page.index(MARKERS[0]) + len(MARKERS[0]), page.index(MARKERS[1])
        path.write_text(f"{page[:start]}\n\n{text}\n\n{page[end:]}", encoding="utf-8")


if __name__ == "__main__":
    main()
