"""Text of a regular local file: what kind of file it is and which encoding it has."""

from __future__ import annotations

import os
import re
import stat
from typing import NoReturn

from bajas.claims import limits
from bajas.errors import ClaimError, Finding

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(//|[^\\/]*$)")
_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")

#: First bytes of files that hold a table in a form that isn't text.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ\x00", "xz-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF", "a PDF document"),
)

#: O_NONBLOCK: opening a pipe must not wait for a writer. O_BINARY matters on Windows only.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_CYRILLIC_1251 = frozenset([*range(0xC0, 0x100), 0xA8, 0xB8, 0xAA, 0xAF, 0xB2, 0xB3, 0xBA, 0xBF])


def display_name(path: str | os.PathLike[str]) -> str:
    """Return a path as text that can always be printed."""
    return os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")


def read_text(path: str | os.PathLike[str]) -> tuple[str, list[Finding]]:
    """Return the text of a UTF-8 file and what was normalised in it.

    Only regular local files are opened: never a URL, a directory, a pipe or a device, so that
    reading ends.

    Parameters
    ----------
    path : str or path-like
        The file.

    Raises
    ------
    ClaimError
        If the file can't be read, is too large, is no text, or isn't UTF-8.
    """
    file = display_name(path)
    data = _read_bytes(path, file)
    findings: list[Finding] = []
    if not data:
        _refuse(file, "empty-file", "the file is empty (0 bytes).", "give a table with a header")
    _check_kind(data, file)
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        findings.append(Finding("note", "byte-order-mark", "a UTF-8 byte order mark was stripped."))
    text = _decode(data, file)
    return text, findings


def _read_bytes(path: str | os.PathLike[str], file: str) -> bytes:
    if _URL.match(file) and not _WINDOWS_DRIVE.match(file) and not os.path.exists(file):
        _refuse(file, "url", "a URL was given; bajas reads local files only.", "download it first")
    try:
        handle = os.open(path, _OPEN_FLAGS)
    except FileNotFoundError:
        _refuse(file, "no-such-file", "there is no such file.", "check the path")
    except (OSError, ValueError) as error:
        _refuse_unreadable(file, error)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            _refuse(
                file,
                "not-a-regular-file",
                f"this is {_kind_of(status.st_mode)}, not a regular file.",
                "give the path of a CSV file",
            )
        limit = limits.MAX_FILE_BYTES
        if status.st_size > limit:
            _refuse_size(file, status.st_size)
        with os.fdopen(handle, "rb", closefd=False) as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        _refuse_unreadable(file, error)
    finally:
        os.close(handle)
    if len(data) > limit:
        _refuse_size(file, len(data))
    return data


def _check_kind(data: bytes, file: str) -> None:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            if b"xl/" in data[:65536] or file.lower().endswith((".xlsx", ".xlsm")):
                kind = "an Excel workbook (xlsx)"
            _refuse(
                file,
                "not-a-text-file",
                f"this is {kind}, not a text file.",
                "export the table to CSV (UTF-8) and give that file",
            )
    head = data[:4096]
    encoding = ""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        encoding = "UTF-32"
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "UTF-16"
    elif len(head) >= 4 and head.count(0) > len(head) // 4:
        # Western text in UTF-16 without a byte order mark: every other byte is NUL.
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > 4 * min(even, odd):
            encoding = "UTF-16 without a byte order mark"
    if encoding:
        _refuse(
            file,
            "not-utf-8",
            f"the file is not UTF-8; it looks like {encoding}.",
            "save it as UTF-8",
        )
    if b"\x00" in data:
        offset = data.index(0)
        _refuse(
            file,
            "nul-byte",
            f"there is a NUL byte at offset {offset} (line {_line(data, offset)}).",
            "remove it; the file may be damaged or not be text",
            row=_line(data, offset),
        )


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start
    line = _line(data, offset)
    looks = _single_byte_encoding(data)
    hint = f"; the file looks like {looks}" if looks else ""
    _refuse(
        file,
        "not-utf-8",
        f"byte 0x{data[offset]:02x} at offset {offset} (line {line}) is not valid UTF-8{hint}.",
        "save the file as UTF-8" if looks else "repair the damaged character",
        row=line,
    )


def _single_byte_encoding(data: bytes) -> str:
    """Return the encoding that bytes look like, or nothing if only a few of them are damaged."""
    decoded = data.decode("utf-8", errors="replace")
    broken = decoded.count("\N{REPLACEMENT CHARACTER}")
    valid = sum(1 for character in decoded if character > "\x7f") - broken
    if valid >= broken:
        return ""
    high = [byte for byte in data if byte >= 0x80]
    runs = re.findall(rb"[\x80-\xff]{3,}", data)
    if runs and sum(byte in _CYRILLIC_1251 for byte in high) >= 0.9 * len(high):
        return "cp1251 (Windows Cyrillic)"
    return "cp1252 or ISO-8859-1 (Windows or Latin-1)"


def _line(data: bytes, offset: int) -> int:
    head = data[:offset]
    return 1 + head.count(b"\n") + head.count(b"\r") - head.count(b"\r\n")


def _kind_of(mode: int) -> str:
    for test, kind in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a named pipe (FIFO)"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(mode):
            return kind
    return "a special file"


def _refuse_size(file: str, size: int) -> NoReturn:
    _refuse(
        file,
        "file-too-large",
        f"the file has {size:,} bytes or more; the limit is {limits.MAX_FILE_BYTES:,}.",
        "split it, or drop what is no claim",
    )


def _refuse_unreadable(file: str, error: Exception) -> NoReturn:
    reason = getattr(error, "strerror", None) or str(error)
    _refuse(file, "unreadable-file", f"the file can't be read: {reason}.", "check the path")


def _refuse(file: str, rule: str, message: str, fix: str, row: int | None = None) -> NoReturn:
    raise ClaimError([Finding("refuse", rule, message, fix, row=row)], file)
