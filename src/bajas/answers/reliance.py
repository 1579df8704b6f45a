"""How much of an answer's uncertainty rests on which prior, to first order and without a refit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bajas.answers.quantity import Quantity
from bajas.posterior.densities import standard_draws, standard_log_prior, standard_score
from bajas.posterior.posterior import Posterior
from bajas.posterior.prior_groups import GROUP_WORDS, prior_groups

#: The priors drive an answer if they hold at least this share of the variance of its logarithm ...
SHARE_LIMIT = 0.5
#: ... and their part of its standard deviation is at least this (a factor of 1.2 at 95 %).
SD_LIMIT = 0.1
#: Stretches that each chain is cut into, for errors and for products of independent means.
_STRETCHES = 4


@dataclass(frozen=True)
class Reliance:
    """Which priors the posterior of a total rests on.

    Parameters
    ----------
    quantity : Quantity
        The total; its expected number is meant.
    sd : float
        Posterior standard deviation of the total's logarithm.
    shares : dict of str to float
        By group of priors, and ``claims`` for the rest: the share of the variance of the
        logarithm that answers to it; they add up to 1.
    errors : dict of str to float
        Monte Carlo standard errors of the shares.
    pulls : dict of str to float
        By group of priors: how far the mean of the logarithm moves when that prior's precision is
        doubled, to first order.
    """

    quantity: Quantity
    sd: float
    shares: dict[str, float] = field(hash=False)
    errors: dict[str, float] = field(hash=False)
    pulls: dict[str, float] = field(hash=False)

    @property
    def prior_share(self) -> float:
        """Share of the variance that answers to the priors together."""
        return 1 - self.shares["claims"]

    @property
    def driven_by(self) -> str | None:
        """The group of priors that drives the answer, or None if none does."""
        if self.prior_share < SHARE_LIMIT or self.sd * np.sqrt(self.prior_share) < SD_LIMIT:
            return None
        return max((name for name in self.shares if name != "claims"), key=self.shares.__getitem__)

    @property
    def sentence(self) -> str:
        """What a reader should know, in one sentence."""
        ordered = sorted(self.shares.items(), key=lambda item: -item[1])
        parts = [
            f"{_percent(share)} on {GROUP_WORDS.get(name, 'the claims and their own scatter')}"
            for name, share in ordered
            if share >= 0.05
        ]
        listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        if self.driven_by is None:
            head = "It is not driven by a prior"
            if self.prior_share >= SHARE_LIMIT:
                head += ", since the interval is narrow"
        else:
            head = f"It is driven by {GROUP_WORDS[self.driven_by]}"
        return f"{head}: of the variance of its logarithm {listed} (by power-scaling)."

    def __repr__(self) -> str:
        return f"Reliance of {self.quantity}: {self.sentence}"

    def as_dict(self) -> dict[str, Any]:
        """Return the shares as plain data for JSON."""
        return {
            "quantity": self.quantity.as_dict(),
            "log_sd": self.sd,
            "shares": dict(self.shares),
            "errors": dict(self.errors),
            "pulls": dict(self.pulls),
            "driven_by": self.driven_by,
        }


def reliance(posterior: Posterior, quantity: Quantity) -> Reliance | None:
    r"""Say which priors the posterior of a total rests on.

    Raise the prior of a group of coordinates to the power :math:`\alpha` (Kallioinen et al. 2024).
    With h the logarithm of the expected total and :math:`p_g` the prior density of group g in
    standardised coordinates z, the first-order response of the posterior at :math:`\alpha = 1` is

    .. math:: \partial E[h] / \partial \log \alpha = \mathrm{Cov}(h, \log p_g), \qquad
        f_g = - \frac{\partial \log \mathrm{Var}(h)}{\partial \log \alpha}
            = \frac{1}{\mathrm{Var}(h)} \sum_{j \in g} \mathrm{Cov}(h, z_j)\,
              \mathrm{Cov}(h, -\partial \log p_g / \partial z_j),

    the second for a normal posterior, of which the shares of priors and claims add up to 1; for
    others it is their linear part. Products of covariances take the two from different stretches
    of the chains, so that noise doesn't add up over coordinates.

    Parameters
    ----------
    posterior : Posterior
        Draws of a posterior.
    quantity : Quantity
        The total.

    Returns
    -------
    Reliance or None
        None if the total doesn't vary or is zero in some draw.

    References
    ----------
    Kallioinen, Paananen, Bürkner & Vehtari (2024), Statistics and Computing 34, 57.
    """
    window = quantity.window
    total = posterior.total(
        quantity.outcome, quantity.side, quantity.component, window.start, window.end,
        expected=True,
    )  # fmt: skip
    if total.min() <= 0 or np.ptp(total) == 0 or posterior.draws < 2 * _STRETCHES:
        return None
    h = np.log(total)
    h = h - h.mean()
    variance = float(np.mean(h**2))
    standard = standard_draws(posterior)
    score = standard_score(posterior, standard)
    first = _stretches(h, standard)
    second = _stretches(h, score)
    groups = prior_groups(posterior)
    density = standard_log_prior(posterior, standard)
    shares, errors, pulls = {}, {}, {}
    jack = {}
    for name, places in groups.items():
        whole, without = _products(first[:, places], second[:, places])
        shares[name] = whole / variance
        jack[name] = without / variance
        errors[name] = _jackknife(jack[name])
        pulls[name] = float(np.mean(h * density[..., places].sum(axis=-1)) * np.log(2))
    rest = 1 - sum(jack.values())
    shares["claims"] = 1 - sum(shares.values())
    errors["claims"] = _jackknife(np.asarray(rest))
    return Reliance(quantity, float(np.sqrt(variance)), shares, errors, pulls)


def _stretches(h: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return covariances of h with values in each stretch of each chain, (stretch, coordinate)."""
    centred = values - values.mean(axis=(0, 1))
    length = h.shape[1] // _STRETCHES
    return np.concatenate(
        [
            np.einsum(
                "cd,cdj->cj", h[:, start : start + length], centred[:, start : start + length]
            )
            / length
            for start in range(0, length * _STRETCHES, length)
        ]
    )


def _products(first: np.ndarray, second: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the sum of products of means over different stretches, and without each stretch."""
    count = len(first)
    own = np.sum(first * second, axis=1)
    totals, others = first.sum(axis=0), second.sum(axis=0)
    whole = (totals @ others - own.sum()) / (count * (count - 1))
    left = np.array(
        [(totals - first[i]) @ (others - second[i]) - (own.sum() - own[i]) for i in range(count)]
    ) / ((count - 1) * (count - 2))
    return float(whole), left


def _jackknife(values: np.ndarray) -> float:
    """Return the jackknife's standard error from leave-one-out values."""
    count = len(values)
    return float(np.sqrt((count - 1) / count * np.sum((values - values.mean()) ** 2)))


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.0f} %"
