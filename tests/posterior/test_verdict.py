"""The verdict on draws whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from bajas.posterior.verdict import Verdict, judge

CHAINS, DRAWS = 4, 1000


def good(count: int = 6, chains: int = CHAINS, draws: int = DRAWS) -> dict[str, np.ndarray]:
    """Independent normal draws of some quantities."""
    values = np.random.default_rng(41).standard_normal((count, chains, draws))
    return {f"q{index}": value for index, value in enumerate(values)}


def judged(
    quantities: dict[str, np.ndarray], divergent: int = 0, complete: bool = True,
    energy: np.ndarray | None = None,
) -> Verdict:  # fmt: skip
    shape = next(iter(quantities.values())).shape
    flags = np.zeros(shape, dtype=bool)
    flags.ravel()[:divergent] = True
    if energy is None:
        energy = np.random.default_rng(42).standard_normal(shape)
    return judge(quantities, flags, energy, complete)


def test_good_draws_are_trusted() -> None:
    verdict = judged(good())
    assert verdict.trusted
    assert verdict.reasons == verdict.notes == ()
    assert verdict.measures["R-hat"] < 1.01
    assert verdict.measures["bulk ESS"] > 3000
    assert verdict.measures["BFMI"] == pytest.approx(2, abs=0.3)
    assert str(verdict).startswith("Verdict: trusted (chains 4")


def test_a_constant_such_as_an_empty_month_is_no_fault() -> None:
    assert judged({**good(), "month before the war": np.zeros((CHAINS, DRAWS))}).trusted


def test_a_stuck_chain_is_named() -> None:
    quantities = good()
    quantities["q3"][2] = 0.4
    verdict = judged(quantities)
    assert not verdict.trusted
    assert verdict.measures["worst R-hat"] == "q3"
    assert any(
        "R-hat" in reason and "q3 (1 of 6 quantities" in reason for reason in verdict.reasons
    )


def test_a_shifted_chain_is_found() -> None:
    quantities = good()
    quantities["q1"][0] += 1
    verdict = judged(quantities)
    assert not verdict.trusted
    assert verdict.measures["worst R-hat"] == "q1"
    assert verdict.measures["R-hat"] > 1.05


def test_a_chain_that_differs_in_spread_only_is_found() -> None:
    quantities = good()
    quantities["q1"][0] *= 3
    assert not judged(quantities).trusted


def test_slow_mixing_is_found_by_its_effective_sample_size() -> None:
    quantities = good()
    slow = np.zeros((CHAINS, DRAWS))
    for draw in range(1, DRAWS):
        slow[:, draw] = 0.97 * slow[:, draw - 1] + 0.24 * quantities["q0"][:, draw]
    verdict = judged({**quantities, "slow": slow})
    assert any(r.startswith("bulk ESS") and "at slow" in r for r in verdict.reasons)


def test_many_divergences_fail_and_few_are_noted() -> None:
    assert "5 of 4000 draws diverged" in judged(good(), divergent=5).reasons[0]
    few = judged(good(), divergent=4)
    assert few.trusted
    assert "4 of 4000 draws diverged" in few.notes[0]


def test_energy_that_hardly_moves_fails() -> None:
    energy = np.cumsum(np.random.default_rng(43).standard_normal((CHAINS, DRAWS)), axis=1)
    verdict = judged(good(), energy=energy)
    assert [reason for reason in verdict.reasons if "BFMI" in reason]


def test_interrupted_draws_are_not_trusted_however_good() -> None:
    verdict = judged(good(), complete=False)
    assert not verdict.trusted
    assert verdict.reasons == ("sampling was interrupted: the draws are those made until then",)


@pytest.mark.parametrize(("chains", "draws"), [(1, 1000), (4, 99)])
def test_too_few_draws_cannot_be_judged(chains: int, draws: int) -> None:
    verdict = judged(good(chains=chains, draws=draws))
    assert verdict.reasons == (
        f"{chains} chains of {draws} draws are too few to judge convergence",
    )


def test_draws_that_are_not_numbers_fail() -> None:
    quantities = good()
    quantities["q2"][1, 500] = np.nan
    assert not judged(quantities).trusted


def test_infinite_draws_fail() -> None:
    quantities = good()
    quantities["q2"][1, 500] = np.inf
    assert not judged(quantities).trusted


def test_chains_that_never_move_fail() -> None:
    stuck = {name: np.full((CHAINS, DRAWS), 0.3) for name in ("a", "b")}
    assert not judged(stuck, energy=np.ones((CHAINS, DRAWS))).trusted


def test_a_verdict_survives_json() -> None:
    verdict = judged(good(), divergent=1)
    assert Verdict.from_dict(verdict.as_dict()) == verdict
