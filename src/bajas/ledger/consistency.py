"""What the claims say against each other, found before any fit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bajas.claims.claim import Claim
from bajas.claims.source import Source
from bajas.claims.taxonomy import Taxonomy
from bajas.errors import Finding
from bajas.ledger.agreement import agreement_findings
from bajas.ledger.balance import balance_findings
from bajas.ledger.contradictions import contradiction_findings
from bajas.ledger.duplicates import exact_duplicates
from bajas.ledger.kinds import stream_evidence, stream_kind
from bajas.ledger.lineage import left_out
from bajas.ledger.repeats import repeat_findings
from bajas.ledger.series_checks import Stream, series_findings
from bajas.ledger.source_names import name_findings

__all__ = ["consistency_findings", "contradicting_claims", "exact_duplicates"]


def consistency_findings(
    claims: Sequence[Claim], sources: Mapping[str, Source], taxonomy: Taxonomy
) -> tuple[Finding, ...]:
    """Return the findings between claims; the order is fixed by the claims' canonical order.

    Parameters
    ----------
    claims : sequence of Claim
        The claims of a ledger in canonical order.
    sources : mapping of str to Source
        Their sources.
    taxonomy : Taxonomy
        Tells which outcomes are part of which.

    Returns
    -------
    tuple of Finding
        Warnings about the evidence as a whole, about claims that repeat and that contradict each
        other, and notes on what was guessed.
    """
    unused = left_out(claims, sources)
    streams: dict[Stream, list[Claim]] = defaultdict(list)
    for claim in claims:
        streams[claim.stream].append(claim)
    return (
        *_first_day(claims, unused, taxonomy),
        *balance_findings(claims, unused),
        *name_findings({claim.source for claim in claims}),
        *repeat_findings(claims, sources, unused),
        *agreement_findings(claims, unused),
        *contradiction_findings(claims, taxonomy, unused),
        *series_findings(streams),
        *_guessed_kinds(streams, sources, unused),
    )


def _first_day(
    claims: Sequence[Claim], unused: Mapping[str, str], taxonomy: Taxonomy
) -> tuple[Finding, ...]:
    """Warn where the war's first day rests on few windows that start before all others."""
    if taxonomy.first_day is not None:
        return ()
    starts = Counter(claim.start for claim in claims if claim.claim_id not in unused)
    if not starts:
        return ()
    first = min(starts)
    commonest = min(starts, key=lambda day: (-starts[day], day))
    if first == commonest or starts[commonest] < 2:
        return ()
    early = tuple(c.claim_id for c in claims if c.start < commonest and c.claim_id not in unused)
    return (
        Finding(
            "warn",
            "first-day-guessed",
            f"the war's first day is taken as {first}, the earliest start of a window, though most"
            f" windows start on {commonest}.",
            "declare first_day in the taxonomy; windows that start before it are then clipped",
            column="start",
            claim_ids=early,
        ),
    )


def contradicting_claims(
    claims: Sequence[Claim], sources: Mapping[str, Source], taxonomy: Taxonomy
) -> tuple[Finding, ...]:
    """Return contradictions for which a table is refused, and declarations that exclude others.

    Parameters
    ----------
    claims : sequence of Claim
        The claims that were read.
    sources : mapping of str to Source
        Their sources.
    taxonomy : Taxonomy
        Tells which outcomes are part of which.
    """
    unused = left_out(claims, sources)
    found = [
        finding
        for finding in contradiction_findings(claims, taxonomy, unused)
        if finding.severity == "refuse"
    ]
    declared: dict[Stream, Claim] = {}
    for claim in claims:
        if claim.kind is None:
            continue
        first = declared.setdefault(claim.stream, claim)
        if first.kind != claim.kind:
            found.append(
                Finding(
                    "refuse",
                    "stream-of-two-kinds",
                    f"claim {first.claim_id} of the same stream is declared {first.kind}.",
                    "a stream counts in one way: declare one kind, or none",
                    row=claim.row,
                    claim_id=claim.claim_id,
                    column="kind",
                    text=claim.kind,
                )
            )
    return tuple(found)


def _guessed_kinds(
    streams: Mapping[Stream, Sequence[Claim]],
    sources: Mapping[str, Source],
    unused: Mapping[str, str],
) -> list[Finding]:
    findings = []
    for stream in sorted(streams):
        # The model sees only the claims that it uses: guess from the same ones.
        claims = [claim for claim in streams[stream] if claim.claim_id not in unused]
        if not any(claim.has_figure and claim.qualifier != "peak" for claim in claims):
            continue
        kinds = {claim.evidence for claim in claims if claim.evidence}
        if kinds and stream_evidence(claims, sources.get(stream[0])) is None:
            source, side, component, outcome = stream
            findings.append(
                Finding(
                    "note",
                    "mixed-evidence",
                    f"figures of {source} on {component} {outcome} of {side} are"
                    f" {', '.join(sorted(kinds))}{'' if len(kinds) > 1 else ' or not said'}:"
                    " figures of each kind have a bias of their own.",
                    "correct the kinds, if they are of one",
                    column="evidence",
                    claim_ids=tuple(claim.claim_id for claim in claims),
                )
            )
        kind, guessed = stream_kind(claims, sources.get(stream[0]))
        if guessed:
            source, side, component, outcome = stream
            findings.append(
                Finding(
                    "note",
                    "guessed-stream-kind",
                    f"{source} on {component} {outcome} of {side} is read as {kind}.",
                    "declare kind in the claims or the sources table",
                    claim_ids=tuple(claim.claim_id for claim in claims),
                )
            )
    return findings
