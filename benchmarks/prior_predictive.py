"""What the priors say before any figure is seen: totals of losses, and factors of reporting.

    python benchmarks/prior_predictive.py            # tables
    python benchmarks/prior_predictive.py --json     # the same as JSON

The strata, windows and order of magnitude are those of the shipped claims known on 7 August 2023;
none of their figures enters otherwise. The figures of docs/explanation/priors.md come from here.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

import numpy as np

import bajas
from bajas.model.bias import RELATIONS, BiasPrior
from bajas.model.prior import Prior
from bajas.model.specification import IntensityPrior
from bajas.model.term import Hyperparameter
from bajas.posterior.posterior import Posterior

AS_OF = "2023-08-07"
DATES = ("2022-03-25", "2022-09-21", "2023-02-23", "2023-08-06")
QUANTITIES = (("killed", "RU"), ("casualties", "RU"), ("killed", "UA"), ("casualties", "UA"))
LEVELS = (0.025, 0.05, 0.5, 0.95, 0.975)
SOURCES_OF_A_BLOC = 13


def summary(values: np.ndarray) -> dict[str, float]:
    """Return the quantiles of some draws by name."""
    names = ("q2.5", "q5", "median", "q95", "q97.5")
    return dict(zip(names, map(float, np.quantile(values, LEVELS)), strict=True))


def with_half_normal(prior: Posterior, scale: float, seed: int) -> Posterior:
    """Return the draws with path scales from a half-normal instead (the design's first choice)."""
    old = prior.representation
    hyper = tuple(
        Hyperparameter(h.name, h.dim, h.labels, (Prior("half_normal", 0.0, scale),) * h.size)
        if h.name == "path_scale"
        else h
        for h in old.hyperparameters
    )
    new = replace(old, hyperparameters=hyper)
    field, values = new.sample_prior(np.random.default_rng(seed), prior.draws)
    return replace(
        prior,
        representation=new,
        field_draws=field[None],
        hyper_draws={name: value[None] for name, value in values.items()},
    )


def losses(draws: int, seed: int) -> list[dict[str, Any]]:
    """Return quantiles of prior totals for the default and for variations of the path scale."""
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    default = IntensityPrior()
    variations = {
        "default": default,
        "half the path scale": replace(default, path_scale=default.path_scale / 2),
        "double the path scale": replace(default, path_scale=default.path_scale * 2),
        "level sd 1.5": replace(default, level_sd=1.5),
        "level sd 1": replace(default, level_sd=1.0),
    }
    rows = []

    def note(name: str, prior: Posterior) -> None:
        for outcome, side in QUANTITIES:
            for until in DATES:
                total = prior.total(outcome, side, until=until, expected=True)
                rows.append(
                    {"prior": name, "outcome": outcome, "side": side, "until": until}
                    | summary(total)
                )

    for name, intensity in variations.items():
        found = bajas.Model(ledger, intensity=intensity).prior_predictive(draws, seed).draws
        note(name, found)
        if name == "default":
            note("half-normal(0.15) path scale", with_half_normal(found, 0.15, seed))
            note("half-normal(0.35) path scale", with_half_normal(found, 0.35, seed))
    return rows


def ratios(draws: int, seed: int) -> list[dict[str, Any]]:
    """Return prior quantiles of ratios between parts of the losses of the whole period."""
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    prior = bajas.Model(ledger).prior_predictive(draws, seed).draws

    def total(outcome: str, side: str, component: str = "all") -> np.ndarray:
        return prior.total(outcome, side, component, expected=True)

    killed = total("killed", "RU")
    pairs = {
        "wounded per killed, RU": total("wounded", "RU") / killed,
        "wounded per killed, UA": total("wounded", "UA") / total("killed", "UA"),
        "wagner's share of the RU dead": total("killed", "RU", "wagner") / killed,
        "ldnr's share of the RU dead": total("killed", "RU", "ldnr") / killed,
        "the regulars' share of the RU dead": total("killed", "RU", "regular") / killed,
        "largest month over median month, RU dead": _contrast(prior),
    }
    return [{"quantity": name} | summary(values) for name, values in pairs.items()]


def _contrast(prior: Posterior) -> np.ndarray:
    daily = prior.daily("killed", "RU", expected=True)
    days = daily.shape[-1] // 28 * 28
    months = daily[:, :, :days].reshape(*daily.shape[:2], -1, 28).sum(axis=-1)
    return np.asarray(months.max(axis=-1) / np.median(months, axis=-1))


def reporting(draws: int, seed: int) -> list[dict[str, Any]]:
    """Return prior quantiles of reported / true, for one source and for the mean of many."""
    families: tuple[BiasPrior, ...] = (bajas.bias.hindsight(), bajas.bias.symmetric(0.6))
    rng = np.random.default_rng(seed)
    rows = []
    for family in families:
        for name in RELATIONS:
            entry = family.relations[name]
            size = (draws, SOURCES_OF_A_BLOC)
            shared = (
                rng.standard_normal(draws)
                if entry.degrees_of_freedom is None
                else rng.standard_t(entry.degrees_of_freedom, draws)
            )
            own = rng.standard_normal(size) * np.sqrt(1 - family.shared) * entry.scale
            bias = entry.mean + np.sqrt(family.shared) * entry.scale * shared[:, None] + own
            one = np.exp(bias[:, 0] + family.outcome_sd * rng.standard_normal(draws))
            rows.append(
                {"prior": family.name, "relation": name}
                | summary(one)
                | {"sd of the mean log bias of 13 sources": float(bias.mean(axis=1).std())}
            )
    return rows


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    print(f"\n{title}\n")
    cells = [[_cell(value) for value in row.values()] for row in rows]
    header = list(rows[0])
    widths = [max(len(line[i]) for line in [header, *cells]) for i in range(len(header))]
    for line in [header, *cells]:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.2f}"


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = {
        "losses": losses(options.draws, options.seed),
        "ratios": ratios(options.draws, options.seed),
        "reporting": reporting(50 * options.draws, options.seed),
    }
    if options.json:
        print(json.dumps({"draws": options.draws, "seed": options.seed} | found, indent=2))
        return
    show("Prior totals (expected numbers)", found["losses"])
    show("Prior ratios", found["ratios"])
    show("Prior of reported / true for one source", found["reporting"])


if __name__ == "__main__":
    main()
