"""The arithmetic of segments at every boundary, and every shape that is refused."""

import pytest

from bwcstore._merkle import leaf_hash
from bwcstore._values import ByteRange
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError
from bwcstore.objects._seal import Place
from bwcstore.objects._segment import Geometry, Shape, hash_chunks, split_chunks
from tests.unit.objects.sample import PAYLOAD, SMALL

L = SMALL.chunk_bytes


def _segments(shape: Shape) -> list[tuple[int, int]]:
    return [
        (shape.segment_chunk_count(number), shape.segment_bytes(number))
        for number in range(shape.segment_count)
    ]


@pytest.mark.spec("SEG-11", "SEG-12", "SEG-13")
@pytest.mark.parametrize(
    ("length", "segments"),
    [
        (0, [(1, 32)]),
        (1, [(1, 33)]),
        (PAYLOAD - 1, [(1, L - 1)]),
        (PAYLOAD, [(1, L)]),
        (PAYLOAD + 1, [(2, L + 33)]),
        (2 * PAYLOAD - 1, [(2, 2 * L - 1)]),
        (2 * PAYLOAD, [(2, 2 * L)]),
        (2 * PAYLOAD + 1, [(2, 2 * L), (1, 33)]),
        (4 * PAYLOAD, [(2, 2 * L), (2, 2 * L)]),
        (4 * PAYLOAD + 1, [(2, 2 * L), (2, 2 * L), (1, 33)]),
    ],
)
def test_shape_of_a_length(length: int, segments: list[tuple[int, int]]) -> None:
    """A length has one shape, and the shape has that length."""
    shape = Shape(geometry=SMALL, length_bytes=length)
    stored = sum(size for _, size in segments)

    assert (segments, stored) == (_segments(shape), shape.stored_bytes)
    assert length == Shape.of_segments(L, segments).length_bytes


@pytest.mark.spec("SEG-1")
@pytest.mark.parametrize("power", range(16, 24))
def test_chunk_lengths_that_exist(power: int) -> None:
    """Chunks are powers of two from 64 KiB to 8 MiB, 32 bytes of which are not plaintext."""
    assert 2**power - 32 == Geometry(chunk_bytes=2**power).payload_bytes


@pytest.mark.spec("SEG-1")
@pytest.mark.parametrize("value", [0, -1, 1, 2**15, 2**16 - 1, 2**16 + 1, 3 * 2**16, 2**24])
def test_chunk_lengths_that_do_not_exist(value: int) -> None:
    """Every other chunk length is refused."""
    with pytest.raises(FormatError) as caught:
        Geometry(chunk_bytes=value)

    assert ErrorKind.CHUNK_SHAPE == caught.value.kind


@pytest.mark.spec("SEG-10")
@pytest.mark.parametrize("value", [0, -1, 4097, 2**60])
def test_segment_lengths_that_do_not_exist(value: int) -> None:
    """A segment has 1 to 4096 chunks."""
    with pytest.raises(FormatError) as caught:
        Geometry(segment_chunks=value)

    assert ErrorKind.CHUNK_SHAPE == caught.value.kind


@pytest.mark.spec("SEG-12", "SEG-13", "SEG-14")
@pytest.mark.parametrize(
    "segments",
    [
        [],
        [(0, 0)],
        [(1, 0)],
        [(1, 31)],
        [(1, L + 1)],
        [(2, L + 32)],
        [(2, L)],
        [(2, 2 * L), (1, 32)],
        [(2, 2 * L), (0, 0)],
        [(2, 2 * L - 1), (1, 33)],
        [(2, 2 * L), (3, 2 * L + 33)],
        [(2, 2 * L), (1, L), (1, 33)],
        [(2, 2 * L), (2, 2 * L - 1), (1, 34)],
        [(1, 2**70)],
        [(4097, 4097 * L)],
        [(4096, 4096 * L)] * 257,
        [(4096, 2**80)] * 3,
    ],
)
def test_shapes_that_no_length_has(segments: list[tuple[int, int]]) -> None:
    """Segments that no plaintext length gives are refused, absurd sizes among them."""
    with pytest.raises(FormatError) as caught:
        Shape.of_segments(L, segments)

    assert ErrorKind.CHUNK_SHAPE == caught.value.kind


@pytest.mark.spec("SEG-17")
@pytest.mark.parametrize("excess", [1, 2**80])
def test_longest_object(excess: int) -> None:
    """An object has at most 2**20 chunks."""
    longest = Shape(geometry=SMALL, length_bytes=SMALL.length_bytes_max)
    with pytest.raises(InvalidInputError) as caught:
        Shape(geometry=SMALL, length_bytes=SMALL.length_bytes_max + excess)

    assert (2**20, ErrorKind.TOO_LARGE) == (longest.chunk_count, caught.value.kind)


def test_negative_length_is_refused() -> None:
    """No object is shorter than empty."""
    with pytest.raises(InvalidInputError):
        Shape(geometry=SMALL, length_bytes=-1)


@pytest.mark.parametrize(
    ("offset", "chunk"), [(0, 0), (PAYLOAD - 1, 0), (PAYLOAD, 1), (3 * PAYLOAD + 5, 3)]
)
def test_find_chunk(offset: int, chunk: int) -> None:
    """A plaintext offset lies in one chunk, whose range holds it."""
    shape = Shape(geometry=SMALL, length_bytes=4 * PAYLOAD)
    found = shape.plain_range(shape.find_chunk(offset))

    assert chunk == shape.find_chunk(offset)
    assert found.offset_bytes <= offset < found.end_bytes


def test_last_chunk_is_final() -> None:
    """Only the last chunk is final."""
    shape = Shape(geometry=SMALL, length_bytes=2 * PAYLOAD + 1)

    assert [Place.INNER, Place.INNER, Place.FINAL] == [shape.place(n) for n in range(3)]


def test_run_ends_with_its_segment() -> None:
    """A run never crosses into the next segment, and tells where it lies in both worlds."""
    shape = Shape(geometry=SMALL, length_bytes=3 * PAYLOAD + 7)
    run = shape.run(3, 9)

    assert (1, 3, 1) == (run.segment, run.chunk, run.count)
    assert (ByteRange(L, 39), ByteRange(3 * PAYLOAD, 7)) == (run.stored, run.plain)
    assert 2 == shape.run(0, 9).count


@pytest.mark.spec("SEG-18")
def test_leaves_of_chunks() -> None:
    """Leaf hashes are those of the chunks, the short last one included."""
    stored = bytes(L) + b"\x01" * L + b"\x02" * 40
    chunks = [stored[:L], stored[L : 2 * L], stored[2 * L :]]

    assert chunks == [bytes(part) for part in split_chunks(memoryview(stored), chunk_bytes=L)]
    assert b"".join(map(leaf_hash, chunks)) == hash_chunks(memoryview(stored), chunk_bytes=L)


@pytest.mark.parametrize(
    ("offset", "length", "chunks"),
    [
        (0, PAYLOAD - 1, []),
        (0, PAYLOAD, [(0, 1)]),
        (0, 4 * PAYLOAD, [(0, 2), (2, 2)]),
        (PAYLOAD, 2 * PAYLOAD + 5, [(1, 1), (2, 1)]),
        (1, 4 * PAYLOAD, []),
        (3 * PAYLOAD, 9 * PAYLOAD, [(3, 1), (4, 1)]),
        (5 * PAYLOAD, 9 * PAYLOAD, []),
    ],
)
def test_whole_runs(offset: int, length: int, chunks: list[tuple[int, int]]) -> None:
    """Only chunks that a range holds entirely are given, in runs that end with their segment."""
    shape = Shape(geometry=SMALL, length_bytes=4 * PAYLOAD + 7)
    runs = list(shape.whole_runs(ByteRange(offset, length), 9))

    assert chunks == [(run.chunk, run.count) for run in runs]
