"""No more is read of a small thing than it can be long, whatever somebody put there."""

import os
from pathlib import Path
from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._limits import size_max, whole
from bwcstore._session._annexes import get_annex, put_annex
from bwcstore._values import ByteRange, Digest, ObjectId
from bwcstore.audit._run import audit_store
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._tiles import TILE_HEIGHT, TILE_WIDTH, encode_bundle, encode_tile
from bwcstore.ledger._tree import Tree
from bwcstore.testing import VersionedMemoryBackend, World
from tests.unit.audit.stores import codes
from tests.unit.counting import CountingBucket, CountingFolder
from tests.unit.covers import original
from tests.unit.session.covering import LENGTH, copied, filled, one_of_each
from tests.unit.session.world import chief, create, recording, reopen, stream

OBJECT: Final = ObjectId("0190163d-8694-7000-8000-0000000000ab")
DIGEST: Final = Digest(b"\x0f" * 32)
SIZES: Final = {
    _layout.batch(3, 14): 16_777_216,
    _layout.candidate(_layout.batch(3, 14), DIGEST): 16_777_216,
    _layout.checkpoint(3, 14): 65_536,
    _layout.tile(3, 1, 4): 8_192,
    _layout.bundle(3, 14): 8_389_120,
    _layout.manifest(OBJECT, DIGEST): 67_108_864,
    _layout.annex(DIGEST): 67_108_864,
}
SMALL: Final = ("annex", "bundle", "checkpoint", "first batch", "last batch", "manifest", "tile")
BEYOND: Final = 1000


@pytest.fixture(scope="module")
def made() -> tuple[World, VersionedMemoryBackend, ObjectId]:
    """A store with a name of every kind, to be copied."""
    world = World()
    bucket, store, object_id = filled(world)
    store.close()
    return world, bucket, object_id


def overlaid(stored: VersionedMemoryBackend, world: World) -> tuple[CountingBucket, list[str]]:
    """A copy in which each kind of small thing lies under something longer than it may be, which
    begins with what is right; and their names.
    """
    bucket = CountingBucket(clock=world.clock)
    bucket._bucket = copied(stored, world)._bucket
    found = one_of_each(bucket)
    names = [found[kind] for kind in SMALL]
    for name in names:
        bucket.shadow(name, original(bucket, name).ljust(size_max(name) + BEYOND, b"\n"))
    bucket.readings.clear()
    return bucket, names


def excess(bucket: CountingBucket) -> dict[str, int]:
    """The names of which a reading gave more than is needed, and how much."""
    return {name: most for name, most in bucket.longest().items() if most > size_max(name) + 1}


@pytest.mark.spec("NAM-13")
@pytest.mark.parametrize("name", SIZES)
def test_every_name_has_a_limit(name: str) -> None:
    """It is what the chapter says, and one byte more is asked for."""
    assert SIZES[name] == size_max(name)
    assert ByteRange(0, SIZES[name] + 1) == whole(name)


@pytest.mark.spec("NAM-13")
def test_full_tiles_and_the_largest_bundle_fit() -> None:
    """What is derived is exactly as long as it may be, if its leaves are."""
    tree = Tree()
    for number in range(TILE_WIDTH):
        tree.append(number.to_bytes(32, "big"))
    tile = encode_tile(tree, 0, 0)
    bundle = encode_bundle([bytes(32_768)] * TILE_WIDTH)

    assert 8 == TILE_HEIGHT
    assert size_max(_layout.tile(0, 0, 0)) == len(tile)
    assert size_max(_layout.bundle(0, 0)) == len(bundle)


@pytest.mark.spec("NAM-14", "SHD-2")
def test_what_is_too_long_covers_nothing(
    made: tuple[World, VersionedMemoryBackend, ObjectId],
) -> None:
    """The ledger opens and grows, and annex, recording and entries are read, past what is longer
    than it may be, of which never more is read than is needed.
    """
    world, stored, object_id = made
    bucket, names = overlaid(stored, world)
    world.backend = bucket
    store = reopen(world)
    entries = [entry.index for entry in store._services.log.entries()]
    with chief(store) as session, session.read(object_id) as found:
        data = found.read()
    annex = next(name for name in names if _layout.parse_annex(name))
    text = get_annex(bucket, Digest.parse(annex.removeprefix("annex/")))

    assert list(range(len(entries))) == entries
    assert store._services.log.read_only is None
    assert recording(LENGTH) == data
    assert original(bucket, annex) == text
    assert {} == excess(bucket)


@pytest.mark.spec("NAM-14", "SHD-8")
def test_an_audit_reads_no_more(made: tuple[World, VersionedMemoryBackend, ObjectId]) -> None:
    """All of them are covered, and nothing else is wrong."""
    world, stored, _ = made
    bucket, names = overlaid(stored, world)
    report = audit_store(bucket)

    assert {ErrorKind.SHADOWED} == codes(report)
    assert set(names) == {one.where for one in report.errors}
    assert {} == excess(bucket)


@pytest.mark.spec("NAM-14", "SHD-10")
def test_what_is_too_long_is_uncovered(
    made: tuple[World, VersionedMemoryBackend, ObjectId],
) -> None:
    """A repair takes it away without reading it whole."""
    world, stored, _ = made
    bucket, names = overlaid(stored, world)
    world.backend = bucket
    with chief(reopen(world)) as session:
        report = session.repair_shadows()

    assert sorted(names) == sorted(one.name for one in report.repaired)
    assert ((), ()) == (report.lost, report.problems)
    assert {} == excess(bucket)


@pytest.mark.spec("NAM-14")
@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("ledger/0/batch/", ErrorKind.TOO_LARGE),
        ("objects/", ErrorKind.MANIFEST_DIGEST),
        ("annex/", ErrorKind.ANNEX_DIGEST),
    ],
)
def test_a_huge_file_is_refused(tmp_path: Path, prefix: str, code: ErrorKind) -> None:
    """In a folder nothing lies under it: it fails as other wrong bytes do."""
    world = World()
    folder = CountingFolder(tmp_path)
    world.backend = folder
    store = create(world)
    with chief(store) as session:
        object_id = session.ingest(stream(100)).object_id
        session.authorize("chief", purposes=["investigation"])
    annex = put_annex(folder, b"the text of a law")
    small = [stat.name for stat in folder.list(prefix) if _layout.parse_segment(stat.name) is None]
    os.truncate(tmp_path / small[0], 1 << 30)
    folder.readings.clear()
    with pytest.raises(BwcStoreError) as caught:
        use(world, object_id, annex)

    assert code is caught.value.kind
    assert [size_max(small[0]) + 1] == folder.lengths(small[0])


def use(world: World, object_id: ObjectId, annex: Digest) -> None:
    """Open a store, and read a recording and an annex."""
    with chief(reopen(world)) as session, session.read(object_id) as found:
        found.read()
    get_annex(world.backend, annex)
