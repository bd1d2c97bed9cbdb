"""Checkpoints, tiles, bundles, generations."""

import pytest

from bwcstore import _layout
from bwcstore._values import STORE_SCOPE, Digest
from bwcstore.errors import (
    BwcStoreError,
    EquivocationError,
    ErrorKind,
    FormatError,
    IntegrityError,
    InvalidInputError,
)
from bwcstore.ledger._checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from bwcstore.ledger._scope import heads_root
from bwcstore.ledger._tiles import decode_bundle
from bwcstore.testing._world import World
from tests.unit.ledger import books


def checkpoints(world: World) -> list[str]:
    """The stored checkpoints."""
    return sorted(name for name in world.storage.contents if name.startswith("checkpoint/"))


def another(size: int) -> bytes:
    """A checkpoint that the store signed over other entries."""
    root = Digest(bytes(range(32)))
    found = Checkpoint(origin=books.ORIGIN, generation=0, size=size, root=root)
    return sign_checkpoint(found, books.STORE_SIGNER)


@pytest.mark.spec("CHK-12")
def test_checkpoints_are_written_after_many_entries() -> None:
    """1,024 entries bring a checkpoint; the vault is told of it."""
    world = World()
    notes: list[bytes] = []
    log = books.create(world, remember=notes.append)
    log.append(books.write(*[books.accessed(1)] * 1022))
    before = checkpoints(world)
    log.append(books.write(books.accessed(1), books.accessed(1)))

    assert ([], [_layout.checkpoint(0, 1025)]) == (before, checkpoints(world))
    assert [1025] == [verify_checkpoint(note, books.KEY).size for note in notes]


@pytest.mark.spec("CHK-12")
def test_checkpoints_are_written_after_some_time() -> None:
    """60 s with entries bring a checkpoint with the next entry."""
    world = World()
    log = books.create(world)
    log.append(books.write(books.accessed(1)))
    world.clock.advance(60)
    log.append(books.write(books.accessed(1)))
    world.clock.advance(59)
    log.append(books.write(books.accessed(1)))

    assert [_layout.checkpoint(0, 3)] == checkpoints(world)


@pytest.mark.spec("CHK-12")
def test_a_checkpoint_is_written_at_the_end() -> None:
    """Closing covers everything; closing a ledger that is covered writes nothing."""
    world = World()
    books.filled(world, 2).close()
    found = checkpoints(world)
    books.reopen(world).close()

    assert [_layout.checkpoint(0, 3)] == found == checkpoints(world)


@pytest.mark.spec("CHK-9", "CHK-4")
def test_two_processes_sign_the_same() -> None:
    """A checkpoint that exists with the same bytes is success."""
    world = World()
    log = books.filled(world, 2)

    assert log.checkpoint() == books.reopen(world).checkpoint()


@pytest.mark.spec("CHK-12", "CHK-11")
def test_another_checkpoint_of_the_same_size_is_evidence() -> None:
    """Another one that the store signed is told to the one who asked for it, and stays."""
    world = World()
    log = books.filled(world, 2)
    other = another(3)
    world.storage.contents[_layout.checkpoint(0, 3)] = other
    with pytest.raises(EquivocationError) as caught:
        log.checkpoint()

    assert caught.value.kind is ErrorKind.CHECKPOINT_EQUIVOCATION
    assert other == world.storage.contents[_layout.checkpoint(0, 3)]


@pytest.mark.spec("CHK-12", "LED-36")
def test_evidence_met_in_passing_stops_writing() -> None:
    """When an automatic checkpoint meets another, the append stands and is the last one."""
    world = World()
    log = books.create(world)
    world.storage.contents[_layout.checkpoint(0, 1025)] = another(1025)
    found = log.append(books.write(*[books.accessed(1)] * 1024))
    with pytest.raises(IntegrityError) as caught:
        log.append(books.write(books.accessed(1)))

    assert 1024 == len(found.entries)
    assert caught.value.kind is ErrorKind.CHECKPOINT_EQUIVOCATION


@pytest.mark.spec("LED-38", "LED-39", "LED-37")
def test_tiles_and_bundles_are_derived() -> None:
    """Each 256 entries make a bundle and a tile; batches stay; deriving again changes nothing."""
    world = World()
    log = books.filled(world, 520)
    log.checkpoint()
    hashes = [entry.hash.raw for entry in log.entries()]
    for number in (0, 1):
        part = slice(256 * number, 256 * number + 256)
        leaves = decode_bundle(world.storage.contents[_layout.bundle(0, number)])

        assert [entry.raw for entry in log.entries(part.start, part.stop)] == leaves
        assert b"".join(hashes[part]) == world.storage.contents[_layout.tile(0, 0, number)]
    assert _layout.bundle(0, 2) not in world.storage.contents
    assert 521 == len(books.batch_names(world))
    before = dict(world.storage.contents)
    again = books.reopen(world)
    again.checkpoint()

    assert before == world.storage.contents


@pytest.mark.spec("LED-38", "LED-39")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (_layout.bundle(0, 0), ErrorKind.BUNDLE_DIFFERS),
        (_layout.tile(0, 0, 0), ErrorKind.TILE_DIFFERS),
    ],
)
def test_a_derived_file_that_differs_is_evidence(name: str, kind: ErrorKind) -> None:
    """A tile or bundle with other bytes is refused, and stays."""
    world = World()
    log = books.filled(world, 300)
    world.storage.contents[name] = b"other"
    with pytest.raises(IntegrityError) as caught:
        log.checkpoint()

    assert kind is caught.value.kind
    assert b"other" == world.storage.contents[name]


@pytest.mark.spec("LED-39")
def test_a_touched_bundle_is_not_believed() -> None:
    """A bundle that changed is noticed by the next reader."""
    world = World()
    log = books.filled(world, 300)
    log.checkpoint()
    name = _layout.bundle(0, 0)
    raw = world.storage.contents[name]
    world.storage.contents[name] = raw.replace(b"stream", b"export", 1)
    with pytest.raises(IntegrityError) as changed:
        list(log.entries(0, 10))
    world.storage.contents[name] = raw[:-1]
    with pytest.raises(FormatError) as cut:
        list(log.entries(0, 10))

    assert changed.value.kind is ErrorKind.BUNDLE_DIFFERS
    assert cut.value.kind is ErrorKind.BATCH_INVALID


@pytest.mark.spec("LED-38")
def test_a_level_above_is_derived() -> None:
    """65,536 entries make a tile of level 1, whose first hash is that of the first tile."""
    world = World()
    log = books.create(world)
    draft = books.accessed(1)
    for count in (16_400, 16_400, 16_400, 16_400):
        log.append(books.write(*[draft] * count))
    tile = world.storage.contents[_layout.tile(0, 1, 0)]

    assert 8192 == len(tile)
    assert log.root(256).raw == tile[:32]
    assert _layout.tile(0, 1, 1) not in world.storage.contents


@pytest.mark.spec("LED-41", "LED-42", "LED-13")
def test_a_generation_rolls() -> None:
    """The last entry closes, the first opens; index, chain and scopes go on; trees are apart."""
    world = World()
    log = books.filled(world, 5)
    count, root = heads_root(log.state.heads())
    number = log.roll(books.ACTOR)
    log.append(books.write(books.accessed(1)))
    for found in (log, books.reopen(world)):
        closing, opening, entry = found.entries(6, 9)

        assert (1, 1, 9) == (number, found.generation, found.size)
        assert ("generation.closed", "generation.opened") == (closing.kind, opening.kind)
        assert {"heads_count": count, "heads_root": str(root)} == closing.body
        assert (7, found.root(generation=0).raw.hex()) == (
            opening.body["previous_size"],
            opening.body["previous_root"],
        )
        assert (closing.hash, 2) == (opening.after, entry.scope.seq)
        assert [0, 1, 2] == [item.scope.seq for item in found.scope_entries(STORE_SCOPE)]
        assert found.root(generation=1) != found.root(generation=0)
    assert 2 == len(books.batch_names(world, 1))
    assert _layout.checkpoint(0, 7) in world.storage.contents


def test_there_is_no_root_of_a_generation_to_come() -> None:
    """Only generations that exist have a root."""
    with pytest.raises(InvalidInputError) as caught:
        books.create(World()).root(generation=1)

    assert caught.value.kind is ErrorKind.ARGUMENT_INVALID


@pytest.mark.spec("LED-43")
@pytest.mark.parametrize("verb", ["append", "roll"])
def test_a_roll_that_broke_off_is_finished(verb: str) -> None:
    """A closed generation without a successor gets one before anything else is written."""
    world = World()
    books.filled(world, 3).roll(books.ACTOR)
    for name in books.batch_names(world, 1):
        del world.storage.contents[name]
    log = books.reopen(world)
    before = log.read_only
    if verb == "append":
        log.append(books.write(books.accessed(1)))
    else:
        log.roll(books.ACTOR)

    assert before is None
    assert "generation.opened" == log.entry(5).kind
    assert 1 == log.generation
    assert log.size == books.reopen(world).size == (7 if verb == "append" else 6)


@pytest.mark.spec("LED-43")
def test_a_roll_by_another_process_is_followed() -> None:
    """A writer that finds the generation closed under it goes on in the next one."""
    world = World()
    late = books.filled(world, 3)
    early = books.reopen(world)
    early.roll(books.ACTOR)
    found = late.append(books.write(books.accessed(1)))

    assert (1, 1) == (found.generation, found.batch)
    assert 7 == books.reopen(world).size


@pytest.mark.spec("LED-41")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"previous_size":5', b'"previous_size":4'),
        (b'"previous_root":"', b'"previous_root":"00'),
        (b'"kind":"generation.opened"', b'"kind":"generation.closed"'),
        (b'"generation":1,"heads', b'"generation":2,"heads'),
    ],
)
def test_a_false_beginning_is_refused(old: bytes, new: bytes) -> None:
    """A generation that names another one before it, or begins otherwise, is refused."""
    world = World()
    books.filled(world, 3).roll(books.ACTOR)
    name = books.batch_names(world, 1)[0]
    assert old in world.storage.contents[name]
    world.storage.contents[name] = world.storage.contents[name].replace(old, new, 1)
    with pytest.raises(BwcStoreError) as caught:
        books.reopen(world)

    assert caught.value.kind in (
        ErrorKind.GENESIS_INVALID,
        ErrorKind.FIELD_INVALID,
        ErrorKind.FIELD_UNKNOWN,
    )
