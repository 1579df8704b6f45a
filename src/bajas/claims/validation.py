"""A table of text to claims: every row read, every problem reported at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bajas.claims import columns, limits
from bajas.claims.claim import Claim
from bajas.claims.claimrow import Surroundings, read_claim
from bajas.claims.collapse import collapse
from bajas.claims.row import Row
from bajas.claims.scope import Vocabulary, component_names, is_closed
from bajas.claims.source import Source
from bajas.claims.table import TextTable, nearest
from bajas.claims.taxonomy import Taxonomy
from bajas.errors import Finding

#: What a source may speak for besides a side.
NEUTRAL = "neutral"


def validate_claims(
    table: TextTable,
    *,
    taxonomy: Taxonomy,
    sources: Mapping[str, Source],
    strict_provenance: bool = False,
) -> tuple[tuple[Claim, ...], tuple[Finding, ...]]:
    """Read the rows of a claims table.

    Parameters
    ----------
    table : TextTable
        The table as text.
    taxonomy : Taxonomy
        Outcomes, components and regions.
    sources : mapping of str to Source
        The sources table; empty if there is none.
    strict_provenance : bool
        Refuse a claim without a link instead of warning.

    Returns
    -------
    tuple of (tuple of Claim, tuple of Finding)
        The claims of all rows that could be read, in the order of the table, and all findings:
        if one of them has severity ``refuse``, the claims are not all there.
    """
    rows = [Row(row, columns.NAMES) for row in table.rows]
    around = _surroundings(rows, table, taxonomy, sources, strict_provenance)
    findings = list(table.findings)
    if excess := _too_many_components(around.vocabulary):
        return (), (*findings, *excess)
    problems = len(findings)
    claims: list[Claim] = []
    by_id: dict[str, Row] = {}
    for row in rows:
        if row["claim_id"] in by_id and row["claim_id"]:
            first = by_id[row["claim_id"]].line
            row.refuse(
                "claim_id",
                "duplicate-claim-id",
                f"the id is that of row {first} too.",
                "give each claim an id of its own",
            )
        by_id.setdefault(row["claim_id"], row)
        claim = read_claim(row, around)
        if claim is not None:
            claims.append(claim)
        findings.extend(row.findings)
        problems += row.refused
        if problems > limits.MAX_PROBLEMS:
            message = f"reading stopped after {limits.MAX_PROBLEMS:,} problems."
            findings.append(Finding("refuse", "too-many-problems", message, row=row.line))
            break
    findings.extend(_too_many_streams(claims))
    findings.extend(_supersedes_loops(rows))
    findings.extend(_table_findings(table, claims, taxonomy))
    return tuple(claims), collapse(findings)


def _surroundings(
    rows: Sequence[Row],
    table: TextTable,
    taxonomy: Taxonomy,
    sources: Mapping[str, Source],
    strict_provenance: bool,
) -> Surroundings:
    claim_ids = frozenset(row["claim_id"] for row in rows) - {""}
    named: dict[str, set[str]] = {}
    for row in rows:
        # Only an open side takes its components from the table.
        if row["side"] not in taxonomy.sides:
            names = component_names(taxonomy, row["component"])
            named.setdefault(row["side"], set()).update(names)
    return Surroundings(
        vocabulary=Vocabulary(
            taxonomy,
            is_closed(taxonomy),
            {side: tuple(sorted(names)) for side, names in named.items()},
        ),
        sources=sources,
        origins=claim_ids | frozenset(row["source"] for row in rows) | frozenset(sources) - {""},
        claim_ids=claim_ids,
        columns=frozenset(table.columns),
        strict_provenance=strict_provenance,
    )


def _too_many_components(vocabulary: Vocabulary) -> list[Finding]:
    return [
        Finding(
            "refuse",
            "too-many-components",
            f"the table names {len(names):,} components of side {side!r}; the limit is "
            f"{limits.MAX_COMPONENTS}.",
            "name forces, not units; details belong in the note",
            column="component",
        )
        for side, names in sorted(vocabulary.named.items())
        if len(names) > limits.MAX_COMPONENTS
    ]


def _too_many_streams(claims: Sequence[Claim]) -> list[Finding]:
    count = len({claim.stream for claim in claims})
    if count <= limits.MAX_STREAMS:
        return []
    message = (
        f"the table has {count:,} streams (source, side, component and outcome); the limit is"
        f" {limits.MAX_STREAMS:,}."
    )
    return [Finding("refuse", "too-many-streams", message, "split it, or drop what is no claim")]


def _supersedes_loops(rows: Sequence[Row]) -> list[Finding]:
    """Return one problem for each loop of claims that supersede or are derived from each other."""
    by_id = {row["claim_id"]: row for row in rows}
    found = []
    for column, rule, words in (
        ("supersedes", "supersedes-loop", "supersede"),
        ("derived_from", "derived-from-loop", "are derived from"),
    ):
        targets = {
            name: [other for other in row.names(column) if other in by_id and other != name]
            for name, row in by_id.items()
            if name and row[column]
        }
        for loop in find_loops(targets):
            row = by_id[loop[0]]
            found.append(
                Finding(
                    "refuse",
                    rule,
                    f"claims {', '.join(loop)} {words} each other in a circle.",
                    "break the circle",
                    row=row.line,
                    claim_id=loop[0],
                    column=column,
                    text=row[column],
                    claim_ids=tuple(loop),
                )
            )
    return found


def find_loops(targets: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return one loop for each knot of names that lead back to themselves.

    Parameters
    ----------
    targets : mapping of str to sequence of str
        Where each name leads.
    """
    done: set[str] = set()
    loops: list[list[str]] = []
    for origin in targets:
        if origin in done:
            continue
        # Depth first without recursion: a chain may be as long as the table.
        path: list[str] = [origin]
        places = {origin: 0}
        waiting = [iter(targets.get(origin, ()))]
        while path:
            step = next(waiting[-1], None)
            if step is None:
                waiting.pop()
                finished = path.pop()
                del places[finished]
                done.add(finished)
            elif step in places:
                loops.append(path[places[step] :])
            elif step not in done:
                places[step] = len(path)
                path.append(step)
                waiting.append(iter(targets.get(step, ())))
    return loops


def _table_findings(table: TextTable, claims: Sequence[Claim], taxonomy: Taxonomy) -> list[Finding]:
    findings = []
    if "status" not in table.columns:
        findings.append(
            Finding(
                "note",
                "status-assumed",
                "the table has no column status: all figures are taken as military losses.",
                "add a column status (military, civilian or unknown) if some are not",
            )
        )
    sides = {claim.side for claim in claims} | set(taxonomy.sides)
    for claim in claims:
        if claim.speaks_for in sides or claim.speaks_for == NEUTRAL:
            continue
        # A side without losses in the table is in order; a name close to another is a slip.
        near = nearest(claim.speaks_for, {*sides, NEUTRAL})
        if not near:
            continue
        findings.append(
            Finding(
                "warn",
                "similar-side-names",
                f"{claim.speaks_for!r} is no side of this table, but close to {near!r}.",
                f"did you mean {near!r}?",
                claim_id=claim.claim_id,
                column="speaks_for",
                row=claim.row,
                text=claim.speaks_for,
            )
        )
    return findings
