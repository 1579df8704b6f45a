"""A hindsight case: what was claimed about a conflict at the time, and what is known today."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import pandas as pd

from bajas.ledger.ledger import Ledger
from bajas.ledger.truth import Grade, Truth


@dataclass(frozen=True)
class HindsightCase:
    """Claims made at the time of a conflict, and truths established later.

    Parameters
    ----------
    name : str
        For example ``kosovo_1999``.
    grade : {"A", "B+", "B", "C"}
        How far the case's truths can be trusted; a single truth may be graded lower.
    ledger : Ledger
        The claims. Column ``extra.late`` marks those made long after, ``extra.compiled`` holds the
        cells of the compiled table that were reworded.
    truths : tuple of Truth
        One for each quantity and window.

    Examples
    --------
    >>> import bajas
    >>> case = bajas.datasets.hindsight("jenin_2002")
    >>> case
    HindsightCase jenin_2002 (grade B+): 9 claims, 1 truth
    >>> case.truths[0].value, case.truths[0].high
    (52.0, 56.0)
    """

    name: str
    grade: Grade
    ledger: Ledger
    truths: tuple[Truth, ...]

    def __repr__(self) -> str:
        count = len(self.truths)
        return (
            f"HindsightCase {self.name} (grade {self.grade}): {len(self.ledger)} claims,"
            f" {count} truth{'' if count == 1 else 's'}"
        )

    def truth_table(self) -> pd.DataFrame:
        """Return the truths, one row each, with ``start`` and ``end`` as dates."""
        table = pd.DataFrame([asdict(truth) for truth in self.truths])
        for column in ("start", "end"):
            table[column] = pd.to_datetime(table[column])
        return table

    def about(self, truth: Truth) -> Ledger:
        """Return the claims about one quantity: same side, component, outcome and status.

        Parameters
        ----------
        truth : Truth
            One of :attr:`truths`. Its window doesn't matter: claims about other windows of the
            same losses bear on it too.

        Returns
        -------
        Ledger
            May hold no claim.
        """
        return replace(
            self.ledger,
            claims=tuple(
                claim
                for claim in self.ledger
                if (claim.side, claim.component, claim.outcome, claim.status) == truth.target
            ),
        )
