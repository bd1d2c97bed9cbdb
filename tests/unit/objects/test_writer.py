"""Writing: every boundary, every way in which a source or a run can fail, and taking up again."""

import hashlib
import io

import pytest

from bwcstore import _layout
from bwcstore._ports import ProgressEvent
from bwcstore._system import SerialWorkers, SystemWorkers
from bwcstore._values import Digest
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    InvalidInputError,
)
from bwcstore.objects._manifest import open_content, open_record
from bwcstore.objects._segment import Geometry
from bwcstore.testing._world import World
from tests.unit.objects.sample import (
    KEYS,
    OBJECT,
    PAYLOAD,
    SMALL,
    Dribble,
    data,
    describe,
    fetch,
    reader,
    write,
    writer,
)

BOUNDARIES = [
    0,
    1,
    PAYLOAD - 1,
    PAYLOAD,
    PAYLOAD + 1,
    2 * PAYLOAD - 1,
    2 * PAYLOAD,
    2 * PAYLOAD + 1,
    4 * PAYLOAD,
    4 * PAYLOAD + 1,
]
MANY = Geometry(chunk_bytes=64 * 1024, segment_chunks=100)


@pytest.mark.spec("SEG-10", "SEG-11", "SEG-12", "SEG-13", "SEG-19")
@pytest.mark.parametrize("length", BOUNDARIES)
def test_boundaries(length: int) -> None:
    """At every boundary, what was written reads back, in the one right shape."""
    world = World()
    plaintext = data(length)
    written = write(world, plaintext)
    manifest = fetch(world, written)
    sizes = [
        world.storage.stat(_layout.segment(OBJECT, number)).length_bytes
        for number in range(manifest.shape.segment_count)
    ]

    assert (length, Digest(hashlib.sha256(plaintext).digest())) == (
        written.length_bytes,
        written.plaintext_sha256,
    )
    assert [facts.length_bytes for facts in manifest.segments] == sizes
    assert len(sizes) + 1 == len(list(world.storage.list(_layout.object_prefix(OBJECT))))
    with reader(world, manifest) as file:
        assert plaintext == file.read()


@pytest.mark.parametrize("geometry", [MANY, Geometry(), Geometry(segment_chunks=4096)])
@pytest.mark.parametrize("length", [0, 10_000_000])
def test_groups_smaller_than_a_segment(geometry: Geometry, length: int) -> None:
    """A segment of several groups comes out as one of a single group would."""
    world = World()
    plaintext = data(length)
    written = write(world, plaintext, geometry)
    with reader(world, fetch(world, written)) as file:
        assert plaintext == file.read()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_threads_change_nothing(count: int) -> None:
    """With equal entropy, any number of threads writes the same bytes as none."""
    alone, crowd = World(), World()
    plaintext = data(20_000_000)
    write(alone, plaintext, MANY)
    workers = SystemWorkers(count)
    crowd.workers = workers  # type: ignore[assignment]  # real threads in a simulated world
    write(crowd, plaintext, MANY)
    workers.close()

    assert alone.storage.contents == crowd.storage.contents


def test_caller_workers_change_nothing() -> None:
    """Doing everything in the caller's thread writes the same bytes too."""
    alone, caller = World(), World()
    write(alone, data(5_000_000), MANY)
    caller.workers = SerialWorkers()  # type: ignore[assignment]  # other workers in the same world
    write(caller, data(5_000_000), MANY)

    assert alone.storage.contents == caller.storage.contents


def test_slow_source() -> None:
    """A source may give as little at a time as it likes."""
    world = World()
    plaintext = data(3 * PAYLOAD + 7)
    written = writer(world.backend, world.environment).write(
        Dribble(plaintext), object_id=OBJECT, keys=KEYS, describe=describe
    )
    with reader(world, written.manifest) as file:
        assert plaintext == file.read()


@pytest.mark.spec("SEG-5")
def test_no_iv_is_used_twice() -> None:
    """Every chunk has an IV of its own."""
    world = World()
    written = write(world, data(9 * PAYLOAD))
    ivs = set()
    for number in range(written.manifest.shape.segment_count):
        stored = world.storage.read(_layout.segment(OBJECT, number))
        ivs |= {stored[at + 4 : at + 16] for at in range(0, len(stored), SMALL.chunk_bytes)}

    assert 9 == len(ivs)


def test_descriptions_are_sealed_into_the_manifest() -> None:
    """What `describe` says of the plaintext opens again from the stored manifest."""
    world = World()
    written = write(world, data(10))
    manifest = fetch(world, written)
    record, content = describe(written.plaintext_sha256, 10)

    assert record == open_record(manifest, key=KEYS.record)
    assert content == open_content(manifest, key=KEYS.content)


def _refused(
    world: World,
    source: io.RawIOBase | io.BytesIO,
    *,
    announced_length: int | None = None,
    expected_sha256: Digest | None = None,
) -> ErrorKind:
    with pytest.raises(InvalidInputError) as caught:
        writer(world.backend, world.environment).write(
            source,
            object_id=OBJECT,
            keys=KEYS,
            describe=describe,
            announced_length=announced_length,
            expected_sha256=expected_sha256,
        )
    return caught.value.kind


@pytest.mark.parametrize("length", [1, PAYLOAD, 2 * PAYLOAD, 5 * PAYLOAD])
@pytest.mark.parametrize(
    ("error", "kind"), [(-1, ErrorKind.SOURCE_LONG), (1, ErrorKind.SOURCE_SHORT)]
)
def test_announced_length_is_checked(length: int, error: int, kind: ErrorKind) -> None:
    """A source longer or shorter than announced leaves no manifest and no last segment."""
    world = World()
    found = _refused(world, io.BytesIO(data(length)), announced_length=length + error)
    names = set(world.storage.contents)

    assert kind == found
    assert not {name for name in names if "manifest" in name}
    assert _layout.segment(OBJECT, (length - 1) // (2 * PAYLOAD)) not in names


@pytest.mark.parametrize("length", [0, 1, 2 * PAYLOAD, 3 * PAYLOAD])
def test_announced_digest_is_checked(length: int) -> None:
    """A source that hashes to something else leaves no manifest and no last segment."""
    world = World()
    kind = _refused(world, io.BytesIO(data(length)), expected_sha256=Digest(bytes(32)))
    last = _layout.segment(OBJECT, max(0, length - 1) // (2 * PAYLOAD))

    assert ErrorKind.DIGEST_MISMATCH == kind
    assert last not in world.storage.contents
    assert 0 == world.storage.reopened().discard_leftovers()


def test_announcement_that_holds() -> None:
    """With length and digest as announced, the object is written."""
    world = World()
    plaintext = data(3 * PAYLOAD)
    expected = Digest(hashlib.sha256(plaintext).digest())
    written = writer(world.backend, world.environment).write(
        io.BytesIO(plaintext),
        object_id=OBJECT,
        keys=KEYS,
        describe=describe,
        announced_length=len(plaintext),
        expected_sha256=expected,
    )

    assert expected == written.plaintext_sha256


def test_read_error_of_the_source() -> None:
    """A source that fails half way is the source's error, and no upload stays open."""
    world = World()
    kind = _refused(world, Dribble(data(7 * PAYLOAD), fail_at=5 * PAYLOAD))

    assert ErrorKind.SOURCE_UNREADABLE == kind
    assert [_layout.segment(OBJECT, 0)] == sorted(world.storage.contents)
    assert 0 == world.storage.reopened().discard_leftovers()


class Impatient(io.RawIOBase):
    """A source that does not wait for data."""

    def readinto(self, buffer: memoryview) -> None:  # type: ignore[override]  # test data
        """Nothing yet."""


def test_source_that_does_not_wait() -> None:
    """A non-blocking source is refused, not taken for an empty one."""
    assert ErrorKind.SOURCE_UNREADABLE == _refused(World(), Impatient())


def test_closed_source() -> None:
    """A closed source is refused with the library's error."""
    source = io.BytesIO(b"x")
    source.close()

    assert ErrorKind.SOURCE_UNREADABLE == _refused(World(), source)


def test_object_id_in_use() -> None:
    """Segments are never overwritten: the second object under one id fails."""
    world = World()
    write(world, data(10))
    before = dict(world.storage.contents)
    with pytest.raises(AlreadyExistsError):
        write(world, data(11))

    assert before == world.storage.contents


def test_progress_ends_at_the_length() -> None:
    """Progress rises to the length of the source and names what it is about."""
    world = World()
    events: list[ProgressEvent] = []
    writer(world.backend, world.environment, MANY).write(
        io.BytesIO(data(10_000_000)),
        object_id=OBJECT,
        keys=KEYS,
        describe=describe,
        announced_length=10_000_000,
        progress=events.append,
        item="a.mp4",
    )
    done = [event.done_bytes for event in events]

    assert (sorted(set(done)), 10_000_000) == (done, done[-1])
    assert {("ingest", "a.mp4", 10_000_000)} == {
        (event.verb, event.item, event.total_bytes) for event in events
    }


def test_keys_are_not_shown() -> None:
    """Keys do not appear in a representation."""
    assert KEYS.content.hex() not in repr(KEYS)
    assert str(KEYS.record) not in repr(KEYS)
