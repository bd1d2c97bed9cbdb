"""The commands about holds: `hold place|review|release|list`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, cast

import typer

from bwcstore._encoding import Json
from bwcstore._session._holds import HoldLine
from bwcstore.cli._command import command, group
from bwcstore.cli._custody_options import (
    Document,
    HoldArgument,
    Objects,
    Statement,
    say_done,
    say_id,
)
from bwcstore.cli._files import document_digest
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import time_text
from bwcstore.cli._parse import civil_date, object_id
from bwcstore.cli._shown import shown
from bwcstore.custody._selection import Selection
from bwcstore.statute._explain_words import paragraph

_Several = list[str] | None


def register(app: typer.Typer) -> None:
    """Add the commands."""
    holds = group("Holds: nothing that one keeps is destroyed until it is released.")
    command(holds, "hold place", needs=Needs.SESSION)(place)
    command(holds, "hold review", needs=Needs.SESSION)(review)
    command(holds, "hold release", needs=Needs.SESSION)(release)
    command(holds, "hold list", needs=Needs.SESSION)(list_holds)
    app.add_typer(holds, name="hold")


def place(
    common: Common,
    *,
    kind: Annotated[str, typer.Argument(help="The kind of hold, as the pack names it.")],
    objects: Objects = None,
    case: Annotated[_Several, typer.Option(help="All of this case, now and later.")] = None,
    officer: Annotated[_Several, typer.Option(help="All of this officer.")] = None,
    device: Annotated[_Several, typer.Option(help="All of this camera.")] = None,
    label: Annotated[_Several, typer.Option(help="All that ever have this label.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Made on this day or later.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Made on this day or before.")
    ] = None,
    authority: Annotated[
        str, typer.Option(help="Who ordered it: agency, court, prosecutor, subject, other.")
    ] = "agency",
    review_on: Annotated[
        str | None, typer.Option(metavar="DATE", help="By when it is to be looked at again.")
    ] = None,
    statement: Statement = None,
    document: Document = None,
) -> None:
    """Keep recordings from being destroyed; print the id of the hold."""
    selection = _selection(case=case, officer=officer, device=device, label=label)
    if start is not None or end is not None:
        days = Selection.collected(
            civil_date(start, "--from") if start is not None else None,
            civil_date(end, "--until") if end is not None else None,
        )
        selection = days if selection is None else selection & days
    with acting(common) as (_, session):
        hold = session.place_hold(
            kind,
            objects=[object_id(text) for text in objects or ()],
            selection=selection,
            authority=authority,
            review_on=civil_date(review_on, "--review-on") if review_on is not None else None,
            statement=statement,
            document_sha256=document_digest(document),
        )
    say_id(common.output, "hold", hold)


def _selection(
    *, case: _Several, officer: _Several, device: _Several, label: _Several
) -> Selection | None:
    """All of the options at once; of one that is repeated, any."""
    found: Selection | None = None
    for make, texts in (
        (Selection.case, case),
        (Selection.officer, officer),
        (Selection.device, device),
        (Selection.label, label),
    ):
        term: Selection | None = None
        for text in texts or ():
            term = make(text) if term is None else term | make(text)
        if term is not None:
            found = term if found is None else found & term
    return found


def review(
    common: Common,
    *,
    hold: HoldArgument,
    review_on: Annotated[
        str, typer.Argument(metavar="DATE", help="By when it is to be looked at again.")
    ],
) -> None:
    """Say that a hold was looked at and stands."""
    with acting(common) as (_, session):
        session.review_hold(hold, civil_date(review_on, "DATE"))
    say_done(common.output, hold=hold, review_on=review_on)


def release(common: Common, *, hold: HoldArgument) -> None:
    """End a hold, or be the first of two who do; print `released` or `proposed`."""
    with acting(common) as (_, session):
        outcome = session.release_hold(hold)
    if common.output.machine:
        common.output.document({"hold": hold, "outcome": outcome})
        return
    common.output.text(outcome)
    if outcome == "proposed":
        common.output.remark("it still holds: another actor must release it too")


def list_holds(
    common: Common,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Released ones too.")] = False,
) -> None:
    """List the holds, with what each binds or selects."""
    with acting(common) as (_, session):
        lines = [one for one in session.holds() if everything or one.hold.released_at is None]
    if common.output.machine:
        common.output.document({"holds": [_hold_json(one) for one in lines]})
        return
    for one in lines:
        common.output.text(f"{one.hold.hold_id}  {one.hold.kind}, {_state(one)}")
        for line in paragraph(_keeps(one), level=1):
            common.output.text(shown(line))


def _hold_json(line: HoldLine) -> dict[str, object]:
    hold = line.hold
    return {
        "hold": hold.hold_id,
        "kind": hold.kind,
        "authority": hold.authority,
        "query": hold.query,
        "values": list(line.values),
        "statement": list(line.statement),
        "objects_count": hold.objects_count,
        "placed_at": str(hold.placed_at),
        "placed_by": str(hold.placed_by),
        "entry": hold.index,
        "review_on": str(hold.review_on) if hold.review_on else None,
        "release_proposed_by": str(hold.proposed_by) if hold.proposed_by else None,
        "released_at": str(hold.released_at) if hold.released_at else None,
    }


def _keeps(line: HoldLine) -> str:
    hold = line.hold
    found = [f"ordered by {hold.authority}, placed {time_text(hold.placed_at)}"]
    if hold.objects_count:
        found.append(f"binds {hold.objects_count} recordings")
    if hold.query is not None:
        found.append(f"selects {query_text(hold.query, line.values)}")
    if hold.review_on is not None:
        found.append(f"to be looked at by {hold.review_on}")
    return "; ".join(found)


def _state(line: HoldLine) -> str:
    if line.hold.released_at is not None:
        return f"released {time_text(line.hold.released_at)}"
    return "holds; release proposed" if line.hold.proposed_by is not None else "holds"


def query_text(query: Mapping[str, Json], values: Sequence[str]) -> str:
    """What a query selects, in words.

    Args:
        query: as the ledger has it, with tags.
        values: what the tags stand for, in their order; where keys are gone, there are none.
    """
    return _words(query, iter(values))


def _words(query: Mapping[str, Json], values: Iterator[str]) -> str:
    ((name, inner),) = query.items()
    if name in ("all", "any"):
        terms = [_words(one, values) for one in cast("list[Mapping[str, Json]]", inner)]
        return f"({(' and ' if name == 'all' else ' or ').join(terms)})"
    if name == "tag":
        term = cast("dict[str, str]", inner)
        return next(values, f"{term['kind']} {term['value']}")
    if name == "label":
        return f"label: {inner}"
    days = cast("dict[str, str | None]", inner)
    return f"made: {days['from'] or ''}..{days['until'] or ''}"
