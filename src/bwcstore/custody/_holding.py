"""May this hold be placed, looked at again, released?

Rules kept here (spec chapter `holds`):

- what is destroyed or being destroyed can no longer be held (HLD-5);
- a hold that was released is over; another one may be placed (HLD-6);
- of the kinds that the agency's policy names, two different actors must release (HLD-7).
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from bwcstore._values import ActorId, ObjectId
from bwcstore.custody._asserting import check_present
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import HoldPlaced, StoreState
from bwcstore.custody._state import State
from bwcstore.errors import AuthorizationError, ErrorKind, InvalidInputError, NotFoundError
from bwcstore.statute._facts import FactType
from bwcstore.statute._pack import Pack

OBJECTS_MAX: Final = 4_096


def check_kind(kind: str, pack: Pack | None) -> None:
    """Check that a kind of hold is one of the pack's, where a law was adopted that has any.

    Raises:
        InvalidInputError: it is not (`argument-invalid`).
    """
    if pack is None:
        return
    known = {code for spec in pack.facts if spec.type is FactType.HOLDS for code in spec.codes}
    if known and kind not in known:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"no kind of hold {kind!r:.60} in pack {pack.id}; it has {', '.join(sorted(known))}",
        )


def civil_day(value: object, what: str) -> date:
    """Return what is given as a civil date if it is one.

    Raises:
        InvalidInputError: it is text, a moment, or anything else (`argument-invalid`).
    """
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"{what}: a civil date is needed, not {value!r:.60}"
        )
    return value


def check_review(review_on: date | None, *, today: date) -> None:
    """Check that a hold is to be looked at again on a day that can still come (HLD-8).

    Raises:
        InvalidInputError: the day is past, or no date (`argument-invalid`).
    """
    if review_on is not None and civil_day(review_on, "review") < today:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"a hold cannot be looked at again on {review_on}: today is {today}",
        )


def bound_objects(state: State, objects: Iterable[ObjectId]) -> tuple[ObjectState, ...]:
    """The recordings that a hold or a request will bind, each once.

    Raises:
        InvalidInputError: there are more than 4,096 (`too-large`).
        NotFoundError: one does not exist (`object-unknown`).
        RetentionError: one is destroyed (`object-purged`) or being destroyed (`purge-started`).
    """
    distinct = tuple(dict.fromkeys(objects))
    if len(distinct) > OBJECTS_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE, f"{len(distinct)} recordings, at most {OBJECTS_MAX} at once"
        )
    found = []
    for object_id in distinct:
        one = state.object(object_id)
        if one is None:
            raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
        if one.keeping.purge is not None:
            # Not asked of all: entries of a newer version are no reason to let one go unheld.
            check_present(one)
        found.append(one)
    return tuple(found)


def standing(store: StoreState, hold_id: str) -> HoldPlaced:
    """A hold that holds.

    Raises:
        NotFoundError: no such hold was placed (`hold-unknown`).
        InvalidInputError: it was released before (`hold-released`).
    """
    found = store.holds.get(hold_id)
    if found is None:
        raise NotFoundError(ErrorKind.HOLD_UNKNOWN, f"no hold {hold_id!r:.60}")
    if found.released_at is not None:
        raise InvalidInputError(
            ErrorKind.HOLD_RELEASED, f"hold {hold_id} was released at {found.released_at}"
        )
    return found


def releases(store: StoreState, hold: HoldPlaced, by: ActorId) -> bool:
    """Whether the actor's word releases a hold now, or only proposes it (HLD-7).

    Raises:
        AuthorizationError: the actor has proposed it before, and another must release it
            (`second-actor-required`).
    """
    if hold.kind not in store.policy.dual_release:
        return True
    first = None if hold.proposed_by is None else store.actors.get(hold.proposed_by)
    # The word of somebody who may no longer act is worth nothing: another two are needed.
    if first is None or first.revoked:
        return False
    if first.actor_id == by:
        raise AuthorizationError(
            ErrorKind.SECOND_ACTOR_REQUIRED,
            f"hold {hold.hold_id}: actor {by} has proposed its release; another must release it",
        )
    return True
