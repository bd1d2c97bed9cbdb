"""A ledger that was read and checked: what it holds, for those who only look.

`bwcstore.ledger._log.Log` adds appending and proving.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from bwcstore._ports import Clock
from bwcstore._values import Digest, Instant, ScopeId, StoreId
from bwcstore.ledger._chain import Chain
from bwcstore.ledger._entry import CLOCK_TOLERANCE_MICROSECONDS, Entry
from bwcstore.ledger._genesis import check_genesis
from bwcstore.ledger._history import History
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._payload import Opened, entry_context, open_payload
from bwcstore.ledger._recheck import Check, check_of
from bwcstore.ledger._scope import Folded

S = TypeVar("S", bound=Folded)
T = TypeVar("T")


class View(Generic[S]):
    """One store's ledger as it was last read.

    Attributes:
        store_id: whose ledger it is.
        verifier_key: the public key that checks its checkpoints and receipts.
        genesis: its first entry.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        chain: Chain[S],
        history: History[S],
        record_key: Callable[[str], bytes],
        state_lock: threading.RLock,
    ) -> None:
        """For `Log` only.

        Raises:
            FormatError: the first entry is not one that begins a store.
            StorageError: the store's batches are committed in a way that this version does not
                know.
        """
        genesis = check_genesis(chain.genesis)
        self.store_id: Final[StoreId] = genesis.store
        self.verifier_key: Final[VerifierKey] = genesis.verifier_key
        self.genesis: Final[Entry] = genesis.entry
        self._clock = clock
        self._chain = chain
        self._history = history
        self._record_key = record_key
        self._state_lock = state_lock

    @property
    def state(self) -> S:
        """What all entries fold to. Other threads may be changing it; see `view`."""
        return self._chain.state

    @property
    def size(self) -> int:
        """How many entries there are in all generations: the index of the next one."""
        return self._chain.index

    @property
    def generation(self) -> int:
        """The number of the generation that grows."""
        return self._chain.next_batch[0]

    @property
    def last_at(self) -> Instant:
        """The time of the last entry."""
        return self._chain.at or self.genesis.at

    @property
    def clock_behind(self) -> bool:
        """Whether this machine's clock is more than 2 s behind the last entry."""
        behind = self.last_at.microseconds - self._clock.now().microseconds
        return behind > CLOCK_TOLERANCE_MICROSECONDS

    def view(self, look: Callable[[S], T]) -> T:
        """What `look` returns for the state, which stands still meanwhile."""
        with self._state_lock:
            return look(self._chain.state)

    def entry(self, index: int) -> Entry:
        """One entry.

        Raises:
            NotFoundError: there is no such entry.
            StorageError: reading failed.
            FormatError: its batch is malformed.
            IntegrityError: its batch is not the one that was checked.
        """
        return self._history.entry(index)

    def place(self, index: int) -> tuple[int, int]:
        """Generation and batch of one entry.

        Raises:
            NotFoundError: there is no such entry.
        """
        generation = self._chain.generation_of(index)
        return generation.number, generation.batch_of(index)

    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]:
        """Entries `first` to `last - 1` in order; to the end when None.

        Raises:
            NotFoundError: there are not so many entries.
            StorageError: reading failed.
            FormatError: a batch is malformed.
            IntegrityError: an entry is not the one that was checked.
        """
        return self._history.entries(first, self.size if last is None else last)

    def scope_entries(self, scope: ScopeId) -> tuple[Entry, ...]:
        """The whole chain of one scope, first entry first; empty when there is none.

        Raises:
            StorageError: reading failed.
            FormatError: a batch is malformed.
            IntegrityError: an entry is not the one that was checked.
        """
        head = self.view(lambda state: state.head(scope))
        found: list[Entry] = []
        index = head.index if head else None
        while index is not None:
            entry = self.entry(index)
            found.append(entry)
            index = entry.scope.prev_index if entry.scope.seq else None
        return tuple(reversed(found))

    def payload(self, index: int) -> bytes | None:
        """What is sealed beside an entry: nonce, ciphertext and tag; None when nothing is.

        Raises:
            NotFoundError: there is no such entry.
            StorageError: reading failed.
            FormatError: its batch is malformed.
            IntegrityError: its batch is not the one that was checked, or its payload is gone.
        """
        return self._history.payload(index)

    def open_payload(self, entry: Entry) -> Opened | None:
        """The private fields of an entry; None when it has none.

        Raises:
            NotFoundError: there is no such entry, or its record key is gone.
            KeyVaultError: its record key cannot be had.
            StorageError: reading failed.
            FormatError: its batch or what was sealed is malformed.
            IntegrityError: the payload is not the one that the entry names.
        """
        raw = self.payload(entry.index)
        if raw is None or entry.sealed is None:
            return None
        return open_payload(
            raw,
            sealed=entry.sealed,
            record_key=self._record_key(entry.sealed.key_id),
            context=entry_context(entry, store=self.store_id),
        )

    def check_of(self, name: str) -> Check | None:
        """What raises `FormatError` or `IntegrityError` on bytes that are not right for the name
        of a batch, checkpoint, tile or bundle; None where the ledger has nothing of that name.
        """
        return check_of(name, chain=self._chain, history=self._history, key=self.verifier_key)

    def root(self, size: int | None = None, *, generation: int | None = None) -> Digest:
        """The Merkle root over the first `size` entries of a generation.

        Args:
            size: entries counted within the generation; all when None.
            generation: its number; the last one when None.

        Raises:
            InvalidInputError: there is no such generation or size.
        """
        found = self._chain.generation_at(generation)
        return Digest(found.tree.root(size))
