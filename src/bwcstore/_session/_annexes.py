"""Annexes: what is too large for an entry, stored under its digest before the entry (LED-45)."""

import hashlib
from typing import Final

from bwcstore import _layout
from bwcstore._ports import Backend
from bwcstore._shadows import read_verified
from bwcstore._values import ByteRange, Digest
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
)

ANNEX_SIZE_MAX: Final = 64 << 20


def put_annex(backend: Backend, data: bytes) -> Digest:
    """Store bytes under their digest; return it once they are durable.

    Raises:
        InvalidInputError: they are larger than 64 MiB (`too-large`).
        IntegrityError: the name is taken by other bytes (`annex-digest`).
        StorageError: they were not stored.
    """
    if len(data) > ANNEX_SIZE_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE, f"an annex of {len(data)} bytes, at most {ANNEX_SIZE_MAX}"
        )
    digest = Digest(hashlib.sha256(data).digest())
    try:
        backend.create(_layout.annex(digest), data)
    except (AlreadyExistsError, OutcomeUnknownError):
        # Equal bytes have an equal name: what is there must be it, whoever stored it.
        get_annex(backend, digest)
    return digest


def get_annex(backend: Backend, digest: Digest) -> bytes:
    """The bytes of an annex, whose digest was checked; where it was covered, from under the cover.

    Raises:
        IntegrityError: it is missing (`annex-missing`) or altered (`annex-digest`).
        StorageError: reading failed.
    """
    name = _layout.annex(digest)

    def check(data: bytes) -> bytes:
        if hashlib.sha256(data).digest() != digest.raw:
            raise IntegrityError(ErrorKind.ANNEX_DIGEST, f"{name} holds other bytes")
        return data

    enough = ByteRange(offset_bytes=0, length_bytes=ANNEX_SIZE_MAX + 1)
    try:
        return read_verified(backend, name, check, byte_range=enough)
    except NotFoundError as exc:
        raise IntegrityError(ErrorKind.ANNEX_MISSING, f"{name} is missing") from exc
