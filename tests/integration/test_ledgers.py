"""Ledgers that are behind, ahead, forked, late, or written by a newer version."""

import io
from collections.abc import Callable
from typing import TypeVar

import pytest

from bwcstore import _layout
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import STORE_SCOPE, ZERO_DIGEST, ObjectId, ScopeId
from bwcstore.custody._authority import Role
from bwcstore.custody._records import NOBODY
from bwcstore.errors import AuthorizationError, BwcStoreError, ErrorKind
from bwcstore.ledger._batch import BatchHeader, encode_batch
from bwcstore.ledger._entry import ASSERTED, Decided, Entry, ScopeLink, build_entry
from bwcstore.testing import FailAt, Fault, World
from bwcstore.testing._invariants import Told, find_broken
from tests.unit.session.world import CHUNK, admit, chief, create, recording, reopen, stream

T = TypeVar("T")


def kind_of(deed: Callable[[], object]) -> ErrorKind:
    """The code of the error that it ends with."""
    with pytest.raises(BwcStoreError) as caught:
        deed()
    return caught.value.kind


def with_object(world: World) -> ObjectId:
    """A closed store with one object and an admitted clerk."""
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(CHUNK))
    admit(store).close()
    store.close()
    return made.object_id


def clerk(store: Store) -> Session:
    """A session of the admitted reader."""
    return store.session(actor="clerk", reason="look", purpose="investigation")


def append_raw(world: World, kind: str, scope: ScopeId) -> Entry:
    """Append one entry of any kind, as a later version of this library might."""
    log = reopen(world)._services.log
    chain = log._chain
    head = log.state.head(scope)
    last = log.state.head(STORE_SCOPE)
    assert last is not None
    entry = build_entry(
        index=log.size,
        after=chain.after,
        at=log.last_at,
        by=NOBODY,
        kind=kind,
        scope=ScopeLink(
            id=scope,
            seq=head.seq + 1 if head else 0,
            prev=head.hash if head else ZERO_DIGEST,
            prev_index=head.index if head else log.size,
        ),
        body={"news": 1},
        decided=Decided(at=log.last_at, store_seq=last.seq, store_head=last.hash),
        auth=ASSERTED,
        clock=None,
        sealed=None,
    )
    generation, number = chain.next_batch
    header = BatchHeader(
        generation=generation,
        batch=number,
        first_index=log.size,
        prev=chain.prev,
        store=log.store_id,
        writer=bytes(8),
        nonce=bytes(16),
    )
    parts, _ = encode_batch(header, [entry], [None])
    world.storage.create(_layout.batch(generation, number), parts)
    return entry


@pytest.mark.spec("LED-4")
def test_a_newer_kind_in_the_store_scope_stops_writing() -> None:
    """What this version cannot judge it does not decide; it reads, and says why."""
    world = World()
    object_id = with_object(world)
    append_raw(world, "policy.changed", STORE_SCOPE)
    store = reopen(world)
    with chief(store) as session:
        refused = kind_of(lambda: session.ingest(stream(1)))
        kinds = [line.entry.kind for line in session.log()]
    with clerk(store) as session, session.read(object_id) as reader:
        found = reader.read()

    assert (ErrorKind.STORE_OPAQUE, recording(CHUNK)) == (refused, found)
    assert "policy.changed" in kinds
    assert ErrorKind.STORE_OPAQUE in store.warnings


@pytest.mark.spec("LED-4")
def test_a_newer_kind_in_an_object_makes_that_object_opaque() -> None:
    """Everything else goes on."""
    world = World()
    object_id = with_object(world)
    append_raw(world, "object.blurred", ScopeId.object(object_id))
    store = reopen(world)
    with chief(store) as session:
        session.ingest(stream(1))

    assert store.object(object_id).opaque
    assert None is store.read_only


@pytest.mark.spec("LED-26")
def test_a_clock_that_is_behind_is_told_and_time_does_not_go_back() -> None:
    """Entries take the time of the one before and say what their own clock showed."""
    world = World()
    with_object(world)
    late = world.clock.now().plus_seconds(-3_600)
    world.clock.set(late)
    store = reopen(world)
    with chief(store) as session:
        session.enrol("dana", roles=[Role.READER])
    entries = list(store._services.log.entries())

    assert sorted(entry.at.microseconds for entry in entries) == [
        entry.at.microseconds for entry in entries
    ]
    assert late == entries[-1].clock
    assert () == find_broken(world.storage, world.keys, Told())


def roll_back(world: World, keep: int) -> None:
    """Let storage be what it was after `keep` batches."""
    for name in list(world.storage.contents):
        batch, checkpoint = _layout.parse_batch(name), _layout.parse_checkpoint(name)
        if (batch and batch[1] >= keep) or (checkpoint and checkpoint[1] > keep):
            del world.storage.contents[name]


@pytest.mark.spec("CHK-21")
def test_a_rolled_back_store_is_recognised_and_written_no_more() -> None:
    """The vault remembers a later checkpoint. Every verb that would append says so; reading goes
    on, and is kept beside the ledger (ORD-16).
    """
    world = World()
    with_object(world)
    store = reopen(world)
    with chief(store) as session:
        session.enrol("dana", roles=[Role.READER])
    store.close()
    object_id = next(store.objects()).object_id
    size = store.size
    roll_back(world, size - 2)
    after = reopen(world)
    with clerk(after) as reading, chief(after) as writing:
        reading.read(object_id).close()
        found = [
            kind_of(lambda: writing.ingest(stream(1))),
            kind_of(lambda: writing.enrol("erin", roles=[Role.READER])),
            kind_of(writing.rotate_keys),
            kind_of(writing.close_generation),
            kind_of(after.checkpoint),
        ]

    assert [ErrorKind.ROLLED_BACK] * 5 == found
    assert 2 == len(world.vault.notes("spool/"))
    assert (ErrorKind.ROLLED_BACK, True) == (after.read_only, object_id is not None)
    assert ErrorKind.ROLLED_BACK in after.warnings


@pytest.mark.spec("CHK-21")
def test_a_forked_store_is_recognised() -> None:
    """Two copies that went on apart: the one the vault did not see is told from the other."""
    world = World()
    with_object(world)
    copy = dict(world.storage.contents)
    for login in ("dana", "erin"):
        world.storage.contents.clear()
        world.storage.contents.update(copy)
        # The second copy is written by somebody who has the keys and an older memory.
        store = reopen(world) if login == "dana" else reopen_forgetful(world)
        with chief(store) as session:
            session.enrol(login, roles=[Role.READER])
        if login == "dana":
            store.close()

    assert ErrorKind.FORKED == reopen(world).read_only


def reopen_forgetful(world: World) -> Store:
    """Open with a vault that remembers nothing, and give the memory back."""
    kept = world.vault.recall("head")
    world.vault.forget("head")
    store = reopen(world)
    world.vault.remember("head", kept[0])
    return store


@pytest.mark.spec("CHK-21")
def test_a_process_that_is_behind_does_not_make_the_vault_forget() -> None:
    """The later checkpoint stays remembered, whoever closes last."""
    world = World()
    store = create(world)
    with chief(store) as session:
        session.enrol("ann", roles=[Role.READER])
    behind = reopen(world)
    with chief(behind) as session:
        session.enrol("bob", roles=[Role.READER])
    with chief(store) as session:
        for login in ("cem", "dan", "eve"):
            session.enrol(login, roles=[Role.READER])
    store.close()
    latest = world.vault.recall("head")
    behind.close()

    assert latest == world.vault.recall("head")


@pytest.mark.spec("ORD-11")
def test_refusals_of_a_session_left_open_are_written_when_the_store_is_closed() -> None:
    """Whoever forgets to close the session still closes the store."""
    world = World()
    store = create(world)
    session = store.session(actor="mallory", reason="curiosity")
    for _ in range(5):
        with pytest.raises(AuthorizationError):
            session.ingest(io.BytesIO(b""))
    store.close()
    counts = [
        entry.body["count"]
        for entry in reopen(world)._services.log.entries()
        if entry.kind == "access.refused"
    ]

    assert [1, 4] == counts


class Faulty(FailAt):
    """Calls fail once each, by how they begin."""

    def __init__(self) -> None:
        super().__init__(None)
        self.faults: dict[str, Fault] = {}

    def _plan(self, what: str) -> FailAt:
        for begin in tuple(self.faults):
            if what.startswith(begin):
                return FailAt(0, self.faults.pop(begin))
        return FailAt(None)

    def read(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.read`."""
        return self._plan(what).read(what, work)

    def create(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.create`."""
        return self._plan(what).create(what, work)


def faulty(world: World) -> tuple[Store, Faulty]:
    """The store as a process opens it whose storage can be told to fail."""
    plan = Faulty()
    other = world.reopen(plan)
    return Store.open_on(other.backend, other.vault, environment=other.environment), plan


@pytest.mark.spec("ORD-11")
def test_a_refusal_that_could_not_be_written_is_written_with_the_next() -> None:
    """The caller is told of the failure instead of the refusal, and nothing is counted twice."""
    world = World()
    create(world).close()
    store, plan = faulty(world)
    session = store.session(actor="mallory", reason="curiosity")
    plan.faults["create ledger"] = Fault.BEFORE
    first = kind_of(lambda: session.ingest(io.BytesIO(b"")))
    rest = [kind_of(lambda: session.ingest(io.BytesIO(b""))) for _ in range(3)]
    before = [e.body["count"] for e in refusals(world)]
    plan.faults["create ledger"] = Fault.BEFORE
    closing = kind_of(session.close)
    session.close()

    assert (ErrorKind.STORAGE_IO, [ErrorKind.ACTOR_UNKNOWN] * 3) == (first, rest)
    assert ([1], ErrorKind.STORAGE_IO) == (before, closing)
    assert [1, 2] == [entry.body["count"] for entry in refusals(world)]


def refusals(world: World) -> list[Entry]:
    """Every refusal that is in the ledger."""
    entries = reopen(world)._services.log.entries()
    return [entry for entry in entries if entry.kind == "access.refused"]


@pytest.mark.spec("ORD-15")
def test_a_doubt_ends_with_the_next_verb() -> None:
    """The answer is lost and so is the look; the next verb reads the head again first."""
    world = World()
    create(world).close()
    store, plan = faulty(world)
    plan.faults.update({"create ledger": Fault.LOST, "stat ledger": Fault.BEFORE})
    with chief(store) as session:
        doubt = kind_of(lambda: session.enrol("ann", roles=[Role.READER]))
        session.enrol("bob", roles=[Role.READER])
        logins = [line.login for line in session.actors()]

    assert (ErrorKind.OUTCOME_UNKNOWN, ["chief", "ann", "bob"]) == (doubt, logins)
    assert () == find_broken(world.storage, world.keys, Told())


def test_a_revoked_actor_closes_no_generation() -> None:
    """The decision is made at the head, whatever this process knew before."""
    world = World()
    store = create(world)
    with chief(store) as session:
        session.enrol("deputy", roles=[Role.RESPONSIBLE_AUTHORITY])
    other = reopen(world)
    with chief(store) as session:
        session.revoke_actor("deputy")
    with other.session(actor="deputy", reason="late") as late:
        found = kind_of(late.close_generation)

    assert ErrorKind.ACTOR_REVOKED == found
    assert 0 == reopen(world)._services.log.generation
