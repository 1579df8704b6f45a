"""Claims with alternative definitions: read, written, hashed and held together as one stream."""

from __future__ import annotations

from pathlib import Path

import pytest
from claim_tables import OTHER
from model_examples import ledger, window

import bajas
from bajas.claims.taxonomy import Taxonomy

BOTH = {"outcome": "killed|casualties"}


def test_the_order_of_alternatives_means_nothing() -> None:
    one = ledger(window(0, 30, **BOTH), OTHER)
    other = ledger(window(0, 30, outcome="casualties|killed"), OTHER)
    assert one["d0-30"].outcome == other["d0-30"].outcome == "killed|casualties"
    assert one.hash == other.hash


def test_a_definition_in_question_is_another_hash() -> None:
    assert ledger(window(0, 30, **BOTH)).hash != ledger(window(0, 30)).hash


def test_components_may_be_alternatives_too() -> None:
    found = ledger(window(0, 30, component="all|guard"), window(0, 30, claim_id="g", source="s"))
    assert found["d0-30"].component == "guard|all"
    assert found.component_names("X") == ("guard",)


def test_written_claims_read_back(tmp_path: Path) -> None:
    evidence = ledger(window(0, 30, **BOTH), window(0, 60, **BOTH), OTHER)
    bajas.write_claims(evidence, tmp_path / "claims.csv")
    again = bajas.read_claims(tmp_path / "claims.csv", taxonomy=evidence.taxonomy)
    assert again.claims == evidence.claims
    assert again.hash == evidence.hash


def test_a_name_of_the_taxonomy_holds_no_bar() -> None:
    with pytest.raises(bajas.BajasError, match=r"no \+, - or \|"):
        Taxonomy.default().extend({"sums": {"a|b": ["killed"]}})


def test_what_can_be_read_in_two_ways_contradicts_nothing() -> None:
    rows = [window(0, 30, value="5000", **BOTH), window(0, 30, claim_id="w", value="4000",
                                                        outcome="casualties")]  # fmt: skip
    assert not [f for f in ledger(*rows).findings if "exceeds" in f.rule]
    with pytest.raises(bajas.ClaimError, match="part-exceeds-whole"):
        ledger({**rows[0], "outcome": "killed"}, rows[1])
