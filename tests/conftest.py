"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

#: For runs of the suite against each of hundreds of mutants (benchmarks/mutation.py).
settings.register_profile("mutation", max_examples=15, deadline=None, derandomize=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of public data that isn't part of the project; a test that needs it is skipped."""
    named = os.environ.get("BAJAS_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no data folder {folder}; set BAJAS_DATA to the folder that holds it")
    return folder
