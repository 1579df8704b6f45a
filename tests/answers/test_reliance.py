"""Which prior an answer rests on: against exact posteriors, strong and weak evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from exact_posteriors import Exact, linear, quarter
from hand_made import known

from bajas.answers.citation import cite
from bajas.answers.quantity import quantity_of
from bajas.answers.reliance import Reliance, reliance
from bajas.claims.source import Anchor
from bajas.model.bias import BiasPrior, symmetric
from bajas.posterior.posterior import Posterior
from bajas.posterior.prior_groups import prior_groups


def certain(sd: float) -> BiasPrior:
    """A prior under which sources hardly err."""
    return replace(symmetric(sd), outcome_sd=0.01)


def rests(posterior: Posterior) -> Reliance:
    found = reliance(posterior, quantity_of(posterior, "killed", "X"))
    assert found is not None
    return found


@pytest.mark.parametrize("noise", [0.05, 0.5, 2.0])
def test_shares_and_pulls_are_the_exact_response_to_power_scaling(noise: float) -> None:
    evidence, specification = quarter(1000, 1500, 2600, 700), linear(noise=noise)
    exact = Exact(evidence, specification)
    posterior = exact.draws(draws=4000)
    found = rests(posterior)
    for group, places in prior_groups(posterior).items():
        ends = []
        for power in (0.99, 1.01):
            powers = np.ones(exact.mean.size)
            powers[places] = power
            ends.append(Exact(evidence, specification, powers=powers).log_total())
        step = np.log(1.01 / 0.99)
        share = -2 * np.log(ends[1][1] / ends[0][1]) / step
        assert found.shares[group] == pytest.approx(share, abs=4 * found.errors[group] + 0.01)
        pull = (ends[1][0] - ends[0][0]) / step * np.log(2)
        # its error: sd of h times that of the log density of so many coordinates
        error = exact.log_total()[1] * np.sqrt(len(places) / 2 / 16_000)
        assert found.pulls[group] == pytest.approx(pull, abs=4 * error + 0.002)
    assert sum(found.shares.values()) == pytest.approx(1)


def test_few_biased_claims_are_driven_by_the_bias_prior() -> None:
    found = rests(Exact(quarter(1000, 1500), linear(noise=0.05)).draws())
    assert found.driven_by == "bias"
    assert found.shares["bias"] > 0.7
    assert found.sentence.startswith("It is driven by the bias prior: of the variance")


def test_strong_evidence_with_small_biases_is_not_driven_by_a_prior() -> None:
    figures = [round(1000 * np.exp(x)) for x in np.linspace(-0.2, 0.2, 24)]
    found = rests(Exact(quarter(*figures), linear(certain(0.05), noise=0.6)).draws())
    assert found.driven_by is None
    assert found.shares["claims"] > 0.5
    assert found.sentence.startswith("It is not driven by a prior")


def test_a_prior_that_leaves_little_doubt_does_not_drive() -> None:
    found = rests(Exact(quarter(1000, 1010, 990), linear(certain(0.03), noise=0.01)).draws())
    assert found.prior_share > 0.5
    assert found.driven_by is None
    assert "since the interval is narrow" in found.sentence


def test_claims_that_say_little_leave_the_prior_of_the_level() -> None:
    found = rests(Exact(quarter(1000), linear(noise=20.0)).draws())
    assert found.driven_by == "level"


def test_an_anchor_is_named() -> None:
    evidence = quarter(1000, 1500, 1300, 900, anchored={"s0": Anchor(0.0, 0.3)})
    found = rests(Exact(evidence, linear(noise=0.05)).draws())
    assert found.driven_by == "anchors"


def test_a_citation_says_what_drives_it_and_holds_the_shares() -> None:
    posterior = Exact(quarter(1000, 1500), linear(noise=0.05)).draws()
    found = cite(posterior, "killed", "X", override="an example")
    assert "It is driven by the bias prior" in found.sentence
    assert found.facts["driven_by"] == "bias"
    assert sum(found.facts["variance_shares"].values()) == pytest.approx(1)
    certain = cite(known(), "killed", "X")  # nothing varies: nothing to say
    assert certain.facts["driven_by"] is None
    assert "driven" not in certain.sentence


def test_the_prior_itself_is_not_judged() -> None:
    from hand_made import small_ledger

    from bajas.model.specification import Specification
    from bajas.posterior.fitting import prior_draws

    prior = prior_draws(small_ledger(), Specification(), 300, 1)
    assert cite(prior, "killed", "X", override="to see").facts["driven_by"] is None
