"""Objects as a whole: no malleability, slices that agree, tampering that never passes."""

import hashlib
import json

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from bwcstore import _encoding, _layout
from bwcstore import _merkle as merkle
from bwcstore._values import Digest, Instant
from bwcstore.errors import BwcStoreError, FormatError, IntegrityError
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._parts import (
    Claim,
    ContentPart,
    Facts,
    FileName,
    RecordPart,
    SourceName,
    clean_name,
)
from bwcstore.objects._resume import JournalState
from bwcstore.objects._seal import Place, start
from bwcstore.objects._segment import Geometry, Shape
from bwcstore.testing._world import World
from tests.unit.objects.sample import KEYS, OBJECT, PAYLOAD, SMALL, data, reader, write

LENGTH = 4 * PAYLOAD + 777
PLAINTEXT = data(LENGTH)
WORLD = World()
WRITTEN = write(WORLD, PLAINTEXT)
STORED = {number: WORLD.storage.contents[_layout.segment(OBJECT, number)] for number in range(3)}
CHUNKS = [
    STORED[number][at : at + SMALL.chunk_bytes]
    for number in range(3)
    for at in range(0, len(STORED[number]), SMALL.chunk_bytes)
]

lines = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40
).filter(lambda text: clean_name(text.encode()) == text)
maybe = st.none() | lines
names = st.from_regex(r"\Azz_[a-z0-9_]{0,8}\Z")
facts = st.dictionaries(
    names, st.integers(-(2**53) + 1, 2**53 - 1) | lines | st.lists(st.booleans()), max_size=4
).map(lambda value: Facts.of(json.loads(json.dumps(value))))
instants = st.integers(0, 253_402_300_799_999_999).map(Instant)
records = st.builds(
    RecordPart,
    length_bytes=st.integers(0, 2**50),
    plaintext_sha256=st.binary(min_size=32, max_size=32).map(Digest),
    case=maybe,
    claims=st.lists(st.builds(Claim, at=instants, basis=lines, detail=maybe), max_size=3).map(
        tuple
    ),
    device=maybe,
    label=maybe,
    officer=maybe,
    source=st.none() | st.builds(SourceName, scope=lines, id=lines),
    title=maybe,
    trigger=maybe,
    other=facts,
)
contents = st.builds(
    ContentPart,
    file=st.none() | st.binary(min_size=1, max_size=60).map(FileName.of),
    container=st.none() | facts,
    fields=st.none() | facts,
    other=facts,
)


@pytest.mark.spec("MAN-12", "MAN-13")
@given(records | contents)
def test_parts_round_trip(part: RecordPart | ContentPart) -> None:
    """Every part reads back as itself and has one encoding."""
    raw = part.encode()
    found = type(part).decode(raw)

    assert part == found
    assert raw == found.encode()


@pytest.mark.spec("MAN-14")
@given(st.binary(min_size=1, max_size=300))
def test_any_name_can_be_shown(raw: bytes) -> None:
    """Any bytes give a display name that a record accepts, and the bytes come back."""
    part = ContentPart(file=FileName.of(raw))

    assert part == ContentPart.decode(part.encode())


@pytest.mark.spec("MAN-1")
@given(st.data())
def test_manifest_is_not_malleable(drawn: st.DataObject) -> None:
    """A manifest with a changed byte is refused, or is another manifest with its own digest."""
    raw = bytearray(WRITTEN.manifest.encode())
    at = drawn.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= drawn.draw(st.integers(1, 255))
    try:
        found = Manifest.decode(bytes(raw))
    except BwcStoreError as exc:
        event(f"refused: {exc.kind}")
        return
    event("another manifest")

    assert bytes(raw) == found.encode()
    assert found.digest != WRITTEN.manifest.digest


@pytest.mark.spec("MAN-1")
@given(st.data())
def test_whatever_decodes_encodes_again(drawn: st.DataObject) -> None:
    """Replacing any value by any other gives a refusal or the same bytes again, never a crash."""
    document = json.loads(WRITTEN.manifest.encode())
    name = drawn.draw(st.sampled_from(sorted(document)))
    document[name] = drawn.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers(-5, 2**53 - 1) | lines,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        )
    )
    raw = _encoding.encode(document)
    try:
        again = Manifest.decode(raw).encode()
    except (FormatError, IntegrityError) as exc:
        event(str(exc.kind))
        return

    assert raw == again


@given(st.data())
def test_journal_is_not_malleable(drawn: st.DataObject) -> None:
    """A journal with a changed byte is refused or encodes to just those bytes."""
    header, _ = start(KEYS.content, iv=bytes(32), aad=b"", chunk_bytes=SMALL.chunk_bytes)
    state = JournalState(
        store_id=WRITTEN.manifest.store_id, object_id=OBJECT, header=header, geometry=SMALL
    )
    raw = bytearray(state.encode())
    raw[drawn.draw(st.integers(0, len(raw) - 1))] ^= drawn.draw(st.integers(1, 255))
    try:
        found = JournalState.decode(bytes(raw))
    except FormatError:
        return

    assert bytes(raw) == found.encode()


@pytest.mark.spec("SEG-11", "SEG-12", "SEG-13", "SEG-14")
@given(
    st.integers(16, 23).map(lambda power: 2**power),
    st.integers(1, 4096),
    st.data(),
)
def test_lengths_and_shapes_are_one_to_one(
    chunk_bytes: int, segment_chunks: int, drawn: st.DataObject
) -> None:
    """Every length gives a shape, and that shape gives the length back."""
    geometry = Geometry(chunk_bytes=chunk_bytes, segment_chunks=segment_chunks)
    near = geometry.payload_bytes * drawn.draw(st.integers(0, 3 * segment_chunks))
    length = max(0, near + drawn.draw(st.integers(-2, 2)))
    shape = Shape(geometry=geometry, length_bytes=length)
    segments = [
        (shape.segment_chunk_count(number), shape.segment_bytes(number))
        for number in range(shape.segment_count)
    ]
    found = Shape.of_segments(chunk_bytes, segments)

    assert (length, segments) == (
        found.length_bytes,
        [
            (found.segment_chunk_count(number), found.segment_bytes(number))
            for number in range(found.segment_count)
        ],
    )


@given(st.lists(st.tuples(st.integers(0, LENGTH + 10), st.integers(0, 3 * PAYLOAD)), max_size=12))
def test_random_reads_are_slices(reads: list[tuple[int, int]]) -> None:
    """Any sequence of reads gives the slices that it asks for."""
    with reader(WORLD, WRITTEN.manifest) as file:
        for offset, size in reads:
            file.seek(offset)

            assert PLAINTEXT[offset : offset + size] == file.read(size)


def _read_all(stored: bytes) -> bytes:
    """Read the sample object with its segments replaced by `stored`, cut as the manifest says."""
    world = World()
    at = 0
    for number, facts in enumerate(WRITTEN.manifest.segments):
        part = stored[at : at + facts.length_bytes]
        world.storage.contents[_layout.segment(OBJECT, number)] = part
        at += facts.length_bytes
    if at < len(stored):
        world.storage.contents[_layout.segment(OBJECT, 2)] += stored[at:]
    with reader(world, WRITTEN.manifest) as file:
        return file.read()


@pytest.mark.spec("SEG-6", "SEG-7", "SEG-15")
@given(st.lists(st.integers(0, len(CHUNKS) - 1), max_size=7))
def test_any_arrangement_of_chunks_but_the_right_one_is_refused(order: list[int]) -> None:
    """Permuted, dropped, repeated or added chunks never pass."""
    assume(order != list(range(len(CHUNKS))))
    event(f"{len(order)} chunks")
    with pytest.raises(IntegrityError):
        _read_all(b"".join(CHUNKS[number] for number in order))


@pytest.mark.spec("SEG-3", "SEG-15")
@given(st.integers(0, len(CHUNKS) - 1))
def test_chunk_of_another_object_is_refused(number: int) -> None:
    """A chunk sealed under the same key at the same position of another object never passes."""
    position = number * PAYLOAD
    plaintext = PLAINTEXT[position : position + PAYLOAD]
    _, cipher = start(
        KEYS.content, iv=bytes(32), aad=b"another object", chunk_bytes=SMALL.chunk_bytes
    )
    chunk = bytearray(len(plaintext) + 32)
    place = Place.FINAL if number == len(CHUNKS) - 1 else Place.INNER
    cipher.seal_into(
        memoryview(plaintext), memoryview(chunk), position=number, place=place, iv=bytes(12)
    )
    spliced = [*CHUNKS[:number], bytes(chunk), *CHUNKS[number + 1 :]]
    with pytest.raises(IntegrityError):
        _read_all(b"".join(spliced))


@pytest.mark.spec("SEG-13", "SEG-16")
@given(st.integers(0, sum(map(len, CHUNKS)) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(at: int, change: int) -> None:
    """One changed bit anywhere never passes."""
    stored = bytearray(b"".join(CHUNKS))
    stored[at] ^= change
    with pytest.raises(IntegrityError):
        _read_all(bytes(stored))


@pytest.mark.spec("SEG-13")
@given(st.integers(0, sum(map(len, CHUNKS)) - 1))
def test_any_truncation_is_refused(length: int) -> None:
    """Ending early never passes, not even at the end of a chunk or segment."""
    with pytest.raises(IntegrityError):
        _read_all(b"".join(CHUNKS)[:length])


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_frontier_and_root_agree(leaves: list[bytes]) -> None:
    """The root of a growing tree is that of the definition at every size."""

    def defined(part: list[bytes]) -> bytes:
        if len(part) <= 1:
            return part[0] if part else hashlib.sha256().digest()
        split = 1 << (len(part) - 1).bit_length() - 1
        return merkle.node_hash(defined(part[:split]), defined(part[split:]))

    assert defined(leaves) == merkle.root(leaves)
