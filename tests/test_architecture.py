"""ARCHITECTURE.md is true, files stay readable, and what is imported is declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

import bajas

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "bajas"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MODULES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 450


def stages_in_source() -> set[str]:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {path.stem for path in SOURCE.glob("[!_]*.py")}
    return packages | modules


def stages_described() -> set[str]:
    body = ARCHITECTURE.split("## The stages\n")[1].split("\n## ")[0]
    return set(re.findall(r"^### (\w+)$", body, flags=re.MULTILINE))


def paths_named() -> Iterator[str]:
    """Backticked words that look like a file or folder."""
    for word in re.findall(r"`([^`\s]+)`", ARCHITECTURE):
        if re.search(r"\.(py|json|csv|md|toml)$|/$", word):
            yield word


def imported_by(path: Path) -> Iterator[str]:
    """Absolute names imported by a module, at any depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)


def layers() -> list[str]:
    """Layers of the import contract, from the top; one in parentheses may be absent."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = config["tool"]["importlinter"]["contracts"][0]
    return [layer.replace("bajas.", "") for layer in contract["layers"]]


def test_every_stage_has_its_paragraph_and_every_paragraph_its_stage() -> None:
    planned = {layer.strip("()") for layer in layers() if layer.startswith("(")}
    assert stages_in_source() <= stages_described()
    assert stages_described() - stages_in_source() <= planned


def test_the_rule_of_imports_is_the_one_enforced() -> None:
    rule = next(line for line in ARCHITECTURE.splitlines() if line.startswith("    cli > "))
    assert rule.split(" > ") == ["    cli", *(layer.strip("()") for layer in layers()[1:])]
    assert stages_in_source() <= {layer.strip("()") for layer in layers()}


@pytest.mark.parametrize("path", sorted(set(paths_named())))
def test_every_path_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists() or (SOURCE / path).exists()


def test_files_can_be_read_in_one_sitting() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
    }
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_module_imports_the_public_names() -> None:
    culprits = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path != SOURCE / "__init__.py" and "bajas" in imported_by(path)
    ]
    assert culprits == []


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        requirements += extra
    declared = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in requirements}
    providers = packages_distributions()
    missing = {}
    for path in MODULES:
        for name in {name.split(".")[0] for name in imported_by(path)}:
            if name in sys.stdlib_module_names or name == "bajas":
                continue
            if not declared & {provider.lower() for provider in providers.get(name, [name])}:
                missing[str(path.relative_to(ROOT))] = name
    assert missing == {}


def test_every_public_name_is_in_the_reference() -> None:
    """Names whose module is written; a module such as ``bias`` is there by its members."""
    reference = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    entries = re.findall(r"^   (\w[\w.]*)$", reference, flags=re.MULTILINE)
    # what functions return is listed by its module, and must be there
    stages = {path.stem for path in (ROOT / "src" / "bajas").iterdir()} - set(bajas._HOMES)
    deeper = [name for name in entries if name.split(".")[0] in stages]
    for name in deeper:
        module, item = f"bajas.{name}".rsplit(".", 1)
        assert hasattr(import_module(module), item), name
    listed = {name.split(".")[0] for name in entries if name not in deeper}
    written = {
        name for name, home in bajas._HOMES.items() if find_spec(home.split(":")[0]) is not None
    }
    assert written == listed
