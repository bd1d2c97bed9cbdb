"""The catalog of an open store: kept, brought forward, made anew; and what it must not outlive."""

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bwcstore._encoding import Json
from bwcstore._session._record_keys import PRIVATE_KEY, destroy_record_keys
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ActId, ObjectId, ScopeId
from bwcstore.catalog import root
from bwcstore.catalog._files import LIST, SEALED
from bwcstore.catalog._private import open_private
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.custody._rows import state_root
from bwcstore.custody._selection import Selection
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    StorageError,
)
from bwcstore.objects._manifest import content_key_id, record_key_id
from bwcstore.testing import World
from tests.unit.session.purging import DAY, approved, due, say
from tests.unit.session.world import chief, create, reopen, stream

ACT = ActId("01900000-0000-7000-8000-00000000000a")


@pytest.fixture
def world() -> World:
    """A world of its own."""
    return World()


@pytest.fixture
def store(world: World, tmp_path: Path) -> Store:
    """A store with two recordings, whose catalog is kept in a directory."""
    made = create(world)
    made._services.catalog.place = tmp_path / "cache"
    with chief(made) as session:
        session.ingest(
            stream(10),
            recording=Recording(case="26-1042", officer="Dana Doe", label="training", title="Dock"),
            source_id=SourceId(scope="AX-1", text="0001"),
        )
        session.ingest(stream(20), recording=Recording(case="26-7", device="AX-1"))
    return made


def ids(store: Store) -> list[ObjectId]:
    """The recordings in the order of ingest."""
    return [one.object_id for one in store.objects()]


def found(table: Any) -> list[ObjectId]:
    """The recordings of a table."""
    return [ObjectId(text) for text in table.column("object").to_pylist()]


def another_process(store: Store, world: World) -> Store:
    """The same store as the next process opens it, with the same cache."""
    made = reopen(world)
    made._services.catalog.place = store._services.catalog.place
    return made


def place_of(store: Store) -> Path:
    """The directory of the cache."""
    place = store._services.catalog.place
    assert place is not None
    return place


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


# --- Private columns -----------------------------------------------------------------------------


@pytest.mark.spec("STA-15")
def test_private_columns_are_opened_for_who_may_see_them(store: Store) -> None:
    """What is sealed of every recording, with what was added later."""
    _, second = ids(store)
    with chief(store) as session:
        session.add_tags(second, case="26-8", officer="Lee")
        first_line, second_line = session.private_objects().to_pylist()
        session.enrol("eve", roles=[Role.READER])

    assert ["26-1042"] == first_line["case"]
    assert ("Dock", "AX-1", "0001", 10) == (
        first_line["title"], first_line["source_scope"], first_line["source_id"],
        first_line["length_bytes"],
    )  # fmt: skip
    assert (["26-7", "26-8"], ["Lee"]) == (second_line["case"], second_line["officer"])
    with (
        store.session(actor="eve", reason="curious", purpose="investigation") as session,
        pytest.raises(AuthorizationError),
    ):
        session.private_objects()


@pytest.mark.spec("STA-8", "STA-15")
def test_private_values_are_nowhere_in_clear(store: Store) -> None:
    """Not in the open tables, and not in the file of the private ones."""
    with chief(store) as session:
        session.private_objects()
    store.rebuild_catalog()
    kept = b"".join(path.read_bytes() for path in place_of(store).iterdir())

    assert (place_of(store) / SEALED).is_file()
    for secret in (b"26-1042", b"Dana Doe", b"Dock", b"chief", b"0001\x00"):
        assert secret not in kept


@pytest.mark.spec("STA-15")
def test_private_columns_are_taken_from_the_cache(world: World, store: Store) -> None:
    """Manifests are not read again, but for what is new."""
    with chief(store) as session:
        before = session.private_objects().to_pylist()
        for name in [name for name in world.storage.contents if "manifest" in name]:
            del world.storage.contents[name]
        session.ingest(stream(30))

        assert before == session.private_objects().to_pylist()[:2]


@pytest.mark.spec("STA-15")
def test_the_old_file_does_not_open_after_a_record_key_is_destroyed(store: Store) -> None:
    """Its key is gone; the new one is without the recording."""
    first, _ = ids(store)
    with chief(store) as session:
        session.private_objects()
        old, key = (place_of(store) / SEALED).read_bytes(), store.vault.get(PRIVATE_KEY)
        assert 2 == len(open_private(old, store=store.store_id, key=key))

        destroy_record_keys(store.vault, [record_key_id(first)])
        gone = PRIVATE_KEY not in {one.key_id for one in store.vault.inventory()}
        first_line, second_line = session.private_objects().to_pylist()

    assert gone
    assert key != store.vault.get(PRIVATE_KEY)
    assert {None} == {value for name, value in first_line.items() if name not in _ALWAYS}
    assert ["26-7"] == second_line["case"]
    assert old != (place_of(store) / SEALED).read_bytes()


_ALWAYS = ("object", "tags_count")


@pytest.mark.spec("STA-15")
def test_discarding_leftovers_destroys_the_key_too(world: World) -> None:
    """Their record keys are record keys."""
    store = create(world)
    leftover = ObjectId.from_time(world.clock.now(), bytes(10))
    with chief(store) as session:
        session.private_objects()
        store.vault.put({content_key_id(leftover): b"c" * 32})
        world.clock.advance(30 * DAY)
        session.discard_leftovers()

    with pytest.raises(NotFoundError):
        store.vault.get(PRIVATE_KEY)


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
