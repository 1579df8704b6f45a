"""The posterior: draws of field and hyperparameters with everything needed to answer from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from bajas.claims.claim import Window
from bajas.design.design import Design
from bajas.errors import QuantityError
from bajas.ledger.ledger import Ledger
from bajas.model.build import build_representation
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.readings import Readings
from bajas.posterior.verdict import Verdict

if TYPE_CHECKING:
    import xarray as xr  # a fit needs none of it

#: What the processor's cache holds of intensities while they are computed.
_DRAWS_AT_ONCE = 128

#: Whether draws are of the posterior or of the prior.
Group = Literal["posterior", "prior"]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the latent field and the hyperparameters, with ledger, specification and verdict.

    The same class holds draws of the prior (``group="prior"``), so that every answer can be asked
    of the prior predictive too.

    Parameters
    ----------
    ledger : Ledger
        The evidence.
    specification : Specification
        The model's choices.
    design : Design
        What the claims were taken to mean.
    representation : Representation
        The latent Gaussian model; of the first reading where the definition of a stream is in
        question (terms and hyperparameters are the same under all).
    field_draws : ndarray, shape (chain, draw, field)
        The latent field.
    hyper_draws : mapping of str to ndarray, shape (chain, draw, element)
        Hyperparameters by name.
    sample_stats : mapping of str to ndarray, shape (chain, draw)
        What the sampler says of each draw: ``diverging``, ``energy``, ``n_steps``, ``logp``.
    seed : int
        Seed of the sampling; also of the realised counts.
    verdict : Verdict
        Whether the draws can be trusted.
    complete : bool
        Whether sampling ran to its end.
    provenance : mapping of str to str or float
        Versions, sampler and timings.
    group : {"posterior", "prior"}
        What the draws are of.
    """

    ledger: Ledger
    specification: Specification
    design: Design
    representation: Representation
    field_draws: np.ndarray
    hyper_draws: Mapping[str, np.ndarray]
    sample_stats: Mapping[str, np.ndarray]
    seed: int
    verdict: Verdict
    complete: bool = True
    provenance: Mapping[str, Any] = field(default_factory=dict)
    group: Group = "posterior"
    _realised: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return (
            f"{self.group.capitalize()}: {self.chains} chains of {self.draws} draws, bias prior"
            f" {self.specification.bias.name}, seed {self.seed}\n  {self.verdict}"
        )

    @property
    def chains(self) -> int:
        """Number of chains."""
        return int(self.field_draws.shape[0])

    @property
    def draws(self) -> int:
        """Number of draws per chain."""
        return int(self.field_draws.shape[1])

    @cached_property
    def why_not(self) -> tuple[str, ...]:
        """Why an answer from these draws can't be trusted; empty if it can."""
        reasons = list(self.verdict.reasons)
        if not self.verdict.trusted and not reasons:
            reasons.append("the draws failed their convergence verdict")
        if not self.complete and not any("interrupted" in reason for reason in reasons):
            reasons.append("sampling was interrupted: the draws are those made until then")
        if self.group == "prior":
            reasons.append("these are draws of the prior: no claim's figure has entered")
        return tuple(reasons)

    # -- losses -------------------------------------------------------------------------------

    def intensity(self, stratum: int) -> np.ndarray:
        """Return the expected losses per day of a stratum.

        Parameters
        ----------
        stratum : int
            Position in ``design.strata``.

        Returns
        -------
        ndarray, shape (chain, draw, day)
            Persons or items per day over the whole calendar, 0 where the stratum doesn't exist.
        """
        representation, item = self.representation, self.design.strata[stratum]
        first = sum(s.last - s.first + 1 for s in self.design.strata[:stratum])
        rows = representation.interpolation[first : first + item.last - item.first + 1]
        nodes = np.unique(rows.indices)
        flat = self.field_draws.reshape(-1, representation.field_size)
        weights, offset = rows[:, nodes], representation.node_offset[nodes, None]
        design = representation.node_design[nodes]
        found = np.zeros((flat.shape[0], self.design.calendar.days))
        for start in range(0, flat.shape[0], _DRAWS_AT_ONCE):
            some = slice(start, start + _DRAWS_AT_ONCE)
            eta = weights @ (design @ flat[some].T + offset)
            found[some, item.first : item.last + 1] = np.exp(eta, out=eta).T
        return found.reshape(self.chains, self.draws, -1)

    def realised(self, stratum: int) -> np.ndarray:
        """Return realised daily losses of a stratum: Poisson counts around the intensity.

        The counts are drawn once per stratum from a generator seeded by the fit's seed and the
        stratum, so that every answer about the same days uses the same counts: parts add up to
        their whole and killed never exceed casualties in any draw.

        Returns
        -------
        ndarray of uint32, shape (chain, draw, day)
        """
        if stratum not in self._realised:
            rng = np.random.default_rng([self.seed, stratum])
            rate = np.minimum(self.intensity(stratum), 1e9)
            self._realised[stratum] = rng.poisson(rate).astype(np.uint32)
        return self._realised[stratum]

    def daily(
        self, outcome: str, side: str, component: str = "all", *, expected: bool = False
    ) -> np.ndarray:
        """Return daily losses of a quantity, shape (chain, draw, day).

        Parameters
        ----------
        outcome, side, component : str
            What is counted; expressions over the taxonomy.
        expected : bool
            The intensity instead of realised counts.

        Raises
        ------
        QuantityError
            If the fit doesn't hold the quantity.
        """
        strata = self.design.scope(outcome, side, component)
        total = np.zeros((self.chains, self.draws, self.design.calendar.days))
        for stratum in strata:
            total += self.intensity(stratum) if expected else self.realised(stratum)
        return total

    def window(self, since: str | date | None, until: str | date | None) -> Window:
        """Return the window asked for, by default the whole calendar.

        Raises
        ------
        QuantityError
            If it lies outside the days that the claims cover, or isn't a window.
        """
        calendar = self.design.calendar
        start = _as_date(since, "since") or calendar.first_day
        end = _as_date(until, "until") or calendar.last_day
        if start > end:
            raise QuantityError(f"the window ends ({end}) before it starts ({start})")
        if start < calendar.first_day or end > calendar.last_day:
            raise QuantityError(
                f"{start} to {end} isn't covered: the claims of this fit cover"
                f" {calendar.first_day} to {calendar.last_day}"
            )
        return Window(start, end)

    def total(
        self,
        outcome: str,
        side: str,
        component: str = "all",
        since: str | date | None = None,
        until: str | date | None = None,
        *,
        expected: bool = False,
    ) -> np.ndarray:
        """Return total losses of a quantity over a window, shape (chain, draw)."""
        window = self.window(since, until)
        start = self.design.calendar.index(window.start)
        stop = self.design.calendar.index(window.end) + 1
        daily = self.daily(outcome, side, component, expected=expected)
        return np.asarray(daily[:, :, start:stop].sum(axis=-1))

    # -- readings -----------------------------------------------------------------------------

    @cached_property
    def readings(self) -> Readings | None:
        """How probable each reading of the ambiguous streams is; None where nothing is in question.

        The reading of each draw is ``sample_stats["reading"]``, a position in ``design.readings``.
        """
        data = self.provenance.get("readings")
        return None if data is None else Readings.from_dict(data)

    def expected_log(self, draws: slice) -> np.ndarray:
        """Return log tau, the log of the true sum behind each observation, each draw as it is read.

        Parameters
        ----------
        draws : slice
            Of all draws, chain after chain.

        Returns
        -------
        ndarray, shape (draw, observation)
        """
        field_draws = self.field_draws.reshape(-1, self.representation.field_size)[draws]
        hyper = {
            name: values.reshape(-1, values.shape[-1])[draws]
            for name, values in self.hyper_draws.items()
        }
        if self.readings is None:
            return self.representation.expected_log(field_draws, hyper)
        chosen = np.asarray(self.sample_stats["reading"]).reshape(-1)[draws]
        found = np.empty((field_draws.shape[0], len(self.representation.names)))
        for index in np.unique(chosen):
            at = chosen == index
            here = {name: values[at] for name, values in hyper.items()}
            found[at] = self._representations[index].expected_log(field_draws[at], here)
        return found

    @cached_property
    def _representations(self) -> tuple[Representation, ...]:
        return tuple(
            build_representation(
                self.design.read_as(reading), self.specification, self.ledger.sources
            )
            for reading in self.design.readings
        )

    # -- reporting ----------------------------------------------------------------------------

    @cached_property
    def bias_draws(self) -> np.ndarray:
        """Bias of each observation's source, log(reported / true), (chain, draw, observation)."""
        representation = self.representation
        flat = self.field_draws.reshape(-1, representation.field_size)
        theta = np.concatenate(
            [self.hyper_draws[h.name] for h in representation.hyperparameters], axis=-1
        ).reshape(-1, representation.hyper_size)
        bias = (representation.reporting @ flat.T + representation.effects @ theta.T).T
        return np.asarray(bias.reshape(self.chains, self.draws, -1))

    # -- named dims ---------------------------------------------------------------------------

    @cached_property
    def tree(self) -> xr.DataTree:
        """The draws as an xarray DataTree with named dims and real dates.

        Groups: ``posterior`` (or ``prior``) with every term and hyperparameter by name, the weekly
        realised ``losses`` per stratum and the ``bias`` of each observation; ``sample_stats``;
        ``observed_data``.
        """
        import xarray as xr

        return xr.DataTree.from_dict(
            {
                self.group: self._variables(),
                "sample_stats": xr.Dataset(
                    {name: (("chain", "draw"), v) for name, v in self.sample_stats.items()},
                    coords=self._draw_coords(),
                ),
                "observed_data": self._observed(),
            }
        )

    def _draw_coords(self) -> dict[str, Any]:
        return {"chain": np.arange(self.chains), "draw": np.arange(self.draws)}

    def _variables(self) -> xr.Dataset:
        import xarray as xr

        data: dict[str, Any] = {}
        coords: dict[str, Any] = self._draw_coords()
        blocks = self.representation.split(self.field_draws)
        for term in self.representation.terms:
            data[term.name] = (("chain", "draw", *term.dims), blocks[term.name])
            for dim, labels in zip(term.dims, term.labels, strict=True):
                coords[dim] = (
                    pd.to_datetime(list(labels)) if dim.endswith("_knot") else list(labels)
                )
        for hyper in self.representation.hyperparameters:
            data[hyper.name] = (("chain", "draw", hyper.dim), self.hyper_draws[hyper.name])
            coords[hyper.dim] = list(hyper.labels)
        data["losses"] = (("chain", "draw", "stratum", "week"), self._weekly())
        strata = self.design.strata
        coords["stratum"] = [s.label for s in strata]
        coords["side"] = coords.get("side", sorted({s.side for s in strata}))
        coords["stratum_side"] = ("stratum", [s.side for s in strata])
        coords["stratum_component"] = ("stratum", [s.component for s in strata])
        coords["stratum_outcome"] = ("stratum", [s.outcome for s in strata])
        coords["week"] = self.design.calendar.dates()[::7]
        data["bias"] = (("chain", "draw", "observation"), self.bias_draws)
        coords["observation"] = list(self.representation.names)
        return xr.Dataset(data, coords=coords)

    def _weekly(self) -> np.ndarray:
        starts = np.arange(0, self.design.calendar.days, 7)
        weekly = np.zeros(
            (self.chains, self.draws, len(self.design.strata), starts.size), dtype=np.float32
        )
        for index in range(len(self.design.strata)):
            weekly[:, :, index] = np.add.reduceat(self.realised(index), starts, axis=-1)
        return weekly

    def _observed(self) -> xr.Dataset:
        import xarray as xr

        observations = self.design.observations
        return xr.Dataset(
            {
                "value": ("observation", [o.value for o in observations]),
                "form": ("observation", [o.form for o in observations]),
                "start": ("observation", pd.to_datetime([o.window.start for o in observations])),
                "end": ("observation", pd.to_datetime([o.window.end for o in observations])),
                "stream": (
                    "observation",
                    [self.design.streams[o.stream].label for o in observations],
                ),
            },
            coords={"observation": list(self.representation.names)},
        )


def verdict_quantities(
    design: Design,
    representation: Representation,
    field_draws: np.ndarray,
    hyper_draws: Mapping[str, np.ndarray],
    totals: Iterable[tuple[str, np.ndarray]] = (),
) -> dict[str, np.ndarray]:
    """Return every scalar of a model, and totals, by readable name, (chain, draw) each."""
    found: dict[str, np.ndarray] = {}
    for name, block in representation.split(field_draws).items():
        term = next(t for t in representation.terms if t.name == name)
        for position in np.ndindex(*term.shape):
            label = ", ".join(term.labels[axis][i] for axis, i in enumerate(position))
            found[f"{name}[{label}]"] = block[(slice(None), slice(None), *position)]
    for hyper in representation.hyperparameters:
        for index, label in enumerate(hyper.labels):
            found[f"{hyper.name}[{label}]"] = hyper_draws[hyper.name][:, :, index]
    found.update(totals)
    return found


def _as_date(day: str | date | None, name: str) -> date | None:
    if day is None:
        return None
    if isinstance(day, str):
        try:
            return date.fromisoformat(day)
        except ValueError:
            raise QuantityError(f"{name} must be an ISO date (YYYY-MM-DD), not {day!r}") from None
    return day
