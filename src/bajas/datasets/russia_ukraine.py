"""Losses in the war of Russia against Ukraine, as claimed up to the end of August 2023."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pandas as pd

from bajas.claims.taxonomy import Taxonomy
from bajas.ledger.ledger import Ledger
from bajas.ledger.read import read_claims

#: Claims of the article have ids that begin with this letter.
_ARTICLE = "s"


def russia_ukraine_2023() -> Ledger:
    """Return 188 claims on Russian and Ukrainian military losses, 24 February 2022 to August 2023.

    167 statements by governments, forces, agencies, newsrooms and researchers of both sides and of
    neither (ids c001 to c167), and the 21 statements of one newspaper article of 7 August 2023
    (ids s001 to s021). Figures that repeat another one are kept with what they repeat, and figures
    that were withdrawn or misreported with the reason; neither counts as evidence.

    Returns
    -------
    Ledger
        The claims with 30 sources and the taxonomy of the war.

    Notes
    -----
    Compiled for this project: facts and figures, each with the page on which it was read. What
    was decided about each doubtful figure is in the datasheet,
    ``docs/datasets/russia_ukraine_2023.md``. Licence: that of bajas (Apache-2.0). The Ukrainian
    General Staff's totals were read from the transcription by P. Ivaniuk (MIT), two figures from
    the table of The Economist (CC BY), one from the work of D. Kobak and colleagues (CC BY).

    Examples
    --------
    >>> import bajas
    >>> ledger = bajas.datasets.russia_ukraine_2023()
    >>> len(ledger)
    188
    >>> claim = ledger["c145"]
    >>> claim.source, claim.value, claim.low, claim.high, claim.level
    ('mediazona_meduza', 47000.0, 40000.0, 55000.0, 0.95)
    >>> ledger["c054"].derived_from
    ('c052', 'c053')
    """
    with _files() as folder:
        return read_claims(
            folder / "claims.csv",
            sources=folder / "sources.csv",
            taxonomy=Taxonomy.from_json(folder / "taxonomy.json"),
        )


def russia_ukraine_2023_shares() -> pd.DataFrame:
    """Return recommended priors for the split of Russian losses between forces, with evidence.

    Losses of the Luhansk and Donetsk forces as multiples of the regular army's, on the first day of
    the war, for :func:`bajas.share_priors`. What they rest on is in the column ``evidence`` and in
    ``docs/explanation/components.md``; that of Donetsk leans on claims that are in the fit too.

    Returns
    -------
    pandas.DataFrame
        ``side``, ``component``, ``per_main``, ``log_sd``, ``evidence``.

    Examples
    --------
    >>> russia_ukraine_2023_shares()[["component", "per_main", "log_sd"]].values.tolist()
    [['dnr', 0.3, 0.6], ['lnr', 0.2, 0.8]]
    """
    with _files() as folder:
        return pd.read_csv(folder / "component_shares.csv", encoding="utf-8")


def article_2023_08_07() -> Ledger:
    """Return the 21 claims of one newspaper article, taken by themselves.

    The article is a report of the agency EFE of 7 August 2023 on Russian losses, which names the
    Ukrainian General Staff, the Russian Ministry of Defence, a commander of the Wagner group, and
    Mediazona with Meduza. In :func:`russia_ukraine_2023` most of its figures are marked as repeats
    of the statements behind it. Here those statements are absent, so a figure is marked as a
    repeat only of another figure in the article.

    Returns
    -------
    Ledger
        The claims s001 to s021 with their four sources.

    Notes
    -----
    Made from the rows of the same file, so the two can't drift apart. Where the statement that a
    figure repeats is absent, the link is dropped and the note says so. Origin and licence are
    those of :func:`russia_ukraine_2023`.

    Examples
    --------
    >>> import bajas
    >>> article = bajas.datasets.article_2023_08_07()
    >>> sorted({claim.source for claim in article})
    ['mediazona_meduza', 'ru_mod', 'ua_general_staff', 'wagner_marx']
    >>> article["s003"].component, article["s003"].value
    ('all-wagner-ldnr', 5937.0)
    >>> article["s006"].excluded
    'misreport: 78,000 is the number of fighters who took part, not a loss'
    """
    with _files() as folder:
        claims = _read_text(folder / "claims.csv")
        sources = _read_text(folder / "sources.csv")
        taxonomy = Taxonomy.from_json(folder / "taxonomy.json")
    claims = claims[claims["claim_id"].str.startswith(_ARTICLE)]
    sources = sources[sources["source"].isin(claims["source"])]
    return read_claims(_without_absent_links(claims), sources=sources, taxonomy=taxonomy)


def _without_absent_links(claims: pd.DataFrame) -> pd.DataFrame:
    """Drop references to claims that the table doesn't hold, and say so in the note."""
    present = set(claims["claim_id"]) | set(claims["source"])
    claims = claims.copy()
    for row in claims.index:
        named = [name for name in claims.loc[row, "derived_from"].split(";") if name]
        kept = [name for name in named if name in present]
        if kept != named:
            absent = ", ".join(name for name in named if name not in present)
            claims.loc[row, "derived_from"] = ";".join(kept)
            claims.loc[row, "note"] += f". {absent} is only in the full data set"
    return claims.reset_index(drop=True)


def _read_text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


@contextmanager
def _files() -> Iterator[Path]:
    """Give the folder of the shipped files, wherever the package is installed."""
    folder = resources.files("bajas.datasets").joinpath("russia_ukraine_2023")
    with resources.as_file(folder) as path:
        yield path
