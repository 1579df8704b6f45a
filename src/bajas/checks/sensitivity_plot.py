"""The figure of a sensitivity analysis: one line per variation, beside the fit's own interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bajas.answers.interval import level_words
from bajas.answers.plots.style import GHOST, INK, VOICES, axes, thousands, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bajas.checks.sensitivity_result import Sensitivity

_COLOURS = {
    "fit": INK,
    "bias prior": VOICES["enemy"].colour,
    "power": VOICES["third_party"].colour,
    "without source": VOICES["own"].colour,
    "without anchor": VOICES["own_victims"].colour,
    "coverage": VOICES["register"].colour,
}
_LABELS = {
    "fit": "the fit",
    "bias prior": "another bias prior",
    "power": "priors or likelihood to a power",
    "without source": "without a source",
    "without anchor": "without an anchor",
    "coverage": "another coverage of a list",
}


def plot_sensitivity(found: Sensitivity, ax: Axes | None = None) -> Axes:
    """Plot median and interval of every variation on a log axis.

    The band is the fit's own interval. Hollow markers are rows that can't be trusted.

    Parameters
    ----------
    found : Sensitivity
        What to plot.
    ax : matplotlib.axes.Axes, optional
        Where; on a new figure by default.
    """
    table = found.table[np.isfinite(found.table["median"])]
    ax = axes(ax, 8.0, 1.6 + 0.21 * len(table))
    base = table.iloc[0]
    ax.axvspan(base["low"], base["high"], color=GHOST, alpha=0.18, linewidth=0)
    ax.axvline(base["median"], color=GHOST, linewidth=0.9)
    rows = np.arange(len(table))[::-1]
    for kind in dict.fromkeys(table["kind"]):
        mine = (table["kind"] == kind).to_numpy()
        part, colour = table[mine], _COLOURS[kind]
        ax.hlines(rows[mine], part["low"], part["high"], color=colour, linewidth=2)
        for trusted, face in ((True, colour), (False, "white")):
            which = ((part["trouble"] == "") == trusted).to_numpy()
            ax.plot(
                part["median"][which], rows[mine][which], "o", markersize=5,
                markerfacecolor=face, markeredgecolor=colour,
            )  # fmt: skip
        ax.plot([], [], "o-", color=colour, linewidth=2, markersize=5, label=_LABELS[kind])
    ax.set_xscale("log")
    low, high = float(table["low"].min()), float(table["high"].max())
    ticks = [
        tick
        for power in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        for tick in (m * 10.0**power for m in (1, 2, 3, 5, 7))
        if low * 0.8 <= tick <= high * 1.2
    ]
    ax.set_xticks(ticks, [thousands(tick) for tick in ticks])
    ax.set_xticks([], minor=True)
    ways = {"weights": "", "draws": "", "refit": " *"}
    ax.set_yticks(
        rows,
        [f"{w}{ways.get(way, '')}" for w, way in zip(table["what"], table["way"], strict=True)],
    )
    ax.set_ylim(-0.8, len(table) - 0.2)
    ax.set_xlabel(
        f"{found.quantity.unit} (median and {level_words(found.level)} interval;"
        " * by a fit of its own)"
    )
    ax.set_title(f"What moves {found.quantity}", loc="left", fontsize=11, pad=38)
    tidy(ax, "x")
    ax.tick_params(axis="y", labelsize=8, length=0)
    ax.legend(
        frameon=False, fontsize=8.5, ncols=3, loc="lower left", bbox_to_anchor=(0, 1),
        borderaxespad=0.2, borderpad=0, handletextpad=0.5, columnspacing=1.4,
    )  # fmt: skip
    return ax
