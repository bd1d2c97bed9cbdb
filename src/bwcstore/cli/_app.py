"""The program: its groups of commands, and how it ends."""

import sys
from collections.abc import Sequence

import typer

from bwcstore.cli import (
    _actors,
    _attest,
    _certificate,
    _custody_law,
    _demo,
    _evidence,
    _facts,
    _holds,
    _iam,
    _ingest,
    _init,
    _keys,
    _law,
    _locks,
    _probe_command,
    _purge,
    _query,
    _releases,
    _repair,
    _requests,
    _stores,
    _verify,
)
from bwcstore.cli._command import UsageError, group
from bwcstore.cli._exit import Exit
from bwcstore.cli._output import Output

PROGRAM = "bwcstore"


def build() -> typer.Typer:
    """The whole program, in the order that help lists its commands."""
    app = group("Write-once, encrypted, publicly checkable storage for recordings.")
    _init.register(app)
    _ingest.register(app)
    _query.register(app)
    _evidence.register(app)
    _verify.register(app)
    _certificate.register(app)
    _stores.register_ledger(app)
    _keys.register(app)
    _actors.register(app)
    _facts.register(app)
    _holds.register(app)
    _requests.register(app)
    _releases.register(app)
    _purge.register(app)
    _attest.register(app)
    _locks.register(app)
    _iam.register(app)
    _probe_command.register(app)
    _stores.register_upkeep(app)
    _repair.register(app)
    _law.register(app)
    _custody_law.register(app)
    _demo.register(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code."""
    command = typer.main.get_command(build())
    output = Output(machine="--json" in arguments, quiet=False)
    try:
        result = command.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except UsageError as error:
        if output.machine:
            output.fail("usage", error.format_message(), Exit.USAGE)  # type: ignore[attr-defined]  # every UsageError has it
        else:
            error.show()  # type: ignore[attr-defined]  # every UsageError has it
        return Exit.USAGE
    except (KeyboardInterrupt, typer.Abort):
        output.fail("interrupted", "interrupted", Exit.INTERRUPTED)
        return Exit.INTERRUPTED
    sys.stdout.flush()
    return result if isinstance(result, int) else Exit.OK
