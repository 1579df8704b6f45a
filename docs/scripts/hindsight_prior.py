"""Estimate the hindsight bias prior from the shipped cases, and compare variants of its model.

    python docs/scripts/hindsight_prior.py                 # writes the prior's JSON and the tables
    python docs/scripts/hindsight_prior.py --prior-only    # the prior and its table, no comparison
    python docs/scripts/hindsight_prior.py --keep-prior    # the tables from the JSON as it is
    python docs/scripts/hindsight_prior.py --print         # nothing is written

Writes src/bajas/model/hindsight_prior.json (the prior, and for each case the prior without it) and
what stands between the markers of docs/explanation/priors.md. The comparison fits eight variants
eleven times; about four minutes of one core for the prior, six for the comparison. With --scores
they are kept in a file, and a comparison that was cut short goes on from it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import bajas
from bajas.model.bias import (
    PRIOR_KINDS,
    BiasPrior,
    KindPrior,
    RelationPrior,
    learn_hindsight,
)
from bajas.model.hindsight_estimate import VARIANTS, HindsightEstimate, Variant, estimate_hindsight
from bajas.model.hindsight_units import HindsightUnit, hindsight_units
from bajas.model.relation import RELATIONS

ROOT = Path(__file__).parents[2]
PRIOR = ROOT / "src" / "bajas" / "model" / "hindsight_prior.json"
PAGE = ROOT / "docs" / "explanation" / "priors.md"
#: 1,152 draws: enough for a score, which averages over them.
ITERATIONS = 24
#: The prior before this estimate: pooled centres and robust scales by relation, of all cases.
FORMER = {"own": (-0.60, 0.74), "enemy": (1.19, 0.91), "own_victims": (0.99, 0.67),
          "third_party": (0.34, 1.03)}  # fmt: skip


def main() -> None:
    """Estimate, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prior-only", action="store_true")
    parser.add_argument("--keep-prior", action="store_true")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--scores", type=Path, help="file that keeps the comparison's scores")
    parser.add_argument("--print", action="store_true", dest="show")
    options = parser.parse_args()
    names = list(bajas.datasets.hindsight()["name"])
    cases = {name: bajas.datasets.hindsight(name) for name in names}
    learned = (
        json.loads(PRIOR.read_text(encoding="utf-8"))
        if options.keep_prior
        else learn(names, options.workers)
    )
    if not options.show:
        PRIOR.write_text(json.dumps(learned, indent=2) + "\n", encoding="utf-8")
    units = {name: hindsight_units([cases[name]]) for name in names}
    tables = {"prior": prior_table(learned, [unit for name in names for unit in units[name]])}
    if not options.prior_only:
        tables["comparison"] = comparison_table(units, options.workers, options.scores)
    if options.show:
        print(json.dumps(learned, indent=2))
        print("\n\n".join(tables.values()))
        return
    page = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        before, rest = page.split(f"<!-- hindsight {name} -->\n", 1)
        _, after = rest.split(f"<!-- end of hindsight {name} -->", 1)
        page = (
            f"{before}<!-- hindsight {name} -->\n{table}\n<!-- end of hindsight {name} -->{after}"
        )
    PAGE.write_text(page, encoding="utf-8")


def learn(names: list[str], workers: int) -> dict[str, Any]:
    """Return the prior of all cases, and that without each."""
    left_out = [None, *names]
    with ProcessPoolExecutor(workers) as pool:
        priors = list(pool.map(_learn, left_out, [names] * len(left_out)))
    return {
        "made_by": "python docs/scripts/hindsight_prior.py",
        "all": priors[0],
        "without": dict(zip(names, priors[1:], strict=True)),
    }


def _learn(left_out: str | None, names: list[str]) -> dict[str, Any]:
    cases = [bajas.datasets.hindsight(name) for name in names if name != left_out]
    name = "hindsight" if left_out is None else f"hindsight without {left_out}"
    return learn_hindsight(cases, name).as_dict()


def prior_table(learned: dict[str, Any], units: list[HindsightUnit]) -> str:
    """Return the prior by relation and kind, with what it says of one source."""
    prior = BiasPrior.from_dict(learned["all"])
    without = [BiasPrior.from_dict(entry) for entry in learned["without"].values()]
    count = Counter((unit.relation, unit.evidence) for unit in units)
    rng = np.random.default_rng(1)
    rows = [
        "| relation | evidence | units | centre | scale | one source, 2.5 % / median / 97.5 % |"
        " centre without one case |",
        "|---|---|---|---|---|---|---|",
    ]
    for stands in RELATIONS:
        entry = prior.relations[stands]
        for kind in (None, *PRIOR_KINDS):
            cell = entry.of_kind(*_split(kind))
            low, middle, high = np.exp(np.quantile(one_source(prior, entry, cell, rng), _ENDS))
            moved = [other.relations[stands].of_kind(*_split(kind)).mean for other in without]
            number = sum(
                count[stands, name] for name in PRIOR_KINDS if kind in (None, name)
            )  # fmt: skip
            tails = f" (tails {entry.degrees_of_freedom:g})" if kind is None else ""
            rows.append(
                f"| {stands.replace('_', ' ')} | {kind or 'not known'}{tails} | {number} |"
                f" {cell.mean:+.2f} | {cell.scale:.2f} | {low:.2g} / {middle:.2g} / {high:.2g} |"
                f" {min(moved):+.2f} to {max(moved):+.2f} |"
            )
    rows.append("")
    rows.append(f"Shared by the sources of one bloc: {prior.shared:.2f} of the variance.")
    return "\n".join(rows)


def _split(kind: str | None) -> tuple[str | None, bool]:
    """Return a kind of evidence, and whether its claims are settled."""
    return (None, False) if kind is None else (kind.split(",")[0], kind.endswith("settled"))


_ENDS = (0.025, 0.5, 0.975)


def one_source(
    prior: BiasPrior, entry: RelationPrior, cell: KindPrior, rng: np.random.Generator
) -> np.ndarray:
    """Return draws of the bias of one source."""
    group = rng.standard_t(entry.degrees_of_freedom or np.inf, 400_000)
    own = rng.standard_normal(group.size)
    return cell.mean + cell.scale * (
        np.sqrt(prior.shared) * group + np.sqrt(1 - prior.shared) * own
    )


def _score(variant: Variant, left: str, units: dict[str, tuple[HindsightUnit, ...]]) -> float:
    rest = [unit for name, found in units.items() if name != left for unit in found]
    return estimate_hindsight(rest, variant, iterations=ITERATIONS).log_score(units[left])


def variant_scores(
    units: dict[str, tuple[HindsightUnit, ...]], workers: int, file: Path | None
) -> dict[str, list[float]]:
    """Return each variant's leave-one-case-out log scores, in the order of the cases."""
    kept = json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else {}
    tasks = [
        (variant, left)
        for variant in VARIANTS
        for left in units
        if f"{variant.name}: {left}" not in kept
    ]
    with ProcessPoolExecutor(workers) as pool:
        found = pool.map(_score, *zip(*tasks, strict=True), [units] * len(tasks)) if tasks else ()
        for (variant, left), score in zip(tasks, found, strict=True):
            kept[f"{variant.name}: {left}"] = score
            if file:
                file.write_text(json.dumps(kept), encoding="utf-8")
    return {
        variant.name: [kept[f"{variant.name}: {left}"] for left in units] for variant in VARIANTS
    }


def comparison_table(
    units: dict[str, tuple[HindsightUnit, ...]], workers: int, file: Path | None = None
) -> str:
    """Return leave-one-case-out log scores of the variants and of two fixed priors."""
    scores = variant_scores(units, workers, file)
    fixed = {
        "symmetric(0.6)": fixed_estimate(dict.fromkeys(RELATIONS, (0.0, 0.6)), np.inf),
        "the former constants (they have seen all cases)": fixed_estimate(FORMER, 4.0),
    }
    for name, estimate in fixed.items():
        scores[name] = [estimate.log_score(found) for found in units.values()]
    number = np.array([len(found) for found in units.values()])
    best = np.array(max(scores.values(), key=lambda found: float(np.mean(found / number))))
    learned = {variant.name: np.array(scores[variant.name]) / number for variant in VARIANTS}
    rows = [
        "| variant | mean of cases, per unit | behind the best, per unit (standard error over"
        " cases) | sum over cases | worst case |",
        "|---|---|---|---|---|",
    ]
    for name, found in scores.items():
        each = np.array(found) / number
        behind = best / number - each
        error = behind.std(ddof=1) / np.sqrt(behind.size)
        worst = list(units)[int(np.argmin(each))]
        rows.append(
            f"| {name} | {each.mean():.3f} | {behind.mean():.3f} ({error:.3f}) |"
            f" {sum(found):.1f} | {worst} ({each.min():.2f}) |"
        )
    return "\n".join([*rows, "", first_without_each(learned, list(units))])


def first_without_each(learned: dict[str, np.ndarray], cases: list[str]) -> str:
    """Say which variant comes first by the other cases' scores, whichever case is left out."""
    first: dict[str, list[str]] = {}
    for place, case in enumerate(cases):
        means = {name: float(np.delete(each, place).mean()) for name, each in learned.items()}
        first.setdefault(max(means, key=lambda name: means[name]), []).append(case)
    words = "; ".join(f"*{name}* in {len(found)} of {len(cases)}" for name, found in first.items())
    return (
        f"First of the learned ones by the scores of the other cases, with each left out: {words}."
    )


def fixed_estimate(
    relations: dict[str, tuple[float, float]], degrees_of_freedom: float
) -> HindsightEstimate:
    """Return a prior with fixed numbers as an estimate of one draw."""
    mean = np.array([relations[name][0] for name in RELATIONS])
    scale = np.array([relations[name][1] for name in RELATIONS])
    shape = (1, len(RELATIONS), len(PRIOR_KINDS))
    return HindsightEstimate(
        Variant("fixed", degrees_of_freedom=degrees_of_freedom),
        np.broadcast_to(mean[:, None], shape),
        np.broadcast_to(scale[:, None], shape),
        np.array([0.5]),
        1.0,
    )


if __name__ == "__main__":
    main()
