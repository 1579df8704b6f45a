"""The design: what the claims of a ledger were taken to mean, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
import pandas as pd

from bajas.claims.claim import Claim, Window
from bajas.claims.taxonomy import Taxonomy
from bajas.design.calendar import Calendar
from bajas.design.observation import Observation, Stream
from bajas.design.stratum import Stratum
from bajas.design.tally import Merge
from bajas.errors import BajasError, QuantityError, SpecificationError, TaxonomyError

#: Ways to read the ambiguous streams together, each of them a fit.
MOST_READINGS = 8


@dataclass(frozen=True, eq=False)
class Design:
    """What the claims of a ledger were taken to mean.

    Parameters
    ----------
    calendar : Calendar
        The days resolved.
    strata : tuple of Stratum
        The cells of (side, component, outcome).
    streams : tuple of Stream
        Sources by reported quantity.
    observations : tuple of Observation
        The rows of the likelihood.
    left_out : dict of str to str
        Claims that add no evidence, with the reason.
    statements : tuple of Claim
        Rank statements (a peak): no evidence, but their probability is reported.
    merges : tuple of Merge
        Increments of tallies that had to be joined.
    taxonomy : Taxonomy
        How outcomes and components add up.
    component_names : dict of str to tuple of str
        Per side, the plain component names in its claims.
    """

    calendar: Calendar
    strata: tuple[Stratum, ...]
    streams: tuple[Stream, ...]
    observations: tuple[Observation, ...]
    left_out: dict[str, str]
    statements: tuple[Claim, ...]
    merges: tuple[Merge, ...]
    taxonomy: Taxonomy
    component_names: dict[str, tuple[str, ...]]

    def __repr__(self) -> str:
        return (
            f"Design: {len(self.observations)} observations of {len(self.streams)} streams on"
            f" {len(self.strata)} strata over {self.calendar.days} days"
            f" ({self.calendar.window})\n"
            f"  {len(self.left_out)} claims left out, {len(self.statements)} rank statements,"
            f" {len(self.merges)} merges"
        )

    def runs(self, window: Window, strata: Iterable[int]) -> list[tuple[int, int, int]]:
        """Return (stratum, first day, last day + 1) for the days that exist in a window."""
        found = []
        for index in strata:
            stratum = self.strata[index]
            start = max(self.calendar.index(window.start), stratum.first)
            stop = min(self.calendar.index(window.end), stratum.last) + 1
            if start < stop:
                found.append((index, start, stop))
        return found

    def withholding(self, names: Iterable[str]) -> Design:
        """Return the design with some observations withheld, and all else as it was.

        Calendar, strata and streams stay, so that answers are about the same quantities: this asks
        what rests on an observation. A ledger without its claims (:meth:`Ledger.without`) may
        resolve other days and other strata.

        Parameters
        ----------
        names : iterable of str
            Names of observations.

        Raises
        ------
        BajasError
            If there is no such observation, or none would be left.
        """
        out = set(names)
        unknown = sorted(out - {o.name for o in self.observations})
        if unknown:
            raise BajasError(f"the design has no observation named {', '.join(unknown)}")
        kept = tuple(o for o in self.observations if o.name not in out)
        if not kept:
            raise BajasError("no observation would be left")
        behind = {claim_id for o in kept for claim_id in o.claim_ids}
        silent = {
            claim_id: "withheld, to see what rests on it"
            for o in self.observations
            for claim_id in o.claim_ids
            if claim_id not in behind
        }
        return replace(self, observations=kept, left_out={**self.left_out, **silent})

    @cached_property
    def ambiguous(self) -> tuple[int, ...]:
        """Positions of the streams whose figures can be read in several ways."""
        found = {o.stream for o in self.observations if o.alternatives}
        return tuple(sorted(found))

    @cached_property
    def readings(self) -> tuple[tuple[int, ...], ...]:
        """Every way to read the ambiguous streams: a position in each stream's readings.

        One empty reading where nothing is in question.

        Raises
        ------
        SpecificationError
            If there are more than :data:`MOST_READINGS`.
        """
        ways = [range(len(self.streams[stream].readings)) for stream in self.ambiguous]
        count = prod(len(way) for way in ways)
        if count > MOST_READINGS:
            labels = "; ".join(self.streams[stream].label for stream in self.ambiguous)
            raise SpecificationError(
                f"{len(ways)} streams can be read in several ways, {count} together, and each would"
                f" be a fit of its own; the limit is {MOST_READINGS}. Choose one definition for"
                f" some of them in the table or with Ledger.reread: {labels}"
            )
        return tuple(product(*ways))

    def reading_name(self, reading: tuple[int, ...]) -> str:
        """Return a reading in words; the stream is named where several are in question."""
        streams = [self.streams[index] for index in self.ambiguous]
        names = [stream.readings[i] for stream, i in zip(streams, reading, strict=True)]
        if len(names) == 1:
            return names[0]
        return ", ".join(f"{s.label} as {name}" for s, name in zip(streams, names, strict=True))

    def read_as(self, reading: tuple[int, ...]) -> Design:
        """Return the design in which ambiguous streams are read in one of several ways.

        Strata and all else are the same; the observations add up other strata.

        Parameters
        ----------
        reading : tuple of int
            One of :attr:`readings`.
        """
        chosen = dict(zip(self.ambiguous, reading, strict=True))
        return replace(
            self,
            observations=tuple(
                replace(o, strata=o.alternatives[chosen[o.stream]]) if o.alternatives else o
                for o in self.observations
            ),
        )

    def exposure(self) -> np.ndarray:
        """Return the days of each stratum that each observation covers, (observation, stratum)."""
        days = np.zeros((len(self.observations), len(self.strata)), dtype=np.int64)
        for row, observation in enumerate(self.observations):
            for index, start, stop in self.runs(observation.window, observation.strata):
                days[row, index] = stop - start
        return days

    def scope(self, outcome: str, side: str, component: str = "all") -> tuple[int, ...]:
        """Return the strata that a quantity adds up.

        Raises
        ------
        QuantityError
            If the strata can't tell the quantity apart; says what can be asked.
        """
        sides = sorted({stratum.side for stratum in self.strata})
        if side not in sides:
            raise QuantityError(f"no claims about side {side!r}; sides here: {', '.join(sides)}")
        try:
            outcomes = self.taxonomy.outcome_members(outcome)
            components = self.taxonomy.component_scope(component, side, self.component_names[side])
        except TaxonomyError as error:
            raise QuantityError(f"{error}; {self._askable(side)}") from error
        if components.partial:
            raise QuantityError(
                f"component {component!r} is a part of {sorted(components.members)} that is not"
                f" modelled by itself; {self._askable(side)}"
            )
        found = tuple(
            index
            for index, stratum in enumerate(self.strata)
            if stratum.side == side
            and stratum.component_members <= components.members
            and stratum.outcome_members <= outcomes
        )
        covered = {
            pair
            for index in found
            for pair in _pairs(
                self.strata[index].component_members, self.strata[index].outcome_members
            )
        }
        # A force that doesn't exist within the calendar has no stratum and no losses.
        existing = {
            member
            for stratum in self.strata
            if stratum.side == side
            for member in stratum.component_members
        }
        wanted = set(_pairs(components.members & existing, outcomes))
        if not found or covered != wanted:
            raise QuantityError(
                f"the claims can't tell {component} {outcome} of {side} apart:"
                f" {self._in_the_way(side, components.members, outcomes)}; {self._askable(side)}"
            )
        return found

    def _in_the_way(self, side: str, components: frozenset[str], outcomes: frozenset[str]) -> str:
        """Say what keeps a quantity from being told apart, and what would identify it."""
        for stratum in self.strata:
            if stratum.side != side:
                continue
            who, what = stratum.component_members, stratum.outcome_members
            if not (who & components and what & outcomes):
                continue
            for asked, held in ((components, who), (outcomes, what)):
                if not held <= asked:
                    inside, outside = (" and ".join(sorted(part)) for part in
                                       (held & asked, held - asked))  # fmt: skip
                    return (
                        f"no claim counts {inside} without {outside}; a claim on {inside} alone"
                        " would tell them apart"
                    )
        counted = {member for s in self.strata if s.side == side for member in s.outcome_members}
        missing = " or ".join(sorted(outcomes - counted or outcomes))
        return f"no claim on {side} counts {missing}; one that does would identify it"

    def _askable(self, side: str) -> str:
        parts = [
            f"{kind}: components {', '.join(components)}; outcomes {', '.join(outcomes)}"
            for kind in ("personnel", "equipment")
            if (
                components := list(
                    dict.fromkeys(
                        s.component for s in self.strata if s.side == side and s.kind == kind
                    )
                )
            )
            and (
                outcomes := list(
                    dict.fromkeys(
                        s.outcome for s in self.strata if s.side == side and s.kind == kind
                    )
                )
            )
        ]
        return f"for {side} the fit holds sums of " + " and of ".join(parts)

    def explain(self, claim_id: str) -> str:
        """Say in words what a claim was taken to mean.

        Parameters
        ----------
        claim_id : str
            Id of a claim of the ledger.

        Raises
        ------
        BajasError
            If there is no such claim.
        """
        lines = [
            f"{claim_id} -> {observation.name}: {observation.meaning}"
            for observation in self.observations
            if claim_id in observation.claim_ids
        ]
        if claim_id in self.left_out:
            lines.append(f"{claim_id} is left out of the fit: {self.left_out[claim_id]}")
        if any(claim.claim_id == claim_id for claim in self.statements):
            lines.append(
                f"{claim_id} is a statement of rank: no second piece of evidence beside its"
                " source's own series; the fit reports how probable it is"
            )
        lines.extend(
            f"{claim_id}: {merge.reason}" for merge in self.merges if claim_id in merge.claim_ids
        )
        if not lines:
            raise BajasError(f"the design has no claim {claim_id!r}")
        return "\n".join(lines)

    @cached_property
    def table(self) -> pd.DataFrame:
        """The observations as a table."""
        return pd.DataFrame(
            [
                {
                    "observation": o.name,
                    "stream": self.streams[o.stream].label,
                    "kind": self.streams[o.stream].kind,
                    "start": pd.Timestamp(o.window.start),
                    "end": pd.Timestamp(o.window.end),
                    "form": o.form,
                    "value": o.value,
                    "log_sd": o.log_sd,
                    "strata": " | ".join(
                        ", ".join(self.strata[index].label for index in reading)
                        for reading in o.readings
                    ),
                }
                for o in self.observations
            ]
        )


def _pairs(first: frozenset[str], second: frozenset[str]) -> list[tuple[str, str]]:
    return [(a, b) for a in first for b in second]
