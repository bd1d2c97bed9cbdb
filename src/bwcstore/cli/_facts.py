"""The commands about what is known of recordings: facts, labels, tags, times, consents, explain."""

import json
from datetime import date
from typing import Annotated

import typer

from bwcstore._encoding import Json
from bwcstore.cli._command import command, group
from bwcstore.cli._custody_options import (
    AsOf,
    Document,
    ObjectArgument,
    OneObject,
    OneRequest,
    PersonName,
    Statement,
    say_done,
    say_id,
)
from bwcstore.cli._files import document_digest
from bwcstore.cli._open import acting, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._parse import act_id, civil_date, fact_value, instant, object_id
from bwcstore.cli._shown import shown
from bwcstore.custody._assertion import FactAssertion

_Basis = Annotated[
    str,
    typer.Option(help="What it rests on: report, document, system, observation, statement."),
]
_Since = Annotated[
    str | None, typer.Option(metavar="DATE", help="From which day it is so. [default: today]")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    facts = group("Facts, from which the law follows. Without --object or --request: the agency's.")
    command(facts, "fact assert", needs=Needs.SESSION)(assert_fact)
    command(facts, "fact retract", needs=Needs.SESSION)(retract)
    command(facts, "fact list", needs=Needs.KEYS)(list_facts)
    app.add_typer(facts, name="fact")
    command(app, "label", needs=Needs.SESSION)(label)
    command(app, "tag", needs=Needs.SESSION)(tag)
    command(app, "correct-time", needs=Needs.SESSION)(correct_time)
    consents = group("The consent of people who are recorded.")
    command(consents, "consent record", needs=Needs.SESSION)(record_consent)
    command(consents, "consent withdraw", needs=Needs.SESSION)(withdraw_consent)
    app.add_typer(consents, name="consent")
    command(app, "explain", needs=Needs.SESSION)(explain)


def assert_fact(
    common: Common,
    *,
    fact: Annotated[str, typer.Argument(help="The fact, as the pack names it.")],
    value: Annotated[
        str, typer.Argument(help="What is so: true, false, a code, a day, or a JSON list of codes.")
    ],
    only: OneObject = None,
    request: OneRequest = None,
    since: _Since = None,
    basis: _Basis = "observation",
    supersedes: Annotated[
        str | None, typer.Option(metavar="ASSERTION", help="The assertion it stands in place of.")
    ] = None,
    statement: Statement = None,
    document: Document = None,
) -> None:
    """Say that something is so of a recording, a request or the agency; print the id of it."""
    with acting(common) as (_, session):
        assertion = session.assert_fact(
            fact,
            fact_value(value),
            object_id=object_id(only) if only is not None else None,
            request=act_id(request) if request is not None else None,
            since=_day(since),
            basis=basis,
            supersedes=supersedes,
            statement=statement,
            document_sha256=document_digest(document),
        )
    say_id(common.output, "assertion", assertion)


def _day(text: str | None) -> date | None:
    return civil_date(text, "--since") if text is not None else None


def retract(
    common: Common,
    *,
    assertion: Annotated[str, typer.Argument(help="What `fact assert` printed.")],
    only: OneObject = None,
    request: OneRequest = None,
    statement: Statement = None,
) -> None:
    """Take an assertion back; it stays visible. Prints the id of the retraction."""
    with acting(common) as (_, session):
        retraction = session.retract_fact(
            assertion,
            object_id=object_id(only) if only is not None else None,
            request=act_id(request) if request is not None else None,
            statement=statement,
        )
    say_id(common.output, "assertion", retraction)


def list_facts(common: Common, *, only: OneObject = None) -> None:
    """List what was asserted of a recording, or of the agency, in order; nothing is left out."""
    with opened(common) as store:
        if only is not None:
            found = store.object(object_id(only)).keeping.facts
        else:
            found = store.facts
    if common.output.machine:
        common.output.document({"facts": [fact_json(one) for one in found]})
        return
    common.output.table(
        ("since", "fact", "value", "assertion"),
        (
            (
                str(one.since),
                one.fact,
                "(taken back)" if one.value is None else _value_text(one.value),
                one.assertion_id,
            )
            for one in found
        ),
    )


def _value_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def fact_json(one: FactAssertion) -> dict[str, object]:
    """An assertion for programs."""
    return {
        "assertion": one.assertion_id,
        "fact": one.fact,
        "value": one.value,
        "since": str(one.since),
        "recorded_at": str(one.at),
        "by": str(one.by),
        "basis": one.basis,
        "entry": one.index,
        "supersedes": one.supersedes,
    }


def label(
    common: Common,
    *,
    object_text: ObjectArgument,
    labels: Annotated[list[str], typer.Argument(help="The labels, as the pack names them.")],
    statement: Statement = None,
) -> None:
    """Give a recording labels beside those it has; they alone decide nothing."""
    with acting(common) as (_, session):
        assertion = session.label(object_id(object_text), labels, statement=statement)
    say_id(common.output, "assertion", assertion)


def tag(
    common: Common,
    *,
    object_text: ObjectArgument,
    case: Annotated[str | None, typer.Option(help="A case number.")] = None,
    device: Annotated[str | None, typer.Option(help="Serial number of a camera.")] = None,
    officer: Annotated[str | None, typer.Option(help="Who wore the camera.")] = None,
) -> None:
    """Say that a recording also belongs to a case, a camera or an officer."""
    with acting(common) as (_, session):
        session.add_tags(object_id(object_text), case=case, device=device, officer=officer)
    say_done(common.output, tagged=str(object_id(object_text)))


def correct_time(
    common: Common,
    *,
    object_text: ObjectArgument,
    time: Annotated[
        str, typer.Argument(metavar="INSTANT", help="When it was made: ISO 8601 with zone.")
    ],
    statement: Annotated[str, typer.Option(help="How that is known; sealed.")],
) -> None:
    """Say when a recording was made; earlier claims stay, and the latest plausible one counts."""
    with acting(common) as (_, session):
        claim = session.correct_time(
            object_id(object_text), instant(time, "INSTANT"), statement=statement
        )
    say_id(common.output, "claim", claim)


def record_consent(
    common: Common,
    *,
    object_text: ObjectArgument,
    covers: Annotated[
        str,
        typer.Option(help="identity (may be recognisable) or public (may be made public)."),
    ],
    name: PersonName = None,
    statement: Statement = None,
    document: Document = None,
) -> None:
    """Record that somebody who is recorded agrees; print the id of the consent."""
    with acting(common) as (_, session):
        consent = session.record_consent(
            object_id(object_text),
            covers=covers,
            name=name,
            statement=statement,
            document_sha256=document_digest(document),
        )
    say_id(common.output, "consent", consent)


def withdraw_consent(
    common: Common,
    *,
    object_text: ObjectArgument,
    consent: Annotated[str, typer.Argument(help="What `consent record` printed.")],
) -> None:
    """Record that a consent no longer counts."""
    with acting(common) as (_, session):
        session.withdraw_consent(object_id(object_text), consent)
    say_done(common.output, withdrawn=consent)


def explain(common: Common, *, object_text: ObjectArgument, as_of: AsOf = None) -> None:
    """Say everything that is true of a recording: dates, holds, who may see it, why it is kept."""
    day = civil_date(as_of, "--as-of") if as_of is not None else None
    with acting(common) as (_, session):
        explanation = session.explain(object_id(object_text), as_of=day)
    if common.output.machine:
        common.output.document(explanation.to_json())
        return
    for line in explanation.text().splitlines():
        common.output.text(shown(line))
