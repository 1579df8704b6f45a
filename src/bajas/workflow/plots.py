"""The plots of a fit, each one call away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from bajas.posterior.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Day = str | date | None


class FitPlots:
    """The plots of a fit; each returns the Matplotlib axes that it drew on."""

    def __init__(self, draws: Posterior) -> None:
        self._draws = draws

    def __repr__(self) -> str:
        return "Plots of a fit: path, shares, sources, registers, drift, claims"

    def path(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        since: Day = None,
        until: Day = None,
        *,
        freq: str = "W",
        cumulative: bool = False,
        claims: bool = True,
        ax: Axes | None = None,
    ) -> Axes:
        """Plot losses over time with the claims about them."""
        from bajas.answers.plots.path import plot_path

        return plot_path(
            self._draws, outcome, side, component, since, until,
            freq=freq, cumulative=cumulative, claims=claims, ax=ax,
        )  # fmt: skip

    def shares(
        self,
        side: str,
        outcome: str = "killed",
        since: Day = None,
        until: Day = None,
        *,
        components: Sequence[str] | None = None,
        freq: str = "M",
        cumulative: bool = False,
        level: float = 0.9,
        ax: Axes | None = None,
    ) -> Axes:
        """Plot the share of each force over time."""
        from bajas.answers.plots.shares import plot_shares

        return plot_shares(
            self._draws, side, outcome, since, until,
            components=components, freq=freq, cumulative=cumulative, level=level, ax=ax,
        )  # fmt: skip

    def sources(self, side: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Plot the bias of each source beside its prior."""
        from bajas.answers.plots.sources import plot_sources

        return plot_sources(self._draws, side, ax=ax)

    def registers(self, source: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Plot the share of the losses on a growing list by the time since the loss."""
        from bajas.answers.plots.registers import plot_registers

        return plot_registers(self._draws, source, ax=ax)

    def drift(self, source: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Plot how a source's biases moved over the months."""
        from bajas.answers.plots.drift import plot_drift

        return plot_drift(self._draws, source, ax=ax)

    def claims(self, side: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Plot each claim's figure against the losses that it counts."""
        from bajas.answers.plots.claims import plot_claims

        return plot_claims(self._draws, side, ax=ax)
