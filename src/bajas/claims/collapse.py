"""Repeated findings made one: the same remark about many claims, with all their ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bajas.errors import Finding


def collapse(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with repetitions of a warning or note made one.

    Problems (severity ``refuse``) all stay, since each has to be repaired. The order is that of
    the first occurrence; the claims concerned are listed in ``claim_ids``.

    Examples
    --------
    >>> one = Finding("warn", "missing-url", "no link.", claim_id="a", column="url")
    >>> two = Finding("warn", "missing-url", "no link.", claim_id="b", column="url")
    >>> [finding.claim_ids for finding in collapse([one, two])]
    [('a', 'b')]
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for position, item in enumerate(findings):
        key: tuple[object, ...] = (item.severity, item.rule, item.message, item.column, item.fix)
        if item.severity == "refuse" or item.claim_ids:
            key = (*key, position)
        groups.setdefault(key, []).append(item)
    collapsed = []
    for group in groups.values():
        first = group[0]
        if len(group) > 1:
            ids = dict.fromkeys(item.claim_id for item in group if item.claim_id is not None)
            first = replace(first, row=None, claim_id=None, text=None, claim_ids=tuple(ids))
        collapsed.append(first)
    return tuple(collapsed)
