"""Where root keys come from: files that nobody else can read, and passphrases."""

import hashlib
import os
from pathlib import Path
from typing import Final

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError, KeyVaultError
from bwcstore.storage._keysource import KeyFile, Passphrase, PassphraseCost, PassphraseKdf
from bwcstore.storage._vault_format import RootAlg, RootRecord
from bwcstore.testing._world import SimEntropy
from tests.unit.storage.vault_setting import Setting, key_file, keys

CHEAP: Final = PassphraseCost(iterations=2, lanes=1, memory_kib=19_456, pbkdf2_iterations=210_000)
WORDS: Final = "correct horse battery"
FILE: Final = RootRecord(alg=RootAlg.KEY_FILE)


@pytest.mark.spec("VLT-21")
def test_a_generated_key_file_is_private_and_read_back(tmp_path: Path) -> None:
    """64 hex digits and LF, mode 0600."""
    source = KeyFile.generate(tmp_path / "root", SimEntropy(3))

    text = (tmp_path / "root").read_bytes()
    assert 0o600 == (tmp_path / "root").stat().st_mode & 0o7777
    assert text == source.root_key(FILE).hex().encode() + b"\n"
    assert SimEntropy(3).take(32) == source.root_key(FILE)


@pytest.mark.spec("VLT-21")
def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    """Generating where a file is, or a dangling link, is refused."""
    path = key_file(tmp_path / "root")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    before = path.read_bytes()

    for taken in (path, tmp_path / "link"):
        with pytest.raises(KeyVaultError) as caught:
            KeyFile.generate(taken, SimEntropy())
        assert ErrorKind.TARGET_EXISTS == caught.value.kind

    assert before == path.read_bytes()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.spec("VLT-21")
@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_private_modes_are_accepted(tmp_path: Path, mode: int) -> None:
    """0600 and stricter."""
    assert bytes(31) + b"\x01" == KeyFile(key_file(tmp_path / "root", mode=mode)).root_key(FILE)


@pytest.mark.spec("VLT-21")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o700, 0o4600])
def test_other_modes_are_refused(tmp_path: Path, mode: int) -> None:
    """Whatever lets anybody else do anything, or means something else, is `KEY_FILE_MODE`."""
    path = key_file(tmp_path / "root", mode=mode)

    with pytest.raises(KeyVaultError, match="expected 0600 or stricter") as caught:
        KeyFile(path).root_key(FILE)

    assert ErrorKind.KEY_FILE_MODE == caught.value.kind
    assert f"{mode:04o}" in caught.value.message


@pytest.mark.spec("VLT-21")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Who owns the file can change it."""
    path = key_file(tmp_path / "root")
    os.chown(path, 12345, -1)

    with pytest.raises(KeyVaultError) as caught:
        KeyFile(path).root_key(FILE)

    assert ErrorKind.KEY_FILE_MODE == caught.value.kind


@pytest.mark.spec("VLT-21")
@pytest.mark.parametrize(
    "text",
    ["", "\n", "ab" * 32, "ab" * 32 + "\n\n", "AB" * 32 + "\n", "ab" * 31 + "\n", "zz" * 32 + "\n"],
)
def test_malformed_key_files_are_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    """Anything but 64 lower-case hex digits and LF is `KEY_FILE_INVALID`."""
    path = key_file(tmp_path / "root", text)

    with pytest.raises(KeyVaultError) as caught:
        KeyFile(path).root_key(FILE)

    assert ErrorKind.KEY_FILE_INVALID == caught.value.kind
    assert "abab" not in caught.value.message.lower().replace(str(tmp_path).lower(), "")


@pytest.mark.spec("VLT-21")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A directory, a pipe and an enormous file are `KEY_FILE_INVALID`; nothing waits."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    key_file(tmp_path / "large", "a" * 70_000)

    for path in (tmp_path, tmp_path / "pipe", tmp_path / "large"):
        with pytest.raises(KeyVaultError) as caught:
            KeyFile(path).root_key(FILE)
        assert ErrorKind.KEY_FILE_INVALID == caught.value.kind


@pytest.mark.spec("VLT-21")
def test_a_missing_key_file_is_said_so(tmp_path: Path) -> None:
    """`KEY_FILE_MISSING`."""
    with pytest.raises(KeyVaultError) as caught:
        KeyFile(tmp_path / "root").root_key(FILE)

    assert ErrorKind.KEY_FILE_MISSING == caught.value.kind


@pytest.mark.spec("VLT-22")
@pytest.mark.parametrize("kdf", PassphraseKdf)
def test_a_passphrase_opens_the_vault_it_made(kdf: PassphraseKdf) -> None:
    """The header says how; the right words open, others do not."""
    setting = Setting(source=Passphrase(WORDS, kdf=kdf, cost=CHEAP))
    setting.create().put(keys(1))

    vault = setting.open(source=Passphrase(WORDS))
    with pytest.raises(KeyVaultError) as caught:
        setting.open(source=Passphrase(WORDS + "!"))

    assert 0 == vault.epoch
    assert ErrorKind.KEY_WRONG == caught.value.kind


@pytest.mark.spec("VLT-22")
def test_pbkdf2_is_the_standard_one() -> None:
    """The root key is what another implementation derives."""
    source = Passphrase(WORDS, kdf=PassphraseKdf.PBKDF2, cost=CHEAP)
    record = source.new_record(SimEntropy(5))

    expected = hashlib.pbkdf2_hmac("sha512", WORDS.encode(), record.salt, 210_000, 32)

    assert expected == source.root_key(record)


@pytest.mark.spec("VLT-22")
def test_a_passphrase_is_taken_in_nfc() -> None:
    """Two ways to type the same letters give the same key."""
    composed = Passphrase("Kn\u00f6delsuppe mit Salz", cost=CHEAP)
    decomposed = Passphrase("Kno\u0308delsuppe mit Salz", cost=CHEAP)
    record = composed.new_record(SimEntropy())

    assert composed.root_key(record) == decomposed.root_key(record)


@pytest.mark.spec("VLT-22")
@pytest.mark.parametrize(
    "cost",
    [
        PassphraseCost(iterations=1),
        PassphraseCost(memory_kib=19_455),
        PassphraseCost(lanes=0),
        PassphraseCost(memory_kib=2**30),
    ],
)
def test_weak_or_endless_parameters_are_refused(cost: PassphraseCost) -> None:
    """Below the floor a passphrase could be guessed; beyond reason it would never open."""
    with pytest.raises(InvalidInputError) as caught:
        Passphrase(WORDS, cost=cost).new_record(SimEntropy())

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.spec("VLT-22")
def test_few_iterations_of_pbkdf2_are_refused() -> None:
    """The floor is 210,000."""
    cost = PassphraseCost(pbkdf2_iterations=209_999)

    with pytest.raises(InvalidInputError, match="expected 210000 to"):
        Passphrase(WORDS, kdf=PassphraseKdf.PBKDF2, cost=cost).new_record(SimEntropy())


@pytest.mark.spec("VLT-22")
def test_short_passphrases_are_refused() -> None:
    """Eleven characters are too few, and are not shown."""
    with pytest.raises(InvalidInputError) as caught:
        Passphrase("elevenchars")

    assert "elevenchars" not in str(caught.value)


@pytest.mark.spec("VLT-6")
def test_the_wrong_kind_of_source_is_said_so(tmp_path: Path) -> None:
    """A passphrase for a vault with a key file, and the other way round, is `KEY_WRONG`."""
    record = Passphrase(WORDS, cost=CHEAP).new_record(SimEntropy())

    with pytest.raises(KeyVaultError) as words:
        Passphrase(WORDS).root_key(FILE)
    with pytest.raises(KeyVaultError) as file:
        KeyFile(key_file(tmp_path / "root")).root_key(record)

    assert ErrorKind.KEY_WRONG == words.value.kind == file.value.kind


def test_passphrases_are_not_shown() -> None:
    """Neither by `repr` nor by comparison."""
    source = Passphrase(WORDS)

    assert WORDS not in repr(source)
    assert source == Passphrase("some other words")
