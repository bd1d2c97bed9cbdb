"""What was derived from the ledger and stored, read past what covers it (spec: SHD-6).

Rules kept here: a checkpoint is that of its name only if it says so itself; what is derived is
right if it is the bytes that the entries give.
"""

from typing import TypeVar

from bwcstore import _layout
from bwcstore._limits import whole
from bwcstore._ports import Backend
from bwcstore._shadows import read_verified
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, NotFoundError
from bwcstore.ledger._chain import Chain
from bwcstore.ledger._checkpoint import Checkpoint, verify_checkpoint
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._scope import Folded

S = TypeVar("S", bound=Folded)

Place = tuple[int, int]


def holds(backend: Backend, name: str, data: bytes) -> bool:
    """Whether a version of a name is exactly these bytes.

    Raises:
        StorageError: reading failed.
    """

    def check(found: bytes) -> bool:
        if found != data:
            raise IntegrityError(ErrorKind.SHADOWED, f"{name} holds other bytes")
        return True

    try:
        return read_verified(backend, name, check)
    except (NotFoundError, IntegrityError):
        return False


def check_named(raw: bytes, place: Place, key: VerifierKey) -> Checkpoint:
    """Check that a note is the signed checkpoint of a generation and size.

    Raises:
        FormatError: it is not a checkpoint note.
        IntegrityError: the store did not sign it, or it is another.
    """
    found = verify_checkpoint(raw, key)
    if (found.generation, found.size) != place:
        raise IntegrityError(
            ErrorKind.NOTE_INVALID,
            f"{_layout.checkpoint(*place)}: of generation {found.generation}, size {found.size}",
        )
    return found


def check_held(raw: bytes, chain: Chain[S], place: Place, key: VerifierKey) -> Checkpoint:
    """Check that a note is the signed checkpoint of a place, and has the root of the entries.

    Raises:
        FormatError: it is not a checkpoint note.
        IntegrityError: the store did not sign it, it is another, or its root is not that of the
            entries.
    """
    found = check_named(raw, place, key)
    tree = chain.generations[place[0]].tree
    if found.size > tree.size or found.root.raw != tree.root(found.size):
        raise IntegrityError(
            ErrorKind.CHECKPOINT_ROOT, f"{_layout.checkpoint(*place)}: not the root of the entries"
        )
    return found


def read_stored(
    backend: Backend, chain: Chain[S], place: Place, key: VerifierKey
) -> tuple[Checkpoint, bytes]:
    """The stored checkpoint of a place that agrees with the entries, and its note.

    Raises:
        NotFoundError: there is none.
        FormatError: no version is a checkpoint note.
        IntegrityError: no version is signed, of this place, and right.
        StorageError: reading failed.
    """
    return read_verified(
        backend,
        _layout.checkpoint(*place),
        lambda raw: (check_held(raw, chain, place, key), raw),
    )


def read_signed(backend: Backend, place: Place, key: VerifierKey) -> Checkpoint:
    """What the store signed under the name of a checkpoint, whether it is right or not.

    Raises:
        NotFoundError: there is nothing.
        FormatError: it is not a checkpoint note.
        IntegrityError: the store did not sign it.
        StorageError: reading failed.
    """
    name = _layout.checkpoint(*place)
    try:
        return read_verified(backend, name, lambda raw: check_named(raw, place, key))
    except (FormatError, IntegrityError):
        return verify_checkpoint(backend.read(name, whole(name)), key)
