"""What sources whose definition is in question count: probabilities, and what would settle it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import exp, log, sqrt

import numpy as np
import pandas as pd

from bajas.design.observation import Stream
from bajas.posterior.posterior import Posterior

#: From this probability on a reading is called settled.
SETTLED = 0.95

COLUMNS = ("stream", "reading", "bias_prior", "prior", "probability", "error")


def readings(posterior: Posterior) -> pd.DataFrame:
    """Return how probable each reading of each stream is whose definition is in question.

    The probability conditions on the claims and on the bias prior: to a tally by itself a
    definition and a bias are the same thing, so that only what other claims say, or what is
    believed of the source's bias, tells readings apart.

    Parameters
    ----------
    posterior : Posterior
        The fit, or draws of the prior.

    Returns
    -------
    pandas.DataFrame
        One row per stream and reading: ``stream``, ``reading``, ``bias_prior``, ``prior`` and
        ``probability`` (posterior), ``error`` (Monte Carlo standard error of ``probability``). No
        rows where nothing is in question. ``attrs["settles"]`` says of each stream what would
        settle it.

    Examples
    --------
    >>> from bajas.datasets import article_2023_08_07
    >>> from bajas.model.specification import Specification
    >>> from bajas.posterior.fitting import prior_draws
    >>> stream = "ua_general_staff: RU all casualties"
    >>> ledger = article_2023_08_07().reread(stream, outcome="killed|casualties")
    >>> prior = prior_draws(ledger, Specification(), draws=50, seed=1)
    >>> list(readings(prior)["reading"])
    ['killed', 'casualties']
    """
    found = posterior.readings
    rows = []
    for stream in () if found is None else found.streams:
        for name, before, after, error in found.of_stream(stream):  # type: ignore[union-attr]
            rows.append((stream, name, posterior.specification.bias.name, before, after, error))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.attrs.update(settles=what_settles(posterior), trusted=not posterior.why_not)
    return table


def what_settles(posterior: Posterior) -> dict[str, str]:
    """Say of each stream whose definition is in question what settles it, or would.

    Parameters
    ----------
    posterior : Posterior
        The fit.

    Returns
    -------
    dict of str to str
        Sentences by label of the stream; empty where nothing is in question.
    """
    found = posterior.readings
    if found is None:
        return {}
    design = posterior.design
    said = {}
    for position in design.ambiguous:
        stream = design.streams[position]
        own = found.of_stream(stream.label)
        best = max(own, key=lambda row: row[2])
        sets = [
            frozenset().union(
                *(o.alternatives[i] for o in design.observations if o.stream == position)
            )
            for i in range(len(stream.readings))
        ]
        apart = _apart(posterior, sets)
        if best[2] >= SETTLED and posterior.group == "posterior":
            head = (
                f"settled under the bias prior {posterior.specification.bias.name}:"
                f" {stream.source} counts {best[0]} (probability {best[2]:.3f}, Monte Carlo error"
                f" {best[3]:.3f})"
            )
        else:
            listed = ", ".join(f"{name} {after:.2f}" for name, _, after, _ in own)
            head = (
                f"not settled under the bias prior {posterior.specification.bias.name}: {listed}"
                f" (Monte Carlo error {best[3]:.3f})"
            )
        head += f"; its readings differ by a factor of {exp(apart):.1f}"
        said[stream.label] = (
            f"{head}. {_others(posterior, position, sets)} {_needed(stream, apart)}"
        )
    return said


def _apart(posterior: Posterior, sets: Sequence[frozenset[int]]) -> float:
    """Return the log ratio of expected totals of the two readings that are nearest."""
    totals = [
        sum(posterior.intensity(index).sum(axis=-1) for index in sorted(strata)) for strata in sets
    ]
    return min(
        abs(float(np.median(np.log(one) - np.log(other)))) for one, other in combinations(totals, 2)
    )


def _others(posterior: Posterior, position: int, sets: Sequence[frozenset[int]]) -> str:
    """Name the sources whose points count exactly what the stream counts under a reading."""
    design = posterior.design
    source = design.streams[position].source
    parts = []
    for name, strata in zip(design.streams[position].readings, sets, strict=True):
        voices = {
            design.streams[o.stream].source
            for o in design.observations
            if o.form == "point" and not o.alternatives and frozenset(o.strata) == strata
        } - {source}
        parts.append(
            f"{len(voices)} other source{'' if len(voices) == 1 else 's'} of {name}"
            + (f" ({', '.join(sorted(voices))})" if voices else "")
        )
    return f"Evidence that tells them apart comes from others' figures: {', '.join(parts)}."


def _needed(stream: Stream, apart: float) -> str:
    """Say how well something has to be known to tell two readings apart."""
    # two normals of sd s, a distance R apart, equally probable: expected log odds R^2 / (2 s^2)
    sd = apart / sqrt(2 * log(SETTLED / (1 - SETTLED)))
    names = " or ".join(stream.readings)
    return (
        "Its own figures, however many, can't: a definition and a bias look the same. To settle"
        f" it, the true number and {stream.source}'s bias would have to be known, together, to an"
        f" sd of {sd:.2f} on the log scale (a factor of {exp(sd):.1f}): by another source's"
        f" figures for {names} alone that don't share its errors, or by an anchor on the bias of"
        f" {stream.source}."
    )
