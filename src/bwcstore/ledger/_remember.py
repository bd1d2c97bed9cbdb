"""Whether a ledger extends what was seen before (spec: LED-35, CHK-21 to CHK-23)."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from bwcstore import _layout
from bwcstore._ports import Backend
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, NotFoundError
from bwcstore.ledger._chain import Chain
from bwcstore.ledger._checkpoint import Checkpoint, verify_checkpoint
from bwcstore.ledger._history import History
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._stored import read_signed, read_stored

S = TypeVar("S", bound=Folded)

CHECKPOINTS: Final = "checkpoint/"


def find_doubt(
    backend: Backend,
    chain: Chain[S],
    history: History[S],
    *,
    key: VerifierKey,
    remembered: Sequence[bytes],
    contested: Mapping[int, int],
) -> ErrorKind | None:
    """Why nothing may be appended to a ledger that verifies by itself; None when nothing speaks
    against it.

    `BATCH_MISSING`: batches or checkpoints lie beyond the first absent batch. `ROLLED_BACK`: a
    remembered checkpoint is not reached. `FORKED`: a checkpoint of a size that is reached has
    another root, or a remembered one was not signed by this store, or a batch is contested: none
    that is right covers it, and other versions of it continue the ledger too (SHD-4).

    Raises:
        StorageError: reading failed.
    """
    if history.find_beyond() is not None:
        return ErrorKind.BATCH_MISSING
    for note in remembered:
        try:
            found = verify_checkpoint(note, key)
        except (FormatError, IntegrityError):
            return ErrorKind.FORKED
        if doubt := check_extends(chain, found):
            return doubt
    if doubt := _stored_doubt(backend, chain, key):
        return doubt
    signed = {one.generation: one.size for one in _signed(remembered, key)}
    for generation, size in contested.items():
        if signed.get(generation, 0) < size and not _covers(backend, chain, generation, size, key):
            return ErrorKind.FORKED
    return None


def _signed(remembered: Sequence[bytes], key: VerifierKey) -> list[Checkpoint]:
    """What is remembered, the smallest first."""
    return sorted((verify_checkpoint(note, key) for note in remembered), key=lambda one: one.size)


def _covers(
    backend: Backend, chain: Chain[S], generation: int, size: int, key: VerifierKey
) -> bool:
    """Whether a stored checkpoint that is right covers the first `size` entries."""
    for stat in backend.list(_layout.checkpoint_prefix(generation)):
        place = _layout.parse_checkpoint(stat.name)
        if place is None or not size <= place[1] <= chain.generations[generation].tree.size:
            continue
        try:
            read_stored(backend, chain, place, key)
        except (NotFoundError, FormatError, IntegrityError):
            continue
        return True
    return False


def check_extends(chain: Chain[S], checkpoint: Checkpoint) -> ErrorKind | None:
    """Whether a chain extends a checkpoint that its store signed; the reason when it does not."""
    if checkpoint.generation >= len(chain.generations):
        return ErrorKind.ROLLED_BACK
    tree = chain.generations[checkpoint.generation].tree
    if checkpoint.size > tree.size:
        return ErrorKind.ROLLED_BACK
    return None if tree.root(checkpoint.size) == checkpoint.root.raw else ErrorKind.FORKED


def _stored_doubt(backend: Backend, chain: Chain[S], key: VerifierKey) -> ErrorKind | None:
    """What the last checkpoint of each generation says that the store signed.

    A file there that it did not sign, or not for this place, says nothing, and hides nothing under
    a lower number; auditors report it.
    """
    sizes: dict[int, list[int]] = {}
    for stat in backend.list(CHECKPOINTS):
        place = _layout.parse_checkpoint(stat.name)
        if place is not None:
            sizes.setdefault(place[0], []).append(place[1])
    for generation in sorted(sizes):
        for size in sorted(sizes[generation], reverse=True):
            try:
                found = read_signed(backend, (generation, size), key)
            except (NotFoundError, FormatError, IntegrityError):
                continue
            doubt = check_extends(chain, found)
            if doubt is not None:
                return ErrorKind.BATCH_MISSING if doubt is ErrorKind.ROLLED_BACK else doubt
            if (found.generation, found.size) == (generation, size):
                break
    return None
