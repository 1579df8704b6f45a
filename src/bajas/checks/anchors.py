"""Anchors of a fit, and the evidence and beliefs without each of them."""

from __future__ import annotations

from dataclasses import replace

from bajas.ledger.ledger import Ledger
from bajas.model.reporting import anchors
from bajas.model.specification import Specification
from bajas.posterior.posterior import Posterior


def without_each_anchor(posterior: Posterior) -> dict[str, tuple[Ledger, Specification]]:
    """Return ledger and specification without each anchor, by name of its source.

    An anchored source keeps its claims; its bias gets the prior of its relation instead. Anchors
    come from the sources table or the bias prior; one on a source without observations is left
    out.
    """
    present = {posterior.design.streams[o.stream].source for o in posterior.design.observations}
    ledger, specification = posterior.ledger, posterior.specification
    found = {}
    for name in sorted(set(anchors(specification, dict(ledger.sources))) & present):
        sources = {**ledger.sources, name: replace(ledger.sources[name], anchor=None)}
        kept = {s: anchor for s, anchor in specification.bias.anchors.items() if s != name}
        found[name] = (
            replace(ledger, sources=sources),
            specification.with_bias(replace(specification.bias, anchors=kept)),
        )
    return found
