"""The probability that a statement about losses is true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from bajas.answers.montecarlo import mcse_mean, shortfalls
from bajas.answers.periods import Period, calendar_period, cut, frequency, sums, tiles
from bajas.answers.quantity import Quantity, quantity_of
from bajas.claims.claim import Claim, Window
from bajas.errors import QuantityError
from bajas.posterior.posterior import Posterior

_NOUNS = {"D": "days", "M": "months", "Y": "years"}


@dataclass(frozen=True, slots=True)
class Probability:
    """How probable a statement is, given the claims, the bias prior and the specification.

    Parameters
    ----------
    statement : str
        In words.
    value : float
        The probability.
    mcse : float
        Its Monte Carlo standard error; never below 1 / draws, the smallest step they resolve.
    trusted : bool
        Whether the fit passed its verdict and the draws suffice.
    why_not : tuple of str
        Reasons if not.
    compared : tuple of str
        For a rank: the periods that were compared.
    """

    statement: str
    value: float
    mcse: float
    trusted: bool
    why_not: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()

    def __float__(self) -> float:
        return self.value

    @property
    def words(self) -> str:
        """The probability to two decimals, or as a bound near 0 and 1."""
        if self.value < 0.005:
            return "below 0.01"
        return "above 0.99" if self.value > 0.995 else f"{self.value:.2f}"

    def __repr__(self) -> str:
        lines = [
            f"Probability {self.words} (Monte Carlo error {self.mcse:.1g}): {self.statement}",
            f"  {'trusted' if self.trusted else 'NOT trusted'}",
            *(f"    - {reason}" for reason in self.why_not),
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the probability as plain data for JSON."""
        return {
            "statement": self.statement,
            "probability": self.value,
            "mcse": self.mcse,
            "compared": list(self.compared),
            "trusted": self.trusted,
            "why_not": list(self.why_not),
        }


def probability(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    during: str | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    per_day: Literal["mean", "every"] | None = None,
    is_: Literal["peak"] | None = None,
    expected: bool = False,
) -> Probability:
    """Return the probability of a statement.

    The statement is either a threshold (one of ``at_least``, ``at_most`` and ``below``) or a rank
    (``is_="peak"``).

    Parameters
    ----------
    posterior : Posterior
        The fit.
    outcome, side, component : str
        What is counted; expressions over the taxonomy.
    since, until : str or datetime.date, optional
        The window. For a rank with ``during``: the range within which periods are compared.
    during : str, optional
        A day, month or year, for example ``"2023-03"``, instead of a window.
    at_least, at_most, below : float, optional
        Threshold on the total of the window, or per day.
    per_day : {"mean", "every"}, optional
        The threshold is on the mean per day of the window, or on every single day of it.
    is_ : {"peak"}, optional
        Whether the period has strictly more losses than each other period of the same length:
        months are compared with the other full months, days with days, years with full years, and
        a window from ``since`` to ``until`` with the windows of equal length before and after it.
    expected : bool
        The expected number instead of the realised count. Single days scatter around their
        expected number, which matters for ``per_day="every"`` and for the rank of a day.

    Raises
    ------
    QuantityError
        If the fit doesn't hold the quantity, or the statement isn't one of the above.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> prior = prior_draws(article_2023_08_07(), Specification(), draws=200, seed=1)
    >>> found = probability(prior, "killed", "RU", during="2023-03", is_="peak")
    >>> found.compared[0], found.compared[-1]
    ('2022-03', '2023-07')
    >>> 0 <= found.value <= 1
    True
    """
    if is_ is not None:
        if is_ != "peak":
            raise QuantityError(f"the only rank is is_='peak', not {is_!r}")
        if per_day is not None or any(x is not None for x in (at_least, at_most, below)):
            raise QuantityError("a statement is either a rank or a threshold, not both")
        return _peak(posterior, outcome, side, component, since, until, during, expected)
    thresholds = [
        (words, value)
        for words, value in (("at least", at_least), ("at most", at_most), ("below", below))
        if value is not None
    ]
    if len(thresholds) != 1:
        raise QuantityError("state one of at_least, at_most and below, or is_='peak'")
    if per_day not in (None, "mean", "every"):
        raise QuantityError(f"per_day is 'mean' or 'every', not {per_day!r}")
    if during is not None:
        if since is not None or until is not None:
            raise QuantityError("give the window by during or by since and until, not both")
        window, _ = calendar_period(during)
        since, until = window.start, window.end
    quantity = quantity_of(posterior, outcome, side, component, since, until, expected=expected)
    daily = _days(posterior, quantity)
    words, limit = thresholds[0]
    if per_day == "every":
        # every day at least y says that the least does; every day below y that the greatest does
        found = daily.min(axis=-1) if words == "at least" else daily.max(axis=-1)
        how = f"{words} {limit:,.10g} on every day"
    else:
        found = daily.sum(axis=-1)
        if per_day == "mean":
            found = found / quantity.window.days
            how = f"{words} {limit:,.10g} per day on average"
        else:
            how = f"{words} {limit:,.10g} {quantity.unit}"
    holds = {"at least": found >= limit, "at most": found <= limit, "below": found < limit}[words]
    counted = " (expected number)" if expected else ""
    return _probability(posterior, f"{quantity}{counted}: {how}", holds, found)


def _peak(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str,
    since: str | date | None,
    until: str | date | None,
    during: str | None,
    expected: bool,
) -> Probability:
    calendar = posterior.design.calendar
    if during is not None:
        asked, freq = calendar_period(during)
        within = posterior.window(since, until)
        periods = cut(within, freq, calendar.first_day)
        noun = f"full {_NOUNS[freq]}" if freq != "D" else "days"
    else:
        if since is None or until is None:
            raise QuantityError("a peak needs during, or both since and until")
        asked, within = posterior.window(since, until), calendar.window
        periods = tiles(within, asked.days, asked.start)
        noun = f"windows of {asked.days} days"
    return rank(posterior, outcome, side, component, asked, periods, noun, expected=expected)


def rank(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str,
    asked: Window,
    periods: tuple[Period, ...],
    noun: str,
    *,
    expected: bool = False,
) -> Probability:
    """Return the probability that one period has more losses than each of the others.

    Parameters
    ----------
    asked : Window
        The period; must be one of the full ones.
    periods : tuple of Period
        Consecutive periods; partial ones aren't compared.
    noun : str
        What the periods are, in words.
    """
    full = [position for position, period in enumerate(periods) if not period.partial]
    places = [i for i in full if (periods[i].start, periods[i].end) == (asked.start, asked.end)]
    if not places:
        raise QuantityError(
            f"{asked} isn't among the {noun} that can be compared:"
            f" {_span([periods[i] for i in full])}"
        )
    if len(full) < 2:
        raise QuantityError(f"{asked} has no other {noun} to be compared with")
    quantity = quantity_of(
        posterior, outcome, side, component, periods[0].start, periods[-1].end, expected=expected
    )
    by_period = sums(_days(posterior, quantity), periods)
    own = by_period[:, :, places[0]]
    others = by_period[:, :, [i for i in full if i != places[0]]].max(axis=-1)
    label = periods[places[0]].label if noun != f"windows of {asked.days} days" else str(asked)
    cut_off = [period.label for period in periods if period.partial]
    statement = (
        f"{quantity.scope}{' (expected number)' if expected else ''}: {label} has more than each"
        f" of the other {len(full) - 1} {noun}, {_span([periods[i] for i in full])}"
        + (f" (partial and not compared: {', '.join(cut_off)})" if cut_off else "")
    )
    return _probability(
        posterior, statement, own > others, own, tuple(periods[i].label for i in full)
    )


def statements(posterior: Posterior) -> pd.DataFrame:
    """Return how probable each rank statement of the ledger is.

    A statement such as "the deadliest month" is no evidence beside its source's own series. Its
    period is compared with all other full periods of the same length that were over when it was
    published.

    Returns
    -------
    pandas.DataFrame
        One row per statement: ``claim``, ``source``, ``statement``, ``probability``, ``mcse``,
        ``trusted``. A statement that can't be judged has no probability and says why.
    """
    rows = []
    for claim in posterior.design.statements:
        row: dict[str, Any] = {"claim": claim.claim_id, "source": claim.source}
        try:
            found = _statement(posterior, claim)
            row |= {
                "statement": found.statement,
                "probability": found.value,
                "mcse": found.mcse,
                "trusted": found.trusted,
            }
        except QuantityError as error:
            row |= {
                "statement": f"can't be judged: {error}",
                "probability": np.nan,
                "mcse": np.nan,
                "trusted": False,
            }
        rows.append(row)
    columns = ["claim", "source", "statement", "probability", "mcse", "trusted"]
    return pd.DataFrame(rows, columns=columns)


def _statement(posterior: Posterior, claim: Claim) -> Probability:
    calendar = posterior.design.calendar
    known = calendar.clip(Window(calendar.first_day, max(claim.published, claim.end)))
    if known is None:
        raise QuantityError("it lies outside the days that the claims cover")
    window = claim.window
    for freq in ("D", "M", "Y"):
        periods = cut(known, frequency(freq), calendar.first_day)
        if any((p.start, p.end) == (window.start, window.end) and not p.partial for p in periods):
            noun = f"full {_NOUNS[freq]}" if freq != "D" else "days"
            break
    else:
        periods = tiles(known, window.days, window.start)
        noun = f"windows of {window.days} days"
    return rank(posterior, claim.outcome, claim.side, claim.component, window, periods, noun)


def _days(posterior: Posterior, quantity: Quantity) -> np.ndarray:
    calendar = posterior.design.calendar
    start, stop = calendar.index(quantity.window.start), calendar.index(quantity.window.end) + 1
    daily = posterior.daily(
        quantity.outcome, quantity.side, quantity.component, expected=quantity.expected
    )
    return daily[:, :, start:stop]


def _span(periods: list[Period]) -> str:
    if not periods:
        return "none"
    first, last = periods[0], periods[-1]
    if first.label[:7] == first.label:
        return f"{first.label} to {last.label}"
    return f"{first.start} to {last.end}"


def _probability(
    posterior: Posterior,
    statement: str,
    holds: np.ndarray,
    underlying: np.ndarray,
    compared: tuple[str, ...] = (),
) -> Probability:
    why_not = posterior.why_not
    if posterior.group == "posterior":
        why_not += shortfalls(underlying)
    return Probability(
        statement=statement,
        value=float(holds.mean()),
        mcse=max(mcse_mean(holds.astype(float)), 1 / holds.size),
        trusted=not why_not,
        why_not=why_not,
        compared=compared,
    )
