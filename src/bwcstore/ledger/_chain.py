"""The ledger as far as it is known: generations, trees, links, and where the next batch goes.

Rules kept here (spec: LED-8, LED-12, LED-24 to LED-29, LED-40 to LED-43):

- every entry continues the ledger's one chain and its scope's own chain, and its time does not
  go back;
- every batch continues the batch before it;
- nothing is taken in before everything about it was checked.

Nothing here reads storage: whoever has batches hands them in, in order.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from bwcstore import _merkle
from bwcstore._values import STORE_SCOPE, ZERO_DIGEST, Digest, Instant, StoreId
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, InvalidInputError, NotFoundError
from bwcstore.ledger._batch import Batch, BatchHeader
from bwcstore.ledger._entry import Entry, ScopeHead
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._tree import Tree

S = TypeVar("S", bound=Folded)

GENESIS_KIND: Final = "store.created"
CLOSED_KIND: Final = "generation.closed"
OPENED_KIND: Final = "generation.opened"
FRAME_KINDS: Final = frozenset((GENESIS_KIND, CLOSED_KIND, OPENED_KIND))


class Generation:
    """One generation as far as it is known.

    Attributes:
        number: from 0.
        first_index: the index of its first entry.
        tree: the Merkle tree over its entries.
        closed: whether its last entry closes it.
    """

    def __init__(self, number: int, first_index: int) -> None:
        self.number = number
        self.first_index = first_index
        self.tree = Tree()
        self.closed = False
        self._firsts = array("Q")
        self._digests = bytearray()

    @property
    def batch_count(self) -> int:
        """How many batches are known."""
        return len(self._firsts)

    def add(self, batch: Batch) -> None:
        """Take in the next batch, which was checked."""
        self._firsts.append(batch.header.first_index)
        self._digests += batch.digest.raw
        self.tree.extend(entry.hash.raw for entry in batch.entries)
        self.closed = batch.entries[-1].kind == CLOSED_KIND

    def digest_of(self, number: int) -> Digest:
        """The digest of a batch that is known (LED-25)."""
        return Digest(bytes(self._digests[number * 32 : number * 32 + 32]))

    def batch_of(self, index: int) -> int:
        """The number of the batch that holds the entry with this index."""
        return bisect_right(self._firsts, index) - 1

    def indexes_of(self, number: int) -> range:
        """The indexes of the entries of a batch that is known."""
        # Read before the batches are counted: another thread may add one meanwhile.
        end = self.first_index + self.tree.size
        if number + 1 < len(self._firsts):
            end = self._firsts[number + 1]
        return range(self._firsts[number], end)


class Chain(Generic[S]):
    """Everything known of one ledger.

    Attributes:
        state: what its entries fold to.
        generations: at least one; the last one is the one that grows.
        store: whose ledger it is; None before the first batch.
        index: how many entries there are: the index of the next one.
        after: the hash of the last entry.
        at: the time of the last entry.
        prev: the digest of the last batch.
        genesis: the first entry, None before the first.
        last: the last entry, None before the first.
    """

    def __init__(self, state: S) -> None:
        self.state = state
        self.generations = [Generation(0, 0)]
        self.store: StoreId | None = None
        self.index = 0
        self.after = ZERO_DIGEST
        self.at: Instant | None = None
        self.prev = ZERO_DIGEST
        self.genesis: Entry | None = None
        self.last: Entry | None = None

    @property
    def current(self) -> Generation:
        """The generation that grows, or that is closed and has no successor yet."""
        return self.generations[-1]

    @property
    def next_batch(self) -> tuple[int, int]:
        """Generation and number of the batch that comes next."""
        if self.current.closed:
            return self.current.number + 1, 0
        return self.current.number, self.current.batch_count

    def generation_of(self, index: int) -> Generation:
        """The generation that holds the entry with this index.

        Raises:
            NotFoundError: there is no such entry.
        """
        if not 0 <= index < self.index:
            raise NotFoundError(
                ErrorKind.ENTRY_UNKNOWN, f"entry {index} does not exist; there are {self.index}"
            )
        for generation in reversed(self.generations):
            if generation.first_index <= index:
                return generation
        return self.generations[0]

    def generation_at(self, number: int | None) -> Generation:
        """One generation by its number; the last one when None.

        Raises:
            InvalidInputError: there is no such generation.
        """
        if number is None:
            return self.current
        if not 0 <= number < len(self.generations):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"generation {number} does not exist; there are {len(self.generations)}",
            )
        return self.generations[number]

    def hash_of(self, index: int) -> bytes:
        """The hash of one entry.

        Raises:
            NotFoundError: there is no such entry.
        """
        generation = self.generation_of(index)
        return generation.tree.hash(0, index - generation.first_index)

    def check_header(self, header: BatchHeader, *, what: str) -> None:
        """Check that a batch is the next one (LED-24).

        Raises:
            IntegrityError: it belongs to another store or place, or continues another batch;
                only the last is of kind `FORKED`.
        """
        if self.store is not None and header.store != self.store:
            raise IntegrityError(
                ErrorKind.BATCH_LINK, f"{what}: of store {header.store}, expected {self.store}"
            )
        found = (header.generation, header.batch)
        if found != self.next_batch:
            raise IntegrityError(
                ErrorKind.BATCH_LINK, f"{what}: says it is batch {found}, not {self.next_batch}"
            )
        if header.prev != self.prev:
            raise IntegrityError(
                ErrorKind.FORKED, f"{what}: continues batch {header.prev}, expected {self.prev}"
            )
        if header.first_index != self.index:
            raise IntegrityError(
                ErrorKind.INDEX_BROKEN,
                f"{what}: begins with entry {header.first_index}, expected {self.index}",
            )

    def check_batch(self, batch: Batch, state: S, *, what: str) -> None:
        """Check every link of the next batch and fold its entries into `state` (LED-24 to 29).

        Args:
            batch: the batch.
            state: the chain's own state, or a branch of it.
            what: the batch's name, for messages.

        Raises:
            IntegrityError: a link is broken; the message names batch and entry.
            FormatError: an entry stands where its kind may not.
        """
        self.check_header(batch.header, what=what)
        after, at, index = self.after, self.at, self.index
        last = len(batch.entries) - 1
        for position, entry in enumerate(batch.entries):
            if entry.after != after:
                raise _broken(ErrorKind.CHAIN_BROKEN, what, index, "continues another entry")
            if entry.index != index:
                raise _broken(ErrorKind.INDEX_BROKEN, what, index, f"has index {entry.index}")
            if at is not None and entry.at.microseconds < at.microseconds:
                raise _broken(
                    ErrorKind.TIME_ORDER, what, index, f"is of {entry.at}, the one before of {at}"
                )
            check_scope_link(entry, state.head(entry.scope.id), what=what)
            if (entry.decided.store_seq, entry.decided.store_head) != store_head(state):
                raise _broken(
                    ErrorKind.SCOPE_BROKEN, what, index, "was not decided on the store as it stood"
                )
            opens = position == 0 and batch.header.batch == 0
            if opens or entry.kind in FRAME_KINDS:
                self._check_frame(batch.header, entry, what, opens=opens, last=position == last)
            state.fold(entry)
            after, at, index = entry.hash, entry.at, index + 1

    def _check_frame(
        self, header: BatchHeader, entry: Entry, what: str, *, opens: bool, last: bool
    ) -> None:
        """Check the entries that begin and end a store and its generations (LED-40, LED-41)."""
        if entry.kind == CLOSED_KIND:
            fits = last and not opens
        elif not opens:
            fits = False
        elif header.generation == 0:
            fits = entry.kind == GENESIS_KIND and entry.body["store"] == header.store.text
        else:
            tree = self.current.tree
            fits = (
                entry.kind == OPENED_KIND
                and entry.body["generation"] == header.generation
                and entry.body["previous_size"] == tree.size
                and entry.body["previous_root"] == tree.root().hex()
            )
        if not fits:
            raise FormatError(
                ErrorKind.GENESIS_INVALID,
                f"{what} entry {entry.index}: {entry.kind} may not stand here",
            )

    def advance(self, batch: Batch) -> None:
        """Take in the next batch, which was checked and folded."""
        header = batch.header
        if header.generation != self.current.number:
            self.generations.append(Generation(header.generation, header.first_index))
        self.current.add(batch)
        if self.genesis is None:
            self.store, self.genesis = header.store, batch.entries[0]
        self.last = batch.entries[-1]
        self.after, self.at, self.prev = self.last.hash, self.last.at, batch.digest
        # Last, because readers in other threads take it as the size of what is there.
        self.index += len(batch.entries)


def check_scope_link(entry: Entry, head: ScopeHead | None, *, what: str) -> None:
    """Check that an entry continues its scope's own chain (LED-8).

    Raises:
        IntegrityError: it does not.
    """
    link = entry.scope
    if head is None:
        fits = link.seq == 0
    else:
        fits = link.seq == head.seq + 1 and link.prev == head.hash and link.prev_index == head.index
    if not fits:
        raise _broken(
            ErrorKind.SCOPE_BROKEN, what, entry.index, f"does not continue scope {link.id}"
        )


def _broken(kind: ErrorKind, what: str, index: int, how: str) -> IntegrityError:
    return IntegrityError(kind, f"{what} entry {index}: {how}")


def follow_links(leaves: Iterable[bytes], after: Digest) -> Digest:
    """Check `after` of each leaf at its fixed place, without parsing (LED-12).

    Args:
        leaves: leaf bytes in order, without line ends.
        after: the hash of the entry before the first.

    Returns:
        The hash of the last leaf; `after` when there is none.

    Raises:
        IntegrityError: a leaf does not continue the one before it.
    """
    found = after.raw
    for position, leaf in enumerate(leaves):
        if leaf[:10] != b'{"after":"' or leaf[10:74] != found.hex().encode():
            raise IntegrityError(
                ErrorKind.CHAIN_BROKEN, f"leaf {position}: does not continue the one before it"
            )
        found = _merkle.leaf_hash(leaf)
    return Digest(found)


def store_head(state: Folded) -> tuple[int, Digest]:
    """Number and hash of the last entry of scope `store`; 0 and zero when there is none."""
    head = state.head(STORE_SCOPE)
    return (head.seq, head.hash) if head else (0, ZERO_DIGEST)
