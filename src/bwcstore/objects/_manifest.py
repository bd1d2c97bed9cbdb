"""The manifest: what one object is, where it lies, and what it hashes to.

Rules kept here (spec chapter `manifest`):

- the open part is canonical and strict: whatever decodes encodes to the same bytes (MAN-1);
- the open part says nothing about content beyond its length (MAN-5);
- what is sealed under the record key outlives a purge, what is sealed under the content key dies
  with it (MAN-10, MAN-11); both are bound to their object and store (MAN-9);
- nothing is drawn here: nonces and keys are arguments.

The values inside the two sealed parts are in `bwcstore.objects._parts`.
"""

import base64
import binascii
from collections.abc import Mapping
from functools import cached_property
from typing import Final, Self

import attrs

from bwcstore import _encoding
from bwcstore._encoding import Json
from bwcstore._merkle import HASH_LENGTH_BYTES, root
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, InvalidInputError
from bwcstore.objects._parts import ContentPart, RecordPart
from bwcstore.objects._seal import HEADER_LENGTH_BYTES, check_header
from bwcstore.objects._sealed_part import (
    FORMAT,
    NONCE_LENGTH_BYTES,
    PART_SIZE_MAX,
    TAG_LENGTH_BYTES,
    PartBinding,
    SealedPart,
)
from bwcstore.objects._segment import Shape, check_chunk_bytes

_FIELDS: Final = frozenset(
    {
        "chunk_bytes",
        "ciphertext_root",
        "content",
        "format",
        "header",
        "keys",
        "kind",
        "object",
        "record",
        "segments",
        "store",
    }
)
_WHAT: Final = "manifest"


@attrs.frozen(kw_only=True)
class SegmentFacts:
    """What the open part says of one segment.

    Attributes:
        leaves: the leaf hashes of its chunks in order, 32 bytes each.
        length_bytes: its stored length.
    """

    leaves: bytes = attrs.field(repr=False)
    length_bytes: int

    @property
    def chunk_count(self) -> int:
        """How many chunks it has."""
        return len(self.leaves) // HASH_LENGTH_BYTES


def content_key_id(object_id: ObjectId) -> str:
    """The vault's name for the key that opens the object's bytes (spec: MAN-6)."""
    return f"content/{object_id}"


def record_key_id(object_id: ObjectId) -> str:
    """The vault's name for the key that opens what is recorded of the object (spec: MAN-6)."""
    return f"record/{object_id}"


@attrs.frozen(kw_only=True)
class Manifest:
    """The open part of an object's manifest, with its two sealed parts still sealed.

    Attributes:
        store_id: the store that wrote it.
        object_id: the object it describes.
        chunk_bytes: the length of a full sealed chunk.
        header: the object's 74-byte FLOE header.
        segments: one item per segment, in order.
        record: sealed under the record key; survives a purge.
        content: sealed under the content key; dies with it.
    """

    store_id: StoreId
    object_id: ObjectId
    chunk_bytes: int = attrs.field()
    header: bytes = attrs.field()
    segments: tuple[SegmentFacts, ...] = attrs.field()
    record: SealedPart
    content: SealedPart

    @header.validator
    def _check_header(self, _: object, value: bytes) -> None:
        check_header(value, chunk_bytes=check_chunk_bytes(self.chunk_bytes))

    @segments.validator
    def _check_segments(self, _: object, value: tuple[SegmentFacts, ...]) -> None:
        self._shape_of(value)

    def _shape_of(self, segments: tuple[SegmentFacts, ...]) -> Shape:
        return Shape.of_segments(
            self.chunk_bytes, [(facts.chunk_count, facts.length_bytes) for facts in segments]
        )

    @cached_property
    def shape(self) -> Shape:
        """How the object is cut, and its plaintext length."""
        return self._shape_of(self.segments)

    @cached_property
    def ciphertext_root(self) -> Digest:
        """The RFC 6962 root over the leaf hashes of all chunks (spec: MAN-7)."""
        return Digest(root(leaf for facts in self.segments for leaf in split_leaves(facts.leaves)))

    @cached_property
    def _bytes(self) -> bytes:
        return _encoding.encode(
            {
                "chunk_bytes": self.chunk_bytes,
                "ciphertext_root": str(self.ciphertext_root),
                "content": _encode_part(self.content),
                "format": FORMAT,
                "header": self.header.hex(),
                "keys": _key_ids(self.object_id),
                "kind": _WHAT,
                "object": str(self.object_id),
                "record": _encode_part(self.record),
                "segments": [
                    {
                        "chunks": facts.chunk_count,
                        "leaves": base64.b64encode(facts.leaves).decode("ascii"),
                        "length_bytes": facts.length_bytes,
                    }
                    for facts in self.segments
                ],
                "store": str(self.store_id),
            }
        )

    def encode(self) -> bytes:
        """The manifest's only bytes (spec: MAN-1)."""
        return self._bytes

    @cached_property
    def digest(self) -> Digest:
        """SHA-256 of the manifest's bytes: the last part of its name (spec: MAN-2)."""
        return _encoding.sha256(self._bytes)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a manifest's open part; strict (spec: MAN-1 to MAN-8).

        Args:
            raw: the stored bytes, all of them.

        Raises:
            FormatError: not the canonical encoding of a manifest of format 1.0; the kind tells
                why.
            IntegrityError: the leaf hashes do not have the root that it states
                (`CIPHERTEXT_ROOT`).
        """
        value = _encoding.decode(raw, what=_WHAT)
        if value.get("kind") != _WHAT:
            raise _invalid("kind is not `manifest`")
        if value.get("format") != FORMAT:
            raise FormatError(
                ErrorKind.FORMAT_UNKNOWN, f"manifest: format is not {FORMAT}, the only one known"
            )
        _check_fields(value, _FIELDS, _WHAT)
        try:
            store_id = StoreId.parse(_text(value, "store"))
            object_id = ObjectId.parse(_text(value, "object"))
            stated = Digest.parse(_text(value, "ciphertext_root"))
        except InvalidInputError as exc:
            raise _invalid(exc.message) from exc
        if value["keys"] != _key_ids(object_id):
            raise _invalid("the key ids are not those of the object")
        manifest = cls(
            store_id=store_id,
            object_id=object_id,
            chunk_bytes=_integer(value, "chunk_bytes"),
            header=_hex(value, "header", HEADER_LENGTH_BYTES),
            segments=_decode_segments(value["segments"]),
            record=_decode_part(value, "record"),
            content=_decode_part(value, "content"),
        )
        if manifest.ciphertext_root != stated:
            raise IntegrityError(
                ErrorKind.CIPHERTEXT_ROOT,
                f"manifest of object {object_id}: states root {stated}, its leaf hashes have "
                f"{manifest.ciphertext_root}",
            )
        return manifest


def _key_ids(object_id: ObjectId) -> dict[str, Json]:
    return {"content": content_key_id(object_id), "record": record_key_id(object_id)}


def split_leaves(leaves: bytes) -> list[bytes]:
    """Cut joined leaf hashes into hashes of 32 bytes."""
    step = HASH_LENGTH_BYTES
    return [leaves[start : start + step] for start in range(0, len(leaves), step)]


def _encode_part(part: SealedPart) -> dict[str, Json]:
    return {
        "nonce": part.nonce.hex(),
        "sealed": base64.b64encode(part.sealed).decode("ascii"),
    }


def _decode_segments(items: Json) -> tuple[SegmentFacts, ...]:
    if type(items) is not list:
        raise _invalid("segments is not a list")
    found: list[SegmentFacts] = []
    for number, item in enumerate(items):
        where = f"segment {number}"
        if type(item) is not dict:
            raise _invalid(f"{where} is not an object")
        _check_fields(item, {"chunks", "leaves", "length_bytes"}, where)
        leaves = _base64(item, "leaves", where)
        chunks = _integer(item, "chunks")
        if len(leaves) != chunks * HASH_LENGTH_BYTES:
            raise _invalid(f"{where}: {len(leaves)} bytes of leaf hashes for {chunks} chunks")
        found.append(SegmentFacts(leaves=leaves, length_bytes=_integer(item, "length_bytes")))
    return tuple(found)


def _decode_part(value: Mapping[str, Json], name: str) -> SealedPart:
    item = value[name]
    if type(item) is not dict:
        raise _invalid(f"{name} is not an object")
    _check_fields(item, {"nonce", "sealed"}, name)
    sealed = _base64(item, "sealed", name)
    if not TAG_LENGTH_BYTES <= len(sealed) <= PART_SIZE_MAX:
        raise _invalid(f"{name}: {len(sealed)} sealed bytes, expected 16 to {PART_SIZE_MAX}")
    return SealedPart(nonce=_hex(item, "nonce", NONCE_LENGTH_BYTES), sealed=sealed)


def _invalid(message: str) -> FormatError:
    return FormatError(ErrorKind.MANIFEST_INVALID, f"manifest: {message}")


def _check_fields(value: Mapping[str, Json], known: frozenset[str] | set[str], what: str) -> None:
    if missing := known - value.keys():
        raise FormatError(ErrorKind.FIELD_MISSING, f"{what}: no field {min(missing)}")
    if unknown := value.keys() - known:
        raise FormatError(ErrorKind.FIELD_UNKNOWN, f"{what}: unknown field {min(unknown):.80}")


def _text(value: Mapping[str, Json], name: str) -> str:
    text = value[name]
    if type(text) is not str:
        raise _invalid(f"{name} is not a text")
    return text


def _integer(value: Mapping[str, Json], name: str) -> int:
    number = value[name]
    if type(number) is not int or number < 0:
        raise _invalid(f"{name} is not a count")
    return number


def _hex(value: Mapping[str, Json], name: str, length_bytes: int) -> bytes:
    text = _text(value, name)
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != length_bytes or raw.hex() != text:
        raise _invalid(f"{name} is not {length_bytes} bytes in lower-case hex")
    return raw


def _base64(value: Mapping[str, Json], name: str, where: str) -> bytes:
    text = _text(value, name)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _invalid(f"{where}: {name} is not base64") from exc
    # Padding bits and stray padding decode too: only the one text form is let through.
    if base64.b64encode(raw).decode("ascii") != text:
        raise _invalid(f"{where}: {name} is not canonical base64")
    return raw


def seal_record(
    part: RecordPart, *, key: bytes, nonce: bytes, store_id: StoreId, object_id: ObjectId
) -> SealedPart:
    """Seal the record part under the object's 32-byte record key (spec: MAN-9, MAN-10).

    Raises:
        InvalidInputError: the part has no canonical encoding, or is longer than 1 MiB.
    """
    binding = PartBinding(name="record", store_id=store_id, object_id=object_id)
    return binding.seal(part.encode(), key=key, nonce=nonce)


def seal_content(
    part: ContentPart, *, key: bytes, nonce: bytes, store_id: StoreId, object_id: ObjectId
) -> SealedPart:
    """Seal the content part under the object's 32-byte content key (spec: MAN-9, MAN-11).

    Raises:
        InvalidInputError: the part has no canonical encoding, or is longer than 1 MiB.
    """
    binding = PartBinding(name="content", store_id=store_id, object_id=object_id)
    return binding.seal(part.encode(), key=key, nonce=nonce)


def open_record(manifest: Manifest, *, key: bytes) -> RecordPart:
    """Open and read the record part under the object's 32-byte record key (MAN-9, MAN-10).

    Raises:
        FormatError: what is inside is not a record part.
        IntegrityError: the tag does not verify (`MANIFEST_INVALID`), or the recorded length is
            not the length of the chunks (`PLAINTEXT_LENGTH`).
    """
    binding = PartBinding(name="record", store_id=manifest.store_id, object_id=manifest.object_id)
    part = RecordPart.decode(binding.open(manifest.record, key=key))
    if part.length_bytes != manifest.shape.length_bytes:
        raise IntegrityError(
            ErrorKind.PLAINTEXT_LENGTH,
            f"object {manifest.object_id}: recorded as {part.length_bytes} bytes, its chunks hold "
            f"{manifest.shape.length_bytes}",
        )
    return part


def open_content(manifest: Manifest, *, key: bytes) -> ContentPart:
    """Open and read the content part under the object's 32-byte content key (MAN-9, MAN-11).

    Raises:
        FormatError: what is inside is not a content part.
        IntegrityError: the tag does not verify (`MANIFEST_INVALID`).
    """
    binding = PartBinding(name="content", store_id=manifest.store_id, object_id=manifest.object_id)
    return ContentPart.decode(binding.open(manifest.content, key=key))
