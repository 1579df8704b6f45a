"""Files appear whole or not at all: full disks, interrupts, kills, links and devices."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bajas.claims.wholefile import write_whole
from bajas.errors import BajasError

TESTS = str(Path(__file__).parents[1])


@pytest.mark.parametrize("where", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_goes_wrong_on_the_way_leaves_the_old_file_and_nothing_else(
    where: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("before")

    def fail(*_given: object) -> None:
        raise error

    monkeypatch.setattr(os, where, fail)
    with pytest.raises(BajasError if isinstance(error, OSError) else KeyboardInterrupt):
        write_whole(target, [b"after"])
    assert target.read_text() == "before"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_content_that_fails_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(BajasError, match="surrogates not allowed"):
        write_whole(target, (text.encode() for text in ("a", "\ud800")))
    assert target.read_text() == "before"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "private.txt", tmp_path / "link.txt"
    real.write_text("before")
    real.chmod(0o600)
    link.symlink_to(real)
    write_whole(link, [b"after"])
    assert link.is_symlink()
    assert real.read_text() == "after"
    assert real.stat().st_mode & 0o777 == 0o600
    write_whole(tmp_path / "new.txt", [b"x"])
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_pipe_a_device_and_a_folder_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/full")):
        with pytest.raises(BajasError, match="isn't a regular file"):
            write_whole(path, [b"x"])
    assert (tmp_path / "pipe").is_fifo()
    assert Path("/dev/full").is_char_device()


LOOP = """
import sys
from bajas.claims.wholefile import write_whole
contents = [bytes([65 + i]) * 4_000_000 for i in range(3)]
write_whole(sys.argv[1], [contents[0]])
print("going", flush=True)
while True:
    for content in contents:
        write_whole(sys.argv[1], [content[:2_000_000], content[2_000_000:]])
"""


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    target, rng = tmp_path / "a.bin", random.Random(1)
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", LOOP, str(target)], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(rng.random() / 20)
            child.send_signal(signal.SIGKILL)
        content = target.read_bytes()
        assert len(content) == 4_000_000
        assert len(set(content)) == 1
    # what a kill leaves is never taken for the file
    assert all(name == "a.bin" or name.endswith(".part") for name in os.listdir(tmp_path))


FULL = """
import os, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import pandas as pd
from hand_made import independent, small_ledger
import bajas
from bajas.batch.store import Store
from bajas.batch.task import FitTask
from bajas.model.specification import Specification
from bajas.posterior.storage import save

folder = Path(sys.argv[2])
fit, ledger = independent(chains=2, draws=20), small_ledger()
task = FitTask("a", ledger, Specification())
outcome = {"result": {"x": list(range(1000))}, "error": None}
store = Store(folder / "batch", "reduction")
makers = {
    folder / "fit.nc": lambda path: save(fit, path),
    folder / "claims.csv": lambda path: bajas.write_claims(ledger, path),
    folder / "table.csv": lambda path: bajas.write_table(ledger.to_frame(), path),
    store._path(store.key(task)): lambda path: store.write(task, outcome),
}
for path in makers:
    path.write_text("before")
# the disk holds so many bytes of a file and no more
for limit in (0, 100, 700):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for path, make in makers.items():
        try:
            make(path)
        except bajas.BajasError as error:
            assert "can't write" in str(error), error
        else:
            raise SystemExit(f"{path} was written at {limit} bytes")
        assert path.read_text() == "before", path
        assert [name for name in os.listdir(path.parent) if name.endswith(".part")] == []
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no such limit here")
def test_a_disk_that_fills_up_is_a_plain_error_and_costs_no_old_file(tmp_path: Path) -> None:
    """Of a fit, claims, a table and a batch's result, at several places of each file."""
    result = subprocess.run(
        [sys.executable, "-c", FULL, TESTS, str(tmp_path)],
        stderr=subprocess.PIPE, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
