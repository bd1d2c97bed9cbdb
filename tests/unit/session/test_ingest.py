"""Ingest: once per source, taken up where it broke, cleaned up on request."""

import io
from pathlib import Path

import pytest

from bwcstore._session._many import Failed, Item
from bwcstore._store import Store
from bwcstore._values import Digest
from bwcstore.custody._recording import SourceId
from bwcstore.errors import (
    BwcStoreError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
)
from bwcstore.testing import World
from tests.unit.session.world import CHUNK, chief, create, recording, reopen, stream

SOURCE = SourceId(scope="camera-7", text="clip-1")


def kinds(store: Store) -> list[str]:
    """The kinds of all entries."""
    return [entry.kind for entry in store._services.log.entries()]


def kind_of(caught: "pytest.ExceptionInfo[BwcStoreError]") -> ErrorKind:
    """The code of the error that was raised."""
    return caught.value.kind


@pytest.mark.spec("ORD-5")
def test_a_source_is_ingested_once() -> None:
    """Again gives the same receipt; other bytes under the same id are refused."""
    store = create(World())
    with chief(store) as session:
        first = session.ingest(stream(9), source_id=SOURCE)
        again = session.ingest(stream(9), source_id=SOURCE)
        with pytest.raises(InvalidInputError) as caught:
            session.ingest(stream(8), source_id=SOURCE)

    assert (first.object_id, first.receipt, "present") == (
        again.object_id,
        again.receipt,
        again.outcome,
    )
    assert ErrorKind.SOURCE_CONFLICT == kind_of(caught)
    assert 1 == kinds(store).count("object.ingested")


@pytest.mark.spec("ORD-5")
def test_two_processes_ingest_one_source_once() -> None:
    """Whoever commits second gets the first one's object and receipt."""
    world = World()
    first, second = create(world), reopen(world)
    with chief(first) as one, chief(second) as two:
        won = one.ingest(stream(9), source_id=SOURCE)
        lost = two.ingest(stream(9), source_id=SOURCE)
        with pytest.raises(InvalidInputError):
            two.ingest(stream(10), source_id=SOURCE)

    assert (won.object_id, won.receipt) == (lost.object_id, lost.receipt)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"length_bytes": 10}, ErrorKind.SOURCE_SHORT),
        ({"length_bytes": 8}, ErrorKind.SOURCE_LONG),
        ({"expected_sha256": Digest(bytes(32))}, ErrorKind.DIGEST_MISMATCH),
    ],
)
def test_a_source_that_is_not_as_announced_becomes_nothing(
    arguments: dict[str, object], kind: ErrorKind
) -> None:
    """No entry, no manifest."""
    world = World()
    store = create(world)
    with chief(store) as session, pytest.raises(InvalidInputError) as caught:
        session.ingest(stream(9), **arguments)  # type: ignore[arg-type]  # by parameter

    assert kind == kind_of(caught)
    assert "object.ingested" not in kinds(store)
    assert not [name for name in world.storage.contents if "manifest" in name]


@pytest.mark.spec("ORD-7")
def test_a_broken_ingest_of_a_path_is_taken_up(tmp_path: Path) -> None:
    """The second run keeps finished segments and makes the same object."""
    path = tmp_path / "clip"
    path.write_bytes(recording(60 * CHUNK))
    world = World()
    store = create(world)

    class Break(Exception):  # noqa: N818 - it stands for a power failure
        pass

    def stop(event: object) -> None:
        if getattr(event, "done_bytes", 0) > 50 * CHUNK:
            raise Break

    with chief(store) as session, pytest.raises(Break):
        session.ingest(path, source_id=SOURCE, progress=stop)
    before = {name for name in world.storage.contents if name.startswith("objects/")}
    with chief(reopen(world)) as session:
        made = session.ingest(path, source_id=SOURCE)
    after = {name for name in world.storage.contents if name.startswith("objects/")}

    assert before
    assert before < after
    assert "resumed" == made.outcome
    assert {str(made.object_id)} == {name.split("/")[1] for name in after}
    assert () == world.vault.notes("journal/")


@pytest.mark.spec("ORD-7")
def test_a_source_that_changed_between_runs_is_refused_then_begun_anew(tmp_path: Path) -> None:
    """Two files never become one object."""
    path = tmp_path / "clip"
    path.write_bytes(recording(60 * CHUNK))
    world = World()
    store = create(world)

    def stop(event: object) -> None:
        if getattr(event, "done_bytes", 0) > 50 * CHUNK:
            raise KeyboardInterrupt

    with chief(store) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(path, source_id=SOURCE, progress=stop)
        path.write_bytes(recording(60 * CHUNK)[::-1])
        with pytest.raises(InvalidInputError) as caught:
            session.ingest(path, source_id=SOURCE)
        made = session.ingest(path, source_id=SOURCE)

    assert ErrorKind.SOURCE_CHANGED == kind_of(caught)
    assert "ingested" == made.outcome


@pytest.mark.spec("ORD-13")
def test_leftovers_are_removed_and_evidence_is_not(tmp_path: Path) -> None:
    """Only what was never ingested goes, with its keys and its journal, after an entry."""
    path = tmp_path / "clip"
    path.write_bytes(recording(60 * CHUNK))
    world = World()
    store = create(world)

    def stop(event: object) -> None:
        if getattr(event, "done_bytes", 0) > 50 * CHUNK:
            raise KeyboardInterrupt

    with chief(store) as session:
        kept = session.ingest(stream(CHUNK)).object_id
        with pytest.raises(KeyboardInterrupt):
            session.ingest(path, source_id=SOURCE, progress=stop)
        assert () == session.leftovers()
        world.clock.advance(8 * 86_400)
        found = session.leftovers()
        removed = session.discard_leftovers()
        again = session.leftovers()

    assert [1, 1, 0] == [len(found), len(removed.leftovers), len(again)]
    assert {str(kept)} == {
        name.split("/")[1] for name in world.storage.contents if name.startswith("objects/")
    }
    assert () == world.vault.notes("journal/")
    assert "leftovers.discarded" in kinds(store)
    assert {f"content/{kept}"} == {
        key.key_id for key in world.vault.inventory() if key.key_id.startswith("content/")
    }


def test_leftovers_of_the_last_hour_cannot_be_removed() -> None:
    """They may belong to an ingest under way."""
    with chief(create(World())) as session, pytest.raises(InvalidInputError):
        session.discard_leftovers(older_than_seconds=60)


def test_several_sources_at_once_fail_alone() -> None:
    """Results come in order; the failed one names its item."""
    store = create(World())
    items = [
        Item(source=io.BytesIO(b"a")),
        Item(source="/nowhere/clip"),
        Item(source=io.BytesIO(b"b")),
    ]
    with chief(store) as session:
        made = list(session.ingest_many(items))

    assert [False, True, False] == [isinstance(result, Failed) for result in made]
    assert 2 == kinds(store).count("object.ingested")


@pytest.mark.spec("SEG-22")
def test_a_segment_that_another_run_wrote_is_never_taken_for_ones_own(tmp_path: Path) -> None:
    """The journal speaks of one sealing, storage holds another: the next run begins anew."""
    path = tmp_path / "clip"
    path.write_bytes(recording(60 * CHUNK))
    world = World()
    store = create(world)

    def stop(event: object) -> None:
        if getattr(event, "done_bytes", 0) > 50 * CHUNK:
            raise KeyboardInterrupt

    with chief(store) as session:
        with pytest.raises(KeyboardInterrupt):
            session.ingest(path, source_id=SOURCE, progress=stop)
        name = min(name for name in world.storage.contents if name.startswith("objects/"))
        world.storage.contents[name] = world.storage.contents[name][::-1]
        with pytest.raises(IntegrityError) as caught:
            session.ingest(path, source_id=SOURCE)
        made = session.ingest(path, source_id=SOURCE)
        report = session.audit()

    assert ErrorKind.CHUNK_DIGEST == kind_of(caught)
    assert ("ingested", ()) == (made.outcome, report.errors)
