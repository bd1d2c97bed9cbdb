"""The files of a catalog: read back as written, or not at all."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from bwcstore._values import StoreId
from bwcstore.catalog._files import LIST, read_tables, write_tables
from bwcstore.catalog._forward import no_tables
from bwcstore.catalog._private import open_private, seal_private
from bwcstore.catalog._schema import PRIVATE
from bwcstore.catalog._tables import Tables
from bwcstore.errors import ErrorKind, IntegrityError, StorageError
from tests.unit.catalog.ledgers import ledger, lines, tables_of

STORE: Final = StoreId("44444444-4444-4444-8444-444444444444")
OTHER: Final = StoreId("55555555-4444-4444-8444-444444444444")
KEY: Final = b"k" * 32


def written(place: Path, seed: int = 1) -> Tables:
    """Tables, and a cache that holds them."""
    tables = tables_of(ledger(seed))
    write_tables(place, tables, store=STORE, key=KEY)
    return tables


def refused(place: Path, *, store: StoreId = STORE, key: bytes = KEY) -> ErrorKind:
    """Why a cache cannot be used."""
    with pytest.raises(IntegrityError) as caught:
        read_tables(place, store=store, key=key)
    return caught.value.kind


@pytest.mark.spec("STA-14")
def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    """Every row of every table, and what the tables are made of."""
    tables = written(tmp_path / "cache")

    found = read_tables(tmp_path / "cache", store=STORE, key=KEY)

    assert found is not None
    assert lines(tables) == lines(found)
    assert (tables.position, tables.store) == (found.position, found.store)


def test_tables_without_rows(tmp_path: Path) -> None:
    """Of nothing, too."""
    write_tables(tmp_path / "cache", no_tables(), store=STORE, key=KEY)

    found = read_tables(tmp_path / "cache", store=STORE, key=KEY)

    assert found is not None
    assert lines(no_tables()) == lines(found)


def test_there_is_no_cache(tmp_path: Path) -> None:
    """An absent directory and an empty one are no caches, and not wrong."""
    assert read_tables(tmp_path / "cache", store=STORE, key=KEY) is None
    assert read_tables(tmp_path, store=STORE, key=KEY) is None


@pytest.mark.spec("STA-14")
def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """Directory 0700, files 0600, also where the directory was there and open."""
    place = tmp_path / "cache"
    place.mkdir(mode=0o755)
    written(place)

    assert 0o700 == stat.S_IMODE(place.stat().st_mode)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}


def test_only_the_files_in_use_are_kept(tmp_path: Path) -> None:
    """What was written before goes when something else is written."""
    written(tmp_path, seed=1)
    before = set(tmp_path.iterdir())
    written(tmp_path, seed=2)

    assert len(before) >= len(set(tmp_path.iterdir()))
    assert read_tables(tmp_path, store=STORE, key=KEY) is not None


def _flip(place: Path) -> None:
    (path,) = place.glob("open-facts-*")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def _exchange(place: Path) -> None:
    (path,) = place.glob("open-objects-*")
    (other,) = place.glob("open-holds-*")
    path.write_bytes(other.read_bytes())


def _remove(place: Path) -> None:
    next(place.glob("open-acts-*")).unlink()


def _truncate_list(place: Path) -> None:
    path = place / LIST
    path.write_bytes(path.read_bytes()[:-5])


def _edit_list(place: Path) -> None:
    path = place / LIST
    path.write_bytes(path.read_bytes().replace(b'"store_seq":', b'"store_seq": ', 1))


def _empty_list(place: Path) -> None:
    (place / LIST).write_bytes(b"")


def _list_is_a_directory(place: Path) -> None:
    (place / LIST).unlink()
    (place / LIST).mkdir()


@pytest.mark.spec("STA-14")
@pytest.mark.parametrize(
    "damage",
    [_flip, _exchange, _remove, _truncate_list, _edit_list, _empty_list, _list_is_a_directory],
)
def test_what_is_damaged_is_not_used(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A file or the list of files that is not what was written."""
    written(tmp_path)
    damage(tmp_path)

    assert ErrorKind.CATALOG_INVALID == refused(tmp_path)


@pytest.mark.spec("STA-14")
def test_what_is_anothers_is_not_used(tmp_path: Path) -> None:
    """Another store's, or written by somebody without the key."""
    written(tmp_path)

    assert ErrorKind.CATALOG_INVALID == refused(tmp_path, store=OTHER)
    assert ErrorKind.CATALOG_INVALID == refused(tmp_path, key=b"x" * 32)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "cache").write_bytes(b"")

    with pytest.raises(StorageError) as caught:
        write_tables(tmp_path / "cache", no_tables(), store=STORE, key=KEY)

    assert ErrorKind.STORAGE_IO == caught.value.kind


@pytest.mark.spec("STA-15")
def test_private_columns_open_under_their_key_alone() -> None:
    """For their store, and unchanged."""
    table = PRIVATE.empty_table()
    sealed = seal_private(table, store=STORE, key=KEY, nonce=bytes(12))
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])

    assert table == open_private(sealed, store=STORE, key=KEY)
    for raw, store, key in (
        (sealed, STORE, b"x" * 32),
        (sealed, OTHER, KEY),
        (changed, STORE, KEY),
        (sealed[:5], STORE, KEY),
        (b"", STORE, KEY),
    ):
        with pytest.raises(IntegrityError) as caught:
            open_private(raw, store=store, key=key)

        assert ErrorKind.CATALOG_INVALID == caught.value.kind
