"""The first day of the war: declared, or the earliest start, and then said if most start later."""

from __future__ import annotations

import pandas as pd
from claim_tables import pair

import bajas


def test_without_a_declared_day_no_window_is_cut() -> None:
    rows = pair(start="2022-12-01")
    rows.append({**rows[1], "claim_id": "c1", "source": "other"})
    ledger = bajas.read_claims(pd.DataFrame(rows))
    assert ledger.first_day.isoformat() == "2022-12-01"
    found = [f for f in ledger.findings if f.rule == "first-day-guessed"]
    assert [f.claim_ids for f in found] == [("a1",)]


def test_a_declared_day_is_the_first_day_and_says_nothing_of_guesses() -> None:
    rows = pair(start="2022-12-01")
    taxonomy = bajas.Taxonomy.default().extend({"first_day": "2023-01-01"})
    ledger = bajas.read_claims(pd.DataFrame(rows), taxonomy=taxonomy)
    assert ledger.first_day.isoformat() == "2023-01-01"
    assert not [f for f in ledger.findings if f.rule == "first-day-guessed"]
