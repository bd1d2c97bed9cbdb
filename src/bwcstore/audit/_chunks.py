"""Chunks by the piece: read, hash, compare, and with a key open them, on the workers.

Rules kept here (spec: AUD-24):

- each chunk is hashed and compared on its own, so that a finding names the bytes;
- pieces are taken in the order in which they were given, whatever order they finish in;
- memory is bounded: as many pieces are under way as there are workers, and one more.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Final, Protocol

import attrs

from bwcstore._merkle import HASH_LENGTH_BYTES
from bwcstore._ports import Pending, Source, Workers
from bwcstore._values import ByteRange
from bwcstore.audit._findings import Findings
from bwcstore.audit._source import Stock
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._seal import Place
from bwcstore.objects._segment import Run

CLAUSE_CHUNK: Final = "AUD-24"
PIECE_BYTES: Final = 8 * 1024 * 1024
_INNER_WORD: Final = b"\xff\xff\xff\xff"


class ChunkOpener(Protocol):
    """What an audit with keys does with chunks whose digest fits.

    Attributes:
        broken: set when a chunk was not right, so that the whole cannot be compared.
    """

    broken: bool

    def open_chunk(
        self, chunk: memoryview, plain: memoryview, *, position: int, place: Place
    ) -> None:
        """Open one chunk; called from any thread.

        Raises:
            IntegrityError: it does not verify.
        """

    def take_plain(self, plain: memoryview) -> None:
        """Take the plaintext of consecutive chunks, in order, in the caller's thread."""


@attrs.frozen(kw_only=True)
class Wrong:
    """One chunk that is not right: its place in the object, and what is wrong."""

    chunk: int
    code: ErrorKind
    byte_range: ByteRange
    message: str
    expected: str | None = None
    got: str | None = None


@attrs.frozen(kw_only=True)
class Piece:
    """Consecutive chunks of one segment to be checked.

    Attributes:
        last: whether the source is closed after it.
    """

    manifest: Manifest
    run: Run
    source: Source
    name: str
    last: bool
    opener: ChunkOpener | None = None


@attrs.frozen(kw_only=True)
class _Result:
    """What a worker found out about one piece."""

    wrong: tuple[Wrong, ...]
    got_bytes: int
    error: BwcStoreError | None = None


def pieces(
    manifest: Manifest, segment: int, source: Source, name: str, opener: ChunkOpener | None
) -> Iterator[Piece]:
    """The pieces of one segment, in order."""
    shape = manifest.shape
    step = max(1, PIECE_BYTES // manifest.chunk_bytes)
    chunk = segment * shape.geometry.segment_chunks
    end = chunk + shape.segment_chunk_count(segment)
    while chunk < end:
        run = shape.run(chunk, step)
        chunk += run.count
        yield Piece(
            manifest=manifest, run=run, source=source, name=name, last=chunk == end, opener=opener
        )


class Pipeline:
    """Hands pieces to the workers and takes what they found.

    Attributes:
        checked_bytes: stored bytes that were read and hashed.
    """

    def __init__(self, stock: Stock, findings: Findings, workers: Workers) -> None:
        self.checked_bytes = 0
        self._stock = stock
        self._findings = findings
        self._workers = workers
        self._under_way: deque[tuple[Piece, bytearray | None, Pending[_Result]]] = deque()
        self._chunks: list[bytearray] = []
        self._plains: list[bytearray] = []

    def submit(self, piece: Piece) -> None:
        """Begin with one piece; first take the oldest, if enough are under way."""
        while len(self._under_way) > self._workers.count:
            self._take()
        plain = None
        if piece.opener is not None:
            # No longer than is needed: clearing what stays unused would take longer than the audit
            # of a small object.
            plain = self._plains.pop() if self._plains else bytearray()
            if len(plain) < piece.run.plain.length_bytes:
                plain = bytearray(piece.run.plain.length_bytes)
        work = partial(_check_piece, piece, self._chunks, plain)
        self._under_way.append((piece, plain, self._workers.submit(work)))

    def drain(self) -> None:
        """Take everything that is under way."""
        while self._under_way:
            self._take()

    def _take(self) -> None:
        piece, plain, pending = self._under_way.popleft()
        result = pending.result()
        if piece.last:
            piece.source.close()
        object_id = piece.manifest.object_id.text
        segment = piece.run.segment
        if result.error is not None:
            self._stock.unreadable(result.error, piece.name, object_id=object_id, segment=segment)
        for wrong in result.wrong:
            self._findings.add(
                wrong.code,
                CLAUSE_CHUNK,
                where=piece.name,
                object_id=object_id,
                segment=segment,
                chunk=wrong.chunk,
                byte_range=wrong.byte_range,
                expected=wrong.expected,
                got=wrong.got,
                message=f"{piece.name} chunk {wrong.chunk}: {wrong.message}",
            )
        if piece.opener is not None and plain is not None:
            with memoryview(plain)[: piece.run.plain.length_bytes] as view:
                piece.opener.take_plain(view)
            self._plains.append(plain)
            if result.wrong or result.error is not None:
                piece.opener.broken = True
        self.checked_bytes += result.got_bytes


def _check_piece(piece: Piece, free: list[bytearray], plain: bytearray | None) -> _Result:
    """Read and hash consecutive chunks; with an opener also open them. Runs on a worker.

    One chunk's memory is used for all of them: it stays in the processor's cache between reading
    and hashing.
    """
    manifest, run = piece.manifest, piece.run
    size = manifest.chunk_bytes
    try:
        buffer = free.pop()
    except IndexError:
        buffer = bytearray(size)
    if len(buffer) < size:
        buffer = bytearray(size)
    wrong: list[Wrong] = []
    got = 0
    error: BwcStoreError | None = None
    with memoryview(buffer) as memory:
        for number in range(run.count):
            start = number * size
            length = min(size, run.stored.length_bytes - start)
            where = ByteRange(run.stored.offset_bytes + start, length)
            try:
                count = piece.source.read_into(where.offset_bytes, memory[:length])
            except BwcStoreError as exc:
                error = exc
                break
            got += count
            problem = _check_chunk(piece, memory[:count], number=number, where=where, plain=plain)
            if problem is not None:
                wrong.append(problem)
    free.append(buffer)
    return _Result(wrong=tuple(wrong), got_bytes=got, error=error)


def _check_chunk(
    piece: Piece, chunk: memoryview, *, number: int, where: ByteRange, plain: bytearray | None
) -> Wrong | None:
    manifest, run = piece.manifest, piece.run
    shape = manifest.shape
    position = run.chunk + number
    at = (position - run.segment * shape.geometry.segment_chunks) * HASH_LENGTH_BYTES
    expected = manifest.segments[run.segment].leaves[at : at + HASH_LENGTH_BYTES]
    digest = hashlib.sha256(b"\x00")
    digest.update(chunk)
    found = digest.digest()
    if found != expected:
        short = (
            f", only {chunk.nbytes} bytes are there" if chunk.nbytes < where.length_bytes else ""
        )
        return Wrong(
            chunk=position,
            code=ErrorKind.CHUNK_DIGEST,
            byte_range=where,
            expected=expected.hex(),
            got=found.hex(),
            message=f"not the bytes whose leaf hash the manifest names{short}",
        )
    place = shape.place(position)
    word = _INNER_WORD if place is Place.INNER else chunk.nbytes.to_bytes(4, "big")
    if chunk[:4] != word:
        return Wrong(
            chunk=position,
            code=ErrorKind.CHUNK_SHAPE,
            byte_range=where,
            expected=word.hex(),
            got=bytes(chunk[:4]).hex(),
            message=f"its length word is not that of a {place.name.lower()} chunk",
        )
    if piece.opener is None or plain is None:
        return None
    inside = shape.plain_range(position)
    begin = inside.offset_bytes - run.plain.offset_bytes
    try:
        with memoryview(plain)[begin : begin + inside.length_bytes] as text:
            piece.opener.open_chunk(chunk, text, position=position, place=place)
    except BwcStoreError as exc:
        return Wrong(chunk=position, code=exc.kind, byte_range=where, message=exc.message)
    return None
