"""Interrupts while what was drawn is being brought in."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: A draw that was made is given up at so many interrupts more.
INSISTENT = 3


@contextmanager
def held_interrupts(held: bool = True) -> Iterator[None]:
    """Hold back interrupts (Ctrl-C), so that draws are kept; the third breaks through.

    The first interrupt of a run ends it; those that follow would lose what it had drawn. They are
    dropped here, until somebody insists. Python tells only its main thread of interrupts, and a
    program may have its own way with them: elsewhere nothing is done.

    Parameters
    ----------
    held : bool
        False to do nothing.

    Raises
    ------
    KeyboardInterrupt
        At the third interrupt, from within the block.

    Examples
    --------
    >>> with held_interrupts():
    ...     signal.raise_signal(signal.SIGINT)
    ...     kept = "what was drawn"
    >>> kept
    'what was drawn'
    """
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not held or not main or before is not signal.default_int_handler:
        yield
        return
    left = INSISTENT

    def count(number: int, frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, count)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
