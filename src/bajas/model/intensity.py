"""The loss intensity: levels, paths, components and outcome ratios as terms of the latent field.

For stratum k = (side, component, outcome) at knot m,

    eta[k, m] = level[side] + path[side](m)
              + group_offset[side, group] + component_offset[side, component]
              + component_path[side, group](m) + sum_j covariate[side, j] z_j(m)
              + ratio[side, outcome] + ratio_path[side, outcome](m)
              + component_ratio[side, component, outcome]

log-linear throughout: components are cells of their own and ``all`` is their sum. The main
component has no offset, ``killed`` no ratio. Components of one declared group (the forces of two
allied entities, say) share an offset and a path, so that one about which nobody publishes follows
the one that is counted; a component outside any group is a group of its own.
Between knots the log intensity is linear.

Equipment categories borrow the rhythm of the people's losses with a given weight,

    eta[k, m] = equipment_level[k] + loading (path[side](m) + sum_j covariate[side, j] z_j(m))
              + equipment_path[k](m)

which is linear in the field since the weight is given. Covariates z have mean 0 and sd 1 over the
days of the war, and enter at a knot with their mean over the days around it, corrected for what
the interpolation of means loses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from bajas.design.design import Design
from bajas.design.stratum import REFERENCE_OUTCOME, Stratum
from bajas.errors import SpecificationError
from bajas.model.columns import FieldLayout, SparseRows
from bajas.model.covariates import Covariates
from bajas.model.prior import Prior
from bajas.model.specification import IntensityPrior
from bajas.model.term import Hyperparameter, Structure, Term

#: Days per week: scales of innovations are stated per square root of a week.
_WEEK = 7.0


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a design: first cell of each stratum, and the interpolation from its knots."""

    first: np.ndarray
    count: int
    interpolation: sparse.csr_array


def build_cells(design: Design, knots: np.ndarray) -> Cells:
    """Return the cells (stratum by existing day) and their interpolation from knots.

    Parameters
    ----------
    design : Design
        Strata and calendar.
    knots : ndarray
        Knot positions in days.
    """
    rows = SparseRows()
    first = np.zeros(len(design.strata), dtype=np.int64)
    cell = 0
    for index, stratum in enumerate(design.strata):
        first[index] = cell
        days = np.arange(stratum.first, stratum.last + 1)
        left, weight = _between(knots, days)
        cells, node = cell + days - stratum.first, index * knots.size + left
        rows.extend(cells, node, 1 - weight)
        rows.extend(cells, node + 1, weight)
        cell += days.size
    return Cells(first, cell, rows.matrix(cell, len(design.strata) * knots.size))


def build_intensity(
    design: Design,
    prior: IntensityPrior,
    layout: FieldLayout,
    knots: np.ndarray,
    covariates: Covariates | None = None,
) -> tuple[SparseRows, np.ndarray, list[Hyperparameter]]:
    """Add the intensity's terms to the layout and return its rows over nodes.

    Parameters
    ----------
    design : Design
        Strata, calendar and, for the order of magnitude of levels, figures.
    prior : IntensityPrior
        Centres and scales.
    layout : FieldLayout
        Takes the terms.
    knots : ndarray
        Knot positions in days.
    covariates : Covariates, optional
        Series that the losses may follow.

    Raises
    ------
    SpecificationError
        If covariates don't cover the calendar or can't be told apart, or a centre is stated of
        something that isn't there.

    Returns
    -------
    rows : SparseRows
        Entries of the node design.
    offset : ndarray, shape (node,)
        Constant part of the log intensity.
    hyperparameters : list of Hyperparameter
        The path scales.
    """
    _known_centres(design, prior)
    people = [s for s in design.strata if s.kind == "personnel"]
    sides = tuple(dict.fromkeys(s.side for s in people))
    forces = tuple(dict.fromkeys((s.side, s.component) for s in people if not s.main))
    ratios = tuple(dict.fromkeys((s.side, s.outcome) for s in people if not _is_reference(s)))
    mixed = tuple(
        dict.fromkeys(
            (s.side, s.component, s.outcome) for s in people if not s.main and not _is_reference(s)
        )
    )
    equipment = tuple(
        dict.fromkeys(
            (s.side, s.component, s.outcome) for s in design.strata if s.kind == "equipment"
        )
    )
    groups = {(s.side, s.component): _group(design, s) for s in people if not s.main}
    rhythms = tuple(dict.fromkeys((side, groups[side, force]) for side, force in forces))
    grouped = tuple(key for key in rhythms if sum((s, groups[s, f]) == key for s, f in forces) > 1)
    force_knots = _coarse(knots, prior.component_knots)
    ratio_knots = _coarse(knots, prior.ratio_knots)
    members = {(s.side, s.outcome): s.outcome_members for s in people}
    followed = covariates.for_sides(sides) if covariates is not None else ()
    series = _at_knots(design, covariates, knots)

    def block(
        name: str, dims: tuple[str, ...], labels: tuple[tuple[str, ...], ...],
        structure: Structure, mean: np.ndarray | float, scale: np.ndarray | float,
        scale_by: str | None = None,
    ) -> None:  # fmt: skip
        shape = tuple(len(entries) for entries in labels)
        layout.add(
            Term(
                name, dims, labels, structure,
                _filled(mean, shape), _filled(scale, shape), scale_by,
            )
        )  # fmt: skip

    def walk(name: str, dim: str, series: tuple[str, ...], grid: np.ndarray, per_week: float,
             scale_by: str | None = None) -> None:  # fmt: skip
        steps = per_week * np.sqrt(np.diff(grid) / _WEEK)
        labels = (series, tuple(design.calendar.day(day).isoformat() for day in grid[1:]))
        block(name, (dim, f"{name}_knot"), labels, "random_walk", 0.0,
              np.broadcast_to(steps, (len(series), steps.size)), scale_by)  # fmt: skip

    hyper = []
    if sides:
        levels = np.array([_level_centre(design, prior, side) for side in sides])
        block("level", ("side",), (sides,), "independent", levels, prior.level_sd)
        hyper.append(
            Hyperparameter(
                "path_scale", "side", sides,
                (Prior("log_normal", float(np.log(prior.path_scale)), prior.path_log_sd),)
                * len(sides),
            )
        )  # fmt: skip
        walk("path", "side", sides, knots, 1.0, "path_scale")
    block("covariate", ("side_covariate",), (_labels(tuple((s, n) for s, n, _ in followed)),),
          "independent", 0.0, prior.covariate_sd)  # fmt: skip
    shares = [share_prior(prior, *key) for key in forces]
    # what the forces of a group share is a part of the smallest of their variances
    common = {
        key: min(sd for (s, f), (_, sd) in zip(forces, shares, strict=True)
                 if (s, groups[s, f]) == key)
        for key in grouped
    }  # fmt: skip
    taken = [common.get((side, groups[side, force]), 0.0) for side, force in forces]
    both = np.sqrt(prior.group_shared) * np.array([common[key] for key in grouped])
    block("group_offset", ("group",), (_labels(grouped),), "independent", 0.0, both)
    block("component_offset", ("force",), (_labels(forces),), "independent",
          np.array([np.log(share) for share, _ in shares]),
          np.array([np.sqrt(sd**2 - prior.group_shared * part**2)
                    for (_, sd), part in zip(shares, taken, strict=True)]))  # fmt: skip
    walk("component_path", "rhythm", _labels(rhythms), force_knots, prior.component_path_scale)
    centres = [ratio_prior(prior, key[1], members[key]) for key in ratios]
    block("ratio", ("side_outcome",), (_labels(ratios),), "independent",
          np.array([c for c, _ in centres]), np.array([sd for _, sd in centres]))  # fmt: skip
    walk("ratio_path", "side_outcome", _labels(ratios), ratio_knots, prior.ratio_path_scale)
    block("component_ratio", ("force_outcome",), (_labels(mixed),), "independent",
          0.0, prior.component_ratio_sd)  # fmt: skip
    centre = np.array([_equipment_centre(design, prior, key) for key in equipment])
    block("equipment_level", ("category",), (_labels(equipment),), "independent",
          centre, prior.level_sd)  # fmt: skip
    walk("equipment_path", "category", _labels(equipment), knots, prior.equipment_path_scale)

    rows = SparseRows()

    def along(node: int, name: str, item: int, grid: np.ndarray, day: float,
              loading: float = 1.0) -> None:  # fmt: skip
        places, weights = _between(grid, np.array([day]))
        left, weight = int(places[0]), float(weights[0])
        if left > 0:  # the walk is 0 at its first knot
            rows.add(node, layout.column(name, item, left - 1), loading * (1 - weight))
        rows.add(node, layout.column(name, item, left), loading * weight)

    def fighting(node: int, side: int, position: int, loading: float = 1.0) -> None:
        along(node, "path", side, knots, knots[position], loading)
        for entry, (name, _, column) in enumerate(followed):
            if name == sides[side]:
                place = layout.column("covariate", entry)
                rows.add(node, place, loading * float(series[column][position]))

    for index, stratum in enumerate(design.strata):
        for position, day in enumerate(knots):
            node = index * knots.size + position
            if stratum.kind == "equipment":
                item = equipment.index((stratum.side, stratum.component, stratum.outcome))
                rows.add(node, layout.column("equipment_level", item), 1.0)
                along(node, "equipment_path", item, knots, day)
                if stratum.side in sides:
                    fighting(node, sides.index(stratum.side), position, prior.equipment_loading)
                continue
            side = sides.index(stratum.side)
            rows.add(node, layout.column("level", side), 1.0)
            fighting(node, side, position)
            if not stratum.main:
                force = forces.index((stratum.side, stratum.component))
                rows.add(node, layout.column("component_offset", force), 1.0)
                key = (stratum.side, groups[stratum.side, stratum.component])
                if key in grouped:
                    rows.add(node, layout.column("group_offset", grouped.index(key)), 1.0)
                along(node, "component_path", rhythms.index(key), force_knots, day)
            if not _is_reference(stratum):
                ratio = ratios.index((stratum.side, stratum.outcome))
                rows.add(node, layout.column("ratio", ratio), 1.0)
                along(node, "ratio_path", ratio, ratio_knots, day)
                if not stratum.main:
                    pair = mixed.index((stratum.side, stratum.component, stratum.outcome))
                    rows.add(node, layout.column("component_ratio", pair), 1.0)
    return rows, np.zeros(len(design.strata) * knots.size), hyper


def share_prior(prior: IntensityPrior, side: str, component: str) -> tuple[float, float]:
    """Return centre and log sd of a component's losses as a multiple of the main component's."""
    entry = prior.components.get(f"{side} {component}")
    if entry is None:
        return prior.component_share, prior.component_log_sd
    return entry.per_main, entry.log_sd


def ratio_prior(
    prior: IntensityPrior, outcome: str, members: frozenset[str]
) -> tuple[float, float]:
    """Return centre and sd of the log ratio to killed of a stratum's outcome.

    For a sum of base outcomes without an entry of its own the centre adds up; the sd is that of
    the largest entry.
    """
    if outcome in prior.ratios:
        return float(np.log(prior.ratios[outcome].per_killed)), prior.ratios[outcome].log_sd
    entries = [prior.ratios.get(name, prior.other_ratio) for name in sorted(members)]
    total = sum(entry.per_killed for entry in entries)
    largest = max(entries, key=lambda entry: entry.per_killed)
    return float(np.log(total)), largest.log_sd


def with_stated_centres(design: Design, prior: IntensityPrior) -> IntensityPrior:
    """Return the prior with every centre that it takes from the claims stated as a number.

    It is the same prior of these claims, and stays the same when it meets others.

    Parameters
    ----------
    design : Design
        What the claims were taken to mean.
    prior : IntensityPrior
        Its ``level_centre`` may be ``"auto"``.
    """
    centres = {}
    for stratum in design.strata:
        if stratum.kind == "equipment":
            key = stratum.side, stratum.component, stratum.outcome
            centres[" ".join(key)] = _equipment_centre(design, prior, key)
        else:
            centres[stratum.side] = _level_centre(design, prior, stratum.side)
    return replace(prior, level_centre=centres)


def _known_centres(design: Design, prior: IntensityPrior) -> None:
    """Refuse stated centres of what isn't there."""
    if not isinstance(prior.level_centre, Mapping):
        return
    known = dict.fromkeys(
        f"{s.side} {s.component} {s.outcome}" if s.kind == "equipment" else s.side
        for s in design.strata
    )
    if unknown := sorted(set(prior.level_centre) - set(known)):
        raise SpecificationError(
            f"level_centre of {', '.join(map(repr, unknown))}: the claims have {', '.join(known)}"
        )


def _level_centre(design: Design, prior: IntensityPrior, side: str) -> float:
    """Return the centre of a side's level: the order of magnitude of its claims per day."""
    stated = prior.level_centre
    if isinstance(stated, Mapping):
        if side in stated:
            return float(stated[side])
    elif stated != "auto":
        return float(stated)
    rates = []
    for stream_index in range(len(design.streams)):
        per_day = [
            observation.value / observation.window.days / _killed_equivalents(design, prior, o)
            for o, observation in enumerate(design.observations)
            if observation.stream == stream_index
            and observation.value > 0
            and design.strata[observation.strata[0]].side == side
            and design.strata[observation.strata[0]].kind == "personnel"
        ]
        if per_day:
            rates.append(float(np.median(per_day)))
    return _order_of_magnitude(float(np.median(rates)))


def _killed_equivalents(design: Design, prior: IntensityPrior, row: int) -> float:
    """Return the prior's losses covered by an observation per killed of the main force.

    Of alternative readings the geometric mean, so that the prior favours none.
    """
    logs = []
    for reading in design.observations[row].readings:
        total = 0.0
        for index in reading:
            stratum = design.strata[index]
            share = 1.0
            if not stratum.main:
                share, _ = share_prior(prior, stratum.side, stratum.component)
            ratio = 1.0
            if not _is_reference(stratum):
                centre, _ = ratio_prior(prior, stratum.outcome, stratum.outcome_members)
                ratio = float(np.exp(centre))
            total += share * ratio
        logs.append(np.log(total))
    return float(np.exp(np.mean(logs)))


def _at_knots(
    design: Design, covariates: Covariates | None, knots: np.ndarray
) -> dict[str, np.ndarray]:
    """Return standardised covariates at knots.

    Means over the days around each knot flatten a swing; adding the means of what their
    interpolation leaves (Tukey's twicing) undoes nearly all of it.
    """
    if covariates is None:
        return {}
    left, weight = _between(knots, np.arange(design.calendar.days))
    days = np.arange(design.calendar.days)
    spread = np.zeros((days.size, knots.size))
    spread[days, left] = 1 - weight
    spread[days, left + 1] += weight
    near = spread.T / spread.sum(axis=0)[:, None]
    found = {}
    for name, z in covariates.standardised(design.calendar)[0].items():
        first = near @ z
        found[name] = first + near @ (z - spread @ first)
    return found


def _equipment_centre(design: Design, prior: IntensityPrior, key: tuple[str, str, str]) -> float:
    stated, label = prior.level_centre, " ".join(key)
    if isinstance(stated, Mapping) and label in stated:
        return float(stated[label])
    rates = [
        o.value / o.window.days
        for o in design.observations
        if any(
            (s.side, s.component, s.outcome) == key
            for s in (design.strata[index] for reading in o.readings for index in reading)
        )
    ]
    return _order_of_magnitude(float(np.median(rates)))


def _order_of_magnitude(rate: float) -> float:
    """Return the log of the power of ten nearest to a rate: robust to repeated rows."""
    return float(np.log(10.0) * np.round(np.log10(rate)))


def _group(design: Design, stratum: Stratum) -> str:
    """Return the declared group that holds a stratum's component, or the component itself."""
    declared = design.taxonomy.sides.get(stratum.side)
    for name, members in (declared.groups if declared else {}).items():
        if stratum.component_members <= frozenset(members):
            return name
    return stratum.component


def _is_reference(stratum: Stratum) -> bool:
    return stratum.outcome_members == frozenset({REFERENCE_OUTCOME})


def _coarse(knots: np.ndarray, every: int) -> np.ndarray:
    """Return every n-th knot, and the last."""
    coarse = knots[::every]
    return coarse if coarse[-1] == knots[-1] else np.append(coarse, knots[-1])


def _between(knots: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the intervals of knots that hold days, and how far the days are along them."""
    left = np.minimum(np.searchsorted(knots, days, side="right") - 1, knots.size - 2)
    return left, (days - knots[left]) / (knots[left + 1] - knots[left])


def _filled(value: np.ndarray | float, shape: tuple[int, ...]) -> np.ndarray:
    return np.array(np.broadcast_to(np.asarray(value, dtype=float), shape))


def _labels(keys: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(" ".join(key) for key in keys)
