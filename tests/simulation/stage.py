"""A store whose every port call can be made to fail, and what its callers were told meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

import attrs

from bwcstore._ports import Backend, Entropy, Environment
from bwcstore._session._begin import make_vault
from bwcstore._session._ingest import Ingested
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore._vault_port import KeyVault
from bwcstore.errors import AuthorizationError, BwcStoreError
from bwcstore.storage._vault import DirectoryVault
from bwcstore.storage._vault_format import RootAlg, RootRecord
from bwcstore.testing import (
    FailAt,
    FaultyBackend,
    FaultyVault,
    InlineWorkers,
    MemoryBackend,
    MemoryVault,
    SimClock,
    SimEntropy,
    SimulatedCrash,
)
from bwcstore.testing._invariants import Told, Witness, find_broken
from tests.unit.session.world import SETTINGS, STORE

ROOT_KEY: Final = bytes(range(32))


class FixedKey:
    """A root key that is always there."""

    def new_record(self, entropy: Entropy) -> RootRecord:
        """As a key file does."""
        del entropy
        return RootRecord(alg=RootAlg.KEY_FILE)

    def root_key(self, record: RootRecord) -> bytes:
        """Always the same."""
        del record
        return ROOT_KEY


class Keeping(Enum):
    """Where the keys are kept."""

    MEMORY = "memory"
    """In memory: each call of the vault is one step."""
    TWO_PLACES = "two-places"
    """In the real vault with two replicas: each file operation of it is one step."""


@attrs.frozen(kw_only=True)
class Snapshot:
    """Everything durable, to begin from again and again."""

    area: dict[str, bytes]
    places: tuple[dict[str, bytes], ...]
    keys: dict[str, bytes]
    notes: dict[str, bytes]
    clock: SimClock


class Stage:
    """Storage and keys of one store, and the processes that come and go over them.

    Attributes:
        area: the storage without faults.
        plan: the fault, counted over storage and keys.
        told: what callers were told.
        memo: what a scenario keeps from its preparation.
    """

    def __init__(self, keeping: Keeping, *, seed: int = 0) -> None:
        self.keeping = keeping
        self.clock = SimClock()
        self.entropy = SimEntropy(seed)
        self.area = MemoryBackend(clock=self.clock)
        self.places = (MemoryBackend(), MemoryBackend())
        self.keys = MemoryVault()
        self.told = Told()
        self.memo: dict[str, str] = {}
        self._sessions = 0
        self.start()

    def snapshot(self) -> Snapshot:
        """Everything durable, as it is now."""
        clock = SimClock(self.clock.now())
        clock.advance(self.clock.monotonic())
        clock.set(self.clock.now())
        return Snapshot(
            area=dict(self.area.contents),
            places=tuple(dict(place.contents) for place in self.places),
            keys=dict(self.keys.living),
            notes=dict(self.keys.remembered),
            clock=clock,
        )

    @classmethod
    def at(cls, snapshot: Snapshot, former: "Stage", *, seed: int) -> "Stage":
        """A stage that begins where the snapshot was taken."""
        stage = cls(former.keeping, seed=seed)
        stage.clock.advance(snapshot.clock.monotonic())
        stage.clock.set(snapshot.clock.now())
        stage.area.contents.update(snapshot.area)
        for place, contents in zip(stage.places, snapshot.places, strict=True):
            place.contents.update(contents)
        stage.keys.living.update(snapshot.keys)
        stage.keys.remembered.update(snapshot.notes)
        stage.memo = dict(former.memo)
        return stage

    # --- Processes ----------------------------------------------------------------------------

    def start(self, plan: FailAt | None = None) -> None:
        """A new process begins; what the last one had under way is gone."""
        self.plan = plan or FailAt(None)
        self.area = self.area.reopened()
        self.backend: Backend = FaultyBackend(self.area, self.plan)
        self._store: Store | None = None

    @property
    def environment(self) -> Environment:
        """Clock, entropy and workers."""
        return Environment(clock=self.clock, entropy=self.entropy, workers=InlineWorkers())

    def vault(self) -> KeyVault:
        """The keys as a process opens them, with faults."""
        if self.keeping is Keeping.MEMORY:
            return FaultyVault(self.keys, self.plan)
        return DirectoryVault.open(
            [FaultyBackend(place, self.plan) for place in self.places],
            source=FixedKey(),
            entropy=self.entropy,
            clock=self.clock,
        )

    def create(self) -> Store:
        """Create the store, or finish creating it."""
        vault: KeyVault = FaultyVault(self.keys, self.plan)
        store_id = STORE
        if self.keeping is Keeping.TWO_PLACES:
            backends = [FaultyBackend(place, self.plan) for place in self.places]
            made = make_vault(backends, FixedKey(), self.environment)
            vault, store_id = made, made.store_id
        self._store = Store.create_on(
            self.backend,
            vault,
            store_id=store_id,
            actor="chief",
            environment=self.environment,
            settings=SETTINGS,
        )
        return self._store

    def another(self) -> Store:
        """The store as one more process opens it."""
        return Store.open_on(self.backend, self.vault(), environment=self.environment)

    def store(self) -> Store:
        """The store of this process, opened where it is not."""
        if self._store is None:
            self._store = self.another()
        return self._store

    def lacks_replica(self) -> bool:
        """Whether this process has its store open without one replica of the keys."""
        return self._store is not None and "unavailable" in self._store.vault.replicas

    def close(self) -> None:
        """Close the store of this process."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    @contextmanager
    def session(
        self, actor: str = "chief", *, store: Store | None = None, purpose: str = "investigation"
    ) -> Iterator[Session]:
        """A session, whose closing is noted."""
        self._sessions += 1
        number = self._sessions
        where = store or self.store()
        with where.session(actor=actor, reason="testing", purpose=purpose) as session:
            yield session
        self.told.closed(number)

    def attempt(self, act: Callable[["Stage"], None]) -> BwcStoreError | SimulatedCrash | None:
        """Let a scenario happen; how it failed."""
        try:
            act(self)
        except (BwcStoreError, SimulatedCrash) as exc:
            return exc
        return None

    # --- What callers are told ----------------------------------------------------------------

    def take(self, made: Ingested) -> Ingested:
        """An ingest has returned."""
        self.told.receipts.append(made.receipt)
        return made

    def refused(self, verb: str, act: Callable[[], object]) -> AuthorizationError:
        """Do what must be refused, and note that it was."""
        try:
            act()
        except AuthorizationError as refusal:
            self.told.refused(self._sessions, verb, refusal)
            return refusal
        raise AssertionError(verb)

    def read(self, session: Session, object_id: ObjectId) -> Witness:
        """Begin to read, watched."""
        inner = session.read(object_id)
        return Witness(inner, told=self.told, backend=self.area, object_id=object_id)

    # --- What holds ---------------------------------------------------------------------------

    def find_broken(self) -> tuple[str, ...]:
        """Which invariants are broken, seen with each replica of the keys alone."""
        if self.keeping is Keeping.MEMORY:
            return find_broken(self.area, self.keys, self.told)
        found: tuple[str, ...] = ()
        for place in self.places:
            if not self.area.contents:
                break
            vault = DirectoryVault.open(
                [place], source=FixedKey(), entropy=self.entropy, clock=self.clock
            )
            found += find_broken(self.area, vault, self.told)
        return found
