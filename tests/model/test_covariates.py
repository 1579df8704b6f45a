"""Covariates: read strictly, kept as data, entered as ordinary columns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dense_curvature import curvature, field_mode
from model_examples import FIRST, design, every_form, ledger, plain, represent, window

import bajas
from bajas.errors import QuantityError, SpecificationError
from bajas.model.covariates import Covariates
from bajas.model.specification import Specification

DAYS = 90


def frame(**columns: object) -> pd.DataFrame:
    days = pd.date_range(FIRST, periods=DAYS)
    return pd.DataFrame(columns or {"fires": np.sin(np.arange(DAYS) / 9)}, index=days)


def with_covariates(table: pd.DataFrame, **intensity: object) -> Specification:
    chosen = plain(**intensity)
    return Specification(chosen.bias, chosen.intensity, chosen.noise, Covariates.read(table))


# -- reading ----------------------------------------------------------------------------------


def test_frame_column_and_file_say_the_same(tmp_path: Path) -> None:
    table = frame(fires=np.arange(DAYS) / 7, area=np.ones(DAYS))
    one = Covariates.read(table)
    other = Covariates.read(table.rename_axis("date").reset_index().sample(frac=1, random_state=1))
    table.rename_axis("date").to_csv(tmp_path / "covariates.csv")
    assert one == other == Covariates.read(tmp_path / "covariates.csv") == Covariates.read(one)
    assert (one.first_day, one.last_day) == (FIRST, date(2023, 3, 31))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (frame().drop(pd.Timestamp("2023-01-15")), "no values for 1 days, the first 2023-01-15"),
        (pd.concat([frame(), frame().iloc[:1]]), "2023-01-01 twice"),
        (frame(fires=[np.nan, *range(89)]), "'fires': 1 values are missing or not"),
        (frame(fires=[np.inf, *range(89)]), "not finite"),
        (frame(fires=["much", *range(89)]), "'fires': 1 values are missing"),
        (frame().set_axis(["X Y fires"], axis=1), "a name is one word"),
        (frame().iloc[:, :0], "one column or more"),
        (frame().set_axis(range(-1, 89), axis=0), "ISO dates"),
        (frame().shift(freq="6h"), "one whole date"),
    ],
)  # fmt: skip
def test_malformed_tables_are_refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(SpecificationError, match=words):
        Covariates.read(table)


def test_a_file_that_is_not_there_and_a_thing_that_is_no_table_are_refused() -> None:
    with pytest.raises(SpecificationError, match="can't read covariates"):
        bajas.Model(ledger(*every_form()), covariates="no such file.csv")
    with pytest.raises(SpecificationError, match="not int"):
        bajas.Model(ledger(*every_form()), covariates=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (frame().iloc[1:], "cover 2023-01-02 to 2023-03-31, the fit 2023-01-01 to 2023-03-31"),
        (frame().iloc[:-1], "give every day of it a value"),
        (frame(fires=np.full(DAYS, 3.0)), "one value on all days.*can't be told from the level"),
        (
            frame(a=np.arange(DAYS), b=np.arange(DAYS) ** 2, c=5 - 2 * np.arange(DAYS)),
            "'c' is a combination of a, b",
        ),
        (frame().set_axis(["Z fires"], axis=1), "side 'Z', whose people no claim"),
        (
            frame(**{"fires": np.arange(DAYS) ** 2, "X fires": np.arange(DAYS)}),
            "two covariates of X are named 'fires'",
        ),
    ],
)
def test_what_no_claim_could_identify_is_refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(SpecificationError, match=words):
        represent(ledger(*every_form()), with_covariates(table))


# -- plain data -------------------------------------------------------------------------------


def test_they_are_part_of_the_specification_its_json_and_its_hash() -> None:
    specification = with_covariates(frame())
    assert Specification.from_json(specification.to_json()) == specification
    assert specification.hash != plain().hash
    assert specification.hash != with_covariates(frame() + 1e-9).hash
    assert "covariates" not in plain().as_dict()


def test_a_saved_fit_comes_back_with_them(tmp_path: Path) -> None:
    model = bajas.Model(ledger(*every_form()), covariates=frame())
    prior = model.prior_predictive(draws=40, seed=2)
    prior.save(tmp_path / "prior.nc")
    again = bajas.load(tmp_path / "prior.nc")
    assert again.specification == prior.specification
    pd.testing.assert_frame_equal(again.covariates(), prior.covariates())
    rebuilt = bajas.Model.from_specification(model.ledger, prior.specification)
    assert rebuilt.representation.size == model.representation.size


# -- in the model -----------------------------------------------------------------------------


def test_a_common_column_has_a_coefficient_a_side_and_one_s_own_has_one() -> None:
    table = frame(**{"fires": np.sin(np.arange(DAYS)), "Y area": np.arange(DAYS)})
    made = represent(ledger(*every_form()), with_covariates(table))
    (term,) = [t for t in made.terms if t.name == "covariate"]
    assert term.labels == (("X fires", "Y fires", "Y area"),)


def test_one_sd_of_a_covariate_multiplies_the_losses_by_e_to_its_coefficient() -> None:
    step = np.repeat([0.0, 1.0], [45, 45])  # standardised: -1, then 1
    evidence = ledger(*every_form())
    made = represent(evidence, with_covariates(frame(fires=7 + 3 * step), knot_days=1))
    field = np.zeros((1, made.field_size))
    without = made.log_intensity(field)
    field[0, made.term_slices["covariate"]] = [0.4, 0.0]
    change = (made.log_intensity(field) - without)[0]
    strata = design(*every_form()).strata
    sizes = [s.last - s.first + 1 for s in strata]
    for stratum, part in zip(strata, np.split(change, np.cumsum(sizes)[:-1]), strict=True):
        loading = {"equipment": 0.25, "personnel": 1.0}[stratum.kind] * (stratum.side == "X")
        np.testing.assert_allclose(part, loading * 0.4 * (2 * step - 1), atol=1e-12)


def test_covariates_do_not_depend_on_unit_and_origin() -> None:
    values = np.cumsum(np.random.default_rng(3).normal(size=DAYS))
    one = represent(ledger(*every_form()), with_covariates(frame(fires=values)))
    other = represent(ledger(*every_form()), with_covariates(frame(fires=40 + 1e4 * values)))
    np.testing.assert_allclose(one.node_design.toarray(), other.node_design.toarray(), atol=1e-9)


def test_the_table_of_coefficients_gives_the_prior_before_a_claim_has_spoken() -> None:
    model = bajas.Model(ledger(*every_form()), covariates=frame())
    table = model.prior_predictive(draws=4000, seed=1).covariates(level=0.9)
    assert table[["side", "covariate"]].to_numpy().tolist() == [["X", "fires"], ["Y", "fires"]]
    np.testing.assert_allclose(table["coefficient"], 0, atol=0.03)
    np.testing.assert_allclose(table["high"], 1.645 * 0.3, rtol=0.1)
    np.testing.assert_allclose(table["narrowed"], 0, atol=0.06)
    np.testing.assert_allclose(table["sd"], frame()["fires"].std(ddof=0))
    with pytest.raises(QuantityError, match="no covariates"):
        bajas.Model(ledger(*every_form())).prior_predictive(draws=5).covariates()


def test_a_known_coefficient_is_recovered() -> None:
    """Weekly figures of a war whose losses follow a covariate; the mode of its posterior."""
    rng = np.random.default_rng(8)
    weeks, truth = 60, 0.5
    days = np.arange(7 * weeks)
    wave = np.sign(np.sin(days / 8.5)) + 0.3 * rng.normal(size=days.size)
    table = pd.DataFrame({"fires": wave}, index=pd.date_range(FIRST, periods=days.size))
    z = (wave - wave.mean()) / wave.std()
    losses = 60 * np.exp(truth * z + 0.1 * np.sin(days / 90))
    rows = [
        window(7 * w, 7 * w + 6, claim_id=f"w{w:02}", source="institute", kind="assessment",
               source_type="think_tank", speaks_for="neutral", qualifier="about",
               value=str(round(losses[7 * w : 7 * w + 7].sum() * np.exp(0.05 * rng.normal()))))
        for w in range(weeks)
    ]  # fmt: skip
    made = represent(ledger(*rows), with_covariates(table))
    mode = field_mode(made)
    field, _ = made.unpack(mode)
    place = made.term_slices["covariate"].start
    sd = 0.3 * float(np.sqrt(np.linalg.inv(curvature(made, mode).precision)[place, place]))
    assert sd < 0.1
    assert abs(field[place] - truth) < 2.5 * sd
