"""A machine's clock against the storage's: what is refused, what is warned of, what is locked."""

from typing import Final

import attrs
import pytest

from bwcstore import _layout
from bwcstore._ports import Stat
from bwcstore._session._law import adopt_law
from bwcstore._store import Store
from bwcstore._values import Instant, Locking
from bwcstore.custody._authority import Role
from bwcstore.custody._object_records import Claim
from bwcstore.custody._recording import Recording
from bwcstore.errors import ConflictError, ErrorKind
from bwcstore.testing import SimClock, World
from bwcstore.testing._versioned import VersionedMemoryBackend
from tests.unit.session.purging import AGENCY, DAY, PACK
from tests.unit.session.world import CHUNK, SETTINGS, chief, create, stream

LOCKING: Final = Locking(record_days=100, max_days=1000, unruled_days=30)


def apart(*, ahead_seconds: float) -> tuple[World, VersionedMemoryBackend]:
    """A machine whose clock differs from that of the storage."""
    world = World()
    bucket = VersionedMemoryBackend(clock=SimClock(world.clock.now().plus_seconds(-ahead_seconds)))
    world.backend = bucket
    return world, bucket


def skewed(*, by_seconds: float) -> tuple[World, Store, VersionedMemoryBackend]:
    """A store under the small law, whose machine's clock goes wrong after its creation."""
    world, bucket = apart(ahead_seconds=0)
    store = create(world, attrs.evolve(SETTINGS, locking=LOCKING))
    with chief(store) as session:
        adopt_law(session._acting, PACK, AGENCY)
    world.clock.set(world.clock.now().plus_seconds(by_seconds))
    return world, store, bucket


class Stale(VersionedMemoryBackend):
    """Storage whose time stands where its last answer put it, like a bucket's."""

    told: Instant | None = None

    def server_time(self) -> Instant | None:
        """What the last look told."""
        return self.told

    def stat(self, name: str) -> Stat:
        """Look, and be told the time."""
        self.told = self.clock.now()
        return super().stat(name)


@pytest.mark.spec("ORD-17")
def test_nothing_is_appended_by_a_clock_that_is_ahead_of_the_storage() -> None:
    """More than a minute ahead an append is refused, by its code, and a minute is not."""
    world, store, bucket = skewed(by_seconds=60)
    with chief(store) as session:
        session.ingest(stream(7))
    size = store.size
    world.clock.set(world.clock.now().plus_seconds(1))
    with chief(store) as session, pytest.raises(ConflictError) as caught:
        session.enrol("ann", roles=[Role.RECORDS])
    bucket.clock.advance(1)
    with chief(store) as session:
        session.enrol("ann", roles=[Role.RECORDS])

    assert ErrorKind.CLOCK_AHEAD is caught.value.kind
    assert "61 s ahead" in caught.value.message
    assert size + 1 == store.size


@pytest.mark.spec("ORD-17")
def test_no_store_begins_with_a_clock_that_is_ahead_of_the_storage() -> None:
    """The first entry is refused as any other."""
    world, bucket = apart(ahead_seconds=3600)
    with pytest.raises(ConflictError) as caught:
        create(world)

    assert ErrorKind.CLOCK_AHEAD is caught.value.kind
    assert not [*bucket.list("ledger/")]


@pytest.mark.spec("ORD-17")
def test_nothing_is_stored_of_a_recording_whose_entry_would_be_refused() -> None:
    """What is locked as it is written could not be taken back."""
    _, store, bucket = skewed(by_seconds=2 * DAY)
    with chief(store) as session, pytest.raises(ConflictError) as caught:
        session.ingest(stream(3 * CHUNK))

    assert ErrorKind.CLOCK_AHEAD is caught.value.kind
    assert not [*bucket.list(_layout.OBJECTS)]


@pytest.mark.spec("ORD-17")
@pytest.mark.parametrize("told", ["never", "before the machine slept"])
def test_the_storage_is_asked_before_anything_is_refused(told: str) -> None:
    """A time that was never told, or was told long ago, refuses nothing that the present allows."""
    world = World()
    bucket = Stale(clock=world.clock)
    world.backend = bucket
    store = create(world)
    world.clock.advance(3600)
    if told == "never":
        bucket.told = None
    with chief(store) as session:
        session.enrol("ann", roles=[Role.RECORDS])

    assert world.clock.now() == bucket.told


@pytest.mark.parametrize(("seconds", "warned"), [(60, False), (61, True)])
def test_a_clock_that_is_ahead_is_warned_of(seconds: float, *, warned: bool) -> None:
    """Whoever shows the store shows that nothing can be appended."""
    world, store, _ = skewed(by_seconds=0)
    world.clock.set(world.clock.now().plus_seconds(seconds))

    assert warned == (ErrorKind.CLOCK_AHEAD in store.warnings)


@pytest.mark.spec("LCK-4", "LCK-5")
@pytest.mark.parametrize("behind_days", [0, 3, 40, 4000])
@pytest.mark.parametrize("camera", ["silent", "right", "years ahead", "years behind"])
def test_a_wrong_clock_of_the_machine_makes_no_wrong_lock(behind_days: int, camera: str) -> None:
    """However far the machine's clock is behind, what is locked, and until when, is what a right
    clock would have made of it.
    """
    found = []
    for days in (0, behind_days):
        _, store, bucket = skewed(by_seconds=-days * DAY)
        right = bucket.clock.now().plus_seconds(-DAY)
        shift = {"years ahead": 2000 * DAY, "years behind": -2000 * DAY}.get(camera, 0)
        claims = (Claim(at=right.plus_seconds(shift), basis="camera-clock"),)
        recording = Recording(collected=() if camera == "silent" else claims)
        with chief(store) as session:
            session.ingest(stream(3 * CHUNK), recording=recording)
        found.append(
            {
                (bool(_layout.parse_segment(version.name)), str(lock.locked_until))
                for version in bucket.all_versions("")
                for lock in bucket.versions(version.name)
            }
        )

    assert found[0] == found[1]
