"""Posteriors made by hand, for answers that can be worked out on paper."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from claim_tables import GOOD, table

import bajas
from bajas.model.specification import Specification
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior
from bajas.posterior.verdict import Verdict

BAD = Verdict(False, ("R-hat 1.3 at level[X]: draw more",))

HALF_YEAR = {"start": "2023-01-01", "end": "2023-06-30", "published": "2023-07-01"}
TANK = {"source": "think_tank", "source_type": "think_tank", "speaks_for": "neutral"}
GUARD = {"component": "guard"}


@cache
def small_ledger() -> bajas.Ledger:
    """Side X, forces ``guard`` and others, killed and casualties, the first half of 2023."""
    rows = table(
        {**GOOD, **HALF_YEAR, "claim_id": "a1", "value": "1810"},
        {**GOOD, **HALF_YEAR, **TANK, "claim_id": "b1", "outcome": "casualties", "value": "7240",
         "qualifier": "about"},
        {**GOOD, **HALF_YEAR, **TANK, **GUARD, "claim_id": "c1", "value": "200", "low": "100",
         "high": "400", "level": "0.9", "qualifier": "range"},
        {**GOOD, **HALF_YEAR, "claim_id": "d1", "source": "names", "kind": "register",
         "source_type": "media_investigation", "speaks_for": "neutral", "evidence": "list",
         "value": "600", "qualifier": "at_least"},
        {**GOOD, **HALF_YEAR, "claim_id": "e1", "outcome": "casualties", "start": "2023-03-01",
         "end": "2023-03-31", "value": "", "qualifier": "peak"},
        {**GOOD, **HALF_YEAR, "claim_id": "f1", "outcome": "tank", "start": "2023-04-01",
         "end": "2023-06-30", "value": "91"},
    )  # fmt: skip
    return bajas.read_claims(pd.DataFrame(rows))


def independent(
    ledger: bajas.Ledger | None = None, chains: int = 4, draws: int = 500, **changes: Any
) -> Posterior:
    """Independent draws that pass for those of a posterior, with a good verdict."""
    ledger = small_ledger() if ledger is None else ledger
    prior = prior_draws(ledger, Specification(), chains * draws, seed=3)
    values: dict[str, Any] = {
        item.name: getattr(prior, item.name) for item in fields(prior) if item.name != "_realised"
    }
    rng = np.random.default_rng(0)
    values |= {
        "field_draws": prior.field_draws.reshape(chains, draws, -1),
        "hyper_draws": {
            name: value.reshape(chains, draws, -1) for name, value in prior.hyper_draws.items()
        },
        "sample_stats": {
            "diverging": np.zeros((chains, draws), dtype=bool),
            "energy": rng.normal(size=(chains, draws)),
            "n_steps": np.full((chains, draws), 15, dtype=np.uint64),
        },
        "verdict": Verdict(True),
        "group": "posterior",
    }
    return Posterior(**{**values, **changes})


@dataclass(frozen=True, eq=False)
class Known(Posterior):
    """A posterior whose intensity is given: rates by stratum and day, times a factor per draw."""

    rates: np.ndarray = field(default_factory=lambda: np.zeros(0))
    factor: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))

    def intensity(self, stratum: int) -> np.ndarray:
        shape = (self.chains, self.draws, self.design.calendar.days)
        return np.array(np.broadcast_to(self.rates[stratum] * self.factor[..., None], shape))


def known(
    rates: dict[str, float] | None = None, factor: np.ndarray | None = None, **changes: Any
) -> Known:
    """Return a posterior with constant rates per day, by label of the stratum."""
    base = independent()
    chosen = {"X other killed": 8.0, "X guard killed": 2.0, "X all tank": 1.0, **(rates or {})}
    values = {
        item.name: getattr(base, item.name) for item in fields(base) if item.name != "_realised"
    }
    days = base.design.calendar.days
    table = np.array([[chosen.get(s.label, 15.0)] * days for s in base.design.strata])
    size = base.chains, base.draws
    values |= {"rates": table, "factor": np.ones(size) if factor is None else factor}
    return Known(**{**values, **changes})
