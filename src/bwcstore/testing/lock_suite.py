"""The contract of storage that keeps versions and locks them, as tests.

Subclass `LockSuite` in a test module and override its fixtures::

    class TestMyLocks(LockSuite):
        lock_seconds = 5

        @pytest.fixture
        def backend(self):
            return MyBackend("a-new-bucket-with-object-lock")

        @pytest.fixture
        def clock_passes(self):
            return time.sleep

        @pytest.fixture
        def cover(self):
            return put_or_mark_in_that_bucket

Against a real server the tests wait for locks of `lock_seconds`, and leave records behind that are
locked for a day. What every backend promises is in `bwcstore.testing.backend_suite`.
"""

from collections.abc import Callable
from typing import ClassVar

import pytest

from bwcstore._ports import Backend, Capability, StoredVersion
from bwcstore._values import ByteRange, Instant, Locking, LockMode
from bwcstore.errors import AlreadyExistsError, ErrorKind, NotFoundError, StorageError
from bwcstore.testing.backend_suite import pattern, upload

_MEBIBYTE = 1 << 20
_SECOND_MICROSECONDS = 1_000_000
_DAY_SECONDS = 86_400
_STEP = 1 << 18
SLACK_SECONDS = 60
RECORD_DAYS = 1
LENGTHS = (0, 1, 4096, _MEBIBYTE, 11 * _MEBIBYTE + 13)


class LockSuite:
    """One test per promise about versions, locks and legal holds.

    Attributes:
        lock_seconds: how long what is waited for is locked; longer than 11 MiB take to store.
        mode: the mode of every lock; the credentials of `backend` must not go round it.
    """

    lock_seconds: ClassVar[int] = 10
    mode: ClassVar[LockMode] = LockMode.COMPLIANCE

    @pytest.fixture
    def backend(self) -> Backend:
        """An empty backend, before `lock_new`; subclasses override this.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    @pytest.fixture
    def clock_passes(self) -> Callable[[float], object]:
        """Lets so many seconds of the storage's own time go by; subclasses override this.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    @pytest.fixture
    def cover(self) -> Callable[[str, bytes | None], object]:
        """Puts a newer version on top of a name of `backend`, a delete marker where the bytes are
        None, without its help; subclasses override this.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    @pytest.fixture
    def locking(self, backend: Backend) -> Backend:
        """The backend, told to lock what is new."""
        backend.lock_new(Locking(mode=self.mode, record_days=RECORD_DAYS))
        return backend

    def soon(self, backend: Backend) -> Instant:
        """A whole second, `lock_seconds` from now at least, by the storage's own time."""
        backend.versions("any/name")
        now = backend.server_time()
        assert now is not None, "an answer tells the storage's time"
        whole = -(-now.microseconds // _SECOND_MICROSECONDS) * _SECOND_MICROSECONDS
        return Instant(whole).plus_seconds(self.lock_seconds)

    def keep(self, backend: Backend, name: str, data: bytes, until: Instant) -> StoredVersion:
        """Store `data` locked until `until`; return its one version."""
        under_way = backend.create_large(name, keep_until=until)
        for start in range(0, len(data), _STEP):
            under_way.write(memoryview(data)[start : start + _STEP])
        under_way.commit()
        (found,) = backend.versions(name)
        return found

    def refuses(self, backend: Backend, version: StoredVersion) -> bool:
        """Whether the storage itself refuses to delete the version, and keeps it."""
        with pytest.raises(StorageError) as caught:
            backend.delete_version(version.name, version.version_id)
        kept = {one.version_id for one in backend.versions(version.name)}
        return caught.value.kind is ErrorKind.WITHHELD_BY_STORAGE and version.version_id in kept

    def test_it_says_what_it_can_do(self, backend: Backend) -> None:
        """The backend has the capabilities that this contract is about."""
        wanted = {
            Capability.VERSIONS,
            Capability.LOCK,
            Capability.LEGAL_HOLD,
            Capability.SERVER_TIME,
        }

        assert wanted <= backend.properties.capabilities

    def test_nothing_is_locked_before_it_is_asked_for(self, backend: Backend) -> None:
        """Before `lock_new` neither records nor uploads are locked, whatever is asked."""
        backend.create("a/record", b"record")
        until = self.soon(backend).plus_seconds(_DAY_SECONDS)
        self.keep(backend, "a/large", b"large", until)

        for name in ("a/record", "a/large"):
            (found,) = backend.versions(name)
            assert (None, False) == (found.locked_until, found.legal_hold)
            backend.delete_version(name, found.version_id)
            assert () == backend.versions(name)

    def test_an_upload_that_asks_for_nothing_is_not_locked(self, locking: Backend) -> None:
        """Without `keep_until` an upload can be deleted at once."""
        upload(locking, "a/large", pattern(_MEBIBYTE), step=_STEP).commit()
        (found,) = locking.versions("a/large")

        assert found.locked_until is None
        locking.delete("a/large")
        assert () == locking.versions("a/large")

    def test_records_are_locked(self, locking: Backend) -> None:
        """What is created is locked for `record_days`, a day more at most, and stays."""
        least = self.soon(locking).plus_seconds(RECORD_DAYS * _DAY_SECONDS - self.lock_seconds)
        locking.create("a/record", b"record")
        (found,) = locking.versions("a/record")
        most = least.plus_seconds(_DAY_SECONDS + SLACK_SECONDS)

        assert found.locked_until is not None
        assert least.plus_seconds(-SLACK_SECONDS) <= found.locked_until <= most
        assert self.refuses(locking, found)
        with pytest.raises(StorageError) as caught:
            locking.delete("a/record")
        assert ErrorKind.WITHHELD_BY_STORAGE is caught.value.kind
        assert b"record" == locking.read("a/record")

    @pytest.mark.parametrize("length", LENGTHS)
    def test_an_upload_is_locked_as_it_asks(self, locking: Backend, length: int) -> None:
        """Whatever the length, so in one part or in several, the lock is the one asked for."""
        until = self.soon(locking)
        found = self.keep(locking, "a/large", pattern(length), until)

        assert (length, until) == (found.length_bytes, found.locked_until)
        assert self.refuses(locking, found)
        assert pattern(length) == locking.read("a/large")

    def test_a_lock_ends_when_it_said(
        self, locking: Backend, clock_passes: Callable[[float], object]
    ) -> None:
        """What is locked cannot be deleted before its time, and can afterwards."""
        found = self.keep(locking, "a/large", pattern(_MEBIBYTE), self.soon(locking))

        assert self.refuses(locking, found)
        clock_passes(self.lock_seconds + 2)
        locking.delete_version("a/large", found.version_id)
        assert () == locking.versions("a/large")
        with pytest.raises(NotFoundError):
            locking.read("a/large")

    def test_a_lock_is_extended_and_never_shortened(
        self, locking: Backend, clock_passes: Callable[[float], object]
    ) -> None:
        """A later end counts; an earlier one changes nothing and is no error."""
        first = self.soon(locking)
        later = first.plus_seconds(self.lock_seconds)
        found = self.keep(locking, "a/large", b"large", first)

        for until in (later, first, later):
            locking.extend_lock("a/large", found.version_id, until)
            assert later == locking.versions("a/large")[0].locked_until
        clock_passes(self.lock_seconds + 2)
        assert self.refuses(locking, found)
        clock_passes(self.lock_seconds)
        locking.delete_version("a/large", found.version_id)
        assert () == locking.versions("a/large")

    def test_what_is_free_can_be_locked(self, locking: Backend) -> None:
        """A version without a lock is locked by extending."""
        upload(locking, "a/large", b"large", step=1).commit()
        (free,) = locking.versions("a/large")
        until = self.soon(locking)
        locking.extend_lock("a/large", free.version_id, until)
        (found,) = locking.versions("a/large")

        assert (None, until) == (free.locked_until, found.locked_until)
        assert self.refuses(locking, found)

    def test_holds_are_placed_and_lifted(self, locking: Backend) -> None:
        """Under a legal hold a version stays without a lock; twice placed or lifted is once."""
        upload(locking, "a/large", b"large", step=5).commit()
        (free,) = locking.versions("a/large")
        for _ in range(2):
            locking.place_legal_hold("a/large", free.version_id)
        (held,) = locking.versions("a/large")

        assert (False, True) == (free.legal_hold, held.legal_hold)
        assert self.refuses(locking, held)
        for _ in range(2):
            locking.lift_legal_hold("a/large", free.version_id)
        assert (free,) == locking.versions("a/large")
        locking.delete_version("a/large", free.version_id)
        assert () == locking.versions("a/large")

    def test_a_hold_outlasts_a_lock(
        self, locking: Backend, clock_passes: Callable[[float], object]
    ) -> None:
        """A hold neither needs a lock nor ends with it, and lifting it ends no lock."""
        until = self.soon(locking)
        found = self.keep(locking, "a/large", b"large", until)
        locking.place_legal_hold("a/large", found.version_id)
        locking.lift_legal_hold("a/large", found.version_id)

        assert (found,) == locking.versions("a/large")
        assert self.refuses(locking, found)
        locking.place_legal_hold("a/large", found.version_id)
        clock_passes(self.lock_seconds + 2)
        assert self.refuses(locking, found)
        locking.lift_legal_hold("a/large", found.version_id)
        locking.delete_version("a/large", found.version_id)
        assert () == locking.versions("a/large")

    def test_absent_versions(self, locking: Backend) -> None:
        """What is not there can be neither locked, nor held, nor read; deleting it is no error."""
        upload(locking, "a/large", b"large", step=5).commit()
        (found,) = locking.versions("a/large")
        locking.delete_version("a/large", found.version_id)
        version_id = found.version_id
        verbs = (
            lambda: locking.extend_lock("a/large", version_id, self.soon(locking)),
            lambda: locking.place_legal_hold("a/large", version_id),
            lambda: locking.lift_legal_hold("a/large", version_id),
            lambda: locking.read_version("a/large", version_id),
            lambda: locking.open_version("a/large", version_id),
        )
        for verb in verbs:
            with pytest.raises(NotFoundError) as caught:
                verb()

            assert ErrorKind.NAME_ABSENT is caught.value.kind
        locking.delete_version("a/large", version_id)

    def test_a_newer_version_on_top(
        self, backend: Backend, cover: Callable[[str, bytes | None], object]
    ) -> None:
        """Reading by name gives the newest version; every one can be read by its id."""
        backend.create("a/b", b"older")
        cover("a/b", b"the newer one")
        newer, older = backend.versions("a/b")
        source = backend.open_version("a/b", older.version_id)
        buffer = bytearray(3)

        assert [13, 5] == [newer.length_bytes, older.length_bytes]
        assert b"the newer one" == backend.read("a/b")
        assert 13 == backend.stat("a/b").length_bytes
        assert b"older" == backend.read_version("a/b", older.version_id)
        assert b"der" == backend.read_version("a/b", older.version_id, ByteRange(2, 9))
        assert b"the newer one" == backend.read_version("a/b", newer.version_id)
        assert 3 == source.read_into(1, memoryview(buffer))
        assert (5, b"lde") == (source.length_bytes, bytes(buffer))
        source.close()
        with pytest.raises(AlreadyExistsError):
            backend.create("a/b", b"newest")

    def test_a_marker_on_top_hides_nothing(
        self, backend: Backend, cover: Callable[[str, bytes | None], object]
    ) -> None:
        """Under a delete marker the newest version is read, opened, looked at and listed."""
        backend.create("a/b", b"kept")
        backend.create("a/c", b"other")
        cover("a/b", None)
        marker, kept = backend.versions("a/b")
        source = backend.open("a/b")

        assert [(True, 0), (False, 4)] == [(one.marker, one.length_bytes) for one in (marker, kept)]
        assert b"kept" == backend.read("a/b")
        assert b"ep" == backend.read("a/b", ByteRange(1, 2))
        assert 4 == source.length_bytes
        source.close()
        assert 4 == backend.stat("a/b").length_bytes
        assert ["a/b", "a/c"] == [stat.name for stat in backend.list("")]
        for verb in (backend.read_version, backend.open_version):
            with pytest.raises(NotFoundError):
                verb("a/b", marker.version_id)
        backend.delete_version("a/b", marker.version_id)
        assert (kept,) == backend.versions("a/b")

    def test_a_marker_alone_is_absent(
        self, backend: Backend, cover: Callable[[str, bytes | None], object]
    ) -> None:
        """A name that has markers and nothing else cannot be read; deleting it leaves nothing."""
        for _ in range(2):
            cover("a/b", None)

        assert [True, True] == [one.marker for one in backend.versions("a/b")]
        assert [] == list(backend.list(""))
        for verb in (backend.read, backend.open, backend.stat):
            with pytest.raises(NotFoundError):
                verb("a/b")
        backend.delete("a/b")
        assert () == backend.versions("a/b")

    def test_a_cover_does_not_free_what_is_locked(
        self, locking: Backend, cover: Callable[[str, bytes | None], object]
    ) -> None:
        """What lies on top can go; the locked version under it cannot, and is then on top."""
        kept = self.keep(locking, "a/large", b"kept", self.soon(locking))
        cover("a/large", b"other")
        cover("a/large", None)

        assert self.refuses(locking, kept)
        with pytest.raises(StorageError) as caught:
            locking.delete("a/large")
        assert ErrorKind.WITHHELD_BY_STORAGE is caught.value.kind
        for found in locking.versions("a/large"):
            if found.version_id != kept.version_id:
                locking.delete_version("a/large", found.version_id)
        assert (kept,) == locking.versions("a/large")
        assert b"kept" == locking.read("a/large")

    def test_deleting_a_name_takes_every_version(
        self, backend: Backend, cover: Callable[[str, bytes | None], object]
    ) -> None:
        """Older versions and markers go too, and names that begin alike stay."""
        for name in ("a/b", "a/b0", "a/b/c"):
            backend.create(name, b"first")
        for data in (b"second", None, b"third", None):
            cover("a/b", data)
        backend.delete("a/b")

        assert () == backend.versions("a/b")
        assert ["a/b/c", "a/b0"] == [stat.name for stat in backend.list("")]

    def test_all_versions_in_order(
        self, backend: Backend, cover: Callable[[str, bytes | None], object]
    ) -> None:
        """Names ascend, the newest version of a name comes first, markers are among them."""
        for name in ("a/c", "a/b", "a/b/d", "a/b.e", "b/a"):
            backend.create(name, name.encode())
        cover("a/b", b"newer")
        cover("a/b", None)
        cover("a/c", None)
        cover("a/0", None)
        found = list(backend.all_versions("a/"))

        assert [
            ("a/0", 0, True),
            ("a/b", 0, True),
            ("a/b", 5, False),
            ("a/b", 3, False),
            ("a/b.e", 5, False),
            ("a/b/d", 5, False),
            ("a/c", 0, True),
            ("a/c", 3, False),
        ] == [(one.name, one.length_bytes, one.marker) for one in found]
        for name in ("a/0", "a/b", "a/c"):
            assert [one.version_id for one in backend.versions(name)] == [
                one.version_id for one in found if one.name == name
            ]
        assert 9 == len(list(backend.all_versions("")))
        assert [] == list(backend.all_versions("x/"))
