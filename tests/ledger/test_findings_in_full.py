"""What is said when claims contradict each other: every word, place and remedy of a finding."""

from __future__ import annotations

from pathlib import Path

import pytest
from claim_tables import OTHER, read_rows, table

from bajas.claims.source import Source

Row = dict[str, str]


def total(day: int, value: int, **changes: str) -> Row:
    """A running total of the general staff up to a day of January 2023."""
    return {
        "claim_id": f"t{day:02}", "end": f"2023-01-{day:02}", "published": f"2023-01-{day + 1:02}",
        "value": str(value), **changes,
    }  # fmt: skip


DAYS = [total(day, 100 * day) for day in range(1, 6)]
CEILING = {
    "claim_id": "ceiling", "start": "2023-01-02", "end": "2023-01-05", "published": "2023-01-06",
    "value": "100", "qualifier": "at_most", "per_day": "1",
}  # fmt: skip
PEAK = {
    "claim_id": "p", "start": "2023-01-02", "end": "2023-01-02", "published": "2023-01-20",
    "value": "", "qualifier": "peak",
}  # fmt: skip
OWN = {**OTHER, "source": "ministry", "source_type": "official_own", "speaks_for": "X"}

#: Case, named by its rule: rows, the finding as it is shown, and the claims that it is about.
FINDINGS: dict[str, tuple[list[Row], str, tuple[str, ...]]] = {
    "falling-total": (
        [total(1, 100), total(2, 300), total(3, 250), total(4, 240), OTHER],
        "[warn] claims t02, t03, t04: the running total of general_staff falls from 300"
        " (2023-01-02) to 250 (2023-01-03) (2 falls in all). (falling-total) Fix: if it was"
        " revised, name the earlier claim in supersedes; if it changed in scope, say so in"
        " component or outcome.",
        ("t02", "t03", "t04"),
    ),
    "rate-outlier: a rate": (
        [*DAYS, total(7, 20_000, per_day="1"), OTHER],
        "[warn] row 7, claim t07, column per_day: 20,000 a day is 200 times the median of its"
        " neighbours (100 a day): a total may have been labelled as a rate. (rate-outlier) Fix:"
        " check per_day, start and end.",
        (),
    ),
    "rate-outlier: a total": (
        [*DAYS, total(16, 90_000, start="2023-01-16"), OTHER],
        "[warn] row 7, claim t16, column start: 90,000 a day is 900 times the median of its"
        " neighbours (100 a day): its window may be too short, or the figure a total from an"
        " earlier day. (rate-outlier) Fix: check per_day, start and end.",
        (),
    ),
    "ceiling-contradicted: by the day": (
        [total(1, 500), total(2, 590), total(3, 720), total(5, 800), total(6, 2000), CEILING,
         OTHER],
        "[warn] row 7, claim ceiling, column qualifier: general_staff says at most 100 a day, and"
        " its own series gives 130 a day on 2023-01-03 (1 of 3 increments in the window)."
        " (ceiling-contradicted) Fix: the claim is read as a bound on the mean of its window:"
        " check that this is meant.",
        ("ceiling", "t02", "t03"),
    ),
    "ceiling-contradicted: in all": (
        [total(5, 1000), total(6, 1010), total(9, 900, qualifier="at_most"), OTHER],
        "[warn] row 4, claim t09, column qualifier: general_staff says at most 900, and gives"
        " 1,010 for days within that window (2023-01-01 to 2023-01-06). (ceiling-contradicted)"
        " Fix: if it was revised, name the earlier claim in supersedes.",
        ("t09", "t05", "t06"),
    ),
    "peak-contradicted": (
        [total(1, 100), total(2, 150), total(3, 350), total(4, 360), PEAK, OTHER],
        "[warn] row 6, claim p, column qualifier: general_staff calls 2023-01-02 to 2023-01-02 a"
        " peak, and its own series has 200 a day from 2023-01-03 to 2023-01-03 against 50 a day (2"
        " such windows are higher). (peak-contradicted) Fix: a rank statement is about the whole"
        " war: check that this is meant.",
        ("p",),
    ),
    "part-exceeds-whole": (
        [{"value": "2000", "qualifier": "at_least"}, {"claim_id": "a2", "outcome": "casualties"},
         OTHER],
        "[warn] row 2, claim a1, column outcome: 'killed': general_staff gives at least 2,000"
        " killed and 1,234 casualties for the same window (2023-01-01 to 2023-03-31); the first"
        " are part of the second (claim a2). (part-exceeds-whole) Fix: check outcome and value of"
        " both; exclude the one that is a misreport.",
        ("a1", "a2"),
    ),
    "part-exceeds-whole-across-sources": (
        [{"value": "5000"}, {**OTHER, "outcome": "casualties"}],
        "[warn] claims a1, b1: general_staff gives 5,000 killed, think_tank 2,345 casualties for"
        " the same window (2023-01-01 to 2023-03-31), though the first are part of the second."
        " (part-exceeds-whole-across-sources) Fix: check that both count what their outcome says.",
        ("a1", "b1"),
    ),
    "parts-do-not-add-up": (
        [{"value": "22000"}, {"claim_id": "a2", "outcome": "wounded", "value": "40000"},
         {"claim_id": "a3", "outcome": "casualties", "value": "79000", "excluded": "misreport"},
         OTHER],
        "[warn] row 4, claim a3, column value: general_staff gives 22,000 killed and 40,000"
        " wounded, together 62,000, but 79,000 casualties (2023-01-01 to 2023-03-31)."
        " (parts-do-not-add-up) Fix: one of the three is a misreport or counts something else:"
        " exclude it, saying why, or correct its scope.",
        ("a1", "a2", "a3"),
    ),
    "exact-duplicate": (
        [{}, {"claim_id": "a0", "note": "again"}, OTHER],
        "[warn] claim a1: claim a1 says exactly what claim a0 says; it is left out of the fit."
        " (exact-duplicate) Fix: remove it, or correct what should be different.",
        ("a1", "a0"),
    ),
    "unmarked-revision": (
        [{}, {"claim_id": "a2", "value": "1300"}, OTHER],
        "[warn] claims a1, a2: general_staff gives 2 figures for all killed of X, 2023-01-01 to"
        " 2023-03-31: both are used. (unmarked-revision) Fix: name the earlier claim in supersedes"
        " if the later replaces it.",
        ("a1", "a2"),
    ),
    "identical-across-sources": (
        [{**OTHER, "claim_id": name, "source": name} for name in ("bbc", "cnn", "afp")],
        "[warn] claims afp, bbc, cnn: afp, bbc, cnn all give 2,345 for all killed of X: they may"
        " repeat one report. (identical-across-sources) Fix: if they do, name its origin in"
        " derived_from of the others.",
        ("afp", "bbc", "cnn"),
    ),
    "origin-without-claims": (
        [{"derived_from": "agency"}, OTHER],
        "[warn] claims a1: claims repeat agency, of which this ledger has no claim: they are left"
        " out of the fit and nothing stands in for them. (origin-without-claims) Fix: add the"
        " claims of their origin.",
        ("a1",),
    ),
    "one-source": (
        [{}, {"claim_id": "a2", "outcome": "wounded"}],
        "[warn] claims a1, a2: all figures about losses of X come from general_staff: its bias"
        " can't be told from the truth, and the answer is driven by the prior. (one-source) Fix:"
        " add claims of other sources.",
        ("a1", "a2"),
    ),
    "one-claim": (
        [{}],
        "[warn] claims a1: only one claim bears on the answer: the posterior is the prior times one"
        " claim. (one-claim) Fix: add claims.",
        ("a1",),
    ),
    "only-belligerents": (
        [{}, OWN],
        "[warn] claims a1, b1: all figures about losses of X come from parties to the war."
        " (only-belligerents) Fix: add claims of third parties.",
        ("a1", "b1"),
    ),
    "no-evidence": (
        [{"excluded": "a rumour"}],
        "[warn] no claim with a figure is left: all are excluded, repeat others or only rank."
        " (no-evidence) Fix: add claims.",
        (),
    ),
    "at-least-zero": (
        [{}, {**OTHER, "value": "0", "qualifier": "at_least"}],
        '[warn] claims b1: "at least 0" carries no information. (at-least-zero) Fix: leave it out.',
        ("b1",),
    ),
    "heaping": (
        [{"value": "3000"}, OTHER],
        "[note] claims a1: 1 of 2 figures are rounded to one significant digit. (heaping)",
        ("a1",),
    ),
    "mixed-evidence": (
        [total(5, 500, evidence="list"), total(9, 900, evidence="assertion"), OTHER],
        "[note] claims t05, t09, column evidence: figures of general_staff on all killed of X are"
        " assertion, list: figures of each kind have a bias of their own. (mixed-evidence) Fix:"
        " correct the kinds, if they are of one.",
        ("t05", "t09"),
    ),
    "guessed-stream-kind": (
        [total(1, 10), total(2, 20)],
        "[note] claims t01, t02: general_staff on all killed of X is read as tally."
        " (guessed-stream-kind) Fix: declare kind in the claims or the sources table.",
        ("t01", "t02"),
    ),
    "similar-source-names": (
        [{"source": "UK MoD"}, {**OTHER, "source": "uk_mod"}],
        "[warn] column source: 'uk_mod': 'UK MoD' and 'uk_mod' may be two spellings of one source,"
        " which would then count as two witnesses. (similar-source-names) Fix: use one spelling if"
        " they are the same.",
        (),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "shown", "claims"), FINDINGS.values(), ids=FINDINGS)
def test_a_finding_says_what_where_and_what_to_do(
    tmp_path: Path, request: pytest.FixtureRequest, rows: list[Row], shown: str,
    claims: tuple[str, ...],
) -> None:  # fmt: skip
    sources = {"agency": Source("agency", "neutral")}
    ledger = read_rows(tmp_path, table(*rows), sources=sources)
    rule = request.node.callspec.id.split(":")[0]
    (found,) = [finding for finding in ledger.findings if finding.rule == rule]
    assert (str(found), found.claim_ids) == (shown, claims)
