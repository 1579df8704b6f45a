"""Forces on dates on which claims don't tell them apart yet have the prior of their sum."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import bajas
from bajas.checks.vintage_forces import as_told_apart, sum_of_shares
from bajas.checks.vintages import vintages
from bajas.design.build import build_design
from bajas.design.design import Design
from bajas.model.build import build_representation
from bajas.model.specification import IntensityPrior, SharePrior, Specification

RECOMMENDED = bajas.share_priors(bajas.datasets.russia_ukraine_2023_shares())


@cache
def known(day: str) -> Design:
    return build_design(bajas.datasets.russia_ukraine_2023().as_of(day))


def at(day: str, **shares: SharePrior) -> dict[str, SharePrior]:
    given = Specification(
        intensity=IntensityPrior(components={k.replace("_", " "): v for k, v in shares.items()})
    )
    return dict(as_told_apart(given, known(day), known("2023-08-07")).intensity.components)


def test_forces_of_one_stratum_have_the_prior_of_their_sum() -> None:
    dnr, lnr = RECOMMENDED["RU dnr"], RECOMMENDED["RU lnr"]
    wagner = SharePrior(0.3, 1.0)  # the default
    found = at("2022-06-30", RU_dnr=dnr, RU_lnr=lnr)
    assert found == {
        "RU dnr": dnr,
        "RU wagner+lnr": sum_of_shares([wagner, lnr], ["wagner", "ldnr"], 0.75),
    }
    first = at("2022-04-30", RU_dnr=dnr, RU_lnr=lnr)
    assert list(first) == ["RU wagner+dnr+lnr"]
    assert first["RU wagner+dnr+lnr"] == sum_of_shares(
        [wagner, dnr, lnr], ["wagner", "ldnr", "ldnr"], 0.75
    )


@pytest.mark.parametrize("day", ["2022-04-30", "2022-06-30", "2022-09-30"])
def test_recommended_priors_can_be_used_on_every_date(day: str) -> None:
    given = Specification(intensity=IntensityPrior(components=RECOMMENDED))
    ledger = bajas.datasets.russia_ukraine_2023().as_of(day)
    if day < "2022-09":
        with pytest.raises(bajas.SpecificationError, match="no claim"):
            build_representation(known(day), given, ledger.sources)
    used = as_told_apart(given, known(day), known("2023-08-07"))
    build_representation(known(day), used, ledger.sources)


def test_where_the_same_forces_are_told_apart_nothing_changes() -> None:
    given = Specification(intensity=IntensityPrior(components=RECOMMENDED))
    assert as_told_apart(given, known("2022-09-30"), known("2023-08-07")) is given
    assert as_told_apart(Specification(), known("2023-08-07"), known("2023-08-07")) == (
        Specification()
    )


def test_a_prior_of_the_early_force_itself_is_kept() -> None:
    own = SharePrior(0.4, 0.5)
    assert at("2022-06-30", **{"RU_wagner+lnr": own})["RU wagner+lnr"] == own


def test_multiples_are_of_a_main_force_that_holds_others_too() -> None:
    late = known("2023-08-07")
    # an early date on which nothing but Donetsk's forces is told apart from the rest
    strata = tuple(
        replace(s, component="rest", component_members=s.component_members | {"wagner", "lnr"})
        if s.main
        else s
        for s in known("2022-06-30").strata
        if s.side == "RU" and (s.main or s.component == "dnr")
    )
    early = replace(known("2022-06-30"), strata=strata)
    given = Specification(intensity=IntensityPrior(components=RECOMMENDED))
    found = as_told_apart(given, early, late).intensity.components
    assert set(found) == {"RU dnr"}
    assert found["RU dnr"].per_main == pytest.approx(0.3 / (1 + 0.3 + 0.2))
    assert found["RU dnr"].log_sd == 0.6


def test_the_sum_has_the_moments_of_the_forces_together() -> None:
    shares = [SharePrior(0.3, 0.6), SharePrior(0.2, 0.8), SharePrior(0.5, 0.4)]
    found = sum_of_shares(shares, ["g", "g", "alone"], 0.75)
    rng = np.random.default_rng(1)
    common, own = rng.standard_normal((400_000, 1)), rng.standard_normal((400_000, 3))
    part = np.sqrt(0.75) * 0.6 * np.array([1.0, 1.0, 0.0])
    rest = np.sqrt(np.array([0.6, 0.8, 0.4]) ** 2 - part**2)
    logs = np.log([0.3, 0.2, 0.5]) + part * common + rest * own
    total = np.exp(logs).sum(axis=1)
    mean = found.per_main * np.exp(found.log_sd**2 / 2)
    assert mean == pytest.approx(total.mean(), rel=0.01)
    assert mean * np.sqrt(np.expm1(found.log_sd**2)) == pytest.approx(total.std(), rel=0.02)
    one = sum_of_shares([shares[0]], ["g"], 0.75)
    assert (one.per_main, one.log_sd) == (pytest.approx(0.3), pytest.approx(0.6))


def test_what_no_claim_names_at_all_is_refused_before_the_first_fit() -> None:
    shares = {"RU navy": SharePrior(0.1, 0.5)}
    with pytest.raises(bajas.SpecificationError, match="no claim names 'navy'"):
        vintages(
            bajas.datasets.russia_ukraine_2023(),
            ["2022-06-30", "2023-08-07"],
            {"outcome": "killed", "side": "RU"},
            specification=Specification(intensity=IntensityPrior(components=shares)),
        )
