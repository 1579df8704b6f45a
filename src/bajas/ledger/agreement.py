"""Figures that agree too well: copies of another source, and fixed multiples of another figure.

Two bodies that count the same losses apart don't print the same numbers. Each figure scatters for
two reasons at least: counts vary (1 / count on the log scale), and no two bodies count, or define,
alike; killed and wounded of one body don't move in step either. Under that scatter the chance that
figures agree to the last printed digit is small, and agreement in many windows is no chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import combinations
from math import erf, log, sqrt

import numpy as np

from bajas.claims.claim import Claim
from bajas.errors import Finding
from bajas.ledger.common_figures import CommonFigure, figures_by_window, shared_figures

#: Scatter, on the log scale, of two independent counts of the same losses about their ratio, and
#: of one outcome about its ratio to another, beside that of counting. Low: tallies scatter by some
#: 0.12 each (the noise prior's median), ratios of outcomes by more from month to month.
SCATTER = 0.05
#: Chance per ledger, at most, of a finding of each kind where all sources are independent.
FALSE_ALARMS = 0.01
#: Common windows from which copies and fixed multiples are looked for.
_ENOUGH = 3
#: Multiples worth a word: one is a copy, and beyond this the figures have nothing in common.
_MOST = 20.0

_Stream = tuple[str, str, str, str, str, str]


def agreement_findings(claims: Sequence[Claim], unused: Collection[str]) -> list[Finding]:
    """Return warnings about pairs of streams that agree too well to be independent.

    Parameters
    ----------
    claims : sequence of Claim
        All claims.
    unused : collection of str
        Ids of claims that are left out of the fit: what they repeat is settled.
    """
    streams: dict[_Stream, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.claim_id not in unused:
            key = (*claim.stream, claim.theatre, claim.status)
            streams[key].append(claim)
    by_window = {
        key: printed
        for key, claims in streams.items()
        if len(printed := figures_by_window(claims)) >= _ENOUGH
    }
    pairs = []
    for one, other in combinations(sorted(by_window), 2):
        if one[1] != other[1]:
            continue
        figures = shared_figures(by_window[one], by_window[other])
        if len(figures) >= _ENOUGH:
            pairs.append((one, other, figures))
    same = [pair for pair in pairs if pair[0][0] != pair[1][0] and pair[0][1:] == pair[1][1:]]
    findings = []
    for one, other, figures in same:
        equal, chance = copies(figures)
        if chance * len(same) < FALSE_ALARMS:
            findings.append(_copied(one, other, figures, equal, chance * len(same)))
    copied = {(one, other) for one, other, figures in same if copies(figures)[0]}
    for one, other, figures in pairs:
        if (one, other) in copied:
            continue
        ratio, chance = fixed_multiple(figures)
        if chance * len(pairs) < FALSE_ALARMS:
            findings.append(_multiple(one, other, figures, ratio, chance * len(pairs)))
    return findings


def copies(figures: Sequence[CommonFigure]) -> tuple[list[CommonFigure], float]:
    """Return the figures that are equal but for rounding, and the chance of so many.

    Parameters
    ----------
    figures : sequence of CommonFigure
        What two sources state about the same losses.

    Returns
    -------
    tuple of (list of CommonFigure, float)
        Those for which one figure is the other, rounded; and the probability that as many or more
        of two independent counts are, if these lie at the same level (else it is smaller).

    Examples
    --------
    >>> equal = CommonFigure(1234, 1200, 0.5, 50, ())
    >>> other = CommonFigure(1234, 1400, 0.5, 50, ())
    >>> found, chance = copies([equal, other])
    >>> len(found), round(chance, 2)
    (1, 0.73)
    """
    equal, chances = [], []
    for figure in figures:
        slack = max(figure.first_slack, figure.second_slack)
        if abs(figure.first - figure.second) <= slack:
            equal.append(figure)
        chances.append(_within(slack / min(figure.first, figure.second), figure))
    return equal, _at_least(len(equal), chances)


def fixed_multiple(figures: Sequence[CommonFigure]) -> tuple[float, float]:
    """Return the ratio that all figures have but for rounding, and the chance of that.

    Parameters
    ----------
    figures : sequence of CommonFigure
        What two streams state about the same windows.

    Returns
    -------
    tuple of float
        The ratio (of the larger stream to the smaller) and the probability that the ratios of
        independent counts are equal within rounding; a chance of one where they aren't.

    Examples
    --------
    >>> names = [412, 655, 1218, 1771]
    >>> ratio, chance = fixed_multiple([CommonFigure(n, 2 * n, 0.5, 0.5, ()) for n in names])
    >>> round(ratio, 3), chance < 1e-4
    (2.0, True)
    """
    if sum(f.first for f in figures) > sum(f.second for f in figures):
        figures = [
            CommonFigure(f.second, f.first, f.second_slack, f.first_slack, f.claim_ids)
            for f in figures
        ]
    best = (1.0, 1.0)
    # one of the two was computed from the other as printed, and then rounded itself
    for larger in (True, False):
        ends = []
        for f in figures:
            slack = f.second_slack if larger else f.second * f.first_slack / f.first
            ends.append(((f.second - slack) / f.first, (f.second + slack) / f.first))
        low, high = max(a for a, _ in ends), min(b for _, b in ends)
        # less than zero: a figure that may as well be none fixes no ratio
        if low > high or low <= 0:
            continue
        ratio = (low + high) / 2
        if not 1 / _MOST <= ratio <= _MOST:
            continue
        widths = [log(b / a) / 2 if a > 0 else 1.0 for a, b in ends]
        # the ratio is that of the finest figure; each other one could have missed it
        finest = min(range(len(widths)), key=widths.__getitem__)
        chance = 1.0
        for index, (width, figure) in enumerate(zip(widths, figures, strict=True)):
            if index != finest:
                chance *= _within(width + widths[finest], figure)
        if chance < best[1]:
            best = (ratio, chance)
    return best


def _within(width: float, figure: CommonFigure) -> float:
    """Return the chance that two independent counts agree within a width on the log scale."""
    sd = sqrt(SCATTER**2 + 1 / figure.first + 1 / figure.second)
    return erf(width / sd / sqrt(2))


def _at_least(count: int, chances: Sequence[float]) -> float:
    """Return the probability that at least so many of independent events happen."""
    probabilities = np.zeros(len(chances) + 1)
    probabilities[0] = 1.0
    for chance in chances:
        moved = probabilities[:-1] * chance
        probabilities *= 1 - chance
        probabilities[1:] += moved
    return min(1.0, float(probabilities[count:].sum()))


def _ids(figures: Sequence[CommonFigure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for figure in figures for name in figure.claim_ids))


def _copied(
    one: _Stream, other: _Stream, figures: Sequence[CommonFigure],
    equal: Sequence[CommonFigure], chance: float,
) -> Finding:  # fmt: skip
    return Finding(
        "warn",
        "sources-agree-too-well",
        f"{one[0]} and {other[0]} give the same figure, but for rounding, for {len(equal)} of"
        f" {len(figures)} periods of {one[2]} {one[3]} of {one[1]}; of independent counts that"
        f" has a chance of {_words(chance)}.",
        "if one repeats the other, name it in derived_from",
        claim_ids=_ids(equal),
    )


def _multiple(
    one: _Stream, other: _Stream, figures: Sequence[CommonFigure], ratio: float, chance: float
) -> Finding:
    return Finding(
        "warn",
        "mechanical-ratio",
        f"{_name(one)} and {_name(other)} of {one[1]} stand in one ratio, {ratio:.3g}, in all"
        f" {len(figures)} periods that both cover; of independent counts that has a chance of"
        f" {_words(chance)}.",
        "if one is computed from the other, name that in derived_from",
        claim_ids=_ids(figures),
    )


def _name(stream: _Stream) -> str:
    return f"{stream[0]} {stream[2]} {stream[3]}"


def _words(chance: float) -> str:
    return "less than 1 in 1,000,000" if chance < 1e-6 else f"1 in {round(1 / chance):,}"
