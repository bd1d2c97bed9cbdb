"""The command line: arguments in, calls of the public API, an exit code out. No logic."""

import sys
from typing import Final

__all__ = ["main"]

EXTRA: Final = frozenset({"rich", "typer"})


def main() -> None:
    """Run the command line of this process and exit with its code."""
    try:
        from bwcstore.cli._app import run  # noqa: PLC0415 - the extra may be absent
    except ModuleNotFoundError as exc:
        if exc.name not in EXTRA:
            raise
        sys.exit(
            f"bwcstore: the command line needs {exc.name}, which is not installed; "
            "install it with: pip install 'bwcstore[cli]' [extra-missing]"
        )
    sys.exit(run(sys.argv[1:]))
