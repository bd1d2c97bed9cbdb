"""What a broken ingest leaves behind so that the next run need not write its segments again.

Rules kept here (spec chapter `segment`, "Taking up a broken ingest"):

- the journal is told of a segment before that segment becomes visible (SEG-20): one that is told
  of and absent is sealed again, one that is visible and not told of cannot be;
- a segment is taken as it stands only if the source, read again, still hashes to what it hashed to
  at the segment's end (SEG-21);
- the journal holds no key and no content; it holds plaintext digests, so it belongs where keys are.

The journal saves sealing and writing, not reading: the source is read and hashed from its start.
"""

import base64
from typing import Final, Protocol, Self

import attrs

from bwcstore import _encoding
from bwcstore._encoding import Json
from bwcstore._merkle import HASH_LENGTH_BYTES
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.errors import ErrorKind, FormatError
from bwcstore.objects._seal import HEADER_LENGTH_BYTES, Place
from bwcstore.objects._segment import Geometry

_WHAT: Final = "ingest journal"


@attrs.frozen(kw_only=True)
class SegmentDone:
    """One segment that was sealed.

    Attributes:
        number: its number in the object, from 0.
        through_bytes: where its plaintext ends in the object.
        running_sha256: SHA-256 of the object's plaintext from 0 to there.
        length_bytes: its stored length.
        leaves: the leaf hashes of its chunks in order, 32 bytes each.
        place: `FINAL` if its last chunk is the object's last.
    """

    number: int
    through_bytes: int
    running_sha256: Digest
    length_bytes: int
    leaves: bytes = attrs.field(repr=False)
    place: Place


@attrs.frozen(kw_only=True)
class JournalState:
    """An ingest under way.

    Attributes:
        store_id: the store it goes into.
        object_id: the object it will be.
        header: the 74-byte header that its chunks are sealed under.
        geometry: how it is cut.
        segments: what was sealed, in ascending order of numbers.
    """

    store_id: StoreId
    object_id: ObjectId
    header: bytes
    geometry: Geometry
    segments: tuple[SegmentDone, ...] = ()

    def with_segment(self, done: SegmentDone) -> Self:
        """The state after `done`, which takes the place of an earlier one of its number."""
        others = [segment for segment in self.segments if segment.number != done.number]
        ordered = sorted([*others, done], key=lambda segment: segment.number)
        return attrs.evolve(self, segments=tuple(ordered))

    def encode(self) -> bytes:
        """The state's canonical bytes."""
        return _encoding.encode(
            {
                "chunk_bytes": self.geometry.chunk_bytes,
                "header": self.header.hex(),
                "object": str(self.object_id),
                "segment_chunks": self.geometry.segment_chunks,
                "segments": [_encode_segment(segment) for segment in self.segments],
                "store": str(self.store_id),
            }
        )

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a state from its canonical bytes.

        Raises:
            FormatError: `raw` is not the canonical encoding of a state.
        """
        value = _encoding.decode(raw, what=_WHAT)
        items = value.get("segments")
        try:
            state = cls(
                store_id=StoreId.parse(_text(value, "store")),
                object_id=ObjectId.parse(_text(value, "object")),
                header=bytes.fromhex(_text(value, "header")),
                geometry=Geometry(
                    chunk_bytes=_count(value, "chunk_bytes"),
                    segment_chunks=_count(value, "segment_chunks"),
                ),
                segments=tuple(map(_decode_segment, items if type(items) is list else [None])),
            )
        except ValueError as exc:  # Also every InvalidInputError of a value.
            raise _invalid() from exc
        # Whatever a field failed to keep shows here, so that nothing above needs a second check.
        if len(state.header) != HEADER_LENGTH_BYTES or state.encode() != raw:
            raise _invalid()
        return state


class Journal(Protocol):
    """Where one object's journal is kept: durably, and apart from the evidence."""

    def load(self) -> JournalState | None:
        """What an earlier run left, or None if there was none."""

    def begin(self, state: JournalState) -> None:
        """Keep a fresh state. Must be durable on return."""

    def segment_done(self, done: SegmentDone) -> None:
        """Keep one more segment. Must be durable on return."""


def _encode_segment(segment: SegmentDone) -> dict[str, Json]:
    return {
        "final": segment.place is Place.FINAL,
        "leaves": base64.b64encode(segment.leaves).decode("ascii"),
        "length_bytes": segment.length_bytes,
        "number": segment.number,
        "running_sha256": str(segment.running_sha256),
        "through_bytes": segment.through_bytes,
    }


def _decode_segment(item: Json) -> SegmentDone:
    if type(item) is not dict:
        raise _invalid()
    leaves = base64.b64decode(_text(item, "leaves"), validate=True)
    if not leaves or len(leaves) % HASH_LENGTH_BYTES:
        raise _invalid()
    return SegmentDone(
        number=_count(item, "number"),
        through_bytes=_count(item, "through_bytes"),
        running_sha256=Digest.parse(_text(item, "running_sha256")),
        length_bytes=_count(item, "length_bytes"),
        leaves=leaves,
        place=Place.FINAL if item.get("final") is True else Place.INNER,
    )


def _text(value: dict[str, Json], name: str) -> str:
    found = value.get(name)
    if type(found) is not str:
        raise _invalid()
    return found


def _count(value: dict[str, Json], name: str) -> int:
    found = value.get(name)
    if type(found) is not int or found < 0:
        raise _invalid()
    return found


def _invalid() -> FormatError:
    return FormatError(ErrorKind.FIELD_INVALID, f"{_WHAT}: a field is missing or not valid")
