"""Answers about lists and drift: tables, plots, and what a citation says of them."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from claim_tables import GOOD
from model_examples import ledger, window

import bajas
from bajas.errors import QuantityError

mpl.use("Agg")

NAMES = {
    "source": "newspaper", "source_type": "media_investigation", "speaks_for": "neutral",
    "kind": "register", "evidence": "list", "qualifier": "at_least",
}  # fmt: skip
SOURCE = GOOD["source"]


def evidence(*counted: int) -> bajas.Ledger:
    tally = [
        window(0, last, claim_id=f"t{last}", value=str(20 * last), kind="tally")
        for last in (99, 199, 299)
    ]
    names = [window(0, last, claim_id=f"n{last}", value=str(9 * last), **NAMES) for last in counted]
    return ledger(*tally, *names)


def fit(*counted: int, **choices: object) -> bajas.Fit:
    model = bajas.Model(evidence(*counted), **choices)  # type: ignore[arg-type]
    return model.prior_predictive(draws=1500, seed=2)


@pytest.fixture(scope="module")
def drawn() -> bajas.Fit:
    return fit(150, 250, 299)


def test_a_list_has_four_rows_with_what_each_rests_on(drawn: bajas.Fit) -> None:
    table = drawn.registers(level=0.9)
    assert table["quantity"].tolist() == [
        "final coverage", "coverage on the last day", "delay in days", "shape",
    ]  # fmt: skip
    assert set(table["source"]) == {"newspaper"}
    assert set(table["counts"]) == {3}
    assert (table["low"] < table["median"]).all()
    assert (table["median"] < table["high"]).all()
    assert table["rests_on"].str.contains("counts on 3 days").tolist() == [False, False, True, True]
    final = table.iloc[0]
    # draws of the prior: the prior's interval, which was stated
    assert (final["low"], final["high"]) == pytest.approx((0.2, 0.9), abs=0.04)
    assert abs(final["narrowed"]) < 0.1
    assert table.iloc[2]["median"] == pytest.approx(60, rel=0.1)


def test_a_list_is_less_complete_on_its_last_day_than_in_the_end(drawn: bajas.Fit) -> None:
    table = drawn.registers().set_index("quantity")
    assert table.loc["coverage on the last day", "median"] < table.loc["final coverage", "median"]


def test_a_single_count_says_that_its_curve_is_the_prior() -> None:
    table = fit(299).registers().set_index("quantity")
    for quantity in ("delay in days", "shape"):
        assert table.loc[quantity, "rests_on"] == "its prior: the list was counted once"


def test_without_lists_or_drift_the_tables_are_empty() -> None:
    plain = fit(299, registers=bajas.RegisterPrior("bound"), drift=bajas.DriftPrior(on="none"))
    assert len(plain.registers()) == len(plain.drift()) == 0
    assert {"quantity", "median"} <= set(plain.registers().columns)
    with pytest.raises(QuantityError, match="lists here: none"):
        plain.plot.registers()
    with pytest.raises(QuantityError, match="drifting: none"):
        plain.plot.drift()


def test_drift_is_centred_on_1_and_as_wide_as_its_prior(drawn: bajas.Fit) -> None:
    table = drawn.drift(level=0.9)
    assert table["source"].unique().tolist() == [SOURCE]
    np.testing.assert_allclose(table["factor"], 1, atol=0.02)
    np.testing.assert_allclose(table["low"], table["prior_low"], rtol=0.02)
    np.testing.assert_allclose(table["high"], table["prior_high"], rtol=0.02)
    assert table["date"].is_monotonic_increasing


def test_drift_has_mean_zero_in_every_draw(drawn: bajas.Fit) -> None:
    from bajas.answers.drift import drift_draws

    ((_, draws),) = drift_draws(drawn.draws)
    np.testing.assert_allclose(draws.mean(axis=1), 0, atol=1e-13)


def test_plots_show_the_curve_and_the_drift(drawn: bajas.Fit) -> None:
    ax = drawn.plot.registers()
    assert ax.get_xlabel() == "days since the loss"
    assert "newspaper: X, counted on 3 days" in ax.get_title(loc="left")
    curve = next(line for line in ax.lines if line.get_label() == "fit, median")
    heights = np.asarray(curve.get_ydata(), dtype=float)
    assert heights[0] == pytest.approx(0, abs=1e-9)
    assert np.all(np.diff(heights) > 0)
    assert heights[-1] < 1
    moved = drawn.plot.drift(SOURCE)
    assert SOURCE in moved.get_title(loc="left")
    with pytest.raises(QuantityError, match="newspaper"):
        drawn.plot.registers("paper")
    with pytest.raises(QuantityError, match=SOURCE):
        drawn.plot.drift("newspaper")


@pytest.mark.parametrize(
    ("counted", "single"), [((150, 299), False), ((299,), True)], ids=["counts", "one count"]
)
def test_a_citation_reports_the_assumed_coverage(counted: tuple[int, ...], single: bool) -> None:
    found = fit(
        *counted, registers=bajas.RegisterPrior(sources={"newspaper": bajas.Coverage(0.4, 0.8)})
    ).cite("killed", "X", override="to show the prior")
    (assumed,) = [text for text in found.assumptions if "list of newspaper" in text]
    assert "0.4 to 0.8 of the losses in the end (90 %, prior)" in assumed
    assert ("counted once" in assumed) == single
    assert any("1 stream may drift" in text for text in found.assumptions)


def test_claims_are_beside_what_the_list_is_expected_to_add(drawn: bajas.Fit) -> None:
    table = drawn.claims().set_index("observation")
    names = table.loc[["n150", "n250", "n299"]]
    assert (names["predicted_median"] < names["true_median"]).all()
