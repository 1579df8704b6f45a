"""Strata: the coarsest cells of (side, component, outcome) that the claims can tell apart.

Sources report overlapping sets ("all but Wagner", "killed and wounded"). The strata of a side are
the atoms of the reported sets: two base components (or outcomes) share a stratum exactly when
every claim that counts one counts the other, under each of its definitions where it has several.
Every reported quantity is then a sum of strata, so
parts add up to their whole in every draw by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bajas.claims.alternatives import definitions
from bajas.claims.claim import Claim
from bajas.claims.taxonomy import OutcomeKind, Taxonomy
from bajas.design.calendar import Calendar

#: The personnel outcome that every ratio refers to.
REFERENCE_OUTCOME = "killed"


@dataclass(frozen=True, slots=True)
class Stratum:
    """Losses of one side, in one force, of one kind.

    Parameters
    ----------
    side, component, outcome : str
        Labels.
    component_members, outcome_members : frozenset of str
        The base components and outcomes that the labels stand for.
    kind : {"personnel", "equipment"}
        What is counted.
    first, last : int
        First and last day (position in the calendar) on which the stratum exists.
    main : bool
        Whether the component is the one that the others of its side are measured against.
    """

    side: str
    component: str
    outcome: str
    component_members: frozenset[str]
    outcome_members: frozenset[str]
    kind: OutcomeKind
    first: int
    last: int
    main: bool

    @property
    def label(self) -> str:
        """Readable name, for example ``RU wagner killed``."""
        return f"{self.side} {self.component} {self.outcome}"


def atoms(
    universe: Sequence[str], reported: Iterable[frozenset[str]]
) -> tuple[frozenset[str], ...]:
    """Return the coarsest partition of a universe that respects every reported set.

    Parameters
    ----------
    universe : sequence of str
        All base members; its order decides the order of the atoms.
    reported : iterable of frozenset of str
        Sets over the universe.

    Examples
    --------
    >>> parts = atoms(["a", "b", "c"], [frozenset("ab"), frozenset("abc")])
    >>> [sorted(part) for part in parts]
    [['a', 'b'], ['c']]
    """
    sets = sorted(set(reported), key=sorted)
    groups: dict[tuple[bool, ...], list[str]] = {}
    for member in universe:
        groups.setdefault(tuple(member in part for part in sets), []).append(member)
    return tuple(frozenset(group) for group in groups.values())


def build_strata(
    claims: Sequence[Claim],
    taxonomy: Taxonomy,
    calendar: Calendar,
    component_names: dict[str, tuple[str, ...]],
) -> tuple[Stratum, ...]:
    """Return the strata that the claims can tell apart, in a fixed order.

    Parameters
    ----------
    claims : sequence of Claim
        The claims that take part.
    taxonomy : Taxonomy
        How outcomes and components add up.
    calendar : Calendar
        The days of the war.
    component_names : dict of str to tuple of str
        Per side, the plain component names in its claims.
    """
    strata: list[Stratum] = []
    for side in sorted({claim.side for claim in claims}):
        own = [claim for claim in claims if claim.side == side]
        for kind in ("personnel", "equipment"):
            mine = [claim for claim in own if taxonomy.outcome_kind(claim.outcome) == kind]
            if not mine:
                continue
            named = component_names[side]
            universe = taxonomy.universe(side, named)
            claimed = {
                (
                    taxonomy.component_scope(component, side, named).members,
                    taxonomy.outcome_members(outcome),
                )
                for claim in mine
                for component, outcome in definitions(claim.component, claim.outcome)
            }
            components = atoms(universe, [members for members, _ in claimed])
            reported = {members for _, members in claimed}
            if kind == "personnel":
                reported.add(frozenset({REFERENCE_OUTCOME}))
            counted = frozenset().union(*reported)
            outcomes = atoms([name for name in taxonomy.outcomes if name in counted], reported)
            days = [_existence(component, side, taxonomy, calendar) for component in components]
            # the others are measured against the first component that exists in the calendar
            reference = next((i for i, (first, last) in enumerate(days) if first <= last), 0)
            for position, component in enumerate(components):
                first, last = days[position]
                strata.extend(
                    Stratum(
                        side=side,
                        component=_component_label(component, side, taxonomy, universe),
                        outcome=_outcome_label(outcome, taxonomy),
                        component_members=component,
                        outcome_members=outcome,
                        kind=kind,
                        first=first,
                        last=last,
                        main=position == reference,
                    )
                    for outcome in outcomes
                    if first <= last
                    # nothing ties an equipment category that no claim counts to any other
                    and (
                        kind == "personnel"
                        or any(component <= who and outcome <= what for who, what in claimed)
                    )
                )
    return tuple(strata)


def _existence(
    members: frozenset[str], side: str, taxonomy: Taxonomy, calendar: Calendar
) -> tuple[int, int]:
    if side not in taxonomy.sides:
        return 0, calendar.days - 1
    entries = [taxonomy.sides[side].components[name] for name in members]
    first = min(entry.first_day or date.min for entry in entries)
    last = max(entry.last_day or date.max for entry in entries)
    return (
        max(0, calendar.index(max(first, calendar.first_day))),
        min(calendar.days - 1, calendar.index(min(last, calendar.last_day))),
    )


def _component_label(
    members: frozenset[str], side: str, taxonomy: Taxonomy, universe: Sequence[str]
) -> str:
    if members == frozenset(universe):
        return "all"
    if len(members) == 1:
        return next(iter(members))
    if side in taxonomy.sides:
        for name, group in taxonomy.sides[side].groups.items():
            if frozenset(group) == members:
                return name
    return "+".join(name for name in universe if name in members)


def _outcome_label(members: frozenset[str], taxonomy: Taxonomy) -> str:
    if len(members) == 1:
        return next(iter(members))
    for name, total in taxonomy.sums.items():
        if frozenset(total) == members:
            return name
    return "+".join(name for name in taxonomy.outcomes if name in members)
