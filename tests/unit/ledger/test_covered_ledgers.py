"""Opening, catching up and publishing where names are covered by newer versions and markers."""

from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._values import Digest
from bwcstore.errors import ErrorKind, FormatError, IntegrityError
from bwcstore.ledger._log import Log
from bwcstore.ledger._scope import Heads
from bwcstore.testing import RacyBackend, VersionedMemoryBackend, World
from tests.unit.covers import Cover, garbage, marker, original, rewritten, truncated, walled
from tests.unit.ledger import books

COUNT: Final = 6
LAST: Final = COUNT


def unlinked(bucket: VersionedMemoryBackend, name: str) -> None:
    """A well-formed batch that continues another one."""
    header, _, rest = original(bucket, name).partition(b"\n")
    at = header.index(b'"prev_batch_sha256":"') + 21
    bucket.shadow(name, header[:at] + b"7" * 64 + header[at + 64 :] + b"\n" + rest)


def elsewhere(bucket: VersionedMemoryBackend, name: str) -> None:
    """A true batch of the same ledger, from another place."""
    other = _layout.batch(0, 2) if name != _layout.batch(0, 2) else _layout.batch(0, 1)
    bucket.shadow(name, original(bucket, other))


def stripped(bucket: VersionedMemoryBackend, name: str) -> None:
    """The batch without what is sealed."""
    lines = original(bucket, name).splitlines(keepends=True)
    bucket.shadow(name, b"".join(line for line in lines if b'{"payload":' not in line))


def pile(bucket: VersionedMemoryBackend, name: str) -> None:
    """All of them."""
    for cover in (garbage, marker, truncated, walled, unlinked, elsewhere, marker, marker):
        cover(bucket, name)


COVERS: Final = (marker, garbage, truncated, unlinked, elsewhere, stripped, walled, pile)


def filled(world: World) -> tuple[VersionedMemoryBackend, Log[Heads]]:
    """A ledger of a genesis and some batches, one entry each, sealed."""
    bucket = VersionedMemoryBackend(clock=world.clock)
    log = books.create(world, backend=bucket)
    for number in range(COUNT):
        log.append(books.write(books.accessed(number % 3, sealed="why")))
    return bucket, log


def forged(bucket: VersionedMemoryBackend, number: int) -> bytes:
    """Another batch that continues the ledger at a number: what another history has there."""
    world = World(seed=99)
    other = VersionedMemoryBackend(clock=world.clock)
    for known in range(number):
        other.shadow(_layout.batch(0, known), bucket.read(_layout.batch(0, known)))
    log = books.reopen(world, backend=other)
    log.append(books.write(books.accessed(77)))
    return other.read(_layout.batch(0, number))


def hashes(log: Log[Heads]) -> list[Digest]:
    """The hashes of all entries."""
    return [entry.hash for entry in log.entries()]


@pytest.mark.spec("SHD-1", "SHD-2", "SHD-3")
@pytest.mark.parametrize("cover", COVERS)
@pytest.mark.parametrize("numbers", [(0,), (3,), (LAST,), (2, 3, LAST), tuple(range(LAST + 1))])
def test_a_covered_ledger_opens(cover: Cover, numbers: tuple[int, ...]) -> None:
    """The first, a middle, the last, several or all batches: the ledger is the same, and grows."""
    world = World()
    bucket, log = filled(world)
    expected = hashes(log)
    for number in numbers:
        cover(bucket, _layout.batch(0, number))
    again = books.reopen(world, backend=bucket.reopened())
    made = again.append(books.write(books.accessed(5)))

    assert expected == hashes(again)[:-1]
    assert again.read_only is None
    assert len(expected) == made.entries[0].index


@pytest.mark.spec("SHD-2", "SHD-3")
@pytest.mark.parametrize("cover", COVERS)
def test_a_covered_batch_is_caught_up_with(cover: Cover) -> None:
    """Whoever lost a race takes in the true batch, and then writes its own."""
    world = World()
    bucket, log = filled(world)
    other = books.reopen(World(seed=5), backend=bucket)
    log.append(books.write(books.accessed(1, sealed="mine")))
    cover(bucket, _layout.batch(0, LAST + 1))
    if cover in (marker, pile):
        # A marker on top lets a name be created once more: whoever writes must be up to date.
        other.refresh()
    other.append(books.write(books.accessed(2)))
    log.refresh()

    assert hashes(log) == hashes(other)
    assert (None, None) == (log.read_only, other.read_only)


@pytest.mark.spec("SHD-2")
def test_what_verifies_in_no_version_fails_as_it_did() -> None:
    """A malformed batch without anything right under it is told as what it is."""
    world = World()
    bucket, _ = filled(world)
    name = _layout.batch(0, 3)
    (true,) = bucket.versions(name)
    garbage(bucket, name)
    unlinked_name = _layout.batch(0, 3)
    bucket.delete_version(name, true.version_id)
    with pytest.raises(FormatError) as malformed:
        books.reopen(world, backend=bucket)
    bucket.shadow(unlinked_name, forged_prev(bucket))
    again = books.reopen(world, backend=bucket)

    assert ErrorKind.BATCH_INVALID is malformed.value.kind
    assert ErrorKind.FORKED is again.read_only


def forged_prev(bucket: VersionedMemoryBackend) -> bytes:
    """A batch 3 that names another digest of batch 2."""
    raw = bucket.read(_layout.batch(0, 4)).replace(b'"batch":4', b'"batch":3')
    return raw.replace(b'"first_index":4', b'"first_index":3')


@pytest.mark.spec("SHD-4")
@pytest.mark.parametrize("number", [3, LAST])
def test_two_versions_that_continue_are_a_fork(number: int) -> None:
    """Nothing may be appended; where the next batch names one of them, reading goes on with it."""
    world = World()
    bucket, log = filled(world)
    expected = hashes(log)
    bucket.shadow(_layout.batch(0, number), forged(bucket, number))
    again = books.reopen(world, backend=bucket)
    with pytest.raises(IntegrityError) as caught:
        again.append(books.write(books.accessed(5)))

    assert ErrorKind.FORKED is again.read_only
    assert ErrorKind.FORKED is caught.value.kind
    assert expected == hashes(again)


@pytest.mark.spec("SHD-4")
@pytest.mark.parametrize("number", [0, 3, LAST])
@pytest.mark.parametrize("remembered", [False, True])
def test_a_signed_checkpoint_decides(number: int, remembered: bool) -> None:
    """What contradicts a signed checkpoint is no second history, but a cover."""
    world = World()
    bucket, log = filled(world)
    expected = hashes(log)
    note = log.checkpoint()
    bucket.shadow(_layout.batch(0, number), forged(bucket, number) if number else b"{}\n")
    if remembered:
        for name in [stat.name for stat in bucket.list("checkpoint/")]:
            bucket.delete(name)
    again = books.reopen(world, backend=bucket, remembered=[note] if remembered else [])
    again.append(books.write(books.accessed(5)))

    assert expected == hashes(again)[:-1]


@pytest.mark.spec("SHD-4")
def test_a_fork_under_the_newest_is_seen_too() -> None:
    """The true batch on top of a forged one is a fork all the same."""
    world = World()
    bucket, _ = filled(world)
    name = _layout.batch(0, LAST)
    true = bucket.read(name)
    bucket.shadow(name, forged(bucket, LAST))
    bucket.shadow(name, true)

    assert ErrorKind.FORKED is books.reopen(world, backend=bucket).read_only


@pytest.mark.spec("SHD-4")
def test_a_longer_forged_history_is_a_fork() -> None:
    """A forged end that goes on beyond the true one is found by the versions under it."""
    world = World()
    bucket, _ = filled(world)
    other_world = World(seed=98)
    other = VersionedMemoryBackend(clock=other_world.clock)
    for known in range(3):
        other.shadow(_layout.batch(0, known), bucket.read(_layout.batch(0, known)))
    forger = books.reopen(other_world, backend=other)
    for _ in range(COUNT):
        forger.append(books.write(books.accessed(78)))
    for number in range(3, 3 + COUNT):
        bucket.shadow(_layout.batch(0, number), other.read(_layout.batch(0, number)))

    assert ErrorKind.FORKED is books.reopen(world, backend=bucket).read_only


@pytest.mark.spec("SHD-4")
def test_a_forged_batch_is_seen_by_the_next_one() -> None:
    """Whoever catches up takes the version that the next batch names, and appends no more."""
    world = World()
    bucket, log = filled(world)
    other = books.reopen(World(seed=5), backend=bucket)
    for number in (1, 2):
        log.append(books.write(books.accessed(number)))
    bucket.shadow(_layout.batch(0, LAST + 1), forged(bucket, LAST + 1))
    other.refresh()

    assert hashes(log) == hashes(other)
    assert ErrorKind.FORKED is other.read_only


@pytest.mark.spec("SHD-3")
def test_a_known_batch_is_its_digest() -> None:
    """The same entries under another header are not the batch that the next one names."""
    world = World()
    bucket, log = filled(world)
    name = _layout.batch(0, 3)
    check = log.check_of(name)
    assert check is not None
    check(original(bucket, name))
    with pytest.raises(IntegrityError) as caught:
        check(rewritten(bucket, name))

    assert ErrorKind.BATCH_LINK is caught.value.kind
    assert log.check_of(_layout.batch(0, LAST + 1)) is None
    assert log.check_of(_layout.batch(4, 0)) is None


@pytest.mark.spec("SHD-4")
def test_equal_versions_are_no_fork() -> None:
    """The same entries once more say nothing against a ledger."""
    world = World()
    bucket, log = filled(world)
    for number in range(LAST + 1):
        name = _layout.batch(0, number)
        bucket.shadow(name, bucket.read(name))
    again = books.reopen(world, backend=bucket)

    assert hashes(log) == hashes(again)
    assert again.read_only is None


@pytest.mark.spec("SHD-3")
def test_a_lost_answer_is_settled_under_a_cover() -> None:
    """Our own batch is known as ours although something lies over it."""
    world = World()
    bucket = Losing(clock=world.clock)
    log = books.create(world, backend=bucket)
    bucket.covering = True
    made = log.append(books.write(books.accessed(1)))
    again = books.reopen(world, backend=bucket)

    assert 1 == made.entries[0].index
    assert 2 == again.size == log.size


class Losing(VersionedMemoryBackend):
    """Tells a writer once that its name is taken, after storing it under garbage."""

    covering = False

    def create(self, name, data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """See `Backend.create`."""
        found = super().create(name, data)
        if self.covering:
            self.covering = False
            self.shadow(name, b"garbage\n")
            return super().create(name, data)
        return found


@pytest.mark.spec("SHD-6")
@pytest.mark.parametrize("cover", [marker, garbage])
def test_covered_checkpoints_and_tiles(cover: Cover) -> None:
    """What was derived is found, proves what it proved, and is not written twice."""
    world = World()
    bucket = VersionedMemoryBackend(clock=world.clock)
    log = books.create(world, backend=bucket)
    log.append(books.write(*[books.accessed(1)] * 300))
    log.checkpoint()
    expected = [entry.raw for entry in log.entries()]
    for prefix in ("checkpoint/", "ledger/0/tile/"):
        for name in [stat.name for stat in bucket.list(prefix)]:
            cover(bucket, name)
    again = books.reopen(world, backend=bucket)
    proof = again.prove_inclusion(0)
    again.checkpoint()

    assert expected == [entry.raw for entry in again.entries()]
    assert b"/0\n301\n" in proof
    assert again.read_only is None


@pytest.mark.spec("SHD-6")
@pytest.mark.parametrize("cover", [garbage, marker, elsewhere])
def test_a_covered_checkpoint_still_tells_what_is_missing(cover: Cover) -> None:
    """Batches that were taken away are missed, whatever lies over the last checkpoint."""
    world = World()
    bucket, log = filled(world)
    first = log.checkpoint()
    log.append(books.write(books.accessed(1)))
    log.checkpoint()
    last = _layout.checkpoint(0, LAST + 2)
    if cover is elsewhere:
        bucket.shadow(last, first)
    else:
        cover(bucket, last)
    bucket.delete(_layout.batch(0, LAST + 1))

    assert ErrorKind.BATCH_MISSING is books.reopen(world, backend=bucket).read_only


def test_storage_that_races_is_read_alike() -> None:
    """What covers a batch in a race of creates is told apart in the same way."""
    world = World()
    bucket = RacyBackend()
    log = books.create(world, backend=bucket)
    log.append(books.write(books.accessed(1)))
    name = _layout.batch(0, 1)
    bucket.covered.setdefault(name, []).append(bucket.contents[name])
    bucket.contents[name] = b"garbage\n"

    assert hashes(log) == hashes(books.reopen(world, backend=bucket))
