"""Plot of registers: the share of the losses on a list by the time since the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bajas.answers.interval import level_words, tails
from bajas.answers.plots.style import GHOST, VOICES, axes, standing, tidy
from bajas.answers.registers import register_draws
from bajas.errors import QuantityError
from bajas.model.registers import listed_streams
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PRIOR_DRAWS = 2000


def plot_registers(
    posterior: Posterior,
    source: str | None = None,
    *,
    level: float = 0.9,
    ax: Axes | None = None,
) -> Axes:
    """Plot the share of the losses of one day that is on a list so many days later.

    The curve's height in the end is the list's final coverage, which rests on its prior (grey) and
    on what other sources say of the level of the losses; its rise rests on the counts of the list.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    source : str, optional
        Whose list; the first by default.
    level : float
        Of the band.
    ax : matplotlib.axes.Axes, optional
        Where; on a new figure by default.

    Raises
    ------
    QuantityError
        If the fit reads no such list with its completeness.
    """
    keys = list(listed_streams(posterior.design))
    chosen = [i for i, key in enumerate(keys) if source is None or key[0] == source]
    if not chosen:
        raise QuantityError(
            f"no growing list{f' of {source!r}' if source else ''} in this fit; lists here:"
            f" {', '.join(sorted({key[0] for key in keys})) or 'none'}"
        )
    position = chosen[0]
    drawn = register_draws(posterior, position)
    before = register_draws(
        prior_draws(posterior.ledger, posterior.specification, _PRIOR_DRAWS, posterior.seed),
        position,
    )
    design = posterior.design
    counted = [design.observations[row].counted for row in drawn.rows]
    oldest = max(design.calendar.index(day) for day in counted if day is not None) + 1
    age = np.linspace(0.0, float(max(oldest, 30)), 241)
    low, high = tails([level])[:, 0]
    voice = VOICES["register"]
    ax = axes(ax, 7.2, 4.2)
    prior_band = np.quantile(before.share(age), [low, 0.5, high], axis=0)
    band = np.quantile(drawn.share(age), [low, 0.5, high], axis=0)
    words = level_words(level)
    ax.fill_between(age, prior_band[0], prior_band[2], color=GHOST, alpha=0.18, linewidth=0,
                    label=f"prior, {words}")  # fmt: skip
    ax.plot(age, prior_band[1], color=GHOST, linewidth=1.4, linestyle="--", label="prior, median")
    ax.fill_between(age, band[0], band[2], color=voice.colour, alpha=0.28, linewidth=0,
                    label=f"fit, {words}")  # fmt: skip
    ax.plot(age, band[1], color=voice.colour, linewidth=2.0, label="fit, median")
    ax.set_ylim(0, 1)
    ax.set_xlim(0, age[-1])
    ax.set_xlabel("days since the loss")
    ax.set_ylabel("share of the losses on the list")
    days = len(set(counted))
    ax.set_title(
        f"{keys[position][0]}: {keys[position][1]}, counted on {days}"
        f" {'day' if days == 1 else 'days'}{standing(posterior.why_not)}",
        loc="left",
        fontsize=11,
    )
    tidy(ax, "y")
    ax.legend(frameon=False, fontsize=8.5, loc="upper left", ncols=2)
    return ax
