"""Shares of a side's losses by component over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from bajas.answers.interval import level_words
from bajas.answers.plots.style import axes, standing, tidy
from bajas.answers.quantity import component_words, outcome_words
from bajas.answers.shares import shares
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: After Okabe & Ito; a line style each, so that colour isn't needed to tell them apart.
_COLOURS = ("#1f2a44", "#d55e00", "#009e73", "#0072b2", "#e69f00", "#cc79a7", "#56b4e9")
_STYLES = ("-", "--", "-.", ":")


def plot_shares(
    posterior: Posterior,
    side: str,
    outcome: str = "killed",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    components: Sequence[str] | None = None,
    freq: str = "M",
    cumulative: bool = False,
    level: float = 0.9,
    ax: Axes | None = None,
) -> Axes:
    """Plot the share of each component in a side's expected losses: median and one band each.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    side, outcome, since, until, components, freq, cumulative
        As for :func:`bajas.answers.shares.shares`.
    level : float
        Of the bands, which hold for each component and period by itself.
    ax : matplotlib.axes.Axes, optional
        Where; on a new figure by default.
    """
    ax = axes(ax, 9.0, 4.6)
    found = shares(
        posterior, side, outcome, since, until,
        components=components, freq=freq, cumulative=cumulative, levels=[level],
    )  # fmt: skip
    middle = found["date"].values + (found["end"].values - found["date"].values) / 2
    when = found["end"].values if cumulative else middle
    for position, name in enumerate(found["component"].values):
        part = found.sel(component=name)
        colour = _COLOURS[position % len(_COLOURS)]
        band = part.sel(level=level)
        ax.fill_between(
            when, band["lower"].values, band["upper"].values,
            color=colour, alpha=0.16, linewidth=0,
        )  # fmt: skip
        ax.plot(
            when, part["median"].values, color=colour, linewidth=1.8,
            linestyle=_STYLES[position % len(_STYLES)], label=component_words(str(name), side),
        )  # fmt: skip
    ax.set_ylim(0, 1)
    ax.set_xlim(pd.Timestamp(found["date"].values[0]), pd.Timestamp(found["end"].values[-1]))  # type: ignore[arg-type]
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.set_ylabel("share of " + ("the running total" if cumulative else "each period's losses"))
    words = outcome_words(outcome)
    ax.set_title(
        f"{words[0].upper()}{words[1:]}, {side}: shares by force, median and"
        f" {level_words(level)} intervals{standing(posterior.why_not)}",
        loc="left", fontsize=11,
    )  # fmt: skip
    tidy(ax, "y")
    ax.legend(frameon=False, fontsize=9)
    return ax
