"""The handle: each method is the answer of the same name, and a saved fit gives the same ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hand_made import BAD, independent

import bajas
from bajas.answers.total import total
from bajas.errors import NotTrustedError
from bajas.workflow.fit import Fit


@pytest.fixture(scope="module")
def fit() -> Fit:
    return Fit(independent())


def test_methods_give_the_answers(fit: Fit) -> None:
    until = "2023-03-31"
    assert fit.total("killed", "X", until=until) == total(fit.draws, "killed", "X", until=until)
    assert isinstance(fit.path("killed", side="X"), xr.Dataset)
    assert isinstance(fit.path_table("killed", side="X"), pd.DataFrame)
    found = fit.probability("killed", side="X", until=until, at_least=0)
    assert float(found) == 1.0
    assert fit.cite("killed", "X", until=until).estimate.quantity.window.end.isoformat() == until
    assert fit.statements()["claim"].tolist() == ["e1"]
    assert set(fit.sources()["source"]) == {"general_staff", "think_tank", "names"}
    assert len(fit.claims()) == len(fit.design.observations)
    assert len(fit.summary(levels=[0.9])) == 6


def test_the_posterior_is_a_tree_with_named_dims_and_real_dates(fit: Fit) -> None:
    assert isinstance(fit.posterior, xr.DataTree)
    losses = fit.posterior["posterior/losses"]
    assert losses.dims == ("chain", "draw", "stratum", "week")
    assert losses.indexes["week"][0] == pd.Timestamp("2023-01-01")
    # the weekly losses in the tree are the realised counts that every answer uses
    weeks = losses.sel(stratum="X guard killed").sum("week").values
    # sums of single precision: whole numbers are exact in it up to sixteen million
    np.testing.assert_allclose(weeks, fit.draws.total("killed", "X", "guard"), rtol=1e-6)


def test_a_saved_fit_gives_the_same_answers(fit: Fit, tmp_path: Path) -> None:
    fit.save(tmp_path / "fit.nc")
    again = bajas.load(tmp_path / "fit.nc")
    assert again.total("casualties", "X") == fit.total("casualties", "X")
    assert again.cite("killed", "X").as_dict() == fit.cite("killed", "X").as_dict()
    assert again.claims().equals(fit.claims())
    assert again.verdict == fit.verdict
    assert again.findings == fit.findings
    assert again.specification == fit.specification
    assert again.trusted


def test_trust_is_said_everywhere() -> None:
    fit = Fit(independent(verdict=BAD))
    assert not fit.trusted
    assert "NOT trusted" in repr(fit)
    assert not fit.path("killed", "X").attrs["trusted"]
    assert not fit.sources().attrs["trusted"]
    with pytest.raises(NotTrustedError):
        fit.cite("killed", "X")


def test_plots_hang_under_plot(fit: Fit) -> None:
    pytest.importorskip("matplotlib")
    for ax in (
        fit.plot.path("killed", "X"),
        fit.plot.shares("X"),
        fit.plot.sources(),
        fit.plot.claims("X"),
    ):
        assert ax.get_title(loc="left")
    assert "path, shares, sources, registers, drift, claims" in repr(fit.plot)
