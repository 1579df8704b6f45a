"""Conflicts whose losses became known later: claims made at the time, and the truth."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, overload

from bajas.claims.taxonomy import Taxonomy
from bajas.errors import BajasError
from bajas.ledger.hindsight_case import HindsightCase
from bajas.ledger.read import read_claims
from bajas.ledger.truth import Grade, read_truths

if TYPE_CHECKING:
    import pandas as pd

#: The cases and the grades of their truths; the datasheets say why.
CASES: dict[str, Grade] = {
    "april_war_2016": "B",
    "battle_of_britain_1940": "A",
    "bosnia_1992_95": "C",
    "gaza_2008_09": "B",
    "gulf_war_1991": "C",
    "jenin_2002": "B+",
    "karabakh_2020": "A",
    "khalkhin_gol_1939": "C",
    "kosovo_1999": "B+",
    "six_day_war_1967": "C",
    "wehrmacht_1939_41": "B+",
}


@overload
def hindsight() -> pd.DataFrame: ...


@overload
def hindsight(name: str) -> HindsightCase: ...


def hindsight(name: str | None = None) -> pd.DataFrame | HindsightCase:
    """Return a conflict whose losses became known later, or the list of them.

    Parameters
    ----------
    name : str, optional
        Name of a case; the list of all cases without it.

    Returns
    -------
    HindsightCase or pandas.DataFrame
        The case with its claims and truths; or a table of ``name``, ``grade`` (A, B+, B or C) and
        the numbers of ``claims`` and ``truths``.

    Raises
    ------
    BajasError
        If no case of that name ships with bajas.

    Notes
    -----
    Compiled for this project: facts and figures, each with the page on which it was read. Many
    truths were read through secondary pages. Cases were chosen because the disagreement was
    famous. A datasheet for each is in ``docs/datasets``. Licence: that of bajas (Apache-2.0).

    Examples
    --------
    >>> import bajas
    >>> bajas.datasets.hindsight().query("grade == 'A'")["name"].to_list()
    ['battle_of_britain_1940', 'karabakh_2020']
    >>> case = bajas.datasets.hindsight("kosovo_1999")
    >>> truth = case.truths[0]
    >>> truth.outcome, truth.value, [claim.value for claim in case.about(truth)]
    ('tank', 14.0, [93.0, 120.0, 13.0])
    """
    if name is not None:
        return _case(name)
    import pandas as pd

    cases = [_case(known) for known in sorted(CASES)]
    return pd.DataFrame(
        {
            "name": [case.name for case in cases],
            "grade": [case.grade for case in cases],
            "claims": [len(case.ledger) for case in cases],
            "truths": [len(case.truths) for case in cases],
        }
    )


@cache
def _case(name: str) -> HindsightCase:
    if name not in CASES:
        raise BajasError(
            f"no hindsight case {name!r} ships with bajas; there are {', '.join(sorted(CASES))}"
        )
    files = resources.files("bajas.datasets").joinpath("hindsight", name)
    with resources.as_file(files) as folder:
        taxonomy = Taxonomy.from_json(folder / "taxonomy.json")
        return HindsightCase(
            name=name,
            grade=CASES[name],
            ledger=read_claims(folder / "claims.csv", taxonomy=taxonomy),
            truths=read_truths(folder / "truths.csv", taxonomy),
        )
