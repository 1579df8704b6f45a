"""Another reading of a stream: its figures taken to count something else, on the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bajas.claims.alternatives import SEPARATOR
from bajas.errors import BajasError, Finding, TaxonomyError

if TYPE_CHECKING:
    from bajas.ledger.ledger import Ledger


def reread(
    ledger: Ledger, stream: str, *, component: str | None = None, outcome: str | None = None
) -> Ledger:
    """Return a ledger in which a stream's figures count something else; see :meth:`Ledger.reread`.

    Parameters
    ----------
    ledger : Ledger
        The evidence.
    stream : str
        Label, for example ``general_staff: RU all casualties``.
    component, outcome : str, optional
        Expressions over the taxonomy, with alternatives if need be; what is left out stays.
    """
    # a statement of rank is no evidence and needs one definition: it keeps its own
    figures = [claim for claim in ledger if claim.qualifier != "peak"]
    labels = {stream_label(claim.stream): claim.stream for claim in figures}
    if stream not in labels:
        source = stream.partition(":")[0]
        near = [label for label in labels if label.partition(":")[0] == source]
        raise BajasError(
            f"the ledger has no stream {stream!r}; streams"
            + (f" of {source}: {', '.join(near)}" if near else f" here: {', '.join(labels)}")
        )
    _, side, old_component, old_outcome = key = labels[stream]
    names = ledger.component_names(side)
    try:
        new = (
            *key[:2],
            SEPARATOR.join(
                ledger.taxonomy.ordered_components(component or old_component, side, names)
            ),
            SEPARATOR.join(ledger.taxonomy.ordered_outcomes(outcome or old_outcome)),
        )
    except TaxonomyError as error:
        raise BajasError(f"{stream} can't be read anew: {error}") from error
    if new == key:
        raise BajasError(f"{stream} is read in that way already")
    if stream_label(new) in labels:
        raise BajasError(f"{stream} would become part of another stream, {stream_label(new)}")
    changed = tuple(claim.claim_id for claim in figures if claim.stream == key)
    record = Finding(
        "note",
        "stream-read-anew",
        f"{stream} is read as {new[2]} {new[3]}, not as the table says.",
        claim_ids=changed,
    )
    return replace(
        ledger,
        claims=tuple(
            replace(claim, component=new[2], outcome=new[3]) if claim.claim_id in changed else claim
            for claim in ledger
        ),
        reading_findings=(*ledger.reading_findings, record),
    )


def stream_label(stream: tuple[str, str, str, str]) -> str:
    """Return the readable name of a stream; the same as a design's."""
    source, side, component, outcome = stream
    return f"{source}: {side} {component} {outcome}"
