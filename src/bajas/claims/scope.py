"""The scope of a claim: whose losses, of which kind, where; read with the taxonomy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bajas.claims.alternatives import SEPARATOR
from bajas.claims.row import Row
from bajas.claims.table import nearest
from bajas.claims.taxonomy import OTHER, Taxonomy
from bajas.errors import TaxonomyError

_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
PER_DAY = "_per_day"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the names in a table may be.

    Parameters
    ----------
    taxonomy : Taxonomy
        Outcomes, components and regions.
    closed : bool
        Whether a side that the taxonomy doesn't declare is refused.
    named : mapping of str to tuple of str
        Plain component names in the table, by side.
    """

    taxonomy: Taxonomy
    closed: bool
    named: Mapping[str, tuple[str, ...]]


def component_names(taxonomy: Taxonomy, expression: str) -> tuple[str, ...]:
    """Return the names in a component expression, or none if it can't be read."""
    try:
        return taxonomy.component_names(expression)
    except TaxonomyError:
        return ()


def is_closed(taxonomy: Taxonomy) -> bool:
    """Return whether a taxonomy declares sides of its own, so that all others are mistakes."""
    return bool(taxonomy.sides) and taxonomy.sides != Taxonomy.default().sides


def read_side(row: Row, vocabulary: Vocabulary) -> str:
    """Return the side whose losses a row is about."""
    side = row.name("side")
    declared = vocabulary.taxonomy.sides
    if not side or side in declared:
        return side
    if vocabulary.closed:
        near = nearest(side, declared)
        row.refuse(
            "side",
            "unknown-side",
            f"the taxonomy declares the sides {', '.join(sorted(declared))}, not {side!r}.",
            f"did you mean {near!r}?" if near else "declare the side in the taxonomy",
        )
    elif not _PLAIN_NAME.fullmatch(side):
        row.refuse(
            "side",
            "bad-side",
            "a side is named by letters, digits, _ and . only.",
            "use a short code, for example RU",
        )
    return side


def read_outcome(row: Row, taxonomy: Taxonomy) -> tuple[str, bool]:
    """Return the reported outcome and whether it is counted per day."""
    outcome = row.name("outcome")
    flag = row.flag("per_day")
    if outcome.endswith(PER_DAY) and outcome != PER_DAY:
        outcome = outcome.removesuffix(PER_DAY)
        if flag is False:
            row.refuse(
                "per_day",
                "contradictory-rate",
                f"the outcome {row['outcome']!r} is a rate, but per_day says it isn't.",
                "set per_day=1, or name the outcome without _per_day",
            )
        elif flag is None:
            row.say(
                "note",
                "outcome",
                "rate-in-outcome",
                "the outcome names a rate: read as the outcome without _per_day, with per_day=1.",
                "name the outcome without _per_day and set per_day=1",
            )
        flag = True
    if not outcome:
        return outcome, bool(flag)
    if any(name.endswith(PER_DAY) for name in outcome.split(SEPARATOR)):
        row.refuse(
            "outcome",
            "rate-among-alternatives",
            "an alternative names a rate; a claim is a rate under all its definitions or none.",
            "name the outcomes without _per_day and set per_day=1",
        )
        return outcome, bool(flag)
    if SEPARATOR in outcome and row["qualifier"] == "peak":
        row.refuse(
            "outcome",
            "ambiguous-rank",
            "a statement of rank needs one definition, since its probability is reported.",
            f"choose one of {', '.join(outcome.split(SEPARATOR))}",
        )
        return outcome, bool(flag)
    try:
        outcome = SEPARATOR.join(taxonomy.ordered_outcomes(outcome))
    except TaxonomyError as error:
        known = {*taxonomy.outcomes, *taxonomy.sums}
        words = [word for word in re.split(r"[+\-|]", outcome) if word and word not in known]
        near = [name for word in words if (name := nearest(word, known))]
        row.refuse(
            "outcome",
            "unknown-outcome"
            if words
            else "bad-alternatives"
            if SEPARATOR in outcome
            else "bad-outcome",
            f"{error}.",
            f"did you mean {', '.join(repr(name) for name in near)}?"
            if near
            else f"the taxonomy knows {', '.join(sorted(known))}",
        )
    return outcome, bool(flag)


def read_component(row: Row, side: str, vocabulary: Vocabulary) -> str:
    """Return the component expression of a row, whose names must be known or plain."""
    component = row.name("component")
    if not component or not side:
        return component
    taxonomy = vocabulary.taxonomy
    try:
        named = vocabulary.named.get(side, ())
        component = SEPARATOR.join(taxonomy.ordered_components(component, side, named))
    except TaxonomyError as error:
        declared = taxonomy.sides.get(side)
        known = {"all"}
        if declared:
            known |= {*declared.components, *declared.groups, *declared.parts}
        words = [word for word in re.split(r"[+\-|]", component) if word and word not in known]
        near = [name for word in words if (name := nearest(word, known))]
        row.refuse(
            "component",
            "unknown-component"
            if declared and words
            else "bad-alternatives"
            if SEPARATOR in component
            else "bad-component",
            f"{error}.",
            f"did you mean {', '.join(repr(name) for name in near)}?"
            if near
            else f"known components of {side!r}: {', '.join(sorted(known))}; declare others in "
            "the taxonomy"
            if declared
            else "join plain names with + and -, for example all-guard; write all for everybody",
        )
        return component
    if SEPARATOR in component and row["qualifier"] == "peak":
        row.refuse(
            "component",
            "ambiguous-rank",
            "a statement of rank needs one definition, since its probability is reported.",
            f"choose one of {', '.join(component.split(SEPARATOR))}",
        )
    if side not in taxonomy.sides:
        for name in component_names(taxonomy, component):
            if name != OTHER:
                row.say(
                    "note",
                    "component",
                    "component-not-in-taxonomy",
                    f"component {name!r} of side {side!r} is not in the taxonomy; components named "
                    "in the table are taken as disjoint forces.",
                    "declare the side's components in the taxonomy if they overlap",
                )
    return component


def read_theatre(row: Row, taxonomy: Taxonomy) -> str:
    """Return the region that a row is confined to, which the taxonomy must declare."""
    theatre = row["theatre"]
    if theatre and not taxonomy.has_region(theatre):
        near = nearest(theatre, taxonomy.regions)
        row.refuse(
            "theatre",
            "unknown-region",
            f"the taxonomy declares no region {theatre!r}.",
            f"did you mean {near!r}?" if near else "declare it among the taxonomy's regions",
        )
    return theatre
