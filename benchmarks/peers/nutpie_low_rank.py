"""nutpie with its low-rank metric on the plain PyMC model, else its defaults."""

from __future__ import annotations

from bajas.model.representation import Representation
from peers.contract import Length, Run
from peers.nutpie_plain import run_nutpie


def run(representation: Representation, length: Length, seed: int) -> Run:
    """Sample; see :class:`peers.contract.Run`."""
    return run_nutpie(representation, length, seed, "low_rank")
