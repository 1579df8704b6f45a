"""What every sampler of bajas takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from bajas.errors import SamplingError
from bajas.model.representation import Representation

if TYPE_CHECKING:
    from bajas.sampler.map import Map

#: Called with the stage, the draws done and the draws to do.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Settings:
    """How long and with what a sampler runs.

    Parameters
    ----------
    draws, tune : int
        Draws kept and warm-up draws per chain.
    chains : int
        Independent chains.
    cores : int
        Chains that run at the same time; does not change the draws.
    seed : int
        Same seed, same draws.
    """

    draws: int = 1500
    tune: int = 400
    chains: int = 4
    cores: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("draws", "tune", "chains", "cores"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise SamplingError(f"{name} must be a whole number from 1, got {value!r}")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise SamplingError(f"seed must be a whole number from 0 to 2^32 - 1: {self.seed!r}")


class Whitened(NamedTuple):
    """Draws on a map, shape (chain, draw, size), and their log density there, (chain, draw)."""

    item: Map
    position: np.ndarray
    log_density: np.ndarray


@dataclass(frozen=True, eq=False)
class Draws:
    """What a sampler returns.

    Parameters
    ----------
    position : ndarray, shape (chain, draw, size)
        Draws in standardised coordinates of the representation.
    stats : mapping of str to ndarray, shape (chain, draw)
        ``diverging``, ``energy``, ``n_steps`` (gradients of the draw) and ``logp``.
    complete : bool
        False if sampling was interrupted; the draws are then those all chains had made.
    timings : mapping of str to float
        Seconds by stage, and gradients by stage.
    sampler : str
        Name and version.
    whitened : Whitened, optional
        The same draws in coordinates in which the posterior is nearly standard normal, from a
        sampler that has such.
    """

    position: np.ndarray
    stats: Mapping[str, np.ndarray]
    complete: bool
    timings: Mapping[str, float] = field(default_factory=dict)
    sampler: str = ""
    whitened: Whitened | None = None


class Sampler(Protocol):
    """Draws from the posterior of a representation."""

    def __call__(
        self, representation: Representation, settings: Settings, progress: Progress
    ) -> Draws:
        """Sample; a KeyboardInterrupt during the draws returns what was drawn.

        Raises
        ------
        SamplingError
            If no draws could be made at all.
        """
        ...


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


def trimmed(
    position: np.ndarray, stats: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Cut an interrupted run (padded with NaN) to a rectangle of chains and draws.

    Chains that run one after the other are of unequal length, some not begun. Kept are the chains,
    and so many draws of each, that hold the most draws together; with more chains if it is equal.

    Parameters
    ----------
    position : ndarray, shape (chain, draw, size)
        Draws.
    stats : mapping of str to ndarray, shape (chain, draw)
        What the sampler says of each.

    Examples
    --------
    >>> draws = np.full((3, 5, 1), np.nan)
    >>> draws[0], draws[1, :4] = 0.0, 0.0
    >>> trimmed(draws, {})[0].shape
    (2, 4, 1)
    """
    lengths = np.isfinite(position).all(axis=-1).cumprod(axis=1).sum(axis=1)
    order = np.argsort(-lengths, kind="stable")
    sizes = lengths[order] * np.arange(1, lengths.size + 1)
    count = int(np.flatnonzero(sizes == sizes.max())[-1]) + 1
    chains, length = np.sort(order[:count]), int(lengths[order[count - 1]])
    return position[chains, :length], {k: v[chains, :length] for k, v in stats.items()}
