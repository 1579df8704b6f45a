"""What the claims of a design can't tell apart: the one place that says so, and what would help.

Strata are made of what the claims count, so what no claim separates has no stratum of its own.
Three things remain that a fit can hold without evidence: the split of killed from the other
outcomes, which is always made (every ratio refers to it); a force that no claim counts by itself,
which is what is left when the claims about others are taken from those about all; and priors that
a user gives for what the design doesn't hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from bajas.design.design import Design
from bajas.design.stratum import REFERENCE_OUTCOME, Stratum
from bajas.errors import Finding, TaxonomyError


def weak_points(design: Design) -> tuple[Finding, ...]:
    """Return a finding for each split of a design that its prior decides.

    Parameters
    ----------
    design : Design
        What the claims were taken to mean.

    Returns
    -------
    tuple of Finding
        Rules ``ratio-from-prior-alone`` (no claim tells two outcomes of a side apart, yet the fit
        splits them) and ``component-as-remainder`` (no claim counts a force by itself).

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.design.build import build_design
    >>> [finding.rule for finding in weak_points(build_design(article_2023_08_07()))]
    ['component-as-remainder']
    """
    found = []
    for side in dict.fromkeys(s.side for s in design.strata if s.kind == "personnel"):
        for outcomes in blurred_outcomes(design, side):
            others = [name for name in outcomes if name != REFERENCE_OUTCOME]
            what = (
                f"no claim on {side} tells {REFERENCE_OUTCOME} from {' and '.join(others)}"
                if others
                else f"no claim on {side} counts {REFERENCE_OUTCOME}, alone or in a sum"
            )
            found.append(
                Finding(
                    "warn",
                    "ratio-from-prior-alone",
                    f"{what}: the split between them is the prior's",
                    f"add a claim on the {REFERENCE_OUTCOME} of {side} alone, or give the ratio a"
                    " prior that can be defended",
                )
            )
        for component in remainders(design, side):
            found.append(
                Finding(
                    "note",
                    "component-as-remainder",
                    f"no claim counts {component} of {side} by itself: it is what is left when"
                    " figures about other forces are taken from figures about more, and its prior"
                    " says most",
                    f"add a claim on {component} alone, or give 'components' a prior for"
                    f" '{side} {component}'",
                )
            )
    return tuple(found)


def blurred_outcomes(design: Design, side: str) -> list[tuple[str, ...]]:
    """Return the groups of a side's outcomes that no observation tells apart.

    A group of one is killed that no observation counts at all.
    """
    people = _people(design, side)
    counted = [
        {design.strata[index].outcome for index in observation.strata}
        for observation in design.observations
        if design.strata[observation.strata[0]].side == side
        and design.strata[observation.strata[0]].kind == "personnel"
    ]
    groups: dict[tuple[bool, ...], list[str]] = {}
    for outcome in dict.fromkeys(stratum.outcome for stratum in people):
        groups.setdefault(tuple(outcome in part for part in counted), []).append(outcome)
    return [
        tuple(outcomes) for seen, outcomes in groups.items() if len(outcomes) > 1 or not any(seen)
    ]


def remainders(design: Design, side: str) -> tuple[str, ...]:
    """Return the components of a side that no observation counts by themselves."""
    people = _people(design, side)
    components = dict.fromkeys(stratum.component for stratum in people)
    alone = {
        next(iter(parts))
        for observation in design.observations
        if len(parts := {design.strata[index].component for index in observation.strata}) == 1
        and design.strata[observation.strata[0]].side == side
        and design.strata[observation.strata[0]].kind == "personnel"
    }
    return tuple(c for c in components if c not in alone) if len(components) > 1 else ()


def decided_by_priors(
    design: Design, outcome: str, side: str, component: str = "all"
) -> tuple[str, ...]:
    """Return what a reader has to know of a quantity's splits that no claim makes.

    Parameters
    ----------
    design : Design
        What the claims were taken to mean.
    outcome, side, component : str
        A quantity that the design holds.
    """
    asked = [design.strata[index] for index in design.scope(outcome, side, component)]
    if asked[0].kind != "personnel":
        return ()
    outcomes, components = {s.outcome for s in asked}, {s.component for s in asked}
    notes = []
    for group in blurred_outcomes(design, side):
        if set(group) & outcomes and (len(group) == 1 or not set(group) <= outcomes):
            others = " and ".join(name for name in group if name not in outcomes)
            notes.append(
                f"no claim on {side} tells {' and '.join(sorted(set(group) & outcomes))}"
                f" {f'from {others}' if others else 'apart from what is counted'}: the split is"
                " that of the prior (ratio-from-prior-alone)"
            )
    every = {s.component for s in _people(design, side)}
    unseen = [name for name in remainders(design, side) if name in components]
    claimed = {
        frozenset(design.strata[index].component for index in observation.strata)
        for observation in design.observations
    }
    if unseen and components != every and frozenset(components) not in claimed:
        notes.append(
            f"no claim counts {', '.join(unseen)} of {side} alone: the prior of that share"
            " says most (component-as-remainder)"
        )
    return tuple(notes)


def unidentified_priors(
    design: Design, components: Iterable[str], ratios: Iterable[str]
) -> tuple[str, ...]:
    """Return what is wrong with priors for things that the claims don't identify.

    Parameters
    ----------
    design : Design
        What the claims were taken to mean.
    components : iterable of str
        Keys "SIDE component" that were given a prior.
    ratios : iterable of str
        Outcomes whose ratio to killed was given a prior.

    Returns
    -------
    tuple of str
        One sentence each: what is unidentified, and what would identify it.
    """
    found = [_component_problem(design, key) for key in components]
    found += [_ratio_problem(design, name) for name in ratios]
    return tuple(problem for problem in found if problem)


def _component_problem(design: Design, key: str) -> str:
    side, _, component = key.partition(" ")
    people = _people(design, side)
    about = f"a prior for component {key!r}"
    if not component:
        return f"{about}: its key must be a side and a component, for example 'RU wagner'"
    if not people:
        sides = sorted({s.side for s in design.strata if s.kind == "personnel"})
        return f"{about}: no claim counts people of side {side!r}; sides here: {', '.join(sides)}"
    labels = {stratum.component: stratum for stratum in people}
    here = f"components of {side} that the claims tell apart: {', '.join(labels)}"
    if component in labels:
        if labels[component].main:
            return f"{about}: it is the force that the others are measured against; {here}"
        return ""
    try:
        scope = design.taxonomy.component_scope(component, side, design.component_names[side])
    except TaxonomyError:
        return (
            f"{about}: no claim names {component!r}, so nothing identifies it; a claim that counts"
            f" {component} would; {here}"
        )
    inside = [s for s in labels.values() if scope.members < s.component_members]
    if scope.partial:
        return (
            f"{about}: it is a part of a force and not modelled by itself, so nothing tells it"
            f" apart; declare it as a component in the taxonomy and add a claim on it; {here}"
        )
    if inside:
        whole, rest = inside[0].component, sorted(inside[0].component_members - scope.members)
        return (
            f"{about}: no claim counts it without {', '.join(rest)}, so nothing tells it apart; a"
            f" claim on {component} alone would; until then give the prior to '{side} {whole}';"
            f" {here}"
        )
    parts = [s.component for s in labels.values() if s.component_members & scope.members]
    if not parts:
        return f"{about}: it doesn't exist on any day that the claims cover; {here}"
    names = ", ".join(repr(f"{side} {part}") for part in parts)
    return f"{about}: it is a sum of what the claims tell apart; give a prior to {names} instead"


def _ratio_problem(design: Design, name: str) -> str:
    about = f"a prior for the ratio of {name!r} to {REFERENCE_OUTCOME}"
    people = [stratum for stratum in design.strata if stratum.kind == "personnel"]
    outcomes = dict.fromkeys(stratum.outcome for stratum in people)
    here = f"outcomes that the claims tell apart: {', '.join(outcomes)}"
    if name == REFERENCE_OUTCOME:
        return f"{about}: it is what the ratios refer to; {here}"
    try:
        members = design.taxonomy.outcome_members(name)
    except TaxonomyError:
        return f"{about}: there is no such outcome; {here}"
    if design.taxonomy.outcome_kind(name) != "personnel":
        return f"{about}: equipment has no ratio to people; {here}"
    finer = [stratum.outcome for stratum in people if stratum.outcome_members < members]
    if finer and name not in outcomes:
        names = ", ".join(sorted(set(finer)))
        return f"{about}: the claims tell its parts apart; give priors to {names} instead"
    if finer:  # whole on one side, in parts on another
        names = ", ".join(sorted(set(finer)))
        return (
            f"{about}: the claims tell its parts apart on a side; give priors to {names}, which add"
            " up where they aren't told apart"
        )
    if name in outcomes:
        return ""
    holding = [stratum for stratum in people if members < stratum.outcome_members]
    if not holding:
        return (
            f"{about}: no claim counts {name}, alone or in a sum, so nothing ties it to the fit; a"
            f" claim that counts it would; {here}"
        )
    rest = ", ".join(sorted(holding[0].outcome_members - members))
    return (
        f"{about}: no claim counts it without {rest}, so nothing tells it apart; a claim on {name}"
        f" alone would; give the prior to {holding[0].outcome!r}; {here}"
    )


def _people(design: Design, side: str) -> list[Stratum]:
    return [s for s in design.strata if s.side == side and s.kind == "personnel"]
