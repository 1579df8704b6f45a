"""Claims that ship with the library, and readers for public files that a user has downloaded.

Shipped: :func:`russia_ukraine_2023` and, out of it, :func:`article_2023_08_07`; conflicts whose
losses became known later, :func:`hindsight`; by name, as on the command line, :func:`load` and
:func:`available`. With the first, recommended priors for the split between forces:
:func:`russia_ukraine_2023_shares`. Downloaded by the user: the daily totals of the
Ukrainian General Staff, :func:`general_staff_claims`.
"""

from bajas.datasets.catalogue import available, load
from bajas.datasets.folder import data_folder
from bajas.datasets.general_staff import general_staff_claims
from bajas.datasets.hindsight_cases import hindsight
from bajas.datasets.russia_ukraine import (
    article_2023_08_07,
    russia_ukraine_2023,
    russia_ukraine_2023_shares,
)

__all__ = [
    "article_2023_08_07",
    "available",
    "data_folder",
    "general_staff_claims",
    "hindsight",
    "load",
    "russia_ukraine_2023",
    "russia_ukraine_2023_shares",
]
