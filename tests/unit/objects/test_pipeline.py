"""The pipeline: what a broken run leaves, and how the next one takes it up."""

import io
import itertools
from collections.abc import Callable
from functools import partial

import pytest

from bwcstore import _layout
from bwcstore._values import ObjectId
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._resume import JournalState, SegmentDone
from bwcstore.testing._faults import FailAt, Fault
from bwcstore.testing._world import World
from tests.unit.objects.sample import (
    KEYS,
    OBJECT,
    PAYLOAD,
    Dribble,
    data,
    describe,
    reader,
    writer,
)


class NoteJournal:
    """A journal in memory that forgets nothing, and passes through its own codec."""

    def __init__(self) -> None:
        self.note: bytes | None = None

    def load(self) -> JournalState | None:
        """What was kept last."""
        return None if self.note is None else JournalState.decode(self.note)

    def begin(self, state: JournalState) -> None:
        """Keep a fresh state."""
        self.note = state.encode()

    def segment_done(self, done: SegmentDone) -> None:
        """Keep one more segment."""
        state = self.load()
        assert state is not None
        self.note = state.with_segment(done).encode()


def _resumed(
    world: World, journal: NoteJournal, plaintext: bytes, object_id: ObjectId = OBJECT
) -> int:
    return (
        writer(world.backend, world.environment)
        .write(
            io.BytesIO(plaintext),
            object_id=object_id,
            keys=KEYS,
            describe=describe,
            journal=journal,
        )
        .resumed_segments
    )


def _broken(plaintext: bytes, fail_at: int) -> tuple[World, NoteJournal]:
    """A run that broke because its source failed at an offset."""
    world, journal = World(), NoteJournal()
    with pytest.raises(InvalidInputError):
        writer(world.backend, world.environment).write(
            Dribble(plaintext, fail_at=fail_at),
            object_id=OBJECT,
            keys=KEYS,
            describe=describe,
            journal=journal,
        )
    return world, journal


def _all_read(world: World) -> bytes:
    names = [name for name in world.storage.contents if "manifest" in name]
    assert len(names) == 1
    with reader(world, Manifest.decode(world.storage.read(names[0]))) as file:
        return file.read()


@pytest.mark.spec("SEG-20", "SEG-21")
def test_resume_keeps_finished_segments() -> None:
    """A second run seals nothing again that the first had finished."""
    plaintext = data(9 * PAYLOAD)
    world, journal = _broken(plaintext, 7 * PAYLOAD)
    before = dict(world.storage.contents)
    resumed = _resumed(world, journal, plaintext)

    assert 2 == resumed
    assert before.items() <= world.storage.contents.items()
    assert plaintext == _all_read(world)


@pytest.mark.spec("SEG-21")
@pytest.mark.parametrize(
    "change",
    [
        lambda plaintext: b"X" + plaintext[1:],
        lambda plaintext: plaintext[: 3 * PAYLOAD] + b"X" + plaintext[3 * PAYLOAD + 1 :],
        lambda plaintext: plaintext[: 3 * PAYLOAD],
        lambda plaintext: plaintext[: 2 * PAYLOAD],
        lambda plaintext: plaintext[:0],
    ],
)
def test_changed_source_is_refused(change: Callable[[bytes], bytes]) -> None:
    """A source that is no longer what the first run read is refused, and no manifest is stored."""
    plaintext = data(9 * PAYLOAD)
    world, journal = _broken(plaintext, 7 * PAYLOAD)
    with pytest.raises(InvalidInputError) as caught:
        _resumed(world, journal, change(plaintext))

    assert ErrorKind.SOURCE_CHANGED == caught.value.kind
    assert not [name for name in world.storage.contents if "manifest" in name]


@pytest.mark.spec("SEG-21")
def test_source_that_grew_after_its_last_segment() -> None:
    """A source that goes on after what was sealed as its end is refused."""
    plaintext = data(3 * PAYLOAD)
    world, journal = World(), NoteJournal()
    _resumed(world, journal, plaintext)
    with pytest.raises(InvalidInputError) as caught:
        _resumed(world, journal, plaintext + b"more")

    assert ErrorKind.SOURCE_CHANGED == caught.value.kind


@pytest.mark.spec("SEG-20")
def test_segment_that_was_told_of_but_never_seen_is_sealed_again() -> None:
    """A segment in the journal that storage does not have is made again."""
    plaintext = data(9 * PAYLOAD)
    world, journal = _broken(plaintext, 7 * PAYLOAD)
    world.storage.delete(_layout.segment(OBJECT, 0))
    resumed = _resumed(world, journal, plaintext)

    assert (1, plaintext) == (resumed, _all_read(world))


def test_segment_of_another_length_is_refused() -> None:
    """A segment that is not as long as the journal says is not built upon."""
    plaintext = data(9 * PAYLOAD)
    world, journal = _broken(plaintext, 7 * PAYLOAD)
    world.storage.contents[_layout.segment(OBJECT, 0)] += b"x"
    with pytest.raises(IntegrityError) as caught:
        _resumed(world, journal, plaintext)

    assert ErrorKind.SEGMENT_LENGTH == caught.value.kind


def test_journal_of_another_object_is_refused() -> None:
    """A journal is of one object."""
    plaintext = data(9 * PAYLOAD)
    world, journal = _broken(plaintext, 7 * PAYLOAD)
    other = ObjectId.parse("019b3f6e-0a00-7c3d-8e21-000000000000")
    with pytest.raises(InvalidInputError) as caught:
        _resumed(world, journal, plaintext, other)

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.spec("SEG-19", "SEG-20")
@pytest.mark.parametrize("fault", list(Fault))
def test_every_failure_point(fault: Fault) -> None:
    """Whatever storage call fails: no manifest without its segments, and the next run completes."""
    plaintext = data(5 * PAYLOAD)
    for number in itertools.count():
        world, journal = World(plan=FailAt(number, fault)), NoteJournal()
        world.attempt(partial(_resumed, journal=journal, plaintext=plaintext))
        again = world.reopen()
        if not [name for name in again.storage.contents if "manifest" in name]:
            _resumed(again, journal, plaintext)

        assert plaintext == _all_read(again)

        if not world.plan.fired:
            break

    assert number == 10  # Three segments of three calls each, and the manifest.
