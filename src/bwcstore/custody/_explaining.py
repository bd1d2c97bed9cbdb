"""Everything that is true of one recording now: put together from the ledger and the law.

Rules kept here (spec chapter `custody`):

- nothing is hidden by something that is wrong: what keeps the law from being asked is shown as a
  problem, beside everything else (CUS-41);
- what withholds a recording is said together with what would have to happen (CUS-42).
"""

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.custody._derived import as_law_sees
from bwcstore.custody._explained import (
    Destruction,
    Explained,
    FactShown,
    HoldShown,
    MayDo,
    Problem,
    WhoMay,
)
from bwcstore.custody._explaining_text import explanation_json, explanation_lines
from bwcstore.custody._knowledge import (
    asserted_facts,
    assertions_of,
    binding,
    claims_weighed,
    counting,
    recording_facts,
)
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import InvalidInputError
from bwcstore.statute._access import access
from bwcstore.statute._civil import local_date
from bwcstore.statute._explain import Explanation, explain
from bwcstore.statute._facts import LABELS, Facts, Subject
from bwcstore.statute._judgements import Access, Question, RetentionStatus
from bwcstore.statute._pack import Law

_UTC: Final = "UTC"


class ObjectExplanation(Explained):
    """Everything true of a recording on a day, told for people and for programs."""

    def text(self) -> str:
        """It for people: plain text, at most 80 columns where words allow."""
        return "".join(f"{line}\n" for line in explanation_lines(self))

    def to_json(self) -> dict[str, Json]:
        """It for programs: everything that `text` says, and the whole judgement of the law."""
        return explanation_json(self)


def explain_object(
    state: State,
    found: ObjectState,
    *,
    law: Law | None,
    at: Instant,
    destruction: Destruction,
    locks: tuple[str, ...] = (),
) -> ObjectExplanation:
    """Put together everything that is true of a recording.

    Args:
        state: what the ledger implies.
        found: the recording.
        law: the law of the day; None where none was adopted.
        at: the moment.
        destruction: whether it may be destroyed, as whoever destroys judges.
        locks: what the storage keeps it with.
    """
    zone = ZoneInfo(_UTC) if law is None else law.zone
    seen = as_law_sees(state, found)
    judged, who, problems = _law(state, seen, law, at)
    said = seen.keeping.facts if law is None else assertions_of(seen, law)
    if law is None:
        said = seen.assertions(ingested_on=local_date(seen.ingested_at, zone))
        live = {one.assertion_id for one in said}
    else:
        live = {one.assertion_id for one in counting(said, pack=law.pack, at=at)}
    shown = [FactShown(said=one, counts=one.assertion_id in live) for one in said]
    holds = tuple(_holds(state, seen, zone))
    explanation = ObjectExplanation(
        object_id=found.object_id,
        as_of=local_date(at, zone),
        status=found.status,
        purge=found.keeping.purge,
        ingested_at=found.ingested_at,
        ingested_by=found.ingested_by,
        ingested_index=found.ingested_index,
        trigger=seen.trigger,
        activity=found.activity,
        tags={kind: len(tags) for kind, tags in sorted(seen.tags.items())},
        opaque=seen.opaque or state.store.opaque,
        claims=claims_weighed(seen),
        labels=tuple(one for one in shown if one.said.fact == LABELS),
        facts=tuple(one for one in shown if one.said.fact != LABELS),
        law=judged,
        problems=problems,
        holds=holds,
        requests=tuple(seen.keeping.requests.values()),
        releases=found.keeping.releases,
        derived=found.keeping.derived,
        derivatives=found.keeping.derivatives,
        consents=tuple(seen.keeping.consents.values()),
        locks=locks,
        access=who,
        destruction=destruction,
    )
    return attrs.evolve(
        explanation,
        destruction=attrs.evolve(destruction, needs=tuple(_needs(explanation, state))),
    )


def _law(
    state: State, seen: ObjectState, law: Law | None, at: Instant
) -> tuple[Explanation | None, tuple[WhoMay, ...], tuple[Problem, ...]]:
    if law is None:
        says = "no statute pack was adopted for this store"
        return None, (), (Problem(code="law-not-adopted", says=says),)
    try:
        facts = _facts(state, seen, law, at)
        day = local_date(at, law.zone)
        judged = explain(facts, law=law, as_of=day)
        asked = [
            access(facts, Question(actor=term.id), law=law, as_of=day)
            for term in law.pack.actors
            if term.in_force(law.on)
        ]
    except InvalidInputError as exc:
        return None, (), (Problem(code=exc.kind.value, says=exc.message),)
    return judged, tuple(_who(one) for one in asked), ()


def _facts(state: State, seen: ObjectState, law: Law, at: Instant) -> Facts:
    """What the law is asked with: the recording's facts, and the agency's."""
    facts = recording_facts(seen, state.store, law=law, at=at)
    day = local_date(at, law.zone)
    said = asserted_facts(state.store.facts, pack=law.pack, zone=law.zone, on=day, at=at)
    return facts.with_values(
        {
            name: value
            for name, value in said.values.items()
            if law.specs[name].about is Subject.AGENCY
        }
    )


def _who(asked: Access) -> WhoMay:
    return WhoMay(actor=asked.question.actor, view=MayDo.of(asked.view), copy=MayDo.of(asked.copy))


def _holds(state: State, seen: ObjectState, zone: ZoneInfo) -> Iterator[HoldShown]:
    for hold in binding(seen, state.store, zone=zone):
        yield HoldShown(
            hold_id=hold.hold_id,
            kind=hold.kind,
            authority=hold.authority,
            placed_at=hold.placed_at,
            placed_by=hold.placed_by,
            review_on=hold.review_on,
            selected=hold.hold_id not in seen.keeping.holds,
            released_at=hold.released_at,
        )


def _needs(shown: ObjectExplanation, state: State) -> Iterator[str]:
    """What would have to happen before the recording is destroyed."""
    if shown.status == "purged":
        return
    if shown.status == "purging":
        yield "the next run of a purge finishes it"
        return
    if shown.opaque:
        yield "a version that understands all entries opens the store"
    for hold in shown.holds:
        if hold.released_at is None:
            yield f"hold {hold.hold_id} ({hold.kind}) is released"
    for request in shown.requests:
        if request.outcome is None:
            yield f"request {request.request} ({request.kind}) is answered"
    for problem in shown.problems:
        yield f"the law can be asked ({problem.code})"
    if shown.law is not None:
        yield from _dates(shown.law)
    if shown.locks:
        yield "the storage lets go of it"
    for jump in state.unconfirmed:
        yield f"two actors confirm the step of the clock at entry {jump.index}"
    yield "a plan that has it is proposed, approved by others, and run"


def _dates(judged: Explanation) -> Iterator[str]:
    found = judged.retention
    if found.missing:
        yield f"it is stated: {', '.join(found.missing)}"
    match found.status:
        case RetentionStatus.INDEFINITE:
            yield "the facts or the law change: it is kept without limit of time"
        case RetentionStatus.AWAITING_EVENT:
            waits = ", ".join(one.period for one in found.floors if one.end is None)
            yield f"what is waited for happens ({waits})"
        case _ if found.last_protected is not None and found.as_of <= found.last_protected:
            yield f"{found.last_protected} passes, the last day on which it is protected"
        case _:
            pass
    if not found.authority:
        yield "an entry of the records schedule that applies to it is confirmed"
    elif found.disposal is not None and found.as_of < found.disposal:
        yield f"{found.disposal} comes, the day from which the agency destroys"
