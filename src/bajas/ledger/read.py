"""Reading claims: table, sources and taxonomy to a ledger, or every reason why not."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bajas.claims import columns
from bajas.claims.claim import Claim
from bajas.claims.reading import read_table
from bajas.claims.source import Source
from bajas.claims.sources_table import read_sources, unknown_origins
from bajas.claims.taxonomy import Taxonomy
from bajas.claims.validation import validate_claims
from bajas.errors import BajasError, ClaimError, Finding, refusals
from bajas.ledger.consistency import contradicting_claims
from bajas.ledger.ledger import Ledger
from bajas.ledger.write import write_claims as write_claims

if TYPE_CHECKING:
    import pandas as pd


def read_claims(
    table: str | os.PathLike[str] | pd.DataFrame,
    *,
    sources: str | os.PathLike[str] | pd.DataFrame | Mapping[str, Source] | None = None,
    taxonomy: Taxonomy | str | os.PathLike[str] | None = None,
    sep: str = ",",
    strict_provenance: bool = False,
) -> Ledger:
    """Read a claims table, check it, and return the evidence as a ledger.

    Reading is strict: dates are ISO dates, numbers are ASCII digits with an optional decimal
    point, words are those of the documentation, and nothing is guessed. What is wrong is refused,
    all of it in one error; what is doubtful is accepted and recorded among the ledger's findings.

    Parameters
    ----------
    table : str, path-like or pandas.DataFrame
        The claims: a regular local CSV file in UTF-8, or a DataFrame (best of text cells).
        Required columns: claim_id, source, side, component, outcome, start, end, published,
        value, qualifier. Optional: source_type, speaks_for, low, high, level, provisional, url,
        note, per_day, derived_from, excluded, kind, evidence, theatre, supersedes, retrieved,
        population, status, missing_included, and the user's own ``extra.*``.
    sources : str, path-like, pandas.DataFrame or mapping of str to Source, optional
        The sources table: source, speaks_for, kind, evidence, derived_from, anchor_mean,
        anchor_sd, note. A source without a row has no declared kind and no anchor.
    taxonomy : Taxonomy or path, optional
        Outcomes, components and regions; a path names a JSON file that extends the default.
    sep : str
        Separator of the files: comma, semicolon, tab or bar.
    strict_provenance : bool
        Refuse claims without a link instead of warning.

    Returns
    -------
    Ledger
        The claims in canonical order, with findings.

    Raises
    ------
    ClaimError
        If a table is refused; ``problems`` holds every reason with row, claim, column and fix.
    TaxonomyError
        If the taxonomy can't be read or contradicts itself.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "claim_id": ["a1", "a2"],
    ...         "source": ["ministry", "staff"],
    ...         "speaks_for": ["X", "Y"],
    ...         "side": ["X", "X"],
    ...         "component": ["all", "all"],
    ...         "outcome": ["killed", "killed"],
    ...         "start": ["2023-01-01", "2023-01-01"],
    ...         "end": ["2023-03-31", "2023-03-31"],
    ...         "published": ["2023-04-01", "2023-04-02"],
    ...         "value": ["1200", "5000"],
    ...         "qualifier": ["exact", "at_least"],
    ...     }
    ... )
    >>> ledger = read_claims(table)
    >>> len(ledger), ledger["a2"].value
    (2, 5000.0)
    >>> table.loc[1, "value"] = "5,000"
    >>> try:
    ...     read_claims(table)
    ... except ClaimError as error:
    ...     print(error.row, error.column, error.rule, error.fix)
    3 value ambiguous-separator write 5000 or 5
    """
    known = _taxonomy(taxonomy)
    declared, source_findings, sources_file = _sources(sources, sep)
    text = read_table(
        table,
        required=columns.REQUIRED,
        optional=columns.OPTIONAL,
        names=columns.NAMES,
        sep=sep,
    )
    claims, findings = validate_claims(
        text, taxonomy=known, sources=declared, strict_provenance=strict_provenance
    )
    findings += contradicting_claims(claims, declared, known)
    if problems := refusals(findings):
        raise ClaimError(sorted(problems, key=_by_row), text.file)
    names = frozenset(claim.source for claim in claims) | frozenset(declared)
    if (error := unknown_origins(declared, names, sources_file)) is not None:
        raise error
    return Ledger(
        claims=claims,
        sources=_all_sources(claims, declared),
        taxonomy=known,
        reading_findings=(*source_findings, *findings),
    )


def _by_row(finding: Finding) -> int:
    return finding.row or 0


def _taxonomy(taxonomy: Taxonomy | str | os.PathLike[str] | None) -> Taxonomy:
    if taxonomy is None:
        return Taxonomy.default()
    if isinstance(taxonomy, Taxonomy):
        return taxonomy
    return Taxonomy.from_json(taxonomy)


def _sources(
    sources: str | os.PathLike[str] | pd.DataFrame | Mapping[str, Source] | None, sep: str
) -> tuple[dict[str, Source], tuple[Finding, ...], str]:
    if sources is None:
        return {}, (), ""
    if isinstance(sources, Mapping):
        for name, source in sources.items():
            if source.name != name:
                raise BajasError(f"sources[{name!r}] is the source {source.name!r}")
        return dict(sources), (), "sources"
    declared, findings = read_sources(sources, sep=sep)
    named = str(sources) if isinstance(sources, (str, os.PathLike)) else "DataFrame"
    return declared, findings, named


def _all_sources(claims: Sequence[Claim], declared: Mapping[str, Source]) -> dict[str, Source]:
    """Return a source for each name: declared, or known from its claims only."""
    speaks_for: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        speaks_for[claim.source].add(claim.speaks_for)
    made = {
        # A source that speaks for several sides says it row by row.
        name: Source(name, speaks_for=next(iter(sides)) if len(sides) == 1 else "")
        for name, sides in sorted(speaks_for.items())
        if name not in declared
    }
    return {**declared, **made}
