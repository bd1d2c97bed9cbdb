"""What was committed of an earlier state, compared with that state (spec: AUD-35).

Most commitments are of all entries before them and are compared as the ledger is read. One that
lost a race is of fewer: for those the ledger is folded once more, up to the size they name.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore.audit._entries import EntryAudit
from bwcstore.audit._findings import Findings
from bwcstore.audit._links import PAYLOAD_MARK
from bwcstore.audit._rows import Rows
from bwcstore.audit._source import Shelf, Stock
from bwcstore.audit._state import Fold, Head
from bwcstore.errors import ErrorKind
from bwcstore.ledger._entry import decode_entry

CLAUSE_PRESENT: Final = "AUD-3"


@attrs.frozen(kw_only=True)
class EarlierStates:
    """Folds a ledger without gaps once more, for the commitments that name an earlier size."""

    stock: Stock
    findings: Findings
    entries: EntryAudit

    def check(self, shelves: Mapping[int, Shelf]) -> None:
        """Compare what is still to be compared; does nothing where there is nothing."""
        owed = sorted(self.entries.owed, key=lambda one: one.size, reverse=True)
        if self.entries.gaps or self.entries.fold.opaque:
            return
        fold, heads = Fold(), dict[str, Head]()
        rows = Rows(fold)
        leaves = self._leaves(shelves)
        size = 0
        while owed:
            while owed and owed[-1].size == size:
                owed.pop().compare(rows.root(heads), self.findings)
            leaf = next(leaves, None)
            if leaf is None:
                return
            entry = decode_entry(leaf, what=f"entry {size}")
            for _ in fold.fold(entry):
                # Every problem was reported when the ledger was read.
                pass
            scope = entry.scope.id.text
            heads[scope] = Head(entry.scope.seq, entry.hash.raw, entry.index)
            rows.touch(scope)
            size += 1

    def _leaves(self, shelves: Mapping[int, Shelf]) -> Iterator[bytes]:
        for generation in sorted(shelves):
            for number in sorted(shelves[generation].batches):
                name = _layout.batch(generation, number)
                raw = self.stock.read(
                    name,
                    missing=ErrorKind.BATCH_MISSING,
                    clause=CLAUSE_PRESENT,
                )
                for line in (raw or b"").splitlines()[1:]:
                    if not line.startswith(PAYLOAD_MARK):
                        yield line
