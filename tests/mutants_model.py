"""Planted bugs: design and model with pieces of their source replaced, and which checks see them.

The density of the model exists three times (NumPy, PyMC graph, compiled kernel), and the three are
tested against each other. What they share, the design and the representation, such a test can't
see; nor a mistake that is made in all three. The bugs here are of that kind: the engines go on
agreeing, and laws, closed forms and calibration must see that the model is another one. The checks
are tests of this suite, called by name.

    NUMBA_DISABLE_JIT=1 python tests/mutants_model.py                  # as in CI
    NUMBA_DISABLE_JIT=1 python tests/mutants_model.py --calibration    # minutes
    ... --calibration --json FILE --minutes 2                          # in pieces, until complete
"""

from __future__ import annotations

import argparse
import datetime
import functools
import hashlib
import importlib
import json
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from math import inf
from pathlib import Path
from typing import Any

from mutants_bugs import BUGS, PUT_TO_CALIBRATION
from planted import SOURCE, TESTS, Edit, compiled_once, imported

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


def verdicts(
    calibrated: bool = False,
    found: Mapping[str, dict[str, str]] | None = None,
    minutes: float = inf,
) -> dict[str, dict[str, str]]:
    """What each check says of each bug: nothing, or how it failed.

    Put to a bug are the checks that must see it and the agreement of the engines; the model as it
    is, to all checks.

    Parameters
    ----------
    calibrated : bool
        Whether to put those that move answers by much to calibration too, and those that are in
        the graph to its agreement.
    found : mapping, optional
        What was found before, which isn't found again.
    minutes : float
        Time after which no further bug is begun.
    """
    begin = time.monotonic()
    found = dict(found or {})
    given: Any = None
    if calibrated:
        world = importlib.import_module("mutants_world")
        given = world.cases(world.COUNT, world.SEED)
    for name, bug in BUGS.items():
        if name in found:
            continue
        if time.monotonic() - begin > 60 * minutes:
            break
        wanted = {*(LAWS if name == "none" else bug.seen_by), AGREEMENT}
        if calibrated and (name == "none" or any(edit[0] == "model.graph" for edit in bug.edits)):
            wanted.add(GRAPH)
        checks = checks_over(bug.edits, wanted)
        if calibrated and name in PUT_TO_CALIBRATION:
            world = importlib.import_module("mutants_world")
            checks[CALIBRATION] = functools.partial(world.check_calibration, given)
        found[name] = {told: failure(check) for told, check in checks.items()}
        seen = [told for told, how in found[name].items() if how]
        print(f"{name}: {', '.join(seen) or 'nothing'}", file=sys.stderr, flush=True)
    return {name: found[name] for name in BUGS if name in found}


def main() -> None:
    parser = argparse.ArgumentParser(description="What checks say of planted bugs, as JSON.")
    parser.add_argument("--calibration", action="store_true", help="minutes")
    parser.add_argument("--json", type=Path, help="keep the verdicts there, and go on from them")
    parser.add_argument("--minutes", type=float, default=inf, help="begin no bug after so many")
    options = parser.parse_args()
    made_with = {
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip(),
        "source": hashlib.sha256(
            b"".join(file.read_bytes() for file in sorted(SOURCE.rglob("*.py")))
        ).hexdigest(),
    }
    known: dict[str, Any] = {}
    if options.json is not None and options.json.is_file():
        known = json.loads(options.json.read_text(encoding="utf-8"))
    if known.get("source") != made_with["source"]:
        known = {}
    with compiled_once():
        found = verdicts(options.calibration, known.get("verdicts"), options.minutes)
    if options.json is None:
        json.dump(found, sys.stdout)
        return
    result = {
        **made_with,
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "seen by": {name: list(bug.seen_by) for name, bug in BUGS.items()},
        "where": {name: sorted({edit[0] for edit in bug.edits}) for name, bug in BUGS.items()},
        "verdicts": found,
    }
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
