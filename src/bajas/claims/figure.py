"""The figure of a claim: value, bounds, level and qualifier, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from bajas.claims.claim import QUALIFIERS, Qualifier
from bajas.claims.row import Row

#: Probability that an interval without a stated level is taken to have.
ASSUMED_LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Figure:
    """What a claim says in numbers."""

    value: float | None
    low: float | None
    high: float | None
    level: float | None
    qualifier: Qualifier


def read_figure(row: Row, *, per_day: bool) -> Figure | None:
    """Return the figure of a row, or ``None`` with the reasons among the row's findings.

    Parameters
    ----------
    row : Row
        The row; columns value, low, high, level and qualifier are read.
    per_day : bool
        Whether the figure is a rate, which need not be a whole number.
    """
    before = row.refused
    value, low, high = row.number("value"), row.number("low"), row.number("high")
    level = row.probability("level")
    word = row.choice("qualifier", QUALIFIERS)
    if not row["qualifier"]:
        row.refuse(
            "qualifier",
            "missing-qualifier",
            "the cell is empty.",
            f"say one of {', '.join(QUALIFIERS)}",
        )
    if row.refused > before or word is None:
        return None
    figure = Figure(value, low, high, level, cast(Qualifier, word))
    _check_presence(row, figure)
    _check_order(row, figure)
    if row.refused > before:
        return None
    figure = _normalised(row, figure)
    numbers = (figure.value, figure.low, figure.high)
    if not per_day and any(x is not None and not x.is_integer() for x in numbers):
        row.say(
            "warn",
            "value",
            "fractional-count",
            "a count of persons or items is not a whole number.",
            "round it, or set per_day=1 if it is a mean per day",
        )
    return figure


def _check_presence(row: Row, figure: Figure) -> None:
    value, low, high, qualifier = figure.value, figure.low, figure.high, figure.qualifier
    if value is None and low is None and high is None:
        if qualifier != "peak":
            row.refuse(
                "value",
                "no-figure",
                "the claim has neither value nor low and high, and is no rank statement.",
                "give a figure, set qualifier=peak if it only ranks a period, or leave it out",
            )
    elif qualifier == "range":
        if low is None or high is None:
            missing = "low" if low is None else "high"
            row.refuse(
                missing, "range-needs-bounds", "a range needs low and high.", "give both bounds"
            )
    elif qualifier == "at_least":
        if high is not None:
            row.refuse(
                "high",
                "contradictory-bounds",
                "a lower bound (at_least) has an upper bound too.",
                "use qualifier=range with low and high, or empty high",
            )
    elif qualifier == "at_most":
        if low is not None:
            row.refuse(
                "low",
                "contradictory-bounds",
                "an upper bound (at_most) has a lower bound too.",
                "use qualifier=range with low and high, or empty low",
            )
    elif (low is None) != (high is None):
        row.refuse(
            "high" if high is None else "low",
            "half-interval",
            "an interval has two ends.",
            "give both, or use qualifier=at_least or at_most",
        )
    elif qualifier == "exact" and value is None:
        row.refuse(
            "value",
            "exact-without-value",
            "an exact claim needs a value.",
            "use qualifier=range if its source gave two bounds",
        )
    if figure.level is not None and (low is None or high is None):
        row.refuse(
            "level",
            "level-without-interval",
            "a level is the probability of an interval, and there is none.",
            "give low and high, or empty level",
        )


def _check_order(row: Row, figure: Figure) -> None:
    value, low, high = figure.value, figure.low, figure.high
    if low is not None and high is not None and low > high:
        row.refuse("low", "low-above-high", f"low is above high ({row['high']}).", "swap them")
    elif value is not None and figure.qualifier in ("at_least", "at_most"):
        bound = low if figure.qualifier == "at_least" else high
        if bound is not None and bound != value:
            column = "low" if figure.qualifier == "at_least" else "high"
            row.refuse(
                column,
                "two-bounds",
                f"{column} and value ({row['value']}) give two different bounds.",
                "give the bound in value only",
            )
    elif value is not None and (
        (low is not None and value < low) or (high is not None and value > high)
    ):
        row.refuse(
            "value",
            "value-outside-interval",
            f"the value is outside of low and high ({row['low']} to {row['high']}).",
            "check the three figures",
        )


def _normalised(row: Row, figure: Figure) -> Figure:
    value, low, high, level, qualifier = (
        figure.value,
        figure.low,
        figure.high,
        figure.level,
        figure.qualifier,
    )
    if qualifier in ("at_least", "at_most"):
        if value is None:
            column = "low" if qualifier == "at_least" else "high"
            value = low if qualifier == "at_least" else high
            message = f"the bound was taken from {column}."
            row.say("note", column, "bound-from-interval", message)
        return Figure(value, None, None, None, qualifier)
    if low is None or high is None:
        return figure
    if low == high:
        message = "low equals high: the claim is read as an exact figure."
        row.say("note", "low", "interval-without-width", message)
        exact: Qualifier = "exact" if qualifier == "range" else qualifier
        return Figure(low, None, None, None, exact)
    if qualifier == "about" and value is None:
        row.say("note", "qualifier", "about-is-range", "two bounds without a value are a range.")
        qualifier = "range"
    if level is None and qualifier != "peak":
        row.say(
            "warn",
            "level",
            "assumed-level",
            f"no level is stated for the interval; {ASSUMED_LEVEL} is assumed.",
            "state in level what probability the source gives it",
        )
    return Figure(value, low, high, level, qualifier)
