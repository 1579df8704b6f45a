"""Whether the evidence as a whole can carry an answer: how many voices, on whose side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from bajas.claims.claim import Claim
from bajas.errors import Finding

_BELLIGERENT_TYPES = frozenset(("belligerent", "official_own", "official_belligerent"))
_NEUTRAL = "neutral"


def balance_findings(claims: Sequence[Claim], unused: Collection[str]) -> list[Finding]:
    """Return what the evidence lacks as a whole.

    Parameters
    ----------
    claims : sequence of Claim
        All claims.
    unused : collection of str
        Ids of claims that are left out of the fit.
    """
    used = [
        claim
        for claim in claims
        if claim.claim_id not in unused and claim.qualifier != "peak" and claim.has_figure
    ]
    if not used:
        message = "no claim with a figure is left: all are excluded, repeat others or only rank."
        return [Finding("warn", "no-evidence", message, "add claims")]
    findings = []
    if len(used) == 1:
        findings.append(
            Finding(
                "warn",
                "one-claim",
                "only one claim bears on the answer: the posterior is the prior times one claim.",
                "add claims",
                claim_ids=(used[0].claim_id,),
            )
        )
    by_side: dict[str, list[Claim]] = defaultdict(list)
    for claim in used:
        by_side[claim.side].append(claim)
    for side in sorted(by_side):
        findings += _voices(side, by_side[side])
    findings += _empty_bounds(used)
    findings += _heaping(used)
    return findings


def _voices(side: str, claims: Sequence[Claim]) -> list[Finding]:
    findings = []
    sources = sorted({claim.source for claim in claims})
    if len(sources) == 1:
        findings.append(
            Finding(
                "warn",
                "one-source",
                f"all figures about losses of {side} come from {sources[0]}: its bias can't be "
                "told from the truth, and the answer is driven by the prior.",
                "add claims of other sources",
                claim_ids=tuple(claim.claim_id for claim in claims),
            )
        )
    if all(_is_belligerent(claim) for claim in claims):
        findings.append(
            Finding(
                "warn",
                "only-belligerents",
                f"all figures about losses of {side} come from parties to the war.",
                "add claims of third parties",
                claim_ids=tuple(claim.claim_id for claim in claims),
            )
        )
    return findings


def _is_belligerent(claim: Claim) -> bool:
    if claim.source_type:
        return claim.source_type in _BELLIGERENT_TYPES
    return claim.speaks_for != _NEUTRAL


def _empty_bounds(claims: Sequence[Claim]) -> list[Finding]:
    ids = tuple(c.claim_id for c in claims if c.qualifier == "at_least" and c.value == 0)
    if not ids:
        return []
    message = '"at least 0" carries no information.'
    return [Finding("warn", "at-least-zero", message, "leave it out", claim_ids=ids)]


def _heaping(claims: Sequence[Claim]) -> list[Finding]:
    figures = [claim for claim in claims if claim.value is not None and claim.value >= 10]
    heaped = [claim for claim in figures if _one_digit(claim.value or 0.0)]
    if not heaped:
        return []
    return [
        Finding(
            "note",
            "heaping",
            f"{len(heaped)} of {len(figures)} figures are rounded to one significant digit.",
            "",
            claim_ids=tuple(claim.claim_id for claim in heaped),
        )
    ]


def _one_digit(value: float) -> bool:
    return value.is_integer() and not str(int(value)).rstrip("0")[1:]
