"""The commands that check: `verify` a store, `receipt verify` a receipt."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Final

import typer

from bwcstore.audit._budget import Budget, Cursor
from bwcstore.audit._report import Coverage, Report
from bwcstore.cli._audit import keyless
from bwcstore.cli._command import command, group
from bwcstore.cli._evidence import flatten
from bwcstore.cli._exit import Exit
from bwcstore.cli._files import find_statements, replace_file
from bwcstore.cli._findings import print_findings
from bwcstore.cli._open import acting, claims_named
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import count_text, size_text
from bwcstore.cli._parse import length_bytes, object_id
from bwcstore.cli._progress import reporting
from bwcstore.errors import ErrorKind
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._receipt import encode_receipt, verify_receipt

_WithKeys = Annotated[
    bool,
    typer.Option("--with-keys", help="Decrypt and hash every recording too; needs --actor."),
]
_Vkey = Annotated[str | None, typer.Option(help="The store's verifier key, as you know it.")]
_Expect = Annotated[
    list[Path] | None,
    typer.Option(help="A checkpoint note, a receipt, or a folder of them; repeat it."),
]
_Only = Annotated[str | None, typer.Option("--object", help="The ledger, and this object only.")]
_BytesText = Annotated[
    str | None, typer.Option("--bytes", help="Read so much of the objects: 500M, 2GiB.")
]
_Seconds = Annotated[float | None, typer.Option(help="Stop after so many seconds.")]
_Percent = Annotated[float | None, typer.Option(help="Read so much of the objects, in percent.")]
_Cursor = Annotated[
    Path | None,
    typer.Option(help="Go on from here, and write here where the next run goes on."),
]
_SaveCheckpoint = Annotated[
    Path | None,
    typer.Option(help="Write the checkpoint that was found right here, to --expect later."),
]
_Strict = Annotated[bool, typer.Option("--strict", help="Warnings count as findings too.")]


_UNCLAIMED: Final = (
    "this store commits its batches by claims, and no place for them was named: its last batch is "
    "not read, and a store that is whole looks rolled back by it; name the place with --claims"
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "verify", needs=Needs.SESSION)(verify)
    receipts = group("Receipts: what the store signed when it took a recording in.")
    command(receipts, "receipt verify", needs=Needs.OUTPUT)(receipt_verify)
    app.add_typer(receipts, name="receipt")


def verify(
    common: Common,
    *,
    with_keys: _WithKeys = False,
    vkey: _Vkey = None,
    expect: _Expect = None,
    only: _Only = None,
    bytes_text: _BytesText = None,
    seconds: _Seconds = None,
    percent: _Percent = None,
    cursor: _Cursor = None,
    save_checkpoint: _SaveCheckpoint = None,
    strict: _Strict = False,
) -> int:
    """Check everything that is stored; exit code 1 when there are findings.

    Needs nothing but what the store keeps, and its claims where it has any. Whether the store as
    a whole was rolled back can only be told by something kept outside: the key vault's note, a
    checkpoint, or receipts.
    """
    budget = Budget(
        length_bytes=length_bytes(bytes_text, "--bytes") if bytes_text is not None else None,
        seconds=seconds,
        percent=percent,
    )
    one = object_id(only) if only is not None else None
    start = None
    if cursor is not None and cursor.exists():
        start = Cursor.decode(cursor.read_bytes())
    with reporting(common) as progress:
        if with_keys:
            with acting(common) as (_, session):
                report = session.audit(
                    budget=budget,
                    object_id=one,
                    expect=[raw for _, raw in find_statements(tuple(expect or ()))],
                    cursor=start,
                    progress=progress,
                )
        else:
            report = keyless(
                common.store,
                vaults=common.known_vaults,
                claims=claims_named(common),
                s3=common.s3,
                expect=tuple(expect or ()),
                verifier_key=vkey,
                budget=budget,
                object_id=one,
                cursor=start,
                progress=progress,
                unclaimed=lambda: common.output.warn(ErrorKind.CLAIM_MISSING, _UNCLAIMED),
            )
    # The report first: a cursor that cannot be written must not cost it.
    _print(common, report)
    if cursor is not None and report.cursor is not None:
        replace_file(cursor, report.cursor.encode())
    if save_checkpoint is not None and report.checkpoint:
        replace_file(save_checkpoint, report.checkpoint)
    found = report.errors or (strict and not only_notes(report))
    return Exit.FINDINGS if found else Exit.OK


def only_notes(report: Report) -> bool:
    """Whether nothing in the report is more than a note."""
    return all(one.severity == "note" for one in report.findings)


def _print(common: Common, report: Report) -> None:
    if common.output.machine:
        common.output.document(
            {**json.loads(report.encode()), "rollback": rollback_statement(report)}
        )
        return
    if report.findings:
        print_findings(common.output, report.findings)
        common.output.text()
    common.output.facts(_summary(report))


def rollback_statement(report: Report) -> str:
    """What the report says of a rollback: `extended`, `rolled-back` or `cannot-be-excluded`."""
    kinds = {finding.code for finding in report.findings}
    if kinds & {ErrorKind.ROLLED_BACK, ErrorKind.FORKED, ErrorKind.RECEIPT_NOT_HONOURED}:
        return "rolled-back"
    if ErrorKind.ROLLBACK_NOT_EXCLUDED in kinds or not report.extends_count:
        return "cannot-be-excluded"
    return "extended"


_ROLLBACK = {
    "extended": "excluded as far as what was kept outside goes: the store extends it",
    "rolled-back": "ROLLED BACK OR REWRITTEN: the store does not extend what was kept outside",
    "cannot-be-excluded": "cannot be excluded: nothing that was kept outside was compared",
}


def _summary(report: Report) -> list[tuple[str, str]]:
    done = report.coverage
    facts = [
        ("store", str(report.store) if report.store is not None else "unknown"),
        (
            "ledger",
            f"entries: {done.entries}, batches: {done.batches}, checkpoints: {done.checkpoints}"
            + ("" if report.ledger_complete else "; NOT COMPLETE"),
        ),
        ("objects", f"{done.objects_checked} of {done.objects} checked; {_states(done)}"),
        ("bytes", f"{size_text(done.bytes_checked)} of {size_text(done.bytes_total)} checked"),
    ]
    if report.keyed:
        facts.append(("decrypted", f"{size_text(done.plain_bytes)} hashed and compared"))
    if done.unreferenced_names:
        names = count_text(done.unreferenced_names, "name")
        facts.append(("leftovers", f"{names}, {size_text(done.unreferenced_bytes)}"))
    if done.foreign_names:
        facts.append(("foreign", f"{count_text(done.foreign_names, 'name')} not of the format"))
    if done.versions:
        facts.append(
            ("versions", f"{done.versions} looked at; names with several: {done.covered_names}")
        )
    facts.append(("rollback", _ROLLBACK[rollback_statement(report)]))
    errors = len(report.errors)
    facts.append(("result", count_text(errors, "finding") if errors else _good(report)))
    return facts


def _states(done: Coverage) -> str:
    parts = [f"{done.objects_present} present"]
    for count, state in (
        (done.objects_purging, "being destroyed"),
        (done.objects_purged, "destroyed"),
        (done.objects_missing, "MISSING"),
    ):
        parts += [f"{count} {state}"] if count else []
    return ", ".join(parts)


def _good(report: Report) -> str:
    return "in order" if report.complete else "in order, as far as was looked"


def receipt_verify(
    common: Common,
    *,
    file: Annotated[Path, typer.Argument(help="The receipt.")],
    vkey: Annotated[str, typer.Option(help="The store's verifier key, as you know it.")],
    recording: Annotated[
        Path | None, typer.Option(help="Compare this recording with what the receipt says.")
    ] = None,
) -> int:
    """Check that the store signed a receipt; print what it says. Needs no store."""
    receipt = verify_receipt(file.read_bytes(), VerifierKey.parse(vkey))
    values = dict(json.loads(encode_receipt(receipt)))
    same = True
    if recording is not None:
        with recording.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        same = digest == str(receipt.plaintext_sha256)
        values["recording"] = "the same" if same else f"another: sha256 {digest}"
    if common.output.machine:
        common.output.document(values)
    else:
        common.output.facts(pair for name in sorted(values) for pair in flatten(name, values[name]))
    return Exit.OK if same else Exit.FINDINGS
