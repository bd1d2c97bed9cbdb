"""The commands that look at evidence: `show`, `cat`, `export`, `log`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from bwcstore._encoding import Json
from bwcstore._session._history import LogLine
from bwcstore.cli._command import command
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import size_text, time_text
from bwcstore.cli._parse import byte_range, object_id
from bwcstore.cli._progress import reporting
from bwcstore.cli._shown import shown
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import ErrorKind, InvalidInputError

_COPY_BYTES: Final = 1 << 20

ObjectArgument = Annotated[str, typer.Argument(metavar="OBJECT", help="The object's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "show", needs=Needs.SESSION)(show)
    command(app, "cat", needs=Needs.SESSION)(cat)
    command(app, "export", needs=Needs.SESSION)(export)
    command(app, "log", needs=Needs.SESSION)(log)


def object_json(state: ObjectState) -> dict[str, object]:
    """What the open part of the ledger tells of a recording, for programs."""
    return {
        "object": str(state.object_id),
        "ingested_at": str(state.ingested_at),
        "ingested_by": str(state.ingested_by),
        "entry": state.ingested_index,
        "collected": [{"at": str(claim.at), "basis": claim.basis} for claim in state.collected],
        "label": state.label,
        "trigger": state.trigger,
        "segments": state.segment_count,
        "manifest_sha256": str(state.manifest_digest),
        "ciphertext_root": str(state.ciphertext_root),
        "accesses": state.activity.access_count,
        "refusals": state.activity.refusal_count,
        "bytes_released": state.activity.bytes_released,
        "opaque": state.opaque,
    }


def show(common: Common, *, object_text: ObjectArgument) -> None:
    """Show what is known of one object, with its sealed parts opened."""
    with acting(common) as (_, session):
        description = session.describe(object_id(object_text))
    state, record, content = description.state, description.record, description.content
    if common.output.machine:
        common.output.document(
            {
                **object_json(state),
                "record": json.loads(record.encode()),
                "content": json.loads(content.encode()) if content is not None else None,
                "receipt": description.receipt.decode(),
            }
        )
        return
    facts = [
        ("object", str(state.object_id)),
        ("ingested", f"{state.ingested_at} (entry {state.ingested_index})"),
        ("sha256", str(record.plaintext_sha256)),
        ("length", f"{record.length_bytes} ({size_text(record.length_bytes)})"),
        ("segments", str(state.segment_count)),
        ("label", state.label or ""),
        ("trigger", state.trigger or ""),
        (
            "accesses",
            f"{state.activity.access_count}, {state.activity.bytes_released} bytes released",
        ),
        ("refusals", str(state.activity.refusal_count)),
    ]
    facts += [(f"collected, {claim.basis}", str(claim.at)) for claim in state.collected]
    sealed = json.loads(record.encode())
    facts += flatten("record", {k: v for k, v in sealed.items() if k not in _SAID_ALREADY})
    if content is not None:
        facts += flatten("content", json.loads(content.encode()))
    common.output.facts((name, value) for name, value in facts if value)


_SAID_ALREADY: Final = frozenset({"claims", "label", "length_bytes", "plaintext_sha256", "trigger"})


def flatten(name: str, value: Json) -> list[tuple[str, str]]:
    """Every value inside a JSON value with the path to it."""
    if isinstance(value, dict):
        return [pair for key in value for pair in flatten(f"{name}.{key}", value[key])]
    if isinstance(value, list):
        return [pair for n, item in enumerate(value) for pair in flatten(f"{name}.{n}", item)]
    return [(name, str(value))]


def cat(
    common: Common,
    *,
    object_text: ObjectArgument,
    part: Annotated[
        str | None,
        typer.Option("--range", help="Bytes FIRST-LAST, FIRST- or FIRST+COUNT, from 0."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even to a terminal.")] = False,
) -> None:
    """Write a recording, or a range of it, to standard output. The access is logged first."""
    if not force:
        _refuse_terminal()
    with acting(common) as (_, session), session.read(object_id(object_text)) as recording:
        length = recording.seek(0, 2)
        wanted = byte_range(part, length) if part is not None else byte_range("0-", length)
        recording.seek(wanted.offset_bytes)
        left = wanted.length_bytes
        while left and (data := recording.read(min(left, _COPY_BYTES))):
            sys.stdout.buffer.write(data)
            left -= len(data)
        sys.stdout.buffer.flush()


def _refuse_terminal() -> None:
    if sys.stdout.isatty():
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            "standard output is a terminal: redirect it, or use --force",
        )


def export(
    common: Common,
    *,
    object_text: ObjectArgument,
    target: Annotated[Path, typer.Argument(help="The file to make; it must not exist.")],
) -> None:
    """Write a recording to a new file that is byte for byte the source. The access is logged."""
    with acting(common) as (_, session), reporting(common) as progress:
        exported = session.export(object_id(object_text), target, progress=progress)
    if common.output.machine:
        common.output.document(
            {
                "object": str(exported.object_id),
                "target": shown(str(exported.target)),
                "sha256": str(exported.sha256),
                "length_bytes": exported.length_bytes,
            }
        )
    else:
        common.output.text(f"{exported.sha256}  {shown(str(exported.target))}")


def log(
    common: Common,
    *,
    object_text: Annotated[
        str | None, typer.Argument(metavar="[OBJECT]", help="One object; without it, everything.")
    ] = None,
) -> None:
    """Show who did what, when and why: an object's log, or the whole ledger's."""
    with acting(common) as (_, session):
        lines = session.log(object_id(object_text) if object_text is not None else None)
        if common.output.machine:
            for line in lines:
                common.output.document(log_json(line))
            return
        common.output.table(
            LOG_COLUMNS, (log_row(line, whole=object_text is None) for line in lines)
        )


LOG_COLUMNS: Final = ("entry#", "time", "who", "what", "details", "reason")


def log_row(line: LogLine, *, whole: bool = False) -> tuple[str, ...]:
    """One line of a log for people; `whole` adds which object an entry is about."""
    entry = line.entry
    details = entry_details(entry.body)
    subject = entry.scope.id.object_id
    if whole and subject is not None:
        details = f"{subject} {details}".strip()
    return (
        str(entry.index),
        time_text(entry.at),
        line.login or str(entry.by),
        entry.kind,
        details,
        reason_text(line.payload),
    )


def log_json(line: LogLine) -> dict[str, object]:
    """One line of a log for programs: the leaf as it is stored, and what was sealed."""
    return {
        "leaf": json.loads(line.entry.raw),
        "hash": str(line.entry.hash),
        "login": line.login,
        "payload": None if line.payload is None else dict(line.payload),
    }


_DETAILS: Final = (
    "mode",
    "purpose",
    "verb",
    "code",
    "count",
    "bytes_released",
    "outcome",
    "roles",
    "purposes",
    "label",
    "trigger",
    "epoch",
    "findings",
)


_USUAL: Final = (("outcome", "closed"), ("count", 1))


def entry_details(body: Mapping[str, Json]) -> str:
    """The telling open fields of an entry, on one line."""
    told = []
    for name in _DETAILS:
        value = body.get(name)
        if value is None or (name, value) in _USUAL:
            continue
        text = "+".join(map(str, value)) if isinstance(value, list) else str(value)
        told.append(f"{name.removesuffix('_released')}={text}")
    return " ".join(told)


def reason_text(payload: Mapping[str, Json] | None) -> str:
    """The reason of an entry, its lines joined; empty where there is none."""
    lines = (payload or {}).get("reason")
    return " / ".join(map(str, lines)) if isinstance(lines, list) else ""
