"""An observation: what one row of the likelihood says, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from bajas.claims.alternatives import definition_names
from bajas.claims.claim import EvidenceKind, StreamKind, Window
from bajas.claims.taxonomy import OutcomeKind

#: How a figure bears on the truth: a point, a lower bound or an upper bound.
Form = Literal["point", "at_least", "at_most"]


@dataclass(frozen=True, slots=True)
class Stream:
    """All claims of one source about the same reported quantity.

    Parameters
    ----------
    source, side, component, outcome : str
        What identifies the stream; component and outcome as reported.
    source_type, speaks_for : str
        What kind of body the source is here, and for whom it speaks.
    kind : {"tally", "assessment", "register"}
        How the source counts.
    evidence : str, optional
        Kind of evidence.
    counted : {"personnel", "equipment"}
        What is counted.
    civilian : bool
        Whether the victims are civilians.
    """

    source: str
    side: str
    component: str
    outcome: str
    source_type: str
    speaks_for: str
    kind: StreamKind
    evidence: EvidenceKind | None
    counted: OutcomeKind
    civilian: bool = False

    @property
    def label(self) -> str:
        """Readable name, for example ``ru_mod: RU all-wagner-ldnr killed``."""
        return f"{self.source}: {self.side} {self.component} {self.outcome}"

    @property
    def readings(self) -> tuple[str, ...]:
        """Names of the definitions that its figures may have; one where nothing is in question."""
        return definition_names(self.component, self.outcome)


@dataclass(frozen=True, slots=True)
class ListState:
    """A list as it stood when it was counted: the days that the count is about, and the count's.

    Parameters
    ----------
    window : Window
        Days of the losses, within the calendar.
    counted : datetime.date
        Day of the count.
    """

    window: Window
    counted: date


@dataclass(frozen=True, slots=True)
class Observation:
    """One row of the likelihood.

    Parameters
    ----------
    name : str
        Unique: the claim's id, or for an increment of a tally the id of the total that ends it.
    claim_ids : tuple of str
        The claims behind it.
    stream : int
        Position in the design's streams.
    window : Window
        Days covered, within the calendar.
    form : {"point", "at_least", "at_most"}
        How the figure bears on the truth.
    value : float
        Persons or items over the whole window.
    log_sd : float
        Sd on the log scale from the claim's own range; 0 without one.
    strata : tuple of int
        Strata that the figure adds up; of a stream that can be read in several ways those of one
        reading, the first unless the design was read otherwise.
    biased : bool
        Whether the source's bias enters (not for registers: what is on a list did happen).
    meaning : str
        In words.
    alternatives : tuple of tuple of int
        Strata under each reading of the stream; empty where there is one.
    counted : datetime.date, optional
        Of a count of a growing list read with its completeness: the day of the count.
    before : tuple of ListState
        Earlier states of that list, whose names are not in ``value``.
    listed : float, optional
        All names on the list when it was counted.
    evidence : str, optional
        Kind of evidence of the claim; of an increment that of its stream.
    settled : bool
        Whether the claim was published two weeks or more after its window's last day. Claims of a
        tally aren't: it goes on, and is one count.
    """

    name: str
    claim_ids: tuple[str, ...]
    stream: int
    window: Window
    form: Form
    value: float
    log_sd: float
    strata: tuple[int, ...]
    biased: bool
    meaning: str
    alternatives: tuple[tuple[int, ...], ...] = ()
    counted: date | None = None
    before: tuple[ListState, ...] = ()
    listed: float | None = None
    evidence: EvidenceKind | None = None
    settled: bool = False

    @property
    def readings(self) -> tuple[tuple[int, ...], ...]:
        """Strata under each reading of its stream."""
        return self.alternatives or (self.strata,)

    @property
    def as_published(self) -> Observation:
        """The observation to be shown beside losses: a list's whole count, a bound from below."""
        if self.listed is None:
            return self
        return replace(self, value=self.listed, form="at_least")
