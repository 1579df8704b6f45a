"""What the shipped claims say about two ratios: wounded per killed, and the split between forces.

    python docs/scripts/ratio_evidence.py

Prints the tables of docs/explanation/priors.md and components.md. Figures are as published: no bias
is taken out, and figures marked as computed from others are left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import bajas

AS_OF = "2023-08-07"
#: Claims of one force against the rest, and how far apart in days their ends may be.
FORCE, REST, NEAR = "dnr", ("all-ldnr", "all-wagner-ldnr"), 14
#: Battle deaths, and deaths with non-fatal wounds, in wars of the United States since 1917: table 1
#: of "War, Medicine & Death", read in the copy at laodongdongnai.vn/War-Medicine--Death-1682855884.
WARS = {
    "First World War": (53_402, 257_404),
    "Second World War": (291_557, 963_403),
    "Korea": (33_741, 137_023),
    "Vietnam": (47_424, 200_737),
    "Persian Gulf 1990-91": (148, 615),
    "Iraq and Afghanistan to 2004": (1_004, 10_369),
}


def main() -> None:
    """Print both tables."""
    pd.set_option("display.width", 200, "display.max_columns", None, "display.max_rows", None)
    ledger = bajas.datasets.russia_ukraine_2023().as_of(AS_OF)
    left_out = bajas.Model(ledger).design.left_out
    claims = [claim for claim in ledger if claim.claim_id not in left_out]

    print("Wounded per killed: claims of one source, side, force and window\n")
    table = wounded_per_killed(claims)
    print(table.to_string(index=False))
    logs = np.log(table.groupby(["source", "side"], sort=False)["ratio"].median())
    print(f"\none value a source and side ({len(logs)}): {spread(logs)}")
    about_own = table[table["source_type"].isin(["official_own", "belligerent"])]
    own = about_own[about_own["speaks_for"] == about_own["side"]]
    print(
        f"of these, on their own losses: {spread(np.log(own.groupby('source')['ratio'].median()))}"
    )
    wars = np.log([(both - dead) / dead for dead, both in WARS.values()])
    print(f"wars of the United States since 1917 ({len(wars)}): {spread(pd.Series(wars))}")
    for (name, _), value in zip(WARS.items(), np.exp(wars), strict=True):
        print(f"  {name}: {value:.1f}")

    print(f"\nKilled of {FORCE} per killed of forces without it, running totals\n")
    print(split(claims).to_string(index=False))


def wounded_per_killed(claims: list[bajas.Claim]) -> pd.DataFrame:
    """Return every pair of a killed and a wounded figure that count the same people and days."""
    rows = []
    for wounded in claims:
        if wounded.outcome != "wounded":
            continue
        for killed in claims:
            if (killed.outcome, killed.source, killed.side, killed.component, killed.window) == (
                "killed", wounded.source, wounded.side, wounded.component, wounded.window,
            ):  # fmt: skip
                rows.append(
                    {
                        "claims": f"{wounded.claim_id}/{killed.claim_id}",
                        "source": wounded.source,
                        "source_type": wounded.source_type,
                        "speaks_for": wounded.speaks_for,
                        "side": wounded.side,
                        "force": wounded.component,
                        "until": wounded.end,
                        "killed is": killed.qualifier,
                        "ratio": round(middle(wounded) / middle(killed), 2),
                    }
                )
    return pd.DataFrame(rows)


def split(claims: list[bajas.Claim]) -> pd.DataFrame:
    """Return the force's running total against those of the others on nearby days."""
    own = {
        claim.end.toordinal(): float(claim.value or 0)
        for claim in claims
        if claim.component == FORCE and claim.outcome == "killed" and claim.window.days > 100
    }
    days = sorted(own)
    rows = []
    for claim in claims:
        if claim.component not in REST or claim.outcome != "killed" or claim.theatre:
            continue
        day = claim.end.toordinal()
        if not days[0] <= day <= days[-1] + NEAR:
            continue
        mine = float(np.exp(np.interp(day, days, np.log([own[d] for d in days]))))
        rows.append(
            {
                "until": claim.end,
                "claim": claim.claim_id,
                "source": claim.source,
                "forces": claim.component,
                "others": round(middle(claim)),
                FORCE: round(mine),
                "ratio": round(mine / middle(claim), 2),
                "the other figure is": "a floor" if claim.qualifier == "at_least" else "an estimate"
                if claim.source_type != "official_own" else "a count of the side itself",
            }
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("until")


def middle(claim: bajas.Claim) -> float:
    """Return a claim's value, or the geometric mean of its range."""
    if claim.value is not None:
        return float(claim.value)
    return float(np.sqrt(float(claim.low or 0) * float(claim.high or 0)))


def spread(logs: pd.Series) -> str:
    """Return median and robust sd of logs in words."""
    middle_log = float(np.median(logs))
    robust = 1.4826 * float(np.median(np.abs(logs - middle_log)))
    return (
        f"median {np.exp(middle_log):.2f}, sd of logs {float(np.std(logs, ddof=1)):.2f}"
        f" (robust {robust:.2f}), {np.exp(logs.min()):.2f} to {np.exp(logs.max()):.2f}"
    )


if __name__ == "__main__":
    main()
