"""A claim: one published figure about losses in one window."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Literal, get_args

Qualifier = Literal["exact", "about", "at_least", "at_most", "range", "peak"]
StreamKind = Literal["tally", "assessment", "register"]
EvidenceKind = Literal["assertion", "assessment", "statistical", "list"]
Status = Literal["military", "civilian", "unknown"]

QUALIFIERS: tuple[str, ...] = get_args(Qualifier)
STREAM_KINDS: tuple[str, ...] = get_args(StreamKind)
EVIDENCE_KINDS: tuple[str, ...] = get_args(EvidenceKind)
STATUSES: tuple[str, ...] = get_args(Status)
#: Days from a window's last day on which a figure about it is settled: time to count and to name.
SETTLED_DAYS = 14


@dataclass(frozen=True, slots=True)
class Window:
    """A closed interval of days, both ends counted.

    Examples
    --------
    >>> from datetime import date
    >>> Window(date(2023, 3, 1), date(2023, 3, 31)).days
    31
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"window ends ({self.end}) before it starts ({self.start})")

    @property
    def days(self) -> int:
        """Number of days in the window."""
        return (self.end - self.start).days + 1

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


@dataclass(frozen=True, slots=True)
class Claim:
    """One published statement about losses, as read from one row of the claims table.

    Parameters
    ----------
    claim_id : str
        Unique name of the claim.
    source : str
        Who said it.
    source_type : str
        What kind of body the source is in this statement (``belligerent``, ``official_own``,
        ``ally``, ``intelligence``, ``think_tank``, ``media_investigation``, ...).
    speaks_for : str
        The side that the source is aligned with, or ``neutral``.
    side : str
        Whose losses.
    component, outcome : str
        Expressions over the taxonomy, for example ``all-wagner-ldnr`` and ``casualties``.
    start, end : datetime.date
        Inclusive window that the figure covers.
    published : datetime.date
        Day on which the figure became public.
    value, low, high : float, optional
        Persons or items; per day where ``per_day`` is true.
    level : float, optional
        Stated probability of ``[low, high]``.
    qualifier : str
        One of :data:`QUALIFIERS`.
    provisional : bool
        Whether the source called the figure preliminary.
    url, note : str
        Provenance.
    per_day : bool
        Whether the figure is a mean per day of its window.
    derived_from : tuple of str
        Sources or claims that this figure repeats or is computed from. Such a claim is kept and
        shown, but adds no evidence.
    excluded : str
        Why the claim is left out of the fit; empty if it isn't.
    kind : str, optional
        Kind of stream, one of :data:`STREAM_KINDS`; from the sources table or guessed if absent.
    evidence : str, optional
        Kind of evidence, one of :data:`EVIDENCE_KINDS`.
    theatre : str
        Region that the figure is confined to; empty for the whole war.
    supersedes : str
        The earlier claim that this one replaces; empty if none.
    retrieved : datetime.date, optional
        When the page was read.
    population : float, optional
        Size of the force at risk.
    status : str
        ``military``, ``civilian`` or ``unknown``.
    missing_included : bool, optional
        Whether the figure counts the missing; ``None`` if unknown.
    extra : tuple of (str, str)
        The user's own ``extra.*`` columns, kept as they are.
    row : int, optional
        Line of the file the claim came from. Not part of the claim's content.
    """

    claim_id: str
    source: str
    source_type: str
    speaks_for: str
    side: str
    component: str
    outcome: str
    start: date
    end: date
    published: date
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    qualifier: Qualifier = "exact"
    provisional: bool = False
    url: str = ""
    note: str = ""
    per_day: bool = False
    derived_from: tuple[str, ...] = ()
    excluded: str = ""
    kind: StreamKind | None = None
    evidence: EvidenceKind | None = None
    theatre: str = ""
    supersedes: str = ""
    retrieved: date | None = None
    population: float | None = None
    status: Status = "military"
    missing_included: bool | None = None
    extra: tuple[tuple[str, str], ...] = ()
    row: int | None = field(default=None, compare=False)

    @property
    def window(self) -> Window:
        """The days that the figure covers."""
        return Window(self.start, self.end)

    @property
    def stream(self) -> tuple[str, str, str, str]:
        """The stream: source, side, component expression and reported outcome."""
        return (self.source, self.side, self.component, self.outcome)

    @property
    def settled(self) -> bool:
        """Whether it was published two weeks or more after its window's last day."""
        return (self.published - self.end).days >= SETTLED_DAYS

    @property
    def has_figure(self) -> bool:
        """Whether the claim carries any number at all."""
        return self.value is not None or self.low is not None or self.high is not None

    def as_dict(self) -> dict[str, Any]:
        """Return the content (without ``row``) as plain data for JSON: dates as ISO text."""
        data: dict[str, Any] = {}
        for item in fields(self):
            if item.name == "row":
                continue
            value = getattr(self, item.name)
            if isinstance(value, date):
                value = value.isoformat()
            elif item.name == "derived_from":
                value = list(value)
            elif item.name == "extra":
                value = [list(pair) for pair in value]
            data[item.name] = value
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Claim:
        """Build a claim from the plain data of :meth:`as_dict`."""
        values = dict(data)
        for name in ("start", "end", "published", "retrieved"):
            if values.get(name) is not None:
                values[name] = date.fromisoformat(values[name])
        values["derived_from"] = tuple(values.get("derived_from", ()))
        values["extra"] = tuple((str(key), str(text)) for key, text in values.get("extra", ()))
        return cls(**values)
