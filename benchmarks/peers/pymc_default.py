"""PyMC's own NUTS with the defaults of ``pm.sample``, on the plain non-centred model.

``pm.sample`` hands models over to nutpie where nutpie is installed: that is ``nutpie_default``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bajas.model.representation import Representation
from bajas.sampler.interface import trimmed
from peers.contract import Length, Meter, Run, free_blocks, starts

_DRAWS, _TUNE = 1000, 1000


def run(representation: Representation, length: Length, seed: int) -> Run:
    """Sample; see :class:`peers.contract.Run`.

    Until the first draw is compilation, pm.sample's own included. The default ``jitter+adapt_diag``
    is kept but for the jitter, which the overdispersed starts take the place of.
    """
    meter = Meter(length.cpu_limit_s)
    import pymc as pm

    from bajas.model.graph import build_pymc_model

    meter.lap("import")
    draws, tune = length.draws or _DRAWS, length.tune or _TUNE
    blocks = free_blocks(representation)
    model = build_pymc_model(representation)
    values = {rv.name: model.rvs_to_values[rv].name for rv in model.free_RVs}
    shape = (length.chains, draws)
    position = np.full((*shape, representation.size), np.nan)
    steps, diverging = np.zeros(shape), np.zeros(shape, dtype=bool)
    before, began = 0.0, False

    def note(trace: Any, draw: Any) -> None:
        nonlocal before, began
        if not began:
            began = True
            meter.lap("compile")
        stats = draw.stats[0]
        if draw.tuning:
            before += float(stats["tree_size"])
        else:
            place = draw.chain, draw.draw_idx - tune
            for name, part, _, _ in blocks:  # unconstrained, as the standardised coordinates are
                position[*place, part] = np.ravel(draw.point[values[name]])
            steps[place], diverging[place] = stats["tree_size"], stats["diverging"]
        if meter.over():
            raise KeyboardInterrupt

    initial = [
        {
            name: (np.exp(point[part]) if logarithmic else point[part]).reshape(form)
            for name, part, form, logarithmic in blocks
        }
        for point in starts(representation, length.chains, seed)
    ]
    try:
        with model:
            pm.sample(
                draws,
                tune=tune,
                chains=length.chains,
                cores=length.cores,
                random_seed=seed,
                init="adapt_diag",
                initvals=initial,
                nuts_sampler="pymc",
                callback=note,
                progressbar=False,
                quiet=True,
                compute_convergence_checks=False,
                discard_tuned_samples=False,
            )
    except (KeyboardInterrupt, ValueError):
        if not meter.over():  # else pm.sample has too few draws to build its result from
            raise
    meter.lap("sample")
    everything = steps.sum()
    complete = bool(np.isfinite(position).all())
    position, stats = trimmed(position, {"steps": steps, "diverging": diverging})
    before += everything - stats["steps"].sum()
    return Run(position, stats["steps"], stats["diverging"], before, meter.cpu, complete=complete)
