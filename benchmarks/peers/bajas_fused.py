"""bajas itself: the sampler that ``model.fit`` uses, with its defaults."""

from __future__ import annotations

import numpy as np

from bajas.model.representation import Representation
from bajas.sampler.interface import Draws, Settings, silent
from peers.contract import Length, Meter, Run


def run(representation: Representation, length: Length, seed: int) -> Run:
    """Sample; see :class:`peers.contract.Run`. Everything after import counts as sampling."""
    from bajas.sampler.choice import named_sampler

    meter = Meter(length.cpu_limit_s)
    draws = named_sampler("fused")(representation, settings(length, seed), progress_until(meter))
    meter.lap("sample")
    return as_run(draws, meter)


def settings(length: Length, seed: int) -> Settings:
    """Return the library's settings."""
    return Settings(
        draws=length.draws or Settings.draws,
        tune=length.tune or Settings.tune,
        chains=length.chains,
        cores=length.cores,
        seed=seed,
    )


def progress_until(meter: Meter):  # type: ignore[no-untyped-def]
    """Return a progress callback that interrupts the sampler at the limit."""

    def progress(stage: str, done: int, total: int) -> None:
        silent(stage, done, total)
        if meter.over():
            raise KeyboardInterrupt

    return progress


def as_run(draws: Draws, meter: Meter) -> Run:
    """Return the library's draws as a run; its stages' seconds and gradients as extra."""
    gradients = {k: v for k, v in draws.timings.items() if k.endswith("gradients")}
    kept = np.asarray(draws.stats["n_steps"], dtype=float)
    return Run(
        np.asarray(draws.position),
        kept,
        np.asarray(draws.stats["diverging"], dtype=bool),
        float(sum(gradients.values()) - kept.sum()),
        meter.cpu,
        starts="by the sampler: overdispersed around its first map",
        complete=draws.complete,
        extra={"sampler": draws.sampler, "stages": dict(draws.timings)},
    )
