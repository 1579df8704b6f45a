"""A stream read anew, on the record."""

from __future__ import annotations

import pytest
from claim_tables import OTHER
from model_examples import ledger, window

import bajas

STREAM = "general_staff: X all killed"
ROWS = (
    window(0, 30, value="900"),
    window(0, 58, value="1900"),
    window(0, 58, claim_id="p", value="", qualifier="peak"),
    OTHER,
)


def test_all_figures_of_the_stream_change_and_nothing_else() -> None:
    before = ledger(*ROWS)
    after = before.reread(STREAM, outcome="casualties|killed")
    assert {c.claim_id: c.outcome for c in after} == {
        "d0-30": "killed|casualties", "d0-58": "killed|casualties", "p": "killed", "b1": "killed",
    }  # fmt: skip
    assert before["d0-30"].outcome == "killed"
    assert after.hash != before.hash


def test_the_change_is_on_record_and_stays_with_the_claims_it_concerns() -> None:
    after = ledger(*ROWS).reread(STREAM, outcome="killed|casualties")
    (record,) = [f for f in after.findings if f.rule == "stream-read-anew"]
    assert record.claim_ids == ("d0-30", "d0-58")
    assert "killed|casualties, not as the table says" in record.message
    (known,) = [f for f in after.as_of("2023-02-02").findings if f.rule == "stream-read-anew"]
    assert known.claim_ids == ("d0-30",)


def test_read_anew_twice_it_is_what_the_table_said() -> None:
    before = ledger(*ROWS)
    there = before.reread(STREAM, outcome="killed|casualties")
    assert there.reread(f"{STREAM}|casualties", outcome="killed") == before


@pytest.mark.parametrize(
    ("stream", "changes", "message"),
    [
        ("general_staff: X all wounded", {"outcome": "killed"}, "streams of general_staff"),
        ("nobody: X all killed", {"outcome": "killed"}, "no stream 'nobody"),
        (STREAM, {"outcome": "killed"}, "in that way already"),
        (STREAM, {}, "in that way already"),
        (STREAM, {"outcome": "killed|"}, "is empty"),
        (STREAM, {"outcome": "dead"}, "unknown outcome 'dead'"),
        (STREAM, {"component": "militia"}, "unknown component"),
    ],
)
def test_a_slip_is_refused(stream: str, changes: dict[str, str], message: str) -> None:
    with pytest.raises(bajas.BajasError, match=message):
        ledger(*ROWS).reread(stream, **changes)


def test_two_streams_of_a_source_do_not_become_one() -> None:
    rows = (*ROWS, window(0, 58, claim_id="w", outcome="casualties", value="5000"))
    with pytest.raises(bajas.BajasError, match="part of another stream"):
        ledger(*rows).reread(STREAM, outcome="casualties")
