"""How one claim is read: its form, its value over the window, and the width of its range."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

from bajas.claims.claim import Claim, StreamKind
from bajas.claims.figure import ASSUMED_LEVEL
from bajas.design.observation import Form

#: A count of zero is read as "fewer than one half" on the log scale.
BELOW_ONE = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """What a claim says about the sum it covers: a form, a value over the window, an sd on logs."""

    form: Form
    value: float
    log_sd: float
    words: str


def read_figure(claim: Claim, days: int, kind: StreamKind, part_of_whole: bool) -> Reading | str:
    """Read the figure of a claim, or say why it says nothing about the quantity.

    Parameters
    ----------
    claim : Claim
        The claim; must carry a figure.
    days : int
        Days of its window (before clipping), by which a figure per day is multiplied.
    kind : {"tally", "assessment", "register"}
        How its source counts.
    part_of_whole : bool
        Whether the claim covers only part of the strata it is read against (one theatre, one
        branch of a force), so that it can only bound them from below.

    Returns
    -------
    Reading or str
        The reading, or the reason why the claim is left out.

    Examples
    --------
    >>> from datetime import date
    >>> claim = Claim("a", "s", "ally", "X", "Y", "all", "killed", date(2022, 2, 24),
    ...               date(2022, 3, 5), date(2022, 3, 5), low=1000, high=2000, qualifier="range")
    >>> reading = read_figure(claim, 10, "assessment", False)
    >>> reading.form, round(reading.value), round(reading.log_sd, 3)
    ('point', 1414, 0.211)
    """
    per = float(days) if claim.per_day else 1.0
    value = None if claim.value is None else claim.value * per
    low = None if claim.low is None else claim.low * per
    high = None if claim.high is None else claim.high * per

    if claim.qualifier == "at_least" or kind == "register" or part_of_whole:
        return _lower(claim, value, low, kind, part_of_whole)
    if claim.qualifier == "at_most":
        bound = value if value is not None else high
        if bound is None:
            return "an upper bound without a figure"
        words = f"at most {bound:,.0f}"
        return Reading("at_most", max(bound, BELOW_ONE), 0.0, words)
    if low is not None and high is not None and low < high:
        return _range(claim, value, low, high)
    point = value if value is not None else (low if low is not None else high)
    if point is None:
        return "it carries no figure"
    if point == 0:
        return Reading("at_most", BELOW_ONE, 0.0, "none, read as fewer than one half")
    return Reading("point", point, 0.0, f"{point:,.0f}")


def _lower(
    claim: Claim, value: float | None, low: float | None, kind: StreamKind, part: bool
) -> Reading | str:
    if claim.qualifier == "at_most":
        return (
            "an upper bound for a part says nothing about the whole"
            if part
            else "an upper bound from a list that is incomplete says nothing"
        )
    bound = low if low is not None and claim.qualifier == "range" else value
    bound = low if bound is None else bound
    if bound is None:
        return "it carries no lower figure"
    if bound <= 0:
        return "at least 0 carries no information"
    why = ""
    if claim.qualifier != "at_least":
        why = (
            " (a list of verified cases is incomplete)"
            if kind == "register"
            else " (it covers only a part)"
        )
    return Reading("at_least", bound, 0.0, f"at least {bound:,.0f}{why}")


def _range(claim: Claim, value: float | None, low: float, high: float) -> Reading:
    level = ASSUMED_LEVEL if claim.level is None else claim.level
    assumed = "assumed " if claim.level is None else ""
    if low <= 0:
        return Reading("at_most", high, 0.0, f"at most {high:,.0f} (its range starts at 0)")
    centre = value if value else sqrt(low * high)
    log_sd = log(high / low) / (2 * NormalDist().inv_cdf((1 + level) / 2))
    words = f"{centre:,.0f}, range {low:,.0f} to {high:,.0f} at {assumed}level {level:g}"
    return Reading("point", centre, log_sd, words)
