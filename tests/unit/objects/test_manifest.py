"""The manifest: one encoding, strict reading, sealed parts that open in their place only."""

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from bwcstore import _encoding
from bwcstore._encoding import Json
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.errors import BwcStoreError, ErrorKind, IntegrityError, InvalidInputError
from bwcstore.objects._manifest import (
    Manifest,
    SegmentFacts,
    open_content,
    open_record,
    seal_content,
    seal_record,
)
from bwcstore.objects._parts import ContentPart, Facts, FileName, RecordPart
from bwcstore.objects._seal import start
from bwcstore.objects._sealed_part import PART_SIZE_MAX
from tests.unit.objects.sample import KEYS, OBJECT, OVERHEAD, PAYLOAD, SMALL, STORE

OTHER_STORE = StoreId.parse("00000000-0000-4000-8000-000000000000")
OTHER_OBJECT = ObjectId.parse("00000000-0000-7000-8000-000000000000")
LENGTH = 2 * PAYLOAD + 1
RECORD = RecordPart(length_bytes=LENGTH, plaintext_sha256=Digest(b"\xab" * 32), officer="Doe")
CONTENT = ContentPart(file=FileName.of(b"a.mp4"))
L = SMALL.chunk_bytes


def _manifest(record: RecordPart = RECORD) -> Manifest:
    header, _ = start(KEYS.content, iv=bytes(range(32)), aad=b"", chunk_bytes=L)
    return Manifest(
        store_id=STORE,
        object_id=OBJECT,
        chunk_bytes=L,
        header=header,
        segments=(
            SegmentFacts(leaves=bytes(range(64)), length_bytes=2 * L),
            SegmentFacts(leaves=bytes(range(32)), length_bytes=OVERHEAD + 1),
        ),
        record=seal_record(
            record, key=KEYS.record, nonce=bytes(12), store_id=STORE, object_id=OBJECT
        ),
        content=seal_content(
            CONTENT, key=KEYS.content, nonce=bytes(12), store_id=STORE, object_id=OBJECT
        ),
    )


def _changed(change: Callable[[dict[str, Json]], object]) -> bytes:
    value = json.loads(_manifest().encode())
    change(value)
    return _encoding.encode(value)


def _refusal(raw: bytes) -> ErrorKind:
    with pytest.raises(BwcStoreError) as caught:
        Manifest.decode(raw)
    return caught.value.kind


@pytest.mark.spec("MAN-1", "MAN-3")
def test_round_trip() -> None:
    """A manifest reads back as itself and encodes again to the same bytes."""
    manifest = _manifest()
    found = Manifest.decode(manifest.encode())

    assert manifest == found
    assert manifest.encode() == found.encode()


@pytest.mark.spec("MAN-2")
def test_digest_is_of_the_bytes() -> None:
    """The digest is the plain SHA-256 of the stored bytes."""
    manifest = _manifest()

    assert _encoding.sha256(manifest.encode()) == manifest.digest


@pytest.mark.spec("MAN-5")
def test_open_part_hides_what_is_sealed() -> None:
    """Names, digests of plaintext and file names are nowhere in the open bytes."""
    raw = _manifest().encode()

    assert [] == [
        word for word in (b"Doe", b"a.mp4", b"officer", b"abab", b"sha256") if word in raw
    ]


@pytest.mark.spec("MAN-3")
@pytest.mark.parametrize("name", sorted(json.loads(_manifest().encode())))
def test_every_field_is_needed(name: str) -> None:
    """A manifest without one of its fields is refused."""
    kind = _refusal(_changed(lambda value: value.pop(name)))

    assert kind in {
        ErrorKind.FIELD_MISSING,
        ErrorKind.MANIFEST_INVALID,
        ErrorKind.FORMAT_UNKNOWN,
    }


def _set(path: str, new: Json) -> Callable[[dict[str, Json]], None]:
    def change(value: dict[str, Json]) -> None:
        *parents, last = path.split(".")
        here: Json = value
        for part in parents:
            here = here[part]  # type: ignore[index,call-overload]  # test data
        here[last] = new  # type: ignore[call-overload,index]  # test data

    return change


@pytest.mark.spec("MAN-1", "MAN-3", "MAN-4", "MAN-6", "MAN-7", "MAN-8", "MAN-15")
@pytest.mark.parametrize(
    ("path", "new", "kind"),
    [
        ("other", 1, ErrorKind.FIELD_UNKNOWN),
        ("keys.other", "x", ErrorKind.MANIFEST_INVALID),
        ("record.other", "x", ErrorKind.FIELD_UNKNOWN),
        ("segments.0.other", "x", ErrorKind.FIELD_UNKNOWN),
        ("kind", "receipt", ErrorKind.MANIFEST_INVALID),
        ("format", "2.0", ErrorKind.FORMAT_UNKNOWN),
        ("format", 1, ErrorKind.FORMAT_UNKNOWN),
        ("store", "x", ErrorKind.MANIFEST_INVALID),
        ("store", 1, ErrorKind.MANIFEST_INVALID),
        ("object", str(OTHER_OBJECT), ErrorKind.MANIFEST_INVALID),
        ("keys", None, ErrorKind.MANIFEST_INVALID),
        ("keys.record", f"content/{OBJECT}", ErrorKind.MANIFEST_INVALID),
        ("ciphertext_root", "00" * 32, ErrorKind.CIPHERTEXT_ROOT),
        ("ciphertext_root", "0", ErrorKind.MANIFEST_INVALID),
        ("chunk_bytes", 2**17, ErrorKind.HEADER_INVALID),
        ("chunk_bytes", 3, ErrorKind.CHUNK_SHAPE),
        ("chunk_bytes", True, ErrorKind.MANIFEST_INVALID),
        ("chunk_bytes", -1, ErrorKind.MANIFEST_INVALID),
        ("header", "00" * 74, ErrorKind.HEADER_INVALID),
        ("header", "zz", ErrorKind.MANIFEST_INVALID),
        ("header", 1, ErrorKind.MANIFEST_INVALID),
        ("record", "x", ErrorKind.MANIFEST_INVALID),
        ("record.nonce", "00", ErrorKind.MANIFEST_INVALID),
        ("record.nonce", "AA" * 12, ErrorKind.MANIFEST_INVALID),
        ("record.sealed", "AAAA", ErrorKind.MANIFEST_INVALID),
        ("record.sealed", "A" * 22 + "B=", ErrorKind.MANIFEST_INVALID),
        ("record.sealed", "=" * 8, ErrorKind.MANIFEST_INVALID),
        ("record.sealed", "A" * 2_000_000, ErrorKind.MANIFEST_INVALID),
        ("content.sealed", "ü" * 8, ErrorKind.MANIFEST_INVALID),
        ("segments", {}, ErrorKind.MANIFEST_INVALID),
        ("segments", [], ErrorKind.CHUNK_SHAPE),
        ("segments", [1], ErrorKind.MANIFEST_INVALID),
        ("segments.0.chunks", 1, ErrorKind.MANIFEST_INVALID),
        ("segments.0.chunks", 2**50, ErrorKind.MANIFEST_INVALID),
        ("segments.0.length_bytes", 2 * L - 1, ErrorKind.CHUNK_SHAPE),
        ("segments.0.length_bytes", 2**53 - 1, ErrorKind.CHUNK_SHAPE),
        ("segments.0.length_bytes", "x", ErrorKind.MANIFEST_INVALID),
        ("segments.1.length_bytes", 32, ErrorKind.CHUNK_SHAPE),
        ("segments.1.leaves", "", ErrorKind.MANIFEST_INVALID),
    ],
)
def test_invalid_fields_are_refused(path: str, new: Json, kind: ErrorKind) -> None:
    """Every field that is not what the chapter says is refused by its own code."""

    def change(value: dict[str, Json]) -> None:
        first, *rest = path.split(".", 2)
        if first == "segments" and rest:
            one = value["segments"][int(rest[0])]  # type: ignore[index]  # test data
            _set(rest[1], new)(one)  # type: ignore[arg-type]  # test data
        else:
            _set(path, new)(value)

    assert kind == _refusal(_changed(change))


@pytest.mark.spec("MAN-1")
@pytest.mark.parametrize("line_end", [b"\n", b" "])
def test_bytes_after_the_end_are_refused(line_end: bytes) -> None:
    """A manifest has no line end."""
    assert ErrorKind.NOT_CANONICAL == _refusal(_manifest().encode() + line_end)


@pytest.mark.spec("MAN-9", "MAN-10", "MAN-11")
def test_sealed_parts_open() -> None:
    """With their keys, both parts read back as they were."""
    manifest = _manifest()

    assert open_record(manifest, key=KEYS.record) == RECORD
    assert open_content(manifest, key=KEYS.content) == CONTENT


@pytest.mark.spec("MAN-9")
@pytest.mark.parametrize(
    "change",
    [
        {"store_id": OTHER_STORE},
        {"object_id": OTHER_OBJECT},
        {"record": _manifest().content, "content": _manifest().record},
    ],
)
def test_sealed_parts_open_in_their_place_only(change: dict[str, Any]) -> None:
    """A part does not open in another object, in another store, or as the other part."""
    moved = attrs.evolve(_manifest(), **change)
    kinds = []
    with pytest.raises(IntegrityError) as caught:
        open_record(moved, key=KEYS.record)
    kinds.append(caught.value.kind)
    with pytest.raises(IntegrityError) as caught:
        open_content(moved, key=KEYS.content)
    kinds.append(caught.value.kind)

    assert [ErrorKind.MANIFEST_INVALID] * 2 == kinds


@pytest.mark.spec("MAN-9", "MAN-11")
def test_each_part_has_its_own_key() -> None:
    """The record key does not open the content part, nor the other way round."""
    manifest = _manifest()
    with pytest.raises(IntegrityError):
        open_content(manifest, key=KEYS.record)
    with pytest.raises(IntegrityError) as caught:
        open_record(manifest, key=KEYS.content)

    assert ErrorKind.MANIFEST_INVALID == caught.value.kind


@pytest.mark.spec("MAN-16")
def test_recorded_length_must_be_that_of_the_chunks() -> None:
    """A record part that tells another length than the chunks have is refused."""
    manifest = _manifest(attrs.evolve(RECORD, length_bytes=LENGTH + 1))
    with pytest.raises(IntegrityError) as caught:
        open_record(manifest, key=KEYS.record)

    assert ErrorKind.PLAINTEXT_LENGTH == caught.value.kind


@pytest.mark.spec("MAN-15")
def test_part_that_is_too_long_is_refused() -> None:
    """A sealed part has at most 1 MiB."""
    part = ContentPart(fields=Facts.of({"note": ["x" * 1000] * (PART_SIZE_MAX // 1000)}))
    with pytest.raises(InvalidInputError) as caught:
        seal_content(part, key=KEYS.content, nonce=bytes(12), store_id=STORE, object_id=OBJECT)

    assert ErrorKind.TOO_LARGE == caught.value.kind
