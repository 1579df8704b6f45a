"""Claims about a war that never was, with known losses and known biases, for demonstrations."""

from __future__ import annotations

import numpy as np
import pandas as pd

import bajas

FIRST, DAYS = pd.Timestamp("2023-01-01"), 182
#: Source, type, whom it speaks for, factor reported / true, sd of its scatter, days of totals.
SOURCES = (
    ("enemy_staff", "belligerent", "Y", 1.9, 0.08, (31, 59, 90, 120, 151, 182)),
    ("own_ministry", "belligerent", "X", 0.55, 0.10, (90, 182)),
    ("institute", "think_tank", "neutral", 1.1, 0.15, (59, 120, 182)),
    ("ally_agency", "ally", "Y", 1.3, 0.15, (90, 151)),
    ("newspaper", "media_investigation", "neutral", 0.8, 0.20, (120, 182)),
)


def truth() -> np.ndarray:
    """Expected dead of side X on each day: 40 a day with an offensive in the fourth month."""
    day = np.arange(DAYS)
    return 40 * (1 + 1.5 * np.exp(-0.5 * ((day - 105) / 15) ** 2))


def simulated_claims(seed: int = 1, misprint: float = 1.0) -> bajas.Ledger:
    """Return claims of five sources on the dead of side X, and a list of names.

    Parameters
    ----------
    seed : int
        Same seed, same claims.
    misprint : float
        Factor on one figure, the institute's last.
    """
    rng = np.random.default_rng(seed)
    killed = np.cumsum(rng.poisson(truth()))
    rows = []
    for name, kind, speaks_for, bias, noise, days in SOURCES:
        before = 0.0
        for number, (start, stop) in enumerate(zip((0, *days), days, strict=False)):
            true = float(killed[stop - 1] - (killed[start - 1] if start else 0))
            before += true * bias * np.exp(noise * rng.standard_normal())
            figure = before * (misprint if (name, number) == ("institute", 2) else 1.0)
            rows.append(_row(name, number, kind, speaks_for, stop, round(figure)))
    names = {"kind": "register", "evidence": "list", "qualifier": "at_least"}
    listed = round(0.45 * float(killed[-1]))
    rows.append({**_row("names", 0, "media_investigation", "neutral", DAYS, listed), **names})
    table = pd.DataFrame(rows).fillna("").astype(str)
    return bajas.read_claims(table)


def _row(
    name: str, number: int, kind: str, speaks_for: str, stop: int, value: int
) -> dict[str, object]:
    end = FIRST + pd.Timedelta(days=stop - 1)
    return {
        "claim_id": f"{name}_{number + 1}", "source": name, "source_type": kind,
        "speaks_for": speaks_for, "side": "X", "component": "all", "outcome": "killed",
        "start": f"{FIRST:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}",
        "published": f"{end + pd.Timedelta(days=1):%Y-%m-%d}", "value": value,
        "qualifier": "about", "status": "military", "url": "https://example.org/simulated",
        "kind": "", "evidence": "",
    }  # fmt: skip
