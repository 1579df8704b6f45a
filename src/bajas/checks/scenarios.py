"""Scenarios of simulated claims: the evidence's design, the model that made it, the model fitted.

A scenario is data. To add one: a function that returns a ledger (only its design matters, not its
figures; :mod:`bajas.checks.designs`), a specification, and an entry in :data:`SCENARIOS`; and for
one in which the fitted model is wrong, what happens to the figures that it doesn't know of
(:mod:`bajas.checks.faults`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bajas.checks.designs import DAYS
from bajas.checks.designs import day as day
from bajas.checks.designs import one_side as one_side
from bajas.checks.designs import published_every as published_every
from bajas.checks.faults import all_alike, copied, drifting, gross_errors, other_definition
from bajas.checks.simulation import Distortion
from bajas.errors import BajasError
from bajas.ledger.ledger import Ledger
from bajas.model.bias import hindsight, symmetric
from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior
from bajas.model.specification import IntensityPrior, Specification


@dataclass(frozen=True)
class Target:
    """A number whose interval is checked: a total, a ratio of two, a bias or a parameter.

    Parameters
    ----------
    label : str
        In a table.
    outcome, since, until : str
        A total; empty days are those of the whole war.
    over : str
        Outcome of the denominator, if it is a ratio.
    bias_of : str
        A source, if it is log(reported / true) of its figures of the outcome and side.
    figure : int
        Which of those figures: 0 the first, -1 the last.
    parameter : str
        A term or hyperparameter with one element, if it is that.
    side, component : str
        Whose losses.
    """

    label: str
    outcome: str = "killed"
    since: str = ""
    until: str = ""
    over: str = ""
    bias_of: str = ""
    figure: int = 0
    parameter: str = ""
    side: str = "X"
    component: str = "all"

    @property
    def signed(self) -> bool:
        """Whether it may be negative, so that errors and widths are differences."""
        return bool(self.bias_of or self.parameter)


#: Three windows, a ratio, a bias.
TARGETS = (
    Target("killed, first 80 days", until=day(79)),
    Target("killed, last 80 days", since=day(160)),
    Target("killed, all 240 days"),
    Target("casualties per killed", "casualties", over="killed"),
    Target("bias of the enemy's tally", bias_of="staff"),
)


@dataclass(frozen=True)
class Scenario:
    """Simulated claims, and the model that is fitted to them.

    Parameters
    ----------
    about : str
        What is simulated, in a sentence.
    ledger : callable
        Returns the ledger whose design is used.
    fitted : Specification
        Of the fits.
    generating : Specification, optional
        Of the simulation, if it is another.
    distort : callable, optional
        What happens to the figures that the fitted model doesn't know of.
    targets : tuple of Target
        What is checked.
    """

    about: str
    ledger: Callable[[], Ledger]
    fitted: Specification
    generating: Specification | None = None
    distort: Distortion | None = None
    targets: tuple[Target, ...] = TARGETS

    @property
    def calibrated(self) -> bool:
        """Whether the fitted model is the one that made the claims."""
        return self.distort is None and self.generating in (None, self.fitted)


#: A state of belief with levels within a factor of four of a hundred a day.
#: Lists are bounds and biases stand still, but where a scenario says otherwise.
BELIEFS = Specification(
    bias=symmetric(0.5),
    intensity=IntensityPrior(level_centre=4.6, level_sd=0.7),
    registers=RegisterPrior(reading="bound"),
    drift=DriftPrior(on="none"),
)


#: Every scenario by name; those in which the fitted model is right come first.
SCENARIOS: dict[str, Scenario] = {
    "baseline": Scenario(
        "five sources on one side over 240 days, a tally each month", one_side, BELIEFS
    ),
    "weekly tally": Scenario("the same, the tally each week", partial(one_side, "week"), BELIEFS),
    "daily tally": Scenario(
        "the same over 80 days, the tally each day",
        partial(one_side, "day", days=80),
        BELIEFS,
        targets=(
            Target("killed, first 27 days", until=day(26)),
            Target("killed, last 27 days", since=day(53)),
            Target("killed, all 80 days"),
            *TARGETS[3:],
        ),
    ),
    "hindsight": Scenario(
        "baseline with biases from the hindsight prior, which is skewed and heavy-tailed",
        one_side,
        BELIEFS.with_bias(hindsight()),
    ),
    "growing list": Scenario(
        "baseline with the newspaper's list read with its completeness, counted eight times",
        partial(one_side, counts=tuple(range(29, DAYS, 30))),
        replace(BELIEFS, registers=RegisterPrior()),
        targets=(
            *TARGETS,
            Target("final coverage of the list (gap)", parameter="register_gap"),
            Target("delay of the list", parameter="register_delay"),
        ),
    ),
    "drift": Scenario(
        "baseline; the bias of the tally drifts, and the model knows that it may",
        one_side,
        replace(BELIEFS, drift=DriftPrior()),
        targets=(
            *TARGETS,
            Target("bias of the enemy's tally, at its end", bias_of="staff", figure=-1),
        ),
    ),
    "undeclared copy": Scenario(
        "baseline and a newspaper whose monthly figures are the tally's, rounded to ten; taken for"
        " a source of its own",
        partial(one_side, paper=True),
        BELIEFS,
        distort=partial(copied, "staff", "paper"),
    ),
    "undeclared drift": Scenario(
        "baseline; the bias of the tally wanders with an sd of 0.2 in a quarter of a year",
        one_side,
        BELIEFS,
        distort=partial(drifting, "staff", 0.2),
    ),
    "gross errors": Scenario(
        "baseline; one figure in ten has an error of sd 1 on the log scale besides its own",
        one_side,
        BELIEFS,
        distort=partial(gross_errors, 0.1, 1.0),
    ),
    "all biased alike": Scenario(
        "baseline; every source exaggerates by 1.65 besides its own bias",
        one_side,
        BELIEFS,
        distort=partial(all_alike, 1.65),
    ),
    "wrong definition": Scenario(
        "baseline; the killed of the institute are killed and wounded, four times as many",
        one_side,
        BELIEFS,
        distort=partial(other_definition, "institute", 4.0),
    ),
}


def scenario(name: str) -> Scenario:
    """Return a scenario by name.

    Raises
    ------
    BajasError
        If there is none of that name; lists those there are.
    """
    try:
        return SCENARIOS[name]
    except KeyError:
        raise BajasError(f"no scenario {name!r}; known: {', '.join(SCENARIOS)}") from None
