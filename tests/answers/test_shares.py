"""Shares by component: known answers, 1 in every draw, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made import independent, known
from model_examples import ledger, plain, window

from bajas.answers.shares import share_draws, shares, shares_table
from bajas.errors import QuantityError
from bajas.posterior.fitting import prior_draws
from bajas.workflow.fit import Fit


def test_constant_rates_give_known_shares() -> None:
    found = shares(known(), "X")
    assert found.sizes == {"component": 2, "date": 6, "level": 3}
    np.testing.assert_allclose(found["median"].sel(component="guard"), 0.2)
    np.testing.assert_allclose(found["lower"].sel(component="other"), 0.8)
    casualties = shares(
        known({"X guard wounded": 38.0, "X other wounded": 12.0}), "X", "casualties"
    )
    np.testing.assert_allclose(casualties["mean"].sel(component="guard"), 40 / 60)


@pytest.mark.parametrize("cumulative", [False, True])
@pytest.mark.parametrize("freq", ["D", "W", "M", "Y"])
def test_shares_sum_to_1_in_every_draw(freq: str, cumulative: bool) -> None:
    names, periods, draws = share_draws(independent(), "X", freq=freq, cumulative=cumulative)
    assert draws.shape == (2, 4, 500, len(periods))
    assert names == ("other", "guard")
    np.testing.assert_allclose(draws.sum(axis=0), 1, rtol=1e-12)
    assert (draws > 0).all()


def test_cumulative_shares_are_those_of_the_totals() -> None:
    posterior = independent()
    _, _, draws = share_draws(posterior, "X", since="2023-02-01", freq="M", cumulative=True)
    part, whole = (
        posterior.total("killed", "X", name, "2023-02-01", expected=True)
        for name in ("guard", "all")
    )
    np.testing.assert_allclose(draws[1, :, :, -1], part / whole, rtol=1e-12)


def test_a_force_that_exists_for_a_part_of_the_war_has_no_share_outside_of_it() -> None:
    """Wagner of the default taxonomy: from 19 March 2022 to 1 June 2023."""
    rows = [
        {"claim_id": name, "side": "RU", "component": name, "source": f"s{name}", "value": "5000",
         "start": "2022-02-24", "end": "2023-07-31", "published": "2023-08-01"}
        for name in ("all", "wagner")
    ]  # fmt: skip
    posterior = prior_draws(ledger(*rows), plain(), draws=20, seed=4)
    names, periods, draws = share_draws(posterior, "RU", freq="M")
    share = dict(zip((p.label for p in periods), np.moveaxis(draws[names.index("wagner")], -1, 0)))  # noqa: B905
    assert not share["2022-02"].any()
    assert not share["2023-07"].any()
    assert (share["2022-04"] > 0).all()
    assert (share["2022-03"] > 0).all()
    days = posterior.daily("killed", "RU", "wagner", expected=True)[0, 0]
    assert np.flatnonzero(days)[[0, -1]].tolist() == [23, 462]  # 19 March 2022, 1 June 2023


def test_the_table_holds_a_row_a_period_and_force() -> None:
    fit = Fit(independent())
    table = fit.shares_table("X", freq="Q", levels=[0.9])
    assert table.shape == (4, 6)
    assert table.index.names == ["date", "component"]
    np.testing.assert_allclose(table["mean"].groupby("date").sum(), 1)
    one = fit.shares("X", freq="Q", levels=[0.9]).isel(date=1).sel(component="guard")
    row = shares_table(fit.shares("X", freq="Q", levels=[0.9])).iloc[3]
    assert row["high_0.9"] == float(one["upper"].item())
    assert row["mcse"] == float(one["mcse"]) > 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"components": ["guard", "all"]}, "overlap"),
        ({"components": ["guard", "guard"]}, "overlap"),
        ({"components": ["guard"]}, "two components of X or more, not guard"),
        ({"outcome": "tank"}, "two components of X or more, not all; a claim that counts one"),
        ({"components": ["guard", "navy"]}, "unknown component 'navy'"),
        ({"side": "Z"}, "sides here: X"),
        ({"since": "2020-01-01"}, "isn't covered"),
    ],
)
def test_what_are_no_shares_is_refused(asked: dict[str, object], words: str) -> None:
    with pytest.raises(QuantityError, match=words):
        shares(independent(), **{"side": "X", **asked})  # type: ignore[arg-type]


def test_forces_that_leave_a_gap_are_named() -> None:
    rows = [
        window(0, 60, claim_id=name, source=name, component=name, value="100")
        for name in ("all", "guard", "navy")
    ]
    posterior = prior_draws(ledger(*rows), plain(), draws=5, seed=1)
    with pytest.raises(QuantityError, match="guard, navy leave out other of X"):
        shares(posterior, "X", components=["guard", "navy"])
    assert shares(posterior, "X", components=["guard", "all-guard"]).sizes["component"] == 2


def test_the_plot_shows_one_line_a_force_between_0_and_1() -> None:
    ax = Fit(known()).plot.shares("X", level=0.9)
    assert [line.get_label() for line in ax.get_lines()] == [
        "other forces of X",
        "guard forces of X",
    ]
    np.testing.assert_allclose(ax.get_lines()[1].get_ydata(), 0.2)
    assert ax.get_ylim() == (0, 1)
    assert "Killed, X: shares by force, median and 90 % intervals" in ax.get_title(loc="left")
