"""Checkpoints, full tiles and bundles: what is derived from a committed ledger and kept.

Rules kept here (spec: CHK-9 to CHK-12, LED-38, LED-39):

- a checkpoint is signed only over what is known to be committed;
- each is created once; finding equal bytes is success, finding others is evidence.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from bwcstore import _layout
from bwcstore._ports import Backend, Clock, Signer
from bwcstore._shadows import read_verified
from bwcstore._values import Digest
from bwcstore.errors import (
    AlreadyExistsError,
    EquivocationError,
    ErrorKind,
    FormatError,
    IntegrityError,
    KeyVaultError,
    NotFoundError,
    StorageError,
)
from bwcstore.ledger._batch import Batch
from bwcstore.ledger._chain import Chain, Generation
from bwcstore.ledger._checkpoint import Checkpoint, sign_checkpoint
from bwcstore.ledger._history import History, exists, first_absent
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._stored import check_named, holds, read_stored
from bwcstore.ledger._tiles import (
    BUNDLE_WIDTH,
    TILE_HEIGHT,
    TILE_WIDTH,
    encode_bundle,
    encode_tile,
)

S = TypeVar("S", bound=Folded)

CHECKPOINT_ENTRIES: Final = 1024
CHECKPOINT_SECONDS: Final = 60.0
TAIL_MAX: Final = 262_144


class Publisher(Generic[S]):
    """Writes checkpoints, tiles and bundles of one ledger."""

    def __init__(
        self,
        backend: Backend,
        clock: Clock,
        *,
        chain: Chain[S],
        history: History[S],
        origin: str,
        signer: Signer | None,
        remember: Callable[[bytes], None],
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._chain = chain
        self._history = history
        self._origin = origin
        self._signer = signer
        self._remember = remember
        self._index = chain.index
        self._covered = signer is None or exists(
            backend, _layout.checkpoint(chain.current.number, chain.current.tree.size)
        )
        self._seconds = clock.monotonic()
        self._note: tuple[Checkpoint, bytes] | None = None
        self._tail_first = chain.index
        self._tail: list[bytes] = []

    def take(self, batch: Batch) -> None:
        """Hold on to the leaves of a batch until they are in a bundle."""
        if self._signer is None or len(self._tail) > TAIL_MAX:
            self._tail_first, self._tail = self._chain.index, []
        else:
            self._tail.extend(entry.raw for entry in batch.entries)

    def _leaves(self, first: int, last: int) -> list[bytes]:
        """The leaves of entries `first` to `last - 1`, read again where they are not at hand."""
        start = max(first, self._tail_first)
        found = [entry.raw for entry in self._history.entries(first, min(start, last))]
        # A negative end would count from the end of the list.
        return found + self._tail[start - self._tail_first : max(0, last - self._tail_first)]

    @property
    def due(self) -> bool:
        """Whether 1,024 entries or 60 s with entries have passed since the last checkpoint."""
        if self._signer is None or self._index == self._chain.index:
            return False
        grown = self._chain.index - self._index
        waited = self._clock.monotonic() - self._seconds
        return grown >= CHECKPOINT_ENTRIES or waited >= CHECKPOINT_SECONDS

    @property
    def pending(self) -> bool:
        """Whether there are entries that no checkpoint covers, as far as is known here."""
        if self._signer is None:
            return False
        return not self._covered or self._index != self._chain.index

    def checkpoint(self) -> bytes:
        """Derive what is full and write a checkpoint of the current generation.

        Returns:
            The signed note.

        Raises:
            KeyVaultError: there is no signing key.
            EquivocationError: another checkpoint of this size exists.
            IntegrityError: a tile or bundle exists with other bytes.
            StorageError: something foreign has its name (`STORAGE_UNFIT`).
            OutcomeUnknownError: something may or may not have been written.
            StorageError: something was not written.
        """
        if self._signer is None:
            raise KeyVaultError(ErrorKind.KEY_ABSENT, "no key to sign a checkpoint with")
        generation = self._chain.current
        self._derive(generation)
        checkpoint = Checkpoint(
            origin=self._origin,
            generation=generation.number,
            size=generation.tree.size,
            root=Digest(generation.tree.root()),
        )
        raw = sign_checkpoint(checkpoint, self._signer)
        name = _layout.checkpoint(generation.number, checkpoint.size)
        if not self._create_once(name, raw):
            key = VerifierKey(name=self._origin, public_key=self._signer.public_key)
            self._check_free(name, (checkpoint.generation, checkpoint.size), key)
        self._index, self._covered = self._chain.index, True
        self._seconds = self._clock.monotonic()
        self._note = (checkpoint, raw)
        self._remember(raw)
        return raw

    def _check_free(self, name: str, place: tuple[int, int], key: VerifierKey) -> None:
        """Say what has the name of a checkpoint that is to be stored.

        Raises:
            EquivocationError: another checkpoint of this store.
            StorageError: something that it did not sign, or that cannot be read.
        """
        try:
            read_verified(self._backend, name, lambda raw: check_named(raw, place, key))
        except (NotFoundError, FormatError, IntegrityError) as exc:
            # Whoever may store can put it there; the next checkpoint has another name.
            raise StorageError(
                ErrorKind.STORAGE_UNFIT, f"{name} holds something that the store did not sign"
            ) from exc
        raise EquivocationError(
            ErrorKind.CHECKPOINT_EQUIVOCATION, f"{name} exists and says something else"
        )

    def covering(
        self, generation: int, size: int, key: VerifierKey
    ) -> tuple[Checkpoint, bytes] | None:
        """A checkpoint of a generation over at least `size` entries that holds, with its note.

        Raises:
            StorageError: reading failed.
        """
        if self._note and self._note[0].generation == generation and self._note[0].size >= size:
            return self._note
        tree = self._chain.generations[generation].tree
        for stat in self._backend.list(_layout.checkpoint_prefix(generation)):
            place = _layout.parse_checkpoint(stat.name)
            if place is None or not size <= place[1] <= tree.size:
                continue
            try:
                return read_stored(self._backend, self._chain, place, key)
            except (NotFoundError, FormatError, IntegrityError):
                continue
        return None

    def checkpoint_now(self, generation: int) -> tuple[Checkpoint, bytes]:
        """A new checkpoint of a generation, if it is the one that grows; see `checkpoint`.

        Raises:
            NotFoundError: it is another, and nobody can sign its last checkpoint any more.
        """
        if generation == self._chain.current.number:
            self.checkpoint()
        if self._note is None or self._note[0].generation != generation:
            raise NotFoundError(
                ErrorKind.ENTRY_UNKNOWN, f"no checkpoint covers all of generation {generation}"
            )
        return self._note

    def _derive(self, generation: Generation) -> None:
        """Write every full bundle and tile that is not there yet; see `checkpoint`."""
        number, size = generation.number, generation.tree.size
        done = self._derived(generation)
        for bundle in range(done, size // BUNDLE_WIDTH):
            first = generation.first_index + bundle * BUNDLE_WIDTH
            leaves = self._leaves(first, first + BUNDLE_WIDTH)
            name = _layout.bundle(number, bundle)
            if not self._create_once(name, encode_bundle(leaves)):
                raise IntegrityError(ErrorKind.BUNDLE_DIFFERS, f"{name} holds other entries")
            # Tiles end where bundles do, so that one number tells how far both have come.
            level, tile = 0, bundle
            while True:
                self._create_tile(generation, level, tile)
                if (tile + 1) % TILE_WIDTH:
                    break
                level, tile = level + 1, tile // TILE_WIDTH
            self._history.bundles[number] = bundle + 1
        bundled = generation.first_index + size // BUNDLE_WIDTH * BUNDLE_WIDTH
        if bundled > self._tail_first:
            del self._tail[: bundled - self._tail_first]
            self._tail_first = bundled

    def _derived(self, generation: Generation) -> int:
        known = self._history.bundles.get(generation.number)
        if known is None:
            # A broken run may have left the last bundle without its tiles: do that one again.
            present = first_absent(
                lambda bundle: exists(self._backend, _layout.bundle(generation.number, bundle))
            )
            full = generation.tree.size >> TILE_HEIGHT
            known = self._history.bundles[generation.number] = max(0, min(present, full) - 1)
        return known

    def _create_tile(self, generation: Generation, level: int, tile: int) -> None:
        name = _layout.tile(generation.number, level, tile)
        if not self._create_once(name, encode_tile(generation.tree, level, tile)):
            raise IntegrityError(ErrorKind.TILE_DIFFERS, f"{name} holds other hashes")

    def _create_once(self, name: str, data: bytes) -> bool:
        """Create; whether the name now holds exactly `data`."""
        try:
            self._backend.create(name, data)
        except AlreadyExistsError:
            return holds(self._backend, name, data)
        return True
