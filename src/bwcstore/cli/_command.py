"""How a function becomes a command: shared options, error messages and exit codes in one place.

No command shows a traceback to its user, except for a defect of this program, and then only
where `BWCSTORE_TRACEBACK` is set.
"""

import errno
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Concatenate, Final, ParamSpec, cast

import typer

from bwcstore.cli._exit import Exit, exit_code
from bwcstore.cli._help import DETAILS
from bwcstore.cli._options import Common, Needs, shared_parameters
from bwcstore.cli._output import Output
from bwcstore.errors import BwcStoreError, ErrorKind

P = ParamSpec("P")
Command = Callable[Concatenate[Common, P], int | None]

# Typer before 0.20 has Click's own class here, later versions a copy of it.
UsageError: Final = cast("type[Exception]", typer.BadParameter.__bases__[0])


def group(help_text: str) -> typer.Typer:
    """An empty group of commands."""
    return typer.Typer(
        help=help_text, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )


def command(app: typer.Typer, name: str, *, needs: Needs) -> Callable[[Command[P]], Command[P]]:
    """Register a function as the command `name`, whose last word is its name within `app`.

    Its first parameter receives the shared options; it returns an exit code, or None for 0.
    """

    def register(function: Command[P]) -> Command[P]:
        shared = shared_parameters(needs)
        own = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in list(inspect.signature(function).parameters.values())[1:]
        ]

        def run(**given: object) -> int:
            common = Common.take(given, needs)
            return guarded(lambda: function(common, **given), common.output)  # type: ignore[arg-type,call-arg]  # typer passes what the signature below asks for

        run.__doc__ = "\n\n".join((inspect.cleandoc(function.__doc__ or ""), DETAILS.get(name, "")))
        run.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]  # read by inspect.signature
        run.__annotations__ = {item.name: item.annotation for item in (*own, *shared)}
        app.command(name.rpartition(" ")[2])(run)
        return function

    return register


def guarded(work: Callable[[], int | None], output: Output) -> int:
    """Run `work` and turn every way it may end into a message and an exit code."""
    try:
        code = work() or Exit.OK
        sys.stdout.flush()
    except BwcStoreError as error:
        _traceback_if_defect(exit_code(error))
        output.fail(error.kind, _whole(error), exit_code(error))
        return exit_code(error)
    except UsageError as error:
        output.fail("usage", error.format_message(), Exit.USAGE)  # type: ignore[attr-defined]  # every UsageError has it
        return Exit.USAGE
    except (KeyboardInterrupt, typer.Abort):
        output.fail("interrupted", "interrupted", Exit.INTERRUPTED)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _settle_stdout()
        return Exit.OUTPUT_CLOSED
    except OSError as error:
        _settle_stdout()
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind = ErrorKind.STORAGE_FULL if full else ErrorKind.STORAGE_IO
        where = f" {os.fsdecode(error.filename)}:" if error.filename else ""
        output.fail(kind, f"cannot read or write:{where} {error.strerror or error}", Exit.STORAGE)
        return Exit.STORAGE
    except Exception as error:  # noqa: BLE001 - the last line before the user
        _traceback_if_defect(Exit.DEFECT)
        output.fail(
            ErrorKind.DEFECT,
            f"a defect of this program: {type(error).__name__}: {error}; "
            "please report it with what BWCSTORE_TRACEBACK=1 shows",
            Exit.DEFECT,
        )
        return Exit.DEFECT
    return code


def _whole(error: BwcStoreError) -> str:
    notes: Sequence[str] = getattr(error, "__notes__", ())
    return "; ".join((error.message, *notes))


def _traceback_if_defect(code: Exit) -> None:
    if code == Exit.DEFECT and os.environ.get("BWCSTORE_TRACEBACK"):
        traceback.print_exc()


def _settle_stdout() -> None:
    """Print what is still to be printed; where that fails, keep the interpreter, which tries
    once more at its end, from failing again.
    """
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
