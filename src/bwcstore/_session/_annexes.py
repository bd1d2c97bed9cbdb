"""Annexes: what is too large for an entry, stored under its digest before the entry (LED-45)."""

import hashlib

from bwcstore import _layout
from bwcstore._limits import ANNEX_SIZE_MAX
from bwcstore._ports import Backend
from bwcstore._shadows import read_verified
from bwcstore._values import Digest
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
)


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

    try:
        return read_verified(backend, name, check)
    except NotFoundError as exc:
        raise IntegrityError(ErrorKind.ANNEX_MISSING, f"{name} is missing") from exc
