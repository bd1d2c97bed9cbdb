"""Locks of the storage: asked for at ingest, made to agree with the ledger, never in the way."""

from datetime import date
from typing import Final

import attrs
import pytest

from bwcstore import _layout
from bwcstore._session._begin import Settings
from bwcstore._session._law import adopt_law
from bwcstore._session._lock_rules import law_for_locks
from bwcstore._session._locks import GROUP
from bwcstore._store import Store
from bwcstore._values import Instant, Locking, LockMode, ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._object_records import Claim, ObjectState
from bwcstore.custody._recording import Recording
from bwcstore.custody._selection import Selection
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    InvalidInputError,
    StorageError,
)
from bwcstore.testing import SimClock, World
from bwcstore.testing._versioned import VersionedMemoryBackend
from tests.unit.session.purging import AGENCY, DAY, PACK, assert_fact
from tests.unit.session.world import CHUNK, SETTINGS, chief, create, reopen, stream

LOCKING: Final = Locking(record_days=100, max_days=1000, unruled_days=30)
LOCKED: Final = attrs.evolve(SETTINGS, locking=LOCKING)


class Refusing(VersionedMemoryBackend):
    """A bucket that refuses one recording's locks."""

    refused: str | None = None

    def __init__(self, *, clock: SimClock | None = None) -> None:
        super().__init__(clock=clock)
        self.told: list[str] = []

    def extend_lock(self, name: str, version_id: str, until: Instant) -> None:
        """Refuse what is told to be refused."""
        self.told.append(name)
        if self.refused is not None and name.startswith(self.refused):
            raise StorageError(ErrorKind.LOCK_REFUSED, f"{name}: no")
        super().extend_lock(name, version_id, until)


def bucketed(world: World | None = None) -> tuple[World, Refusing]:
    """A world whose storage has versions and locks."""
    world = world or World()
    bucket = Refusing(clock=world.clock)
    world.backend = bucket
    return world, bucket


def ruled(world: World, settings: Settings = LOCKED) -> Store:
    """A store under the small law."""
    store = create(world, settings)
    with chief(store) as session:
        adopt_law(session._acting, PACK, AGENCY)
    return store


def state_of(store: Store, object_id: ObjectId) -> ObjectState:
    """What the ledger says of a recording."""
    found = store._services.log.state.object(object_id)
    assert found is not None
    return found


def locks_of(bucket: VersionedMemoryBackend, object_id: ObjectId) -> set[tuple[str, bool]]:
    """The locks of every version of every segment."""
    return {
        (str(lock.locked_until)[:19], lock.legal_hold)
        for version in bucket.all_versions(_layout.object_prefix(object_id))
        if _layout.parse_segment(version.name)
        for lock in bucket.versions(version.name)
    }


def kinds(store: Store) -> list[str]:
    """The kinds of all entries."""
    return [entry.kind for entry in store._services.log.entries()]


def ingest(store: Store, length_bytes: int = 7, recording: Recording | None = None) -> ObjectId:
    """One recording."""
    with chief(store) as session:
        return session.ingest(stream(length_bytes), recording=recording or Recording()).object_id


@pytest.mark.spec("LCK-1", "LCK-3")
def test_everything_is_locked_from_the_first_entry_on() -> None:
    """Every version that a new store writes is locked for the days of its class, and so is what
    a later process writes.
    """
    world, bucket = bucketed()
    store = create(world, LOCKED)
    ingest(store, 3 * CHUNK)
    store.close()
    world.backend = again = bucket.reopened()
    ingest(reopen(world))
    found = {
        (bool(_layout.parse_segment(version.name)), str(lock.locked_until)[:10])
        for version in again.all_versions("")
        for lock in again.versions(version.name)
    }
    day = world.clock.now()
    record = str(day.plus_seconds(100 * DAY))[:10]
    evidence = str(day.plus_seconds(30 * DAY))[:10]

    assert {(False, record), (True, evidence)} == found


@pytest.mark.spec("LCK-2")
def test_a_store_without_locks_says_nothing_of_them() -> None:
    """Neither its first entry nor a recording's, and nothing is locked."""
    world, bucket = bucketed()
    store = create(world)
    made = ingest(store)

    assert "locking" not in store._services.log.entry(0).body
    assert state_of(store, made).locked_until is None
    assert {("None", False)} == locks_of(bucket, made)


@pytest.mark.spec("LCK-2")
def test_locks_are_refused_where_nothing_can_be_locked() -> None:
    """Asking for a lock of storage that has none is an error; asking for none is not."""
    with pytest.raises(InvalidInputError) as caught:
        create(World(), LOCKED)
    none = attrs.evolve(LOCKED, locking=attrs.evolve(LOCKING, mode=LockMode.NONE))
    store = create(World(), none)
    with chief(store) as session, pytest.raises(StorageError) as unfit:
        session.sync_locks()

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind
    assert ErrorKind.STORAGE_UNFIT == unfit.value.kind
    assert state_of(store, ingest(store)).locked_until is None


@pytest.mark.spec("LCK-5")
@pytest.mark.parametrize("camera", ["2099-06-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z"])
def test_a_wrong_camera_clock_makes_no_other_lock(camera: str) -> None:
    """What was recorded in 2099 or in 1970 is locked as if no camera had said anything."""
    world, bucket = bucketed()
    store = ruled(world)
    claims = (Claim(at=Instant.parse(camera), basis="camera-clock"),)
    plain = ingest(store)
    odd = ingest(store, recording=Recording(collected=claims))

    assert locks_of(bucket, plain) == locks_of(bucket, odd)
    assert state_of(store, plain).locked_until == state_of(store, odd).locked_until is not None


@pytest.mark.spec("LCK-9")
def test_what_the_ledger_says_is_what_the_storage_keeps() -> None:
    """The instant in the entry of the ingest is the lock of every segment."""
    world, bucket = bucketed()
    store = ruled(world)
    made = ingest(store, 5 * CHUNK)
    until = state_of(store, made).locked_until

    assert {(str(until)[:19], False)} == locks_of(bucket, made)


@pytest.mark.spec("LCK-8")
def test_a_second_run_has_nothing_to_tell() -> None:
    """Right after a run, another one changes no recording and no record."""
    world, _ = bucketed()
    store = ruled(world)
    ingest(store)
    with chief(store) as session:
        first = session.sync_locks()
        again = session.sync_locks()

    assert (0, 0) == (first.objects, first.withheld)
    assert first.records > 0
    assert (0, 0, 0, ()) == (again.objects, again.withheld, again.records, again.problems)
    assert first.records_until == again.records_until is not None


@pytest.mark.spec("LCK-7")
def test_what_holds_in_the_ledger_holds_in_the_storage() -> None:
    """A hold is mirrored to every segment, and taken off once it is released."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    made, other = ingest(store, 3 * CHUNK), ingest(store)
    with chief(store) as session:
        session.sync_locks()
        hold = session.place_hold("litigation", objects=[made])
        placed = session.sync_locks()
        held = locks_of(bucket, made), locks_of(bucket, other)
        said = state_of(store, made).keeping.locked
        session.enrol("bob", roles=[Role.RECORDS])
        session.release_hold(hold)
        with store.session(actor="bob", reason="testing", purpose="investigation") as bob:
            bob.release_hold(hold)
        lifted = session.sync_locks()

    assert (1, 1) == (placed.objects, lifted.objects)
    assert ({True}, {False}) == tuple({held for _, held in one} for one in held)
    assert said is not None
    assert said.legal_hold
    assert {False} == {held for _, held in locks_of(bucket, made)}


@pytest.mark.spec("LCK-7")
def test_a_selection_holds_what_comes_later() -> None:
    """What a hold selects is held once it was ingested and synced."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    with chief(store) as session:
        session.sync_locks()
        session.place_hold("litigation", selection=Selection.case("26-1"))
        session.sync_locks()
        made = ingest(store, recording=Recording(case="26-1"))
        session.sync_locks()

    assert {True} == {held for _, held in locks_of(bucket, made)}


@pytest.mark.spec("LCK-7")
def test_a_hold_that_a_broken_run_placed_is_taken_off() -> None:
    """The storage holds what no entry tells of: once released, the next run lets it go."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    made = ingest(store)
    with chief(store) as session:
        session.enrol("bob", roles=[Role.RECORDS])
        hold = session.place_hold("litigation", objects=[made])
        for version in bucket.versions(_layout.segment(made, 0)):
            bucket.place_legal_hold(version.name, version.version_id)
        session.release_hold(hold)
        with store.session(actor="bob", reason="testing", purpose="investigation") as bob:
            bob.release_hold(hold)
        session.sync_locks()

    assert {False} == {held for _, held in locks_of(bucket, made)}


@pytest.mark.spec("LCK-5", "LCK-9")
def test_a_fact_makes_the_lock_longer_and_none_makes_it_shorter() -> None:
    """A longer floor is told; when the fact that made it is taken back, the lock stays."""
    world, bucket = bucketed()
    store = ruled(world)
    made = ingest(store)
    first = state_of(store, made).locked_until
    with chief(store) as session:
        session.sync_locks()
        assert_fact(session, made, "force", "some")
        told = session.sync_locks()
        long = locks_of(bucket, made)
        assert_fact(session, made, "force", "none")
        again = session.sync_locks()
    said = state_of(store, made).keeping.locked

    assert (1, 0) == (told.objects, again.objects)
    assert first is not None
    assert said is not None
    assert said.until is not None
    assert said.until > first.plus_seconds(200 * DAY)
    assert {(str(said.until)[:19], False)} == long == locks_of(bucket, made)


@pytest.mark.spec("LCK-6")
def test_adopting_a_law_makes_the_locks_of_all_longer() -> None:
    """What was ingested without a law is locked by its floor once there is one."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    made = ingest(store)
    with chief(store) as session:
        session.sync_locks()
        before = locks_of(bucket, made)
        adopt_law(session._acting, PACK, AGENCY)
        report = session.sync_locks()

    assert 1 == report.objects
    assert max(before) < max(locks_of(bucket, made))


@pytest.mark.spec("LCK-10")
def test_what_fails_for_one_recording_is_taken_up_by_the_next_run() -> None:
    """The others are told, the failure is counted and told, and a rerun finishes."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    made = [ingest(store) for _ in range(3)]
    with chief(store) as session:
        adopt_law(session._acting, PACK, AGENCY)
        bucket.refused = _layout.object_prefix(made[1])
        broken = session.sync_locks()
        bucket.refused = None
        mended = session.sync_locks()

    assert (2, 1) == (broken.objects, broken.withheld)
    assert str(made[1]) in broken.problems[0]
    assert (1, 0) == (mended.objects, mended.withheld)
    assert 1 == len({lock for one in made for lock in locks_of(bucket, one)})


@pytest.mark.spec("LCK-10")
def test_many_recordings_go_in_groups() -> None:
    """No entry is lost where there are more than fit one append."""
    world, _ = bucketed()
    store = create(world, LOCKED)
    for _ in range(GROUP + 1):
        ingest(store)
    with chief(store) as session:
        adopt_law(session._acting, PACK, AGENCY)
        report = session.sync_locks()

    assert GROUP + 1 == report.objects == kinds(store).count("object.locked")
    assert 1 == kinds(store).count("locks.synced")


def test_nobody_without_the_role_tells_the_storage_anything() -> None:
    """A reader is turned away, and it is logged."""
    world, _ = bucketed()
    store = create(world, LOCKED)
    with chief(store) as session:
        session.enrol("ann", roles=[Role.READER])
    with (
        store.session(actor="ann", reason="testing", purpose="investigation") as ann,
        pytest.raises(AuthorizationError),
    ):
        ann.sync_locks()

    assert "access.refused" == kinds(store)[-1]


@pytest.mark.spec("LCK-12")
def test_a_lock_that_has_passed_is_no_lock() -> None:
    """Before its end the storage keeps a recording from a purge, afterwards it does not."""
    world, _ = bucketed()
    store = create(world, LOCKED)
    made = ingest(store)
    with chief(store) as session:
        before = session.explain(made).locks
        world.clock.advance(31 * DAY)
        after = session.explain(made).locks

    assert 1 == len(before)
    assert () == after


@pytest.mark.spec("LCK-5")
def test_the_law_of_a_lock_is_that_of_the_storages_day() -> None:
    """A machine whose clock stands years ahead of the storage's goes by the law of its day."""
    world, bucket = bucketed()
    world.clock.set(Instant.parse("2018-05-01T18:00:00.000000Z"))
    services = ruled(world)._services
    bucket.clock = SimClock(world.clock.now())
    world.clock.set(Instant.parse("2024-05-01T18:00:00.000000Z"))
    law = law_for_locks(services, services.log.state)

    assert law is not None
    assert date(2018, 5, 1) == law.on
    assert date(2016, 1, 1) == law.version.effective
