"""Total losses of a quantity over a window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from bajas.answers.interval import LEVELS, Estimate, estimate
from bajas.answers.quantity import Quantity, quantity_of
from bajas.design.design import Design
from bajas.design.identification import decided_by_priors
from bajas.posterior.posterior import Posterior


def total(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    levels: Sequence[float] = LEVELS,
    expected: bool = False,
) -> Estimate:
    """Return the total of a quantity over a window.

    The interval conditions on the claims in the ledger, the bias prior and the specification.

    Parameters
    ----------
    posterior : Posterior
        The fit.
    outcome, side, component : str
        What is counted; expressions over the taxonomy.
    since, until : str or datetime.date, optional
        First and last day, both counted; the first day of the war and the last day that a claim
        covers by default.
    levels : sequence of float
        Of the central intervals.
    expected : bool
        The expected number instead of the realised count.

    Raises
    ------
    QuantityError
        If the fit doesn't hold the quantity; says what can be asked.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> found = total(prior, "killed", "RU", until="2023-05-27")
    >>> found.trusted, found.why_not[0]
    (False, "these are draws of the prior: no claim's figure has entered")
    >>> [f"{item.level:g}" for item in found.intervals]
    ['0.5', '0.9', '0.95']
    """
    quantity = quantity_of(posterior, outcome, side, component, since, until, expected=expected)
    window = quantity.window
    draws = posterior.total(outcome, side, component, window.start, window.end, expected=expected)
    notes = (
        *uncovered(posterior.design, quantity),
        *decided_by_priors(posterior.design, outcome, side, component),
    )
    return estimate(draws, quantity, posterior, levels, notes)


def uncovered(design: Design, quantity: Quantity) -> tuple[str, ...]:
    """Say which days of a quantity no claim in the fit covers.

    There the answer rests on the prior and on the rhythm of other quantities.
    """
    calendar = design.calendar
    start = calendar.index(quantity.window.start)
    stop = calendar.index(quantity.window.end) + 1
    bare = np.zeros(calendar.days, dtype=bool)
    for index in design.scope(quantity.outcome, quantity.side, quantity.component):
        stratum = design.strata[index]
        seen = np.zeros(calendar.days, dtype=bool)
        for observation in design.observations:
            if all(index in reading for reading in observation.readings):
                first = calendar.index(observation.window.start)
                seen[first : calendar.index(observation.window.end) + 1] = True
        exists = np.zeros(calendar.days, dtype=bool)
        exists[stratum.first : stratum.last + 1] = True
        bare |= exists & ~seen
    days = np.flatnonzero(bare[start:stop]) + start
    if not days.size:
        return ()
    return (
        f"no claim covers {days.size} of the {stop - start} days for every part of the quantity"
        f" (between {calendar.day(days[0])} and {calendar.day(days[-1])}): there the prior decides",
    )
