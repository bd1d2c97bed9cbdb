"""decide: may this be asserted of a recording, a request or the agency?

Rules kept here (spec chapter `custody`):

- only what the pack declares, of the declared type, about the right subject (CUS-15,
  CUS-16);
- what the ledger says by other entries is not asserted: holds, requests, the time of a recording,
  and what the agency did about a request (CUS-17);
- what begins with `chief_` is the chief's own word (CUS-18);
- what cannot be true together with what is known already is refused (CUS-19).
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant, ObjectId
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._authority import Role
from bwcstore.custody._derived import as_law_sees, lineage
from bwcstore.custody._deriving import check_there
from bwcstore.custody._knowledge import (
    COLLECTED,
    END_NOTICED_ON,
    GRANTED_ON,
    LATEST_SECONDS,
    NOTICED_ON,
    asserted_facts,
    fact_value,
    recording_facts,
)
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import Actor
from bwcstore.custody._state import State
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import Facts, FactSpec, FactType, Subject
from bwcstore.statute._pack import Law
from bwcstore.statute._settle import settle

CHIEF: Final = Role.CHIEF.value
CHIEFS_OWN: Final = "chief_"
ASSERTIONS_MAX: Final = 64
_ENTRIES_OF_THEIR_OWN: Final = frozenset(
    {
        COLLECTED,
        GRANTED_ON,
        NOTICED_ON,
        END_NOTICED_ON,
        "requester",
        "requested_on",
        "retention_extension_ends_on",
    }
)


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


@attrs.frozen(kw_only=True)
class Asserting:
    """Who asserts something, when, and under which law.

    Attributes:
        about: what it is about.
        actor: who.
        basis: what it rests on.
        law: the law of the day.
        at: the moment.
    """

    about: Subject
    actor: Actor
    basis: str
    law: Law
    at: Instant

    @property
    def today(self) -> date:
        """The day on which it is asserted."""
        return local_date(self.at, self.law.zone)


def check_present(state: ObjectState) -> None:
    """Check that a recording is there, not being destroyed, and understood.

    Raises:
        RetentionError: it is gone (`object-purged`) or going (`purge-started`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    check_there(state)


def require_present(state: State, object_id: ObjectId) -> ObjectState:
    """A recording that is there and not being destroyed.

    Raises:
        NotFoundError: there is no such object (`object-unknown`).
        RetentionError: it is gone (`object-purged`) or going (`purge-started`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    found = state.object(object_id)
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    check_there(found)
    return found


def candidate(
    wanted: Assertable, former: Iterable[FactAssertion], *, by: Asserting, assertion_id: str
) -> FactAssertion:
    """The assertion that would be made, checked but for what is known besides.

    Raises:
        InvalidInputError: the pack has no such fact about this subject (`fact-unknown`); the value
            is not of its type (`fact-type`, `label-unknown`, `time-naive`); it is of a day to come
            (`fact-future`); it has an entry of its own, or would take back nothing
            (`argument-invalid`).
        NotFoundError: what it supersedes is no assertion of this fact (`assertion-unknown`).
        AuthorizationError: it is the chief's own word (`chief-required`).
    """
    if wanted.fact.startswith(CHIEFS_OWN) and CHIEF not in by.actor.roles:
        spec = by.law.specs.get(wanted.fact)
        cited = f" ({spec.cite})" if spec and spec.cite else ""
        raise AuthorizationError(
            ErrorKind.CHIEF_REQUIRED,
            f"fact {wanted.fact} is the chief's own word{cited}; actor {by.actor.actor_id} has "
            f"{', '.join(sorted(by.actor.roles)) or 'no role'}",
        )
    _check_superseded(wanted, former)
    if wanted.value is not None:
        value: Json = _checked_value(wanted, by)
    elif wanted.supersedes is not None:
        value = None
    else:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"fact {wanted.fact}: no value, and nothing to take back"
        )
    return FactAssertion(
        assertion_id=assertion_id,
        fact=wanted.fact,
        value=value,
        since=_since(wanted, by),
        at=by.at,
        by=by.actor.actor_id,
        basis=by.basis,
        index=-1,
        supersedes=wanted.supersedes,
    )


def _check_superseded(wanted: Assertable, former: Iterable[FactAssertion]) -> None:
    name = wanted.supersedes
    if name is not None and not any(
        one.assertion_id == name and one.fact == wanted.fact for one in former
    ):
        raise NotFoundError(
            ErrorKind.ASSERTION_UNKNOWN,
            f"no assertion {name!r:.60} of fact {wanted.fact!r:.60}",
        )


def _checked_value(wanted: Assertable, by: Asserting) -> Json:
    spec = by.law.pack.fact(wanted.fact)
    if spec.about is not by.about:
        raise InvalidInputError(
            ErrorKind.FACT_UNKNOWN,
            f"fact {spec.name} is about the {spec.about}, not about the {by.about}",
        )
    if spec.type in (FactType.HOLDS, FactType.REQUESTS) or spec.name in _ENTRIES_OF_THEIR_OWN:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"fact {spec.name} is not asserted: entries of their own say it",
        )
    value = as_json(spec, wanted.value)
    meant = fact_value(spec, value)
    day = local_date(meant, by.law.zone) if isinstance(meant, Instant) else meant
    if isinstance(day, date) and not spec.ahead:
        _check_not_ahead(spec.name, "is of", day, by)
    return value


def _since(wanted: Assertable, by: Asserting) -> date:
    since = wanted.since
    if since is None:
        return by.today
    if not isinstance(since, date) or isinstance(since, datetime):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"fact {wanted.fact}: since is a civil date, not {since!r:.40}",
        )
    spec = by.law.specs.get(wanted.fact)
    if spec is None or not spec.ahead:
        _check_not_ahead(wanted.fact, "is said to be so since", since, by)
    return since


def _check_not_ahead(fact: str, what: str, day: date, by: Asserting) -> None:
    if day > by.today:
        raise InvalidInputError(
            ErrorKind.FACT_FUTURE, f"fact {fact} {what} {day}, which is after today, {by.today}"
        )


def check_recording(
    state: State, found: ObjectState, made: tuple[FactAssertion, ...], *, by: Asserting
) -> None:
    """Check that a recording's facts can be true with some more (CUS-19).

    Where they could not be true before, everything is taken that the pack can take: it may be
    what puts them right, and until then nothing favourable follows from them.

    Raises:
        InvalidInputError: they cannot (`fact-contradiction`, `fact-future`).
    """
    keeping = attrs.evolve(found.keeping, facts=(*found.keeping.facts, *made))
    after = attrs.evolve(found, keeping=keeping)

    def facts(one: ObjectState) -> Callable[[], Facts]:
        seen = as_law_sees(state, one)
        return lambda: recording_facts(seen, state.store, law=by.law, at=by.at)

    _check(facts(found), facts(after), by)


def check_not_after_ingest(found: ObjectState, at: Instant) -> None:
    """Check that a recording can have been made at a moment: not after its ingest (CUS-23).

    Raises:
        InvalidInputError: it cannot (`argument-invalid`).
    """
    if (at.microseconds - found.ingested_at.microseconds) / 1_000_000 > LATEST_SECONDS:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"object {found.object_id} cannot have been made at {at}: it was ingested at "
            f"{found.ingested_at}",
        )


def recording_reads(state: State, found: ObjectState) -> frozenset[str]:
    """The conflict keys that an assertion about a recording reads (LED-31)."""
    return frozenset(f"object/{one.object_id}" for one in lineage(state, found))


def check_together(
    former: tuple[FactAssertion, ...], made: tuple[FactAssertion, ...], *, by: Asserting
) -> None:
    """Check that the facts of a request or of the agency can be true with some more (CUS-19).

    Raises:
        InvalidInputError: they cannot (`fact-contradiction`, `fact-future`).
    """

    def facts(said: tuple[FactAssertion, ...]) -> Callable[[], Facts]:
        law = by.law
        return lambda: asserted_facts(said, pack=law.pack, zone=law.zone, on=by.today, at=by.at)

    _check(facts(former), facts((*former, *made)), by)


def _check(before: Callable[[], Facts], after: Callable[[], Facts], by: Asserting) -> None:
    try:
        settle(after(), law=by.law, as_of=by.today)
    except InvalidInputError:
        try:
            settle(before(), law=by.law, as_of=by.today)
        except InvalidInputError:
            return
        raise


def as_json(spec: FactSpec, value: object) -> Json:
    """A value as an entry has it: dates and instants as text, codes sorted.

    Raises:
        InvalidInputError: it is none that a fact can have (`fact-type`, `time-naive`).
    """
    if isinstance(value, (bool, str)):
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
