"""Two runs that tell the storage of locks at once: what the ledger holds ends up held."""

from collections.abc import Callable
from threading import Thread

import pytest

from bwcstore._ports import StoredVersion
from bwcstore._session import _locks
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.custody._authority import Role
from bwcstore.testing import World
from bwcstore.testing._versioned import VersionedMemoryBackend
from tests.unit.session.test_locks import LOCKED, ingest, locks_of, state_of
from tests.unit.session.world import chief, create, reopen


class Interrupted(VersionedMemoryBackend):
    """A bucket where something else happens directly before one look at versions."""

    before_look: Callable[[], None] | None = None

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """Let the other happen once, then look."""
        first, self.before_look = self.before_look, None
        if first is not None:
            # Another process, and so not one of the threads that look here.
            other = Thread(target=first)
            other.start()
            other.join()
        return super().versions(name)


def held(store: Store, object_id: ObjectId) -> str:
    """A hold on one recording."""
    with chief(store) as session:
        return session.place_hold("litigation", objects=[object_id])


def released(store: Store, hold: str) -> None:
    """The hold is let go of by the two who must."""
    with chief(store) as session:
        session.release_hold(hold)
    with store.session(actor="bob", reason="t", purpose="investigation") as session:
        session.release_hold(hold)


def synced(store: Store) -> None:
    """The storage is told."""
    with chief(store) as session:
        session.sync_locks()


def once_held(count: int) -> tuple[World, Interrupted, Store, list[ObjectId]]:
    """Recordings that the storage holds, and the ledger does not any more."""
    world = World()
    bucket = Interrupted(clock=world.clock)
    world.backend = bucket
    store = create(world, LOCKED)
    with chief(store) as session:
        session.enrol("bob", roles=[Role.RECORDS])
    made = [ingest(store) for _ in range(count)]
    holds = [held(store, one) for one in made]
    synced(store)
    for hold in holds:
        released(store, hold)
    return world, bucket, store, made


@pytest.mark.spec("LCK-7", "LCK-13")
def test_a_hold_that_comes_while_another_is_lifted() -> None:
    """A hold that a second run placed and said, and the first took off, is placed again by the
    next run.
    """
    world, bucket, store, (made,) = once_held(1)
    second = reopen(world)

    def meanwhile() -> None:
        held(second, made)
        synced(second)

    synced(store)
    released(store, held(store, made))
    bucket.before_look = meanwhile
    synced(store)
    lifted = {hold for _, hold in locks_of(bucket, made)}
    synced(second)

    assert {False} == lifted
    assert {True} == {hold for _, hold in locks_of(bucket, made)}
    assert state_of(second, made).keeping.locked is not None


@pytest.mark.spec("LCK-7", "LCK-13")
def test_what_was_said_to_be_held_is_looked_at_again() -> None:
    """The hold that an entry tells of was lifted by another before that entry was written: the
    next run places it, though ledger and wish agree.
    """
    _, bucket, store, (made,) = once_held(1)
    synced(store)
    held(store, made)
    synced(store)
    for name in {one.name for one in bucket.all_versions("") if "/manifest-" not in one.name}:
        for version in bucket.versions(name):
            if version.legal_hold:
                bucket.lift_legal_hold(name, version.version_id)
    lost = {hold for _, hold in locks_of(bucket, made)}
    synced(store)

    assert {False} == lost
    assert {True} == {hold for _, hold in locks_of(bucket, made)}


@pytest.mark.spec("LCK-13")
def test_a_hold_that_comes_before_the_turn_of_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wanted is asked of the ledger anew at each group, so that nothing is lifted which is
    held by then.
    """
    monkeypatch.setattr(_locks, "GROUP", 1)
    world, bucket, store, made = once_held(2)
    second = reopen(world)
    left = list(made)

    def meanwhile(*_: object) -> None:
        while left:
            held(second, left.pop())

    with chief(store) as session:
        session.sync_locks(progress=meanwhile)
    kept = [{hold for _, hold in locks_of(bucket, one)} for one in made]

    assert 1 == kept.count({True})
