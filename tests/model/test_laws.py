"""Laws of the model: changes of units, order, names and dates that must not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise, product

import numpy as np
import pytest
from dense_curvature import curvature
from hypothesis import given, settings
from hypothesis import strategies as st
from model_examples import (
    Row,
    built,
    day,
    every_form,
    ledger,
    plain,
    positions,
    represent,
    window,
)

from bajas.claims.source import Source
from bajas.design.build import build_design
from bajas.errors import QuantityError, SpecificationError, TaxonomyError
from bajas.model.bias import hindsight
from bajas.model.representation import Representation
from bajas.model.specification import SharePrior
from bajas.posterior.fitting import prior_draws


def changed(rows: list[Row], **changes: Mapping[str, str]) -> list[Row]:
    """Rows with changes by claim id."""
    return [{**row, **changes.get(row["claim_id"], {})} for row in rows]


def same(one: Representation, other: Representation) -> bool:
    """Whether two representations are bitwise the same but for labels."""
    at = positions(one, 4, 1.0, seed=21)
    return one.size == other.size and all(
        one.standard_log_density(p) == other.standard_log_density(p)
        and np.array_equal(one.pointwise(*one.unpack(p)), other.pointwise(*other.unpack(p)))
        for p in at
    )


def labels(representation: Representation) -> list[tuple[str, ...]]:
    """A name for every standardised coordinate."""
    names = [
        (term.name, *position)
        for term in representation.terms
        for position in product(*term.labels)
    ]
    return names + [(h.name, label) for h in representation.hyperparameters for label in h.labels]


# -- scale ------------------------------------------------------------------------------------


def times(rows: list[Row], factor: int) -> list[Row]:
    return [
        {**row, **{k: str(factor * int(row[k])) for k in ("value", "low", "high") if row.get(k)}}
        for row in rows
    ]


def test_all_counts_times_c_shift_the_level_and_nothing_else() -> None:
    rows, log_c = every_form(), np.log(10.0)
    one, ten = built(*rows), built(*times(rows, 10), level_centre=3.0 + log_c)
    for at in positions(one, 5, 1.0, seed=22):
        # points are densities of the log of a figure, so that there is no Jacobian either
        assert ten.standard_log_density(at) == pytest.approx(
            one.standard_log_density(at), rel=1e-12
        )
        before, after = (r.split(r.unpack(at)[0]) for r in (one, ten))
        for name, block in before.items():
            moved = log_c if name in ("level", "equipment_level") else 0.0
            np.testing.assert_allclose(after[name], block + moved, atol=1e-12)


@pytest.mark.parametrize(("factor", "breach"), [(1, 5.0), (100, 0.05), (1000, 5e-3)])
def test_counting_noise_breaks_the_scale_law_for_small_counts_only(
    factor: int, breach: float
) -> None:
    rows = every_form()
    one, ten = (
        built(*times(rows, f), level_centre=np.log(f), noise={"counting": True})
        for f in (factor, 10 * factor)
    )
    at = positions(one, 5, 0.5, seed=23)
    differences = [ten.standard_log_density(p) - one.standard_log_density(p) for p in at]
    assert breach / 20 < np.abs(differences).max() < breach


# -- order, names, dates ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_does_not_matter_to_the_last_bit(seed: int) -> None:
    rows = every_form()
    order = np.random.default_rng(seed).permutation(len(rows))
    one, shuffled = built(*rows), built(*(rows[i] for i in order))
    assert same(one, shuffled)
    assert labels(one) == labels(shuffled)


@pytest.mark.parametrize(
    "names",
    [
        {
            "general_staff": "gs",
            "institute": "it",
            "ally": "al",
            "ministry": "mm",
            "newspaper": "nn",
        },
        {"general_staff": "zz", "institute": "c", "ally": "y", "ministry": "b", "newspaper": "a"},
    ],
    ids=["same order", "other order"],
)
def test_renaming_sources_permutes_coordinates_and_claims_only(names: dict[str, str]) -> None:
    rows = [{"source": "general_staff", **row} for row in every_form()]
    one = built(*rows)
    other = built(*({**row, "source": names[row["source"]]} for row in rows))

    def renamed(label: tuple[str, ...]) -> tuple[str, ...]:
        for old, new in names.items():
            label = tuple(part.replace(f"{old}: ", f"{new}: ") for part in label)
            label = tuple(f"{new}{p[len(old) :]}" if p.startswith(f"{old} ") else p for p in label)
        return label

    place = {label: index for index, label in enumerate(labels(one))}
    places = {renamed(label): index for label, index in place.items()}
    order = [places[label] for label in labels(other)]
    for at in positions(one, 4, 1.0, seed=24):
        expected = dict(zip(one.names, one.pointwise(*one.unpack(at)), strict=True))
        found = dict(zip(other.names, other.pointwise(*other.unpack(at[order])), strict=True))
        assert found == pytest.approx(expected, rel=1e-12)
        assert other.standard_log_density(at[order]) == pytest.approx(
            one.standard_log_density(at), rel=1e-12
        )


@pytest.mark.parametrize("days", [1, 59, 365, -4000])
def test_translating_all_dates_changes_nothing_but_labels(days: int) -> None:
    def moved(row: Row) -> Row:
        shift = {
            name: (date.fromisoformat(row[name]) + timedelta(days=days)).isoformat()
            for name in ("start", "end", "published")
        }
        return {**row, **shift}

    assert same(built(*every_form()), built(*map(moved, every_form())))


# -- repetition -------------------------------------------------------------------------------


REPEATING = window(0, 58, claim_id="x1", source="agency", source_type="media", value="2050")


def test_a_source_that_repeats_another_adds_nothing() -> None:
    sources = {"agency": Source("agency", derived_from=("general_staff",))}
    alone, specification = ledger(*every_form()), plain(hindsight())
    repeated = ledger(*every_form(), REPEATING, sources=sources)
    assert build_design(alone).observations == build_design(repeated).observations
    assert same(represent(alone, specification), represent(repeated, specification))
    assert build_design(repeated).left_out["x1"] == "its source repeats general_staff"


def test_a_claim_that_repeats_another_adds_nothing() -> None:
    assert same(built(*every_form()), built(*every_form(), {**REPEATING, "derived_from": "t2"}))


def test_without_the_declaration_it_would_count() -> None:
    assert built(*every_form()).size < built(*every_form(), REPEATING).size


def test_exact_duplicates_add_nothing() -> None:
    copies = [{**row, "claim_id": f"{row['claim_id']}_copy"} for row in every_form()]
    assert same(built(*every_form()), built(*every_form(), *copies))


def test_claims_left_out_do_not_move_the_war_s_first_day() -> None:
    rows = [window(0, 119, value="4000"), window(90, 119, claim_id="b", source="q", value="900")]
    late = {"claim_id": "c", "source": "q", "value": "900"}
    for extra in (window(90, 119, **late), window(90, 125, **late, excluded="a slip")):
        assert same(built(*rows), built(*rows, extra))


def information_about_level(days_apart: int, **intensity: object) -> tuple[float, float]:
    """Posterior sd of the level, and of level plus bias, with a tally every so many days."""
    totals = [
        window(0, d, claim_id=f"t{d:02}", value=str(40 * (d + 1)), kind="tally")
        for d in range(days_apart - 1, 90, days_apart)
    ]
    made = built(*totals, **intensity)
    assert len(made.names) == 90 // days_apart
    covariance = np.linalg.inv(curvature(made, np.zeros(made.size)).precision)
    level = np.zeros(made.size)
    level[made.term_slices["level"]] = made.terms[0].scale
    reported = level.copy()
    reported[made.term_slices["source_bias"]] = 0.6 * np.sqrt(0.5)
    reported[made.term_slices["outcome_bias"]] = 0.2
    start = made.field_size + made.hyper_slices["relation_enemy"].start
    reported[start] = 0.6 * np.sqrt(0.5)
    return tuple(float(np.sqrt(v @ covariance @ v)) for v in (level, reported))  # type: ignore[return-value]


def test_daily_publication_makes_the_level_no_more_certain_than_its_bias() -> None:
    daily, daily_reported = information_about_level(1)
    monthly, monthly_reported = information_about_level(30)
    known_but_for_bias = (1 / 1.5**2 + 1 / (0.6**2 + 0.2**2)) ** -0.5
    assert daily >= 0.98 * known_but_for_bias
    assert daily == pytest.approx(monthly, rel=0.05)  # what differs is the path to its first day
    assert daily_reported < monthly_reported < 0.5 * known_but_for_bias


# -- windows ----------------------------------------------------------------------------------


@given(cuts=st.sets(st.integers(1, 89), max_size=5), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_parts_of_a_window_add_up_to_it(cuts: set[int], seed: int) -> None:
    edges = [0, *sorted(cuts), 90]
    parts = [
        window(a, b - 1, claim_id=f"p{a}", source=f"s{a}", outcome="casualties", value="70")
        for a, b in pairwise(edges)
    ]
    whole = window(0, 89, claim_id="whole", source="z", outcome="casualties", value="700")
    rows = [*parts, whole, window(0, 50, claim_id="m", component="militia", value="9", source="y")]
    evidence = ledger(*rows)
    design = build_design(evidence)
    exposure = dict(zip((o.name for o in design.observations), design.exposure(), strict=True))
    added = sum(exposure[p["claim_id"]] for p in parts)
    np.testing.assert_array_equal(added, exposure["whole"])
    made = represent(evidence, plain())
    field = made.sample_prior(np.random.default_rng(seed), 3)[0]
    sums = dict(zip(made.names, np.exp(made.expected_log(field)).T, strict=True))
    np.testing.assert_allclose(sum(sums[p["claim_id"]] for p in parts), sums["whole"], rtol=1e-9)


def totals_of_a_wave(knot_days: int, rows: list[Row]) -> np.ndarray:
    """Sums behind claims if log losses per day swing by a factor of 4.5 within 90 days."""
    made = built(*rows, knot_days=knot_days)
    path = next(term for term in made.terms if term.name == "path")
    knots = knot_days * np.arange(1, path.size + 1)
    field = np.zeros(made.field_size)
    field[made.term_slices["level"]] = 4.0
    field[made.term_slices["path"]] = 0.75 * np.sin(2 * np.pi * knots / 90)
    return np.exp(made.expected_log(field))


def test_daily_and_weekly_knots_agree_on_totals() -> None:
    """A chord of a week lies below a curve of that bend by 2 % at most, over all by less."""
    rows = [
        window(0, 89, claim_id="a", source="p", value="5000"),
        window(31, 58, claim_id="b", source="q", value="1500"),
        window(40, 46, claim_id="c", source="r", value="400"),
    ]
    daily, weekly = totals_of_a_wave(1, rows), totals_of_a_wave(7, rows)
    np.testing.assert_allclose(weekly, daily, rtol=0.02)
    assert weekly[0] == pytest.approx(daily[0], rel=0.006)
    exact = np.exp(4 + 0.75 * np.sin(2 * np.pi * np.arange(90) / 90))
    np.testing.assert_allclose(daily, [exact[:90].sum(), exact[31:59].sum(), exact[40:47].sum()])


# -- parts and wholes -------------------------------------------------------------------------


AT_LEAST_0 = {"claim_id": "n1", "source": "nobody", "qualifier": "at_least", "value": "0"}


@pytest.mark.parametrize(
    "changes", [{}, {"component": "guards"}, {"side": "Z"}, {"outcome": "missing"}]
)
def test_at_least_0_is_neutral(changes: dict[str, str]) -> None:
    without, specification = ledger(*every_form()), plain(hindsight())
    added = ledger(*every_form(), window(3, 50, **AT_LEAST_0, **changes))
    assert same(represent(without, specification), represent(added, specification))
    assert build_design(added).left_out == {"n1": "at least 0 carries no information"}


def test_a_tally_of_nothing_is_read_as_fewer_than_one_half() -> None:
    zeros = [
        window(0, d, claim_id=f"z{d}", outcome="ship", value="0", kind="tally") for d in (30, 60)
    ]
    made = build_design(ledger(*every_form(), *zeros))
    (found,) = [o for o in made.observations if set(o.claim_ids) == {"z30", "z60"}]
    assert (found.form, found.value, found.window.days) == ("at_most", 0.5, 61)
    assert np.isfinite(built(*every_form(), *zeros).log_value).all()


def test_nothing_but_at_least_0_is_nothing_to_fit() -> None:
    with pytest.raises(SpecificationError, match="n1: at least 0 carries no information"):
        build_design(ledger(AT_LEAST_0))


PEOPLE = ["killed", "wounded", "wounded_severe", "casualties", "irrecoverable", "total_losses"]
FORCES = ["a", "b", "c"]
subsets = st.sets(st.sampled_from(FORCES), min_size=1).map(sorted)
expressions = st.one_of(
    st.just("all"), subsets.map("+".join), subsets.map(lambda names: "-".join(["all", *names]))
)
quantities = st.tuples(expressions, st.sampled_from(PEOPLE))


@given(reported=st.lists(quantities, min_size=1, max_size=4), asked=quantities)
@settings(max_examples=60, deadline=None)
def test_strata_partition_what_is_reported_and_scopes_cover_what_is_asked(
    reported: list[tuple[str, str]], asked: tuple[str, str]
) -> None:
    design = build_design(ledger(*_claims(reported)))
    cells = [
        {(c, o) for c in s.component_members for o in s.outcome_members} for s in design.strata
    ]
    assert sum(map(len, cells)) == len(set().union(*cells))  # disjoint
    names = design.component_names["X"]
    for component, outcome in (*reported, asked):
        try:
            members = design.taxonomy.component_scope(component, "X", names).members
        except TaxonomyError:  # a force that no claim names
            members = frozenset()
        wanted = set(product(members, design.taxonomy.outcome_members(outcome)))
        if any(cell & wanted and not cell <= wanted for cell in cells) or not (
            wanted and wanted <= set().union(*cells)
        ):
            assert (component, outcome) not in reported
            with pytest.raises(QuantityError, match="the fit holds sums of personnel: components"):
                design.scope(outcome, "X", component)
            continue
        found = design.scope(outcome, "X", component)
        assert set().union(*(cells[index] for index in found)) == wanted
        assert sum(len(cells[index]) for index in found) == len(wanted)


@given(reported=st.lists(quantities, min_size=1, max_size=3), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_parts_add_up_and_killed_never_exceed_casualties_in_any_draw(
    reported: list[tuple[str, str]], seed: int
) -> None:
    reported = [*reported, ("all", "casualties")]
    prior = prior_draws(ledger(*_claims(reported)), plain(), draws=4, seed=seed)
    strata = prior.design.strata
    for expected in (True, False):
        killed = prior.daily("killed", "X", expected=expected)
        casualties = prior.daily("casualties", "X", expected=expected)
        assert np.all(killed <= casualties)
        by_force = [
            prior.daily("killed", "X", name, expected=expected)
            for name in dict.fromkeys(s.component for s in strata)
        ]
        np.testing.assert_allclose(sum(by_force), killed, rtol=1e-12)
        wounded = prior.daily("wounded", "X", expected=expected)
        np.testing.assert_allclose(killed + wounded, casualties, rtol=1e-12)


def _claims(reported: list[tuple[str, str]]) -> list[Row]:
    return [
        window(0, 30 + i, claim_id=f"c{i}", source=f"s{i}", component=component, outcome=outcome,
               value="500", qualifier="about")
        for i, (component, outcome) in enumerate(reported)
    ]  # fmt: skip


def test_a_first_day_in_the_taxonomy_is_the_first_day() -> None:
    evidence = ledger(window(0, 89))
    taxonomy = evidence.taxonomy.extend({"first_day": day(10)})
    assert build_design(replace(evidence, taxonomy=taxonomy)).calendar.days == 80


# -- equipment and forces ---------------------------------------------------------------------


@given(loading=st.floats(-1, 2), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_equipment_follows_the_path_of_its_side_with_its_weight(loading: float, seed: int) -> None:
    made = built(*every_form(), equipment_loading=loading)
    field = made.sample_prior(np.random.default_rng(seed), 1)[0]
    for term in made.terms:
        if term.name not in ("path", "level"):
            field[:, made.term_slices[term.name]] = 0
    strata = build_design(ledger(*every_form())).strata
    sizes = [s.last - s.first + 1 for s in strata]
    parts = np.split(made.log_intensity(field)[0], np.cumsum(sizes)[:-1])
    logs = {s.label: part for s, part in zip(strata, parts, strict=True)}
    men, tanks = logs["X other killed"], logs["X all tank"]
    np.testing.assert_allclose(tanks - tanks[0], loading * (men - men[0]), atol=1e-12)


def test_without_a_loading_the_claims_on_equipment_and_on_people_share_no_column() -> None:
    def shared(loading: float) -> bool:
        made = built(*every_form(), equipment_loading=loading)
        strata = build_design(ledger(*every_form())).strata
        node = np.repeat(
            [s.kind == "equipment" for s in strata], made.node_offset.size // len(strata)
        )
        used = [np.unique(made.node_design[rows].indices) for rows in (node, ~node)]
        return bool(np.intersect1d(*used).size)

    assert not shared(0.0)
    assert shared(0.5)


def test_a_share_prior_holds_on_the_first_day_whatever_a_group_shares() -> None:
    """Median and log sd of a force's multiple of the main force, alone and in a group."""
    rows = [
        {"claim_id": name, "side": "RU", "component": name, "source": f"s{name}", "value": "5000",
         "start": "2022-02-24", "end": "2022-12-31", "published": "2023-01-01"}
        for name in ("all", "wagner", "dnr", "regular")
    ]  # fmt: skip
    chosen = {"RU dnr": SharePrior(0.5, 0.4), "RU lnr": SharePrior(0.2, 0.9)}
    prior = prior_draws(ledger(*rows), plain(components=chosen), draws=20000, seed=6)
    first = {
        name: np.log(prior.daily("killed", "RU", name, expected=True)[0, :, 0])
        for name in ("regular", "dnr", "lnr")
    }
    for name, (centre, sd) in {"dnr": (0.5, 0.4), "lnr": (0.2, 0.9)}.items():
        ratio = first[name] - first["regular"]
        assert np.median(ratio) == pytest.approx(np.log(centre), abs=0.03)
        assert ratio.std() == pytest.approx(sd, rel=0.03)
    shared = np.cov(first["dnr"] - first["regular"], first["lnr"] - first["regular"])[0, 1]
    assert shared == pytest.approx(0.75 * 0.4**2, rel=0.1)


def test_wounded_per_killed_has_one_prior_whether_or_not_claims_split_it() -> None:
    whole = [window(0, 89), window(0, 89, claim_id="w", outcome="wounded", value="900")]
    severe = window(0, 89, claim_id="s", outcome="wounded_severe", value="500")
    for rows in (whole, [*whole, severe]):
        prior = prior_draws(ledger(*rows), plain(), draws=20000, seed=7)
        killed, wounded = (
            prior.daily(outcome, "X", expected=True)[0, :, 0] for outcome in ("killed", "wounded")
        )
        logs = np.log(wounded / killed)
        assert np.median(logs) == pytest.approx(np.log(3), abs=0.02)
        assert logs.std() == pytest.approx(0.4, rel=0.03)
