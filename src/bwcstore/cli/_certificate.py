"""The command that checks a certificate of destruction, without a store and without keys."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, cast

import typer

from bwcstore._values import StoreId
from bwcstore.cli._command import command
from bwcstore.cli._files import create_file
from bwcstore.cli._options import Common, Needs
from bwcstore.ledger._note import VerifierKey
from bwcstore.purge._certificate import VerifiedCertificate, verify_certificate

_File = Annotated[Path, typer.Argument(help="The certificate.")]
_Vkey = Annotated[str, typer.Option(help="The store's verifier key, as you know it.")]
_Expect = Annotated[
    str | None, typer.Option("--expect-store", help="The id of the store that it must be of.")
]
_History = Annotated[
    Path | None,
    typer.Option(help="The history of the store, to exclude that a hold stood in the way."),
]
_Plan = Annotated[
    Path | None, typer.Option(help="The text of the plan, to see that it names the recording.")
]
_Html = Annotated[
    Path | None, typer.Option("--html", help="Write it as a page to read and print, too.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "verify-certificate", needs=Needs.OUTPUT)(verify)


def verify(
    common: Common,
    *,
    file: _File,
    vkey: _Vkey,
    expect_store: _Expect = None,
    history: _History = None,
    plan: _Plan = None,
    html: _Html = None,
) -> int | None:
    """Check a certificate of destruction; print what it says. Needs no store."""
    found = verify_certificate(
        file.read_bytes(),
        key=VerifierKey.parse(vkey),
        expect_store=StoreId.parse(expect_store) if expect_store is not None else None,
        history=history.read_bytes() if history is not None else None,
        plan=plan.read_bytes() if plan is not None else None,
    )
    if html is not None:
        # Only who asks for a page needs what makes it.
        from bwcstore.report import certificate_page  # noqa: PLC0415

        create_file(html, certificate_page(found).encode())
    if common.output.machine:
        common.output.document(
            {
                **found.statement,
                "checked": {"history": found.with_history, "plan": found.with_plan},
            }
        )
    else:
        common.output.facts(_facts(found))
    return None


def _facts(found: VerifiedCertificate) -> Iterator[tuple[str, str]]:
    told = cast("Mapping[str, Mapping[str, object]]", found.statement)
    decision, destruction = told["decision"], told["destruction"]
    yield "certificate", f"{found.number} of {found.checkpoints[0].origin}"
    yield "store", str(found.store)
    yield "object", str(found.object_id)
    yield "state", found.state.value
    yield "claim", found.claim
    yield "kept through", str(decision["last_protected"])
    for floor in cast("list[dict[str, str]]", decision["floors"]):
        yield "kept by", f"{floor['cite']} ({floor['period']}, through {floor['end']})"
    for ground in cast("list[dict[str, str]]", decision["authority"]):
        yield "authority", f"{ground['cite']} ({ground['rule']})"
    yield "proposed", _act(told["proposal"])
    for approval in cast("list[Mapping[str, object]]", found.statement["approvals"]):
        yield "approved", _act(approval)
    yield "begun", _act(decision)
    yield "completed", _act(destruction)
    for backup in cast("list[dict[str, str]]", found.statement["backups"]):
        yield "backup", f"{backup['id']} ({backup['holds']}): {backup['outcome']}"
    for one in found.checkpoints:
        yield "checkpoint", f"{one.origin}/{one.generation} of {one.size} entries, {one.root}"
    yield "holds by query", "excluded" if found.with_history else "not excluded: no --history"
    yield "plan", "names the object" if found.with_plan else "not looked at: no --plan"


def _act(one: Mapping[str, object]) -> str:
    return f"{one['at']} by {one['by']}, {one['how']}, entry {one['index']}"
