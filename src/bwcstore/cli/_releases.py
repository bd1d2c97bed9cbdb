"""The commands about what leaves the agency: `derive`, `release`, `releases`."""

from pathlib import Path
from typing import Annotated

import typer

from bwcstore._session._releases import Released
from bwcstore.cli._beside import receipts_folder
from bwcstore.cli._command import command
from bwcstore.cli._custody_options import (
    Contact,
    ObjectArgument,
    OneRequest,
    PersonName,
    Statement,
)
from bwcstore.cli._files import document_digest, keep_receipt
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import Output, size_text, time_text
from bwcstore.cli._parse import act_id, object_id, region
from bwcstore.cli._progress import reporting
from bwcstore.cli._shown import shown
from bwcstore.statute._explain_words import paragraph

_Redactions = Annotated[
    list[str] | None,
    typer.Option(
        "--redaction", help="What was made unrecognisable, as the pack's overlays; repeat."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "derive", needs=Needs.SESSION)(derive)
    command(app, "release", needs=Needs.SESSION)(release)
    command(app, "releases", needs=Needs.SESSION)(list_releases)


def derive(
    common: Common,
    *,
    parent: Annotated[
        str, typer.Argument(metavar="PARENT", help="The recording that it was made of.")
    ],
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What was made of it.")],
    operation: Annotated[
        str, typer.Option(help="What was done: redact, clip, transcode, still, audio, transcript.")
    ],
    tool: Annotated[str, typer.Option(help="With which program: a-z 0-9 . _ -")],
    tool_version: Annotated[str, typer.Option(help="Which version of it: a-z 0-9 . _ -")],
    redactions: _Redactions = None,
    regions: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            metavar="START-END[@X,Y,W,H]:WHAT",
            help="Seconds from the start, where in the picture (pixels), and what was done; "
            "repeat; sealed.",
        ),
    ] = None,
    statement: Statement = None,
    receipts: Annotated[
        Path | None, typer.Option(help="Where receipts are kept. [default: STORE.receipts]")
    ] = None,
) -> None:
    """Ingest what was made of a recording, which stays as it is; print the new object's id."""
    with acting(common) as (_, session), reporting(common) as progress:
        made = session.derive(
            object_id(parent),
            source,
            operation=operation,
            tool=tool,
            tool_version=tool_version,
            redactions=redactions or (),
            regions=[region(text, "--region") for text in regions or ()],
            statement=statement,
            progress=progress,
        )
    folder = receipts or receipts_folder(common.store)
    receipt = keep_receipt(folder, made.object_id, made.receipt)
    if common.output.machine:
        common.output.document(
            {
                "object": str(made.object_id),
                "outcome": made.outcome,
                "parent": str(object_id(parent)),
                "sha256": str(made.plaintext_sha256),
                "length_bytes": made.length_bytes,
                "receipt": shown(str(receipt)),
            }
        )
    else:
        common.output.text(
            f"{made.object_id}  {size_text(made.length_bytes)}  {shown(str(receipt))}"
        )


def release(
    common: Common,
    *,
    object_text: ObjectArgument,
    right: Annotated[
        str,
        typer.Option(
            help="By what right: subject, public, kin, agency-share, prosecution, court-order, "
            "discretion."
        ),
    ],
    recipient: Annotated[str, typer.Option("--to", help="To whom, as the pack names actors.")],
    mode: Annotated[str, typer.Option(help="view (it is shown) or copy (it is given).")] = "copy",
    use: Annotated[
        str | None, typer.Option("--use", help="What for, as the pack names purposes.")
    ] = None,
    request: OneRequest = None,
    redactions: _Redactions = None,
    name: PersonName = None,
    contact: Contact = None,
    statement: Statement = None,
    acknowledgement: Annotated[
        Path | None,
        typer.Option(help="What the receiver signed of its duties; its digest is kept."),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="The file to make; it must not exist."),
    ] = None,
) -> None:
    """Record that a recording is shown or given to somebody outside, if the law lets it."""
    with acting(common) as (_, session):
        done = session.release(
            object_id(object_text),
            right=right,
            recipient=recipient,
            mode=mode,
            purpose=use,
            request=act_id(request) if request is not None else None,
            redactions=redactions or (),
            name=name,
            contact=contact,
            statement=statement,
            acknowledgement_sha256=document_digest(acknowledgement),
            target=target,
        )
    if common.output.machine:
        common.output.document(_released_json(done))
    else:
        _say_released(common.output, done)


def _released_json(done: Released) -> dict[str, object]:
    exported = done.exported
    return {
        "release": done.release_id,
        "object": str(done.object_id),
        "entry": done.index,
        "rule": done.ground.rule,
        "cite": done.ground.cite,
        "redactions": list(done.redactions),
        "recognisable": [{"rule": one.rule, "cite": one.cite} for one in done.recognisable],
        "duties": list(done.duties),
        "target": shown(str(exported.target)) if exported is not None else None,
        "sha256": str(exported.sha256) if exported is not None else None,
    }


def _say_released(output: Output, done: Released) -> None:
    output.facts(
        (
            ("release", done.release_id),
            ("rule", f"{done.ground.rule} ({done.ground.cite})"),
            ("redactions", ", ".join(done.redactions) or "none"),
            *(("recognisable", f"{one.rule} ({one.cite})") for one in done.recognisable),
        )
    )
    for duty in done.duties:
        for line in paragraph(duty, lead="- "):
            output.text(shown(line))
    if done.exported is not None:
        output.text(f"{done.exported.sha256}  {shown(str(done.exported.target))}")


def list_releases(common: Common, *, object_text: ObjectArgument) -> None:
    """List to whom a recording was shown or given."""
    with acting(common) as (_, session):
        lines = session.releases(object_id(object_text))
    if common.output.machine:
        common.output.document(
            {
                "releases": [
                    {
                        "release": one.release.release_id,
                        "at": str(one.release.at),
                        "entry": one.release.index,
                        "by": one.login,
                        "right": one.release.right,
                        "recipient": one.release.recipient,
                        "mode": one.release.mode,
                        "rule": one.release.rule,
                        "request": str(one.release.request) if one.release.request else None,
                        "redactions": list(one.redactions),
                        "acknowledged": one.release.acknowledged,
                        "name": one.name,
                        "contact": one.contact,
                        "statement": list(one.statement),
                    }
                    for one in lines
                ]
            }
        )
        return
    common.output.table(
        ("time", "mode", "to", "name", "right", "redactions", "by"),
        (
            (
                time_text(one.release.at),
                one.release.mode,
                one.release.recipient,
                one.name or "",
                one.release.right,
                ", ".join(one.redactions),
                one.login or "",
            )
            for one in lines
        ),
    )
