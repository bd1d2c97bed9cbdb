"""May this request be received, bound, answered, closed; was its requester told?

Rules kept here (spec chapter `requests`):

- a request keeps every recording that it is about until it is answered for it (REQ-3);
- a request to retain is granted by a provision and for as long as that allows: what is over is
  told with its citation (REQ-6);
- some denials are the chief's own word (REQ-7);
- a request is closed when nothing that it is about waits for an answer (REQ-8).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import attrs

from bwcstore._values import ActId, ObjectId
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._asserting import (
    CHIEF,
    Assertable,
    Asserting,
    candidate,
    check_together,
)
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._holding import OBJECTS_MAX, bound_objects, civil_day
from bwcstore.custody._knowledge import RETAIN
from bwcstore.custody._object_records import ObjectState, RequestBound
from bwcstore.custody._records import Actor
from bwcstore.custody._state import State
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.ledger._custody_kinds import NOTICES, OUTCOMES, REQUEST_KINDS
from bwcstore.statute._condition import Gap, Settled, Verdict, judge
from bwcstore.statute._facts import DAYS_MAX, FactType
from bwcstore.statute._pack import Law, Pack
from bwcstore.statute._rules import Extension

CHIEF_DENIES: Final = frozenset({"kin-inspection"})
GRANTED, DENIED, WITHDRAWN = OUTCOMES
NOTHING_HELD: Final = "nothing-held"
FACTS_MAX: Final = 64
_TOLD_OF: Final = {"grant": GRANTED, "denial": DENIED, "expiry": GRANTED}


@attrs.frozen(kw_only=True)
class Advice:
    """Something that whoever answers a request should tell the requester.

    Attributes:
        code: what it is about, a code of `ErrorKind`.
        says: it, in words, with the citation.
        cite: the provision.
    """

    code: ErrorKind
    says: str
    cite: str


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(ErrorKind.ARGUMENT_INVALID, message)


def _wrong_state(message: str) -> InvalidInputError:
    return InvalidInputError(ErrorKind.REQUEST_STATE, message)


# --- Receiving --------------------------------------------------------------------------------


def check_request(kind: str, *, days: int | None, answers: Mapping[str, bool], pack: Pack) -> None:
    """Check what is asked for (REQ-1, REQ-2).

    Raises:
        InvalidInputError: an unknown kind, or days with another kind than `subject-retain`
            (`argument-invalid`); a request to retain without days or without the answers that
            the pack asks for (`request-incomplete`).
    """
    if kind not in REQUEST_KINDS:
        raise _invalid(f"no kind of request {kind!r:.60}: one of {', '.join(REQUEST_KINDS)}")
    if kind != RETAIN:
        if days is not None or answers:
            raise _invalid(f"only a request of kind {RETAIN} asks for days")
        return
    if type(days) is not int or not 1 <= days <= DAYS_MAX:
        raise InvalidInputError(
            ErrorKind.REQUEST_INCOMPLETE,
            f"a request to retain asks for 1 to {DAYS_MAX} days, not {days!r:.20}",
        )
    flags = {code for spec in pack.facts if spec.type is FactType.REQUESTS for code in spec.codes}
    if set(answers) != flags or not all(isinstance(one, bool) for one in answers.values()):
        raise InvalidInputError(
            ErrorKind.REQUEST_INCOMPLETE,
            f"a request to retain answers, each by yes or no, what pack {pack.id} asks about it, "
            f"and no more: {', '.join(sorted(flags))}; given: {', '.join(sorted(answers))}",
        )


def check_requester(requester: str, pack: Pack) -> None:
    """Check that the requester is one of the pack's actors.

    Raises:
        InvalidInputError: it is not (`argument-invalid`).
    """
    known = sorted(term.id for term in pack.actors)
    if requester not in known:
        raise _invalid(f"no actor {requester!r:.60} in pack {pack.id}; it has {', '.join(known)}")


def day_of(given: date | None, what: str, *, earliest: date | None = None, today: date) -> date:
    """The day on which something happened; today, where none is given.

    Raises:
        InvalidInputError: it is no civil date or too early (`argument-invalid`), or lies ahead
            (`fact-future`).
    """
    if given is None:
        return today
    day = civil_day(given, what)
    if day > today:
        raise InvalidInputError(ErrorKind.FACT_FUTURE, f"{what}: {day} is after today, {today}")
    if earliest is not None and day < earliest:
        raise _invalid(f"{what}: {day} is before {earliest}")
    return day


def first_facts(
    facts: Mapping[str, object], ids: Sequence[str], *, since: date, by: Asserting
) -> tuple[FactAssertion, ...]:
    """What is asserted of a request as it is received.

    Args:
        facts: values by the name of the fact.
        ids: an id for each.
        since: from which day they are so.
        by: who says so, and when.

    Raises:
        InvalidInputError: one is no fact about a request or not of its type, they contradict each
            other, or there are more than 64 (`too-large`).
        AuthorizationError: one is the chief's own word (`chief-required`).
    """
    if len(facts) > FACTS_MAX:
        raise InvalidInputError(ErrorKind.TOO_LARGE, f"{len(facts)} facts, at most {FACTS_MAX}")
    made = tuple(
        candidate(
            Assertable(fact=fact, value=value, since=since), (), by=by, assertion_id=assertion_id
        )
        for (fact, value), assertion_id in zip(sorted(facts.items()), ids, strict=True)
    )
    check_together((), made, by=by)
    return made


# --- Requests and the recordings that they are about ------------------------------------------


def require_request(state: State, act: ActId) -> RequestState:
    """A request, closed or not.

    Raises:
        NotFoundError: there is none (`request-unknown`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    found = state.act(act)
    if not isinstance(found, RequestState):
        raise NotFoundError(ErrorKind.REQUEST_UNKNOWN, f"no request {act}")
    if found.opaque:
        raise IntegrityError(
            ErrorKind.SCOPE_OPAQUE,
            f"request {act} has entries of a newer version; this version only reads it",
        )
    return found


def open_request(state: State, act: ActId) -> RequestState:
    """A request that is not closed.

    Raises:
        NotFoundError: there is none (`request-unknown`).
        InvalidInputError: it was closed (`request-state`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    found = require_request(state, act)
    if found.outcome is not None:
        raise _wrong_state(f"request {act} was closed before: {found.outcome}")
    return found


def to_bind(state: State, act: ActId, objects: Iterable[ObjectId]) -> tuple[ObjectState, ...]:
    """The recordings that a request is about from now on: those it is not about already.

    Raises:
        InvalidInputError: there are more than 4,096 (`too-large`).
        NotFoundError: one does not exist (`object-unknown`).
        RetentionError: one is destroyed or being destroyed.
    """
    return tuple(one for one in bound_objects(state, objects) if act not in one.keeping.requests)


def bound_to(state: State, act: ActId) -> tuple[ObjectState, ...]:
    """Every recording that a request is about."""
    found = (state.object(object_id) for object_id in state.bound(act))
    return tuple(one for one in found if one is not None)


def _require_bound(state: State, act: ActId, object_id: ObjectId) -> RequestBound:
    found = state.object(object_id)
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    bound = found.keeping.requests.get(act)
    if bound is None:
        raise _wrong_state(f"request {act} is not about object {object_id}")
    return bound


# --- Answering --------------------------------------------------------------------------------


def to_answer(
    state: State, act: ActId, outcome: str, objects: Iterable[ObjectId] | None
) -> Mapping[ObjectId, RequestBound]:
    """The recordings for which a request is answered: those named, or all that wait (REQ-5).

    Raises:
        InvalidInputError: an unknown outcome (`argument-invalid`); more than 4,096 recordings
            (`too-large`); nothing waits for an answer, the request is not about one, or was
            answered for it before and is not withdrawn now (`request-state`).
        NotFoundError: one does not exist (`object-unknown`).
    """
    if outcome not in OUTCOMES:
        raise _invalid(f"outcome {outcome!r:.40}: one of {', '.join(OUTCOMES)}")
    if objects is None:
        found = {
            one.object_id: one.keeping.requests[act]
            for one in bound_to(state, act)
            if _waits(one.keeping.requests[act], outcome)
        }
    else:
        found = {one: _require_bound(state, act, one) for one in dict.fromkeys(objects)}
    if not found:
        raise _wrong_state(f"request {act}: nothing waits for an answer")
    if len(found) > OBJECTS_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE,
            f"request {act}: {len(found)} recordings, at most {OBJECTS_MAX} at once; name them",
        )
    for object_id, bound in found.items():
        if not _waits(bound, outcome):
            raise _wrong_state(
                f"request {act} was answered for object {object_id} before: {bound.outcome}"
            )
    return found


def _waits(bound: RequestBound, outcome: str) -> bool:
    if bound.outcome is None:
        return True
    return outcome == WITHDRAWN and bound.outcome == GRANTED


def check_denial(kind: str, outcome: str, actor: Actor) -> None:
    """Check that whoever denies a request may (REQ-7).

    Raises:
        AuthorizationError: only the chief may (`chief-required`).
    """
    if outcome == DENIED and kind in CHIEF_DENIES and CHIEF not in actor.roles:
        raise AuthorizationError(
            ErrorKind.CHIEF_REQUIRED,
            f"a request of kind {kind} is denied by the chief in person; actor "
            f"{actor.actor_id} has {', '.join(sorted(actor.roles))}",
        )


def check_rule(rule: str | None, pack: Pack) -> None:
    """Check that the rule that an answer rests on is one of the pack's.

    Raises:
        InvalidInputError: it is not (`argument-invalid`).
    """
    if rule is not None and not any(
        one.id == rule for rules in pack.rules.values() for one in rules
    ):
        raise _invalid(f"no rule {rule!r:.60} in pack {pack.id}")


@attrs.frozen(kw_only=True)
class _Answers:
    """What is said of a request to retain, for the condition that accepts it."""

    answers: Mapping[str, bool]

    def settled(self, name: str) -> Settled:
        return self.answers.get(name, Gap.UNKNOWN)


def granting(bound: RequestBound, law: Law) -> Extension | None:
    """The provision that grants a request to retain; None for a request of another kind (REQ-6).

    Raises:
        RetentionError: there is none (`law-forbids`).
    """
    if bound.kind != RETAIN:
        return None
    answers = _Answers(answers=bound.answers)
    fitting = [rule for rule in law.extensions if judge(rule.accept, answers) is Verdict.YES]
    if not fitting:
        cites = ", ".join(f"{rule.id} ({rule.cite})" for rule in law.extensions) or "no rule"
        raise RetentionError(
            ErrorKind.LAW_FORBIDS,
            f"request {bound.request} adds no time: {cites} does not grant it; "
            "a hold may honour it",
        )
    return max(fitting, key=lambda rule: rule.cap_days)


def advise(bound: RequestBound, rule: Extension) -> tuple[Advice, ...]:
    """What whoever grants a request to retain should tell the requester (REQ-6)."""
    if bound.days is None or bound.days <= rule.cap_days:
        return ()
    says = (
        f"{bound.days} days were asked for, {rule.cap_days} are added ({rule.cite}); another "
        "request may follow"
    )
    return (Advice(code=ErrorKind.REQUEST_OVER_CAP, says=says, cite=rule.cite),)


# --- Closing and telling ----------------------------------------------------------------------


def ending(state: State, act: ActId, outcome: str | None, actor: Actor) -> str:
    """How a request ends that is closed now (REQ-8).

    Raises:
        InvalidInputError: the word is none that there is (`argument-invalid`); a recording waits
            for an answer, or was not answered so (`request-state`).
        AuthorizationError: only the chief may deny it (`chief-required`).
        NotFoundError: there is no such request.
        IntegrityError: it has entries of a newer version.
    """
    request = open_request(state, act)
    words = (*OUTCOMES, NOTHING_HELD)
    if outcome is not None and outcome not in words:
        raise _invalid(f"outcome {outcome!r:.40}: one of {', '.join(words)}")
    answers = [one.keeping.requests[act].outcome for one in bound_to(state, act)]
    if waiting := answers.count(None):
        raise _wrong_state(f"request {act} waits for an answer for {waiting} recordings")
    if not answers:
        ended = outcome or NOTHING_HELD
        check_denial(request.kind, ended, actor)
        return ended
    # Of several answers, the one that gave most.
    ended = outcome or next(word for word in OUTCOMES if word in answers)
    if ended not in answers:
        raise _wrong_state(f"request {act} was not answered by {ended} for any recording")
    return ended


def check_notice(
    state: State, act: ActId, object_id: ObjectId, notice: str, *, on: date | None, today: date
) -> date:
    """The day on which the requester was told, if there was something to tell (REQ-9).

    Raises:
        InvalidInputError: an unknown notice or a day before the answer (`argument-invalid`); a
            day to come (`fact-future`); the request is not about the recording, or was not
            answered as the notice says (`request-state`).
        NotFoundError: there is no such request or recording.
        IntegrityError: the request has entries of a newer version.
    """
    if notice not in NOTICES:
        raise _invalid(f"notice {notice!r:.40}: one of {', '.join(NOTICES)}")
    require_request(state, act)
    bound = _require_bound(state, act, object_id)
    expires = notice == "expiry" and bound.kind != RETAIN
    if bound.outcome != _TOLD_OF[notice] or expires:
        raise _wrong_state(
            f"request {act} of kind {bound.kind}, {bound.outcome or 'not answered'} for object "
            f"{object_id}: there is no {notice} to tell of"
        )
    return day_of(on, f"notice of {notice}", earliest=bound.answered_on, today=today)
