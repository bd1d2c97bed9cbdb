"""A store under a small law, whose recordings are due after 91 days."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._session._law import adopt_law, set_policy
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import STORE_SCOPE, ActId, Instant, ObjectId, ScopeId, StoreId
from bwcstore.custody._authority import Permission, Role, Verb
from bwcstore.custody._records import Policy
from bwcstore.custody._state import State
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._draft import Decision
from bwcstore.testing import MemoryVault, World
from tests.unit.session.world import SETTINGS, STORE, chief, stream

LAW: Final = Path(__file__).parents[1] / "statute"
PACK: Final = LAW / "small-pack.toml"
AGENCY: Final = LAW / "small-agency.toml"
DAY: Final = 86_400.0
DUE_DAYS: Final = 100
NOWHERE: Final = ActId("00000000-0000-7000-8000-000000000000")
HOLD: Final = "00000000-0000-4000-8000-00000000000a"
POLICY: Final = Policy(clock_hours=100_000, brake_objects=25, waiting_hours=24, plan_days=30)
_REASON: Final[Mapping[str, Json]] = {"reason": ["testing"]}


def say(
    session: Session, kind: str, body: Mapping[str, Json], *, scope: ScopeId = STORE_SCOPE
) -> int:
    """Append one entry as it is, whatever the verbs would make of it; return its index."""
    acting = session._acting

    def plan(_: State, permission: Permission, now: Instant) -> Decision:
        return Decision(drafts=(acting.bare_draft(permission, kind, body, now=now, scope=scope),))

    return acting.commit(Verb.ASSERT, plan).entries[0].index


def assert_fact(session: Session, object_id: ObjectId, fact: str, value: Json) -> None:
    """Say a fact of a recording."""
    environment = session._acting.services.environment
    body: dict[str, Json] = {
        "assertion": ActId.from_time(environment.clock.now(), environment.entropy.take(10)).text,
        "fact": fact,
        "value": value,
        "since": str(environment.clock.now().plus_seconds(-DAY))[:10],
        "basis": "report",
    }
    say(session, "fact.asserted", body, scope=ScopeId.object(object_id))


def hold(session: Session, object_id: ObjectId) -> None:
    """Place a hold on a recording."""
    body: dict[str, Json] = {
        "hold": HOLD,
        "kind": "litigation",
        "authority": "court",
        "objects_count": 1,
    }
    say(session, "hold.placed", body)
    say(session, "hold.bound", {"hold": HOLD}, scope=ScopeId.object(object_id))


def release(session: Session) -> None:
    """Release the hold."""
    say(session, "hold.released", {"hold": HOLD})


def clip(session: Session, length_bytes: int = 7) -> ObjectId:
    """One recording of which nothing extends the time."""
    made = session.ingest(stream(length_bytes)).object_id
    assert_fact(session, made, "force", "none")
    assert_fact(session, made, "investigation", "none")
    return made


def town(
    world: World,
    *,
    clips: int = 1,
    length_bytes: int = 7,
    policy: Policy = POLICY,
    store_id: StoreId = STORE,
) -> Store:
    """A store under the small law with recordings; three people who may purge."""
    store = Store.create_on(
        world.backend,
        world.vault,
        store_id=store_id,
        actor="chief",
        environment=world.environment,
        settings=SETTINGS,
    )
    with chief(store) as session:
        adopt_law(session._acting, PACK, AGENCY)
        set_policy(session._acting, policy)
        for login in ("ann", "bob"):
            session.enrol(login, roles=[Role.RECORDS])
        for _ in range(clips):
            clip(session, length_bytes)
    return store


def due(
    world: World,
    *,
    clips: int = 1,
    length_bytes: int = 7,
    policy: Policy = POLICY,
    store_id: StoreId = STORE,
) -> Store:
    """The same, once everything is due."""
    store = town(world, clips=clips, length_bytes=length_bytes, policy=policy, store_id=store_id)
    world.clock.advance(DUE_DAYS * DAY)
    return store


def as_(store: Store, login: str) -> Session:
    """A session of somebody."""
    return store.session(actor=login, reason="testing", purpose="investigation")


def propose(store: Store) -> ActId:
    """The chief makes a plan and proposes it."""
    with chief(store) as session:
        return session.propose_purge(session.plan_purge())


def approve(store: Store, plan: ActId, login: str = "ann") -> None:
    """Somebody approves it."""
    with as_(store, login) as session:
        session.approve_purge(plan, plan_sha256=session.purge_status(plan).plan_sha256)


def approved(store: Store) -> ActId:
    """A plan that may be run."""
    plan = propose(store)
    approve(store, plan)
    return plan


def kinds(store: Store, prefix: str = "") -> list[str]:
    """The kinds of all entries that begin so."""
    return [one.kind for one in store._services.log.entries() if one.kind.startswith(prefix)]


def refusals(store: Store) -> list[tuple[object, object]]:
    """Verb and code of every refusal that is in the ledger."""
    return [
        (one.body["verb"], one.body["code"])
        for one in store._services.log.entries()
        if one.kind == "access.refused"
    ]


def ids(store: Store) -> list[ObjectId]:
    """Every object in order."""
    return [one.object_id for one in store.objects()]


def living(world: World) -> dict[str, bytes]:
    """The keys in the vault."""
    assert isinstance(world.keys, MemoryVault)
    return world.keys.living


def segments(world: World, object_id: ObjectId) -> list[str]:
    """The stored names of an object's segments."""
    prefix = _layout.object_prefix(object_id)
    return [name for name in world.storage.contents if name.startswith(prefix + "0")]


def refused(act: Callable[[], object], error: type[BwcStoreError]) -> ErrorKind:
    """The code with which something is refused."""
    with pytest.raises(error) as caught:
        act()
    return caught.value.kind


def approved_large(store: Store, world: World) -> ActId:
    """A plan beyond the usual volume that may be run."""
    plan = propose(store)
    approve(store, plan)
    approve(store, plan, "bob")
    world.clock.advance(DAY)
    return plan
