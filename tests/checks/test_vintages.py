"""Vintages: the answer on each date, and changes that are taken apart exactly."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from claim_tables import GOOD, OTHER, table

import bajas
from bajas.checks.vintages import PARTS, _steps, revisions, vintages
from bajas.model.specification import IntensityPrior, Specification
from bajas.sampler.interface import Settings

KILLED = {"outcome": "killed", "side": "X"}
OUR = Specification(bajas.bias.symmetric(0.3), IntensityPrior(level_centre=3.0))
WIDER = Specification(bajas.bias.symmetric(0.9), IntensityPrior(level_centre=3.0))


def history() -> bajas.Ledger:
    """A first figure; its revision and a new source; nothing; a later window."""
    return bajas.read_claims(
        pd.DataFrame(
            table(
                {**GOOD, "claim_id": "a1", "value": "1000", "kind": "assessment"},
                {**GOOD, "claim_id": "a2", "value": "3000", "published": "2023-04-20",
                 "supersedes": "a1", "kind": "assessment"},
                {**OTHER, "claim_id": "b1", "value": "2500", "published": "2023-04-25"},
                {**OTHER, "claim_id": "b2", "value": "2600", "published": "2023-04-26"},
                {**OTHER, "claim_id": "b3", "value": "4000", "start": "2023-04-01",
                 "end": "2023-06-30", "published": "2023-07-02"},
            )
        )
    )  # fmt: skip


def parts(ledger: bajas.Ledger, *days: str, **by_day: Specification) -> list[tuple[str, str, int]]:
    dates = [date.fromisoformat(day) for day in days]
    chosen = {day: by_day.get(f"on_{position}", OUR) for position, day in enumerate(dates)}
    return [(step.name, step.part, len(step.ledger)) for step in _steps(ledger, dates, chosen)]


def test_what_replaces_or_restates_a_known_claim_is_a_revision() -> None:
    ledger = history()
    first = ledger.as_of("2023-04-01")
    assert revisions(first, ledger.as_of("2023-05-01")) == {"a2"}
    # b2 restates b1 only where b1 was known
    assert revisions(ledger.as_of("2023-04-25"), ledger.as_of("2023-05-01")) == {"b2"}
    assert revisions(first, first) == set()


def test_a_revision_of_a_revision_is_one_too() -> None:
    rows = [claim.as_dict() for claim in history()]
    frame = history().to_frame()
    again = {**frame[frame["claim_id"] == "a2"].iloc[0].to_dict(), "claim_id": "a3",
             "supersedes": "a2", "published": pd.Timestamp("2023-04-22"),
             "end": pd.Timestamp("2023-03-30")}  # fmt: skip
    ledger = bajas.read_claims(pd.concat([frame, pd.DataFrame([again])], ignore_index=True))
    assert len(ledger) == len(rows) + 1
    assert revisions(ledger.as_of("2023-04-01"), ledger.as_of("2023-04-22")) == {"a2", "a3"}


def test_only_what_changes_is_fitted() -> None:
    assert parts(history(), "2023-04-01", "2023-05-01", "2023-06-01", "2023-07-02") == [
        ("2023-04-01", "", 1),
        ("2023-05-01 after revisions", "revisions", 2),
        ("2023-05-01", "new claims", 4),
        ("2023-07-02", "new claims", 5),
    ]
    assert parts(history(), "2023-04-01", "2023-04-21", "2023-04-22", on_2=WIDER) == [
        ("2023-04-01", "", 1),
        ("2023-04-21", "revisions", 2),
        ("2023-04-22", "model", 2),
    ]


@pytest.mark.parametrize(
    ("dates", "asked", "words"),
    [
        ([], KILLED, "at least one date"),
        (["1 May"], KILLED, "ISO date"),
        (["2022-01-01"], KILLED, "no claim of this ledger was published by 2022-01-01"),
        (["2023-05-01"], [], "at least one quantity"),
        (["2023-05-01"], {"side": "X"}, "outcome, side"),
        (["2023-05-01"], {**KILLED, "until": "May"}, "ISO date"),
    ],
)
def test_malformed_questions_are_refused(dates: list[str], asked: object, words: str) -> None:
    with pytest.raises(bajas.BajasError, match=words):
        vintages(history(), dates, asked)  # type: ignore[arg-type]


def test_a_model_must_have_been_in_use() -> None:
    with pytest.raises(bajas.BajasError, match="no specification was in use on 2023-05-01"):
        vintages(history(), ["2023-05-01"], KILLED, specification={"2023-06-01": OUR})


@pytest.fixture(scope="module")
def found() -> bajas.checks.vintages.Vintages:  # type: ignore[name-defined]
    return vintages(
        history(),
        ["2023-07-02", "2023-04-01", "2023-05-01", "2023-06-01"],
        [{**KILLED, "until": "2023-03-31"}, KILLED, {**KILLED, "until": "2023-05-31"}],
        specification={"2023-01-01": OUR, "2023-06-15": WIDER},
        settings=Settings(draws=400, tune=200, chains=2, seed=1),
        workers=1,
    )


@pytest.mark.slow
def test_changes_are_taken_apart_without_rest(found) -> None:  # type: ignore[no-untyped-def]
    changes = found.changes
    for _, group in changes.groupby(["quantity", "from", "to"]):
        whole = group.loc[group["part"] == "all", "change"].item()
        split = group.loc[group["part"].isin(PARTS), "change"].sum(skipna=False)
        assert np.isclose(whole, split, equal_nan=True)
    first = changes[changes["quantity"] == str(found.asked[0])].set_index(["to", "part"])
    medians = dict(zip(found.dates, found.data["median"].values[:, 0], strict=True))
    moved = first.loc[(pd.Timestamp("2023-05-01"), "all"), "change"]
    assert moved == medians[date(2023, 5, 1)] - medians[date(2023, 4, 1)]
    # tripling the only figure triples the answer, and the new voices near it move it little
    revision = first.loc[(pd.Timestamp("2023-05-01"), "revisions")]
    assert revision["claim_ids"] == ("a2",)
    assert revision["beyond_mcse"]
    assert medians[date(2023, 4, 1)] + revision["change"] == pytest.approx(
        3 * medians[date(2023, 4, 1)], rel=0.15
    )
    # nothing was published in May: nothing changes, not even by Monte Carlo error
    assert (first.loc[pd.Timestamp("2023-06-01"), "change"] == 0).all()
    assert first.loc[(pd.Timestamp("2023-07-02"), "model"), "mcse"] > 0


@pytest.mark.slow
def test_days_that_were_added_are_no_news_about_the_old_ones(found) -> None:  # type: ignore[no-untyped-def]
    running = found.changes[found.changes["quantity"] == str(found.asked[1])]
    july = running[running["to"] == pd.Timestamp("2023-07-02")].set_index("part")["change"]
    assert july["days"] > 1000  # about 4000 in the second quarter
    assert abs(july["new claims"]) < july["days"]
    assert (running.loc[running["to"] < pd.Timestamp("2023-07-02"), "change"]
            [running["part"] == "days"] == 0).all()  # fmt: skip


@pytest.mark.slow
def test_a_total_that_could_not_be_asked_says_why(found) -> None:  # type: ignore[no-untyped-def]
    frame = found.frame(0.9)
    early = frame[(frame["quantity"] == str(found.asked[2])) & (frame["date"] < "2023-07-01")]
    assert early["median"].isna().all()
    assert early["why_not"].str.contains("isn't covered").all()
    late = frame[frame["date"] == "2023-07-02"]
    assert late["median"].notna().all()
    assert (late["low"] < late["median"]).all()
    assert list(frame.loc[frame["quantity"] == str(found.asked[0]), "claims"]) == [1, 4, 4, 5]
    with pytest.raises(bajas.QuantityError, match=r"no intervals of level 0\.8"):
        found.frame(0.8)


@pytest.mark.slow
def test_the_plot_shows_medians_and_the_parts_that_moved_them(found) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("matplotlib")
    ax = found.plot(1)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"median", "revisions", "new claims", "model", "days"} <= set(labels)
    dots = next(line for line in ax.lines if line.get_label() == "median")
    assert np.array_equal(dots.get_ydata(), found.data["median"].values[:, 1])
    with pytest.raises(bajas.QuantityError, match="3 totals"):
        found.plot(3)


@pytest.mark.slow
def test_an_answer_of_a_date_is_that_of_a_plain_fit(found) -> None:  # type: ignore[no-untyped-def]
    fit = bajas.Model.from_specification(history().as_of("2023-04-01"), OUR).fit(
        seed=1, draws=400, tune=200, chains=2, progress=False
    )
    total = fit.total("killed", "X", until="2023-03-31")
    assert found.data["median"].values[0, 0] == total.median
    assert tuple(found.data["interval"].values[0, 0, 1]) == (
        total.interval(0.9).low,
        total.interval(0.9).high,
    )
