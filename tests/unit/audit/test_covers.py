"""What an audit says of names that newer versions and delete markers cover."""

from typing import Final

import pytest

from bwcstore import _layout
from bwcstore.audit._budget import Budget
from bwcstore.audit._covers import Covers
from bwcstore.audit._findings import Finding, Severity
from bwcstore.audit._report import Report
from bwcstore.audit._run import audit_store
from bwcstore.errors import ErrorKind
from bwcstore.testing import VersionedMemoryBackend, World
from tests.unit.audit.stores import Shop, bytes_of, codes
from tests.unit.covers import Cover, garbage, marker, original, rewritten, truncated
from tests.unit.session.covering import COVERS, copied, filled, one_of_each, stripped, unlinked
from tests.unit.session.purging import approved, due
from tests.unit.session.world import chief

PARTS: Final = 9


@pytest.fixture(scope="module")
def made() -> tuple[World, VersionedMemoryBackend]:
    """A store with a name of every kind, to be copied."""
    world = World()
    bucket, store, _ = filled(world)
    store.close()
    return world, bucket


def shadows(report: Report) -> dict[str, Finding]:
    """What is said of covered names."""
    return {one.where: one for one in report.findings if one.code is ErrorKind.SHADOWED}


@pytest.mark.spec("SHD-7", "SHD-8", "AUD-39")
@pytest.mark.parametrize("cover", COVERS)
@pytest.mark.parametrize("keyed", [False, True])
def test_every_covered_name_is_named(
    made: tuple[World, VersionedMemoryBackend], cover: Cover, keyed: bool
) -> None:
    """Each is an error that says what lies over which version, and nothing else is wrong."""
    world, stored = made
    bucket = copied(stored, world)
    covered = one_of_each(bucket)
    for name in covered.values():
        cover(bucket, name)
    versions = {name: bucket.versions(name) for name in covered.values()}
    report = audit_store(bucket, vault=world.keys if keyed else None)
    found = shadows(report)

    assert PARTS == len(covered)
    assert {ErrorKind.SHADOWED} == codes(report)
    assert set(covered.values()) == set(found)
    for name, finding in found.items():
        assert f"version {versions[name][-1].version_id}" == finding.expected
        assert finding.got is not None
        assert versions[name][0].version_id in finding.got
        assert str(versions[name][0].modified)[:10] in finding.got
    assert PARTS == report.coverage.covered_names
    assert len([*bucket.all_versions("")]) == report.coverage.versions
    assert not report.ok


@pytest.mark.spec("SHD-3", "SHD-8")
@pytest.mark.parametrize("cover", [unlinked, stripped])
def test_a_batch_that_does_not_continue_is_a_cover(
    made: tuple[World, VersionedMemoryBackend], cover: Cover
) -> None:
    """Neither another link nor a copy without what is sealed is taken for the batch."""
    world, stored = made
    bucket = copied(stored, world)
    names = one_of_each(bucket)
    for stat in [*bucket.list("checkpoint/")]:
        bucket._bucket.versions.pop(stat.name)
    for kind in ("first batch", "middle batch", "last batch"):
        cover(bucket, names[kind])
    report = audit_store(bucket)

    assert {ErrorKind.SHADOWED} == codes(report)
    assert ErrorKind.PAYLOAD_MISSING not in {one.code for one in report.findings}
    assert 3 == len(report.errors)


@pytest.mark.spec("SHD-7", "SHD-8")
def test_a_store_that_is_not_covered(made: tuple[World, VersionedMemoryBackend]) -> None:
    """Nothing is found, and everything was looked at."""
    world, stored = made
    report = audit_store(copied(stored, world))

    assert () == report.errors
    assert {} == shadows(report)
    assert 0 == report.coverage.covered_names
    assert 0 < report.coverage.versions


@pytest.mark.spec("SHD-7")
def test_only_covers_are_kept_in_mind(made: tuple[World, VersionedMemoryBackend]) -> None:
    """However much is stored, nothing is kept of names with one version."""
    world, stored = made
    bucket = copied(stored, world)
    covered = one_of_each(bucket)["manifest"]
    marker(bucket, covered)
    covers = Covers()
    listed = [*covers.listed(bucket, "")]

    assert 200 < len(listed)
    assert [covered] == [name for name in listed if covers.of(name)]
    assert 1 == covers.names


@pytest.mark.spec("SHD-8")
def test_storage_without_versions_cannot_be_covered() -> None:
    """The report says that no versions were looked at."""
    shop = Shop()
    shop.ingest(bytes_of(100))
    report = audit_store(shop.close().world.backend)

    assert 0 == report.coverage.versions
    assert {} == shadows(report)


@pytest.mark.spec("SHD-8")
def test_where_nothing_right_is_left(made: tuple[World, VersionedMemoryBackend]) -> None:
    """What is gone under its cover is said to be, and is wrong by itself too."""
    world, stored = made
    bucket = copied(stored, world)
    names = one_of_each(bucket)
    for kind in ("segment", "manifest", "annex", "checkpoint", "tile"):
        bucket._bucket.versions[names[kind]].clear()
        garbage(bucket, names[kind])
        marker(bucket, names[kind])
    report = audit_store(bucket)
    wanted = {
        ErrorKind.SHADOWED,
        ErrorKind.MANIFEST_DIGEST,
        ErrorKind.ANNEX_DIGEST,
        ErrorKind.NOTE_INVALID,
        ErrorKind.TILE_DIFFERS,
    }

    assert wanted <= codes(report)
    for kind in ("manifest", "annex", "checkpoint", "tile"):
        assert "no version is right" in shadows(report)[names[kind]].message


@pytest.mark.spec("SHD-8")
def test_equal_versions_are_a_note(made: tuple[World, VersionedMemoryBackend]) -> None:
    """The same bytes once more, and what lies under the right version, cover nothing."""
    world, stored = made
    bucket = copied(stored, world)
    for name in one_of_each(bucket).values():
        bucket.shadow(name, original(bucket, name))
    report = audit_store(bucket)

    assert () == report.errors
    assert {Severity.NOTE} == {one.severity for one in shadows(report).values()}
    assert PARTS == len(shadows(report))


@pytest.mark.spec("SHD-8")
def test_what_a_budget_leaves_out_is_named_all_the_same() -> None:
    """A covered segment that this run did not read is an error that says so."""
    world = World()
    bucket, store, _ = filled(world, grants=1)
    store.close()
    segments = [stat.name for stat in bucket.list("objects/") if _layout.parse_segment(stat.name)]
    for name in segments:
        truncated(bucket, name)
    report = audit_store(bucket, budget=Budget(length_bytes=1))
    messages = [shadows(report)[name].message for name in segments]

    assert 2 == len(segments)
    assert "version" in messages[0]
    assert "was not read in this run" in messages[1]


@pytest.mark.spec("SHD-9")
def test_strangers_and_leftovers_are_not_covered_evidence(
    made: tuple[World, VersionedMemoryBackend],
) -> None:
    """Names that the ledger does not name are no shadows; strangers are counted apart."""
    world, stored = made
    bucket = copied(stored, world)
    for name in ("some/file", "objects/00000000-0000-4000-8000-000000000000/00000000"):
        bucket.shadow(name, b"x")
        bucket.shadow(name, b"y")
        bucket.mark(name)
    report = audit_store(bucket)

    assert {} == shadows(report)
    assert 1 == report.coverage.foreign_names


@pytest.mark.spec("AUD-25", "BKT-1")
def test_keys_of_others_are_counted_and_shown_safely(
    made: tuple[World, VersionedMemoryBackend],
) -> None:
    """Keys that cannot be names are counted with the strangers; the first are shown, printable and
    cut, and nothing is wrong.
    """
    world, stored = made
    bucket = copied(stored, world)
    bucket.shadow("some/file", b"x")
    keys = ["Upper", "\x1b[2J", "x" * 500, "with space", *(f"Z{n}" for n in range(100))]
    for key in keys:
        bucket.litter(key)
    report = audit_store(bucket)
    (note,) = (one for one in report.findings if one.code is ErrorKind.NAME_INVALID)

    assert report.ok
    assert Severity.NOTE is note.severity
    assert len(keys) + 1 == report.coverage.foreign_names
    assert note.got is not None
    assert note.got.startswith("some/file, '\\x1b[2J', 'Upper', ")
    assert len(note.got) < 500


@pytest.mark.spec("SHD-9")
def test_markers_over_what_was_destroyed_are_a_note() -> None:
    """A marker over a destroyed segment covers nothing, and is named."""
    world = World()
    bucket = VersionedMemoryBackend(clock=world.clock)
    world.backend = bucket
    store = due(world, clips=1)
    with chief(store) as session:
        session.run_purge(approved(store))
    (state,) = store.objects()
    store.close()
    name = _layout.segment(state.object_id, 0)
    bucket.mark(name)
    report = audit_store(bucket)

    assert () == report.errors
    assert Severity.NOTE is shadows(report)[name].severity


@pytest.mark.spec("SHD-4", "AUD-39")
def test_a_signed_checkpoint_makes_a_history_a_cover(
    made: tuple[World, VersionedMemoryBackend],
) -> None:
    """Another end of the ledger is a fork only where no checkpoint says which one is right."""
    world, stored = made
    bucket = copied(stored, world)
    last = one_of_each(bucket)["last batch"]
    bucket.shadow(last, rewritten(bucket, last))
    signed = audit_store(bucket)
    for stat in [*bucket.list("checkpoint/")]:
        bucket._bucket.versions.pop(stat.name)
    unsigned = audit_store(bucket)

    assert {ErrorKind.SHADOWED} == codes(signed)
    assert {ErrorKind.SHADOWED, ErrorKind.FORKED} == codes(unsigned)


@pytest.mark.spec("SHD-4", "AUD-39")
def test_a_signed_checkpoint_displaces_nothing(
    made: tuple[World, VersionedMemoryBackend],
) -> None:
    """What was committed under a batch that is signed over is a fork: somebody was promised it."""
    world, stored = made
    bucket = copied(stored, world)
    name = _layout.batch(0, 2)
    bucket.shadow(name, rewritten(bucket, name))
    versions = bucket._bucket.versions[name]
    versions.insert(0, versions.pop())
    report = audit_store(bucket)

    assert [name] == [one.where for one in report.errors if one.code is ErrorKind.FORKED]
