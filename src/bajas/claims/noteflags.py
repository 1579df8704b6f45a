"""Flags that users write into notes; bajas acts on columns only and says which one to use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bajas.claims.claim import Claim
from bajas.claims.row import Row


@dataclass(frozen=True, slots=True)
class _Flag:
    pattern: re.Pattern[str]
    label: str
    column: str
    fix: str


_FLAGS = (
    _Flag(re.compile(r"\bEXCLUDE_FROM_FIT\b"), "EXCLUDE_FROM_FIT", "excluded", "say why in it"),
    _Flag(re.compile(r"\bRETRACTED\b"), "RETRACTED", "excluded", "say in it who withdrew it"),
    _Flag(
        re.compile(r"\bDUPLICATE_OF\b"),
        "DUPLICATE_OF",
        "derived_from",
        "name the claim or source",
    ),
    _Flag(
        re.compile(r"\bLINEAGE\b"),
        "LINEAGE",
        "derived_from",
        "name the source",
    ),
    _Flag(
        re.compile(r"\bDERIVED(_TOTAL|_RATIO)?\b"),
        "DERIVED",
        "derived_from",
        "name the claims that the figure is computed from",
    ),
    _Flag(re.compile(r"\bRATE\b"), "RATE", "per_day", "set per_day=1"),
    _Flag(re.compile(r"\bRANK_ONLY\b"), "RANK_ONLY", "qualifier", "set qualifier=peak"),
    _Flag(re.compile(r"\btheatre="), "theatre=", "theatre", "name the region"),
)


def remark_note_flags(row: Row, claim: Claim) -> None:
    """Record a warning for each flag in a claim's note that no column of the claim says."""
    said = {
        "excluded": bool(claim.excluded),
        # A claim that is left out for another stated reason needs no lineage as well.
        "derived_from": bool(claim.derived_from or claim.excluded),
        "per_day": claim.per_day,
        "qualifier": claim.qualifier == "peak",
        "theatre": bool(claim.theatre),
    }
    for flag in _FLAGS:
        if flag.pattern.search(claim.note) and not said[flag.column]:
            row.say(
                "warn",
                "note",
                "note-flag-not-a-column",
                f"the note says {flag.label}, which is not acted upon: notes are not read.",
                f"use column {flag.column}: {flag.fix}; or remove the flag from the note",
            )
