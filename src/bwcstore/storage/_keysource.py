"""Where the root key of a vault comes from (spec: VLT-6, VLT-21, VLT-22).

Rules kept here: a source shows no secret by `repr` or in a message, and a key file that others
could read is refused. A key management service is one more class with the two methods of
`KeySource` and one more `RootAlg`.
"""

import re
import unicodedata
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, Protocol, Self

import attrs
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from bwcstore._ports import Entropy
from bwcstore.errors import ErrorKind, InvalidInputError, KeyVaultError
from bwcstore.storage._keywrap import KEY_BYTES
from bwcstore.storage._private_file import create_private_file, read_private_file
from bwcstore.storage._vault_format import SALT_BYTES, RootAlg, RootRecord

PASSPHRASE_LENGTH_MIN: Final = 12
_KEY_FILE: Final = re.compile(rb"([0-9a-f]{64})\n")


class KeySource(Protocol):
    """Gives the root key of a vault."""

    def new_record(self, entropy: Entropy) -> RootRecord:
        """How a new vault shall find the root key again."""

    def root_key(self, record: RootRecord) -> bytes:
        """The 32-byte root key.

        Raises:
            KeyVaultError: it cannot be had, or the record asks for another kind of source.
        """


@attrs.frozen
class KeyFile:
    """A root key in a file of 64 lower-case hex digits and LF, mode 0600 or stricter (VLT-21).

    Attributes:
        path: the file; it must belong to the user of this process, or to root.
    """

    path: Path

    @classmethod
    def generate(cls, path: Path, entropy: Entropy) -> Self:
        """Create the file with a fresh random key, durably.

        Raises:
            KeyVaultError: the name is taken (`TARGET_EXISTS`) or writing failed.
        """
        create_private_file(path, entropy.take(KEY_BYTES).hex().encode("ascii") + b"\n")
        return cls(path)

    def new_record(self, entropy: Entropy) -> RootRecord:
        """How a new vault finds the root key again: by being given the file."""
        del entropy
        return RootRecord(alg=RootAlg.KEY_FILE)

    def root_key(self, record: RootRecord) -> bytes:
        """The 32 bytes in the file.

        Raises:
            KeyVaultError: the file is missing, open to others, or malformed, or the vault's root
                key comes from a passphrase.
        """
        _expect(record, RootAlg.KEY_FILE)
        found = _KEY_FILE.fullmatch(read_private_file(self.path))
        if found is None:
            raise KeyVaultError(
                ErrorKind.KEY_FILE_INVALID,
                f"key file {self.path}: expected 64 lower-case hex digits and a line end",
            )
        return bytes.fromhex(found[1].decode("ascii"))


@unique
class PassphraseKdf(StrEnum):
    """How a passphrase becomes a key."""

    ARGON2ID = "argon2id"
    """RFC 9106. The stronger one; not among the approved algorithms of FIPS 140-3."""
    PBKDF2 = "pbkdf2-hmac-sha-512"
    """SP 800-132. For where approved algorithms are required."""


@attrs.frozen(kw_only=True)
class PassphraseCost:
    """How much work a guess costs. The defaults take a few tenths of a second.

    Attributes:
        iterations: passes of Argon2id, at least 2.
        lanes: parallelism of Argon2id.
        memory_kib: memory of Argon2id in KiB, at least 19456.
        pbkdf2_iterations: iterations of PBKDF2, at least 210000.
    """

    iterations: int = 3
    lanes: int = 4
    memory_kib: int = 65_536
    pbkdf2_iterations: int = 600_000


@attrs.frozen
class Passphrase:
    """A root key derived from a passphrase and the salt in the vault's header (VLT-22).

    Attributes:
        text: at least 12 characters; taken in NFC.
        kdf: how a *new* record derives the key. Opening follows the header.
        cost: what a *new* record costs. Opening follows the header.
    """

    text: str = attrs.field(repr=False, eq=False)
    kdf: PassphraseKdf = attrs.field(default=PassphraseKdf.ARGON2ID, kw_only=True)
    cost: PassphraseCost = attrs.field(factory=PassphraseCost, kw_only=True)

    @text.validator
    def _check(self, _: object, text: str) -> None:
        if not isinstance(text, str) or len(text) < PASSPHRASE_LENGTH_MIN:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"a passphrase needs at least {PASSPHRASE_LENGTH_MIN} characters",
            )

    def new_record(self, entropy: Entropy) -> RootRecord:
        """Parameters with a fresh salt.

        Raises:
            InvalidInputError: the cost is below the floor or beyond reason.
        """
        salt = entropy.take(SALT_BYTES)
        match self.kdf:
            case PassphraseKdf.ARGON2ID:
                return RootRecord(
                    alg=RootAlg.ARGON2ID,
                    salt=salt,
                    iterations=self.cost.iterations,
                    lanes=self.cost.lanes,
                    memory_kib=self.cost.memory_kib,
                )
            case PassphraseKdf.PBKDF2:
                return RootRecord(
                    alg=RootAlg.PBKDF2, salt=salt, iterations=self.cost.pbkdf2_iterations
                )

    def root_key(self, record: RootRecord) -> bytes:
        """Derive the root key as the record says; takes as long as it says.

        Raises:
            KeyVaultError: the vault's root key comes from a key file.
        """
        _expect(record, RootAlg.ARGON2ID, RootAlg.PBKDF2)
        secret = unicodedata.normalize("NFC", self.text).encode()
        if record.alg is RootAlg.ARGON2ID:
            return Argon2id(
                salt=record.salt,
                length=KEY_BYTES,
                iterations=record.iterations,
                lanes=record.lanes,
                memory_cost=record.memory_kib,
            ).derive(secret)
        return PBKDF2HMAC(
            algorithm=SHA512(), length=KEY_BYTES, salt=record.salt, iterations=record.iterations
        ).derive(secret)


def _expect(record: RootRecord, *algs: RootAlg) -> None:
    if record.alg not in algs:
        raise KeyVaultError(
            ErrorKind.KEY_WRONG,
            f"the vault's root key comes by {record.alg}, not by {' or '.join(algs)}",
        )
