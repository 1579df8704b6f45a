"""From a design and a specification to the representation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bajas.claims.source import Source
from bajas.design.design import Design
from bajas.design.identification import unidentified_priors
from bajas.errors import SpecificationError
from bajas.model.columns import FieldLayout
from bajas.model.drift import drifts
from bajas.model.family import FORM_CODES
from bajas.model.intensity import Cells, build_cells, build_intensity
from bajas.model.registers import age_bins, listed_streams
from bajas.model.reporting import anchors, build_reporting, noise_groups, reporting_rows
from bajas.model.representation import Representation
from bajas.model.runs import Runs
from bajas.model.specification import Specification, chosen_ratios


def build_representation(
    design: Design, specification: Specification, sources: Mapping[str, Source]
) -> Representation:
    """Build the latent Gaussian representation of a design under a specification.

    Parameters
    ----------
    design : Design
        What the claims were taken to mean.
    specification : Specification
        Priors and choices.
    sources : mapping of str to Source
        For anchors in the sources table.

    Raises
    ------
    SpecificationError
        If an anchor or a coverage names a source without claims in the design, or a coverage one
        that has no list, or a prior something that the claims can't tell apart; names all that is
        unidentified and what would identify it.
    """
    anchored = anchors(specification, dict(sources))
    present = {stream.source for stream in design.streams}
    unknown = sorted(set(specification.bias.anchors) - present)
    if unknown:
        raise SpecificationError(
            f"anchors on sources without claims in the fit: {unknown}; sources here:"
            f" {', '.join(sorted(present))}"
        )
    problems = unidentified_priors(
        design,
        components=specification.intensity.components,
        ratios=chosen_ratios(specification.intensity),
    )
    if problems:
        raise SpecificationError("; ".join(problems))
    registers = listed_streams(design)
    absent = sorted(set(specification.registers.sources) - {source for source, _ in registers})
    if absent and specification.registers.reading == "completeness":
        raise SpecificationError(
            f"coverages of sources without counts of a list in the fit: {absent}; lists here:"
            f" {', '.join(sorted({source for source, _ in registers})) or 'none'}"
        )
    knots = design.calendar.knots(specification.intensity.knot_days)
    if knots.size < 2:
        knots = np.array([0, specification.intensity.knot_days])
    layout = FieldLayout()
    node_rows, node_offset, path_hyper = build_intensity(
        design, specification.intensity, layout, knots, specification.covariates
    )
    cells = build_cells(design, knots)
    moving = drifts(design, specification.drift)
    hyper = path_hyper + build_reporting(
        design, specification.bias, specification.noise, anchored, layout,
        specification.registers, moving,
    )  # fmt: skip
    columns: dict[tuple[str, str], int] = {}
    for block in hyper:
        for label in block.labels:
            columns[block.name, label] = len(columns)
    reporting, effects = reporting_rows(
        design, specification.bias, anchored, layout, columns, moving
    )
    groups = noise_groups(design, specification.noise)
    observations = design.observations
    log_sd = np.array([o.log_sd for o in observations])
    if specification.noise.counting:
        counts = np.array([o.value if o.form == "point" else np.inf for o in observations])
        log_sd = np.sqrt(log_sd**2 + 1 / np.maximum(counts, 1.0))
    return Representation(
        terms=tuple(layout.terms),
        hyperparameters=tuple(hyper),
        node_design=node_rows.matrix(node_offset.size, layout.size),
        node_offset=node_offset,
        interpolation=cells.interpolation,
        runs=build_runs(design, cells),
        reporting=reporting.matrix(len(observations), layout.size),
        effects=effects.matrix(len(observations), len(columns)),
        names=tuple(o.name for o in observations),
        form=np.array([FORM_CODES[o.form] for o in observations]),
        log_value=np.log([o.value for o in observations]),
        log_sd=log_sd,
        noise=np.array([columns["noise", groups[o.stream][0]] for o in observations]),
        degrees_of_freedom=specification.noise.degrees_of_freedom,
        curves=np.array(
            [
                [columns[name, " ".join(key)] for name in ("register_delay", "register_shape")]
                for key in registers
            ],
            dtype=np.int64,
        ).reshape(-1, 2),
    )


def build_runs(design: Design, cells: Cells) -> Runs:
    """Return the stretches of cells that each observation adds up, with ages where a list grows."""
    registers = listed_streams(design)
    curves = {row: curve for curve, rows in enumerate(registers.values()) for row in rows}
    found: list[tuple[int, int, int, int]] = []
    ages: list[tuple[float, float]] = []
    for row, observation in enumerate(design.observations):
        for k, start, stop in design.runs(observation.window, observation.strata):
            shift = cells.first[k] - design.strata[k].first
            pieces = [(start, stop, 0.0, 0.0)]
            if row in curves:
                pieces = age_bins(observation, design.calendar, start, stop)
            for first, last, age, since in pieces:
                found.append((row, shift + first, shift + last, curves.get(row, -1)))
                ages.append((age, since))
    table = np.array(found, dtype=np.int64).reshape(-1, 4)
    told = np.array(ages).reshape(-1, 2)
    return Runs(
        table[:, 0], table[:, 1], table[:, 2], np.ones(len(found)),
        curve=table[:, 3], age=told[:, 0], since=told[:, 1],
    )  # fmt: skip
