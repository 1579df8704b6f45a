"""What a fit tells its user, unasked or for one call each; counted where the model is known wrong.

A misspecification costs coverage; whether anything in the library's answers gives it away is
another question. What is kept of a fit is what a user who follows the documentation sees: findings
on the claims, suspected collusion, surprising figures, what the answer is driven by, and how far it
moves when assumptions change. A share means something only beside the share of the same word where
the model is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bajas.answers.collusion import collusion
from bajas.answers.reliance import reliance
from bajas.checks.headline import headline_of
from bajas.checks.influence import influence
from bajas.checks.influence_result import SURPRISING
from bajas.checks.sensitivity import sensitivity
from bajas.design.identification import weak_points
from bajas.posterior.posterior import Posterior

#: The total that is asked about, and the level of its interval.
_ABOUT, LEVEL = ("killed", "X"), 0.9
#: Draws a chain that are looked at: the checks' cost is that of draws times observations.
_DRAWS = 200


def told(posterior: Posterior) -> dict[str, Any]:
    """Return what the library says of a fit, without refits.

    Parameters
    ----------
    posterior : Posterior
        The fit; of losses of side X.

    Returns
    -------
    dict
        ``findings``, codes of warnings about the claims; ``collusion``, pairs of sources suspected;
        ``surprising`` of ``observations``, figures that surprise all others at 0.01, ``least``, the
        smallest surprise, and ``odd``, the source that it is of; ``driven_by``, the group of priors
        that drives the total, or an empty text; ``matters``, the kind of assumption that moves it
        most, and ``what``; ``widest``, the lowest and the highest end of the total's intervals
        under all bias priors that the sensitivity analysis compares, and ``sources``, the same over
        all sources left out.
    """
    outcome, side = _ABOUT
    posterior = _thinned(posterior)
    noticed = (*posterior.ledger.findings, *weak_points(posterior.design))
    quantity = headline_of(posterior, outcome, side, "all", None, None, LEVEL).quantity
    rests = reliance(posterior, quantity)
    pairs = collusion(posterior)
    suspects = pairs[pairs["suspect"]]
    claims = influence(posterior, outcome, side, level=LEVEL, refits=False).claims
    least = claims.iloc[int(claims["surprise"].to_numpy().argmin())]
    moved = sensitivity(posterior, outcome, side, level=LEVEL, refits=False).table
    moved = moved[moved["trouble"].where(moved["kind"] != "fit", "") == ""]
    others = moved[moved["kind"] != "fit"].sort_values("move", ascending=False, kind="stable")
    return {
        "findings": sorted({f.rule for f in noticed if f.severity == "warn"}),
        "collusion": suspects[["first", "second"]].to_numpy().tolist(),
        "surprising": int((claims["surprise"] < SURPRISING).sum()),
        "observations": len(claims),
        "least": float(least["surprise"]),
        "odd": str(least["source"]),
        "driven_by": "" if rests is None else rests.driven_by or "",
        "matters": str(others["kind"].iloc[0]) if len(others) else "",
        "what": str(others["what"].iloc[0]) if len(others) else "",
        "widest": _ends(moved, "bias prior"),
        "sources": _ends(moved, "without source"),
    }


def _thinned(posterior: Posterior) -> Posterior:
    """Return a posterior with some of the draws, evenly spaced."""
    step = max(1, posterior.draws // _DRAWS)
    return replace(
        posterior,
        field_draws=posterior.field_draws[:, ::step],
        hyper_draws={name: draws[:, ::step] for name, draws in posterior.hyper_draws.items()},
        sample_stats={name: stat[:, ::step] for name, stat in posterior.sample_stats.items()},
        _realised={},
    )


def _ends(moved: Any, kind: str) -> list[float]:
    """Return the lowest and the highest end over the fit's own row and those of a kind."""
    rows = moved[moved["kind"].isin(("fit", kind))]
    return [float(rows["low"].min()), float(rows["high"].max())]


def summary_of_told(
    found: Sequence[Mapping[str, Any]], truths: Sequence[float]
) -> dict[str, dict[str, float]]:
    """Return shares of fits, by what was said.

    Parameters
    ----------
    found : sequence of dict
        Of :func:`told`.
    truths : sequence of float
        True totals of the same fits.

    Returns
    -------
    dict of str to dict of str to float
        ``says``: share of fits with a finding of each code, a suspected pair, a figure that
        surprises at 0.01, one that does so even as the least of so many (0.01 over their number);
        ``collusion``, ``odd``, ``matters`` and ``driven_by``: shares by pair, source, kind of
        assumption and group of priors; ``held``: shares of truths within the widest interval over
        bias priors, and over sources left out.
    """
    count = len(found)
    true = np.asarray(truths, dtype=float)

    def shares(words: Iterable[Iterable[str]]) -> dict[str, float]:
        tally: dict[str, int] = {}
        for own in words:
            for word in dict.fromkeys(own):
                tally[word] = tally.get(word, 0) + 1
        return {word: tally[word] / count for word in sorted(tally, key=lambda w: (-tally[w], w))}

    def held(name: str) -> float:
        ends = np.array([entry[name] for entry in found])
        return float(np.mean((ends[:, 0] <= true) & (true <= ends[:, 1])))

    return {
        "findings": shares(entry["findings"] for entry in found),
        "says": {
            "any suspected collusion": float(np.mean([bool(e["collusion"]) for e in found])),
            "a figure surprises at 0.01": float(np.mean([e["surprising"] > 0 for e in found])),
            "the most surprising of n at 0.01 / n": float(
                np.mean([e["least"] < SURPRISING / e["observations"] for e in found])
            ),
        },
        "collusion": shares([f"{a} and {b}" for a, b in entry["collusion"]] for entry in found),
        "odd": shares([entry["odd"]] if entry["surprising"] else [] for entry in found),
        "driven_by": shares([entry["driven_by"] or "nothing"] for entry in found),
        "matters": shares([entry["matters"] or "nothing"] for entry in found),
        "held": {"bias priors": held("widest"), "sources left out": held("sources")},
    }
