"""The passport: refits to real and simulated claims, counted, saved with the fit, and cited."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from model_examples import ledger, window

import bajas
from bajas.answers.passport import Calibrated, Passport, passport_of, with_passport
from bajas.answers.quantity import quantity_of
from bajas.checks.passport import LEVELS, answers, calibrate
from bajas.posterior.fitting import prior_draws
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Settings

KILLED = {"outcome": "killed", "side": "palestinians"}
SHORT = Settings(draws=120, tune=120, chains=2)


@cache
def drawn() -> Posterior:
    """Draws that stand for a fit's: what is done with a passport doesn't depend on them."""
    prior = prior_draws(
        bajas.datasets.hindsight("jenin_2002").ledger, bajas.Specification(), draws=200, seed=1
    )
    return replace(prior, group="posterior")


def passport(held: tuple[int, ...] = (52, 78, 91, 94), chance: float = 0.4) -> Passport:
    posterior = drawn()
    question = {
        k: v
        for k, v in quantity_of(posterior, **KILLED).as_dict().items()
        if k not in ("unit", "count")
    }
    return Passport(
        posterior.ledger.hash, posterior.specification.hash, 102, 2, 5, LEVELS, 99,
        (Calibrated("killed", question, held, tuple(range(100)), chance),), {"seed": 0},
    )  # fmt: skip


def test_a_citation_quotes_the_passport_of_its_own_quantity() -> None:
    fit = bajas.Fit(drawn()).with_passport(passport())
    cited = fit.cite(**KILLED, level=0.9, override="a test")
    sentence = (
        "Calibration: of 100 truths drawn from this posterior the 90 % interval, fitted to these"
        " claims and others simulated from the truth, held 91 (90 expected, Monte Carlo error 3)."
        " This checks the computation around this posterior and doesn't show that priors or model"
        " are true of the war."
    )
    assert sentence in cited.sentence
    assert cited.facts["calibration"] == sentence
    assert "95 % interval, fitted" in fit.cite(**KILLED, override="a test").sentence
    other = fit.cite(**KILLED, until="2002-04-08", level=0.9, override="a test")
    assert "Calibration" not in other.sentence
    assert other.facts["calibration"] is None
    plain = bajas.Fit(drawn())
    assert plain.passport is None
    assert "Calibration" not in plain.cite(**KILLED, override="a test").sentence


def test_a_failed_calibration_is_said() -> None:
    fit = bajas.Fit(drawn()).with_passport(passport((20, 40, 50, 60), 1e-5))
    assert "ranks are NOT uniform (probability 1e-05)" in fit.cite(**KILLED, override="x").sentence


def test_a_passport_is_saved_and_loaded_with_its_fit(tmp_path: Path) -> None:
    fit = bajas.Fit(drawn()).with_passport(passport())
    fit.save(tmp_path / "fit.nc")
    again = bajas.load(tmp_path / "fit.nc")
    assert again.passport == fit.passport == passport()
    assert again.cite(**KILLED, override="x").sentence == fit.cite(**KILLED, override="x").sentence
    assert bajas.Fit(drawn()).passport is None  # the fit that it was made of has none


def test_a_passport_of_other_claims_or_beliefs_is_refused() -> None:
    posterior = drawn()
    with pytest.raises(bajas.BajasError, match="passport is of other claims"):
        with_passport(posterior, replace(passport(), ledger_sha256="0" * 64))
    with pytest.raises(bajas.BajasError, match="passport is of other specification"):
        with_passport(posterior, replace(passport(), specification_sha256="0" * 64))


def test_passports_are_plain_data_and_malformed_ones_are_refused() -> None:
    data = json.loads(json.dumps(passport().as_dict()))
    assert Passport.from_dict(data) == passport()
    for broken in (
        {**data, "rows": [{"quantity": "killed"}]},
        {**data, "fits": "many"},
        {**data, "fits": 2},
        {**data, "levels": [0.9]},
        {key: value for key, value in data.items() if key != "levels"},
    ):
        with pytest.raises(bajas.BajasError, match="malformed passport"):
            Passport.from_dict(broken)


def test_shares_have_their_monte_carlo_errors() -> None:
    table = passport().frame()
    assert table["share"].tolist() == [0.52, 0.78, 0.91, 0.94]
    assert table["mcse"].round(3).tolist() == [0.05, 0.04, 0.03, 0.022]
    assert "100 refits (2 failed, 5 not trusted)" in str(passport())


def test_what_is_kept_of_a_refit_answers_the_questions() -> None:
    posterior = drawn()
    question = {**KILLED, "component": "all", "since": "2002-04-03", "until": "2002-04-11"}
    found = answers(posterior, [question], [0.8], 50)
    total = posterior.total("killed", "palestinians", "all", "2002-04-03", "2002-04-11")
    assert found["ends"][0][0] == pytest.approx(np.quantile(total, [0.1, 0.9]))
    assert [len(draws) for draws in found["draws"]] == [50, 50]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"fits": 201}, "from 1 to 200"),
        ({}, {"fits": 0}, "from 1 to 200"),
        ({"group": "prior"}, {"fits": 1}, "draws of the prior"),
        ({}, {"quantities": []}, "at least one quantity"),
        ({}, {"quantities": {"outcome": "killed"}}, "lacks side"),
        ({}, {"quantities": {**KILLED, "sides": 1}}, "unknown entries"),
        ({}, {"quantities": {"outcome": "tank", "side": "palestinians"}}, "tank"),
    ],
)
def test_malformed_questions_are_refused(change, options, message: str) -> None:  # type: ignore[no-untyped-def]
    given = {"quantities": KILLED, "fits": 2, **options}
    with pytest.raises(bajas.BajasError, match=message):
        calibrate(replace(drawn(), **change), **given)


def test_a_definition_in_question_has_no_passport() -> None:
    made = ledger(window(0, 29, outcome="killed|casualties", value="500"))
    prior = prior_draws(made, bajas.Specification(), draws=10, seed=1)
    with pytest.raises(bajas.BajasError, match="definition of a stream is in question"):
        calibrate(replace(prior, group="posterior"), {"outcome": "killed", "side": "X"}, 2)


@pytest.mark.slow
def test_truths_of_a_fit_are_found_again_by_refits(tmp_path: Path) -> None:
    """Four refits show gross errors only; `make test-long` makes more."""
    case = bajas.datasets.hindsight("jenin_2002")
    fit = bajas.Model(case.ledger).fit(
        seed=1, draws=200, tune=150, chains=2, cores=1, progress=False
    )
    options = {"settings": SHORT, "folder": tmp_path, "workers": 1, "progress": False}
    found = fit.calibrate(KILLED, 4, **options)  # type: ignore[arg-type]
    assert found.counted == 4
    assert [row.quantity for row in found.rows][1] == "log likelihood"
    for row in found.rows:
        assert list(row.held) == sorted(row.held)
        assert row.held[-1] >= 2
        assert row.chance > 1e-4
    again = fit.calibrate(KILLED, 4, **options)  # type: ignore[arg-type]
    assert again.rows == found.rows
    assert passport_of(fit.with_passport(found).draws) == found


@pytest.mark.long
def test_intervals_of_refits_hold_truths_as_often_as_they_say() -> None:
    case = bajas.datasets.hindsight("jenin_2002")
    fit = bajas.Model(case.ledger).fit(seed=1, cores=1, progress=False)
    found = fit.calibrate(KILLED, 150, progress=False)
    assert found.failed == 0
    assert all(row.chance > 0.005 for row in found.rows)
    table = found.frame()
    assert ((table["share"] - table["level"]).abs() <= 4 * table["mcse"]).all()
