"""The documentation's measured tables are those of the benchmarks' JSON."""

from __future__ import annotations

import importlib.util
import json
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "sampler_tables.py"

SAMPLER: dict[str, Any] = {
    "posterior": "P1",
    "sizes": {"observations": 554, "parameters": 128, "seconds_read": 1.5, "totals": 70},
    "machine": "Linux x86_64, 2 cores",
    "python": "3.13.1",
    "when": "2026-01-02 03:04",
    "settings": {"draws": None, "tune": None, "chains": 4, "seeds": [1]},
    "samplers": {
        "bajas": {
            "converged": True, "complete": True, "rhat_max": 1.0021, "divergences": 0,
            "cpu_s_total": 5.0, "cpu_s_compile": 0.5, "leapfrogs_per_draw": 4.25,
            "draws_all": 6000, "ess_worst": 2500.0, "ess_median": 5000.0,
            "ess_per_cpu_s_worst": 500.0, "grads_per_ess_worst": 12.0,
            "grads_per_ess_median": 6.0, "peak_rss_mb": 300, "ess_worst_name": "noise[a|b]",
            "wall_s_cold": 4.5, "load": 2.2, "trusted": True, "versions": {"numba": "0.65"},
            "commit": "abc1234", "when": "2026-01-01 02:03",
            "runs": [
                {"seed": 11, "ess_worst": 2500.0, "grads_per_ess_worst": 12.0, "rhat_max": 1.0021},
                {"seed": 12, "ess_worst": 2400.0, "grads_per_ess_worst": 12.5, "rhat_max": None},
            ],
        },
        "stan": {
            "converged": False, "complete": False, "rhat_max": None, "divergences": None,
            "cpu_limit_s": 600.0, "cpu_s_total": 600.0, "cpu_s_compile": 90.0,
            "leapfrogs_per_draw": None, "draws_all": 0, "ess_worst": 0.0,
            "ess_worst_name": "", "ess_median": 0.0,
            "ess_per_cpu_s_worst": 2.5, "ess_per_cpu_s_worst_of_draws": 10.0,
            "grads_per_ess_worst": None,
            "grads_per_ess_median": None, "peak_rss_mb": 90,
        },
    },
    "skipped": {"numpyro": "numpyro isn't installed here: make bench-env"},
}  # fmt: skip
DENSITY = {
    "P1": {
        "sizes": {},
        "microseconds": {"kernel": 20.0, "mapped": 30.0},
        "memory_mb": {"kernel": 12, "mapped": None},
        "not_measured": {"jax": "NotHereError: JAX isn't installed"},
    }
}
SCALING = {
    "base": {"days": 730, "claims": 1000, "strata": 4},
    "sweeps": {
        "days": {
            "sizes": [
                {"days": 365, "kernel_us": 10.0, "parameters": 90},
                {"days": 730, "kernel_us": 20.0, "error": "MemoryError"},
            ],
            "exponents": {"kernel_us": {"exponent": 1.0, "last_step": 1.0, "points": 2}},
        }
    },
}
COLD = {
    "posterior": "P1",
    "machine": "x86_64, 2 cores",
    "compiled_code": "cached",
    "seconds_total_of_runs": [4.5, 4.75],
    "seconds": {"interpreter": 0.05, "draws": 2.0},
    "seconds_total": 4.5,
    "load": 1.5,
    "cpu_seconds_total": 6.25,
    "gradients": 30000,
    "warm_up_rounds": 1,
    "verdict": ["R-hat 1.02"],
}
RADFORD = {
    "settings": {"draws": 1000, "seed": 1},
    "parameters": 5264,
    "table": [
        {"type": "Tanks-Russia", "published_mean": 3380.0, "published_low": 1704.0,
         "published_high": 6178.0, "mean": 3401.2, "mean_mcse": 9.8, "low": 1710.0,
         "low_mcse": 30.0, "high": 6200.0, "high_mcse": 60.0, "ess": 3500.0, "mean_z": 2.04,
         "low_z": 0.2, "high_z": 0.31},
        {"type": "Ships-Russia", "published_mean": None, "published_low": None,
         "published_high": None, "mean": 12.0, "mean_mcse": 0.1, "low": 6.0, "low_mcse": 0.2,
         "high": 20.0, "high_mcse": 0.4, "ess": 3000.0},
    ],
    "verdict": {
        "trusted": True, "reasons": [], "notes": [],
        "measures": {
            "chains": 4.0, "draws per chain": 1000.0, "R-hat": 1.004, "bulk ESS": 500.0,
            "worst bulk ESS": "scale[a]", "divergences": 2.0,
        },
    },
    "timings": {"draws": 9.0, "draws gradients": 40_000.0, "warm-up gradients": 10_000.0},
    "versions": {"scipy": "1.2"}, "date": "2026-01-03 04:05", "commit": "def5678",
    "seconds": 321.0, "cpu_seconds": 1000.0,
}  # fmt: skip
FILES = {
    "p1": SAMPLER, "density": DENSITY, "scaling": SCALING, "cold_start": COLD,
    "radford_2023": RADFORD,
}  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sampler_tables", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_what_is_not_there_is_not_measured(script: ModuleType, tmp_path: Path) -> None:
    content = script.tables(tmp_path)
    assert content.count("Not measured.") == 6
    assert "|" not in content
    assert script.radford_table(tmp_path).startswith("Not measured.")


def test_every_file_gives_its_figures(script: ModuleType, results: Path) -> None:
    content = script.tables(results)
    assert content.count("Not measured.") == 1  # p2
    assert "machine Linux x86_64, 2 cores; date 2026-01-01 02:03; commit abc1234" in (
        content.replace("Machine", "machine")
    )
    assert "versions Python 3.13.1, numba 0.65" in content
    assert "554 observations, 128 parameters, 70 totals" in content
    assert "draws its own" in content
    rows = [line for line in content.splitlines() if line.startswith("| bajas ")]
    assert len(rows) == 2  # on P1, and of the example on P3
    assert "| yes | 1.002 | 0 | 5.0 (0.5) | 4.2 | 6,000 | 2,500 / 5,000 | 500 |" in rows[0]
    assert "| stan | no, stopped at the limit of 600 CPU s | - | - |" in content
    assert "bajas: the slower run of seeds 11, 12; worst ESS 2,400 to 2,500;" in content
    assert "at the worst 12.0 to 12.5; R-hat 1.002 to 1.002." in content
    assert "| 200.0 | 50.0 | 90 | - |" in content  # how many times the draws per CPU second
    assert "bajas: 4.5 s of wall clock from a new process to the verdict (trusted), at a load" in (
        content
    )
    assert "numpyro: skipped" in content
    assert "| mapped | 30.0 (1.50) |" in content
    assert "| kernel | 12 |" in content
    assert "| mapped | - |" in content
    assert "jax on P1: not measured" in content
    assert "| gradient, kernel (microseconds) | 10 | 20 | 1.00 | 1.00 |" in content
    assert "days 730: MemoryError." in content
    assert "| draws | 2.00 |" in content
    assert "All runs: 4.50, 4.75 s, at a load of 1.5 with these in it; 6.2 CPU s." in content
    assert "Verdict: R-hat 1.02." in content
    published = script.radford_table(results)
    assert "| Tanks-Russia | 3,380 [1,704 to 6,178] | 3,401 ± 10 |" in published
    assert "| 3,500 | 2.0 / 0.2 / 0.3 |" in published
    assert "| 3,000 | - |" in published
    assert "| Ships-Russia | - | 12 ± 0 |" in published


def test_the_example_of_the_published_peer_stands_beside_its_peers(
    script: ModuleType, tmp_path: Path
) -> None:
    peer = {**SAMPLER["samplers"]["stan"], "ess_per_cpu_s_worst": 0.01}
    (tmp_path / "radford_2023.json").write_text(json.dumps(RADFORD))
    (tmp_path / "p3.json").write_text(json.dumps({**SAMPLER, "samplers": {"stan": peer}}))
    content = script.tables(tmp_path)
    assert "| bajas | yes | 1.004 | 2 | 1,000.0 (-) | 10.0 | 4,000 | 500 / - | 0.5 |" in content
    assert "| 0.5 | 100.0 / - | - | - | - | `scale[a]` |" in content
    assert "commit def5678" in content
    (tmp_path / "p3.json").unlink()
    assert "| bajas | yes | 1.004 | 2 |" in script.tables(tmp_path)
    stan = next(line for line in content.splitlines() if line.startswith("| stan "))
    assert "| 50.0 |" in stan  # 0.5 effective draws per CPU second, and 0.01


def test_tables_have_as_many_cells_in_every_row(script: ModuleType, results: Path) -> None:
    lines = (script.tables(results) + "\n\n" + script.radford_table(results)).splitlines()
    cells = [line.count("|") if line.startswith("|") else 0 for line in lines]
    assert max(cells) > 10
    for one, other in pairwise(cells):
        assert one == other or 0 in (one, other)


def test_nothing_but_what_stands_between_the_markers_changes(script: ModuleType) -> None:
    begin, end = script.MARKERS["tables"]
    page = f"before\n\n{begin}\nold\n{end}\n\nafter\n"
    once = script.rewritten(page, "new")
    assert once == f"before\n\n{begin}\n\nnew\n\n{end}\n\nafter\n"
    assert script.rewritten(once, "new") == once
    for broken in ("", f"{end} {begin}", page + page):
        with pytest.raises(ValueError, match="once each"):
            script.rewritten(broken, "new")


def test_the_pages_have_their_markers(script: ModuleType) -> None:
    for page in script.PAGES.values():
        assert script.rewritten(page.read_text(encoding="utf-8"), "x")


def test_the_page_s_settings_are_those_of_the_code(script: ModuleType) -> None:
    page = script.PAGES["sampler"].read_text(encoding="utf-8")
    found = script.rewritten(page, script.settings(), "settings")
    assert page == found, "python docs/scripts/sampler_tables.py writes them anew"
