"""The model of a small war with every kind of claim, against one written out day by day."""

from __future__ import annotations

import pytest
import written_out


@pytest.mark.parametrize(
    "check",
    [
        written_out.check_observations,
        written_out.check_locations,
        written_out.check_scales,
        written_out.check_likelihood,
        written_out.check_prior,
        written_out.check_jacobian,
    ],
    ids=lambda check: check.__name__.removeprefix("check_"),
)
def test_the_model_of_a_small_war_is_what_its_claims_say(check) -> None:  # type: ignore[no-untyped-def]
    check()
