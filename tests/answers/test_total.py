"""Totals: known answers, adding up in every draw, rounding, trust, refusals."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hand_made import BAD, independent, known, small_ledger
from hypothesis import given
from hypothesis import strategies as st

from bajas.answers.interval import Interval
from bajas.answers.montecarlo import supported
from bajas.answers.summary import summary
from bajas.answers.total import total
from bajas.errors import QuantityError
from bajas.model.specification import Specification
from bajas.posterior.fitting import prior_draws

QUARTER = ("2023-01-01", "2023-03-31")
REST = ("2023-04-01", "2023-06-30")


def test_constant_rates_give_known_totals() -> None:
    posterior = known()
    assert [s.label for s in posterior.design.strata] == [
        "X other killed", "X other wounded", "X guard killed", "X guard wounded", "X all tank",
    ]  # fmt: skip
    march = total(posterior, "killed", "X", since="2023-03-01", until="2023-03-31", expected=True)
    assert march.median == march.mean == 310.0
    assert march.interval(0.95) == Interval(0.95, 310.0, 310.0)
    assert total(posterior, "casualties", "X", expected=True).median == 181 * (10 + 30)
    assert total(posterior, "killed", "X", "all-guard", expected=True).median == 181 * 8


def test_realised_counts_scatter_as_poisson() -> None:
    found = total(known(), "killed", "X", since="2023-03-01", until="2023-03-31")
    assert found.mean == pytest.approx(310, abs=4 * math.sqrt(310 / 2000))
    width = found.interval(0.95).high - found.interval(0.95).low
    assert width == pytest.approx(2 * 1.96 * math.sqrt(310), rel=0.1)
    assert found.trusted
    assert found.ess > 1000


def test_windows_components_and_outcomes_add_up_in_every_draw() -> None:
    posterior = independent()
    for outcome in ("killed", "casualties"):
        whole = posterior.total(outcome, "X")
        assert np.array_equal(
            whole, posterior.total(outcome, "X", "all", *QUARTER)
            + posterior.total(outcome, "X", "all", *REST),
        )  # fmt: skip
        parts = posterior.total(outcome, "X", "guard") + posterior.total(outcome, "X", "all-guard")
        assert np.array_equal(whole, parts)
    killed, wounded = posterior.total("killed", "X"), posterior.total("wounded", "X")
    casualties = posterior.total("casualties", "X")
    assert np.array_equal(casualties, killed + wounded)
    assert (killed <= casualties).all()


def test_intervals_are_the_central_quantiles_at_the_levels_asked_for() -> None:
    posterior = independent()
    draws = posterior.total("killed", "X")
    found = total(posterior, "killed", "X", levels=[0.8, 0.5])
    assert [item.level for item in found.intervals] == [0.5, 0.8]
    assert found.interval(0.8).low == pytest.approx(np.quantile(draws, 0.1))
    assert found.interval(0.8).high == pytest.approx(np.quantile(draws, 0.9))
    with pytest.raises(QuantityError, match=r"levels: 0\.5, 0\.8"):
        found.interval(0.95)
    for levels in ([], [95], [0.0]):
        with pytest.raises(QuantityError, match="between 0 and 1"):
            total(posterior, "killed", "X", levels=levels)


def test_json_has_exactly_the_published_keys() -> None:
    data = json.loads(json.dumps(total(independent(), "killed", "X").as_dict(), allow_nan=False))
    assert list(data) == [
        "quantity", "median", "mean", "intervals", "mcse", "trusted", "why_not",
    ]  # fmt: skip
    assert list(data["intervals"]) == ["0.5", "0.9", "0.95"]
    assert data["quantity"] == {
        "outcome": "killed", "side": "X", "component": "all", "since": "2023-01-01",
        "until": "2023-06-30", "unit": "persons", "count": "realised",
    }  # fmt: skip
    assert data["trusted"] is True
    assert data["why_not"] == []


def test_an_untrusted_fit_gives_untrusted_totals() -> None:
    found = total(independent(verdict=BAD), "killed", "X")
    assert not found.trusted
    assert found.why_not == BAD.reasons
    assert "NOT trusted" in repr(found)
    assert not total(independent(complete=False), "killed", "X").trusted
    prior = total(prior_draws(small_ledger(), Specification(), 200, 1), "killed", "X")
    assert not prior.trusted
    assert "prior" in prior.why_not[0]


def test_a_number_is_judged_by_its_own_draws_too() -> None:
    rng = np.random.default_rng(5)
    walk = np.exp(0.05 * rng.normal(size=(4, 500)).cumsum(axis=1))
    found = total(known(factor=walk), "killed", "X")
    assert not found.trusted
    assert any("effective sample size" in reason for reason in found.why_not)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"outcome": "killed", "side": "Z"}, "sides here: X"),
        ({"outcome": "slain", "side": "X"}, "components other, guard; outcomes killed"),
        ({"outcome": "captured", "side": "X"}, "can't tell"),
        ({"outcome": "tank", "side": "X", "component": "guard"}, "can't tell"),
        ({"outcome": "killed", "side": "X", "until": "2023-07-01"}, "2023-01-01 to 2023-06-30"),
        ({"outcome": "killed", "side": "X", "until": "1/3/2023"}, "ISO date"),
        ({"outcome": "killed", "side": "X", "since": "2023-03-02", "until": "2023-03-01"},
         "ends"),
    ],
)  # fmt: skip
def test_what_the_fit_does_not_hold_is_refused_saying_what_it_does(
    asked: dict[str, str], says: str
) -> None:
    with pytest.raises(QuantityError, match=says):
        total(independent(), **asked)  # type: ignore[arg-type]


def test_days_that_no_claim_covers_are_said() -> None:
    found = total(known(), "tank", "X")
    assert found.quantity.unit == "items"
    assert "no claim covers 90 of the 181 days" in found.notes[0]
    assert total(known(), "tank", "X", since="2023-04-01").notes == ()
    assert total(known(), "killed", "X").notes == ()


@given(st.floats(0, 1e7), st.floats(0, 1e6))
def test_rounding_stays_within_half_the_monte_carlo_error_or_half_a_unit(
    value: float, mcse: float
) -> None:
    rounded = supported(value, mcse)
    assert abs(rounded - value) <= max(mcse, 1.0) / 2 + 1e-6
    assert rounded == int(rounded)
    step = 10 ** math.floor(math.log10(mcse)) if mcse > 1 else 1
    assert rounded % step == 0


def test_summary_lists_what_the_claims_tell_apart() -> None:
    table = summary(known())
    assert set(zip(table["component"], table["outcome"], strict=True)) == {
        (component, outcome)
        for component in ("all", "other", "guard")
        for outcome in ("killed", "casualties")
    }
    assert table["trusted"].all()
