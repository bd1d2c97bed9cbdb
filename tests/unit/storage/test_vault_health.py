"""Comparing, repairing, adding and proving replicas of a key vault."""

import pytest

from bwcstore.errors import AlreadyExistsError, ErrorKind, KeyVaultError, StorageError
from bwcstore.testing._world import MemoryBackend
from tests.unit.storage.vault_setting import FixedSource, Setting, content, key, keys


def _kinds(setting: Setting) -> set[ErrorKind]:
    return {finding.kind for finding in setting.open().health()}


@pytest.mark.spec("VLT-24")
def test_equal_replicas_have_no_findings() -> None:
    """Two replicas that agree are healthy."""
    setting = Setting()
    setting.create().put(keys(1, 2))

    assert () == setting.open().health()


@pytest.mark.spec("VLT-24")
def test_a_single_copy_is_a_finding() -> None:
    """One replica is `KEYS_SINGLE_COPY`."""
    setting = Setting(count=1)
    setting.create()

    assert {ErrorKind.KEYS_SINGLE_COPY} == _kinds(setting)


@pytest.mark.spec("VLT-24")
@pytest.mark.parametrize("prefix", ["keys/", "epochs/00000000/0", "epochs/00000000/c"])
def test_a_lost_file_is_found_and_repaired(prefix: str) -> None:
    """Whatever one replica has lost is named, and copied from the other."""
    setting = Setting()
    setting.create().put(keys(1, 2))
    (lost,) = (name for name in setting.places[1].contents if name.startswith(prefix))
    del setting.places[1].contents[lost]

    before = [finding.name for finding in setting.open().health()]
    setting.open().repair()

    assert [lost] == before
    assert () == setting.open().health()
    assert [content(1), content(2)] == setting.readable([content(1), content(2)], setting.places[1])


@pytest.mark.spec("VLT-24")
@pytest.mark.parametrize("prefix", ["keys/", "epochs/00000000/0"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_damaged_file_is_found_and_repaired(prefix: str, place: int) -> None:
    """One flipped bit is named, and the file is copied from the other replica."""
    setting = Setting()
    setting.create().put(keys(1, 2))
    contents = setting.places[place].contents
    (name,) = (name for name in contents if name.startswith(prefix))
    contents[name] = contents[name][:-20] + b"0" * 20

    before = [(finding.kind, finding.name) for finding in setting.open().health()]
    count = setting.open().repair()

    assert [(ErrorKind.VAULT_INVALID, name)] == before
    assert 1 == count
    assert () == setting.open().health()


@pytest.mark.spec("VLT-24")
def test_what_is_damaged_everywhere_is_not_repaired() -> None:
    """The last copies of a damaged group are left alone."""
    setting = Setting()
    setting.create().put(keys(1))
    for place in setting.places:
        (name,) = (name for name in place.contents if name.startswith("keys/"))
        place.contents[name] = b"{}"

    with pytest.raises(StorageError):
        setting.open().repair()

    assert [b"{}"] * 2 == [place.contents[name] for place in setting.places]


@pytest.mark.spec("VLT-24")
def test_an_empty_place_is_not_repaired() -> None:
    """A place without a header is found, and never filled by a repair."""
    setting = Setting()
    setting.create().put(keys(1))
    setting.places[1] = MemoryBackend()

    found = [finding.kind for finding in setting.open().health()]
    with pytest.raises(KeyVaultError) as caught:
        setting.open().repair()

    assert [ErrorKind.VAULT_MISSING] == found
    assert ErrorKind.VAULT_MISSING == caught.value.kind
    assert {} == setting.places[1].contents


@pytest.mark.spec("VLT-24")
def test_a_replica_is_added() -> None:
    """A further place gets everything, notes too, and what is put later."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1))
    vault.remember("head", b"one")
    place = MemoryBackend()

    replica = vault.add_replica(place)
    vault.put(keys(2))

    alone = setting.open([place])
    assert (replica,) == alone.replicas
    assert [key(1), key(2)] == [alone.get(content(1)), alone.get(content(2))]
    assert (b"one",) == alone.recall("head")
    assert 3 == len(vault.replicas)
    setting.places.append(place)
    assert () == setting.open().health()


@pytest.mark.spec("VLT-24")
def test_a_replica_is_not_added_over_another() -> None:
    """A place that holds a vault is refused."""
    setting = Setting()
    vault = setting.create()

    with pytest.raises(AlreadyExistsError):
        vault.add_replica(setting.places[1])

    assert 2 == len(vault.replicas)


@pytest.mark.spec("VLT-25")
def test_a_drill_passes_on_a_good_backup() -> None:
    """A fresh backup has and opens every key."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(*range(20)))
    backup = MemoryBackend()
    vault.export_backup(backup)

    result = vault.drill(setting.open([backup]))

    assert (20, 20, True) == (result.key_count, result.opened_count, result.passed)


@pytest.mark.spec("VLT-25")
def test_a_drill_names_what_an_old_backup_lacks() -> None:
    """Keys that came after the backup are named; keys destroyed since are not asked for."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1, 2))
    backup = MemoryBackend()
    vault.export_backup(backup)
    vault.put(keys(3))
    vault.destroy([content(1)])
    vault.rotate()

    result = vault.drill(setting.open([backup]))

    assert ((content(3),), (), False) == (result.missing, result.differing, result.passed)
    assert 1 == result.opened_count


@pytest.mark.spec("VLT-25")
def test_a_drill_notices_another_key() -> None:
    """A vault that has another key under the same id differs."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1))
    other = Setting()
    imposter = other.create()
    imposter.put({content(1): key(9)})

    result = vault.drill(imposter)

    assert (content(1),) == result.differing


@pytest.mark.spec("VLT-25")
def test_a_drill_may_take_samples() -> None:
    """With a sample only some keys are opened; every check value is compared."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(*range(50)))
    backup = MemoryBackend()
    vault.export_backup(backup)

    result = vault.drill(setting.open([backup]), sample=5)

    assert (50, 5, True) == (result.key_count, result.opened_count, result.passed)


@pytest.mark.spec("VLT-12")
def test_a_replica_restored_from_a_backup_brings_no_old_epoch_back() -> None:
    """Keys destroyed before a rotation stay gone when one replica is set back before it."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1, 2))
    old = dict(setting.places[1].contents)
    vault.destroy([content(1)])
    vault.rotate()
    setting.places[1].contents.clear()
    setting.places[1].contents.update(old)

    before = setting.readable([content(1), content(2)])
    setting.open().repair()
    setting.open().rotate()

    assert [content(2)] == before
    for place in (None, *setting.places):
        assert [content(2)] == setting.readable([content(1), content(2)], place)
    assert () == setting.open().health()


def test_an_unfinished_change_of_the_root_key_stops_a_rotation() -> None:
    """With a header newer than the root key in use, rotating is refused; changing again works."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(1))
    old = [dict(place.contents) for place in setting.places]
    new = FixedSource(b"n" * 32)
    vault.rewrap_root(new)
    setting.places[1].contents.update(old[1])
    setting.places[0].contents.update(old[0])

    again = setting.open()
    with pytest.raises(KeyVaultError) as caught:
        again.rotate()
    again.rewrap_root(new)
    setting.open(source=new).rotate()

    assert ErrorKind.KEY_WRONG == caught.value.kind
    assert key(1) == setting.open(source=new).get(content(1))
