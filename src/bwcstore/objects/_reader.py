"""Read one object: random access to plaintext, no byte of which is released unverified.

Rules kept here (spec chapter `segment`):

- the manifest's digest and the header tag are verified before any chunk (SEG-15);
- where a chunk lies, and whether it is the last, come from the manifest and never from the chunk
  (SEG-15);
- a chunk's plaintext is released after its tag has been verified, and not otherwise (SEG-16);
- errors name the object, the segment, the chunk and the bytes that it holds.

Reading onwards is noticed, and workers then read ahead; reading here and there fetches the chunks
asked for and no other. Nothing here decides whether reading is allowed.
"""

import io
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import attrs

from bwcstore import _encoding, _layout
from bwcstore._ports import Backend, Pending, Source, Workers
from bwcstore._shadows import read_verified
from bwcstore._values import ByteRange, Digest, ObjectId, StoreId
from bwcstore.errors import (
    BwcStoreError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.objects._buffers import Buffer, BufferPool, aligned
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._segment import Run
from bwcstore.objects._unseal import SOURCES_MAX, Chunks

_AHEAD_MAX: Final = min(4, SOURCES_MAX - 1)
_ONWARDS_CHUNKS: Final = 2
_LARGE_CHUNKS: Final = 4
_NOTHING: Final = ByteRange(0, 0)


def fetch_manifest(
    backend: Backend, *, store_id: StoreId, object_id: ObjectId, digest: Digest
) -> Manifest:
    """The manifest that the ledger names, verified to be that one (MAN-2), also under a cover.

    Raises:
        IntegrityError: it is missing (`MANIFEST_MISSING`), has another digest
            (`MANIFEST_DIGEST`), or is of another object or store (`MANIFEST_INVALID`).
        FormatError: it has the digest and is no manifest that this version can read.
        StorageError: reading failed.
    """
    what = f"object {object_id}"

    def check(raw: bytes) -> Manifest:
        if (found := _encoding.sha256(raw)) != digest:
            raise IntegrityError(
                ErrorKind.MANIFEST_DIGEST,
                f"{what}: the manifest hashes to {found}, expected {digest}",
            )
        manifest = Manifest.decode(raw)
        if (manifest.store_id, manifest.object_id) != (store_id, object_id):
            raise IntegrityError(
                ErrorKind.MANIFEST_INVALID,
                f"{what}: the manifest is of {manifest.object_id}, store {manifest.store_id}",
            )
        return manifest

    try:
        return read_verified(backend, _layout.manifest(object_id, digest), check)
    except NotFoundError as exc:
        raise IntegrityError(ErrorKind.MANIFEST_MISSING, f"{what}: no manifest {digest}") from exc


def _settle(pending: Iterable[Pending[None]]) -> None:
    """Wait for all of it, then raise the first failure, if there was one."""
    failure: BaseException | None = None
    for work in pending:
        try:
            work.result()
        except BaseException as exc:  # noqa: BLE001 - raised below, when all work has ended
            failure = failure or exc
    if failure is not None:
        raise failure


@attrs.frozen(kw_only=True)
class _Window:
    """A run of sealed chunks, read or being read."""

    run: Run
    buffer: Buffer
    reading: Pending[None] | None = None

    @property
    def end_chunk(self) -> int:
        return self.run.chunk + self.run.count

    def holds(self, chunk: int) -> bool:
        return self.run.chunk <= chunk < self.end_chunk


class ObjectReader(io.RawIOBase):
    """The plaintext of one object as a seekable binary file. For one thread at a time.

    `readinto` and `read` give everything asked for, short only at the end, so that no buffer is
    needed around it; `io.BufferedReader` over it helps callers that read a few bytes at a time.

    Attributes:
        length_bytes: the length of the plaintext.
        bytes_released: how many bytes of plaintext were handed out so far; what was read twice
            counts twice.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        backend: Backend,
        content_key: bytes,
        workers: Workers,
        on_close: Callable[["ObjectReader"], None] | None = None,
    ) -> None:
        """Verify the header; read nothing else yet.

        Args:
            manifest: what `fetch_manifest` returned.
            backend: where the segments are.
            content_key: the object's 32-byte content key.
            workers: read ahead.
            on_close: called once, when the reader has been closed.

        Raises:
            IntegrityError: the header tag does not verify (`HEADER_TAG`).
        """
        super().__init__()
        geometry = manifest.shape.geometry
        self._window_chunks = max(1, backend.properties.read_bytes // geometry.chunk_bytes)
        self._large_bytes = max(_LARGE_CHUNKS, 2 * self._window_chunks) * geometry.chunk_bytes
        self._pool = BufferPool(
            plain_bytes=0,
            sealed_bytes=self._window_chunks * geometry.chunk_bytes,
            kept_max=_AHEAD_MAX + 1,
        )
        self._workers = workers
        self._ahead_max = min(_AHEAD_MAX, workers.count + 1)
        self._ahead: deque[_Window] = deque()
        self._window: _Window | None = None
        # What was opened of one chunk beyond what was asked for: it lies in `_plain` at the place
        # that it has in its chunk.
        self._plain = aligned(geometry.payload_bytes)
        self._kept = _NOTHING
        self._position = 0
        self._onwards_from = -1
        self._onwards_bytes = 0
        self.length_bytes = manifest.shape.length_bytes
        self.bytes_released = 0
        self._on_close: Callable[[ObjectReader], None] | None = None
        self._chunks: Chunks | None = None
        self._chunks = Chunks(manifest, backend=backend, content_key=content_key)
        self._on_close = on_close

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position: how many bytes lie before it."""
        self._open_chunks()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move the position; beyond the end is allowed and reads nothing.

        Raises:
            InvalidInputError: closed, a position before the start, or an unknown `whence`.
        """
        self._open_chunks()
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.length_bytes}
        if whence not in starts:
            raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"whence {whence} is unknown")
        position = starts[whence] + offset
        if position < 0:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"position {position} is before the start"
            )
        self._position = position
        return position

    def read(self, size: int | None = -1, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end; all that is left without `size`.

        Raises:
            IntegrityError: a chunk does not verify; the position stays.
            InvalidInputError: closed.
            StorageError: reading failed.
        """
        left = max(0, self.length_bytes - self._position)
        room = bytearray(left if size is None or size < 0 else min(size, left))
        self.readinto(room)
        return bytes(room)

    def readall(self) -> bytes:
        """All that is left, from the position on; see `read`."""
        return self.read()

    # Narrower than the base class's Buffer, which Python 3.11 cannot name.
    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill `buffer`; return how many bytes there were, fewer only at the end.

        Raises:
            IntegrityError: a chunk does not verify; the position stays, and nothing in `buffer`
                is to be used.
            InvalidInputError: closed.
            StorageError: reading failed.
        """
        chunks = self._open_chunks()
        room = memoryview(buffer).cast("B")
        start = self._position
        end = min(start + room.nbytes, self.length_bytes)
        if start >= end:
            if not self.length_bytes:
                # SEG-16: that there is nothing to release is also said by a chunk.
                self._open_chunk(chunks, 0, room[:0])
            return 0
        onwards = start == self._onwards_from
        self._onwards_bytes = self._onwards_bytes + end - start if onwards else end - start
        at = start
        while at < end:
            at += self._release(chunks, at, room[at - start : end - start])
        self._position = self._onwards_from = at
        self.bytes_released += at - start
        # Large reads keep the workers busy by themselves, without a copy.
        chunk_bytes = chunks.shape.geometry.chunk_bytes
        if (
            onwards
            and self._onwards_bytes >= _ONWARDS_CHUNKS * chunk_bytes
            and at - start < self._large_bytes
        ):
            self._read_ahead(chunks)
        return at - start

    def _release(self, chunks: Chunks, at: int, room: memoryview) -> int:
        """Put verified plaintext from `at` into `room`; return how much, at least one byte."""
        if self._kept.offset_bytes <= at < self._kept.end_bytes:
            skip = at - chunks.shape.plain_range(chunks.shape.find_chunk(at)).offset_bytes
            part = room[: self._kept.end_bytes - at]
            part[:] = self._plain[skip : skip + part.nbytes]
            return part.nbytes
        if room.nbytes >= self._large_bytes:
            whole = self._open_whole(chunks, at, room)
            if whole:
                return whole
        return self._open_chunk(chunks, at, room)

    def _open_chunk(self, chunks: Chunks, at: int, room: memoryview) -> int:
        """Open the chunk that holds `at`: what is wanted into `room`, the rest aside."""
        chunk = chunks.shape.find_chunk(at)
        window = self._find_window(chunks, chunk, at + room.nbytes)
        where = chunks.shape.plain_range(chunk)
        part = room[: where.end_bytes - at]
        skip = at - where.offset_bytes
        plain = self._plain[: where.length_bytes]
        self._kept = _NOTHING
        sealed = window.buffer.sealed
        if part.nbytes == where.length_bytes:
            chunks.open_chunk(window.run, chunk, sealed, [part])
        elif 2 * part.nbytes >= where.length_bytes:
            rest = plain[skip + part.nbytes :]
            chunks.open_chunk(window.run, chunk, sealed, [plain[:skip], part, rest])
            self._kept = ByteRange(at + part.nbytes, rest.nbytes)
        else:
            chunks.open_chunk(window.run, chunk, sealed, [plain])
            part[:] = plain[skip : skip + part.nbytes]
            self._kept = where
        return part.nbytes

    def _find_window(self, chunks: Chunks, chunk: int, end_bytes: int) -> _Window:
        """The sealed chunk, with those after it that are wanted before `end_bytes`."""
        window = self._window
        if window is not None and window.holds(chunk):
            return window
        window = self._take_ahead(chunk)
        if window is None:
            self._drop_window()
            wanted = chunks.shape.find_chunk(max(0, end_bytes - 1)) - chunk + 1
            run = chunks.shape.run(chunk, min(self._window_chunks, wanted))
            source = chunks.source(run.segment)
            window = _Window(run=run, buffer=self._pool.take())
            chunks.read_run(run, source, window.buffer.sealed)
            self._window = window
        return window

    def _open_whole(self, chunks: Chunks, at: int, room: memoryview) -> int:
        """Open the whole chunks that `room` takes straight into it; return how many bytes."""
        runs = list(chunks.shape.whole_runs(ByteRange(at, room.nbytes), self._window_chunks))
        if not runs:
            return 0
        if len(runs) == 1:
            self._open_piece(chunks, runs[0], chunks.source(runs[0].segment), room)
            return runs[0].plain.length_bytes
        pending: deque[Pending[None]] = deque()
        try:
            done = 0
            for run in runs:
                if len(pending) >= self._ahead_max:
                    pending.popleft().result()
                piece = room[done : done + run.plain.length_bytes]
                source = chunks.source(run.segment)
                work = partial(self._open_piece, chunks, run, source, piece)
                pending.append(self._workers.submit(work))
                done += run.plain.length_bytes
        finally:
            # Workers write into the caller's buffer: none may outlive this call.
            _settle(pending)
        return done

    def _open_piece(self, chunks: Chunks, run: Run, source: Source, room: memoryview) -> None:
        buffer = self._pool.take()
        try:
            chunks.open_run(run, source, buffer.sealed, room[: run.plain.length_bytes])
        finally:
            self._pool.give(buffer)

    def _take_ahead(self, chunk: int) -> _Window | None:
        """The window read ahead for `chunk`, if there is one; those before it are dropped."""
        while self._ahead:
            window = self._ahead.popleft()
            wanted = window.holds(chunk)
            try:
                if window.reading is not None:
                    window.reading.result()
            except Exception:
                self._pool.give(window.buffer)
                # What nobody asked for yet does not fail.
                if wanted:
                    raise
                continue
            if wanted:
                self._drop_window()
                self._window = window
                return window
            self._pool.give(window.buffer)
        return None

    def _drop_window(self) -> None:
        window, self._window = self._window, None
        if window is not None:
            self._pool.give(window.buffer)

    def _read_ahead(self, chunks: Chunks) -> None:
        """Keep the workers busy with what comes next."""
        shape = chunks.shape
        chunk = shape.find_chunk(self._position)
        if self._ahead:
            chunk = self._ahead[-1].end_chunk
        elif self._window is not None and self._window.holds(chunk):
            chunk = self._window.end_chunk
        while len(self._ahead) < self._ahead_max and chunk < shape.chunk_count:
            run = shape.run(chunk, self._window_chunks)
            try:
                source = chunks.source(run.segment)
            except BwcStoreError:
                # Raised again, and then to the caller, when these bytes are asked for.
                return
            buffer = self._pool.take()
            work = partial(chunks.read_run, run, source, buffer.sealed)
            self._ahead.append(_Window(run=run, buffer=buffer, reading=self._workers.submit(work)))
            chunk += run.count

    def _open_chunks(self) -> Chunks:
        if self.closed or self._chunks is None:
            raise InvalidInputError(ErrorKind.CLOSED, "the reader is closed")
        return self._chunks

    def __del__(self) -> None:
        """Close unheard (ORD-9): the collector may come while the ledger is being written."""
        self._on_close = None
        super().__del__()

    def close(self) -> None:
        """Let running work end and close every segment. May be called twice."""
        if self.closed:
            return
        try:
            self._take_ahead(-1)
            self._drop_window()
            if self._chunks is not None:
                self._chunks.close()
        finally:
            super().close()
            if self._on_close is not None:
                self._on_close(self)
