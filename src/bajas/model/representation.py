"""The representation: one latent Gaussian model with log-sum-exp observations.

Everything that bajas can say about a war is expressed in this small intermediate form (Rue, Martino
& Chopin 2009), from which the PyMC model and any faster density are built:

    field         x = terms (Gaussian blocks), theta = hyperparameters
    nodes         node = N x + offset            one row per stratum and knot
    cells         eta = P node, lambda = exp(eta)    one cell per stratum and day that exists
    observations  mu_i = log(sum over runs r of i of w_r (L[stop_r] - L[start_r])) + B x + C theta
                  with L the running sum of lambda over cells
    noise         sigma_i^2 = (theta[noise_i] exp(D x)_i)^2 + log_sd_i^2    of points and bounds
                  phi_i = theta[noise_i] exp(D x)_i                        of negative binomials

P is the interpolation between knots (or a spline basis), a run is a stretch of consecutive cells of
one stratum (:mod:`bajas.model.runs`), B and C are the reporting terms (biases), D terms of the
noise. A new feature of the model is a new term or a new column. Weights w of runs with a curve, of
lists that grow after the event, depend on two hyperparameters. Alternative definitions of a stream
are representations of their own, which differ in the runs of its observations and in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from bajas.model.family import POINT, POISSON, log_likelihood, simulate
from bajas.model.runs import Runs as Runs
from bajas.model.term import Hyperparameter, Term

_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False)
class Representation:
    """A latent Gaussian model with log-sum-exp observations, as arrays.

    Parameters
    ----------
    terms : tuple of Term
        Blocks of the latent field, in the order of its columns.
    hyperparameters : tuple of Hyperparameter
        In the order of the columns of ``effects`` and of the position vector.
    node_design : csr_array, shape (node, field)
        N, from the field to the log intensity at knots.
    node_offset : ndarray, shape (node,)
        Added to it.
    interpolation : csr_array, shape (cell, node)
        P, from knots to cells.
    runs : Runs
        The cells that each observation adds up.
    reporting : csr_array, shape (observation, field)
        B, the biases that enter each observation.
    effects : csr_array, shape (observation, hyperparameter)
        C, hyperparameters that enter linearly.
    names : tuple of str
        Names of the observations.
    form : ndarray of int, shape (observation,)
        Codes of :mod:`bajas.model.family`.
    log_value, log_sd : ndarray, shape (observation,)
        Log of the figure and its own sd on the log scale.
    noise : ndarray of int, shape (observation,)
        Position of each observation's noise scale among all hyperparameters; -1 for none (a scale
        of 1).
    degrees_of_freedom : {4, inf}
        Of the errors.
    count : ndarray, shape (observation,), optional
        The figures of counts, 0 for other observations.
    log_noise : csr_array, shape (observation, field), optional
        D, what the field adds to the log of each noise scale.
    curves : ndarray of int, shape (curve, 2), optional
        Of the curves of runs: positions of delay (days) and shape among all hyperparameters.
    """

    terms: tuple[Term, ...]
    hyperparameters: tuple[Hyperparameter, ...]
    node_design: sparse.csr_array
    node_offset: np.ndarray
    interpolation: sparse.csr_array
    runs: Runs
    reporting: sparse.csr_array
    effects: sparse.csr_array
    names: tuple[str, ...]
    form: np.ndarray
    log_value: np.ndarray
    log_sd: np.ndarray
    noise: np.ndarray
    degrees_of_freedom: float
    count: np.ndarray = None  # type: ignore[assignment]  # all zero, made below
    log_noise: sparse.csr_array = None  # type: ignore[assignment]
    curves: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    # positions of terms and hyperparameters in their vectors
    term_slices: dict[str, slice] = field(init=False)
    hyper_slices: dict[str, slice] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "term_slices", _slices([(t.name, t.size) for t in self.terms]))
        hyper = _slices([(h.name, h.size) for h in self.hyperparameters])
        object.__setattr__(self, "hyper_slices", hyper)
        observations = len(self.names)
        if self.count is None:
            object.__setattr__(self, "count", np.zeros(observations))
        if self.log_noise is None:
            none = sparse.csr_array((observations, self.field_size), dtype=float)
            object.__setattr__(self, "log_noise", none)
        expected = {
            "node_design": (self.node_offset.size, self.field_size),
            "interpolation": (self.interpolation.shape[0], self.node_offset.size),
            "reporting": (observations, self.field_size),
            "effects": (observations, self.hyper_size),
            "log_noise": (observations, self.field_size),
            "count": (observations,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if set(np.unique(self.runs.observation)) != set(range(observations)):
            raise ValueError("every observation needs at least one run of cells")
        if np.any(np.diff(self.runs.observation) < 0):
            raise ValueError("runs must be in the order of their observations")
        if self.runs.curve.max(initial=-1) >= len(self.curves):
            raise ValueError("a run has a curve that isn't there")
        positive = np.concatenate(
            [np.full(h.size, h.family in ("half_normal", "log_normal"))
             for h in self.hyperparameters] or [np.zeros(0, dtype=bool)]
        )  # fmt: skip
        if not np.all(positive[self.curves]):
            raise ValueError("delays and shapes of curves need positive priors")
        for edge in self.runs.edges:
            if np.any((self.runs.start < edge) & (edge < self.runs.stop)):
                raise ValueError("a run crosses the start of a running sum")
        for term in self.terms:
            if term.correlated_by is not None:
                part = hyper[term.correlated_by]
                if part.stop - part.start != term.shape[0] * (term.shape[0] - 1) // 2:
                    raise ValueError(f"{term.correlated_by!r} needs one value a pair")

    # -- sizes and printing -------------------------------------------------------------------

    @property
    def field_size(self) -> int:
        """Number of elements of the latent field."""
        return sum(term.size for term in self.terms)

    @property
    def hyper_size(self) -> int:
        """Number of hyperparameters."""
        return sum(hyper.size for hyper in self.hyperparameters)

    @property
    def size(self) -> int:
        """Length of a position vector: field and hyperparameters."""
        return self.field_size + self.hyper_size

    @property
    def cell_count(self) -> int:
        """Number of cells."""
        return int(self.interpolation.shape[0])

    @cached_property
    def table(self) -> pd.DataFrame:
        """Terms and hyperparameters as a table."""
        rows = [
            {
                "name": term.name,
                "what": term.structure.replace("_", " "),
                "dims": " x ".join(
                    f"{dim} ({len(labels)})"
                    for dim, labels in zip(term.dims, term.labels, strict=True)
                ),
                "size": term.size,
                "prior": f"scale {_span(term.scale)}"
                + (f" x {term.scale_by}" if term.scale_by else "")
                + (f", correlated by {term.correlated_by}" if term.correlated_by else "")
                + f", mean {_span(term.mean)}",
            }
            for term in self.terms
        ]
        rows += [
            {
                "name": hyper.name,
                "what": "hyperparameter",
                "dims": f"{hyper.dim} ({hyper.size})",
                "size": hyper.size,
                "prior": _described(hyper),
            }
            for hyper in self.hyperparameters
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return (
            f"Representation: {len(self.names)} observations, {self.cell_count} cells,"
            f" {self.node_offset.size} nodes, {self.size} parameters\n"
            + self.table.to_string(index=False)
        )

    # -- coordinates --------------------------------------------------------------------------

    def hyper_values(self, standard: np.ndarray) -> dict[str, np.ndarray]:
        """Return natural hyperparameters from their standardised vector (any leading dims)."""
        return {
            hyper.name: hyper.from_standard(standard[..., self.hyper_slices[hyper.name]])
            for hyper in self.hyperparameters
        }

    def unpack(self, position: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return field and hyperparameters from standardised positions.

        Parameters
        ----------
        position : ndarray, shape (..., size)
            Standard coordinates of the terms, then of the hyperparameters.

        Returns
        -------
        field : ndarray, shape (..., field)
            The latent field.
        hyperparameters : dict of str to ndarray
            Natural values, shape (..., size of each).
        """
        hyper = self.hyper_values(position[..., self.field_size :])
        parts = []
        for term in self.terms:
            block = position[..., self.term_slices[term.name]]
            shaped = block.reshape(*position.shape[:-1], *term.shape)
            value = term.from_standard(shaped, hyper)
            parts.append(value.reshape(*position.shape[:-1], term.size))
        return np.concatenate(parts, axis=-1), hyper

    def pack(self, field_values: np.ndarray, hyper: dict[str, np.ndarray]) -> np.ndarray:
        """Return standardised positions, the inverse of :meth:`unpack`."""
        lead = field_values.shape[:-1]
        parts = [
            term.to_standard(
                field_values[..., self.term_slices[term.name]].reshape(*lead, *term.shape), hyper
            ).reshape(*lead, term.size)
            for term in self.terms
        ]
        parts += [h.to_standard(hyper[h.name]) for h in self.hyperparameters]
        return np.concatenate(parts, axis=-1)

    def split(self, field_values: np.ndarray) -> dict[str, np.ndarray]:
        """Return the field term by term, shape (..., *shape of the term)."""
        return {
            term.name: field_values[..., self.term_slices[term.name]].reshape(
                *field_values.shape[:-1], *term.shape
            )
            for term in self.terms
        }

    # -- the forward map ----------------------------------------------------------------------

    def log_intensity(self, field_values: np.ndarray) -> np.ndarray:
        """Return eta, the log expected losses per day of every cell, shape (..., cell)."""
        flat = field_values.reshape(-1, self.field_size)
        nodes = self.node_design @ flat.T + self.node_offset[:, None]
        eta = self.interpolation @ nodes
        return np.asarray(eta.T.reshape(*field_values.shape[:-1], self.cell_count))

    def run_weights(self, hyper: dict[str, np.ndarray] | None) -> np.ndarray:
        """Return the weight of each run, shape (..., run)."""
        if not len(self.curves):
            return self.runs.weight
        if hyper is None:
            raise ValueError("weights depend on hyperparameters")
        theta = np.concatenate([hyper[h.name] for h in self.hyperparameters], axis=-1)
        return self.runs.weights(theta[..., self.curves[:, 0]], theta[..., self.curves[:, 1]])

    def expected_log(
        self, field_values: np.ndarray, hyper: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Return log tau, the log of the true sum behind each observation.

        For a count from a list: of those losses that such a list, complete in the end, would have
        come to know of in time.

        Parameters
        ----------
        field_values : ndarray, shape (..., field)
            The latent field.
        hyper : dict of str to ndarray, optional
            Natural hyperparameters; needed where runs have curves.
        """
        intensity = np.exp(self.log_intensity(field_values))
        running = self.runs.running(intensity)
        start, stop = self.runs.places
        parts = (running[..., stop] - running[..., start]) * self.run_weights(hyper)
        first = np.searchsorted(self.runs.observation, np.arange(len(self.names)))
        return np.asarray(np.log(np.add.reduceat(parts, first, axis=-1)))

    def location(self, field_values: np.ndarray, hyper: dict[str, np.ndarray]) -> np.ndarray:
        """Return mu, the location of each observation's figure on the log scale."""
        lead = field_values.shape[:-1]
        theta = self._hyper_vector(hyper, lead)
        bias = self.reporting @ field_values.reshape(-1, self.field_size).T
        bias = bias + self.effects @ theta.reshape(bias.shape[1], self.hyper_size).T
        return np.asarray(
            self.expected_log(field_values, hyper) + bias.T.reshape(*lead, len(self.names))
        )

    def noise_scale(
        self, hyper: dict[str, np.ndarray], field_values: np.ndarray | None = None
    ) -> np.ndarray:
        """Return sigma, the scale of each observation's figure on the log scale; phi of counts.

        Parameters
        ----------
        hyper : dict of str to ndarray
            Natural values.
        field_values : ndarray, shape (..., field), optional
            Needed where the noise depends on the field.
        """
        if field_values is not None:
            lead = field_values.shape[:-1]
        else:
            lead = next((value.shape[:-1] for value in hyper.values()), ())
        theta = self._hyper_vector(hyper, lead)
        # a one at the end, where -1 points to
        own = np.concatenate([theta, np.ones((*lead, 1))], axis=-1)[..., self.noise]
        if self.log_noise.nnz:
            if field_values is None:
                raise ValueError("the noise depends on the field")
            moved = self.log_noise @ field_values.reshape(-1, self.field_size).T
            own = own * np.exp(moved.T.reshape(*lead, len(self.names)))
        counts = self.form >= POISSON
        return np.where(counts, own, np.sqrt(np.where(counts, 0.0, own) ** 2 + self.log_sd**2))

    def _hyper_vector(self, hyper: dict[str, np.ndarray], lead: tuple[int, ...]) -> np.ndarray:
        parts = [hyper[h.name] for h in self.hyperparameters]
        return np.concatenate([np.zeros((*lead, 0)), *parts], axis=-1)

    # -- densities ----------------------------------------------------------------------------

    def pointwise(self, field_values: np.ndarray, hyper: dict[str, np.ndarray]) -> np.ndarray:
        """Return the log likelihood of each observation, shape (..., observation)."""
        return log_likelihood(
            self.log_value,
            self.location(field_values, hyper),
            self.noise_scale(hyper, field_values),
            self.form,
            self.degrees_of_freedom,
            self.count,
        )

    def log_prior(self, field_values: np.ndarray, hyper: dict[str, np.ndarray]) -> float:
        """Return the log prior density of a field and natural hyperparameters."""
        blocks = self.split(field_values)
        return float(
            sum(term.log_density(blocks[term.name], hyper) for term in self.terms)
            + sum(h.log_density(hyper[h.name]) for h in self.hyperparameters)
        )

    def log_density(self, field_values: np.ndarray, hyper: dict[str, np.ndarray]) -> float:
        """Return the log posterior density, up to the evidence, in natural coordinates."""
        return self.log_prior(field_values, hyper) + float(
            self.pointwise(field_values, hyper).sum()
        )

    def standard_log_density(self, position: np.ndarray) -> float:
        """Return the log posterior density in standardised coordinates (Jacobian included)."""
        field_values, hyper = self.unpack(position)
        standard = position[: self.field_size]
        prior = float(np.sum(-0.5 * standard**2 - 0.5 * _LOG_2PI))
        for h in self.hyperparameters:
            block = position[self.field_size :][self.hyper_slices[h.name]]
            prior += h.standard_log_density(block)
        return prior + float(self.pointwise(field_values, hyper).sum())

    # -- simulation ---------------------------------------------------------------------------

    def sample_prior(
        self, rng: np.random.Generator, draws: int
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return prior draws of the field, shape (draws, field), and of the hyperparameters."""
        hyper = {h.name: h.sample(rng, draws) for h in self.hyperparameters}
        parts = []
        for term in self.terms:
            standard = rng.standard_normal((draws, *term.shape))
            parts.append(term.from_standard(standard, hyper).reshape(draws, term.size))
        return np.concatenate(parts, axis=-1), hyper

    def simulate(
        self, rng: np.random.Generator, field_values: np.ndarray, hyper: dict[str, np.ndarray]
    ) -> np.ndarray:
        """Return simulated figures of every source, shape (..., observation)."""
        return simulate(
            rng,
            self.location(field_values, hyper),
            self.noise_scale(hyper, field_values),
            self.degrees_of_freedom,
            self.form,
        )

    @property
    def points(self) -> np.ndarray:
        """Which observations are points (the others are bounds or counts)."""
        return np.asarray(self.form == POINT)


def _slices(sizes: list[tuple[str, int]]) -> dict[str, slice]:
    found: dict[str, slice] = {}
    start = 0
    for name, size in sizes:
        if name in found:
            raise ValueError(f"two blocks are named {name!r}")
        found[name] = slice(start, start + size)
        start += size
    return found


def _span(values: np.ndarray) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def _described(hyper: Hyperparameter) -> str:
    family = hyper.family.replace("_", "-")
    if hyper.family == "partial_correlation":
        return f"{family}, concentration {_span(hyper.concentration)}"
    location = "" if hyper.family == "half_normal" else f", location {_span(hyper.location)}"
    return f"{family}, scale {_span(hyper.scale)}{location}"
