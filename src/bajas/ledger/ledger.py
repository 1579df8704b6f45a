"""The ledger: an immutable set of claims with sources, taxonomy, findings and a content hash."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from bajas.claims.claim import Claim
from bajas.claims.source import Source
from bajas.claims.taxonomy import Taxonomy
from bajas.errors import BajasError, Finding
from bajas.ledger.consistency import consistency_findings
from bajas.ledger.duplicates import exact_duplicates
from bajas.ledger.reread import reread


@dataclass(frozen=True, eq=False)
class Ledger:
    """The evidence: claims in canonical order, their sources, the taxonomy, and what was noticed.

    Made by :func:`bajas.read_claims`, not by hand.

    Parameters
    ----------
    claims : tuple of Claim
        Any order; kept sorted by (source, side, component, outcome, end, start, published, id).
    sources : mapping of str to Source
        One entry for each source that is named in the claims, at least.
    taxonomy : Taxonomy
        How outcomes and components add up.
    reading_findings : tuple of Finding
        What the reading of the table noticed; findings about consistency are derived.
    as_of_date : datetime.date, optional
        The date to which the ledger is restricted.
    """

    claims: tuple[Claim, ...]
    sources: Mapping[str, Source]
    taxonomy: Taxonomy
    reading_findings: tuple[Finding, ...] = ()
    as_of_date: date | None = None

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.claims, key=canonical_key))
        object.__setattr__(self, "claims", ordered)

    # -- the evidence as a whole --------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.claims)

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims)

    def __getitem__(self, claim_id: str) -> Claim:
        try:
            return self._by_id[claim_id]
        except KeyError:
            raise BajasError(f"the ledger has no claim {claim_id!r}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __repr__(self) -> str:
        sides = Counter(claim.side for claim in self.claims)
        known = f", known on {self.as_of_date}" if self.as_of_date else ""
        counts = Counter(finding.severity for finding in self.findings)
        return (
            f"Ledger: {len(self)} claims of {len({c.source for c in self.claims})} sources"
            f" on {', '.join(f'{side} ({n})' for side, n in sorted(sides.items()))}{known}\n"
            f"  war from {self.first_day} to {self.last_day};"
            f" {counts['warn']} warnings, {counts['note']} notes; hash {self.hash[:12]}"
        )

    @cached_property
    def _by_id(self) -> dict[str, Claim]:
        return {claim.claim_id: claim for claim in self.claims}

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the content: claims, sources in use, taxonomy and the as-of date."""
        # keys unsorted: the order of a taxonomy's components and outcomes is content
        text = json.dumps(self.as_dict(), ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything noticed: by the reading of the table, then between the claims."""
        return self.reading_findings + consistency_findings(
            self.claims, self.sources, self.taxonomy
        )

    # -- time ---------------------------------------------------------------------------------

    @cached_property
    def first_day(self) -> date:
        """First day of the war: the taxonomy's, else the earliest start of a claim's window.

        Where sources count from before the war (an ombudsman's calendar year), declare the day in
        the taxonomy: their windows are then clipped.
        """
        if self.taxonomy.first_day is not None:
            return self.taxonomy.first_day
        return min(claim.start for claim in self.claims)

    @cached_property
    def last_day(self) -> date:
        """Last day that any claim covers."""
        return max(claim.end for claim in self.claims)

    def as_of(self, day: str | date) -> Ledger:
        """Return the ledger as it was known on a day: claims published by then.

        Parameters
        ----------
        day : str or datetime.date
            ISO date.

        Raises
        ------
        BajasError
            If no claim had been published by then.

        Examples
        --------
        >>> import bajas
        >>> ledger = bajas.datasets.russia_ukraine_2023()
        >>> len(ledger.as_of("2023-08-07")) < len(ledger)
        True
        """
        limit = date.fromisoformat(day) if isinstance(day, str) else day
        kept = tuple(claim for claim in self.claims if claim.published <= limit)
        if not kept:
            raise BajasError(f"no claim of this ledger was published by {limit}")
        return replace(self._of(kept), as_of_date=limit)

    def without(self, sources: Iterable[str] = (), claims: Iterable[str] = ()) -> Ledger:
        """Return the ledger without some sources or claims: what is known without them.

        What a claim had replaced, and its exact duplicates, go with it: leaving out one claim must
        not let another come in. Claims that repeat a source that is left out stay in the ledger
        and stay without evidence.

        Parameters
        ----------
        sources : iterable of str
            Sources all of whose claims are left out.
        claims : iterable of str
            Ids of claims that are left out.

        Raises
        ------
        BajasError
            If there is no such source or claim, or no claim would be left.

        Examples
        --------
        >>> import bajas
        >>> ledger = bajas.datasets.russia_ukraine_2023()
        >>> fewer = ledger.without(sources=["ua_general_staff"])
        >>> any(claim.source == "ua_general_staff" for claim in fewer), fewer == ledger
        (False, False)
        """
        out_sources, out = _names(sources, "sources"), _names(claims, "claims")
        unknown = sorted(out_sources - {claim.source for claim in self.claims})
        unknown += sorted(out - set(self._by_id))
        if unknown:
            raise BajasError(f"the ledger has no claims of, or named, {', '.join(unknown)}")
        out |= {claim.claim_id for claim in self.claims if claim.source in out_sources}
        pending = sorted(out)
        twins = exact_duplicates(self.claims)
        while pending:
            name = pending.pop()
            first = twins.get(name, name)
            shadows = {copy for copy, kept in twins.items() if kept == first} | {first}
            replaced = self._by_id[name].supersedes
            if replaced in self._by_id:
                shadows.add(replaced)
            pending += sorted(shadows - out)
            out |= shadows
        kept = tuple(claim for claim in self.claims if claim.claim_id not in out)
        if not kept:
            raise BajasError("no claim of this ledger would be left")
        return self._of(kept)

    def _of(self, kept: tuple[Claim, ...]) -> Ledger:
        """Return the ledger of some of its claims, with what was noticed about those."""
        ids = {claim.claim_id for claim in kept}
        findings = tuple(
            replace(finding, claim_ids=tuple(name for name in finding.claim_ids if name in ids))
            for finding in self.reading_findings
            if _concerns(finding, ids)
        )
        return replace(self, claims=kept, reading_findings=findings)

    # -- another reading ----------------------------------------------------------------------

    def reread(
        self, stream: str, *, component: str | None = None, outcome: str | None = None
    ) -> Ledger:
        """Return the ledger with a stream's figures taken to count something else.

        The change is recorded among the findings, and the content hash is another one. Statements
        of rank keep their definition.

        Parameters
        ----------
        stream : str
            Source, side, component and outcome as in ``general_staff: RU all casualties``.
        component, outcome : str, optional
            Expressions over the taxonomy; alternatives (``killed|casualties``) where it isn't
            known which: a fit weighs them. What is left out stays.

        Raises
        ------
        BajasError
            If there is no such stream, the expressions can't be read, or nothing would change.

        Examples
        --------
        >>> import bajas
        >>> ledger = bajas.datasets.article_2023_08_07()
        >>> stream = "ua_general_staff: RU all casualties"
        >>> ledger.reread(stream, outcome="killed|casualties")["s001"].outcome
        'killed|casualties'
        """
        return reread(self, stream, component=component, outcome=outcome)

    # -- names --------------------------------------------------------------------------------

    @cached_property
    def sides(self) -> tuple[str, ...]:
        """Sides whose losses are claimed."""
        return tuple(sorted({claim.side for claim in self.claims}))

    def component_names(self, side: str) -> tuple[str, ...]:
        """Plain component names that occur in the claims about a side."""
        names = {
            name
            for claim in self.claims
            if claim.side == side
            for name in self.taxonomy.component_names(claim.component)
        }
        return tuple(sorted(names))

    # -- plain data ---------------------------------------------------------------------------

    def to_frame(self) -> pd.DataFrame:
        """Return the claims as a table, one row each, dates as datetimes."""
        frame = pd.DataFrame([claim.as_dict() for claim in self.claims])
        for name in ("start", "end", "published", "retrieved"):
            frame[name] = pd.to_datetime(frame[name])
        frame["derived_from"] = [";".join(claim.derived_from) for claim in self.claims]
        return frame.drop(columns="extra")

    def findings_frame(self) -> pd.DataFrame:
        """Return the findings as a table."""
        columns = ["severity", "rule", "claim_id", "message", "fix", "row", "column", "text"]
        return pd.DataFrame([finding.as_dict() for finding in self.findings], columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """Return the content as plain data for JSON (without findings about reading)."""
        used = sorted({claim.source for claim in self.claims})
        return {
            "claims": [claim.as_dict() for claim in self.claims],
            "sources": [self.sources[name].as_dict() for name in used],
            "taxonomy": self.taxonomy.as_dict(),
            "as_of_date": None if self.as_of_date is None else self.as_of_date.isoformat(),
        }

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], reading_findings: tuple[Finding, ...] = ()
    ) -> Ledger:
        """Build a ledger from the plain data of :meth:`as_dict`."""
        sources = [Source.from_dict(entry) for entry in data["sources"]]
        as_of_date = data.get("as_of_date")
        return cls(
            claims=tuple(Claim.from_dict(entry) for entry in data["claims"]),
            sources={source.name: source for source in sources},
            taxonomy=Taxonomy.from_dict(data["taxonomy"]),
            reading_findings=reading_findings,
            as_of_date=None if as_of_date is None else date.fromisoformat(as_of_date),
        )


def _names(names: Iterable[str], what: str) -> set[str]:
    if isinstance(names, str):
        raise BajasError(f"{what} is a list of names: [{names!r}]")
    return set(names)


def _concerns(finding: Finding, claim_ids: set[str]) -> bool:
    """Return whether a finding is about any of some claims, or about no claim in particular."""
    if finding.claim_id is not None:
        return finding.claim_id in claim_ids
    return not finding.claim_ids or not claim_ids.isdisjoint(finding.claim_ids)


def canonical_key(claim: Claim) -> tuple[str, str, str, str, date, date, date, str]:
    """Order of claims in a ledger: by stream, then by time, then by id."""
    return (*claim.stream, claim.end, claim.start, claim.published, claim.claim_id)
