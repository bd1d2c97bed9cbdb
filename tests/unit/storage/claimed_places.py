"""Both places of a claimed store, and stores on them."""

from bwcstore._ports import Backend
from bwcstore._session._begin import Settings
from bwcstore._store import Store
from bwcstore.custody._authority import Role
from bwcstore.custody._state import State
from bwcstore.ledger._entry import Entry
from bwcstore.ledger._log import Log
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.testing import (
    FailAt,
    FaultyBackend,
    MemoryBackend,
    RacyBackend,
    World,
)
from tests.unit.session import world as stores


class Places:
    """Both places of one store, and processes that use them."""

    def __init__(self) -> None:
        self.evidence = RacyBackend()
        self.claims = MemoryBackend()
        self.world = World()

    def backend(self, plan: FailAt | None = None) -> Backend:
        """What a process uses."""
        plan = plan or FailAt(None)
        return ClaimedBackend(FaultyBackend(self.evidence, plan), FaultyBackend(self.claims, plan))

    def create(self) -> Store:
        """A new store with claims."""
        return create_store(self.world, self.backend(), "claimed")

    def open(self) -> Store:
        """The store as the next process finds it."""
        return open_store(self.world, self.backend())


def create_store(world: World, backend: Backend, protocol: str) -> Store:
    """A new store on a backend."""
    return Store.create_on(
        backend,
        world.vault,
        store_id=stores.STORE,
        actor="chief",
        environment=world.environment,
        settings=Settings(
            geometry=stores.SETTINGS.geometry, signed_kinds=frozenset(), protocol=protocol
        ),
    )


def open_store(world: World, backend: Backend) -> Store:
    """The store as another process finds it."""
    return Store.open_on(backend, world.vault, environment=world.environment)


def enrol(store: Store, login: str) -> None:
    """Append one entry."""
    with stores.chief(store) as session:
        session.enrol(login, roles=[Role.READER])


def count(store: Store) -> int:
    """How many people were enrolled in a store."""
    return [entry.kind for entry in entries(store._services.log)].count("actor.enrolled")


def entries(log: Log[State]) -> list[Entry]:
    """Everything in a ledger."""
    return [log.entry(index) for index in range(log.size)]
