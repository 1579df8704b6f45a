"""Write the measured tables of the page on reliability from the JSON of the commands.

    make fuzz ARGS="--seed 1 --saved 400 --summary docs/_static/reliability/fuzz.json"
    python benchmarks/limits.py --rows 100000 --cells 100000 --draws 1000 \
        --json docs/_static/reliability/limits.json
    python docs/scripts/reliability_tables.py

Rewritten is what stands between the page's markers, and nothing else.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "_static" / "reliability"
PAGE = ROOT / "docs" / "evidence" / "reliability.md"


def read(name: str) -> dict[str, Any] | None:
    """Return what a command wrote, or None."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def fuzz_table(found: dict[str, Any] | None) -> str:
    if found is None:
        return "Not measured."
    refused = found["tables"] - found["accepted"] - found["failures"]
    rules = [name for name in found["outcomes"] if name != "accepted"]
    common = ", ".join(f"`{name}` {found['outcomes'][name]:,}" for name in rules[:8])
    rows = {
        "tables": f"{found['tables']:,}",
        "refused with a typed error": f"{refused:,}",
        "read": f"{found['accepted']:,}",
        "read, shipped rows as they are": f"{found['accepted_untouched']:,}",
        "read and put to use (findings, frames, design)": f"{found['used']:,}",
        "**broken promises: untyped exceptions, hangs, silent changes**": f"{found['failures']:,}",
        "reasons of refusal met": f"{len(rules)} (most often {common})",
        "lines of the reader, ledger and design reached": f"{found['lines']:,}",
        "slowest table": f"{found['slowest_seconds']:.2f} CPU s",
        "all tables": f"{found['cpu_seconds']:.0f} CPU s",
    }
    return _table(("", "count"), rows.items()) + _made(found)


def saved_table(found: dict[str, Any] | None) -> str:
    saved = None if found is None else found["saved"]
    if found is None or saved is None:
        return "Not measured."
    names = sorted({*saved["sealed"], *saved["resealed"]})
    rows = [
        (name, f"{saved['sealed'].get(name, 0):,}", f"{saved['resealed'].get(name, 0):,}")
        for name in names
    ]
    rows.append(("files", *(f"{sum(saved[way].values()):,}" for way in ("sealed", "resealed"))))
    return _table(("outcome", "seal as damaged", "seal made anew"), rows) + _made(found)


def limits_table(found: dict[str, Any] | None) -> str:
    if found is None:
        return "Not measured."
    rows = []
    for result in found["results"]:
        about = {k: v for k, v in result.items() if k not in ("what", "size", "with")}
        what = (
            f"a table of {result['size']:,} claims in {result['with']:,} streams"
            if result["what"] == "read"
            else f"{result['size']:,} days times strata, {result['with']:,} draws of the prior"
        )
        rows.append((what, ", ".join(f"{name} {value:,.1f}" for name, value in about.items())))
    return _table(("", "measured"), rows) + _made(found)


def _table(header: tuple[str, ...], rows: Any) -> str:
    lines = [" | ".join(header), " | ".join("---" for _ in header)]
    lines += [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _made(found: dict[str, Any]) -> str:
    commit = f", commit {found['commit']}" if "commit" in found else ""
    command = f", by `{found['command']}`" if "command" in found else ""
    made = f"Made {found['date']}{commit}, Python {found['python']} on {found['machine']}"
    return f"\n\n{made}{command}."


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    tables = {
        "fuzz": fuzz_table(read("fuzz")),
        "saved": saved_table(read("fuzz")),
        "limits": limits_table(read("limits")),
    }
    for name, text in tables.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        page, count = re.subn(pattern, lambda m, t=text: f"{m[1]}\n{t}\n\n{m[2]}", page, flags=re.S)
        if count != 1:
            raise SystemExit(f"{PAGE} has no place for {name}")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
