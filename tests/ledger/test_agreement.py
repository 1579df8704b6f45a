"""Figures that agree too well: copies and fixed multiples are found, independent counts aren't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from claim_tables import GOOD, read_rows, rules

import bajas
from bajas.ledger.agreement import SCATTER, copies, fixed_multiple
from bajas.ledger.common_figures import CommonFigure, common_figures

Row = dict[str, str]
PAPER = {"source": "paper", "source_type": "media", "speaks_for": "neutral"}
NAMES = [1031, 2117, 3190, 4422, 5391, 6718, 7705, 8817, 9987]


def months(values: list[int], prefix: str, **changes: str) -> list[Row]:
    """Running totals at the ends of the months of 2023."""
    ends = [f"2023-{month:02}-28" for month in range(1, len(values) + 1)]
    return [
        {**GOOD, "claim_id": f"{prefix}{end}", "end": end, "published": "2023-12-31",
         "value": str(value), **changes}
        for end, value in zip(ends, values, strict=True)
    ]  # fmt: skip


def read(folder: Path, *rows: Row) -> bajas.Ledger:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return read_rows(folder, [{name: row.get(name, "") for name in columns} for row in rows])


def rounded(value: float, digits: int) -> tuple[float, float]:
    """A figure with so many digits, and half of the last."""
    unit = 10.0 ** max(0, int(np.floor(np.log10(value))) + 1 - digits)
    return float(np.round(value / unit) * unit), unit / 2


def counts(rng: np.random.Generator, n: int, digits: int, ratio: float = 1.0) -> list[CommonFigure]:
    """Figures of two independent counts that scatter as little as is assumed, in the mean alike."""
    true = np.exp(rng.uniform(np.log(50), np.log(20_000), n))
    noise = np.exp(SCATTER * rng.standard_normal(n))
    figures = []
    for one, two in zip(true, true * ratio * noise, strict=True):
        first, first_slack = rounded(max(rng.poisson(one), 1), digits)
        second, second_slack = rounded(max(rng.poisson(two), 1), digits)
        figures.append(CommonFigure(first, second, first_slack, second_slack, ()))
    return figures


# -- before a fit -----------------------------------------------------------------------------


def test_a_copy_is_found_even_where_it_was_rounded(tmp_path: Path) -> None:
    rounding = [int(round(value, -1)) for value in NAMES]
    ledger = read(tmp_path, *months(NAMES, "a"), *months(rounding, "b", **PAPER))
    (finding,) = [f for f in ledger.findings if f.rule == "sources-agree-too-well"]
    assert "general_staff and paper give the same figure" in finding.message
    assert "derived_from" in finding.fix
    assert {"a2023-01-28", "b2023-01-28"} <= set(finding.claim_ids)


def test_a_declared_copy_is_left_out_and_no_longer_warned_of(tmp_path: Path) -> None:
    copy = months(NAMES, "b", **PAPER, derived_from="general_staff")
    ledger = read(tmp_path, *months(NAMES, "a"), *copy)
    assert "sources-agree-too-well" not in rules(ledger)
    left_out = bajas.Model(ledger).design.left_out
    assert {row["claim_id"] for row in copy} == set(left_out)


def test_another_count_of_the_same_losses_is_no_copy(tmp_path: Path) -> None:
    other = [1077, 2201, 3349, 4391, 5502, 6699, 7911, 8690, 9803]
    ledger = read(tmp_path, *months(NAMES, "a"), *months(other, "b", **PAPER))
    assert "sources-agree-too-well" not in rules(ledger)


def test_totals_that_agree_because_they_agreed_before_are_no_copies(tmp_path: Path) -> None:
    # both start from 100,000; what each then adds differs
    ours = [100_000 + value for value in NAMES]
    theirs = [
        100_000 + round(value * f) for value, f in zip(NAMES, [1, 1.2] * 4 + [1], strict=True)
    ]
    ledger = read(tmp_path, *months(ours, "a"), *months(theirs, "b", **PAPER))
    assert "sources-agree-too-well" not in rules(ledger)


@pytest.mark.parametrize("factor", [2, 3, 1.8])
def test_a_fixed_multiple_is_found_within_one_source_and_across(
    tmp_path: Path, factor: float
) -> None:
    multiples = [round(value * factor) for value in NAMES]
    for changes in ({"outcome": "wounded"}, PAPER):
        ledger = read(tmp_path, *months(NAMES, "a"), *months(multiples, "b", **changes))
        (finding,) = [f for f in ledger.findings if f.rule == "mechanical-ratio"]
        assert f"one ratio, {factor}," in finding.message


def test_a_multiple_of_a_list_of_names_is_found(tmp_path: Path) -> None:
    names = months(NAMES, "a", qualifier="at_least", kind="register", evidence="list")
    double = months([2 * value for value in NAMES], "b", **PAPER, qualifier="about")
    assert "mechanical-ratio" in rules(read(tmp_path, *names, *double))


def test_a_declared_multiple_is_left_out_and_no_longer_warned_of(tmp_path: Path) -> None:
    triple = months([3 * n for n in NAMES], "b", outcome="wounded", derived_from="")
    for row, original in zip(triple, months(NAMES, "a"), strict=True):
        row["derived_from"] = original["claim_id"]
    ledger = read(tmp_path, *months(NAMES, "a"), *triple)
    assert "mechanical-ratio" not in rules(ledger)
    assert len(bajas.Model(ledger).design.left_out) == len(NAMES)


def test_the_shipped_claims_raise_no_alarm() -> None:
    for name in bajas.datasets.available():
        found = rules(bajas.datasets.load(name))
        assert not {"mechanical-ratio", "sources-agree-too-well"} & set(found), name


@pytest.mark.parametrize(("n", "digits"), [(3, 2), (3, 5), (6, 2), (12, 3)])
def test_the_stated_chance_is_no_smaller_than_that_of_independent_counts(
    n: int, digits: int
) -> None:
    rng = np.random.default_rng([n, digits])
    copied = [copies(counts(rng, n, digits))[1] for _ in range(1500)]
    multiples = [fixed_multiple(counts(rng, n, digits, ratio=3.0))[1] for _ in range(1500)]
    for chances in (np.array(copied), np.array(multiples)):
        for level in (0.1, 0.01):
            # three Monte Carlo standard errors above the level
            limit = level + 3 * np.sqrt(level * (1 - level) / chances.size)
            assert (chances < level).mean() <= limit, (n, digits, level)


def test_planted_copies_and_multiples_of_twelve_months_are_found_nearly_always() -> None:
    rng = np.random.default_rng(5)
    found = np.zeros(2)
    for _ in range(200):
        values = rng.poisson(np.exp(rng.uniform(np.log(500), np.log(5000), 12)))
        copy = [CommonFigure(v, *rounded(v, 3)[:1], 0.5, rounded(v, 3)[1], ()) for v in values]
        triple = [CommonFigure(v, *rounded(3 * v, 3)[:1], 0.5, rounded(3 * v, 3)[1], ())
                  for v in values]  # fmt: skip
        found += [copies(copy)[1] < 1e-3, fixed_multiple(triple)[1] < 1e-3]
    assert (found / 200 > 0.95).all()


def test_only_what_both_state_for_the_same_days_is_compared(tmp_path: Path) -> None:
    ledger = read(tmp_path, *months(NAMES, "a"), *months(NAMES[:4], "b", **PAPER))
    ours = [claim for claim in ledger if claim.source == "general_staff"]
    theirs = [claim for claim in ledger if claim.source == "paper"]
    common = common_figures(ours, theirs)
    assert [item.first for item in common] == [1031, 1086, 1073, 1232]
    assert all(item.first == item.second for item in common)
