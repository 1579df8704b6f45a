"""The shipped claims against the tables they were made from, and against their own datasheet."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

import bajas
from bajas.claims.claim import STREAM_KINDS, Claim
from bajas.datasets import data_folder, general_staff_claims
from bajas.ledger.ledger import Ledger

DATASHEET = Path(__file__).parents[2] / "docs" / "datasets" / "russia_ukraine_2023.md"
#: Cells of the compiled tables that the shipped file changes on purpose, besides the notes.
CHANGED = {("s021", "value"): "200", ("s021", "qualifier"): "at_least"}
FLAGS = re.compile(
    r"\b(EXCLUDE_FROM_FIT|DUPLICATE_OF|LINEAGE|DERIVED\w*|INTERVAL|WEEKLY|RANK_ONLY|RATE|RETRACTED)\b"
    r"|theatre="
)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return bajas.datasets.russia_ukraine_2023()


@pytest.fixture(scope="module")
def article() -> Ledger:
    return bajas.datasets.article_2023_08_07()


def downloaded(name: str) -> Path:
    folder = data_folder()
    if folder is None or not (folder / name).exists():
        pytest.skip(f"no {name} in BAJAS_DATA or in shared/data beside the checkout")
    return folder / name


def in_fit(ledger: Ledger, claim: Claim) -> bool:
    derived = claim.derived_from or ledger.sources[claim.source].derived_from
    return not claim.excluded and not derived


def witnesses(ledger: Ledger, claim: Claim) -> list[Claim]:
    """Claims in the fit that a claim is, or rests on, through any number of steps."""
    if claim.excluded:
        return []
    if in_fit(ledger, claim):
        return [claim]
    found = []
    for name in (*claim.derived_from, *ledger.sources[claim.source].derived_from):
        rests_on = [other for other in ledger if name in (other.claim_id, other.source)]
        found += [witness for other in rests_on for witness in witnesses(ledger, other)]
    return found


# -- the shipped file -------------------------------------------------------------------------


def test_rows_match_the_compiled_tables(ledger: Ledger) -> None:
    folder = downloaded("claims")
    compiled = []
    for name in ("claims_2022_2023.csv", "claims_seed.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            compiled += list(csv.DictReader(file))
    assert sorted(row["claim_id"] for row in compiled) == sorted(c.claim_id for c in ledger)
    for row in compiled:
        claim = ledger[row["claim_id"]]
        per_day = row["outcome"].endswith("_per_day")
        row = {k: CHANGED.get((row["claim_id"], k), v) for k, v in row.items()}
        assert claim.per_day == per_day
        assert claim.outcome == row["outcome"].removesuffix("_per_day")
        for name in (
            "source",
            "source_type",
            "speaks_for",
            "side",
            "component",
            "qualifier",
            "url",
        ):
            assert getattr(claim, name) == row[name], (claim.claim_id, name)
        for name in ("start", "end", "published"):
            assert getattr(claim, name).isoformat() == row[name], (claim.claim_id, name)
        for name in ("value", "low", "high", "level"):
            expected = float(row[name]) if row[name] else None
            assert getattr(claim, name) == expected, (claim.claim_id, name)
        assert claim.provisional == (row["provisional"] == "1")


def test_it_holds_all_claims_with_their_links(ledger: Ledger) -> None:
    ids = {claim.claim_id for claim in ledger}
    assert ids == {f"c{n:03}" for n in range(1, 168)} | {f"s{n:03}" for n in range(1, 22)}
    assert all(re.match(r"https?://[^/]+", claim.url) for claim in ledger)


def test_flags_became_columns(ledger: Ledger) -> None:
    assert not [claim.claim_id for claim in ledger if FLAGS.search(claim.note)]
    theatres = {"bakhmut", "counteroffensive_2023", "sievierodonetsk_lysychansk"}
    assert {c.theatre for c in ledger} == {"", *theatres}
    assert {c.claim_id for c in ledger if c.per_day} == {"c118", "c119", "s012", "s021"}
    assert all(claim.evidence is not None for claim in ledger)


def test_kinds_of_evidence_follow_the_rule_but_for_the_exceptions_of_the_datasheet(
    ledger: Ledger,
) -> None:
    rule = {
        "belligerent": "assertion", "official_own": "assertion", "ally": "assessment",
        "intelligence": "assessment", "think_tank": "assessment",
    }  # fmt: skip
    text = DATASHEET.read_text(encoding="utf-8").split("## Kinds of evidence")[1]
    stated = dict(re.findall(r"^\| ([cs]\d{3}) \| (\w+) \|", text, flags=re.MULTILINE))
    exceptions = {}
    for claim in ledger:
        register = (claim.kind or ledger.sources[claim.source].kind) == "register"
        expected = rule.get(claim.source_type, "list" if register else "assessment")
        if claim.evidence != expected:
            exceptions[claim.claim_id] = claim.evidence
    assert exceptions == stated


def test_what_a_claim_repeats_was_known_when_it_was_published(ledger: Ledger) -> None:
    ids = {claim.claim_id for claim in ledger}
    sources = {claim.source for claim in ledger}
    for claim in ledger:
        for name in claim.derived_from:
            assert name in ids | sources
            if name in ids:
                assert ledger[name].published <= claim.published
                assert ledger[name].side == claim.side


@pytest.mark.parametrize(
    ("total", "figure", "bound"),
    [
        ("c054", 30_000, "value"),
        ("c093", 189_500, "low"),
        ("c093", 223_000, "high"),
        ("c096", 124_500, "low"),
        ("c096", 131_000, "high"),
        ("c107", 300_000, "high"),
        ("c147", 125_000, "value"),
    ],
)
def test_parts_add_up_to_the_total_that_repeats_them(
    ledger: Ledger, total: str, figure: float, bound: str
) -> None:
    claim = ledger[total]
    assert figure in (claim.value, claim.low, claim.high)
    parts = [ledger[name] for name in claim.derived_from]
    figures = [part.value if part.value is not None else getattr(part, bound) for part in parts]
    assert sum(figures) == figure


def test_nothing_is_refused_and_every_source_is_described(ledger: Ledger) -> None:
    assert all(finding.severity != "refuse" for finding in ledger.findings)
    for claim in ledger:
        source = ledger.sources[claim.source]
        assert source.kind in STREAM_KINDS
        assert source.speaks_for == claim.speaks_for
        assert source.evidence in (claim.evidence, None)
        assert source.note
        assert source.anchor is None
    kinds = {name: source.kind for name, source in ledger.sources.items()}
    assert {name for name, kind in kinds.items() if kind == "tally"} == {
        "ua_general_staff",
        "ru_mod",
        "dnr_ombudsman",
    }
    assert {name for name, kind in kinds.items() if kind == "register"} == {"bbc_mediazona_names"}
    assert ledger.sources["bbc_mediazona_extrapolation"].derived_from == ("bbc_mediazona_names",)
    assert ledger.sources["uk_mod_daily_average"].derived_from == ("ua_general_staff",)


# -- the article ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim_id", "source", "component", "outcome", "value"),
    [
        ("s001", "ua_general_staff", "all", "casualties", 250_000),
        ("s002", "ua_general_staff", "all", "casualties", 540),
        ("s003", "ru_mod", "all-wagner-ldnr", "killed", 5_937),
        ("s004", "wagner_marx", "wagner", "killed", 22_000),
        ("s005", "wagner_marx", "wagner", "wounded", 40_000),
        ("s007", "mediazona_meduza", "all-ldnr", "killed", 47_000),
        ("s008", "mediazona_meduza", "all-ldnr", "wounded_severe", 78_000),
        ("s009", "ua_general_staff", "all", "casualties", 24_000),
        ("s010", "ua_general_staff", "all", "casualties", 24_000),
        ("s011", "ua_general_staff", "all", "casualties", 1_010),
        ("s012", "ua_general_staff", "all", "casualties", 700),
        ("s013", "ua_general_staff", "all", "artillery", 688),
        ("s014", "ua_general_staff", "all", "air_defence", 56),
        ("s015", "ua_general_staff", "all", "artillery", 677),
        ("s016", "ua_general_staff", "all", "air_defence", 73),
        ("s017", "ua_general_staff", "all", "artillery", 238),
        ("s018", "ua_general_staff", "all", "air_defence", 16),
        ("s019", "ua_general_staff", "all", "casualties", None),
        ("s020", "ua_general_staff", "all", "casualties", None),
        ("s021", "ua_general_staff", "all", "casualties", 200),
    ],
)
def test_every_system_of_the_article_counts_or_rests_on_one_that_does(
    ledger: Ledger,
    claim_id: str,
    source: str,
    component: str,
    outcome: str,
    value: float | None,
) -> None:
    claim = ledger[claim_id]
    assert (claim.source, claim.component, claim.outcome) == (source, component, outcome)
    assert claim.value == value
    behind = witnesses(ledger, claim)
    assert behind
    assert {witness.source for witness in behind} == {source}
    assert {witness.outcome for witness in behind} == {outcome}
    assert {witness.component for witness in behind} == {component}


def test_the_article_by_its_kinds_of_statement(ledger: Ledger) -> None:
    ceiling = ledger["s012"]
    assert (ceiling.qualifier, ceiling.per_day) == ("at_most", True)
    assert in_fit(ledger, ceiling)
    for rank in ("s010", "s011", "s019", "s020"):
        assert ledger[rank].qualifier == "peak"
        assert in_fit(ledger, ledger[rank])
    [probate] = witnesses(ledger, ledger["s007"])
    assert (probate.low, probate.high, probate.level) == (40_000, 55_000, 0.95)
    assert ledger["s006"].excluded.startswith("misreport")
    assert not witnesses(ledger, ledger["s006"])


def test_the_article_by_itself(ledger: Ledger, article: Ledger) -> None:
    assert {claim.claim_id for claim in article} == {f"s{n:03}" for n in range(1, 22)}
    assert all(finding.severity != "refuse" for finding in article.findings)
    assert article.taxonomy == ledger.taxonomy
    repeats = {claim.claim_id: claim.derived_from for claim in article if claim.derived_from}
    assert repeats == {"s021": ("s002",)}
    for claim in article:
        full = ledger[claim.claim_id]
        assert claim.window == full.window
        assert (claim.value, claim.low, claim.high) == (full.value, full.low, full.high)
        assert claim.note.startswith(full.note)
        assert (claim.note != full.note) == (claim.derived_from != full.derived_from)


# -- by name ----------------------------------------------------------------------------------


def test_data_sets_by_name(ledger: Ledger, article: Ledger) -> None:
    assert {"article_2023_08_07", "russia_ukraine_2023"} <= set(bajas.datasets.available())
    assert bajas.datasets.load("russia_ukraine_2023") == ledger
    assert bajas.datasets.load("article_2023_08_07") == article
    with pytest.raises(bajas.BajasError, match="russia_ukraine_2023"):
        bajas.datasets.load("no_such_war")


# -- the General Staff's own series -----------------------------------------------------------


def test_general_staff_claims_are_the_series_they_were_read_from(ledger: Ledger) -> None:
    daily = general_staff_claims(
        downloaded("general_staff"), outcomes=("casualties", "tank", "artillery", "air_defence")
    )
    totals = {
        (row.outcome, row.end): int(row.value) for row in daily.itertuples() if row.value != ""
    }
    checked = 0
    for claim in ledger:
        if claim.source != "ua_general_staff" or not claim.claim_id.startswith("c"):
            continue
        figure = totals[claim.outcome, claim.end.isoformat()]
        if claim.start != ledger.first_day:
            before = claim.start.toordinal() - 1
            figure -= totals[claim.outcome, claim.start.fromordinal(before).isoformat()]
        assert figure == claim.value, claim.claim_id
        checked += 1
    assert checked == 41


# -- the datasheet ----------------------------------------------------------------------------


def table_under(heading: str, text: str, header: str) -> list[list[str]]:
    """Rows of the table that begins with a header, below a heading."""
    body = text.split(heading, 1)[1].split(header, 1)[1].split("\n\n", 1)[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in body.strip().splitlines()
        if not line.startswith("|---")
    ]


def test_the_datasheet_lists_what_is_left_out(ledger: Ledger) -> None:
    text = DATASHEET.read_text(encoding="utf-8")
    rows = table_under("## What is left out", text, "| claim | figure | why |\n")
    out = sorted(claim.claim_id for claim in ledger if not in_fit(ledger, claim))
    assert [row[0] for row in rows] == out
    assert f"\n{len(out)} claims are kept and shown" in text


def test_the_datasheet_counts_what_is_there(ledger: Ledger) -> None:
    text = DATASHEET.read_text(encoding="utf-8")
    header = "| source | speaks for | kind | claims | in the fit |\n"
    rows = table_under("## Composition", text, header)
    expected = []
    for name in sorted({claim.source for claim in ledger}):
        claims = [claim for claim in ledger if claim.source == name]
        source = ledger.sources[name]
        counts = (len(claims), sum(in_fit(ledger, claim) for claim in claims))
        expected.append([name, source.speaks_for, source.kind, *map(str, counts)])
    assert rows == expected
    rows = table_under("## Composition", text, "| outcome | RU losses | UA losses |\n")
    for outcome, russian, ukrainian in rows:
        for side, count in (("RU", russian), ("UA", ukrainian)):
            found = [c for c in ledger if c.outcome == outcome and c.side == side]
            assert len(found) == int(count), (outcome, side)
    assert {row[0] for row in rows} == {claim.outcome for claim in ledger}
    known = len(ledger.as_of("2023-08-07"))
    assert f"{known} claims had been published by 7 August 2023" in text
