"""Planted bugs: the sampler with lines of its source replaced, and what the checks say of each.

Runs in a process of its own without a compiler, where functions that numba would compile are plain
Python: a mutant is then there as soon as its modules are imported.

    NUMBA_DISABLE_JIT=1 python tests/mutants.py      # verdicts as JSON: mutant, check, message
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from planted import Edit, compiled_once, imported

#: Bug: module of the sampler, and pairs of lines and what replaces them; each occurs once.
MUTANTS: dict[str, list[Edit]] = {
    "none": [],
    "Jacobian of series dropped": [
        ("series", "log_jacobian -= 0.5 * np.log(square)", "log_jacobian -= 0.0"),
        ("series", "spread * lost) - lost", "spread * lost)"),
        ("series", "by_rho[j] -= 0.5 * known / square", "by_rho[j] -= 0.0"),
    ],
    "Jacobian of biases dropped": [
        ("biases", "value -= np.log(matrix[i, i] * sd[column]) + 0.5", "value -= 0.5"),
        ("biases", "by_sd[column] = x[i] * x[i] / (s * s * s) - 1 / s",
         "by_sd[column] = x[i] * x[i] / (s * s * s)"),
        ("biases", "by_matrix[i, i] -= 1 / matrix[i, i]", "by_matrix[i, i] -= 0.0"),
    ],
    "Jacobian of half-normal scales dropped": [
        ("kernel", "value += u - 0.5 * square", "value -= 0.5 * square"),
        ("kernel", "gradient[field_size + h] = 1 - square", "gradient[field_size + h] = -square"),
    ],
    "Jacobian of walls dropped": [("biases", "value += np.log(bend)", "value += 0.0")],
    "information of series doubled throughout": [
        ("map_series", "information=h,", "information=2 * h,"),
    ],
    "information doubled in the affine part": [
        ("map_affine", "total = marginal + np.diag", "total = 2 * marginal + np.diag"),
    ],
    "information doubled on the way there alone": [
        ("series", "square = 1 + rho * known * tau * tau",
         "square = 1 + 2 * rho * known * tau * tau"),
    ],
    "sign of a bias": [
        ("biases", "location[b.observation[i]] += added", "location[b.observation[i]] -= added"),
    ],
    "sign of what noise does to series": [
        ("series", "gradient[a.noise_column[i]] -= 2", "gradient[a.noise_column[i]] += 2"),
    ],
    "positions by the map before the rebuild": [
        ("stages", "flat = pilot.whitened", "self._stale = item; flat = pilot.whitened"),
        ("stages", "lambda chain: item.position(", "lambda chain: self._stale.position("),
    ],
    "second kick too strong": [
        ("nuts", "p[i] += half * (g[i] + w[i])\n    return",
         "p[i] += 1.2 * half * (g[i] + w[i])\n    return"),
    ],
    "gradient scaled": [
        ("mapped", "by_moved *= m.scale\n", "by_moved *= 1.2 * m.scale\n"),
    ],
    "rotations always accepted": [
        ("nuts", "if rng.random() < acceptance:", "if not diverging:"),
    ],
    "leaves of a tree not weighed": [
        ("nuts", "log_sub = _log_add(log_sub, -error)", "log_sub = _log_add(log_sub, 0.0)"),
        ("nuts", "if np.log(rng.random()) < -error - log_sub:",
         "if np.log(rng.random()) < -log_sub:"),
    ],
    "the newer half of a tree always taken": [
        ("nuts", "if np.log(rng.random()) < log_sub - log_weight:", "if log_sub > -np.inf:"),
    ],
}  # fmt: skip


def mutated(edits: list[Edit]) -> ModuleType:
    """The checks, over a sampler with these edits."""
    below = [(f"sampler.{module}", old, new) for module, old, new in edits]
    checks, _, arrays = imported(
        below, "sampler_checks", "bajas.sampler.stages", "bajas.sampler.kernel_arrays"
    )
    arrays.discard_stale = lambda: False  # type: ignore[attr-defined]  # nothing is compiled
    return checks


def examples(c: Any) -> list[tuple[Any, Any, Any]]:
    """Representations with every part, a map of each, and points."""
    import numpy as np

    found = []
    for options in c.EVERY_PART.values():
        made = c.parts(*options)
        item = c.map_with_walls(made, c.prior_draws(made, 8))
        found.append((made, item, np.random.default_rng(1).standard_normal((2, made.size))))
    return found


def gradient(c: Any) -> None:
    for made, item, points in examples(c):
        c.check_gradient(made, item, points[0])


def jacobian(c: Any) -> None:
    for made, item, points in examples(c):
        c.check_jacobian(made, item, points)


def inverse(c: Any) -> None:
    for made, item, points in examples(c):
        c.check_inverse(made, item, points[0])


def whitened(c: Any) -> None:
    from bajas.sampler.kernel_arrays import kernel_arrays
    from bajas.sampler.map import first_map

    made = c.normal_posterior(True)
    with c.nothing_left_out():
        item = first_map(made, kernel_arrays(made))
    c.check_whitened(made, item)


def reversible(c: Any) -> None:
    made, item, _ = examples(c)[0]
    c.check_reversible(made, item)


def second_order(c: Any) -> None:
    made, item, _ = examples(c)[0]
    c.check_second_order(made, item)


#: Draws of the checks of whole chains: without a compiler they take a millisecond each.
DRAWS = 2000


def _chain(c: Any, dynamic: float) -> None:
    plan = c.nuts.Plan(dynamic, 1.2, 2.4, 6, 0.8)
    made = c.schools()
    drawn, _ = c.chain_draws(made, c.plain_map(made.size), plan, 0.7, DRAWS)
    c.check_uniform(c.school_levels(made, drawn), c.SCHOOL_NAMES)


def rotations(c: Any) -> None:
    _chain(c, 0.0)


def trees(c: Any) -> None:
    _chain(c, 1.0)


def run(c: Any) -> None:
    from bajas.sampler.interface import Settings, silent
    from bajas.sampler.stages import sample_in_stages

    made = c.schools()
    settings = Settings(draws=DRAWS // 2, tune=100, chains=2, cores=1, seed=4)
    drawn = sample_in_stages(made, settings, silent).position.reshape(-1, made.size)
    c.check_uniform(c.school_levels(made, drawn), c.SCHOOL_NAMES)


CHECKS: dict[str, Callable[[Any], None]] = {
    check.__name__: check
    for check in (
        *(gradient, jacobian, inverse, whitened, reversible, second_order),
        *(rotations, trees, run),
    )
}

#: Checks that each bug is put to; all of them where there is none.
CHAINS = {"rotations", "trees", "run"}
PUT_TO = {
    "none": set(CHECKS),
    "positions by the map before the rebuild": {"gradient", "jacobian", "inverse", "run"},
    "Jacobian of half-normal scales dropped": {"gradient", "jacobian", "rotations", "trees"},
    "rotations always accepted": {"reversible", "rotations"},
    "leaves of a tree not weighed": {"reversible", "trees"},
    "the newer half of a tree always taken": {"reversible", "trees"},
    "gradient scaled": {"gradient", "second_order", "reversible"},
}


def verdicts() -> dict[str, dict[str, str]]:
    """What each check says of each mutant: nothing, or how it failed."""
    found: dict[str, dict[str, str]] = {}
    for name, edits in MUTANTS.items():
        checks = mutated(edits)
        found[name] = {}
        for check in CHECKS:
            if check not in PUT_TO.get(name, set(CHECKS) - CHAINS):
                continue
            try:
                CHECKS[check](checks)
                found[name][check] = ""
            except AssertionError as error:
                found[name][check] = str(error).strip() or "AssertionError"
    return found


if __name__ == "__main__":
    with compiled_once():
        told = verdicts()
    json.dump(told, sys.stdout)
