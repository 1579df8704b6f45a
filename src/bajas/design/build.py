"""From a ledger to a design: streams read, tallies turned into increments, the rest left out."""

from __future__ import annotations

from dataclasses import replace

from bajas.claims import limits
from bajas.claims.alternatives import definitions
from bajas.claims.claim import Claim, EvidenceKind, Window
from bajas.design.calendar import Calendar
from bajas.design.design import Design
from bajas.design.listed import RegisterReading, read_list
from bajas.design.observation import Observation, Stream
from bajas.design.reading import BELOW_ONE, read_figure
from bajas.design.stratum import Stratum, build_strata
from bajas.design.tally import Merge, Statement, increments
from bajas.errors import SpecificationError
from bajas.ledger.kinds import stream_evidence, stream_kind
from bajas.ledger.ledger import Ledger
from bajas.ledger.lineage import left_out


def build_design(ledger: Ledger, registers: RegisterReading = "completeness") -> Design:
    """Turn a ledger into a design.

    Parameters
    ----------
    ledger : Ledger
        The evidence, restricted with :meth:`Ledger.as_of` if need be.
    registers : {"completeness", "bound"}
        How counts of lists are read: as incomplete counts that grow, or as lower bounds.

    Raises
    ------
    SpecificationError
        If no claim is left that bears on the model, or there are more days to resolve, over all
        strata, than :data:`bajas.claims.limits.MAX_CELLS`.
    """
    unused = dict(left_out(ledger.claims, ledger.sources))
    statements = tuple(
        claim for claim in ledger if claim.qualifier == "peak" and not claim.excluded
    )
    for claim in statements:
        unused.pop(claim.claim_id, None)
    ranks = {claim.claim_id for claim in statements}
    candidates = [claim for claim in ledger if claim.claim_id not in unused]
    if any(claim.status != "civilian" for claim in candidates):
        for claim in candidates:
            if claim.status == "civilian":
                unused[claim.claim_id] = (
                    "it counts civilians and other claims don't: one fit is about one kind of"
                    " victims; fit the civilians' claims apart"
                )
    evidence = tuple(claim for claim in ledger if claim.claim_id not in unused)
    if ranks.issuperset(claim.claim_id for claim in evidence):
        raise _nothing_left(unused)
    # A claim that adds no evidence must not move the war's first day either.
    bearing = replace(ledger, claims=evidence)
    calendar = Calendar(bearing.first_day, bearing.last_day)
    names = {side: bearing.component_names(side) for side in bearing.sides}
    by_stream: dict[tuple[str, str, str, str], list[Claim]] = {}
    for claim in evidence:
        if claim.claim_id in ranks:
            continue
        if calendar.clip(claim.window) is None:
            unused[claim.claim_id] = "its window ends before the war's first day"
            continue
        by_stream.setdefault(claim.stream, []).append(claim)

    merges: list[Merge] = []
    while by_stream:
        used = [claim for claims in by_stream.values() for claim in claims]
        strata = build_strata(used, ledger.taxonomy, calendar, names)
        streams: list[Stream] = []
        observations: list[Observation] = []
        found: list[Merge] = []
        silent: list[tuple[str, str, str, str]] = []
        for key, claims in by_stream.items():
            stream, rows, records = _read_stream(
                claims, ledger, names, len(streams), calendar, strata, unused, registers
            )
            if rows:
                streams.append(stream)
                observations.extend(rows)
                found.extend(records)
            else:
                silent.append(key)
                merges.extend(records)
        if not silent:
            merges.extend(found)
            break
        for key in silent:  # a stream that says nothing must not split the strata of the others
            del by_stream[key]
    if not by_stream:
        raise _nothing_left(unused)
    _check_size(strata, calendar)
    return Design(
        calendar=calendar,
        strata=strata,
        streams=tuple(streams),
        observations=tuple(observations),
        left_out=unused,
        statements=statements,
        merges=tuple(merges),
        taxonomy=ledger.taxonomy,
        component_names=names,
    )


def _check_size(strata: tuple[Stratum, ...], calendar: Calendar) -> None:
    """Refuse what no machine holds, before any array of it is made."""
    cells = sum(stratum.last - stratum.first + 1 for stratum in strata)
    if cells > limits.MAX_CELLS:
        raise SpecificationError(
            f"{len(strata):,} strata of side, component and outcome over {calendar.days:,} days"
            f" ({calendar.window}) are {cells:,} days to resolve; the limit is"
            f" {limits.MAX_CELLS:,}. Fit fewer sides, components or outcomes at a time, or declare"
            " the war's first_day in the taxonomy"
        )


def _nothing_left(unused: dict[str, str]) -> SpecificationError:
    return SpecificationError(
        "no claim is left to fit: " + "; ".join(f"{k}: {v}" for k, v in unused.items())
    )


def _read_stream(
    claims: list[Claim],
    ledger: Ledger,
    names: dict[str, tuple[str, ...]],
    position: int,
    calendar: Calendar,
    strata: tuple[Stratum, ...],
    unused: dict[str, str],
    registers: RegisterReading,
) -> tuple[Stream, list[Observation], tuple[Merge, ...]]:
    """Return a stream with its observations; notes in ``unused`` what says nothing."""
    first = claims[0]
    source, taxonomy = ledger.sources[first.source], ledger.taxonomy
    kind, guessed = stream_kind(claims, source)
    stream = Stream(
        *first.stream,
        source_type=first.source_type,
        speaks_for=source.speaks_for or first.speaks_for,
        kind=kind,
        evidence=stream_evidence(claims, source),
        counted=taxonomy.outcome_kind(first.outcome),
        civilian=first.status == "civilian",
    )
    readings, partial = [], False
    for component, outcome in definitions(first.component, first.outcome):
        scope = taxonomy.component_scope(component, first.side, names[first.side])
        outcomes = taxonomy.outcome_members(outcome)
        partial |= scope.partial
        readings.append(
            tuple(
                index
                for index, stratum in enumerate(strata)
                if stratum.side == first.side
                and stratum.component_members <= scope.members
                and stratum.outcome_members <= outcomes
            )
        )
    listed: list[Observation] = []
    # what a list counts isn't in question: a list of several definitions is read as bounds
    indices = readings[0]
    complete = registers == "completeness" and len(readings) == 1 and not partial
    if stream.kind == "register" and complete:
        what = f"{stream.side} {stream.component} {stream.outcome} = {_in_words(strata, indices)}"
        present = [claim for claim in claims if _exists(claim, indices, calendar, strata)]
        what += f" ({'guessed ' if guessed else ''}register of {stream.source})"
        listed = read_list(present, position, indices, calendar, what, unused)
        counted = {claim_id for row in listed for claim_id in row.claim_ids} | set(unused)
        claims = [claim for claim in claims if claim.claim_id not in counted]
    rows, records = _observe(
        claims, stream, position, tuple(readings), partial, calendar, strata, unused, guessed,
        source.evidence,
    )  # fmt: skip
    return stream, listed + rows, records


def _exists(
    claim: Claim, indices: tuple[int, ...], calendar: Calendar, strata: tuple[Stratum, ...]
) -> bool:
    """Return whether any of the strata exists in a claim's window."""
    window = calendar.clip(claim.window)
    return window is not None and any(
        calendar.index(window.start) <= strata[i].last
        and strata[i].first <= calendar.index(window.end)
        for i in indices
    )


def _observe(
    claims: list[Claim],
    stream: Stream,
    position: int,
    readings: tuple[tuple[int, ...], ...],
    partial: bool,
    calendar: Calendar,
    strata: tuple[Stratum, ...],
    unused: dict[str, str],
    guessed: bool,
    known: EvidenceKind | None,
) -> tuple[list[Observation], tuple[Merge, ...]]:
    """Return the observations of one stream; notes in ``unused`` what says nothing."""
    indices, alternatives = readings[0], readings if len(readings) > 1 else ()
    meant = ", or ".join(_in_words(strata, reading) for reading in readings)
    what = f"{stream.side} {stream.component} {stream.outcome} = {meant}"
    if alternatives:
        what += " (the same of all its figures)"
    how = f"{'guessed ' if guessed else ''}{stream.kind} of {stream.source}"
    biased = stream.kind != "register"
    rows: list[Observation] = []
    running: list[Statement] = []
    for claim in claims:
        window = calendar.clip(claim.window)
        if window is None:  # clipped claims were taken out before
            raise AssertionError(claim.claim_id)
        if not all(_exists(claim, reading, calendar, strata) for reading in readings):
            unused[claim.claim_id] = "its force didn't exist in its window" + (
                " under one of its definitions" if alternatives else ""
            )
            continue
        part = partial or bool(claim.theatre)
        reading = read_figure(claim, claim.window.days, stream.kind, part)
        if isinstance(reading, str):
            unused[claim.claim_id] = reading
            continue
        if stream.kind == "tally" and not part and _counts(claim):
            figure = claim.value * (claim.window.days if claim.per_day else 1)  # type: ignore[operator]
            running.append(
                Statement(
                    claim.claim_id,
                    calendar.index(window.start),
                    calendar.index(window.end) + 1,
                    figure,
                    claim.published,
                )
            )
            continue
        clipped = f" (clipped from {claim.start})" if claim.start < window.start else ""
        theatre = f", one theatre ({claim.theatre}) of it" if claim.theatre else ""
        theatre += ", a part of it" if partial else ""
        rows.append(
            Observation(
                name=claim.claim_id,
                claim_ids=(claim.claim_id,),
                stream=position,
                window=window,
                form=reading.form,
                value=reading.value,
                log_sd=reading.log_sd,
                strata=indices,
                alternatives=alternatives,
                biased=biased,
                meaning=f"{reading.words}, {window}{clipped}, for {what}{theatre} ({how})",
                evidence=claim.evidence or known,
                settled=claim.settled and stream.kind != "tally",
            )
        )
    tally = increments(running)
    unused.update(tally.redundant)
    taken: set[str] = set()
    ends = {statement.claim_id: statement.stop for statement in running}
    for item in tally.increments:
        window = Window(calendar.day(item.start), calendar.day(item.stop - 1))
        ending = [c for c in item.claim_ids if ends[c] == item.stop and c not in taken]
        name = ending[-1] if ending else f"{item.claim_ids[-1]}@{window.start}"
        taken.add(name)
        rows.append(
            Observation(
                name=name,
                claim_ids=item.claim_ids,
                stream=position,
                window=window,
                form="point",
                value=item.value,
                log_sd=0.0,
                strata=indices,
                alternatives=alternatives,
                biased=biased,
                meaning=(
                    f"increment of {item.value:,.0f}, {window}, from"
                    f" {', '.join(item.claim_ids)}, for {what} ({how})"
                ),
                evidence=stream.evidence,
            )
        )
    behind = {claim_id for row in rows for claim_id in row.claim_ids}
    silent = [s for s in running if s.claim_id not in behind and s.claim_id not in tally.redundant]
    if silent and not tally.increments and all(s.value == 0 for s in running):
        # a tally of none over all its days says as much as an assessment of none
        widest = max(silent, key=lambda s: (s.stop - s.start, s.claim_id))
        window = Window(calendar.day(widest.start), calendar.day(widest.stop - 1))
        rows.append(
            Observation(
                name=widest.claim_id,
                claim_ids=tuple(s.claim_id for s in silent),
                stream=position,
                window=window,
                form="at_most",
                value=BELOW_ONE,
                log_sd=0.0,
                strata=indices,
                alternatives=alternatives,
                biased=biased,
                meaning=f"none, read as fewer than one half, {window}, for {what} ({how})",
                evidence=stream.evidence,
            )
        )
        silent = []
    for statement in silent:
        unused[statement.claim_id] = "its tally never rises over the days it covers"
    return rows, tally.merges


def _in_words(strata: tuple[Stratum, ...], indices: tuple[int, ...]) -> str:
    """Return the outcomes and components that strata cover, without repeating the side."""
    outcomes = dict.fromkeys(strata[index].outcome for index in indices)
    components = dict.fromkeys(strata[index].component for index in indices)
    return f"{' + '.join(outcomes)} of {', '.join(components)}"


def _counts(claim: Claim) -> bool:
    """Return whether a tally's claim is a plain figure that can be differenced."""
    return claim.qualifier in ("exact", "about") and claim.value is not None and claim.low is None
