"""The columns of the claims table and of the sources table."""

from __future__ import annotations

#: Columns that a claims table must have; cells of ``value`` may be empty.
REQUIRED = (
    "claim_id",
    "source",
    "side",
    "component",
    "outcome",
    "start",
    "end",
    "published",
    "value",
    "qualifier",
)
#: Columns that a claims table may have, besides those that begin with ``extra.``.
OPTIONAL = (
    "source_type",
    "speaks_for",
    "low",
    "high",
    "level",
    "provisional",
    "url",
    "note",
    "per_day",
    "derived_from",
    "excluded",
    "kind",
    "evidence",
    "theatre",
    "supersedes",
    "retrieved",
    "population",
    "status",
    "missing_included",
)
#: Columns of a claims table that name something.
NAMES = (
    "claim_id",
    "source",
    "source_type",
    "speaks_for",
    "side",
    "component",
    "outcome",
    "theatre",
    "supersedes",
    "derived_from",
)
#: Columns of free text, where a leading ``=`` is no mistake of another kind.
TEXTS = (*NAMES, "note", "excluded", "url")

SOURCE_REQUIRED = ("source",)
SOURCE_OPTIONAL = (
    "speaks_for",
    "kind",
    "evidence",
    "derived_from",
    "anchor_mean",
    "anchor_sd",
    "note",
)
SOURCE_NAMES = ("source", "speaks_for", "derived_from")
