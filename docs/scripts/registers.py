"""Lists that grow, on simulated data and on the shipped claims.

    python docs/scripts/registers.py              # simulated: table and docs/_static/registers.png
    python docs/scripts/registers.py --shipped    # the shipped claims under other coverages
    python docs/scripts/registers.py --shipped --fit examples/output/russia_ukraine_2023.nc

The last takes the fit from `make example`, which is the same, and is done in seconds.

The figures of docs/explanation/registers.md come from here.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import bajas

STATIC = Path(__file__).parents[1] / "_static"
FIRST, DAYS = date(2023, 1, 1), 480
#: The truth: final coverage, delay in days, shape, and what the enemy's tally multiplies.
COVERAGE, DELAY, SHAPE, EXAGGERATION = 0.55, 70.0, 1.2, 1.6
COUNTED = {"once": (479,), "three times": (159, 319, 479), "monthly": tuple(range(89, 480, 30))}
#: Other beliefs about the final coverage of the shipped list.
OTHERS = ((0.2, 0.9), (0.1, 0.95), (0.3, 0.6), (0.4, 0.7), (0.6, 0.9))


def losses() -> np.ndarray:
    """True losses per day: two offensives on a slow background."""
    day = np.arange(DAYS)
    waves = np.exp(-(((day - 150) / 40) ** 2)) + 1.5 * np.exp(-(((day - 380) / 30) ** 2))
    return 25 * (1 + waves)


def names(last: int) -> float:
    """Expected names on the list at the end of the day after ``last``."""
    age = last + 1 - np.arange(last + 1) + 0.5
    known = 1 - np.exp(-((age / DELAY) ** SHAPE))
    return float(COVERAGE * (losses()[: last + 1] * known).sum())


def row(name: str, source: str, last: int, value: float, **more: str) -> dict[str, str]:
    """One claim about all days up to a day."""
    end = FIRST + timedelta(days=last)
    return {
        "claim_id": name, "source": source, "side": "X", "component": "all", "outcome": "killed",
        "start": str(FIRST), "end": str(end), "published": str(end + timedelta(days=1)),
        "value": f"{value:.0f}", "status": "military", "url": "https://example.org", **more,
    }  # fmt: skip


def simulated(counted: tuple[int, ...], rng: np.random.Generator) -> bajas.Ledger:
    """An enemy's tally, an institute's two estimates, and a list that was counted on some days."""
    running = np.cumsum(losses())
    ends = range(29, DAYS, 30)
    steps = np.diff([running[e] for e in ends], prepend=0.0)
    tally = np.cumsum(EXAGGERATION * steps * np.exp(0.08 * rng.standard_normal(len(steps))))
    enemy = {"source_type": "belligerent", "speaks_for": "Y", "qualifier": "exact"}
    rows = [row(f"t{e}", "staff", e, v, **enemy) for e, v in zip(ends, tally, strict=True)]
    neutral = {"source_type": "think_tank", "speaks_for": "neutral", "qualifier": "about"}
    rows += [
        row(f"a{e}", "institute", e, running[e] * np.exp(0.15 * rng.standard_normal()), **neutral)
        for e in (199, 479)
    ]
    added = np.diff([names(e) for e in counted], prepend=0.0)
    listed = np.cumsum(added * np.exp(0.08 * rng.standard_normal(len(added))))
    press = {"source_type": "media_investigation", "speaks_for": "neutral", "evidence": "list",
             "qualifier": "at_least"}  # fmt: skip
    rows += [row(f"n{e}", "names", e, v, **press) for e, v in zip(counted, listed, strict=True)]
    kinds = pd.DataFrame(
        {"source": ["staff", "institute", "names"], "kind": ["tally", "assessment", "register"]}
    )
    return bajas.read_claims(pd.DataFrame(rows), sources=kinds)


def interval(values: np.ndarray, digits: str = ",.0f") -> str:
    """Median and central 90 % interval."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{middle:{digits}} [{low:{digits}} - {high:{digits}}]"


def demonstrate(seed: int) -> None:
    """Fit the simulated list counted once, three times and monthly, and as a mere bound."""
    true = losses().sum()
    print(f"truth: killed {true:,.0f}, coverage {COVERAGE}, delay {DELAY:g}, shape {SHAPE}")
    kept = None
    for words, counted in (*COUNTED.items(), ("monthly, as bounds", COUNTED["monthly"])):
        ledger = simulated(counted, np.random.default_rng(seed))
        reading = "bound" if "bounds" in words else "completeness"
        fit = bajas.Model(
            ledger,
            bias=bajas.bias.symmetric(0.6),
            registers=bajas.RegisterPrior(reading=reading),  # type: ignore[arg-type]
            drift=bajas.DriftPrior(on="none"),
        ).fit(seed=seed, draws=4000, progress=False)
        total = fit.draws.total("killed", "X")
        line = f"{words:20} killed {interval(total)}, sd of log {np.log(total).std():.2f}"
        if reading == "completeness":
            table = fit.registers().set_index("quantity")
            for quantity, digits in (("final coverage", ".2f"), ("delay in days", ".0f"),
                                     ("shape", ".2f")):  # fmt: skip
                r = table.loc[quantity]
                line += (
                    f"; {quantity} {r['median']:{digits}}"
                    f" [{r['low']:{digits}} - {r['high']:{digits}}]"
                )
        print(line + ("" if fit.trusted else f"  NOT TRUSTED: {fit.draws.why_not}"))
        if words == "monthly":
            kept = fit
    assert kept is not None
    ax = kept.plot.registers()
    age = np.linspace(0, DAYS, 200)
    ax.plot(age, COVERAGE * (1 - np.exp(-((age / DELAY) ** SHAPE))), color="black", linewidth=1.2,
            linestyle=":", label="truth")  # fmt: skip
    ax.legend(frameon=False, fontsize=8.5, loc="upper left", ncols=3)
    ax.figure.savefig(STATIC / "registers.png", dpi=120)
    print(f"{STATIC / 'registers.png'} written")


def shipped(seed: int, saved: Path | None) -> None:
    """Reweigh one fit of the shipped claims to other priors of the list's final coverage."""
    ledger = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
    fit = bajas.load(saved) if saved else bajas.Model(ledger).fit(seed=seed, progress=False)
    print(fit.verdict)
    print(fit.registers().to_string(index=False))
    total = fit.draws.total("killed", "RU", "all-ldnr", until="2023-05-27").ravel()
    gap = fit.draws.hyper_draws["register_gap"].ravel()
    own = fit.specification.registers.coverage.gap.log_density(gap)
    order = np.argsort(total)
    for low, high in OTHERS:
        weight = np.exp(bajas.Coverage(low, high).gap.log_density(gap) - own)
        weight /= weight.sum()
        at = np.searchsorted(np.cumsum(weight[order]), [0.025, 0.5, 0.975])
        found = total[order][np.minimum(at, total.size - 1)]
        print(
            f"coverage {low:g} to {high:g}: killed, all-ldnr, to 2023-05-27: {found[1]:,.0f}"
            f" [{found[0]:,.0f} - {found[2]:,.0f}] (effective draws {1 / (weight**2).sum():,.0f})"
        )


def main() -> None:
    """Print tables, write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--fit", type=Path, help="of the shipped claims with default priors")
    options = parser.parse_args()
    if options.shipped:
        shipped(options.seed, options.fit)
    else:
        demonstrate(options.seed)


if __name__ == "__main__":
    main()
