"""What a fit can be asked about its own calibration; a part of the handle."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from bajas.answers.passport import Passport, passport_of, with_passport
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Progress
from bajas.workflow.progress import progress_of

if TYPE_CHECKING:
    from bajas.sampler.interface import Settings


class Calibrating:
    """The part of :class:`bajas.Fit` that makes and holds its calibration passport.

    Parameters
    ----------
    draws : Posterior
        Of the fit.
    """

    draws: Posterior

    def __init__(self, draws: Posterior) -> None:
        self.draws = draws

    @property
    def passport(self) -> Passport | None:
        """The calibration passport, or None; citations of what it is about quote it."""
        return passport_of(self.draws)

    def calibrate(
        self,
        quantities: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        fits: int = 100,
        *,
        seed: int = 0,
        settings: Settings | None = None,
        folder: str | os.PathLike[str] | None = None,
        workers: int | None = None,
        progress: bool | Progress = True,
    ) -> Passport:
        """Count how often intervals hold truths drawn from this fit.

        Each refit is to these claims and others simulated from a truth; see
        :func:`bajas.checks.passport.calibrate` and ``docs/explanation/passport.md``.

        Parameters
        ----------
        quantities : mapping or sequence of mappings
            Totals: ``outcome``, ``side`` and, if need be, ``component``, ``since``, ``until``.
        fits : int
            Refits, each of which takes about half as long as a fit of default length.
        seed : int
            Same seed, same truths and figures.
        settings : Settings, optional
            Length of each refit.
        folder : str or path-like, optional
            Where results are kept: refits that were cut short go on from there.
        workers : int, optional
            Worker processes; by default one per core.
        progress : bool or callable
            True shows on standard error how many refits are done.

        Returns
        -------
        Passport
            Attach it with :meth:`with_passport`.

        Raises
        ------
        BajasError
            If a quantity isn't held, there are fewer draws than refits, no refit succeeded, or the
            refits were interrupted.
        """
        from bajas.checks.calibration import SETTINGS
        from bajas.checks.passport import calibrate

        return calibrate(
            self.draws, quantities, fits, seed=seed, settings=settings or SETTINGS,
            folder=folder, workers=workers, progress=progress_of(progress, "fits"),
        )  # fmt: skip

    def with_passport(self, passport: Passport) -> Self:
        """Return the fit with a passport: it is saved with the fit, and citations quote it.

        Raises
        ------
        BajasError
            If the passport is of other claims or of another specification.
        """
        return type(self)(with_passport(self.draws, passport))
