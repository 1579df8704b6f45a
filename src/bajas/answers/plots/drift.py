"""Plot of drift: how the bias of long tallies moved around its mean."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from bajas.answers.drift import drift_draws
from bajas.answers.interval import level_words, tails
from bajas.answers.plots.style import GHOST, INK, VOICES, axes, standing, tidy, voice_of
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ("-", "--", ":", "-.")


def plot_drift(
    posterior: Posterior,
    source: str | None = None,
    *,
    level: float = 0.9,
    ax: Axes | None = None,
) -> Axes:
    """Plot how the bias of a source's streams moved, as a factor on its mean.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    source : str, optional
        Whose; by default that of the drifting stream with most figures.
    level : float
        Of the bands; the prior's of the first stream is in grey.
    ax : matplotlib.axes.Axes, optional
        Where; on a new figure by default.

    Raises
    ------
    QuantityError
        If no such source drifts in the fit.
    """
    design = posterior.design
    found = drift_draws(posterior)
    if source is None and found:
        figures = [o.stream for o in design.observations]
        most = max(found, key=lambda pair: figures.count(pair[0].stream))
        source = design.streams[most[0].stream].source
    chosen = [pair for pair in found if design.streams[pair[0].stream].source == source]
    if not chosen:
        names = sorted({design.streams[item.stream].source for item, _ in found})
        raise QuantityError(
            f"no bias{f' of {source!r}' if source else ''} drifts in this fit; drifting:"
            f" {', '.join(names) or 'none'}"
        )
    low, high = tails([level])[:, 0]
    ax = axes(ax, 7.2, 4.0)
    dates = design.calendar.dates()
    words = level_words(level)
    for number, (item, draws) in enumerate(chosen):
        stream = design.streams[item.stream]
        days = dates[item.first : item.last + 1]
        if number == 0:
            sd = item.scale * np.sqrt((item.daily**2).sum(axis=1))
            reach = sd * NormalDist().inv_cdf(float(high))
            ax.fill_between(days, np.exp(-reach), np.exp(reach), color=GHOST, alpha=0.2,
                            linewidth=0, label=f"prior, {words}")  # fmt: skip
        band = np.exp(np.quantile(draws, [low, 0.5, high], axis=0))
        colour = VOICES[voice_of(stream)].colour
        if len(chosen) == 1:
            ax.fill_between(days, band[0], band[2], color=colour, alpha=0.25, linewidth=0,
                            label=f"fit, {words}")  # fmt: skip
        else:
            for edge in (band[0], band[2]):
                ax.plot(days, edge, color=colour, linewidth=0.7, alpha=0.7,
                        linestyle=_STYLES[number % len(_STYLES)])  # fmt: skip
        ax.plot(
            days, band[1], color=colour, linewidth=2.0, linestyle=_STYLES[number % len(_STYLES)],
            label=f"{stream.side} {stream.component} {stream.outcome}",
        )  # fmt: skip
    ax.axhline(1, color=INK, linewidth=0.9)
    ax.set_yscale("log")
    low_edge, high_edge = ax.get_ylim()
    ticks = [t for t in (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2)
             if low_edge <= t <= high_edge]  # fmt: skip
    ax.set_yticks(ticks, [f"{tick:g}×" for tick in ticks])
    ax.set_yticks([], minor=True)
    ax.set_ylabel(f"bias over its mean (median and {words} interval)")
    ax.set_title(f"Drift of {source}{standing(posterior.why_not)}", loc="left", fontsize=11)
    tidy(ax, "y")
    ax.legend(frameon=False, fontsize=8.5, loc="best", ncols=2)
    return ax
