"""Calibration against a world that is none of the model's code.

Parameters, losses and what sources publish are drawn as :mod:`written_out` says, by loops over days
and by SciPy's priors, and written into claims tables. The library reads the tables and makes its
model of them; its posterior is had without a sampler, by weighing draws of its prior with their
likelihood, and the truth must rank uniformly among them (Talts et al. 2018). Simulation-based
calibration whose data are drawn from the representation can't see what design or representation
get wrong, since truth and fit share it; this can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp

import numpy as np
import written_out
from model_examples import day, ledger
from scipy import stats
from scipy.special import logsumexp

from bajas.claims.source import Source
from bajas.design.build import build_design
from bajas.model.build import build_representation
from bajas.model.drift_prior import DriftPrior
from bajas.model.family import log_likelihood
from bajas.model.specification import NoisePrior, Specification

#: Wide enough that draws of the prior are no worse than a posterior's by more than some hundreds.
NOISE = 0.7

#: What the bounds are about, whatever the truth: said is whether the figure is more or less.
BOUNDS = {"l1": 900.0, "u1": 1900.0, "z1": 60.0}

#: Draws of the prior, in pieces that fit into memory.
DRAWS, PIECE = 10_000, 2_500


@dataclass(frozen=True)
class Case:
    """A truth, what was published of it, and the quantities that are ranked."""

    rows: list[dict[str, str]]
    truth: Mapping[str, float]


def _drawn(rng: np.random.Generator) -> dict[tuple[str, ...], float]:
    """Parameters from the priors, walks by their steps."""
    values: dict[tuple[str, ...], float] = {}
    for key, (family, centre, spread) in written_out.priors().items():
        if key[0] == "noise":
            centre = NOISE
        if family == "normal":
            values[key] = centre + spread * rng.standard_normal()
        elif family == "student":
            values[key] = centre + spread * rng.standard_t(4)
        else:
            values[key] = centre * exp(spread * rng.standard_normal())
    for name, item, grid, per_week in (
        ("path", "X", written_out.KNOTS, values["path_scale", "X"]),
        ("component_path", "X militia", written_out.FORCE_KNOTS, 0.1),
        ("ratio_path", "X wounded", written_out.RATIO_KNOTS, 0.03),
    ):
        height = 0.0
        for first, second in pairwise(grid):
            height += per_week * np.sqrt((second - first) / 7) * rng.standard_normal()
            values[name, item, day(second)] = height
    return values


def cases(count: int, seed: int) -> list[Case]:
    """Truths and the claims tables that they give rise to."""
    rng = np.random.default_rng(seed)
    template = {row["claim_id"]: row for row in written_out.rows()}
    del template["k1"]  # the prior of a category's level follows its figures
    found = []
    for _ in range(count):
        values = _drawn(rng)
        said = {}
        for name, meant in written_out.OBSERVATIONS.items():
            if name in template:
                sigma = np.hypot(values["noise", meant.noise], meant.width)
                error = sigma * rng.standard_t(4)
                said[name] = exp(written_out.location(values, name) + error)
        rows = {name: dict(row) for name, row in template.items()}
        t1, t2 = said["t1"], said["t1"] + said["t2"]
        figures = {
            "t1": t1, "t2": t2, "t3": t2 + said["t3"], "a2": said["a2"] / 28,
            "n1": said["n1"], "n2": said["n1"] + said["n2"], "x1": t2, "x2": t2,
        }  # fmt: skip
        for name, figure in figures.items():
            rows[name]["value"] = f"{figure:.6f}"
        rows["a1"] |= {"low": f"{said['a1'] / 1.5:.6f}", "high": f"{said['a1'] * 1.5:.6f}"}
        for name, bound in BOUNDS.items():
            more = said[name] >= bound
            rows[name] |= {"value": f"{bound:g}", "qualifier": "at_least" if more else "at_most"}
        found.append(Case(list(rows.values()), _truth(values)))
    return found


def _truth(values: Mapping[tuple[str, ...], float]) -> dict[str, float]:
    days = np.arange(written_out.DAYS)
    sums = {key: written_out.losses(values, *key, days) for key in written_out.ALL_CASUALTIES}
    bias = values["source_bias", "general_staff X"] + values["relation_enemy", "Y on X"]
    return _quantities(sums, bias, values["register_delay", "newspaper X"])


def _quantities(
    sums: Mapping[tuple[str, str], np.ndarray], bias: float, delay: float
) -> dict[str, float]:
    """What is ranked, from losses of shape (..., day); draws along the first axis if there are."""
    other, militia = sums["other", "killed"], sums["militia", "killed"]
    killed = other + militia
    wounded = sums["other", "wounded"] + sums["militia", "wounded"]
    return {
        "killed": np.log(killed.sum(axis=-1)),
        "casualties": np.log((killed + wounded).sum(axis=-1)),
        "wounded per killed": np.log(wounded.sum(axis=-1) / killed.sum(axis=-1)),
        "share of the militia": np.log(militia.sum(axis=-1) / killed.sum(axis=-1)),
        "last month to first": np.log(killed[..., -30:].sum(axis=-1) / killed[..., :30].sum(-1)),
        "bias of the staff": bias,
        "delay of the list": np.log(delay),
    }


def specification() -> Specification:
    """That of the war written out, with more noise and none of counting, without drift."""
    return replace(
        written_out.specification(),
        noise=NoisePrior(tally=NOISE, assessment=NOISE, register=NOISE, counting=False),
        drift=replace(DriftPrior(), scale=0.1, knot_days=42),
        registers=replace(written_out.specification().registers, noise=NOISE),
    )


def ranks(given: list[Case], seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Where each truth lies in its posterior, by quantity, and effective sizes of the draws."""
    chosen = specification()
    sources = {"agency": Source("agency", derived_from=("general_staff",))}
    found: dict[str, list[float]] = {}
    sizes = []
    drawn = None
    for case in given:
        evidence = ledger(*case.rows, sources=sources)
        design = build_design(evidence, chosen.registers.reading)
        made = build_representation(design, chosen, evidence.sources)
        if drawn is None:  # who says what about which days is the same in all
            drawn = _prior(made, design, np.random.default_rng(seed))
            names = made.names
        assert made.names == names
        mu, hyper_noise, quantities = drawn
        sigma = np.sqrt(hyper_noise**2 + made.log_sd**2)
        logs = log_likelihood(made.log_value, mu, sigma, made.form, 4.0).sum(axis=-1)
        weights = np.exp(logs - logsumexp(logs))
        sizes.append(1 / (weights**2).sum())
        for name, true in case.truth.items():
            found.setdefault(name, []).append(float(weights[quantities[name] < true].sum()))
    return {name: np.array(told) for name, told in found.items()}, np.array(sizes)


def _prior(made, design, rng):  # type: ignore[no-untyped-def]
    """Draws of the prior: what each claim should be, its noise, and the quantities."""
    mu, noise, parts = [], [], []
    strata = {(s.component, s.outcome): i for i, s in enumerate(design.strata)}
    cells = np.cumsum([0, *(s.last - s.first + 1 for s in design.strata)])
    bias_term = next(term for term in made.terms if term.name == "source_bias")
    own = bias_term.labels[0].index("general_staff X")
    for _ in range(DRAWS // PIECE):
        field, hyper = made.sample_prior(rng, PIECE)
        mu.append(made.location(field, hyper))
        own_noise = replace(made, log_sd=np.zeros(len(made.names)))
        noise.append(own_noise.noise_scale(hyper, field))
        intensity = np.exp(made.log_intensity(field))
        sums = {key: intensity[:, cells[i] : cells[i + 1]] for key, i in strata.items()}
        bias = made.split(field)["source_bias"][:, own] + hyper["relation_enemy"][:, 0]
        parts.append(_quantities(sums, bias, hyper["register_delay"][:, 0]))
    quantities = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(mu), np.concatenate(noise), quantities


def misfit(found: Mapping[str, np.ndarray]) -> tuple[str, float]:
    """The quantity that is furthest from uniform, and the chance of so much in any of them.

    Kolmogorov-Smirnov of the ranks, and of their distance from the middle, which sees intervals
    that are too narrow or too wide; by Bonferroni's rule.
    """
    chances = {}
    for name, told in found.items():
        for kind, values in (("", told), (" (width)", np.abs(2 * told - 1))):
            chances[name + kind] = stats.kstest(values, "uniform").pvalue * 2 * len(found)
    worst = min(chances, key=lambda name: chances[name])
    return worst, min(1.0, float(chances[worst]))


#: So many truths, of that seed.
COUNT, SEED = 150, 61

#: Below this chance the model isn't that of the world.
CHANCE = 1e-3


def check_calibration(given: list[Case]) -> None:
    """Truths rank uniformly."""
    found, _ = ranks(given, seed=52)
    worst, chance = misfit(found)
    assert chance > CHANCE, f"{worst} doesn't rank uniformly (chance {chance:.1g})"
