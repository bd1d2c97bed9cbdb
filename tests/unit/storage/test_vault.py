"""The key vault: what it keeps, finds, destroys and refuses."""

from typing import Final

import pytest

from bwcstore._vault_port import WrappedKey
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    StorageError,
)
from bwcstore.storage._keywrap import key_check
from bwcstore.testing._world import MemoryBackend
from tests.unit.storage.vault_setting import (
    STORE,
    FixedSource,
    Setting,
    content,
    key,
    keys,
)

SECRET: Final = bytes.fromhex("c0ffee" * 10 + "beef")


@pytest.mark.spec("VLT-10")
def test_what_was_put_is_got() -> None:
    """A key comes back, in this process and in the next."""
    setting = Setting()
    vault = setting.create()

    vault.put(keys(1, 2))

    assert key(1) == vault.get(content(1))
    assert key(2) == setting.open().get(content(2))


@pytest.mark.spec("VLT-13")
def test_every_replica_has_every_key() -> None:
    """Each replica alone gives every key."""
    setting = Setting(count=3)
    setting.create().put(keys(1, 2))

    found = [setting.readable([content(1), content(2)], place) for place in setting.places]

    assert [[content(1), content(2)]] * 3 == found


@pytest.mark.spec("VLT-2")
@pytest.mark.parametrize(
    "key_id", ["", "Content/x", "a//b", "/a", "a/", "a.b", "a/b/c/d/e", "-a", "a" * 129, "ä"]
)
def test_key_ids_have_one_form(key_id: str) -> None:
    """Ids outside the grammar are refused, and nothing is stored."""
    setting = Setting()
    vault = setting.create()
    before = setting.names()

    with pytest.raises(InvalidInputError) as caught:
        vault.put({key_id: key(1)})

    assert ErrorKind.NAME_INVALID == caught.value.kind
    assert before == setting.names()


@pytest.mark.spec("VLT-1")
@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_keys_have_32_bytes(length: int) -> None:
    """A key of another length is refused."""
    vault = Setting().create()

    with pytest.raises(InvalidInputError, match=f"{length} bytes, 32 are needed"):
        vault.put({content(1): bytes(length)})


@pytest.mark.spec("VLT-14")
def test_the_same_key_again_is_no_error() -> None:
    """Putting the same key again changes nothing."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1))
    before = setting.names()

    vault.put(keys(1))

    assert before == setting.names()


@pytest.mark.spec("VLT-14")
def test_an_id_never_changes_its_key() -> None:
    """Another key under a taken id is refused, and the first one stays."""
    vault = Setting().create()
    vault.put(keys(1))

    with pytest.raises(AlreadyExistsError):
        vault.put({content(1): key(2), content(3): key(3)})

    assert key(1) == vault.get(content(1))
    with pytest.raises(NotFoundError):
        vault.get(content(3))


@pytest.mark.spec("VLT-14")
def test_a_key_that_one_replica_lacks_is_put_there_again() -> None:
    """Putting a key again heals a replica that has lost its group."""
    setting = Setting()
    setting.create().put(keys(1))
    (group,) = (name for name in setting.places[1].contents if name.startswith("keys/"))
    del setting.places[1].contents[group]

    setting.open().put(keys(1))

    assert [content(1)] == setting.readable([content(1)], setting.places[1])


@pytest.mark.spec("VLT-14")
def test_a_shared_id_put_by_two_processes_has_one_key() -> None:
    """Of two processes that put different keys as `tag`, the second is refused."""
    setting = Setting()
    first = setting.create()
    second = setting.open()
    first.put({"tag": key(1)})

    with pytest.raises(AlreadyExistsError):
        second.put({"tag": key(2)})

    assert key(1) == second.get("tag")


def test_absent_keys_are_not_found() -> None:
    """An id that no replica has is `KEY_ABSENT`."""
    vault = Setting().create()

    with pytest.raises(NotFoundError) as caught:
        vault.get(content(1))

    assert ErrorKind.KEY_ABSENT == caught.value.kind


@pytest.mark.spec("VLT-12")
def test_a_key_put_by_another_process_is_found() -> None:
    """A miss looks at the replicas anew."""
    setting = Setting()
    first = setting.create()
    second = setting.open()
    second.put(keys(7))

    assert key(7) == first.get(content(7))


def test_doubt_is_not_absence() -> None:
    """While a replica cannot be read, an unknown id is a failure of storage, not `KEY_ABSENT`."""
    setting = Setting()
    setting.create()
    vault = setting.open([setting.places[0], MemoryBackend()])

    with pytest.raises(StorageError) as caught:
        vault.get(content(1))

    assert ErrorKind.VAULT_MISSING == caught.value.kind


@pytest.mark.spec("VLT-11")
@pytest.mark.parametrize("damage", [b"", b"{}", None])
def test_a_damaged_group_is_read_elsewhere(damage: bytes | None) -> None:
    """Truncated, exchanged or with one bit flipped: the other replica gives the key."""
    setting = Setting()
    setting.create().put(keys(1))
    contents = setting.places[0].contents
    (group,) = (name for name in contents if name.startswith("keys/"))
    flipped = bytearray(contents[group])
    flipped[len(flipped) // 2] ^= 1
    contents[group] = bytes(flipped) if damage is None else damage

    assert key(1) == setting.open().get(content(1))


@pytest.mark.spec("VLT-11")
def test_a_group_damaged_everywhere_is_no_absence() -> None:
    """When no replica has a group in good order, its keys are not said to be absent."""
    setting = Setting()
    setting.create().put(keys(1))
    for place in setting.places:
        (group,) = (name for name in place.contents if name.startswith("keys/"))
        place.contents[group] = b"{}"

    with pytest.raises(StorageError) as caught:
        setting.open().get(content(1))

    assert ErrorKind.VAULT_INVALID == caught.value.kind


@pytest.mark.spec("VLT-15")
def test_destroyed_keys_are_gone_and_their_neighbours_stay() -> None:
    """Destroying one key of a group keeps the others, in every replica."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(*range(40)))
    vault.put(keys(50, 51))

    vault.destroy([content(3), content(50)])

    living = [content(n) for n in (*range(40), 51) if n != 3]
    everything = [content(n) for n in (*range(40), 50, 51)]
    assert [living] * 2 == [setting.readable(everything, place) for place in setting.places]


@pytest.mark.spec("VLT-15")
def test_the_last_key_of_a_group_takes_the_group_with_it() -> None:
    """No file of keys remains when every key is destroyed."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1, 2))

    vault.destroy([content(1), content(2), content(3)])
    vault.destroy([content(1)])

    assert [] == [name for names in setting.names() for name in names if name[:5] == "keys/"]


@pytest.mark.spec("VLT-15")
def test_a_key_destroyed_by_another_process_is_not_served_from_memory() -> None:
    """A process that has read a key does not give it after another one destroyed it."""
    setting = Setting()
    first = setting.create()
    first.put(keys(1, 2))
    first.get(content(1))

    setting.open().destroy([content(1)])

    with pytest.raises(NotFoundError):
        first.get(content(1))


@pytest.mark.spec("VLT-16", "VLT-18")
def test_rotation_keeps_the_living_and_nothing_else() -> None:
    """After a rotation every key opens, and no file of the old epoch is left anywhere."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(*range(30)))
    vault.put(keys(40))
    before = set(setting.places[0].contents)

    epoch = vault.rotate()

    everything = [content(n) for n in (*range(30), 40)]
    assert [everything] * 2 == [setting.readable(everything, place) for place in setting.places]
    assert (1, 1) == (epoch, vault.epoch)
    assert [{"header/0001"}] * 2 == [before & set(names) for names in setting.names()]


@pytest.mark.spec("VLT-16")
def test_rotation_gathers_small_groups() -> None:
    """Many files of few keys become few files of many keys."""
    setting = Setting()
    vault = setting.create()
    for number in range(30):
        vault.put(keys(number))

    vault.rotate()

    assert 1 == sum(name.startswith("keys/") for name in setting.places[0].contents)


@pytest.mark.spec("VLT-11")
def test_large_puts_are_cut() -> None:
    """No group has more than 1,024 keys, and ids of another kind begin a new group."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(*range(1500)) | {f"record/{content(n)[8:]}": key(n) for n in range(20)})

    groups = [name for name in setting.places[0].contents if name.startswith("keys/")]

    assert 3 == len(groups)
    assert 1520 == len(list(setting.open().inventory()))


@pytest.mark.spec("VLT-18")
def test_the_old_epoch_key_opens_nothing_that_is_left() -> None:
    """Somebody with the root key and everything in the replicas finds no destroyed key."""
    setting = Setting()
    vault = setting.create()
    vault.put({content(1): SECRET, content(2): key(2)})
    old = {name for name in setting.places[0].contents if name.startswith(("epochs/", "keys/"))}
    vault.destroy([content(1)])

    vault.rotate()

    assert [set(), set()] == [old & place.contents.keys() for place in setting.places]
    assert [] == setting.readable([content(1)])


def test_inventory_lists_the_living() -> None:
    """Ids ascend; the check value and the epoch are the key's."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(2))
    vault.put(keys(1))
    vault.rotate()

    expected = [
        WrappedKey(key_id=content(number), check=key_check(key(number)), epoch=1)
        for number in (1, 2)
    ]
    assert expected == list(vault.inventory())


def test_secrets_are_not_shown() -> None:
    """Neither the root key, nor a key, nor an epoch's key is in any `repr`."""
    setting = Setting()
    vault = setting.create()
    vault.put({content(1): SECRET})
    wrapper = vault._files.epoch_wrapper(0)

    shown = repr(vault) + repr(vault._files) + repr(wrapper) + repr(vars(vault))

    assert str(STORE) in shown
    assert SECRET.hex() not in shown
    assert repr(FixedSource().root) not in shown
