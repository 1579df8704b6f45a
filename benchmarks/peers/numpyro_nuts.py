"""NumPyro's NUTS with its defaults, on the JAX density in double precision.

NumPyro's own driver runs warm-up as one compiled loop that can't be stopped: here its kernel is
stepped in blocks, chain by chain on threads, with the same algorithm, lengths and defaults.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from bajas.model.representation import Representation
from bajas.sampler.interface import trimmed
from peers.contract import Length, Meter, Run, starts

_DRAWS, _TUNE = 1000, 1000
#: Draws between looks at the clock.
_BLOCK = 20


def run(representation: Representation, length: Length, seed: int) -> Run:
    """Sample; see :class:`peers.contract.Run`."""
    meter = Meter(length.cpu_limit_s)
    # one thread to a chain, as for the others
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax

    jax.config.update("jax_enable_x64", True)
    from numpyro.infer import NUTS

    from peers.jax_density import jax_log_density

    meter.lap("import")
    density = jax_log_density(representation)
    kernel = NUTS(potential_fn=lambda z: -density(z))
    tune = -(-(length.tune or _TUNE) // _BLOCK) * _BLOCK
    draws = -(-(length.draws or _DRAWS) // _BLOCK) * _BLOCK
    keys = jax.random.split(jax.random.PRNGKey(seed), length.chains)
    states = [
        kernel.init(key, tune, init_params=start, model_args=(), model_kwargs={})
        for key, start in zip(keys, starts(representation, length.chains, seed), strict=True)
    ]

    def block(state: Any) -> Any:
        def one(state: Any, _: None) -> Any:
            state = kernel.sample(state, (), {})
            return state, (state.z, state.num_steps, state.diverging)

        return jax.lax.scan(one, state, None, length=_BLOCK)

    advance = jax.jit(block).lower(states[0]).compile()
    meter.lap("compile")
    shape = (length.chains, tune + draws)
    position = np.full((*shape, representation.size), np.nan)
    steps, diverging = np.zeros(shape), np.zeros(shape, dtype=bool)

    def chain(index: int) -> None:
        state = states[index]
        for first in range(0, tune + draws, _BLOCK):
            if meter.over():
                return
            state, found = advance(state)
            part = slice(first, first + _BLOCK)
            position[index, part], steps[index, part], diverging[index, part] = map(
                np.asarray, found
            )

    with ThreadPoolExecutor(length.cores) as pool:
        list(pool.map(chain, range(length.chains)))
    meter.lap("sample")
    everything = steps.sum()
    complete = bool(np.isfinite(position).all())
    kept, stats = trimmed(
        position[:, tune:], {"steps": steps[:, tune:], "diverging": diverging[:, tune:]}
    )
    before = float(everything - stats["steps"].sum())
    return Run(kept, stats["steps"], stats["diverging"], before, meter.cpu, complete=complete)
