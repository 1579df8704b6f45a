"""The headline totals of a fit in one table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bajas.answers.interval import LEVELS
from bajas.answers.total import total
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

#: Personnel outcomes that are shown where the claims can tell them apart.
OUTCOMES = ("killed", "casualties")


def summary(posterior: Posterior, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    """Return killed and casualties of each side and component over the whole war.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    levels : sequence of float
        Of the central intervals.

    Returns
    -------
    pandas.DataFrame
        One row per side, component and outcome that the claims can tell apart, rounded to what
        the Monte Carlo error supports: ``median``, ``low_0.95``, ``high_0.95`` and so on, and
        ``trusted``.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> list(summary(prior, levels=[0.9]).columns)[3:]
    ['since', 'until', 'median', 'low_0.9', 'high_0.9', 'trusted']
    """
    rows = []
    for side in dict.fromkeys(stratum.side for stratum in posterior.design.strata):
        own = [s for s in posterior.design.strata if s.side == side and s.kind == "personnel"]
        for component in dict.fromkeys(["all", *(stratum.component for stratum in own)]):
            for outcome in OUTCOMES:
                try:
                    found = total(posterior, outcome, side, component, levels=levels)
                except QuantityError:
                    continue
                row: dict[str, object] = {
                    "side": side,
                    "component": component,
                    "outcome": outcome,
                    "since": pd.Timestamp(found.quantity.window.start),
                    "until": pd.Timestamp(found.quantity.window.end),
                    "median": found.rounded,
                }
                for item in found.intervals:
                    low, high = item.rounded
                    row[f"low_{item.level:g}"], row[f"high_{item.level:g}"] = low, high
                rows.append({**row, "trusted": found.trusted})
    return pd.DataFrame(rows)
