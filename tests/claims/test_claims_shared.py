"""The published tables are read exactly as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from claim_tables import rules

import bajas


def test_claims_2022_2023_are_accepted_as_they_stand(shared_data: Path) -> None:
    ledger = bajas.read_claims(shared_data / "claims" / "claims_2022_2023.csv")
    assert len(ledger) == 167
    assert ledger["c145"].level == 0.95
    assert ledger["c118"].per_day
    assert ledger["c118"].outcome == "casualties"
    # Thirty sources, none of them two spellings of one.
    assert "similar-source-names" not in rules(ledger)


def test_notes_are_not_acted_upon_but_their_flags_are_pointed_out(shared_data: Path) -> None:
    ledger = bajas.read_claims(shared_data / "claims" / "claims_2022_2023.csv")
    flags = [finding for finding in ledger.findings if finding.rule == "note-flag-not-a-column"]
    said = {finding.fix.split(":")[0].removeprefix("use column "): finding for finding in flags}
    assert set(said) == {"excluded", "derived_from", "theatre"}
    assert all(finding.severity == "warn" for finding in flags)
    assert not any(claim.excluded or claim.derived_from for claim in ledger)
    # RATE is said by the outcome and needs no column.
    assert not any("says RATE" in finding.message for finding in flags)


def test_the_article_has_one_claim_without_a_figure(shared_data: Path) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        bajas.read_claims(shared_data / "claims" / "claims_seed.csv")
    assert [(item.claim_id, item.rule) for item in caught.value.problems] == [("s021", "no-figure")]


def test_the_article_without_that_claim(shared_data: Path, tmp_path: Path) -> None:
    text = (shared_data / "claims" / "claims_seed.csv").read_text(encoding="utf-8")
    path = tmp_path / "seed.csv"
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("s021")))
    ledger = bajas.read_claims(path)
    assert len(ledger) == 20
    parts = [finding for finding in ledger.findings if finding.rule == "parts-do-not-add-up"]
    assert [set(finding.claim_ids) for finding in parts] == [{"s004", "s005", "s006"}]
    assert "together 62,000" in parts[0].message
