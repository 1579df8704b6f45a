"""Registers: how complete each list of verified cases is, and how fast it grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bajas.answers.interval import checked_levels, tails
from bajas.model.registers import listed_streams
from bajas.model.runs import log_z
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior

#: Draws of the prior to compare with.
_PRIOR_DRAWS = 2000

_COLUMNS = [
    "source", "side", "outcome", "components", "counts", "last_count", "quantity", "median", "low",
    "high", "prior", "prior_low", "prior_high", "narrowed", "rests_on",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class RegisterDraws:
    """Draws of one register's curve.

    Parameters
    ----------
    rows : tuple of int
        The design's observations that are counts of the list.
    coverage, delay, shape : ndarray, shape (draw,)
        Final share of the losses that the list holds, delay in days, shape.
    """

    rows: tuple[int, ...]
    coverage: np.ndarray
    delay: np.ndarray
    shape: np.ndarray

    def share(self, age: np.ndarray) -> np.ndarray:
        """Return the share of losses so many days ago that is on the list, shape (draw, age)."""
        logs = log_z(age[None], self.delay[:, None], self.shape[:, None])
        return np.asarray(-self.coverage[:, None] * np.expm1(-np.exp(logs)))


def registers(posterior: Posterior, level: float = 0.9) -> pd.DataFrame:
    """Return how complete each growing list is, and how fast it grows.

    The counts of a list on several days tell how it grows, not what it will never hold: final
    coverage is told from the level of the losses by its prior and by other sources alone. Of a list
    that was counted once the delay and shape are their priors too.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Four rows per register, by ``quantity``: ``final coverage`` (share of the losses that come
        onto the list in the end), ``coverage on the last day`` (share of the losses in the days of
        its last count that were on it by then), ``delay in days`` and ``shape`` of
        F(d) = 1 - exp(-(d / delay)^shape). ``median``, ``low`` and ``high``, and the same of the
        prior; ``narrowed``, the share of the prior's spread that the claims took away; ``rests_on``
        says in words on what the quantity rests. ``source``, ``side``, ``outcome``, ``components``,
        ``counts`` (days on which it was counted) and ``last_count`` say which list. Empty where no
        list is read with its completeness. ``attrs["level"]`` states the level.

    Examples
    --------
    >>> from bajas.datasets import russia_ukraine_2023
    >>> from bajas.model.specification import Specification
    >>> prior = prior_draws(russia_ukraine_2023(), Specification(), draws=400, seed=1)
    >>> list(registers(prior)["quantity"].unique())
    ['final coverage', 'coverage on the last day', 'delay in days', 'shape']
    """
    (level,) = checked_levels([level])
    design = posterior.design
    keys = listed_streams(design)
    rows = []
    if keys:
        prior = prior_draws(posterior.ledger, posterior.specification, _PRIOR_DRAWS, posterior.seed)
    for position, (source, _) in enumerate(keys):
        drawn, before = register_draws(posterior, position), register_draws(prior, position)
        members = dict.fromkeys(design.observations[row].stream for row in drawn.rows)
        streams = [design.streams[index] for index in members]
        days = sorted(str(design.observations[r].counted) for r in drawn.rows)
        curve = (
            f"counts on {len(set(days))} days and its prior"
            if len(set(days)) > 1
            else "its prior: the list was counted once"
        )
        level_words = "its prior and what other sources say of the level"
        for quantity, after, prior_of, rests in (
            ("final coverage", drawn.coverage, before.coverage, level_words),
            ("coverage on the last day", _on_the_last_day(posterior, drawn),
             _on_the_last_day(prior, before), level_words),
            ("delay in days", drawn.delay, before.delay, curve),
            ("shape", drawn.shape, before.shape, curve),
        ):  # fmt: skip
            rows.append(
                {
                    "source": source,
                    "side": streams[0].side,
                    "outcome": ", ".join(dict.fromkeys(s.outcome for s in streams)),
                    "components": ", ".join(dict.fromkeys(s.component for s in streams)),
                    "counts": len(set(days)),
                    "last_count": pd.Timestamp(days[-1]),
                    "quantity": quantity,
                    **_beside(after, prior_of, level),
                    "rests_on": rests,
                }
            )
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs.update(level=level, trusted=not posterior.why_not)
    return table


def register_draws(posterior: Posterior, position: int) -> RegisterDraws:
    """Return the draws of a register's curve.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    position : int
        Of the register among those of the fit.
    """
    key, rows = list(listed_streams(posterior.design).items())[position]
    gap = next(h for h in posterior.representation.hyperparameters if h.name == "register_gap")
    place = gap.labels.index(" ".join(key))
    found = [
        posterior.hyper_draws[f"register_{name}"][..., place].ravel()
        for name in ("gap", "delay", "shape")
    ]
    return RegisterDraws(tuple(rows), np.exp(-found[0]), found[1], found[2])


def _on_the_last_day(posterior: Posterior, drawn: RegisterDraws) -> np.ndarray:
    """Return the share of the losses in the days of the last count that were on the list then."""
    design = posterior.design
    observations = [design.observations[row] for row in drawn.rows]
    last = max(observations, key=lambda o: (str(o.counted), o.window.days))
    assert last.counted is not None
    daily = np.zeros((drawn.delay.size, design.calendar.days))
    for k, start, stop in design.runs(last.window, last.strata):
        daily[:, start:stop] += posterior.intensity(k).reshape(drawn.delay.size, -1)[:, start:stop]
    age = np.maximum(design.calendar.index(last.counted) - np.arange(daily.shape[1]), 0) + 0.5
    return np.asarray((daily * drawn.share(age)).sum(axis=1) / daily.sum(axis=1))


def _beside(draws: np.ndarray, prior: np.ndarray, level: float) -> dict[str, float]:
    low, high = tails([level])[:, 0]
    after, before = (np.quantile(values, [low, 0.5, high]) for values in (draws, prior))
    return {
        "median": float(after[1]),
        "low": float(after[0]),
        "high": float(after[2]),
        "prior": float(before[1]),
        "prior_low": float(before[0]),
        "prior_high": float(before[2]),
        "narrowed": float(1 - (after[2] - after[0]) / (before[2] - before[0])),
    }
