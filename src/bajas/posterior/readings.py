"""How probable each reading of ambiguous streams is, with its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bajas.design.design import Design
from bajas.errors import SpecificationError
from bajas.model.specification import Specification


@dataclass(frozen=True, eq=False)
class Readings:
    """The ways to read the ambiguous streams of a design together, and how probable each is.

    Parameters
    ----------
    streams : tuple of str
        Labels of the ambiguous streams.
    choices : tuple of tuple of str
        Of each reading, what each stream is read as.
    names : tuple of str
        Of each reading, in words.
    prior : ndarray, shape (reading,)
        Prior probabilities.
    log_evidence, error : ndarray, shape (reading,)
        Log marginal likelihood under each reading and its Monte Carlo error. NaN for a reading
        that wasn't drawn; zero in draws of the prior.
    divergence : ndarray, shape (reading,)
        Length of the bridge; see :class:`bajas.sampler.evidence.Evidence`.
    """

    streams: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    prior: np.ndarray
    log_evidence: np.ndarray
    error: np.ndarray
    divergence: np.ndarray

    @property
    def probability(self) -> np.ndarray:
        """Posterior probability of each reading; zero for those that weren't drawn."""
        with np.errstate(divide="ignore"):
            log_weight = np.log(self.prior) + np.nan_to_num(self.log_evidence, nan=-np.inf)
        weight = np.exp(log_weight - log_weight.max())
        return np.asarray(weight / weight.sum())

    def moved(self, values: np.ndarray) -> np.ndarray:
        """Return the Monte Carlo error, by that of the evidence, of means over readings.

        To first order: d mean = sum over readings of p (value - mean) d log evidence.

        Parameters
        ----------
        values : ndarray, shape (..., reading)
            What has the means.
        """
        p = self.probability
        away = values - (values @ p)[..., None]
        moves = p * away * np.nan_to_num(self.error)
        return np.asarray(np.sqrt((moves**2).sum(axis=-1)))

    def of_stream(self, stream: str) -> list[tuple[str, float, float, float]]:
        """Return name, prior, posterior probability and its Monte Carlo error of each reading."""
        place = self.streams.index(stream)
        own = [choice[place] for choice in self.choices]
        found = []
        for name in dict.fromkeys(own):
            inside = np.array([float(item == name) for item in own])
            found.append(
                (
                    name,
                    float(inside @ self.prior),
                    float(inside @ self.probability),
                    float(self.moved(inside)),
                )
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "streams": list(self.streams),
            "choices": [list(choice) for choice in self.choices],
            "names": list(self.names),
            **{
                name: [None if np.isnan(v) else float(v) for v in getattr(self, name)]
                for name in ("prior", "log_evidence", "error", "divergence")
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Readings:
        """Build from the plain data of :meth:`as_dict`."""
        return cls(
            streams=tuple(data["streams"]),
            choices=tuple(tuple(choice) for choice in data["choices"]),
            names=tuple(data["names"]),
            **{
                name: np.array([np.nan if v is None else v for v in data[name]], dtype=float)
                for name in ("prior", "log_evidence", "error", "divergence")
            },
        )


def unweighed(design: Design, specification: Specification) -> Readings:
    """Return the readings of a design under their prior alone.

    Parameters
    ----------
    design : Design
        With ambiguous streams.
    specification : Specification
        May state probabilities of readings; equal ones otherwise.

    Raises
    ------
    SpecificationError
        If it states probabilities of something that isn't in question here.
    """
    streams = [design.streams[index] for index in design.ambiguous]
    stated = specification.readings
    if unknown := sorted(set(stated) - {stream.label for stream in streams}):
        raise SpecificationError(
            f"probabilities of readings are stated for {unknown}; streams whose definition is in"
            f" question: {', '.join(s.label for s in streams) or 'none'}"
        )
    parts = []
    for stream in streams:
        own = dict(stated.get(stream.label, dict.fromkeys(stream.readings, 1.0)))
        if set(own) != set(stream.readings):
            raise SpecificationError(
                f"{stream.label} can be read as {', '.join(stream.readings)}: state a probability"
                f" of each, not of {', '.join(own)}"
            )
        total = sum(own.values())
        parts.append([own[name] / total for name in stream.readings])
    prior = [
        float(np.prod([part[i] for part, i in zip(parts, reading, strict=True)]))
        for reading in design.readings
    ]
    zero = np.zeros(len(prior))
    return Readings(
        streams=tuple(stream.label for stream in streams),
        choices=tuple(
            tuple(stream.readings[i] for stream, i in zip(streams, reading, strict=True))
            for reading in design.readings
        ),
        names=tuple(design.reading_name(reading) for reading in design.readings),
        prior=np.array(prior),
        log_evidence=zero,
        error=zero,
        divergence=zero,
    )
