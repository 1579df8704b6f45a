"""Citations: what the sentence says, refusal, override, bibliographies."""

from __future__ import annotations

import json
import re
from importlib.metadata import version

import pytest
from hand_made import BAD, independent, known, small_ledger

import bajas
from bajas.answers.citation import cite
from bajas.errors import NotTrustedError, QuantityError
from bajas.model.specification import Specification
from bajas.posterior.fitting import prior_draws
from bajas.posterior.verdict import Verdict


def test_the_sentence_says_all_that_the_number_rests_on() -> None:
    posterior = known()
    found = cite(posterior, "casualties", "X", until="2023-03-31", level=0.9)
    low, high = found.estimate.interval(0.9).rounded
    for part in (
        "Posterior median estimate of casualties, all forces of X, 2023-01-01 to 2023-03-31:",
        f"{found.estimate.rounded:,.0f} persons, 90 % central credible interval",
        f"{low:,.0f} to {high:,.0f}",
        "realised count of persons",
        "Casualties counts killed + wounded severe + wounded light.",
        "5 claims of 3 sources known on 2023-07-01",
        "1 statement of rank",
        "bias prior hindsight",
        "uncertainty about the choice of prior and model is not in it",
        f"bajas {version('bajas')}",
        f"ledger {small_ledger().hash[:12]}",
        f"specification {Specification().hash[:12]}",
        f"seed {posterior.seed}",
        "4 chains of 500 draws",
        "Convergence verdict: passed.",
    ):
        assert part in found.sentence, part
    assert "NOT TRUSTED" not in found.sentence


def test_warnings_about_the_evidence_are_counted_by_rule() -> None:
    ledger = bajas.datasets.article_2023_08_07()
    warned = [f.rule for f in ledger.findings if f.severity == "warn"]
    assert warned
    found = cite(independent(ledger), "killed", "RU")
    assert f"{len(warned)} warning" in found.sentence
    assert all(rule in found.sentence for rule in warned)


def test_days_without_claims_are_a_caveat() -> None:
    assert "No claim covers 90 of the 181 days" in cite(known(), "tank", "X").sentence


@pytest.mark.parametrize(
    ("posterior", "why"),
    [
        (lambda: independent(verdict=BAD), "R-hat 1.3"),
        (lambda: independent(verdict=Verdict(False)), "failed their convergence"),
        (lambda: independent(complete=False), "interrupted"),
        (lambda: prior_draws(small_ledger(), Specification(), 300, 1), "draws of the prior"),
    ],
)
def test_refused_unless_overridden_and_then_printed(posterior: object, why: str) -> None:
    draws = posterior()  # type: ignore[operator]
    with pytest.raises(NotTrustedError, match=why):
        cite(draws, "killed", "X")
    for empty in ("", "  \n"):
        with pytest.raises(QuantityError, match="needs a reason"):
            cite(draws, "killed", "X", override=empty)
    found = cite(draws, "killed", "X", override="to show\na failed run")
    assert "NOT TRUSTED: " in found.sentence
    assert why in found.sentence
    assert "for the reason given: to show a failed run." in found.sentence
    assert "(not trusted)" in found.title
    assert found.facts["override"] == "to show a failed run"
    assert "NOT TRUSTED" in found.bibtex
    assert "NOT TRUSTED" in found.csl_json["note"]


def test_the_prior_is_never_called_a_posterior() -> None:
    prior = prior_draws(small_ledger(), Specification(), 300, 1)
    found = cite(prior, "killed", "X", override="to show the prior")
    assert found.sentence.startswith("Prior median estimate")
    assert "posterior" not in found.sentence.lower()


def test_an_override_of_a_good_fit_is_not_needed_and_not_printed() -> None:
    assert cite(known(), "killed", "X", override="why not").facts["override"] is None


def test_bibtex_is_balanced_and_escaped() -> None:
    entry = cite(known(), "killed", "X", override=r"50% & \input{x} #1 $y_z~^").bibtex
    bad = cite(independent(verdict=BAD), "killed", "X", override=r"50% & \input{x} #1 $y_z~^")
    for text in (entry, bad.bibtex):
        bare = re.sub(r"\\.", "", text)
        assert bare.count("{") == bare.count("}")
    assert r"50\% \& \textbackslash{}input\{x\} \#1 \$y\_z" in bad.bibtex
    assert entry.startswith("@misc{bajas-")
    assert "year = {2023}" in entry


def test_csl_json_is_json_with_the_whole_hashes() -> None:
    found = cite(known(), "killed", "X")
    item = json.loads(json.dumps(found.csl_json, allow_nan=False))
    assert item["issued"] == {"date-parts": [[2023, 7, 1]]}
    assert item["custom"]["ledger_sha256"] == small_ledger().hash
    assert item["id"] == found.key
    json.dumps(found.as_dict(), allow_nan=False)


def test_the_key_follows_quantity_and_evidence() -> None:
    first = cite(known(), "killed", "X")
    assert cite(known(), "killed", "X").key == first.key
    assert cite(known(), "killed", "X", until="2023-03-31").key != first.key
