"""Priors of components' shares from a table, a user's or one that ships with a data set."""

from __future__ import annotations

import os

import pandas as pd

from bajas.errors import SpecificationError
from bajas.model.specification import SharePrior

_NEEDED = ("side", "component", "per_main", "log_sd")


def share_priors(table: pd.DataFrame | str | os.PathLike[str]) -> dict[str, SharePrior]:
    """Return priors of components' losses from a table, for ``IntensityPrior(components=...)``.

    Parameters
    ----------
    table : pandas.DataFrame, str or path-like
        One row per component with the columns ``side``, ``component``, ``per_main`` (median of its
        losses as a multiple of those of the side's main force, on the war's first day) and
        ``log_sd`` (sd of the logarithm). Other columns, such as the evidence, are for readers. A
        path is one of such a CSV file in UTF-8.

    Returns
    -------
    dict of str to SharePrior
        By "SIDE component".

    Raises
    ------
    SpecificationError
        If the table can't be read, a column is absent, a component is there twice, or an entry
        isn't a positive number; names every row that is wrong.

    Examples
    --------
    >>> import bajas
    >>> priors = share_priors(bajas.datasets.russia_ukraine_2023_shares())
    >>> sorted(priors)
    ['RU dnr', 'RU lnr']
    """
    if isinstance(table, (str, os.PathLike)):
        try:
            table = pd.read_csv(table, dtype=str, keep_default_na=False, encoding="utf-8")
        except (OSError, ValueError) as error:
            raise SpecificationError(f"can't read shares {table}: {error}") from error
    absent = [name for name in _NEEDED if name not in table.columns]
    if absent:
        raise SpecificationError(
            f"a table of shares needs the columns {', '.join(_NEEDED)}; absent: {', '.join(absent)}"
        )
    found: dict[str, SharePrior] = {}
    problems = []
    for number, row in enumerate(table.to_dict("records"), start=1):
        key = f"{row['side']} {row['component']}"
        try:
            prior = SharePrior(float(row["per_main"]), float(row["log_sd"]))
        except (TypeError, ValueError, SpecificationError):
            problems.append(
                f"row {number} ({key}): per_main {row['per_main']!r} and log_sd {row['log_sd']!r}"
                " must be positive numbers"
            )
            continue
        if key in found:
            problems.append(f"row {number}: {key} is there twice")
        found[key] = prior
    if problems:
        raise SpecificationError("shares: " + "; ".join(problems))
    return found
