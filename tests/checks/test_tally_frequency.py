"""How often a tally is published makes no difference to how well the level is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bajas
from bajas.checks.scenarios import BELIEFS, one_side, published_every
from bajas.checks.simulation import simulate_claims
from bajas.design.build import build_design
from bajas.model.reporting import noise_centre, noise_groups
from bajas.model.specification import NoisePrior, Specification
from bajas.posterior.fitting import fit_posterior
from bajas.sampler.choice import named_sampler
from bajas.sampler.interface import Settings, silent

WEEKLY = NoisePrior(tally_days=7.0)


def centre(days: int, noise: NoisePrior) -> float:
    """Prior median of the noise of the staff's tally, published every so many days."""
    design = build_design(published_every(one_side("day"), "staff", days))
    groups = noise_groups(design, noise)
    position = next(i for i, s in enumerate(design.streams) if s.source == "staff")
    return noise_centre(design, noise, groups, *groups[position])


def test_noise_averages_out_in_longer_increments() -> None:
    assert centre(7, WEEKLY) == pytest.approx(0.12)
    assert centre(1, WEEKLY) == pytest.approx(0.12 * np.sqrt(7))
    assert centre(30, WEEKLY) == pytest.approx(0.12 * np.sqrt(7 / 30))
    # so the sum of all increments has one error, however often it is published
    errors = [centre(days, WEEKLY) / np.sqrt(240 / days) for days in (1, 2, 5, 8, 30)]
    assert np.allclose(errors, errors[0])


def test_it_is_the_default_and_can_be_switched_off() -> None:
    assert NoisePrior() == WEEKLY
    plain = NoisePrior(tally_days=None)
    assert centre(1, plain) == centre(30, plain) == 0.12
    # what was saved before there was a choice has one median whatever the increments
    before = Specification().as_dict()
    del before["noise"]["tally_days"]
    assert Specification.from_dict(before).noise == plain


def test_for_other_kinds_the_median_is_as_stated() -> None:
    design = build_design(one_side())
    groups = noise_groups(design, WEEKLY)
    for label, kind in groups.values():
        if kind != "tally":
            assert noise_centre(design, WEEKLY, groups, label, kind) == getattr(WEEKLY, kind)


def test_the_choice_is_checked_saved_and_read() -> None:
    chosen = Specification(noise=NoisePrior(tally_days=None))
    assert Specification.from_json(chosen.to_json()) == chosen
    assert chosen.hash != Specification().hash
    with pytest.raises(bajas.SpecificationError, match="tally_days must be positive"):
        NoisePrior(tally_days=0.0)


def levels(specification: Specification) -> dict[int, np.ndarray]:
    """Log totals of fits to the same figures of a daily tally, published less and less often."""
    made = simulate_claims(one_side("day"), replace(BELIEFS, noise=WEEKLY), (23, 1))
    found = {}
    for days in (1, 7, 30):
        posterior = fit_posterior(
            published_every(made.ledger, "staff", days), specification,
            Settings(draws=800, tune=300, chains=4, seed=days), named_sampler("fused"), silent,
        )  # fmt: skip
        found[days] = np.log(posterior.total("killed", "X"))
    return found


@pytest.mark.slow
def test_daily_weekly_and_monthly_tallies_tell_as_much_about_the_level() -> None:
    """Widths and ends of the 90 % interval of the total agree within Monte Carlo error."""
    from bajas.answers.montecarlo import effective_size, mcse_quantile

    found = levels(replace(BELIEFS, noise=WEEKLY))
    sds = {days: draws.std() for days, draws in found.items()}
    error = {
        days: draws.std() / np.sqrt(2 * effective_size(draws)) for days, draws in found.items()
    }
    for days in (7, 30):
        assert abs(sds[days] - sds[1]) < 4 * np.hypot(error[days], error[1])
        for probability in (0.05, 0.95):
            ends = [np.quantile(found[d], probability) for d in (1, days)]
            errors = [mcse_quantile(found[d], probability) for d in (1, days)]
            # less often published figures hold a little less: a tenth of an sd besides the error
            assert abs(ends[1] - ends[0]) < 4 * np.hypot(*errors) + 0.1 * sds[1]
