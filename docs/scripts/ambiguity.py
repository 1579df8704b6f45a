"""How probable each reading of an ambiguous stream is: on simulated wars, and on the shipped tally.

    python docs/scripts/ambiguity.py simulated      # some minutes on two cores
    python docs/scripts/ambiguity.py shipped        # some minutes on two cores
    python docs/scripts/ambiguity.py shipped --bias symmetric     # the table keeps the other

Each writes a table to docs/_static/ and prints it; the simulated wars a plot too. The figures of
docs/explanation/ambiguity.md come from here.
"""

from __future__ import annotations

import argparse
import time
from datetime import date, timedelta
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import bajas
from bajas.answers.plots.style import INK

FOLDER = Path(__file__).parents[1] / "_static"
AS_OF = "2023-08-07"
STREAM = "ua_general_staff: RU all casualties"
BOTH = "killed|casualties"
BIASES = {"hindsight": bajas.bias.hindsight(), "symmetric": bajas.bias.symmetric(0.6)}

DAYS, FIRST = 56, date(2023, 1, 1)
#: Sd of each source's bias in the simulated wars, and of the anchor on the tally's.
BIAS_SD, ANCHOR_SD = 0.3, 0.15
TALLY = "staff: X all killed|casualties"


def main() -> None:
    """Run one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("simulated", "shipped"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wars", type=int, default=10)
    parser.add_argument("--draws", type=int, default=1500, help="per chain, of the shipped tally")
    parser.add_argument("--bias", choices=tuple(BIASES), help="of the shipped tally; both else")
    options = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", None)
    started = time.process_time()
    if options.part == "simulated":
        table = simulated(options.wars, options.seed)
        plot(table)
    else:
        chosen = [options.bias] if options.bias else list(BIASES)
        table = shipped(options.seed, options.draws, chosen)
        file = FOLDER / "ambiguity_shipped.csv"
        if options.bias and file.exists():
            kept = pd.read_csv(file)
            others = kept[~kept["bias prior"].isin(table["bias prior"])]
            table = pd.concat([others, table]).sort_values("bias prior", kind="stable")
    table.to_csv(FOLDER / f"ambiguity_{options.part}.csv", index=False, float_format="%.4g")
    print(table.to_string(index=False))
    print(f"{time.process_time() - started:.0f} CPU seconds")


# -- simulated wars ----------------------------------------------------------------------------


def simulated(wars: int, seed: int) -> pd.DataFrame:
    """Return the probability of the true reading in each war and situation."""
    rows = []
    prior = bajas.bias.symmetric(BIAS_SD)
    situations = {
        "the tally alone": (("staff",), prior),
        "and three others' killed": (("staff", "a", "b", "c"), prior),
        "and an anchor on the tally": (
            ("staff", "a", "b", "c"), prior.with_anchor("staff", mean=0.0, sd=ANCHOR_SD),
        ),
    }  # fmt: skip
    for war in range(wars):
        truth = ("killed", "casualties")[war % 2]
        for name, (sources, bias) in situations.items():
            anchored = "anchor" in name
            claims = war_claims(np.random.default_rng([seed, war]), truth, anchored)
            claims = claims[claims["source"].isin(sources)]
            fit = bajas.Model(bajas.read_claims(claims), bias=bias).fit(
                seed=war, draws=250, tune=200, progress=False
            )
            table = fit.readings().set_index("reading")
            rows.append(
                {
                    "war": war,
                    "truth": truth,
                    "claims": name,
                    "probability of the truth": table.loc[truth, "probability"],
                    "error": table.loc[truth, "error"],
                }
            )
    return pd.DataFrame(rows)


def war_claims(rng: np.random.Generator, truth: str, anchored: bool) -> pd.DataFrame:
    """Return the claims of a simulated war: a weekly tally, and three sources on the killed.

    Biases and errors are drawn as the model believes them to be, the tally's of sd ``ANCHOR_SD``
    where it is anchored.
    """
    weeks = np.exp(np.log(40.0) + np.cumsum(rng.normal(0, 0.12, DAYS // 7)))
    killed = np.repeat(weeks, 7)
    ratio = 1.0 if truth == "killed" else 1 + np.exp(rng.normal(np.log(3.0), 0.28))
    unit = rng.standard_normal()
    bias = unit * (ANCHOR_SD if anchored else np.hypot(BIAS_SD, 0.2))
    rows = []
    total = 0.0
    for week in range(DAYS // 7):
        true = killed[7 * week : 7 * week + 7].sum() * ratio
        total += true * np.exp(bias + 0.1 * rng.standard_normal())
        last = FIRST + timedelta(days=7 * week + 6)
        rows.append(claim(f"t{week}", "staff", "belligerent", "Y", BOTH, last, total, "tally"))
    for name, bloc in (("a", "neutral"), ("b", "Y"), ("c", "W")):
        error = np.hypot(np.hypot(BIAS_SD, 0.2), 0.15) * rng.standard_normal()
        last = FIRST + timedelta(days=DAYS - 1)
        value = killed.sum() * np.exp(error)
        rows.append(claim(name, name, "institute", bloc, "killed", last, value, "assessment"))
    return pd.DataFrame(rows)


def claim(
    claim_id: str, source: str, source_type: str, bloc: str, outcome: str, last: date,
    value: float, kind: str,
) -> dict[str, str]:  # fmt: skip
    """Return one row of the claims table, over all days up to ``last``."""
    return {
        "claim_id": claim_id, "source": source, "source_type": source_type, "speaks_for": bloc,
        "side": "X", "component": "all", "outcome": outcome, "start": FIRST.isoformat(),
        "end": last.isoformat(), "published": (last + timedelta(days=1)).isoformat(),
        "value": f"{value:.0f}", "qualifier": "about", "kind": kind, "status": "military",
        "url": "https://example.org",
    }  # fmt: skip


def plot(table: pd.DataFrame) -> None:
    """Draw the probability of the truth, one dot a war."""
    names = list(dict.fromkeys(table["claims"]))
    figure, ax = plt.subplots(figsize=(6.4, 2.8))
    for place, name in enumerate(names):
        some = table[table["claims"] == name]
        for truth, marker in (("killed", "o"), ("casualties", "s")):
            at = some[some["truth"] == truth]["probability of the truth"].to_numpy()
            height = place + np.linspace(-0.25, 0.25, at.size)
            filled = INK if truth == "killed" else "none"
            ax.scatter(at, height, marker=marker, edgecolor=INK, facecolor=filled, s=26,
                       label=f"counts {truth}" if place == 0 else None)  # fmt: skip
    ax.axvline(0.5, color=INK, linewidth=0.8, linestyle=":")
    ax.axvline(0.95, color=INK, linewidth=0.8, linestyle="--")
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel("posterior probability of the true reading")
    ax.legend(frameon=False, loc="lower left", fontsize=8)
    figure.savefig(FOLDER / "ambiguity.png", dpi=150, bbox_inches="tight")
    plt.close(figure)


# -- the shipped tally -------------------------------------------------------------------------


def shipped(seed: int, draws: int, biases: list[str]) -> pd.DataFrame:
    """Return the readings of the tally that newspapers print as killed, under each prior."""
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    ambiguous = ledger.reread(STREAM, outcome=BOTH)
    rows = []
    for bias in (BIASES[name] for name in biases):
        clock = time.process_time()
        fit = bajas.Model(ambiguous, bias=bias).fit(seed=seed, draws=draws, progress=False)
        seconds = time.process_time() - clock
        found = fit.draws.readings
        table = fit.readings()
        print(fit.verdict)
        for sentence in table.attrs["settles"].values():
            print(sentence)
        total = fit.total("killed", side="RU", levels=[0.9])
        low, high = total.interval(0.9).rounded
        for place, row in enumerate(table.itertuples()):
            rows.append(
                {
                    "bias prior": bias.name,
                    "reading": row.reading,
                    "probability": row.probability,
                    "error": row.error,
                    "log evidence": found.log_evidence[place],
                    "its error": found.error[place],
                    "divergence": found.divergence[place],
                    "killed, RU": f"{total.rounded:,.0f} ({low:,.0f} to {high:,.0f})",
                    "trusted": fit.trusted,
                    "CPU seconds": round(seconds),
                }
            )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
