"""The Stan program as an executable, built from the httpstan wheel; its compile time is on record.

The wheel brings Stan whole: its compiler stanc, its headers and its libraries. Of httpstan's own
service nothing is used: the object file that the wheel for Python 3.13 brings for it was built for
Python 3.10, and the service refuses to load what is linked with it. ``stan_main.cpp`` calls the
same function of Stan with the same defaults, and writes draws without the detour through JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from peers.contract import cpu_seconds

_HERE = Path(__file__).parent
PROGRAM, MAIN = _HERE / "representation.stan", _HERE / "stan_main.cpp"
#: As CmdStan compiles.
FLAGS = ("-O3", "-std=c++17", "-w", "-DBOOST_DISABLE_ASSERTS", "-D_REENTRANT")


class NoStanError(RuntimeError):
    """Stan can't be had here, and why."""


def stan_program() -> tuple[Path, float, bool]:
    """Return the executable, the CPU seconds that compiling took, and whether it was there already.

    Raises
    ------
    NoStanError
        If there is no C++ compiler or compiling fails.
    """
    import httpstan

    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        raise NoStanError("Stan needs a C++ compiler, and there is no g++ on the path")
    wheel = Path(httpstan.__file__).parent
    sources = PROGRAM.read_bytes() + MAIN.read_bytes() + str(wheel).encode()
    made = sources + f"{FLAGS} {httpstan.__version__} {compiler}".encode()
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = home / "bajas-benchmarks" / hashlib.sha256(made).hexdigest()[:16]
    program, record = folder / "stan_main", folder / "compile_seconds.json"
    if record.is_file():
        return program, float(json.loads(record.read_text())), True
    folder.mkdir(parents=True, exist_ok=True)
    begun = cpu_seconds()
    translated = folder / "model.hpp"
    _run([wheel / "stanc", "--name", "model", f"--o={translated}", PROGRAM], folder / "stanc.txt")
    _run(
        [
            *(compiler, *FLAGS, f'-DMODEL="{translated}"', f"-I{wheel / 'include'}", MAIN),
            *("-o", program, f"-L{wheel / 'lib'}", f"-Wl,-rpath,{wheel / 'lib'}", "-ltbb"),
        ],
        folder / "compiler.txt",
    )
    seconds = cpu_seconds() - begun
    record.write_text(json.dumps(seconds))
    return program, seconds, False


def _run(command: list[object], output: Path) -> None:
    with output.open("w") as file:
        done = subprocess.run(
            [str(part) for part in command], stdout=file, stderr=subprocess.PIPE, text=True
        )
    if done.returncode != 0:
        raise NoStanError(f"{command[0]} failed: {done.stderr[-2000:]}")
