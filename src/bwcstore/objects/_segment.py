"""The arithmetic of segments: where every byte of an object's plaintext lies in storage.

Rules kept here (spec chapter `segment`):

- a segment is whole sealed chunks and nothing else (SEG-10);
- the shape of an object follows from its length and its geometry alone, so that exactly one shape
  is right for any length and every other is refused (SEG-11 to SEG-14);
- sizes are checked before anything is computed or allocated from them.

Nothing here reads, seals or knows a key.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Self

import attrs

from bwcstore._merkle import leaf_hash
from bwcstore._values import ByteRange
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError
from bwcstore.objects._seal import CHUNK_OVERHEAD_BYTES, Place

CHUNK_BYTES_MIN: Final = 64 * 1024
CHUNK_BYTES_MAX: Final = 8 * 1024 * 1024
CHUNK_BYTES_DEFAULT: Final = 1024 * 1024
SEGMENT_CHUNKS_MAX: Final = 4096
SEGMENT_CHUNKS_DEFAULT: Final = 64
OBJECT_CHUNKS_MAX: Final = 2**20


def check_chunk_bytes(value: int) -> int:
    """Return `value` if it is a chunk length that the format has (spec: SEG-1).

    Raises:
        FormatError: not a power of two from 64 KiB to 8 MiB (`CHUNK_SHAPE`).
    """
    if not CHUNK_BYTES_MIN <= value <= CHUNK_BYTES_MAX or value & (value - 1):
        raise FormatError(
            ErrorKind.CHUNK_SHAPE,
            f"chunk length {value}, expected a power of two from {CHUNK_BYTES_MIN} to "
            f"{CHUNK_BYTES_MAX}",
        )
    return value


@attrs.frozen(kw_only=True)
class Run:
    """Consecutive chunks of one segment.

    Attributes:
        segment: the segment's number in its object, from 0.
        chunk: the first chunk's number in its object, from 0.
        count: how many chunks; at least 1.
        stored: where the sealed chunks lie in the segment.
        plain: where their plaintext lies in the object.
    """

    segment: int
    chunk: int
    count: int
    stored: ByteRange
    plain: ByteRange


@attrs.frozen(kw_only=True)
class Geometry:
    """How an object is cut: chunk length, and chunks per full segment (spec: SEG-1, SEG-10)."""

    chunk_bytes: int = attrs.field(default=CHUNK_BYTES_DEFAULT)
    segment_chunks: int = attrs.field(default=SEGMENT_CHUNKS_DEFAULT)

    @chunk_bytes.validator
    def _check_chunk(self, _: object, value: int) -> None:
        check_chunk_bytes(value)

    @segment_chunks.validator
    def _check_segment(self, _: object, value: int) -> None:
        if not 1 <= value <= SEGMENT_CHUNKS_MAX:
            raise FormatError(
                ErrorKind.CHUNK_SHAPE,
                f"{value} chunks per segment, expected 1 to {SEGMENT_CHUNKS_MAX}",
            )

    @property
    def payload_bytes(self) -> int:
        """How much plaintext a full chunk holds."""
        return self.chunk_bytes - CHUNK_OVERHEAD_BYTES

    @property
    def segment_payload_bytes(self) -> int:
        """How much plaintext a full segment holds."""
        return self.payload_bytes * self.segment_chunks

    @property
    def length_bytes_max(self) -> int:
        """The longest plaintext that one object may have (spec: SEG-17)."""
        return self.payload_bytes * OBJECT_CHUNKS_MAX


@attrs.frozen(kw_only=True)
class Shape:
    """The one shape that an object of a given plaintext length has (spec: SEG-11)."""

    geometry: Geometry
    length_bytes: int = attrs.field()

    @length_bytes.validator
    def _check(self, _: object, value: int) -> None:
        if not 0 <= value <= self.geometry.length_bytes_max:
            raise InvalidInputError(
                ErrorKind.TOO_LARGE,
                f"{value} bytes, at most {self.geometry.length_bytes_max} at this chunk length",
            )

    @property
    def chunk_count(self) -> int:
        """How many chunks; at least 1."""
        return max(1, -(-self.length_bytes // self.geometry.payload_bytes))

    @property
    def segment_count(self) -> int:
        """How many segments; at least 1."""
        return -(-self.chunk_count // self.geometry.segment_chunks)

    @property
    def stored_bytes(self) -> int:
        """The length of all segments together."""
        return self.length_bytes + CHUNK_OVERHEAD_BYTES * self.chunk_count

    def place(self, chunk: int) -> Place:
        """Whether `chunk` is the last."""
        return Place.FINAL if chunk == self.chunk_count - 1 else Place.INNER

    def plain_range(self, chunk: int) -> ByteRange:
        """Where the plaintext of `chunk` lies in the object."""
        start = chunk * self.geometry.payload_bytes
        return ByteRange(start, min(self.geometry.payload_bytes, self.length_bytes - start))

    def segment_chunk_count(self, segment: int) -> int:
        """How many chunks `segment` has."""
        first = segment * self.geometry.segment_chunks
        return min(self.geometry.segment_chunks, self.chunk_count - first)

    def segment_bytes(self, segment: int) -> int:
        """The stored length of `segment`."""
        return self.run(segment * self.geometry.segment_chunks, SEGMENT_CHUNKS_MAX).stored.end_bytes

    def find_chunk(self, offset_bytes: int) -> int:
        """The chunk that holds the plaintext byte at `offset_bytes`, which must exist."""
        return offset_bytes // self.geometry.payload_bytes

    def run(self, chunk: int, count_max: int) -> Run:
        """The longest run from `chunk` that lies in one segment, of at most `count_max` chunks."""
        segment, within = divmod(chunk, self.geometry.segment_chunks)
        count = min(count_max, self.segment_chunk_count(segment) - within)
        start = self.plain_range(chunk).offset_bytes
        end = self.plain_range(chunk + count - 1).end_bytes
        plain = ByteRange(start, end - start)
        stored = ByteRange(
            within * self.geometry.chunk_bytes, plain.length_bytes + CHUNK_OVERHEAD_BYTES * count
        )
        return Run(segment=segment, chunk=chunk, count=count, stored=stored, plain=plain)

    def whole_runs(self, wanted: ByteRange, count_max: int) -> Iterator[Run]:
        """The runs of at most `count_max` chunks that lie in `wanted` with all their plaintext.

        None if `wanted` does not begin where a chunk begins.
        """
        chunk, skip = divmod(wanted.offset_bytes, self.geometry.payload_bytes)
        if skip:
            return
        while chunk < self.chunk_count:
            run = self.run(chunk, count_max)
            while run.plain.end_bytes > wanted.end_bytes and run.count > 1:
                run = self.run(chunk, run.count - 1)
            if run.plain.end_bytes > wanted.end_bytes:
                return
            yield run
            chunk += run.count

    @classmethod
    def of_segments(cls, chunk_bytes: int, segments: Sequence[tuple[int, int]]) -> Self:
        """The shape that a manifest's list of segments describes (spec: SEG-12 to SEG-14).

        Args:
            chunk_bytes: the length of a full sealed chunk.
            segments: chunk count and stored length of every segment, in order.

        Raises:
            FormatError: no plaintext length has this shape (`CHUNK_SHAPE`).
        """
        if not segments:
            raise FormatError(ErrorKind.CHUNK_SHAPE, "an object has at least one segment")
        geometry = Geometry(chunk_bytes=chunk_bytes, segment_chunks=segments[0][0])
        chunks = sum(count for count, _ in segments)
        if chunks > OBJECT_CHUNKS_MAX:
            raise FormatError(
                ErrorKind.CHUNK_SHAPE, f"{chunks} chunks, at most {OBJECT_CHUNKS_MAX}"
            )
        stored = sum(length for _, length in segments)
        length = stored - CHUNK_OVERHEAD_BYTES * chunks
        if not 0 <= length <= geometry.length_bytes_max:
            raise FormatError(
                ErrorKind.CHUNK_SHAPE, f"{chunks} chunks cannot be {stored} bytes long"
            )
        shape = cls(geometry=geometry, length_bytes=length)
        if shape.segment_count != len(segments):
            raise FormatError(
                ErrorKind.CHUNK_SHAPE,
                f"{len(segments)} segments, expected {shape.segment_count} for {length} bytes",
            )
        for number, (count, size) in enumerate(segments):
            expected = (shape.segment_chunk_count(number), shape.segment_bytes(number))
            if (count, size) != expected:
                raise FormatError(
                    ErrorKind.CHUNK_SHAPE,
                    f"segment {number}: {count} chunks in {size} bytes, expected {expected[0]} in "
                    f"{expected[1]}",
                )
        return shape


def split_chunks(stored: memoryview, *, chunk_bytes: int) -> Iterator[memoryview]:
    """The sealed chunks of consecutive segment bytes, which start at a chunk; nothing is copied."""
    for start in range(0, stored.nbytes, chunk_bytes):
        yield stored[start : start + chunk_bytes]


def hash_chunks(stored: memoryview, *, chunk_bytes: int) -> bytes:
    """The leaf hashes of consecutive sealed chunks, 32 bytes each (spec: SEG-18)."""
    return b"".join(leaf_hash(chunk) for chunk in split_chunks(stored, chunk_bytes=chunk_bytes))
