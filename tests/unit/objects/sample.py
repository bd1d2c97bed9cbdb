"""Objects for tests: fixed ids and keys, data without repetition, and the way there and back."""

import hashlib
import io

from bwcstore._ports import Backend, Environment
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._parts import ContentPart, FileName, RecordPart
from bwcstore.objects._reader import ObjectReader, fetch_manifest
from bwcstore.objects._seal import CHUNK_OVERHEAD_BYTES
from bwcstore.objects._segment import Geometry
from bwcstore.objects._writer import ObjectKeys, ObjectWriter, Written
from bwcstore.testing._world import World

STORE = StoreId.parse("5b1c2f0e-6f0a-4a44-9c55-0d7d5a3c9e01")
OBJECT = ObjectId.parse("019b3f6e-0a00-7c3d-8e21-4f5a6b7c8d90")
KEYS = ObjectKeys(content=bytes(range(32)), record=bytes(range(32, 64)))
SMALL = Geometry(chunk_bytes=64 * 1024, segment_chunks=2)
PAYLOAD = SMALL.payload_bytes
OVERHEAD = CHUNK_OVERHEAD_BYTES


def data(length_bytes: int, seed: int = 0) -> bytes:
    """Bytes without repetition, so that nothing misplaced goes unnoticed."""
    return hashlib.shake_256(b"sample" + seed.to_bytes(4, "big")).digest(length_bytes)


def describe(digest: Digest, length_bytes: int) -> tuple[RecordPart, ContentPart]:
    """The least that the sealed parts can say."""
    record = RecordPart(length_bytes=length_bytes, plaintext_sha256=digest, case="26-1042")
    return record, ContentPart(file=FileName.of(b"axon_0001.mp4"))


def writer(backend: Backend, environment: Environment, geometry: Geometry = SMALL) -> ObjectWriter:
    """A writer for the sample store."""
    return ObjectWriter(backend=backend, environment=environment, store_id=STORE, geometry=geometry)


def write(world: World, plaintext: bytes, geometry: Geometry = SMALL) -> Written:
    """Store `plaintext` as the sample object."""
    return writer(world.backend, world.environment, geometry).write(
        io.BytesIO(plaintext), object_id=OBJECT, keys=KEYS, describe=describe
    )


def reader(world: World, manifest: Manifest, key: bytes = KEYS.content) -> ObjectReader:
    """A reader of the sample object."""
    return ObjectReader(manifest, backend=world.backend, content_key=key, workers=world.workers)


def fetch(world: World, written: Written) -> Manifest:
    """The stored manifest."""
    return fetch_manifest(
        world.backend, store_id=STORE, object_id=OBJECT, digest=written.manifest.digest
    )


class Dribble(io.RawIOBase):
    """A source that gives a few bytes at a time, and may fail at an offset."""

    def __init__(self, content: bytes, *, step: int = 4099, fail_at: int | None = None) -> None:
        self._inner = io.BytesIO(content)
        self._step = step
        self._fail_at = fail_at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # test data
        """At most `step` bytes."""
        if self._fail_at is not None and self._inner.tell() >= self._fail_at:
            raise OSError(5, "Input/output error")
        return self._inner.readinto(buffer[: self._step])
