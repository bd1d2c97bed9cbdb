"""Which version of a covered batch continues the ledger (spec: SHD-3, SHD-4, AUD-39).

Rules kept here: a version is right if it is whole and continues what was read before it; two with
different entries are a fork, and the audit goes on with the one that the next batch names, else
with the oldest.
"""

from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._values import ByteRange, StoreId
from bwcstore.audit._source import Stock
from bwcstore.errors import BwcStoreError
from bwcstore.ledger._batch import (
    HEADER_SIZE_MAX,
    check_complete,
    decode_batch,
    decode_header,
)

_FIRST_LINE: Final = ByteRange(0, HEADER_SIZE_MAX)


@attrs.frozen(kw_only=True)
class Awaited:
    """What the next batch must say; None where it is not known.

    Attributes:
        generation: its generation.
        number: its number.
        store: the store that it names.
        index: the index of its first entry.
        before: the hash that its first entry names, in hex.
        prev: the digest of the batch before.
    """

    generation: int
    number: int
    store: StoreId | None
    index: int | None
    before: bytes | None
    prev: bytes | None

    def digest(self, raw: bytes) -> bytes | None:
        """The digest of a whole batch that continues what was read; None of anything else."""
        try:
            batch = decode_batch(raw)
            check_complete(batch, what="batch")
        except BwcStoreError:
            return None
        header = batch.header
        after = batch.entries[0].after.raw.hex().encode()
        fits = (
            (header.generation, header.batch) == (self.generation, self.number)
            and self.store in (None, header.store)
            and self.index in (None, header.first_index)
            and self.before in (None, after)
            and self.prev in (None, header.prev.raw)
        )
        for one, following in zip(batch.entries, batch.entries[1:], strict=False):
            fits = fits and following.after == one.hash
        return batch.digest.raw if fits else None


@attrs.frozen(kw_only=True)
class Chosen:
    """The version of a covered batch to go on with.

    Attributes:
        digest: its digest; None where no version continues the ledger.
        forked: another version continues the ledger too.
        displaced: that is so of an older one, which was committed before it.
    """

    digest: bytes | None = None
    forked: bool = False
    displaced: bool = False


def choose(stock: Stock, awaited: Awaited) -> Chosen:
    """The version of a covered batch to go on with, of those that continue the ledger: the one
    that the next batch names, else the oldest.

    Raises:
        StorageError: reading failed.
    """
    name = _layout.batch(awaited.generation, awaited.number)
    digests = [awaited.digest(raw) for _, raw in stock.read_versions(name)]
    found = [*dict.fromkeys(digest for digest in reversed(digests) if digest is not None)]
    if not found:
        return Chosen()
    named = _named_by_next(stock, awaited) if len(found) > 1 else None
    digest = named if named in found else found[0]
    return Chosen(digest=digest, forked=len(found) > 1, displaced=digest != found[0])


def _named_by_next(stock: Stock, awaited: Awaited) -> bytes | None:
    name = _layout.batch(awaited.generation, awaited.number + 1)
    try:
        header = decode_header(stock.peek(name, _FIRST_LINE).partition(b"\n")[0])
    except BwcStoreError:
        return None
    return header.prev.raw
