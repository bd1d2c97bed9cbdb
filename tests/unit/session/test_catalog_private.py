"""The private columns of a catalog: shown to few, sealed, and gone with their record keys."""

from pathlib import Path

import pytest

from bwcstore._session._record_keys import PRIVATE_KEY, destroy_record_keys
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.catalog._files import SEALED
from bwcstore.catalog._private import open_private
from bwcstore.custody._authority import Role
from bwcstore.errors import AuthorizationError, NotFoundError
from bwcstore.objects._manifest import content_key_id, record_key_id
from bwcstore.testing import World
from tests.unit.session.cataloguing import ids, listed, place_of
from tests.unit.session.purging import DAY
from tests.unit.session.world import chief, create, stream


@pytest.fixture
def world() -> World:
    """A world of its own."""
    return World()


@pytest.fixture
def store(world: World, tmp_path: Path) -> Store:
    """A store with two recordings, whose catalog is kept in a directory."""
    return listed(world, tmp_path / "cache")


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
