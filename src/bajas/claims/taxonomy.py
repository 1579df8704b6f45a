"""The taxonomy: which outcomes and components there are, and how reported ones add up from them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from bajas.claims import limits
from bajas.claims.alternatives import alternatives
from bajas.claims.textfile import read_text
from bajas.errors import ClaimError, TaxonomyError

OutcomeKind = Literal["personnel", "equipment"]

_TERM = re.compile(r"([+-]?)([^+-]+)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")

#: What may be said of a side and of a component.
_SIDE = ("components", "groups", "parts")
_COMPONENT = ("first_day", "last_day")

#: Name of the component that holds whatever a side has besides the forces named in its claims.
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Component:
    """A force of a side, with the days between which it exists (open where ``None``)."""

    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class SideTaxonomy:
    """The forces of one side: disjoint components, named groups of them, and parts of one.

    ``all`` is the union of the components. A part (mobilised men within the regular army) is not
    modelled by itself: a figure about it is a lower bound for the component that holds it.
    """

    components: Mapping[str, Component]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComponentScope:
    """What a component expression covers: base components, and whether all of them or a part."""

    members: frozenset[str]
    partial: bool


@dataclass(frozen=True)
class Taxonomy:
    """Vocabulary of outcomes, components and regions; open to the user, tied to no war.

    Parameters
    ----------
    outcomes : mapping of str to {"personnel", "equipment"}
        The base outcomes: disjoint, each lost person or item counts in one.
    sums : mapping of str to tuple of str
        Reported outcomes as sums of base outcomes (``casualties`` = killed + wounded).
    sides : mapping of str to SideTaxonomy
        Components of the sides that declare any. A side that is absent here is open: the plain
        names in its claims are taken as disjoint components, and what is left is ``other``.
    regions : mapping of str to str
        Region to the region that holds it (empty string: the whole theatre of war).
    first_day : datetime.date, optional
        First day of the war; taken from the claims if absent.

    Raises
    ------
    TaxonomyError
        If a sum, group, part or region refers to something undeclared, or regions form a loop.

    Examples
    --------
    >>> taxonomy = Taxonomy.default()
    >>> sorted(taxonomy.outcome_members("casualties"))
    ['killed', 'wounded_light', 'wounded_severe']
    >>> sorted(taxonomy.component_scope("all-wagner-ldnr", "RU", ()).members)
    ['regular']
    """

    outcomes: Mapping[str, OutcomeKind]
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sides: Mapping[str, SideTaxonomy] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    first_day: date | None = None

    def __post_init__(self) -> None:
        self._check_sizes()
        for name, kind in self.outcomes.items():
            if kind not in get_args(OutcomeKind):
                raise TaxonomyError(f"outcome {name!r} is personnel or equipment, not {kind!r}")
        for name, members in self.sums.items():
            if name in self.outcomes:
                raise TaxonomyError(f"outcome {name!r} is declared both as base outcome and as sum")
            unknown = [member for member in members if member not in self.outcomes]
            if unknown or not members:
                raise TaxonomyError(f"sum {name!r} needs declared base outcomes, not {unknown}")
        for code, side in self.sides.items():
            for name, members in side.groups.items():
                if any(member not in side.components for member in members):
                    raise TaxonomyError(f"group {name!r} of {code!r} has undeclared components")
            for name, whole in side.parts.items():
                if whole not in side.components:
                    raise TaxonomyError(
                        f"part {name!r} of side {code!r} lies in undeclared component {whole!r}"
                    )
        for name in self.regions:
            seen = [name]
            parent = self.regions[name]
            while parent:
                if parent in seen:
                    raise TaxonomyError(f"regions form a loop: {' in '.join([*seen, parent])}")
                if parent not in self.regions:
                    raise TaxonomyError(f"region {seen[-1]!r} lies in undeclared region {parent!r}")
                seen.append(parent)
                parent = self.regions[parent]

    def _check_sizes(self) -> None:
        sizes = {
            name: len(getattr(self, name)) for name in ("outcomes", "sums", "sides", "regions")
        }
        for code, side in self.sides.items():
            for name in _SIDE:
                sizes[f"{name} of {code!r}"] = len(getattr(side, name))
        for what, size in sizes.items():
            most = limits.MAX_COMPONENTS if what.startswith("components") else limits.MAX_NAMES
            if size > most:
                raise TaxonomyError(f"the taxonomy has {size:,} {what}; the limit is {most:,}")

    # -- outcomes -----------------------------------------------------------------------------

    def outcome_members(self, expression: str) -> frozenset[str]:
        """Return the base outcomes that a reported outcome adds up.

        Parameters
        ----------
        expression : str
            A base outcome, a sum, or names joined with ``+`` and ``-``.

        Raises
        ------
        TaxonomyError
            If a name is unknown, something is taken away that isn't there, or people and
            equipment are added.
        """
        members: frozenset[str] = frozenset()
        for sign, name in _terms(expression):
            if name in self.outcomes:
                part = frozenset({name})
            elif name in self.sums:
                part = frozenset(self.sums[name])
            else:
                raise TaxonomyError(f"unknown outcome {name!r}")
            members = _combine(members, part, sign, expression)
        kinds = {self.outcomes[member] for member in members}
        if len(kinds) > 1:
            raise TaxonomyError(f"outcome {expression!r} adds people and equipment")
        return members

    def outcome_kind(self, expression: str) -> OutcomeKind:
        """Return whether an outcome counts people or equipment; alternatives count the same."""
        return self.outcomes[next(iter(self.outcome_members(alternatives(expression)[0])))]

    def ordered_outcomes(self, expression: str) -> tuple[str, ...]:
        """Return the alternatives of an outcome, those of fewer base outcomes first.

        Raises
        ------
        TaxonomyError
            If one can't be read, two count the same, or people and equipment are alternatives.

        Examples
        --------
        >>> Taxonomy.default().ordered_outcomes("casualties|killed")
        ('killed', 'casualties')
        """
        found = {name: self.outcome_members(name) for name in alternatives(expression)}
        if len({self.outcomes[member] for members in found.values() for member in members}) > 1:
            raise TaxonomyError(f"alternatives in {expression!r} are people and equipment")
        return _ordered(expression, found)

    # -- components ---------------------------------------------------------------------------

    def component_names(self, expression: str) -> tuple[str, ...]:
        """Return the names in a component expression, without ``all``."""
        terms = [term for item in alternatives(expression) for term in _terms(item)]
        return tuple(dict.fromkeys(name for _, name in terms if name != "all"))

    def ordered_components(
        self, expression: str, side: str, named: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the alternatives of a component expression, those of fewer components first.

        Parameters
        ----------
        expression, side, named
            As in :meth:`component_scope`, with alternatives.

        Raises
        ------
        TaxonomyError
            If one can't be read, two count the same, or one is a part that isn't modelled.
        """
        found = {name: self.component_scope(name, side, named) for name in alternatives(expression)}
        if len(found) > 1 and any(scope.partial for scope in found.values()):
            raise TaxonomyError(f"an alternative in {expression!r} is a part of a component")
        return _ordered(expression, {name: scope.members for name, scope in found.items()})

    def universe(self, side: str, named: tuple[str, ...]) -> tuple[str, ...]:
        """Return all base components of a side.

        Parameters
        ----------
        side : str
            Code of the side.
        named : tuple of str
            Plain component names that occur in the side's claims; matter for open sides only.
        """
        if side in self.sides:
            return tuple(self.sides[side].components)
        return (OTHER, *sorted(set(named) - {OTHER}))

    def component_scope(self, expression: str, side: str, named: tuple[str, ...]) -> ComponentScope:
        """Return the base components that a component expression covers.

        Parameters
        ----------
        expression : str
            Names joined with ``+`` and ``-``; ``all`` is every component of the side.
        side : str
            Code of the side.
        named : tuple of str
            Plain component names that occur in the side's claims (see :meth:`universe`).

        Raises
        ------
        TaxonomyError
            If a name is unknown or nothing is left.
        """
        universe = self.universe(side, named)
        declared = self.sides.get(side)
        members: frozenset[str] = frozenset()
        partial = False
        for sign, name in _terms(expression):
            if name == "all":
                part = frozenset(universe)
            elif name in universe:
                part = frozenset({name})
            elif declared is not None and name in declared.groups:
                part = frozenset(declared.groups[name])
            elif declared is not None and name in declared.parts:
                partial = True
                part = frozenset({declared.parts[name]}) if sign == "+" else frozenset()
            else:
                raise TaxonomyError(f"unknown component {name!r} of side {side!r}")
            members = _combine(members, part, sign, expression)
        return ComponentScope(members, partial)

    # -- regions ------------------------------------------------------------------------------

    def has_region(self, name: str) -> bool:
        """Return whether a region is declared."""
        return name in self.regions

    # -- plain data ---------------------------------------------------------------------------

    @classmethod
    def default(cls) -> Taxonomy:
        """Return the taxonomy that ships with bajas."""
        return _default()

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Taxonomy:
        """Read a taxonomy from a JSON file; what it leaves out is taken from the default."""
        try:
            text, _ = read_text(path)
            data = json.loads(text, object_pairs_hook=_without_repeats)
        except (ClaimError, ValueError, RecursionError) as error:
            raise TaxonomyError(f"can't read taxonomy {path}: {error}") from error
        if not isinstance(data, dict):
            raise TaxonomyError(f"taxonomy {path} must hold a JSON object")
        return cls.default().extend(data)

    def extend(self, data: Mapping[str, Any]) -> Taxonomy:
        """Return a taxonomy with the entries of ``data`` (as in a JSON file) added or replaced."""
        known = {"outcomes", "sums", "sides", "regions", "first_day"}
        unknown = sorted(set(data) - known)
        if unknown:
            raise TaxonomyError(f"unknown taxonomy entries {unknown}; known are {sorted(known)}")
        merged = self.as_dict()
        for key in ("outcomes", "sums", "sides", "regions"):
            entries = data.get(key, {})
            if not isinstance(entries, Mapping):
                raise TaxonomyError(f"taxonomy entry {key!r} must hold names, not {entries!r}")
            merged[key] = {**merged[key], **entries}
        if data.get("first_day") is not None:
            merged["first_day"] = data["first_day"]
        return Taxonomy.from_dict(merged)

    def as_dict(self) -> dict[str, Any]:
        """Return the taxonomy as plain data for JSON."""
        return {
            "outcomes": dict(self.outcomes),
            "sums": {name: list(members) for name, members in self.sums.items()},
            "sides": {
                code: {
                    "components": {
                        name: {
                            key: day.isoformat()
                            for key, day in (
                                ("first_day", component.first_day),
                                ("last_day", component.last_day),
                            )
                            if day is not None
                        }
                        for name, component in side.components.items()
                    },
                    "groups": {name: list(members) for name, members in side.groups.items()},
                    "parts": dict(side.parts),
                }
                for code, side in self.sides.items()
            },
            "regions": dict(self.regions),
            "first_day": None if self.first_day is None else self.first_day.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Taxonomy:
        """Build a taxonomy from the plain data of :meth:`as_dict`."""
        try:
            sides = {
                code: SideTaxonomy(
                    components={
                        _checked_name(name): Component(
                            *(_day(_known(entry, _COMPONENT).get(key)) for key in _COMPONENT)
                        )
                        for name, entry in _known(side, _SIDE)["components"].items()
                    },
                    groups={
                        _checked_name(name): tuple(members)
                        for name, members in side.get("groups", {}).items()
                    },
                    parts={
                        _checked_name(name): str(whole)
                        for name, whole in side.get("parts", {}).items()
                    },
                )
                for code, side in data.get("sides", {}).items()
            }
            return cls(
                outcomes={_checked_name(name): kind for name, kind in data["outcomes"].items()},
                sums={
                    _checked_name(name): tuple(members)
                    for name, members in data.get("sums", {}).items()
                },
                sides=sides,
                regions=dict(data.get("regions", {})),
                first_day=_day(data.get("first_day")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TaxonomyError(f"malformed taxonomy: {error!r}") from error


@cache
def _default() -> Taxonomy:
    text = resources.files("bajas.claims").joinpath("taxonomy.json").read_text(encoding="utf-8")
    return Taxonomy.from_dict(json.loads(text))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON keeps the last of two entries of one name without a word.
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise TaxonomyError(f"the taxonomy declares {repeated} twice")
    return data


def _known(entry: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    """Return an entry that says nothing under other names: what is misspelt isn't dropped."""
    if unknown := sorted(set(entry) - set(names)):
        raise TaxonomyError(f"unknown taxonomy entries {unknown}; known here are {list(names)}")
    return entry


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    day = date.fromisoformat(text)
    # fromisoformat also takes 20220224 and 2022-W08-4
    if day.isoformat() != text:
        raise TaxonomyError(f"{text!r} is not a date of the form YYYY-MM-DD")
    return day


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise TaxonomyError(f"{name!r} can't be a name: letters, digits and _ only, no +, - or |")
    return name


def _terms(expression: str) -> list[tuple[str, str]]:
    terms = _TERM.findall(expression)
    if not terms or "".join(sign + name for sign, name in terms) != expression:
        raise TaxonomyError(f"can't read expression {expression!r}: names joined with + and -")
    if terms[0][0] == "-":
        raise TaxonomyError(f"expression {expression!r} can't start with -")
    for _, name in terms:
        if not _NAME.fullmatch(name):
            raise TaxonomyError(f"can't read {name!r} in expression {expression!r}")
    return [(sign or "+", name) for sign, name in terms]


def _ordered(expression: str, found: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    if len(set(found.values())) < len(found):
        raise TaxonomyError(f"two alternatives in {expression!r} count the same")
    return tuple(sorted(found, key=lambda name: (len(found[name]), name)))


def _combine(
    members: frozenset[str], part: frozenset[str], sign: str, expression: str
) -> frozenset[str]:
    if sign == "+":
        if members & part:
            raise TaxonomyError(f"expression {expression!r} counts {sorted(members & part)} twice")
        return members | part
    if not part <= members:
        raise TaxonomyError(f"expression {expression!r} takes away {sorted(part - members)} twice")
    if members == part and part:
        raise TaxonomyError(f"expression {expression!r} leaves nothing")
    return members - part
