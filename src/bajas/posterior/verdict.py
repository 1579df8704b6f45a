"""The verdict: whether draws can be trusted.

Split rank-normalised R-hat, bulk and tail effective sample size (Vehtari et al. 2021), divergences
(Betancourt 2016) and the energy (BFMI) of the chains, over every scalar of the model and the totals
that answers are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bajas.posterior.convergence import convergence

#: Largest R-hat, smallest effective sample sizes and smallest energy fraction that pass.
RHAT_LIMIT = 1.01
ESS_LIMIT = 400.0
BFMI_LIMIT = 0.3
#: A share of draws above this that diverge fails; any divergence is reported.
DIVERGENT_SHARE_LIMIT = 0.001


@dataclass(frozen=True)
class Verdict:
    """Whether draws can be trusted, and why not.

    Parameters
    ----------
    trusted : bool
        Whether every check passed.
    reasons : tuple of str
        Why not; empty if trusted.
    notes : tuple of str
        What to know all the same.
    measures : dict of str to float or str
        Worst R-hat, worst effective sample sizes, divergences and energy, with the names of the
        worst quantities.
    """

    trusted: bool
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    measures: Mapping[str, float | str] = field(default_factory=dict)

    def __repr__(self) -> str:
        head = "Verdict: trusted" if self.trusted else "Verdict: NOT trusted"
        numbers = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.measures.items()
            if not name.startswith("worst")
        )
        lines = [f"{head} ({numbers})" if numbers else head]
        lines += [f"  - {reason}" for reason in self.reasons]
        lines += [f"  - note: {note}" for note in self.notes]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data for JSON."""
        data = asdict(self)
        data["reasons"], data["notes"] = list(self.reasons), list(self.notes)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Verdict:
        """Build a verdict from the plain data of :meth:`as_dict`."""
        return cls(
            trusted=bool(data["trusted"]),
            reasons=tuple(data["reasons"]),
            notes=tuple(data["notes"]),
            measures=dict(data["measures"]),
        )


def judge(
    quantities: Mapping[str, np.ndarray],
    divergent: np.ndarray,
    energy: np.ndarray,
    complete: bool,
) -> Verdict:
    """Judge draws.

    Parameters
    ----------
    quantities : mapping of str to ndarray, shape (chain, draw)
        Every scalar and total that answers may use.
    divergent : ndarray of bool, shape (chain, draw)
        Which draws diverged.
    energy : ndarray, shape (chain, draw)
        Energy of each draw.
    complete : bool
        Whether sampling ran to its end.
    """
    reasons: list[str] = []
    notes: list[str] = []
    chains, length = divergent.shape
    broken = [name for name, draws in quantities.items() if not np.isfinite(draws).all()]
    if broken:
        reasons.append(
            f"{len(broken)} quantities are not finite in every draw, {broken[0]} among them:"
            " the model is broken at those draws"
        )
    if not np.isfinite(energy).all():
        reasons.append("the energy is not finite in every draw: the sampler failed")
    # what is constant by construction has no R-hat
    varying = {
        name: draws
        for name, draws in quantities.items()
        if draws.min() < draws.max() and np.isfinite(draws).all()
    }
    names = list(varying)
    measures: dict[str, float | str] = {"chains": float(chains), "draws per chain": float(length)}
    if not complete:
        reasons.append("sampling was interrupted: the draws are those made until then")
    if chains < 2 or length < 100:
        reasons.append(f"{chains} chains of {length} draws are too few to judge convergence")
        return Verdict(False, tuple(reasons), tuple(notes), measures)
    if not names:
        reasons.append("nothing varies between draws: the chains never moved")
        return Verdict(False, tuple(reasons), tuple(notes), measures)
    found = convergence(list(varying.values()))
    kinds = {"R-hat": found.rhat, "bulk ESS": found.bulk, "tail ESS": found.tail}
    for name, values in kinds.items():
        worst = int(np.nanargmax(values) if name == "R-hat" else np.nanargmin(values))
        value = float(values[worst])
        measures[name] = value
        measures[f"worst {name}"] = names[worst]
        bad = values > RHAT_LIMIT if name == "R-hat" else values < ESS_LIMIT
        bad |= ~np.isfinite(values)
        if bad.any():
            limit = RHAT_LIMIT if name == "R-hat" else ESS_LIMIT
            reasons.append(
                f"{name} {value:.4g} at {names[worst]} ({int(bad.sum())} of {len(names)}"
                f" quantities beyond {limit:g}): draw more or look at the model"
            )
    count = int(divergent.sum())
    measures["divergences"] = float(count)
    if count > DIVERGENT_SHARE_LIMIT * divergent.size:
        reasons.append(f"{count} of {divergent.size} draws diverged: the posterior may be cut off")
    elif count:
        notes.append(
            f"{count} of {divergent.size} draws diverged, below the share"
            f" ({DIVERGENT_SHARE_LIMIT:g}) that would bias an interval"
        )
    spread = np.var(energy, axis=1)
    moves = np.mean(np.diff(energy, axis=1) ** 2, axis=1)
    fraction = np.divide(moves, spread, out=np.zeros_like(moves), where=spread > 0)
    measures["BFMI"] = float(fraction.min())
    if not fraction.min() >= BFMI_LIMIT:
        reasons.append(f"energy fraction (BFMI) {fraction.min():.2f} below {BFMI_LIMIT}")
    return Verdict(not reasons, tuple(reasons), tuple(notes), measures)
