"""One sampler in a process of its own, so that imports, compilation and memory are its own.

    python -m peers.process ORDER.json        # inside benchmarks/; started by measure()

Peers get the representation as a file: loading it isn't charged to them. bajas builds it from the
claims, and what is charged to it is the whole process, from the interpreter's start, but for that
building and for the verdict, which are listed apart; ``wall_s_cold`` has them in.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from posteriors import Case, case

from peers import PEERS
from peers.contract import Length, Meter, Run, cpu_seconds, memory_mb

#: Beyond the limit a peer is to stop by itself; the process is ended after so many CPU seconds
#: more, or at twice the limit, and its draws are lost.
GRACE_S = 180.0
#: Seconds between looks at a process from outside: looking takes time from it.
_WATCH_S = 1.0


def missing(peer: str) -> str | None:
    """Return which package a peer needs and doesn't find."""
    for package in PEERS[peer][1]:
        try:
            version(package)
        except PackageNotFoundError:
            return package
    return None


def measure(
    peer: str,
    built: Case,
    length: Length,
    seed: int,
    environment: Mapping[str, str] | None = None,
) -> tuple[Run | None, dict[str, Any]]:
    """Run a peer in a new process.

    Parameters
    ----------
    peer : str
        One of :data:`peers.PEERS`.
    built : Case
        The posterior.
    length : Length
        How long.
    seed : int
        Of its draws.
    environment : mapping of str to str, optional
        Variables of the environment besides those that are there.

    Returns
    -------
    run : Run or None
        None if it failed or was ended.
    facts : dict
        Wall seconds, memory, versions, and what went wrong.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        order = {"peer": peer, "case": built.name, "length": asdict(length), "seed": seed}
        if peer != "bajas":
            (folder / "representation.pickle").write_bytes(pickle.dumps(built.representation))
        (folder / "order.json").write_text(json.dumps(order | {"started": time.time()}))
        most = length.cpu_limit_s + min(GRACE_S, length.cpu_limit_s)
        facts = _watched(folder, most, environment or {})
        facts["versions"] = {package: version(package) for package in PEERS[peer][1]}
        if not (folder / "draws.npz").is_file():
            tail = (folder / "errors.txt").read_text(errors="replace").strip().splitlines()
            facts.setdefault("error", tail[-1] if tail else f"exit status {facts['status']}")
            return None, facts
        report = json.loads((folder / "report.json").read_text())
        facts |= report.pop("facts")
        facts["peak_rss_mb"] = max(facts["peak_rss_mb"], facts.pop("own_peak_rss_mb"))
        with np.load(folder / "draws.npz") as arrays:
            return Run(**{key: arrays[key] for key in arrays.files}, **report), facts


def _watched(folder: Path, limit_s: float, added: Mapping[str, str]) -> dict[str, Any]:
    """Run the order in a folder and watch memory and time."""
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1]))
    environment |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    environment |= added
    peak = 0.0
    with (folder / "errors.txt").open("w") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "peers.process", str(folder / "order.json")],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        facts: dict[str, Any] = {}
        try:
            while child.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_WATCH_S)
                    break
                peak = max(peak, memory_mb(child.pid))
                if cpu_seconds(child.pid) > limit_s:
                    facts["error"] = f"ended after {limit_s:.0f} CPU seconds with nothing to show"
                    facts["cpu_s_spent"] = round(cpu_seconds(child.pid), 1)
                    break
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    return facts | {"peak_rss_mb": round(peak), "status": child.returncode}


def main() -> None:
    """Carry out the order."""
    before = cpu_seconds()
    file = Path(sys.argv[1])
    order = json.loads(file.read_text())
    length = Length(**order["length"])
    begun = time.time()
    facts: dict[str, Any]
    if order["peer"] == "bajas":
        result, facts = _whole_line(order, length, before)
        facts["wall_s_cold"] = time.time() - order["started"]
        facts["wall_s"] = facts["wall_s_cold"] - facts["wall_s_build"] - facts["wall_s_verdict"]
    else:
        representation = pickle.loads((file.parent / "representation.pickle").read_bytes())
        begun = time.time()
        module = importlib.import_module(PEERS[order["peer"]][0])
        result = module.run(representation, length, order["seed"])
        facts = {"wall_s": time.time() - begun}
    facts["own_peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    facts = {k: round(v, 3) if isinstance(v, float) else v for k, v in facts.items()}
    report = {
        "gradients_before": result.gradients_before,
        "cpu": dict(result.cpu),
        "starts": result.starts,
        "complete": result.complete,
        "extra": dict(result.extra),
        "facts": facts,
    }
    (file.parent / "report.json").write_text(json.dumps(report))
    np.savez(
        file.parent / "draws.npz",
        position=result.position,
        steps=result.steps,
        diverging=result.diverging,
    )


def _whole_line(order: dict[str, Any], length: Length, before: float) -> tuple[Run, dict[str, Any]]:
    """From claims to a verdict, as a user would."""
    from bajas.model.representation import Representation
    from bajas.sampler.choice import named_sampler
    from bajas.sampler.interface import Draws, Progress, Settings
    from peers.bajas_fused import as_run, progress_until, settings

    marks: dict[str, float] = {"cpu": cpu_seconds(), "wall": time.time()}
    built = case(order["case"])
    chosen = settings(length, order["seed"])
    found: dict[str, Any] = {}

    def sampler(representation: Representation, asked: Settings, progress: Progress) -> Draws:
        found["wall_s_build"] = time.time() - marks["wall"]
        found["cpu_s_build"] = cpu_seconds() - marks["cpu"]
        meter = Meter(length.cpu_limit_s)
        meter.cpu["import"] = marks["cpu"]
        draws = named_sampler("fused")(representation, asked, progress_until(meter))
        meter.lap("sample")
        found["run"] = as_run(draws, meter)
        found["wall_s_verdict"] = time.time()
        return draws

    if built.model is None:
        from effective import counted

        from bajas.posterior.verdict import judge

        draws = sampler(built.representation, chosen, lambda *_: None)
        quantities = dict(zip(*counted(built, draws.position), strict=True))
        verdict = judge(
            quantities,
            np.asarray(draws.stats["diverging"], dtype=bool),
            np.asarray(draws.stats["energy"], dtype=float),
            draws.complete,
        )
    else:
        options = {"draws": chosen.draws, "tune": chosen.tune, "chains": chosen.chains}
        verdict = built.model.fit(
            seed=chosen.seed, cores=chosen.cores, sampler=sampler, progress=False, **options
        ).verdict
    found["wall_s_verdict"] = time.time() - found["wall_s_verdict"]
    found |= {"trusted": verdict.trusted, "verdict": list(verdict.reasons)}
    run = found.pop("run")
    return run, found


if __name__ == "__main__":
    main()
