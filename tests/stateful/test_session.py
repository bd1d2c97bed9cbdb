"""A session beside a plain model of what a store is."""

import io
from typing import Any

import hypothesis.strategies as st
from hypothesis import event, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import SourceId
from bwcstore.errors import AuthorizationError, BwcStoreError, ErrorKind, InvalidInputError
from bwcstore.testing import World
from bwcstore.testing._invariants import Told, Witness, find_broken
from tests.unit.session.world import CHUNK, chief, create, recording, reopen

LOGINS = st.sampled_from(["ann", "bob", "cem"])
PURPOSES = st.sampled_from(["investigation", "audit"])
LENGTHS = st.sampled_from([0, 1, CHUNK - 32, CHUNK, 2 * CHUNK, 3 * CHUNK + 7])
SOURCES = st.integers(min_value=0, max_value=3)


class SessionMachine(RuleBasedStateMachine):
    """Verbs in any order; the model is two dictionaries and a set."""

    objects = Bundle("objects")
    grants = Bundle("grants")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.told = Told()
        self.contents: dict[ObjectId, bytes] = {}
        self.sources: dict[int, ObjectId] = {}
        self.roles: dict[str, set[Role]] = {}
        self.admitted: dict[str, tuple[str, str]] = {}
        self.sessions = 0

    @initialize()
    def begin(self) -> None:
        """A store with nobody but its chief."""
        self.store: Store = create(self.world)

    def kind_of(self, session: Session, verb: str, deed: Any) -> ErrorKind | None:
        """Do it in a session; the code of the refusal, None when it was done."""
        self.sessions += 1
        try:
            with session:
                deed()
        except AuthorizationError as exc:
            self.told.refused(self.sessions, verb, exc)
            self.told.closed(self.sessions)
            return exc.kind
        except BwcStoreError as exc:
            return exc.kind
        return None

    @rule(target=objects, length=LENGTHS)
    def ingest(self, length: int) -> ObjectId:
        """A stream becomes an object of its own."""
        with chief(self.store) as session:
            made = session.ingest(io.BytesIO(recording(length)))
        assert made.object_id not in self.contents
        self.told.receipts.append(made.receipt)
        self.contents[made.object_id] = recording(length)
        return made.object_id

    @rule(target=objects, source=SOURCES, length=LENGTHS)
    def ingest_source(self, source: int, length: int) -> Any:
        """A source is one object; other bytes under its name are refused."""
        name = SourceId(scope="dock", text=str(source))
        known = self.sources.get(source)
        try:
            with chief(self.store) as session:
                made = session.ingest(io.BytesIO(recording(length)), source_id=name)
        except InvalidInputError as exc:
            event("source conflict")
            assert (ErrorKind.SOURCE_CONFLICT, True) == (exc.kind, known is not None)  # noqa: PT017 - the other case is below
            assert self.contents[self.sources[source]] != recording(length)
            return multiple()
        self.told.receipts.append(made.receipt)
        if known is not None:
            event("source again")
            assert (known, "present") == (made.object_id, made.outcome)
            return multiple()
        self.sources[source] = made.object_id
        self.contents[made.object_id] = recording(length)
        return made.object_id

    @rule(login=LOGINS, role=st.sampled_from(list(Role)))
    def enrol(self, login: str, role: Role) -> None:
        """Somebody may act, or may act otherwise."""
        with chief(self.store) as session:
            session.enrol(login, roles=[role])
        self.roles[login] = {role}

    @rule(login=LOGINS)
    def revoke_actor(self, login: str) -> None:
        """Somebody may no longer act."""
        kind = self.kind_of(
            session := chief(self.store), "enrol", lambda: session.revoke_actor(login)
        )
        known = self.roles.pop(login, None) is not None
        assert (None if known else ErrorKind.ACTOR_UNKNOWN) == kind

    @rule(target=grants, login=LOGINS, purpose=PURPOSES)
    def authorize(self, login: str, purpose: str) -> Any:
        """A written authorization for everything."""
        if login not in self.roles:
            return multiple()
        with chief(self.store) as session:
            grant = session.authorize(login, purposes=[purpose])
        self.told.fact("authorization.granted", authorization=grant)
        self.admitted[grant] = (login, purpose)
        return grant

    @rule(grant=consumes(grants))
    def revoke_authorization(self, grant: str) -> None:
        """It ends."""
        with chief(self.store) as session:
            session.revoke_authorization(grant)
        del self.admitted[grant]

    @rule(
        object_id=objects,
        login=LOGINS,
        purpose=PURPOSES,
        start=st.integers(min_value=0, max_value=4 * CHUNK),
        count=st.integers(min_value=0, max_value=2 * CHUNK),
    )
    def read(self, object_id: ObjectId, login: str, purpose: str, start: int, count: int) -> None:
        """Who is admitted reads what was ingested; nobody else does."""
        session = self.store.session(actor=login, reason="model", purpose=purpose)

        def deed() -> None:
            inner = session.read(object_id)
            with Witness(
                inner, told=self.told, backend=self.world.storage, object_id=object_id
            ) as reader:
                inner.seek(start)
                assert self.contents[object_id][start : start + count] == reader.read(count)

        kind = self.kind_of(session, "read", deed)
        admitted = login in self.roles and (login, purpose) in self.admitted.values()
        event(f"read {'admitted' if admitted else 'refused'}")
        assert admitted == (kind is None)
        assert kind in (None, ErrorKind.NOT_AUTHORIZED, ErrorKind.ACTOR_UNKNOWN,
                        ErrorKind.ACTOR_REVOKED)  # fmt: skip

    @rule()
    def rotate(self) -> None:
        """The keys are wrapped anew."""
        with chief(self.store) as session:
            session.rotate_keys()

    @rule()
    def close_generation(self) -> None:
        """The ledger goes on in the next generation."""
        before = self.store._services.log.generation
        with chief(self.store) as session:
            assert before + 1 == session.close_generation()

    @rule(seconds=st.sampled_from([0.5, 61.0, 86_400.0, 400 * 86_400.0]))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.world.clock.advance(seconds)

    @rule()
    def reopen(self) -> None:
        """The next process finds what this one left."""
        self.store.close()
        self.store = reopen(self.world)

    @invariant()
    def objects_are_those_of_the_model(self) -> None:
        """No more, no less."""
        if hasattr(self, "store"):
            assert set(self.contents) == {state.object_id for state in self.store.objects()}

    def teardown(self) -> None:
        """I1 to I7, at the end of every story."""
        if hasattr(self, "store"):
            self.store.close()
            assert () == find_broken(self.world.storage, self.world.keys, self.told)


TestSession = SessionMachine.TestCase
TestSession.settings = settings(max_examples=40, stateful_step_count=30)
