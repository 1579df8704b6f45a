"""Mutations that know what a table is: cells, rows, columns, references, encoding, bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from bajas.claims import columns
from fuzzing.cases import Case, Cells, Patch, Sheet, json_or_none

#: Cells that have broken readers, spreadsheets or terminals.
NASTY = (
    *("", " ", "0", "-0", "00", "1e400", "1E5", "1,200", "1.200", "1.2000", "NaN", "-inf", "nan"),
    *("9" * 400, "1" * 5000, "999999999", "1000000000", "1000000001", "0.5", "95", "95%", "1.0"),
    *("0.1", "1_000", "0x10", "½", "²", "١٢٣", "тысяча", "-12", "+12", "12.", ".5", "dozens"),
    *("2023-02-30", "2023-02-29", "2024-02-29", "2023", "2023-01", "01/02/2023", "2023-1-1"),
    *("0001-01-01", "9999-12-31", "2023-01-01T00:00", "20230101", "2023-W01-1", "1900-01-01"),
    *("=1+1", "'=1", "''=1", "\t=1", "@x", "-", "+", "'", "''", '"', '""', ";", "|", ",", "-1-1"),
    *('=HYPERLINK("http://x")', "@SUM(A1)", "+1+1", "-2+3", "\r=1", "'-1", "'+x", "'\t=1"),
    *("all", "all-", "all-all", "all|all", "-all", "all+guard", "killed|wounded", "killed|killed"),
    *("killed", "casualties", "casualties-killed", "killed+tank", "_per_day", "killed_per_day"),
    *("casualties|killed", "tank", "range", "peak", "at_least", "at_most", "about", "exact"),
    *("tally", "assessment", "register", "assertion", "statistical", "list", "military"),
    *("civilian", "unknown", "true", "false", "TRUE", "1", "yes", "neutral", "none", "null"),
    *("https://", "http://[", "//x", "javascript:alert(1)", "http://a:b@c", "http://x:99999999"),
    *("data:text/html,x", "HTTPS://EXAMPLE.ORG", 'https://example.org/"x', "http://пример.рф"),
    *("\u202e", "\u200b", "e\u0301", "\u212b", "\u0430a", "\u0131", "İ", "ß", "\ufb01", "\x85"),
    *("\x1c", "\x1f", "\ufeff", "\u2028", "\u00a0", "\u3000", "\ue000", "\U0001f600", "\uffff"),
    *(
        "\n",
        "\r",
        "\r\n",
        "a\nb",
        "\x0b",
        "\x0c",
        "\x00",
        "\x1b[2J",
        "\ud800",
        "\u115f",
        "\U000e0041",
    ),
    *("<script>alert(1)</script>", "&amp;", "$x_{", "a$b$", "%s%n", "{}", "\\", "../../x", "C:\\x"),
)
ALPHABET = "abAB01289 .,-+=@;|'\"\t\n\réжω\u0301\u200d漢\U0001f600"
LENGTHS = (80, 81, 200, 201, 255, 1000)

#: A mutation of a sheet that holds claims or sources.
SheetMutation = Callable[[Random, Sheet, Case], Sheet]


# -- cells -------------------------------------------------------------------------------------


def _damaged(rng: Random, text: str) -> str:
    """Change a text a little."""
    place = rng.randint(0, len(text))
    way = rng.randrange(8)
    if way == 0:
        return text[:place] + rng.choice(ALPHABET) + text[place:]
    if way == 1:
        return text[:place] + text[place + 1 :]
    if way == 2:
        return rng.choice(ALPHABET) + text
    if way == 3:
        return text + rng.choice(ALPHABET)
    if way == 4:
        return text.swapcase()
    if way == 5:
        return text * 2
    if way == 6:
        return text[:place] + rng.choice(NASTY) + text[place:]
    return rng.choice(("'", "=", "+", "-", "@", " ", "\t", "~", ">", "\ufeff")) + text


def _number(rng: Random) -> str:
    digits = str(rng.randrange(10 ** rng.randint(1, 12)))
    way = rng.randrange(7)
    if way == 0:
        return f"{digits}.{rng.randrange(1000):03d}"
    if way == 1:
        return f"{int(digits):,}"
    if way == 2:
        return f"-{digits}"
    if way == 3:
        return f"{digits}e{rng.randint(0, 400)}"
    if way == 4:
        return repr(rng.random())
    return digits


def _day(rng: Random, text: str) -> str:
    try:
        day = date.fromisoformat(text) + timedelta(
            days=rng.choice((-1, 1, -30, 365, 36524, -90000))
        )
    except (ValueError, OverflowError):
        return "2022-06-01"
    return rng.choice((day.isoformat(), day.isoformat(), f"{day:%d/%m/%Y}", f"{day:%Y%m%d}"))


def change_cell(rng: Random, sheet: Sheet, _case: Case) -> Sheet:
    row = rng.randrange(len(sheet.rows))
    if not sheet.rows[row]:
        return sheet
    column = rng.randrange(len(sheet.rows[row]))
    text = sheet.rows[row][column]
    way = rng.randrange(9)
    if way <= 2:
        new = rng.choice(NASTY)
    elif way <= 4:
        new = _damaged(rng, text)
    elif way == 5:
        new = _number(rng)
    elif way == 6:
        new = _day(rng, text)
    elif way == 7:
        new = "".join(rng.choices(ALPHABET, k=rng.randint(0, 12)))
    else:
        length = (
            rng.choice(LENGTHS) if rng.random() < 0.97 else rng.choice((65_536, 65_537, 140_000))
        )
        new = (text or "x") * (length // max(len(text), 1) + 1)
        new = new[:length]
    return sheet.with_cell(row, column, new)


def known_cell(rng: Random, sheet: Sheet, _case: Case) -> Sheet:
    """Put into a column what belongs there or into another column, so that more is accepted."""
    name = rng.choice(sheet.header)
    place, row = sheet.header.index(name), rng.randrange(len(sheet.rows))
    if len(sheet.rows[row]) <= place:
        return sheet
    words = {
        "qualifier": ("exact", "about", "at_least", "at_most", "range", "peak"),
        "kind": ("tally", "assessment", "register", ""),
        "evidence": ("assertion", "assessment", "statistical", "list", ""),
        "status": ("military", "civilian", "unknown"),
        "outcome": ("killed", "casualties", "wounded", "killed|casualties", "tank", "captured"),
        "component": ("all", "wagner", "all-wagner", "regular", "all|wagner", "ldnr"),
        "value": ("", "0", "100", "1000", "12.5"), "low": ("", "0", "100"),
        "high": ("", "100", "100000"), "level": ("", "0.9", "0.5"),
        "per_day": ("", "0", "1"), "provisional": ("", "0", "1", "true"),
        "population": ("", "100000"), "missing_included": ("", "0", "1", "unknown"),
        "speaks_for": ("RU", "UA", "neutral", ""), "side": ("RU", "UA", "X"),
        "anchor_mean": ("", "0", "-0.4"), "anchor_sd": ("", "0.2"),
        "url": ("", "https://example.org/a"), "excluded": ("", "withdrawn by its source"),
        "theatre": ("", "bakhmut"), "note": ("", "RATE", "RETRACTED", "=1+1"),
    }.get(name)  # fmt: skip
    chosen = rng.choice(words) if words else rng.choice(sheet.column(name) or [""])
    return sheet.with_cell(row, place, chosen)


def swap_cells(rng: Random, sheet: Sheet, _case: Case) -> Sheet:
    row = rng.randrange(len(sheet.rows))
    cells = list(sheet.rows[row])
    if len(cells) < 2:
        return sheet
    one, other = rng.sample(range(len(cells)), 2)
    cells[one], cells[other] = cells[other], cells[one]
    return sheet.with_row(row, tuple(cells))


def refer(rng: Random, sheet: Sheet, case: Case) -> Sheet:
    """Point a row at a claim or source, itself included: circles, chains and dead ends."""
    names = [*case.claims.column("claim_id"), *case.claims.column("source"), "nobody"]
    places = [sheet.header.index(n) for n in ("derived_from", "supersedes") if n in sheet.header]
    row = rng.randrange(len(sheet.rows))
    if not places or len(sheet.rows[row]) <= max(places):
        return sheet
    text = rng.choice((";", "; ", ";;")).join(rng.choices(names, k=rng.randint(1, 3)))
    return sheet.with_cell(row, rng.choice(places), text)


# -- rows and columns --------------------------------------------------------------------------


def change_rows(rng: Random, sheet: Sheet, _case: Case) -> Sheet:
    row = rng.randrange(len(sheet.rows))
    cells = sheet.rows[row]
    way = rng.randrange(7)
    if way == 0:
        return sheet.with_row(row, cells, cells)
    if way == 1:
        other: Cells = (f"{cells[0]}x", *cells[1:]) if cells else ()
        return sheet.with_row(row, cells, other)
    if way == 2 and len(sheet.rows) > 1:
        return sheet.with_row(row)
    if way == 3:
        return sheet.with_row(row, cells[: rng.randint(0, len(cells))])
    if way == 4:
        return sheet.with_row(row, (*cells, rng.choice(NASTY)))
    if way == 5:
        return sheet.with_row(row, ("",) * rng.randint(0, 3), cells)
    return replace(sheet, rows=tuple(reversed(sheet.rows)))


def change_columns(rng: Random, sheet: Sheet, _case: Case) -> Sheet:
    place = rng.randrange(len(sheet.header))
    known = (*columns.REQUIRED, *columns.OPTIONAL, *columns.SOURCE_OPTIONAL)
    way = rng.randrange(8)
    if way <= 1:
        name = rng.choice((*NASTY, *known, _damaged(rng, sheet.header[place])))
        return replace(sheet, header=(*sheet.header[:place], name, *sheet.header[place + 1 :]))
    if way == 2:
        return Sheet(_without(sheet.header, place), tuple(_without(r, place) for r in sheet.rows))
    if way == 3:
        order = rng.sample(range(len(sheet.header)), len(sheet.header))
        if all(len(row) == len(order) for row in sheet.rows):
            return Sheet(
                tuple(sheet.header[i] for i in order),
                tuple(tuple(row[i] for i in order) for row in sheet.rows),
            )
        return sheet
    name = rng.choice(("extra.a", "extra.ж", "extra.", "extra.=1", "Extra.a", *known, *NASTY))
    return Sheet(
        (*sheet.header, name),
        tuple((*row, rng.choice(("", "0", "1", "x", *NASTY))) for row in sheet.rows),
    )


def _without(cells: Cells, place: int) -> Cells:
    return (*cells[:place], *cells[place + 1 :])


# -- the file ----------------------------------------------------------------------------------


def change_form(rng: Random, case: Case) -> Case:
    form = case.form
    way = rng.randrange(8)
    if way == 0:
        sep = rng.choice(";\t|")
        form = replace(form, sep=sep, told=sep)
    elif way == 1:
        form = replace(form, told=rng.choice(",;\t|"))
    elif way <= 3:
        form = replace(form, end=rng.choice(("\r", "\r\n", "\n\n", "\n\r", "\r\r\n")))
    elif way == 4:
        form = replace(form, quote_all=True)
    elif way == 5:
        form = replace(form, mark=rng.choice((b"\xef\xbb\xbf", b"\xef\xbb\xbf" * 2, b"PK\x03\x04")))
    elif way == 6:
        form = replace(form, encoding=rng.choice(("utf-16", "utf-16-le", "cp1251", "utf-32")))
    else:
        return replace(case, as_frame=not case.as_frame)
    return replace(case, form=form)


def change_bytes(rng: Random, case: Case) -> Case:
    names = ["claims"] * 4 + (["sources"] if case.sources is not None else [])
    names += ["taxonomy"] if case.taxonomy is not None else []
    place = rng.random()
    way = rng.randrange(6)
    if way == 0:
        patch = Patch(place, 1, bytes([rng.randrange(256)]))
    elif way == 1:
        patch = Patch(
            place, 0, rng.choice((b'"', b",", b"\n", b"\r", b"\x00", b'""', b"\xff", b"\xc3"))
        )
    elif way == 2:
        patch = Patch(place, rng.randint(1, 40), b"")
    elif way == 3:
        patch = Patch(place, 10**9, b"")  # cut off
    elif way == 4:
        patch = Patch(place, 0, rng.randbytes(rng.randint(1, 8)))
    else:
        patch = Patch(place, 0, rng.choice(NASTY).encode("utf-8", "surrogatepass"))
    return replace(case, patches=(*case.patches, (rng.choice(names), patch)))


# -- the taxonomy ------------------------------------------------------------------------------

_LEAVES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    float("nan"),
    "",
    "all",
    "killed",
    "other",
    "X",
    "a-b",
    "2022-02-24",
    "20220224",
    "2022-W08-4",
    "\ud800",
    [],
    {},
    ["killed"],
    {"a": "b"},
    {"first_day": "2022-01-01"},
    [[]],
)
_ENTRIES: tuple[tuple[str, Any], ...] = (
    ("outcomes", {"boat": "equipment"}),
    ("outcomes", {"killed": "equipment"}),
    ("sums", {"losses": ["killed"]}),
    ("sums", {"killed": ["killed"]}),
    ("sides", {"RU": {"components": {"regular": {}, "wagner": {}}}}),
    ("sides", {"X": {"components": {"a": {}}, "groups": {"g": ["a"]}, "parts": {"p": "a"}}}),
    ("sides", {"X": {"components": {}}}),
    ("sides", {"X": {"components": {"a": {"first_day": "2023-01-01"}}}}),
    ("sides", {"X": {"components": {"a": {"first_dy": "2023-01-01"}}, "group": {"g": ["a"]}}}),
    ("regions", {"north": "", "east": "north"}),
    ("regions", {"a": "b", "b": "a"}),
    ("first_day", "2022-02-24"),
    ("first_day", "9999-12-31"),
    ("unknown", 1),
)


def change_taxonomy(rng: Random, case: Case) -> Case:
    data = json_or_none(case.taxonomy or "{}")
    if not isinstance(data, dict) or rng.random() < 0.1:
        text = rng.choice(("", "[]", "{", "null", "1" * 5000, "[" * 100_000, '{"sides": 1}',
                           '{"first_day": "2022-02-24", "first_day": "2022-02-25"}'))  # fmt: skip
        return replace(case, taxonomy=text)
    if rng.random() < 0.6:
        name, entry = rng.choice(_ENTRIES)
        data[name] = {**data[name], **entry} if _both_dicts(data.get(name), entry) else entry
    else:
        _change_leaf(rng, data)
    return replace(case, taxonomy=json.dumps(data))


def _both_dicts(one: object, other: object) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)


def _change_leaf(rng: Random, data: dict[str, Any]) -> None:
    """Walk down to some entry and remove, rename or replace it."""
    here: Any = data
    while isinstance(here, dict) and here:
        name = rng.choice(sorted(here))
        below = here[name]
        if not isinstance(below, dict) or not below or rng.random() < 0.3:
            way = rng.randrange(3)
            if way == 0:
                del here[name]
            elif way == 1:
                here[rng.choice(NASTY)] = here.pop(name)
            else:
                here[name] = rng.choice(_LEAVES)
            return
        here = below


# -- all together ------------------------------------------------------------------------------

_SHEETS: tuple[tuple[SheetMutation, int], ...] = (
    (change_cell, 9),
    (known_cell, 12),
    (swap_cells, 2),
    (refer, 2),
    (change_rows, 3),
    (change_columns, 3),
)
_COUNTS = (1, 1, 1, 1, 1, 2, 2, 3, 5)


def mutated(rng: Random, case: Case) -> Case:
    """Return a case with a few things changed."""
    for _ in range(rng.choice(_COUNTS)):
        draw = rng.random()
        if draw < 0.08:
            case = change_form(rng, case)
        elif draw < 0.14:
            case = change_bytes(rng, case)
        elif draw < 0.19:
            case = change_taxonomy(rng, case)
        else:
            mutation = rng.choices([m for m, _ in _SHEETS], [w for _, w in _SHEETS])[0]
            if _has_cells(case.sources) and rng.random() < 0.2:
                assert case.sources is not None
                case = replace(case, sources=mutation(rng, case.sources, case))
            elif _has_cells(case.claims):
                case = replace(case, claims=mutation(rng, case.claims, case))
    return replace(case, touched=True)


def _has_cells(sheet: Sheet | None) -> bool:
    return sheet is not None and bool(sheet.rows) and bool(sheet.header)
