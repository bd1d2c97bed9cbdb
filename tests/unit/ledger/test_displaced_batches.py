"""What somebody who may store lays over the newest batch, or under the names of checkpoints."""

import pytest

from bwcstore import _layout
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.testing import VersionedMemoryBackend, World
from tests.unit.ledger import books
from tests.unit.ledger.test_covered_ledgers import LAST, filled, forged, hashes


@pytest.mark.spec("SHD-4")
@pytest.mark.parametrize("under", ["marker", "forgery"])
def test_what_was_committed_is_not_displaced_by_a_checkpoint(under: str) -> None:
    """A writer that is not up to date goes on over a batch of another and signs that: whoever
    opens the ledger next sees the fork, for the batch that lies deeper was promised.
    """
    world = World()
    bucket, log = filled(world)
    behind = books.reopen(World(seed=5), backend=bucket)
    name = _layout.batch(0, LAST + 1)
    forgery = forged(bucket, LAST + 1)
    log.append(books.write(books.accessed(42)))
    if under == "marker":
        bucket.mark(name)
    else:
        bucket.shadow(name, forgery)
        # What a writer did that believed the newest version.
        signed = VersionedMemoryBackend(clock=world.clock)
        for number in range(LAST + 1):
            signed.shadow(_layout.batch(0, number), bucket.read(_layout.batch(0, number)))
        signed.shadow(name, forgery)
        behind = books.reopen(World(seed=6), backend=signed)
    for number in (5, 6):
        behind.append(books.write(books.accessed(number)))
    note = behind.checkpoint()
    if under == "forgery":
        for number in (LAST + 2, LAST + 3):
            bucket.create(_layout.batch(0, number), signed.read(_layout.batch(0, number)))
        size = len(hashes(behind))
        bucket.create(_layout.checkpoint(0, size), note)

    assert ErrorKind.FORKED is books.reopen(world, backend=bucket).read_only


@pytest.mark.spec("SHD-4")
def test_a_forged_head_is_seen_by_who_catches_up() -> None:
    """What no next batch names is looked at in all its versions: the oldest is read on with, and
    nothing is appended to what was put over it.
    """
    world = World()
    bucket, log = filled(world)
    behind = books.reopen(World(seed=5), backend=bucket)
    forgery = forged(bucket, LAST + 1)
    log.append(books.write(books.accessed(42)))
    bucket.shadow(_layout.batch(0, LAST + 1), forgery)
    behind.refresh()

    assert hashes(log) == hashes(behind)
    assert ErrorKind.FORKED is behind.read_only


@pytest.mark.spec("LED-35")
@pytest.mark.parametrize("copied", [False, True])
def test_what_is_put_beside_checkpoints_hides_none(copied: bool) -> None:
    """Whoever may store puts something under a later number, not signed or signed for another
    place: what the last checkpoint that is right says is missed all the same.
    """
    world = World()
    bucket, log = filled(world)
    first = log.checkpoint()
    log.append(books.write(books.accessed(1)))
    log.checkpoint()
    bucket.delete(_layout.batch(0, LAST + 1))
    bucket.shadow(_layout.checkpoint(0, 999_999_999_999), first if copied else b"garbage\n")

    assert ErrorKind.BATCH_MISSING is books.reopen(world, backend=bucket).read_only


@pytest.mark.spec("CHK-12")
@pytest.mark.parametrize("copied", [False, True])
def test_what_has_the_name_of_a_checkpoint_accuses_nobody(copied: bool) -> None:
    """What the store did not sign for this place is in the way, and no second history; the next
    checkpoint has another name.
    """
    world = World()
    bucket, log = filled(world)
    first = log.checkpoint()
    bucket.shadow(_layout.checkpoint(0, LAST + 2), first if copied else b"garbage\n")
    log.append(books.write(books.accessed(1)))
    with pytest.raises(StorageError) as caught:
        log.checkpoint()
    log.append(books.write(books.accessed(2)))
    log.checkpoint()

    assert ErrorKind.STORAGE_UNFIT is caught.value.kind
    assert log.read_only is None
    assert books.reopen(world, backend=bucket).read_only is None
