"""The fuzzer finds what is planted, and finds nothing else."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bajas.claims import row as row_module
from bajas.claims import textfile, validation
from fuzzing.cases import Case, Sheet, fresh, shipped
from fuzzing.saved import run_saved
from fuzzing.tables import HANG_SECONDS, Piece, read_piece, run_piece, write_piece


def test_damaged_tables_are_refused_in_words_or_read_as_they_stand() -> None:
    piece = run_piece(seed=0, number=0, tables=300)
    assert piece.failures == []
    assert piece.tables == 300
    # neither half is empty: shipped rows are read, damaged ones often aren't
    assert piece.accepted > 75
    assert piece.accepted_untouched > 0
    assert len(piece.outcomes) > 30
    assert piece.slowest_seconds < HANG_SECONDS


@pytest.mark.long
def test_ten_thousand_damaged_tables() -> None:
    assert run_piece(seed=7, number=0, tables=10_000).failures == []


def test_the_same_seed_makes_the_same_tables() -> None:
    one, other = fresh(Random("a")), fresh(Random("a"))
    assert one == other != fresh(Random("b"))


def planted(tables: int = 60) -> str:
    piece = run_piece(seed=0, number=1, tables=tables)
    assert piece.failures
    return piece.failures[0]["traceback"]


def test_a_cell_that_is_changed_in_silence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = row_module.clean_text

    def in_silence(raw: str, *, name: bool) -> tuple[str, list[object]]:
        text, remarks = clean(raw, name=name)
        return text.replace(".", ""), remarks  # type: ignore[return-value]

    monkeypatch.setattr(row_module, "clean_text", in_silence)
    assert "Broken" in planted()


def test_a_row_that_is_dropped_in_silence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = validation.read_claim

    def dropping(row: row_module.Row, around: object) -> object:
        return None if row["provisional"] == "1" else whole(row, around)  # type: ignore[arg-type]

    monkeypatch.setattr(validation, "read_claim", dropping)
    assert "Broken" in planted()


def test_an_untyped_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(data: bytes, file: str) -> str:
        return data.decode("utf-8")

    monkeypatch.setattr(textfile, "_decode", careless)
    assert "UnicodeDecodeError" in planted()


def test_a_hang_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from fuzzing import tables

    def endless(data: bytes, file: str) -> str:
        while True:
            pass

    monkeypatch.setattr(tables, "HANG_SECONDS", 0.05)
    monkeypatch.setattr(textfile, "_decode", endless)
    assert "Hang" in planted(1)


def test_pieces_are_kept_and_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    piece = Piece(1, 2, tables=3, outcomes={"accepted": 3})
    write_piece(piece, tmp_path / "p.json")
    assert read_piece(tmp_path / "p.json") == piece
    (tmp_path / "p.json").write_text("{")
    assert read_piece(tmp_path / "p.json") is None


def test_cases_are_of_shipped_tables() -> None:
    assert len(shipped()) > 10
    case = fresh(Random(1))
    assert isinstance(case, Case)
    assert isinstance(case.claims, Sheet)
    assert case.claims_bytes()


def test_damaged_fits_are_refused_and_none_is_taken_for_another() -> None:
    run = run_saved(seed=0, files=12)
    assert run.failures == []
    assert run.sealed == {"refused": 6}
    assert sum(run.resealed.values()) == 6
