"""Destruction from plan to key epoch, and what stops it before it begins."""

from typing import cast

import attrs
import pytest

from bwcstore import _layout
from bwcstore._ports import ProgressEvent
from bwcstore._values import Digest, Instant, ScopeId
from bwcstore.custody._recording import SourceId
from bwcstore.errors import (
    ErrorKind,
    IntegrityError,
    RetentionError,
)
from bwcstore.objects._manifest import content_key_id, record_key_id
from bwcstore.purge._approval import PlanPhase
from bwcstore.testing import MemoryVault, World
from tests.unit.session.purging import (
    DAY,
    NOWHERE,
    approved,
    approved_large,
    as_,
    assert_fact,
    clip,
    due,
    hold,
    ids,
    kinds,
    living,
    refusals,
    refused,
    release,
    say,
    segments,
    town,
)
from tests.unit.session.world import CHUNK, admit, chief, reopen, stream


@pytest.mark.spec("PRG-12", "PRG-14", "PRG-15", "PRG-17")
def test_what_is_due_is_destroyed_and_nothing_else() -> None:
    """Bytes and content key are gone; manifest, record key and the other recording stay."""
    world = World()
    store = town(world, length_bytes=3 * CHUNK)
    (old,) = ids(store)
    world.clock.advance(100 * DAY)
    with chief(store) as session:
        young = clip(session)
    plan = approved(store)
    with chief(store) as session:
        run = session.run_purge(plan)

    assert ((old,), {}, {}, 0) == (run.completed, dict(run.withheld), dict(run.failed), run.epoch)
    assert [] == segments(world, old)
    assert [True] == [name in world.storage.contents for name in segments(world, young)]
    assert content_key_id(old) not in living(world)
    assert {record_key_id(old), content_key_id(young)} <= living(world).keys()
    assert ("purged", "present") == (store.object(old).status, store.object(young).status)
    assert 1 == world.vault.epoch
    assert [
        "purge.started",
        "purge.completed",
        "purge.run_ended",
    ] == kinds(store, "purge.")


@pytest.mark.spec("PRG-13", "PRG-14")
def test_the_entries_say_why_and_what() -> None:
    """Law, rules, dates, approvals; versions, bytes, replicas, epoch."""
    world = World()
    store = due(world, length_bytes=2 * CHUNK)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
    entries = list(store._services.log.entries())
    approval = next(one for one in entries if one.kind == "plan.approved")
    started = next(one for one in entries if one.kind == "purge.started")
    completed = next(one for one in entries if one.kind == "purge.completed")

    floors = cast("list[dict[str, str]]", started.body["floors"])
    outcomes = cast("list[dict[str, str]]", completed.body["outcomes"])

    assert ["basic", "standard"] == [one["rule"] for one in floors]
    assert [{"rule": "standard", "cite": "schedule, line 1"}] == started.body["authority"]
    assert [approval.index] == started.body["approvals"]
    assert ("2026-04-01", "2026-04-02", "2026-04-11") == (
        started.body["last_protected"],
        started.body["disposal"],
        started.body["as_of"],
    )
    assert (2, 0, ["memory-a", "memory-b"]) == (
        completed.body["versions"],
        completed.body["epoch"],
        completed.body["replicas"],
    )
    assert ["deleted"] * 2 == [one["outcome"] for one in outcomes]


@pytest.mark.spec("PRG-12")
def test_a_checkpoint_covers_the_start_before_the_first_key_goes() -> None:
    """When the first key is destroyed, a stored checkpoint covers every started destruction."""
    world = World()
    store = due(world, clips=2)
    plan = approved(store)
    seen: list[tuple[int, int]] = []

    class Watching(MemoryVault):
        def destroy(self, key_ids: object) -> None:
            sizes = [
                found[1]
                for name in world.storage.contents
                if (found := _layout.parse_checkpoint(name))
            ]
            started = [
                one.index for one in store._services.log.entries() if one.kind == "purge.started"
            ]
            seen.append((max(sizes), max(started)))
            super().destroy(key_ids)  # type: ignore[arg-type]

    keys = Watching()
    keys.living, keys.remembered = living(world), world.keys.remembered  # type: ignore[attr-defined]
    store._services.vault = keys
    with chief(store) as session:
        session.run_purge(plan)

    assert 1 == len(seen)
    assert seen[0][0] > seen[0][1]


@pytest.mark.spec("PRG-16")
def test_running_a_finished_plan_again_does_nothing() -> None:
    """The second run reports nothing and appends nothing."""
    store = due(World())
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
        size = store.size
        again = session.run_purge(plan)
        status = session.purge_status(plan)

    assert size == store.size
    assert ((), {}, None) == (again.completed, dict(again.failed), again.epoch)
    assert (PlanPhase.DONE, 1) == (status.phase, status.runs)


@pytest.mark.spec("PRG-1", "PRG-3")
def test_a_hold_between_plan_and_run_wins() -> None:
    """The held one is passed over and logged, the other is destroyed; later the hold ends."""
    world = World()
    store = due(world, clips=2)
    held, free = ids(store)
    plan = approved(store)
    with as_(store, "ann") as session:
        hold(session, held)
    with chief(store) as session:
        run = session.run_purge(plan)

    assert {held: ErrorKind.OBJECT_HELD} == dict(run.withheld)
    assert (free,) == run.completed
    assert content_key_id(held) in living(world)
    assert [("purge", "object-held")] == refusals(store)
    with as_(store, "ann") as session:
        release(session)
    # The day of the release is protected too (LAW-63), a Saturday, and rolls.
    world.clock.advance(4 * DAY)
    with chief(store) as session:
        assert (held,) == session.run_purge(plan).completed


@pytest.mark.spec("PRG-20")
def test_a_hold_after_the_start_is_refused() -> None:
    """What is being destroyed, or is destroyed, takes no hold any more."""
    world = World()
    store = due(world)
    (gone,) = ids(store)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
        with pytest.raises(IntegrityError) as caught:
            hold(session, gone)

    assert ErrorKind.STATE_INVALID == caught.value.kind
    assert "hold.bound" not in kinds(store)


@pytest.mark.spec("PRG-1", "PRG-4")
def test_facts_that_change_after_the_approval_decide() -> None:
    """Force that becomes known after the approval protects for a year."""
    store = due(World())
    (object_id,) = ids(store)
    plan = approved(store)
    with as_(store, "ann") as session:
        first = store.object(object_id).keeping.facts[0]
        body = {
            "assertion": NOWHERE.text,
            "fact": "force",
            "value": "some",
            "since": str(first.since),
            "basis": "report",
            "supersedes": first.assertion_id,
        }
        say(session, "fact.asserted", body, scope=ScopeId.object(object_id))
    with chief(store) as session:
        run = session.run_purge(plan)

    assert {object_id: ErrorKind.OBJECT_PROTECTED} == dict(run.withheld)
    assert "purge.started" not in kinds(store)


@pytest.mark.spec("PRG-12")
@pytest.mark.parametrize("until", [None, Instant.parse("2030-01-01T00:00:00.000000Z")])
def test_what_the_storage_keeps_is_withheld_with_its_key(until: Instant | None) -> None:
    """A lock or legal hold of one segment withholds the recording; no key is touched."""
    world = World()
    store = due(world, clips=2, length_bytes=3 * CHUNK)
    locked, free = ids(store)
    world.storage.locks[segments(world, locked)[1]] = until
    plan = approved(store)
    with chief(store) as session:
        run = session.run_purge(plan)

    assert {locked: ErrorKind.WITHHELD_BY_STORAGE} == dict(run.withheld)
    assert (free,) == run.completed
    assert content_key_id(locked) in living(world)
    assert ("purge", "withheld-by-storage") in refusals(store)
    with admit(store) as reader, reader.read(locked) as plain:
        assert 3 * CHUNK == len(plain.read())
    world.storage.locks.clear()
    with chief(store) as session:
        assert (locked,) == session.run_purge(plan).completed


@pytest.mark.spec("PRG-14", "PRG-15")
def test_a_failure_is_logged_and_the_next_run_of_any_plan_finishes() -> None:
    """A lock that comes after the look fails one recording; another plan's run ends it."""
    world = World()
    store = due(world, clips=2)
    first, second = ids(store)
    plan = approved(store)
    name = segments(world, first)[0]
    vault = store._services.vault

    class Locking(MemoryVault):
        def destroy(self, key_ids: object) -> None:
            world.storage.locks[name] = None
            super().destroy(key_ids)  # type: ignore[arg-type]

    keys = Locking()
    keys.living = living(world)
    store._services.vault = keys
    with chief(store) as session:
        run = session.run_purge(plan)
        status = session.purge_status(plan)
    store._services.vault = vault

    assert {first: ErrorKind.WITHHELD_BY_STORAGE} == dict(run.failed)
    assert ((second,), (first,)) == (status.completed, status.begun)
    assert 1 == kinds(store).count("purge.failed")
    world.storage.locks.clear()
    with chief(store) as session:
        clip(session)
    world.clock.advance(100 * DAY)
    other = approved(store)
    with chief(store) as session:
        again = session.run_purge(other)

    assert first in again.completed
    assert [] == segments(world, first)


@pytest.mark.spec("PRG-16")
def test_two_runs_at_once_destroy_everything_once() -> None:
    """A second process that runs the same plan in the middle of the first one is harmless."""
    world = World()
    store = due(world, clips=70)
    plan = approved_large(store, world)
    other = reopen(world)
    told: list[int] = []

    def meanwhile(event: ProgressEvent) -> None:
        if not told:
            told.append(event.done_count)
            with chief(other) as session:
                session.run_purge(plan)

    with chief(store) as session:
        run = session.run_purge(plan, progress=meanwhile)
    store._services.log.refresh()

    assert 70 == kinds(store).count("purge.completed") == kinds(store).count("purge.started")
    assert {} == dict(run.failed)
    assert not any(key.startswith("content/") for key in living(world))


@pytest.mark.spec("PRG-15")
def test_a_key_that_comes_back_is_destroyed_again() -> None:
    """A key that another process had put back is found in the inventory after the rotation."""
    world = World()
    store = due(world)
    (object_id,) = ids(store)
    plan = approved(store)
    key_id = content_key_id(object_id)

    class Stubborn(MemoryVault):
        def rotate(self) -> int:
            if self.epoch == 0:
                self.living[key_id] = bytes(32)
            return super().rotate()

    keys = Stubborn()
    keys.living = living(world)
    store._services.vault = keys
    with chief(store) as session:
        run = session.run_purge(plan)

    assert 1 == run.epoch
    assert key_id not in keys.living
    assert 2 == kinds(store).count("keys.epoch_destroyed")


@pytest.mark.spec("PRG-19")
def test_what_is_destroyed_is_neither_read_nor_taken_in_again() -> None:
    """Reading names the certificate; the same source id is refused; both are logged."""
    world = World()
    store = town(world, clips=0)
    source = SourceId(scope="camera-7", text="clip-1")
    with chief(store) as session:
        gone = session.ingest(stream(9), source_id=source).object_id
        assert_fact(session, gone, "force", "none")
        assert_fact(session, gone, "investigation", "none")
    world.clock.advance(100 * DAY)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
        again = refused(lambda: session.ingest(stream(9), source_id=source), RetentionError)
    with admit(store) as reader, pytest.raises(RetentionError) as caught:
        reader.read(gone)

    assert (ErrorKind.SOURCE_PURGED, ErrorKind.OBJECT_PURGED) == (again, caught.value.kind)
    assert f"certificate {store.object(gone).purged}" in caught.value.message
    assert [("ingest", "source-purged"), ("read", "object-purged")] == refusals(store)


@pytest.mark.spec("PRG-14")
def test_many_outcomes_stand_in_an_annex() -> None:
    """More than 64 versions do not fit the entry."""
    world = World()
    store = due(world, length_bytes=130 * CHUNK)
    (object_id,) = ids(store)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
    entries = store._services.log.entries()
    completed = next(one for one in entries if one.kind == "purge.completed")
    annex = Digest.parse(str(completed.body["outcomes_annex"]))

    assert ([], 66) == (completed.body["outcomes"], completed.body["versions"])
    assert object_id.text.encode() in world.storage.contents[_layout.annex(annex)]


@pytest.mark.spec("PRG-22", "STA-5")
def test_destruction_begins_only_where_two_derivations_agree() -> None:
    """A hold that this process has lost from its state is found before anything is destroyed."""
    world = World()
    store = due(world)
    (object_id,) = ids(store)
    plan = approved(store)
    state = store._services.log.state
    with as_(store, "ann") as session:
        hold(session, object_id)
    found = store.object(object_id)
    state._objects[object_id] = attrs.evolve(
        found, keeping=attrs.evolve(found.keeping, holds=frozenset())
    )
    with chief(store) as session:
        kind = refused(lambda: session.run_purge(plan), IntegrityError)

    assert ErrorKind.STATE_ROOT == kind
    assert content_key_id(object_id) in living(world)
    assert not {"state.committed", "purge.started"} & set(kinds(store))


@pytest.mark.spec("PRG-22")
def test_the_state_is_committed_to_before_the_first_start_of_a_run() -> None:
    """Each run that may begin something commits to the state of everything before it."""
    store = due(World())
    plan = approved(store)
    size = store.size
    with chief(store) as session:
        session.run_purge(plan)
    entries = list(store._services.log.entries())[size:]

    assert ["state.committed", "purge.started"] == [one.kind for one in entries[:2]]
    assert size == entries[0].body["size"]
