"""Reference posteriors: admitted, pinned, and what short runs of the library find again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import reference_posteriors as references
from posteriors import NoDataError
from reference_posteriors import (
    CHAINS,
    ERRORS,
    ESS_LEAST,
    THINNING,
    NotAdmittedError,
    OtherPosteriorError,
    admit,
    built,
    compare,
    differences,
    pinned,
    pinned_case,
    representation_hash,
    summary,
)

from bajas.sampler.interface import Settings

#: P1 can only be made and compared with the downloaded data; what is pinned of it is here.
MADE = ("P1", "article", "jenin")


def independent(quantities: int = 3, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    return shift + scale * rng.standard_normal((quantities, CHAINS, 1000))


def quiet(divergences: int = 0) -> dict[str, np.ndarray]:
    diverging = np.zeros((CHAINS, 1000), dtype=bool)
    diverging[0, :divergences] = True
    return {"diverging": diverging, "energy": np.random.default_rng(2).random((CHAINS, 1000))}


# -- admission ---------------------------------------------------------------------------------


def test_independent_draws_are_admitted() -> None:
    found = admit(["a", "b", "c"], independent(), quiet())
    assert found["divergences"] == 0
    assert found["bulk ess"] > ESS_LEAST


def test_each_rule_refuses_what_breaks_it() -> None:
    names = ["a", "b", "c"]
    draws = independent()
    with pytest.raises(NotAdmittedError, match="1 divergences"):
        admit(names, draws, quiet(1))
    with pytest.raises(NotAdmittedError, match="9 chains of 1000 draws"):
        admit(names, draws[:, :9], quiet())
    apart = draws.copy()
    apart[1, 0] += 1.0
    with pytest.raises(NotAdmittedError, match="R-hat"):
        admit(names, apart, quiet())
    slow = draws.copy()
    slow[2, :, 1:] = 0.8 * slow[2, :, :-1] + 0.6 * slow[2, :, 1:]
    with pytest.raises(NotAdmittedError, match=r"bulk ESS .* of c.*lag-1 autocorrelation"):
        admit(names, slow, quiet())
    stuck = {**quiet(), "energy": np.cumsum(quiet()["energy"] - 0.5, axis=1)}
    with pytest.raises(NotAdmittedError, match="BFMI"):
        admit(names, draws, stuck)


# -- what is pinned ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MADE)
def test_what_is_pinned_was_admitted_and_is_small(name: str) -> None:
    reference = pinned(name)
    admission = reference.about["admission"]
    assert admission["divergences"] == 0
    assert admission["rhat"] < references.RHAT_LIMIT
    assert min(admission["bulk ess"], admission["tail ess"]) >= ESS_LEAST
    assert len(reference.table) == reference.about["quantities"]
    assert np.isfinite(reference.table.to_numpy()).all()
    for path in references.FOLDER.glob(f"{name}.*"):
        assert path.stat().st_size < 300_000, path


def test_the_hash_is_of_what_decides_the_posterior_and_not_of_rounding() -> None:
    made = built("jenin").representation
    known = representation_hash(made)
    assert representation_hash(replace(made, log_value=made.log_value * (1 + 1e-15))) == known
    assert representation_hash(replace(made, log_value=made.log_value + 1e-6)) != known
    assert representation_hash(replace(made, degrees_of_freedom=float("inf"))) != known
    term = made.terms[0]
    wider = replace(term, scale=term.scale * 1.01)
    assert representation_hash(replace(made, terms=(wider, *made.terms[1:]))) != known


def test_a_changed_posterior_is_refused_with_what_to_do() -> None:
    reference = pinned("jenin")
    assert pinned_case(reference).representation.size == reference.about["parameters"]
    other = json.loads(json.dumps(reference.about))
    other["specification"]["noise"]["assessment"] *= 2
    with pytest.raises(OtherPosteriorError, match=r"isn't the one of the ref.* --make jenin"):
        pinned_case(replace(reference, about=other))


# -- comparisons -------------------------------------------------------------------------------


def test_a_comparison_sees_a_shift_and_a_wider_posterior_and_nothing_else() -> None:
    names = ["a", "b", "c"]
    reference = references.Reference({"name": "made up"}, summary(names, independent()))
    rng = np.random.default_rng(3)
    fresh = rng.standard_normal((3, 4, 1000))
    off, largest = differences(reference, names, fresh)
    assert off == {}
    assert largest < ERRORS
    shifted = fresh + np.array([0.0, 0.2, 0.0])[:, None, None]
    assert "mean of b" in differences(reference, names, shifted)[0]
    wider = fresh * np.array([1.0, 1.0, 1.3])[:, None, None]
    found = differences(reference, names, wider)[0]
    assert "sd of c" in found
    assert not any(" of a" in name for name in found)
    with pytest.raises(OtherPosteriorError, match="other quantities"):
        differences(reference, ["a", "b", "d"], fresh)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "chains"), [("jenin", 4), ("article", 2)])
def test_a_short_run_finds_the_small_references_again(name: str, chains: int) -> None:
    settings = Settings(draws=500, tune=300, chains=chains, cores=1, seed=7)
    assert compare(pinned(name), settings) == {}


@pytest.mark.long
@pytest.mark.parametrize("name", MADE)
def test_a_run_of_default_length_finds_each_reference_again(name: str) -> None:
    try:
        assert compare(pinned(name), Settings(seed=9)) == {}
    except NoDataError as error:
        pytest.skip(str(error))


def test_without_its_data_a_reference_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise NoDataError("no folder")

    monkeypatch.setattr(references, "case", absent)
    with pytest.raises(NoDataError, match="no folder"):
        built("P1")


def test_what_is_not_admitted_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    stuck = SimpleNamespace(
        position=np.cumsum(rng.standard_normal((1, 8000, 26)), axis=1),
        stats={"diverging": np.zeros((1, 8000), dtype=bool), "energy": rng.random((1, 8000))},
        sampler="stuck",
        complete=True,
    )
    monkeypatch.setattr(references, "named_sampler", lambda name: lambda *given: stuck)
    monkeypatch.setattr(references, "counted", lambda found, position: (
        [f"x{i}" for i in range(3)], np.moveaxis(position[..., :3], -1, 0)
    ))  # fmt: skip
    with pytest.raises(NotAdmittedError, match="ESS"):
        references.make("jenin", tmp_path / "pinned", work=tmp_path / "runs")
    assert not (tmp_path / "pinned").exists()
    # what was run is kept, and read again to the last digit
    kept = sorted((tmp_path / "runs").iterdir())
    assert len(kept) == CHAINS
    monkeypatch.setattr(references, "named_sampler", lambda name: pytest.fail("ran again"))
    again = references.one_run(built("jenin"), THINNING["jenin"], 1, tmp_path / "runs")
    assert np.array_equal(again["position"], stuck.position[:, 7::8])
