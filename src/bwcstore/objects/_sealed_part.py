"""Seal and open the two private parts of a manifest.

Rules kept here (spec chapter `manifest`):

- a part is bound to its name, its object and its store: it opens nowhere else (MAN-9);
- each part has a key of its own, derived from the key that is handed in (MAN-9);
- nothing is drawn here: nonces and keys are arguments.

What the parts say is in `bwcstore.objects._parts`.
"""

from typing import Final

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bwcstore import _encoding
from bwcstore._values import ObjectId, StoreId
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError

FORMAT: Final = "1.0"
NONCE_LENGTH_BYTES: Final = 12
TAG_LENGTH_BYTES: Final = 16
PART_SIZE_MAX: Final = 1024 * 1024


@attrs.frozen(kw_only=True)
class SealedPart:
    """One sealed part as it is stored: 12-byte nonce, and ciphertext with its 16-byte tag."""

    nonce: bytes
    sealed: bytes


@attrs.frozen(kw_only=True)
class PartBinding:
    """What one sealed part belongs to.

    Attributes:
        name: `record` or `content`.
        store_id: the store.
        object_id: the object.
    """

    name: str
    store_id: StoreId
    object_id: ObjectId

    def _aead(self, key: bytes) -> AESGCM:
        info = f"bwcstore/v1 manifest {self.name}".encode("ascii")
        return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key))

    def _context(self) -> bytes:
        return _encoding.encode(
            {
                "format": FORMAT,
                "object": str(self.object_id),
                "part": self.name,
                "store": str(self.store_id),
            }
        )

    def seal(self, plaintext: bytes, *, key: bytes, nonce: bytes) -> SealedPart:
        """Seal a part under a 32-byte key and a fresh random 12-byte nonce (spec: MAN-9).

        Raises:
            InvalidInputError: sealed, the part would be longer than 1 MiB.
        """
        if len(plaintext) > PART_SIZE_MAX - TAG_LENGTH_BYTES:
            raise InvalidInputError(
                ErrorKind.TOO_LARGE, f"{self.name} part: {len(plaintext)} bytes, at most 1 MiB"
            )
        sealed = self._aead(key).encrypt(nonce, plaintext, self._context())
        return SealedPart(nonce=nonce, sealed=sealed)

    def open(self, part: SealedPart, *, key: bytes) -> bytes:
        """Verify a part and return its plaintext (spec: MAN-9).

        Raises:
            IntegrityError: the tag does not verify (`MANIFEST_INVALID`).
        """
        try:
            return self._aead(key).decrypt(part.nonce, part.sealed, self._context())
        except InvalidTag as exc:
            raise IntegrityError(
                ErrorKind.MANIFEST_INVALID,
                f"manifest of object {self.object_id}: the {self.name} part does not verify under "
                "this key",
            ) from exc
