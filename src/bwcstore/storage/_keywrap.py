"""How one key is wrapped under another: HKDF binds the place, AES-KWP wraps (spec: VLT-4, VLT-5).

Rules kept here:

- a key-encryption key never wraps anything directly: each wrapping has a key of its own, derived
  from where the wrapped key belongs, so that moving wrapped bytes to another place is noticed;
- a wrong key is an error, never garbage;
- no secret is shown by `repr`, nor in a message.
"""

import hmac
from typing import Final

from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from bwcstore.errors import ErrorKind, KeyVaultError

ALGORITHM: Final = "kwp-aes256-hkdf-sha256"
KEY_BYTES: Final = 32
CHECK_BYTES: Final = 8
WRAPPED_BYTES: Final = 40
ROOT_LABEL: Final = "bwcstore/v1 root kek"
EPOCH_LABEL: Final = "bwcstore/v1 kek"
_NO_SALT: Final = bytes(32)


def key_check(key: bytes) -> bytes:
    """The 8 bytes that recognise a key and give nothing else away (VLT-3)."""
    return hmac.digest(key, b"bwcstore/v1 key check", "sha256")[:CHECK_BYTES]


class KeyWrapper:
    """Wraps and unwraps keys under one key-encryption key.

    Args:
        kek: the 32-byte key-encryption key; it is not kept, only what HKDF extracts from it.
        label: says what the key-encryption key is for: `ROOT_LABEL` or `EPOCH_LABEL`.
    """

    def __init__(self, kek: bytes, *, label: str) -> None:
        self._extracted = hmac.digest(_NO_SALT, kek, "sha256")
        self._label = label.encode("ascii")

    def __repr__(self) -> str:
        return "<KeyWrapper>"

    def _derive(self, place: tuple[str, ...]) -> bytes:
        parts = [part.encode("ascii") for part in place]
        info = self._label + b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.digest(self._extracted, info + b"\x01", "sha256")

    def wrap(self, key: bytes, *, place: tuple[str, ...]) -> bytes:
        """Wrap a 32-byte key; 40 bytes.

        Args:
            key: what to wrap.
            place: ASCII texts that say where the wrapped key belongs.
        """
        return aes_key_wrap_with_padding(self._derive(place), key)

    def unwrap(self, wrapped: bytes, *, check: bytes, place: tuple[str, ...]) -> bytes:
        """Unwrap what `wrap` wrapped at the same place.

        Raises:
            KeyVaultError: it was wrapped under another key, for another place, or was changed.
        """
        try:
            key = aes_key_unwrap_with_padding(self._derive(place), wrapped)
        except (InvalidUnwrap, ValueError):
            key = b""
        if len(key) != KEY_BYTES or not hmac.compare_digest(key_check(key), check):
            raise KeyVaultError(
                ErrorKind.KEY_WRONG, f"the key of {' '.join(place)} cannot be unwrapped"
            )
        return key
