"""Manifests and the shape of an object (the chapters on manifests and segments)."""

import dataclasses
import hashlib

from canonical import Json, RefusedError, decode, exact, is_hex, is_uuid, is_whole, unbase64
from merkle import root

FIELDS = {
    "chunk_bytes", "ciphertext_root", "content", "format", "header", "keys", "kind", "object",
    "record", "segments", "store",
}  # fmt: skip
OVERHEAD = 32
PART_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class Segment:
    """One segment as the manifest lists it."""

    leaves: list[bytes]
    length_bytes: int


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What the open part of a manifest says, and its sealed parts as they are."""

    store: str
    object: str
    chunk_bytes: int
    header: bytes
    root: str
    segments: list[Segment]
    parts: dict[str, tuple[bytes, bytes]]

    @property
    def chunks(self) -> int:
        """How many chunks the object has."""
        return sum(len(segment.leaves) for segment in self.segments)

    @property
    def plain_bytes(self) -> int:
        """The length of the plaintext."""
        return sum(segment.length_bytes for segment in self.segments) - OVERHEAD * self.chunks

    def sealed_bytes(self, segment: int, chunk: int) -> int:
        """The sealed length of a chunk of a segment, both counted from 0."""
        listed = self.segments[segment]
        return min(self.chunk_bytes, listed.length_bytes - chunk * self.chunk_bytes)


def read_manifest(raw: bytes, digest: str) -> Manifest:
    """Read a manifest that the ledger names by this digest."""
    if hashlib.sha256(raw).hexdigest() != digest:
        raise RefusedError("manifest-digest", "not the bytes that the entry names")
    value = decode(raw)
    if value.get("kind") != "manifest":
        raise RefusedError("manifest-invalid", "another kind of document")
    if value.get("format") != "1.0":
        raise RefusedError("format-unknown", "a format that is not known")
    exact(value, FIELDS)
    forms = {
        "chunk_bytes": is_whole(value["chunk_bytes"]),
        "ciphertext_root": is_hex(value["ciphertext_root"], 32),
        "header": is_hex(value["header"], 74),
        "object": is_uuid(value["object"]),
        "store": is_uuid(value["store"]),
        "segments": isinstance(value["segments"], list),
    }
    for name, right in forms.items():
        if not right:
            raise RefusedError("manifest-invalid", name)
    wanted = {part: f"{part}/{value['object']}" for part in ("content", "record")}
    if value["keys"] != wanted:
        raise RefusedError("manifest-invalid", "other keys than those of the object")
    manifest = Manifest(
        value["store"],
        value["object"],
        value["chunk_bytes"],
        bytes.fromhex(value["header"]),
        value["ciphertext_root"],
        [_segment(listed) for listed in value["segments"]],
        {part: _part(value[part]) for part in wanted},
    )
    _check_shape(manifest)
    return manifest


def _require_object(value: Json) -> None:
    """Refuse a value that is no object."""
    if not isinstance(value, dict):
        raise RefusedError("manifest-invalid", "not an object")


def _segment(listed: Json) -> Segment:
    """Read one row of the list of segments (MAN-8)."""
    _require_object(listed)
    exact(listed, {"chunks", "leaves", "length_bytes"})
    joined = unbase64(listed["leaves"])
    if joined is None or not is_whole(listed["chunks"]) or not is_whole(listed["length_bytes"]):
        raise RefusedError("manifest-invalid", "segments")
    if not joined or len(joined) != 32 * listed["chunks"]:
        raise RefusedError("manifest-invalid", "another number of leaf hashes than of chunks")
    leaves = [joined[at : at + 32] for at in range(0, len(joined), 32)]
    return Segment(leaves, listed["length_bytes"])


def _part(part: Json) -> tuple[bytes, bytes]:
    """Read the form of a sealed part (MAN-9, MAN-15): its nonce, and what is sealed."""
    _require_object(part)
    exact(part, {"nonce", "sealed"})
    sealed = unbase64(part["sealed"])
    if sealed is None or not is_hex(part["nonce"], 12):
        raise RefusedError("manifest-invalid", "a sealed part")
    if not 16 <= len(sealed) <= PART_BYTES:
        raise RefusedError("manifest-invalid", "the length of a sealed part")
    return bytes.fromhex(part["nonce"]), sealed


def _check_shape(manifest: Manifest) -> None:
    """Refuse a shape that no plaintext has (SEG-1, SEG-8, SEG-10 to SEG-14, MAN-7)."""
    length, segments = manifest.chunk_bytes, manifest.segments
    if not 65_536 <= length <= 8_388_608 or length & (length - 1):
        raise RefusedError("chunk-shape", "a chunk length that no object has")
    if manifest.header[:10] != b"\0\0" + length.to_bytes(4, "big") + (32).to_bytes(4, "big"):
        raise RefusedError("header-invalid", "the header does not begin as its parameters")
    counts = [len(segment.leaves) for segment in segments]
    full = counts[0] if counts else 0
    if not 1 <= full <= 4096 or not 1 <= sum(counts) <= 2**20:
        raise RefusedError("chunk-shape", "no chunk, or too many")
    if any(count != full for count in counts[:-1]) or not 1 <= counts[-1] <= full:
        raise RefusedError("chunk-shape", "segments of different sizes")
    if any(listed.length_bytes != full * length for listed in segments[:-1]):
        raise RefusedError("chunk-shape", "a segment that is not full")
    last = segments[-1].length_bytes - (counts[-1] - 1) * length
    least = OVERHEAD if manifest.chunks == 1 else OVERHEAD + 1
    if not least <= last <= length:
        raise RefusedError("chunk-shape", "a last chunk of a length that it cannot have")
    leaves = [leaf for segment in segments for leaf in segment.leaves]
    if root(leaves).hex() != manifest.root:
        raise RefusedError("ciphertext-root", "not the root of the leaf hashes")
