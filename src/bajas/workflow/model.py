"""The user's handle on a model: a ledger and a specification, ready to be fitted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from bajas.batch.task import FitTask
from bajas.design.build import build_design
from bajas.design.design import Design
from bajas.errors import SpecificationError
from bajas.ledger.ledger import Ledger
from bajas.model.bias import BiasPrior
from bajas.model.build import build_representation
from bajas.model.covariates import Covariates
from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior
from bajas.model.representation import Representation
from bajas.model.specification import IntensityPrior, NoisePrior, Specification
from bajas.posterior.fitting import fit_posterior, prior_draws
from bajas.sampler.interface import Progress, Sampler, Settings
from bajas.workflow.fit import Fit
from bajas.workflow.progress import progress_of

if TYPE_CHECKING:
    import pymc as pm


class Model:
    """A Bayesian model of the losses behind a ledger's claims.

    Parameters
    ----------
    ledger : Ledger
        The evidence, from :func:`bajas.read_claims` or :mod:`bajas.datasets`.
    bias : BiasPrior, optional
        How sources distort; :func:`bajas.bias.hindsight` by default.
    intensity : IntensityPrior, optional
        How losses run over time, forces and outcomes.
    noise : NoisePrior, optional
        How figures scatter.
    covariates : Covariates, pandas.DataFrame, str or path-like, optional
        Series that the losses may follow, one value for every day of the war: columns by name
        (``"fires"`` for every side, ``"RU territory"`` for one), dates in the index or in a column
        ``date``; or the path of such a CSV file. They are kept as data in the specification.
    readings : mapping of str to mapping of str to float, optional
        Prior probabilities of what streams count whose definition is in question
        (``killed|casualties``), by label of the stream and name of the reading; equal by default.
    registers : RegisterPrior, optional
        How complete lists become, and how fast; or that their counts are mere bounds.
    drift : DriftPrior, optional
        How far biases move over the months.

    Raises
    ------
    SpecificationError
        If the arguments aren't of these types, or covariates are malformed.

    Examples
    --------
    >>> import bajas
    >>> ledger = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
    >>> model = bajas.Model(ledger, bias=bajas.bias.symmetric(0.6))
    >>> model.specification.bias.name
    'symmetric(0.6)'
    """

    def __init__(
        self,
        ledger: Ledger,
        bias: BiasPrior | None = None,
        intensity: IntensityPrior | None = None,
        noise: NoisePrior | None = None,
        covariates: Covariates | pd.DataFrame | str | os.PathLike[str] | None = None,
        readings: Mapping[str, Mapping[str, float]] | None = None,
        registers: RegisterPrior | None = None,
        drift: DriftPrior | None = None,
    ) -> None:
        for name, value, kind in (
            ("ledger", ledger, Ledger),
            ("bias", bias, BiasPrior),
            ("intensity", intensity, IntensityPrior),
            ("noise", noise, NoisePrior),
            ("registers", registers, RegisterPrior),
            ("drift", drift, DriftPrior),
        ):
            if not isinstance(value, kind) and not (value is None and name != "ledger"):
                raise SpecificationError(
                    f"{name} must be a {kind.__name__}, not {type(value).__name__}"
                )
        chosen: dict[str, Any] = {
            name: value
            for name, value in (
                ("bias", bias),
                ("intensity", intensity),
                ("noise", noise),
                ("registers", registers),
                ("drift", drift),
            )
            if value is not None
        }
        if covariates is not None:
            chosen["covariates"] = Covariates.read(covariates)
        if readings:
            chosen["readings"] = readings
        self.ledger = ledger
        self.specification = Specification(**chosen)

    @classmethod
    def from_specification(cls, ledger: Ledger, specification: Specification) -> Model:
        """Return the model of a ledger under a whole specification."""
        return cls(
            ledger,
            bias=specification.bias,
            intensity=specification.intensity,
            noise=specification.noise,
            covariates=specification.covariates,
            readings=specification.readings,
            registers=specification.registers,
            drift=specification.drift,
        )

    def __repr__(self) -> str:
        return (
            f"Model with bias prior {self.specification.bias.name}\n  {self.ledger!r}\n"
            f"  {self.design!r}"
        )

    @cached_property
    def design(self) -> Design:
        """What the claims are taken to mean; see :meth:`Design.explain`."""
        return build_design(self.ledger, self.specification.registers.reading)

    @cached_property
    def representation(self) -> Representation:
        """The latent Gaussian representation: terms, cells, observations.

        Where the definition of a stream is in question that of its first reading; terms are the
        same under all.
        """
        return build_representation(self.design, self.specification, self.ledger.sources)

    def to_pymc(self) -> pm.Model:
        """Return the PyMC model, for inspection and extension.

        Raises
        ------
        SpecificationError
            If the definition of a stream is in question: each reading is a model of its own.
        """
        if self.design.ambiguous:
            raise SpecificationError(
                "each reading of an ambiguous stream is a PyMC model of its own: choose a"
                " definition with Ledger.reread for "
                + "; ".join(self.design.streams[index].label for index in self.design.ambiguous)
            )
        from bajas.model.graph import build_pymc_model

        return build_pymc_model(self.representation)

    def prior_predictive(self, draws: int = 1000, seed: int = 0) -> Fit:
        """Return draws of the prior, of which every question can be asked as of a fit.

        Parameters
        ----------
        draws : int
            Independent draws.
        seed : int
            Same seed, same draws.

        Examples
        --------
        >>> import bajas
        >>> ledger = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
        >>> prior = bajas.Model(ledger).prior_predictive(draws=200, seed=1)
        >>> prior.draws.group
        'prior'
        """
        return Fit(prior_draws(self.ledger, self.specification, draws, seed))

    def task(
        self,
        name: str,
        *,
        seed: int = 0,
        draws: int = Settings.draws,
        tune: int = Settings.tune,
        chains: int = Settings.chains,
        sampler: Literal["fused", "pymc"] = "fused",
    ) -> FitTask:
        """Return this fit as plain data, for :func:`bajas.fit_many`.

        Parameters
        ----------
        name : str
            Under which its result is found.
        seed, draws, tune, chains, sampler
            As in :meth:`fit`.

        Examples
        --------
        >>> import bajas
        >>> bajas.Model(bajas.datasets.article_2023_08_07()).task("base", seed=1).name
        'base'
        """
        settings = Settings(draws=draws, tune=tune, chains=chains, cores=1, seed=seed)
        return FitTask(name, self.ledger, self.specification, settings, sampler)

    def readings(self, bias: Sequence[BiasPrior], **options: Any) -> pd.DataFrame:
        """Return how probable each reading of a stream in question is, under each of some priors.

        Parameters
        ----------
        bias : sequence of BiasPrior
            A fit of every reading is made under each.
        **options
            Of :meth:`fit`.

        Returns
        -------
        pandas.DataFrame
            The tables of :meth:`Fit.readings` below each other; ``attrs["settles"]`` by name of
            the bias prior.

        Raises
        ------
        SpecificationError
            If no definition is in question, or no bias prior is given.
        """
        if not self.design.ambiguous:
            raise SpecificationError(
                "no definition is in question: give a stream alternatives (killed|casualties) in"
                " the table or with Ledger.reread"
            )
        if not bias:
            raise SpecificationError("give at least one bias prior")
        tables = []
        for prior in bias:
            model = Model.from_specification(self.ledger, self.specification.with_bias(prior))
            tables.append(model.fit(**options).readings())
        found = pd.concat([table.copy() for table in tables], ignore_index=True)
        found.attrs = {
            "settles": {
                prior.name: table.attrs["settles"]
                for prior, table in zip(bias, tables, strict=True)
            },
            "trusted": all(table.attrs["trusted"] for table in tables),
        }
        return found

    def fit(
        self,
        *,
        seed: int = 0,
        draws: int = Settings.draws,
        tune: int = Settings.tune,
        chains: int = Settings.chains,
        cores: int = Settings.cores,
        sampler: Literal["fused", "pymc"] | Sampler = "fused",
        progress: bool | Progress = True,
    ) -> Fit:
        """Draw from the posterior.

        Where the definition of a stream is in question every reading is fitted and weighed by its
        evidence (``docs/explanation/ambiguity.md``), which takes as many times as long.

        An interrupt (Ctrl-C) while drawing keeps what was drawn; the fit is then marked
        incomplete and is refused for citation.

        Parameters
        ----------
        seed : int
            Same seed, same draws.
        draws, tune : int
            Draws kept and warm-up draws per chain.
        chains, cores : int
            Independent chains, and how many run at the same time.
        sampler : {"fused", "pymc"} or Sampler
            What draws: rotating NUTS on the fused density of bajas and its map, or nutpie's NUTS on
            the density that PyMC compiles (the same posterior; slower). A callable of the interface
            in :mod:`bajas.sampler.interface` is accepted too.
        progress : bool or callable
            True shows progress on standard error, False is silent; a callable is told stage, done
            and total.

        Returns
        -------
        Fit
            Ask ``fit.verdict`` whether it can be trusted.

        Raises
        ------
        SamplingError
            If no draws could be made or the settings are out of range.
        """
        settings = Settings(draws=draws, tune=tune, chains=chains, cores=cores, seed=seed)
        if isinstance(sampler, str):
            from bajas.sampler.choice import named_sampler

            sampler = named_sampler(sampler)
        report = progress_of(progress)
        return Fit(
            fit_posterior(
                self.ledger,
                self.specification,
                settings,
                sampler,
                report,
                built=(self.design, self.representation),
            )
        )
