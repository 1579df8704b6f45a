"""One cell of text to one value: number, probability, date, flag, link. Strict: nothing guessed."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from math import isfinite
from urllib.parse import urlsplit

from bajas.claims import limits

_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_THOUSANDS_DOT = re.compile(r"[1-9][0-9]{0,2}(\.[0-9]{3})+")
_GROUPED = re.compile(r"[0-9]{1,3}([,\u0020\u00a0\u2009\u202f'\u2019_][0-9]{3})+(\.[0-9]+)?")
_COMMA = re.compile(r"[0-9]+,[0-9]+")
_EUROPEAN = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]+")
_EXPONENT = re.compile(r"[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,4}")
_MULTIPLE = re.compile(r"(?P<number>[0-9]+([.,][0-9]+)?)\s*(?P<unit>k|m|mln|thousand|million)")
_SPAN = re.compile(r"(?P<low>[0-9][0-9,.' ]*)\s*[-\u2010-\u2015]\s*(?P<high>[0-9][0-9,.' ]*)")
_WORDS = {
    "about": ("~", "\u2248", "ca.", "ca", "c.", "circa", "about", "around", "roughly", "some"),
    "at_least": (">=", ">", "\u2265", "over", "more than", "at least", "min"),
    "at_most": ("<=", "<", "\u2264", "up to", "under", "less than", "at most", "almost", "max"),
}
_NOT_FINITE = {"nan", "inf", "infinity", "none", "null", "na", "n/a"}

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR_MONTH = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_SLASHED = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{2,4})")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+")


class CellProblem(Exception):
    """A cell can't be read; carries the rule, the message and the fix for a finding."""

    def __init__(self, rule: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.fix = fix


def number_text(value: float) -> str:
    """Return a number as text that :func:`parse_number` reads back exactly.

    Examples
    --------
    >>> number_text(1200.0), number_text(12.5), number_text(1.125)
    ('1200', '12.5', '1.1250')
    """
    if not isfinite(value):
        return str(value)
    if float(value).is_integer():
        return str(int(value))
    text = repr(float(value))
    if "e" in text:
        text = f"{value:.30f}".rstrip("0")
    # "1.125" would be refused, as it may be 1125 in European notation; "1.1250" can't be.
    return text + "0" if _THOUSANDS_DOT.fullmatch(text) else text


def parse_number(text: str) -> float:
    """Return the non-negative number in a cell.

    ASCII digits with an optional decimal point; no separators of thousands, signs, exponents,
    units or words, since each has more than one reading or belongs in another column.

    Raises
    ------
    CellProblem
        With the readings that the text may have, or the columns that say what it says.

    Examples
    --------
    >>> parse_number("47000")
    47000.0
    """
    if not _PLAIN.fullmatch(text):
        raise _not_plain(text)
    if text.startswith("-"):
        raise CellProblem(
            "negative-number", "a count can't be negative.", "give the number of losses, 0 or more"
        )
    if _THOUSANDS_DOT.fullmatch(text):
        whole = text.replace(".", "")
        decimal = f" or {number_text(float(text))}" if text.count(".") == 1 else ""
        raise CellProblem(
            "ambiguous-separator",
            f"it can be read as {whole}{decimal}: the dot may separate thousands or decimals.",
            f"write {whole}{decimal}",
        )
    value = float(text)
    if value > limits.MAX_FIGURE:
        raise CellProblem(
            "number-too-large",
            f"the figure is above {limits.MAX_FIGURE:,.0f}, more than any force ever had.",
            "check the number of digits",
        )
    return value


def _not_plain(text: str) -> CellProblem:
    if any(character.isnumeric() and not character.isascii() for character in text):
        return _foreign_digits(text)
    if text.strip("+-").lower() in _NOT_FINITE:
        return CellProblem(
            "not-finite", "this is not a number.", "leave the cell empty where there is no figure"
        )
    if _EXPONENT.fullmatch(text):
        return CellProblem(
            "exponent",
            "a number with an exponent; spreadsheets shorten long numbers like this.",
            "write all digits",
        )
    if _EUROPEAN.fullmatch(text):
        whole, _, decimals = text.partition(",")
        first = whole.replace(".", "") + "." + decimals
        return CellProblem(
            "ambiguous-separator",
            f"it can be read as {first} (decimal comma) or, if the comma separates thousands, "
            f"as {text.replace(',', '')}.",
            f"write {first} if that is meant",
        )
    if _GROUPED.fullmatch(text) or _COMMA.fullmatch(text):
        whole = re.sub(r"[^0-9.]", "", text)
        if _COMMA.fullmatch(text):
            decimal = number_text(float(text.replace(",", ".")))
            message = f"it can be read as {whole} or as {decimal}: separators are not guessed."
            return CellProblem("ambiguous-separator", message, f"write {whole} or {decimal}")
        return CellProblem(
            "separator-in-number",
            f"separators of thousands are not read; it seems to say {whole}.",
            f"write {whole}",
        )
    return _words_in_number(text)


def _words_in_number(text: str) -> CellProblem:
    lowered = text.lower().strip()
    qualifier = ""
    rest = lowered
    for name, marks in _WORDS.items():
        for mark in sorted(marks, key=len, reverse=True):
            if lowered.startswith(mark):
                qualifier, rest = name, lowered[len(mark) :].strip()
                break
        if qualifier:
            break
    if not qualifier and rest.endswith("+"):
        qualifier, rest = "at_least", rest[:-1].strip()
    number = _suggested(rest)
    if qualifier and number:
        return CellProblem(
            "qualifier-in-number",
            "the cell mixes a figure with a qualifier.",
            f"value={number}, qualifier={qualifier}",
        )
    if span := _SPAN.fullmatch(lowered):
        low, high = _suggested(span["low"].strip()), _suggested(span["high"].strip())
        if low and high:
            return CellProblem(
                "range-in-number",
                "the cell holds two figures.",
                f"low={low}, high={high}, qualifier=range, value empty",
            )
    if number and number != text:
        return CellProblem(
            "unit-in-number", "the cell mixes a figure with a unit.", f"write {number}"
        )
    return CellProblem(
        "not-a-number",
        "this is not a number in ASCII digits.",
        "give figures in value, or low and high with qualifier=range; leave the claim out if its "
        "source gave only a word",
    )


def _suggested(text: str) -> str:
    """Return plain digits that a text seems to mean, or nothing."""
    if _PLAIN.fullmatch(text):
        return text
    if match := _MULTIPLE.fullmatch(text):
        factor = 1_000_000 if match["unit"].startswith("m") else 1_000
        return number_text(round(float(match["number"].replace(",", ".")) * factor, 3))
    if _GROUPED.fullmatch(text):
        return re.sub(r"[^0-9.]", "", text)
    return ""


def _foreign_digits(text: str) -> CellProblem:
    digits = "".join(
        str(unicodedata.digit(character, character)) if not character.isascii() else character
        for character in text
    )
    fix = f"write {digits}" if digits.isascii() else "write it in ASCII digits"
    return CellProblem("not-ascii-digits", "only the digits 0-9 are read.", fix)


def parse_probability(text: str) -> float:
    """Return the probability in a cell: strictly between 0 and 1.

    Examples
    --------
    >>> parse_probability("0.95")
    0.95
    """
    bare = text.removesuffix("%").strip()
    if _PLAIN.fullmatch(bare):
        value = float(bare)
        if 0 < value < 1 and bare == text:
            return value
        if 1 < value < 100:
            fix = f"write {number_text(round(value / 100, 10))}"
            raise CellProblem("level-not-a-probability", "a level is between 0 and 1.", fix)
    raise CellProblem(
        "level-not-a-probability",
        "a level is a probability strictly between 0 and 1.",
        "write for example 0.95, or leave it empty if the source states none",
    )


def parse_log_ratio(text: str) -> float:
    """Return the decimal number in a cell that holds the logarithm of a ratio; may be negative.

    Examples
    --------
    >>> parse_log_ratio("-0.405")
    -0.405
    """
    if not _PLAIN.fullmatch(text) or not isfinite(float(text)):
        raise CellProblem("not-a-number", "this is not a number.", "write for example -0.4")
    return float(text)


def parse_date(text: str) -> date:
    """Return the calendar date in a cell: ISO 8601, ``YYYY-MM-DD``, and nothing else.

    Examples
    --------
    >>> parse_date("2023-05-27")
    datetime.date(2023, 5, 27)
    """
    if _ISO.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise CellProblem(
                "no-such-date", f"there is no such day ({error}).", "check the date"
            ) from None
    if _YEAR_MONTH.fullmatch(text):
        raise CellProblem(
            "date-not-a-day",
            "a year or a month is not a day.",
            "give the first day in start and the last in end, as YYYY-MM-DD",
        )
    if match := _SLASHED.fullmatch(text):
        first, second, year = match.groups()
        readings = [
            (f"day {day} of month {month}", f"{year}-{month:0>2}-{day:0>2}")
            for day, month in ((first, second), (second, first))
            if int(month) <= 12
        ]
        raise CellProblem(
            "date-not-iso",
            f"it can be read as {' or as '.join(words for words, _ in readings)}."
            if readings
            else "this is not a date.",
            f"write {' or '.join(iso for _, iso in readings)}"
            if readings
            else "write it as YYYY-MM-DD",
        )
    if _DATE_TIME.fullmatch(text):
        raise CellProblem(
            "date-with-time",
            "only dates are read, without a time of day or a zone.",
            f"write {text[:10]} if that is the reporting day",
        )
    raise CellProblem("date-not-iso", "this is not a date.", "write it as YYYY-MM-DD")


def parse_flag(text: str) -> bool:
    """Return a yes/no cell: 1, 0, true or false.

    Examples
    --------
    >>> parse_flag("1"), parse_flag("false")
    (True, False)
    """
    known = {"1": True, "0": False, "true": True, "false": False}
    if text.lower() not in known:
        raise CellProblem("not-a-flag", "this is neither yes nor no.", "write 1 or 0")
    return known[text.lower()]


def check_url(text: str) -> None:
    """Refuse a link that isn't plain http or https, or that carries a password.

    Raises
    ------
    CellProblem
        If the link isn't one that may be published beside a claim.
    """
    try:
        parts = urlsplit(text)
        host, user = parts.hostname, parts.username
        secret = parts.password
        _ = parts.port
    except ValueError as error:
        raise CellProblem("bad-url", f"this is not a link ({error}).", "repair it") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise CellProblem(
            "url-scheme",
            f"links are http or https, not {parts.scheme[:20] or 'without a scheme'}.",
            "give the address of the page; put other references in the note",
        )
    if user is not None or secret is not None:
        raise CellProblem(
            "url-credentials",
            "the link carries a user name or password.",
            "remove it, and change the password: this file leaks it",
        )
    if not host or any(character.isspace() or character in '\\<>"' for character in text):
        raise CellProblem("bad-url", "this is not one link.", "give one address, without spaces")
