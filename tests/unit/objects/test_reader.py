"""Reading: nothing unverified leaves, everything else does, from anywhere and in any steps."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bwcstore import _layout
from bwcstore._system import SystemWorkers
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError, IntegrityError, InvalidInputError
from bwcstore.objects._reader import ObjectReader, fetch_manifest
from bwcstore.objects._segment import Geometry
from bwcstore.objects._writer import Written
from bwcstore.testing._faults import FailAt
from bwcstore.testing._world import World
from tests.unit.objects.sample import (
    KEYS,
    OBJECT,
    PAYLOAD,
    SMALL,
    STORE,
    data,
    fetch,
    reader,
    write,
)

LENGTH = 7 * PAYLOAD + 1234
LONG = 40 * PAYLOAD + 99
L = SMALL.chunk_bytes


@pytest.fixture(name="world")
def _world() -> World:
    return World()


@pytest.fixture(name="written")
def _written(world: World) -> Written:
    return write(world, data(LENGTH))


@pytest.fixture(name="file")
def _file(world: World, written: Written) -> Iterator[ObjectReader]:
    with reader(world, written.manifest) as file:
        yield file


@pytest.mark.parametrize("step", [1000, PAYLOAD - 1, PAYLOAD, L, 2 * PAYLOAD, 3 * L, LENGTH + 1])
def test_reading_onwards(file: ObjectReader, step: int) -> None:
    """Reading in steps of any size gives the whole, and tells how much was released."""
    parts = list(iter(lambda: file.read(step), b""))

    assert data(LENGTH) == b"".join(parts)
    assert (LENGTH, LENGTH) == (file.bytes_released, file.tell())


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("step", [4096, PAYLOAD, 10 * L])
@pytest.mark.parametrize("chunks", [1, 5, 64])
def test_threads_change_nothing(count: int, step: int, chunks: int) -> None:
    """With any number of threads reading ahead, the bytes are the same."""
    world = World()
    geometry = Geometry(chunk_bytes=L, segment_chunks=chunks)
    written = write(world, data(LONG), geometry)
    workers = SystemWorkers(count)
    world.workers = workers  # type: ignore[assignment]  # real threads in a simulated world
    with reader(world, written.manifest) as file:
        assert data(LONG) == b"".join(iter(lambda: file.read(step), b""))
    workers.close()


@pytest.mark.parametrize("offset", [0, 1, PAYLOAD - 1, PAYLOAD, 2 * PAYLOAD, LENGTH - 1, LENGTH])
@pytest.mark.parametrize("size", [0, 1, PAYLOAD, PAYLOAD + 1, 3 * PAYLOAD])
def test_reading_from_anywhere(file: ObjectReader, offset: int, size: int) -> None:
    """Any range is the same slice of the plaintext."""
    file.seek(offset)

    assert data(LENGTH)[offset : offset + size] == file.read(size)


def test_reading_here_and_there(file: ObjectReader) -> None:
    """Jumping about while reading ahead gives the right bytes at every place."""
    plaintext, choice = data(LENGTH), random.Random(1)
    for _ in range(300):
        offset, size = choice.randrange(LENGTH), choice.choice([1, 500, PAYLOAD, 2 * L])
        file.seek(offset)
        for _ in range(choice.randrange(1, 5)):
            expected = plaintext[file.tell() : file.tell() + size]

            assert expected == file.read(size)


def test_random_read_fetches_no_other_chunks(world: World, written: Written) -> None:
    """One read in the middle reads the chunks it touches and nothing ahead of them."""
    plan = world.plan
    with reader(world, written.manifest) as file:
        file.seek(3 * PAYLOAD + 10)
        before = len(plan.trace)
        file.read(20)
        calls = plan.trace[before:]

    assert 2 == len(calls)  # Open the segment, read one chunk.


def test_seek(file: ObjectReader) -> None:
    """Seeking goes by start, position and end; beyond the end reads nothing."""
    assert 5 == file.seek(5)
    assert 8 == file.seek(3, io.SEEK_CUR)
    assert LENGTH - 1 == file.seek(-1, io.SEEK_END)
    assert data(LENGTH)[-1:] == file.read()
    assert LENGTH + 9 == file.seek(LENGTH + 9)
    assert b"" == file.read(1)


@pytest.mark.parametrize(("offset", "whence"), [(-1, 0), (-1, 1), (-LENGTH - 1, 2), (0, 3)])
def test_seek_refuses(file: ObjectReader, offset: int, whence: int) -> None:
    """A position before the start, and a whence that does not exist, are refused."""
    with pytest.raises(InvalidInputError) as caught:
        file.seek(offset, whence)

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


def test_it_is_a_readable_file(file: ObjectReader) -> None:
    """It says what it can do, and the standard buffered reader works over it."""
    assert (True, True, False) == (file.readable(), file.seekable(), file.writable())
    with io.BufferedReader(file) as buffered:
        assert data(LENGTH)[:10] == buffered.read(10)
        buffered.seek(PAYLOAD - 3)
        assert data(LENGTH)[PAYLOAD - 3 : PAYLOAD + 3] == buffered.read(6)
        assert data(LENGTH)[PAYLOAD + 3 :] == buffered.read()


def test_close_is_told_once(world: World, written: Written) -> None:
    """Closing tells how many bytes were released, once; closed, nothing is read."""
    told: list[int] = []
    file = ObjectReader(
        written.manifest,
        backend=world.backend,
        content_key=KEYS.content,
        workers=world.workers,
        on_close=lambda one: told.append(one.bytes_released),
    )
    file.read(100)
    file.close()
    file.close()
    for work in (file.read, file.readall, file.tell, lambda: file.seek(0)):
        with pytest.raises(InvalidInputError) as caught:
            work()

        assert ErrorKind.CLOSED == caught.value.kind

    assert [100] == told


@pytest.mark.spec("SEG-9", "SEG-15")
def test_wrong_key_is_refused_before_anything_is_read(world: World, written: Written) -> None:
    """Under another key the object does not even open, and its closing is not told."""
    before = len(world.plan.trace)
    with pytest.raises(IntegrityError) as caught:
        reader(world, written.manifest, key=bytes(32))

    assert ErrorKind.HEADER_TAG == caught.value.kind
    assert str(OBJECT) in caught.value.message
    assert before == len(world.plan.trace)


def _tampered(world: World, segment: int, change: bytes, at: int) -> None:
    name = _layout.segment(OBJECT, segment)
    stored = bytearray(world.storage.contents[name])
    stored[at : at + len(change)] = change
    world.storage.contents[name] = bytes(stored)


@pytest.mark.spec("SEG-15", "SEG-16")
@pytest.mark.parametrize("at", [0, 4, 16, 500, L - 1])
def test_changed_chunk_is_named(world: World, written: Written, at: int) -> None:
    """A changed chunk is refused by its place and bytes; those before it are released."""
    stored = world.storage.contents[_layout.segment(OBJECT, 1)]
    _tampered(world, 1, bytes([stored[L + at] ^ 1]), L + at)
    with reader(world, written.manifest) as file:
        assert data(LENGTH)[: 3 * PAYLOAD] == file.read(3 * PAYLOAD)
        room = bytearray(PAYLOAD)
        with pytest.raises(IntegrityError) as caught:
            file.readinto(room)

        assert (3 * PAYLOAD, 3 * PAYLOAD) == (file.tell(), file.bytes_released)

        file.seek(4 * PAYLOAD)
        assert data(LENGTH)[4 * PAYLOAD :] == file.read()

    assert caught.value.kind in {ErrorKind.CHUNK_TAG, ErrorKind.CHUNK_SHAPE}
    assert bytes(PAYLOAD) == bytes(room)
    for word in (str(OBJECT), "segment 1", "chunk 3", f"{3 * PAYLOAD} to {4 * PAYLOAD}"):
        assert word in caught.value.message


@pytest.mark.spec("SEG-16")
@pytest.mark.parametrize("size", [10, PAYLOAD // 2 + 1, PAYLOAD - 1, PAYLOAD])
def test_refused_chunk_leaves_nothing_for_later(world: World, written: Written, size: int) -> None:
    """After a refusal, no part of the chunk comes out of anything that was kept."""
    _tampered(world, 0, b"\x00" * 8, 100)
    with reader(world, written.manifest) as file:
        for offset in (1, PAYLOAD - size, 0):
            file.seek(max(0, offset))
            with pytest.raises(IntegrityError):
                file.read(size)

        assert 0 == file.bytes_released


@pytest.mark.spec("SEG-16")
def test_empty_object_is_verified() -> None:
    """That an object is empty is told by a chunk, which is verified too."""
    world = World()
    written = write(world, b"")
    with reader(world, written.manifest) as file:
        assert b"" == file.read()
    _tampered(world, 0, b"\x00" * 8, 24)
    with reader(world, written.manifest) as file, pytest.raises(IntegrityError) as caught:
        file.read()

    assert ErrorKind.CHUNK_TAG == caught.value.kind


@pytest.mark.parametrize("step", [1000, PAYLOAD, LENGTH])
def test_failure_while_reading_ahead(world: World, written: Written, step: int) -> None:
    """A chunk that fails in read-ahead fails when it is reached, and nothing before it does."""
    _tampered(world, 2, b"\x00" * 8, 100)
    with reader(world, written.manifest) as file:
        got = b"".join(file.read(step) for _ in range(4 * PAYLOAD // step))
        with pytest.raises(IntegrityError):
            file.read(step)

    assert data(LENGTH).startswith(got)
    assert len(got) == 4 * PAYLOAD // step * step


@pytest.mark.spec("SEG-13")
def test_missing_segment_is_named(world: World, written: Written) -> None:
    """A segment that is gone is an integrity failure of the object, when it is reached."""
    world.storage.delete(_layout.segment(OBJECT, 2))
    with reader(world, written.manifest) as file:
        assert data(LENGTH)[: 4 * PAYLOAD] == b"".join(file.read(PAYLOAD // 2) for _ in range(8))
        with pytest.raises(IntegrityError) as caught:
            file.read(1)

    assert ErrorKind.SEGMENT_MISSING == caught.value.kind


@pytest.mark.spec("SEG-13")
@pytest.mark.parametrize("change", [b"", b"x"])
def test_segment_of_other_length_is_named(world: World, written: Written, change: bytes) -> None:
    """A segment that is shorter or longer than the manifest says is refused before it is read."""
    name = _layout.segment(OBJECT, 0)
    stored = world.storage.contents[name]
    world.storage.contents[name] = stored + change if change else stored[:-1]
    with reader(world, written.manifest) as file, pytest.raises(IntegrityError) as caught:
        file.read(1)

    assert ErrorKind.SEGMENT_LENGTH == caught.value.kind


def test_every_failing_read_is_told(world: World, written: Written) -> None:
    """Whatever storage call fails while reading: our error is raised, the bytes are right."""
    for number in range(100):
        again = world.reopen(FailAt(number))
        got = b""
        try:
            with reader(again, written.manifest) as file:
                while part := file.read(30_000):
                    got += part
        except BwcStoreError as exc:
            assert exc.kind == ErrorKind.STORAGE_IO  # noqa: PT017 - one read of many fails

        assert data(LENGTH).startswith(got)

        if not again.plan.fired:
            break

    assert data(LENGTH) == got
    assert number > 5


@pytest.mark.spec("MAN-2")
def test_manifest_is_fetched_by_its_digest(world: World, written: Written) -> None:
    """The manifest that the digest names is read and verified."""
    assert written.manifest == fetch(world, written)


@pytest.mark.spec("MAN-2")
def test_manifest_with_other_bytes_is_refused(world: World, written: Written) -> None:
    """Bytes that do not have the digest in their name are refused."""
    name = _layout.manifest(OBJECT, written.manifest.digest)
    world.storage.contents[name] += b"\n"
    with pytest.raises(IntegrityError) as caught:
        fetch(world, written)

    assert ErrorKind.MANIFEST_DIGEST == caught.value.kind


def test_missing_manifest_is_refused(world: World) -> None:
    """A manifest that is gone is an integrity failure, not a missing name."""
    with pytest.raises(IntegrityError) as caught:
        fetch_manifest(world.backend, store_id=STORE, object_id=OBJECT, digest=Digest(bytes(32)))

    assert ErrorKind.MANIFEST_MISSING == caught.value.kind


@pytest.mark.spec("MAN-2")
def test_manifest_of_another_object_is_refused(world: World, written: Written) -> None:
    """A manifest moved to another object, or another store, is refused."""
    other = ObjectId.parse("00000000-0000-7000-8000-000000000000")
    digest = written.manifest.digest
    world.storage.create(_layout.manifest(other, digest), written.manifest.encode())
    for store_id, object_id in (
        (STORE, other),
        (StoreId.parse("00000000-0000-4000-8000-000000000000"), OBJECT),
    ):
        with pytest.raises(IntegrityError) as caught:
            fetch_manifest(world.backend, store_id=store_id, object_id=object_id, digest=digest)

        assert ErrorKind.MANIFEST_INVALID == caught.value.kind


def test_named_manifest_that_is_none(world: World) -> None:
    """Bytes with the right digest that are no manifest are a format error."""
    raw = b"{}"
    digest = Digest.parse("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    world.storage.create(_layout.manifest(OBJECT, digest), raw)
    with pytest.raises(FormatError):
        fetch_manifest(world.backend, store_id=STORE, object_id=OBJECT, digest=digest)


def test_player_opens_and_seeks(tmp_path: Path) -> None:
    """PyAV plays a recording out of the reader and seeks in it."""
    av = pytest.importorskip("av")
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(30):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number * 8]) * plane.buffer_size)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    world = World()
    written = write(world, path.read_bytes())
    with reader(world, written.manifest) as file, av.open(file) as source:
        first = [frame.pts for frame in source.decode(video=0)]
        source.seek(0)
        again = [frame.pts for frame in source.decode(video=0)]

    assert 30 == len(first)
    assert first == again
