"""decide: may this request be received, bound, answered, closed?

Rules kept here (spec chapter `requests`):

- a request keeps every recording that it is about until it is answered for it (REQ-3);
- a request to retain is granted for as long as the law allows, and no longer: what is over is told
  with its citation (REQ-6);
- some denials are the chief's own word (REQ-7);
- a request is closed when nothing that it is about waits for an answer (REQ-8).
"""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from bwcstore._values import ActId, ObjectId
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._asserting import CHIEF, check_present
from bwcstore.custody._knowledge import RETAIN
from bwcstore.custody._object_records import ObjectState, RequestBound
from bwcstore.custody._records import Actor
from bwcstore.custody._state import State
from bwcstore.errors import AuthorizationError, ErrorKind, InvalidInputError, NotFoundError
from bwcstore.ledger._custody_kinds import OUTCOMES, REQUEST_KINDS
from bwcstore.statute._facts import DAYS_MAX, FactType
from bwcstore.statute._pack import Law, Pack

OBJECTS_MAX: Final = 4_096
CHIEF_DENIES: Final = frozenset({"kin-inspection"})
WITHDRAWN: Final = "withdrawn"


@attrs.frozen(kw_only=True)
class Advice:
    """Something that whoever answers a request should tell the requester.

    Attributes:
        code: what it is about, a code of `ErrorKind`.
        says: it, in words, with the citation.
    """

    code: ErrorKind
    says: str


def check_request(kind: str, *, days: int | None, answers: Mapping[str, bool], pack: Pack) -> None:
    """Check what is asked for.

    Raises:
        InvalidInputError: an unknown kind; a request to retain without days or without the
            answers that the pack asks for (`request-incomplete`); days with another kind.
    """
    if kind not in REQUEST_KINDS:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"no kind of request {kind!r:.60}: one of {', '.join(REQUEST_KINDS)}",
        )
    if kind != RETAIN:
        if days is not None or answers:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"only a request of kind {RETAIN} asks for days"
            )
        return
    if type(days) is not int or not 1 <= days <= DAYS_MAX:
        raise InvalidInputError(
            ErrorKind.REQUEST_INCOMPLETE, f"a request to retain asks for 1 to {DAYS_MAX} days"
        )
    flags = {code for spec in pack.facts if spec.type is FactType.REQUESTS for code in spec.codes}
    if set(answers) != flags:
        about = ", ".join(sorted(flags ^ set(answers)))
        raise InvalidInputError(
            ErrorKind.REQUEST_INCOMPLETE,
            f"a request to retain answers what pack {pack.id} asks about it, and no more: {about}",
        )


def check_requester(requester: str, pack: Pack) -> None:
    """Check that the requester is one of the pack's actors.

    Raises:
        InvalidInputError: it is not.
    """
    known = sorted(term.id for term in pack.actors)
    if requester not in known:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"no actor {requester!r:.60} in pack {pack.id}; it has {', '.join(known)}",
        )


def open_request(state: State, act: ActId) -> RequestState:
    """A request that is not closed.

    Raises:
        NotFoundError: there is none (`request-unknown`).
        InvalidInputError: it was closed (`request-state`).
    """
    found = state.act(act)
    if not isinstance(found, RequestState):
        raise NotFoundError(ErrorKind.REQUEST_UNKNOWN, f"no request {act}")
    if found.outcome is not None:
        raise InvalidInputError(ErrorKind.REQUEST_STATE, f"request {act} was closed before")
    return found


def to_bind(state: State, act: ActId, objects: Iterable[ObjectId]) -> tuple[ObjectState, ...]:
    """The recordings that a request is about from now on: those it is not about already.

    Raises:
        InvalidInputError: there are more than 4,096 (`too-large`).
        NotFoundError: one does not exist.
        RetentionError: one is destroyed or being destroyed.
    """
    distinct = tuple(dict.fromkeys(objects))
    if len(distinct) > OBJECTS_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE, f"a request is about at most {OBJECTS_MAX} recordings at once"
        )
    found = []
    for object_id in distinct:
        one = state.object(object_id)
        if one is None:
            raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
        check_present(one)
        if act not in one.keeping.requests:
            found.append(one)
    return tuple(found)


def bound_to(state: State, act: ActId) -> tuple[ObjectState, ...]:
    """Every recording that a request is about."""
    return tuple(one for one in state.objects() if act in one.keeping.requests)


def to_answer(
    state: State, act: ActId, outcome: str, objects: Iterable[ObjectId] | None
) -> tuple[ObjectState, ...]:
    """The recordings for which a request is answered: those named, or all that wait.

    Raises:
        InvalidInputError: an unknown outcome; nothing waits for an answer; or one was answered
            before (`request-state`) and is not withdrawn now.
        NotFoundError: one does not exist, or the request is not about it.
    """
    if outcome not in OUTCOMES:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"outcome {outcome!r:.40}: one of {', '.join(OUTCOMES)}"
        )
    if objects is None:
        found = tuple(
            one for one in bound_to(state, act) if _waits(one.keeping.requests[act], outcome)
        )
        if not found:
            raise InvalidInputError(
                ErrorKind.REQUEST_STATE, f"request {act}: nothing waits for an answer"
            )
        return found
    return tuple(_named(state, act, outcome, one) for one in dict.fromkeys(objects))


def _named(state: State, act: ActId, outcome: str, object_id: ObjectId) -> ObjectState:
    found = state.object(object_id)
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    bound = found.keeping.requests.get(act)
    if bound is None:
        raise NotFoundError(
            ErrorKind.REQUEST_UNKNOWN, f"request {act} is not about object {object_id}"
        )
    if not _waits(bound, outcome):
        raise InvalidInputError(
            ErrorKind.REQUEST_STATE,
            f"request {act} was answered for object {object_id} before: {bound.outcome}",
        )
    return found


def _waits(bound: RequestBound, outcome: str) -> bool:
    if bound.outcome is None:
        return True
    return outcome == WITHDRAWN and bound.outcome == "granted"


def check_denial(kind: str, outcome: str, actor: Actor) -> None:
    """Check that whoever denies a request may (REQ-7).

    Raises:
        AuthorizationError: only the chief may (`chief-required`).
    """
    if outcome == "denied" and kind in CHIEF_DENIES and CHIEF not in actor.roles:
        raise AuthorizationError(
            ErrorKind.CHIEF_REQUIRED, f"a request of kind {kind} is denied by the chief alone"
        )


def advise(bound: RequestBound, outcome: str, law: Law) -> tuple[Advice, ...]:
    """What whoever grants a request to retain should tell the requester (REQ-6)."""
    if outcome != "granted" or bound.kind != RETAIN or bound.days is None:
        return ()
    return tuple(
        Advice(
            code=ErrorKind.REQUEST_OVER_CAP,
            says=f"{bound.days} days were asked for; {rule.cap_days} are added ({rule.cite}). "
            "Another request may follow.",
        )
        for rule in law.extensions
        if bound.days > rule.cap_days
    )
