"""What the command line prints: plain text that can't steer a terminal, and JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

#: Invisible characters that change the order or the look of the text around them.
_DECEPTIVE = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""Return a text with control characters written out: a claims table is untrusted input.

    Examples
    --------
    >>> print(printable("name\x1b[2J"))
    name\x1b[2J
    """
    return "".join(
        character
        if character == "\n" or (character.isprintable() and character not in _DECEPTIVE)
        else ascii(character)[1:-1]
        for character in text
    )


def say(text: str) -> None:
    """Print a line of the answer to standard output."""
    _write(sys.stdout, printable(text))


def complain(text: str) -> None:
    """Print a line to standard error."""
    _write(sys.stderr, printable(text))


def show_json(data: Any) -> None:
    """Print plain data as JSON (ASCII, no NaN) to standard output."""
    print(json.dumps(data, indent=2, allow_nan=False))


def _write(stream: Any, text: str) -> None:
    # A terminal that can't show a name shows its code instead of stopping half-way.
    encoding = getattr(stream, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)
