"""What holds for every value, not only for those somebody thought of."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from bwcstore import _encoding as encoding
from bwcstore import _layout as layout
from bwcstore._values import Digest, Instant, ObjectId
from bwcstore.errors import FormatError, InvalidInputError

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
INTEGERS = st.integers(1 - 2**53, 2**53 - 1)
SCALARS = st.none() | st.booleans() | INTEGERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=6)
INSTANTS = st.builds(Instant, st.integers(0, 253_402_300_799_999_999))
OBJECT_IDS = st.builds(ObjectId.from_time, INSTANTS, st.binary(min_size=10, max_size=10))
DIGESTS = st.builds(Digest, st.binary(min_size=32, max_size=32))


@pytest.mark.spec("ENC-1", "ENC-7")
@given(DOCUMENTS)
def test_documents_round_trip(value: dict[str, Any]) -> None:
    """What was encoded decodes to itself, whatever the order of its fields."""
    raw = encoding.encode(value)

    assert encoding.decode(raw, what="document") == value
    assert encoding.encode(dict(reversed(value.items()))) == raw


@pytest.mark.spec("ENC-7")
@given(DOCUMENTS, st.data())
def test_encodings_are_not_malleable(value: dict[str, Any], data: st.DataObject) -> None:
    """Changed bytes are refused, or are the encoding of another value."""
    raw = bytearray(encoding.encode(value))
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] = data.draw(st.integers(0, 255))
    try:
        found = encoding.decode(bytes(raw), what="document")
    except FormatError as exc:
        event(exc.kind)
        return

    event("decoded")
    assert encoding.encode(found) == raw


@pytest.mark.spec("ENC-7")
@given(DOCUMENTS, st.sampled_from([None, 1]), st.booleans())
def test_other_spellings_are_refused(
    value: dict[str, Any],
    indent: int | None,
    ascii_only: bool,
) -> None:
    """The same JSON spelled in another way is refused."""
    raw = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    if raw == encoding.encode(value):
        return

    with pytest.raises(FormatError):
        encoding.decode(raw, what="document")


@given(st.binary(max_size=40))
def test_decoding_anything(raw: bytes) -> None:
    """Decoding gives a value or `FormatError`, and nothing else."""
    try:
        value = encoding.decode(raw, what="bytes")
    except FormatError:
        return

    assert encoding.encode(value) == raw


@pytest.mark.spec("ENC-12")
@given(INSTANTS, INSTANTS)
def test_instants_round_trip(first: Instant, second: Instant) -> None:
    """Text and instant are the same thing, also in their order."""
    assert Instant.parse(str(first)) == first
    assert (str(first) < str(second)) == (first < second)


@given(st.text(max_size=30))
def test_parsing_anything_as_an_instant(text: str) -> None:
    """A text is an instant in its one form, or refused."""
    try:
        instant = Instant.parse(text)
    except InvalidInputError:
        return

    assert str(instant) == text


@pytest.mark.spec("NAM-4", "NAM-5", "NAM-6", "NAM-8")
@given(OBJECT_IDS, DIGESTS, st.integers(0, 10**6), st.integers(0, layout.SEGMENT_MAX))
def test_names_round_trip(
    object_id: ObjectId, digest: Digest, generation: int, number: int
) -> None:
    """A name gives back what it was built from, and no parser takes another's name."""
    names = [
        layout.segment(object_id, number),
        layout.manifest(object_id, digest),
        layout.batch(generation, number),
        layout.checkpoint(generation, number),
    ]
    parsers = [
        layout.parse_segment,
        layout.parse_manifest,
        layout.parse_batch,
        layout.parse_checkpoint,
    ]
    expected = [
        (object_id, number),
        (object_id, digest),
        (generation, number),
        (generation, number),
    ]

    assert [parse(name) for parse, name in zip(parsers, names, strict=True)] == expected
    assert sum(parse(name) is not None for parse in parsers for name in names) == 4
    assert [layout.check_name(name) for name in names] == names


@pytest.mark.spec("NAM-6", "NAM-7")
@given(st.integers(0, 10**12 - 2), st.integers(0, 7))
def test_names_sort_like_their_numbers(number: int, level: int) -> None:
    """The next batch follows in a listing, and no two tiles share a name."""
    assert layout.batch(0, number) < layout.batch(0, number + 1)
    assert layout.tile(0, level, number) != layout.tile(0, level, number + 1)
    assert layout.tile(0, level, number) != layout.bundle(0, number)
