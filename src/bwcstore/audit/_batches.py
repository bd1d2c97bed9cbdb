"""The whole ledger in order: every generation, every batch, every entry, and the tree over them.

Rules kept here (spec: AUD-3 to AUD-6, AUD-14):

- what is missing in the middle is found by the names behind it;
- behind something missing or damaged the audit finds its place again and goes on;
- a root is only computed over entries that are all there.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final, cast

import attrs

from bwcstore import _layout
from bwcstore._ports import Progress, ProgressEvent
from bwcstore._values import StoreId
from bwcstore.audit._budget import Deadline
from bwcstore.audit._covered_batches import Awaited, Chosen, choose
from bwcstore.audit._entries import EntryAudit
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._links import Lines, follow_links, named_before, split_batch
from bwcstore.audit._source import Shelf, Stock
from bwcstore.audit._tiles import TileAudit
from bwcstore.audit._tree import GrowingTree
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._batch import FORMAT, BatchHeader
from bwcstore.ledger._entry import Entry, decode_entry

CLAUSE_PRESENT: Final = "AUD-3"
CLAUSE_LINK: Final = "AUD-5"
CLAUSE_GENESIS: Final = "AUD-6"
CLAUSE_CHAIN: Final = "AUD-8"
CLAUSE_PAYLOAD: Final = "AUD-11"
CLAUSE_FRAME: Final = "AUD-14"
_ZERO_HEX: Final = b"0" * 64
_FRAME: Final = frozenset({"store.created", "generation.closed", "generation.opened"})


@attrs.define(kw_only=True)
class Grown:
    """What the entries of one generation give.

    Attributes:
        tree: over its entries, as far as they are all there.
        whole: whether they are all there.
        first_index: the index of its first entry.
        closed: whether its last entry closes it.
    """

    tree: GrowingTree
    whole: bool = True
    first_index: int = 0
    closed: bool = False


@attrs.frozen(kw_only=True)
class Wanted:
    """What later checks need to know of the ledger, said before it is read.

    Attributes:
        sizes: tree sizes by generation.
        entries: indices.
    """

    sizes: Mapping[int, frozenset[int]]
    entries: frozenset[int] = frozenset()


class LedgerAudit:
    """Reads the ledger once, from front to back.

    Attributes:
        store: whose it is; None before the first header that can be read.
        generations: by number.
        entry_hashes: of the wanted entries that are there.
        batch_count: how many batches were read.
        read_bytes: how many bytes of them.
        complete: whether the time sufficed.
        contested: the batches of which several versions continue the ledger, each with its
            generation and how many entries of that come before it.
        displaced: those of them that go on from a version that is not the oldest.
    """

    def __init__(
        self, stock: Stock, findings: Findings, entries: EntryAudit, wanted: Wanted
    ) -> None:
        self.store: StoreId | None = None
        self.generations: dict[int, Grown] = {}
        self.entry_hashes: dict[int, bytes] = {}
        self.batch_count = 0
        self.read_bytes = 0
        self.complete = True
        self.contested: dict[str, tuple[int, int]] = {}
        self.displaced: set[str] = set()
        self._stock = stock
        self._findings = findings
        self._entries = entries
        self._wanted = wanted
        self._order = sorted(wanted.entries)
        self._before: bytes | None = _ZERO_HEX
        self._prev: bytes | None = bytes(32)
        self._index: int | None = 0
        self._lost_from = 0
        self._newer = False
        self._shelf = Shelf()
        self._number = 0
        self._grown = Grown(tree=GrowingTree(()))
        self._tiles = TileAudit(0, self._shelf, stock, findings)

    def run(self, shelves: Mapping[int, Shelf], *, deadline: Deadline, progress: Progress) -> None:
        """Read and check everything."""
        total = sum(shelf.length_bytes for shelf in shelves.values())
        numbers = sorted(number for number, shelf in shelves.items() if shelf.batches) or [0]
        expected = 0
        for number in numbers:
            if number != expected:
                self._missing(_layout.batch_prefix(expected), number - expected, "generation")
            self._open_generation(number, shelves.get(number, Shelf()))
            follows = 0
            for batch in sorted(self._shelf.batches):
                if deadline.over:
                    self.complete = False
                    return
                if batch != follows:
                    self._missing(_layout.batch(number, follows), batch - follows, "batch")
                follows = batch + 1
                self._read_batch(batch)
                progress(
                    ProgressEvent(
                        verb="verify",
                        item="ledger",
                        done_bytes=self.read_bytes,
                        total_bytes=total,
                        done_count=self._entries.count,
                    )
                )
            if not follows:
                self._missing(_layout.batch(number, 0), 1, "batch")
            if self._grown.whole:
                self._tiles.check_end(self._grown.tree.size)
            if number != numbers[-1] and not self._grown.closed and self._grown.whole:
                self._misplaced(_layout.batch_prefix(number), None, "it is not closed")
            expected = number + 1

    def _open_generation(self, number: int, shelf: Shelf) -> None:
        before = self.generations.get(number - 1)
        self._shelf = shelf
        self._number = number
        self._tiles = TileAudit(number, shelf, self._stock, self._findings)
        self._grown = Grown(
            tree=GrowingTree(self._wanted.sizes.get(number, ()), self._tiles.check_tile),
            first_index=0 if self._index is None else self._index,
        )
        if before is None and number:
            self._lose()
        self.generations[number] = self._grown

    def _missing(self, name: str, count: int, what: str) -> None:
        self._findings.add(
            ErrorKind.BATCH_MISSING,
            CLAUSE_PRESENT,
            where=name,
            message=f"{name} is missing"
            if count == 1
            else f"{count} {what}es from {name} on are missing",
        )
        self._lose()

    def _lose(self) -> None:
        """From here on the place is not known, until something says it again."""
        if self._index is not None:
            self._lost_from = self._index
        self._index = self._before = self._prev = None
        self._grown.whole = False

    def _read_batch(self, number: int) -> None:
        name = _layout.batch(self._number, number)
        if self._grown.closed:
            self._misplaced(name, None, "it follows the end of its generation")
        raw = self._stock.read(
            name,
            missing=ErrorKind.BATCH_MISSING,
            clause=CLAUSE_PRESENT,
            right=self._right(number, name),
        )
        if raw is None:
            self._lose()
            return
        self.batch_count += 1
        self.read_bytes += len(raw)
        lines = split_batch(raw, name=name, findings=self._findings)
        if not self._find_place(lines, number, name):
            self._lose()
            return
        self._check_lines(lines, number, name)

    def _right(self, number: int, name: str) -> Callable[[bytes], bool] | None:
        """What tells the right version of a batch, where it is covered."""
        if not self._stock.covers.of(name):
            return None
        if self._stock.claimed:
            # The claim has decided: what the name gives is the batch.
            told = self._stock.peek(name)
            return lambda raw: raw == told
        awaited = Awaited(
            generation=self._number,
            number=number,
            store=self.store,
            index=self._index,
            before=self._before,
            prev=self._prev,
        )
        chosen = Chosen()
        try:
            chosen = choose(self._stock, awaited)
        except BwcStoreError as exc:
            self._stock.unreadable(exc, name)
        if chosen.forked:
            self.contested[name] = (self._number, self._grown.tree.size)
        if chosen.displaced:
            self.displaced.add(name)
        return lambda raw: chosen.digest is not None and awaited.digest(raw) == chosen.digest

    def _find_place(self, lines: Lines, number: int, name: str) -> bool:
        """Check the header and settle which index the first entry has; False when it is lost."""
        header = lines.header
        first = _decode(lines.leaves[0]) if lines.leaves else None
        if header is None:
            if self._index is None and first is not None:
                self._resume(first.index)
            return self._index is not None and bool(lines.leaves)
        continues = bool(lines.leaves) and self._before in (None, lines.leaves[0][10:74])
        if not self._check_header(header, number, name) and not continues:
            return False
        if self._index is None:
            self._resume(header.first_index)
        elif header.first_index != self._index:
            self._findings.add(
                ErrorKind.INDEX_BROKEN,
                CLAUSE_LINK,
                where=name,
                expected=self._index,
                got=header.first_index,
                message=f"{name}: its first entry should be {self._index}",
            )
            if first is not None and first.index == header.first_index > self._index:
                self._lost_from = self._index
                self._resume(header.first_index)
                self._grown.whole = False
        return bool(lines.leaves)

    def _resume(self, index: int) -> None:
        if index > self._lost_from:
            self._entries.gaps.add(self._lost_from, index - 1)
        self._index = index

    def _check_header(self, header: BatchHeader, number: int, name: str) -> bool:
        """Check what a header says; False when it belongs elsewhere."""
        if self.store is None:
            self.store = header.store
        at_home = (header.store, header.generation, header.batch) == (
            self.store,
            self._number,
            number,
        )
        if not at_home:
            self._findings.add(
                ErrorKind.BATCH_LINK,
                CLAUSE_LINK,
                where=name,
                expected=f"store {self.store}, generation {self._number}, batch {number}",
                got=f"store {header.store}, generation {header.generation}, batch {header.batch}",
                message=f"{name}: says that it is another batch",
            )
        if header.format != FORMAT and not self._newer:
            self._newer = True
            self._findings.add(
                ErrorKind.FORMAT_NEWER,
                CLAUSE_LINK,
                severity=Severity.NOTE,
                where=name,
                expected=FORMAT,
                got=header.format,
                message=f"{name}: the first batch by a writer of a newer minor version",
            )
        if self._prev is not None and header.prev.raw != self._prev:
            self._findings.add(
                ErrorKind.BATCH_LINK,
                CLAUSE_LINK,
                where=name,
                expected=self._prev.hex(),
                got=header.prev,
                message=f"{name}: names another digest of the batch before",
            )
        return at_home

    def _check_lines(self, lines: Lines, number: int, name: str) -> None:
        index = cast("int", self._index)
        hashes, broken = follow_links(lines.leaves, self._before)
        for position in broken:
            before = hashes[position - 1].hex() if position else cast("bytes", self._before)
            self._findings.add(
                ErrorKind.CHAIN_BROKEN,
                CLAUSE_CHAIN,
                where=name,
                entry=index + position,
                expected=before if isinstance(before, str) else before.decode(),
                got=named_before(lines.leaves[position]),
                message=f"entry {index + position}: does not continue the entry before it",
            )
        absent = 0
        for position, leaf in enumerate(lines.leaves):
            at = index + position
            entry = self._entries.check(
                leaf, hash_=hashes[position], index=at, store=self.store, where=name
            )
            if entry is None:
                continue
            if entry.kind in _FRAME or (number == 0 and position == 0):
                last = position + 1 == len(lines.leaves)
                self._check_frame(entry, name, opens=number + position == 0, ends=last)
            line = lines.payloads.get(position)
            absent += not self._entries.check_payload(
                entry, line, index=at, store=self.store, where=name
            )
        if absent:
            self._findings.add(
                ErrorKind.PAYLOAD_MISSING,
                CLAUSE_PAYLOAD,
                severity=Severity.WARNING,
                where=name,
                message=f"{name}: {absent} payload lines were left out of this copy",
            )
        self._grow(lines, hashes, index)
        self._prev = lines.digest
        self._before = hashes[-1].hex().encode()
        self._index = index + len(hashes)

    def _grow(self, lines: Lines, hashes: list[bytes], index: int) -> None:
        order = self._order
        for at in range(bisect_left(order, index), bisect_left(order, index + len(hashes))):
            self.entry_hashes[order[at]] = hashes[order[at] - index]
        if not self._grown.whole:
            return
        self._grown.tree.extend(hashes)
        self._tiles.take_leaves(lines.leaves)

    def _misplaced(self, where: str, entry: int | None, how: str) -> None:
        self._findings.add(
            ErrorKind.GENESIS_INVALID,
            CLAUSE_GENESIS if self._number == 0 else CLAUSE_FRAME,
            where=where,
            entry=entry,
            message=f"{where}: {how}",
        )

    def _check_frame(self, entry: Entry, name: str, *, opens: bool, ends: bool) -> None:
        """Check the entries that begin and end a store and its generations."""
        if entry.kind == "generation.closed":
            self._grown.closed = ends
            if opens or not ends:
                self._misplaced(name, entry.index, "generation.closed may not stand here")
            return
        wanted = "generation.opened" if self._number else "store.created"
        if not opens or entry.kind != wanted:
            self._misplaced(name, entry.index, f"{entry.kind} may not stand here")
        elif self._number == 0:
            if self.store is not None and entry.body["store"] != self.store.text:
                self._misplaced(name, entry.index, "creates another store than the header names")
        else:
            self._check_opening(entry, name)

    def _check_opening(self, entry: Entry, name: str) -> None:
        before = self.generations.get(self._number - 1)
        body = entry.body
        if body["generation"] != self._number:
            self._misplaced(name, entry.index, "opens another generation than its name says")
        elif before is not None and before.whole:
            stated = (body["previous_size"], body["previous_root"])
            found = (before.tree.size, before.tree.root().hex())
            if stated != found:
                self._findings.add(
                    ErrorKind.GENESIS_INVALID,
                    CLAUSE_FRAME,
                    where=name,
                    entry=entry.index,
                    expected=f"{found[0]} entries, root {found[1]}",
                    got=f"{stated[0]} entries, root {stated[1]}",
                    message=f"entry {entry.index}: states another end of the generation before",
                )


def _decode(leaf: bytes) -> Entry | None:
    try:
        return decode_entry(leaf)
    except BwcStoreError:
        return None
