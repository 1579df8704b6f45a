"""The user's handle on a model: a ledger and a specification, ready to be fitted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from bajas.design.build import build_design
from bajas.design.design import Design
from bajas.errors import SpecificationError
from bajas.ledger.ledger import Ledger
from bajas.model.bias import BiasPrior
from bajas.model.build import build_representation
from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior
from bajas.model.representation import Representation
from bajas.model.specification import IntensityPrior, NoisePrior, Specification
from bajas.posterior.fitting import fit_posterior, prior_draws
from bajas.sampler.interface import Progress, Sampler, Settings, silent
from bajas.workflow.fit import Fit
from bajas.workflow.progress import terminal_progress

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
    registers : RegisterPrior, optional
        How complete lists become, and how fast; or that their counts are mere bounds.
    drift : DriftPrior, optional
        How far biases move over the months.

    Raises
    ------
    SpecificationError
        If the arguments aren't of these types.

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
        """The latent Gaussian representation: terms, cells, observations."""
        return build_representation(self.design, self.specification, self.ledger.sources)

    def to_pymc(self) -> pm.Model:
        """Return the PyMC model, for inspection and extension."""
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
        report: Progress
        if callable(progress):
            report = progress
        else:
            report = terminal_progress() if progress else silent
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
