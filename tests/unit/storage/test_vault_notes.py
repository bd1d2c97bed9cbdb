"""The notes of a key vault: replaced, told apart, forgotten."""

from typing import Final

import pytest

from bwcstore.errors import (
    InvalidInputError,
)
from tests.unit.storage.vault_setting import (
    Setting,
)

SECRET: Final = bytes.fromhex("c0ffee" * 10 + "beef")


@pytest.mark.spec("VLT-20")
def test_notes_are_replaced() -> None:
    """The newest version is recalled, and only it is kept."""
    setting = Setting()
    vault = setting.create()
    vault.remember("head", b"one")
    vault.remember("head", b"two")
    vault.remember("journal/0193a5b2", b"j")

    assert (b"two",) == setting.open().recall("head")
    assert ("head", "journal/0193a5b2") == vault.notes("")
    assert ("journal/0193a5b2",) == vault.notes("journal/")
    assert 2 == sum(name.startswith("notes/") for name in setting.places[0].contents)


@pytest.mark.spec("VLT-20")
def test_differing_notes_are_all_shown() -> None:
    """When a replica missed a note, both versions are recalled, the newest first."""
    setting = Setting()
    vault = setting.create()
    vault.remember("head", b"one")
    kept = dict(setting.places[1].contents)
    vault.remember("head", b"two")
    setting.places[1].contents.clear()
    setting.places[1].contents.update(kept)

    assert (b"two", b"one") == setting.open().recall("head")


@pytest.mark.spec("VLT-20")
def test_forgotten_notes_are_gone() -> None:
    """A forgotten note is in no replica; forgetting again is no error."""
    setting = Setting()
    vault = setting.create()
    vault.remember("head", b"one")

    vault.forget("head")
    vault.forget("head")

    assert () == vault.recall("head")
    assert () == vault.notes("")


@pytest.mark.spec("VLT-20")
@pytest.mark.parametrize("name", ["", "Head", "a.b", "/a", "a/", "a" * 257])
def test_note_names_have_one_form(name: str) -> None:
    """Names outside the grammar are refused."""
    vault = Setting().create()

    with pytest.raises(InvalidInputError):
        vault.remember(name, b"x")

    assert () == vault.notes("")
