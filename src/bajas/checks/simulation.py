"""Claims simulated from the model itself, with the truth behind them.

The design of a ledger (who says something about what, when, in which form) is kept, and every
figure in it replaced: parameters are drawn from the prior, each source's figure from the
observation family, and the figures are written back into claims. Bounds are the other way round.
The number of an ``at_least`` claim is kept, and parameters and figures are drawn until the source's
own figure is at least that number in every such claim: draws from the prior given that the bounds
hold, which is what the claims say. Where the definition of a stream is in question a reading of it
is drawn too, with its prior probability. Intervals of fits of the same model then hold the truth as
often as their level says (Talts et al. 2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import numpy as np

from bajas.claims.claim import Claim, Qualifier, Window
from bajas.design.build import build_design
from bajas.design.design import Design
from bajas.design.observation import Form, Observation
from bajas.errors import BajasError
from bajas.ledger.ledger import Ledger
from bajas.model.build import build_representation
from bajas.model.family import AT_LEAST, AT_MOST, POINT
from bajas.model.representation import Representation
from bajas.model.specification import Specification
from bajas.posterior.posterior import Posterior
from bajas.posterior.readings import unweighed
from bajas.posterior.verdict import Verdict

#: Draws from the prior at once, and at most, until all bounds hold.
_AT_ONCE, _MOST = 64, 6400

#: Whether bounds are made to hold, or said as the simulated figure has it.
Bounds = Literal["hold", "either"]
_OTHER: dict[Form, Form] = {"at_least": "at_most", "at_most": "at_least"}

#: What else happens to figures on the way: (design, figures, random numbers) to figures.
Distortion = Callable[[Design, np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, eq=False)
class Simulated:
    """Claims that were simulated, and the truth that they are about.

    Parameters
    ----------
    ledger : Ledger
        The claims that bear on the model, with figures drawn from it.
    truth : Posterior
        One draw, the true one: every question that is asked of a fit can be asked of it.
    figures : ndarray, shape (observation,)
        What the sources say, over each observation's window; for bounds the figure that is kept
        back.
    """

    ledger: Ledger
    truth: Posterior
    figures: np.ndarray


def simulate_claims(
    ledger: Ledger,
    specification: Specification,
    seed: int | tuple[int, ...],
    distort: Distortion | None = None,
    bounds: Bounds = "hold",
) -> Simulated:
    """Draw a truth from the prior and every claim's figure from it.

    Parameters
    ----------
    ledger : Ledger
        Its design is kept: sources, streams, windows, forms, days of publication. Claims that add
        no evidence (copies, excluded ones) are dropped, and so are totals of a tally at which it
        stood still.
    specification : Specification
        Of the model that is drawn from. State ``level_centre`` as a number: with ``"auto"`` the
        prior depends on the figures, here on those that are replaced.
    seed : int or tuple of int
        Same seed, same claims.
    distort : callable, optional
        What happens to the figures that the model doesn't know of.
    bounds : {"hold", "either"}
        Whether truths are drawn given that all bounds hold, or a claim with a bound says whatever
        is so of the simulated figure, "at least" or "at most" its number. Bounds that say nothing
        the other way round (of lists, of a part of a force) are made to hold in both.

    Raises
    ------
    BajasError
        If the bounds of the ledger hold in next to no draw of the prior.

    Examples
    --------
    >>> import bajas
    >>> from bajas.checks.scenarios import one_side
    >>> from bajas.model.specification import IntensityPrior
    >>> specification = Specification(intensity=IntensityPrior(level_centre=4.6))
    >>> made = simulate_claims(one_side(), specification, seed=1)
    >>> len(made.ledger) == len(one_side())
    True
    >>> made.truth.total("killed", "X").shape
    (1, 1)
    """
    rng = np.random.default_rng(seed)
    design = build_design(ledger, specification.registers.reading)
    free = np.zeros(len(design.observations), dtype=bool)
    if bounds == "either":
        free = _free(ledger, design, specification)
    models = _models(ledger, design, specification)
    model, field, hyper, figures = _draw(models, specification, rng, ~free)
    design = model.design
    if distort is not None:
        figures = distort(design, figures, rng)
    claims = tuple(_written(ledger, design, figures, free))
    return Simulated(
        replace(ledger, claims=claims, reading_findings=()),
        Posterior(
            ledger=ledger,
            specification=specification,
            design=design,
            representation=model.representation,
            field_draws=field[None, None],
            hyper_draws={name: value[None, None] for name, value in hyper.items()},
            sample_stats={},
            seed=int(rng.integers(2**32)),
            verdict=Verdict(True, notes=("the truth behind simulated claims",)),
            group="prior",
        ),
        figures,
    )


@dataclass(frozen=True, eq=False)
class _Model:
    """What figures are drawn from under one reading of the streams in question."""

    probability: float
    design: Design
    representation: Representation


def _models(ledger: Ledger, design: Design, specification: Specification) -> list[_Model]:
    """Return the model under each reading; one where nothing is in question."""
    if not design.ambiguous:
        return [_Model(1.0, design, build_representation(design, specification, ledger.sources))]
    found = []
    for reading, probability in zip(
        design.readings, unweighed(design, specification).prior, strict=True
    ):
        read = design.read_as(reading)
        representation = build_representation(read, specification, ledger.sources)
        found.append(_Model(float(probability), read, representation))
    return found


def _draw(
    models: list[_Model], specification: Specification, rng: np.random.Generator, held: np.ndarray
) -> tuple[_Model, np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Draw a reading, field, hyperparameters and figures until all bounds hold that are to hold."""
    for _ in range(_MOST // _AT_ONCE):
        draws = [_some(model, specification, rng, held) for model in models]
        # each of the draws has a reading of its own: bounds may hold more often under one
        chosen = np.zeros(_AT_ONCE, dtype=int)
        if len(models) > 1:
            chosen = rng.choice(len(models), _AT_ONCE, p=[model.probability for model in models])
        hold = np.array([draws[own][3][index] for index, own in enumerate(chosen)])
        if hold.any():
            first = int(np.argmax(hold))
            fields, hypers, figures, _ = draws[chosen[first]]
            hyper = {name: value[first] for name, value in hypers.items()}
            return models[chosen[first]], fields[first], hyper, figures[first]
    raise BajasError(
        f"in {_MOST} draws of the prior the bounds among the claims never held together:"
        " state a level_centre near the claims' figures, or leave bounds out"
    )


def _free(ledger: Ledger, design: Design, specification: Specification) -> np.ndarray:
    """Return which observations are bounds that can be said the other way round too."""
    by_id = {o.claim_ids[0]: o for o in design.observations if o.form != "point"}
    turned = tuple(
        _turned(claim, by_id[claim.claim_id]) if claim.claim_id in by_id else claim
        for claim in ledger
    )
    other = build_design(replace(ledger, claims=turned), specification.registers.reading)
    forms = {o.name: o.form for o in other.observations}
    return np.array(
        [o.form != "point" and forms.get(o.name) == _OTHER[o.form] for o in design.observations]
    )


def _turned(claim: Claim, observation: Observation) -> Claim:
    """Return a claim with a bound that says the other of "at least" and "at most" its number."""
    value = observation.value / (claim.window.days if claim.per_day else 1)
    other: Qualifier = "at_most" if observation.form == "at_least" else "at_least"
    return replace(claim, qualifier=other, value=value, low=None, high=None, level=None)


def _some(
    model: _Model, specification: Specification, rng: np.random.Generator, held: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Draw fields, hyperparameters and figures; say where the bounds hold that are to hold."""
    known = model.representation
    own = np.array([observation.log_sd for observation in model.design.observations])
    counts = (known.form == POINT) & specification.noise.counting
    fields, hypers = known.sample_prior(rng, _AT_ONCE)
    # A fit takes the noise of counting from the figure, since it can't know the truth.
    means = np.exp(np.minimum(known.location(fields, hypers), 50.0))
    counting = np.where(counts, 1 / np.maximum(means, 1.0), 0.0)
    figures = replace(known, log_sd=np.sqrt(own**2 + counting)).simulate(rng, fields, hypers)
    ratio = np.log(figures) - known.log_value
    hold = np.all(ratio[:, held & (known.form == AT_LEAST)] >= 0, axis=1)
    hold &= np.all(ratio[:, held & (known.form == AT_MOST)] <= 0, axis=1)
    return fields, hypers, figures, hold


# -- figures back into claims ------------------------------------------------------------------


def _written(ledger: Ledger, design: Design, figures: np.ndarray, free: np.ndarray) -> list[Claim]:
    """Return the claims that bear on the model with new figures."""
    by_stream: dict[tuple[str, str, str, str], list[int]] = {}
    for row, observation in enumerate(design.observations):
        stream = design.streams[observation.stream]
        key = stream.source, stream.side, stream.component, stream.outcome
        by_stream.setdefault(key, []).append(row)
    counts = _list_counts(design, figures)
    found = []
    for claim in ledger:
        rows = by_stream.get(claim.stream, [])
        if not rows or (claim.claim_id in design.left_out and not _is_running(claim)):
            continue
        kind = design.streams[design.observations[rows[0]].stream].kind
        stated = replace(claim, kind=kind)  # a guess would be made from the figures
        window = design.calendar.clip(claim.window)
        if window is None:
            continue
        if kind == "tally" and _is_running(claim):
            total = _tiled(design, rows, figures, window)
            if total is not None:
                value = total / claim.window.days if claim.per_day else total
                found.append(replace(stated, value=value))
            continue
        if claim.claim_id in counts:
            found.append(replace(stated, value=counts[claim.claim_id]))
            continue
        for row in rows:
            observation = design.observations[row]
            if observation.claim_ids == (claim.claim_id,) and observation.counted is None:
                below = bool(figures[row] < observation.value)
                if free[row] and below == (observation.form == "at_least"):
                    found.append(_turned(stated, observation))
                else:
                    found.append(_with_figure(stated, observation, float(figures[row])))
    return found


def _list_counts(design: Design, figures: np.ndarray) -> dict[str, float]:
    """Return all names on each list when it was counted, from what each count adds, by claim."""
    listed = [
        (observation.counted, row)
        for row, observation in enumerate(design.observations)
        if observation.counted is not None
    ]
    counts: dict[str, float] = {}
    for _, row in sorted(listed):
        *before, own = design.observations[row].claim_ids
        counts[own] = float(figures[row]) + sum(counts[name] for name in before)
    return counts


def _with_figure(claim: Claim, observation: Observation, figure: float) -> Claim:
    """Return a claim with a figure; its range keeps its width, and a bound its number."""
    if observation.form != "point":
        return claim
    factor = figure / observation.value
    scaled = {
        name: getattr(claim, name) * factor
        for name in ("value", "low", "high")
        if getattr(claim, name) is not None
    }
    return replace(claim, **scaled)


def _is_running(claim: Claim) -> bool:
    """Return whether a tally's claim is a plain total that is differenced."""
    plain = claim.qualifier in ("exact", "about") and claim.low is None
    return plain and claim.value is not None and not claim.theatre and not claim.excluded


def _tiled(design: Design, rows: list[int], figures: np.ndarray, window: Window) -> float | None:
    """Return the sum of the increments that fill a window, or None if none begin or end there."""
    steps = {}
    for row in rows:
        observation = design.observations[row]
        if observation.form == "point" and observation.log_sd == 0:
            after = observation.window.end + timedelta(days=1)
            steps[observation.window.start] = (after, float(figures[row]))
    day, total = window.start, 0.0
    while day <= window.end:
        if day not in steps:
            return None
        day, value = steps[day]
        total += value
    return total if day == window.end + timedelta(days=1) else None
