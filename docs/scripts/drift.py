"""A tally whose bias drifts, on simulated data and the shipped claims: with and without a drift.

    python docs/scripts/drift.py                # simulated: table and docs/_static/drift.png
    python docs/scripts/drift.py --shipped      # two fits of the shipped claims
    python docs/scripts/drift.py --shipped --fit examples/output/russia_ukraine_2023.nc

The last takes the fit with the default drift from `make example`, which is the same.

The figures of docs/explanation/drift.md come from here.
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


def true_drift() -> np.ndarray:
    """Log of the tally's bias by day: it falls by half over the war."""
    day = np.arange(DAYS)
    return 0.35 - 0.7 * day / (DAYS - 1)


def losses() -> np.ndarray:
    """True losses per day."""
    day = np.arange(DAYS)
    return 30 * (1 + 0.6 * np.sin(2 * np.pi * day / 240))


def row(name: str, source: str, first: int, last: int, value: float, **more: str) -> dict[str, str]:
    """One claim about some days."""
    start, end = (FIRST + timedelta(days=day) for day in (first, last))
    return {
        "claim_id": name, "source": source, "side": "X", "component": "all", "outcome": "killed",
        "start": str(start), "end": str(end), "published": str(end + timedelta(days=1)),
        "value": f"{value:.0f}", "status": "military", "url": "https://example.org", **more,
    }  # fmt: skip


def simulated(rng: np.random.Generator, checked: tuple[tuple[int, int], ...]) -> bajas.Ledger:
    """A monthly tally with drift, and an institute that knows some stretches well."""
    told = losses() * np.exp(true_drift())
    ends = range(29, DAYS, 30)
    steps = np.diff([np.cumsum(told)[e] for e in ends], prepend=0.0)
    tally = np.cumsum(steps * np.exp(0.05 * rng.standard_normal(len(steps))))
    enemy = {"source_type": "belligerent", "speaks_for": "Y", "qualifier": "exact"}
    rows = [row(f"t{e}", "staff", 0, e, v, **enemy) for e, v in zip(ends, tally, strict=True)]
    neutral = {"source_type": "think_tank", "speaks_for": "neutral", "qualifier": "range",
               "level": "0.9"}  # fmt: skip
    for first, last in checked:
        value = losses()[first : last + 1].sum() * np.exp(0.05 * rng.standard_normal())
        more = {"low": f"{value / 1.1:.0f}", "high": f"{value * 1.1:.0f}"}
        rows.append(row(f"a{first}", "institute", first, last, value, **{**neutral, **more}))
    kinds = pd.DataFrame({"source": ["staff", "institute"], "kind": ["tally", "assessment"]})
    return bajas.read_claims(pd.DataFrame(rows), sources=kinds)


def shipped(seed: int, saved: Path | None) -> None:
    """Fit the shipped claims without a drift and with the default one."""
    ledger = bajas.datasets.russia_ukraine_2023().as_of("2023-08-07")
    for words, drift in (("none", bajas.DriftPrior(on="none")), ("default", bajas.DriftPrior())):
        if words == "default" and saved:
            fit = bajas.load(saved)
        else:
            fit = bajas.Model(ledger, drift=drift).fit(seed=seed, progress=False)
        total = fit.draws.total("killed", "RU", "all-ldnr", until="2023-05-27")
        low, middle, high = np.quantile(total, [0.025, 0.5, 0.975])
        print(
            f"drift {words}: {middle:,.0f} [{low:,.0f} - {high:,.0f}], sd of log"
            f" {np.log(total).std():.3f}; {'trusted' if fit.trusted else fit.draws.why_not}"
        )
    table = fit.drift()
    moved = table.assign(apart=np.log(table["factor"]).abs())
    streams = table.groupby(["source", "side", "component", "outcome"]).ngroups
    print(f"{streams} streams drift; the knots farthest from 1:")
    print(moved.nlargest(5, "apart").to_string(index=False))


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--fit", type=Path, help="of the shipped claims with default priors")
    options = parser.parse_args()
    if options.shipped:
        shipped(options.seed, options.fit)
    else:
        demonstrate(options.seed)


def demonstrate(seed: int) -> None:
    """Fit the simulated tally, print, draw."""
    true = losses()
    print(f"truth: whole {true.sum():,.0f}, last quarter {true[-90:].sum():,.0f}")
    since = str(FIRST + timedelta(days=DAYS - 90))
    bias = bajas.bias.symmetric(0.6).with_anchor("institute", mean=0.0, sd=0.05)
    early, both = ((0, 89),), ((0, 89), (210, 299), (390, 479))
    kept = None
    for words, checked in (("known: first quarter", early), ("known: three quarters", both)):
        ledger = simulated(np.random.default_rng(seed), checked)
        for scale in (None, 0.07, 0.15):
            drift = bajas.DriftPrior(on="none") if scale is None else bajas.DriftPrior(scale=scale)
            fit = bajas.Model(ledger, bias=bias, drift=drift).fit(
                seed=seed, draws=4000, progress=False
            )
            parts = []
            for name, start in (("whole", None), ("last quarter", since)):
                total = fit.draws.total("killed", "X", since=start)
                low, middle, high = np.quantile(total, [0.05, 0.5, 0.95])
                parts.append(
                    f"{name} {middle:,.0f} [{low:,.0f} - {high:,.0f}], sd of log"
                    f" {np.log(total).std():.3f}"
                )
            mark = "" if fit.trusted else f"  NOT TRUSTED: {fit.draws.why_not}"
            print(f"{words}; drift {scale or 'none'}: {'; '.join(parts)}{mark}")
            if scale == 0.15:
                kept = fit
    assert kept is not None
    ax = kept.plot.drift("staff")
    days = pd.date_range(str(FIRST), periods=DAYS)
    centred = true_drift() - true_drift().mean()
    ax.plot(days, np.exp(centred), color="black", linewidth=1.2, linestyle=":", label="truth")
    ax.legend(frameon=False, fontsize=8.5, loc="best", ncols=2)
    ax.figure.savefig(STATIC / "drift.png", dpi=120)
    print(f"{STATIC / 'drift.png'} written")


if __name__ == "__main__":
    main()
