"""Log densities of the draws: likelihood by observation, prior by group of coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, gammaln

from bajas.model.family import log_likelihood
from bajas.model.term import Hyperparameter
from bajas.posterior.posterior import Posterior
from bajas.posterior.prior_groups import prior_groups

if TYPE_CHECKING:
    import xarray as xr

#: Draws whose intensities are held in memory at a time.
_BLOCK = 250
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False)
class ObservationDraws:
    """What each draw says of each observation, shape (chain, draw, observation) each.

    Parameters
    ----------
    mu, sigma : ndarray
        Location and scale of the source's figure; see :mod:`bajas.model.family`.
    log_likelihood : ndarray
        Of the figure that was published.
    """

    mu: np.ndarray
    sigma: np.ndarray
    log_likelihood: np.ndarray


def observation_draws(posterior: Posterior) -> ObservationDraws:
    """Return location, scale and log likelihood of every observation in every draw.

    Parameters
    ----------
    posterior : Posterior
        Draws; its representation decides what the observations are.
    """
    representation = posterior.representation
    field = posterior.field_draws.reshape(-1, representation.field_size)
    hyper = {k: v.reshape(-1, v.shape[-1]) for k, v in posterior.hyper_draws.items()}
    shape = (len(field), len(representation.names))
    mu, sigma = np.empty(shape), np.empty(shape)
    for start in range(0, len(field), _BLOCK):
        part = slice(start, start + _BLOCK)
        some = {name: values[part] for name, values in hyper.items()}
        mu[part] = representation.location(field[part], some)
        sigma[part] = representation.noise_scale(some, field[part])
    found = log_likelihood(
        representation.log_value, mu, sigma, representation.form,
        representation.degrees_of_freedom, representation.count,
    )  # fmt: skip
    lead = (posterior.chains, posterior.draws, -1)
    return ObservationDraws(mu.reshape(lead), sigma.reshape(lead), found.reshape(lead))


def standard_draws(posterior: Posterior) -> np.ndarray:
    """Return the draws in standardised coordinates, shape (chain, draw, coordinate).

    In these the prior is a product of simple densities: standard normal for every element or
    innovation of a term and for normal and log-normal hyperparameters.
    """
    return posterior.representation.pack(posterior.field_draws, dict(posterior.hyper_draws))


def standard_log_prior(posterior: Posterior, standard: np.ndarray) -> np.ndarray:
    """Return the log prior density of each standardised coordinate, of the shape of ``standard``.

    Parameters
    ----------
    posterior : Posterior
        For the priors.
    standard : ndarray, shape (..., coordinate)
        From :func:`standard_draws`.
    """
    found = -0.5 * standard**2 - 0.5 * _LOG_2PI
    for hyper, part in _hyper_parts(posterior):
        u = standard[..., part]
        if hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
            found[..., part] = constant - (nu + 1) / 2 * np.log1p(u**2 / nu)
        elif hyper.family == "half_normal":
            found[..., part] = -0.5 * np.exp(2 * u) + u + np.log(2) - 0.5 * _LOG_2PI
        elif hyper.family == "partial_correlation":
            b = hyper.concentration
            log_cosh = np.abs(u) + np.log1p(np.exp(-2 * np.abs(u))) - np.log(2)
            found[..., part] = -2 * b * log_cosh - (2 * b - 1) * np.log(2) - betaln(b, b)
    return found


def standard_score(posterior: Posterior, standard: np.ndarray) -> np.ndarray:
    """Return minus the derivative of :func:`standard_log_prior`, of the shape of ``standard``."""
    found = np.array(standard)
    for hyper, part in _hyper_parts(posterior):
        u = standard[..., part]
        if hyper.family == "student_t":
            nu = hyper.degrees_of_freedom
            found[..., part] = (nu + 1) * u / (nu + u**2)
        elif hyper.family == "half_normal":
            found[..., part] = np.exp(2 * u) - 1
        elif hyper.family == "partial_correlation":
            found[..., part] = 2 * hyper.concentration * np.tanh(u)
    return found


def _hyper_parts(posterior: Posterior) -> list[tuple[Hyperparameter, slice]]:
    start = posterior.representation.field_size
    slices = posterior.representation.hyper_slices
    return [
        (h, slice(start + slices[h.name].start, start + slices[h.name].stop))
        for h in posterior.representation.hyperparameters
    ]


def log_likelihood_data(posterior: Posterior) -> xr.Dataset:
    """Return the log likelihood of each observation, for ArviZ.

    Returns
    -------
    xarray.Dataset
        ``figure`` with dims chain, draw, observation: density of the log of a point's figure,
        probability of a bound.
    """
    import xarray as xr

    values = observation_draws(posterior).log_likelihood
    return xr.Dataset(
        {"figure": (("chain", "draw", "observation"), values)},
        coords={**_draw_coords(posterior), "observation": list(posterior.representation.names)},
    )


def log_prior_data(posterior: Posterior) -> xr.Dataset:
    """Return the log prior density of each draw by group of coordinates, for ArviZ.

    Densities are those of the standardised coordinates, so that raising one to a power alpha
    divides a normal prior's variance by alpha, and the steps of a walk's, whatever its scale.

    Returns
    -------
    xarray.Dataset
        One variable per group of :func:`~bajas.posterior.prior_groups.prior_groups`, with dims
        chain and draw.
    """
    import xarray as xr

    density = standard_log_prior(posterior, standard_draws(posterior))
    return xr.Dataset(
        {
            group: (("chain", "draw"), density[..., places].sum(axis=-1))
            for group, places in prior_groups(posterior).items()
        },
        coords=_draw_coords(posterior),
    )


def _draw_coords(posterior: Posterior) -> dict[str, np.ndarray]:
    return {"chain": np.arange(posterior.chains), "draw": np.arange(posterior.draws)}
