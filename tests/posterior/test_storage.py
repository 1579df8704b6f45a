"""Saved fits: exact round trip; damaged, foreign, hostile and future files give a typed error."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hand_made import BAD, independent, small_ledger

import bajas
from bajas.errors import BajasError, FileFormatError
from bajas.model.specification import Specification
from bajas.posterior import storage
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior
from bajas.posterior.storage import load, save
from bajas.posterior.verdict import Verdict

SEAL = len(b"\n# bajas sha256 ") + 65


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    verdict = Verdict(True, notes=("a note",), measures={"R-hat": 1.001, "worst R-hat": "level"})
    return independent(draws=100, verdict=verdict, provenance={"versions": {"bajas": "0.1.0"}})


@pytest.fixture(scope="module")
def saved(posterior: Posterior, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "fit.nc"
    save(posterior, path)
    return path.read_bytes()


def resealed(content: bytes, change: Callable[[h5py.File], None]) -> bytes:
    """Change a saved fit with full knowledge of the format, seal included."""
    buffer = io.BytesIO(content[:-SEAL])
    with h5py.File(buffer, "r+") as file:
        change(file)
    body = buffer.getvalue()
    return body + b"\n# bajas sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n"


def refused(folder: Path, content: bytes, says: str) -> None:
    path = folder / "fit.nc"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=says) as caught:
        load(path)
    assert "fit.nc" in str(caught.value)


def test_round_trip_is_exact(posterior: Posterior, saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(saved)
    again = load(path)
    assert np.array_equal(again.field_draws, posterior.field_draws)
    assert list(again.hyper_draws) == list(posterior.hyper_draws)
    for name, values in posterior.hyper_draws.items():
        assert np.array_equal(again.hyper_draws[name], values)
    for name, values in posterior.sample_stats.items():
        assert np.array_equal(again.sample_stats[name], values)
        assert again.sample_stats[name].dtype == values.dtype
    assert again.ledger.hash == posterior.ledger.hash
    assert again.ledger.findings == posterior.ledger.findings
    assert list(again.ledger.taxonomy.sides) == list(posterior.ledger.taxonomy.sides)
    assert again.specification == posterior.specification
    assert again.verdict == posterior.verdict
    assert again.provenance == posterior.provenance
    assert (again.seed, again.complete, again.group) == (3, True, "posterior")
    assert np.array_equal(again.total("casualties", "X"), posterior.total("casualties", "X"))


@pytest.mark.parametrize("name", bajas.datasets.available())
def test_shipped_ledgers_with_their_taxonomy_come_back_the_same(name: str, tmp_path: Path) -> None:
    prior = prior_draws(bajas.datasets.load(name), Specification(), 5, seed=2)
    save(prior, tmp_path / "prior.nc")
    again = load(tmp_path / "prior.nc")
    assert [s.label for s in again.design.strata] == [s.label for s in prior.design.strata]
    side, outcome = prior.design.strata[0].side, prior.design.strata[0].outcome
    assert np.array_equal(again.total(outcome, side), prior.total(outcome, side))
    assert again.group == "prior"


def test_an_untrusted_and_interrupted_fit_stays_so(tmp_path: Path) -> None:
    save(independent(draws=20, verdict=BAD, complete=False), tmp_path / "fit.nc")
    again = load(tmp_path / "fit.nc")
    assert again.verdict == BAD
    assert not again.complete
    assert again.why_not


def test_xarray_opens_the_file_with_named_dims_and_dates(saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(saved)
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        losses = tree["posterior/losses"]
        assert losses.dims == ("chain", "draw", "stratum", "week")
        assert losses["week"].dtype.kind == "M"
        assert {"diverging", "energy"} <= set(tree["sample_stats"].data_vars)
        text = bytes(tree["bajas/ledger"].values)
        assert json.loads(text)["claims"][0]["claim_id"] == small_ledger().claims[0].claim_id


def test_a_file_that_can_t_be_written_leaves_nothing_behind(
    posterior: Posterior, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BajasError, match="can't write"):
        save(posterior, tmp_path / "no" / "fit.nc")
    target = tmp_path / "fit.nc"
    target.write_bytes(b"before")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BajasError, match="No space left"):
        save(posterior, target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["fit.nc"]


def test_a_file_that_can_t_be_read_is_a_plain_error(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.nc", tmp_path):
        with pytest.raises(BajasError, match="can't read"):
            load(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.99, 0.9999])
def test_truncated_files(saved: bytes, tmp_path: Path, share: float) -> None:
    refused(tmp_path, saved[: int(share * len(saved))], "not a netCDF-4 file|seal is missing")


def test_flipped_bits(saved: bytes, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    places = [*rng.integers(8, len(saved), 60).tolist(), 8, 20, len(saved) - 2, len(saved) - 70]
    for place in places:
        content = bytearray(saved)
        content[place] ^= 1 << int(rng.integers(8))
        refused(tmp_path, bytes(content), "damaged|seal is missing")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"CDF\x01" + bytes(100), b"\x80\x04\x95", b"\x89HDF\r\n\x1a\n" * 40]
)
def test_foreign_files(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path, content, "not a")


def test_a_file_saved_by_another_program_is_refused(tmp_path: Path) -> None:
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(tmp_path / "fit.nc", engine="h5netcdf")
    refused(tmp_path, (tmp_path / "fit.nc").read_bytes(), "seal is missing")


def set_mark(name: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file.attrs.__setitem__(name, value)


def set_text(name: str, edit: Callable[[str], str]) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        text = edit(file[f"bajas/{name}"][()].tobytes().decode())
        del file[f"bajas/{name}"]
        file[f"bajas/{name}"] = np.frombuffer(text.encode(), dtype="S1")

    return change


def nudge(file: h5py.File) -> None:
    file["posterior/level"][0, 0, 0] += 1e-12


def replace(path: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[path]
        file[path] = value

    return change


def bomb(file: h5py.File) -> None:
    del file["posterior/level"]
    file.create_dataset("posterior/level", (2**40, 2**10), "f8", compression="gzip", chunks=True)


def text_bomb(file: h5py.File) -> None:
    del file["bajas/ledger"]
    file.create_dataset("bajas/ledger", (2**40,), "S1", compression="gzip", chunks=True)


def map_bomb(file: h5py.File) -> None:
    del file["bajas/map_node_offset"]
    file.create_dataset("bajas/map_node_offset", (2**40,), "f8", compression="gzip", chunks=True)


def outside(file: h5py.File) -> None:
    del file["posterior/level"]
    file["posterior"].create_dataset(
        "level", (4, 100, 1), "f8", external=[("/etc/passwd", 0, 3200)]
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (set_mark("schema_version", 3), "upgrade bajas"),
        (set_mark("schema_version", 0), "unknown schema"),
        (set_mark("schema_version", "one"), "unknown schema"),
        (set_mark("format", "something else"), "not a saved fit"),
        (set_mark("ledger_sha256", "0" * 64), "ledger doesn't match"),
        (set_mark("structure_sha256", "0" * 64), "specification or design doesn't match"),
        (set_text("ledger", lambda text: text.replace("1810", "1811")), "ledger doesn't match"),
        (set_text("ledger", lambda _: "[" * 100_000), "malformed"),
        (set_text("ledger", lambda _: "{}"), "ledger doesn't match"),
        (set_text("ledger", lambda _: "\xff"), "malformed"),
        (set_text("specification", lambda t: t.replace("0.15", "0.25")), "specification or design"),
        (set_text("record", lambda t: t.replace('"posterior"', '"../bajas"', 1)), "unknown group"),
        (set_text("record", lambda t: t.replace('"draws": 100', '"draws": 99', 1)), "has shape"),
        (set_text("record", lambda t: t.replace('"bool"', '"object"')), "malformed"),
        (nudge, "draws don't match"),
        (bomb, "has shape"),
        (text_bomb, "not the text"),
        (outside, "not data of this file"),
        (replace("posterior/level", np.zeros((4, 100, 1), "f4")), "type float32"),
        (replace("posterior/level", h5py.ExternalLink("/etc/passwd", "/x")), "not a part"),
        (replace("posterior/level", h5py.SoftLink("/posterior/path")), "not a part"),
        (lambda file: file.__delitem__("posterior"), "missing"),
    ],
)  # fmt: skip
def test_files_made_to_deceive(
    saved: bytes, tmp_path: Path, change: Callable[[h5py.File], None], says: str
) -> None:
    refused(tmp_path, resealed(saved, change), says)


def test_a_map_that_claims_to_be_terabytes_is_refused_by_a_version_that_reads_it(
    saved: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "structure_hash", lambda representation: "of a later model")
    refused(tmp_path, resealed(saved, map_bomb), "map_node_offset is not the map")


def test_a_sparse_file_of_more_than_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    with path.open("wb") as stream:
        stream.truncate(8 * 2**30 + 1)
    with pytest.raises(FileFormatError, match="larger than 8 GB"):
        load(path)


def test_resealing_alone_is_no_change(saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(resealed(saved, lambda _file: None))
    assert load(path).chains == 4
