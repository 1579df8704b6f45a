"""Small designs and representations for tests of the statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from claim_tables import table

import bajas
from bajas.design.build import build_design
from bajas.design.design import Design
from bajas.ledger.ledger import Ledger
from bajas.model.bias import BiasPrior, symmetric
from bajas.model.build import build_representation
from bajas.model.representation import Representation
from bajas.model.specification import IntensityPrior, NoisePrior, Specification

#: The first day of every war in these examples.
FIRST = date(2023, 1, 1)

Row = Mapping[str, str]


def ledger(*rows: Row, **options: object) -> Ledger:
    """Read rows made of ``claim_tables.GOOD`` with changes."""
    return bajas.read_claims(pd.DataFrame(table(*rows)), **options)  # type: ignore[arg-type]


def design(*rows: Row, **options: object) -> Design:
    """The design of some rows."""
    return build_design(ledger(*rows, **options))


def represent(evidence: Ledger, specification: Specification) -> Representation:
    """The representation of a ledger."""
    made = build_design(evidence, specification.registers.reading)
    return build_representation(made, specification, evidence.sources)


def built(*rows: Row, **options: object) -> Representation:
    """The representation of some rows under a plain specification; options are its choices."""
    return represent(ledger(*rows), plain(**options))


def plain(
    bias: BiasPrior | None = None, noise: Mapping[str, object] | None = None, **intensity: object
) -> Specification:
    """A specification without counting noise, with a stated prior of the level and weekly knots."""
    return Specification(
        bias or symmetric(0.6),
        IntensityPrior(**{"level_centre": 3.0, "level_sd": 1.5, **intensity}),  # type: ignore[arg-type]
        NoisePrior(**{"counting": False, **(noise or {})}),  # type: ignore[arg-type]
    )


def day(index: int) -> str:
    """ISO date of a position in the calendar."""
    return (FIRST + timedelta(days=index)).isoformat()


def window(first: int, last: int, **changes: str) -> dict[str, str]:
    """A row over days ``first`` to ``last`` (positions, inclusive), published the day after."""
    return {
        "claim_id": f"d{first}-{last}",
        "start": day(first),
        "end": day(last),
        "published": day(last + 1),
        **changes,
    }


def every_form() -> list[dict[str, str]]:
    """Rows with every form, kind of stream and layer of the intensity, over 90 days."""
    assessed = {"source": "institute", "source_type": "think_tank", "speaks_for": "neutral"}
    allied = {"source": "ally", "source_type": "ally", "speaks_for": "Y"}
    listed = {
        "source": "newspaper", "source_type": "media_investigation", "speaks_for": "neutral",
        "kind": "register", "evidence": "list",
    }  # fmt: skip
    own = {"source": "ministry", "source_type": "belligerent", "speaks_for": "X"}
    return [
        window(0, 30, claim_id="t1", value="900", kind="tally"),
        window(0, 58, claim_id="t2", value="2100", kind="tally"),
        window(0, 89, claim_id="t3", value="3000", kind="tally"),
        window(
            0, 89, claim_id="r1", **assessed, outcome="casualties", value="", low="6000",
            high="12000", qualifier="range",
        ),
        window(31, 58, claim_id="r2", **assessed, value="700", low="400", high="1100",
               level="0.8", qualifier="about"),
        window(0, 58, claim_id="l1", **allied, value="800", qualifier="at_least"),
        window(0, 89, claim_id="v1", **listed, component="militia", value="150",
               qualifier="at_least"),
        window(0, 89, claim_id="u1", **own, value="1900", qualifier="at_most"),
        window(20, 89, claim_id="e1", outcome="tank", value="310"),
        window(0, 89, claim_id="y1", **assessed, side="Y", value="1500", qualifier="about"),
    ]  # fmt: skip


def positions(representation: Representation, count: int, spread: float, seed: int) -> np.ndarray:
    """Random standardised positions; a spread of 1 is typical of the prior, 2 its tails.

    The log of a half-normal has a long tail to the left only.
    """
    found = spread * np.random.default_rng(seed).standard_normal((count, representation.size))
    for hyper in representation.hyperparameters:
        if hyper.family == "half_normal":
            part = representation.hyper_slices[hyper.name]
            block = found[:, representation.field_size :][:, part]
            np.minimum(block, 0.7, out=block)
    return found


def with_half_normal_scales(representation: Representation) -> Representation:
    """The same model with half-normal priors on its path scales."""
    from bajas.model.prior import Prior

    return replace(
        representation,
        hyperparameters=tuple(
            replace(h, priors=(Prior("half_normal", 0.0, 0.15),) * h.size)
            if h.name == "path_scale"
            else h
            for h in representation.hyperparameters
        ),
    )
