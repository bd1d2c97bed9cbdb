"""The commands `purge plan|propose|approve|withdraw|run|status|certificate|over-retained`.

Only `purge run` destroys, and only what an approved plan names.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.cli._command import command, group
from bwcstore.cli._custody_options import AsOf, PlanArgument, say_done
from bwcstore.cli._exit import Exit
from bwcstore.cli._files import keep_certificate, replace_file
from bwcstore.cli._open import acting, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._parse import act_id, civil_date, digest, object_id
from bwcstore.cli._progress import reporting
from bwcstore.cli._purge_show import (
    open_plans_code,
    plan_code,
    run_code,
    run_json,
    say_overdue,
    say_plan,
    say_run,
    say_status,
    say_statuses,
    status_code,
    status_json,
)
from bwcstore.cli._shown import shown
from bwcstore.errors import ErrorKind, NotFoundError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    purge = group("Destroying what is due. Nothing is destroyed without an approved plan.")
    command(purge, "purge plan", needs=Needs.SESSION)(plan)
    command(purge, "purge propose", needs=Needs.SESSION)(propose)
    command(purge, "purge approve", needs=Needs.SESSION)(approve)
    command(purge, "purge withdraw", needs=Needs.SESSION)(withdraw)
    command(purge, "purge run", needs=Needs.SESSION)(run)
    command(purge, "purge status", needs=Needs.SESSION)(status)
    command(purge, "purge certificate", needs=Needs.KEYS)(certificate)
    command(purge, "purge over-retained", needs=Needs.SESSION)(over_retained)
    app.add_typer(purge, name="purge")


def plan(
    common: Common,
    *,
    as_of: AsOf = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write a table there.")
    ] = None,
) -> int:
    """Say what is due, what is withheld and by what. A dry run: nothing is written or proposed."""
    day = civil_date(as_of, "--as-of") if as_of is not None else None
    with acting(common) as (_, session):
        found = session.plan_purge(as_of=day)
    if csv is not None:
        replace_file(csv, found.to_csv().encode())
    if common.output.machine:
        common.output.document(found.to_json())
    else:
        say_plan(common.output, found)
    return plan_code(found)


def propose(
    common: Common,
    *,
    as_of: AsOf = None,
    text: Annotated[
        Path | None,
        typer.Option(
            "--write",
            metavar="FILE",
            help="Also write the plan's text there, whose SHA-256 approvals name.",
        ),
    ] = None,
) -> int:
    """Propose everything that is due for destruction; print the plan's id and its digest."""
    day = civil_date(as_of, "--as-of") if as_of is not None else None
    with acting(common) as (_, session):
        found = session.plan_purge(as_of=day)
        proposed = None
        if found.due:
            if text is not None:
                replace_file(text, found.annex)
            proposed = session.purge_status(session.propose_purge(found))
    if proposed is None:
        if common.output.machine:
            common.output.document({"plan": None})
        common.output.remark("nothing is due")
        return plan_code(found)
    if common.output.machine:
        common.output.document(status_json(proposed))
    else:
        say_status(common.output, proposed)
    return Exit.OK


def approve(
    common: Common,
    *,
    plan_text: PlanArgument,
    plan_sha256: Annotated[
        str, typer.Option("--digest", help="The SHA-256 of the plan that you have looked at.")
    ],
) -> None:
    """Approve a plan that somebody else proposed, by its digest."""
    act = act_id(plan_text)
    with acting(common) as (_, session):
        session.approve_purge(act, plan_sha256=digest(plan_sha256, "--digest"))
        found = session.purge_status(act)
    if common.output.machine:
        common.output.document(status_json(found))
    else:
        say_status(common.output, found)


def withdraw(common: Common, *, plan_text: PlanArgument) -> None:
    """Withdraw a plan: it is not run, or no further. What has begun is finished all the same."""
    act = act_id(plan_text)
    with acting(common) as (_, session):
        session.withdraw_purge(act)
    say_done(common.output, withdrawn=str(act))


def run(common: Common, *, plan_text: PlanArgument) -> int:
    """Destroy what an approved plan names, as far as each recording still may be. It is final."""
    act = act_id(plan_text)
    with acting(common) as (_, session), reporting(common) as progress:
        done = session.run_purge(act, progress=progress)
    if common.output.machine:
        common.output.document(run_json(done))
    else:
        say_run(common.output, done)
    return run_code(done)


def status(
    common: Common,
    *,
    plan_text: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="One plan; without it, all.")
    ] = None,
) -> int:
    """Say where a plan stands, or every plan: approvals, what it waits for, what is destroyed."""
    with acting(common) as (_, session):
        if plan_text is None:
            found = session.plans()
        else:
            found = (session.purge_status(act_id(plan_text)),)
    if common.output.machine:
        common.output.document({"plans": [status_json(one) for one in found]})
    elif plan_text is None:
        say_statuses(common.output, found)
    else:
        say_status(common.output, found[0])
    return open_plans_code(found) if plan_text is None else status_code(found[0])


def certificate(
    common: Common,
    *,
    what: Annotated[
        str, typer.Argument(metavar="OBJECT|PLAN", help="A destroyed recording, or a plan.")
    ],
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where certificates are written.")
    ],
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write there the history of the store, with which a reader sees that no "
            "hold stood in the way.",
        ),
    ] = None,
) -> None:
    """Write the certificate of a destroyed recording, or of each that a plan destroyed."""
    with opened(common) as store:
        wanted = tuple(_destroyed(store, what))
        kept = [
            (one, keep_certificate(folder, one, raw))
            for one, raw in zip(wanted, store.certificates(wanted), strict=True)
        ]
        if history is not None:
            replace_file(history, store.store_history())
    if common.output.machine:
        common.output.document(
            {"certificates": [{"object": str(one), "file": shown(str(path))} for one, path in kept]}
        )
        return
    for _, path in kept:
        common.output.text(shown(str(path)))


def _destroyed(store: Store, text: str) -> Sequence[ObjectId]:
    """The object of that id, or those that the plan of that id destroyed."""
    known, act = object_id(text), act_id(text)
    states = tuple(store.objects())
    if any(state.object_id == known for state in states):
        return (known,)
    found = [
        state.object_id
        for state in states
        if state.purged is not None and state.keeping.purge and state.keeping.purge.plan == act
    ]
    if not found:
        raise NotFoundError(
            ErrorKind.PLAN_UNKNOWN, f"{text:.80} is no object, and no plan that destroyed any"
        )
    return found


def over_retained(common: Common, *, as_of: AsOf = None) -> int:
    """List what should be gone by now, and what stands against it; exit code 1 if anything."""
    day = civil_date(as_of, "--as-of") if as_of is not None else None
    with acting(common) as (_, session):
        found = session.over_retained(as_of=day)
    if common.output.machine:
        common.output.document({"over_retained": [one.to_json() for one in found]})
    else:
        say_overdue(common.output, found)
    return Exit.FINDINGS if found else Exit.OK
