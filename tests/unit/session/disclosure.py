"""A store under the law of a shipped pack, with a recording whose facts are known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from bwcstore._encoding import Json
from bwcstore._session._actors import random_id
from bwcstore._session._law import adopt_law, require_law
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import STORE_SCOPE, ActId, Instant, ObjectId, ScopeId
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._deriving import Region
from bwcstore.custody._state import State
from bwcstore.errors import BwcStoreError
from bwcstore.ledger._draft import Decision
from bwcstore.testing import World
from tests.unit.session.world import chief, create, stream

AGENCY: Final = Path(__file__).parents[2] / "simulation/agency.toml"
NOON: Final = Instant.parse("2026-03-02T18:00:00.000000Z")
PLAN: Final = ActId("01900000-0000-7000-8000-0000000000aa")
TODAY: Final = "2026-03-02"
# A camera worn at a traffic stop: somebody else is in the picture and has not agreed.
STOP: Final[Mapping[str, Json]] = {
    "source_kind": "worn",
    "discharge": "none",
    "force_result": "none",
    "event_documented": "neither",
    "deadly_force": False,
    "death_by_force": False,
    "force_reported": False,
    "adversarial_encounter": False,
    "property_seized": False,
    "criminal_investigation": "none",
    "investigating_agency": "own",
    "subjects_recorded": True,
    "nonconsenting_subjects": True,
    "minor_subject": False,
    "undercover_officer": False,
    "other_law_restricts": False,
    "discipline_basis": False,
}
SUBJECT: Final[Mapping[str, Json]] = {"requester_is_subject": True}
SHARING: Final[Mapping[str, Json]] = {
    "authorized_in_writing": True,
    "purpose_specified": True,
    "purpose_law_enforcement": True,
}


def under_law(world: World) -> Store:
    """A store that has adopted the pack, and whose chief may export."""
    world.clock.set(NOON)
    store = create(world)
    with chief(store) as session:
        adopt_law(session._acting, "us-mn", AGENCY)
        session.authorize("chief", purposes=["investigation"])
    return store


def recorded(session: Session, facts: Mapping[str, Json] = STOP) -> ObjectId:
    """A recording with these facts."""
    made = session.ingest(stream(9)).object_id
    say(session, ScopeId.object(made), facts)
    return made


def say(session: Session, scope: ScopeId, facts: Mapping[str, Json]) -> None:
    """Assert facts in a scope, in force today."""
    acting = session._acting
    entropy = acting.services.environment.entropy

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        today = require_law(acting.services, state).today(now).isoformat()
        return Decision(
            drafts=tuple(
                acting.draft(
                    permission,
                    "fact.asserted",
                    {
                        "assertion": random_id(entropy.take(16)),
                        "fact": fact,
                        "value": value,
                        "since": today,
                        "basis": "observation",
                    },
                    now=now,
                    scope=scope,
                )
                for fact, value in facts.items()
            )
        )

    acting.commit(Verb.ASSERT, plan)


def asked(
    session: Session,
    object_id: ObjectId,
    *,
    kind: str,
    requester: str,
    facts: Mapping[str, Json] | None = None,
    outcome: str | None = None,
) -> ActId:
    """A request about a recording."""
    acting = session._acting
    environment = acting.services.environment
    act = ActId.from_time(environment.clock.now(), environment.entropy.take(10))
    received = (
        require_law(acting.services, acting.services.log.state)
        .today(environment.clock.now())
        .isoformat()
    )

    def plan(_: State, permission: Permission, now: Instant) -> Decision:
        bound: dict[str, Json] = {
            "request": str(act),
            "kind": kind,
            "received": received,
            "answers": [],
        }
        drafts = [
            acting.draft(
                permission,
                "request.received",
                {"kind": kind, "requester": requester, "received": received},
                now=now,
                scope=ScopeId.act(act),
            ),
            acting.bare_draft(
                permission, "request.bound", bound, now=now, scope=ScopeId.object(object_id)
            ),
        ]
        if outcome is not None:
            answer: dict[str, Json] = {"request": str(act), "outcome": outcome, "on": received}
            drafts.append(
                acting.draft(
                    permission,
                    "request.answered",
                    answer,
                    now=now,
                    scope=ScopeId.object(object_id),
                )
            )
        return Decision(drafts=tuple(drafts))

    acting.commit(Verb.REQUEST, plan)
    say(session, ScopeId.act(act), facts or {})
    return act


def write(
    session: Session, kind: str, body: Mapping[str, Json], *, scope: ScopeId = STORE_SCOPE
) -> None:
    """Append one entry as it is."""
    acting = session._acting

    def plan(_: State, permission: Permission, now: Instant) -> Decision:
        return Decision(drafts=(acting.bare_draft(permission, kind, body, now=now, scope=scope),))

    acting.commit(Verb.PURGE, plan)


def begin_purge(session: Session, object_id: ObjectId) -> None:
    """Append what begins the destruction of a recording."""
    started: dict[str, Json] = {
        "plan": str(PLAN),
        "plan_sha256": "a" * 64,
        "approvals": [],
        "as_of": TODAY,
        "pack_sha256": "a" * 64,
        "agency_sha256": "a" * 64,
        "last_protected": TODAY,
        "disposal": TODAY,
        "floors": [],
        "authority": [],
        "libraries": [],
        "segments": 1,
    }
    write(session, "purge.started", started, scope=ScopeId.object(object_id))


def kinds(store: Store) -> list[str]:
    """The kinds of all entries."""
    return [entry.kind for entry in store._services.log.entries()]


def give(session: Session, object_id: ObjectId, **changes: object) -> object:
    """A copy for somebody who is recorded, unless the test says otherwise."""
    wish: dict[str, object] = {"right": "subject", "recipient": "recorded_individual"}
    return session.release(object_id, **{**wish, "mode": "copy", **changes})  # type: ignore[arg-type]  # any of them


def refused(session: Session, object_id: ObjectId, **changes: object) -> BwcStoreError:
    """Why it is refused."""
    with pytest.raises(BwcStoreError) as caught:
        give(session, object_id, **changes)
    return caught.value


def redact(session: Session, parent: ObjectId, *redactions: str) -> ObjectId:
    """A copy in which these redactions of the law were carried out."""
    return session.derive(
        parent,
        stream(5),
        operation="redact",
        tool="blur",
        tool_version="1.2",
        redactions=redactions,
        regions=[Region(start_seconds=1.5, end_seconds=2, what="face of a passer-by")],
    ).object_id
