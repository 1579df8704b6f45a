"""Writing a ledger's claims to a CSV file that reads back to the same claims."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from datetime import date

from bajas.claims import columns
from bajas.claims.cells import number_text
from bajas.claims.claim import Claim
from bajas.claims.text import escape_cell
from bajas.claims.wholefile import write_whole
from bajas.ledger.ledger import Ledger

#: Columns in the order in which they are written: those of the published tables first.
_ORDER = (
    "claim_id",
    "source",
    "source_type",
    "speaks_for",
    "side",
    "component",
    "outcome",
    "start",
    "end",
    "published",
    "value",
    "low",
    "high",
    "level",
    "qualifier",
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
)


def write_claims(ledger: Ledger, path: str | os.PathLike[str]) -> None:
    """Write the claims of a ledger to a CSV file.

    :func:`bajas.read_claims` reads the same claims back, given the same taxonomy. Cells that a
    spreadsheet would take for a formula are written with an apostrophe in front. The file
    appears whole or not at all.

    Parameters
    ----------
    ledger : Ledger
        The claims, written in canonical order.
    path : str or path-like
        The file; replaced if it exists.

    Raises
    ------
    BajasError
        If the file can't be written.

    Examples
    --------
    >>> import bajas, tempfile
    >>> ledger = bajas.datasets.russia_ukraine_2023()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     bajas.write_claims(ledger, f"{folder}/claims.csv")
    ...     again = bajas.read_claims(f"{folder}/claims.csv", taxonomy=ledger.taxonomy)
    >>> again.claims == ledger.claims
    True
    """
    header = [*_ORDER]
    if any(claim.missing_included is not None for claim in ledger):
        header.append("missing_included")
    header += sorted({name for claim in ledger for name, _ in claim.extra})
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(escape_cell(name) for name in header)
    writer.writerows(_cells(claim, header) for claim in ledger)
    write_whole(path, (text.encode("utf-8") for text in (buffer.getvalue(),)))


def _cells(claim: Claim, header: Sequence[str]) -> Iterable[str]:
    extra = dict(claim.extra)
    for name in header:
        value = extra.get(name, "") if name not in _KNOWN else getattr(claim, name)
        if value is None:
            yield ""
        elif isinstance(value, bool):
            yield "1" if value else "0"
        elif isinstance(value, float | int):
            yield number_text(value)
        elif isinstance(value, date):
            yield value.isoformat()
        elif isinstance(value, tuple):
            yield escape_cell(";".join(value))
        else:
            yield escape_cell(value)


_KNOWN = frozenset((*columns.REQUIRED, *columns.OPTIONAL))
