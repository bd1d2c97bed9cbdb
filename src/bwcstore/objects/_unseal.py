"""Fetch runs of an object's chunks and open them; every failure says where.

Rules kept here (spec chapter `segment`):

- the header tag is verified before any chunk (SEG-15);
- a segment that is missing, or has another length than the manifest says, is not read (SEG-13);
- a buffer holds verified plaintext or zeros, never anything else (SEG-16);
- a version that covers a segment is only believed if it verifies, chunk by chunk.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from bwcstore import _layout
from bwcstore._ports import Backend, Source
from bwcstore._shadows import other_versions, passed_over
from bwcstore.errors import ErrorKind, IntegrityError, NotFoundError, StorageError
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._seal import CHUNK_OVERHEAD_BYTES, Cipher, associated_data, unlock
from bwcstore.objects._segment import Run

SOURCES_MAX: Final = 8


class Chunks:
    """The chunks of one object."""

    def __init__(self, manifest: Manifest, *, backend: Backend, content_key: bytes) -> None:
        """Verify the header under `content_key` (32 bytes).

        Raises:
            IntegrityError: the header tag does not verify (`HEADER_TAG`).
        """
        self.shape = manifest.shape
        self._object_id = manifest.object_id
        self._backend = backend
        self._sources: OrderedDict[int, Source] = OrderedDict()
        aad = associated_data(manifest.store_id, manifest.object_id)
        try:
            self._cipher: Cipher = unlock(
                content_key, manifest.header, aad=aad, chunk_bytes=manifest.chunk_bytes
            )
        except IntegrityError as exc:
            raise IntegrityError(exc.kind, f"object {manifest.object_id}: {exc.message}") from exc

    def source(self, segment: int) -> Source:
        """The open segment. At most `SOURCES_MAX` are kept, those used last.

        A worker may still read from a segment while another is opened, so that no more than
        `SOURCES_MAX - 1` runs may be under way at once.

        Raises:
            IntegrityError: it is missing (`SEGMENT_MISSING`) or has another length than the
                manifest says (`SEGMENT_LENGTH`).
            StorageError: opening failed.
        """
        found = self._sources.get(segment)
        if found is not None:
            self._sources.move_to_end(segment)
            return found
        try:
            found = self._open_named(segment)
        except IntegrityError:
            found = next(self._open_others(segment), None)
            if found is None:
                raise
        self._sources[segment] = found
        if len(self._sources) > SOURCES_MAX:
            self._sources.popitem(last=False)[1].close()
        return found

    def _open_named(self, segment: int) -> Source:
        try:
            found = self._backend.open(_layout.segment(self._object_id, segment))
        except NotFoundError as exc:
            raise IntegrityError(
                ErrorKind.SEGMENT_MISSING, f"object {self._object_id}: no segment {segment}"
            ) from exc
        expected = self.shape.segment_bytes(segment)
        if found.length_bytes != expected:
            found.close()
            raise IntegrityError(
                ErrorKind.SEGMENT_LENGTH,
                f"object {self._object_id}, segment {segment}: {found.length_bytes} bytes, the "
                f"manifest says {expected}",
            )
        return found

    def _open_others(self, segment: int) -> Iterator[Source]:
        """Every version of a segment that has the right length, the newest first."""
        name = _layout.segment(self._object_id, segment)
        for version in other_versions(self._backend, name):
            if version.length_bytes == self.shape.segment_bytes(segment):
                found = None
                with passed_over(NotFoundError):
                    found = self._backend.open_version(name, version.version_id)
                if found is not None:
                    yield found

    def read_run(self, run: Run, source: Source, sealed: memoryview) -> None:
        """Read the sealed chunks of a run. May be called by a worker.

        Args:
            run: what to read.
            source: the run's segment.
            sealed: receives the run's stored bytes in its first bytes.

        Raises:
            IntegrityError: the segment ends early (`SEGMENT_LENGTH`).
            StorageError: reading failed.
        """
        try:
            self._read_sealed(run, source, sealed)
        except StorageError as exc:
            if exc.kind is not ErrorKind.STORAGE_DENIED:
                raise
            # What can be looked at and not read may be a cover, archived or under another's key.
            for other in self._open_others(run.segment):
                with closing(other), passed_over(IntegrityError):
                    self._read_sealed(run, other, sealed)
                    return
            raise

    def _read_sealed(self, run: Run, source: Source, sealed: memoryview) -> None:
        stored = sealed[: run.stored.length_bytes]
        count = source.read_into(run.stored.offset_bytes, stored)
        if count != stored.nbytes:
            raise IntegrityError(
                ErrorKind.SEGMENT_LENGTH,
                f"object {self._object_id}, segment {run.segment}: {count} bytes from "
                f"{run.stored.offset_bytes}, expected {stored.nbytes}",
            )

    def open_chunk(
        self, run: Run, chunk: int, sealed: memoryview, parts: Sequence[memoryview]
    ) -> None:
        """Verify one chunk of a run that was read. May be called by a worker. Where it does not
        verify, the run is read again from the other versions of its segment.

        Args:
            run: what was read.
            chunk: the chunk's number in the object.
            sealed: what `read_run` filled; it may be filled with another version.
            parts: receive the chunk's plaintext one after the other, together exactly as long.

        Raises:
            IntegrityError: the chunk does not verify; the parts hold zeros.
            StorageError: reading another version failed.
        """
        try:
            self._open_sealed(run, chunk, sealed, parts)
        except IntegrityError:
            for source in self._open_others(run.segment):
                with closing(source), passed_over(IntegrityError):
                    self._read_sealed(run, source, sealed)
                    self._open_sealed(run, chunk, sealed, parts)
                    return
            raise

    def _open_sealed(
        self, run: Run, chunk: int, sealed: memoryview, parts: Sequence[memoryview]
    ) -> None:
        at = (chunk - run.chunk) * self.shape.geometry.chunk_bytes
        length = sum(part.nbytes for part in parts) + CHUNK_OVERHEAD_BYTES
        place = self.shape.place(chunk)
        try:
            if len(parts) == 1:
                self._cipher.open_into(
                    sealed[at : at + length], parts[0], position=chunk, place=place
                )
            else:
                self._cipher.open_parts_into(
                    sealed[at : at + length], parts, position=chunk, place=place
                )
        except IntegrityError as exc:
            lost = self.shape.plain_range(chunk)
            raise IntegrityError(
                exc.kind,
                f"object {self._object_id}, segment {run.segment}, bytes {lost.offset_bytes} to "
                f"{lost.end_bytes}: {exc.message}",
            ) from exc

    def open_run(self, run: Run, source: Source, sealed: memoryview, plain: memoryview) -> None:
        """Read and verify a run. May be called by a worker.

        Args:
            run: what to read.
            source: the run's segment.
            sealed: scratch room for at least the run's stored bytes.
            plain: receives the run's plaintext, exactly as long.

        Raises:
            IntegrityError: a chunk does not verify, or the segment ends early.
            StorageError: reading failed.
        """
        self.read_run(run, source, sealed)
        payload_bytes = self.shape.geometry.payload_bytes
        for number in range(run.count):
            part = plain[number * payload_bytes : (number + 1) * payload_bytes]
            self.open_chunk(run, run.chunk + number, sealed, [part])

    def close(self) -> None:
        """Close every segment. No run may be under way."""
        while self._sources:
            self._sources.popitem()[1].close()
