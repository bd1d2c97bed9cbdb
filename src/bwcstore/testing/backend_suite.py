"""The contract that every backend keeps, as tests (spec chapter `storage-operations`).

Subclass `BackendSuite` in a test module and override the fixture `backend`::

    class TestMyBackend(BackendSuite):
        @pytest.fixture
        def backend(self, tmp_path):
            return MyBackend(tmp_path)

What cannot be seen from within one process, durability above all, is not tested here.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bwcstore._ports import ONLY_VERSION, Backend, Capability, Upload
from bwcstore._values import ByteRange
from bwcstore.errors import AlreadyExistsError, ErrorKind, InvalidInputError, NotFoundError

BAD_NAMES = (
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/.",
    ".hidden",
    "a/.tmp-1",
    "A",
    "ä",
    "a_b",
    "a b",
    "a\\b",
    "a\nb",
    "a\x00b",
    "a:b",
    "-a",
    "a" * 129,
    "/".join(["a" * 100] * 6),
)
PAGE = 4096
LARGE_LENGTHS = (0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 17, (1 << 20) + 5)
RACERS = 8


def pattern(length_bytes: int, *, seed: int = 0) -> bytes:
    """Bytes in which every position is recognisable."""
    period = bytes((seed + 7 * index + index // 251) % 256 for index in range(PAGE))
    return (period * (length_bytes // PAGE + 1))[:length_bytes]


def upload(backend: Backend, name: str, data: bytes, *, step: int) -> Upload:
    """Begin an upload and write all of `data`, `step` bytes at a time."""
    under_way = backend.create_large(name)
    for start in range(0, len(data), step):
        under_way.write(memoryview(data)[start : start + step])
    return under_way


class BackendSuite:
    """One test per promise of the contract."""

    @pytest.fixture
    def backend(self) -> Backend:
        """An empty backend; subclasses override this.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    def test_what_was_created_is_read_back(self, backend: Backend) -> None:
        """A created name gives back its bytes and its length (STO-5, STO-13)."""
        data = pattern(1000)

        stat = backend.create("a/b/c", data)

        assert data == backend.read("a/b/c")
        assert ("a/b/c", 1000) == (stat.name, stat.length_bytes)
        found = backend.stat("a/b/c")
        assert (stat.name, stat.length_bytes) == (found.name, found.length_bytes)
        assert stat.modified in {None, found.modified}

    def test_parts_are_joined(self, backend: Backend) -> None:
        """Bytes given in parts are stored as one string (STO-5)."""
        backend.create("a", [b"one", b"", b"two", b"three"])

        assert b"onetwothree" == backend.read("a")

    def test_many_parts_are_joined(self, backend: Backend) -> None:
        """The number of parts has no small limit (STO-5)."""
        backend.create("a", [b"%06d" % number for number in range(5000)])

        assert 30_000 == backend.stat("a").length_bytes

    def test_nothing_can_be_stored(self, backend: Backend) -> None:
        """A thing of length 0 is a thing (STO-5)."""
        backend.create("empty", b"")

        assert b"" == backend.read("empty")
        assert 0 == backend.stat("empty").length_bytes

    def test_a_taken_name_is_refused(self, backend: Backend) -> None:
        """A second create changes nothing, even with equal bytes (STO-4)."""
        backend.create("a", b"first")

        for data in (b"second", b"first"):
            with pytest.raises(AlreadyExistsError) as caught:
                backend.create("a", data)

            assert ErrorKind.NAME_TAKEN == caught.value.kind
        assert b"first" == backend.read("a")

    def test_one_of_many_threads_wins(self, backend: Backend) -> None:
        """Of creates that race for a name exactly one succeeds, and its bytes stay (STO-4)."""
        for round_number in range(10):
            name = f"race/{round_number}"
            start = Barrier(RACERS)

            def run(number: int, name: str = name, start: Barrier = start) -> int | None:
                start.wait()
                try:
                    backend.create(name, pattern(300, seed=number))
                except AlreadyExistsError:
                    return None
                return number

            with ThreadPoolExecutor(RACERS) as pool:
                winners = [number for number in pool.map(run, range(RACERS)) if number is not None]

            assert 1 == len(winners)
            assert pattern(300, seed=winners[0]) == backend.read(name)

    def test_uploads_and_creates_race_fairly(self, backend: Backend) -> None:
        """An upload takes its name at commit, not when it begins (STO-4, STO-10)."""
        under_way = upload(backend, "a/b", b"upload", step=6)
        backend.create("a/b", b"create")

        with pytest.raises(AlreadyExistsError):
            under_way.commit()
        under_way.abort()

        assert b"create" == backend.read("a/b")
        assert ["a/b"] == [stat.name for stat in backend.list("")]

    @pytest.mark.parametrize("length", LARGE_LENGTHS)
    @pytest.mark.parametrize("step", [PAGE, 1000, 1 << 20])
    def test_large_uploads_of_any_length(self, backend: Backend, length: int, step: int) -> None:
        """An upload stores what was written, at every alignment (STO-10)."""
        data = pattern(length)

        stat = upload(backend, "large/one", data, step=step).commit()

        assert length == stat.length_bytes
        assert data == backend.read("large/one")

    def test_the_buffer_of_an_upload_may_be_reused(self, backend: Backend) -> None:
        """What was written does not change with the caller's buffer (STO-10)."""
        buffer = bytearray(2 * PAGE)
        under_way = backend.create_large("a")
        for fill in (b"1", b"2"):
            buffer[:] = fill * len(buffer)
            under_way.write(memoryview(buffer))
        buffer[:] = b"3" * len(buffer)
        under_way.commit()

        assert b"1" * 2 * PAGE + b"2" * 2 * PAGE == backend.read("a")

    def test_an_upload_is_invisible_before_commit(self, backend: Backend) -> None:
        """Before commit nothing has the name (STO-10, STO-16)."""
        under_way = upload(backend, "a/b", pattern(PAGE), step=PAGE)

        assert [] == list(backend.list(""))
        with pytest.raises(NotFoundError):
            backend.stat("a/b")
        under_way.commit()
        assert ["a/b"] == [stat.name for stat in backend.list("")]

    def test_an_aborted_upload_leaves_nothing(self, backend: Backend) -> None:
        """After abort the name is free and there is nothing to discard (STO-10, STO-17)."""
        under_way = upload(backend, "a/b", pattern(PAGE), step=PAGE)
        under_way.abort()
        under_way.abort()

        assert 0 == backend.discard_leftovers()
        assert [] == list(backend.list(""))
        backend.create("a/b", b"free")

    def test_abort_after_commit_does_nothing(self, backend: Backend) -> None:
        """What is committed stays (STO-10)."""
        under_way = upload(backend, "a", b"kept", step=4)
        under_way.commit()
        under_way.abort()

        assert b"kept" == backend.read("a")

    def test_uploads_run_side_by_side(self, backend: Backend) -> None:
        """Uploads in several threads do not disturb each other (STO-10)."""

        def run(number: int) -> None:
            upload(backend, f"o/{number}", pattern(5 * PAGE + 9, seed=number), step=PAGE).commit()

        with ThreadPoolExecutor(RACERS) as pool:
            list(pool.map(run, range(RACERS)))

        for number in range(RACERS):
            assert pattern(5 * PAGE + 9, seed=number) == backend.read(f"o/{number}")

    @pytest.mark.parametrize("offset", [0, 1, 999, 1000, 1001, 10**12])
    @pytest.mark.parametrize("length", [0, 1, 999, 1000, 1001, 10**9])
    def test_ranges(self, backend: Backend, offset: int, length: int) -> None:
        """A range is the slice of the whole, short only at the end (STO-11)."""
        data = pattern(1000)
        backend.create("a", data)

        found = backend.read("a", ByteRange(offset, length))

        assert data[offset : offset + length] == found

    @pytest.mark.parametrize("offset", [0, 1, 999, 1000, 1001])
    @pytest.mark.parametrize("length", [0, 1, 999, 1000, 1001])
    def test_random_access(self, backend: Backend, offset: int, length: int) -> None:
        """A source fills the buffer, short only at the end, and touches no more (STO-12)."""
        data = pattern(1000)
        backend.create("a", data)
        buffer = bytearray(b"\xff" * length)

        source = backend.open("a")
        count = source.read_into(offset, memoryview(buffer))
        source.close()
        source.close()

        expected = data[offset : offset + length]
        assert 1000 == source.length_bytes
        assert len(expected) == count
        assert expected + b"\xff" * (length - count) == bytes(buffer)

    def test_random_access_from_several_threads(self, backend: Backend) -> None:
        """Threads share one source (STO-12)."""
        data = pattern(64 * PAGE)
        backend.create("a", data)
        source = backend.open("a")

        def run(number: int) -> bytes:
            buffer = bytearray(PAGE)
            source.read_into(number * PAGE, memoryview(buffer))
            return bytes(buffer)

        with ThreadPoolExecutor(RACERS) as pool:
            found = b"".join(pool.map(run, range(64)))
        source.close()

        assert data == found

    def test_absent_names(self, backend: Backend) -> None:
        """What does not exist cannot be read, opened or looked at (STO-14)."""
        backend.create("a/b", b"")

        for name in ("x", "a/x", "x/y/z"):
            for verb in (backend.read, backend.open, backend.stat):
                with pytest.raises(NotFoundError) as caught:
                    verb(name)

                assert ErrorKind.NAME_ABSENT == caught.value.kind

    def test_the_prefix_of_a_name_is_no_name(self, backend: Backend) -> None:
        """Nothing is stored under the first parts of a name (STO-14)."""
        backend.create("a/b/c", b"")

        with pytest.raises(NotFoundError):
            backend.read("a/b")
        with pytest.raises(NotFoundError):
            backend.stat("a/b")
        backend.delete("a/b")
        assert b"" == backend.read("a/b/c")

    def test_listing_is_in_order(self, backend: Backend) -> None:
        """Names come in ascending order of their bytes, also across `/` (STO-15)."""
        names = ["a", "a-b/c", "a.b", "b/0", "b/1/z", "b/10", "b/2", "b-", "b.c", "b0", "c/d/e/f"]
        for name in reversed(names):
            backend.create(name, name.encode())

        found = [(stat.name, stat.length_bytes) for stat in backend.list("")]

        assert [(name, len(name)) for name in sorted(names)] == found

    def test_listing_below_a_prefix(self, backend: Backend) -> None:
        """A listing has what starts with the prefix, and a prefix ends with a part (STO-15)."""
        for name in ("a/b", "a/c/d", "ab/e", "f"):
            backend.create(name, b"")

        assert ["a/b", "a/c/d"] == [stat.name for stat in backend.list("a/")]
        assert ["a/c/d"] == [stat.name for stat in backend.list("a/c/")]
        assert [] == [stat.name for stat in backend.list("x/")]

    @pytest.mark.parametrize("prefix", ["a", "/", "../", "a//", ".tmp/", "A/"])
    def test_bad_prefixes_are_refused(self, backend: Backend, prefix: str) -> None:
        """A prefix is empty or whole parts with `/` (STO-2)."""
        with pytest.raises(InvalidInputError) as caught:
            list(backend.list(prefix))

        assert ErrorKind.NAME_INVALID == caught.value.kind

    def test_delete(self, backend: Backend) -> None:
        """What was deleted is gone and its name free; deleting again is no error (STO-18)."""
        backend.create("a/b", b"old")
        backend.create("a/c", b"kept")
        for _ in range(2):
            backend.delete("a/b")
        backend.delete("x/y")

        with pytest.raises(NotFoundError):
            backend.read("a/b")
        assert ["a/c"] == [stat.name for stat in backend.list("")]
        backend.create("a/b", b"new")
        assert b"new" == backend.read("a/b")

    def test_versions(self, backend: Backend) -> None:
        """A name that is there has versions, with its length; one that is not has none (STO-24)."""
        backend.create("a/b", b"seven b")
        found = backend.versions("a/b")

        assert [("a/b", 7, False)] == [
            (one.name, one.length_bytes, one.marker) for one in found if not one.marker
        ]
        assert () == backend.versions("a/c")
        assert () == backend.versions("a")

    def test_delete_version(self, backend: Backend) -> None:
        """Once all its versions are deleted nothing is left of a name (STO-25)."""
        backend.create("a/b", b"old")
        backend.create("a/c", b"kept")
        for _ in range(2):
            for found in backend.versions("a/b"):
                backend.delete_version("a/b", found.version_id)
        backend.delete_version("a/b", ONLY_VERSION)
        backend.delete_version("x/y", ONLY_VERSION)
        backend.delete_version("a/c", "no-such-version")

        assert () == backend.versions("a/b")
        with pytest.raises(NotFoundError):
            backend.read("a/b")
        assert b"kept" == backend.read("a/c")

    def test_a_living_upload_is_no_leftover(self, backend: Backend) -> None:
        """Discarding leftovers does not touch what is under way (STO-17)."""
        under_way = upload(backend, "a/b", pattern(PAGE), step=PAGE)

        assert [0] * 3 == [backend.discard_leftovers(prefix) for prefix in ("", "a/", "x/y/")]
        under_way.write(memoryview(b"more"))
        under_way.commit()
        assert pattern(PAGE) + b"more" == backend.read("a/b")

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_bad_names_are_refused(self, backend: Backend, name: str) -> None:
        """Every verb refuses what cannot be a name, and nothing happens (STO-2)."""
        verbs = (
            lambda: backend.create(name, b""),
            lambda: backend.create_large(name),
            lambda: backend.read(name),
            lambda: backend.open(name),
            lambda: backend.stat(name),
            lambda: backend.delete(name),
            lambda: backend.versions(name),
            lambda: backend.delete_version(name, ONLY_VERSION),
        )
        for verb in verbs:
            with pytest.raises(InvalidInputError) as caught:
                verb()

            assert ErrorKind.NAME_INVALID == caught.value.kind
        assert [] == list(backend.list(""))

    def test_the_longest_names(self, backend: Backend) -> None:
        """Parts of 128 and names of 512 characters can be stored (STO-2)."""
        name = "/".join(["a" * 128, "b" * 128, "c" * 128, "d" * 125])
        backend.create(name, b"long")

        assert 512 == len(name)
        assert b"long" == backend.read(name)

    def test_it_creates_only(self, backend: Backend) -> None:
        """The backend says that it never overwrites (STO-21)."""
        assert Capability.CREATE_ONLY in backend.properties.capabilities
        assert backend.properties.location
