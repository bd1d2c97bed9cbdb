"""Reading the ledger: batches in order, single entries, entry bundles, and the head.

Rules kept here (spec: LED-34 to LED-37):

- the head is where a batch is absent, the next 16 are absent too, and no checkpoint lies beyond;
- what is read again later is checked against the hashes that were checked at first, and found
  under what covers it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Iterator
from functools import partial
from typing import Final, Generic, TypeVar

from bwcstore import _layout
from bwcstore._limits import whole
from bwcstore._ports import Backend, Workers
from bwcstore._shadows import read_verified
from bwcstore.errors import ErrorKind, IntegrityError, NotFoundError
from bwcstore.ledger._batch import Batch, check_complete, decode_batch
from bwcstore.ledger._chain import Chain, Generation
from bwcstore.ledger._choice import Choice, Continuation, batch_name
from bwcstore.ledger._entry import Entry, decode_entry
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._tiles import BUNDLE_WIDTH, check_leaf, decode_bundle

S = TypeVar("S", bound=Folded)

PROBE_AHEAD: Final = 16
_JOB_BATCHES: Final = 32
_JOB_BYTES: Final = 4 * 1024 * 1024
_CACHED_ENTRIES: Final = 512


def exists(backend: Backend, name: str) -> bool:
    """Whether anything has this name.

    Raises:
        StorageError: asking failed.
    """
    try:
        backend.stat(name)
    except NotFoundError:
        return False
    return True


def first_absent(present: Callable[[int], bool], start: int = 0) -> int:
    """The least number from `start` on that is absent, if presence has no gaps: gallop, then
    halve.
    """
    step, low = 1, start
    while present(low + step - 1):
        low += step
        step *= 2
    high = low + step - 1
    while low < high:
        middle = (low + high) // 2
        if present(middle):
            low = middle + 1
        else:
            high = middle
    return low


def find_head(backend: Backend, generation: int, start: int = 0) -> int:
    """How many batches a generation has, if it has no gaps; `start` are known to be there.

    Raises:
        StorageError: asking failed.
    """
    return first_absent(lambda number: exists(backend, _layout.batch(generation, number)), start)


def _with_next(items: Iterator[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
    """Each item with the one after it."""
    before = next(items, None)
    for item in items:
        if before is not None:
            yield before, item
        before = item
    if before is not None:
        yield before, None


class History(Generic[S]):
    """What storage holds of one ledger, read behind the chain that knows it."""

    def __init__(self, backend: Backend, workers: Workers, chain: Chain[S]) -> None:
        self._backend = backend
        self._workers = workers
        self._chain = chain
        self._choice = Choice(backend, chain)
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[int, int], Batch] = OrderedDict()
        self._cached = 0
        self.bundles: dict[int, int] = {}

    def following(
        self, into: Callable[[], S], *, covered: Container[tuple[int, int]] | None = None
    ) -> Iterator[Continuation[S]]:
        """The batches that come next, until one is absent. The caller takes each into the chain
        before it asks for the next.

        Args:
            into: gives the state to fold a batch into.
            covered: the batches that were seen to have several versions; None where nobody has
                looked, so that of what no next batch names every version is looked at.

        Raises:
            StorageError: reading failed.
            FormatError: a batch is malformed.
            IntegrityError: a payload is missing or not the one its leaf names, or a batch does
                not continue the ledger.
        """
        while True:
            generation, number = self._chain.next_batch
            for raw, after in _with_next(self._read_ahead(generation, number)):
                several = after is None if covered is None else (generation, number) in covered
                yield self._choice.take(raw, after=after, covered=several, into=into)
                number += 1
            if self._chain.next_batch == (generation, number):
                return

    def _read_ahead(self, generation: int, number: int) -> Iterator[bytes]:
        """The files of one generation from a number on; the next ones are read meanwhile."""
        job = self._workers.submit(partial(self._read_some, generation, number))
        while found := job.result():
            number += len(found)
            job = self._workers.submit(partial(self._read_some, generation, number))
            yield from found

    def _read_some(self, generation: int, number: int) -> list[bytes]:
        found: list[bytes] = []
        length = 0
        while len(found) < _JOB_BATCHES and length < _JOB_BYTES:
            try:
                name = _layout.batch(generation, number + len(found))
                raw = self._backend.read(name, whole(name))
            except NotFoundError:
                break
            found.append(raw)
            length += len(raw)
        return found

    def find_beyond(self) -> str | None:
        """The name of a batch beyond the first absent one, None when there is none (LED-35).

        Raises:
            StorageError: asking failed.
        """
        generation, number = self._chain.next_batch
        names = [_layout.batch(generation, number + ahead) for ahead in range(1, PROBE_AHEAD + 1)]
        names.append(_layout.batch(generation + 1, 0))
        for name in names:
            if exists(self._backend, name):
                return name
        return None

    def batch(self, generation: Generation, number: int) -> Batch:
        """A batch that the chain knows, read again and checked again.

        Raises:
            StorageError: reading failed.
            FormatError: it is malformed.
            IntegrityError: it is gone, or its entries are not those that were checked.
        """
        key = (generation.number, number)
        with self._lock:
            found = self._cache.get(key)
            if found is not None:
                self._cache.move_to_end(key)
                return found
        try:
            found = read_verified(
                self._backend,
                _layout.batch(*key),
                partial(self.check_known, generation, number),
            )
        except NotFoundError as exc:
            raise IntegrityError(
                ErrorKind.BATCH_MISSING, f"{batch_name(*key)}: it was there"
            ) from exc
        self.keep(found)
        return found

    def check_known(self, generation: Generation, number: int, raw: bytes) -> Batch:
        """Check that bytes are a batch that the chain knows.

        Raises:
            FormatError: they are malformed.
            IntegrityError: they are not the batch that was checked.
        """
        what = batch_name(generation.number, number)
        found = decode_batch(raw, what=what)
        for entry in found.entries:
            if entry.index >= self._chain.index or entry.hash.raw != self._chain.hash_of(
                entry.index
            ):
                raise IntegrityError(
                    ErrorKind.CHAIN_BROKEN, f"{what} entry {entry.index}: changed since it was read"
                )
        header = found.header
        indexes = generation.indexes_of(number)
        expected = (generation.number, number, indexes.start)
        if found.digest != generation.digest_of(number):
            raise IntegrityError(ErrorKind.BATCH_LINK, f"{what}: changed since it was read")
        if (header.generation, header.batch, header.first_index) != expected or (
            list(indexes) != [entry.index for entry in found.entries]
        ):
            raise IntegrityError(ErrorKind.INDEX_BROKEN, f"{what}: it holds other entries")
        check_complete(found, what=what)
        return found

    def keep(self, batch: Batch) -> None:
        """Keep a batch at hand that was just read or written, and as many before it as are small
        together: many live objects slow the interpreter down more than reading a file does.
        """
        with self._lock:
            key = (batch.header.generation, batch.header.batch)
            if key in self._cache:
                return
            self._cache[key] = batch
            self._cached += len(batch.entries)
            while self._cached > _CACHED_ENTRIES and len(self._cache) > 1:
                _, dropped = self._cache.popitem(last=False)
                self._cached -= len(dropped.entries)

    def _located(self, index: int) -> tuple[Batch, int]:
        generation = self._chain.generation_of(index)
        batch = self.batch(generation, generation.batch_of(index))
        return batch, index - batch.header.first_index

    def entry(self, index: int) -> Entry:
        """One entry.

        Raises:
            NotFoundError: there is no such entry.
            StorageError: reading failed.
            FormatError: its batch is malformed.
            IntegrityError: its batch is not the one that was checked.
        """
        batch, position = self._located(index)
        return batch.entries[position]

    def payload(self, index: int) -> bytes | None:
        """Nonce, ciphertext and tag sealed beside one entry, None where nothing is.

        Raises:
            NotFoundError: there is no such entry.
            StorageError: reading failed.
            FormatError: its batch is malformed.
            IntegrityError: its batch is not the one that was checked, or lacks a payload.
        """
        batch, position = self._located(index)
        return batch.payloads[position]

    def entries(self, first: int, last: int) -> Iterator[Entry]:
        """Entries `first` to `last - 1` in order, from bundles where there are some.

        Raises:
            NotFoundError: there are not so many entries.
            StorageError: reading failed.
            FormatError: a batch or bundle is malformed.
            IntegrityError: an entry is not the one that was checked.
        """
        index = first
        while index < last:
            generation = self._chain.generation_of(index)
            place = index - generation.first_index
            number = place // BUNDLE_WIDTH
            if number < self.bundles.get(generation.number, 0):
                start = generation.first_index + number * BUNDLE_WIDTH
                found = read_verified(
                    self._backend,
                    _layout.bundle(generation.number, number),
                    partial(self.check_bundle, f"bundle {generation.number}/{number}", start),
                )
            else:
                batch = self.batch(generation, generation.batch_of(index))
                start, found = batch.header.first_index, list(batch.entries)
            yield from found[index - start : last - start]
            index = start + len(found)

    def check_bundle(self, what: str, start: int, raw: bytes) -> list[Entry]:
        """Check that bytes are the bundle of the 256 entries from `start` on.

        Raises:
            FormatError: they are malformed.
            IntegrityError: they hold something else.
        """
        return [
            decode_entry(check_leaf(leaf, self._chain.hash_of(index), index))
            for index, leaf in enumerate(decode_bundle(raw, what=what), start)
        ]
