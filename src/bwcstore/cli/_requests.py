"""The commands about requests: `request receive|bind|answer|close|notice|list`, and `duties`."""

from datetime import date
from typing import Annotated

import typer

from bwcstore._session._requests import RequestLine
from bwcstore.cli._command import command, group
from bwcstore.cli._custody_options import (
    AsOf,
    Contact,
    ObjectArgument,
    Objects,
    PersonName,
    RequestArgument,
    Statement,
    say_done,
    say_id,
)
from bwcstore.cli._facts import fact_json
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._parse import act_id, civil_date, flags, object_id
from bwcstore.cli._shown import shown
from bwcstore.statute._explain_words import paragraph

_Days = Annotated[
    int | None, typer.Option(min=1, help="subject-retain: how many more days are asked for.")
]
_Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="FLAG=yes|no",
        help="subject-retain: what the pack asks about the request; repeat for each.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    requests = group("Requests of subjects, kin, agencies, courts and the public.")
    command(requests, "request receive", needs=Needs.SESSION)(receive)
    command(requests, "request bind", needs=Needs.SESSION)(bind)
    command(requests, "request answer", needs=Needs.SESSION)(answer)
    command(requests, "request close", needs=Needs.SESSION)(close)
    command(requests, "request notice", needs=Needs.SESSION)(notice)
    command(requests, "request list", needs=Needs.SESSION)(list_requests)
    app.add_typer(requests, name="request")
    command(app, "duties", needs=Needs.SESSION)(duties)


def receive(
    common: Common,
    *,
    kind: Annotated[
        str,
        typer.Argument(
            help="subject-view, subject-copy, subject-public, subject-retain, public, "
            "kin-inspection, agency-share, court-order."
        ),
    ],
    requester: Annotated[str, typer.Option(help="Who asks, as the pack names actors.")],
    received: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it came. [default: today]")
    ] = None,
    objects: Objects = None,
    name: PersonName = None,
    contact: Contact = None,
    days: _Days = None,
    answers: _Answers = None,
    statement: Statement = None,
) -> None:
    """Record a request, which keeps its recordings until it is answered; print its id."""
    with acting(common) as (_, session):
        request = session.receive_request(
            kind,
            requester=requester,
            received=_day(received, "--received"),
            objects=[object_id(text) for text in objects or ()],
            name=name,
            contact=contact,
            statement=statement,
            days=days,
            answers=flags(answers or (), "--answer"),
        )
    say_id(common.output, "request", request)


def bind(
    common: Common,
    *,
    request: RequestArgument,
    objects: Annotated[list[str], typer.Argument(help="Recordings that it is about too.")],
    days: _Days = None,
    answers: _Answers = None,
) -> None:
    """Say that a request is about more recordings."""
    bound = [object_id(text) for text in objects]
    with acting(common) as (_, session):
        session.bind_request(
            act_id(request), bound, days=days, answers=flags(answers or (), "--answer")
        )
    if common.output.machine:
        common.output.document({"request": request, "bound": [str(one) for one in bound]})


def answer(
    common: Common,
    *,
    request: RequestArgument,
    outcome: Annotated[str, typer.Argument(help="granted, denied or withdrawn.")],
    objects: Objects = None,
    rule: Annotated[
        str | None, typer.Option(help="The rule of the pack that the answer rests on.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day of the answer. [default: today]")
    ] = None,
    statement: Statement = None,
) -> None:
    """Answer a request for all of its recordings, or for some; print what to tell the requester."""
    with acting(common) as (_, session):
        advice = session.answer_request(
            act_id(request),
            outcome,
            objects=[object_id(text) for text in objects] if objects else None,
            rule=rule,
            on=_day(on, "--on"),
            statement=statement,
        )
    if common.output.machine:
        told = [{"code": one.code.value, "says": one.says} for one in advice]
        common.output.document({"request": request, "outcome": outcome, "advice": told})
        return
    for one in advice:
        for line in paragraph(f"{one.says} [{one.code}]", lead="- "):
            common.output.text(shown(line))


def close(
    common: Common,
    *,
    request: RequestArgument,
    outcome: Annotated[
        str | None,
        typer.Option(help="granted, denied, withdrawn or nothing-held. [default: its answers']"),
    ] = None,
    statement: Statement = None,
) -> None:
    """Close a request of which nothing is unanswered."""
    with acting(common) as (_, session):
        session.close_request(act_id(request), outcome=outcome, statement=statement)
    say_done(common.output, closed=request)


def notice(
    common: Common,
    *,
    request: RequestArgument,
    object_text: ObjectArgument,
    what: Annotated[str, typer.Option("--notice", help="Of what: grant, denial or expiry.")],
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it was sent. [default: today]")
    ] = None,
    to: Annotated[str | None, typer.Option(help="To whom; sealed.")] = None,
    statement: Statement = None,
) -> None:
    """Record that the requester was told."""
    with acting(common) as (_, session):
        session.send_notice(
            act_id(request),
            object_id(object_text),
            what,
            on=_day(on, "--on"),
            to=to,
            statement=statement,
        )
    say_done(common.output, request=request, notice=what)


def list_requests(
    common: Common,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """List the requests, with what became of each for each recording."""
    with acting(common) as (_, session):
        lines = [one for one in session.requests() if everything or one.request.outcome is None]
    if common.output.machine:
        common.output.document({"requests": [_request_json(one) for one in lines]})
        return
    for one in lines:
        asked = one.request
        state = asked.outcome or "open"
        common.output.text(f"{asked.act}  {asked.kind}, {state}, received {asked.received}")
        who = ", ".join(text for text in (asked.requester, one.name, one.contact) if text)
        for line in paragraph(f"by {who}", level=1):
            common.output.text(shown(line))
        for about, outcome in one.objects.items():
            common.output.text(f"  {about}  {outcome or 'not answered: held'}")


def _request_json(line: RequestLine) -> dict[str, object]:
    asked = line.request
    return {
        "request": str(asked.act),
        "kind": asked.kind,
        "requester": asked.requester,
        "received": str(asked.received),
        "received_at": str(asked.received_at),
        "received_by": str(asked.received_by),
        "outcome": asked.outcome,
        "objects": {str(about): outcome for about, outcome in line.objects.items()},
        "facts": [fact_json(one) for one in asked.facts],
        "name": line.name,
        "contact": line.contact,
        "statement": list(line.statement),
    }


def duties(common: Common, *, as_of: AsOf = None) -> None:
    """List what the agency owes, soonest first: answers, notices, holds to look at again."""
    with acting(common) as (_, session):
        found = session.duties(_day(as_of, "--as-of"))
    if common.output.machine:
        common.output.document({"duties": [one.to_json() for one in found]})
        return
    for one in found:
        common.output.text(f"{one.due or 'no day    '}  {one.status:<10}  {one.about}")
        cite = f" ({one.cite})" if one.cite else ""
        missing = f"; not known: {', '.join(one.missing)}" if one.missing else ""
        for line in paragraph(f"{one.duty}, to {one.owed_to}{cite}{missing}", level=1):
            common.output.text(shown(line))


def _day(text: str | None, what: str) -> date | None:
    return civil_date(text, what) if text is not None else None
