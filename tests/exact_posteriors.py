"""Posteriors that are normal by construction, with draws and moments that are exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from claim_tables import GOOD, table

import bajas
from bajas.claims.source import Anchor
from bajas.design.build import build_design
from bajas.ledger.ledger import Ledger
from bajas.model.bias import BiasPrior, symmetric
from bajas.model.build import build_representation
from bajas.model.representation import Representation
from bajas.model.specification import IntensityPrior, NoisePrior, Specification
from bajas.model.withholding import withhold
from bajas.posterior.posterior import Posterior
from bajas.posterior.verdict import Verdict

#: Sources by kind of body: figures of one quarter, published by several who know little.
VOICES = (("think_tank", "neutral"), ("ally", "Y"), ("belligerent", "Y"), ("belligerent", "X"))


def quarter(*figures: float, anchored: dict[str, Anchor] | None = None) -> Ledger:
    """One figure of side X's dead in one quarter from each of so many sources s0, s1, ..."""
    rows = table(
        *(
            {
                **GOOD, "claim_id": f"c{i}", "source": f"s{i}", "value": f"{figure:g}",
                "source_type": VOICES[i % 4][0], "speaks_for": VOICES[i % 4][1],
            }
            for i, figure in enumerate(figures)
        )
    )  # fmt: skip
    ledger = bajas.read_claims(pd.DataFrame(rows))
    sources = {
        name: replace(source, anchor=(anchored or {}).get(name))
        for name, source in ledger.sources.items()
    }
    return replace(ledger, sources=sources)


def linear(
    bias: BiasPrior | None = None, noise: float = 0.15, level_sd: float = 1.5
) -> Specification:
    """A specification in which everything is normal and all but level and biases is fixed."""
    return Specification(
        bias or symmetric(0.6),
        IntensityPrior(
            level_centre=3.0, level_sd=level_sd, knot_days=120, path_scale=1e-6, path_log_sd=1e-6
        ),
        NoisePrior(
            tally=noise, assessment=noise, register=noise, log_sd=1e-6,
            degrees_of_freedom=float("inf"), counting=False,
        ),
    )  # fmt: skip


class Exact:
    """The normal posterior of a ledger under a linear specification.

    Parameters
    ----------
    ledger, specification
        Of :func:`quarter` and :func:`linear`.
    withheld : tuple of str
        Observations left out.
    powers : ndarray, optional
        Of the prior of each standardised coordinate.
    """

    def __init__(
        self,
        ledger: Ledger,
        specification: Specification,
        withheld: tuple[str, ...] = (),
        powers: np.ndarray | None = None,
    ) -> None:
        self.ledger, self.specification = ledger, specification
        self.design = build_design(ledger)
        self.representation = build_representation(self.design, specification, ledger.sources)
        used = withhold(self.representation, withheld) if withheld else self.representation
        origin, jacobian, sigma = _linearised(used)
        prior = np.eye(used.size) if powers is None else np.diag(powers)
        precision = prior + jacobian.T @ (jacobian / sigma[:, None] ** 2)
        self.covariance = np.linalg.inv(precision)
        self.mean = self.covariance @ jacobian.T @ ((used.log_value - origin) / sigma**2)

    def log_total(self) -> tuple[float, float]:
        """Mean and sd of the log of side X's dead: the level and the days."""
        scale = float(self.representation.terms[0].scale[0])
        centre = float(self.representation.terms[0].mean[0])
        mean = centre + scale * self.mean[0] + np.log(self.design.calendar.days)
        return float(mean), float(scale * np.sqrt(self.covariance[0, 0]))

    def draws(self, chains: int = 4, draws: int = 1000, seed: int = 1) -> Posterior:
        """Independent draws."""
        rng = np.random.default_rng(seed)
        root = np.linalg.cholesky(self.covariance)
        noise = rng.standard_normal((chains, draws, self.mean.size))
        field, hyper = self.representation.unpack(self.mean + noise @ root.T)
        return Posterior(
            ledger=self.ledger, specification=self.specification, design=self.design,
            representation=self.representation, field_draws=field, hyper_draws=hyper,
            sample_stats={"diverging": np.zeros((chains, draws), dtype=bool)},
            seed=seed, verdict=Verdict(True),
        )  # fmt: skip


def _linearised(representation: Representation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Location at the origin, its derivatives, and the scales: exact for a linear model."""
    steps = np.vstack([np.zeros(representation.size), 1e-3 * np.eye(representation.size)])
    field, hyper = representation.unpack(steps)
    locations = representation.location(field, hyper)
    return (
        locations[0],
        (locations[1:] - locations[0]).T / 1e-3,
        representation.noise_scale(hyper)[0],
    )
