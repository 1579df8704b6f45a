"""The daily totals of the Ukrainian General Staff, from the public files a user has downloaded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from bajas.errors import BajasError

URL = "https://github.com/PetroIvaniuk/2022-Ukraine-Russia-War-Dataset"
PERSONNEL_FILE = "russia_losses_personnel.json"
EQUIPMENT_FILE = "russia_losses_equipment.json"

_FIRST_DAY = date(2022, 2, 24)
_MAX_BYTES = 50_000_000
_MAX_COUNT = 1_000_000_000
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: Our outcome: the columns of the equipment file that add up to it.
_EQUIPMENT: Mapping[str, tuple[str, ...]] = {
    "tank": ("tank",),
    "armoured_vehicle": ("APC",),
    "artillery": ("field artillery",),
    "rocket_launcher": ("MRL",),
    "air_defence": ("anti-aircraft warfare",),
    "aircraft": ("aircraft",),
    "helicopter": ("helicopter",),
    "drone": ("drone",),
    "cruise_missile": ("cruise missiles",),
    "ship": ("naval ship",),
    "submarine": ("submarines",),
    "vehicle": ("vehicles and fuel tanks",),
    "special_equipment": ("special equipment",),
}
#: What an outcome was called before the categories were merged (1 May 2022).
_EARLIER: Mapping[str, tuple[str, ...]] = {"vehicle": ("military auto", "fuel tank")}
#: How the personnel file words a total. "more" stands beside six totals of March 2022.
_WORDING = {"about": "about", "more": "at_least"}

_COLUMNS = (
    *("claim_id", "source", "source_type", "speaks_for", "side", "component", "outcome"),
    *("start", "end", "published", "value", "low", "high", "level", "qualifier", "provisional"),
    *("url", "note", "kind", "evidence", "status"),
)


def general_staff_claims(
    folder: str | Path,
    *,
    outcomes: Sequence[str] = ("casualties",),
    until: str | date | None = None,
) -> pd.DataFrame:
    """Read the General Staff's daily totals of Russian losses as a claims table.

    Parameters
    ----------
    folder : str or pathlib.Path
        The folder that holds ``russia_losses_personnel.json`` and ``russia_losses_equipment.json``.
    outcomes : sequence of str
        Outcomes of our taxonomy: ``casualties`` (personnel), ``tank``, ``armoured_vehicle``,
        ``artillery``, ``rocket_launcher``, ``air_defence``, ``aircraft``, ``helicopter``,
        ``drone``, ``cruise_missile``, ``ship``, ``submarine``, ``vehicle``,
        ``special_equipment``.
    until : str or datetime.date, optional
        Last day to cover; every day of the files if absent.

    Returns
    -------
    pandas.DataFrame
        One row for each outcome and report, every cell text, as :func:`bajas.read_claims` takes
        it. A report published in the morning covers the day before: the window ends on the
        report's date - 1 and begins on 24 February 2022.

    Raises
    ------
    BajasError
        If a file is missing or malformed, or an outcome isn't counted there.

    Notes
    -----
    The files don't ship with bajas. Origin: https://github.com/PetroIvaniuk/2022-Ukraine-Russia-War-Dataset
    (P. Ivaniuk, folder ``data``), licence MIT.

    The categories changed. Until 30 April 2022 ``vehicle`` is the sum of military vehicles and
    fuel tanks, afterwards one merged figure; cruise missiles begin on 1 May 2022, special
    equipment on 16 March 2022, submarines on 14 September 2023. Prisoners (until April 2022),
    mobile ballistic missile systems (36 days in spring 2022) and ground robots (from May 2026)
    have no outcome here and are left out. A category that is absent or null on a day gives no
    claim for that day: silence isn't zero. Restatements are part of the totals, so some of them
    fall from one day to the next; the file of corrections isn't needed.

    Examples
    --------
    >>> import json, tempfile
    >>> from pathlib import Path
    >>> import bajas
    >>> folder = Path(tempfile.mkdtemp())
    >>> report = {"date": "2022-02-25", "day": 2, "personnel": 2800, "personnel*": "about"}
    >>> _ = (folder / "russia_losses_personnel.json").write_text(json.dumps([report]))
    >>> claims = bajas.datasets.general_staff_claims(folder)
    >>> claims[["claim_id", "end", "published", "value"]].iloc[0].to_list()
    ['gs-casualties-2022-02-25', '2022-02-24', '2022-02-25', '2800']
    """
    wanted = (outcomes,) if isinstance(outcomes, str) else tuple(dict.fromkeys(outcomes))
    known = ("casualties", *_EQUIPMENT)
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise BajasError(
            f"the General Staff's files count no outcome {unknown}; known: {', '.join(known)}"
        )
    last = _iso_day(until) if isinstance(until, str) else until
    rows: list[dict[str, str]] = []
    for outcome in wanted:
        path = Path(folder) / (PERSONNEL_FILE if outcome == "casualties" else EQUIPMENT_FILE)
        for day, report in _reports(path):
            if last is not None and day - timedelta(days=1) > last:
                break
            row = _row(outcome, day, report, path)
            if row is not None:
                rows.append(row)
    if not rows:
        raise BajasError(f"no report in {folder} covers {', '.join(wanted)} until {last}")
    return pd.DataFrame(rows, columns=list(_COLUMNS), dtype=str)


def _row(outcome: str, day: date, report: Mapping[str, Any], path: Path) -> dict[str, str] | None:
    qualifier = "exact"
    if outcome == "casualties":
        value = _sum(report, ("personnel",), day, path)
        wording = report.get("personnel*", "about")
        if not isinstance(wording, str) or wording not in _WORDING:
            _refuse(path, day, f"'personnel*' is {wording!r}, not one of {sorted(_WORDING)}")
        qualifier = _WORDING[wording]
    else:
        value = _sum(report, _EQUIPMENT[outcome], day, path)
        if outcome in _EARLIER:
            earlier = _sum(report, _EARLIER[outcome], day, path)
            if value is not None and earlier is not None:
                _refuse(path, day, f"{outcome} is there both merged and in parts")
            value = earlier if value is None else value
    if value is None:
        return None
    return {
        **dict.fromkeys(_COLUMNS, ""),
        "claim_id": f"gs-{outcome}-{day}",
        "source": "ua_general_staff",
        "source_type": "belligerent",
        "speaks_for": "UA",
        "side": "RU",
        "component": "all",
        "outcome": outcome,
        "start": _FIRST_DAY.isoformat(),
        "end": (day - timedelta(days=1)).isoformat(),
        "published": day.isoformat(),
        "value": str(value),
        "qualifier": qualifier,
        "provisional": "1",
        "url": URL,
        "note": f"Running total in the report of {day}, read from {path.name}",
        "kind": "tally",
        "evidence": "assertion",
        "status": "military",
    }


def _sum(report: Mapping[str, Any], columns: tuple[str, ...], day: date, path: Path) -> int | None:
    counts = [_count(report.get(column), column, day, path) for column in columns]
    present = [count for count in counts if count is not None]
    if not present:
        return None
    if len(present) < len(columns):
        _refuse(path, day, f"some of {', '.join(columns)} are missing")
    return sum(present)


def _count(value: Any, column: str, day: date, path: Path) -> int | None:
    if value is None:
        return None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not 0 <= value <= _MAX_COUNT:
        _refuse(path, day, f"{column!r} is {value!r}, not a count from 0 to {_MAX_COUNT}")
    return int(value)


def _reports(path: Path) -> Iterator[tuple[date, Mapping[str, Any]]]:
    """Yield the reports of a file in order of their dates."""
    previous = _FIRST_DAY
    for number, report in enumerate(_records(path), start=1):
        text = report.get("date") if isinstance(report, dict) else None
        if not isinstance(text, str):
            raise BajasError(f"{path}: record {number} has no date but {text!r}")
        day = _iso_day(text, f"{path}: record {number}: ")
        if day <= previous:
            raise BajasError(
                f"{path}: record {number} is of {day}, not after {previous}; reports must be in"
                " order, one a day, from 2022-02-25"
            )
        previous = day
        yield day, report


def _iso_day(text: str, where: str = "") -> date:
    try:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BajasError(f"{where}{text!r} is no day written as YYYY-MM-DD")


def _records(path: Path) -> list[Any]:
    if not path.is_file():
        raise BajasError(f"no file {path}; download it from {URL} (folder data)")
    if path.stat().st_size > _MAX_BYTES:
        raise BajasError(f"{path} is larger than {_MAX_BYTES} bytes")
    try:
        records = json.loads(path.read_text(encoding="utf-8"), parse_constant=_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise BajasError(f"can't read {path} as JSON: {error}") from error
    if not isinstance(records, list) or not records:
        raise BajasError(f"{path} must hold a list of reports")
    return records


def _constant(name: str) -> None:
    """Take NaN, which pandas writes for an absent figure, as null; refuse infinities."""
    if name != "NaN":
        raise ValueError(f"{name} is not a count")


def _refuse(path: Path, day: date, what: str) -> NoReturn:
    raise BajasError(f"{path}: report of {day}: {what}")
