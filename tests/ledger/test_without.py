"""Ledgers without some sources or claims."""

from __future__ import annotations

import pandas as pd
import pytest
from claim_tables import GOOD, OTHER, table

import bajas
from bajas.design.build import build_design
from bajas.errors import BajasError


def read(*rows: dict[str, str]) -> bajas.Ledger:
    return bajas.read_claims(pd.DataFrame(table(*rows)))


def test_a_source_or_claim_goes_with_its_findings_and_the_hash_follows() -> None:
    ledger = bajas.datasets.article_2023_08_07()
    source = ledger.claims[0].source
    fewer = ledger.without(sources=[source])
    assert all(claim.source != source for claim in fewer)
    assert len(fewer) == len(ledger) - sum(c.source == source for c in ledger)
    assert fewer.hash != ledger.hash
    ids = {claim.claim_id for claim in fewer}
    assert all(f.claim_id is None or f.claim_id in ids for f in fewer.findings)
    assert fewer == ledger.without(claims=[c.claim_id for c in ledger if c.source == source])
    assert bajas.Ledger.from_dict(fewer.as_dict()) == fewer
    assert ledger.without() == ledger


def test_leaving_out_a_claim_lets_no_other_come_in() -> None:
    first = {**GOOD, "claim_id": "old", "value": "1000"}
    newer = {**GOOD, "claim_id": "new", "value": "1300", "published": "2023-05-01",
             "supersedes": "old"}  # fmt: skip
    again = {**GOOD, "claim_id": "new2", "value": "1300", "published": "2023-05-01",
             "supersedes": "old"}  # fmt: skip
    ledger = read(first, newer, OTHER)
    assert {c.claim_id for c in ledger.without(claims=["new"])} == {"b1"}
    twice = read(first, newer, again, OTHER)
    for name in ("new", "new2"):
        used = build_design(twice.without(claims=[name])).observations
        assert [o.name for o in used] == ["b1"]


def test_what_is_not_there_is_an_error() -> None:
    ledger = read(GOOD, OTHER)
    with pytest.raises(BajasError, match="nobody"):
        ledger.without(sources=["nobody"])
    with pytest.raises(BajasError, match="zz"):
        ledger.without(claims=["zz"])
    with pytest.raises(BajasError, match="no claim of this ledger would be left"):
        ledger.without(sources=["general_staff", "think_tank"])
    with pytest.raises(BajasError, match="list of names"):
        ledger.without(sources="general_staff")


def test_withholding_observations_keeps_days_and_strata() -> None:
    design = build_design(bajas.datasets.article_2023_08_07())
    names = [o.name for o in design.observations][:3]
    fewer = design.withholding(names)
    assert fewer.strata == design.strata
    assert fewer.calendar == design.calendar
    assert len(fewer.observations) == len(design.observations) - 3
    assert set(fewer.left_out) > set(design.left_out)
    with pytest.raises(BajasError, match="nothing_of_the_kind"):
        design.withholding(["nothing_of_the_kind"])
