"""The public names: complete, lazily loaded, and fast to import."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import bajas

HEAVY = ("pymc", "pytensor", "nutpie", "numba", "arviz", "xarray", "scipy", "pandas", "matplotlib")


def run_fresh(code: str) -> dict[str, object]:
    """Run code in a new interpreter; it prints one JSON object."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_import_is_light_and_fast() -> None:
    code = (
        "import json, sys, time\n"
        "begin = time.perf_counter()\n"
        "import bajas\n"
        "seconds = time.perf_counter() - begin\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print(json.dumps({'seconds': seconds, 'heavy': heavy}))\n"
    )
    # The best of three: other work on the machine may slow one down.
    runs = [run_fresh(code) for _ in range(3)]
    assert runs[0]["heavy"] == []
    assert min(float(str(run["seconds"])) for run in runs) < 0.5


def test_reading_claims_needs_no_sampler() -> None:
    code = (
        "import json, sys\n"
        "import bajas\n"
        "bajas.read_claims, bajas.Ledger, bajas.datasets, bajas.Specification, bajas.bias\n"
        "heavy = [n for n in ('pymc', 'pytensor', 'nutpie') if n in sys.modules]\n"
        "print(json.dumps({'heavy': heavy}))\n"
    )
    assert run_fresh(code)["heavy"] == []


@pytest.mark.slow
def test_a_fit_imports_no_sampler_of_others_and_nothing_that_plots() -> None:
    """What a fit and its verdict import is part of the time until there is an answer."""
    heavy = (
        "pymc", "pytensor", "nutpie", "arviz", "arviz_base", "arviz_stats", "arviz_plots",
        "matplotlib", "xarray", "h5py", "scipy.stats",
    )  # fmt: skip
    code = (
        "import json, sys\n"
        "import bajas\n"
        "ledger = bajas.datasets.article_2023_08_07()\n"
        "fit = bajas.Model(ledger).fit(draws=120, tune=60, chains=2, progress=False)\n"
        f"heavy = [name for name in {heavy!r} if name in sys.modules]\n"
        "print(json.dumps({'heavy': heavy, 'judged': 'R-hat' in fit.verdict.measures}))\n"
    )
    assert run_fresh(code) == {"heavy": [], "judged": True}


@pytest.mark.parametrize("name", bajas.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    value = getattr(bajas, name)
    assert value is not None
    if name != "__version__":
        assert isinstance(value, ModuleType) or callable(value)
        assert value.__doc__


def test_dir_lists_the_public_names_only() -> None:
    assert dir(bajas) == sorted(bajas.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'casualties'"):
        bajas.casualties  # noqa: B018


def test_version_is_the_distribution_version() -> None:
    assert bajas.__version__.split(".")[0].isdigit()


def test_typed_names_are_the_lazy_names() -> None:
    """What a type checker sees is what ``__getattr__`` serves."""
    tree = ast.parse(Path(bajas.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {"__version__": ""}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                typed[alias.asname or alias.name] = f"{node.module}:{alias.name}"
    assert set(typed) == set(bajas.__all__)
    for name, home in bajas._HOMES.items():
        served = home if ":" in home else ":".join(home.rsplit(".", 1))
        assert typed[name] == served
