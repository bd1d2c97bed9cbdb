"""Stored objects against the ledger: manifests, and the segments that they name.

Rules kept here (spec: AUD-21 to AUD-23):

- a manifest is believed only if the ledger names its digest;
- where the manifest is lost, the stored chunks are compared with the root in the ledger.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from bwcstore import _layout
from bwcstore._merkle import Frontier
from bwcstore._ports import Source, Workers
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.audit._chunks import PIECE_BYTES, ChunkOpener, Pipeline, pieces
from bwcstore.audit._findings import Findings
from bwcstore.audit._records import Ingested
from bwcstore.audit._source import Stock
from bwcstore.errors import BwcStoreError, ErrorKind, NotFoundError
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._segment import Geometry
from bwcstore.objects._stored_segment import is_segment

CLAUSE_MANIFEST: Final = "AUD-21"
CLAUSE_SHAPE: Final = "AUD-22"
CLAUSE_SEGMENT: Final = "AUD-23"
CLAUSE_PURGED: Final = "AUD-37"


class ObjectAudit:
    """Checks objects one after the other.

    Attributes:
        pipeline: where chunks are checked.
        segment_count: segments that were opened.
    """

    def __init__(
        self, stock: Stock, findings: Findings, workers: Workers, *, geometry: Geometry | None
    ) -> None:
        self.pipeline = Pipeline(stock, findings, workers)
        self.segment_count = 0
        self._stock = stock
        self._findings = findings
        self._geometry = geometry

    def read_manifest(
        self, object_id: ObjectId, facts: Ingested, store: StoreId | None
    ) -> Manifest | None:
        """Read the manifest that the ledger names; None, and findings, if it cannot be used."""
        digest = Digest.parse(facts.manifest_sha256)
        name = _layout.manifest(object_id, digest)
        raw = self._stock.read(
            name,
            missing=ErrorKind.MANIFEST_MISSING,
            clause=CLAUSE_MANIFEST,
            right=lambda found: hashlib.sha256(found).hexdigest() == facts.manifest_sha256,
            object_id=object_id.text,
        )
        if raw is None:
            return None
        found = hashlib.sha256(raw).hexdigest()
        if found != facts.manifest_sha256:
            self._findings.add(
                ErrorKind.MANIFEST_DIGEST,
                CLAUSE_MANIFEST,
                where=name,
                object_id=object_id.text,
                entry=facts.index,
                expected=facts.manifest_sha256,
                got=found,
                message=f"{name}: not the bytes whose digest the ledger names",
            )
            return None
        try:
            manifest = Manifest.decode(raw)
        except BwcStoreError as exc:
            self._findings.add_error(
                exc, CLAUSE_MANIFEST, where=name, object_id=object_id.text, entry=facts.index
            )
            return None
        self._compare_facts(manifest, object_id, facts, store, name)
        # Another object's manifest says nothing about this one's segments.
        return manifest if manifest.object_id == object_id else None

    def _compare_facts(
        self,
        manifest: Manifest,
        object_id: ObjectId,
        facts: Ingested,
        store: StoreId | None,
        name: str,
    ) -> None:
        pairs: list[tuple[str, ErrorKind, object, object]] = [
            ("object", ErrorKind.MANIFEST_INVALID, object_id, manifest.object_id),
            ("store", ErrorKind.MANIFEST_INVALID, store, manifest.store_id),
            ("header", ErrorKind.HEADER_INVALID, facts.header, manifest.header.hex()),
            (
                "segment_count",
                ErrorKind.MANIFEST_INVALID,
                facts.segment_count,
                len(manifest.segments),
            ),
            (
                "ciphertext_root",
                ErrorKind.CIPHERTEXT_ROOT,
                facts.ciphertext_root,
                str(manifest.ciphertext_root),
            ),
        ]
        if self._geometry is not None:
            found = manifest.shape.geometry
            width = self._geometry.segment_chunks
            pairs.append(
                (
                    "chunk_bytes",
                    ErrorKind.CHUNK_SHAPE,
                    self._geometry.chunk_bytes,
                    manifest.chunk_bytes,
                )
            )
            # Only a full segment shows how many chunks one has.
            if len(manifest.segments) > 1 or found.segment_chunks > width:
                pairs.append(("segment_chunks", ErrorKind.CHUNK_SHAPE, width, found.segment_chunks))
        for what, code, expected, got in pairs:
            if expected is not None and expected != got:
                self._findings.add(
                    code,
                    CLAUSE_SHAPE,
                    where=name,
                    object_id=object_id.text,
                    entry=facts.index,
                    expected=expected,
                    got=got,
                    message=f"{name}: {what} is not what the ledger says",
                )

    def check_segment(
        self,
        manifest: Manifest,
        segment: int,
        facts: Ingested,
        opener: ChunkOpener | None = None,
    ) -> None:
        """Check one segment: there, as long as it should be, and every chunk what it should be.

        Segments of what is being destroyed may be gone.
        """
        name = _layout.segment(manifest.object_id, segment)
        object_id = manifest.object_id.text
        source = self._open(
            name, object_id, segment, facts, lambda found: is_segment(found, manifest, segment)
        )
        if source is None:
            if opener is not None:
                opener.broken = True
            return
        self.segment_count += 1
        expected = manifest.segments[segment].length_bytes
        if source.length_bytes != expected:
            self._findings.add(
                ErrorKind.SEGMENT_LENGTH,
                CLAUSE_SEGMENT,
                where=name,
                object_id=object_id,
                segment=segment,
                expected=expected,
                got=source.length_bytes,
                message=f"{name}: has another length",
            )
        for piece in pieces(manifest, segment, source, name, opener):
            self.pipeline.submit(piece)

    def check_gone(self, object_id: ObjectId, facts: Ingested) -> None:
        """Check that storage that keeps versions has none of a destroyed recording."""
        kept = sum(
            self._stock.versions(_layout.segment(object_id, number))
            for number in range(facts.segment_count)
        )
        if kept:
            report_remains(self._findings, object_id, facts, f"{kept} stored versions")

    def _open(
        self,
        name: str,
        object_id: str,
        segment: int,
        facts: Ingested,
        right: Callable[[Source], bool] | None,
    ) -> Source | None:
        try:
            return self._stock.open_right(name, right) if right else self._stock.open(name)
        except NotFoundError:
            if facts.purge is not None:
                return None
            self._findings.add(
                ErrorKind.SEGMENT_MISSING,
                CLAUSE_SEGMENT,
                where=name,
                object_id=object_id,
                segment=segment,
                message=f"{name} is missing",
            )
        except BwcStoreError as exc:
            self._stock.unreadable(exc, name, object_id=object_id, segment=segment)
        return None

    def check_without_manifest(self, object_id: ObjectId, facts: Ingested) -> None:
        """Compare the stored chunks with the root in the ledger; the manifest is lost."""
        if self._geometry is None:
            return
        frontier = Frontier()
        for number in range(facts.segment_count):
            name = _layout.segment(object_id, number)
            source = self._open(name, object_id.text, number, facts, None)
            if source is None:
                return
            self.segment_count += 1
            try:
                self._hash_all(source, frontier)
            except BwcStoreError as exc:
                self._stock.unreadable(exc, name, object_id=object_id.text, segment=number)
                return
            finally:
                source.close()
        found = frontier.root().hex()
        if found != facts.ciphertext_root:
            self._findings.add(
                ErrorKind.CIPHERTEXT_ROOT,
                CLAUSE_SHAPE,
                where=_layout.object_prefix(object_id),
                object_id=object_id.text,
                entry=facts.index,
                expected=facts.ciphertext_root,
                got=found,
                message=f"object {object_id}: its stored chunks do not have the root in the ledger",
            )

    def _hash_all(self, source: Source, frontier: Frontier) -> None:
        step = self._geometry.chunk_bytes if self._geometry else PIECE_BYTES
        buffer = memoryview(bytearray(step))
        for offset in range(0, source.length_bytes, step):
            count = source.read_into(offset, buffer)
            digest = hashlib.sha256(b"\x00")
            digest.update(buffer[:count])
            frontier.append(digest.digest())
            self.pipeline.checked_bytes += count


def report_remains(findings: Findings, object_id: ObjectId, facts: Ingested, what: str) -> None:
    """Report that something of a destroyed recording is still stored."""
    findings.add(
        ErrorKind.PURGED_BYTES_PRESENT,
        CLAUSE_PURGED,
        where=_layout.object_prefix(object_id),
        object_id=object_id.text,
        entry=facts.purge.completed_index if facts.purge else None,
        expected="nothing",
        got=what,
        message=f"object {object_id} was destroyed, and {what} of it are still there",
    )
