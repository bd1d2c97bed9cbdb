"""Reading: how close verified reads come to reading and decrypting alone.

The ceilings are measured in the same run on the same segments: reading them as the reader does,
and AES-GCM on one core.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from benchmarks import limits
from benchmarks.test_ingest import KEYS, describe, object_writer
from bwcstore import _layout
from bwcstore._ports import Workers
from bwcstore._system import system_environment
from bwcstore._values import ObjectId
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._reader import ObjectReader
from bwcstore.objects._segment import hash_chunks
from bwcstore.storage._local import LocalBackend

OBJECT = ObjectId.parse("0190163d-8694-7000-8000-0000000000ab")
RANDOM_READS = 500
MIB = 1024 * 1024


@attrs.frozen(kw_only=True)
class Stored:
    """An object to read, its segments in the page cache."""

    backend: LocalBackend
    manifest: Manifest
    paths: list[Path]
    workers: Workers

    @property
    def length_bytes(self) -> int:
        """The length of the plaintext."""
        return self.manifest.shape.length_bytes

    def reader(self) -> ObjectReader:
        """A fresh reader."""
        return ObjectReader(
            self.manifest,
            backend=self.backend,
            content_key=KEYS.content,
            workers=self.workers,
        )


@pytest.fixture(name="stored", scope="module")
def _stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stored]:
    for directory in limits.bench_directory(tmp_path_factory.mktemp("read")):
        source = limits.make_source(directory / "source", limits.bench_bytes(request.config))
        backend = LocalBackend.create_root(directory / "store")
        with source.open("rb", buffering=0) as file:
            written = object_writer(backend).write(
                file, object_id=OBJECT, keys=KEYS, describe=describe
            )
        source.unlink()
        paths = [
            directory / "store" / _layout.segment(OBJECT, number)
            for number in range(written.manifest.shape.segment_count)
        ]
        limits.read_seconds(paths)
        workers = system_environment().workers
        yield Stored(backend=backend, manifest=written.manifest, paths=paths, workers=workers)


def _report(benchmark: Any, what: str, length_bytes: int, ceiling: float) -> None:
    if not benchmark.enabled:
        return
    ours = benchmark.stats.stats.min
    facts = {
        "mib_per_s": limits.mib_per_s(length_bytes, ours),
        "ceiling_mib_per_s": limits.mib_per_s(length_bytes, ceiling),
        "ratio": round(ceiling / ours, 3),
    }
    benchmark.extra_info.update(facts)
    print(f"\n{what}: {facts}")


@pytest.mark.parametrize("step_bytes", [64 * 1024, MIB, 8 * MIB])
def test_sequential(benchmark: Any, stored: Stored, step_bytes: int) -> None:
    """The whole recording from start to end, into memory that is used again."""
    room = memoryview(bytearray(step_bytes))

    def work() -> int:
        with stored.reader() as reader:
            while reader.readinto(room):
                pass
            return reader.bytes_released

    released = benchmark.pedantic(work, rounds=5 if benchmark.enabled else 1)
    if benchmark.enabled:
        length = stored.length_bytes
        ceiling = limits.read_seconds(stored.paths) + limits.open_seconds(length)
        _report(benchmark, f"sequential reads of {step_bytes // 1024} KiB", length, ceiling)

    assert stored.length_bytes == released


def test_random(benchmark: Any, stored: Stored) -> None:
    """1 MiB from anywhere. The ceiling reads and decrypts the two chunks that each touches."""
    choice = random.Random(1)
    count = RANDOM_READS if benchmark.enabled else 5
    offsets = [choice.randrange(stored.length_bytes - MIB) for _ in range(count)]
    room = memoryview(bytearray(MIB))

    def work() -> int:
        with stored.reader() as reader:
            for offset in offsets:
                reader.seek(offset)
                reader.readinto(room)
            return reader.bytes_released

    released = benchmark.pedantic(work, rounds=5 if benchmark.enabled else 1)
    if benchmark.enabled:
        whole = limits.read_seconds(stored.paths) + limits.open_seconds(stored.length_bytes)
        ceiling = whole / stored.manifest.shape.chunk_count * 2 * count
        _report(benchmark, "random reads of 1 MiB", count * MIB, ceiling)

    assert count * MIB == released


def test_verify_without_keys(benchmark: Any, stored: Stored) -> None:
    """Hashing every stored chunk against the manifest, on one core."""
    chunk_bytes = stored.manifest.chunk_bytes
    room = memoryview(bytearray(limits.STEP_BYTES))

    def work() -> bytes:
        found = b""
        for number in range(stored.manifest.shape.segment_count):
            source = stored.backend.open(_layout.segment(OBJECT, number))
            for offset in range(0, source.length_bytes, room.nbytes):
                count = source.read_into(offset, room)
                found += hash_chunks(room[:count], chunk_bytes=chunk_bytes)
            source.close()
        return found

    leaves = benchmark.pedantic(work, rounds=3 if benchmark.enabled else 1)
    if benchmark.enabled:
        length = stored.manifest.shape.stored_bytes
        ceiling = limits.read_seconds(stored.paths) + limits.sha256_seconds(length)
        _report(benchmark, "verifying segments without keys", length, ceiling)

    assert b"".join(facts.leaves for facts in stored.manifest.segments) == leaves
