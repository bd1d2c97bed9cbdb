"""Destruction in a bucket: all versions and markers, broken uploads, locks, holds, and proof."""

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from bwcstore import Store
from bwcstore._ports import Environment, StoredVersion
from bwcstore._system import SerialWorkers, SystemClock, SystemEntropy
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.objects._manifest import content_key_id
from bwcstore.storage._s3 import S3Backend
from tests.integration.s3_service import S3Service
from tests.s3.desk import DAYS, Desk, outcomes
from tests.s3.ground import Ground

LOCK_SECONDS = 8
PATIENCE_SECONDS = 20


@pytest.fixture
def desk(s3_server: S3Service, s3_client: Any, tmp_path: Path) -> Desk:
    """A place for a store; an upload of a dead process is told at once."""
    return Desk(Ground.lay(s3_server, tmp_path, upload_seconds_max=-60.0), s3_client)


def _keys(store: Store) -> set[str]:
    return {one.key_id for one in store.vault.inventory()}


def _deleted(found: Iterable[tuple[str, str, bool]]) -> list[tuple[str, str, str]]:
    return sorted((name, version, "deleted") for name, version, _ in found)


@pytest.mark.spec("PRG-12", "LCK-12", "CRT-24")
def test_a_locked_recording_is_destroyed_on_its_day(desk: Desk) -> None:
    """While the storage locks it, a recording is withheld and untouched; from the end of the lock
    on the same plan destroys every version and marker, also what lies over a segment, and aborts
    the uploads below its name; the certificate lists each, and the key is gone for good.
    """
    desk.begin(2)
    locked, free = desk.made
    desk.unlock(free)
    desk.retain(LOCK_SECONDS, locked)
    covered, marked = desk.segments(free)
    desk.put(covered, b"somebody else's bytes")
    desk.mark(marked)
    for name in (covered, f"objects/{free}/00000077"):
        desk.begin_upload(name)
    other = f"objects/{locked}/00000000"
    desk.begin_upload(other)
    before = {object_id: desk.left(object_id) for object_id in desk.made}
    ending = time.monotonic() + LOCK_SECONDS
    with desk.ground.open() as store:
        act = desk.approve(store)
        with desk.act(store) as session:
            early = session.run_purge(act)
        untouched = desk.left(locked), desk.uploads()
        time.sleep(max(0.0, ending - time.monotonic()))
        with desk.act(store) as session:
            late = session.run_purge(act)
        certificates = {object_id: outcomes(store, object_id) for object_id in desk.made}
        keys = _keys(store)
    raw = desk.client.list_object_versions(Bucket=desk.ground.plain, Prefix="keys/")
    stored = [one["Key"] for one in raw.get("Versions", [])]

    assert ((free,), {locked: ErrorKind.WITHHELD_BY_STORAGE}) == (early.completed, early.withheld)
    assert (before[locked], [other]) == untouched
    assert ((locked,), {}, {}) == (late.completed, late.withheld, late.failed)
    assert {one: _deleted(found) for one, found in before.items()} == certificates
    assert (2, 4) == (len(before[locked]), len(before[free]))
    assert [[], []] == [desk.left(object_id) for object_id in desk.made]
    assert [] == desk.uploads()
    for object_id in desk.made:
        assert content_key_id(object_id) not in keys
        assert [] == [key for key in stored if content_key_id(object_id) in key]
    assert [] == raw.get("DeleteMarkers", [])
    desk.ground.check()


@pytest.mark.spec("PRG-12", "LCK-7")
def test_a_legal_hold_keeps_until_the_release_is_synced(desk: Desk) -> None:
    """What is held is under the legal hold of the storage; released in the ledger it is withheld
    still, and once that was synced it is destroyed.
    """
    clock = desk.begin(1)
    (held,) = desk.made
    with desk.ground.open(clock) as store:
        with desk.act(store) as session:
            hold = session.place_hold("evidentiary", objects=[held])
        with store.session(actor="chief", reason="nightly") as session:
            session.sync_locks()
        under = [one.legal_hold for name in desk.segments(held) for one in _of(store, name)]
        clock.advance(100.0 * DAYS)
        with desk.act(store) as session:
            released = session.release_hold(hold)
    desk.unlock(held)
    with desk.ground.open() as store:
        act = desk.approve(store)
        with desk.act(store) as session:
            withheld = session.run_purge(act).withheld
        with store.session(actor="chief", reason="nightly") as session:
            session.sync_locks()
        lifted = [one.legal_hold for name in desk.segments(held) for one in _of(store, name)]
        # What the ledger says of the lock was brought back with it.
        desk.unlock(held)
        with desk.act(store) as session:
            done = session.run_purge(act)
        listed = outcomes(store, held)

    assert [False, False] == lifted
    assert ([True, True], "released") == (under, released)
    assert {held: ErrorKind.WITHHELD_BY_STORAGE} == withheld
    assert ((held,), {}) == (done.completed, done.withheld)
    assert 2 == len(listed)
    assert [] == desk.left(held)


def _of(store: Store, name: str) -> tuple[StoredVersion, ...]:
    return store._services.backend.versions(name)


class _Interrupting(S3Backend):
    """A bucket in which somebody does something between the look at the locks and a deletion."""

    between: Callable[[str, str], None] | None = None

    def delete_version(self, name: str, version_id: str) -> None:
        """As usual, after whatever happens in between."""
        if self.between is not None:
            self.between(name, version_id)
        super().delete_version(name, version_id)


@pytest.mark.spec("PRG-14", "PRG-15", "CRT-24")
def test_a_refused_version_leaves_an_honest_part(desk: Desk) -> None:
    """Held by the storage while it is destroyed, a recording is said to be begun and not
    finished, other recordings are finished, and the next run finishes the rest and proves it.
    """
    desk.begin(2)
    desk.unlock(*desk.made)
    stuck = desk.made[0]
    last = desk.segments(stuck)[-1]
    before = desk.left(stuck)
    backend = _Interrupting(
        desk.ground.url,
        clock=SystemClock(),
        entropy=SystemEntropy(),
        options=desk.ground.options,
    )
    held: list[str] = []

    def hold(name: str, version: str) -> None:
        if name == last and not held:
            desk.hold(name, version, "ON")
            held.append(version)

    backend.between = hold
    with desk.ground.open() as store:
        act = desk.approve(store)
        keys = store.vault
        world = Environment(clock=SystemClock(), entropy=SystemEntropy(), workers=SerialWorkers())
        with closing(backend), Store.open_on(backend, keys, environment=world) as broken:
            with desk.act(broken) as session:
                part = session.run_purge(act)
            kinds = [entry.kind for entry in broken._services.log.entries()]
            state = broken.object(stuck).status
            with pytest.raises(BwcStoreError) as uncertified:
                broken.certificate(stuck)
        left = desk.left(stuck)
        desk.hold(last, held[0], "OFF")
        with desk.act(store) as session:
            rest = session.run_purge(act)
        listed = outcomes(store, stuck)
        after = store.object(stuck).status

    assert ((desk.made[1],), {stuck: ErrorKind.WITHHELD_BY_STORAGE}) == (
        part.completed,
        part.failed,
    )
    assert [(last, held[0], False)] == left
    assert (1, 2, 1) == tuple(
        kinds.count(kind) for kind in ("purge.failed", "purge.started", "purge.completed")
    )
    assert "purged" not in (state, uncertified.value.message)
    assert ((stuck,), {}) == (rest.completed, rest.failed)
    assert "purged" == after
    gone = {name for name, _, _ in before}
    assert gone == {name for name, _, _ in listed}
    assert {(last, held[0], "deleted")} == {one for one in listed if one[2] == "deleted"}
    assert [] == desk.left(stuck)
    desk.ground.check()


@pytest.mark.spec("BKT-6")
def test_a_killed_ingest_leaves_an_upload_that_is_found(desk: Desk) -> None:
    """What a killed process left on its way is no part of the store, and is removed."""
    desk.ground = attrs.evolve(desk.ground, segment_chunks=16)
    desk.begin(0)
    child = desk.ground.start("ingest_slowly", 16, 13)
    assert child.stdout is not None
    assert b"ready\n" == child.stdout.readline()
    ending = time.monotonic() + PATIENCE_SECONDS
    while not (begun := desk.uploads()) and time.monotonic() < ending:
        time.sleep(0.1)
    child.kill()
    child.communicate(timeout=PATIENCE_SECONDS)
    with (
        desk.ground.open() as store,
        store.session(actor="chief", reason="tidy up") as session,
    ):
        found = session.discard_leftovers()
        objects = [*store.objects()]

    assert 1 == len(begun)
    assert [] == desk.uploads()
    assert [] == objects
    assert 1 == found.temporary_count
    desk.ground.check()
