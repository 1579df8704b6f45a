"""What our model is measured against: means, rules of thumb and meta-analysis, all on logarithms.

A baseline makes of the claims on a target a point or a distribution of log losses. The claims are
figures y_i; those worded as bounds count as the figure that they name.

Meta-analysis takes each claim for a measurement with a known error: from its own range (read as
90 % where no level is stated), else 15 %, which is what our model expects of repeated estimates;
counting adds 1 / y_i to the variance. The truth is the common mean, and what is scored is its
distribution.

Points have no distribution. For CRPS and log score they are dressed: a Student-t with 4 degrees of
freedom around the point, its scale that which makes the errors in all *other* cases likeliest, each
case one vote. A calibrated baseline learns an offset from the other cases too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from hindsight_targets import Target, figure
from scipy import optimize, stats

from bajas.claims.claim import Claim

#: Log sd of a figure without a range.
ERROR = 0.15
#: Draws that stand for a distribution in closed form: its quantiles, evenly spaced.
QUANTILES = (np.arange(4000) + 0.5) / 4000
DEGREES_OF_FREEDOM = 4.0


@dataclass(frozen=True)
class Pooled:
    """A normal or Student-t distribution of log losses; of infinite degrees of freedom a normal."""

    centre: float
    scale: float
    degrees_of_freedom: float = math.inf

    def draws(self) -> np.ndarray:
        """Return evenly spaced quantiles."""
        if math.isinf(self.degrees_of_freedom):
            return self.centre + self.scale * stats.norm.ppf(QUANTILES)
        return self.centre + self.scale * stats.t(self.degrees_of_freedom).ppf(QUANTILES)


# -- points -------------------------------------------------------------------------------------


def arithmetic_mean(target: Target) -> float | None:
    return float(np.log(np.mean(target.figures)))


def median(target: Target) -> float | None:
    return float(np.log(np.median(target.figures)))


def geometric_mean(target: Target) -> float | None:
    return float(np.mean(np.log(target.figures)))


def latest_own(target: Target) -> float | None:
    return None if target.own is None else math.log(target.own)


def own_and_enemy(target: Target) -> float | None:
    """Return the log of sqrt(own x enemy), the latest figure of each."""
    if target.own is None or target.enemy is None:
        return None
    return 0.5 * (math.log(target.own) + math.log(target.enemy))


POINTS: Mapping[str, Callable[[Target], float | None]] = {
    "arithmetic mean": arithmetic_mean,
    "median": median,
    "geometric mean": geometric_mean,
    "latest own claim": latest_own,
    "sqrt(own x enemy)": own_and_enemy,
}


# -- meta-analysis ------------------------------------------------------------------------------


def inverse_variance(y: np.ndarray, variance: np.ndarray) -> Pooled:
    """Return the common mean if all claims measured one thing."""
    weight = 1 / variance
    return Pooled(float(np.sum(weight * y) / weight.sum()), float(weight.sum() ** -0.5))


def between_variance(y: np.ndarray, variance: np.ndarray) -> float:
    """Return the variance between claims by the method of moments (DerSimonian & Laird 1986)."""
    if y.size < 2:
        return 0.0
    weight = 1 / variance
    q = float(np.sum(weight * (y - np.sum(weight * y) / weight.sum()) ** 2))
    return max(0.0, (q - (y.size - 1)) / float(weight.sum() - np.sum(weight**2) / weight.sum()))


def dersimonian_laird(y: np.ndarray, variance: np.ndarray) -> Pooled:
    """Return the mean of random effects, normal (DerSimonian & Laird 1986)."""
    return inverse_variance(y, variance + between_variance(y, variance))


def hartung_knapp(y: np.ndarray, variance: np.ndarray) -> Pooled | None:
    """Return the same mean with the variance of Hartung & Knapp (2001), a Student-t.

    Of one claim there is none. Equal figures have the variance 0 here; it is kept from falling
    below that of a common mean, as is usual (Rover, Knapp & Friede 2015).
    """
    if y.size < 2:
        return None
    pooled = dersimonian_laird(y, variance)
    weight = 1 / (variance + between_variance(y, variance))
    factor = float(np.sum(weight * (y - pooled.centre) ** 2)) / (y.size - 1)
    scale = pooled.scale * math.sqrt(max(factor, 1.0))
    return Pooled(pooled.centre, scale, float(y.size - 1))


META: Mapping[str, Callable[[np.ndarray, np.ndarray], Pooled | None]] = {
    "inverse variance": inverse_variance,
    "DerSimonian-Laird": dersimonian_laird,
    "Hartung-Knapp": hartung_knapp,
}


def measured(claims: Sequence[Claim]) -> tuple[np.ndarray, np.ndarray]:
    """Return log figures and the variances of their errors."""
    y = np.array([figure(claim) for claim in claims])
    sd = np.full(y.size, ERROR)
    for place, claim in enumerate(claims):
        if claim.low and claim.high and claim.high > claim.low:
            z = stats.norm.ppf(0.5 + 0.5 * (claim.level or 0.9))
            sd[place] = math.log(claim.high / claim.low) / (2 * z)
    return np.log(y), sd**2 + 1 / y


# -- points with a distribution from the other cases ----------------------------------------------


def dressed(
    errors: Mapping[str, Sequence[float]], without: str, offset: bool = False
) -> Pooled | None:
    """Return the distribution of log(truth / point) by the errors in all cases but one.

    Parameters
    ----------
    errors : mapping of str to sequence of float
        log(truth / point) by case.
    without : str
        The case that is predicted.
    offset : bool
        Whether a centre is learned, too; else it is 0.
    """
    others = {name: found for name, found in errors.items() if name != without and len(found)}
    if len(others) < 2:
        return None
    error = np.concatenate([np.asarray(found, dtype=float) for found in others.values()])
    vote = np.concatenate([np.full(len(found), 1 / len(found)) for found in others.values()])

    def cost(at: np.ndarray) -> float:
        centre = at[1] if offset else 0.0
        scale = float(np.exp(at[0]))
        return -float(vote @ stats.t.logpdf(error, DEGREES_OF_FREEDOM, centre, scale))

    best = optimize.minimize(cost, np.zeros(1 + offset), method="Nelder-Mead").x
    centre = float(best[1]) if offset else 0.0
    return Pooled(centre, float(np.exp(best[0])), DEGREES_OF_FREEDOM)
