"""A store with two recordings whose catalog is kept in a directory."""

from pathlib import Path

from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.testing import World
from tests.unit.session.world import chief, create, stream


def listed(world: World, place: Path) -> Store:
    """The store: one recording of every private value, one with a case and a device."""
    made = create(world)
    made._services.catalog.place = place
    with chief(made) as session:
        session.ingest(
            stream(10),
            recording=Recording(case="26-1042", officer="Dana Doe", label="training", title="Dock"),
            source_id=SourceId(scope="AX-1", text="0001"),
        )
        session.ingest(stream(20), recording=Recording(case="26-7", device="AX-1"))
    return made


def ids(store: Store) -> list[ObjectId]:
    """The recordings in the order of ingest."""
    return [one.object_id for one in store.objects()]


def place_of(store: Store) -> Path:
    """The directory of the cache."""
    place = store._services.catalog.place
    assert place is not None
    return place
