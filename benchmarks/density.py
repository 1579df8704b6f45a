"""Cost of a gradient: CPU microseconds of one value and gradient, one thread.

    python benchmarks/density.py [--posterior P1,P2,P3] [--json FILE]

kernel       the fused kernel of bajas, in standardised coordinates
mapped       the same in the coordinates of its map, which is what its sampler evaluates
pytensor     what nutpie compiles of the PyMC model: PyTensor's gradient in numba
jax          the density of peers/jax_density.py, compiled, double precision, in a compiled loop
stan         the program of peers/representation.stan
lower bound  nothing but the exp, log, log1p and log-gamma calls of one evaluation, over arrays of
             the same sizes, each by the faster of libm and the library's own vector code

Every engine is called from compiled code or in a loop of its own, so that Python's overhead is in
none of them. The figure is the smallest of some repeats: others share the machine. Memory is what
the process had at most while an engine was made ready and timed, above what it had before; where
the system can't say, it isn't given.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from origin import origin
from posteriors import NAMES, NoDataError, case
from threadpoolctl import threadpool_limits

from bajas.model.family import NEGATIVE_BINOMIAL, POINT, POISSON
from bajas.model.representation import Representation
from bajas.sampler.kernel import log_density
from bajas.sampler.kernel_arrays import kernel_arrays
from bajas.sampler.special import exponentials, logarithms

#: Does so many evaluations, one after the other.
Evaluate = Callable[[int], None]

#: CPU seconds of one repeat, and repeats.
_REPEAT_S, _REPEATS = 0.15, 7


class NotHereError(RuntimeError):
    """An engine can't run here, and why."""


def point(representation: Representation) -> np.ndarray:
    """Return where the density is evaluated: near the prior's centre, the same for all engines."""
    return 0.3 * np.random.default_rng(1).standard_normal(representation.size)


# -- bajas ---------------------------------------------------------------------------------------


@njit(nogil=True)
def _kernel_loop(position: np.ndarray, gradient: np.ndarray, k: Any, times: int) -> float:
    value = 0.0
    for _ in range(times):
        value += log_density(position, gradient, k)
    return value


def kernel(representation: Representation) -> Evaluate:
    """Return the fused kernel."""
    where, arrays = point(representation), kernel_arrays(representation)
    gradient = np.empty_like(where)
    return lambda times: _kernel_loop(where, gradient, arrays, times)


def mapped(representation: Representation) -> Evaluate:
    """Return the fused kernel in the coordinates of its first map, called as chains call it."""
    from bajas.sampler.address import Address, density_at
    from bajas.sampler.map import first_map

    @njit(nogil=True)
    def loop(position: np.ndarray, gradient: np.ndarray, k: Any, m: Any, times: int) -> float:
        value = 0.0
        for _ in range(times):
            value += density_at(position, gradient, k, m)
        return value

    arrays = kernel_arrays(representation)
    # by its address it is compiled once for all, and not again into this loop
    address = Address(arrays, first_map(representation, arrays).arrays())
    where = point(representation)
    gradient = np.empty_like(where)
    return lambda times: loop(where, gradient, address.code, address.data, times)


# -- peers ---------------------------------------------------------------------------------------


def pytensor(representation: Representation) -> Evaluate:
    """Return what nutpie compiles of the PyMC model."""
    import nutpie

    from bajas.model.graph import build_pymc_model

    compiled = nutpie.compile_pymc_model(build_pymc_model(representation))
    double = ctypes.POINTER(ctypes.c_double)
    call = ctypes.CFUNCTYPE(
        ctypes.c_int64, ctypes.c_size_t, double, double, double, ctypes.c_void_p
    )(compiled.compiled_logp_func.address)
    where = point(representation)
    gradient, value = np.empty_like(where), np.empty(1)
    pointers = [array.ctypes.data_as(double) for array in (where, gradient, value)]
    data = compiled.user_data.ctypes.data

    def evaluate(times: int) -> None:
        for _ in range(times):
            if call(where.size, *pointers, data) != 0:
                raise RuntimeError("PyTensor's density failed")

    return evaluate


def jax(representation: Representation) -> Evaluate:
    """Return the JAX density, evaluated in a compiled loop."""
    if find_spec("jax") is None:
        raise NotHereError("JAX isn't installed: make bench-env")
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax as library

    library.config.update("jax_enable_x64", True)
    from peers.jax_density import jax_log_density

    density = library.value_and_grad(jax_log_density(representation))

    def one(_: Any, where: Any) -> Any:
        value, gradient = density(where)
        return where + 1e-300 * (gradient + value)  # each evaluation waits for the one before

    loop = library.jit(lambda where, times: library.lax.fori_loop(0, times, one, where))
    where = library.numpy.asarray(point(representation))
    return lambda times: loop(where, times).block_until_ready()


def stan_figures(representation: Representation) -> tuple[float, int]:
    """Return what Stan's own clock says, and its peak of memory in MB; it runs as a program."""
    if find_spec("httpstan") is None:
        raise NotHereError("httpstan isn't installed: make bench-env")
    from peers.stan_data import stan_data
    from peers.stan_program import NoStanError, stan_program

    try:
        program, _, _ = stan_program()
    except NoStanError as error:
        raise NotHereError(str(error)) from error
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.json").write_text(json.dumps(stan_data(representation)))
        point(representation).tofile(folder / "point")
        command = [program, "density", folder / "data.json", folder / "out", folder / "point", "1"]
        found = [_run_stan([*command, "100"]) for _ in range(_REPEATS)]
    return min(time for time, _ in found), max(memory for _, memory in found)


def _run_stan(command: list[Any]) -> tuple[float, int]:
    """Return the microseconds that the program prints and the most memory that it had, in MB."""
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        printed = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"Stan's density failed: exit status {child.returncode}")
    return float(printed) / 1000, round(usage.ru_maxrss / 1024)


# -- the lower bound -----------------------------------------------------------------------------


@njit(nogil=True)
def _exp(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[i] = np.exp(x[i])


@njit(nogil=True)
def _log(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[i] = np.log(x[i])


@njit(nogil=True)
def _log1p(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[i] = np.log1p(x[i])


@njit(nogil=True)
def _lgamma(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[i] = math.lgamma(x[i])


def calls(representation: Representation) -> dict[str, int]:
    """Return how many values of each special function one evaluation of the value needs.

    exp: cells, scales, field-dependent noise, means of counts. log: totals, noise scales of points,
    two for a bound, two for a negative binomial. log1p: heavy-tailed points. log-gamma: y + phi
    and phi of each negative binomial. Those of the gradient (digamma) and normal bounds come on
    top and aren't counted.
    """
    r = representation
    points, counts = int(np.sum(r.form == POINT)), int(np.sum(r.form >= POISSON))
    binomial = int(np.sum(r.form == NEGATIVE_BINOMIAL))
    bounds = len(r.names) - points - counts
    scales = sum(h.size for h in r.hyperparameters if h.family in ("half_normal", "log_normal"))
    noisy = int(np.sum(np.diff(r.log_noise.indptr) > 0))
    heavy = r.degrees_of_freedom == 4.0
    return {
        "exp": r.cell_count + scales + noisy + counts,
        "log": len(r.names) + points + 2 * bounds * heavy + 2 * binomial,
        "log1p": points * heavy,
        "lgamma": 2 * binomial,
    }


def lower_bound(representation: Representation) -> tuple[float, dict[str, float]]:
    """Return the microseconds of the special functions alone, in sum and by function."""
    rng = np.random.default_rng(1)
    ways: dict[str, list[Callable[[np.ndarray, np.ndarray], None]]] = {
        "exp": [_exp, exponentials],
        "log": [_log, logarithms],
        "log1p": [_log1p],
        "lgamma": [_lgamma],
    }
    found = {}
    for name, count in calls(representation).items():
        if count == 0:
            continue
        x = rng.uniform(0.5, 5.0, count)
        out = np.empty(count)

        def evaluate(times: int, way: Any, x: np.ndarray = x, out: np.ndarray = out) -> None:
            for _ in range(times):
                way(x, out)

        found[name] = min(
            microseconds(lambda times, way=way: evaluate(times, way)) for way in ways[name]
        )
    return sum(found.values()), found


# -- timing --------------------------------------------------------------------------------------


def microseconds(evaluate: Evaluate) -> float:
    """Return the CPU microseconds of one evaluation: the smallest mean of some repeats."""
    evaluate(1)  # compiled by now
    times = 1
    while (spent := _cpu(evaluate, times)) < _REPEAT_S / 10:
        times *= 4
    times = max(1, round(times * _REPEAT_S / spent))
    return min(_cpu(evaluate, times) for _ in range(_REPEATS)) / times * 1e6


def _cpu(evaluate: Evaluate, times: int) -> float:
    begun = time.process_time()
    evaluate(times)
    return time.process_time() - begun


# -- memory --------------------------------------------------------------------------------------


def _memory_from_here() -> float | None:
    """Set the process's peak of memory to what it has now, and return that in MB."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
        return _status_mb("VmHWM")
    return None


def _memory_since(before: float | None) -> int | None:
    return None if before is None else round(_status_mb("VmHWM") - before)


def _status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


ENGINES: dict[str, Callable[[Representation], Evaluate]] = {
    "kernel": kernel,
    "mapped": mapped,
    "pytensor": pytensor,
    "jax": jax,
}


def measure(name: str) -> dict[str, Any]:
    """Return the microseconds of all engines on one posterior."""
    built = case(name)
    result: dict[str, Any] = {"sizes": dict(built.sizes), "microseconds": {}, "memory_mb": {}}
    result["not_measured"] = {}
    for engine, prepare in ENGINES.items():
        before = _memory_from_here()
        try:
            value = microseconds(prepare(built.representation))
        except Exception as error:  # what can't be measured is reported, and the rest goes on
            result["not_measured"][engine] = f"{type(error).__name__}: {error}"
            continue
        result["microseconds"][engine] = round(value, 2)
        result["memory_mb"][engine] = _memory_since(before)
    try:
        microseconds_of_stan, memory = stan_figures(built.representation)
        result["microseconds"]["stan"] = round(microseconds_of_stan, 2)
        result["memory_mb"]["stan"] = memory
    except Exception as error:
        result["not_measured"]["stan"] = f"{type(error).__name__}: {error}"
    bound, parts = lower_bound(built.representation)
    result["microseconds"]["lower bound"] = round(bound, 2)
    result["lower_bound_parts"] = {key: round(value, 2) for key, value in parts.items()}
    result["calls"] = calls(built.representation)
    return result


def shown(result: dict[str, dict[str, Any]]) -> str:
    """Return the table: microseconds, and multiples of the kernel's."""
    lines = []
    for name, entry in result.items():
        times = entry["microseconds"]
        own = times.get("kernel")
        sizes = ", ".join(f"{k} {v}" for k, v in entry["sizes"].items() if "second" not in k)
        lines += [f"{name}: {sizes}", f"{'':13}{'us':>10}{'/ kernel':>10}{'MB':>8}"]
        for engine, value in times.items():
            ratio = f"{value / own:.2f}" if own else ""
            memory = entry["memory_mb"].get(engine)
            held = f"{memory:8}" if memory is not None else ""
            lines.append(f"{engine:13}{value:10.1f}{ratio:>10}{held}")
        lines += [f"{engine:13}{why:>10}" for engine, why in entry["not_measured"].items()]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posterior", default="P1,P2,P3", help="names, with commas")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = [name for name in options.posterior.split(",") if name]
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"no posteriors {', '.join(unknown)}; known: {', '.join(NAMES)}")
    result = {}
    with threadpool_limits(limits=1):
        for name in names:
            try:
                result[name] = measure(name)
            except NoDataError as error:
                print(f"{name}: {error}")
                continue
            print(shown({name: result[name]}), flush=True)
            if options.json:
                known = origin("bajas", "numba", "pytensor", "jax", "httpstan")
                options.json.write_text(json.dumps(known | result, indent=2) + "\n")


if __name__ == "__main__":
    main()
