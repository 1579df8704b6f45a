"""Each claim's figure against the losses that it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bajas.answers.interval import level_words
from bajas.answers.plots.style import INK, VOICES, axes, standing, thousands, tidy, voice_of
from bajas.answers.predictive import claims_table
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_claims(
    posterior: Posterior, side: str | None = None, *, level: float = 0.9, ax: Axes | None = None
) -> Axes:
    """Plot what sources reported against what the fit says happened, both on log axes.

    One mark per observation: across, the posterior of the losses that it counts (expected numbers,
    median and interval); up, the figure as published. On the diagonal both agree. An open mark is
    a bound.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    side : str, optional
        Only about the losses of this side.
    level : float
        Of the intervals.
    ax : matplotlib.axes.Axes, optional
        Where; on a new figure by default.
    """
    table = claims_table(posterior, level)
    kinds = np.array(
        [voice_of(posterior.design.streams[o.stream]) for o in posterior.design.observations]
    )
    sides = [posterior.design.streams[o.stream].side for o in posterior.design.observations]
    keep = (table["value"] > 0).to_numpy()
    if side is not None:
        keep = keep & (np.array(sides) == side)
    if not keep.any():
        raise QuantityError(f"no claim of this fit is about {side!r}")
    ax = axes(ax, 7.0, 6.4)
    for kind, voice in VOICES.items():
        part = table[keep & (kinds == kind)]
        if part.empty:
            continue
        ax.hlines(part["value"], part["true_low"], part["true_high"], color=voice.colour,
                  linewidth=0.8, alpha=0.35)  # fmt: skip
        for point in (True, False):
            mine = part[(part["form"] == "point") == point]
            ax.plot(
                mine["true_median"], mine["value"], voice.marker, markersize=5,
                color=voice.colour, markerfacecolor=voice.colour if point else "white",
                markeredgecolor="white" if point else voice.colour, markeredgewidth=0.7,
            )  # fmt: skip
        ax.plot([], [], voice.marker, color=voice.colour, markersize=5, label=voice.label)
    shown = table[keep]
    # the axes follow the marks: the tail of one wide interval shouldn't shrink all the others
    low = 0.5 * float(min(shown["value"].min(), shown["true_median"].min()))
    high = 2.0 * float(max(shown["value"].max(), shown["true_median"].max()))
    ax.plot([low, high], [low, high], color=INK, linewidth=0.9, label="reported = true")
    ax.plot([], [], "o", color=INK, markerfacecolor="white", markersize=5, label="bound")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    ax.xaxis.set_major_formatter(thousands)
    ax.yaxis.set_major_formatter(thousands)
    about = f" of {side}" if side else ""
    ax.set_xlabel(
        f"losses{about} that the claim counts, persons or items"
        f" (median and {level_words(level)} interval)"
    )
    ax.set_ylabel("figure as published, persons or items")
    ax.set_title(f"Claims and losses{standing(posterior.why_not)}", loc="left", fontsize=11)
    tidy(ax, "both")
    ax.legend(frameon=False, fontsize=8.5, loc="upper left")
    return ax
