"""Writing a file whole or not at all: beside the target first, then renamed."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bajas.errors import BajasError


def write_whole(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write a file so that a reader, a full disk or a kill never leaves half of it.

    The content goes to a file of another name in the same folder, is brought to the disk, and takes
    the target's name in one step. Where that fails, an interrupt included, the target is as it was
    and nothing else is left behind; only a process that is killed leaves the other file, whose name
    ends in ``.part``.

    Parameters
    ----------
    path : str or path-like
        The file; replaced if it exists, its permissions kept. A link stays, what it leads to is
        replaced.
    parts : iterable of bytes
        The content, one after the other.

    Raises
    ------
    BajasError
        If the file can't be written, or is no regular file.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(f"{folder}/a.txt", [b"one ", b"two"])
    ...     os.listdir(folder), Path(folder, "a.txt").read_text()
    (['a.txt'], 'one two')
    """
    temporary = ""
    try:
        target = Path(os.path.realpath(path))
        mode = _mode(target)
        handle, temporary = tempfile.mkstemp(
            dir=target.parent, prefix=f"{target.name[:40]}.", suffix=".part"
        )
        with os.fdopen(handle, "wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
        temporary = ""
    except (OSError, ValueError) as error:
        raise BajasError(f"can't write {os.fspath(path)}: {error}") from error
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def _mode(target: Path) -> int:
    """Return the permissions that a file is to have: those it has, or those of any new file."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
    # A device or pipe would be replaced by a file: /dev/full must stay what it is.
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it exists and isn't a regular file")
    return stat.S_IMODE(status.st_mode)
