"""A store in a simulated world, small enough that every boundary is near."""

import io

from bwcstore._session._begin import Settings
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import StoreId
from bwcstore.custody._authority import Role
from bwcstore.objects._segment import Geometry
from bwcstore.testing import World

STORE = StoreId("55555555-5555-4555-8555-555555555555")
CHUNK = 1 << 16
SETTINGS = Settings(
    geometry=Geometry(chunk_bytes=CHUNK, segment_chunks=2), signed_kinds=frozenset()
)


def create(world: World, settings: Settings = SETTINGS) -> Store:
    """A new store whose first actor is `chief`."""
    return Store.create_on(
        world.backend,
        world.vault,
        store_id=STORE,
        actor="chief",
        environment=world.environment,
        settings=settings,
    )


def reopen(world: World) -> Store:
    """The store as the next process finds it."""
    return Store.open_on(world.backend, world.vault, environment=world.environment)


def chief(store: Store, purpose: str = "investigation") -> Session:
    """A session of the responsible authority."""
    return store.session(actor="chief", reason="testing", purpose=purpose)


def admit(store: Store, login: str = "clerk") -> Session:
    """Enrol and authorize a reader, and begin their session."""
    with chief(store) as session:
        session.enrol(login, roles=[Role.READER])
        session.authorize(login, purposes=["investigation"])
    return store.session(actor=login, reason="reading", purpose="investigation")


def recording(length_bytes: int) -> bytes:
    """Bytes that differ from place to place."""
    block = bytes(range(256)) * 257
    return (block * (length_bytes // len(block) + 1))[:length_bytes]


def stream(length_bytes: int) -> io.BytesIO:
    """The same as a nameless stream."""
    return io.BytesIO(recording(length_bytes))
