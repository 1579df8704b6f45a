"""Planted bugs: modules of bajas imported with lines of their source replaced, in this process."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "bajas"

#: Modules of the tests that know nothing of what they import.
_KEPT = ("__main__", "planted", "mutants", "mutants_model", "mutants_bugs")

#: Module below ``bajas``, a piece of its source that occurs once, and what replaces it.
Edit = tuple[str, str, str]


class _Loader(importlib.machinery.SourceFileLoader):
    """Load a module with pieces replaced."""

    def __init__(self, name: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        text = Path(self.path).read_text(encoding="utf-8")
        for _, old, new in self._edits:
            if text.count(old) != 1:
                raise LookupError(f"{fullname} has {text.count(old)} times: {old}")
            text = text.replace(old, new)
        return compile(text, self.path, "exec")


class _Finder:
    """Find the modules that are replaced."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self.found: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        own = [edit for edit in self._edits if name == f"bajas.{edit[0]}"]
        if not own:
            return None
        self.found.add(own[0][0])
        file = str(SOURCE.joinpath(*own[0][0].split(".")).with_suffix(".py"))
        return importlib.util.spec_from_file_location(name, file, loader=_Loader(name, file, own))


@contextmanager
def compiled_once() -> Iterator[None]:
    """Modules that nothing replaces are compiled once, not for every bug, wherever this runs."""
    kept = sys.pycache_prefix, sys.dont_write_bytecode
    with tempfile.TemporaryDirectory() as folder:
        sys.pycache_prefix, sys.dont_write_bytecode = folder, False
        try:
            yield
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = kept


def imported(edits: Sequence[Edit], *names: str, later: Sequence[str] = ()) -> list[ModuleType]:
    """Import modules of the tests over a bajas with these edits; all of both are imported anew.

    Modules of bajas that are edited must be among what is imported, but for those that may come
    ``later``.
    """
    for name, module in list(sys.modules.items()):
        of_tests = (getattr(module, "__file__", None) or "").startswith(str(TESTS))
        if name.split(".")[0] == "bajas" or (of_tests and name not in _KEPT):
            del sys.modules[name]
    sys.meta_path[:] = [item for item in sys.meta_path if not isinstance(item, _Finder)]
    finder = _Finder(edits)
    sys.meta_path.insert(0, finder)
    found = [importlib.import_module(name) for name in names]
    unused = {edit[0] for edit in edits} - finder.found
    for module_name in unused & set(later):
        finder.find_spec(f"bajas.{module_name}").loader.get_code(f"bajas.{module_name}")
    if unused - set(later):
        raise LookupError(f"never imported: {sorted(unused)}")
    return found
