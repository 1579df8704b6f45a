"""Stan's NUTS with CmdStan's defaults on a program for any representation.

Chains start uniform on (-2, 2) in every standardised coordinate: Stan's own default. CPU seconds
are those of Stan's processes; reading its draws isn't charged. Compiling is, with the CPU seconds
on record from when it was done, although the program is the same for all posteriors.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from bajas.model.representation import Representation
from bajas.sampler.interface import trimmed
from peers.contract import Length, Meter, Run
from peers.stan_data import stan_data
from peers.stan_program import stan_program

_DRAWS, _TUNE = 1000, 1000
#: Columns of the sampler before the parameters.
_COLUMNS = 7
_STEPS, _DIVERGENT = 4, 5


def run(representation: Representation, length: Length, seed: int) -> Run:
    """Sample; see :class:`peers.contract.Run`."""
    program, compile_seconds, cached = stan_program()
    draws, tune = length.draws or _DRAWS, length.tune or _TUNE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.json").write_text(json.dumps(stan_data(representation)))
        meter = Meter(length.cpu_limit_s)
        waiting = list(range(length.chains))
        running: list[subprocess.Popen[str]] = []
        failures: list[str] = []
        while (waiting or running) and not meter.over():
            while waiting and len(running) < length.cores:
                chain = waiting.pop(0)
                command = [program, "sample", folder / "data.json", folder / f"{chain}.draws"]
                command += [seed, chain + 1, tune, draws]
                running.append(
                    subprocess.Popen(
                        [str(part) for part in command],
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE,
                        text=True,
                    )
                )
            time.sleep(0.05)
            for process in [p for p in running if p.poll() is not None]:
                running.remove(process)
                if process.returncode != 0:
                    failures.append(process.communicate()[1][-500:])
        complete = not running and not waiting
        for process in running:
            process.kill()
            process.wait()
        meter.lap("sample")
        if failures:
            raise RuntimeError(f"Stan failed: {failures[0]}")
        width = _COLUMNS + representation.size
        rows = np.full((length.chains, tune + draws, width), np.nan)
        for chain in range(length.chains):
            file = folder / f"{chain}.draws"
            values = np.fromfile(file) if file.is_file() else np.zeros(0)
            values = values[: values.size // width * width].reshape(-1, width)
            rows[chain, : values.shape[0]] = values
    everything = float(np.nansum(rows[:, :, _STEPS]))
    kept = rows[:, tune:]
    position, stats = trimmed(
        kept[:, :, _COLUMNS:],
        {"steps": kept[:, :, _STEPS], "diverging": kept[:, :, _DIVERGENT] > 0},
    )
    before = everything - float(stats["steps"].sum())
    cpu = {"compile": compile_seconds, **meter.cpu}
    extra = {"compiled_before": cached, "stan": "2.39, from the httpstan wheel"}
    return Run(
        position, stats["steps"], stats["diverging"], before, cpu, complete=complete, extra=extra
    )
