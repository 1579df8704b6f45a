"""Chains side by side: compiled stretches in threads, watched for progress and interrupts."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event

import numpy as np

from bajas.sampler import nuts
from bajas.sampler.address import Address
from bajas.sampler.interface import Progress
from bajas.sampler.interrupts import held_interrupts
from bajas.sampler.kernel_arrays import Kernel
from bajas.sampler.map import Map

#: Chains start so many sd of the approximate posterior from its centre, in every direction.
_OVERDISPERSED = 1.5

#: Step sizes begin here, in radians.
_FIRST_STEP = 0.3

#: Compiled stretches last about so long: interrupts and progress wait for them.
_STRETCH_SECONDS = 0.1

_WAIT_SECONDS = 0.05


@dataclass(frozen=True, eq=False)
class Stage:
    """What some chains do on one map.

    Parameters
    ----------
    name : str
        For the progress display.
    tune, draws : int
        Adapting the step size, then not.
    chains, cores : int
        How many, and how many at the same time.
    seed : tuple of int
        Of the stage; each chain has its own stream of random numbers.
    plan : nuts.Plan
        What trajectories are taken.
    keep_gradients : bool
        Whether the gradients at the draws are kept.
    """

    name: str
    tune: int
    draws: int
    chains: int
    cores: int
    seed: tuple[int, ...]
    plan: nuts.Plan
    keep_gradients: bool = False


@dataclass(frozen=True, eq=False)
class StageDraws:
    """What came of a stage; NaN from where an interrupted chain had not come to.

    Parameters
    ----------
    whitened, gradient : ndarray, shape (chain, draw, size)
        Draws on the map, and gradients there (of no draws if they weren't kept).
    stats : dict of str to ndarray, shape (chain, draw)
        See :class:`bajas.sampler.nuts.Statistics`.
    tune_gradients, gradients : float
        Gradients evaluated while adapting, and while not.
    finished : bool
        False after an interrupt.
    """

    whitened: np.ndarray
    gradient: np.ndarray
    stats: dict[str, np.ndarray]
    tune_gradients: float
    gradients: float
    finished: bool


def run_stage(kernel: Kernel, item: Map, stage: Stage, progress: Progress) -> StageDraws:
    """Run chains from overdispersed starts; an interrupt keeps what was drawn.

    Chains finish their stretch first; further interrupts are held back until they have.

    Parameters
    ----------
    kernel : Kernel
        The representation.
    item : Map
        The map.
    stage : Stage
        What to do.
    progress : callable
        Told the stage's name and how far it is.
    """
    address, size = Address(kernel, item.arrays()), item.size
    code, data = address.code, address.data
    shape = (stage.chains, stage.draws, size)
    whitened = np.full(shape, np.nan)
    gradient = np.full(shape if stage.keep_gradients else (stage.chains, 0, size), np.nan)
    statistics = [nuts.statistics_of(stage.draws) for _ in range(stage.chains)]
    tuning = [nuts.statistics_of(stage.tune) for _ in range(stage.chains)]
    done, stop = [0] * stage.chains, Event()

    def run(chain: int) -> None:
        rng = np.random.default_rng([*stage.seed, chain])
        state = nuts.new_chain(_OVERDISPERSED * rng.standard_normal(size), stage.plan.max_depth)
        nuts.begin(state, code, data, _FIRST_STEP)
        nowhere = np.empty((0, size))

        def stretches(count: int, call: Callable[[int, int], None]) -> None:
            first, stretch = 0, 1
            while first < count and not stop.is_set():
                last = min(first + stretch, count)
                clock = time.perf_counter()
                call(first, last)
                spent = max(time.perf_counter() - clock, 1e-6)
                done[chain] += last - first
                # how long a stretch is doesn't change what is drawn
                stretch = int(np.clip((last - first) * _STRETCH_SECONDS / spent, 1, 2 * stretch))
                first = last

        found = np.empty((stage.tune, size))
        stretches(
            stage.tune,
            lambda first, last: nuts.run(
                state, rng, code, data, stage.plan, True, first, last, found, nowhere,
                tuning[chain],
            ),
        )  # fmt: skip
        nuts.settle(state)
        stretches(
            stage.draws,
            lambda first, last: nuts.run(
                state, rng, code, data, stage.plan, False, first, last, whitened[chain],
                gradient[chain], statistics[chain],
            ),
        )  # fmt: skip

    total = stage.chains * (stage.tune + stage.draws)
    with ThreadPoolExecutor(min(stage.cores, stage.chains)) as pool:
        waiting: set[Future[None]] = set()
        try:
            progress(stage.name, 0, total)
            waiting = {pool.submit(run, chain) for chain in range(stage.chains)}
            while waiting:
                ended, waiting = wait(waiting, _WAIT_SECONDS, FIRST_COMPLETED)
                for future in ended:
                    future.result()
                progress(stage.name, sum(done), total)
        except BaseException as error:
            stop.set()
            for future in waiting:
                future.cancel()
            if not isinstance(error, KeyboardInterrupt):
                raise
            with held_interrupts():
                pool.shutdown()
    return StageDraws(
        whitened=whitened,
        gradient=gradient,
        stats={
            name: np.array([getattr(chain, name) for chain in statistics])
            for name in nuts.Statistics._fields
        },
        tune_gradients=float(sum(chain.n_steps.sum() for chain in tuning)),
        gradients=float(sum(chain.n_steps.sum() for chain in statistics)),
        finished=not stop.is_set(),
    )
