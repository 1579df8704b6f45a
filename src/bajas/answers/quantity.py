"""A quantity: what was lost, by whom, in which days, and what is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from bajas.claims.claim import Window
from bajas.posterior.posterior import Posterior

#: What losses are counted in.
Unit = Literal["persons", "items"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """What an answer is about.

    Parameters
    ----------
    outcome, side, component : str
        What is counted; expressions over the taxonomy.
    window : Window
        The days, both ends counted.
    unit : {"persons", "items"}
        What it is counted in.
    expected : bool
        Whether it is the expected number; else the realised count, which scatters around it.

    Examples
    --------
    >>> window = Window(date(2022, 2, 24), date(2023, 5, 27))
    >>> print(Quantity("killed", "RU", "all", window))
    killed, all forces of RU, 2022-02-24 to 2023-05-27
    >>> Quantity("total_losses-killed", "RU", "all-wagner-ldnr", window).scope
    'total losses other than killed, all forces of RU except wagner and ldnr'
    """

    outcome: str
    side: str
    component: str
    window: Window
    unit: Unit = "persons"
    expected: bool = False

    def __str__(self) -> str:
        return f"{self.scope}, {self.window}"

    @property
    def scope(self) -> str:
        """Outcome and forces in words, without the window."""
        return f"{outcome_words(self.outcome)}, {component_words(self.component, self.side)}"

    @property
    def counted(self) -> str:
        """What the numbers are, in words."""
        return f"{'expected number' if self.expected else 'realised count'} of {self.unit}"

    def as_dict(self) -> dict[str, Any]:
        """Return the quantity as plain data for JSON."""
        return {
            "outcome": self.outcome,
            "side": self.side,
            "component": self.component,
            "since": self.window.start.isoformat(),
            "until": self.window.end.isoformat(),
            "unit": self.unit,
            "count": "expected" if self.expected else "realised",
        }


def quantity_of(
    posterior: Posterior,
    outcome: str,
    side: str,
    component: str = "all",
    since: str | date | None = None,
    until: str | date | None = None,
    *,
    expected: bool = False,
) -> Quantity:
    """Return the quantity asked for, if the posterior holds it.

    Raises
    ------
    QuantityError
        If the claims can't tell it apart or don't cover the window; says what can be asked.
    """
    strata = posterior.design.scope(outcome, side, component)
    kind = posterior.design.strata[strata[0]].kind
    return Quantity(
        outcome,
        side,
        component,
        posterior.window(since, until),
        "persons" if kind == "personnel" else "items",
        expected,
    )


def outcome_words(expression: str) -> str:
    """Return an outcome expression in words.

    Examples
    --------
    >>> outcome_words("missing+captured"), outcome_words("casualties-killed")
    ('missing and captured', 'casualties other than killed')
    """
    plus, minus = _terms(expression)
    words = _listed([name.replace("_", " ") for name in plus])
    return f"{words} other than {_listed([m.replace('_', ' ') for m in minus])}" if minus else words


def component_words(expression: str, side: str) -> str:
    """Return a component expression in words.

    Examples
    --------
    >>> component_words("all", "UA"), component_words("regular+wagner", "RU")
    ('all forces of UA', 'regular and wagner forces of RU')
    """
    plus, minus = _terms(expression)
    words = f"{_listed([name.replace('_', ' ') for name in plus])} forces of {side}"
    return f"{words} except {_listed([m.replace('_', ' ') for m in minus])}" if minus else words


def _terms(expression: str) -> tuple[list[str], list[str]]:
    plus: list[str] = []
    minus: list[str] = []
    for sign, name in re.findall(r"([+-]?)([^+-]+)", expression):
        (minus if sign == "-" else plus).append(name)
    return plus, minus


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
