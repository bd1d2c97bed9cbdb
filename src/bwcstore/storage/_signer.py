"""Ed25519 keys in this process: the store's, from the vault, and the actors', from files.

Rules kept here: no private byte is shown by `repr` or in a message, and a file that others could
read is refused. A hardware module is another implementation of the `Signer` port.
"""

from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from bwcstore._ports import Entropy
from bwcstore.errors import ErrorKind, InvalidInputError, KeyVaultError
from bwcstore.storage._private_file import create_private_file, read_private_file

SEED_BYTES = 32


class StoredSigner:
    """The `Signer` port over a private key in memory.

    Args:
        seed: the 32-byte Ed25519 private seed, e.g. the vault's key `sign/store`.
    """

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"an Ed25519 seed has {SEED_BYTES} bytes, not {len(seed)}",
            )
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} public_key={self._public.hex()}>"

    @property
    def public_key(self) -> bytes:
        """The 32-byte public key."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message` (RFC 8032, deterministic)."""
        return self._key.sign(message)


class PemSigner(StoredSigner):
    """The `Signer` port over a private key from a PKCS #8 PEM file."""

    @classmethod
    def from_pem(cls, data: bytes, *, what: str, passphrase: str | None = None) -> Self:
        """Parse a PKCS #8 PEM, encrypted if and only if a passphrase is given.

        Raises:
            KeyVaultError: it is no such thing (`KEY_FILE_INVALID`), or the passphrase is wrong,
                missing or not needed (`KEY_WRONG`).
        """
        password = None if passphrase is None else passphrase.encode()
        try:
            key = load_pem_private_key(data, password)
        except TypeError as exc:
            need = "needs a" if passphrase is None else "has no"
            raise KeyVaultError(ErrorKind.KEY_WRONG, f"key file {what}: {need} passphrase") from exc
        except (ValueError, UnsupportedAlgorithm) as exc:
            if passphrase is not None and b"ENCRYPTED" in data[:64]:
                raise KeyVaultError(
                    ErrorKind.KEY_WRONG, f"key file {what}: damaged, or the passphrase is wrong"
                ) from exc
            raise KeyVaultError(
                ErrorKind.KEY_FILE_INVALID, f"key file {what}: no PKCS #8 private key in PEM"
            ) from exc
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyVaultError(ErrorKind.KEY_FILE_INVALID, f"key file {what}: not an Ed25519 key")
        return cls(key.private_bytes_raw())


def load_actor_key(path: Path, *, passphrase: str | None = None) -> PemSigner:
    """Read an actor's signing key from a PKCS #8 PEM file of mode 0600 or stricter (VLT-23).

    Raises:
        KeyVaultError: the file is missing, open to others, malformed, or the passphrase is wrong.
    """
    return PemSigner.from_pem(read_private_file(path), what=str(path), passphrase=passphrase)


def generate_actor_key(path: Path, *, entropy: Entropy, passphrase: str | None = None) -> PemSigner:
    """Create an actor's signing key in a new PKCS #8 PEM file of mode 0600 (VLT-23).

    Raises:
        InvalidInputError: the passphrase is empty.
        KeyVaultError: the name is taken (`TARGET_EXISTS`) or writing failed.
    """
    if passphrase is not None and not passphrase:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, "the passphrase is empty")
    seed = entropy.take(SEED_BYTES)
    encryption = (
        BestAvailableEncryption(passphrase.encode()) if passphrase is not None else NoEncryption()
    )
    pem = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption
    )
    create_private_file(path, pem)
    return PemSigner(seed)
