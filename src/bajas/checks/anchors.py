"""Anchors of a fit, the evidence and beliefs without each of them, and other coverages of lists."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from statistics import NormalDist

from bajas.ledger.ledger import Ledger
from bajas.model.register_prior import Coverage
from bajas.model.registers import listed_streams
from bajas.model.reporting import anchors
from bajas.model.specification import Specification
from bajas.posterior.posterior import Posterior

#: A belief about a coverage is given up by doubling its spread, on the scale of its log gap.
WIDER = 2.0
_Z90 = NormalDist().inv_cdf(0.95)


def without_each_anchor(posterior: Posterior) -> dict[str, tuple[Ledger, Specification]]:
    """Return ledger and specification without each anchor, by what is given up.

    An anchored source keeps its claims; its bias gets the prior of its relation instead. Anchors
    come from the sources table or the bias prior; one on a source without observations is left
    out. The final coverage that a list is believed to have is an anchor by another name: no claim
    speaks about it, and the level follows it. It can't be done without, since a list whose coverage
    is not believed to be anything says nothing; it gets the same median and twice the spread.

    Parameters
    ----------
    posterior : Posterior
        The fit.

    Returns
    -------
    dict of str to tuple of Ledger and Specification
        By name of the anchored source, or "coverage of" and the name of the list.
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
    for name in lists(posterior):
        wide = widened(specification.registers.of(name))
        found[f"coverage of {name}"] = (ledger, _with_coverage(specification, name, wide))
    return found


def lists(posterior: Posterior) -> list[str]:
    """Return the sources whose lists are read with their completeness."""
    return sorted({source for source, _ in listed_streams(posterior.design)})


def other_coverages(posterior: Posterior) -> dict[tuple[str, Coverage], Specification]:
    """Return specifications in which the coverage of one list lies in a half of what was believed.

    The halves are below and above the prior's median: what a reader may hold who finds the list
    poor, or good, and disagrees with nothing else.

    Parameters
    ----------
    posterior : Posterior
        The fit.

    Returns
    -------
    dict of tuple of str and Coverage to Specification
        By list and half; empty where no list is read with its completeness.
    """
    found = {}
    for name in lists(posterior):
        believed = posterior.specification.registers.of(name)
        for half in (
            Coverage(believed.low, believed.median), Coverage(believed.median, believed.high),
        ):  # fmt: skip
            found[name, half] = _with_coverage(posterior.specification, name, half)
    return found


def widened(coverage: Coverage) -> Coverage:
    """Return a coverage with the same median and a wider spread of its log gap.

    Examples
    --------
    >>> wide = widened(Coverage(0.2, 0.9))
    >>> round(wide.low, 3), round(wide.high, 3)
    (0.002, 0.973)
    """
    gap = coverage.gap
    reach = WIDER * gap.scale * _Z90
    return Coverage(exp(-exp(gap.location + reach)), exp(-exp(gap.location - reach)))


def _with_coverage(specification: Specification, source: str, coverage: Coverage) -> Specification:
    registers = specification.registers
    return replace(
        specification,
        registers=replace(registers, sources={**registers.sources, source: coverage}),
    )
