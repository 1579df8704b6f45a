"""Losses over time with the claims about them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bajas.answers.interval import level_words
from bajas.answers.path import path
from bajas.answers.plots.style import (
    BAND_ALPHA,
    INK,
    VOICES,
    Voice,
    axes,
    standing,
    thousands,
    tidy,
    voice_of,
)
from bajas.answers.quantity import quantity_of
from bajas.design.observation import Observation
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEVELS = (0.5, 0.9, 0.95)
_NAMES = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
#: z of the 90 % interval that a claim's own range is drawn at.
_Z90 = 1.6449


def plot_path(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    freq: str = "W",
    cumulative: bool = False,
    claims: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Plot a quantity over time: median with 50, 90 and 95 % bands, and the claims about it.

    Without ``cumulative`` losses are shown per day (the mean of each period), and a claim about
    exactly this quantity is a horizontal line over its window at its mean per day. With it, claims
    that count from the first day shown are marks at their window's end. Ranges are vertical bars,
    bounds are arrows, and so are counts of incomplete lists. Claims are drawn as published: no bias
    is taken out. The bands hold for each date by itself and condition on the claims, the bias prior
    and the specification.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    outcome, side, component : str
        What is counted.
    since, until : str or datetime.date, optional
        First and last day, both counted.
    freq : str
        As for :func:`bajas.answers.path.path`.
    cumulative : bool
        The running total instead of losses per day.
    claims : bool
        Whether to draw the claims.
    ax : matplotlib.axes.Axes, optional
        Where; on a new figure by default.
    """
    ax = axes(ax, 9.0, 5.2)
    quantity = quantity_of(posterior, outcome, side, component, since, until)
    found = path(
        posterior, outcome, side, component, since, until,
        freq=freq, cumulative=cumulative, per_day=not cumulative, levels=_LEVELS,
    )  # fmt: skip
    middle = found["date"].values + (found["end"].values - found["date"].values) / 2
    when = found["end"].values if cumulative else middle
    for alpha, level in reversed(list(zip(BAND_ALPHA, _LEVELS, strict=True))):
        band = found.sel(level=level)
        ax.fill_between(
            when, band["lower"].values, band["upper"].values,
            color=INK, alpha=alpha, linewidth=0, label=f"{level_words(level)} interval",
        )  # fmt: skip
    ax.plot(when, found["median"].values, color=INK, linewidth=1.6, label="median")
    top = float(found["upper"].max())
    if claims:
        strata = frozenset(posterior.design.scope(outcome, side, component))
        start = pd.Timestamp(quantity.window.start)
        end = pd.Timestamp(quantity.window.end)
        drawn: dict[str, Voice] = {}
        for observation in (o.as_published for o in posterior.design.observations):
            if not _counts(observation, strata) or not observation.value > 0:
                continue
            first = pd.Timestamp(observation.window.start)
            last = pd.Timestamp(observation.window.end)
            if last > end or first < start or (cumulative and first != start):
                continue
            kind = voice_of(posterior.design.streams[observation.stream])
            drawn[kind] = VOICES[kind]
            draw = _mark if cumulative else _span
            top = max(top, draw(ax, observation, first, last, VOICES[kind]))
        if cumulative:
            top = max(top, _tallies(posterior, strata, ax, start, end, drawn))
        for kind in sorted(drawn, key=list(VOICES).index):
            voice = drawn[kind]
            ax.plot(
                [], [], color=voice.colour, marker=voice.marker if cumulative else None,
                linestyle="none" if cumulative else "-", markersize=5.5, linewidth=2.2,
                label=f"claim: {voice.label}",
            )  # fmt: skip
    ax.set_ylim(0, top * 1.06)
    ax.set_xlim(found["date"].values[0], found["end"].values[-1])
    _dates(ax, quantity.window.days)
    ax.yaxis.set_major_formatter(thousands)
    unit = quantity.unit
    per = "running total" if cumulative else f"per day (mean of each {_NAMES.get(freq, 'week')})"
    ax.set_ylabel(f"{unit}, {per}")
    ax.set_title(
        f"{quantity.scope[0].upper()}{quantity.scope[1:]}{standing(posterior.why_not)}",
        loc="left",
        fontsize=11,
    )
    tidy(ax, "y")
    ax.legend(frameon=False, fontsize=8.5, ncols=2, loc="upper left" if cumulative else "best")
    return ax


def _span(
    ax: Axes, observation: Observation, first: pd.Timestamp, last: pd.Timestamp, voice: Voice
) -> float:
    """Draw a claim as its mean per day over its window and return how high it reaches."""
    rate = observation.value / observation.window.days
    stop = last + pd.Timedelta(days=1)
    ax.plot(
        _days(first, stop), [rate, rate], color=voice.colour, linewidth=1.6, alpha=0.8, zorder=3
    )
    middle = first + (stop - first) / 2
    return _range(ax, observation, middle, rate, voice)


def _mark(
    ax: Axes, observation: Observation, first: pd.Timestamp, last: pd.Timestamp, voice: Voice
) -> float:
    """Draw a claim as a mark at its window's end and return how high it reaches."""
    del first
    ax.plot(
        _days(last), [observation.value], color=voice.colour, marker=voice.marker, linestyle="none",
        markersize=5.5, markeredgecolor="white", markeredgewidth=0.6, zorder=4,
    )  # fmt: skip
    return _range(ax, observation, last, observation.value, voice)


def _range(
    ax: Axes, observation: Observation, when: pd.Timestamp, value: float, voice: Voice
) -> float:
    if observation.form != "point":
        up = observation.form == "at_least"
        # matplotlib draws the arrow from the text to the claim; it points the other way
        ax.annotate(
            "", xy=(when, value), xytext=(0, 17 if up else -17), textcoords="offset points",
            arrowprops={"arrowstyle": "<-", "color": voice.colour, "linewidth": 1.3, "shrinkB": 0},
            zorder=3,
        )  # fmt: skip
        return value
    if observation.log_sd > 0:
        low, high = value * np.exp(_Z90 * observation.log_sd * np.array([-1, 1]))
        ax.plot(
            _days(when, when), [low, high], color=voice.colour, linewidth=1.2, alpha=0.8, zorder=3
        )
        return float(high)
    return value


def _counts(observation: Observation, strata: frozenset[int]) -> bool:
    """Return whether an observation is about strata, under one of its readings at least."""
    return any(frozenset(reading) == strata for reading in observation.readings)


def _tallies(
    posterior: Posterior,
    strata: frozenset[int],
    ax: Axes,
    start: pd.Timestamp,
    end: pd.Timestamp,
    drawn: dict[str, Voice],
) -> float:
    """Draw the running totals of tallies, which enter as increments, and return their height."""
    top = 0.0
    design = posterior.design
    for position, stream in enumerate(design.streams):
        own = sorted(
            (
                o
                for o in design.observations
                if o.stream == position and _counts(o, strata) and o.form == "point"
            ),
            key=lambda o: o.window.start,
        )
        if stream.kind != "tally" or len(own) < 2 or pd.Timestamp(own[0].window.start) != start:
            continue
        total, days, values = 0.0, [], []
        for before, item in zip([None, *own], own, strict=False):
            if before is not None and (item.window.start - before.window.end).days != 1:
                break  # a gap: what the tally adds to is not known
            total += item.value
            if pd.Timestamp(item.window.end) <= end:
                days.append(pd.Timestamp(item.window.end))
                values.append(total)
        voice = VOICES[voice_of(stream)]
        drawn[voice_of(stream)] = voice
        ax.plot(
            _days(*days), values, color=voice.colour, marker=voice.marker, linewidth=0.8,
            markersize=4.5, markeredgecolor="white", markeredgewidth=0.5, alpha=0.9, zorder=4,
        )  # fmt: skip
        top = max(top, *values) if values else top
    return top


def _dates(ax: Axes, days: int) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    ax.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=9))  # type: ignore[no-untyped-call]
    code = "%b %Y" if days > 120 else "%d %b %Y"
    ax.xaxis.set_major_formatter(DateFormatter(code))  # type: ignore[no-untyped-call]


def _days(*days: pd.Timestamp) -> np.ndarray:
    """Return days as Matplotlib takes them."""
    return np.array(days, dtype="datetime64[s]")
