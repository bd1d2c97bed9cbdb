"""The catalog of an open store: kept, brought forward, made anew; and what it must not outlive."""

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bwcstore._encoding import Json
from bwcstore._session._purge import plan_purge
from bwcstore._session._record_keys import destroy_record_keys
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ActId, ObjectId, ScopeId
from bwcstore.catalog import root
from bwcstore.catalog._files import LIST
from bwcstore.custody._recording import Recording
from bwcstore.custody._rows import state_root
from bwcstore.custody._selection import Selection
from bwcstore.errors import (
    ErrorKind,
    InvalidInputError,
    StorageError,
)
from bwcstore.objects._manifest import record_key_id
from bwcstore.testing import World
from tests.unit.session.cataloguing import ids, listed, place_of
from tests.unit.session.purging import DAY, approved, clip, due, hold, say
from tests.unit.session.world import chief, create, reopen, stream

ACT = ActId("01900000-0000-7000-8000-00000000000a")


@pytest.fixture
def world() -> World:
    """A world of its own."""
    return World()


@pytest.fixture
def store(world: World, tmp_path: Path) -> Store:
    """A store with two recordings, whose catalog is kept in a directory."""
    return listed(world, tmp_path / "cache")


def found(table: Any) -> list[ObjectId]:
    """The recordings of a table."""
    return [ObjectId(text) for text in table.column("object").to_pylist()]


def another_process(store: Store, world: World) -> Store:
    """The same store as the next process opens it, with the same cache."""
    made = reopen(world)
    made._services.catalog.place = store._services.catalog.place
    return made


def test_tables_follow_the_ledger(store: Store) -> None:
    """What was appended since is in them when they are asked for again."""
    assert ids(store) == found(store.tables().objects)
    with chief(store) as session:
        session.ingest(stream(30))

    tables = store.tables()

    assert ids(store) == found(tables.objects)
    assert store.size == tables.position.size
    assert state_root(store._services.log.state) == root(tables)


@pytest.mark.spec("STA-12")
def test_recordings_are_found_by_what_is_private(store: Store) -> None:
    """A case, an officer and a device, also one that was added later; no key of theirs is used."""
    first, second = ids(store)
    with chief(store) as session:
        session.add_tags(second, case="26-1042")
    destroy_record_keys(store.vault, [record_key_id(first), record_key_id(second)])

    assert [first, second] == found(store.find(case="26-1042"))
    assert [second] == found(store.find(case="26-7"))
    assert [first] == found(store.find(officer="Dana Doe"))
    assert [second] == found(store.find(device="AX-1", case="26-7"))
    assert [] == found(store.find(device="AX-2"))


def test_recordings_are_found_by_what_is_open(store: Store) -> None:
    """Labels, status, and when they were made; days are included, a last moment is not."""
    first, second = ids(store)
    made = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    assert [first] == found(store.find(label="training"))
    assert [] == found(store.find(label="evidence"))
    assert [first, second] == found(store.find(status="present"))
    assert [] == found(store.find(status="purged"))
    assert [first, second] == found(store.find(collected_from=date(2026, 1, 2)))
    assert [] == found(store.find(collected_from=date(2026, 1, 3)))
    assert [first, second] == found(store.find(collected_until=date(2026, 1, 2)))
    assert [] == found(store.find(collected_until=date(2026, 1, 1)))
    assert [first, second] == found(store.find(collected_from=made))
    assert [] == found(store.find(collected_until=made))


def asked(session: Session, object_id: ObjectId) -> None:
    """Somebody asks for a copy of a recording."""
    about: dict[str, Json] = {"kind": "subject-copy", "received": "2026-01-02"}
    say(session, "request.received", {**about, "requester": "subject"}, scope=ScopeId.act(ACT))
    body = {**about, "request": ACT.text, "answers": []}
    say(session, "request.bound", body, scope=ScopeId.object(object_id))


def answered(session: Session, object_id: ObjectId) -> None:
    """And is told no."""
    body: dict[str, Json] = {"request": ACT.text, "outcome": "denied", "on": "2026-01-02"}
    say(session, "request.answered", body, scope=ScopeId.object(object_id))


def test_what_is_held_is_found(store: Store) -> None:
    """By a hold that binds, by one that selects, by a request; not after they end."""
    first, second = ids(store)
    with chief(store) as session:
        bound = session.place_hold("evidentiary", objects=[first])
        chosen = session.place_hold("evidentiary", selection=Selection.case("26-7"))
        held = found(store.find(held=True))
        session.release_hold(bound)
        later = found(store.find(held=True))
        session.release_hold(chosen)
        asked(session, second)
        waiting = store.find(held=True, requests_pending=True)
        answered(session, second)

    assert [first, second] == held
    assert [second] == later
    assert [second] == found(waiting)
    assert [1] == waiting.column("requests_pending").to_pylist()
    assert [first, second] == found(store.find(held=False, requests_pending=False))


def test_a_derivative_is_held_with_its_original(store: Store) -> None:
    """What holds the recording holds what was made of it."""
    first, second = ids(store)
    with chief(store) as session:
        copy = session.derive(
            first, stream(9), operation="redact", tool="blur", tool_version="1"
        ).object_id
        session.place_hold("evidentiary", objects=[first])

    assert [first, copy] == found(store.find(held=True))
    assert [copy] == found(store.find(held=True, collected_from=date(2026, 1, 1)))[1:]
    assert [second] == found(store.find(held=False))


@pytest.mark.parametrize(
    "criteria",
    [{"status": "missing"}, {"collected_from": datetime(2026, 1, 2)}],  # noqa: DTZ001
)
def test_criteria_that_mean_nothing(store: Store, criteria: dict[str, Any]) -> None:
    """A status that there is not, and a moment without a zone."""
    with pytest.raises(InvalidInputError):
        store.find(**criteria)


@pytest.mark.spec("STA-9", "STA-14")
def test_deleting_the_cache_changes_no_answer(tmp_path: Path) -> None:
    """Deleted, left behind, kept: every process sees the same."""
    world = World()
    store = create(world)
    store._services.catalog.place = tmp_path / "cache"
    with chief(store) as session:
        session.ingest(stream(10))
        expected = store.tables().objects.to_pylist()
        kept = another_process(store, world)

        assert expected == kept.tables().objects.to_pylist()
        assert kept._services.catalog.saved > 0

        session.ingest(stream(11))
        expected = store.tables().objects.to_pylist()

        assert expected == another_process(store, world).tables().objects.to_pylist()

    shutil.rmtree(tmp_path / "cache")

    assert expected == another_process(store, world).tables().objects.to_pylist()
    assert (tmp_path / "cache" / LIST).is_file()


@pytest.mark.spec("STA-14")
def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    """Without an error; afterwards it is whole again."""
    world = World()
    store = create(world)
    store._services.catalog.place = tmp_path / "cache"
    expected = store.rebuild_catalog().actors.to_pylist()
    (path,) = (tmp_path / "cache").glob("open-actors-*")
    path.write_bytes(path.read_bytes()[:-1])

    assert expected == another_process(store, world).tables().actors.to_pylist()
    assert another_process(store, world).tables().position == store.tables().position


@pytest.mark.spec("STA-9")
@pytest.mark.parametrize("more", [(), (11,), (11, 12)])
def test_the_cache_of_another_history_is_not_used(tmp_path: Path, more: tuple[int, ...]) -> None:
    """A store that was rolled back does not see what it no longer has, whatever came instead."""
    world = World()
    store = create(world)
    store._services.catalog.place = tmp_path / "cache"
    before = dict(world.storage.contents)
    with chief(store) as session:
        gone = session.ingest(stream(10)).object_id
    store.rebuild_catalog()
    world.storage.contents.clear()
    world.storage.contents.update(before)
    world.keys.forget("head")

    other = another_process(store, world)
    with chief(other) as session:
        new = [session.ingest(stream(length)).object_id for length in more]

    assert gone not in new
    assert new == found(other.tables().objects)


def test_a_cache_that_cannot_be_written_is_no_reason_not_to_answer(store: Store) -> None:
    """Only who asks for it to be made anew is told."""
    place_of(store).write_bytes(b"in the way")

    assert ids(store) == found(store.tables().objects)
    with pytest.raises(StorageError):
        store.rebuild_catalog()


def test_without_a_place_it_is_kept_in_memory() -> None:
    """A store on ports alone has no directory."""
    store = create(World())
    with chief(store) as session:
        session.ingest(stream(10))

        assert [10] == session.private_objects().column("length_bytes").to_pylist()

    assert ids(store) == found(store.rebuild_catalog().objects)


def test_purged_recordings_stay_listed(world: World) -> None:
    """With the number of their certificate."""
    store = due(world)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)

    (line,) = store.find(status="purged").to_pylist()

    assert store.object(ObjectId(line["object"])).purged == line["certificate"]
    assert plan.text == line["plan"]


@pytest.mark.spec("STA-7", "STA-13")
@pytest.mark.parametrize("days", [0, 40, 200])
def test_a_plan_is_the_same_with_the_catalog(world: World, days: int) -> None:
    """Whether every recording is judged, or those that the catalog names: also what is held,
    destroyed, made of another one.
    """
    store = due(world, clips=6)
    first, second, third, *_ = ids(store)
    plan = approved(store)
    with chief(store) as session:
        hold(session, first)
        session.add_tags(third, case="26-1")
        session.run_purge(plan)
        session.ingest(stream(5), recording=Recording(label="training"))
        clip(session)
        world.clock.advance(days * DAY)
        whole = plan_purge(session._acting)
        quick = plan_purge(session._acting, many=0)

    assert second not in {one.object_id for one in whole.due}
    assert whole.to_json() == quick.to_json()
    assert whole.rows() == quick.rows()


def test_a_store_on_disk_keeps_its_catalog_beside_it(tmp_path: Path) -> None:
    """By default `<location>.catalog`; elsewhere when told; never within."""
    from bwcstore._places import catalog_place  # noqa: PLC0415

    area = tmp_path / "evidence"
    area.mkdir()

    assert tmp_path / "evidence.catalog" == catalog_place(area, None)
    assert tmp_path / "other" == catalog_place(area, tmp_path / "other")
    for inside in (area, area / "cache"):
        with pytest.raises(InvalidInputError) as caught:
            catalog_place(area, os.fspath(inside))

        assert ErrorKind.ARGUMENT_INVALID == caught.value.kind
