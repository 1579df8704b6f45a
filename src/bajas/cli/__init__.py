"""The command ``bajas``: check, fit, total and cite without writing Python.

Exit status: 0 done; 1 the fit can't be trusted (it is saved and says why); 2 bad input or usage.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from bajas.cli.app import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "typer":
            raise
        print("bajas: the command line needs Typer: pip install 'bajas[cli]'", file=sys.stderr)
        sys.exit(2)
    sys.exit(run())
