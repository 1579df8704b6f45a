"""The figure of calibrations: distributions of ranks less the uniform one, with their envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bajas.answers.plots.style import GHOST, INK, VOICES, tidy
from bajas.checks.calibration import Calibration
from bajas.checks.calibration_quantities import LOG_LIKELIHOOD
from bajas.checks.uniformity import Envelope
from bajas.errors import BajasError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KINDS = ("parameters and biases", "totals and ratios", "joint log likelihood")
_LOOKS: dict[str, dict[str, Any]] = {
    "parameters and biases": {"color": GHOST, "linewidth": 0.6, "alpha": 0.7, "zorder": 2},
    "totals and ratios": {"color": VOICES["own"].colour, "linewidth": 0.9, "zorder": 3},
    "joint log likelihood": {"color": VOICES["enemy"].colour, "linewidth": 1.5, "zorder": 4},
}


def plot_calibration(found: Sequence[Calibration], columns: int = 3) -> Figure:
    """Plot the distribution of ranks less the uniform one, a panel for each ledger.

    The inner band is the 99 % envelope of one quantity, the outer one that of all together.

    Parameters
    ----------
    found : sequence of Calibration
        What to plot.
    columns : int
        Panels in a row.

    Raises
    ------
    BajasError
        If there is nothing to plot, or Matplotlib isn't installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BajasError("plots need Matplotlib: pip install 'bajas[plot]'") from error
    if not found:
        raise BajasError("no calibration to plot")
    columns = min(columns, len(found))
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(3.5 * columns, 2.6 * rows + 0.5), dpi=120, layout="constrained")
    grid = np.asarray(figure.subplots(rows, columns, squeeze=False)).reshape(-1)
    for ax, item in zip(grid, found, strict=False):
        _panel(ax, item)
    for ax in grid[len(found) :]:
        ax.set_visible(False)
    for ax in grid[: len(found)][-columns:]:
        ax.set_xlabel("share of draws below the truth", fontsize=9)
    for kind in _KINDS:
        grid[0].plot([], [], label=kind, **_LOOKS[kind])
    figure.legend(
        *grid[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, frameon=False,
        fontsize=9,
    )  # fmt: skip
    return figure


def _panel(ax: Axes, item: Calibration) -> None:
    counted = item.fits - item.failed
    envelope = Envelope(counted, item.draws)
    x = np.concatenate([[0.0], envelope.levels, [1.0]])
    for level, alpha in ((1 - 0.01 / len(item.ranks), 0.10), (0.99, 0.14)):
        low, high = (
            np.concatenate([[0.0], side / counted - envelope.levels, [0.0]])
            for side in envelope.band(level)
        )
        ax.fill_between(x, low, high, color=INK, alpha=alpha, linewidth=0)
    for name, ranks in item.ranks.items():
        share = envelope.counts(np.array(ranks)) / counted
        ax.plot(x, np.concatenate([[0.0], share - envelope.levels, [0.0]]), **_LOOKS[_kind(name)])
    ax.axhline(0, color=INK, linewidth=0.6)
    title = item.ledger.removeprefix("hindsight/").replace("_", " ")
    ax.set_title(f"{title}\n{counted} fits, {len(item.ranks)} quantities", fontsize=9, loc="left")
    tidy(ax, "both")
    ax.tick_params(labelsize=8)


def _kind(name: str) -> str:
    if name == LOG_LIKELIHOOD:
        return "joint log likelihood"
    # parameters and biases are written with their labels in brackets
    return "parameters and biases" if "[" in name else "totals and ratios"
