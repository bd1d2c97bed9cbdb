"""Finding what is covered, and uncovering it, whatever fails meanwhile."""

from collections.abc import Sequence
from typing import Final

import attrs
import pytest

from bwcstore import _layout
from bwcstore._encoding import sha256
from bwcstore._ports import Stat
from bwcstore._session._shadow_repair import GROUP, REMOVED_MAX
from bwcstore.audit._run import audit_store
from bwcstore.custody._authority import Role
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    IntegrityError,
    StorageError,
)
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.testing import (
    MemoryBackend,
    VersionedMemoryBackend,
    World,
)
from tests.unit.covers import Cover, garbage, marker, original
from tests.unit.session.covering import (
    COVERS,
    LENGTH,
    copied,
    copied_keys,
    filled,
    names_of_all,
    one_of_each,
    repairs,
)
from tests.unit.session.world import SETTINGS, chief, create, recording, reopen, stream

KINDS: Final = (
    "annex",
    "bundle",
    "checkpoint",
    "first batch",
    "last batch",
    "manifest",
    "middle batch",
    "segment",
    "tile",
)


@pytest.mark.spec("SHD-10", "SHD-11", "SHD-12")
@pytest.mark.parametrize("cover", COVERS)
def test_every_kind_of_name_is_uncovered(cover: Cover) -> None:
    """What was covered is again the only version, and the ledger says what was removed."""
    world = World()
    bucket, store, object_id = filled(world)
    before = {name: bucket.versions(name) for name in names_of_all(bucket)}
    covered = one_of_each(bucket)
    for name in covered.values():
        cover(bucket, name)
    over = {name: bucket.versions(name)[:-1] for name in covered.values()}
    world.backend = bucket = bucket.reopened()
    store = reopen(world)
    with chief(store) as session:
        found = [*session.find_shadows()]
        untouched = {name: bucket.versions(name)[:-1] for name in covered.values()}
        report = session.repair_shadows()
        again = session.repair_shadows()
        with session.read(object_id) as opened:
            data = opened.read()
    said = repairs(store)

    assert set(KINDS) == set(covered)
    assert over == untouched
    assert sorted(covered.values()) == [one.name for one in found]
    assert over == {one.name: one.covers for one in found}
    assert before == {name: bucket.versions(name) for name in before}
    assert recording(LENGTH) == data
    assert ((), ()) == (report.lost, report.problems)
    assert sorted(covered.values()) == [one.name for one in report.repaired]
    assert ((), (), ()) == (again.repaired, again.lost, again.problems)
    assert {name: [one.version_id for one in versions] for name, versions in over.items()} == {
        one["name"]: one["removed"] for one in said
    }
    assert {
        name: versions[-1].version_id
        for name, versions in before.items()
        if name in covered.values()
    } == {one["name"]: one["kept"] for one in said}


@pytest.mark.spec("SHD-11")
def test_what_verifies_nowhere_is_left_alone() -> None:
    """Where no version is right, nothing is removed, and the name is told."""
    world = World()
    bucket, store, _ = filled(world)
    segment, manifest = (one_of_each(bucket)[kind] for kind in ("segment", "manifest"))
    for name in (segment, manifest):
        bucket._bucket.versions[name].clear()
        garbage(bucket, name)
        marker(bucket, name)
    left = {name: bucket.versions(name) for name in (segment, manifest)}
    with chief(store) as session:
        report = session.repair_shadows()

    assert sorted([segment, manifest, _other_segment(segment)][:2]) == sorted(report.lost)
    assert () == report.repaired
    assert [] == repairs(store)
    assert left == {name: bucket.versions(name) for name in left}


def _other_segment(name: str) -> str:
    return name[:-1] + "1"


@pytest.mark.spec("SHD-10")
def test_only_what_the_ledger_names_is_touched() -> None:
    """Leftovers, strangers and destroyed things keep whatever lies there."""
    world = World()
    bucket, store, object_id = filled(world)
    other = _layout.manifest(object_id, sha256(b"x"))
    strange = [
        other,
        "objects/00000000-0000-4000-8000-000000000000/00000000",
        "something/else",
        _layout.batch(0, 10**6),
        _layout.checkpoint(7, 5),
        _layout.tile(0, 5, 0),
    ]
    for name in strange:
        bucket.shadow(name, b"x")
        bucket.shadow(name, b"y")
        bucket.mark(name)
    before = [*bucket.all_versions("")]
    with chief(store) as session:
        found = [*session.find_shadows()]
        session.repair_shadows()

    assert [] == found
    assert before == [*bucket.all_versions("")]


@pytest.mark.spec("SHD-10", "SHD-11")
def test_the_oldest_of_equal_versions_is_kept() -> None:
    """A second identical version is removed, and nothing that is under the one that is right."""
    world = World()
    bucket, store, _ = filled(world)
    names = one_of_each(bucket)
    for name in names.values():
        bucket.shadow(name, original(bucket, name))
    with chief(store) as session:
        report = session.repair_shadows()

    assert len(names) == len(report.repaired)
    assert all(len(bucket.versions(name)) == 1 for name in names.values())


class Vanishing(VersionedMemoryBackend):
    """Loses the oldest version of a name when the next batch is stored."""

    victim: str | None = None

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`."""
        if self.victim is not None and _layout.parse_batch(name):
            self._bucket.versions[self.victim].pop(0)
            self.victim = None
        return super().create(name, data)


@pytest.mark.spec("SHD-11")
def test_what_is_kept_is_read_directly_before() -> None:
    """Where it is no longer there after the entry was written, nothing over it is removed."""
    world = World()
    bucket, store, _ = filled(world, grants=1)
    store.close()
    world.backend = vanishing = Vanishing(clock=world.clock)
    vanishing._bucket = bucket._bucket
    store = reopen(world)
    name = one_of_each(vanishing)["manifest"]
    garbage(vanishing, name)
    vanishing.victim = name
    with chief(store) as session:
        report = session.repair_shadows()

    assert () == report.repaired
    assert 1 == len(report.problems)
    assert 1 == len(vanishing.versions(name))


@pytest.mark.spec("SHD-11")
def test_markers_under_what_is_kept_go_too() -> None:
    """A marker that storage places under what it covers goes with those above it."""
    world = World()
    bucket, store, _ = filled(world, grants=1)
    name = one_of_each(bucket)["segment"]
    marker(bucket, name)
    kept = bucket._bucket.versions[name]
    kept.reverse()
    marker(bucket, name)
    with chief(store) as session:
        (found,) = session.find_shadows()
        report = session.repair_shadows()

    assert 2 == len(found.covers)
    assert () == report.problems
    assert 1 == len(bucket.versions(name))


@pytest.mark.spec("SHD-13")
def test_a_cover_that_the_storage_keeps_stays() -> None:
    """What is locked is told and left; the rest goes, and reading goes on as before."""
    world = World()
    bucket, store, object_id = filled(world)
    names = one_of_each(bucket)
    held, locked = names["manifest"], names["segment"]
    for name in (held, locked):
        garbage(bucket, name)
    bucket.place_legal_hold(held, bucket.versions(held)[0].version_id)
    bucket.extend_lock(
        locked, bucket.versions(locked)[0].version_id, world.clock.now().plus_seconds(60)
    )
    marker(bucket, held)
    kept = {bucket.versions(held)[1].version_id, bucket.versions(locked)[0].version_id}
    with chief(store) as session:
        report = session.repair_shadows()
        said = {gone for one in repairs(store) for gone in one["removed"]}
        with session.read(object_id) as opened:
            data = opened.read()
        world.clock.advance(61)
        later = session.repair_shadows()

    assert set() == said & kept
    assert recording(LENGTH) == data
    assert [held] == [one.name for one in report.repaired]
    assert 2 == len(report.problems)
    assert [locked] == [one.name for one in later.repaired]
    assert 1 == len(later.problems)


@pytest.mark.spec("SHD-12")
def test_many_covers_share_entries_of_a_bounded_size() -> None:
    """Groups of names, and no more versions of one in a record than it can hold."""
    world = World()
    bucket, store, _ = filled(world)
    batches = [name for name in names_of_all(bucket) if _layout.parse_batch(name)][: GROUP + 3]
    for name in batches[1:]:
        marker(bucket, name)
    for _ in range(2 * REMOVED_MAX + 5):
        marker(bucket, batches[0])
    with chief(store) as session:
        report = session.repair_shadows()
    entries = [one for one in store._services.log.entries() if one.kind == "shadows.repaired"]

    assert () == report.problems
    assert 2 == len(entries)
    assert [REMOVED_MAX, REMOVED_MAX, 5] == [len(one.removed) for one in report.repaired[:3]]
    assert all(len(bucket.versions(name)) == 1 for name in batches)


def test_who_may_repair() -> None:
    """The responsible authority alone; the refusal is in the ledger."""
    world = World()
    _, store, _ = filled(world)
    with chief(store) as session:
        session.enrol("clerk", roles=[Role.RECORDS])
    with store.session(actor="clerk", reason="tidy", purpose="records") as session:
        with pytest.raises(AuthorizationError):
            session.find_shadows()
        with pytest.raises(AuthorizationError):
            session.repair_shadows()


def test_storage_without_versions_has_nothing_to_repair() -> None:
    """It is said, not passed over."""
    store = create(World())
    with chief(store) as session, pytest.raises(StorageError) as caught:
        session.repair_shadows()

    assert ErrorKind.STORAGE_UNFIT is caught.value.kind


@pytest.mark.spec("SHD-4")
def test_a_fork_is_not_repaired() -> None:
    """Which of two histories is true is not for a repair to say."""
    world = World()
    bucket, store, _ = filled(world)
    last = one_of_each(bucket)["last batch"]
    store.close()
    other = World(seed=9, keys=copied_keys(world))
    other.clock = world.clock
    other.backend = forger = copied(bucket, world)
    forger._bucket.versions.pop(last)
    for place in (bucket, forger):
        for name in names_of_all(place):
            if _layout.parse_checkpoint(name):
                place._bucket.versions.pop(name)
    for keys in (world.keys, other.keys):
        keys.remembered.clear()  # type: ignore[attr-defined]
    with chief(reopen(other)) as session:
        session.authorize("chief", purposes=["investigation"])
    bucket.shadow(last, forger.read(last))
    world.backend = bucket.reopened()
    store = reopen(world)
    with chief(store) as session, pytest.raises(IntegrityError) as caught:
        session.repair_shadows()
    findings = {one.code for one in audit_store(bucket).errors}

    assert ErrorKind.FORKED is caught.value.kind
    assert ErrorKind.FORKED in findings


@pytest.mark.spec("SHD-5")
@pytest.mark.parametrize("cover", COVERS)
def test_a_claimed_batch_is_uncovered(cover: Cover) -> None:
    """Claims say which bytes a batch is; what lies over its candidate is removed likewise."""
    world = World()
    bucket = VersionedMemoryBackend(clock=world.clock)
    claims = MemoryBackend()
    world.backend = ClaimedBackend(bucket, claims)
    store = create(world, attrs.evolve(SETTINGS, protocol="claimed"))
    with chief(store) as session:
        session.ingest(stream(LENGTH))
    names = [name for name in names_of_all(bucket) if "/batch/" in name]
    for name in names:
        cover(bucket, name)
    world.backend = ClaimedBackend(bucket.reopened(), claims)
    store = reopen(world)
    before = audit_store(world.backend)
    with chief(store) as session:
        report = session.repair_shadows()
    after = audit_store(world.backend)

    assert len(names) == len(report.repaired)
    assert () == report.problems
    assert {ErrorKind.SHADOWED} == {one.code for one in before.errors}
    assert len(names) == len(before.errors)
    assert () == after.errors
