"""The bias of each source beside its prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bajas.answers.interval import level_words
from bajas.answers.plots.style import GHOST, INK, VOICES, axes, standing, tidy
from bajas.answers.quantity import outcome_words
from bajas.answers.sources import sources
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FACTORS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def plot_sources(
    posterior: Posterior, side: str | None = None, *, level: float = 0.9, ax: Axes | None = None
) -> Axes:
    """Plot how far each source's figures lie from the truth, on a log axis.

    One line per source, side and reported outcome: the interval of reported / true, with the
    prior's interval in grey. Registers have no bias and aren't shown. The biases condition on the
    bias prior, which decides their common level: read them beside the grey lines.

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
    table = sources(posterior, level)
    table = table[table["bias"].notna()]
    if side is not None:
        table = table[table["side"] == side]
    if table.empty:
        raise QuantityError(f"no source of this fit has a bias about {side or 'any side'}")
    order = {name: position for position, name in enumerate(VOICES)}
    table = table.sort_values(
        ["side", "relation", "bias"], key=lambda s: s.map(order) if s.name == "relation" else s
    )
    ax = axes(ax, 8.0, 1.6 + 0.23 * len(table))
    rows = np.arange(len(table))[::-1]
    ax.hlines(rows - 0.2, table["prior_low"], table["prior_high"], color=GHOST, linewidth=1.4,
              label="prior")  # fmt: skip
    ax.plot(table["prior"], rows - 0.2, "|", color=GHOST, markersize=5)
    for kind in dict.fromkeys(table["relation"]):
        voice = VOICES[kind]
        mine = (table["relation"] == kind).to_numpy()
        part = table[mine]
        ax.hlines(rows[mine] + 0.1, part["bias_low"], part["bias_high"], color=voice.colour,
                  linewidth=2.2)  # fmt: skip
        ax.plot(
            part["bias"], rows[mine] + 0.1, voice.marker, color=voice.colour, markersize=5.5,
            markeredgecolor="white", markeredgewidth=0.5, label=voice.label,
        )  # fmt: skip
    ax.axvline(1, color=INK, linewidth=0.9)
    ax.set_xscale("log")
    low = min(float(table["bias_low"].min()), float(table["prior_low"].min()))
    high = max(float(table["bias_high"].max()), float(table["prior_high"].max()))
    ticks = [factor for factor in _FACTORS if low * 0.9 <= factor <= high * 1.1]
    ax.set_xticks(ticks, [f"{factor:g}×" for factor in ticks])
    ax.set_xticks([], minor=True)
    ax.set_yticks(
        rows,
        [
            f"{row.source}: {row.side} {outcome_words(str(row.outcome))}"
            for row in table.itertuples()
        ],
    )
    ax.set_ylim(-0.8, len(table) - 0.2)
    ax.set_xlabel(f"reported / true (median and {level_words(level)} interval)")
    ax.set_title(
        f"Bias of sources, bias prior {posterior.specification.bias.name}"
        f"{standing(posterior.why_not)}",
        loc="left",
        fontsize=11,
        pad=24,
    )
    tidy(ax, "x")
    ax.tick_params(axis="y", labelsize=8, length=0)
    ax.legend(
        frameon=False, fontsize=8.5, ncols=4, loc="lower left", bbox_to_anchor=(0, 1),
        borderaxespad=0.2, borderpad=0, handletextpad=0.5, columnspacing=1.4,
    )  # fmt: skip
    return ax
