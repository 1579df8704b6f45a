"""What two streams both say about the same days, with how finely each figure was rounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from bajas.claims.claim import Claim


@dataclass(frozen=True, slots=True)
class CommonFigure:
    """Two figures for the same days, of two streams.

    Parameters
    ----------
    first, second : float
        The figures, or what two running totals both added.
    first_slack, second_slack : float
        How far the unrounded figure may be from the printed one.
    claim_ids : tuple of str
        The claims behind them.
    """

    first: float
    second: float
    first_slack: float
    second_slack: float
    claim_ids: tuple[str, ...]


class _Printed(NamedTuple):
    """A figure as it was printed."""

    value: float
    slack: float
    claim_id: str


#: The figures of a stream by first and last day of their windows.
Figures = dict[tuple[date, date], _Printed]


def common_figures(first: Sequence[Claim], second: Sequence[Claim]) -> list[CommonFigure]:
    """Return what two streams both state: figures for equal windows, as increments where possible.

    Running totals share their history, so that two counts which agree on one day agree on the
    next. Of equal windows from one start day, the first figure counts and then what each adds.

    Parameters
    ----------
    first, second : sequence of Claim
        The claims of each stream. Single figures count, also those worded as bounds (a list gives
        "at least"), but no ranges and no rates. Of several figures for one window the last counts.

    Examples
    --------
    >>> from datetime import date
    >>> start = date(2022, 3, 1)
    >>> def total(source, day, value):
    ...     end = date(2022, 3, day)
    ...     return Claim(f"{source}{day}", source, "ally", "X", "Y", "all", "killed", start, end,
    ...                  end, value=value)
    >>> staff = [total("staff", 5, 120), total("staff", 9, 200)]
    >>> paper = [total("paper", 5, 100), total("paper", 9, 180), total("paper", 10, 300)]
    >>> [(item.first, item.second) for item in common_figures(staff, paper)]
    [(120, 100), (80, 80)]
    """
    return shared_figures(figures_by_window(first), figures_by_window(second))


def figures_by_window(claims: Iterable[Claim]) -> Figures:
    """Return the figure of a stream for each window, as :func:`common_figures` takes them."""
    return {
        (claim.start, claim.end): _Printed(claim.value, _slack(claim.value), claim.claim_id)
        for claim in sorted(claims, key=lambda claim: (claim.published, claim.claim_id))
        if claim.value and claim.low is None and not claim.per_day and claim.qualifier != "peak"
    }


def shared_figures(first: Figures, second: Figures) -> list[CommonFigure]:
    """Return what :func:`common_figures` does, of streams whose figures are at hand by window."""
    found = []
    before: tuple[_Printed, _Printed] | None = None
    since: date | None = None
    for window in sorted(first.keys() & second.keys()):
        one, other = first[window], second[window]
        values, slacks = (one.value, other.value), (one.slack, other.slack)
        ids: tuple[str, ...] = (one.claim_id, other.claim_id)
        if before is not None and since == window[0]:
            values = (values[0] - before[0].value, values[1] - before[1].value)
            slacks = (slacks[0] + before[0].slack, slacks[1] + before[1].slack)
            ids = (before[0].claim_id, before[1].claim_id, *ids)
        before, since = (one, other), window[0]
        if values[0] > 0 and values[1] > 0:
            found.append(CommonFigure(*values, *slacks, ids))
    return found


def _slack(value: float) -> float:
    """Return half of the last digit that isn't zero: 45,000 may be anything from 44,500 on."""
    unit = 1.0
    while value % (unit * 10) == 0 and unit * 10 <= value:
        unit *= 10
    return unit / 2
