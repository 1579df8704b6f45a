"""A small war and what the model says of it, written out from the claims day by day.

Nothing here is taken from the design or from the representation but the values of parameters by
their names: sums are over days, densities SciPy's, and which days and losses a claim is about is
said again in :data:`OBSERVATIONS`. Whatever the three implementations of the density share
(design and representation) is thereby checked as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import exp, log, sqrt

import numpy as np
from model_examples import day, ledger, plain, positions, represent, window
from scipy import stats

from bajas.claims.source import Source
from bajas.ledger.ledger import Ledger
from bajas.model.bias import BiasPrior, KindPrior, RelationPrior
from bajas.model.drift_prior import DriftPrior
from bajas.model.register_prior import RegisterPrior
from bajas.model.registers import BINNING_ERROR
from bajas.model.representation import Representation
from bajas.model.specification import SharePrior, Specification

DAYS = 126
INSTITUTE = {
    "source": "institute", "source_type": "think_tank", "speaks_for": "neutral",
    "kind": "assessment", "evidence": "assessment", "qualifier": "about",
}  # fmt: skip
NAMES = {
    "source": "newspaper", "source_type": "media_investigation", "speaks_for": "neutral",
    "kind": "register", "evidence": "list", "qualifier": "at_least",
}  # fmt: skip
STAFF = {"kind": "tally", "evidence": "assertion"}


def rows() -> list[dict[str, str]]:
    """Claims of every kind, and claims that must not count."""
    return [
        window(0, 27, claim_id="t1", value="500", **STAFF),
        window(0, 69, claim_id="t2", value="1500", **STAFF),
        window(0, 125, claim_id="t3", value="2300", **STAFF),
        window(0, 125, claim_id="a1", **{**INSTITUTE, "qualifier": "range"}, outcome="casualties",
               value="", low="4000", high="9000", level="0.8"),
        window(28, 55, claim_id="a2", **INSTITUTE, component="militia", value="3", per_day="1"),
        window(0, 13, claim_id="z1", **INSTITUTE, component="militia", outcome="wounded",
               value="0"),
        window(0, 69, claim_id="l1", source="ally", source_type="ally", speaks_for="Y",
               kind="assessment", value="900", qualifier="at_least"),
        window(0, 125, claim_id="u1", source="ministry", speaks_for="X", kind="assessment",
               evidence="assertion", component="all-militia", value="1900", qualifier="at_most"),
        window(0, 69, claim_id="n1", value="300", **NAMES),
        window(0, 125, claim_id="n2", value="760", **NAMES),
        window(14, 83, claim_id="k1", outcome="tank", value="210", kind="assessment",
               evidence="assertion"),
        # no evidence: an agency that repeats the staff, a copy, a bound that holds anyway
        window(0, 69, claim_id="x1", source="agency", source_type="media", value="1500"),
        window(0, 69, claim_id="x2", value="1500", **STAFF),
        window(0, 69, claim_id="x3", source="ally", source_type="ally", speaks_for="Y",
               kind="assessment", value="0", qualifier="at_least"),
    ]  # fmt: skip


def evidence() -> Ledger:
    """The claims as a ledger."""
    return ledger(*rows(), sources={"agency": Source("agency", derived_from=("general_staff",))})


def specification() -> Specification:
    """Priors of which no two numbers are alike that could be mistaken for each other."""
    relations = {
        "own": RelationPrior(-0.4, 0.45),
        "enemy": RelationPrior(0.35, 0.7, 4.0),
        "own_victims": RelationPrior(0.0, 0.55),
        "third_party": RelationPrior(0.1, 0.5, None, {"assessment": KindPrior(0.25, 0.3)}),
    }
    bias = BiasPrior("written out", relations, 0.4, 0.2).with_anchor("ally", mean=-0.15, sd=0.25)
    chosen = plain(
        bias, {"counting": True}, knot_days=14, component_knots=2, ratio_knots=3,
        components={"X militia": SharePrior(0.5, 0.4)},
    )  # fmt: skip
    return replace(
        chosen,
        registers=RegisterPrior(delay_days=40.0, shape=1.2),
        drift=DriftPrior(scale=0.1, knot_days=42),
    )


@cache
def made() -> Representation:
    """The representation that is checked."""
    return represent(evidence(), specification())


# -- parameters by name -----------------------------------------------------------------------

#: Values of parameters by block and labels.
Values = Mapping[tuple[str, ...], float]


def values_at(position: np.ndarray) -> dict[tuple[str, ...], float]:
    """Natural values of all parameters."""
    found: dict[tuple[str, ...], float] = {}
    field, hyper = made().unpack(position)
    blocks = made().split(field)
    for term in made().terms:
        flat = blocks[term.name].reshape(-1)
        for label, value in zip(product(*term.labels), flat, strict=True):
            found[(term.name, *label)] = float(value)
    for item in made().hyperparameters:
        for name, value in zip(item.labels, hyper[item.name], strict=True):
            found[item.name, name] = float(value)
    return found


def walk(values: Values, name: str, item: str, grid: list[int], at: np.ndarray) -> np.ndarray:
    """A walk that is 0 on its first knot and linear between knots, by days."""
    heights = [0.0, *(values[name, item, day(knot)] for knot in grid[1:])]
    return np.asarray(np.interp(at, grid, heights))


KNOTS = list(range(0, 127, 14))
FORCE_KNOTS = [0, 28, 56, 84, 112, 126]
RATIO_KNOTS = [0, 42, 84, 126]


def losses(values: Values, component: str, outcome: str, at: np.ndarray) -> np.ndarray:
    """Expected losses of each of some days. Equipment follows a quarter of the fighting."""
    fighting = walk(values, "path", "X", KNOTS, at)
    if outcome == "tank":
        level = values["equipment_level", "X all tank"]
        own = walk(values, "equipment_path", "X all tank", KNOTS, at)
        return np.asarray(np.exp(level + own + fighting / 4))
    logs = values["level", "X"] + fighting
    if component == "militia":
        logs += values["component_offset", "X militia"]
        logs += walk(values, "component_path", "X militia", FORCE_KNOTS, at)
    if outcome == "wounded":
        logs += values["ratio", "X wounded"]
        logs += walk(values, "ratio_path", "X wounded", RATIO_KNOTS, at)
        if component == "militia":
            logs += values["component_ratio", "X militia wounded"]
    return np.asarray(np.exp(logs))


# -- claims -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meaning:
    """What a claim is about and how it is evidence, read from the rows by eye."""

    first: int
    last: int
    form: str
    figure: float
    parts: tuple[tuple[str, str], ...]
    biases: tuple[tuple[float, tuple[str, ...]], ...]
    noise: str
    width: float = 0.0


ALL_KILLED = (("other", "killed"), ("militia", "killed"))
ALL_CASUALTIES = (*ALL_KILLED, ("other", "wounded"), ("militia", "wounded"))
STAFF_BIAS = (
    (1.0, ("source_bias", "general_staff X")),
    (1.0, ("outcome_bias", "general_staff X killed")),
    (1.0, ("relation_enemy", "Y on X")),
)
TANK_BIAS = (
    (1.0, ("source_bias", "general_staff X equipment")),
    (1.0, ("outcome_bias", "general_staff X equipment tank")),
    (1.0, ("relation_enemy", "Y on X equipment")),
)
OWN_BIAS = (
    (1.0, ("source_bias", "ministry X")),
    (1.0, ("outcome_bias", "ministry X killed")),
    (1.0, ("relation_own", "X on X")),
)
ANCHORED = ((1.0, ("source_bias", "ally X")),)
GAP = ((-1.0, ("register_gap", "newspaper X")),)


def _institute(outcome: str) -> tuple[tuple[float, tuple[str, ...]], ...]:
    return (
        (1.0, ("source_bias", "institute X assessment")),
        (1.0, ("outcome_bias", f"institute X {outcome}")),
        (0.3 / 0.5, ("relation_third_party", "neutral on X")),
    )


TALLY, ASSESSED, LISTED = (
    "general_staff: X all killed", "other assessment streams", "other register streams",
)  # fmt: skip
MILITIA_KILLED = (("militia", "killed"),)
OBSERVATIONS = {
    "t1": Meaning(0, 27, "point", 500, ALL_KILLED, STAFF_BIAS, TALLY),
    "t2": Meaning(28, 69, "point", 1000, ALL_KILLED, STAFF_BIAS, TALLY),
    "t3": Meaning(70, 125, "point", 800, ALL_KILLED, STAFF_BIAS, TALLY),
    "a1": Meaning(0, 125, "point", 6000, ALL_CASUALTIES, _institute("casualties"), ASSESSED,
                  log(9 / 4) / 2 / stats.norm.ppf(0.9)),
    "a2": Meaning(28, 55, "point", 84, MILITIA_KILLED, _institute("killed"), ASSESSED),
    "z1": Meaning(0, 13, "at_most", 0.5, (("militia", "wounded"),), _institute("wounded"),
                  ASSESSED),
    "l1": Meaning(0, 69, "at_least", 900, ALL_KILLED, ANCHORED, ASSESSED),
    "u1": Meaning(0, 125, "at_most", 1900, (("other", "killed"),), OWN_BIAS, ASSESSED),
    "n1": Meaning(0, 69, "point", 300, ALL_KILLED, GAP, LISTED),
    "n2": Meaning(0, 125, "point", 460, ALL_KILLED, GAP, LISTED),
    "k1": Meaning(14, 83, "point", 210, (("", "tank"),), TANK_BIAS, ASSESSED),
}  # fmt: skip

#: Days of the list's counts, each the day after the last day of its losses.
COUNTED = {"n1": 70, "n2": 126}


def known(values: Values, name: str, at: np.ndarray) -> np.ndarray:
    """Share of days' losses that a count of the list has and the one before hadn't."""
    delay, shape = (values[f"register_{part}", "newspaper X"] for part in ("delay", "shape"))

    def share(counted: int) -> np.ndarray:
        age = np.maximum(counted - at + 0.5, 0.0)
        return np.asarray(1 - np.exp(-((age / delay) ** shape)))

    before = np.where(at <= 69, share(COUNTED["n1"]), 0.0) if name == "n2" else 0.0
    return share(COUNTED[name]) - before


def drift(values: Values, first: int, last: int) -> float:
    """Mean drift of the staff's bias over days, held over two weeks, its own mean taken out."""
    knots = np.linspace(0, DAYS - 1, 4)
    heights = [0.0]
    for knot in knots[1:]:
        label = f"general_staff: X all killed {day(round(knot))}"
        heights.append(heights[-1] + values["drift", label])
    daily = np.interp(np.arange(DAYS), knots, heights)
    held = np.concatenate([np.full(14, daily[a : a + 14].mean()) for a in range(0, DAYS, 14)])
    return float(held[first : last + 1].mean() - daily.mean())


def location(values: Values, name: str) -> float:
    """Log of what the source is expected to say."""
    meant = OBSERVATIONS[name]
    days = np.arange(meant.first, meant.last + 1)
    share = known(values, name, days) if name in COUNTED else 1.0
    total = 0.0
    for component, outcome in meant.parts:
        total += float((share * losses(values, component, outcome, days)).sum())
    biased = log(total) + sum(weight * values[key] for weight, key in meant.biases)
    return biased + drift(values, meant.first, meant.last) if name.startswith("t") else biased


def scale(values: Values, name: str) -> float:
    """Spread of what the source says: noise, its own range, and counting where it says a figure."""
    meant = OBSERVATIONS[name]
    counting = 1 / meant.figure if meant.form == "point" else 0.0
    return sqrt(values["noise", meant.noise] ** 2 + meant.width**2 + counting)


# -- priors -----------------------------------------------------------------------------------


def priors() -> dict[tuple[str, ...], tuple[str, float, float]]:
    """Family, centre and spread of every parameter but the steps of walks."""
    found: dict[tuple[str, ...], tuple[str, float, float]] = {
        ("level", "X"): ("normal", 3.0, 1.5),
        ("equipment_level", "X all tank"): ("normal", 0.0, 1.5),  # 3 a day: ten to the 0
        ("component_offset", "X militia"): ("normal", log(0.5), 0.4),
        ("ratio", "X wounded"): ("normal", log(3), 0.4),
        ("component_ratio", "X militia wounded"): ("normal", 0.0, 0.2),
        ("source_bias", "general_staff X"): ("normal", 0.0, 0.7 * sqrt(0.6)),
        ("source_bias", "general_staff X equipment"): ("normal", 0.0, 0.7 * sqrt(0.6)),
        ("source_bias", "ministry X"): ("normal", 0.0, 0.45 * sqrt(0.6)),
        ("source_bias", "institute X assessment"): ("normal", 0.25 - 0.06, 0.3 * sqrt(0.6)),
        ("source_bias", "ally X"): ("normal", -0.15, 0.25),
        ("relation_own", "X on X"): ("normal", -0.4, 0.45 * sqrt(0.4)),
        ("relation_enemy", "Y on X"): ("student", 0.35, 0.7 * sqrt(0.4)),
        ("relation_enemy", "Y on X equipment"): ("student", 0.35, 0.7 * sqrt(0.4)),
        ("relation_third_party", "neutral on X"): ("normal", 0.1, 0.5 * sqrt(0.4)),
        ("path_scale", "X"): ("log-normal", 0.12, 0.5),
        # stated for increments of a week; those of the tally are of 28, 42 and 56 days
        ("noise", TALLY): ("log-normal", 0.12 * sqrt(7 / 42), 0.5),
        ("noise", ASSESSED): ("log-normal", 0.15, 0.5),
        ("noise", LISTED): ("log-normal", 0.12, 0.5),
        ("register_delay", "newspaper X"): ("log-normal", 40.0, 0.7),
        ("register_shape", "newspaper X"): ("log-normal", 1.2, 0.3),
    }
    reported = ("general_staff X killed", "general_staff X equipment tank", "ministry X killed",
                "institute X casualties", "institute X killed", "institute X wounded")  # fmt: skip
    found |= {("outcome_bias", name): ("normal", 0.0, 0.2) for name in reported}
    # a coverage of 0.2 to 0.9, central 90 %
    wide, narrow = log(-log(0.2)), log(-log(0.9))
    middle = exp((wide + narrow) / 2)
    spread = (wide - narrow) / 2 / float(stats.norm.ppf(0.95))
    found["register_gap", "newspaper X"] = ("log-normal", middle, spread)
    # knots of the drift lie 125 / 3 days apart
    for knot in np.linspace(0, DAYS - 1, 4)[1:]:
        label = f"general_staff: X all killed {day(round(knot))}"
        found["drift", label] = ("normal", 0.0, 0.1 * sqrt(125 / 3 / 42))
    return found


def log_prior(values: Values) -> float:
    """Log prior density, one parameter after another, and the steps of walks."""
    total = 0.0
    for key, (family, centre, spread) in priors().items():
        if family == "normal":
            total += stats.norm(centre, spread).logpdf(values[key])
        elif family == "student":
            total += stats.t(4, centre, spread).logpdf(values[key])
        else:
            total += stats.lognorm(spread, scale=centre).logpdf(values[key])
    fighting = values["path_scale", "X"]
    for name, item, grid, per_week in (
        ("path", "X", KNOTS, fighting),
        ("component_path", "X militia", FORCE_KNOTS, 0.1),
        ("ratio_path", "X wounded", RATIO_KNOTS, 0.03),
        ("equipment_path", "X all tank", KNOTS, 0.15),
    ):
        heights = [0.0, *(values[name, item, day(knot)] for knot in grid[1:])]
        for step, days in zip(np.diff(heights), np.diff(grid), strict=True):
            total += stats.norm(0, per_week * sqrt(days / 7)).logpdf(step)
    return float(total)


# -- checks -----------------------------------------------------------------------------------


def points() -> np.ndarray:
    """Positions at which the model is compared."""
    return positions(made(), 3, 0.7, seed=41)


def check_observations() -> None:
    """Every claim is the evidence that it should be, and no other is any."""
    assert set(made().names) == set(OBSERVATIONS), made().names
    codes = {"point": 0, "at_least": 1, "at_most": 2}
    for name, form, log_value in zip(made().names, made().form, made().log_value, strict=True):
        meant = OBSERVATIONS[name]
        assert form == codes[meant.form], f"{name} is read as form {form}"
        np.testing.assert_allclose(log_value, log(meant.figure), rtol=1e-12, err_msg=name)


def check_locations() -> None:
    """What is expected of each claim: sums of losses over its days, biases, drift, completeness."""
    assert set(made().names) == set(OBSERVATIONS), made().names
    for at in points():
        values = values_at(at)
        found = dict(zip(made().names, made().location(*made().unpack(at)), strict=True))
        for name in OBSERVATIONS:
            # ages of losses on lists are binned
            error = BINNING_ERROR if name in COUNTED else 1e-9
            np.testing.assert_allclose(
                found[name], location(values, name), rtol=0, atol=error, err_msg=name
            )


def check_scales() -> None:
    """How far each claim may be off."""
    assert set(made().names) == set(OBSERVATIONS), made().names
    for at in points():
        values, hyper = values_at(at), made().unpack(at)[1]
        for name, found in zip(made().names, made().noise_scale(hyper), strict=True):
            np.testing.assert_allclose(found, scale(values, name), rtol=1e-9, err_msg=name)


def check_likelihood() -> None:
    """Each claim's density or probability, given what is expected of it."""
    families = {0: stats.t(4).logpdf, 1: stats.t(4).logsf, 2: stats.t(4).logcdf}
    for at in points():
        field, hyper = made().unpack(at)
        mu, sigma = made().location(field, hyper), made().noise_scale(hyper)
        for i, found in enumerate(made().pointwise(field, hyper)):
            t = (made().log_value[i] - mu[i]) / sigma[i]
            expected = families[int(made().form[i])](t)
            if made().form[i] == 0:
                expected -= log(sigma[i])
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def check_prior() -> None:
    """The prior of every parameter."""
    for at in points():
        expected = log_prior(values_at(at))
        np.testing.assert_allclose(made().log_prior(*made().unpack(at)), expected, rtol=1e-10)
        assert len(values_at(at)) == len(priors()) + sum(
            len(grid) - 1 for grid in (KNOTS, FORCE_KNOTS, RATIO_KNOTS, KNOTS)
        )


def check_jacobian() -> None:
    """Standardised coordinates change the density by the derivative of the values alone."""
    for at in points():
        field, hyper = made().unpack(at + 1e-30j * np.eye(made().size))
        moved = np.concatenate([field, *(hyper[h.name] for h in made().hyperparameters)], axis=-1)
        expected = made().log_density(*made().unpack(at)) + np.linalg.slogdet(moved.imag / 1e-30)[1]
        np.testing.assert_allclose(made().standard_log_density(at), expected, rtol=1e-11)
