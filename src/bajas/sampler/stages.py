"""The stages of a run: compile, map, pilot, second map, warm-up, refined map, draws.

Each stage's chains start overdispersed on its map. The pilot's draws give the second map; the
warm-up's draws and gradients refine it, again if they show that it was off; all that is kept is
drawn on the last. Maps and step sizes are fixed while draws are kept.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
from threadpoolctl import threadpool_limits

from bajas.errors import SamplingError
from bajas.model.representation import Representation
from bajas.sampler.chains import Stage, StageDraws, run_stage
from bajas.sampler.interface import Draws, Progress, Settings, Whitened, trimmed
from bajas.sampler.interrupts import held_interrupts
from bajas.sampler.kernel import kernel_arrays
from bajas.sampler.map import Map, first_map, map_from_draws
from bajas.sampler.nuts import Plan

#: Length of the pilot run, per chain: adapting and drawing; its trajectories are kept short.
PILOT_TUNE, PILOT_DRAWS = 30, 25
PILOT_PLAN = Plan(dynamic=1.0, least_angle=1.4, most_angle=2.6, max_depth=6, target=0.75)

#: The second map averages over so many pilot draws at most.
PILOT_USED = 48

#: Warm-up and draws: most trajectories are simple rotations, which suffice where the map is good;
#: every fourth grows until it turns back, for where it is not. Of the rest a tenth has short steps,
#: to get into and out of corners in which scales are small and the usual step is refused. Shorter
#: steps than a target of 0.72 asks for cost little, since draws become that much less correlated,
#: and where claims are few they spare most divergences.
PLAN = Plan(
    dynamic=0.25, least_angle=1.4, most_angle=2.6, max_depth=10, target=0.85, careful=0.1, fine=0.4
)

#: Draws that refine the map: half of them cheap, so that there can be more; the map is untried.
WARM_PLAN = PLAN._replace(dynamic=0.5, max_depth=8, target=0.72)

#: Shares of ``tune``: adapting before the map is refined, drawing for that, adapting after it.
TUNE_SHARES = (0.2, 0.45, 0.35)

#: The map is refined again, with half as many draws more, if coordinates are further off than this:
#: their mean in sds, and the ratio of their sd to one, beyond Monte Carlo error.
OFF_MEAN, OFF_RATIO = 1.5, 2.5

#: Rounds of warm-up and refinement at most.
MOST_ROUNDS = 4

#: Draws where the map stayed off through all of them: what is left isn't linear, and directions are
#: so long that a quarter turn is a small step. Angles of a full turn's width, so that the
#: coordinates on which the map is right come out uncorrelated on average; smaller steps.
PATIENT_PLAN = PLAN._replace(least_angle=2.5, most_angle=8.8, target=0.93, careful=0.0)


def sample_in_stages(
    representation: Representation, settings: Settings, progress: Progress
) -> Draws:
    """Sample a representation; see :class:`bajas.sampler.interface.Sampler`.

    Parameters
    ----------
    representation : Representation
        The latent Gaussian model.
    settings : Settings
        Length, chains and seed. Of ``tune`` most refines the map, the rest adapts the step size.
    progress : callable
        Told the stage and how far it is.

    Returns
    -------
    Draws
        Marked incomplete if interrupted while drawing.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before any draw that would be kept.
    """
    # one BLAS thread per chain: chains share the cores, and sums come out the same on any number
    with threadpool_limits(limits=1):
        return _Run(representation, settings, progress).draws()


class _Run:
    """One run: its settings, and what it has taken so far."""

    def __init__(
        self, representation: Representation, settings: Settings, progress: Progress
    ) -> None:
        self._representation, self._settings = representation, settings
        self._progress = progress
        self._kernel = kernel_arrays(representation)
        self._timings: dict[str, float] = {}
        self._clock = time.perf_counter()

    def _lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._timings[stage] = self._timings.get(stage, 0.0) + now - self._clock
        self._clock = now

    def _stage(
        self, item: Map, name: str, number: int, tune: int, draws: int, plan: Plan, keep: bool
    ) -> StageDraws:
        settings = self._settings
        stage = Stage(
            name, tune, draws, settings.chains, settings.cores, (settings.seed, number), plan, keep
        )
        found = run_stage(self._kernel, item, stage, self._progress)
        if name != "draws" and not found.finished:
            raise KeyboardInterrupt
        self._lap(name)
        return found

    def draws(self) -> Draws:
        """Go through the stages."""
        representation, settings = self._representation, self._settings
        self._progress("compile", 0, 1)
        self._compile()
        self._lap("compile")
        self._progress("map", 0, 1)
        item = first_map(representation, self._kernel)
        self._lap("map")
        pilot = self._stage(item, "pilot", 0, PILOT_TUNE, PILOT_DRAWS, PILOT_PLAN, False)
        self._timings["pilot gradients"] = pilot.tune_gradients + pilot.gradients
        flat = pilot.whitened.reshape(-1, representation.size)
        chosen = np.linspace(0, flat.shape[0] - 1, min(PILOT_USED, flat.shape[0])).astype(int)
        item = map_from_draws(representation, item.position(flat[chosen], self._kernel))
        self._lap("second map")
        spent, rounds = 0.0, 0
        tune, count, adapting = (max(round(share * settings.tune), 1) for share in TUNE_SHARES)
        while True:
            rounds += 1
            warm = self._stage(item, "warm-up", rounds, tune, count, WARM_PLAN, True)
            spent += warm.tune_gradients + warm.gradients
            item = item.refined(warm.whitened, warm.gradient)
            self._lap("refined map")
            off = is_off(warm.whitened)
            if rounds == MOST_ROUNDS or not off:
                break
            count += count // 2
        plan = PATIENT_PLAN if off else PLAN
        kept = self._stage(item, "draws", MOST_ROUNDS + 1, adapting, settings.draws, plan, False)
        self._share_out(kept, spent)
        with held_interrupts(not kept.finished):
            return self._brought_in(kept, item, rounds)

    def _brought_in(self, kept: StageDraws, item: Map, rounds: int) -> Draws:
        """Return positions and statistics of the draws that are kept."""
        stats = {name: kept.stats[name] for name in ("energy", "n_steps", "logp")}
        stats["diverging"] = kept.stats["diverging"].astype(bool)
        whitened, stats = trimmed(kept.whitened, stats)
        if whitened.shape[1] == 0:
            raise KeyboardInterrupt
        with ThreadPoolExecutor(min(self._settings.cores, whitened.shape[0])) as pool:
            chains = pool.map(lambda chain: item.position(chain, self._kernel), whitened)
            position = np.stack(list(chains))
        self._lap("positions")
        return Draws(
            position=position,
            stats=stats,
            complete=kept.finished,
            timings={**self._timings, "warm-up rounds": float(rounds)},
            sampler=f"rotating NUTS on the fused density of bajas {version('bajas')}",
            whitened=Whitened(item, whitened, stats["logp"]),
        )

    def _compile(self) -> None:
        """Compile what the chains run, or read it from disk, here and not in the first chain."""
        size = self._representation.size
        stage = Stage("compile", 1, 1, 1, 1, (0, 0), PILOT_PLAN._replace(max_depth=1), True)
        try:
            item = map_from_draws(self._representation, np.zeros((1, size)), walls=False)
            run_stage(self._kernel, item, stage, lambda name, done, total: None)
        except OSError as error:
            raise SamplingError(
                f"can't keep the sampler's compiled code on disk: {error}. Free some space, or name"
                " a folder that has it in the environment variable NUMBA_CACHE_DIR"
            ) from error

    def _share_out(self, kept: StageDraws, spent: float) -> None:
        """Charge adaptation on the last map to the warm-up, by gradients, which cost alike."""
        total = max(kept.tune_gradients + kept.gradients, 1.0)
        moved = self._timings["draws"] * kept.tune_gradients / total
        self._timings["warm-up"] += moved
        self._timings["draws"] -= moved
        self._timings["warm-up gradients"] = spent + kept.tune_gradients
        self._timings["draws gradients"] = kept.gradients


def is_off(whitened: np.ndarray) -> bool:
    """Tell whether whitened draws are so far from standard normal that the map should be rebuilt.

    Parameters
    ----------
    whitened : ndarray, shape (chain, draw, size)
        Draws on the map.
    """
    means, sds = whitened.mean(axis=1), whitened.std(axis=1)
    chains = whitened.shape[0]
    # beyond what chains that agree would differ by
    error = means.std(axis=0, ddof=1) / np.sqrt(chains) if chains > 1 else 0.0
    mean = np.abs(means.mean(axis=0)) - 2 * error
    ratio = np.exp(np.abs(np.log(np.maximum(np.median(sds, axis=0), 1e-12))))
    return bool(np.any(mean > OFF_MEAN) or np.any(ratio > OFF_RATIO))
