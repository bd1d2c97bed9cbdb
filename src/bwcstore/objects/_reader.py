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
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import attrs

from bwcstore import _encoding, _layout
from bwcstore._ports import Backend, Pending, Source, Workers
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.errors import (
    BwcStoreError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.objects._buffers import Buffer, BufferPool
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._segment import Run, Shape
from bwcstore.objects._unseal import SOURCES_MAX, Chunks

WINDOW_BYTES: Final = 2 * 1024 * 1024
_AHEAD_MAX: Final = min(4, SOURCES_MAX - 1)
_ONWARDS_CHUNKS: Final = 2
_LARGE_CHUNKS: Final = 4


def fetch_manifest(
    backend: Backend, *, store_id: StoreId, object_id: ObjectId, digest: Digest
) -> Manifest:
    """Read the manifest that the ledger names, and verify that it is that one (spec: MAN-2).

    Raises:
        IntegrityError: it is missing (`MANIFEST_MISSING`), has another digest
            (`MANIFEST_DIGEST`), or is of another object or store (`MANIFEST_INVALID`).
        FormatError: it has the digest and is no manifest that this version can read.
        StorageError: reading failed.
    """
    try:
        raw = backend.read(_layout.manifest(object_id, digest))
    except NotFoundError as exc:
        raise IntegrityError(
            ErrorKind.MANIFEST_MISSING, f"object {object_id}: no manifest {digest}"
        ) from exc
    if (found := _encoding.sha256(raw)) != digest:
        raise IntegrityError(
            ErrorKind.MANIFEST_DIGEST,
            f"object {object_id}: the manifest hashes to {found}, expected {digest}",
        )
    manifest = Manifest.decode(raw)
    if (manifest.store_id, manifest.object_id) != (store_id, object_id):
        raise IntegrityError(
            ErrorKind.MANIFEST_INVALID,
            f"the manifest under object {object_id} is of object {manifest.object_id} in store "
            f"{manifest.store_id}",
        )
    return manifest


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
    """A run of chunks, opened or being opened."""

    run: Run
    buffer: Buffer
    opened: Pending[None] | None = None

    @property
    def plain(self) -> memoryview:
        return self.buffer.plain[: self.run.plain.length_bytes]

    def holds(self, offset_bytes: int) -> bool:
        return self.run.plain.offset_bytes <= offset_bytes < self.run.plain.end_bytes


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
        self._window_chunks = max(1, WINDOW_BYTES // geometry.chunk_bytes)
        self._pool = BufferPool(
            plain_bytes=self._window_chunks * geometry.payload_bytes,
            sealed_bytes=self._window_chunks * geometry.chunk_bytes,
            kept_max=_AHEAD_MAX + 1,
        )
        self._workers = workers
        self._ahead_max = min(_AHEAD_MAX, workers.count + 1)
        self._ahead: deque[_Window] = deque()
        self._window: _Window | None = None
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
        """All that is left, from the position on.

        Raises:
            IntegrityError: a chunk does not verify; the position stays.
            InvalidInputError: closed.
            StorageError: reading failed.
        """
        return self.read()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # narrower than Buffer, which Python 3.11 cannot name
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
            and at - start < _LARGE_CHUNKS * chunk_bytes
        ):
            self._read_ahead(chunks)
        return at - start

    def _release(self, chunks: Chunks, at: int, room: memoryview) -> int:
        """Put verified plaintext from `at` into `room`; return how much, at least one byte."""
        window = self._window
        if window is None or not window.holds(at):
            window = self._take_ahead(at)
        if window is None:
            whole = self._open_whole(chunks, at, room)
            if whole:
                return whole
            window = self._open_window(chunks, chunks.shape.find_chunk(at))
        skip = at - window.run.plain.offset_bytes
        part = window.plain[skip : skip + room.nbytes]
        room[: part.nbytes] = part
        return part.nbytes

    def _open_whole(self, chunks: Chunks, at: int, room: memoryview) -> int:
        """Open the whole chunks that `room` takes straight into it; return how many bytes."""
        runs = list(self._find_whole(chunks.shape, at, room.nbytes))
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

    def _find_whole(self, shape: Shape, at: int, length_bytes: int) -> Iterator[Run]:
        """The runs of whole chunks within `length_bytes` from `at`, one window long at most."""
        chunk = shape.find_chunk(at)
        if shape.plain_range(chunk).offset_bytes != at:
            return
        end = at + length_bytes
        while chunk < shape.chunk_count:
            run = shape.run(chunk, self._window_chunks)
            while run.plain.end_bytes > end and run.count > 1:
                run = shape.run(chunk, run.count - 1)
            if run.plain.end_bytes > end:
                return
            yield run
            chunk += run.count

    def _open_piece(self, chunks: Chunks, run: Run, source: Source, room: memoryview) -> None:
        buffer = self._pool.take()
        try:
            chunks.open_run(run, source, buffer.sealed, room[: run.plain.length_bytes])
        finally:
            self._pool.give(buffer)

    def _open_window(self, chunks: Chunks, chunk: int) -> _Window:
        self._drop_window()
        window = _Window(run=chunks.shape.run(chunk, 1), buffer=self._pool.take())
        source = chunks.source(window.run.segment)
        chunks.open_run(window.run, source, window.buffer.sealed, window.plain)
        self._window = window
        return window

    def _take_ahead(self, at: int) -> _Window | None:
        """The window that was read ahead for `at`, if there is one; those before it are dropped."""
        while self._ahead:
            window = self._ahead.popleft()
            wanted = window.holds(at)
            try:
                if window.opened is not None:
                    window.opened.result()
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
        last = self._ahead[-1] if self._ahead else self._window
        if last is not None and last.run.plain.end_bytes >= self._position:
            chunk = last.run.chunk + last.run.count
        else:
            chunk = shape.find_chunk(self._position)
        while len(self._ahead) < self._ahead_max and chunk < shape.chunk_count:
            run = shape.run(chunk, self._window_chunks)
            if not run.plain.length_bytes:
                return
            try:
                source = chunks.source(run.segment)
            except BwcStoreError:
                # Raised again, and then to the caller, when these bytes are asked for.
                return
            buffer = self._pool.take()
            window = _Window(run=run, buffer=buffer)
            work = partial(chunks.open_run, run, source, buffer.sealed, window.plain)
            self._ahead.append(attrs.evolve(window, opened=self._workers.submit(work)))
            chunk += run.count

    def _open_chunks(self) -> Chunks:
        if self.closed or self._chunks is None:
            raise InvalidInputError(ErrorKind.CLOSED, "the reader is closed")
        return self._chunks

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
