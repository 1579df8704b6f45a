"""Priors of forces on dates on which the claims don't tell them apart yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bajas.design.design import Design
from bajas.model.intensity import share_prior
from bajas.model.specification import IntensityPrior, SharePrior, Specification


def as_told_apart(specification: Specification, design: Design, reference: Design) -> Specification:
    """Return the specification for a design that tells fewer forces apart than a later one.

    What the claims of the later design tell apart has one share prior each, given or by default.
    Where an earlier design holds several of them as one force, that force gets the prior of their
    sum: else a prior for a force that nobody counts yet would be refused, and the prior of a side's
    losses would depend on how finely the claims of the day split it. Priors of what the earlier
    design doesn't hold otherwise are left out.

    Parameters
    ----------
    specification : Specification
        For the later design.
    design : Design
        Of an earlier date.
    reference : Design
        Of the later one.

    Returns
    -------
    Specification
        The same object where nothing has to change.

    Examples
    --------
    >>> import bajas
    >>> from bajas.design.build import build_design
    >>> ledger = bajas.datasets.russia_ukraine_2023()
    >>> early, late = (build_design(ledger.as_of(day)) for day in ("2022-04-30", "2023-08-07"))
    >>> as_told_apart(Specification(), early, late).intensity.components
    {'RU wagner+dnr+lnr': SharePrior(per_main=1.09..., log_sd=0.77...)}
    """
    given = specification.intensity
    components: dict[str, SharePrior] = {}
    for side in dict.fromkeys(s.side for s in design.strata if s.kind == "personnel"):
        components |= _of_side(given, side, design, reference)
    if components == dict(given.components):
        return specification
    return replace(specification, intensity=replace(given, components=components))


def _of_side(
    prior: IntensityPrior, side: str, design: Design, reference: Design
) -> dict[str, SharePrior]:
    forces, later = _forces(design, side), _forces(reference, side)
    groups = _groups(reference, side)
    found = {}
    main = next((name for name, (_, is_main) in forces.items() if is_main), "")
    inside = _within(later, forces[main][0]) if main else []
    # multiples of a main force that holds others too are smaller
    whole = 1.0 + sum(share_prior(prior, side, name)[0] for name in inside)
    for name, (members, is_main) in forces.items():
        key = f"{side} {name}"
        parts = _within(later, members)
        if is_main or (not parts and key not in prior.components):
            continue
        if key in prior.components:
            entry = prior.components[key]
        elif parts == [name]:
            if whole == 1.0:
                continue  # its own entry, or the default
            entry = SharePrior(*share_prior(prior, side, name))
        else:
            entry = sum_of_shares(
                [SharePrior(*share_prior(prior, side, part)) for part in parts],
                [groups[part] for part in parts],
                prior.group_shared,
            )
        found[key] = replace(entry, per_main=entry.per_main / whole)
    return found


def sum_of_shares(shares: Sequence[SharePrior], groups: Sequence[str], shared: float) -> SharePrior:
    """Return the share prior of several forces together: log-normal, with the sum's moments.

    Parameters
    ----------
    shares : sequence of SharePrior
        Of each force.
    groups : sequence of str
        The declared group of each; those of one group share a part of the variance.
    shared : float
        That part, of the smallest variance in the group.

    References
    ----------
    Fenton (1960), The sum of log-normal probability distributions in scatter transmission systems.
    *IRE Transactions on Communications Systems* 8(1), 57-67.

    Examples
    --------
    >>> both = sum_of_shares([SharePrior(0.3, 0.6), SharePrior(0.2, 0.8)], ["ldnr", "ldnr"], 0.75)
    >>> round(both.per_main, 2), round(both.log_sd, 2)
    (0.53, 0.62)
    """
    log_sd = np.array([share.log_sd for share in shares])
    mean = np.array([share.per_main for share in shares]) * np.exp(log_sd**2 / 2)
    covariance = np.diag(log_sd**2)
    for first, group in enumerate(groups):
        for second, other in enumerate(groups):
            if first != second and group == other:
                same = [sd for sd, name in zip(log_sd, groups, strict=True) if name == group]
                covariance[first, second] = shared * min(same) ** 2
    variance = float(mean @ np.expm1(covariance) @ mean)
    of_log = float(np.log1p(variance / mean.sum() ** 2))
    return SharePrior(float(mean.sum() * np.exp(-of_log / 2)), float(np.sqrt(of_log)))


def _forces(design: Design, side: str) -> dict[str, tuple[frozenset[str], bool]]:
    """Return members of each force of a side, and whether it is the main one."""
    return {
        s.component: (s.component_members, s.main)
        for s in design.strata
        if s.side == side and s.kind == "personnel"
    }


def _within(later: Mapping[str, tuple[frozenset[str], bool]], members: frozenset[str]) -> list[str]:
    """Return the forces of the later design, other than its main one, that lie in a set."""
    return [name for name, (mine, main) in later.items() if not main and mine <= members]


def _groups(design: Design, side: str) -> dict[str, str]:
    """Return the declared group of each force of a side, or its own name."""
    declared = design.taxonomy.sides.get(side)
    sets = {} if declared is None else declared.groups
    return {
        name: next((g for g, held in sets.items() if members <= frozenset(held)), name)
        for name, (members, _) in _forces(design, side).items()
    }
