"""Effective draws are counted right, and every sampler's gradients are charged."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from effective import converged, counted, effective
from model_examples import built, every_form
from origin import commit, origin
from peers.contract import Length, Meter, Run, cpu_seconds, free_blocks, starts
from posteriors import Case, Totals
from sampler import figures, median_run, side_by_side, table

from bajas.model.graph import build_pymc_model

CHAINS, DRAWS = 4, 2000


def autoregressive(correlation: float, quantities: int, seed: int) -> np.ndarray:
    """Stationary draws of unit variance, shape (quantity, chain, draw)."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((quantities, CHAINS, DRAWS))
    for i in range(1, DRAWS):
        kept = correlation * values[..., i - 1]
        values[..., i] = kept + np.sqrt(1 - correlation**2) * values[..., i]
    return values


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_known_autocorrelation_gives_its_effective_draws(correlation: float) -> None:
    values = autoregressive(correlation, 30, 1)
    found = effective([f"q{i}" for i in range(30)], values)
    exact = CHAINS * DRAWS * (1 - correlation) / (1 + correlation)
    assert found["ess_median"] == pytest.approx(exact, rel=0.1)
    assert found["quantities"] == 30


def test_the_worst_quantity_is_named() -> None:
    values = np.concatenate([autoregressive(0.0, 3, 2), autoregressive(0.97, 1, 3)])
    found = effective(["a", "b", "c", "slow"], values)
    assert found["ess_worst_name"] == "slow"
    assert found["ess_worst"] < 0.1 * found["ess_median"]


def test_chains_apart_have_not_converged() -> None:
    values = autoregressive(0.0, 1, 4)
    assert converged(effective(["a"], values))
    values[:, 0] += 1.0
    found = effective(["a"], values)
    assert not converged(found)
    assert found["rhat_max"] > 1.05


def test_a_quantity_that_is_not_finite_is_no_convergence_and_a_constant_is_left_out() -> None:
    values = autoregressive(0.0, 3, 5)
    values[1] = 2.0
    assert effective(["a", "b", "c"], values)["quantities"] == 2
    values[2, 0, 0] = np.nan
    found = effective(["a", "b", "c"], values)
    assert found["not_finite"] == 1
    assert not converged(found)


def test_too_few_draws_say_nothing() -> None:
    found = effective(["a"], autoregressive(0.0, 1, 6)[:, :, :5])
    assert found["ess_worst"] == 0
    assert not converged(found)


@cache
def small() -> Case:
    representation = built(*every_form())
    totals = Totals(("all cells",), np.array([0]), np.array([representation.cell_count]))
    return Case("small", representation, totals, {"observations": len(representation.names)})


def test_every_scalar_and_total_is_counted() -> None:
    representation = small().representation
    position = np.random.default_rng(1).standard_normal((2, 5, representation.size))
    names, values = counted(small(), position)
    assert values.shape == (representation.size + 1, 2, 5)
    assert len(set(names)) == len(names) == representation.size + 1
    field, hyper = representation.unpack(position)
    total = np.exp(representation.log_intensity(field)).sum(axis=-1)
    assert values[-1] == pytest.approx(np.log1p(total))
    last = representation.hyperparameters[-1]
    assert values[-2] == pytest.approx(hyper[last.name][..., -1])


def test_gradients_and_seconds_before_the_draws_are_charged() -> None:
    size = small().representation.size
    position = np.random.default_rng(2).standard_normal((4, 100, size))
    steps = np.full((4, 100), 7.0)
    run = Run(position, steps, np.zeros((4, 100), bool), 1200.0, {"compile": 3.0, "sample": 5.0})
    found = figures(small(), run, {"peak_rss_mb": 10})
    assert found["gradients"] == 1200 + 2800
    assert found["leapfrogs_per_draw"] == 7
    assert found["cpu_s_total"] == 8
    assert found["grads_per_ess_worst"] == pytest.approx(4000 / found["ess_worst"], rel=0.01)
    assert found["ess_per_cpu_s_worst"] == pytest.approx(found["ess_worst"] / 8, rel=0.01)
    bare = found["ess_per_cpu_s_worst_without_compile"]
    assert bare == pytest.approx(found["ess_worst"] / 5, rel=0.01)
    alone = found["ess_per_cpu_s_worst_of_draws"]  # seven tenths of the gradients
    assert alone == pytest.approx(found["ess_worst"] / 3.5, rel=0.01)


def test_a_sampler_that_gave_nothing_is_in_the_table() -> None:
    row = figures(small(), None, {"error": "ended", "cpu_s_spent": 600.0, "peak_rss_mb": 5})
    run = Run(np.zeros((4, 0, 3)), np.zeros((4, 0)), np.zeros((4, 0), bool), 9e5, {"sample": 600.0})
    stopped = figures(small(), run, {"peak_rss_mb": 5})
    result = {"posterior": "small", "sizes": {}, "samplers": {"gone": row, "stopped": stopped}}
    text = table(result)
    assert "gone" in text
    assert "600.0" in text
    assert not row["converged"]
    assert not stopped["converged"]


def test_starts_are_overdispersed_and_the_same_for_a_seed() -> None:
    representation = small().representation
    found = starts(representation, 4, 1)
    assert np.array_equal(found, starts(representation, 4, 1))
    assert 1.0 < found.std() < 1.3


def test_free_variables_are_the_standardised_vector() -> None:
    representation = small().representation
    model = build_pymc_model(representation)
    blocks = free_blocks(representation)
    assert [name for name, *_ in blocks] == [rv.name for rv in model.free_RVs]
    parts = [part for _, part, _, _ in blocks]
    assert parts[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(parts))
    assert parts[-1].stop == representation.size


def test_the_meter_counts_work_and_sees_its_limit() -> None:
    meter = Meter(limit_s=0.3)
    assert not meter.over()
    begun = cpu_seconds()
    while cpu_seconds() - begun < 1.3:
        np.random.default_rng(0).standard_normal(100_000).sort()
    meter.lap("work")
    assert meter.cpu["work"] >= 1.2
    assert meter.over()


def test_lengths_leave_draws_to_the_sampler_unless_said() -> None:
    assert Length().draws is None


def test_samplers_that_were_measured_before_stay_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "p.json"
    size = small().representation.size
    position = np.random.default_rng(3).standard_normal((4, 50, size))
    steps, sampled = np.ones((4, 50)), {"sample": 1.0}
    run = Run(position, steps, np.zeros((4, 50), bool), 10.0, sampled)
    monkeypatch.setattr("sampler.measure", lambda *_: (run, {"peak_rss_mb": 1}))
    monkeypatch.setattr("sampler.missing", lambda _: None)
    side_by_side(small(), ["stan"], Length(), [1], file, keep=True)
    found = side_by_side(small(), ["nutpie_default"], Length(), [2], file, keep=True)
    assert list(found["samplers"]) == ["nutpie_default", "stan"]
    assert json.loads(file.read_text())["samplers"]["stan"]["seed"] == 1
    alone = side_by_side(small(), ["nutpie_default"], Length(), [2], file)
    assert list(alone["samplers"]) == ["nutpie_default"]
    other = replace(small(), name="another")
    wider = tuple(replace(term, scale=2 * term.scale) for term in small().representation.terms[:1])
    terms = (*wider, *small().representation.terms[1:])
    priors = replace(small(), representation=replace(small().representation, terms=terms))
    for unlike in (other, priors):
        with pytest.raises(ValueError, match="another posterior"):
            side_by_side(unlike, ["stan"], Length(), [1], file, keep=True)


def test_the_median_run_is_shown_and_of_two_the_slower() -> None:
    runs = [{"seed": i, "ess_per_cpu_s_worst": rate} for i, rate in enumerate((3.0, 1.0, 2.0, 9.0))]
    assert [median_run(runs[:n])["seed"] for n in (1, 2, 3, 4)] == [0, 1, 2, 2]


def test_a_short_run_begins_no_sampler_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampler.missing", lambda _: None)
    monkeypatch.setattr("sampler.measure", lambda *_: pytest.fail("begun"))
    found = side_by_side(small(), ["stan", "numpyro"], Length(), [1], None, last_s=-1.0)
    assert found["samplers"] == {}
    assert set(found["skipped"]) == {"stan", "numpyro"}


def test_what_is_measured_says_where_and_of_which_commit() -> None:
    found = origin("numpy", "no-such-package")
    assert found["versions"] == {"numpy": np.__version__}
    assert "cores" in str(found["machine"])
    assert commit() == found["commit"]
