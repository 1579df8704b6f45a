"""Whether ranks are uniform: a simultaneous envelope of their distribution, and its probability.

Ranks of N truths, each among L draws, are uniform on 0..L if draws and truths come from one
distribution (Talts et al. 2018). With C_i the number of ranks of at most i, C_i is binomial with N
trials of probability (i + 1) / (L + 1). The envelope of level 1 - p holds, at every i at once, the
counts whose two-sided pointwise probability is larger than gamma, with gamma such that uniform
ranks stay inside with probability 1 - p (Säilynoja, Bürkner & Vehtari 2022, section 2).

Nothing is simulated here. Given C_i the increment to C_(i+1) is binomial with N - C_i trials, so
that the probability of a path that stays inside is a product of transition matrices (their section
2.2). Probabilities are exact however small they are, which many quantities at once need.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from scipy import stats

from bajas.errors import BajasError


class Envelope:
    """The simultaneous envelope of the distribution of uniform ranks.

    Parameters
    ----------
    fits, draws : int
        Numbers of ranks, and of draws among which each was ranked: ranks are 0 to ``draws``.

    Raises
    ------
    BajasError
        If one of them isn't a whole number from 1.

    References
    ----------
    Säilynoja, Bürkner & Vehtari (2022), Graphical test for discrete uniformity and its
    applications in goodness-of-fit evaluation and multiple sample comparison. Statistics and
    Computing 32, 32. arXiv:2103.10522.

    Examples
    --------
    >>> envelope = Envelope(fits=100, draws=19)
    >>> flat = np.repeat(np.arange(20), 5)
    >>> envelope.probability(flat) > 0.99, envelope.probability(flat // 2) < 1e-6
    (True, True)
    """

    def __init__(self, fits: int, draws: int) -> None:
        for name, value in (("fits", fits), ("draws", draws)):
            if not isinstance(value, int) or value < 1:
                raise BajasError(f"{name} must be a whole number from 1, not {value!r}")
        self.fits, self.draws = fits, draws
        self.levels = np.arange(1, draws + 1) / (draws + 1)
        counts = np.arange(fits + 1)[:, None]
        below = stats.binom.cdf(counts, fits, self.levels)
        above = stats.binom.sf(counts - 1, fits, self.levels)
        self._pointwise = np.minimum(2 * np.minimum(below, above), 1.0)

    def counts(self, ranks: np.ndarray) -> np.ndarray:
        """Return how many ranks are 0, at most 1, and so on up to ``draws - 1``.

        Raises
        ------
        BajasError
            If there are not as many ranks as fits, or one isn't a whole number from 0 to draws.
        """
        found = np.asarray(ranks)
        if found.shape != (self.fits,) or found.dtype.kind not in "iu":
            raise BajasError(f"{self.fits} whole ranks are needed, not {found.dtype} {found.shape}")
        if found.min() < 0 or found.max() > self.draws:
            raise BajasError(f"ranks go from 0 to {self.draws}")
        return np.cumsum(np.bincount(found, minlength=self.draws + 1))[:-1]

    def probability(self, ranks: np.ndarray) -> float:
        """Return how probably uniform ranks leave an envelope through the worst place of these.

        Parameters
        ----------
        ranks : ndarray of int, shape (fits,)
            From 0 to ``draws``.

        Returns
        -------
        float
            A probability in the sense of a test: at most p with probability at most p.
        """
        worst = self._pointwise[self.counts(ranks), np.arange(self.draws)].min()
        return self._leaves(float(worst))

    def band(self, level: float = 0.99) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the largest counts inside the envelope of a level.

        Returns
        -------
        low, high : ndarray of int, shape (draws,)
            Of :meth:`counts`. Uniform ranks stay inside with at least this probability.
        """
        if not 0 < level < 1:
            raise BajasError(f"level must be between 0 and 1, not {level!r}")
        inside = self._pointwise > self._gamma(1 - level)
        low = np.argmax(inside, axis=0)
        high = self.fits - np.argmax(inside[::-1], axis=0)
        return low, high

    def _gamma(self, chance: float) -> float:
        """Return the largest pointwise probability that is left with at most this one."""
        values = self._places
        low, high = -1, len(values)  # leaving at values[low] is improbable enough
        while high - low > 1:
            middle = (low + high) // 2
            if self._leaves(values[middle]) <= chance:
                low = middle
            else:
                high = middle
        return 0.0 if low < 0 else float(values[low])

    @cached_property
    def _places(self) -> np.ndarray:
        return np.unique(self._pointwise)

    def _leaves(self, gamma: float) -> float:
        """Return the probability that a count's pointwise probability is gamma or less."""
        # rounding must not tell probabilities apart that are equal by symmetry
        inside = self._pointwise > gamma * (1 + 1e-9)
        grown = np.concatenate([[0.0], self.levels])
        alive = np.zeros(self.fits + 1)
        alive[0] = 1.0
        lost = 0.0
        for place in range(self.draws):
            share = (grown[place + 1] - grown[place]) / (1 - grown[place])
            steps = self._steps(round(share, 12))
            alive = alive @ steps
            lost += float(alive[~inside[:, place]].sum())
            alive[~inside[:, place]] = 0.0
        return min(lost, 1.0)

    def _steps(self, share: float) -> np.ndarray:
        """Return the transition matrix of counts where so large a share of the rest comes in."""
        found = self._cache.get(share)
        if found is None:
            start = np.arange(self.fits + 1)[:, None]
            added = np.arange(self.fits + 1)[None] - start
            found = np.where(added >= 0, stats.binom.pmf(added, self.fits - start, share), 0.0)
            self._cache[share] = found
        return found

    @cached_property
    def _cache(self) -> dict[float, np.ndarray]:
        return {}


def holm(chances: Mapping[str, float]) -> dict[str, float]:
    """Return probabilities corrected for being the smallest of many (Holm 1979).

    Whatever their dependence, that any quantity whose ranks are uniform gets p or less has a
    probability of at most p. The smallest one is multiplied by their number, as by Bonferroni.

    Parameters
    ----------
    chances : mapping of str to float
        Uncorrected, by quantity.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in holm({"a": 0.01, "b": 0.3, "c": 0.02}).items()}
    {'a': 0.03, 'b': 0.3, 'c': 0.04}
    """
    found: dict[str, float] = {}
    largest = 0.0
    for position, name in enumerate(sorted(chances, key=lambda key: chances[key])):
        largest = max(largest, min(1.0, chances[name] * (len(chances) - position)))
        found[name] = largest
    return {name: found[name] for name in chances}
