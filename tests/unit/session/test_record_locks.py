"""Records are locked for their full time again, and nothing else is."""

import pytest

from bwcstore import _layout
from tests.unit.session.purging import DAY
from tests.unit.session.test_locks import LOCKED, bucketed, ingest, ruled, state_of
from tests.unit.session.world import chief, create


@pytest.mark.spec("LCK-11")
def test_records_are_locked_anew_once_half_their_time_has_passed() -> None:
    """Not before; then every version of every record."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    ingest(store)
    with chief(store) as session:
        session.sync_locks()
        world.clock.advance(49 * DAY)
        early = session.sync_locks()
        world.clock.advance(2 * DAY)
        due = session.sync_locks()
    ends = {
        lock.locked_until
        for version in bucket.all_versions("")
        if not _layout.parse_segment(version.name)
        for lock in bucket.versions(version.name)
    }

    assert 0 == early.records
    assert due.records > 0
    assert due.records_until is not None
    assert all(end is not None and end >= due.records_until for end in ends)


@pytest.mark.spec("LCK-11")
def test_what_others_put_there_is_not_locked() -> None:
    """Covers, and what lies under numbers to come or beside the ledger, stay as they were put."""
    world, bucket = bucketed()
    store = ruled(world)
    made = ingest(store)
    store._services.log.checkpoint()
    state = state_of(store, made)
    manifest = _layout.manifest(made, state.manifest_digest)
    covered = [_layout.batch(0, 1), manifest]
    covered += [stat.name for prefix in ("checkpoint/", "annex/") for stat in bucket.list(prefix)]
    strange = [
        _layout.batch(0, 900),
        _layout.batch(7, 0),
        _layout.tile(0, 0, 5),
        _layout.checkpoint(0, 1),
        _layout.checkpoint(0, 900),
        f"annex/{'7' * 64}",
        "ledger/odd",
    ]
    covers = {name: bucket.shadow(name, b"garbage") for name in covered + strange}
    with chief(store) as session:
        report = session.sync_locks()
    rights = [bucket.versions(name)[-1].locked_until for name in covered]
    ends = {name: one.locked_until for name in covers for one in bucket.versions(name)[:1]}

    assert len(covered) > 4
    assert () == report.problems
    assert report.records_until is not None
    assert all(end is not None and end >= report.records_until for end in rights)
    assert dict.fromkeys(covers) == ends


@pytest.mark.spec("LCK-11")
def test_what_a_broken_run_locked_is_not_told_again() -> None:
    """The next run of the day goes on where it broke off."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    made = ingest(store)
    manifest = _layout.manifest(made, state_of(store, made).manifest_digest)
    world.clock.advance(60 * DAY)
    bucket.refused = _layout.batch(0, 0)
    with chief(store) as session:
        session.sync_locks()
        first, bucket.told, bucket.refused = bucket.told, [], None
        world.clock.advance(60)
        report = session.sync_locks()

    assert report.records_until is not None
    assert {manifest, _layout.batch(0, 1), _layout.batch(0, 0)} <= set(first)
    assert {_layout.batch(0, 0)} == {manifest, _layout.batch(0, 1), _layout.batch(0, 0)} & set(
        bucket.told
    )


@pytest.mark.spec("LCK-11")
def test_records_of_which_one_fails_are_not_said_to_be_locked() -> None:
    """The entry says nothing of records, and the next run tries them again."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    bucket.refused = _layout.batch(0, 0)
    world.clock.advance(DAY)
    with chief(store) as session:
        broken = session.sync_locks()
        bucket.refused = None
        mended = session.sync_locks()

    assert broken.records_until is None
    assert 1 == len(broken.problems)
    assert mended.records_until is not None
