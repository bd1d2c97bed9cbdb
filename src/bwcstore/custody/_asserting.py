"""decide: may this be asserted of a recording, a request or the agency?

Rules kept here (spec chapter `custody`):

- only what the pack declares, of the declared type, about the right subject (CUS-10);
- holds and requests are no facts that anybody asserts: they have entries of their own (CUS-13);
- what begins with `chief_` is the chief's own word (CUS-15);
- what cannot be true together with what is known already is refused, and nothing is lost (CUS-16).
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from uuid import UUID

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._knowledge import asserted_facts, fact_value, recording_facts
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import Actor, StoreState
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import FactSpec, FactType, Subject
from bwcstore.statute._pack import Law
from bwcstore.statute._settle import settle

CHIEF: Final = "chief"
CHIEFS_OWN: Final = "chief_"
_LISTED: Final = (FactType.HOLDS, FactType.REQUESTS)


@attrs.frozen(kw_only=True)
class Assertable:
    """What somebody wants to assert.

    Attributes:
        fact: the fact as the pack names it.
        value: a value of its type; None takes back what `supersedes` names.
        since: from which day it is so; None is the day on which it is asserted.
        supersedes: the assertion in whose place it stands.
    """

    fact: str
    value: object
    since: date | None = None
    supersedes: str | None = None


def check_present(state: ObjectState) -> None:
    """Check that a recording is there and not being destroyed.

    Raises:
        RetentionError: it is gone (`OBJECT_PURGED`) or going (`PURGE_STARTED`).
    """
    if state.keeping.purge is None:
        return
    if state.purged is not None:
        raise RetentionError(
            ErrorKind.OBJECT_PURGED,
            f"object {state.object_id} was lawfully destroyed (certificate {state.purged})",
        )
    raise RetentionError(
        ErrorKind.PURGE_STARTED,
        f"the destruction of object {state.object_id} has begun (entry "
        f"{state.keeping.purge.started_index})",
    )


def candidate(
    wanted: Assertable,
    former: tuple[FactAssertion, ...],
    *,
    about: Subject,
    law: Law,
    actor: Actor,
    assertion_id: str,
    basis: str,
    at: Instant,
) -> FactAssertion:
    """The assertion that would be made, checked but for what is known besides.

    Raises:
        InvalidInputError: the pack has no such fact (`fact-unknown`), of this subject or at all;
            the value is not of its type (`fact-type`, `label-unknown`, `time-naive`); or it would
            take back nothing.
        NotFoundError: what it supersedes is no assertion of this fact (`assertion-unknown`).
        AuthorizationError: it is the chief's own word (`chief-required`).
    """
    spec = law.pack.fact(wanted.fact)
    if spec.about is not about or spec.type in _LISTED:
        raise InvalidInputError(
            ErrorKind.FACT_UNKNOWN,
            f"fact {spec.name} is not asserted of a {about}: it is about the {spec.about}"
            if spec.type not in _LISTED
            else f"fact {spec.name} is not asserted: {spec.type} have entries of their own",
        )
    if spec.name.startswith(CHIEFS_OWN) and CHIEF not in actor.roles:
        cited = f" ({spec.cite})" if spec.cite else ""
        raise AuthorizationError(
            ErrorKind.CHIEF_REQUIRED, f"fact {spec.name} is the chief's own word{cited}"
        )
    _check_superseded(wanted, former)
    value = None if wanted.value is None else as_json(spec, wanted.value)
    if value is not None:
        fact_value(spec, value)
    elif wanted.supersedes is None:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"fact {spec.name}: no value, and nothing to take back"
        )
    return FactAssertion(
        assertion_id=assertion_id,
        fact=spec.name,
        value=value,
        since=wanted.since or local_date(at, law.zone),
        at=at,
        by=actor.actor_id,
        basis=basis,
        index=-1,
        supersedes=wanted.supersedes,
    )


def _check_superseded(wanted: Assertable, former: tuple[FactAssertion, ...]) -> None:
    if wanted.supersedes is None:
        return
    try:
        UUID(wanted.supersedes)
    except ValueError as exc:
        raise NotFoundError(
            ErrorKind.ASSERTION_UNKNOWN, f"no assertion {wanted.supersedes!r:.60}"
        ) from exc
    for one in former:
        if one.assertion_id == wanted.supersedes and one.fact == wanted.fact:
            return
    raise NotFoundError(
        ErrorKind.ASSERTION_UNKNOWN, f"no assertion {wanted.supersedes} of fact {wanted.fact}"
    )


def check_recording(
    state: ObjectState, store: StoreState, made: FactAssertion, *, law: Law, at: Instant
) -> None:
    """Check that a recording's facts can be true with one more.

    Raises:
        InvalidInputError: they cannot (`fact-contradiction`, `fact-future`).
    """
    keeping = attrs.evolve(state.keeping, facts=(*state.keeping.facts, made))
    after = attrs.evolve(state, keeping=keeping)
    facts = recording_facts(after, store, law=law, at=at)
    settle(facts, law=law, as_of=local_date(at, law.zone))


def check_together(
    former: tuple[FactAssertion, ...], made: FactAssertion, *, law: Law, at: Instant
) -> None:
    """Check that the facts of a request or of the agency can be true with one more.

    Raises:
        InvalidInputError: they cannot (`fact-contradiction`, `fact-future`).
    """
    on = local_date(at, law.zone)
    facts = asserted_facts((*former, made), pack=law.pack, zone=law.zone, on=on, at=at)
    settle(facts, law=law, as_of=on)


def as_json(spec: FactSpec, value: object) -> Json:
    """A value as an entry has it: dates and instants as text, codes sorted.

    Raises:
        InvalidInputError: it is none that a fact can have (`fact-type`, `time-naive`).
    """
    if isinstance(value, bool | str):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidInputError(
                ErrorKind.TIME_NAIVE, f"fact {spec.name}: {value.isoformat()} has no time zone"
            )
        return str(Instant.from_datetime(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Instant):
        return str(value)
    if isinstance(value, Iterable):
        return [*sorted({str(one) for one in value})]
    raise InvalidInputError(
        ErrorKind.FACT_TYPE, f"fact {spec.name}: a {spec.type} is needed, not {value!r:.60}"
    )
