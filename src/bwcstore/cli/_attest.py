"""What people confirm before and after destruction: `clock`, `backups`, `erasure`."""

from typing import Annotated, Final

import typer

from bwcstore.cli._command import command, group
from bwcstore.cli._custody_options import Statement, say_done
from bwcstore.cli._exit import Exit
from bwcstore.cli._open import acting, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import time_text
from bwcstore.cli._parse import pairs

_CONFIRMATIONS: Final = 2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    clock = group("Steps of the clock, which two actors must confirm.")
    command(clock, "clock list", needs=Needs.KEYS)(list_steps)
    command(clock, "clock confirm", needs=Needs.SESSION)(confirm)
    app.add_typer(clock, name="clock")
    backups = group("Copies of vault and evidence that are kept elsewhere.")
    command(backups, "backups declare", needs=Needs.SESSION)(declare)
    app.add_typer(backups, name="backups")
    erasure = group("What became of the root key and of backups when a key epoch ended.")
    command(erasure, "erasure attest", needs=Needs.SESSION)(attest)
    app.add_typer(erasure, name="erasure")


def list_steps(common: Common) -> int:
    """List the steps of the clock; exit code 14 when one is not confirmed by two actors."""
    with opened(common) as store:
        steps = store.clock_steps
    if common.output.machine:
        common.output.document(
            {
                "steps": [
                    {
                        "entry": one.index,
                        "before": str(one.before),
                        "after": str(one.after),
                        "confirmed_by": sorted(str(actor) for actor in one.confirmed_by),
                    }
                    for one in steps
                ]
            }
        )
    else:
        common.output.table(
            ("entry#", "from", "to", "confirmed by#"),
            (
                (
                    str(one.index),
                    time_text(one.before),
                    time_text(one.after),
                    f"{len(one.confirmed_by)} of {_CONFIRMATIONS}",
                )
                for one in steps
            ),
        )
    unconfirmed = any(len(one.confirmed_by) < _CONFIRMATIONS for one in steps)
    return Exit.CLOCK if unconfirmed else Exit.OK


def confirm(
    common: Common,
    *,
    index: Annotated[
        int, typer.Argument(metavar="INDEX", help="The entry that is later than expected.")
    ],
) -> None:
    """Confirm that a step of the clock was right; another actor must do so too."""
    with acting(common) as (_, session):
        session.confirm_clock(index)
    if common.output.machine:
        common.output.document({"confirmed": index})


def declare(
    common: Common,
    *,
    backups: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID=HOLDS]...",
            help="A backup by a code, and what it holds: vault, evidence or both. None: there "
            "are no backups.",
        ),
    ] = None,
    statement: Statement = None,
) -> None:
    """Say which backups there are, instead of the list before; certificates enumerate them."""
    found = pairs(backups or (), "ID=HOLDS")
    with acting(common) as (_, session):
        session.declare_backups(found, statement=statement)
    if common.output.machine:
        common.output.document({"backups": found})


def attest(
    common: Common,
    *,
    epoch: Annotated[int, typer.Argument(help="The key epoch that was destroyed.")],
    root: Annotated[
        str, typer.Option(help="What became of the root key: replaced, medium-sanitized, kept.")
    ],
    backups: Annotated[
        list[str] | None,
        typer.Option(
            "--backup",
            metavar="ID=OUTCOME",
            help="What became of a declared backup: destroyed, older-epoch-removed, kept; repeat "
            "for each.",
        ),
    ] = None,
    statement: Statement = None,
) -> None:
    """Attest what became of root key and backups; only with it a certificate claims erasure."""
    found = pairs(backups or (), "--backup")
    with acting(common) as (_, session):
        session.attest_erasure(epoch, root=root, backups=found, statement=statement)
    say_done(common.output, epoch=str(epoch), root=root)
