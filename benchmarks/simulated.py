"""Claims simulated at any size, as a ledger: days, claims and strata as asked.

Strata are categories of sides: one of people killed, eleven of equipment to a side. Their losses
follow random walks in the logarithm from week to week. Of the claims of a stratum up to half, and
no more than one a day, are a general staff's running totals; the others are statements of many
sources on windows of all lengths: points, ranges, and figures of at least or at most so many, each
with a source's bias and noise.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

import bajas

_FIRST = date(2022, 2, 24)
_OUTCOMES = (
    *("killed", "tank", "armoured_vehicle", "artillery", "rocket_launcher", "air_defence"),
    *("aircraft", "helicopter", "drone", "cruise_missile", "ship", "vehicle"),
)
_SOURCES = 12
_QUALIFIERS = ("exact", "about", "at_least", "at_most", "range")


def simulated_ledger(days: int, claims: int, strata: int, seed: int = 1) -> bajas.Ledger:
    """Return a ledger of simulated claims.

    Parameters
    ----------
    days : int
        Days of the war.
    claims : int
        Claims, as evenly over strata as may be; at least two to a stratum.
    strata : int
        Categories of losses of sides, twelve to a side.
    seed : int
        Same seed, same ledger.
    """
    if claims < 2 * strata:
        raise ValueError(f"{claims} claims are too few for {strata} strata: two each at least")
    rng = np.random.default_rng([seed, days, claims, strata])
    rows: list[dict[str, Any]] = []
    for stratum in range(strata):
        side, outcome = f"S{stratum // len(_OUTCOMES) + 1}", _OUTCOMES[stratum % len(_OUTCOMES)]
        count = claims // strata + (stratum < claims % strata)
        rows += _stratum(rng, days, count, side, outcome)
    return bajas.read_claims(pd.DataFrame(rows, dtype=str).fillna(""))


def _stratum(
    rng: np.random.Generator, days: int, claims: int, side: str, outcome: str
) -> list[dict[str, Any]]:
    weeks = days // 7 + 2
    path = rng.normal(4.0, 0.7) + np.cumsum(rng.normal(0, 0.12, weeks))
    daily = np.exp(np.interp(np.arange(days), 7 * np.arange(weeks), path))
    running = np.r_[0.0, np.cumsum(daily)]
    base = {"side": side, "component": "all", "outcome": outcome, "url": "https://example.org"}
    base["status"] = "military"
    rows = []
    totals = min(claims // 2, days)
    ends = np.unique(np.linspace(0, days - 1, totals).astype(int)) if totals else []
    reported, before = 0, 0.0
    for end in ends:
        step = running[end + 1] - before
        reported += max(1, round(1.4 * step * np.exp(0.1 * rng.standard_t(4))))
        before = running[end + 1]
        rows.append(
            base
            | _window(0, int(end))
            | {
                "claim_id": f"t-{side}-{outcome}-{end}", "source": "general_staff",
                "source_type": "belligerent", "speaks_for": "Z", "kind": "tally",
                "evidence": "assertion", "value": str(reported), "qualifier": "exact",
            }
        )  # fmt: skip
    biases = rng.normal(0.2, 0.4, _SOURCES)
    for number in range(claims - len(rows)):
        source = int(rng.integers(_SOURCES))
        start, end = np.sort(rng.integers(0, days, 2))
        if rng.random() < 0.5:
            start = 0
        figure = running[end + 1] - running[start]
        figure *= np.exp(biases[source] + 0.15 * rng.standard_t(4))
        rows.append(
            base
            | _window(int(start), int(end))
            | _figure(rng, max(1, round(figure)))
            | {
                "claim_id": f"a-{side}-{outcome}-{number}", "source": f"institute_{source}",
                "source_type": "think_tank", "speaks_for": "neutral", "kind": "assessment",
                "evidence": "assessment",
            }
        )  # fmt: skip
    return rows


def _window(start: int, end: int) -> dict[str, str]:
    first, last = (_FIRST + timedelta(days=day) for day in (start, end))
    published = last + timedelta(days=1)
    return {
        "start": first.isoformat(),
        "end": last.isoformat(),
        "published": published.isoformat(),
    }


def _figure(rng: np.random.Generator, value: int) -> dict[str, str]:
    qualifier = _QUALIFIERS[int(rng.choice(5, p=(0.35, 0.35, 0.1, 0.05, 0.15)))]
    if qualifier == "range":
        low, high = max(1, round(0.8 * value)), max(2, round(1.25 * value))
        return {"qualifier": "range", "value": "", "low": str(low), "high": str(high)}
    factor = {"at_least": 0.8, "at_most": 1.3}.get(qualifier, 1.0)
    return {"qualifier": qualifier, "value": str(max(1, round(factor * value)))}
