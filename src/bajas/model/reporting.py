"""How sources report: biases as terms, relation effects and noise scales as hyperparameters.

bias[s, p, o] = relation[r, b, p] + source[s, p] + outcome[s, p, o] for a source s of bloc b that
stands in relation r to side p and reports outcome o; people and equipment of a side are counted by
different means and have biases of their own. A source with an anchor has that prior instead of the
first two layers and no third. Where the prior tells kinds of evidence apart, a kind e (of which
there are two of each, for claims made when the losses were fresh and for settled ones) has

    bias = mean[e] + scale[e] / scale (relation - mean) + source[s, p, e] + outcome,

so that all kinds share what a bloc does, each as far as its spread goes, and a kind's own centre
and spread stand in the source effect. The biases of long tallies drift (:mod:`bajas.model.drift`);
lists that grow have a coverage instead of a bias (:mod:`bajas.model.registers`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np

from bajas.claims.source import Anchor, Source
from bajas.design.design import Design
from bajas.design.observation import Observation, Stream
from bajas.model.bias import BiasPrior, KindPrior, relation
from bajas.model.columns import FieldLayout, SparseRows
from bajas.model.drift import Drift, drift_labels, drift_rows
from bajas.model.prior import Prior
from bajas.model.register_prior import RegisterPrior
from bajas.model.registers import listed_streams, register_hyperparameters
from bajas.model.specification import NoisePrior, Specification
from bajas.model.term import Hyperparameter, Term


def relation_key(stream: Stream) -> tuple[str, str, str]:
    """Return (relation, bloc, side and kind) of a stream: what shares a relation effect."""
    stands = relation(stream.source_type, stream.speaks_for, stream.side, stream.civilian)
    return stands, stream.speaks_for or "unknown", _target(stream)


def source_key(
    stream: Stream, observation: Observation, prior: BiasPrior, anchored: Collection[str] = ()
) -> tuple[str, ...]:
    """Return what shares a source effect: (source, side and kind), and evidence where it counts."""
    kind = claim_kind(stream, observation, prior)
    if stream.source in anchored or kind is None:
        return stream.source, _target(stream)
    return stream.source, _target(stream), kind


def claim_kind(stream: Stream, observation: Observation, prior: BiasPrior) -> str | None:
    """Return the entry of its relation's prior that a claim falls under; None for the relation's.

    Priors that don't tell settled claims apart are those of earlier versions, which gave all claims
    of a stream one kind or none: with them a fit is what it was.
    """
    entry = prior.relations[relation_key(stream)[0]]
    if not entry.tells_settled:
        return entry.kind_of(stream.evidence)
    return entry.kind_of(observation.evidence, observation.settled)


def kind_prior(stream: Stream, observation: Observation, prior: BiasPrior) -> KindPrior:
    """Return centre and spread of a claim's bias."""
    entry = prior.relations[relation_key(stream)[0]]
    kind = claim_kind(stream, observation, prior)
    return KindPrior(entry.mean, entry.scale) if kind is None else entry.kinds[kind]


def loading(stream: Stream, observation: Observation, prior: BiasPrior) -> float:
    """Return how far a claim follows its relation's effect: one, but for its kind of evidence."""
    entry = prior.relations[relation_key(stream)[0]]
    return kind_prior(stream, observation, prior).scale / entry.scale


def outcome_key(stream: Stream) -> tuple[str, str, str]:
    """Return (source, side and kind, reported outcome): what has a bias of its own."""
    return stream.source, _target(stream), stream.outcome


def _target(stream: Stream) -> str:
    return stream.side if stream.counted == "personnel" else f"{stream.side} equipment"


def biased_streams(design: Design) -> tuple[Stream, ...]:
    """Return the streams into which a source's bias enters."""
    used = {o.stream for o in design.observations if o.biased}
    return tuple(stream for index, stream in enumerate(design.streams) if index in used)


def anchors(specification: Specification, sources: dict[str, Source]) -> dict[str, Anchor]:
    """Return all anchors: the sources table's, then the bias prior's, which win."""
    found = {name: source.anchor for name, source in sources.items() if source.anchor is not None}
    return {**found, **specification.bias.anchors}


def noise_groups(design: Design, noise: NoisePrior) -> dict[int, tuple[str, str]]:
    """Return the label and kind of each stream's noise scale, by position of the stream."""
    points = Counter(o.stream for o in design.observations if o.form == "point")
    return {
        index: (
            stream.label if points[index] >= noise.own_from else f"other {stream.kind} streams",
            stream.kind,
        )
        for index, stream in enumerate(design.streams)
    }


def noise_centre(
    design: Design, noise: NoisePrior, groups: dict[int, tuple[str, str]], label: str, kind: str
) -> float:
    """Return the median of the prior of a noise scale; of a tally by the days of its increments."""
    centre = float(getattr(noise, kind))
    if kind != "tally" or noise.tally_days is None:
        return centre
    days = [
        o.window.days for o in design.observations
        if o.form == "point" and o.log_sd == 0 and groups[o.stream][0] == label
    ]  # fmt: skip
    return centre * float(np.sqrt(noise.tally_days / np.median(days))) if days else centre


def build_reporting(
    design: Design,
    prior: BiasPrior,
    noise: NoisePrior,
    anchored: dict[str, Anchor],
    layout: FieldLayout,
    registers: RegisterPrior,
    moving: list[Drift],
) -> list[Hyperparameter]:
    """Add the bias terms to the layout and return the relation effects and noise scales."""
    streams = biased_streams(design)
    free = [stream for stream in streams if stream.source not in anchored]
    relations = tuple(dict.fromkeys(relation_key(stream) for stream in free))
    # of each source effect the first observation into which it enters
    by_source: dict[tuple[str, ...], tuple[Stream, Observation]] = {}
    for observation in design.observations:
        if observation.biased:
            stream = design.streams[observation.stream]
            key = source_key(stream, observation, prior, anchored)
            by_source.setdefault(key, (stream, observation))
    outcomes = tuple(dict.fromkeys(outcome_key(stream) for stream in free))

    mean = np.zeros(len(by_source))
    scale = np.ones(len(by_source))
    for position, (stream, observation) in enumerate(by_source.values()):
        anchor = anchored.get(stream.source)
        if anchor is not None:
            mean[position], scale[position] = anchor.mean, anchor.sd
        else:
            entry = prior.relations[relation_key(stream)[0]]
            kind = kind_prior(stream, observation, prior)
            mean[position] = kind.mean - loading(stream, observation, prior) * entry.mean
            scale[position] = kind.scale * np.sqrt(1 - prior.shared)
    names = tuple(" ".join(key) for key in by_source)
    layout.add(Term("source_bias", ("source_side",), (names,), "independent", mean, scale))
    names = tuple(" ".join(key) for key in outcomes)
    size = len(names)
    layout.add(
        Term(
            "outcome_bias", ("source_outcome",), (names,), "independent",
            np.zeros(size), np.full(size, prior.outcome_sd),
        )
    )  # fmt: skip

    names = tuple(label for drift in moving for label in drift_labels(design, drift))
    scales = [np.full(drift.knots.size - 1, drift.scale) for drift in moving]
    layout.add(
        Term(
            "drift", ("drift_step",), (names,), "independent",
            np.zeros(len(names)), np.concatenate([np.zeros(0), *scales]),
        )
    )  # fmt: skip

    hyper = []
    # one hyperparameter block per relation: its prior has its own centre, spread and tails
    for stands in dict.fromkeys(key[0] for key in relations):
        entry = prior.relations[stands]
        labels = tuple(f"{bloc} on {target}" for r, bloc, target in relations if r == stands)
        if prior.shared == 0:
            shared_scale = 1e-6  # nothing is shared; the centre remains
        else:
            shared_scale = entry.scale * float(np.sqrt(prior.shared))
        one = (
            Prior("normal", entry.mean, shared_scale)
            if entry.degrees_of_freedom is None
            else Prior("student_t", entry.mean, shared_scale, entry.degrees_of_freedom)
        )
        hyper.append(
            Hyperparameter(f"relation_{stands}", f"bloc_{stands}", labels, (one,) * len(labels))
        )
    by_stream = noise_groups(design, noise)
    medians = {
        label: noise_centre(design, noise, by_stream, label, kind)
        for label, kind in dict(by_stream.values()).items()
    }
    for rows in listed_streams(design).values():
        for row in rows:
            medians[by_stream[design.observations[row].stream][0]] = registers.noise
    hyper.append(
        Hyperparameter(
            "noise", "noise_group", tuple(medians),
            tuple(
                Prior("log_normal", float(np.log(median)), noise.log_sd)
                for median in medians.values()
            ),
        )
    )  # fmt: skip
    return hyper + register_hyperparameters(design, registers)


def reporting_rows(
    design: Design,
    prior: BiasPrior,
    anchored: dict[str, Anchor],
    layout: FieldLayout,
    hyper_columns: dict[tuple[str, str], int],
    moving: list[Drift],
) -> tuple[SparseRows, SparseRows]:
    """Return the entries of B (field) and C (hyperparameters), one row per observation.

    Parameters
    ----------
    hyper_columns : dict of (str, str) to int
        Column of each hyperparameter by name and label.
    moving : list of Drift
        The streams whose biases drift.
    """
    reporting, effects = SparseRows(), SparseRows()
    by_name = {term.name: term for term in layout.terms}
    for row, observation in enumerate(design.observations):
        if not observation.biased:
            continue
        stream = design.streams[observation.stream]
        labels = by_name["source_bias"].labels[0]
        key = source_key(stream, observation, prior, anchored)
        position = labels.index(" ".join(key))
        reporting.add(row, layout.column("source_bias", position), 1.0)
        if stream.source in anchored:
            continue
        labels = by_name["outcome_bias"].labels[0]
        position = labels.index(" ".join(outcome_key(stream)))
        reporting.add(row, layout.column("outcome_bias", position), 1.0)
        stands, bloc, target = relation_key(stream)
        column = hyper_columns[f"relation_{stands}", f"{bloc} on {target}"]
        effects.add(row, column, loading(stream, observation, prior))
    position = 0
    for drift in moving:
        for row, means in drift_rows(design, drift).items():
            for step, value in enumerate(means):
                column = layout.column("drift", position + step)
                reporting.add(row, column, float(value))
        position += drift.knots.size - 1
    for key, rows in listed_streams(design).items():
        for row in rows:  # coverage = exp(-gap)
            effects.add(row, hyper_columns["register_gap", " ".join(key)], -1.0)
    return reporting, effects
