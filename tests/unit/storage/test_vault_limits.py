"""What is longer than a vault's files may be is damaged, and never read whole."""

import tracemalloc
from pathlib import Path
from typing import Final

import pytest

from bwcstore._places import Access
from bwcstore._values import Instant, StoreId
from bwcstore.cli._audit import remembered
from bwcstore.storage._vault_format import FILE_SIZE_MAX, GROUP_KEYS_MAX, Group, KeyRecord
from bwcstore.storage._vault_names import NOTE_SIZE_MAX, note_name
from bwcstore.testing import World
from tests.unit.counting import CountingMemory
from tests.unit.storage.vault_setting import Setting, content, keys

STORE: Final = StoreId("55555555-5555-4555-8555-555555555555")


def counting() -> Setting:
    """A vault with two replicas that note what is read, and one key."""
    setting = Setting()
    setting.places = [CountingMemory(), CountingMemory()]
    setting.create().put(keys(1))
    return setting


def longest(setting: Setting) -> int:
    """The most that was read at once."""
    return max(
        length
        for place in setting.places
        if isinstance(place, CountingMemory)
        for length in place.longest().values()
    )


@pytest.mark.spec("VLT-27")
def test_the_largest_group_fits() -> None:
    """As many keys as a group may have, with the longest ids."""
    record = [
        KeyRecord(
            key_id=f"{number:04d}-{'x' * 123}",
            created=Instant.parse("2026-11-24T12:00:00.123456Z"),
            check=bytes(8),
            wrapped=bytes(40),
        )
        for number in range(GROUP_KEYS_MAX)
    ]
    group = Group(store=STORE, epoch=99_999_999, nonce=bytes(16), keys=tuple(record))
    raw = group.encode()

    assert len(raw) < FILE_SIZE_MAX
    assert group == Group.decode(raw, what="group")


@pytest.mark.spec("VLT-27")
@pytest.mark.parametrize("prefix", ["header/", "epochs/00000000/0", "keys/"])
def test_a_file_that_is_too_long_is_damaged(prefix: str) -> None:
    """It is read from the other replica, and told."""
    setting = counting()
    contents = setting.places[0].contents
    (name,) = (one for one in contents if one.startswith(prefix))
    contents[name] = contents[name].ljust(FILE_SIZE_MAX + 1000, b"\n")
    readable = setting.readable([content(1)], setting.places[1])
    findings = setting.open([setting.places[1], setting.places[0]]).health()

    assert [content(1)] == readable
    assert findings
    assert FILE_SIZE_MAX + 1 == longest(setting)


@pytest.mark.spec("VLT-27")
def test_a_note_that_is_too_long_is_passed_over() -> None:
    """The next lower counter is recalled."""
    setting = counting()
    setting.open().remember("head", b"one")
    huge = bytes(NOTE_SIZE_MAX + 1000)
    for place in setting.places:
        place.contents[note_name("head", 7, huge)] = huge

    assert (b"one",) == setting.open().recall("head")
    assert NOTE_SIZE_MAX + 1 == longest(setting)


@pytest.mark.spec("VLT-27")
def test_an_audit_without_keys_reads_no_huge_note(tmp_path: Path) -> None:
    """Of what a vault remembers the next lower counter is taken."""
    small, huge = note_name("head", 1, b"small"), note_name("head", 2, b"huge")
    for name, data in ((small, b"small"), (huge, b"")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    with (tmp_path / huge).open("r+b") as file:
        file.truncate(10 * NOTE_SIZE_MAX)
    tracemalloc.start()
    try:
        found = remembered([tmp_path], Access(environment=World().environment))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (b"small",) == found
    assert peak_bytes < 3 * NOTE_SIZE_MAX
