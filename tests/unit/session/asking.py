"""People who place holds and answer requests in a store under the law of a shipped pack."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ActId, ObjectId, ScopeId
from bwcstore.custody._authority import Role
from bwcstore.custody._knowledge import holdings
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.testing import World
from tests.unit.session.disclosure import begin_purge, under_law, write
from tests.unit.session.world import chief

DAY: Final = 86_400.0
TODAY: Final = date(2026, 3, 2)
NO_REQUEST: Final = ActId("01900000-0000-7000-8000-0000000000fe")
CHICAGO: Final = ZoneInfo("America/Chicago")
WANTED: Final[Mapping[str, bool]] = {
    "by_subject": True,
    "written": True,
    "evidentiary_purpose": True,
}


def office(world: World) -> Store:
    """A store under the law: the responsible authority `chief`, two clerks, the chief of police,
    an auditor and a reader.
    """
    store = under_law(world)
    with chief(store) as session:
        for login, role in (
            ("ann", Role.RECORDS),
            ("bob", Role.RECORDS),
            ("police-chief", Role.CHIEF),
            ("auditor", Role.AUDITOR),
            ("reader", Role.READER),
        ):
            session.enrol(login, roles=[role])
    return store


def of(store: Store, login: str) -> Session:
    """A session of somebody."""
    return store.session(actor=login, reason="testing", purpose="investigation")


def refused(call: Callable[[], object]) -> BwcStoreError:
    """Why it is refused."""
    with pytest.raises(BwcStoreError) as caught:
        call()
    return caught.value


def why(call: Callable[[], object]) -> ErrorKind:
    """The code by which it is refused."""
    return refused(call).kind


def refusals(store: Store, object_id: ObjectId | None = None) -> list[tuple[str, str]]:
    """Verb and code of what was refused, in scope `store` or of a recording."""
    scope = "store" if object_id is None else f"object/{object_id}"
    return [
        (str(entry.body["verb"]), str(entry.body["code"]))
        for entry in store._services.log.scope_entries(ScopeId(scope))
        if entry.kind == "access.refused"
    ]


def kinds(store: Store) -> list[str]:
    """The kinds of all entries."""
    return [entry.kind for entry in store._services.log.entries()]


def retain(session: Session, object_id: ObjectId, days: int = 180) -> ActId:
    """A subject asks that a recording be kept, as the law wants it asked."""
    return session.receive_request(
        "subject-retain",
        requester="recorded_individual",
        objects=[object_id],
        days=days,
        answers=WANTED,
    )


def purged(session: Session, object_id: ObjectId) -> None:
    """The entries of a destruction from beginning to end."""
    begin_purge(session, object_id)
    done = {
        "plan": "01900000-0000-7000-8000-0000000000aa",
        "versions": 0,
        "bytes": 0,
        "outcomes": [],
        "epoch": 0,
        "replicas": ["main"],
    }
    write(session, "purge.completed", done, scope=ScopeId.object(object_id))  # type: ignore[arg-type]  # JSON


def outcome_of(store: Store, object_id: ObjectId, act: ActId) -> str | None:
    """What became of a request for a recording."""
    return store.object(object_id).keeping.requests[act].outcome


def keeps(store: Store, object_id: ObjectId) -> list[tuple[str, str]]:
    """What holds a recording."""
    found = holdings(store.object(object_id), store._services.log.state.store, zone=CHICAGO)
    return [(one.id, one.kind) for one in found]


def copy(session: Session, *objects: ObjectId, **more: Any) -> ActId:
    """Somebody who is recorded asks for a copy."""
    return session.receive_request(
        "subject-copy", requester="recorded_individual", objects=objects, **more
    )
