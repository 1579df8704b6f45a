"""What the scripts that write the pages of the hindsight benchmark share."""

from __future__ import annotations

import math
from pathlib import Path

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "_static" / "hindsight"
MAIN = "bajas, hindsight"
#: Positions of the levels in an answer's list of ends: 50 and 90 %.
HALF, NINE_TENTHS = 0, 2


def between(page: str, name: str, text: str) -> str:
    """Return a page with what stands between two markers replaced."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = page.split(begin, 1)
    return f"{before}{begin}{text}\n{end}{rest.split(end, 1)[1]}"


def number(value: float) -> str:
    """Return a count with three digits that count."""
    if value <= 0:
        return "0"
    step = 10 ** max(0, math.floor(math.log10(value)) - 2)
    return f"{round(value / step) * step:,.0f}"


def reached(missed: float) -> str:
    """Return whether a bar was reached, or by how much it was missed."""
    return "reached" if missed <= 0 else f"**missed by {missed:.2f}**"
