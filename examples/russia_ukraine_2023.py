"""Losses of both sides of the Russian war against Ukraine, as known on 7 August 2023.

The main job of bajas on the claims that ship with it: tallies, admissions, estimates and lists of
some thirty sources go in; posterior ranges by side, force, outcome and date come out, with the
bias that each source turned out to have, statements and their probability, sentences to cite, and
plots.

    make example                                  # or:
    python examples/russia_ukraine_2023.py [--bias hindsight|symmetric] [--out FOLDER] [--full]

With ``--full`` (``make example-full``) also what the answer leans on, by reweighting and by other
fits: sensitivity to every assumption, the influence of every claim, other readings of an ambiguous
total, and what the answer would have been on earlier dates. That takes some twenty CPU minutes
more; short fits are kept in the folder, so that a run that was cut short goes on from there.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import bajas

AS_OF = "2023-08-07"
LEVEL = 0.9
HEADLINE = {"outcome": "killed", "side": "RU", "component": "all-ldnr", "until": "2023-05-27"}
FORCES = ("regular", "wagner", "ldnr")
EQUIPMENT = ("tank", "artillery", "air_defence")
#: Quarters in which the wounded per killed are shown.
QUARTERS = pd.period_range("2022Q2", "2023Q2", freq="Q")
#: Dates on which the dead of the first months are asked for, with what was known by then.
KNOWN_ON = ("2022-06-30", "2022-09-30", "2022-12-31", "2023-03-31", "2023-06-30", AS_OF)
FIRST_MONTHS = tuple(
    {"outcome": "killed", "side": "RU", "component": component, "until": "2022-06-15"}
    for component in ("all", "all-wagner-ldnr", "all-ldnr")
)


def main() -> int:
    """Run the example; 1 if the fit can't be trusted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bias", choices=("hindsight", "symmetric"), default="hindsight")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("examples/output"))
    parser.add_argument("--full", action="store_true", help="also what the answer leans on")
    options = parser.parse_args()
    started = time.perf_counter()
    pd.set_option("display.width", 200, "display.max_columns", None, "display.max_rows", None)

    # -- claims -> ledger ---------------------------------------------------------------------
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    heading("The evidence")
    print(ledger)
    for finding in ledger.findings:
        print(f"  {finding}")

    # -- ledger -> design -> model -> posterior -----------------------------------------------
    model = bajas.Model(ledger, bias=getattr(bajas.bias, options.bias)())
    heading("What a claim was taken to mean (three of them)")
    for claim_id in ("c046", "c145", "s002"):
        print(model.design.explain(claim_id))
    fit = model.fit(seed=options.seed)
    heading("Can the fit be trusted?")
    print(fit.verdict)

    # -- answers ------------------------------------------------------------------------------
    heading(f"Totals, 24 February 2022 to 6 August 2023: median and {LEVEL:.0%} interval")
    print(ranges(fit.summary([LEVEL])))
    heading("Totals from the first day to the dates of the claims")
    print(at_claim_dates(fit))
    heading("Month by month (February 2022 and August 2023 in part)")
    print(monthly(fit))
    heading("Equipment of Russian forces, by month with figures")
    print(equipment(fit))
    heading("What each source reports for every one lost (bias as a factor)")
    print(portrait(fit))
    heading("Whose dead: shares of Russian killed by force, quarter by quarter")
    print(quarterly_shares(fit))
    heading("Wounded for every one killed, quarter by quarter, and Ukraine's missing and captured")
    print(other_outcomes(fit))
    heading("How complete the lists of names are")
    print(fit.registers(level=LEVEL).to_string(index=False, float_format="{:.2f}".format))
    heading("How biases moved")
    print(fit.drift(level=LEVEL).to_string(index=False, float_format="{:.2f}".format))
    heading("Sources that err together more than independent ones would")
    together = fit.collusion()
    suspect = together[together["suspect"]]
    print(f"none of {len(together)} pairs" if suspect.empty else suspect.to_string(index=False))
    heading("What the claims can't tell apart")
    for finding in fit.findings[len(ledger.findings) :]:
        print(f"  {finding}")

    heading("Statements and how probable they are")
    print(fit.probability("casualties", side="RU", during="2023-03", is_="peak"))
    print(fit.probability("killed", side="RU", component="wagner", until="2023-05-20",
                          at_least=22_000))  # fmt: skip
    for reading in ("mean", "every"):
        print(fit.probability("casualties", side="RU", since="2023-06-27", below=700,
                              per_day=reading))  # fmt: skip

    if not fit.trusted:
        print("The fit can't be trusted and is not cited.", file=sys.stderr)
    else:
        heading("Three sentences to cite")
        for question in (
            HEADLINE,
            {"outcome": "casualties", "side": "RU", "until": "2023-08-06"},
            {"outcome": "killed", "side": "UA", "until": "2023-08-06"},
        ):
            print(f"{fit.cite(**question)}\n")

    if options.full:
        leans_on(fit, options)
    write(fit, options.out)
    print(f"Plots and the fit are in {options.out}/; {time.perf_counter() - started:.0f} s in all.")
    return 0 if fit.trusted else 1


def leans_on(fit: bajas.Fit, options: argparse.Namespace) -> None:
    """Print how far the headline moves with each assumption, claim, definition and date."""
    options.out.mkdir(parents=True, exist_ok=True)
    refits = options.out / "refits"
    heading("What the headline rests on")
    found = fit.sensitivity(**HEADLINE, folder=refits)
    print(found, found.levels.to_string(index=False), sep="\n\n")
    found.save(options.out / "sensitivity.json")
    found.plot().figure.savefig(options.out / "sensitivity.png", dpi=150, bbox_inches="tight")
    heading("Which claims move it, and which surprise all others")
    claims = fit.influence(**HEADLINE, folder=refits)
    surprising = claims.top(5, by="surprise")
    print(claims, surprising[["observation", "stream", "value", "surprise"]], sep="\n\n")
    heading("What the General Staff's total counts: probability of each reading")
    ambiguous = fit.ledger.reread(
        "ua_general_staff: RU all casualties", outcome="killed|casualties"
    )
    readings = bajas.Model(ambiguous).readings(
        bias=[bajas.bias.hindsight(), bajas.bias.symmetric(0.6)], seed=options.seed, draws=2000
    )
    print(readings.to_string(index=False))
    for said in readings.attrs["settles"].values():
        print(*said.values())
    heading("What the answer about the first months would have been on earlier dates")
    # the first months hang on the split between forces: take what was published about it
    shares = bajas.share_priors(bajas.datasets.russia_ukraine_2023_shares())
    vintages = bajas.vintages(
        bajas.datasets.russia_ukraine_2023(), KNOWN_ON, FIRST_MONTHS,
        specification=bajas.Specification(intensity=bajas.IntensityPrior(components=shares)),
        seed=options.seed, folder=refits,
    )  # fmt: skip
    print(vintages.frame(LEVEL).drop(columns=["mcse", "why_not"]).to_string(index=False))
    print("\nThe same with the default priors of the forces, as in the tables above")
    for asked in FIRST_MONTHS:
        print(f"{asked['component']}: {range_of(fit.total(**asked, levels=[LEVEL]))}")
    moved = vintages.changes[vintages.changes["beyond_mcse"]].drop(columns="claim_ids")
    print(moved.to_string(index=False, float_format="{:,.0f}".format))
    vintages.plot().figure.savefig(options.out / "vintages.png", dpi=150, bbox_inches="tight")


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'=' * len(text)}")


def ranges(table: pd.DataFrame) -> str:
    """Return a summary with one readable range per row."""
    shown = table[["side", "component", "outcome"]].copy()
    shown["median"] = table["median"].map("{:,.0f}".format)
    low, high = table[f"low_{LEVEL:g}"], table[f"high_{LEVEL:g}"]
    shown["range"] = [f"{a:,.0f} to {b:,.0f}" for a, b in zip(low, high, strict=True)]
    return shown.to_string(index=False)


def at_claim_dates(fit: bajas.Fit) -> str:
    """Return cumulative ranges of every claimed force on the days up to which one was claimed."""
    first = fit.ledger.first_day
    claimed: dict[tuple[str, str], set[str]] = {}
    for observation in fit.design.observations:
        stream = fit.design.streams[observation.stream]
        if observation.window.start == first and stream.counted == "personnel":
            for component in {"all", stream.component}:
                days = claimed.setdefault((stream.side, component), set())
                days.add(observation.window.end.isoformat())
    blocks = []
    for outcome in ("killed", "casualties"):
        rows = []
        for (side, component), days in claimed.items():
            for day in sorted(days):
                try:
                    found = fit.total(outcome, side, component, until=day, levels=[LEVEL])
                except bajas.QuantityError:  # a part of a force: no total of its own
                    break
                if found.rounded > 0:
                    rows.append((day, f"{side} {component}", range_of(found)))
        table = pd.DataFrame(rows, columns=["until", outcome, "range"])
        table = table.pivot_table(
            index="until", columns=outcome, values="range", aggfunc="first", fill_value=""
        )
        blocks.append(table.to_string())
    return "\n\n".join(blocks)


def range_of(found: bajas.Estimate) -> str:
    """Return median and interval in a cell."""
    low, high = found.interval(LEVEL).rounded
    return f"{found.rounded:,.0f} ({low:,.0f} to {high:,.0f})"


def monthly(fit: bajas.Fit) -> str:
    """Return monthly ranges of killed and casualties of every force that the claims tell apart."""
    first, last = fit.ledger.first_day, fit.ledger.last_day
    months = pd.date_range(first.replace(day=1), last, freq="MS")
    blocks = []
    summary = fit.summary([LEVEL])
    for outcome, forces in summary.groupby("outcome", sort=False):
        columns = {
            f"{side} {component}": [
                range_of(
                    fit.total(
                        outcome,
                        side,
                        component,
                        since=max(month.date(), first),
                        until=min((month + pd.offsets.MonthEnd()).date(), last),
                        levels=[LEVEL],
                    )
                )
                for month in months
            ]
            for side, component in zip(forces["side"], forces["component"], strict=True)
        }
        table = pd.DataFrame(columns, index=months.strftime("%Y-%m").rename(outcome))
        blocks.append(table.to_string())
    return "\n\n".join(blocks)


def other_outcomes(fit: bajas.Fit) -> str:
    """Return the ratio of wounded to killed by quarter, and the outcomes that few claims are about.

    The ratio is that of expected losses, draw by draw.
    """
    low, high = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    rows = {}
    for quarter in QUARTERS:
        days = {"since": str(quarter.start_time.date()), "until": str(quarter.end_time.date())}
        cells = {}
        for side in ("RU", "UA"):
            killed, wounded = (
                fit.draws.total(outcome, side, **days, expected=True)
                for outcome in ("killed", "wounded")
            )
            of = np.quantile(wounded / killed, [low, 0.5, high])
            cells[side] = f"{of[1]:.1f} ({of[0]:.1f} to {of[2]:.1f})"
        rows[str(quarter)] = cells
    totals = {
        outcome: range_of(fit.total(outcome, "UA", levels=[LEVEL]))
        for outcome in ("missing", "captured", "irrecoverable")
    }
    return f"{pd.DataFrame(rows).T.to_string()}\n\n{pd.Series(totals, name='UA').to_string()}"


def equipment(fit: bajas.Fit) -> str:
    """Return monthly ranges of the categories of equipment; their course follows the people's."""
    months = pd.period_range("2023-01", "2023-07", freq="M")
    columns = {
        category: [
            range_of(
                fit.total(
                    category,
                    "RU",
                    since=str(month.start_time.date()),
                    until=str(month.end_time.date()),
                    levels=[LEVEL],
                )
            )
            for month in months
        ]
        for category in EQUIPMENT
    }
    return pd.DataFrame(columns, index=months.astype(str)).to_string()


def quarterly_shares(fit: bajas.Fit) -> str:
    """Return the shares of the forces in a side's killed, one column a force."""
    table = fit.shares_table("RU", components=FORCES, freq="Q", levels=[LEVEL]).reset_index()
    low, high = table[f"low_{LEVEL:g}"], table[f"high_{LEVEL:g}"]
    table["share"] = [
        f"{middle:.2f} ({a:.2f} to {b:.2f})"
        for middle, a, b in zip(table["median"], low, high, strict=True)
    ]
    wide = table.pivot_table(index="end", columns="component", values="share", aggfunc="first")
    wide.index.name = "quarter to"
    return wide[list(FORCES)].to_string()


def portrait(fit: bajas.Fit) -> str:
    """Return the bias of each source by side and outcome as one readable line each."""
    table = fit.sources(LEVEL)
    biased = table[table["bias"].notna()]
    shown = biased[["source", "side", "outcome", "relation", "kind", "observations"]].copy()
    shown["reported per true"] = [
        f"{row.bias:.2f} ({row.bias_low:.2f} to {row.bias_high:.2f})" for row in biased.itertuples()
    ]
    shown["expected before"] = [
        f"{row.prior:.2f} ({row.prior_low:.2f} to {row.prior_high:.2f})"
        for row in biased.itertuples()
    ]
    shown["noise"] = biased["noise"].map("{:.0%}".format)
    return shown.to_string(index=False)


def write(fit: bajas.Fit, folder: Path) -> None:
    """Write the fit and its plots."""
    folder.mkdir(parents=True, exist_ok=True)
    fit.save(folder / "russia_ukraine_2023.nc")
    plots = {
        "killed_russia": lambda: fit.plot.path("killed", side="RU", cumulative=True),
        "casualties_russia": lambda: fit.plot.path("casualties", side="RU"),
        "killed_ukraine": lambda: fit.plot.path("killed", side="UA", cumulative=True),
        "killed_wagner": lambda: fit.plot.path(
            "killed", side="RU", component="wagner", cumulative=True
        ),
        "artillery_russia": lambda: fit.plot.path("artillery", side="RU", freq="M"),
        "shares_russia": lambda: fit.plot.shares("RU", components=FORCES),
        "registers": fit.plot.registers,
        "drift": fit.plot.drift,
        "sources_russia": lambda: fit.plot.sources("RU"),
        "sources_ukraine": lambda: fit.plot.sources("UA"),
        "claims_russia": lambda: fit.plot.claims("RU"),
    }
    for name, draw in plots.items():
        figure = draw().figure
        figure.savefig(folder / f"{name}.png", dpi=150, bbox_inches="tight")
        plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
