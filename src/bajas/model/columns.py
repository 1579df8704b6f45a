"""Columns of the latent field while it is being laid out."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from bajas.model.term import Term


class FieldLayout:
    """Collects terms and says which column of the field an element of a term has."""

    def __init__(self) -> None:
        self.terms: list[Term] = []
        self._start: dict[str, int] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """Number of columns so far."""
        return self._size

    def add(self, term: Term) -> None:
        """Append a term, unless it is empty."""
        if term.size == 0:
            return
        self.terms.append(term)
        self._start[term.name] = self._size
        self._size += term.size

    def column(self, name: str, *position: int) -> int:
        """Return the column of an element of a term."""
        term = next(term for term in self.terms if term.name == name)
        return self._start[name] + int(np.ravel_multi_index(position, term.shape))


class SparseRows:
    """Collects the entries of a sparse matrix row by row."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._values: list[float] = []

    def add(self, row: int, column: int, value: float) -> None:
        """Add an entry; entries of the same place add up."""
        if value != 0.0:
            self._rows.append(row)
            self._columns.append(column)
            self._values.append(value)

    def matrix(self, rows: int, columns: int) -> sparse.csr_array:
        """Return the matrix in compressed rows, entries of a place summed."""
        entries = (np.array(self._values), (np.array(self._rows), np.array(self._columns)))
        if not self._values:
            return sparse.csr_array((rows, columns), dtype=float)
        matrix = sparse.coo_array(entries, shape=(rows, columns)).tocsr()
        matrix.sum_duplicates()
        matrix.sort_indices()
        return sparse.csr_array(matrix)
