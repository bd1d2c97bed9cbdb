"""Ceilings, measured in the same run as what they limit, from the same primitives on the same disk.

Each function returns seconds. A benchmark divides a ceiling by its own time and prints both: the
machine, and what else it is doing, cancel out.
"""

import hashlib
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SMALL_BYTES: Final = 4 * 1024 * 1024
LARGE_BYTES: Final = 2 * 1024 * 1024 * 1024
STEP_BYTES: Final = 8 * 1024 * 1024
CHUNK_BYTES: Final = 1024 * 1024
_SAMPLE_BYTES: Final = 512 * 1024 * 1024


def bench_bytes(benchmark: Any) -> int:
    """How much data to work on: `BWCSTORE_BENCH_BYTES`, 2 GiB, or 4 MiB when nothing is timed.

    Args:
        benchmark: the fixture of pytest-benchmark, or the configuration of pytest.
    """
    disabled = getattr(benchmark, "disabled", None)
    if disabled if disabled is not None else benchmark.getoption("benchmark_disable"):
        return SMALL_BYTES
    return int(os.environ.get("BWCSTORE_BENCH_BYTES", str(LARGE_BYTES)))


def bench_directory(fallback: Path) -> Iterator[Path]:
    """A fresh directory under `BWCSTORE_BENCH_DIR`, or `fallback`; removed at the end."""
    chosen = os.environ.get("BWCSTORE_BENCH_DIR")
    directory = Path(tempfile.mkdtemp(dir=chosen or fallback))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def make_source(path: Path, length_bytes: int) -> Path:
    """A file that does not compress, in the page cache."""
    with path.open("wb") as file:
        while (left := length_bytes - file.tell()) > 0:
            file.write(os.urandom(min(STEP_BYTES, left)))
        # Otherwise writing the source back would compete with what is measured.
        file.flush()
        os.fsync(file.fileno())
    return path


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _scaled(length_bytes: int, work: Callable[[int], object], step_bytes: int) -> float:
    """Seconds for `length_bytes`, measured on a sample that is large enough to be steady."""
    count = max(1, min(length_bytes, _SAMPLE_BYTES) // step_bytes)
    best = min(seconds(lambda: [work(number) for number in range(count)]) for _ in range(2))
    return best * length_bytes / (count * step_bytes)


def sha256_seconds(length_bytes: int) -> float:
    """One serial SHA-256 pass, on one core, over memory that is in the cache."""
    data, digest = memoryview(bytearray(STEP_BYTES)), hashlib.sha256()
    return _scaled(length_bytes, lambda _: digest.update(data), STEP_BYTES)


def seal_seconds(length_bytes: int) -> float:
    """AES-256-GCM encryption in chunks of 1 MiB into a buffer that is used again, on one core."""
    aead = AESGCM(bytes(32))
    plain = memoryview(bytearray(CHUNK_BYTES - 32))
    sealed = memoryview(bytearray(CHUNK_BYTES - 16))
    work = lambda _: aead.encrypt_into(bytes(12), plain, b"", sealed)  # noqa: E731
    return _scaled(length_bytes, work, CHUNK_BYTES)


def open_seconds(length_bytes: int) -> float:
    """AES-256-GCM decryption in chunks of 1 MiB into a buffer that is used again, on one core."""
    aead = AESGCM(bytes(32))
    plain = memoryview(bytearray(CHUNK_BYTES - 32))
    sealed = memoryview(bytearray(aead.encrypt(bytes(12), plain, b"")))
    work = lambda _: aead.decrypt_into(bytes(12), sealed, b"", plain)  # noqa: E731
    return _scaled(length_bytes, work, CHUNK_BYTES)


def read_seconds(paths: list[Path], step_bytes: int = CHUNK_BYTES) -> float:
    """Reading the files one after the other in steps into page-aligned memory."""
    room = mmap.mmap(-1, step_bytes)

    def work() -> None:
        for path in paths:
            with path.open("rb", buffering=0) as file:
                while file.readinto(room):
                    pass

    return seconds(work)


def copy_and_hash_seconds(source: Path, directory: Path) -> float:
    """`cp` and `sha256sum`, one after the other: what is done without this library."""
    target = directory / "copied"
    both = seconds(
        lambda: (
            subprocess.run(["cp", source, target], check=True),
            subprocess.run(["sha256sum", target], check=True, stdout=subprocess.DEVNULL),
        )
    )
    target.unlink()
    return both


def crypto_seconds(length_bytes: int, cores: int) -> float:
    """The least time for an ingest of one source, if nothing else cost anything.

    Either the serial SHA-256 of the plaintext, or two SHA-256 and one AES-GCM spread over all
    cores, whichever takes longer.
    """
    digest = sha256_seconds(length_bytes)
    return max(digest, (2 * digest + seal_seconds(length_bytes)) / cores)


def peak_rise_bytes(program: str, *arguments: str) -> int:
    """How far the peak of resident memory rises while a program's `work()` runs, in a process
    of its own.

    Args:
        program: Python source that defines `prepare(arguments)` and `work()`.
        arguments: handed to `prepare`.
    """
    script = program + (
        "\nimport re, sys\n"
        "prepare(sys.argv[1:])\n"
        # `ru_maxrss` would start at the peak of the process that started this one.
        "status = lambda: open('/proc/self/status').read()\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status())[1]) * 1024\n"
        "before = peak()\n"
        "work()\n"
        "print(peak() - before)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return int(found.stdout)


def mib_per_s(length_bytes: int, taken_seconds: float) -> float:
    """A rate for people."""
    return round(length_bytes / taken_seconds / 2**20, 1)
