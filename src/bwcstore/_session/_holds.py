"""Holds: decided, and appended to scope `store`, where every destruction looks for them."""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._actors import random_id
from bwcstore._session._history import opened
from bwcstore._session._law import require_law
from bwcstore._session._services import Services
from bwcstore._values import Digest, Instant, ObjectId, ScopeId
from bwcstore.custody._authority import ROLES_FOR, Permission, Verb
from bwcstore.custody._holding import (
    bound_objects,
    check_kind,
    check_review,
    civil_day,
    releases,
    standing,
)
from bwcstore.custody._records import HoldPlaced
from bwcstore.custody._selection import Selection
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._custody_kinds import HOLD_AUTHORITIES
from bwcstore.ledger._draft import Decision
from bwcstore.ledger._kind import code
from bwcstore.statute._civil import local_date

Released = Literal["proposed", "released"]
_WESTERNMOST_SECONDS: Final = -12 * 3_600.0


@attrs.frozen(kw_only=True)
class HoldOrder:
    """A hold that is to be placed; see `Session.place_hold`."""

    kind: str
    objects: tuple[ObjectId, ...]
    selection: Selection | None
    authority: str
    review_on: date | None
    statement: str | None
    document_sha256: Digest | None

    def check(self) -> None:
        """Check what can be checked without the store.

        Raises:
            InvalidInputError: it binds and selects nothing, or a word is none of its list.
        """
        if not self.objects and self.selection is None:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, "a hold needs recordings or a selection"
            )
        if not code(self.kind):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"no kind of hold: {self.kind!r:.60}"
            )
        if self.authority not in HOLD_AUTHORITIES:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"authority {self.authority!r:.40}: one of {', '.join(HOLD_AUTHORITIES)}",
            )

    def body(
        self, hold_id: str, query: Mapping[str, Json] | None, *, objects_count: int
    ) -> dict[str, Json]:
        """The open fields of `hold.placed`."""
        body: dict[str, Json] = {
            "hold": hold_id,
            "kind": self.kind,
            "authority": self.authority,
            "objects_count": objects_count,
        }
        if query is not None:
            body["query"] = dict(query)
        if self.review_on is not None:
            body["review_on"] = self.review_on.isoformat()
        if self.document_sha256 is not None:
            body["document_sha256"] = str(self.document_sha256)
        return body

    def private(self) -> dict[str, Json]:
        """The sealed fields of `hold.placed`, but for the reason.

        Raises:
            InvalidInputError: the statement is blank or malformed.
        """
        private: dict[str, Json] = {}
        if self.selection is not None and (values := self.selection.values()):
            private["values"] = [*values]
        if self.statement is not None:
            private["statement"] = lines_of(self.statement, "statement")
        return private


@attrs.frozen(kw_only=True)
class HoldLine:
    """A hold for people.

    Attributes:
        hold: what the ledger says of it in the open.
        values: what its tags stand for, as far as keys allow.
        statement: its words, as far as keys allow.
    """

    hold: HoldPlaced
    values: tuple[str, ...]
    statement: tuple[str, ...]


def place_hold(acting: Acting, order: HoldOrder) -> str:
    """Place a hold; see `Session.place_hold`."""
    order.check()
    services = acting.services
    hold_id = random_id(services.environment.entropy.take(16))
    query = None if order.selection is None else order.selection.query(services.tag)
    private = order.private()

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        pack = require_law(services, state).pack if state.store.law else None
        check_kind(order.kind, pack)
        check_review(order.review_on, today=_today(services, state, now))
        found = bound_objects(state, order.objects)
        placed = acting.draft(
            permission,
            "hold.placed",
            order.body(hold_id, query, objects_count=len(found)),
            now=now,
            private=private,
        )
        bound: Mapping[str, Json] = {"hold": hold_id}
        drafts = [
            acting.bare_draft(
                permission, "hold.bound", bound, now=now, scope=ScopeId.object(one.object_id)
            )
            for one in found
        ]
        return Decision(drafts=(placed, *drafts))

    acting.commit(Verb.HOLD, plan, object_id=refused_for(services, order.objects))
    return hold_id


def _today(services: Services, state: State, now: Instant) -> date:
    """The local day; of a store without law, whose zone is not known, the earliest there is."""
    if state.store.law is None:
        return local_date(now.plus_seconds(_WESTERNMOST_SECONDS), ZoneInfo("UTC"))
    return require_law(services, state).today(now)


def refused_for(services: Services, objects: tuple[ObjectId, ...]) -> ObjectId | None:
    """In whose scope a refusal about several recordings is logged: the first of them that is
    destroyed or being destroyed, or the only one.
    """

    def gone(state: State) -> ObjectId | None:
        for object_id in objects:
            found = state.object(object_id)
            if found is not None and found.keeping.purge is not None:
                return object_id
        return None

    return services.log.view(gone) or (objects[0] if len(objects) == 1 else None)


def review_hold(acting: Acting, hold_id: str, review_on: date) -> None:
    """Say that a hold stands; see `Session.review_hold`."""
    civil_day(review_on, "review")

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        standing(state.store, hold_id)
        check_review(review_on, today=_today(acting.services, state, now))
        body: Mapping[str, Json] = {"hold": hold_id, "review_on": review_on.isoformat()}
        return Decision(drafts=(acting.draft(permission, "hold.reviewed", body, now=now),))

    acting.commit(Verb.HOLD, plan)


def release_hold(acting: Acting, hold_id: str) -> Released:
    """Release a hold, or propose to; see `Session.release_hold`."""

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        hold = standing(state.store, hold_id)
        ends = releases(state.store, hold, permission.actor.actor_id)
        kind = "hold.released" if ends else "hold.release_proposed"
        draft = acting.draft(permission, kind, {"hold": hold_id}, now=now)
        return Decision(drafts=(draft,), outcome="released" if ends else "proposed")

    return cast("Released", acting.commit(Verb.RELEASE_HOLD, plan).outcome)


def seen(acting: Acting, verb: Verb) -> None:
    """Check that the actor may see what a verb writes: whoever may do it, and whoever may see
    objects.

    Raises:
        AuthorizationError: no; appended as `access.refused`.
    """
    actor = acting.services.log.view(lambda state: state.store.actor_tagged(acting.who.actor_tag))
    does = actor is not None and bool(actor.roles & ROLES_FOR[verb])
    acting.allow(verb if does else Verb.SHOW)


def hold_lines(acting: Acting) -> tuple[HoldLine, ...]:
    """Every hold ever placed; see `Session.holds`."""
    seen(acting, Verb.HOLD)
    services = acting.services
    services.log.refresh()
    found = []
    for hold in services.log.state.store.holds.values():
        payload = opened(services, services.log.entry(hold.index)) or {}
        found.append(
            HoldLine(
                hold=hold,
                values=_lines(payload.get("values")),
                statement=_lines(payload.get("statement")),
            )
        )
    return tuple(found)


def _lines(value: Json) -> tuple[str, ...]:
    return tuple(str(line) for line in value) if isinstance(value, list) else ()
