"""Text cells: Unicode normal form, characters that deceive, and cells that look like formulas."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from bajas.errors import Severity

#: Embeddings, overrides and isolates: they show text in another order than it has.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Characters without a shape that aren't of the category "format".
_SHAPELESS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_PLAIN_TEXT = re.compile(r"[\x20-\x7e]*")

#: Cyrillic and Greek letters that look like Latin ones, for comparing names.
_LOOKALIKES = str.maketrans(
    "авеіјкмнорсѕтухһԁАВЕІЈКМНОРСЅТУХαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abeijkmhopcstyxhdABEIJKMHOPCSTYXaeiknoptuxABEZHIKMNOPTYX",
)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something noticed in one cell, before it is known which row and claim it belongs to."""

    severity: Severity
    rule: str
    message: str
    fix: str = ""


def clean_text(raw: str, *, name: bool) -> tuple[str, list[Remark]]:
    """Normalise the text of one cell.

    Parameters
    ----------
    raw : str
        The cell.
    name : bool
        Whether the cell names something (a claim, a source), so that letters that only look like
        others matter.

    Returns
    -------
    tuple of (str, list of Remark)
        The text without blanks around it, in Unicode normal form C and without the apostrophe
        with which :func:`escape_cell` marks formulas; and what was noticed.
    """
    remarks: list[Remark] = []
    text = raw.strip()
    if text != raw:
        remarks.append(Remark("note", "blanks-stripped", "blanks around the text were stripped."))
    if _ESCAPED.match(text):
        text = text[1:]
        remarks.append(
            Remark("note", "escape-removed", "the apostrophe before a formula sign was removed.")
        )
    # A tab or return in front is how some formulas are smuggled in, so the raw text counts too.
    if looks_like_formula(text) or raw.startswith(("\t", "\r")):
        remarks.append(
            Remark(
                "warn",
                "formula-looking-cell",
                "the cell would be a formula in a spreadsheet; it is kept as text and escaped "
                "in every export.",
            )
        )
    if _PLAIN_TEXT.fullmatch(text):
        return text, remarks
    normal = unicodedata.normalize("NFC", text)
    if normal != text:
        remarks.append(
            Remark("note", "not-nfc", "the text was brought into Unicode normal form C.")
        )
    return normal, remarks + _deceptive(normal, name)


def _deceptive(text: str, name: bool) -> list[Remark]:
    remarks = []
    if found := _BIDI.intersection(text):
        remarks.append(
            Remark(
                "refuse",
                "bidi-control",
                f"invisible characters reverse the order of the text ({_codes(found)}).",
                "remove them",
            )
        )
    categories = {character: unicodedata.category(character) for character in set(text)}
    if "Cs" in categories.values():
        remarks.append(
            Remark("refuse", "not-unicode", "half of a surrogate pair is no text.", "remove it")
        )
    control = {c for c, kind in categories.items() if kind == "Cc" and c not in "\t\r\n"}
    if control:
        remarks.append(
            Remark(
                "refuse",
                "control-character",
                f"control characters are not text ({_codes(control)}).",
                "remove them",
            )
        )
    if not name:
        return remarks
    hidden = {c for c, kind in categories.items() if kind == "Cf" or c in _SHAPELESS} - _BIDI
    if hidden:
        remarks.append(
            Remark(
                "warn",
                "invisible-character",
                f"the name holds invisible characters ({_codes(hidden)}).",
                "remove them: the name looks like another one but isn't",
            )
        )
    for word in _WORD.findall(text):
        scripts = {_script(character) for character in word} - {""}
        if len(scripts) > 1:
            remarks.append(
                Remark(
                    "warn",
                    "mixed-script",
                    f"one word mixes letters of {' and '.join(sorted(scripts))}.",
                    "letters that look alike make two names of one: retype it",
                )
            )
            break
    return remarks


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet would take a cell for a formula (a negative number is none).

    Examples
    --------
    >>> looks_like_formula("=1+1"), looks_like_formula("-12"), looks_like_formula("a=b")
    (True, False, False)
    """
    return text.startswith(("=", "+", "-", "@", "\t", "\r")) and not _NUMBER.fullmatch(text)


def escape_cell(text: str) -> str:
    """Return a cell for a CSV export: an apostrophe before whatever could run as a formula.

    Examples
    --------
    >>> escape_cell("=1+1"), escape_cell("-12")
    ("'=1+1", '-12')
    """
    return "'" + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def fold_lookalikes(text: str) -> str:
    """Return text with Cyrillic and Greek letters replaced by the Latin ones they look like."""
    return text.translate(_LOOKALIKES)


def _script(character: str) -> str:
    first = unicodedata.name(character, "").split(" ")[0]
    return first.title() if first in ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN") else ""


def _codes(characters: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(f"U+{ord(character):04X}" for character in characters))
