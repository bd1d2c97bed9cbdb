"""Write the vectors of `segment` and `manifest`: `python tests/vectors/make_objects.py`.

A vector is a header of `key: value` lines, an empty line, and raw bytes. Every key, IV and nonce
is fixed, so that running this again must change nothing: that pins sealing byte for byte. Whether
what is sealed is right is told by the second decoder in `tests/unit/objects/floe.py`.

Header of `segment`: `expect` is `success` or the code of the refusal; `key`, `store`, `object`,
`chunk_bytes`, `header` and `segments` (chunks/length of each) are what a reader knows from the
manifest; `stored` are the lengths that storage has; the bytes are those of all segments, one
after the other. `released` is the SHA-256 of all plaintext that may leave before the refusal,
`released_bytes` its length.

Header of `manifest`: `sha256` is that of the bytes, `record` and `content` what opens under
`record_key` and `content_key`. The bytes are the manifest.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs

from bwcstore import _encoding
from bwcstore._values import Digest, Instant, ObjectId, StoreId
from bwcstore.objects._manifest import (
    Manifest,
    SegmentFacts,
    seal_content,
    seal_record,
)
from bwcstore.objects._parts import (
    Claim,
    ContentPart,
    Facts,
    FileName,
    RecordPart,
    SourceName,
)
from bwcstore.objects._seal import associated_data, start
from bwcstore.objects._segment import Geometry, Shape, hash_chunks

HERE: Final = Path(__file__).parent
STORE: Final = StoreId.parse("0190163d-8694-7000-8000-0000000000aa")
OBJECT: Final = ObjectId.parse("0190163d-8694-7000-8000-0000000000ab")
OTHER: Final = ObjectId.parse("0190163d-8694-7000-8000-0000000000ac")
KEY: Final = bytes(range(32))
RECORD_KEY: Final = bytes(range(32, 64))
IV: Final = bytes(range(64, 96))
GEOMETRY: Final = Geometry(chunk_bytes=65536, segment_chunks=2)
P: Final = GEOMETRY.payload_bytes
L: Final = GEOMETRY.chunk_bytes


def _plaintext(length_bytes: int) -> bytes:
    if length_bytes == 8:
        return b"bwcstore"
    return hashlib.shake_128(b"bwcstore vector").digest(length_bytes)


@attrs.frozen(kw_only=True)
class Sealed:
    """One object as stored: what a manifest would say, and the chunks."""

    header: bytes
    shape: Shape
    chunks: tuple[bytes, ...]

    def segments(self) -> list[bytes]:
        """The chunks, joined into segments."""
        step = self.shape.geometry.segment_chunks
        starts = range(0, len(self.chunks), step)
        return [b"".join(self.chunks[at : at + step]) for at in starts]


def _seal(length_bytes: int, object_id: ObjectId = OBJECT) -> Sealed:
    shape = Shape(geometry=GEOMETRY, length_bytes=length_bytes)
    plaintext = _plaintext(length_bytes)
    aad = associated_data(STORE, object_id)
    header, cipher = start(KEY, iv=IV, aad=aad, chunk_bytes=L)
    chunks = []
    for position in range(shape.chunk_count):
        where = shape.plain_range(position)
        part = plaintext[where.offset_bytes : where.end_bytes]
        chunk = bytearray(len(part) + 32)
        iv = hashlib.sha256(position.to_bytes(8, "big")).digest()[:12]
        cipher.seal_into(
            memoryview(part),
            memoryview(chunk),
            position=position,
            place=shape.place(position),
            iv=iv,
        )
        chunks.append(bytes(chunk))
    return Sealed(header=header, shape=shape, chunks=tuple(chunks))


def _vector(head: dict[str, str], raw: bytes) -> bytes:
    return "".join(f"{key}: {value}\n" for key, value in head.items()).encode() + b"\n" + raw


def _segment(
    sealed: Sealed,
    spec: str,
    comment: str,
    *,
    expect: str = "success",
    released: int | None = None,
    stored: list[bytes] | None = None,
    change: dict[str, str] | None = None,
) -> bytes:
    """`released` is how many bytes of plaintext may leave; all when None."""
    stored = sealed.segments() if stored is None else stored
    shape = sealed.shape
    length = shape.length_bytes if released is None else released
    segments = [
        f"{shape.segment_chunk_count(number)}/{shape.segment_bytes(number)}"
        for number in range(shape.segment_count)
    ]
    head = {
        "expect": expect,
        "spec": spec,
        "comment": comment,
        "key": KEY.hex(),
        "store": str(STORE),
        "object": str(OBJECT),
        "chunk_bytes": str(L),
        "header": sealed.header.hex(),
        "segments": " ".join(segments),
        "stored": " ".join(str(len(part)) for part in stored),
        "released_bytes": str(length),
        "released": hashlib.sha256(_plaintext(shape.length_bytes)[:length]).hexdigest(),
    }
    return _vector(head | (change or {}), b"".join(stored))


def _flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def _whole_segments() -> dict[str, bytes]:
    lengths = {
        "empty": (0, "SEG-11", "the empty object is one chunk of 32 bytes"),
        "example": (8, "SEG-2 SEG-5 SEG-6 SEG-7", "the worked example of the chapter"),
        "full_chunk": (P, "SEG-7 SEG-11", "a full chunk that is the last"),
        "chunk_and_one": (P + 1, "SEG-11", "a last chunk of one byte"),
        "two_segments": (2 * P + 1, "SEG-10 SEG-12", "a second segment of one chunk"),
    }
    return {
        name: _segment(_seal(length), spec, comment)
        for name, (length, spec, comment) in lengths.items()
    }


def _attacked_segments() -> dict[str, bytes]:
    three = _seal(2 * P + 1)
    first, second, third = three.chunks
    tag, shape, length = "chunk-tag", "chunk-shape", "segment-length"
    joined = [first + second]
    foreign = _seal(2 * P + 1, OTHER).chunks
    word = L.to_bytes(4, "big")

    def attack(kind: str, released: int, spec: str, comment: str, stored: list[bytes]) -> bytes:
        return _segment(three, spec, comment, expect=kind, released=released, stored=stored)

    return {
        "chunks_swapped": attack(tag, 0, "SEG-6", "order", [second + first, third]),
        "chunk_repeated": attack(tag, P, "SEG-6", "repetition", [first + first, third]),
        "chunk_of_another_object": attack(
            tag, P, "SEG-3", "same key, same position, other object", [first + foreign[1], third]
        ),
        "inner_made_final": attack(
            shape,
            P,
            "SEG-7",
            "a length word says that the object ends",
            [first + word + second[4:], third],
        ),
        "tag_changed": attack(
            tag, P, "SEG-16", "last bit", [_flipped(joined[0], 2 * L - 1), third]
        ),
        "iv_changed": attack(tag, 0, "SEG-16", "IV", [_flipped(joined[0], 4), third]),
        "segment_cut": attack(length, 0, "SEG-13", "ends at a chunk", [first, third]),
        "segment_longer": attack(length, 0, "SEG-13", "one byte more", [joined[0] + b"x", third]),
        "last_segment_missing": attack("segment-missing", 2 * P, "SEG-13", "cut off", joined),
    }


def _refused_segments() -> dict[str, bytes]:
    small = _seal(8)
    shape = "chunk-shape"
    return {
        "other_key": _segment(
            small,
            "SEG-9",
            "the header commits to the key",
            expect="header-tag",
            released=0,
            change={"key": bytes(32).hex()},
        ),
        "other_object": _segment(
            small,
            "SEG-9 SEG-3",
            "moved to another object",
            expect="header-tag",
            released=0,
            change={"object": str(OTHER)},
        ),
        "other_parameters": _segment(
            small,
            "SEG-8",
            "header of another chunk length",
            expect="header-invalid",
            released=0,
            change={"chunk_bytes": str(2 * L)},
        ),
        "chunk_length_not_allowed": _segment(
            small,
            "SEG-1",
            "not a power of two",
            expect=shape,
            released=0,
            change={"chunk_bytes": str(L + 1)},
        ),
        "empty_last_chunk": _segment(
            small,
            "SEG-11 SEG-14",
            "FLOE allows an empty last chunk after a full one; this format does not",
            expect=shape,
            released=0,
            change={"segments": f"2/{L + 32}"},
        ),
        "absurd_length": _segment(
            small,
            "SEG-14 SEG-17",
            "more than any object has",
            expect=shape,
            released=0,
            change={"segments": f"1/{2**53 - 1}"},
        ),
    }


RECORD: Final = RecordPart(
    length_bytes=2 * P + 1,
    plaintext_sha256=Digest(hashlib.sha256(_plaintext(2 * P + 1)).digest()),
    case="26-1042",
    claims=(
        Claim(at=Instant.parse("2026-01-02T03:04:05.000000Z"), basis="camera"),
        Claim(at=Instant.parse("2026-01-02T03:04:07.000000Z"), basis="container", detail="mvhd"),
    ),
    device="X81234567",
    label="traffic-stop",
    officer="Doe, J.",
    source=SourceName(scope="dock-3", id="000042"),
    title="Traffic stop, 5th and Main",
    trigger="light-bar",
    other=Facts.of({"zz_later": [1, None]}),
)
CONTENT: Final = ContentPart(
    file=FileName.of("Über\n.mp4".encode()),
    container=Facts.of({"duration_ms": 61_000}),
    fields=Facts.of({"note": ["two", "lines"]}),
)


def _manifest(
    sealed: Sealed, record: RecordPart, content: ContentPart, object_id: ObjectId = OBJECT
) -> Manifest:
    return Manifest(
        store_id=STORE,
        object_id=OBJECT,
        chunk_bytes=L,
        header=sealed.header,
        segments=tuple(
            SegmentFacts(
                leaves=hash_chunks(memoryview(part), chunk_bytes=L), length_bytes=len(part)
            )
            for part in sealed.segments()
        ),
        record=seal_record(
            record, key=RECORD_KEY, nonce=bytes(12), store_id=STORE, object_id=object_id
        ),
        content=seal_content(
            content, key=KEY, nonce=b"\x01" * 12, store_id=STORE, object_id=object_id
        ),
    )


def _manifest_vector(raw: bytes, expect: str, spec: str, comment: str, **more: str) -> bytes:
    head = {"expect": expect, "spec": spec, "comment": comment}
    head |= {"sha256": hashlib.sha256(raw).hexdigest(), "record_key": RECORD_KEY.hex()}
    return _vector(head | {"content_key": KEY.hex()} | more, raw)


def _good_manifests() -> dict[str, bytes]:
    empty = RecordPart(length_bytes=0, plaintext_sha256=Digest(hashlib.sha256().digest()))
    cases = {
        "empty_object": (_seal(0), empty, ContentPart(), "MAN-1 MAN-3", "the least there can be"),
        "full": (
            _seal(2 * P + 1),
            RECORD,
            CONTENT,
            "MAN-3 MAN-6 MAN-7 MAN-8 MAN-9 MAN-10 MAN-11 MAN-13 MAN-14",
            "every field, and one that is not known yet",
        ),
    }
    return {
        name: _manifest_vector(
            _manifest(sealed, record, content).encode(),
            "success",
            spec,
            comment,
            record=record.encode().decode(),
            content=content.encode().decode(),
        )
        for name, (sealed, record, content, spec, comment) in cases.items()
    }


def _bad_manifests() -> dict[str, bytes]:
    sealed = _seal(2 * P + 1)
    good = _manifest(sealed, RECORD, CONTENT)
    raw = good.encode()

    def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
        document = json.loads(raw)
        change(document)
        return _encoding.encode(document)

    def first(name: str, value: object) -> bytes:
        return changed(lambda document: document["segments"][0].update({name: value}))

    bits = base64.b64encode(good.record.sealed[:17]).decode()
    moved = _manifest(sealed, RECORD, CONTENT, OTHER)
    longer = _manifest(sealed, attrs.evolve(RECORD, length_bytes=2 * P + 2), CONTENT)
    invalid, shape = "manifest-invalid", "chunk-shape"
    cases: dict[str, tuple[bytes, str, str]] = {
        "line_end": (raw + b"\n", "not-canonical", "MAN-1"),
        "unknown_field": (changed(lambda one: one.update(z=1)), "field-unknown", "MAN-3"),
        "missing_field": (changed(lambda one: one.pop("content")), "field-missing", "MAN-3"),
        "other_kind": (changed(lambda one: one.update(kind="plan")), invalid, "MAN-4"),
        "newer_format": (changed(lambda one: one.update(format="1.1")), "format-unknown", "MAN-4"),
        "key_of_another_object": (
            changed(lambda one: one["keys"].update(record=f"record/{OTHER}")),
            invalid,
            "MAN-6",
        ),
        "other_root": (
            changed(lambda one: one.update(ciphertext_root="00" * 32)),
            "ciphertext-root",
            "MAN-7",
        ),
        "leaves_and_count_differ": (first("chunks", 3), invalid, "MAN-8"),
        "absurd_count": (first("chunks", 2**53 - 1), invalid, "MAN-8"),
        "absurd_length": (first("length_bytes", 2**53 - 1), shape, "MAN-8 SEG-14"),
        "short_segment": (first("length_bytes", 2 * L - 1), shape, "MAN-8 SEG-13"),
        "no_segments": (changed(lambda one: one.update(segments=[])), shape, "MAN-8"),
        "padding_bits": (
            changed(lambda one: one["record"].update(sealed=bits[:-2] + "B=")),
            invalid,
            "MAN-8",
        ),
        "header_of_other_chunks": (
            changed(lambda one: one.update(chunk_bytes=2 * L)),
            "header-invalid",
            "SEG-8",
        ),
        "parts_of_another_object": (moved.encode(), invalid, "MAN-9"),
        "parts_exchanged": (
            attrs.evolve(good, record=good.content, content=good.record).encode(),
            invalid,
            "MAN-9",
        ),
        "recorded_length_differs": (longer.encode(), "plaintext-length", "MAN-16"),
    }
    return {
        name: _manifest_vector(changed_raw, expect, spec, name.replace("_", " "))
        for name, (changed_raw, expect, spec) in cases.items()
    }


def files() -> dict[Path, bytes]:
    """Every vector and its bytes."""
    chapters = {
        "segment": _whole_segments() | _attacked_segments() | _refused_segments(),
        "manifest": _good_manifests() | _bad_manifests(),
    }
    return {
        HERE / chapter / f"{name}.vec": content
        for chapter, vectors in chapters.items()
        for name, content in vectors.items()
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_bytes(content)
