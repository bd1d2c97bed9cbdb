"""Simulated storage with versions and locks keeps the contract, and its locks hold."""

from collections.abc import Callable

import pytest

from bwcstore._ports import Backend
from bwcstore._values import ByteRange, Locking, LockMode
from bwcstore.errors import AlreadyExistsError, ErrorKind, NotFoundError, StorageError
from bwcstore.testing import FailAt, FaultyBackend, VersionedMemoryBackend
from bwcstore.testing.backend_suite import BackendSuite
from bwcstore.testing.lock_suite import LockSuite

DAY_SECONDS = 86_400


class TestVersionedMemoryBackend(BackendSuite):
    """Storage with versions keeps the contract of any storage."""

    @pytest.fixture
    def backend(self) -> Backend:
        """An empty bucket, before anything is locked."""
        return VersionedMemoryBackend()


class TestFaultyVersionedBackend(BackendSuite):
    """A wrapper whose fault never comes changes nothing."""

    @pytest.fixture
    def backend(self) -> Backend:
        """An empty bucket behind a wrapper."""
        return FaultyBackend(VersionedMemoryBackend(), FailAt(None))


class TestVersionedLocks(LockSuite):
    """Storage with locks keeps the contract of locks."""

    @pytest.fixture
    def bucket(self) -> VersionedMemoryBackend:
        """An empty bucket."""
        return VersionedMemoryBackend()

    @pytest.fixture
    def backend(self, bucket: VersionedMemoryBackend) -> Backend:
        """The bucket behind a wrapper whose fault never comes."""
        return FaultyBackend(bucket, FailAt(None))

    @pytest.fixture
    def clock_passes(self, bucket: VersionedMemoryBackend) -> Callable[[float], object]:
        """The bucket's clock moves."""
        return bucket.clock.advance

    @pytest.fixture
    def cover(self, bucket: VersionedMemoryBackend) -> Callable[[str, bytes | None], object]:
        """Straight into the bucket."""
        return lambda name, data: bucket.mark(name) if data is None else bucket.shadow(name, data)


@pytest.fixture
def bucket() -> VersionedMemoryBackend:
    """An empty bucket that locks records for 2 days."""
    found = VersionedMemoryBackend()
    found.lock_new(Locking(record_days=2))
    return found


def _refused(bucket: VersionedMemoryBackend, name: str) -> bool:
    with pytest.raises(StorageError) as caught:
        bucket.delete(name)
    return caught.value.kind is ErrorKind.WITHHELD_BY_STORAGE


def test_a_record_is_locked_from_its_creation_on(bucket: VersionedMemoryBackend) -> None:
    """Not the last moment of the lock, but the lock's end, lets it go."""
    bucket.create("a", b"kept")
    (found,) = bucket.versions("a")

    assert bucket.clock.now().plus_seconds(2 * DAY_SECONDS) == found.locked_until
    bucket.clock.advance(2 * DAY_SECONDS - 1)
    assert _refused(bucket, "a")
    bucket.clock.advance(1)
    bucket.delete("a")
    assert () == bucket.versions("a")


@pytest.mark.parametrize("mode", [None, LockMode.NONE])
def test_nothing_is_locked_unasked(mode: LockMode | None) -> None:
    """Before `lock_new`, and where no mode is asked for, everything can be deleted."""
    bucket = VersionedMemoryBackend()
    if mode is not None:
        bucket.lock_new(Locking(mode=mode))
    bucket.create("a", b"")
    until = bucket.clock.now().plus_seconds(DAY_SECONDS)
    bucket.create_large("b", keep_until=until).commit()

    assert [None, None] == [bucket.versions(name)[0].locked_until for name in ("a", "b")]


def test_a_lock_that_has_ended_before_it_began_is_none(bucket: VersionedMemoryBackend) -> None:
    """What is to be kept until now is free."""
    bucket.create_large("a", keep_until=bucket.clock.now()).commit()

    assert bucket.versions("a")[0].locked_until is None


def test_a_new_process_finds_versions_locks_and_leftovers(bucket: VersionedMemoryBackend) -> None:
    """Everything stored is there again; uploads under way are not, and locking is not either."""
    bucket.create("a", b"kept")
    bucket.create_large("b")
    found = bucket.reopened()
    found.create("c", b"free")

    assert bucket.versions("a") == found.versions("a")
    assert _refused(found, "a")
    assert found.versions("c")[0].locked_until is None
    assert [1, 0] == [found.discard_leftovers() for _ in range(2)]


def test_all_versions_go_or_none(bucket: VersionedMemoryBackend) -> None:
    """Deleting a name that has one locked version takes none of the others."""
    bucket.create("a", b"kept")
    bucket.shadow("a", b"other")
    bucket.mark("a")

    assert _refused(bucket, "a")
    assert [True, False, False] == [one.marker for one in bucket.versions("a")]


def test_a_marker_frees_the_name_for_creating_alone(bucket: VersionedMemoryBackend) -> None:
    """Over a marker a new version can be created, as on S3; readers still find the older one."""
    bucket.create("a", b"older")
    with pytest.raises(AlreadyExistsError):
        bucket.create("a", b"newer")
    bucket.mark("a")

    assert b"older" == bucket.read("a")
    bucket.create("a", b"newer")
    assert b"newer" == bucket.read("a")


def test_a_marker_alone_is_nothing_to_read(bucket: VersionedMemoryBackend) -> None:
    """A name that has only a marker is absent and has a version; a marker cannot be locked."""
    marker = bucket.mark("a")

    assert [True] == [one.marker for one in bucket.versions("a")]
    assert [] == list(bucket.list(""))
    verbs = (
        lambda: bucket.read("a"),
        lambda: bucket.read_version("a", marker),
        lambda: bucket.open_version("a", marker),
        lambda: bucket.extend_lock("a", marker, bucket.clock.now()),
        lambda: bucket.place_legal_hold("a", marker),
        lambda: bucket.lift_legal_hold("a", marker),
    )
    for verb in verbs:
        with pytest.raises(NotFoundError):
            verb()
    bucket.delete_version("a", marker)
    assert () == bucket.versions("a")


def test_a_range_of_a_version(bucket: VersionedMemoryBackend) -> None:
    """A version under another one is read as a name is."""
    bucket.create("a", b"0123456789")
    (kept,) = bucket.versions("a")
    bucket.shadow("a", b"")

    assert b"34567" == bucket.read_version("a", kept.version_id, ByteRange(3, 5))
