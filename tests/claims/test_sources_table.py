"""The sources table: what it adds to the claims, and what it must not contradict."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from claim_tables import OTHER, pair, read_rows, table

import bajas
from bajas.claims.source import Anchor, Source
from bajas.claims.sources_table import read_sources


def sources(**changes: str) -> pd.DataFrame:
    return pd.DataFrame([{"source": "general_staff", **changes}])


def test_it_says_what_the_claims_leave_open(tmp_path: Path) -> None:
    rows = table({"speaks_for": ""}, OTHER)
    path = tmp_path / "sources.csv"
    path.write_text(
        "source,speaks_for,kind,evidence,anchor_mean,anchor_sd,note\n"
        "general_staff,Y,tally,assertion,-1.125,0.5,why\n",
        encoding="utf-8",
    )
    ledger = read_rows(tmp_path, rows, sources=path)
    claim = ledger["a1"]
    assert (claim.speaks_for, claim.kind, claim.evidence) == ("Y", "tally", "assertion")
    assert ledger.sources["general_staff"].anchor == Anchor(-1.125, 0.5)
    assert "tally" not in {finding.text for finding in ledger.findings}


def test_sources_without_a_row_are_known_from_their_claims(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, pair(), sources=sources(kind="tally"))
    assert ledger.sources["think_tank"] == Source("think_tank", speaks_for="neutral")


def test_a_source_that_speaks_for_two_sides_says_it_row_by_row(tmp_path: Path) -> None:
    rows = table({}, {"claim_id": "a2", "side": "Y", "speaks_for": "X"}, OTHER)
    assert read_rows(tmp_path, rows).sources["general_staff"].speaks_for == ""


@pytest.mark.parametrize(
    ("changes", "column"),
    [({"speaks_for": "X"}, "speaks_for"), ({"kind": "register"}, "kind")],
)
def test_contradiction_with_the_claims_is_refused(
    tmp_path: Path, changes: dict[str, str], column: str
) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        read_rows(tmp_path, pair(kind="tally"), sources=sources(**changes))
    assert (caught.value.rule, caught.value.column) == ("contradicts-sources-table", column)


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([{"source": ""}], "missing-source"),
        ([{"source": "a"}, {"source": "a"}], "duplicate-source"),
        ([{"source": "a", "kind": "talley"}], "unknown-kind"),
        ([{"source": "a", "derived_from": "a"}], "derived-from-itself"),
        (
            [{"source": "a", "derived_from": "b"}, {"source": "b", "derived_from": "a"}],
            "derived-from-loop",
        ),
        ([{"source": "a", "anchor_mean": "0.1"}], "half-anchor"),
        ([{"source": "a", "anchor_mean": "0", "anchor_sd": "0"}], "anchor-sd"),
        ([{"source": "a", "anchor_mean": "nan", "anchor_sd": "1"}], "not-a-number"),
        ([{"source": "a", "anchor_mean": "40000", "anchor_sd": "1"}], "anchor-not-a-log-ratio"),
        ([{"source": "a", "bias": "1"}], "unknown-column"),
        ([{"name": "a"}], "missing-column"),
    ],
)
def test_problems_of_the_table(rows: list[dict[str, str]], rule: str) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        read_sources(pd.DataFrame(rows).fillna(""))
    assert rule in {problem.rule for problem in caught.value.problems}


def test_an_anchor_on_the_edge_is_taken() -> None:
    edge = {"source": "a", "anchor_mean": "-10", "anchor_sd": "10"}
    found, _ = read_sources(pd.DataFrame([edge]))
    assert found["a"].anchor == Anchor(-10.0, 10.0)


def test_a_source_may_repeat_one_that_only_the_claims_name(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, pair(), sources=sources(derived_from="think_tank"))
    assert ledger.sources["general_staff"].derived_from == ("think_tank",)


def test_a_source_that_repeats_an_unknown_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        read_rows(tmp_path, pair(), sources=sources(derived_from="think_tnk"))
    assert caught.value.rule == "unknown-origin"
    assert "'think_tank'" in caught.value.fix


def test_sources_of_a_ledger_can_be_given_back(tmp_path: Path) -> None:
    ledger = read_rows(tmp_path, pair(), sources=sources(kind="tally"))
    assert read_rows(tmp_path, pair(), sources=ledger.sources) == ledger
    with pytest.raises(bajas.BajasError, match="is the source"):
        read_rows(tmp_path, pair(), sources={"x": Source("y")})
