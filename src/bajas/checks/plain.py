"""Results as plain data and as files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def plain_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dicts of plain data; a number that JSON doesn't have is None."""
    rows: list[dict[str, Any]] = []
    for record in table.to_dict(orient="records"):
        plain = {}
        for name, value in record.items():
            kept = value.item() if isinstance(value, np.generic) else value
            if isinstance(kept, float) and not np.isfinite(kept):
                kept = None
            if isinstance(kept, pd.Timestamp):
                kept = kept.date().isoformat()
            plain[str(name)] = kept
        rows.append(plain)
    return rows


def save_result(path: str | os.PathLike[str], whole: dict[str, Any], table: pd.DataFrame) -> None:
    """Write a table as CSV if the file's name ends in .csv, else everything as JSON."""
    target = Path(path)
    if target.suffix == ".csv":
        table.to_csv(target, index=False)
    else:
        target.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", encoding="utf-8")
