"""Write the measured tables of the documentation from the JSON of the benchmarks, and settings.

    python docs/scripts/sampler_tables.py                    # rewrites the tables in place
    python docs/scripts/sampler_tables.py --results FOLDER --print

Reads p1, p2, p3, density, scaling, cold_start and radford_2023.json, as benchmarks/sampler.py,
density.py, scaling.py, cold_start.py and examples/radford_2023.py write them, from
benchmarks/results/. What isn't there is "not measured"; nothing is computed here but ratios of what
is there. The table of the sampler's settings is read from its modules. Rewritten is what stands
between a page's markers, and nothing else.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = {
    "sampler": ROOT / "docs" / "explanation" / "sampler.md",
    "radford_2023": ROOT / "docs" / "explanation" / "radford_2023.md",
}
#: Settings of the sampler: module, name there, and what it is.
SETTINGS = (
    ("stages", "PILOT_TUNE", "pilot: draws per chain that adapt the step size"),
    ("stages", "PILOT_DRAWS", "pilot: draws per chain after that"),
    ("stages", "PILOT_PLAN.max_depth", "pilot: doublings of a trajectory at most"),
    ("stages", "PILOT_USED", "pilot draws over which the second map averages, at most"),
    ("stages", "TUNE_SHARES", "shares of `tune`: adapting, drawing for the map, adapting on it"),
    ("stages", "WARM_PLAN.dynamic", "share of No-U-Turn trajectories in the warm-up"),
    ("stages", "WARM_PLAN.max_depth", "doublings of one of them at most"),
    ("stages", "OFF_MEAN", "mean of a whitened coordinate, in sds, that makes a map off"),
    ("stages", "OFF_RATIO", "ratio of its sd to one that does, either way"),
    ("stages", "MOST_ROUNDS", "rounds of warm-up and refinement at most"),
    ("stages", "PLAN.dynamic", "share of No-U-Turn trajectories"),
    ("stages", "PLAN.least_angle", "least angle of a rotation, radians"),
    ("stages", "PLAN.most_angle", "largest angle of a rotation, radians"),
    ("stages", "PLAN.max_depth", "doublings of a No-U-Turn trajectory at most"),
    ("stages", "PLAN.target", "acceptance that the step size is adapted to"),
    ("stages", "PLAN.careful", "share of rotations with short steps"),
    ("stages", "PLAN.fine", "length of their steps, as a share of the step size"),
    ("stages", "PATIENT_PLAN.least_angle", "where the map stays off: least angle of a rotation"),
    ("stages", "PATIENT_PLAN.most_angle", "where the map stays off: largest angle of a rotation"),
    ("stages", "PATIENT_PLAN.target", "where the map stays off: acceptance"),
    ("chains", "_OVERDISPERSED", "sd of the starts, in sds of the map"),
    ("nuts", "MAX_ENERGY_ERROR", "energy error beyond which a trajectory diverges"),
    ("bias_families", "_LARGEST", "largest family of biases"),
    ("bias_families", "_SLOPE", "slope of a wall per sd of its bound, in conditional sds"),
    ("bias_families", "_NO_WALL", "slope above which there is no wall"),
    ("biases", "_BEND", "width d of a wall's bend, in conditional sds"),
    ("map_series", "_INFORMED", "least information about a direction that is whitened"),
    ("map_series", "_MOSTLY", "share of informed directions above which all are"),
    ("map_affine", "_NEAR_ONE", "scale's distance from one of a direction that is left out"),
    ("map_affine", "_CLUSTERED", "active coordinates above which there are clusters"),
    ("map_affine", "_TIED", "correlation above which series are of one cluster"),
    ("map_affine", "_LEADING", "directions across clusters at most"),
    ("map_affine", "_DENSE", "size above which leading directions alone are looked for"),
    ("affine", "_DIRECTIONS", "leading directions that a refinement looks at"),
    ("affine", "_SHRINKAGE", "draws that the map as it is counts for in a refinement"),
    ("affine", "_NEAR_ONE", "scale's distance from one of a direction that it leaves alone"),
    ("affine", "_LARGE", "active coordinates above which a refinement gives each a scale"),
    ("affine", "_COLUMNS", "columns of A and B then, at most"),
)

#: What stands between these is written by this script.
MARKERS = {
    "tables": ("<!-- tables -->", "<!-- end of tables -->"),
    "settings": ("<!-- settings -->", "<!-- end of settings -->"),
}
#: What R-hat of everything is below in a run that has converged.
RHAT_LIMIT = 1.01
NOT_MEASURED = "Not measured."

Result = Mapping[str, Any]


def tables(folder: Path) -> str:
    """Return the tables of the sampler's page."""
    parts = []
    for name in ("p1", "p2", "p3"):
        command = f"python benchmarks/sampler.py --posterior {name.upper()}"
        parts += _section(f"All samplers on {name.upper()}", folder, name, command, _samplers)
    for name, title, command, shown in (
        ("density", "Cost of a gradient", "python benchmarks/density.py", _density),
        ("scaling", "Cost against size", "python benchmarks/scaling.py", _scaling),
        ("cold_start", "From a cold process", "python benchmarks/cold_start.py", _cold_start),
    ):
        parts += _section(title, folder, name, command, shown)
    return "\n\n".join(parts)


def radford_table(folder: Path) -> str:
    """Return the table of the page on the published peer."""
    command = "python examples/radford_2023.py"
    return "\n\n".join(_section("", folder, "radford_2023", command, _radford))


def settings() -> str:
    """Return the sampler's settings as its modules have them."""
    rows = []
    for module, path, meaning in SETTINGS:
        value: Any = import_module(f"bajas.sampler.{module}")
        for name in path.split("."):
            value = getattr(value, name)
        shown = " / ".join(f"{item:g}" for item in np.atleast_1d(value))
        rows.append([meaning, shown, f"`{module}.{path}`"])
    return _table(["setting", "value", "name"], rows)


def rewritten(page: str, content: str, what: str = "tables") -> str:
    """Return a page with other content between its markers.

    Raises
    ------
    ValueError
        If it doesn't have each marker once.
    """
    begin, end = MARKERS[what]
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"the page needs {begin} and, after it, {end}, once each")
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{content}\n\n{end}{rest.split(end)[1]}"


def _section(title: str, folder: Path, name: str, command: str, shown: Any) -> list[str]:
    """Return heading, command, origin and tables of one file."""
    path, example = folder / f"{name}.json", folder / "radford_2023.json"
    head = [f"### {title}"] if title else []
    source = f"`{command} --json benchmarks/results/{name}.json`"
    borrowed = name == "p3" and example.is_file()
    if not path.is_file() and not borrowed:
        return [*head, f"{NOT_MEASURED} The command: {source}."]
    result = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if borrowed and (result is None or "bajas" not in result["samplers"]):
        run = json.loads(example.read_text(encoding="utf-8"))
        if result is None:
            kept = {key: run[key] for key in ("machine", "settings") if key in run}
            result = kept | {"sizes": {"parameters": run["parameters"]}, "samplers": {}}
            source = (
                f"bajas alone, by `python examples/{example.stem}.py`; other samplers: {source}"
            )
        else:
            source += f" and, bajas, `python examples/{example.stem}.py`"
        result["samplers"] = {"bajas": _as_sampler(run), **result["samplers"]}
    return [*head, f"{source}. {_origin(result)}", *shown(result)]


def _origin(result: Result) -> str:
    """Say on what, when and of which versions a result is."""
    kept = {"machine": "machine", "when": "date", "date": "date", "commit": "commit"}
    found = {label: str(result[key]) for key, label in kept.items() if result.get(key)}
    for key in ("when", "commit"):
        rows = (row.get(key) for row in _mapping(result.get("samplers")).values())
        of_rows = sorted({str(value) for value in rows if value})
        if of_rows:
            found[kept[key]] = _span(of_rows) if key == "when" else " and ".join(of_rows)
    versions = dict(result.get("versions", {}))
    if result.get("python"):
        versions = {"Python": result["python"], **versions}
    for row in result.get("samplers", {}).values():
        versions |= row.get("versions", {})
    text = "; ".join(
        f"{label} {found.get(label, 'not recorded')}" for label in ("machine", "date", "commit")
    )
    listed = ", ".join(f"{name} {number}" for name, number in versions.items()) or "not recorded"
    return f"{text[0].upper()}{text[1:]}; versions {listed}."


def _span(sorted_texts: Sequence[str]) -> str:
    first, last = sorted_texts[0], sorted_texts[-1]
    return first if first == last else f"{first} to {last}"


# -- one kind of result each ------------------------------------------------------------------


def _samplers(result: Result) -> list[str]:
    own = result["samplers"].get("bajas", {}).get("ess_per_cpu_s_worst") or 0.0
    head = [
        *("sampler", "converged", "R-hat", "divergences", "CPU s (of them compile)"),
        *("gradients a draw", "draws", "ESS worst / median", "ESS per CPU s, worst"),
        *("gradients per effective draw, worst / median", "bajas / this one"),
        *("the same, its warm-up and compilation forgiven", "MB", "worst quantity"),
    ]
    rows = []
    for name, row in result["samplers"].items():
        rate = row.get("ess_per_cpu_s_worst") or 0.0
        forgiven = row.get("ess_per_cpu_s_worst_of_draws")
        ratio, least = (
            "-" if name == "bajas" or not theirs or not own else f"{own / theirs:,.1f}"
            for theirs in (rate, forgiven)
        )
        state = "yes" if row.get("converged") else "no"
        if "error" in row:
            state = f"no: {row['error']}"
        elif not row.get("complete", True):
            limit = row.get("cpu_limit_s", result.get("settings", {}).get("cpu_limit_s"))
            state += ", stopped at the limit" + (f" of {limit:g} CPU s" if limit else "")
        rows.append(
            [
                name,
                state,
                _number(row.get("rhat_max"), ".3f"),
                _number(row.get("divergences"), ",d"),
                f"{_number(row.get('cpu_s_total'))} ({_number(row.get('cpu_s_compile'))})",
                _number(row.get("leapfrogs_per_draw")),
                _number(row.get("draws_all"), ",d"),
                _pair(row, "ess_worst", "ess_median", ",.0f"),
                _number(rate, ".3g"),
                _pair(row, "grads_per_ess_worst", "grads_per_ess_median"),
                ratio,
                least,
                _number(row.get("peak_rss_mb"), ",d"),
                _code(row.get("ess_worst_name", "")),
            ]
        )
    sizes = ", ".join(
        f"{value:,} {key}" for key, value in result["sizes"].items() if "second" not in key
    )
    lengths = ", ".join(
        f"{key} {'its own' if value is None else value}"
        for key, value in result.get("settings", {}).items()
        if key not in {"cpu_limit_s", "seeds"}  # they may differ between samplers
    )
    parts = [f"{sizes}. Settings: {lengths}.", _table(head, rows)]
    own_row = result["samplers"].get("bajas", {})
    if "wall_s_cold" in own_row:
        verdict = "trusted" if own_row.get("trusted") else "not trusted"
        parts.append(
            f"bajas: {_number(own_row['wall_s_cold'])} s of wall clock from a new process to the"
            f" verdict ({verdict}), at a load of {_number(own_row.get('load'))} with this run"
            f" in it; {_number(own_row.get('wall_s_with_empty_cache'))} s with an empty cache of"
            " compiled code and 50 draws."
        )
    parts += [
        f"{name}: {_of_seeds(row['runs'])}"
        for name, row in result["samplers"].items()
        if len(row.get("runs", ())) > 1
    ]
    if any(not row.get("converged") for row in result["samplers"].values()):
        parts.append("The effective sample size of a run that hasn't converged is an overestimate.")
    parts += [f"{name}: skipped, {why}." for name, why in result.get("skipped", {}).items()]
    return parts


def _of_seeds(runs: Sequence[Result]) -> str:
    """Say what the seeds of one sampler gave, of which the table has the median run."""
    spans = []
    for key, label, form in (
        ("ess_worst", "worst ESS", ",.0f"),
        ("grads_per_ess_worst", "gradients per effective draw at the worst", ",.1f"),
        ("rhat_max", "R-hat", ".3f"),
    ):
        values = [run[key] for run in runs if run.get(key) is not None]
        if values:
            spans.append(f"{label} {_number(min(values), form)} to {_number(max(values), form)}")
    seeds = ", ".join(str(run["seed"]) for run in runs)
    which = "median run" if len(runs) % 2 else "slower run" if len(runs) == 2 else "lower median"
    return f"the {which} of seeds {seeds}; {'; '.join(spans)}."


def _density(result: Result) -> list[str]:
    named = {name: entry for name, entry in result.items() if "microseconds" in _mapping(entry)}
    engines = list(dict.fromkeys(e for entry in named.values() for e in entry["microseconds"]))
    missing = {
        f"{engine} on {name}": why
        for name, entry in named.items()
        for engine, why in entry.get("not_measured", {}).items()
    }
    rows = []
    for engine in engines:
        row = [engine]
        for entry in named.values():
            times = entry["microseconds"]
            own = times.get("kernel")
            ratio = f" ({times[engine] / own:.2f})" if own and engine in times else ""
            row.append(f"{_number(times.get(engine), ',.1f')}{ratio}")
        rows.append(row)
    head = ["CPU microseconds (multiple of the kernel)", *named]
    memory = [
        [
            engine,
            *(
                _number(_mapping(entry.get("memory_mb")).get(engine), ",d")
                for entry in named.values()
            ),
        ]
        for engine in engines
        if any(engine in entry.get("memory_mb", {}) for entry in named.values())
    ]
    held = [_table(["MB at most, above what the process had", *named], memory)] if memory else []
    return [
        _table(head, rows),
        *held,
        *(f"{what}: not measured, {why}." for what, why in missing.items()),
    ]


def _scaling(result: Result) -> list[str]:
    costs = {
        "kernel_us": "gradient, kernel (microseconds)",
        "mapped_us": "gradient, on the map (microseconds)",
        "cpu_s_per_worst": "CPU s per effective draw, worst",
        "cpu_s_per_median": "CPU s per effective draw, median",
        "seconds_build": "building (s)",
        "peak_rss_mb": "peak memory, gradients (MB)",
        "sampling_peak_rss_mb": "peak memory, sampling (MB)",
        "parameters": "parameters",
        "observations": "observations",
        "cells": "cells",
    }
    parts = []
    if base := result.get("base"):
        parts.append(
            "What doesn't grow stays at " + ", ".join(f"{v:,} {k}" for k, v in base.items()) + "."
        )
    for sweep, found in result["sweeps"].items():
        sizes = found["sizes"]
        rows = []
        for key, label in costs.items():
            fit = found["exponents"].get(key)
            spread = f" ± {fit['standard_error']:.2f}" if fit and "standard_error" in fit else ""
            rows.append(
                [
                    label,
                    *(_number(row.get(key), ".4g") for row in sizes),
                    f"{fit['exponent']:.2f}{spread}" if fit else "-",
                    f"{fit['last_step']:.2f}" if fit else "-",
                ]
            )
        head = [sweep, *(f"{row[sweep]:,}" for row in sizes), "exponent", "last step"]
        parts.append(_table(head, rows))
        parts += [
            f"{sweep} {row[sweep]:,}: {_plain(row[key])}."
            for row in sizes
            for key in ("kernel_error", "mapped_error", "error")
            if row.get(key)
        ]
    return parts


def _cold_start(result: Result) -> list[str]:
    rows = [[part, _number(value, ".2f")] for part, value in result["seconds"].items()]
    rows.append(["total", _number(result["seconds_total"], ".2f")])
    runs = ", ".join(_number(value, ".2f") for value in result.get("seconds_total_of_runs", []))
    verdict = result["verdict"]
    return [
        _table([f"{result['posterior']}, compiled code {result['compiled_code']}", "s"], rows),
        f"All runs: {runs or '-'} s, at a load of {_number(result.get('load'))} with these in it;"
        f" {_number(result.get('cpu_seconds_total'))} CPU s. {result['gradients']:,} gradients,"
        f" {result.get('warm_up_rounds', '-')} round(s) of warm-up. Verdict:"
        f" {verdict if isinstance(verdict, str) else '; '.join(verdict)}.",
    ]


def _radford(result: Result) -> list[str]:
    head = ["type", "published mean [95 %]", "mean", "2.5 %", "97.5 %", "ESS", "z"]
    rows = []
    for row in result["table"]:
        published = "-"
        if row["published_mean"] is not None:
            ends = f"{row['published_low']:,.0f} to {row['published_high']:,.0f}"
            published = f"{row['published_mean']:,.0f} [{ends}]"
        ours = [
            f"{_number(row[key], ',.0f')} ± {_number(row[f'{key}_mcse'], ',.0f')}"
            for key in ("mean", "low", "high")
        ]
        apart = [_number(row.get(f"{key}_z"), ".1f") for key in ("mean", "low", "high")]
        shown = "-" if row["published_mean"] is None else " / ".join(apart)
        rows.append([row["type"], published, *ours, _number(row["ess"], ",.0f"), shown])
    verdict = result["verdict"]
    measures = _measures(verdict)
    lengths = ", ".join(f"{name} {value}" for name, value in result["settings"].items())
    state = "trusted" if verdict["trusted"] else f"not trusted: {'; '.join(verdict['reasons'])}"
    spent = f"{result['seconds']:,.0f} s"
    if "cpu_seconds" in result:
        spent += f", {result['cpu_seconds']:,.0f} CPU s,"
    text = (
        f"{result['parameters']:,} parameters; {lengths}. {spent} from the data to the last draw."
        f" Verdict: {state} ({measures})."
    )
    if "verdict_without_correlations" in result:
        without = _measures(result["verdict_without_correlations"])
        text += f" Without partial correlations: {without}."
    return [text, _table(head, rows)]


def _as_sampler(example: Result) -> dict[str, Any]:
    """Return the run of the published peer's example as a row beside other samplers.

    The same scalars and totals are counted, and what is charged to peers is charged; reading the
    data, too.
    """
    measures, timings = example["verdict"]["measures"], example["timings"]
    gradients = sum(value for key, value in timings.items() if key.endswith("gradients"))
    draws = int(measures["chains"] * measures["draws per chain"])
    worst = measures["bulk ESS"]
    return {
        "converged": measures["R-hat"] < RHAT_LIMIT,
        "rhat_max": measures["R-hat"],
        "divergences": measures["divergences"],
        "cpu_s_total": example["cpu_seconds"],
        "draws_all": draws,
        "leapfrogs_per_draw": timings["draws gradients"] / draws,
        "ess_worst": worst,
        "ess_worst_name": measures["worst bulk ESS"],
        "ess_per_cpu_s_worst": worst / example["cpu_seconds"],
        "grads_per_ess_worst": gradients / worst,
        "versions": example["versions"],
        "when": example["date"],
        "commit": example["commit"],
    }


def _measures(verdict: Result) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {_number(value, '.4g')}"
        for name, value in verdict["measures"].items()
        if not isinstance(value, str)
    )


# -- text -------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_plain(cell) for cell in line)} |" for line in lines)


def _plain(text: Any) -> str:
    return " ".join(str(text).replace("|", "/").split())


def _code(text: str) -> str:
    return f"`{text}`" if text else "-"


def _number(value: Any, form: str = ",.1f") -> str:
    return "-" if value is None else format(int(value) if form == ",d" else value, form)


def _pair(row: Result, one: str, other: str, form: str = ",.1f") -> str:
    return f"{_number(row.get(one), form)} / {_number(row.get(other), form)}"


def _mapping(entry: Any) -> Result:
    return entry if isinstance(entry, Mapping) else {}


def main() -> None:
    """Rewrite the pages, or print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--print", action="store_true", help="print instead of writing")
    options = parser.parse_args()
    content = {"sampler": tables(options.results), "radford_2023": radford_table(options.results)}
    for name, page in PAGES.items():
        if options.print:
            print(content[name] + "\n")
            continue
        text = rewritten(page.read_text(encoding="utf-8"), content[name])
        if MARKERS["settings"][0] in text:
            text = rewritten(text, settings(), "settings")
        page.write_text(text, encoding="utf-8")
        print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
