"""One cleaned row of the claims table to one claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from bajas.claims import limits
from bajas.claims.cells import CellProblem, check_url
from bajas.claims.claim import (
    EVIDENCE_KINDS,
    STATUSES,
    STREAM_KINDS,
    Claim,
    EvidenceKind,
    Status,
    StreamKind,
)
from bajas.claims.figure import Figure, read_figure
from bajas.claims.noteflags import remark_note_flags
from bajas.claims.row import Row
from bajas.claims.scope import (
    Vocabulary,
    read_component,
    read_outcome,
    read_side,
    read_theatre,
)
from bajas.claims.source import Source
from bajas.claims.table import EXTRA, nearest

#: Words that don't say why a claim is excluded.
_BARE_FLAGS = frozenset(("0", "1", "true", "false", "yes", "no", "x", "y", "n"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one row has to know of the table it stands in.

    Parameters
    ----------
    vocabulary : Vocabulary
        What sides, components and outcomes may be called.
    sources : mapping of str to Source
        The sources table; empty if there is none.
    origins : frozenset of str
        Names of sources and claims that a claim can be derived from.
    claim_ids : frozenset of str
        Ids of all claims.
    columns : frozenset of str
        Columns that the table has.
    strict_provenance : bool
        Whether a claim without a link is refused.
    """

    vocabulary: Vocabulary
    sources: Mapping[str, Source]
    origins: frozenset[str]
    claim_ids: frozenset[str]
    columns: frozenset[str]
    strict_provenance: bool = False


def read_claim(row: Row, around: Surroundings) -> Claim | None:
    """Return the claim of a row, or ``None`` with every reason among the row's findings.

    Parameters
    ----------
    row : Row
        The row.
    around : Surroundings
        The table it stands in.
    """
    claim_id, source = row.name("claim_id"), row.name("source")
    side = read_side(row, around.vocabulary)
    outcome, per_day = read_outcome(row, around.vocabulary.taxonomy)
    component = read_component(row, side, around.vocabulary)
    days = _read_days(row, around)
    figure = read_figure(row, per_day=per_day)
    speaks_for = _declared(row, "speaks_for", row.name("speaks_for", required=False), around)
    if not speaks_for:
        row.refuse(
            "speaks_for",
            "missing-speaks-for",
            "neither the row nor the sources table says whom the source speaks for.",
            "give a side, or neutral",
        )
    kind = _declared(row, "kind", row.choice("kind", STREAM_KINDS) or "", around)
    evidence = _declared(row, "evidence", row.choice("evidence", EVIDENCE_KINDS) or "", around)
    provisional = row.flag("provisional")
    theatre = read_theatre(row, around.vocabulary.taxonomy)
    derived_from = _read_origins(row, around)
    supersedes = _read_supersedes(row, around)
    status = _read_status(row, around)
    missing_included = _read_missing_included(row, around)
    population = row.number("population")
    _check_provenance(row, around)
    _check_excluded(row)
    if row.refused or figure is None or days is None:
        return None
    _check_population(row, figure, population, days, per_day)
    if row.refused:
        return None
    claim = Claim(
        claim_id=claim_id,
        source=source,
        source_type=row["source_type"],
        speaks_for=speaks_for,
        side=side,
        component=component,
        outcome=outcome,
        start=days.start,
        end=days.end,
        published=days.published,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        level=figure.level,
        qualifier=figure.qualifier,
        provisional=bool(provisional),
        url=row["url"],
        note=row["note"],
        per_day=per_day,
        derived_from=derived_from,
        excluded=row["excluded"],
        kind=cast("StreamKind | None", kind or None),
        evidence=cast("EvidenceKind | None", evidence or None),
        theatre=theatre,
        supersedes=supersedes,
        retrieved=days.retrieved,
        population=population,
        status=status,
        missing_included=missing_included,
        # An order that doesn't depend on that of the columns, so that the hash doesn't either.
        extra=tuple(
            sorted((name, text) for name, text in row.cells.items() if name.startswith(EXTRA))
        ),
        row=row.line,
    )
    remark_note_flags(row, claim)
    return claim


# -- time -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Days:
    start: date
    end: date
    published: date
    retrieved: date | None


def _read_days(row: Row, around: Surroundings) -> _Days | None:
    start, end = row.day("start"), row.day("end")
    published = row.day("published")
    before = row.refused
    retrieved = row.day("retrieved", required=False)
    if start is None or end is None:
        return None
    if end < start:
        row.refuse("end", "end-before-start", f"it is before the start, {start}.", "swap them")
    elif (end - start).days >= limits.MAX_WINDOW_DAYS:
        row.refuse(
            "start",
            "window-too-long",
            f"the window has {(end - start).days + 1:,} days; the limit is "
            f"{limits.MAX_WINDOW_DAYS:,}.",
            "check the years",
        )
    if published is not None and published < end:
        row.refuse(
            "published",
            "published-before-end",
            f"a figure published on {published} can't cover days up to {end}.",
            "end the window on the last day the figure covers",
        )
    first_day = around.vocabulary.taxonomy.first_day
    if first_day is not None and end < first_day:
        row.refuse(
            "end",
            "window-before-war",
            f"the window ends before the war's first day, {first_day}.",
            "check the dates, or the taxonomy's first_day",
        )
    elif first_day is not None and start < first_day:
        row.say(
            "note",
            "start",
            "window-clipped",
            f"the window starts before the war's first day ({first_day}); the days before it are "
            "outside of the model.",
        )
    if retrieved is not None and published is not None and retrieved < published:
        row.say(
            "warn",
            "retrieved",
            "retrieved-before-published",
            "the page was read before the figure was published.",
            "check both dates",
        )
    if retrieved is not None and end > retrieved:
        row.say(
            "warn",
            "end",
            "window-after-retrieval",
            "the window ends after the page was read.",
            "check both dates",
        )
    if published is None or row.refused > before:
        return None
    return _Days(start, end, published, retrieved)


# -- provenance -------------------------------------------------------------------------------


def _declared(row: Row, column: str, own: str, around: Surroundings) -> str:
    """Return what the row or else the sources table says; both may not say different things."""
    source = around.sources.get(row["source"])
    known = "" if source is None else str(getattr(source, column) or "")
    if own and known and own != known:
        row.refuse(
            column,
            "contradicts-sources-table",
            f"the row says {own!r}, the sources table {known!r}.",
            "correct one of them, or leave the cell of the sources table empty",
        )
    return own or known


def _read_origins(row: Row, around: Surroundings) -> tuple[str, ...]:
    origins = row.names("derived_from")
    for name in origins:
        if name in (row["claim_id"], row["source"]):
            row.refuse(
                "derived_from",
                "derived-from-itself",
                f"the claim is derived from {name!r}, which is itself.",
                "name the claims it is computed from one by one"
                if name == row["source"]
                else "name its origin",
            )
        elif name not in around.origins:
            near = nearest(name, around.origins)
            row.refuse(
                "derived_from",
                "unknown-origin",
                f"{name!r} is neither a claim nor a source of this table.",
                f"did you mean {near!r}?" if near else "add it to the sources table",
            )
    return origins


def _read_supersedes(row: Row, around: Surroundings) -> str:
    earlier = row["supersedes"]
    if earlier and earlier == row["claim_id"]:
        row.refuse(
            "supersedes", "supersedes-itself", "a claim can't replace itself.", "name the earlier"
        )
    elif earlier and earlier not in around.claim_ids:
        near = nearest(earlier, around.claim_ids)
        row.refuse(
            "supersedes",
            "supersedes-unknown",
            f"there is no claim {earlier!r}.",
            f"did you mean {near!r}?" if near else "give the claim_id of the earlier claim",
        )
    return earlier


def _check_provenance(row: Row, around: Surroundings) -> None:
    if row["url"]:
        try:
            check_url(row["url"])
        except CellProblem as problem:
            row.refuse("url", problem.rule, problem.message, problem.fix)
    else:
        row.say(
            "refuse" if around.strict_provenance else "warn",
            "url",
            "missing-url",
            "the claim has no link to where it was published.",
            "give the address of the page",
        )


def _check_excluded(row: Row) -> None:
    if row["excluded"].lower() in _BARE_FLAGS:
        row.refuse(
            "excluded",
            "excluded-without-reason",
            "excluded holds the reason for leaving a claim out, in words.",
            "say why, or empty the cell to keep the claim",
        )


# -- who is counted ---------------------------------------------------------------------------


def _read_status(row: Row, around: Surroundings) -> Status:
    if "status" not in around.columns:
        return "military"
    if not row["status"]:
        row.refuse(
            "status",
            "missing-status",
            "the table has a column status, and the cell is empty.",
            f"write one of {', '.join(STATUSES)}",
        )
    return cast(Status, row.choice("status", STATUSES) or "unknown")


def _read_missing_included(row: Row, around: Surroundings) -> bool | None:
    if "missing_included" not in around.columns:
        return None
    if row["missing_included"] in ("", "unknown"):
        row.say(
            "warn",
            "missing_included",
            "missing-included-unknown",
            "it is not known whether the figure counts the missing.",
            "write 1 or 0 if the source says so",
        )
        return None
    return row.flag("missing_included")


def _check_population(
    row: Row, figure: Figure, population: float | None, days: _Days, per_day: bool
) -> None:
    if population is None:
        return
    least = figure.low if figure.value is None else figure.value
    if least is None or figure.qualifier == "at_most":
        return
    total = least * ((days.end - days.start).days + 1) if per_day else least
    if total > population:
        row.refuse(
            "value",
            "more-than-population",
            f"{total:,.0f} losses are more than the population of {population:,.0f}.",
            "check both figures",
        )
