"""The errors and findings of every stage; importable by all, importing none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["refuse", "warn", "note"]


#: Problems that the message of an error lists; a broken file can have thousands.
_SHOWN = 50


class BajasError(Exception):
    """Base class of every error that bajas raises on purpose."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed about the evidence: a value that is collected, shown and saved.

    Parameters
    ----------
    severity : {"refuse", "warn", "note"}
        ``refuse`` stops the reading, ``warn`` is accepted but belongs beside every answer,
        ``note`` records a normalisation or an assumption.
    rule : str
        Short stable name of the rule, for example ``"date-not-iso"``.
    message : str
        What was found, in one sentence.
    fix : str
        What the user can do about it; empty where there is nothing to do.
    row : int, optional
        Line in the file as an editor counts it (the header is line 1).
    claim_id, column, text : str, optional
        The claim, the column and the offending text.
    claim_ids : tuple of str
        All claims concerned, where there are several.
    """

    severity: Severity
    rule: str
    message: str
    fix: str = ""
    row: int | None = None
    claim_id: str | None = None
    column: str | None = None
    text: str | None = None
    claim_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = ", ".join(
            part
            for part in (
                f"row {self.row}" if self.row is not None else "",
                f"claim {self.claim_id}" if self.claim_id else _listed(self.claim_ids),
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        text = f" {self.text!r}:" if self.text is not None else ""
        fix = f" Fix: {self.fix}." if self.fix else ""
        place = f"{where}:" if where else ""
        parts = (f"[{self.severity}]", place, text.strip(), f"{self.message} ({self.rule}){fix}")
        return " ".join(part for part in parts if part)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain data for JSON."""
        data = asdict(self)
        data["claim_ids"] = list(self.claim_ids)
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """Build a finding from the plain data of :meth:`as_dict`."""
        return cls(**{**data, "claim_ids": tuple(data.get("claim_ids", ()))})


def _listed(claim_ids: tuple[str, ...]) -> str:
    if not claim_ids:
        return ""
    shown = ", ".join(claim_ids[:6])
    return f"claims {shown}" + (f", ... ({len(claim_ids)})" if len(claim_ids) > 6 else "")


class ClaimError(BajasError):
    """A claims or sources table was refused; carries every problem found, not only the first.

    Parameters
    ----------
    problems : sequence of Finding
        All findings of severity ``refuse``.
    file : str, optional
        Name of the file or ``"DataFrame"``.

    Notes
    -----
    ``row``, ``claim_id``, ``column``, ``text``, ``rule`` and ``fix`` are the first problem's.
    """

    def __init__(self, problems: Sequence[Finding], file: str = "claims") -> None:
        if not problems:
            raise ValueError("a ClaimError needs at least one problem")
        self.problems: tuple[Finding, ...] = tuple(problems)
        self.file = file
        first = self.problems[0]
        self.row = first.row
        self.claim_id = first.claim_id
        self.column = first.column
        self.text = first.text
        self.rule = first.rule
        self.fix = first.fix
        count = len(self.problems)
        head = f"{file}: {count} problem{'s' if count != 1 else ''}"
        lines = [f"  {problem}" for problem in self.problems[:_SHOWN]]
        if count > _SHOWN:
            lines.append(f"  ... and {count - _SHOWN} more (all are in .problems)")
        super().__init__("\n".join([head, *lines]))


class TaxonomyError(BajasError):
    """A taxonomy contradicts itself or an expression can't be read with it."""


class SpecificationError(BajasError):
    """A model specification is invalid or can't be met by the claims at hand."""


class QuantityError(BajasError):
    """An answer was asked for that the fit doesn't hold; says what can be asked."""


class SamplingError(BajasError):
    """The sampler could not produce draws."""


class NotTrustedError(BajasError):
    """A citation was asked of a fit that failed its convergence verdict."""


class FileFormatError(BajasError):
    """A saved file is truncated, damaged, hostile or of an unknown version."""


def refusals(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop the reading."""
    return tuple(finding for finding in findings if finding.severity == "refuse")
