"""Ingest: how close one recording, and many, come to what hashing and sealing alone cost.

The ceiling is measured in the same run: the slower of one serial SHA-256 over the plaintext, and
two SHA-256 and one AES-GCM over all cores.
"""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest

from benchmarks import limits
from bwcstore._system import SerialWorkers, system_environment
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.objects._parts import ContentPart, RecordPart
from bwcstore.objects._writer import ObjectKeys, ObjectWriter
from bwcstore.storage._local import LocalBackend

STORE = StoreId.parse("0190163d-8694-7000-8000-0000000000aa")
KEYS = ObjectKeys(content=bytes(32), record=bytes(32))
CORES = len(os.sched_getaffinity(0))
FILES = 64
NUMBERS = itertools.count()
MEMORY = """
import sys
from pathlib import Path
from benchmarks import test_ingest as ingest
def prepare(arguments):
    global source, backend
    source, backend = Path(arguments[0]), ingest.LocalBackend.create_root(Path(arguments[1]))
    ingest.ingest(ingest.object_writer(backend), Path(__import__("os").devnull))
def work():
    ingest.ingest(ingest.object_writer(backend), source)
"""


def describe(digest: Digest, length_bytes: int) -> tuple[RecordPart, ContentPart]:
    """The least that can be said."""
    return RecordPart(length_bytes=length_bytes, plaintext_sha256=digest), ContentPart()


def object_writer(backend: LocalBackend) -> ObjectWriter:
    """A writer with real time, entropy and threads."""
    return ObjectWriter(backend=backend, environment=system_environment(), store_id=STORE)


def ingest(writer: ObjectWriter, path: Path) -> None:
    """Store one file as a fresh object."""
    object_id = ObjectId.parse(f"0190163d-8694-7000-8000-{next(NUMBERS):012d}")
    with path.open("rb", buffering=0) as source:
        writer.write(source, object_id=object_id, keys=KEYS, describe=describe)


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Iterator[Path]:
    yield from limits.bench_directory(tmp_path)


def _report(benchmark: Any, what: str, length_bytes: int, ceiling: float) -> None:
    """Print ours, the ceiling and the ratio; keep them with the result."""
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


def _fresh(directory: Path) -> Callable[[], tuple[tuple[ObjectWriter], dict[str, object]]]:
    """Before each round: a store of its own, so that no round pays for the one before."""
    stores = itertools.count()

    def setup() -> tuple[tuple[ObjectWriter], dict[str, object]]:
        for old in directory.glob("store-*"):
            shutil.rmtree(old)
        backend = LocalBackend.create_root(directory / f"store-{next(stores)}")
        return (object_writer(backend),), {}

    return setup


def test_one_file(benchmark: Any, directory: Path) -> None:
    """One large recording; also `cp` and `sha256sum` of it, for comparison."""
    length = limits.bench_bytes(benchmark)
    source = limits.make_source(directory / "source", length)
    benchmark.pedantic(
        lambda writer: ingest(writer, source),
        setup=_fresh(directory),
        rounds=5 if benchmark.enabled else 1,
    )
    if benchmark.enabled:
        _report(benchmark, "ingest of one file", length, limits.crypto_seconds(length, CORES))
        plain = limits.mib_per_s(length, limits.copy_and_hash_seconds(source, directory))
        benchmark.extra_info["cp_and_sha256sum_mib_per_s"] = plain
        print(f"cp and sha256sum: {plain} MiB/s")


def test_many_files(benchmark: Any, directory: Path) -> None:
    """64 recordings of 64 MiB, two for each core at once, each in one thread, so that
    a core has work while storage writes.
    """
    length = limits.bench_bytes(benchmark) * (2 if benchmark.enabled else 1) // FILES
    sources = [
        limits.make_source(directory / f"source-{number}", length) for number in range(FILES)
    ]

    def work(writer: ObjectWriter) -> None:
        with ThreadPoolExecutor(2 * CORES) as pool:
            list(pool.map(lambda path: ingest(writer, path), sources))

    def setup() -> tuple[tuple[ObjectWriter], dict[str, object]]:
        (writer,), nothing = _fresh(directory)()
        environment = attrs.evolve(system_environment(), workers=SerialWorkers())
        own = ObjectWriter(backend=writer._backend, environment=environment, store_id=STORE)
        return (own,), nothing

    benchmark.pedantic(work, setup=setup, rounds=3 if benchmark.enabled else 1)
    if benchmark.enabled:
        total = length * FILES
        ceiling = (2 * limits.sha256_seconds(total) + limits.seal_seconds(total)) / CORES
        _report(benchmark, f"ingest of {FILES} files", total, ceiling)


def test_memory(benchmark: Any, directory: Path) -> None:
    """How far memory rises during the ingest of one large recording; the bound is 256 MiB."""
    length = limits.bench_bytes(benchmark)
    source = limits.make_source(directory / "source", length)
    rise = benchmark.pedantic(
        lambda: limits.peak_rise_bytes(MEMORY, str(source), str(directory / "store")), rounds=1
    )
    benchmark.extra_info["peak_rise_mib"] = rise // 2**20
    print(f"\npeak memory rise of an ingest: {rise / 2**20:.0f} MiB")

    assert rise < 256 * 2**20
