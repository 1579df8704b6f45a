"""The user's handle on a fit: every answer is one call away."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import pandas as pd

from bajas.answers.citation import Citation, cite
from bajas.answers.covariates import covariates
from bajas.answers.drift import drift
from bajas.answers.gather import gather
from bajas.answers.interval import LEVELS, Estimate
from bajas.answers.path import path, path_table
from bajas.answers.predictive import claims_table
from bajas.answers.probability import Probability, probability, statements
from bajas.answers.readings import readings, what_settles
from bajas.answers.registers import registers
from bajas.answers.shares import shares, shares_table
from bajas.answers.sources import sources
from bajas.answers.summary import summary
from bajas.answers.total import total
from bajas.design.design import Design
from bajas.design.identification import weak_points
from bajas.errors import Finding
from bajas.ledger.ledger import Ledger
from bajas.model.specification import Specification
from bajas.posterior.posterior import Posterior
from bajas.posterior.verdict import Verdict
from bajas.workflow.calibrating import Calibrating
from bajas.workflow.plots import FitPlots
from bajas.workflow.progress import progress_of

if TYPE_CHECKING:
    import xarray as xr

    from bajas.checks.influence_result import Influence
    from bajas.checks.sensitivity_result import Sensitivity
    from bajas.model.bias import BiasPrior
    from bajas.sampler.interface import Progress

Day = str | date | None


class Fit(Calibrating):
    """A fitted model: draws, the evidence and beliefs behind them, and every answer.

    Made by :meth:`Model.fit`, :meth:`Model.prior_predictive` or :func:`load`. All intervals
    condition on the claims in ``ledger``, on the bias prior and on the rest of ``specification``.

    Parameters
    ----------
    draws : Posterior
        The draws with everything they came from.

    Examples
    --------
    >>> import bajas
    >>> ledger = bajas.datasets.article_2023_08_07()
    >>> prior = bajas.Model(ledger).prior_predictive(draws=200, seed=1)
    >>> prior.total("killed", side="RU", until="2023-05-27").quantity.unit
    'persons'
    """

    def __init__(self, draws: Posterior) -> None:
        self.draws = draws

    def __repr__(self) -> str:
        return f"Fit of {self.ledger!r}\n  {self.draws!r}"

    # -- what it came from --------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """The evidence."""
        return self.draws.ledger

    @property
    def specification(self) -> Specification:
        """The model's choices."""
        return self.draws.specification

    @property
    def design(self) -> Design:
        """What the claims were taken to mean; see :meth:`Design.explain`."""
        return self.draws.design

    @property
    def verdict(self) -> Verdict:
        """Whether the draws can be trusted, and why not."""
        return self.draws.verdict

    @property
    def trusted(self) -> bool:
        """Whether answers can be trusted: a good verdict, a complete run, not the prior."""
        return not self.draws.why_not

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed about the evidence, and which splits it leaves to the prior."""
        return (*self.ledger.findings, *weak_points(self.design))

    @property
    def posterior(self) -> xr.DataTree:
        """The draws as an xarray DataTree with named dims and real dates, for ArviZ and others.

        The same as :attr:`tree`; draws of the prior are in its group ``prior``.
        """
        return self.tree

    @property
    def tree(self) -> xr.DataTree:
        """The draws as an xarray DataTree."""
        return self.draws.tree

    def log_likelihood(self) -> xr.Dataset:
        """Return the log likelihood of each observation: chain, draw, observation."""
        from bajas.posterior.densities import log_likelihood_data

        return log_likelihood_data(self.draws)

    def log_prior(self) -> xr.Dataset:
        """Return the log prior density of each draw by group of priors: chain, draw."""
        from bajas.posterior.densities import log_prior_data

        return log_prior_data(self.draws)

    def arviz(self) -> xr.DataTree:
        """Return :attr:`tree` with ``log_likelihood`` and ``log_prior``, as ArviZ expects them.

        For example ``arviz.loo(fit.arviz())`` and ``arviz.psense_summary(fit.arviz(),
        var_names=["level"], prior_var_names=["bias"])``.
        """
        import xarray as xr

        groups = {name: node.to_dataset() for name, node in self.tree.children.items()}
        groups |= {"log_likelihood": self.log_likelihood(), "log_prior": self.log_prior()}
        return xr.DataTree.from_dict(groups)

    # -- answers ------------------------------------------------------------------------------

    def total(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        since: Day = None,
        until: Day = None,
        *,
        levels: Sequence[float] = LEVELS,
        expected: bool = False,
    ) -> Estimate:
        """Return the total of a quantity over a window; see :func:`bajas.answers.total.total`.

        Parameters
        ----------
        outcome, side, component : str
            What is counted.
        since, until : str or datetime.date, optional
            First and last day; by default the first day of the war and the last claimed day.
        levels : sequence of float
            Of the central intervals.
        expected : bool
            The expected number instead of the realised count.
        """
        return total(
            self.draws, outcome, side, component, since, until, levels=levels, expected=expected
        )

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
        per_day: bool = False,
        levels: Sequence[float] = LEVELS,
        expected: bool = False,
    ) -> xr.Dataset:
        """Return a quantity over time; see :func:`bajas.answers.path.path`."""
        return path(
            self.draws, outcome, side, component, since, until,
            freq=freq, cumulative=cumulative, per_day=per_day, levels=levels, expected=expected,
        )  # fmt: skip

    def path_table(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        since: Day = None,
        until: Day = None,
        *,
        freq: str = "M",
        cumulative: bool = False,
        per_day: bool = False,
        levels: Sequence[float] = LEVELS,
        expected: bool = False,
    ) -> pd.DataFrame:
        """Return a quantity over time as a table, one row per period."""
        return path_table(
            self.path(
                outcome, side, component, since, until,
                freq=freq, cumulative=cumulative, per_day=per_day, levels=levels,
                expected=expected,
            )
        )  # fmt: skip

    def probability(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        *,
        since: Day = None,
        until: Day = None,
        during: str | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
        below: float | None = None,
        per_day: Literal["mean", "every"] | None = None,
        is_: Literal["peak"] | None = None,
        expected: bool = False,
    ) -> Probability:
        """Return how probable a statement is; see :func:`bajas.answers.probability.probability`."""
        return probability(
            self.draws, outcome, side, component, since=since, until=until, during=during,
            at_least=at_least, at_most=at_most, below=below, per_day=per_day, is_=is_,
            expected=expected,
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
        levels: Sequence[float] = LEVELS,
    ) -> xr.Dataset:
        """Return the share of each force over time; see :func:`bajas.answers.shares.shares`."""
        return shares(
            self.draws, side, outcome, since, until,
            components=components, freq=freq, cumulative=cumulative, levels=levels,
        )  # fmt: skip

    def shares_table(
        self,
        side: str,
        outcome: str = "killed",
        since: Day = None,
        until: Day = None,
        *,
        components: Sequence[str] | None = None,
        freq: str = "M",
        cumulative: bool = False,
        levels: Sequence[float] = LEVELS,
    ) -> pd.DataFrame:
        """Return the shares as a table, one row per period and force."""
        return shares_table(
            self.shares(
                side, outcome, since, until,
                components=components, freq=freq, cumulative=cumulative, levels=levels,
            )
        )  # fmt: skip

    def covariates(self, level: float = 0.9) -> pd.DataFrame:
        """Return coefficients; see :func:`bajas.answers.covariates.covariates`."""
        return covariates(self.draws, level)

    def statements(self) -> pd.DataFrame:
        """Return how probable each rank statement of the ledger is."""
        return statements(self.draws)

    def sources(self, level: float = 0.9) -> pd.DataFrame:
        """Return bias and noise of each source; see :func:`bajas.answers.sources.sources`."""
        return sources(self.draws, level)

    def registers(self, level: float = 0.9) -> pd.DataFrame:
        """Return how complete each growing list is; :func:`bajas.answers.registers.registers`."""
        return registers(self.draws, level)

    def drift(self, level: float = 0.9) -> pd.DataFrame:
        """Return how biases moved over the months; see :func:`bajas.answers.drift.drift`."""
        return drift(self.draws, level)

    def claims(self, level: float = 0.9) -> pd.DataFrame:
        """Return each observation beside what the fit expects its source to say."""
        return claims_table(self.draws, level)

    def readings(self) -> pd.DataFrame:
        """Return how probable each reading of a stream in question is.

        See :func:`bajas.answers.readings.readings`; :meth:`Model.readings` compares bias priors.
        """
        return readings(self.draws)

    def what_settles(self) -> dict[str, str]:
        """Say of each stream whose definition is in question what settles it, or would."""
        return what_settles(self.draws)

    def collusion(self) -> pd.DataFrame:
        """Return which sources err together too well; :func:`bajas.answers.collusion.collusion`."""
        from bajas.answers.collusion import collusion  # distributions that a fit doesn't need

        return collusion(self.draws)

    def summary(self, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
        """Return killed and casualties of each side and component over the whole war."""
        return summary(self.draws, levels)

    def cite(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        since: Day = None,
        until: Day = None,
        *,
        level: float = 0.95,
        override: str | None = None,
    ) -> Citation:
        """Return a citable sentence with its assumptions; :func:`bajas.answers.citation.cite`.

        Raises
        ------
        NotTrustedError
            If the fit can't be trusted and no reason to override that is given.
        """
        return cite(
            self.draws, outcome, side, component, since, until, level=level, override=override
        )

    def gather(self, said: Mapping[int, str] | None = None) -> pd.DataFrame:
        """Return what the fit says to each item of GATHER; :func:`bajas.answers.gather.gather`."""
        return gather(self.draws, said)

    # -- checks: what rests on what -----------------------------------------------------------

    def sensitivity(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        since: Day = None,
        until: Day = None,
        *,
        level: float = 0.9,
        biases: Iterable[BiasPrior] = (),
        refits: bool = True,
        folder: str | os.PathLike[str] | None = None,
        workers: int | None = None,
        progress: bool | Progress = True,
    ) -> Sensitivity:
        """Say how far a total moves when one assumption is changed at a time.

        By importance weights where they can be trusted and by short fits where not; see
        :func:`bajas.checks.sensitivity.sensitivity`.

        Parameters
        ----------
        outcome, side, component : str
            What is counted.
        since, until : str or datetime.date, optional
            First and last day; by default the first day of the war and the last claimed day.
        level : float
            Of the central interval.
        biases : iterable of BiasPrior
            Bias priors to compare beside those that are always compared.
        refits : bool
            Whether fits may be made.
        folder : str or path-like, optional
            Where results of fits are kept for the next time.
        workers : int, optional
            Worker processes; by default one per core.
        progress : bool or callable
            True shows on standard error how many fits are done.
        """
        from bajas.checks.sensitivity import sensitivity

        return sensitivity(
            self.draws, outcome, side, component, since, until, level=level, biases=biases,
            refits=refits, folder=folder, workers=workers, progress=progress_of(progress, "fits"),
        )  # fmt: skip

    def influence(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        since: Day = None,
        until: Day = None,
        *,
        level: float = 0.9,
        refits: bool = True,
        folder: str | os.PathLike[str] | None = None,
        workers: int | None = None,
        progress: bool | Progress = True,
    ) -> Influence:
        """Leave out each observation and each stream: score, surprise, pull on a total.

        See :func:`bajas.checks.influence.influence`; parameters as in :meth:`sensitivity`.
        """
        from bajas.checks.influence import influence

        return influence(
            self.draws, outcome, side, component, since, until, level=level,
            refits=refits, folder=folder, workers=workers, progress=progress_of(progress, "fits"),
        )  # fmt: skip

    @cached_property
    def plot(self) -> FitPlots:
        """Plots of this fit.

        ``path``, ``shares``, ``sources``, ``registers``, ``drift``, ``claims``.
        """
        return FitPlots(self.draws)

    # -- files --------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the fit to one netCDF file; :func:`load` reads it back.

        Parameters
        ----------
        path : str or path-like
            The file; replaced if it exists. It appears whole or not at all.
        """
        from bajas.posterior.storage import save  # libraries that a fit doesn't need

        save(self.draws, path)
