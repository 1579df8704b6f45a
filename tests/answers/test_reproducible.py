"""The same fit gives the same answers in any process: hash seeds and threads change no bit."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
from hand_made import independent

from bajas.posterior.storage import load
from bajas.workflow.fit import Fit

TESTS = Path(__file__).parents[1]


def digest(fit: Fit) -> dict[str, str]:
    """Return a hash of everything that can be cited of a fit."""
    frames = {
        "summary": fit.summary(), "sources": fit.sources(), "claims": fit.claims(),
        "shares": fit.shares_table("X"), "path": fit.path_table("killed", "X", cumulative=True),
        "statements": fit.statements(), "registers": fit.registers(), "gather": fit.gather(),
        "findings": pd.DataFrame([finding.as_dict() for finding in fit.findings]),
    }  # fmt: skip
    texts = {
        name: frame.to_json(double_precision=15, date_format="iso")
        for name, frame in frames.items()
    }
    texts["bits"] = hashlib.sha256(
        b"".join(
            frame.select_dtypes("number").to_numpy(float).tobytes() for frame in frames.values()
        )
    ).hexdigest()
    texts["cite"] = str(fit.cite("killed", "X", override="a test").as_dict())
    texts["probability"] = repr(fit.probability("killed", "X", at_least=1000).value)
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


SCRIPT = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from bajas.workflow.loading import load
from test_reproducible import digest
print(json.dumps(digest(load(sys.argv[3]))))
"""


def test_answers_of_a_saved_fit_are_the_same_in_every_process(tmp_path: Path) -> None:
    path = tmp_path / "fit.nc"
    Fit(independent(draws=60)).save(path)
    here = digest(Fit(load(path)))
    assert here == digest(Fit(independent(draws=60)))  # and as before it was saved
    assert len(set(here.values())) > 8
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(TESTS), str(Path(__file__).parent), str(path)],
        env={**os.environ, "PYTHONHASHSEED": "7", **threads},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == here
