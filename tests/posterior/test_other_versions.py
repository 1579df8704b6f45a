"""Fits saved by other versions: read as they were, or refused with the name of the version.

``fits/`` holds one small fit of each state of the format: never make these files anew.

- ``schema1_57f4b4d.nc``: saved by the code of commit 57f4b4d, whose specification is another one.
- ``schema1_272a02b.nc``: saved by the code of commit 272a02b, the last of schema 1.
- ``schema2.nc``: the first of schema 2, which keeps its design.

The totals are those that the saving code printed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bajas
from bajas.errors import FileFormatError
from bajas.posterior import storage
from bajas.posterior.kept import Kept
from bajas.workflow.fit import Fit

FITS = Path(__file__).parent / "fits"
KILLED, CASUALTIES = 10370.914746662467, 31590.6095208594


def check_answers(fit: Fit) -> None:
    """What the version that saved the fit answered is what it answers now."""
    for outcome, mean in (("killed", KILLED), ("casualties", CASUALTIES)):
        draws = fit.draws.total(outcome, "X", expected=True)
        assert draws.shape == (2, 8)
        assert draws.mean() == pytest.approx(mean, rel=1e-12)
    assert fit.total("killed", "X", "guard").quantity.unit == "persons"
    assert len(fit.path("killed", "X", freq="M")["date"]) == 3
    assert 0 <= fit.probability("killed", "X", at_least=5000).value <= 1
    assert set(fit.summary()["component"]) >= {"guard", "other"}
    assert fit.shares_table("X", freq="Y")["mean"].sum() == pytest.approx(1)
    assert "level" in fit.tree["posterior"]
    assert repr(fit)


def test_a_fit_that_keeps_its_design_answers_in_every_later_version() -> None:
    check_answers(bajas.load(FITS / "schema2.nc"))


def test_the_last_fit_of_the_first_schema_is_read_or_its_version_named() -> None:
    """It holds neither design nor maps: whether it is read depends on the model being the same."""
    try:
        fit = bajas.load(FITS / "schema1_272a02b.nc")
    except FileFormatError as error:
        assert "saved by" in str(error)  # noqa: PT017
        assert "bajas 0.1.0; load it with that version" in str(error)  # noqa: PT017
    else:
        check_answers(fit)


def test_a_fit_of_the_first_schema_and_another_model_names_the_version_that_loads_it() -> None:
    with pytest.raises(FileFormatError, match=r"another model .* load it with that version"):
        bajas.load(FITS / "schema1_57f4b4d.nc")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Fit:
    """The fit as a version sees it that builds another model of the same claims."""
    monkeypatch.setattr(storage, "structure_hash", lambda representation: "of a later model")
    monkeypatch.setattr(storage, "version", lambda name: "9.0")
    return bajas.load(FITS / "schema2.nc")


def test_a_version_with_another_model_answers_from_what_is_kept(kept: Fit) -> None:
    assert isinstance(kept.draws, Kept)
    check_answers(kept)
    assert any("saved by bajas 0.1.0" in note for note in kept.verdict.notes)
    same = Fit(storage.load(FITS / "schema2.nc"))
    for one, other in ((kept.draws.daily("killed", "X"), same.draws.daily("killed", "X")),):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    "ask",
    [
        lambda fit: fit.cite("killed", "X", override="a test"),
        lambda fit: fit.claims(),
        lambda fit: fit.log_likelihood(),
        lambda fit: fit.save("never.nc"),
    ],
)
def test_what_needs_the_model_is_refused_with_the_version_that_has_it(kept: Fit, ask) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FileFormatError, match=r"saved by bajas 0\.1\.0; load it with that version"):
        ask(kept)


@pytest.mark.parametrize("broken", ["design_from", "build_design"])
def test_a_version_that_reads_less_says_which_version_reads_it(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misfit(*_given: object) -> None:
        raise KeyError("an entry that came later")

    if broken == "build_design":  # a refusal of the claims leads to what is kept

        def refused(*_given: object) -> None:
            raise bajas.SpecificationError("no claim is left to fit")

        monkeypatch.setattr(storage, broken, refused)
        check_answers(bajas.load(FITS / "schema2.nc"))
        return
    monkeypatch.setattr(storage, "structure_hash", lambda representation: "of a later model")
    monkeypatch.setattr(storage, broken, misfit)
    with pytest.raises(FileFormatError, match=r"no longer reads .* load it with that version"):
        bajas.load(FITS / "schema2.nc")


def test_a_specification_that_is_no_longer_understood_costs_only_what_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_data: object) -> None:
        raise bajas.SpecificationError("malformed specification")

    monkeypatch.setattr(storage.Specification, "from_dict", refuse)
    fit = bajas.load(FITS / "schema2.nc")
    check_answers(fit)
    with pytest.raises(FileFormatError, match="needs the specification of the model"):
        _ = fit.specification
