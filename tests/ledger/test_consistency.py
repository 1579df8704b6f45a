"""What claims say against each other; cases of design/bad_inputs.md that need several claims."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from claim_tables import GOOD, OTHER, read_rows, rules, table

import bajas
from bajas.claims.source import Source
from bajas.ledger.consistency import exact_duplicates
from bajas.ledger.kinds import stream_kind
from bajas.ledger.lineage import left_out
from bajas.ledger.source_names import similar_names

Row = dict[str, str]


def read(folder: Path, *rows: Row, **options: object) -> bajas.Ledger:
    return read_rows(folder, table(*rows), **options)


def found(ledger: bajas.Ledger, rule: str) -> bajas.Finding:
    findings = [finding for finding in ledger.findings if finding.rule == rule]
    assert len(findings) == 1, findings
    return findings[0]


def total(day: int, value: int, **changes: str) -> Row:
    """A running total of the general staff up to a day of January 2023."""
    return {
        "claim_id": f"t{day:02}",
        "end": f"2023-01-{day:02}",
        "published": f"2023-01-{day + 1:02}",
        "value": str(value),
        **changes,
    }


# -- 20: names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UK MoD", "uk_mod"),
        ("UK MoD", "UK Ministry of Defence"),
        ("us_dod", "US Department of Defense"),
        ("general_staff", "genral_staff"),
        ("general_staff", "general_satff"),
        ("general_staff", "general_stafff"),
        ("ministry", "ministyr"),
        ("general_staff", "general-staff"),
        ("The Guardian", "guardian"),
        ("st\u0430ff", "staff"),
        ("sta\u200bff", "staff"),
        ("etat", "\u00e9tat"),
    ],
)
def test_20_two_spellings_of_a_source(one: str, other: str) -> None:
    assert len(similar_names([one, other])) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("us_dod", "us_dia"),
        ("us_dod", "us_dos"),
        ("us_jcs", "us_nsc"),
        ("uk_mod", "uk_mod_daily_average"),
        ("western_officials", "us_western_officials"),
        ("wagner_marx", "wagner_prigozhin"),
        ("bbc_mediazona_names", "bbc_mediazona_extrapolation"),
        ("radio1", "radio2"),
        ("uk_mod", "ru_mod"),
    ],
)
def test_20_different_sources(one: str, other: str) -> None:
    assert similar_names([one, other]) == []


def test_20_very_many_sources_are_compared_in_no_time() -> None:
    names = [f"source number {number}" for number in range(20_000)]
    assert similar_names([*names, "Source_Number 7"]) == [("Source_Number 7", "source number 7")]


# -- 23-25, 31: repeats -----------------------------------------------------------------------


def test_23_exact_duplicates_are_found_and_left_out(tmp_path: Path) -> None:
    copy = {"claim_id": "a0", "url": "https://example.org/copy", "note": "again"}
    ledger = read(tmp_path, {}, copy, OTHER)
    assert exact_duplicates(ledger.claims) == {"a1": "a0"}
    assert left_out(ledger.claims, ledger.sources) == {"a1": "exact duplicate of a0"}
    assert found(ledger, "exact-duplicate").severity == "warn"


@pytest.mark.parametrize("change", [{"value": "1235"}, {"published": "2023-04-02"}])
def test_23_a_claim_that_differs_is_no_duplicate(tmp_path: Path, change: Row) -> None:
    ledger = read(tmp_path, {}, {"claim_id": "a2", **change}, OTHER)
    assert exact_duplicates(ledger.claims) == {}


def test_23_a_copy_stays_if_the_original_is_excluded(tmp_path: Path) -> None:
    ledger = read(tmp_path, {"excluded": "misprint"}, {"claim_id": "a2"}, OTHER)
    assert left_out(ledger.claims, ledger.sources) == {"a1": "excluded: misprint"}


def test_24_another_figure_for_the_same_window(tmp_path: Path) -> None:
    ledger = read(tmp_path, {}, {"claim_id": "a2", "value": "1300"}, OTHER)
    finding = found(ledger, "unmarked-revision")
    assert (finding.severity, set(finding.claim_ids)) == ("warn", {"a1", "a2"})


def test_24_supersedes_settles_it(tmp_path: Path) -> None:
    ledger = read(tmp_path, {}, {"claim_id": "a2", "value": "1300", "supersedes": "a1"}, OTHER)
    assert "unmarked-revision" not in rules(ledger)
    assert left_out(ledger.claims, ledger.sources) == {"a1": "superseded by a2"}


def test_24_a_lower_and_an_upper_bound_are_no_revision(tmp_path: Path) -> None:
    bounds = (
        {"qualifier": "at_least"},
        {"claim_id": "a2", "value": "1300", "qualifier": "at_most"},
    )
    assert "unmarked-revision" not in rules(read(tmp_path, *bounds, OTHER))


def test_25_what_was_superseded_later_still_stood_before(tmp_path: Path) -> None:
    later = {"claim_id": "a2", "value": "1300", "supersedes": "a1", "published": "2023-06-01"}
    ledger = read(tmp_path, {}, later, OTHER).as_of("2023-05-01")
    assert left_out(ledger.claims, ledger.sources) == {}


def test_31_derived_claims_and_sources_are_left_out(tmp_path: Path) -> None:
    third = {**OTHER, "claim_id": "c1", "source": "press"}
    ledger = read(
        tmp_path,
        {"derived_from": "b1"},
        OTHER,
        third,
        sources={"press": Source("press", derived_from=("think_tank",))},
    )
    assert left_out(ledger.claims, ledger.sources) == {
        "a1": "repeats or is computed from b1",
        "c1": "its source repeats think_tank",
    }


def test_31_an_origin_without_claims_leaves_nothing(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        {"derived_from": "agency"},
        OTHER,
        sources={"agency": Source("agency", "neutral")},
    )
    assert found(ledger, "origin-without-claims").claim_ids == ("a1",)


# -- 32, 33, 49, 50, 66: the evidence as a whole ----------------------------------------------


def test_32_one_source(tmp_path: Path) -> None:
    ledger = read(tmp_path, {}, {"claim_id": "a2", "outcome": "wounded"})
    assert found(ledger, "one-source").severity == "warn"
    assert "one-claim" not in rules(ledger)


def test_32_copies_are_no_second_source(tmp_path: Path) -> None:
    ledger = read(tmp_path, {}, {**OTHER, "derived_from": "a1"})
    assert found(ledger, "one-source").claim_ids == ("a1",)


def test_33_only_belligerents(tmp_path: Path) -> None:
    own = {**OTHER, "source": "ministry", "source_type": "official_own", "speaks_for": "X"}
    assert found(read(tmp_path, {}, own), "only-belligerents").severity == "warn"
    assert "only-belligerents" not in rules(read(tmp_path, {}, own, {**OTHER, "claim_id": "c"}))


def test_49_one_figure_of_three_sources(tmp_path: Path) -> None:
    rows = [{**OTHER, "claim_id": name, "source": name} for name in ("bbc", "cnn", "afp")]
    finding = found(read(tmp_path, *rows), "identical-across-sources")
    assert (finding.severity, set(finding.claim_ids)) == ("warn", {"bbc", "cnn", "afp"})
    assert "identical-across-sources" not in rules(read(tmp_path, *rows[:2]))


def test_50_rounding_is_one_note_for_all(tmp_path: Path) -> None:
    rows = [total(day, 1000 * day) for day in range(1, 10)]
    finding = found(read(tmp_path, *rows, OTHER), "heaping")
    assert finding.severity == "note"
    assert len(finding.claim_ids) == 9
    assert finding.message.startswith("9 of 10")


def test_66_one_claim(tmp_path: Path) -> None:
    assert found(read(tmp_path, {}), "one-claim").severity == "warn"


def test_66_no_claim_that_counts(tmp_path: Path) -> None:
    assert found(read(tmp_path, {"excluded": "a rumour"}), "no-evidence").severity == "warn"


# -- 58, 59, 62: figures against each other ---------------------------------------------------


def test_58_falling_total(tmp_path: Path) -> None:
    ledger = read(tmp_path, total(1, 100), total(2, 300), total(3, 250), OTHER)
    finding = found(ledger, "falling-total")
    assert (finding.severity, finding.claim_ids) == ("warn", ("t02", "t03"))


def test_58_a_growing_total_and_a_weekly_figure_are_in_order(tmp_path: Path) -> None:
    week = total(9, 20, start="2023-01-03", claim_id="w")
    ledger = read(tmp_path, total(1, 100), total(2, 300), total(10, 350), week, OTHER)
    assert "falling-total" not in rules(ledger)


def test_59_a_total_labelled_as_a_rate(tmp_path: Path) -> None:
    rows = [total(day, 100 * day) for day in range(1, 6)]
    ledger = read(tmp_path, *rows, total(7, 20_000, per_day="1"), OTHER)
    finding = found(ledger, "rate-outlier")
    assert (finding.claim_id, finding.severity) == ("t07", "warn")
    assert "200 times" in finding.message


def test_59_a_lone_rate_is_held_against_other_sources(tmp_path: Path) -> None:
    rows = [total(day, 100 * day) for day in range(1, 6)]
    rate = {**OTHER, "per_day": "1", "value": "24100"}
    assert found(read(tmp_path, *rows, rate), "rate-outlier").claim_id == "b1"


def test_59_a_rate_between_two_ends_is_that_of_their_middle(tmp_path: Path) -> None:
    ranged = {"value": "", "qualifier": "range", "level": "0.9"}
    ends = [{"low": str(80 * day), "high": str(120 * day)} for day in range(1, 6)]
    rows = [{**total(day, 0), **ranged, **low} for day, low in enumerate(ends, 1)]
    rate = total(7, 20_000, per_day="1")
    assert "200 times" in found(read(tmp_path, *rows, rate, OTHER), "rate-outlier").message


def test_62_a_part_within_bounds_is_in_order(tmp_path: Path) -> None:
    casualties = {"claim_id": "a2", "outcome": "casualties", "qualifier": "at_least"}
    ledger = read(tmp_path, {"value": "2000"}, {**casualties, "value": "1500"}, OTHER)
    assert not any("part-exceeds" in rule for rule in rules(ledger))


def test_62_a_lower_bound_above_the_whole_warns(tmp_path: Path) -> None:
    killed = {"value": "2000", "qualifier": "at_least"}
    ledger = read(tmp_path, killed, {"claim_id": "a2", "outcome": "casualties"}, OTHER)
    assert found(ledger, "part-exceeds-whole").severity == "warn"


def test_62_parts_that_miss_their_sum(tmp_path: Path) -> None:
    killed = {"value": "22000"}
    wounded = {"claim_id": "a2", "outcome": "wounded", "value": "40000"}
    both = {"claim_id": "a3", "outcome": "casualties", "value": "79000"}
    rows = (killed, wounded, {**both, "excluded": "misreport"}, OTHER)
    finding = found(read(tmp_path, *rows), "parts-do-not-add-up")
    assert (finding.severity, finding.claim_id) == ("warn", "a3")
    assert set(finding.claim_ids) == {"a1", "a2", "a3"}
    for value in ("62000", "61500", "63000"):
        ledger = read(tmp_path, killed, wounded, {**both, "value": value}, OTHER)
        assert "parts-do-not-add-up" not in rules(ledger)


def test_62_ranges_add_up_if_they_can(tmp_path: Path) -> None:
    killed = {"value": "", "low": "10", "high": "20", "level": "0.9", "qualifier": "range"}
    wounded = {**killed, "claim_id": "a2", "outcome": "wounded"}
    both = {"claim_id": "a3", "outcome": "casualties", "value": "39"}
    assert "parts-do-not-add-up" not in rules(read(tmp_path, killed, wounded, both))
    assert "parts-do-not-add-up" in rules(read(tmp_path, killed, wounded, {**both, "value": "44"}))


# -- ceilings and peaks -----------------------------------------------------------------------

CEILING = {
    "claim_id": "ceiling",
    "start": "2023-01-02",
    "end": "2023-01-05",
    "published": "2023-01-06",
    "value": "100",
    "qualifier": "at_most",
    "per_day": "1",
}


def test_a_ceiling_that_the_own_series_breaks(tmp_path: Path) -> None:
    totals = [total(1, 500), total(2, 590), total(3, 720), total(5, 800), total(6, 2000)]
    finding = found(read(tmp_path, *totals, CEILING, OTHER), "ceiling-contradicted")
    assert (finding.severity, finding.claim_id) == ("warn", "ceiling")
    # One day is over; those before and after the window don't count.
    assert "130 a day on 2023-01-03 (1 of 3 increments" in finding.message


def test_a_ceiling_that_holds(tmp_path: Path) -> None:
    ledger = read(tmp_path, total(1, 500), total(5, 880), total(6, 2000), CEILING, OTHER)
    assert "ceiling-contradicted" not in rules(ledger)


def test_a_ceiling_of_another_source_is_no_contradiction(tmp_path: Path) -> None:
    rows = [total(day, 200 * day) for day in range(1, 6)]
    ledger = read(tmp_path, *rows, {**OTHER, **CEILING})
    assert "ceiling-contradicted" not in rules(ledger)


def test_a_ceiling_on_a_total(tmp_path: Path) -> None:
    ceiling = total(9, 900, qualifier="at_most")
    assert "ceiling-contradicted" in rules(read(tmp_path, total(5, 1000), ceiling, OTHER))
    assert "ceiling-contradicted" not in rules(read(tmp_path, total(5, 800), ceiling, OTHER))


def test_a_peak_that_the_own_series_contradicts(tmp_path: Path) -> None:
    totals = [total(1, 100), total(2, 150), total(3, 350), total(4, 360)]
    peak = total(2, 0, claim_id="p", start="2023-01-02", qualifier="peak")
    peak |= {"value": "", "published": "2023-01-20"}
    assert found(read(tmp_path, *totals, peak, OTHER), "peak-contradicted").claim_id == "p"
    # Said on the third, it knew nothing of that day.
    early = {**peak, "start": "2023-01-01", "end": "2023-01-01", "published": "2023-01-03"}
    assert "peak-contradicted" not in rules(read(tmp_path, *totals, early, OTHER))
    right = {**peak, "start": "2023-01-03", "end": "2023-01-03"}
    assert "peak-contradicted" not in rules(read(tmp_path, *totals, right, OTHER))
    # Days that the series doesn't tell apart: nothing is said of them.
    for start, end in (("2023-01-04", "2023-01-05"), ("2023-01-06", "2023-01-07")):
        untold = {**peak, "start": start, "end": end}
        later = total(7, 900)
        assert "peak-contradicted" not in rules(read(tmp_path, *totals, later, untold, OTHER))


def test_the_general_staff_contradicts_its_ceiling_of_summer_2023(
    shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "general_staff" / "russia_losses_personnel.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    rows: list[Row] = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        reported = date.fromisoformat(entry["date"])
        if reported > date(2023, 8, 31):
            continue
        rows.append(
            {
                "claim_id": f"gs-{reported}",
                "outcome": "casualties",
                "start": "2022-02-24",
                # A morning's report covers the day before.
                "end": str(reported - timedelta(days=1)),
                "published": str(reported),
                "value": str(entry["personnel"]),
                "qualifier": "about",
            }
        )
    article = {"outcome": "casualties", "published": "2023-08-07"}
    ceiling = {**CEILING, **article, "value": "700", "start": "2023-06-27", "end": "2023-08-06"}
    march = {**article, "claim_id": "march", "value": "", "qualifier": "peak"}
    march |= {"start": "2023-03-01", "end": "2023-03-31"}
    september = {**march, "claim_id": "september", "start": "2022-09-01", "end": "2022-09-30"}
    ledger = read(tmp_path, *rows, ceiling, march, september)
    finding = found(ledger, "ceiling-contradicted")
    assert "(4 of 41 increments" in finding.message
    assert "930 a day on 2023-06-27, 790 a day on 2023-07-01" in finding.message
    assert found(ledger, "peak-contradicted").claim_id == "september"


# -- kinds of stream --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([total(1, 10), total(2, 20)], "tally"),
        ([total(d, 10 * d, qualifier="about") for d in (1, 2, 3)], "tally"),
        ([total(d, 10 * d, qualifier="about") for d in (1, 2)], "assessment"),
        ([total(1, 10), total(2, 20, start="2023-01-02")], "assessment"),
        ([total(1, 10)], "assessment"),
        ([total(1, 10, qualifier="at_least", evidence="list")], "register"),
        (
            [
                total(d, 10 * d, qualifier="at_least", source_type="media_investigation")
                for d in (1, 2, 3)
            ],
            "register",
        ),
        (
            [
                total(d, 10, qualifier="at_least", source_type="media_investigation")
                for d in (1, 2, 3)
            ],
            "assessment",
        ),
        ([total(d, 10 * d, qualifier="at_least") for d in (1, 2, 3)], "assessment"),
    ],
)
def test_guessed_kind(tmp_path: Path, rows: list[Row], kind: str) -> None:
    ledger = read(tmp_path, *rows)
    assert stream_kind(ledger.claims, None) == (kind, True)
    finding = found(ledger, "guessed-stream-kind")
    assert finding.severity == "note"
    assert f"read as {kind}" in finding.message


def test_declared_kind_is_no_guess(tmp_path: Path) -> None:
    source = Source("general_staff", kind="register")
    declared = read(tmp_path, total(1, 10, kind="tally"), total(2, 20))
    assert stream_kind(declared.claims, source) == ("tally", False)
    by_source = read(tmp_path, total(1, 10), total(2, 20))
    assert stream_kind(by_source.claims, source) == ("register", False)
    assert "guessed-stream-kind" not in rules(declared)


def test_a_stream_of_two_declared_kinds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bajas.ClaimError) as caught:
        read(tmp_path, total(1, 10, kind="tally"), total(2, 20, kind="register"))
    assert caught.value.rule == "stream-of-two-kinds"


def test_findings_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [total(1, 500), total(2, 400), total(3, 720), {**GOOD, "value": "9"}, OTHER]
    forward, backward = read(tmp_path, *rows), read(tmp_path, *rows[::-1])
    assert [f.message for f in forward.findings] == [f.message for f in backward.findings]


# -- kinds of evidence ------------------------------------------------------------------------


def test_a_stream_of_several_kinds_of_evidence_is_of_none_that_is_known(tmp_path: Path) -> None:
    kinds = [total(day, 100 * day, evidence=kind) for day, kind in ((5, "list"), (9, "assertion"))]
    ledger = read(tmp_path, *kinds, OTHER)
    assert found(ledger, "mixed-evidence").claim_ids == ("t05", "t09")
    streams = {stream.source: stream for stream in bajas.Model(ledger).design.streams}
    assert streams["general_staff"].evidence is None
    same = read(tmp_path, *({**row, "evidence": "list"} for row in kinds), OTHER)
    assert "mixed-evidence" not in rules(same)
    streams = {stream.source: stream for stream in bajas.Model(same).design.streams}
    assert streams["general_staff"].evidence == "list"
