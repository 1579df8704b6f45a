"""Answers' raw material: windows, totals, realised counts, biases and named draws."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from model_examples import FIRST, day, every_form, ledger, plain

from bajas.errors import QuantityError
from bajas.posterior.fitting import posterior_from_draws, prior_draws
from bajas.posterior.posterior import Posterior
from bajas.sampler.interface import Draws, Settings


def drawn(seed: int = 61) -> Posterior:
    """Draws of the prior: all that is tested here holds for any draws."""
    return prior_draws(ledger(*every_form()), plain(), draws=40, seed=seed)


@pytest.fixture(scope="module")
def prior() -> Posterior:
    return drawn()


# -- windows and quantities -------------------------------------------------------------------


def test_the_window_is_by_default_all_that_claims_cover(prior: Posterior) -> None:
    assert prior.window(None, None) == prior.design.calendar.window
    assert prior.window(day(3), FIRST.replace(day=9)).days == 6


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (None, day(90), f"the claims of this fit cover {day(0)} to {day(89)}"),
        (day(-1), None, f"the claims of this fit cover {day(0)} to {day(89)}"),
        (day(9), day(8), "ends (2023-01-09) before it starts (2023-01-10)"),
        ("March", None, "since must be an ISO date (YYYY-MM-DD), not 'March'"),
        (None, "2023-02-30", "until must be an ISO date (YYYY-MM-DD), not '2023-02-30'"),
    ],
)
def test_69_a_window_that_is_not_covered_is_refused(
    prior: Posterior, since: str | None, until: str | None, words: str
) -> None:
    with pytest.raises(QuantityError) as caught:
        prior.total("killed", "X", since=since, until=until)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("killed", "Z"), "no claims about side 'Z'; sides here: X, Y"),
        (("captured", "X"), "components other, militia; outcomes killed, wounded"),
        (("ghosts", "X"), "unknown outcome 'ghosts'; for X the fit holds sums of personnel"),
        (("killed", "X", "navy"), "unknown component 'navy' of side 'X'; for X the fit holds"),
        (("tank", "X", "militia"), "of equipment: components all; outcomes tank"),
        (("killed", "Y", "militia"), "for Y the fit holds sums of personnel: components all"),
    ],
)
def test_69_a_quantity_outside_the_fit_is_refused_and_says_what_can_be_asked(
    prior: Posterior, asked: tuple[str, ...], words: str
) -> None:
    for ask in (prior.total, prior.daily):
        with pytest.raises(QuantityError) as caught:
            ask(*asked)
        assert words in str(caught.value)


# -- totals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [True, False])
def test_totals_of_neighbouring_windows_add_up(prior: Posterior, expected: bool) -> None:
    def total(first: int, last: int) -> np.ndarray:
        return prior.total("casualties", "X", since=day(first), until=day(last), expected=expected)

    np.testing.assert_allclose(total(0, 30) + total(31, 89), total(0, 89), rtol=1e-12)
    one = prior.daily("casualties", "X", expected=expected)[:, :, 31]
    np.testing.assert_allclose(total(31, 31), one, rtol=1e-12)


def test_expected_totals_are_what_claims_are_compared_with(prior: Posterior) -> None:
    logs = prior.representation.expected_log(prior.field_draws, dict(prior.hyper_draws))
    for index, observation in enumerate(prior.design.observations):
        if observation.counted is not None:  # of a list: a part of the total, by the time
            continue
        stream = prior.design.streams[observation.stream]
        total = prior.total(
            stream.outcome, stream.side, stream.component, observation.window.start,
            observation.window.end, expected=True,
        )  # fmt: skip
        np.testing.assert_allclose(np.log(total), logs[:, :, index], rtol=1e-9)


def test_intensity_is_zero_where_a_stratum_does_not_exist() -> None:
    from bajas.claims.taxonomy import Taxonomy

    side = {
        "components": {"army": {}, "militia": {"first_day": day(20), "last_day": day(69)}},
    }
    taxonomy = Taxonomy.default().extend(
        {"sides": {"X": side, "Y": {"components": {"all_of_it": {}}}}}
    )
    posterior = prior_draws(ledger(*every_form(), taxonomy=taxonomy), plain(), draws=3)
    militia = posterior.daily("killed", "X", "militia", expected=True)
    assert np.flatnonzero(militia[0, 0]).tolist() == list(range(20, 70))
    whole = posterior.daily("killed", "X", expected=True)
    army = posterior.daily("killed", "X", "army", expected=True)
    np.testing.assert_allclose(whole, army + militia, rtol=1e-12)


# -- realised counts --------------------------------------------------------------------------


def test_realised_counts_are_those_of_the_seed() -> None:
    one, again, other = drawn(), drawn(), drawn(seed=62)
    np.testing.assert_array_equal(one.total("killed", "X"), again.total("killed", "X"))
    assert np.any(one.total("killed", "X") != other.total("killed", "X"))


def test_realised_counts_do_not_depend_on_what_was_asked_before() -> None:
    one, other = drawn(), drawn()
    first = [one.daily(o, "X") for o in ("killed", "tank", "casualties")]
    second = [other.daily(o, "X") for o in ("casualties", "tank", "killed")][::-1]
    for before, after in zip(first, second, strict=True):
        np.testing.assert_array_equal(before, after)


def test_realised_counts_scatter_about_the_intensity_as_poisson_counts_do(
    prior: Posterior,
) -> None:
    rate, counts = prior.intensity(0), prior.realised(0).astype(float)
    keep = (rate > 1) & (rate < 1e8)
    standard = (counts[keep] - rate[keep]) / np.sqrt(rate[keep])
    assert abs(standard.mean()) < 4 / np.sqrt(keep.sum())
    assert standard.var() == pytest.approx(1, abs=0.1)


# -- reporting, names, verdict ----------------------------------------------------------------


def test_bias_is_what_a_source_adds_to_the_truth(prior: Posterior) -> None:
    representation = prior.representation
    bias = representation.location(prior.field_draws, dict(prior.hyper_draws)) - (
        representation.expected_log(prior.field_draws, dict(prior.hyper_draws))
    )
    np.testing.assert_allclose(prior.bias_draws, bias, atol=1e-10)
    listed = np.array([o.counted is not None for o in prior.design.observations])
    assert listed.any()
    assert np.all(prior.bias_draws[:, :, listed] < 0)  # the list's gap: never above the truth
    unbiased = ~np.array([o.biased for o in prior.design.observations]) & ~listed
    assert not np.any(prior.bias_draws[:, :, unbiased])


def test_draws_have_names_and_dates(prior: Posterior) -> None:
    group = prior.tree["prior"]
    assert {term.name for term in prior.representation.terms} <= set(group.data_vars)
    assert list(group["level"].coords["side"].values) == ["X", "Y"]
    assert str(group["path"].coords["path_knot"].values[0])[:10] == day(7)
    weekly = group["losses"].sum("week").values
    for index in range(len(prior.design.strata)):
        daily = prior.realised(index).sum(axis=-1, dtype=float)
        np.testing.assert_allclose(weekly[:, :, index], daily, rtol=1e-5)
    observed = prior.tree["observed_data"]
    assert list(observed.coords["observation"].values) == list(prior.representation.names)


def test_draws_of_the_prior_say_why_no_answer_can_be_cited(prior: Posterior) -> None:
    assert prior.why_not == ("these are draws of the prior: no claim's figure has entered",)
    assert prior.window(None, date(2023, 1, 31)).days == 31


@pytest.mark.parametrize("complete", [True, False])
def test_a_posterior_is_judged_when_it_is_made(complete: bool) -> None:
    base = drawn()
    shape = (2, 30)
    rng = np.random.default_rng(63)
    draws = Draws(
        0.1 * rng.standard_normal((*shape, base.representation.size)),
        {"diverging": np.zeros(shape, bool), "energy": rng.standard_normal(shape)},
        complete,
    )
    posterior = posterior_from_draws(
        base.ledger, base.specification, base.design, base.representation, draws,
        Settings(draws=30, tune=1, chains=2), {},
    )  # fmt: skip
    assert not posterior.verdict.trusted
    assert "2 chains of 30 draws are too few to judge convergence" in posterior.why_not
    interrupted = "sampling was interrupted: the draws are those made until then"
    assert (interrupted in posterior.why_not) is not complete
    assert (posterior.chains, posterior.draws) == shape
