"""The commands about requests: `request receive|bind|answer|close|notice|list`, and `duties`."""

from datetime import date
from typing import Annotated

import typer

from bwcstore.cli._command import command, group
from bwcstore.cli._custody_options import (
    Contact,
    ObjectArgument,
    Objects,
    PersonName,
    RequestArgument,
    Statement,
    say_done,
    say_id,
)
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._parse import act_id, civil_date, fact_value, flags, object_id, pairs


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
    days: Annotated[
        int | None, typer.Option(min=1, help="subject-retain: how many more days are asked for.")
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="FLAG=yes|no",
            help="subject-retain: what the pack asks about the request; repeat for each.",
        ),
    ] = None,
    facts: Annotated[
        list[str] | None,
        typer.Option(
            "--fact",
            metavar="FACT=VALUE",
            help="What is known of the request, as the pack names it; repeat for each.",
        ),
    ] = None,
    statement: Statement = None,
) -> None:
    """Record a request, which keeps its recordings until it is answered; print its id."""
    known = {fact: fact_value(text) for fact, text in pairs(facts or (), "--fact").items()}
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
            answers=flags(answers, "--answer") if answers else None,
            facts=known or None,
        )
    say_id(common.output, "request", request)


def bind(
    common: Common,
    *,
    request: RequestArgument,
    objects: Annotated[list[str], typer.Argument(help="Recordings that it is about too.")],
) -> None:
    """Say that a request is about more recordings."""
    bound = [object_id(text) for text in objects]
    with acting(common) as (_, session):
        session.bind_request(act_id(request), bound)
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
    """Answer a request for all of its recordings, or for some; print what the law says to it."""
    with acting(common) as (_, session):
        advice = session.answer_request(
            act_id(request),
            outcome,
            objects=[object_id(text) for text in objects] if objects else None,
            rule=rule,
            on=_day(on, "--on"),
            statement=statement,
        )
    say_advice(common.output, request, advice)


def close(
    common: Common,
    *,
    request: RequestArgument,
    outcome: Annotated[
        str | None,
        typer.Option(help="granted, denied, withdrawn or nothing-held. [default: its answers']"),
    ] = None,
) -> None:
    """Close a request of which nothing is unanswered."""
    with acting(common) as (_, session):
        session.close_request(act_id(request), outcome=outcome)
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
) -> None:
    """Record that the requester was told."""
    with acting(common) as (_, session):
        session.send_notice(
            act_id(request), object_id(object_text), what, on=_day(on, "--on"), to=to
        )
    say_done(common.output, request=request, notice=what)


def _day(text: str | None, what: str) -> date | None:
    return civil_date(text, what) if text is not None else None
