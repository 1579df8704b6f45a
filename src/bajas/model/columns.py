"""Columns of the latent field while it is being laid out."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from bajas.model.term import Term


class FieldLayout:
    """Collects terms and says which column of the field an element of a term has."""

    def __init__(self) -> None:
        self.terms: list[Term] = []
        self._shape: dict[str, tuple[int, ...]] = {}
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
        self._shape[term.name] = term.shape
        self._start[term.name] = self._size
        self._size += term.size

    def column(self, name: str, *position: int) -> int:
        """Return the column of an element of a term."""
        place = 0
        for index, size in zip(position, self._shape[name], strict=True):
            if not 0 <= index < size:
                raise IndexError(
                    f"{name} has no element {position}: its shape is {self._shape[name]}"
                )
            place = place * size + index
        return self._start[name] + place


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

    def extend(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        """Add many entries; as one by one."""
        kept = values != 0.0
        self._rows.extend(rows[kept].tolist())
        self._columns.extend(columns[kept].tolist())
        self._values.extend(values[kept].tolist())

    def matrix(self, rows: int, columns: int) -> sparse.csr_array:
        """Return the matrix in compressed rows, entries of a place summed."""
        entries = (np.array(self._values), (np.array(self._rows), np.array(self._columns)))
        if not self._values:
            return sparse.csr_array((rows, columns), dtype=float)
        matrix = sparse.coo_array(entries, shape=(rows, columns)).tocsr()
        matrix.sum_duplicates()
        matrix.sort_indices()
        return sparse.csr_array(matrix)
