"""Storage that is long over a finished segment, as one is that puts parts together."""

import io
import threading

import pytest

from bwcstore import _layout
from bwcstore._ports import Stat, Upload
from bwcstore._system import SystemWorkers
from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError, StorageError
from bwcstore.testing._world import MemoryBackend, World
from tests.unit.objects.sample import (
    KEYS,
    OBJECT,
    PAYLOAD,
    Dribble,
    data,
    describe,
    fetch,
    reader,
    writer,
)

FIRST = _layout.segment(OBJECT, 0)
FIFTH = _layout.segment(OBJECT, 4)
LENGTH = 9 * 2 * PAYLOAD
WAIT_SECONDS = 5.0


class _Forwarding(Upload):
    def __init__(self, name: str, inner: Upload, storage: "SlowCommits") -> None:
        self._name = name
        self._inner = inner
        self._storage = storage

    def write(self, data: memoryview) -> None:
        self._storage.note_write(self._name)
        self._inner.write(data)

    def commit(self) -> Stat:
        self._storage.hold_commit(self._name)
        stat = self._inner.commit()
        self._storage.steps.append(("commit", self._name))
        return stat

    def abort(self) -> None:
        self._storage.steps.append(("abort", self._name))
        self._inner.abort()


class SlowCommits(MemoryBackend):
    """The first segment becomes visible only after the fifth has begun, or after a while, or not
    at all.
    """

    def __init__(
        self, *, refused: StorageError | None = None, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        super().__init__()
        self.overlapped = False
        self.steps: list[tuple[str, str]] = []
        self._refused = refused
        self._wait_seconds = wait_seconds
        self._begun = threading.Event()

    def note_write(self, name: str) -> None:
        """A segment is being written."""
        if name == FIFTH:
            self._begun.set()

    def hold_commit(self, name: str) -> None:
        """Keep the first segment waiting; fail it where that is wanted."""
        if name == FIRST:
            self.overlapped = self._begun.wait(self._wait_seconds)
            if self._refused is not None:
                raise self._refused

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        """See `Backend.create_large`."""
        return _Forwarding(name, super().create_large(name, keep_until=keep_until), self)


def _world(storage: SlowCommits) -> World:
    world = World(storage=storage)
    world.workers = SystemWorkers(4)  # type: ignore[assignment]  # real threads in a simulated world
    return world


def test_a_slow_commit_keeps_no_segment_waiting() -> None:
    """While storage is busy with a finished segment, those after it are read, sealed and sent."""
    storage = SlowCommits()
    world = _world(storage)
    plaintext = data(LENGTH)
    written = writer(world.backend, world.environment).write(
        io.BytesIO(plaintext), object_id=OBJECT, keys=KEYS, describe=describe
    )

    assert storage.overlapped
    with reader(world, fetch(world, written)) as file:
        assert plaintext == file.read()


def test_a_commit_that_fails_late_ends_the_ingest() -> None:
    """The refusal is raised, no manifest is stored, and no upload stays open."""
    storage = SlowCommits(refused=StorageError(ErrorKind.STORAGE_FULL, "full"))
    world = _world(storage)
    with pytest.raises(StorageError) as caught:
        writer(world.backend, world.environment).write(
            io.BytesIO(data(LENGTH)), object_id=OBJECT, keys=KEYS, describe=describe
        )
    stored = {stat.name for stat in world.storage.list(_layout.object_prefix(OBJECT))}

    assert ErrorKind.STORAGE_FULL == caught.value.kind
    assert ("abort", FIRST) in storage.steps
    assert stored <= {_layout.segment(OBJECT, number) for number in range(1, 9)}


def test_what_is_becoming_visible_is_not_aborted() -> None:
    """When the source breaks, the storage is left to end what it is at."""
    storage = SlowCommits(wait_seconds=0.3)
    world = _world(storage)
    broken = Dribble(data(LENGTH), step=PAYLOAD, fail_at=10 * PAYLOAD + 1)
    with pytest.raises(InvalidInputError) as caught:
        writer(world.backend, world.environment).write(
            broken, object_id=OBJECT, keys=KEYS, describe=describe
        )
    of_first = [step for step, name in storage.steps if name == FIRST]

    assert ErrorKind.SOURCE_UNREADABLE == caught.value.kind
    assert ["commit", "abort"] == of_first
