"""What an audit reads: the storage behind its port, and nothing but reading.

Rules kept here (spec: AUD-1, AUD-2, AUD-29):

- nothing is ever written, created or deleted;
- a name that cannot be read is a finding, and the audit goes on;
- no more of a thing is read than the format lets it be long;
- listing is used to look for what should not be there, or should and is not.
"""

import re
from collections.abc import Iterator
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, Source, Stat
from bwcstore._values import ByteRange
from bwcstore.audit._findings import Findings, Severity
from bwcstore.errors import BwcStoreError, ErrorKind, NotFoundError

_TILE: Final = re.compile(
    r"ledger/(0|[1-9][0-9]{0,8})/tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})"
)
ENTRIES_LEVEL: Final = -1
CLAUSE_UNREADABLE: Final = "AUD-29"


@attrs.define(kw_only=True)
class Shelf:
    """The names of one generation of the ledger.

    Attributes:
        batches: numbers of the batches that are there.
        checkpoints: tree sizes of the checkpoints that are there.
        tiles: (level, number) of full tiles; level -1 stands for bundles of entries.
        length_bytes: the stored bytes of its batches.
    """

    batches: set[int] = attrs.field(factory=set)
    checkpoints: set[int] = attrs.field(factory=set)
    tiles: set[tuple[int, int]] = attrs.field(factory=set)
    length_bytes: int = 0


def parse_tile(name: str) -> tuple[int, int, int] | None:
    """Generation, level and number of a tile's or bundle's name, or None if it is neither."""
    found = _TILE.fullmatch(name)
    if not found:
        return None
    generation = int(found[1])
    number = int(found[3].replace("x", "").replace("/", ""))
    level = ENTRIES_LEVEL if found[2] == "entries" else int(found[2])
    return (generation, level, number) if tile_name(generation, level, number) == name else None


def tile_name(generation: int, level: int, number: int) -> str:
    """The stored name of a tile, or of a bundle of entries where `level` is -1."""
    if level == ENTRIES_LEVEL:
        return _layout.bundle(generation, number)
    return _layout.tile(generation, level, number)


class Stock:
    """Reads stored things; whatever is wrong with reading becomes a finding."""

    def __init__(self, backend: Backend, findings: Findings) -> None:
        self._backend = backend
        self._findings = findings

    def ledger(self) -> dict[int, Shelf]:
        """The names of the ledger by generation.

        Raises:
            StorageError: the storage cannot be listed, so nothing at all can be said.
        """
        shelves: dict[int, Shelf] = {}
        # What is derived from batches is listed before them: a store that grows meanwhile then
        # has more batches than checkpoints and tiles ask for, never fewer.
        for stat in self._backend.list("checkpoint/"):
            if checkpoint := _layout.parse_checkpoint(stat.name):
                shelves.setdefault(checkpoint[0], Shelf()).checkpoints.add(checkpoint[1])
        for stat in self._backend.list(_layout.LEDGER):
            if tile := parse_tile(stat.name):
                shelves.setdefault(tile[0], Shelf()).tiles.add(tile[1:])
        for stat in self._backend.list(_layout.LEDGER):
            if batch := _layout.parse_batch(stat.name):
                shelf = shelves.setdefault(batch[0], Shelf())
                shelf.batches.add(batch[1])
                shelf.length_bytes += stat.length_bytes
        return shelves

    def read(
        self,
        name: str,
        *,
        size_max: int,
        missing: ErrorKind,
        clause: str,
        object_id: str | None = None,
    ) -> bytes | None:
        """The first `size_max + 1` bytes under `name`; None, and a finding, if there are none."""
        try:
            return self._backend.read(name, ByteRange(0, size_max + 1))
        except NotFoundError:
            self._findings.add(
                missing, clause, where=name, message=f"{name} is missing", object_id=object_id
            )
        except BwcStoreError as exc:
            self.unreadable(exc, name, object_id=object_id)
        return None

    def versions(self, name: str) -> int:
        """How many stored versions of `name` hold bytes; 0, and a finding, if asking fails."""
        try:
            return sum(not one.marker for one in self._backend.versions(name))
        except BwcStoreError as exc:
            self.unreadable(exc, name)
            return 0

    def open(self, name: str) -> Source:
        """Open `name` for random access.

        Raises:
            NotFoundError: nothing has that name.
            StorageError: opening failed.
        """
        return self._backend.open(name)

    def list(self, prefix: str) -> Iterator[Stat]:
        """What is stored under `prefix`; ends early, with a finding, if listing fails."""
        try:
            yield from self._backend.list(prefix)
        except BwcStoreError as exc:
            self.unreadable(exc, prefix or "/")

    def unreadable(
        self,
        error: BwcStoreError,
        where: str,
        *,
        object_id: str | None = None,
        segment: int | None = None,
    ) -> None:
        """Note that `where` could not be read."""
        self._findings.add_error(
            error,
            CLAUSE_UNREADABLE,
            code=ErrorKind.STORAGE_IO,
            severity=Severity.ERROR,
            where=where,
            object_id=object_id,
            segment=segment,
        )
