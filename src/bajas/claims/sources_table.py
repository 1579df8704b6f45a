"""The sources table: who speaks for whom, counts how, and repeats whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from bajas.claims import columns
from bajas.claims.cells import number_text
from bajas.claims.claim import EVIDENCE_KINDS, STREAM_KINDS, EvidenceKind, StreamKind
from bajas.claims.collapse import collapse
from bajas.claims.reading import read_table
from bajas.claims.row import Row
from bajas.claims.source import Anchor, Source
from bajas.claims.table import EXTRA, nearest
from bajas.claims.validation import find_loops
from bajas.errors import ClaimError, Finding, refusals

if TYPE_CHECKING:
    import pandas as pd

#: An anchor is a mean and sd of log(reported / true): beyond this, a factor was given instead.
_MAX_LOG_BIAS = 10.0


def read_sources(
    table: str | os.PathLike[str] | pd.DataFrame, *, sep: str = ","
) -> tuple[dict[str, Source], tuple[Finding, ...]]:
    """Read a sources table, as strictly as a claims table.

    Parameters
    ----------
    table : str, path-like or pandas.DataFrame
        Columns: source (required), speaks_for, kind, evidence, derived_from (names separated by
        semicolons), anchor_mean and anchor_sd (of log(reported / true)), note.
    sep : str
        Separator of a file.

    Returns
    -------
    tuple of (dict of str to Source, tuple of Finding)
        The sources by name, and what was normalised.

    Raises
    ------
    ClaimError
        With every problem of the table.
    """
    text = read_table(
        table,
        required=columns.SOURCE_REQUIRED,
        optional=columns.SOURCE_OPTIONAL,
        names=columns.SOURCE_NAMES,
        sep=sep,
    )
    rows = [Row(row, columns.SOURCE_NAMES) for row in text.rows]
    findings = list(text.findings)
    if own := [name for name in text.columns if name.startswith(EXTRA)]:
        message = f"columns {', '.join(own)} of the sources table are not kept in the ledger."
        findings.append(Finding("note", "extra-not-kept", message, "use note to keep it"))
    sources: dict[str, Source] = {}
    names = {row["source"] for row in rows}
    for row in rows:
        source = _read_source(row)
        if source is not None and source.name in sources:
            row.refuse("source", "duplicate-source", "the source has a row already.", "keep one")
        elif source is not None:
            sources[source.name] = source
        findings.extend(row.findings)
    # A source may be derived from one that the claims table names: checked when that is known.
    loops = find_loops({name: source.derived_from for name, source in sources.items()})
    for loop in loops:
        if set(loop) <= names:
            message = f"sources {', '.join(loop)} repeat each other in a circle."
            fix = "leave derived_from of the first to publish empty"
            findings.append(
                Finding("refuse", "derived-from-loop", message, fix, column="derived_from")
            )
    if problems := refusals(findings):
        raise ClaimError(problems, text.file)
    return sources, collapse(findings)


def unknown_origins(
    sources: Mapping[str, Source], known: frozenset[str], file: str
) -> ClaimError | None:
    """Return an error if a source repeats one that neither table knows.

    Parameters
    ----------
    sources : mapping of str to Source
        The sources table.
    known : frozenset of str
        Names of all sources, of the claims table too.
    file : str
        Name of the sources table for the message.
    """
    problems = []
    for source in sources.values():
        for name in source.derived_from:
            if name in known:
                continue
            near = nearest(name, known)
            problems.append(
                Finding(
                    "refuse",
                    "unknown-origin",
                    f"source {source.name!r} is derived from {name!r}, which has no claim and no "
                    "row in the sources table.",
                    f"did you mean {near!r}?" if near else "add it to the sources table",
                    column="derived_from",
                    text=name,
                )
            )
    return ClaimError(problems, file) if problems else None


def _read_source(row: Row) -> Source | None:
    name = row.name("source")
    kind = row.choice("kind", STREAM_KINDS)
    evidence = row.choice("evidence", EVIDENCE_KINDS)
    derived_from = row.names("derived_from")
    if name in derived_from:
        row.refuse(
            "derived_from", "derived-from-itself", "the source repeats itself.", "name its origin"
        )
    anchor = _read_anchor(row)
    speaks_for = row.name("speaks_for", required=False)
    if row.refused:
        return None
    return Source(
        name=name,
        speaks_for=speaks_for,
        kind=cast("StreamKind | None", kind),
        evidence=cast("EvidenceKind | None", evidence),
        derived_from=derived_from,
        anchor=anchor,
        note=row["note"],
    )


def _read_anchor(row: Row) -> Anchor | None:
    mean, sd = row.log_ratio("anchor_mean"), row.log_ratio("anchor_sd")
    for column in ("anchor_mean", "anchor_sd"):
        if not row[column] and (row["anchor_mean"] or row["anchor_sd"]):
            row.refuse(
                column, "half-anchor", "an anchor has a mean and an sd.", "give both, or neither"
            )
    if mean is None or sd is None:
        return None
    if sd <= 0:
        row.refuse("anchor_sd", "anchor-sd", "an anchor's sd is above 0.", "say how sure you are")
        return None
    if abs(mean) > _MAX_LOG_BIAS or sd > _MAX_LOG_BIAS:
        row.refuse(
            "anchor_mean" if abs(mean) > _MAX_LOG_BIAS else "anchor_sd",
            "anchor-not-a-log-ratio",
            f"mean and sd are those of log(reported / true), within {number_text(_MAX_LOG_BIAS)}.",
            "take the logarithm of the factor",
        )
        return None
    return Anchor(mean, sd)
