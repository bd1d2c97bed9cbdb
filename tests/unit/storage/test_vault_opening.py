"""Making and opening a key vault, and changing its root key."""

from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from bwcstore._ports import Backend
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    InvalidInputError,
    KeyVaultError,
    StorageError,
)
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._vault import DirectoryVault
from bwcstore.testing._faults import FailAt, Fault, FaultyBackend
from bwcstore.testing._world import MemoryBackend
from tests.unit.storage.vault_setting import (
    OTHER_STORE,
    STORE,
    FixedSource,
    Setting,
    attempt,
    content,
    key,
    keys,
)

SECRET: Final = bytes.fromhex("c0ffee" * 10 + "beef")


@pytest.mark.spec("VLT-13")
def test_nothing_is_put_while_a_replica_is_missing() -> None:
    """An empty place among the replicas, such as a disk that is not mounted, stays empty."""
    setting = Setting()
    setting.create()
    empty = MemoryBackend()
    vault = setting.open([setting.places[0], empty])

    with pytest.raises(StorageError) as caught:
        vault.put(keys(1))

    assert ErrorKind.VAULT_MISSING == caught.value.kind
    assert {} == empty.contents


@pytest.mark.spec("VLT-6")
def test_a_wrong_root_key_is_recognised() -> None:
    """Another root key is `KEY_WRONG` at once."""
    setting = Setting()
    setting.create()

    with pytest.raises(KeyVaultError) as caught:
        setting.open(source=FixedSource(bytes(32)))

    assert ErrorKind.KEY_WRONG == caught.value.kind


@pytest.mark.spec("VLT-7")
def test_no_vault_is_said_so() -> None:
    """An empty place is `VAULT_MISSING`."""
    with pytest.raises(KeyVaultError) as caught:
        Setting().open()

    assert ErrorKind.VAULT_MISSING == caught.value.kind


@pytest.mark.spec("VLT-7")
def test_a_vault_is_not_made_twice() -> None:
    """Creating where a vault is changes nothing."""
    setting = Setting()
    setting.create().put(keys(1))
    before = [dict(place.contents) for place in setting.places]

    with pytest.raises(AlreadyExistsError):
        setting.create()

    assert before == [place.contents for place in setting.places]


@pytest.mark.spec("VLT-7")
def test_keys_of_another_store_are_refused() -> None:
    """Opening for another store, or with a replica of another store, is `VAULT_INVALID`."""
    setting = Setting()
    setting.create()
    other = Setting(count=1)
    DirectoryVault.create(
        other.places,
        store_id=OTHER_STORE,
        source=other.source,
        entropy=setting.entropy,
        clock=other.clock,
    )

    for places, store_id in (
        (setting.places, OTHER_STORE),
        ([setting.places[0], other.places[0]], None),
    ):
        with pytest.raises(KeyVaultError) as caught:
            DirectoryVault.open(
                places,
                store_id=store_id,
                source=setting.source,
                entropy=setting.entropy,
                clock=setting.clock,
            )
        assert ErrorKind.VAULT_INVALID == caught.value.kind


@pytest.mark.spec("VLT-7")
def test_one_place_is_not_two_replicas() -> None:
    """The same replica given twice is refused: it would look like two copies."""
    setting = Setting()
    setting.create()

    with pytest.raises(KeyVaultError) as caught:
        setting.open([setting.places[0], setting.places[0]])

    assert ErrorKind.VAULT_INVALID == caught.value.kind


def test_no_places_are_refused() -> None:
    """A vault needs a place."""
    with pytest.raises(InvalidInputError) as caught:
        Setting().open([])

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.spec("VLT-19")
def test_the_root_key_can_be_changed() -> None:
    """Afterwards the new root key opens everything and the old one nothing."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1))
    before = set(setting.places[0].contents)
    new = FixedSource(b"n" * 32)

    vault.rewrap_root(new)
    vault.put(keys(2))

    again = setting.open(source=new)
    assert [key(1), key(2)] == [again.get(content(1)), again.get(content(2))]
    with pytest.raises(KeyVaultError) as caught:
        setting.open()
    assert ErrorKind.KEY_WRONG == caught.value.kind
    gone = before - setting.places[0].contents.keys()
    assert {"header/0001", "epochs/00000000/0001"} == gone


@pytest.mark.spec("VLT-18", "VLT-19")
def test_a_saved_copy_opens_only_with_the_root_key_of_its_time() -> None:
    """A copy from before a rotation is escrow while the old root key lives, and dead after."""
    setting = Setting()
    vault = setting.create()
    vault.put({content(1): SECRET})
    saved = MemoryBackend(dict(setting.places[0].contents))
    new = FixedSource(b"n" * 32)
    vault.destroy([content(1)])
    vault.rotate()
    vault.rewrap_root(new)

    with pytest.raises(KeyVaultError) as caught:
        setting.open([saved], source=new)

    assert ErrorKind.KEY_WRONG == caught.value.kind
    assert SECRET == setting.open([saved]).get(content(1))


def _create(setting: Setting, places: Sequence[Backend]) -> DirectoryVault:
    return DirectoryVault.create(
        places,
        store_id=STORE,
        source=setting.source,
        entropy=setting.entropy,
        clock=setting.clock,
    )


@pytest.mark.spec("VLT-7")
@pytest.mark.parametrize("fault", Fault)
def test_a_creation_that_failed_can_be_done_again(fault: Fault) -> None:
    """Until the first header is there, creating again begins anew; afterwards the vault opens."""
    for number in count():
        setting = Setting()
        plan = FailAt(number, fault)
        places = [FaultyBackend(place, plan) for place in setting.places]
        attempt(partial(_create, setting, places))
        if any(name.startswith("header/") for names in setting.names() for name in names):
            vault = setting.open()
            for place, names in enumerate(setting.names()):
                if "header/0001" not in names:
                    setting.places[place] = MemoryBackend()
                    vault = setting.open([p for p in setting.places if p.contents])
                    vault.add_replica(setting.places[place])
        else:
            vault = setting.create()
        vault.put(keys(1))

        assert [content(1)] == setting.readable([content(1)], setting.places[1])
        if not plan.fired:
            assert number > 8
            break


def test_a_vault_lives_in_directories(tmp_path: Path) -> None:
    """Two directories are two replicas; each alone opens everything."""
    setting = Setting()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    vault = _create(setting, [LocalBackend(tmp_path / "a"), LocalBackend(tmp_path / "b")])
    vault.put(keys(*range(20)))
    vault.remember("head", b"one")
    vault.destroy([content(3)])
    vault.rotate()

    for name in ("a", "b"):
        alone = setting.open([LocalBackend(tmp_path / name)])
        assert [content(n) for n in range(20) if n != 3] == [k.key_id for k in alone.inventory()]
        assert key(7) == alone.get(content(7))
        assert (b"one",) == alone.recall("head")
