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

from bajas.checks.designs import (
    DAYS,
    ambiguous,
    monthly_ratio,
    people_and_tanks,
    several_kinds,
    swinging,
    two_forces,
    two_sides,
)
from bajas.checks.designs import day as day
from bajas.checks.designs import one_side as one_side
from bajas.checks.designs import published_every as published_every
from bajas.checks.faults import (
    all_alike,
    copied,
    cut_off,
    drifting,
    gross_errors,
    leaning,
    other_definition,
)
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
    over_component : str
        Whose losses the denominator is, if not the same.
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
    over_component: str = ""

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
    fault, size : str
        Of a misspecified scenario: what is wrong, and how much ("small", "middle", "large").
    """

    about: str
    ledger: Callable[[], Ledger]
    fitted: Specification
    generating: Specification | None = None
    distort: Distortion | None = None
    targets: tuple[Target, ...] = TARGETS
    fault: str = ""
    size: str = ""

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

#: Where tanks are counted too: stated, so that it doesn't hang on the figures that are replaced.
PEOPLE_AND_TANKS = {"X": 4.6, "X all tank": 1.0}


def _faults() -> dict[str, Scenario]:
    """Return the scenarios in which the fitted model is wrong: each fault at two sizes."""
    paper = partial(one_side, paper=True)
    entries: tuple[tuple[str, str, str, Callable[[], Ledger], Distortion], ...] = (
        ("undeclared copy", "small", "half of a newspaper's monthly figures are the tally's,"
         " rounded to ten", paper, partial(copied, "staff", "paper", 0.5)),
        ("undeclared copy", "large", "all of a newspaper's monthly figures are the tally's,"
         " rounded to ten", paper, partial(copied, "staff", "paper", 1.0)),
        ("colluding bloc", "small", "institute and side itself lean half-way to the tally",
         one_side, partial(leaning, "staff", ("institute", "ministry"), 0.5)),
        ("colluding bloc", "large", "institute and side itself say what the tally says",
         one_side, partial(leaning, "staff", ("institute", "ministry"), 1.0)),
        ("undeclared drift", "small", "the bias of the tally wanders with an sd of 0.2 in a"
         " quarter of a year", one_side, partial(drifting, "staff", 0.2)),
        ("undeclared drift", "large", "the bias of the tally wanders with an sd of 0.6 in a"
         " quarter of a year", one_side, partial(drifting, "staff", 0.6)),
        ("gross errors", "small", "one figure in ten has an error of sd 1 on the log scale besides"
         " its own", one_side, partial(gross_errors, 0.1, 1.0)),
        ("gross errors", "large", "one figure in four has an error of sd 2 on the log scale besides"
         " its own", one_side, partial(gross_errors, 0.25, 2.0)),
        ("all biased alike", "small", "every source exaggerates by 1.25 besides its own bias",
         one_side, partial(all_alike, 1.25)),
        ("all biased alike", "middle", "every source exaggerates by 1.65 besides its own bias",
         one_side, partial(all_alike, 1.65)),
        ("all biased alike", "large", "every source exaggerates by 2 besides its own bias",
         one_side, partial(all_alike, 2.0)),
        ("wrong definition", "small", "the killed of the institute are killed and missing, 1.3"
         " times as many", one_side, partial(other_definition, "institute", 1.3)),
        ("wrong definition", "large", "the killed of the institute are killed and wounded, four"
         " times as many", one_side, partial(other_definition, "institute", 4.0)),
        ("late cut-off", "small", "the institute's figures stop a week before their last day",
         one_side, partial(cut_off, "institute", 7)),
        ("late cut-off", "large", "the institute's figures stop sixty days before their last day",
         one_side, partial(cut_off, "institute", 60)),
    )  # fmt: skip
    return {
        f"{fault} {size}": Scenario(about, ledger, BELIEFS, distort=distort, fault=fault, size=size)
        for fault, size, about, ledger, distort in entries
    }


#: Whose truths and claims a fault is done to: the two are held against each other case by case.
PAIRED = "baseline"

#: Every scenario by name; those in which the fitted model is right come first.
SCENARIOS: dict[str, Scenario] = {
    PAIRED: Scenario(
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
    "evidence kinds": Scenario(
        "six sources whose evidence is of four kinds, with biases from the hindsight prior by kind",
        several_kinds,
        BELIEFS.with_bias(hindsight()),
        targets=(*TARGETS, Target("bias of the observer's list", bias_of="observer")),
    ),
    "ambiguous definition": Scenario(
        "four sources over 56 days; the tally, weekly, is of killed or of casualties",
        ambiguous,
        BELIEFS,
        targets=(
            Target("killed, all 56 days"),
            Target("casualties, all 56 days", "casualties"),
            TARGETS[3],
            Target("bias of the side itself", bias_of="ministry"),
        ),
    ),
    "two forces": Scenario(
        "an army and a militia that exists for 80 of 120 days; parts and exclusions are claimed",
        two_forces,
        BELIEFS,
        targets=(
            Target("killed of the army", component="army"),
            Target("killed of the militia", component="militia"),
            Target("killed of the militia, first 20 days", component="militia", until=day(39)),
            Target("killed of both"),
            Target("the militia's share", component="militia", over="killed", over_component="all"),
        ),
    ),
    "moving ratio": Scenario(
        "killed and casualties of each of eight months; their ratio moves by 0.28 (sd, log scale)"
        " in eight weeks",
        monthly_ratio,
        replace(
            BELIEFS,
            intensity=replace(BELIEFS.intensity, ratio_path_scale=0.1, ratio_knots=4),
        ),
        targets=(
            *TARGETS[2:],
            Target(
                "casualties per killed, first 80 days", "casualties", over="killed", until=day(79)
            ),
            Target(
                "casualties per killed, last 80 days", "casualties", over="killed", since=day(160)
            ),
        ),
    ),
    "equipment": Scenario(
        "people counted every ten days of 120, tanks in the first and the last month; tanks follow"
        " the people's path with a weight of 0.8",
        people_and_tanks,
        replace(
            BELIEFS,
            intensity=replace(
                BELIEFS.intensity,
                equipment_loading=0.8,
                equipment_path_scale=0.1,
                level_centre=PEOPLE_AND_TANKS,
                path_scale=0.25,
            ),
        ),
        targets=(
            Target("tanks, all 120 days", "tank"),
            Target("tanks, the 60 days nobody counts", "tank", since=day(30), until=day(89)),
            Target("killed, the same days", since=day(30), until=day(89)),
            Target("bias of the staff on tanks", "tank", bias_of="staff"),
        ),
    ),
    "covariate": Scenario(
        "120 days, killed every ten days; the losses follow a series that swings in 40 days",
        people_and_tanks,
        replace(
            BELIEFS,
            intensity=replace(BELIEFS.intensity, level_centre=PEOPLE_AND_TANKS),
            covariates=swinging(),
        ),
        targets=(
            Target("coefficient", parameter="covariate"),
            Target("killed, first 40 days", until=day(39)),
            Target("killed, last 40 days", since=day(80)),
            Target("killed, all 120 days"),
            Target("tanks, all 120 days", "tank"),
        ),
    ),
    "two sides": Scenario(
        "two sides over 120 days, each counting the other; an institute speaks of both",
        two_sides,
        BELIEFS,
        targets=(
            Target("killed of X"),
            Target("killed of Y", side="Y"),
            Target("casualties of X", "casualties"),
            Target("bias of Y's tally of X", bias_of="staff of Y"),
            Target("bias of the institute on Y", bias_of="institute", side="Y"),
        ),
    ),
    **_faults(),
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
