"""What the losses did along with covariates: the coefficients of a fit as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bajas.answers.interval import checked_levels, tails
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior


def covariates(posterior: Posterior, level: float = 0.9) -> pd.DataFrame:
    """Return the coefficients of covariates.

    A coefficient is the change of a side's log losses for one standard deviation of the covariate
    over the days of the war, given the side's path, which may take up the same movement. It says
    what went together, not what caused what.

    Parameters
    ----------
    posterior : Posterior
        A fit with covariates.
    level : float
        Of the central intervals.

    Returns
    -------
    pandas.DataFrame
        One row per side and covariate: ``coefficient`` (median) with ``low`` and ``high``,
        ``factor`` (of the losses per standard deviation) with its ends, ``sd`` (of the covariate,
        in its own unit), ``prior_sd``, ``narrowed`` (the share of the prior's spread that the
        claims took away), and ``positive`` (probability that the coefficient is above 0).

    Raises
    ------
    QuantityError
        If the fit has no covariates.
    """
    table = posterior.specification.covariates
    term = next((t for t in posterior.representation.terms if t.name == "covariate"), None)
    if table is None or term is None:
        raise QuantityError("this fit has no covariates: give Model(..., covariates=table)")
    (level,) = checked_levels([level])
    draws = posterior.representation.split(posterior.field_draws)["covariate"]
    people = dict.fromkeys(s.side for s in posterior.design.strata if s.kind == "personnel")
    _, sds = table.standardised(posterior.design.calendar)
    low, high = tails([level])[:, 0]
    rows = []
    for index, (side, name, column) in enumerate(table.for_sides(tuple(people))):
        part = draws[:, :, index]
        ends = np.quantile(part, [low, 0.5, high, 0.1587, 0.8413])
        factors = np.exp(ends)
        prior = float(term.scale[index])
        rows.append(
            {
                "side": side,
                "covariate": name,
                "coefficient": ends[1],
                "low": ends[0],
                "high": ends[2],
                "factor": factors[1],
                "factor_low": factors[0],
                "factor_high": factors[2],
                "sd": sds[column],
                "prior_sd": prior,
                "narrowed": 1 - (ends[4] - ends[3]) / 2 / prior,
                "positive": float((part > 0).mean()),
            }
        )
    return pd.DataFrame(rows)
