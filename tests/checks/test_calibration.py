"""Calibration on the designs of shipped ledgers: simulated claims are read back, ranks uniform."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model_examples import ledger, window

import bajas
from bajas.checks import calibration
from bajas.checks.calibration import (
    Calibration,
    evenly,
    measure_calibration,
    rank,
    restricted,
)
from bajas.checks.calibration_plot import plot_calibration
from bajas.checks.calibration_quantities import LOG_LIKELIHOOD
from bajas.checks.simulation import simulate_claims
from bajas.checks.uniformity import Envelope
from bajas.datasets.catalogue import load
from bajas.design.build import build_design
from bajas.model.build import build_representation
from bajas.model.intensity import with_stated_centres
from bajas.model.specification import Specification
from bajas.sampler.interface import Settings
from bajas.workflow.calibration import main

SHORT = Settings(draws=150, tune=150, chains=2)
SHIPPED = ("russia_ukraine_2023", *(n for n in bajas.datasets.available() if "hindsight/" in n))


def stated(evidence: bajas.Ledger) -> Specification:
    """The model as it ships, with the centres of levels that it takes from these claims."""
    specification = Specification()
    design = build_design(evidence)
    return replace(specification, intensity=with_stated_centres(design, specification.intensity))


# -- simulation on shipped designs -------------------------------------------------------------


@pytest.mark.parametrize("name", [*SHIPPED, "article_2023_08_07"])
def test_claims_simulated_on_shipped_designs_are_read_as_they_were_simulated(name: str) -> None:
    evidence = load(name)
    if name == "russia_ukraine_2023":
        evidence = evidence.as_of("2023-08-07")
    specification = stated(evidence)
    made = simulate_claims(evidence, specification, (4, 1), bounds="either")
    before, after = build_design(evidence), build_design(made.ledger)
    assert before.strata == after.strata
    assert [(o.name, o.window, o.stream) for o in before.observations] == [
        (o.name, o.window, o.stream) for o in after.observations
    ]
    read = build_representation(after, specification, made.ledger.sources)
    truth = made.truth.representation
    assert read.size == truth.size
    for one, other in zip(read.terms, truth.terms, strict=True):
        assert one.labels == other.labels
        assert np.array_equal(one.mean, other.mean)
    points = read.points
    assert np.allclose(read.log_value[points], np.log(made.figures[points]), rtol=1e-9)
    # what bounds say is so of the source's own figure
    figure, bound = np.log(made.figures), read.log_value
    assert np.all(figure[read.form == 1] >= bound[read.form == 1] - 1e-12)
    assert np.all(figure[read.form == 2] <= bound[read.form == 2] + 1e-12)


def test_bounds_are_said_either_way_and_lists_stay_floors() -> None:
    names = {"source": "names", "source_type": "media_investigation", "speaks_for": "neutral",
             "kind": "register", "evidence": "list", "qualifier": "at_least"}  # fmt: skip
    staff = {"source": "staff", "source_type": "belligerent", "speaks_for": "Y"}
    evidence = ledger(
        window(0, 59, claim_id="p", value="900", **staff),
        window(0, 59, claim_id="b", value="900", qualifier="at_least", **staff),
        window(0, 59, claim_id="n", value="100", **names),
    )
    specification = Specification(registers=bajas.RegisterPrior(reading="bound"))
    said = {"b": set(), "n": set()}  # type: ignore[var-annotated]
    for seed in range(30):
        made = simulate_claims(evidence, stated_like(specification, evidence), seed, None, "either")
        for name, found in said.items():
            found.add(made.ledger[name].qualifier)
        assert {made.ledger[name].value for name in said} == {900.0, 100.0}
    assert said == {"b": {"at_least", "at_most"}, "n": {"at_least"}}


def stated_like(specification: Specification, evidence: bajas.Ledger) -> Specification:
    design = build_design(evidence, specification.registers.reading)
    return replace(specification, intensity=with_stated_centres(design, specification.intensity))


def test_stated_centres_are_the_prior_that_the_claims_give() -> None:
    evidence = load("hindsight/kosovo_1999")
    design = build_design(evidence)
    auto, fixed = Specification(), stated(evidence)
    one, other = (build_representation(design, s, evidence.sources) for s in (auto, fixed))
    for a, b in zip(one.terms, other.terms, strict=True):
        assert np.array_equal(a.mean, b.mean)
    assert Specification.from_json(fixed.to_json()) == fixed
    centres = dict(fixed.intensity.level_centre)  # type: ignore[arg-type]
    assert any("tank" in label for label in centres)
    wrong = replace(fixed, intensity=replace(fixed.intensity, level_centre={"atlantis": 1.0}))
    with pytest.raises(bajas.SpecificationError, match="level_centre of 'atlantis': the claims"):
        build_representation(design, wrong, evidence.sources)
    with pytest.raises(bajas.SpecificationError, match="level_centre of 'X' must be a number"):
        bajas.IntensityPrior(level_centre={"X": float("nan")})


# -- ranks -------------------------------------------------------------------------------------


def test_a_rank_counts_draws_below_and_breaks_ties_by_lot() -> None:
    assert rank(0.5, [0.1, 0.2, 0.9], (1,)) == 2
    assert rank(0.5, [0.1, 0.2, 0.9], (7,)) == 2
    ties = [rank(1.0, [0.0, 1.0, 1.0, 2.0], (seed,)) for seed in range(200)]
    counts = np.bincount(ties, minlength=4)
    assert counts[0] == 0
    assert counts[1:].min() > 35
    assert evenly(1000, 4).tolist() == [125, 375, 625, 875]


def counted(ranks: dict[str, np.ndarray], fits: int) -> Calibration:
    envelope = Envelope(fits, 99)
    return Calibration(
        "made up", fits, 0, 0, 99,
        {name: tuple(int(r) for r in values) for name, values in ranks.items()},
        {name: envelope.probability(values) for name, values in ranks.items()},
        dict.fromkeys(ranks, 0.5), (100.0,) * fits, {},
    )  # fmt: skip


def test_one_quantity_off_among_many_is_named_and_none_is_if_none_is() -> None:
    rng = np.random.default_rng(1)
    fine = {f"q{i}": rng.integers(0, 100, 80) for i in range(40)}
    assert counted(fine, 80).outside() == ()
    found = counted({**fine, "bent": rng.integers(0, 100, 80) // 2}, 80)
    assert found.outside() == ("bent",)
    table = found.frame()
    assert table.index[0] == "bent"
    assert table["mean"].iloc[0] < 0.4
    assert "outside the 99 % envelope of all quantities: bent" in str(found)
    assert Calibration.from_dict(json.loads(json.dumps(found.as_dict()))).outside() == ("bent",)


def test_the_figure_has_a_panel_for_each_ledger_and_a_line_for_each_quantity() -> None:
    rng = np.random.default_rng(1)
    made = counted({name: rng.integers(0, 100, 20) for name in ("a[x]", "total")}, 20)
    figure = plot_calibration([made, made])
    panels = [ax for ax in figure.axes if ax.get_visible()]
    assert len(panels) == 2
    assert len(panels[1].lines) == 3  # two quantities and zero
    with pytest.raises(bajas.BajasError, match="no calibration"):
        plot_calibration([])


def test_malformed_questions_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = load("article_2023_08_07")
    with pytest.raises(bajas.BajasError, match="whole number from 1"):
        measure_calibration("article", evidence, 0)
    ambiguous = ledger(window(0, 29, outcome="killed|casualties", value="500"))
    with pytest.raises(bajas.BajasError, match="definition of a stream is in question"):
        measure_calibration("made", ambiguous, 1)
    with pytest.raises(bajas.BajasError, match="no claims on the losses of FR: RU"):
        restricted(evidence, ["FR"])
    assert main(["--list"]) == 0
    assert "hindsight/jenin_2002" in capsys.readouterr().out
    assert main(["--ledger", "nothing"]) == 2
    assert "no data set 'nothing'" in capsys.readouterr().err


@pytest.mark.slow
def test_true_values_rank_uniformly_on_a_shipped_design(tmp_path: Path) -> None:
    """Ten fits see gross errors only; the long version is the command's."""
    evidence = load("hindsight/jenin_2002")
    options = {"settings": SHORT, "folder": tmp_path, "workers": 1}
    found = measure_calibration("jenin", evidence, 10, **options)  # type: ignore[arg-type]
    assert found.failed == 0
    assert found.outside() == ()
    assert {LOG_LIKELIHOOD, "palestinians killed, all days"} <= set(found.ranks)
    assert sum("bias[" in name for name in found.ranks) >= 5
    # the same again from the folder, to the last rank
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = measure_calibration("jenin", evidence, 10, **options)  # type: ignore[arg-type]
    assert again.ranks == found.ranks
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


@pytest.mark.slow
def test_figures_with_other_noise_than_the_model_has_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted fault: every figure scatters by a factor of three besides."""
    plain = calibration.simulate_claims

    def noisy(design, figures, rng):  # type: ignore[no-untyped-def]
        points = np.array([o.form == "point" for o in design.observations])
        return figures * np.exp(1.1 * points * rng.standard_normal(figures.size))

    def simulate(*given, **named):  # type: ignore[no-untyped-def]
        return plain(*given, **named, distort=noisy)

    monkeypatch.setattr(calibration, "simulate_claims", simulate)
    found = measure_calibration("jenin", load("hindsight/jenin_2002"), 7, settings=SHORT, workers=1)
    assert found.outside()


@pytest.mark.long
def test_ranks_are_uniform_over_two_hundred_fits() -> None:
    evidence = load("hindsight/jenin_2002")
    found = measure_calibration("jenin", evidence, 200, seed=5)
    assert found.failed == 0
    assert found.outside() == ()


@pytest.mark.long
def test_ranks_are_uniform_on_the_articles_design() -> None:
    found = measure_calibration("article", load("article_2023_08_07"), 50, seed=6)
    assert found.failed == 0
    assert found.outside() == ()
