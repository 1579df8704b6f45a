"""Planted bugs: design and model with pieces of their source replaced, and which checks see them.

The density of the model exists three times (NumPy, PyMC graph, compiled kernel), and the three are
tested against each other. What they share, the design and the representation, such a test can't
see; nor a mistake that is made in all three. The bugs here are of that kind: the engines go on
agreeing, and laws, closed forms and calibration must see that the model is another one. The checks
are tests of this suite, called by name.

    NUMBA_DISABLE_JIT=1 python tests/mutants_model.py             # the named checks alone; as in CI
    NUMBA_DISABLE_JIT=1 python tests/mutants_model.py --all       # every check, and calibration
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import sys
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from planted import TESTS, Edit, compiled_once, imported

#: Checks by name: module and function of the tests, and its arguments; of a property a stated case,
#: since the search for the smallest one that fails takes a minute.
LAWS: dict[str, tuple[str, str, tuple[Any, ...] | dict[str, Any]]] = {
    "war written out: which claims say what": ("written_out", "check_observations", ()),
    "war written out: what each claim expects": ("written_out", "check_locations", ()),
    "war written out: noise": ("written_out", "check_scales", ()),
    "war written out: likelihood": ("written_out", "check_likelihood", ()),
    "war written out: prior": ("written_out", "check_prior", ()),
    "standardising is its Jacobian": ("written_out", "check_jacobian", ()),
    "half-normal scales: standardising is its Jacobian": ("mutants_checks", "half_normal", ()),
    "counts times c shift the level": (
        "test_laws", "test_all_counts_times_c_shift_the_level_and_nothing_else", ()),
    "dates moved change nothing": (
        "test_laws", "test_translating_all_dates_changes_nothing_but_labels", (59,)),
    "a source that repeats adds nothing": (
        "test_laws", "test_a_source_that_repeats_another_adds_nothing", ()),
    "a claim that repeats adds nothing": (
        "test_laws", "test_a_claim_that_repeats_another_adds_nothing", ()),
    "duplicates add nothing": ("test_laws", "test_exact_duplicates_add_nothing", ()),
    "a daily tally is no surer of the level": (
        "test_laws", "test_daily_publication_makes_the_level_no_more_certain_than_its_bias", ()),
    "parts of a window add up": (
        "test_laws", "test_the_parts_of_a_window_add_up_to_it", {"cuts": {30, 31, 59}, "seed": 1}),
    "daily and weekly knots agree": (
        "test_laws", "test_daily_and_weekly_knots_agree_on_totals", ()),
    "at least 0 is neutral": ("test_laws", "test_at_least_0_is_neutral", ({},)),
    "a tally of nothing": (
        "test_laws", "test_a_tally_of_nothing_is_read_as_fewer_than_one_half", ()),
    "scopes cover what is asked": (
        "test_laws",
        "test_strata_partition_what_is_reported_and_scopes_cover_what_is_asked",
        {"reported": [("all", "killed"), ("a", "casualties")], "asked": ("all-a", "casualties")}),
    "killed and wounded are casualties": (
        "test_laws", "test_parts_add_up_and_killed_never_exceed_casualties_in_any_draw",
        {"reported": [("a", "wounded"), ("all-a", "wounded_severe")], "seed": 1}),
    "wounded per killed have one prior": (
        "test_laws", "test_wounded_per_killed_has_one_prior_whether_or_not_claims_split_it", ()),
    "closed form: one source": ("test_conjugate", "test_one_source_with_known_noise", ()),
    "closed form: range and counting": (
        "test_conjugate", "test_the_width_of_a_range_and_counting_noise_add_to_the_noise", ()),
    "closed form: an anchor": (
        "test_conjugate",
        "test_two_sources_of_different_blocs_are_weighed_by_their_precision", ()),
    "closed form: one bloc": (
        "test_conjugate",
        "test_sources_of_one_bloc_do_not_average_their_shared_bias_away", (13,)),
    "closed form: evidence": (
        "test_conjugate", "test_the_evidence_of_a_claim_is_its_marginal_density", ()),
    "closed form: Kalman smoother": (
        "test_conjugate", "test_the_mode_and_curvature_are_the_kalman_smoother", ()),
    "points integrate to one": (
        "test_densities", "test_points_are_densities_of_the_log_figure", (4.0,)),
    "bounds are probabilities": (
        "test_densities", "test_bounds_are_probabilities_of_what_a_source_would_say", (4.0, 7.2)),
    "bounds are integrals of points": (
        "test_densities", "test_bounds_differ_by_what_points_have_between_them", (4.0,)),
    "sums over ages are daily sums": (
        "test_registers", "test_binned_ages_are_as_good_as_single_days", ((99, 159, 399, 499),)),
    "a list never exceeds the truth": (
        "test_registers", "test_a_list_is_never_expected_to_exceed_the_truth", ()),
    "additions sum to the last count": (
        "test_registers", "test_additions_sum_to_the_last_count", ()),
    "drift has mean zero": (
        "test_drift", "test_drift_has_mean_zero_over_the_days_of_its_stream_exactly", ()),
    "drift is a walk of quarters": (
        "test_drift", "test_a_walk_of_quarterly_innovations_all_but_linear_between_knots", ()),
    "totals become differences": (
        "test_tally", "test_totals_from_one_day_become_their_differences", ()),
    "counts of lists become additions": (
        "test_register", "test_each_count_adds_what_the_one_before_lacked", ()),
    "figures are bounds as stated": ("test_reading", "test_bounds", ()),
    "a range has its level's width": ("test_reading", "test_a_range_is_a_point_with_a_width", ()),
    "rates are per day": ("test_reading", "test_figures_per_day_are_multiplied_by_the_days", ()),
}  # fmt: skip

#: The engines against each other: they must see none of these bugs.
AGREEMENT = "kernel and NumPy agree"
GRAPH = "PyMC and NumPy agree"

#: Ranks of true values, drawn by none of the model's code, in posteriors of the model.
CALIBRATION = "calibration: true values rank uniformly"


@dataclass(frozen=True)
class Bug:
    """A planted bug.

    Parameters
    ----------
    edits : list of Edit
        What is replaced.
    seen_by : tuple of str
        Checks that must fail.
    """

    edits: list[Edit]
    seen_by: tuple[str, ...]


SAID = "war written out: which claims say what"
EXPECTED = "war written out: what each claim expects"
NOISE = "war written out: noise"
LIKELIHOOD = "war written out: likelihood"
PRIOR = "war written out: prior"

BUGS: dict[str, Bug] = {
    "none": Bug([], ()),
    # -- claims and ledger, as far as they decide what counts --------------------------------------
    "casualties without the severely wounded": Bug(
        [("claims.taxonomy", "part = frozenset(self.sums[name])",
          'part = frozenset(self.sums[name]) - (frozenset({"wounded_severe"})'
          ' if name == "casualties" else frozenset())')],
        (EXPECTED, "killed and wounded are casualties"),
    ),
    "a source that repeats another counts": Bug(
        [("ledger.lineage", "elif source is not None and source.derived_from:",
          "elif source is not None and source.derived_from and claim.excluded:")],
        (SAID, "a source that repeats adds nothing"),
    ),
    "exact duplicates count": Bug(
        [("ledger.duplicates", "if content in kept:", "if content in kept and not claim.row:")],
        ("duplicates add nothing",),
    ),
    # -- design ------------------------------------------------------------------------------------
    "a lower bound is an upper one": Bug(
        [("design.reading", 'return Reading("at_least", bound, 0.0,',
          'return Reading("at_most", bound, 0.0,')],
        (SAID, "figures are bounds as stated"),
    ),
    "an upper bound is a lower one": Bug(
        [("design.reading", 'return Reading("at_most", max(bound, BELOW_ONE), 0.0, words)',
          'return Reading("at_least", max(bound, BELOW_ONE), 0.0, words)')],
        (SAID, "figures are bounds as stated"),
    ),
    "a range from end to end is one half of it": Bug(
        [("design.reading", "/ (2 * NormalDist().inv_cdf", "/ (1 * NormalDist().inv_cdf")],
        (NOISE, "a range has its level's width", "closed form: range and counting"),
    ),
    "the middle of a range is arithmetic": Bug(
        [("design.reading", "centre = value if value else sqrt(low * high)",
          "centre = value if value else (low + high) / 2")],
        (SAID, "a range has its level's width"),
    ),
    "the level of a range is one-sided": Bug(
        [("design.reading", "inv_cdf((1 + level) / 2)", "inv_cdf(level)")],
        (NOISE, "a range has its level's width"),
    ),
    "a rate counts for one day": Bug(
        [("design.reading", "per = float(days) if claim.per_day else 1.0", "per = 1.0")],
        (SAID, "rates are per day"),
    ),
    "at least 0 counts": Bug(
        [("design.reading", "    if bound <= 0:", "    if bound < 0:")],
        ("at least 0 is neutral",),
    ),
    "windows end a day early": Bug(
        [("design.design", "stop = min(self.calendar.index(window.end), stratum.last) + 1",
          "stop = max(start + 1, min(self.calendar.index(window.end), stratum.last))")],
        (EXPECTED, "parts of a window add up"),
    ),
    "windows begin a day late": Bug(
        [("design.design", "start = max(self.calendar.index(window.start), stratum.first)",
          "start = max(self.calendar.index(window.start) + 1, stratum.first)")],
        (EXPECTED, "parts of a window add up"),
    ),
    "a tally's totals are not differenced": Bug(
        [("design.tally", "Increment(start, stop, after - before, ",
          "Increment(start, stop, after - nodes[0][1], ")],
        (SAID, "totals become differences"),
    ),
    "a tally's first increment loses its first day": Bug(
        [("design.build", "window = Window(calendar.day(item.start), calendar.day(item.stop - 1))",
          "window = Window(calendar.day(max(item.start, 1)), calendar.day(item.stop - 1))")],
        (EXPECTED,),
    ),
    "increments are about the days before": Bug(
        [("design.build", "window = Window(calendar.day(item.start), calendar.day(item.stop - 1))",
          "window = Window(calendar.day(max(item.start - 1, 0)), calendar.day(item.stop - 2))")],
        (EXPECTED,),
    ),
    "a list's counts are not differenced": Bug(
        [("design.register", "return self.count.value - sum(count.value for count in self.before)",
          "return self.count.value")],
        (SAID, "counts of lists become additions"),
    ),
    "a force is missing from all": Bug(
        [("design.build", "                and stratum.outcome_members <= outcomes\n",
          "                and stratum.outcome_members <= outcomes\n"
          '                and (stratum.main or component != "all")\n')],
        (EXPECTED,),
    ),
    # -- model: losses -----------------------------------------------------------------------------
    "the ratio of an outcome has no term": Bug(
        [("model.intensity", 'rows.add(node, layout.column("ratio", ratio), 1.0)', "pass")],
        (EXPECTED, "wounded per killed have one prior"),
    ),
    "the ratio of an outcome is upside down": Bug(
        [("model.intensity", "return float(np.log(prior.ratios[outcome].per_killed)),",
          "return -float(np.log(prior.ratios[outcome].per_killed)),"),
         ("model.intensity", "return float(np.log(total)), largest.log_sd",
          "return -float(np.log(total)), largest.log_sd")],
        (PRIOR, "wounded per killed have one prior"),
    ),
    "knots of paths are one off": Bug(
        [("model.intensity",
          'rows.add(node, layout.column(name, item, left - 1), loading * (1 - weight))',
          'rows.add(node, layout.column(name, item, left), loading * (1 - weight))'),
         ("model.intensity",
          'rows.add(node, layout.column(name, item, left), loading * weight)\n',
          'rows.add(node, layout.column(name, item, min(left + 1, grid.size - 2)),'
          ' loading * weight)\n')],
        (EXPECTED, "closed form: Kalman smoother", "daily and weekly knots agree"),
    ),
    "the mixture of neighbouring knots is turned round": Bug(
        [("model.intensity", "rows.extend(cells, node, 1 - weight)",
          "rows.extend(cells, node, weight)"),
         ("model.intensity", "rows.extend(cells, node + 1, weight)",
          "rows.extend(cells, node + 1, 1 - weight)")],
        (EXPECTED,),
    ),
    "steps of walks grow with their days": Bug(
        [("model.intensity", "steps = per_week * np.sqrt(np.diff(grid) / _WEEK)",
          "steps = per_week * (np.diff(grid) / _WEEK)")],
        (PRIOR, "closed form: Kalman smoother"),
    ),
    "a force's deviation from the ratio is left out": Bug(
        [("model.intensity", 'rows.add(node, layout.column("component_ratio", pair), 1.0)',
          "pass")],
        (EXPECTED,),
    ),
    # -- model: reports ----------------------------------------------------------------------------
    "the sign of a source's bias": Bug(
        [("model.reporting", 'reporting.add(row, layout.column("source_bias", position), 1.0)',
          'reporting.add(row, layout.column("source_bias", position), -1.0)')],
        (EXPECTED, "closed form: an anchor"),
    ),
    "the sign of what a bloc shares": Bug(
        [("model.reporting", "effects.add(row, column, loading(stream, prior))",
          "effects.add(row, column, -loading(stream, prior))")],
        (EXPECTED,),
    ),
    "what a bloc shares is left out": Bug(
        [("model.reporting", "effects.add(row, column, loading(stream, prior))",
          "effects.add(row, column, 0.0 * loading(stream, prior))")],
        (EXPECTED, "closed form: one source", "closed form: one bloc", "closed form: evidence"),
    ),
    "what a bloc shares is counted twice": Bug(
        [("model.reporting", "scale[position] = kind.scale * np.sqrt(1 - prior.shared)",
          "scale[position] = kind.scale")],
        (PRIOR, "closed form: one source", "closed form: one bloc"),
    ),
    "an outcome's own bias is left out": Bug(
        [("model.reporting",
          'reporting.add(row, layout.column("outcome_bias", position), 1.0)', "pass")],
        (EXPECTED, "closed form: one source", "closed form: evidence"),
    ),
    "the centre of a kind of evidence is added to its relation's": Bug(
        [("model.reporting", "mean[position] = kind.mean - loading(stream, prior) * entry.mean",
          "mean[position] = kind.mean")],
        (PRIOR,),
    ),
    "counting noise is dropped": Bug(
        [("model.build", "log_sd = np.sqrt(log_sd**2 + 1 / np.maximum(counts, 1.0))", "pass")],
        (NOISE, "closed form: range and counting"),
    ),
    "counting noise is doubled": Bug(
        [("model.build", "log_sd = np.sqrt(log_sd**2 + 1 / np.maximum(counts, 1.0))",
          "log_sd = np.sqrt(log_sd**2 + 2 / np.maximum(counts, 1.0))")],
        (NOISE, "closed form: range and counting"),
    ),
    "noise and ranges add up instead of their squares": Bug(
        [("model.representation",
          "np.sqrt(np.where(counts, 0.0, own) ** 2 + self.log_sd**2)",
          "np.where(counts, 0.0, own) + self.log_sd"),
         ("model.graph", "sigma = pt.sqrt(scale**2 + representation.log_sd**2)",
          "sigma = scale + representation.log_sd"),
         ("sampler.kernel", "sigma = np.sqrt(own * own + k.log_sd[o] * k.log_sd[o])",
          "sigma = own + k.log_sd[o]"),
         ("sampler.kernel", "by_noise[k.group[o]] += by_sigma * own / sigma",
          "by_noise[k.group[o]] += by_sigma")],
        (NOISE,),
    ),
    "knots of drift are one off": Bug(
        [("model.drift", "risen = np.clip((days - self.knots[:-1]) /",
          "risen = np.clip((days - self.knots[1:]) /")],
        (EXPECTED, "drift is a walk of quarters"),
    ),
    "drift is not centred": Bug(
        [("model.drift", "return np.asarray((held - risen.mean(axis=0))[step])",
          "return np.asarray(held[step])")],
        (EXPECTED, "drift has mean zero"),
    ),
    # -- model: lists ------------------------------------------------------------------------------
    "completeness falls with age": Bug(
        [("design.listed", "calendar.index(claim.published),",
          "calendar.index(claim.published),"),
         ("model.registers", "found.append((first, day, counted - middle + 0.5, before))",
          "found.append((first, day, middle - start + 1.0 + before, before))")],
        (EXPECTED, "sums over ages are daily sums"),
    ),
    "the names of the count before count again": Bug(
        [("model.registers", "before = 0.0 if since is None else since - middle + 0.5",
          "before = 0.0")],
        (EXPECTED, "sums over ages are daily sums", "additions sum to the last count"),
    ),
    "coverage is above one": Bug(
        [("model.reporting", 'hyper_columns["register_gap", " ".join(key)], -1.0)',
          'hyper_columns["register_gap", " ".join(key)], 1.0)')],
        (EXPECTED, "a list never exceeds the truth"),
    ),
    # -- the density, the same mistake in all three -----------------------------------------------
    "errors have five degrees of freedom, not four": Bug(
        [("model.family", "- 2.5 * np.log1p(t * t / 4)", "- 3.0 * np.log1p(t * t / 4)"),
         ("model.graph", "- 2.5 * pt.log1p(at_points**2 / 4)",
          "- 3.0 * pt.log1p(at_points**2 / 4)"),
         ("sampler.kernel", "- 2.5 * np.log1p(0.25 * t * t)", "- 3.0 * np.log1p(0.25 * t * t)"),
         ("sampler.kernel", "bend = -5 * t / (4 + t * t)", "bend = -6 * t / (4 + t * t)")],
        (LIKELIHOOD, "points integrate to one", "bounds are integrals of points"),
    ),
    "the constant of the errors' density": Bug(
        [("model.family", "float(np.log(0.375))", "float(np.log(0.5))"),
         ("sampler.kernel", "value += -0.9808292530117262 -", "value += -0.6931471805599453 -")],
        (LIKELIHOOD, "points integrate to one", "bounds are integrals of points"),
    ),
    "the Jacobian of a figure's scale": Bug(
        [("model.family", "point = LOG_T4_CONSTANT - np.log(sigma) -", "point = LOG_T4_CONSTANT -"),
         ("model.graph", "point = LOG_T4_CONSTANT - pt.log(sigma[points]) -",
          "point = LOG_T4_CONSTANT -"),
         ("sampler.kernel", "value += -0.9808292530117262 - np.log(sigma) -",
          "value += -0.9808292530117262 -"),
         ("sampler.kernel", "by_sigma = (-1 - t * bend) / sigma",
          "by_sigma = (-t * bend) / sigma")],
        (LIKELIHOOD, "points integrate to one", "bounds are integrals of points"),
    ),
    "bounds turned round": Bug(
        [("model.family", "toward = np.where(form == AT_LEAST, -t, t)",
          "toward = np.where(form == AT_LEAST, t, -t)"),
         ("model.graph", "sign = np.where(representation.form[bounds] == AT_LEAST, -1.0, 1.0)",
          "sign = np.where(representation.form[bounds] == AT_LEAST, 1.0, -1.0)"),
         ("sampler.kernel", "sign = -1.0 if k.form[o] == AT_LEAST else 1.0",
          "sign = 1.0 if k.form[o] == AT_LEAST else -1.0")],
        (LIKELIHOOD, "bounds are probabilities", "bounds are integrals of points"),
    ),
    "the Jacobian of half-normal scales": Bug(
        [("model.term", "np.sum(-0.5 * squares + standard + np.log(2) - 0.5 * _LOG_2PI)",
          "np.sum(-0.5 * squares + np.log(2) - 0.5 * _LOG_2PI)"),
         ("sampler.kernel", "value += u - 0.5 * square", "value -= 0.5 * square"),
         ("sampler.kernel", "gradient[field_size + h] = 1 - square",
          "gradient[field_size + h] = -square"),
         ("model.graph", "found[hyper.name] = pt.log(pm.HalfNormal(name, 1.0, dims=hyper.dim))",
          "found[hyper.name] = pt.log(pm.HalfNormal(name, 1.0, dims=hyper.dim));"
          ' pm.Potential(f"{name}_bug", -found[hyper.name].sum())')],
        ("half-normal scales: standardising is its Jacobian",),
    ),
}  # fmt: skip


def checks_over(edits: list[Edit], wanted: Collection[str]) -> dict[str, Callable[[], None]]:
    """Checks by name, over a bajas with these edits."""
    for folder in ("model", "design"):
        if str(TESTS / folder) not in sys.path:
            sys.path.insert(0, str(TESTS / folder))
    laws = {name: where for name, where in LAWS.items() if name in wanted}
    names = [*dict.fromkeys(module for module, _, _ in laws.values()), "mutants_checks"]
    arrays, *modules = imported(edits, "bajas.sampler.kernel_arrays", *names, later=["model.graph"])
    arrays.discard_stale = lambda: False  # type: ignore[attr-defined]  # nothing is compiled
    found = dict(zip(names, modules, strict=True))

    def check(module: str, name: str, arguments: Any) -> Callable[[], None]:
        function = getattr(found[module], name)
        if isinstance(arguments, dict):
            return lambda: function.hypothesis.inner_test(**arguments)
        return lambda: function(*arguments)

    checks = {name: check(*where) for name, where in laws.items()}
    if AGREEMENT in wanted:
        checks[AGREEMENT] = found["mutants_checks"].agreement
    if GRAPH in wanted:
        checks[GRAPH] = found["mutants_checks"].graph_agreement
    return checks


def failure(check: Callable[[], None]) -> str:
    """How a check fails; nothing where it doesn't."""
    try:
        check()
    except Exception as error:
        told = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error).strip() or told.line}"[:500]
    except BaseException as error:  # pytest's own, where something should have been raised
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return f"{type(error).__name__}: {error}"[:500]
    return ""


def verdicts(everything: bool = False, only: str = "") -> dict[str, dict[str, str]]:
    """What each check says of each bug: nothing, or how it failed.

    With ``everything`` all checks of all bugs, and calibration; else those that must see it.
    """
    found = {}
    given: Any = None
    if everything:
        world = importlib.import_module("mutants_world")
        given = world.cases(world.COUNT, world.SEED)
    for name, bug in BUGS.items():
        if only not in name:
            continue
        wanted = {*(LAWS if everything or name == "none" else bug.seen_by), AGREEMENT}
        if everything and (name == "none" or any(edit[0] == "model.graph" for edit in bug.edits)):
            wanted.add(GRAPH)
        checks = checks_over(bug.edits, wanted)
        if everything:
            world = importlib.import_module("mutants_world")
            checks[CALIBRATION] = functools.partial(world.check_calibration, given)
        found[name] = {told: failure(check) for told, check in checks.items()}
        print(f"{name}: {sum(map(bool, found[name].values()))} failed", file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="What checks say of planted bugs, as JSON.")
    parser.add_argument("--all", action="store_true", help="every check of every bug")
    parser.add_argument("--only", default="", help="bugs whose name has this in it")
    options = parser.parse_args()
    with compiled_once():
        found = verdicts(options.all, options.only)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
