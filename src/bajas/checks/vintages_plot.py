"""Answers by date, and what moved them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bajas.answers.interval import level_words
from bajas.answers.plots.style import BAND_ALPHA, GHOST, INK, axes, thousands, tidy
from bajas.errors import QuantityError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bajas.checks.vintages import Vintages

#: Colours of the parts, after Okabe & Ito.
_COLOURS = {
    "revisions": "#d55e00",
    "new claims": "#0072b2",
    "model": "#009e73",
    "days": "#e69f00",
}


def plot_vintages(found: Vintages, quantity: int = 0, *, ax: Axes | None = None) -> Axes:
    """Plot a total as it would have been given on each date, and what its median was moved by.

    Bars are central intervals, the point the median. Between two dates each part of the change has
    a stair of its own, in the order in which it was taken apart; parts within two Monte Carlo
    errors of nothing are drawn dotted.

    Parameters
    ----------
    found : Vintages
        From :func:`bajas.vintages`.
    quantity : int
        Position of the total in ``found.asked``.
    ax : matplotlib.axes.Axes, optional
        Where; on a new figure by default.

    Raises
    ------
    QuantityError
        If there is no such total, or it could be asked on no date.
    """
    if not 0 <= quantity < len(found.asked):
        raise QuantityError(f"there are {len(found.asked)} totals here, counted from 0")
    data = found.data.isel(quantity=quantity)
    median = data["median"].to_numpy()
    if np.isnan(median).all():
        raise QuantityError(f"{found.asked[quantity]} could be asked on no date")
    ax = axes(ax, 8.5, 4.6)
    places = np.arange(len(found.dates), dtype=float)
    levels = [float(level) for level in data["level"].values]
    for position in np.argsort(levels)[::-1]:
        low, high = data["interval"].values[:, position].T
        ax.vlines(
            places, low, high, color=INK, linewidth=9, alpha=BAND_ALPHA[min(position, 2)],
            label=f"{level_words(levels[position])} interval",
        )  # fmt: skip
    ax.plot(places, median, "o", color=INK, markersize=5, label="median")
    mine = found.changes[found.changes["quantity"] == str(found.asked[quantity])]
    for position, later in enumerate(found.dates[1:]):
        parts = mine[(mine["to"] == pd.Timestamp(later)) & (mine["part"] != "all")]
        parts = parts[parts["change"] != 0]
        if parts.empty or parts["change"].isna().any():
            continue
        level = median[position]
        steps = np.linspace(position + 0.12, position + 0.88, len(parts) + 1)
        for index, part in enumerate(parts.itertuples()):
            end = level + part.change
            sure = "-" if part.beyond_mcse else ":"
            colour = _COLOURS[str(part.part)]
            ax.plot([steps[index], steps[index + 1]], [level, level], color=GHOST, linewidth=0.8)
            ax.plot([steps[index + 1]] * 2, [level, end], sure, color=colour, linewidth=4)
            level = end
    for part in dict.fromkeys(mine.loc[mine["change"] != 0, "part"]):
        if part in _COLOURS:
            ax.plot([], [], "-", color=_COLOURS[part], linewidth=4, label=part)
    ax.set_xticks(places, [f"{day:%d %b %Y}" for day in found.dates], rotation=30, ha="right")
    ax.yaxis.set_major_formatter(thousands)
    ax.set_ylim(bottom=0)
    trusted = bool(data["trusted"].values[~np.isnan(median)].all())
    ax.set_title(
        f"{found.asked[quantity]}{'' if trusted else ' (some NOT trusted)'}", loc="left",
        fontsize=11, pad=24,
    )  # fmt: skip
    ax.set_xlabel("known on")
    tidy(ax, "y")
    ax.legend(
        frameon=False, fontsize=8.5, ncols=8, loc="lower left", bbox_to_anchor=(0, 1),
        borderaxespad=0.2, borderpad=0, handletextpad=0.5, columnspacing=1.2,
    )  # fmt: skip
    return ax
