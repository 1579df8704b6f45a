"""What two streams both say about the same days, with how finely each figure was rounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bajas.claims.claim import Claim, Window


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
    by_start: dict[date, list[tuple[Claim, Claim]]] = defaultdict(list)
    figures = [_by_window(first), _by_window(second)]
    for window in sorted(set(figures[0]) & set(figures[1]), key=lambda w: (w.start, w.end)):
        by_start[window.start].append((figures[0][window], figures[1][window]))
    found = []
    for series in by_start.values():
        before: tuple[Claim, Claim] | None = None
        for pair in series:
            values = [claim.value or 0.0 for claim in pair]
            slacks = [_slack(claim) for claim in pair]
            ids = tuple(claim.claim_id for claim in pair)
            if before is not None:
                values = [v - (c.value or 0.0) for v, c in zip(values, before, strict=True)]
                slacks = [s + _slack(c) for s, c in zip(slacks, before, strict=True)]
                ids = (*(claim.claim_id for claim in before), *ids)
            before = pair
            if min(values) > 0:
                found.append(CommonFigure(values[0], values[1], slacks[0], slacks[1], ids))
    return found


def _by_window(claims: Sequence[Claim]) -> dict[Window, Claim]:
    return {
        claim.window: claim
        for claim in sorted(claims, key=lambda claim: (claim.published, claim.claim_id))
        if claim.value and claim.low is None and not claim.per_day and claim.qualifier != "peak"
    }


def _slack(claim: Claim) -> float:
    """Return half of the last digit that isn't zero: 45,000 may be anything from 44,500 on."""
    value, unit = claim.value or 0.0, 1.0
    while value % (unit * 10) == 0 and unit * 10 <= value:
        unit *= 10
    return unit / 2
