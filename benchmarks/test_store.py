"""The whole way: sessions, keys, ledger and receipts, as an application uses them."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks import limits
from bwcstore import Failed, Item, KeyFile, Store, SystemEntropy

FILES: Final = 64
CORES: Final = len(os.sched_getaffinity(0))
IMPORT_LIMIT_MS: Final = 150


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Where to work."""
    yield from limits.bench_directory(tmp_path)


class Stores:
    """One open store after the other, each in place of the one before."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()
        self._key = KeyFile.generate(directory / "store.key", SystemEntropy())
        self._store: Store | None = None

    def fresh(self) -> tuple[tuple[Store], dict[str, object]]:
        """A new store, as `benchmark.pedantic` takes arguments."""
        self.close()
        location = self._directory / f"store-{next(self._numbers)}"
        self._store = Store.create(location, key=self._key, actor="bench")
        return (self._store,), {}

    def close(self) -> None:
        """Close and remove the last one."""
        if self._store is not None:
            self._store.close()
            for left in self._directory.glob("store-*"):
                shutil.rmtree(left)
            self._store = None


def _report(benchmark: Any, what: str, length: int, ceiling_seconds: float) -> None:
    best = benchmark.stats.stats.min
    ours, limit = limits.mib_per_s(length, best), limits.mib_per_s(length, ceiling_seconds)
    ratio = round(ceiling_seconds / best, 2)
    benchmark.extra_info.update(mib_per_s=ours, limit_mib_per_s=limit, ratio=ratio)
    print(f"\n{what}: {ours} MiB/s, ceiling {limit} MiB/s, ratio {ratio}")


def test_session_one_file(benchmark: Any, directory: Path) -> None:
    """One large recording to its receipt; also `restic backup` of it, where that is installed."""
    length = limits.bench_bytes(benchmark)
    source = limits.make_source(directory / "source", length)
    stores = Stores(directory)

    def work(store: Store) -> bytes:
        with store.session(actor="bench", reason="measuring") as session:
            return session.ingest(source).receipt

    receipt = benchmark.pedantic(work, setup=stores.fresh, rounds=4 if benchmark.enabled else 1)
    stores.close()
    if benchmark.enabled:
        _report(benchmark, "session, one file", length, limits.crypto_seconds(length, CORES))
        if (taken := _restic_seconds(source, directory)) is not None:
            theirs = limits.mib_per_s(length, taken)
            times = round(taken / benchmark.stats.stats.min, 1)
            benchmark.extra_info.update(restic_mib_per_s=theirs, times_restic=times)
            print(f"restic backup: {theirs} MiB/s; {times} times as fast as that")

    assert receipt


def _restic_seconds(source: Path, directory: Path) -> float | None:
    """How long `restic backup` takes, without compression where it has any; None if absent."""
    restic = shutil.which("restic")
    if restic is None:
        return None
    repository = directory / "restic"
    call = [restic, "--repo", str(repository), "--no-cache", "--quiet"]
    environment = os.environ | {"RESTIC_PASSWORD": "measuring"}
    subprocess.run([*call, "init"], check=True, env=environment)
    taken = limits.seconds(
        lambda: subprocess.run([*call, "backup", str(source)], check=True, env=environment)
    )
    shutil.rmtree(repository)
    return taken


def test_session_many_files(benchmark: Any, directory: Path) -> None:
    """64 recordings of 64 MiB to their receipts."""
    length = limits.bench_bytes(benchmark) * (2 if benchmark.enabled else 1) // FILES
    sources = [limits.make_source(directory / f"source-{n}", length) for n in range(FILES)]
    stores = Stores(directory)

    def work(store: Store) -> int:
        with store.session(actor="bench", reason="measuring") as session:
            made = session.ingest_many(Item(source=source) for source in sources)
            return sum(not isinstance(result, Failed) for result in made)

    count = benchmark.pedantic(work, setup=stores.fresh, rounds=3 if benchmark.enabled else 1)
    stores.close()
    if benchmark.enabled:
        total = length * FILES
        ceiling = (2 * limits.sha256_seconds(total) + limits.seal_seconds(total)) / CORES
        _report(benchmark, f"session, {FILES} files", total, ceiling)

    assert count == FILES


def test_import(benchmark: Any) -> None:
    """`import bwcstore` in a fresh interpreter, less what the interpreter itself takes."""
    program = (
        "import time; begun = time.perf_counter(); import bwcstore; "
        "print(time.perf_counter() - begun)"
    )

    taken = []

    def work() -> None:
        done = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )
        taken.append(float(done.stdout))

    benchmark.pedantic(work, rounds=5 if benchmark.enabled else 1)
    best = round(min(taken) * 1000, 1)
    benchmark.extra_info.update(import_ms=best, limit_ms=IMPORT_LIMIT_MS)
    print(f"\nimport bwcstore: {best} ms, limit {IMPORT_LIMIT_MS} ms")

    assert best > 0
