"""Write the tables of the page on planted bugs from the verdicts that the commands left.

    python docs/scripts/planted_bugs_tables.py              # rewrites the page in place
    python docs/scripts/planted_bugs_tables.py --print

Reads planted_bugs.json (``python tests/mutants_model.py --calibration --json FILE``) and
mutation.json (``make mutation ARGS="--sample N --json FILE"``) from benchmarks/results/, and what
is said there of each surviving mutant in mutation_survivors.json; mutation_before.json is a sample
whose survivors tests were written for, which says nothing of the tests as they are. The table of
the sampler's bugs is that which tests/sampler/test_planted_bugs.py holds the verdicts against,
check by check. What isn't there is "not measured".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "evidence" / "planted_bugs.md"

#: What stands between these is written by this script.
MARKERS = {
    name: (f"<!-- {name} -->", f"<!-- end of {name} -->")
    for name in ("model", "sampler", "mutation")
}
NOT_MEASURED = "Not measured."
CALIBRATION = "calibration: true values rank uniformly"
AGREE = ("kernel and NumPy agree", "PyMC and NumPy agree")


def read(folder: Path, name: str) -> Any:
    """Return what a command left, or None."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def rows(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def model(told: Mapping[str, Any] | None) -> str:
    """Return the table of bugs in design and model."""
    if told is None:
        return NOT_MEASURED
    body = []
    for bug, verdicts in told["verdicts"].items():
        if bug == "none":
            continue
        failed = [check for check, how in verdicts.items() if how]
        caught = [check for check in failed if check not in (CALIBRATION, *AGREE)]
        calibration = {True: "yes", False: "no"}[CALIBRATION in failed]
        if CALIBRATION not in verdicts:
            calibration = "not put to it"
        agree = "no" if set(failed) & set(AGREE) else "yes"
        where = ", ".join(f"`{module}`" for module in told["where"][bug])
        body.append([bug, where, "; ".join(sorted(caught)), calibration, agree])
    none = told["verdicts"]["none"]
    passed = sum(not how for how in none.values())
    header = ["bug", "where", "caught by", "calibration sees it", "engines agree"]
    return (
        f"{len(body)} bugs. The model as it is passes {passed} of {len(none)} checks.\n\n"
        f"{rows(header, body)}\n\n"
        f"Measured on {told['date']} at commit {told['commit']}, Python {told['python']}, by"
        " `NUMBA_DISABLE_JIT=1 python tests/mutants_model.py --calibration --json"
        " benchmarks/results/planted_bugs.json`."
    )


def sampler() -> str:
    """Return the table of bugs in the sampler, from the test that demands just these verdicts."""
    tests = ROOT / "tests"
    sys.path.insert(0, str(tests))
    try:
        spec = spec_from_file_location("demanded", tests / "sampler" / "test_planted_bugs.py")
        assert spec is not None
        assert spec.loader is not None
        demanded = module_from_spec(spec)
        spec.loader.exec_module(demanded)
    finally:
        sys.path.remove(str(tests))
    body = [
        [bug, ", ".join(f"`sampler.{m}`" for m in sorted({edit[0] for edit in edits})),
         ", ".join(sorted(demanded.CAUGHT_BY[bug])).replace("_", " ")]
        for bug, edits in demanded.MUTANTS.items()
        if bug in demanded.CAUGHT_BY
    ]  # fmt: skip
    return f"{len(body)} bugs.\n\n{rows(['bug', 'where', 'caught by'], body)}"


def mutation(told: Mapping[str, Any] | None, said: Mapping[str, Mapping[str, str]] | None) -> str:
    """Return the scores of mutation testing and what is to be said of the survivors."""
    if told is None:
        return NOT_MEASURED
    scores = []
    for group, counts in told["summary"].items():
        error = f" ± {100 * counts['error']:.1f}" if counts["error"] else ""
        died = counts.get("killed", 0) + counts.get("timeout", 0)
        left = counts.get("survived", 0) + counts.get("no tests", 0)
        scores.append([group, str(counts["mutants"]), str(died), str(left),
                       f"{100 * counts['score']:.1f}{error} %"])  # fmt: skip
    survivors = {
        name: entry for name, entry in told["verdicts"].items()
        if entry["verdict"] in ("survived", "no tests")
    }  # fmt: skip
    said = said or {}
    kinds = Counter(said.get(name, {}).get("kind", "not looked at") for name in survivors)
    body = []
    for name in sorted(survivors, key=lambda name: (said.get(name, {}).get("kind", "~"), name)):
        entry = said.get(name, {})
        change = survivors[name].get("change", "").replace("|", "\\|").splitlines()
        shown = "<br>".join(f"`{' '.join(line.split())}`" for line in change)
        body.append([f"`{name.removeprefix('bajas.')}`", shown, entry.get("kind", "not looked at"),
                     entry.get("why", "")])  # fmt: skip
    sample = told["sample"]
    options = f"--sample {sample['mutants']} --seed {sample['seed']}" if sample else ""
    tried = told["summary"]["all"]["mutants"]
    head = (
        f"{tried} of {told['all mutants']:,} mutants, drawn at random; errors are binomial standard"
        " errors." if sample else f"All {told['all mutants']:,} mutants."
    )  # fmt: skip
    return (
        f"{head}\n\n{rows(['package', 'mutants', 'killed', 'survived', 'score'], scores)}\n\n"
        f"Measured on {told['date']} at commit {told['commit']}, {told['machine']}, in"
        f' {told["cpu seconds"]} s of CPU time, by `make mutation ARGS="{options}"`'
        f"{'' if tried == (sample or {}).get('mutants', tried) else ', cut short'}.\n\n"
        f"What survived: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}."
        f"\n\n{rows(['mutant', 'change', 'kind', 'why it lives'], body)}"
    )


def tables(folder: Path) -> dict[str, str]:
    """Return what is to stand between the page's markers."""
    said, before = read(folder, "mutation_survivors"), read(folder, "mutation_before")
    found = mutation(read(folder, "mutation"), said)
    if before is not None:
        found += f"\n\n### Before\n\n{mutation(before, said)}"
    return {
        "model": model(read(folder, "planted_bugs")),
        "sampler": sampler(),
        "mutation": found,
    }


def main() -> None:
    """Rewrite the page, or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--print", action="store_true", help="print the tables instead")
    options = parser.parse_args()
    found = tables(options.results)
    if options.print:
        print("\n\n".join(found.values()))
        return
    page = PAGE.read_text(encoding="utf-8")
    for name, text in found.items():
        start, end = (page.index(marker) for marker in MARKERS[name])
        page = f"{page[: start + len(MARKERS[name][0])]}\n\n{text}\n\n{page[end:]}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
