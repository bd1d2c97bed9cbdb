"""What is under a newer version or a delete marker is found, and nothing unverified is."""

from collections.abc import Callable
from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._limits import NOTE_SIZE_MAX
from bwcstore._ports import Source
from bwcstore._session._annexes import get_annex, put_annex
from bwcstore._shadows import other_versions, read_verified
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.errors import (
    ErrorKind,
    FormatError,
    IntegrityError,
    NotFoundError,
    StorageError,
)
from bwcstore.testing import MemoryBackend, VersionedMemoryBackend, World
from tests.unit.counting import CountingBucket
from tests.unit.ledger import books
from tests.unit.session.world import CHUNK, chief, create, recording, stream

LENGTH: Final = 3 * CHUNK + 17
Cover = Callable[[VersionedMemoryBackend, str], object]


def marked(bucket: VersionedMemoryBackend, name: str) -> None:
    """A delete marker."""
    bucket.mark(name)


def shorter(bucket: VersionedMemoryBackend, name: str) -> None:
    """A newer version that is shorter."""
    bucket.shadow(name, b"{}")


def as_long(bucket: VersionedMemoryBackend, name: str) -> None:
    """A newer version of the same length, with one bit changed near its end."""
    data = bytearray(bucket.read(name))
    data[max(0, len(data) - 7)] ^= 1
    bucket.shadow(name, bytes(data))


def layers(bucket: VersionedMemoryBackend, name: str) -> None:
    """Several of each, one on top of the other."""
    for cover in (shorter, marked, as_long, as_long, marked, shorter, marked):
        cover(bucket, name)


COVERS: Final = (marked, shorter, as_long, layers)


def is_right(data: bytes) -> str:
    """Takes `right` and names what is wrong with everything else.

    Raises:
        IntegrityError: any other bytes.
        FormatError: no bytes.
    """
    if not data:
        raise FormatError(ErrorKind.FORMAT_UNKNOWN, "nothing")
    if data != b"right":
        raise IntegrityError(ErrorKind.ANNEX_DIGEST, data.decode())
    return data.decode()


class Withheld(Source):
    """What can be looked at, and is given to nobody."""

    length_bytes = 0

    def __init__(self, length_bytes: int) -> None:
        self.length_bytes = length_bytes

    def read_into(self, offset_bytes: int, buffer: memoryview) -> int:
        """Refuse."""
        raise StorageError(ErrorKind.STORAGE_DENIED, f"{buffer.nbytes} from {offset_bytes}: no")

    def close(self) -> None:
        """Nothing is held."""


class Archive(VersionedMemoryBackend):
    """A bucket of which the newest versions can be archived."""

    archived: frozenset[str] = frozenset()

    def open(self, name: str) -> Source:
        """As of its newest version."""
        return self.open_version(name, self.versions(name)[0].version_id)

    def open_version(self, name: str, version_id: str) -> Source:
        """What is archived is opened, and not read."""
        found = super().open_version(name, version_id)
        return Withheld(found.length_bytes) if version_id in self.archived else found


@pytest.mark.spec("SHD-2", "SHD-6")
@pytest.mark.parametrize("count", [1, 3])
def test_what_is_archived_over_a_segment_is_read_past(count: int) -> None:
    """It has the right length, and only reading it shows that it is given to nobody."""
    world = World()
    bucket = Archive(clock=world.clock)
    _, _, store, object_id = filled(world, bucket)
    name = _layout.segment(object_id, 0)
    bucket.archived = frozenset(bucket.shadow(name, bucket.read(name)) for _ in range(count))
    with chief(store) as session, session.read(object_id) as found:
        data = found.read()
    bucket.archived |= {one.version_id for one in bucket.versions(name)}
    with (
        chief(store) as session,
        session.read(object_id) as found,
        pytest.raises(StorageError) as caught,
    ):
        found.read()

    assert recording(LENGTH) == data
    assert ErrorKind.STORAGE_DENIED is caught.value.kind


def filled(
    world: World | None = None, bucket: VersionedMemoryBackend | None = None
) -> tuple[World, VersionedMemoryBackend, Store, ObjectId]:
    """A store with one recording on storage with versions."""
    world = world or World()
    bucket = bucket or VersionedMemoryBackend(clock=world.clock)
    world.backend = bucket
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(LENGTH))
        session.authorize("chief", purposes=["investigation"])
    return world, bucket, store, made.object_id


def below(bucket: VersionedMemoryBackend, prefix: str, part: str = "") -> list[str]:
    """The names below a prefix that contain `part`."""
    return [stat.name for stat in bucket.list(prefix) if part in stat.name]


def test_the_name_is_asked_first() -> None:
    """What verifies by name is taken without looking at versions."""
    backend = MemoryBackend({"a": b"right"})

    assert "right" == read_verified(backend, "a", is_right)


def test_without_versions_the_first_failure_is_the_last() -> None:
    """Storage that keeps no versions has nothing else to offer."""
    backend = MemoryBackend({"a": b"wrong"})
    with pytest.raises(IntegrityError) as wrong:
        read_verified(backend, "a", is_right)
    with pytest.raises(NotFoundError):
        read_verified(backend, "b", is_right)

    assert "wrong" == wrong.value.message
    assert [] == list(other_versions(backend, "a"))


@pytest.mark.parametrize("on_top", [[b"wrong"], [b""], [b"wrong", None], [None], [b"", b"wrong"]])
def test_the_version_that_verifies_is_found(on_top: list[bytes | None]) -> None:
    """Whatever lies on top, markers and what is malformed included."""
    bucket = VersionedMemoryBackend()
    for data in (b"older", b"right", *on_top):
        if data is None:
            bucket.mark("a")
        else:
            bucket.shadow("a", data)

    assert "right" == read_verified(bucket, "a", is_right)


def test_the_first_failure_is_the_one_that_is_told() -> None:
    """When nothing verifies, what was wrong by name is raised; an absent name stays absent."""
    bucket = VersionedMemoryBackend()
    for data in (b"oldest", b"", b"newest"):
        bucket.shadow("a", data)
    bucket.mark("b")
    with pytest.raises(IntegrityError) as caught:
        read_verified(bucket, "a", is_right)
    with pytest.raises(NotFoundError):
        read_verified(bucket, "b", is_right)

    assert "newest" == caught.value.message


@pytest.mark.spec("NAM-14")
def test_what_is_too_long_is_not_read_whole() -> None:
    """By name one byte more than is allowed is read, and of a version that is too long none."""
    bucket = CountingBucket()
    name = _layout.checkpoint(0, 1)
    for data in (b"right", bytes(NOTE_SIZE_MAX + 1), bytes(NOTE_SIZE_MAX), bytes(1 << 20)):
        bucket.shadow(name, data)

    assert "right" == read_verified(bucket, name, is_right)
    assert [NOTE_SIZE_MAX + 1, NOTE_SIZE_MAX, len(b"right")] == bucket.lengths(name)


@pytest.mark.parametrize("cover", COVERS)
def test_a_covered_annex_is_read(cover: Cover) -> None:
    """An annex is found by its digest, also when it is put once more."""
    bucket = VersionedMemoryBackend()
    digest = put_annex(bucket, b"the text of a law")
    cover(bucket, _layout.annex(digest))

    assert b"the text of a law" == get_annex(bucket, digest)
    assert digest == put_annex(bucket, b"the text of a law")


@pytest.mark.parametrize("cover", COVERS)
@pytest.mark.parametrize("part", ["manifest-", "/0000"])
def test_a_covered_recording_is_read(cover: Cover, part: str) -> None:
    """Manifest or segments: every byte of the recording is what was ingested."""
    _, bucket, store, object_id = filled()
    names = below(bucket, _layout.object_prefix(object_id), part)
    for name in names:
        cover(bucket, name)
    with chief(store) as session, session.read(object_id) as found:
        data = found.read()
        found.seek(CHUNK + 5)
        middle = found.read(10)

    assert names
    assert recording(LENGTH) == data
    assert recording(LENGTH)[CHUNK + 5 : CHUNK + 15] == middle


def test_a_segment_pieced_together_is_read() -> None:
    """Each chunk is taken from a version in which it verifies, if none has them all."""
    _, bucket, store, object_id = filled()
    name = _layout.segment(object_id, 0)
    whole = bucket.read(name)
    (first,) = bucket.versions(name)
    for at in (9, len(whole) - 9):
        data = bytearray(whole)
        data[at] ^= 1
        bucket.shadow(name, bytes(data))
    bucket.delete_version(name, first.version_id)
    with chief(store) as session, session.read(object_id) as found:
        data_read = found.read()

    assert recording(LENGTH) == data_read


def test_a_segment_that_verifies_nowhere_is_refused() -> None:
    """Without a version that verifies, the failure is that of the newest."""
    _, bucket, store, object_id = filled()
    name = _layout.segment(object_id, 0)
    (first,) = bucket.versions(name)
    as_long(bucket, name)
    shorter(bucket, name)
    bucket.delete_version(name, first.version_id)
    with (
        chief(store) as session,
        session.read(object_id) as found,
        pytest.raises(IntegrityError) as tag,
    ):
        found.read()
    for version in bucket.versions(name)[1:]:
        bucket.delete_version(name, version.version_id)
    with (
        chief(store) as session,
        session.read(object_id) as found,
        pytest.raises(IntegrityError) as length,
    ):
        found.read()

    assert ErrorKind.CHUNK_TAG is tag.value.kind
    assert ErrorKind.SEGMENT_LENGTH is length.value.kind


@pytest.mark.parametrize("cover", COVERS)
def test_a_covered_batch_is_read_again(cover: Cover) -> None:
    """What the chain knows is found under whatever covers it."""
    _, bucket, store, _ = filled()
    log = store._services.log
    expected = [entry.hash for entry in log.entries()]
    log._history._cache.clear()
    for name in below(bucket, "ledger/", "/batch/"):
        cover(bucket, name)

    assert expected == [entry.hash for entry in log.entries()]


@pytest.mark.parametrize("other", [0, 1])
def test_an_older_batch_does_not_pass_for_another(other: int) -> None:
    """A batch of the same ledger under the wrong name is no cover that is believed."""
    _, bucket, store, _ = filled()
    log = store._services.log
    expected = [entry.hash for entry in log.entries()]
    log._history._cache.clear()
    bucket.shadow(_layout.batch(0, 2), bucket.read(_layout.batch(0, other)))

    assert expected == [entry.hash for entry in log.entries()]


@pytest.mark.parametrize("cover", COVERS)
def test_a_covered_bundle_is_read(cover: Cover) -> None:
    """Many entries are read from bundles, which are found under whatever covers them."""
    world = World()
    bucket = VersionedMemoryBackend(clock=world.clock)
    log = books.create(world, backend=bucket)
    log.append(books.write(*[books.accessed(1)] * 300))
    log.checkpoint()
    expected = [entry.raw for entry in log.entries(0, 256)]
    cover(bucket, _layout.bundle(0, 0))

    assert expected == [entry.raw for entry in log.entries(0, 256)]


def test_a_batch_that_lost_a_payload_is_not_the_one_that_was_checked() -> None:
    """Entries that verify do not make a batch whose payloads were left out pass."""
    _, bucket, store, _ = filled()
    log = store._services.log
    expected = [log.payload(index) for index in range(log.size)]
    for name in below(bucket, "ledger/", "/batch/"):
        lines = bucket.read(name).splitlines(keepends=True)
        bucket.shadow(name, b"".join(line for line in lines if b'{"payload":' not in line))
    log._history._cache.clear()

    assert any(expected)
    assert expected == [log.payload(index) for index in range(log.size)]
