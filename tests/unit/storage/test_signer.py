"""Ed25519 keys from the vault and from files."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bwcstore.errors import ErrorKind, InvalidInputError, KeyVaultError
from bwcstore.storage._signer import StoredSigner, generate_actor_key, load_actor_key
from bwcstore.testing._world import SimEntropy

# RFC 8032, section 7.1, test 2.
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_signatures_are_those_of_rfc_8032() -> None:
    """Test 2 of RFC 8032."""
    signer = StoredSigner(SEED)

    assert (PUBLIC, SIGNATURE) == (signer.public_key, signer.sign(b"\x72"))


def test_a_seed_has_32_bytes() -> None:
    """Another length is refused."""
    with pytest.raises(InvalidInputError, match="32 bytes, not 31"):
        StoredSigner(bytes(31))


def test_seeds_are_not_shown() -> None:
    """`repr` shows the public key only."""
    shown = repr(StoredSigner(SEED))

    assert PUBLIC.hex() in shown
    assert SEED.hex() not in shown


@pytest.mark.spec("VLT-23")
@pytest.mark.parametrize("passphrase", [None, "some words"])
def test_a_generated_actor_key_is_read_back(tmp_path: Path, passphrase: str | None) -> None:
    """What was generated signs as what is loaded, and the file is private."""
    path = tmp_path / "actor.pem"

    made = generate_actor_key(path, entropy=SimEntropy(4), passphrase=passphrase)
    loaded = load_actor_key(path, passphrase=passphrase)

    assert made.public_key == loaded.public_key
    Ed25519PublicKey.from_public_bytes(made.public_key).verify(loaded.sign(b"m"), b"m")
    assert 0o600 == path.stat().st_mode & 0o7777
    assert (passphrase is not None) == (b"ENCRYPTED" in path.read_bytes())


@pytest.mark.spec("VLT-23")
@pytest.mark.parametrize(
    ("made", "used"), [("some words", "other words"), ("some words", None), (None, "some words")]
)
def test_a_wrong_passphrase_is_said_so(tmp_path: Path, made: str | None, used: str | None) -> None:
    """Wrong, missing or needless, it is `KEY_WRONG`, and it is not shown."""
    path = tmp_path / "actor.pem"
    generate_actor_key(path, entropy=SimEntropy(), passphrase=made)

    with pytest.raises(KeyVaultError) as caught:
        load_actor_key(path, passphrase=used)

    assert ErrorKind.KEY_WRONG == caught.value.kind
    assert "words" not in caught.value.message


@pytest.mark.spec("VLT-23")
def test_an_actor_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Mode 0644 is `KEY_FILE_MODE`."""
    path = tmp_path / "actor.pem"
    generate_actor_key(path, entropy=SimEntropy())
    path.chmod(0o644)

    with pytest.raises(KeyVaultError) as caught:
        load_actor_key(path)

    assert ErrorKind.KEY_FILE_MODE == caught.value.kind


@pytest.mark.spec("VLT-23")
def test_other_keys_are_refused(tmp_path: Path) -> None:
    """Another kind of key, and no key at all, are `KEY_FILE_INVALID`."""
    pem = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for data in (pem, b"no key"):
        path = tmp_path / f"{len(data)}.pem"
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(KeyVaultError) as caught:
            load_actor_key(path)
        assert ErrorKind.KEY_FILE_INVALID == caught.value.kind


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    """An empty text is no passphrase, and no file is made."""
    with pytest.raises(InvalidInputError):
        generate_actor_key(tmp_path / "actor.pem", entropy=SimEntropy(), passphrase="")

    assert [] == list(tmp_path.iterdir())
