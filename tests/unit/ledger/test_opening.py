"""Opening a ledger that somebody has touched, or that is not what was seen before."""

import pytest

from bwcstore import _layout
from bwcstore.errors import BwcStoreError, ErrorKind, IntegrityError
from bwcstore.ledger._batch import decode_batch, encode_batch
from bwcstore.testing._world import World
from tests.unit.ledger import books


def edit(world: World, number: int, old: bytes, new: bytes) -> None:
    """Change one stored batch."""
    name = books.batch_names(world)[number]
    assert old in world.storage.contents[name]
    world.storage.contents[name] = world.storage.contents[name].replace(old, new, 1)


def refused(world: World) -> tuple[ErrorKind, str]:
    """How opening is refused."""
    with pytest.raises(BwcStoreError) as caught:
        books.reopen(world)
    return caught.value.kind, caught.value.message


@pytest.mark.spec("LED-26", "LED-24", "LED-12", "LED-8", "LED-9", "LED-28", "LED-22")
@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b'"mode":"stream"', b'"mode":"export"', None),
        (b'{"after":"', b'{"after":"0', ErrorKind.FIELD_INVALID),
        (b'"index":5', b'"index":6', ErrorKind.INDEX_BROKEN),
        (b'"seq":1}', b'"seq":2}', ErrorKind.SCOPE_BROKEN),
        (b'"prev_index":2', b'"prev_index":1', ErrorKind.SCOPE_BROKEN),
        (b'"store_seq":0', b'"store_seq":1', ErrorKind.SCOPE_BROKEN),
        (b'"at":"2026', b'"at":"2025', ErrorKind.TIME_ORDER),
        (b'"batch":5', b'"batch":6', ErrorKind.BATCH_LINK),
        (b'"generation":0', b'"generation":1', ErrorKind.BATCH_LINK),
        (b'"first_index":5', b'"first_index":4', ErrorKind.INDEX_BROKEN),
        (b'"store":"0190163d', b'"store":"1190163d', ErrorKind.BATCH_LINK),
        (b'"v":1', b'"v": 1', ErrorKind.NOT_CANONICAL),
    ],
)
def test_a_touched_batch_is_noticed(old: bytes, new: bytes, kind: ErrorKind | None) -> None:
    """A changed field breaks a link, or the link of what follows; the message says where."""
    world = World()
    books.filled(world, 9)
    edit(world, 5, old, new)
    if kind is None:
        assert books.reopen(world).read_only is ErrorKind.FORKED
        return
    found, message = refused(world)

    assert kind is found
    assert message.startswith("batch 0/5")


@pytest.mark.spec("LED-12")
def test_a_broken_chain_is_noticed() -> None:
    """An entry that continues another than the one before it is refused."""
    world = World()
    books.filled(world, 5)
    name = books.batch_names(world)[3]
    raw = world.storage.contents[name]
    at = raw.index(b'{"after":"') + 10
    world.storage.contents[name] = raw[:at] + b"0" * 64 + raw[at + 64 :]
    kind, message = refused(world)

    assert (kind, message) == (
        ErrorKind.CHAIN_BROKEN,
        "batch 0/3 entry 3: continues another entry",
    )


@pytest.mark.spec("LED-14", "LED-27")
@pytest.mark.parametrize("change", ["flip", "drop"])
def test_a_touched_payload_is_noticed_without_keys(change: str) -> None:
    """A payload that was changed or left out is refused, though nobody opened it."""
    world = World()
    books.create(world).append(books.write(books.accessed(1, sealed="x")))
    name = books.batch_names(world)[1]
    lines = world.storage.contents[name].split(b"\n")
    if change == "flip":
        lines[2] = lines[2].replace(lines[2][20:22], lines[2][21:19:-1], 1)
    else:
        del lines[2]
    world.storage.contents[name] = b"\n".join(lines)
    kind, _ = refused(world)

    assert kind in (ErrorKind.PAYLOAD_DIGEST, ErrorKind.PAYLOAD_MISSING)


def closed(world: World, count: int = 9) -> list[bytes]:
    """A ledger of so many accesses, closed; what its vault remembers."""
    notes: list[bytes] = []
    log = books.create(world, remember=notes.append)
    for number in range(count):
        log.append(books.write(books.accessed(number)))
    log.close()
    return notes


def remove(world: World, *names: str) -> None:
    """Remove what somebody with access to the storage removes."""
    for name in names:
        del world.storage.contents[name]


@pytest.mark.spec("LED-35", "LED-36")
@pytest.mark.parametrize(("first", "last"), [(4, 5), (9, 10), (1, 10)])
def test_a_missing_batch_is_noticed(first: int, last: int) -> None:
    """Batches beyond, or a checkpoint beyond, show that batches are missing; reading goes on."""
    world = World()
    closed(world)
    remove(world, *books.batch_names(world)[first:last])
    log = books.reopen(world)
    with pytest.raises(IntegrityError) as caught:
        log.append(books.write(books.accessed(1)))

    assert (log.read_only, log.size) == (ErrorKind.BATCH_MISSING, first)
    assert caught.value.kind is ErrorKind.BATCH_MISSING
    assert first == len(list(log.entries()))


@pytest.mark.spec("LED-35")
def test_a_gap_at_the_edge_of_sight_is_noticed() -> None:
    """A batch is noticed if it is among the 16 after the first absent one."""
    world = World()
    books.filled(world, 30)
    names = books.batch_names(world)
    remove(world, *names[10:26], *names[27:])

    assert books.reopen(world).read_only is ErrorKind.BATCH_MISSING


@pytest.mark.spec("CHK-21", "CHK-22")
def test_a_rollback_is_noticed_by_what_is_remembered() -> None:
    """Without a memory a ledger that was cut back is valid; with one it is not."""
    world = World()
    remembered = closed(world)
    remove(world, *books.batch_names(world)[5:], _layout.checkpoint(0, 10))

    assert books.reopen(world).read_only is None
    assert books.reopen(world, remembered=remembered).read_only is ErrorKind.ROLLED_BACK


@pytest.mark.spec("CHK-23", "CHK-10")
def test_another_history_is_noticed_by_what_is_remembered() -> None:
    """A remembered checkpoint of the same size with another root is a fork."""
    here, there = World(seed=1), World(seed=2)
    closed(here)
    log = books.create(there)
    for number in range(9):
        log.append(books.write(books.accessed(number + 1)))
    remembered = [log.checkpoint()]

    assert books.reopen(here, remembered=remembered).read_only is ErrorKind.FORKED


@pytest.mark.spec("CHK-23")
@pytest.mark.parametrize("note", [b"", b"not a note\n"])
def test_what_was_never_a_checkpoint_of_this_store_is_a_fork(note: bytes) -> None:
    """A memory that this store's key does not verify is of another history."""
    world = World()
    closed(world)

    assert books.reopen(world, remembered=[note]).read_only is ErrorKind.FORKED


@pytest.mark.spec("CHK-10", "LED-36")
def test_a_stored_checkpoint_that_contradicts_is_noticed() -> None:
    """A stored checkpoint signed by the store with another root makes the ledger read-only."""
    here, there = World(seed=1), World(seed=2)
    closed(here)
    closed(there, 8)
    log = books.reopen(there)
    log.append(books.write(books.accessed(77)))
    here.storage.contents[_layout.checkpoint(0, 10)] = log.checkpoint()

    assert books.reopen(here).read_only is ErrorKind.FORKED


def test_a_stray_file_among_checkpoints_stops_nobody() -> None:
    """A file there that the store did not sign is for auditors; it makes nothing read-only."""
    world = World()
    closed(world)
    world.storage.contents[_layout.checkpoint(0, 9999)] = b"junk"
    world.storage.contents[_layout.checkpoint(5, 9)] = b"junk"

    assert books.reopen(world).read_only is None


@pytest.mark.spec("LED-24", "LED-36")
def test_a_fork_met_while_writing_stops_writing() -> None:
    """A writer whose number holds a batch that continues another history stops; it reads on."""
    world = World()
    log = books.filled(world, 3)
    backup = dict(world.storage.contents)
    log.append(books.write(books.accessed(1)))
    log.append(books.write(books.accessed(1)))
    world.storage.contents.clear()
    world.storage.contents.update(backup)
    other = books.reopen(world)
    for number in range(3):
        other.append(books.write(books.accessed(number + 5)))
    with pytest.raises(IntegrityError) as met:
        log.append(books.write(books.accessed(1)))
    with pytest.raises(IntegrityError) as after:
        log.append(books.write(books.accessed(1)))

    assert [ErrorKind.FORKED] * 3 == [met.value.kind, after.value.kind, log.read_only]
    assert 6 == log.size


@pytest.mark.spec("LED-26")
def test_what_was_checked_is_checked_when_read_again() -> None:
    """A batch that changes under an open ledger is noticed by the next reader."""
    world = World()
    books.filled(world, 5)
    log = books.reopen(world)
    edit(world, 2, b'"mode":"stream"', b'"mode":"export"')
    with pytest.raises(IntegrityError) as changed:
        log.entry(2)
    remove(world, books.batch_names(world)[3])
    with pytest.raises(IntegrityError) as gone:
        log.entry(3)

    assert changed.value.kind is ErrorKind.CHAIN_BROKEN
    assert gone.value.kind is ErrorKind.BATCH_MISSING


@pytest.mark.spec("LED-22")
def test_a_ledger_of_a_newer_minor_version_is_read_only() -> None:
    """A batch of 1.1 is read; nothing is added to it."""
    world = World()
    books.filled(world, 2)
    name = books.batch_names(world)[2]
    batch = decode_batch(world.storage.contents[name])
    raw = world.storage.contents[name].replace(b'"format":"1.0"', b'"format":"1.1"')
    world.storage.contents[name] = raw
    log = books.reopen(world)
    with pytest.raises(BwcStoreError) as caught:
        log.append(books.write(books.accessed(1)))

    assert (log.size, log.read_only) == (3, ErrorKind.FORMAT_NEWER)
    assert caught.value.kind is ErrorKind.FORMAT_NEWER
    assert encode_batch(batch.header, batch.entries, batch.payloads)[1] == batch


def test_a_second_genesis_is_refused() -> None:
    """A batch that begins with something else than its frame demands is refused."""
    world = World()
    books.filled(world, 1)
    edit(world, 0, b"store.created", b"store.creating")
    kind, _ = refused(world)

    assert kind is ErrorKind.GENESIS_INVALID
