"""How often figures that agree too well are found: false alarms and power, before and after a fit.

    python docs/scripts/lineage.py                  # all: some minutes of one core
    python docs/scripts/lineage.py --part ledgers   # before a fit; also the figure
    python docs/scripts/lineage.py --part fits --fits 20
    python docs/scripts/lineage.py --print          # writes nothing

Writes docs/_static/lineage.png and what stands between the markers of docs/explanation/lineage.md.
Everything is simulated, with seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import beta

import bajas
from bajas.answers.plots.style import GHOST, INK, axes
from bajas.claims.claim import Claim
from bajas.ledger.agreement import agreement_findings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "lineage.md"
FIGURE = ROOT / "docs" / "_static" / "lineage.png"
FIRST = date(2022, 3, 1)
LEDGERS, POWER_LEDGERS, FITS = 1000, 200, 40
RULES = ("sources-agree-too-well", "mechanical-ratio")
Figures = dict[tuple[str, str], np.ndarray]


def main() -> None:
    """Simulate, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--print", action="store_true", dest="show")
    parser.add_argument("--part", choices=("ledgers", "fits"), help="both by default")
    parser.add_argument("--fits", type=int, default=FITS, help="fits for each plant")
    options = parser.parse_args()
    tables: dict[str, str] = {}
    curves: dict[str, list[tuple[int, float]]] = {}
    if options.part != "fits":
        tables["alarms"] = alarm_table()
        tables["power"], curves = power_table()
    if options.part != "ledgers":
        tables["fits"] = fit_table(options.fits)
    if options.show:
        print("\n\n".join(tables.values()))
        return
    if curves:
        draw(curves)
    page = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        before, rest = page.split(f"<!-- {name} -->\n", 1)
        _, after = rest.split(f"<!-- end of {name} -->", 1)
        page = f"{before}<!-- {name} -->\n{table}\n<!-- end of {name} -->{after}"
    PAGE.write_text(page, encoding="utf-8")


# -- before a fit -----------------------------------------------------------------------------


def rounded(values: np.ndarray, digits: int | None) -> np.ndarray:
    """Return figures as printed: with so many digits, or to the last one."""
    if digits is None:
        return np.maximum(np.round(values), 1)
    unit = 10.0 ** np.maximum(np.floor(np.log10(values)) + 1 - digits, 0)
    return np.maximum(np.round(values / unit) * unit, 1)


def independent(
    rng: np.random.Generator, periods: int, scatter: float, digits: int | None
) -> Figures:
    """Return monthly figures of five sources on killed and wounded, who count apart.

    All report at the same level, which is the worst case for copies, and three wounded per killed.
    """
    true = np.exp(rng.normal(np.log(2500), 0.4, periods))
    return {
        (f"source {number}", outcome): rounded(
            rng.poisson(ratio * true * np.exp(scatter * rng.standard_normal(periods))) + 1.0, digits
        )
        for number in range(5)
        for outcome, ratio in (("killed", 1.0), ("wounded", 3.0))
    }


def claims(figures: Figures, running: bool) -> list[Claim]:
    """Return figures as claims about thirty days each, or as running totals."""
    found = []
    for (source, outcome), values in figures.items():
        for month, value in enumerate(np.cumsum(values) if running else values):
            end = FIRST + timedelta(days=30 * month + 29)
            start = FIRST if running else end - timedelta(days=29)
            found.append(
                Claim(f"{source} {outcome} {month}", source, "media", "neutral", "X", "all",
                      outcome, start, end, end, value=float(value))
            )  # fmt: skip
    return found


def found_rules(figures: Figures, running: bool = False) -> set[str]:
    """Return which of the two warnings a ledger gets."""
    return {finding.rule for finding in agreement_findings(claims(figures, running), ())}


def interval(count: int, number: int) -> str:
    """Return a share with its 95 % interval (Jeffreys)."""
    low, high = beta(count + 0.5, number - count + 0.5).ppf([0.025, 0.975])
    return f"{100 * count / number:.1f} % [{100 * low:.1f} - {100 * high:.1f}]"


def alarm_table() -> str:
    """Return the share of ledgers of independent sources that get a warning."""
    rows = [
        f"| scatter | printed digits | periods | as | {RULES[0]} | {RULES[1]} |",
        "|---|---|---|---|---|---|",
    ]
    for scatter, digits, periods, running in (
        (0.05, None, 12, False), (0.05, 2, 12, False), (0.05, 3, 4, False), (0.05, 3, 24, True),
        (0.02, 3, 12, False), (0.0, 3, 12, False), (0.15, 3, 12, False),
    ):  # fmt: skip
        rng = np.random.default_rng([1, periods, int(1000 * scatter), digits or 0])
        sets = [
            found_rules(independent(rng, periods, scatter, digits), running) for _ in range(LEDGERS)
        ]
        shares = [interval(sum(rule in one for one in sets), LEDGERS) for rule in RULES]
        rows.append(
            f"| {scatter:g} | {digits or 'all'} | {periods} |"
            f" {'running totals' if running else 'monthly figures'} | {' | '.join(shares)} |"
        )
    return "\n".join(rows)


def power_table() -> tuple[str, dict[str, list[tuple[int, float]]]]:
    """Return how often a planted copy and a planted multiple are found, by number of periods."""
    periods = (3, 4, 6, 9, 12, 18, 24)
    plants: dict[str, tuple[str, Callable[[np.random.Generator, Figures], Figures], int | None]]
    plants = {
        "copy, all digits": (RULES[0], lambda rng, f: copied(f, None), None),
        "copy, rounded to 3 digits": (RULES[0], lambda rng, f: copied(f, 3), None),
        "copy, rounded to 2 digits": (RULES[0], lambda rng, f: copied(f, 2), None),
        "half of the figures copied": (RULES[0], half_copied, None),
        "three wounded per killed": (RULES[1], lambda rng, f: tripled(f), None),
        "the same, both to 3 digits": (RULES[1], lambda rng, f: tripled(f, 3), 3),
    }
    curves: dict[str, list[tuple[int, float]]] = {}
    rows = [
        "| planted | " + " | ".join(f"{n} periods" for n in periods) + " |",
        "|---|" + "---|" * len(periods),
    ]
    for name, (rule, plant, digits) in plants.items():
        curves[name] = []
        for number in periods:
            rng = np.random.default_rng([2, number, len(curves)])
            hits = sum(
                rule in found_rules(plant(rng, independent(rng, number, 0.15, digits)))
                for _ in range(POWER_LEDGERS)
            )
            curves[name].append((number, hits / POWER_LEDGERS))
        rows.append(f"| {name} | " + " | ".join(f"{100 * p:.0f} %" for _, p in curves[name]) + " |")
    return "\n".join(rows), curves


def copied(figures: Figures, digits: int | None) -> Figures:
    """Let the second source print the first one's killed."""
    return {**figures, ("source 1", "killed"): rounded(figures["source 0", "killed"], digits)}


def half_copied(rng: np.random.Generator, figures: Figures) -> Figures:
    """Let the second source do so in every other period."""
    own, other = figures["source 1", "killed"], figures["source 0", "killed"]
    return {**figures, ("source 1", "killed"): np.where(np.arange(own.size) % 2, own, other)}


def tripled(figures: Figures, digits: int | None = None) -> Figures:
    """Let the first source's wounded be three times its killed."""
    triple = rounded(3 * figures["source 0", "killed"], digits)
    return {**figures, ("source 0", "wounded"): triple}


def draw(curves: dict[str, list[tuple[int, float]]]) -> None:
    """Draw power by number of periods."""
    ax = axes(None, 7.0, 3.6)
    for number, (name, points) in enumerate(curves.items()):
        x, y = zip(*points, strict=True)
        colour = INK if number < 4 else "#d55e00"
        style = ("-", "--", "-.", ":")[number % 4]
        ax.plot(x, y, style, color=colour, marker="o", markersize=3, label=name)
    ax.axhline(0.01, color=GHOST, linewidth=0.8)
    ax.set_xlabel("periods that both cover")
    ax.set_ylabel("share of ledgers warned of")
    ax.set_ylim(-0.02, 1.02)
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    ax.figure.savefig(FIGURE, dpi=110, bbox_inches="tight")


# -- after a fit ------------------------------------------------------------------------------


def worlds(plant: str, number_of: int) -> Iterator[bajas.Ledger]:
    """Yield ledgers of three sources' monthly estimates for fourteen months."""
    for number in range(number_of):
        rng = np.random.default_rng([3, number])
        months = pd.date_range("2022-03-01", periods=14, freq="MS")
        level = np.exp(0.1 * np.cumsum(rng.standard_normal(14)))
        true = rng.poisson(3000 * level)
        figures = {name: true * np.exp(0.15 * rng.standard_t(4, 14)) for name in "abc"}
        figures["b"] = figures["b"] * 0.7
        if plant == "c is 0.8 of b":
            figures["c"] = 0.8 * figures["b"]
        elif plant == "c is 0.8 of b and scatters by 10 %":
            figures["c"] = 0.8 * figures["b"] * np.exp(0.1 * rng.standard_normal(14))
        elif plant == "c copies every other figure":
            figures["c"] = np.where(np.arange(14) % 2, figures["c"], figures["b"])
        rows = [
            {
                "claim_id": f"{name}{month:%Y%m}", "source": name, "source_type": "think_tank",
                "speaks_for": "neutral", "side": "X", "component": "all", "outcome": "killed",
                "start": f"{month:%Y-%m-%d}", "end": f"{month + pd.offsets.MonthEnd(0):%Y-%m-%d}",
                "published": "2023-06-01", "value": f"{value:.0f}", "qualifier": "about",
                "kind": "assessment", "url": f"https://example.org/{name}", "status": "military",
            }
            for name, values in figures.items()
            for month, value in zip(months, values, strict=True)
        ]  # fmt: skip
        yield bajas.read_claims(pd.DataFrame(rows))


def fit_table(number: int) -> str:
    """Return how often fits suspect a pair of sources, and whether it is the planted one."""
    rows = [
        "| planted | fits | some independent pair suspected | b and c suspected |"
        " correlation of b and c (median) |",
        "|---|---|---|---|---|",
    ]
    for plant in (
        "nothing", "c is 0.8 of b", "c is 0.8 of b and scatters by 10 %",
        "c copies every other figure",
    ):  # fmt: skip
        false, hits, size = 0, 0, []
        for ledger in worlds(plant, number):
            fit = bajas.Model(ledger, bias=bajas.bias.symmetric(0.6)).fit(
                seed=1, draws=400, progress=False
            )
            table = fit.collusion().set_index(["first", "second"])
            planted = table.loc[("b", "c")]
            others = table if plant == "nothing" else table.drop(index=[("b", "c")])
            hits += bool(planted["suspect"])
            false += bool(others["suspect"].any())
            size.append(planted["correlation"])
        rows.append(
            f"| {plant} | {number} | {interval(false, number)} |"
            f" {interval(hits, number)} | {np.median(size):+.2f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
