"""What an audit reads: the storage behind its port, and nothing but reading.

Rules kept here (spec: AUD-1, AUD-2, AUD-29):

- nothing is ever written, created or deleted;
- a name that cannot be read is a finding, and the audit goes on;
- no more of a thing is read than the format lets it be long;
- listing is used to look for what should not be there, or should and is not.
"""

from collections.abc import Callable, Iterator
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._limits import size_max, whole
from bwcstore._ports import Backend, Capability, Source, Stat
from bwcstore._shadows import passed_over
from bwcstore._values import ByteRange
from bwcstore.audit._covers import Covers
from bwcstore.audit._findings import Findings, Severity
from bwcstore.errors import BwcStoreError, ErrorKind, NotFoundError

CHECKPOINTS: Final = "checkpoint/"
CLAUSE_UNREADABLE: Final = "AUD-29"
_OF_CLAIMS: Final = frozenset({ErrorKind.CLAIM_INVALID, ErrorKind.CLAIM_MISSING})


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


def tile_name(generation: int, level: int, number: int) -> str:
    """The stored name of a tile, or of a bundle of entries where `level` is -1."""
    if level == _layout.ENTRIES_LEVEL:
        return _layout.bundle(generation, number)
    return _layout.tile(generation, level, number)


class Stock:
    """Reads stored things; whatever is wrong with reading becomes a finding.

    Attributes:
        covers: what was seen to lie over stored names.
        claimed: claims say which bytes each batch is.
    """

    def __init__(self, backend: Backend, findings: Findings) -> None:
        self.covers = Covers()
        self.claimed: Final = Capability.CLAIMS in backend.properties.capabilities
        self._backend = backend
        self._findings = findings

    def survey(self, prefix: str) -> None:
        """Look for what is covered below `prefix`; ends early, with a finding, if that fails."""
        try:
            for _ in self.covers.listed(self._backend, prefix):
                pass
        except BwcStoreError as exc:
            self.unreadable(exc, prefix or "/")

    def ledger(self) -> dict[int, Shelf]:
        """The names of the ledger by generation.

        Raises:
            StorageError: the storage cannot be listed, so nothing at all can be said.
        """
        shelves: dict[int, Shelf] = {}
        # What is derived from batches is listed before them: a store that grows meanwhile then
        # has more batches than checkpoints and tiles ask for, never fewer.
        for stat in self._backend.list(CHECKPOINTS):
            if checkpoint := _layout.parse_checkpoint(stat.name):
                shelves.setdefault(checkpoint[0], Shelf()).checkpoints.add(checkpoint[1])
        for stat in self._backend.list(_layout.LEDGER):
            if tile := _layout.parse_tile(stat.name):
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
        missing: ErrorKind,
        clause: str,
        right: Callable[[bytes], bool] | None = None,
        object_id: str | None = None,
    ) -> bytes | None:
        """What is under `name`, as far as it can be right; None, and a finding, if nothing is.

        Where the name is covered, they are those of the newest version that is right, if any is;
        without `right`, of the version that was found to be.
        """
        try:
            if right is not None:
                found = self._right_version(name, right)
            else:
                found = self._settled_version(name)
            if found is not None:
                return found
            return self._backend.read(name, whole(name))
        except NotFoundError:
            self._findings.add(
                missing, clause, where=name, message=f"{name} is missing", object_id=object_id
            )
        except BwcStoreError as exc:
            self.unreadable(exc, name, object_id=object_id)
        return None

    def _right_version(self, name: str, right: Callable[[bytes], bool]) -> bytes | None:
        """The newest version of a covered name that is right."""
        for version_id, found in self.read_versions(name):
            if right(found):
                self.covers.settle(name, version_id)
                return found
        self.covers.settle(name, None)
        return None

    def _settled_version(self, name: str) -> bytes | None:
        version_id = self.covers.settled(name)
        if version_id is None:
            return None
        return self._backend.read_version(name, version_id, whole(name))

    def peek(self, name: str, enough: ByteRange | None = None) -> bytes:
        """What is under a name, or the first of it; nothing if it cannot be read."""
        try:
            return self._backend.read(name, enough or whole(name))
        except BwcStoreError:
            return b""

    def read_versions(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Every version of a covered name that is not too long, with its id, the newest first.

        Raises:
            StorageError: reading failed.
        """
        for version in self.covers.with_bytes(name):
            if version.length_bytes > size_max(name):
                continue
            found = None
            with passed_over(NotFoundError):
                found = self._backend.read_version(name, version.version_id, whole(name))
            if found is not None:
                yield version.version_id, found

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

    def open_right(self, name: str, right: Callable[[Source], bool]) -> Source:
        """Open `name` for random access; where it is covered, the newest version that is right.

        Raises:
            NotFoundError: nothing has that name.
            StorageError: opening failed.
        """
        for version in self.covers.with_bytes(name):
            with passed_over(NotFoundError):
                found = self._backend.open_version(name, version.version_id)
                if right(found):
                    self.covers.settle(name, version.version_id)
                    return found
                found.close()
        self.covers.settle(name, None)
        return self.open(name)

    def list(self, prefix: str) -> Iterator[Stat]:
        """What is stored under `prefix`; ends early, with a finding, if listing fails."""
        try:
            yield from self._backend.list(prefix)
        except BwcStoreError as exc:
            self.unreadable(exc, prefix or "/")

    def foreign(self, prefix: str) -> Iterator[str]:
        """What others keep under `prefix`; ends early, with a finding, if listing fails."""
        try:
            yield from self._backend.foreign(prefix)
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
            code=error.kind if error.kind in _OF_CLAIMS else ErrorKind.STORAGE_IO,
            severity=Severity.ERROR,
            where=where,
            object_id=object_id,
            segment=segment,
        )
