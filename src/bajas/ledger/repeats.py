"""Figures that repeat or replace each other without saying so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from bajas.claims.claim import Claim
from bajas.claims.source import Source
from bajas.errors import Finding
from bajas.ledger.duplicates import exact_duplicates

#: Sources with one figure, to the digit, that make a copied report likely.
_ENOUGH_SOURCES = 3
#: Days within which equal figures are taken for copies of one report.
_COPY_DAYS = 92


def repeat_findings(
    claims: Sequence[Claim], sources: Mapping[str, Source], unused: Collection[str]
) -> list[Finding]:
    """Return claims that are entered twice, revised without a word, or copied.

    Parameters
    ----------
    claims : sequence of Claim
        All claims.
    sources : mapping of str to Source
        Their sources.
    unused : collection of str
        Ids of claims that are left out of the fit: what they repeat is settled.
    """
    copies = exact_duplicates(claims)
    settled = set(unused) - set(copies)
    used = [claim for claim in claims if claim.claim_id not in unused]
    return [
        *(_duplicate(copy, kept) for copy, kept in copies.items() if copy not in settled),
        *_unmarked_revisions(used),
        *_copied_figures(used),
        *_missing_origins(claims, sources),
    ]


def _duplicate(copy: str, kept: str) -> Finding:
    return Finding(
        "warn",
        "exact-duplicate",
        f"claim {copy} says exactly what claim {kept} says; it is left out of the fit.",
        "remove it, or correct what should be different",
        claim_id=copy,
        claim_ids=(copy, kept),
    )


def _unmarked_revisions(claims: Sequence[Claim]) -> list[Finding]:
    groups: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.qualifier == "peak":
            continue
        # An upper and a lower bound of one source belong together: compare like with like.
        bound = claim.qualifier if claim.qualifier in ("at_least", "at_most") else ""
        key = (claim.stream, claim.window, claim.per_day, claim.theatre, claim.status, bound)
        groups[key].append(claim)
    findings = []
    for group in groups.values():
        figures = {(claim.value, claim.low, claim.high) for claim in group}
        if len(figures) < 2:
            continue
        ids = tuple(claim.claim_id for claim in group)
        first = group[0]
        findings.append(
            Finding(
                "warn",
                "unmarked-revision",
                f"{first.source} gives {len(figures)} figures for {first.component} "
                f"{first.outcome} of {first.side}, {first.window}: both are used.",
                "name the earlier claim in supersedes if the later replaces it",
                claim_ids=ids,
            )
        )
    return findings


def _copied_figures(claims: Sequence[Claim]) -> list[Finding]:
    groups: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.value and claim.qualifier != "peak":
            key = (claim.side, claim.component, claim.outcome, claim.per_day, claim.value)
            groups[key].append(claim)
    findings = []
    for group in groups.values():
        if len({claim.source for claim in group}) < _ENOUGH_SOURCES:
            continue
        first_end: date = min(claim.end for claim in group)
        near = [c for c in group if c.end - first_end <= timedelta(days=_COPY_DAYS)]
        names = sorted({claim.source for claim in near})
        if len(names) < _ENOUGH_SOURCES:
            continue
        claim = near[0]
        findings.append(
            Finding(
                "warn",
                "identical-across-sources",
                f"{', '.join(names)} all give {claim.value:,.0f} for {claim.component} "
                f"{claim.outcome} of {claim.side}: they may repeat one report.",
                "if they do, name its origin in derived_from of the others",
                claim_ids=tuple(claim.claim_id for claim in near),
            )
        )
    return findings


def _missing_origins(claims: Sequence[Claim], sources: Mapping[str, Source]) -> list[Finding]:
    """Warn where what a claim repeats isn't here: then nothing stands in for it."""
    present = {claim.claim_id for claim in claims} | {claim.source for claim in claims}
    missing: dict[str, list[str]] = defaultdict(list)
    for claim in claims:
        source = sources.get(claim.source)
        origins = claim.derived_from or (source.derived_from if source else ())
        if not claim.excluded and origins and not present.intersection(origins):
            missing[", ".join(origins)].append(claim.claim_id)
    return [
        Finding(
            "warn",
            "origin-without-claims",
            f"claims repeat {origins}, of which this ledger has no claim: they are left out of "
            "the fit and nothing stands in for them.",
            "add the claims of their origin",
            claim_ids=tuple(ids),
        )
        for origins, ids in sorted(missing.items())
    ]
