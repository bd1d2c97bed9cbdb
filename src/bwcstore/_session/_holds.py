"""Holds: decided, and appended to scope `store`, where every destruction looks for them."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._actors import random_id
from bwcstore._session._history import opened
from bwcstore._session._law import require_law
from bwcstore._values import Digest, Instant, ObjectId, ScopeId
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._holding import bound_objects, check_kind, releases, standing
from bwcstore.custody._records import HoldPlaced
from bwcstore.custody._selection import Selection
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._custody_kinds import HOLD_AUTHORITIES
from bwcstore.ledger._draft import Decision
from bwcstore.ledger._kind import code

Released = Literal["proposed", "released"]


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
    private: dict[str, Json] = {}
    if order.selection is not None and (values := order.selection.values()):
        private["values"] = [*values]
    if order.statement is not None:
        private["statement"] = lines_of(order.statement, "statement")

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        pack = require_law(services, state).pack if state.store.law else None
        check_kind(order.kind, pack)
        found = bound_objects(state, order.objects)
        body: dict[str, Json] = {
            "hold": hold_id,
            "kind": order.kind,
            "authority": order.authority,
            "objects_count": len(found),
        }
        if query is not None:
            body["query"] = query
        if order.review_on is not None:
            body["review_on"] = order.review_on.isoformat()
        if order.document_sha256 is not None:
            body["document_sha256"] = str(order.document_sha256)
        placed = acting.draft(permission, "hold.placed", body, now=now, private=private)
        bound: Mapping[str, Json] = {"hold": hold_id}
        drafts = [
            acting.bare_draft(
                permission, "hold.bound", bound, now=now, scope=ScopeId.object(one.object_id)
            )
            for one in found
        ]
        return Decision(drafts=(placed, *drafts))

    acting.commit(Verb.HOLD, plan, object_id=order.objects[0] if order.objects else None)
    return hold_id


def review_hold(acting: Acting, hold_id: str, review_on: date) -> None:
    """Say that a hold stands; see `Session.review_hold`."""

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        standing(state.store, hold_id)
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

    outcome = acting.commit(Verb.RELEASE_HOLD, plan).outcome
    return "released" if outcome == "released" else "proposed"


def hold_lines(acting: Acting) -> tuple[HoldLine, ...]:
    """Every hold ever placed; see `Session.holds`."""
    acting.allow(Verb.HOLD)
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
