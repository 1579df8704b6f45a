"""What all plots share: Matplotlib on demand, the palette, and how kinds of source are marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bajas.design.observation import Stream
from bajas.errors import BajasError
from bajas.model.bias import relation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Of the posterior, and of what it is compared with.
INK = "#1f2a44"
GHOST = "#9aa0a8"
#: Opacity of the bands, from the narrowest interval to the widest.
BAND_ALPHA = (0.45, 0.24, 0.13)


@dataclass(frozen=True, slots=True)
class Voice:
    """How claims of one kind of source are drawn."""

    label: str
    colour: str
    marker: str


#: After Okabe & Ito: told apart with every common kind of colour vision, and by shape.
VOICES = {
    "enemy": Voice("enemy of the side", "#d55e00", "v"),
    "own": Voice("the side itself", "#0072b2", "^"),
    "own_victims": Voice("the side on its victims", "#56b4e9", "<"),
    "third_party": Voice("third party", "#e69f00", "o"),
    "register": Voice("register of verified cases", "#009e73", "s"),
}


def voice_of(stream: Stream) -> str:
    """Return the kind of a stream's source: a register, or its relation to the side."""
    if stream.kind == "register":
        return "register"
    return relation(stream.source_type, stream.speaks_for, stream.side, stream.civilian)


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes given, or new ones on a figure of their own.

    Raises
    ------
    BajasError
        If Matplotlib isn't installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BajasError("plots need Matplotlib: pip install 'bajas[plot]'") from error
    if ax is not None:
        return ax
    # A figure outside of pyplot: nothing to close, and no window in a program without a screen.
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    return figure.add_subplot()


def tidy(ax: Axes, grid: Literal["x", "y", "both"]) -> None:
    """Take away what carries no information, and take titles and names as they are written.

    Names of sources are anybody's text: Matplotlib would read formulas between their dollar signs,
    or fail to.
    """
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter

    texts = [child for child in ax.get_children() if isinstance(child, Text)]
    if isinstance(ax.yaxis.get_major_formatter(), FixedFormatter):
        texts += ax.get_yticklabels()
    for text in texts:
        text.set_parse_math(False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="#e3e5e8", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=9)


def thousands(value: float, _position: float = 0.0) -> str:
    """Return a number for an axis: whole, with commas."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def standing(why_not: tuple[str, ...]) -> str:
    """Return what a title says of draws that can't be trusted."""
    if not why_not:
        return ""
    return " (draws of the prior)" if "prior" in why_not[-1] else " (NOT trusted)"
