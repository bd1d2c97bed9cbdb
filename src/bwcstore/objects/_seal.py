"""Seal and open single chunks under FLOE: the header, the derived keys, one AEAD call per chunk.

Rules kept here (spec chapter `segment`):

- every secret and every random value is an argument; nothing is drawn here (SEG-5);
- the header tag is verified before any chunk is opened (SEG-9), which also commits to the key;
- a chunk is bound to its position, to being final or not, and to its object (SEG-6, SEG-7);
- no plaintext is left behind by a chunk that does not verify (SEG-16).

What the FLOE specification calls a segment is a chunk here. Nothing here knows segments,
lengths of objects, or storage.

Calling sequence: `start` once per object when sealing (`unlock` when a broken ingest is taken up
again, and when opening); then
`Cipher.seal_into` or `Cipher.open_into` once per chunk, from any thread.
"""

import hmac
from collections.abc import Sequence
from enum import Enum, unique
from typing import Final

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from bwcstore._values import ObjectId, StoreId
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, InternalError

KEY_LENGTH_BYTES: Final = 32
HEADER_LENGTH_BYTES: Final = 74
HEADER_IV_LENGTH_BYTES: Final = 32
CHUNK_IV_LENGTH_BYTES: Final = 12
TAG_LENGTH_BYTES: Final = 16
CHUNK_OVERHEAD_BYTES: Final = 32
ROTATION_BITS: Final = 20
_PARAMS_LENGTH_BYTES: Final = 10
_HEADER_TAG_LENGTH_BYTES: Final = 32
_MESSAGE_KEY_LENGTH_BYTES: Final = 48
_CIPHERTEXT_AT: Final = 4 + CHUNK_IV_LENGTH_BYTES
_INNER_WORD: Final = b"\xff\xff\xff\xff"


@unique
class Place(Enum):
    """Whether a chunk is the last of its object. The value is the tail of the chunk's AAD."""

    INNER = b"\x00"
    FINAL = b"\x01"


@attrs.frozen(kw_only=True)
class _Derivation:
    """`FLOE_KDF` with everything fixed but the key and the purpose (SEG-4)."""

    params: bytes
    iv: bytes
    aad: bytes = attrs.field(repr=False)

    def derive(self, key: bytes, purpose: bytes, length_bytes: int) -> bytes:
        info = self.params + self.iv + purpose + self.aad
        return HKDFExpand(algorithm=SHA384(), length=length_bytes, info=info).derive(key)


@attrs.frozen(kw_only=True)
class _ChunkKey:
    """The key of a run of chunks that share it."""

    epoch: int
    key: bytes = attrs.field(repr=False, eq=False)
    aead: AESGCM = attrs.field(repr=False, eq=False)


class Cipher:
    """Seals and opens the chunks of one object. Safe to use from several threads."""

    def __init__(self, key: bytes, derivation: _Derivation, chunk_bytes: int, bits: int) -> None:
        self._message_key = derivation.derive(key, b"MESSAGE_KEY:", _MESSAGE_KEY_LENGTH_BYTES)
        self._derivation = derivation
        self._chunk_bytes = chunk_bytes
        self._rotation_bits = bits
        self._current: _ChunkKey | None = None

    def _chunk_key(self, position: int) -> "_ChunkKey":
        epoch = position >> self._rotation_bits
        current = self._current
        if current is not None and current.epoch == epoch:
            return current
        masked = (epoch << self._rotation_bits).to_bytes(8, "big")
        key = self._derivation.derive(self._message_key, b"DEK:" + masked, KEY_LENGTH_BYTES)
        current = self._current = _ChunkKey(epoch=epoch, key=key, aead=AESGCM(key))
        return current

    def seal_into(
        self, plaintext: memoryview, chunk: memoryview, *, position: int, place: Place, iv: bytes
    ) -> None:
        """Seal one chunk into a caller's buffer, without a copy (spec: SEG-5 to SEG-7).

        Args:
            plaintext: at most `chunk_bytes - 32` bytes; exactly that many for an inner chunk.
            chunk: receives the sealed chunk; 32 bytes longer than `plaintext`.
            position: the chunk's number in its object, from 0.
            place: whether the chunk is the last of the object.
            iv: 12 bytes, random and never used before under this object's key.

        Raises:
            InternalError: the buffers do not fit each other or the chunk length.
        """
        size = plaintext.nbytes + CHUNK_OVERHEAD_BYTES
        full = size == self._chunk_bytes
        if (
            chunk.nbytes != size
            or len(iv) != CHUNK_IV_LENGTH_BYTES
            or not (full or (place is Place.FINAL and size < self._chunk_bytes))
        ):
            raise InternalError(
                ErrorKind.DEFECT, f"chunk {position}: {size} bytes do not fit a {place.name} chunk"
            )
        chunk[:4] = _INNER_WORD if place is Place.INNER else size.to_bytes(4, "big")
        chunk[4:_CIPHERTEXT_AT] = iv
        aad = position.to_bytes(8, "big") + place.value
        self._chunk_key(position).aead.encrypt_into(iv, plaintext, aad, chunk[_CIPHERTEXT_AT:])

    def open_into(
        self, chunk: memoryview, plaintext: memoryview, *, position: int, place: Place
    ) -> None:
        """Verify one chunk and put its plaintext into a caller's buffer (spec: SEG-15, SEG-16).

        Args:
            chunk: the sealed chunk, all of it and nothing else.
            plaintext: receives the plaintext; 32 bytes shorter than `chunk`. Holds zeros when the
                chunk does not verify.
            position: the chunk's number in its object, from a trusted manifest.
            place: whether the chunk must be the last of the object, from a trusted manifest.

        Raises:
            IntegrityError: the length word is not what the place demands (`CHUNK_SHAPE`), or the
                tag does not verify (`CHUNK_TAG`).
            InternalError: the buffers do not fit each other.
        """
        self._check_shape(chunk, plaintext.nbytes, position, place)
        aad = position.to_bytes(8, "big") + place.value
        try:
            self._chunk_key(position).aead.decrypt_into(
                chunk[4:_CIPHERTEXT_AT], chunk[_CIPHERTEXT_AT:], aad, plaintext
            )
        except InvalidTag as exc:
            # The cipher writes as it goes and checks the tag last: what it wrote is not evidence.
            plaintext[:] = bytes(plaintext.nbytes)
            raise _tag_error(position) from exc

    def open_parts_into(
        self, chunk: memoryview, parts: Sequence[memoryview], *, position: int, place: Place
    ) -> None:
        """Verify one chunk and spread its plaintext over several buffers (SEG-15, SEG-16).

        Like `open_into`, for a plaintext that is wanted in more than one place: nothing is copied.

        Args:
            chunk: the sealed chunk, all of it and nothing else.
            parts: receive the plaintext one after the other; together 32 bytes shorter than
                `chunk`. Hold zeros when the chunk does not verify.
            position: the chunk's number in its object, from a trusted manifest.
            place: whether the chunk must be the last of the object, from a trusted manifest.

        Raises:
            IntegrityError: the length word is not what the place demands (`CHUNK_SHAPE`), or the
                tag does not verify (`CHUNK_TAG`).
            InternalError: the buffers do not fit each other.
        """
        self._check_shape(chunk, sum(part.nbytes for part in parts), position, place)
        mode = modes.GCM(bytes(chunk[4:_CIPHERTEXT_AT]))
        algorithm = algorithms.AES(self._chunk_key(position).key)
        decryptor = ciphers.Cipher(algorithm, mode).decryptor()
        decryptor.authenticate_additional_data(position.to_bytes(8, "big") + place.value)
        at = _CIPHERTEXT_AT
        for part in parts:
            decryptor.update_into(chunk[at : at + part.nbytes], part)
            at += part.nbytes
        try:
            decryptor.finalize_with_tag(bytes(chunk[at:]))
        except InvalidTag as exc:
            for part in parts:
                part[:] = bytes(part.nbytes)
            raise _tag_error(position) from exc

    def _check_shape(
        self, chunk: memoryview, plaintext_bytes: int, position: int, place: Place
    ) -> None:
        size = chunk.nbytes
        inner = place is Place.INNER
        if (
            size < CHUNK_OVERHEAD_BYTES
            or size > self._chunk_bytes
            or (inner and size != self._chunk_bytes)
            or chunk[:4] != (_INNER_WORD if inner else size.to_bytes(4, "big"))
        ):
            raise IntegrityError(
                ErrorKind.CHUNK_SHAPE,
                f"chunk {position}: {size} bytes, length word {chunk[:4].hex()}, are not the shape "
                f"of a {place.name} chunk",
            )
        if plaintext_bytes != size - CHUNK_OVERHEAD_BYTES:
            raise InternalError(ErrorKind.DEFECT, f"chunk {position}: the buffers do not fit")


def _tag_error(position: int) -> IntegrityError:
    return IntegrityError(
        ErrorKind.CHUNK_TAG, f"chunk {position}: the authentication tag does not verify"
    )


def associated_data(store_id: StoreId, object_id: ObjectId) -> bytes:
    """The associated data that binds every derived key to one object of one store (SEG-3)."""
    return f"bwcstore/v1/object\n{store_id}\n{object_id}\n".encode("ascii")


def _derivation(iv: bytes, aad: bytes, chunk_bytes: int) -> _Derivation:
    params = b"\x00\x00" + chunk_bytes.to_bytes(4, "big") + len(iv).to_bytes(4, "big")
    return _Derivation(params=params, iv=iv, aad=aad)


def start(
    key: bytes, *, iv: bytes, aad: bytes, chunk_bytes: int, rotation_bits: int = ROTATION_BITS
) -> tuple[bytes, Cipher]:
    """Begin to seal one object: its 74-byte header, and the cipher for its chunks (SEG-2).

    Args:
        key: the object's 32-byte content key.
        iv: 32 random bytes, never used before under this key.
        aad: what the object is bound to; see `associated_data`.
        chunk_bytes: the length of a full sealed chunk.
        rotation_bits: a derived key serves `2**rotation_bits` chunks; 20 in every stored object.

    Raises:
        InternalError: the key or the IV is not 32 bytes.
    """
    if len(key) != KEY_LENGTH_BYTES or len(iv) != HEADER_IV_LENGTH_BYTES:
        raise InternalError(ErrorKind.DEFECT, "a content key and a header IV are 32 bytes each")
    derivation = _derivation(iv, aad, chunk_bytes)
    tag = derivation.derive(key, b"HEADER_TAG:", _HEADER_TAG_LENGTH_BYTES)
    header = derivation.params + iv + tag
    return header, Cipher(key, derivation, chunk_bytes, rotation_bits)


def unlock(
    key: bytes, header: bytes, *, aad: bytes, chunk_bytes: int, rotation_bits: int = ROTATION_BITS
) -> Cipher:
    """Verify a header and return the cipher for the object's chunks (spec: SEG-8, SEG-9).

    Args:
        key: the object's 32-byte content key.
        header: the 74 bytes from the manifest.
        aad: what the object is bound to; see `associated_data`.
        chunk_bytes: the length of a full sealed chunk, from the manifest.
        rotation_bits: a derived key serves `2**rotation_bits` chunks; 20 in every stored object.

    Raises:
        FormatError: the header is not one that this format has (`HEADER_INVALID`).
        IntegrityError: the header tag does not verify: another key, object or store, or changed
            bytes (`HEADER_TAG`).
        InternalError: the key is not 32 bytes.
    """
    if len(key) != KEY_LENGTH_BYTES:
        raise InternalError(ErrorKind.DEFECT, "a content key is 32 bytes")
    check_header(header, chunk_bytes=chunk_bytes)
    iv = header[_PARAMS_LENGTH_BYTES : _PARAMS_LENGTH_BYTES + HEADER_IV_LENGTH_BYTES]
    derivation = _derivation(iv, aad, chunk_bytes)
    tag = derivation.derive(key, b"HEADER_TAG:", _HEADER_TAG_LENGTH_BYTES)
    if not hmac.compare_digest(tag, header[-_HEADER_TAG_LENGTH_BYTES:]):
        raise IntegrityError(
            ErrorKind.HEADER_TAG, "the header tag does not verify under this key and object"
        )
    return Cipher(key, derivation, chunk_bytes, rotation_bits)


def check_header(header: bytes, *, chunk_bytes: int) -> None:
    """Check everything about a header that needs no key (spec: SEG-8).

    Raises:
        FormatError: wrong length, or parameters other than AES-256-GCM, HKDF-SHA-384, 32-byte IV
            and the given chunk length (`HEADER_INVALID`).
    """
    if len(header) != HEADER_LENGTH_BYTES:
        raise FormatError(
            ErrorKind.HEADER_INVALID,
            f"header: {len(header)} bytes, expected {HEADER_LENGTH_BYTES}",
        )
    expected = _derivation(bytes(HEADER_IV_LENGTH_BYTES), b"", chunk_bytes).params
    if header[:_PARAMS_LENGTH_BYTES] != expected:
        raise FormatError(
            ErrorKind.HEADER_INVALID,
            f"header: parameters {header[:_PARAMS_LENGTH_BYTES].hex()}, expected {expected.hex()}",
        )
