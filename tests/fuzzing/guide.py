"""What of the library a case has reached: lines seen for the first time, at no cost once seen.

Python's own monitoring (PEP 669) reports each line once and is then told not to report it again, so
that a fuzzer guided by coverage runs at full speed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType

import bajas

_TOOL = sys.monitoring.COVERAGE_ID
#: The parts of the library whose lines guide: what reads and judges tables.
_PARTS = ("claims", "ledger", "design")


class Guide:
    """Counts lines of the reader that ran for the first time. Use as a context manager."""

    def __init__(self) -> None:
        root = Path(str(bajas.__file__)).parent
        self._roots = tuple(f"{root / part}/" for part in _PARTS)
        self.lines: set[tuple[str, int]] = set()

    def __enter__(self) -> Guide:
        sys.monitoring.use_tool_id(_TOOL, "bajas fuzzing")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._seen)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)
        sys.monitoring.restart_events()
        return self

    def __exit__(self, *_error: object) -> None:
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.NO_EVENTS)
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, None)
        sys.monitoring.free_tool_id(_TOOL)

    def _seen(self, code: CodeType, line: int) -> object:
        if code.co_filename.startswith(self._roots):
            self.lines.add((code.co_filename, line))
        return sys.monitoring.DISABLE

    @property
    def count(self) -> int:
        """How many lines have run."""
        return len(self.lines)
